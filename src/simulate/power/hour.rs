//! The scripted hour: what happens in a shop, act by act, with all that goes well and badly. What is
//! to be done next is read from the store, as the workers do it.

use super::cuts::{dice, index};
use super::service::Step;
use super::shop::shop;
use crate::catalog::input::{ValidInput, Value, Values};
use crate::catalog::model;
use crate::flow::{Shop, alarm, deliver, order, settle};
use crate::handlers;
use crate::ids::{InboxId, JobId, MessageId, OutboxId, PaymentId, UpdateId, UserId};
use crate::job::{Event, File, Late, State, Why};
use crate::message::{Act, Incoming, Lang, NotTaken, Sent, Urgency, What};
use crate::money::Kopecks;
use crate::payment::Way;
use crate::simulate::dice::Dice;
use crate::store::{Fault, InboxRow, OutboxRow, StopRow, StoppedBy, Tx, View};
use crate::telegram::decode::{Decoded, decode};
use crate::time::{At, Moment, Up};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// How long it is.
pub(super) const MINUTES: u64 = 60;
/// A minute's parts; each is one commit or two.
pub(super) const PARTS: [Part; 7] =
    [Part::Receive, Part::Handle, Part::Start, Part::Record, Part::Look, Part::Deliver, Part::Books];
/// How a customer of this hour begins an order.
const ORDER: &str = "Самовар";
const BOT: u64 = 4242;

/// What is done together.
#[derive(Clone, Copy, Debug)]
pub(super) enum Part {
    /// Updates come.
    Receive,
    /// They have their effect, orders among it.
    Handle,
    /// Queued jobs are sent.
    Start,
    /// The provider answers.
    Record,
    /// Running jobs are looked at, results copied, money moved.
    Look,
    /// Messages go out.
    Deliver,
    /// The operator and the sweep.
    Books,
}

/// The hour.
pub(super) struct Hour {
    shop: Arc<Shop>,
    dice: Dice,
    updates: u64,
    tasks: u64,
    payments: u64,
}

impl Hour {
    pub(super) fn new(seed: u64) -> Self {
        Self { shop: Arc::new(shop()), dice: dice(seed, 0), updates: 0, tasks: 0, payments: 0 }
    }

    /// The acts of one part of a minute; none when there is nothing to do.
    pub(super) fn steps(&mut self, part: Part, view: &View, now: Moment) -> Result<Vec<Step>, Fault> {
        match part {
            Part::Receive => Ok(self.receive()),
            Part::Handle => self.handle(view),
            Part::Start => self.start(view, now.up),
            Part::Record => self.record(view),
            Part::Look => self.look(view, now.up),
            Part::Deliver => self.deliver(view, now.up),
            Part::Books => Ok(self.books(now.at)),
        }
    }

    /// Whether acts go in two commits, and how many in the first.
    pub(super) fn split(&mut self, acts: usize) -> usize {
        if self.dice.roll(4) == 0 { index(&mut self.dice, acts) } else { 0 }
    }

    fn receive(&mut self) -> Vec<Step> {
        let many = 14 + self.dice.roll(12);
        (0..many).map(|_| self.update()).collect()
    }

    /// A new update; now and then one that came before, or one that nobody can read.
    fn update(&mut self) -> Step {
        let repeated = self.updates > 20 && self.dice.roll(15) == 0;
        self.updates += u64::from(!repeated);
        let number = if repeated { self.updates - self.dice.roll(20) } else { self.updates };
        let customer = 1_000 + self.dice.roll(20 + self.updates / 2);
        let text = match self.dice.roll(12) {
            0 => "/start",
            1 => "/balance",
            2 => "/history",
            3 => "/prices",
            4 => "/search",
            _ => ORDER,
        };
        let body = if self.dice.roll(40) == 0 {
            format!(r#"{{"update_id":{number},"message":{{"message_id":"none"}}}}"#)
        } else {
            let person =
                json!({"id": customer, "is_bot": false, "first_name": "Анна", "language_code": "ru"});
            let chat = json!({"id": customer, "type": "private", "first_name": "Анна"});
            json!({"update_id": number, "message": {
                "message_id": number, "date": 1_795_431_300, "from": person, "chat": chat, "text": text
            }})
            .to_string()
        };
        step("receive", move |tx| {
            tx.receive(BOT, UpdateId(number), Urgency::Usual, body.as_bytes()).map(drop)
        })
    }

    fn handle(&self, view: &View) -> Result<Vec<Step>, Fault> {
        let rows = view.inbox(Urgency::Usual, 256)?;
        rows.into_iter().map(|(id, row)| Ok(self.effect(id, row?))).collect()
    }

    fn effect(&self, id: InboxId, row: InboxRow) -> Step {
        let shop = self.shop.clone();
        match decode(&row.body) {
            Decoded::Useful(incoming) => step("handle", move |tx| {
                handlers::handle(&shop, tx, &incoming)?;
                if matches!(&incoming.what, What::Text(text) if text == ORDER) {
                    place(&shop, tx, &incoming)?;
                }
                tx.handled(id, &row)
            }),
            Decoded::Ignored { .. } => step("ignore", move |tx| tx.handled(id, &row)),
            Decoded::Undecodable { why, .. } => step("park", move |tx| {
                tx.park(id, &row, &why)?;
                alarm::raise(&shop, tx, alarm::Alarm::Parked, &why)
            }),
        }
    }

    fn start(&mut self, view: &View, now: Up) -> Result<Vec<Step>, Fault> {
        let mut steps = Vec::new();
        for id in view.due(now, 512)? {
            let Some(job) = view.job(id)? else { continue };
            if !matches!(job.row.state, State::Queued { .. }) {
                continue;
            }
            let (shop, user) = (self.shop.clone(), job.row.user);
            steps.push(match self.dice.roll(12) {
                0 => step("handle", move |tx| settle::cancel(&shop, tx, user, id).map(drop)),
                _ => self.event("start", id, Event::Start),
            });
        }
        Ok(steps)
    }

    fn record(&mut self, view: &View) -> Result<Vec<Step>, Fault> {
        let mut steps = Vec::new();
        for id in view.due(Up(i64::MAX), usize::MAX)? {
            let Some(State::Sending { attempt, .. }) = view.job(id)?.map(|job| job.row.state) else {
                continue;
            };
            let event = match self.dice.roll(16) {
                0 => Event::Refused { attempt, why: Why::Rejected { message: "not this one".to_owned() } },
                1 => Event::Busy { attempt, pause: Duration::from_secs(7) },
                2 => Event::InDoubt { attempt },
                3 => Event::NotSent { attempt },
                4 => Event::Hint { task: Some(self.task()) },
                5 => continue,
                _ => Event::Accepted { attempt, task: self.task() },
            };
            steps.push(self.event("record", id, event));
        }
        Ok(steps)
    }

    fn look(&mut self, view: &View, now: Up) -> Result<Vec<Step>, Fault> {
        let mut steps = Vec::new();
        for id in view.due(now, 512)? {
            let Some(job) = view.job(id)? else { continue };
            let roll = self.dice.roll(8);
            let event = match (&job.row.state, roll) {
                (State::Queued { .. }, _) => Event::Expire,
                (State::Sending { attempt, .. }, _) => Event::InDoubt { attempt: *attempt },
                (State::Waiting { .. }, 0) => Event::Running,
                (State::Waiting { .. }, 1) => Event::NoLook,
                (State::Waiting { .. }, 2) => Event::TaskFailed { message: "out of luck".to_owned() },
                (State::Waiting { .. }, _) => Event::Succeeded { urls: vec!["https://kie/1.png".to_owned()] },
                (State::Unknown { hint: Some(task), .. }, 0..=5) => Event::Bound { task: task.clone() },
                (State::Unknown { hint: Some(_), .. }, _) => Event::NotOurs,
                (State::Unknown { hint: None, .. }, 0) => Event::Hint { task: Some(self.task()) },
                (State::Unknown { hint: None, .. }, _) => Event::Expire,
                (State::Fetching { .. } | State::Failed { late: Late::Fetch { .. }, .. }, 0) => {
                    Event::NotFetched
                }
                (State::Fetching { .. } | State::Failed { late: Late::Fetch { .. }, .. }, _) => result(),
                (State::Failed { late: Late::Watch { task: Some(_), .. }, .. }, 0..=3) => {
                    Event::Succeeded { urls: vec!["https://kie/late.png".to_owned()] }
                }
                (State::Failed { late: Late::Watch { hint: Some(task), .. }, .. }, _) => {
                    Event::Bound { task: task.clone() }
                }
                (State::Failed { .. }, _) => Event::Expire,
                (State::Done { .. } | State::Late { .. }, _) => continue,
            };
            steps.push(self.event("settle", id, event));
        }
        Ok(steps)
    }

    fn deliver(&mut self, view: &View, now: Up) -> Result<Vec<Step>, Fault> {
        let mut steps = Vec::new();
        for priority in 0..=3 {
            for (id, row) in view.outbox(priority, None, 60)? {
                let row = row?;
                if row.not_before <= now {
                    steps.push(self.fate(priority, id, &row));
                }
            }
        }
        Ok(steps)
    }

    fn fate(&mut self, priority: u8, id: OutboxId, row: &OutboxRow) -> Step {
        let sent = match self.dice.roll(24) {
            0 => Sent::Refused(NotTaken::Blocked),
            1 => Sent::Refused(NotTaken::BadFile("too odd a shape".to_owned())),
            2 => Sent::Later { pause: Duration::from_secs(30) },
            3 => Sent::NotSent("no connection".to_owned()),
            4 => Sent::InDoubt("no answer".to_owned()),
            _ => {
                let files = if let Act::Media { files, .. } = &row.outgoing.act { files.len() } else { 0 };
                let file_ids = (0..files).map(|number| format!("file-{id}-{number}")).collect();
                let message = i32::try_from(id.0).expect("not that many messages in an hour");
                Sent::Delivered { message: Some(MessageId(message)), file_ids }
            }
        };
        let shop = self.shop.clone();
        step("delivered", move |tx| deliver::note(&shop, tx, priority, id, &sent).map(drop))
    }

    fn books(&mut self, now: At) -> Vec<Step> {
        let mut steps = vec![step("uptime", |tx| tx.put_note("uptime", &tx.now().up))];
        let customer = 1_000 + i64::try_from(self.dice.roll(60)).expect("small");
        let amount = Kopecks::new(i64::try_from(self.dice.roll(20_000)).expect("small") - 2_000);
        steps.push(match self.dice.roll(8) {
            0 | 1 => step("adjust", move |tx| {
                let action = tx.new_action()?;
                tx.adjust(action, "cli", UserId(customer), amount, "by hand").map(drop)
            }),
            2..=4 => {
                self.payments += 1;
                payment(self.payments)
            }
            5 => payment(self.payments),
            6 => {
                let payment = PaymentId(1 + self.dice.roll(self.payments.max(1)));
                step("charge-back", move |tx| tx.charge_back(payment).map(drop))
            }
            _ => step("forget", move |tx| tx.forget_seen(At(now.0 - 20 * 60_000), 1_000).map(drop)),
        });
        if self.dice.roll(10) == 0 {
            let stop = StopRow { at: now, why: "a break".to_owned(), until: None, by: StoppedBy::Operator };
            steps.push(step("stop", move |tx| tx.put_stop("all", &stop)));
        } else {
            steps.push(step("lift", |tx| tx.lift_stop("all")));
        }
        steps
    }

    fn event(&self, name: &'static str, id: JobId, event: Event) -> Step {
        let shop = self.shop.clone();
        step(name, move |tx| settle::step(&shop, tx, id, event.clone()).map(drop))
    }

    fn task(&mut self) -> String {
        self.tasks += 1;
        format!("task-{:032x}", self.tasks)
    }
}

fn step(name: &'static str, act: impl Fn(&mut Tx<'_>) -> Result<(), Fault> + Send + 'static) -> Step {
    Step { name, act: Box::new(act) }
}

/// Payment `number` always says the same: a repeat of it is none.
fn payment(number: u64) -> Step {
    let amount = Kopecks::new(10_000 + 100 * i64::try_from(number).expect("small"));
    let user = UserId(1_000 + i64::try_from(number % 50).expect("small"));
    let outside = format!("stars-{number}");
    step("paid", move |tx| tx.credit_payment(Way::Stars, &outside, user, amount).map(drop))
}

fn result() -> Event {
    let file =
        File { name: "1.png".to_owned(), mime: "image/png".to_owned(), size_bytes: 181_000, link: None };
    Event::Fetched { files: vec![file] }
}

/// The customer confirms what the screen shows.
fn place(shop: &Shop, tx: &mut Tx<'_>, incoming: &Incoming) -> Result<(), Fault> {
    let id = if incoming.update.0.is_multiple_of(5) { "sora-2-text-to-video" } else { "z-image" };
    let prompt = Value::Text(format!("Самовар на берегу Байкала, {}-й по счёту", incoming.update));
    let values = Values::from([("prompt".to_owned(), prompt)]);
    let bug = |what: String| Fault::Bug(format!("the script orders badly: {what}"));
    let model = model(id).ok_or_else(|| bug(format!("no model {id}")))?;
    let input = ValidInput::check(model, &values).map_err(|wrong| bug(wrong.to_string()))?;
    let user = incoming.from.id;
    let offer = order::offer(shop, tx, user, &input)?.map_err(|not| bug(not.to_string()))?;
    let order = order::Order { user, lang: Lang::Ru, input, shown_price: offer.price, status_message: None };
    // A wallet that is empty, or a stop, is an answer too.
    order::place(shop, tx, &order).map(drop)
}
