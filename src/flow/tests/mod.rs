//! The acts one by one, on a simulated disk whose clock stands still unless a test moves it: what
//! rows each of them leaves, and above all which it leaves alone.

mod admin;
mod alarm;
mod bonus;
mod consequences;
mod deliver;
mod forget;
mod free;
mod intake;
mod late;
mod news;
mod order;
mod refused;
mod resend;
mod settle;
mod statement;
mod values;

use super::deliver::Next;
use super::order::{NotSold, Order, Placed};
use super::{FreeRules, Shop, deliver as mail, order as sales, settle as life};
use crate::catalog::input::{ValidInput, Value, Values};
use crate::catalog::model;
use crate::catalog::price::Rates;
use crate::ids::{JobId, MessageId, OutboxId, RequestId, UserId};
use crate::job::{Event, File, Limits, Refused, State, Why};
use crate::ledger::{Account, Kind, Memo};
use crate::message::{Act, Button, Keyboard, Lang, Press, Sent};
use crate::money::Kopecks;
use crate::sandbox::disk::Disk;
use crate::store::{Delivery, Engine, Fault, Job, JobMoney, JobRow, OutboxRow, Store, Tx, UserRow, View};
use crate::time::{At, Clock, Moment, Up};
use rust_decimal::Decimal;
use std::collections::BTreeMap;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

const ANN: UserId = UserId(1001);
const BOB: UserId = UserId(1002);
const ADMIN: UserId = UserId(1);

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);
const MILLISECOND: Duration = Duration::from_millis(1);

/// Where progress is shown: every order of these tests says so.
const STATUS: MessageId = MessageId(70);

/// What a picture of `z-image` costs at these rules.
const PRICE: i64 = 76;

/// A message that waits: priority, number, row.
type Waiting = (u8, OutboxId, OutboxRow);

fn limits(factor: u32) -> Limits {
    Limits {
        queued: 900 * SECOND * factor,
        sending: 60 * SECOND * factor,
        unknown: 120 * SECOND * factor,
        working: 900 * SECOND * factor,
        unreachable: 900 * SECOND * factor,
        fetching: 900 * SECOND * factor,
        late: DAY * factor,
        late_pause: 600 * SECOND * factor,
        callbacks: false,
    }
}

/// The operator's rules; nothing is free, and videos may take twice as long.
fn rules() -> Shop {
    Shop {
        rates: Rates { markup: Decimal::TWO, usd_to_rub: Decimal::from(95), by_options: true },
        free: FreeRules { daily: 0, hourly: 2, max_cost_usd: Decimal::ONE, budget_usd: Decimal::ONE },
        open_jobs_per_customer: 5,
        queue_max: 200,
        start_bonus: Kopecks::ZERO,
        referral: crate::flow::ReferralRules { free_uses: 3, monthly_cap: 10 },
        pay: crate::flow::PayRules { star_rub: Decimal::new(1_235, 3), cards: false, bank: None },
        actions_per_minute: 0,
        actions_burst: 30,
        admins: vec![ADMIN],
        support: None,
        bot_name: "samovar_bot".to_owned(),
        server_key: [7; 32],
        nsfw_checker: false,
        quick: limits(1),
        video: limits(2),
        law: crate::flow::Law::default(),
        retention_days: 30,
    }
}

/// A shop on a file of its own, with its writer driven by hand.
struct Stage {
    shop: Shop,
    store: Store,
    engine: Engine,
}

/// Plays a scene in a shop where Ann has 100 roubles, then sees the whole audit pass.
#[track_caller]
fn play(scene: impl FnOnce(&mut Stage)) {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_time().start_paused(true).build().expect("a runtime");
    let _inside = runtime.enter();
    let (disk, clock) = (Disk::default(), Clock::simulated(At(1_795_431_300_000)));
    let (store, engine) = Store::open_on(move || Ok(disk.backend()), clock).expect("it opens");
    let mut stage = Stage { shop: rules(), store, engine };
    stage.meet(ANN, Lang::Ru);
    stage.give(ANN, 10_000);
    scene(&mut stage);
    let report = stage.view().audit().expect("readable rows");
    assert!(report.ok, "{report:#?}");
}

impl Stage {
    /// Does one act and commits it.
    fn attempt<R: Send + 'static>(
        &mut self,
        act: impl Fn(&Shop, &mut Tx<'_>) -> Result<R, Fault> + Send + 'static,
    ) -> Result<R, Fault> {
        let shop = self.shop.clone();
        let mut answer = pin!(self.store.write("test", move |tx| act(&shop, tx)));
        let mut context = Context::from_waker(Waker::noop());
        assert!(answer.as_mut().poll(&mut context).is_pending(), "answered before it was taken");
        let batch = self.engine.take().expect("the act waits");
        self.engine.commit(batch).send();
        let Poll::Ready(answer) = answer.poll(&mut context) else { panic!("not answered") };
        answer
    }

    #[track_caller]
    fn act<R: Send + 'static>(
        &mut self,
        act: impl Fn(&Shop, &mut Tx<'_>) -> Result<R, Fault> + Send + 'static,
    ) -> R {
        self.attempt(act).expect("the act succeeds")
    }

    fn view(&self) -> View {
        self.store.view().expect("a snapshot")
    }

    /// A hash of all rows.
    fn print(&self) -> [u8; 32] {
        self.view().fingerprint().expect("readable rows")
    }

    fn now(&self) -> Moment {
        self.store.clock().now()
    }

    fn skip(&self, by: Duration) {
        self.store.clock().skip(by);
    }

    fn meet(&mut self, user: UserId, lang: Lang) {
        self.act(move |_, tx| {
            let at = tx.now().at;
            let row = UserRow {
                first_name: "Анна".to_owned(),
                username: None,
                lang,
                first_seen: at,
                last_seen: at,
                newest_job: None,
                open_jobs: 0,
                blocked: false,
                banned: false,
            };
            tx.put_user(user, &row)
        });
    }

    fn give(&mut self, user: UserId, kopecks: i64) {
        self.act(move |_, tx| {
            let action = tx.new_action()?;
            let given = tx.adjust(action, "test", user, Kopecks::new(kopecks), "a test")?;
            assert!(given.is_ok(), "{given:?}");
            Ok(())
        });
    }

    fn user(&self, id: UserId) -> UserRow {
        self.view().user(id).expect("readable").expect("a customer")
    }

    fn job(&self, id: JobId) -> JobRow {
        self.view().job(id).expect("readable").expect("a job").row
    }

    /// What a wallet has free, and what is held of it, in kopecks.
    fn wallet(&self, of: UserId) -> (i64, i64) {
        let counters = self.view().account(Account::User(of)).expect("readable").counters;
        (counters.available().expect("small sums").get(), counters.held().get())
    }

    /// An account's rows, oldest first.
    fn ledger(&self, of: Account) -> Vec<(Kind, i64, Memo)> {
        let rows = self.view().history(of, None, 1_000).expect("readable rows");
        let row = |transfer: &crate::ledger::Transfer| (transfer.kind, transfer.amount.get(), transfer.memo);
        rows.iter().rev().map(|(_, ledger)| row(&ledger.transfer)).collect()
    }

    /// The rows that jobs made in Ann's wallet.
    fn sales(&self) -> Vec<(Kind, i64, Memo)> {
        let mut rows = self.ledger(Account::User(ANN));
        rows.retain(|(kind, ..)| *kind != Kind::Adjust);
        rows
    }

    fn timeline(&self, id: JobId) -> Vec<(String, String)> {
        let events = self.view().trace(self.job(id).request).expect("readable");
        events.into_iter().map(|event| (event.what, event.data)).collect()
    }

    /// The last event of a job's timeline.
    fn last_event(&self, id: JobId) -> (String, String) {
        self.timeline(id).pop().expect("an event")
    }

    fn outbox(&mut self) -> Vec<Waiting> {
        self.act(|_, tx| tx.outbox_rows())
    }

    /// The texts that wait for a customer with this priority, in order.
    fn texts(&mut self, to: UserId, priority: u8) -> Vec<String> {
        let rows = self.outbox().into_iter().filter(|row| row.0 == priority);
        rows.filter(|row| row.2.outgoing.chat == to.chat()).map(|row| text(&row.2).to_owned()).collect()
    }

    /// Throws away what waits, but for how jobs ended.
    fn hush(&mut self) {
        self.act(|_, tx| {
            for (priority, id, _) in tx.outbox_rows()? {
                if priority != 1 {
                    tx.drop_outbox_row(priority, id)?;
                }
            }
            Ok(())
        });
    }

    /// The message that tells how a job ended.
    fn ending(&mut self, id: JobId) -> Waiting {
        let told = self.job(id).told.expect("it is over");
        self.outbox().into_iter().find(|row| row.1 == told).expect("it waits")
    }

    fn note(&mut self, (priority, id, _): &Waiting, sent: Sent) -> Next {
        let (priority, id) = (*priority, *id);
        self.act(move |shop, tx| mail::note(shop, tx, priority, id, &sent))
    }

    /// Orders at a price that was shown.
    fn place(&mut self, user: UserId, model: &'static str, shown: i64) -> Result<Placed, NotSold> {
        self.act(move |shop, tx| sales::place(shop, tx, &order(user, model, shown)))
    }

    /// Ann orders at today's price.
    #[track_caller]
    fn sell(&mut self, model: &'static str) -> JobId {
        let offer = self.act(move |shop, tx| sales::offer(shop, tx, ANN, &input(model)));
        let price = offer.expect("a price").price.get();
        self.place(ANN, model, price).expect("sold").job
    }

    fn try_step(&mut self, id: JobId, event: Event) -> Result<State, Refused> {
        self.act(move |shop, tx| life::step(shop, tx, id, event.clone()))
    }

    #[track_caller]
    fn step(&mut self, id: JobId, event: Event) -> State {
        self.try_step(id, event).expect("the event counts")
    }

    /// Sends a job: the provider has not answered yet. Gives the number of the call.
    #[track_caller]
    fn start(&mut self, id: JobId) -> u32 {
        let state = self.step(id, Event::Start);
        let State::Sending { attempt, .. } = state else { panic!("{state:?}") };
        attempt
    }

    /// The provider has taken a job.
    #[track_caller]
    fn accept(&mut self, id: JobId, task: &str) {
        let attempt = self.start(id);
        self.step(id, Event::Accepted { attempt, task: task.to_owned() });
    }

    /// The provider has refused a job.
    #[track_caller]
    fn refuse(&mut self, id: JobId, why: Why) {
        let attempt = self.start(id);
        self.step(id, Event::Refused { attempt, why });
    }

    /// A job that the provider has taken comes to its end.
    #[track_caller]
    fn finish(&mut self, id: JobId) {
        self.step(id, Event::Succeeded { urls: vec!["https://kie/1.png".to_owned()] });
        self.step(id, Event::Fetched { files: vec![picture()] });
    }

    /// A job of Ann's that is done, with nothing but its result in the outbox.
    #[track_caller]
    fn done(&mut self) -> JobId {
        let id = self.sell("z-image");
        self.accept(id, &format!("task-{id}"));
        self.finish(id);
        self.hush();
        id
    }

    /// A job of Ann's that took too long, and then came after all.
    #[track_caller]
    fn late(&mut self) -> JobId {
        let id = self.sell("z-image");
        self.accept(id, &format!("task-{id}"));
        self.skip(900 * SECOND);
        self.step(id, Event::Running);
        self.finish(id);
        self.hush();
        id
    }
}

fn input(id: &str) -> ValidInput {
    let values = Values::from([("prompt".to_owned(), Value::Text("самовар".to_owned()))]);
    ValidInput::check(model(id).expect("a model"), &values).expect("a good input")
}

fn order(user: UserId, model: &str, shown: i64) -> Order {
    let shown_price = Kopecks::new(shown);
    Order { user, lang: Lang::Ru, input: input(model), shown_price, status_message: Some(STATUS) }
}

fn picture() -> File {
    File { name: "1.png".to_owned(), mime: "image/png".to_owned(), size_bytes: 1, link: None }
}

/// A job of Ann's that was never in a file.
fn job(state: State) -> Job {
    let row = JobRow {
        user: ANN,
        model: "z-image".to_owned(),
        input: Values::new(),
        price: Kopecks::new(PRICE),
        cost_usd: Decimal::new(4, 3),
        free_hour: None,
        request: RequestId(5),
        lang: Lang::Ru,
        created: At(0),
        ended: None,
        state,
        due: None,
        money: JobMoney::default(),
        prev: None,
        status_message: Some(STATUS),
        uploads: BTreeMap::new(),
        task: None,
        told: None,
        delivery: Delivery::Waiting,
    };
    Job { id: JobId(17), row }
}

/// The words of a message: its text or caption.
#[track_caller]
fn text(row: &OutboxRow) -> &str {
    words(&row.outgoing.act)
}

#[track_caller]
fn words(act: &Act) -> &str {
    match act {
        Act::Text { text, .. }
        | Act::Media { caption: text, .. }
        | Act::Document { caption: text, .. }
        | Act::Toast { text, .. } => text,
        Act::PreCheckout { .. } | Act::Leave | Act::Invoice { .. } | Act::RefundStars { .. } => {
            panic!("no words: {act:?}")
        }
    }
}

/// What the buttons carry, row by row.
fn taps(keyboard: &Keyboard) -> Vec<Vec<&str>> {
    keyboard.iter().map(|row| row.iter().map(tap).collect()).collect()
}

#[track_caller]
fn tap(button: &Button) -> &str {
    match &button.press {
        Press::Tap(data) => data,
        Press::Open(_) | Press::Copy(_) => panic!("it does not come back: {button:?}"),
    }
}

/// A millisecond less.
fn just_before(time: Duration) -> Duration {
    time.saturating_sub(MILLISECOND)
}

fn delivered(message: Option<i32>, file_ids: &[&str]) -> Sent {
    let file_ids = file_ids.iter().map(|&id| id.to_owned()).collect();
    Sent::Delivered { message: message.map(MessageId), file_ids }
}

#[test]
fn a_video_and_what_nobody_knows_any_more_may_take_longest() {
    let shop = rules();
    for (id, factor) in [
        ("z-image", 1),
        ("elevenlabs/text-to-speech-turbo-2-5", 1),
        ("grok-imagine/text-to-video", 2),
        ("gone", 2),
    ] {
        assert_eq!(shop.limits(model(id)), &limits(factor), "{id}");
    }
}

#[test]
fn only_who_is_named_runs_the_bot() {
    let shop = Shop { admins: vec![ADMIN, BOB], ..rules() };
    assert!(shop.is_admin(ADMIN) && shop.is_admin(BOB));
    assert!(!shop.is_admin(ANN) && !rules().is_admin(BOB));
}

#[test]
fn the_times_of_these_tests_stand_still() {
    play(|stage| {
        let before = stage.now();
        assert_eq!(before, Moment { at: At(1_795_431_300_000), up: Up(0) });
        stage.skip(MILLISECOND);
        assert_eq!(stage.now().up, before.up.plus(MILLISECOND));
    });
}
