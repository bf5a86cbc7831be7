//! What the operator of the walk finds: a customer with jobs and payments; and what an act of theirs may
//! change of it.

use super::money::{finish, to_confirm};
use super::{Guest, shop};
use crate::flow::topup::{self, Heard};
use crate::flow::{Shop, refund, settle, transfer};
use crate::ids::{JobId, PaymentId, UserId};
use crate::job::{Event, State, Why};
use crate::message::{Bill, Lang};
use crate::money::Kopecks;
use crate::payment::{State as Stands, Way};
use crate::store::{Action, Receipt, StoppedBy, Tx};
use crate::time::At;

pub(super) const ADMIN: i64 = 1;
const ANN: i64 = 100_000;

pub(super) fn wide() -> Shop {
    Shop { queue_max: 1_000_000, ..shop() }
}

/// A customer with a job that is done, one that failed and one that waits; with a transfer that waits for
/// a decision, one that goes back, a payment in Stars and an odd one.
pub(super) struct Scene {
    pub(super) user: UserId,
    pub(super) jobs: [(JobId, &'static str); 3],
    pub(super) payments: [(PaymentId, &'static str); 4],
}

/// The payments of a scene, 50 roubles each but for the odd one.
fn payments(tx: &mut Tx<'_>, user: UserId, number: i64) -> [(PaymentId, &'static str); 4] {
    let (shop, amount, admin) = (wide(), Kopecks::new(5_000), UserId(ADMIN));
    let ask = |tx: &mut Tx<'_>, way| {
        topup::ask(&shop, tx, user, Lang::Ru, way, amount).expect("no fault").expect("asked for")
    };
    let claim = |tx: &mut Tx<'_>, name: &str| {
        let id = ask(tx, Way::Manual).id;
        let unique_id = format!("{name} {number}");
        let receipt = Receipt { file_id: "receipt".to_owned(), unique_id, photo: true };
        transfer::claim(&shop, tx, user, id, receipt).expect("no fault").expect("claimed").id
    };
    let arrive = |tx: &mut Tx<'_>, total: i64, payload: String, charge: &str| {
        let bill = Bill { currency: "XTR".to_owned(), total, payload };
        topup::arrive(&shop, tx, user, &bill, charge, Heard::Told).expect("no fault");
        tx.payment_of_charge(Way::Stars, charge).expect("readable").expect("a payment")
    };
    let (waits, back) = (claim(tx, "waits"), claim(tx, "back"));
    transfer::approve(&shop, tx, back, amount, admin).expect("no fault").expect("approved");
    refund::begin(tx, back, admin).expect("no fault").expect("begun");
    let invoice = ask(tx, Way::Stars);
    let (total, payload) = (invoice.row.stars.into(), format!("topup:{}", invoice.id));
    let stars = arrive(tx, total, payload, &format!("charge:{number}"));
    let odd = arrive(tx, 10, "another bot's".to_owned(), &format!("odd:{number}"));
    [(waits, "waits"), (back, "back"), (stars, "stars"), (odd, "odd")]
}

pub(super) fn scene(tx: &mut Tx<'_>, number: i64) -> Scene {
    for (what, _) in tx.stops().expect("stops") {
        tx.lift_stop(&what).expect("lifted");
    }
    for id in tx.open_payments(At(i64::MAX), usize::MAX).expect("readable") {
        transfer::reject(&wide(), tx, id, "another walk", UserId(ADMIN))
            .expect("no fault")
            .expect("rejected");
    }
    let mut ann = Guest::new(tx, wide(), ANN + number, Lang::Ru);
    let order = |ann: &mut Guest<'_, '_>| {
        to_confirm(ann);
        ann.taps("✅ Запустить");
        ann.tx.jobs_of(ann.id, 0, 1).expect("jobs").remove(0).id
    };
    let done = order(&mut ann);
    finish(&mut ann, done);
    let failed = order(&mut ann);
    let mut step = |event| settle::step(&wide(), ann.tx, failed, event).expect("no fault").expect("it fits");
    let State::Sending { attempt, .. } = step(Event::Start) else { panic!("it is not being sent") };
    step(Event::Refused { attempt, why: Why::NoAnswer });
    let waits = order(&mut ann);
    let payments = payments(ann.tx, ann.id, number);
    ann.writes("/balance");
    Scene { user: ann.id, jobs: [(done, "done"), (failed, "failed"), (waits, "waits")], payments }
}

impl Scene {
    /// What a button carries, with the numbers of this scene as words, so that the same button of two
    /// walks counts as one. `None` for what is of an earlier walk, and for what leaves the desk.
    pub(super) fn normal(&self, data: &str) -> Option<String> {
        let parts: Vec<&str> = data.split(':').collect();
        match *parts.as_slice() {
            ["a", word @ ("j" | "rf" | "sa"), job] => {
                let mine = self.jobs.iter().find(|(id, _)| id.to_string() == job);
                mine.map(|(_, name)| format!("a:{word}:{name}"))
            }
            ["a", word @ ("p" | "prc" | "pok" | "psum" | "pno" | "prf" | "pback" | "pkeep"), id] => {
                let mine = self.payments.iter().find(|(one, _)| one.to_string() == id);
                mine.map(|(_, name)| format!("a:{word}:{name}"))
            }
            ["a", word @ ("u" | "cr" | "db" | "ban" | "unban"), _] => Some(format!("a:{word}:ann")),
            ["a", word @ ("mv" | "js" | "ps"), _, page] => Some(format!("a:{word}:ann:{page}")),
            ["a", "do", _] => Some("a:do".to_owned()),
            // All models have the same switch: `every_model_can_be_switched_off_and_on` taps them all.
            ["a", word @ ("on" | "off"), _] => Some(format!("a:{word}:model")),
            ["a", ..] => Some(data.to_owned()),
            _ => None,
        }
    }
}

/// What of the world an operator can change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct World {
    pub(super) available: i64,
    pub(super) banned: bool,
    pub(super) refunded: bool,
    pub(super) stops: Vec<(String, StoppedBy)>,
    pub(super) actions: usize,
    pub(super) payments: Vec<(PaymentId, Way, Stands, Kopecks)>,
}

pub(super) fn world(tx: &Tx<'_>, scene: &Scene) -> World {
    let done = tx.job(scene.jobs[0].0).expect("readable").expect("a job");
    let payment = |(id, _): &(PaymentId, _)| {
        let row = tx.payment(*id).expect("readable").expect("a payment").row;
        (*id, row.way, row.state, row.amount)
    };
    World {
        payments: scene.payments.iter().map(payment).collect(),
        available: tx.available(scene.user).expect("readable").get(),
        banned: tx.user(scene.user).expect("readable").expect("a customer").banned,
        refunded: done.row.money.refund.is_some(),
        stops: tx.stops().expect("readable").into_iter().map(|(what, row)| (what, row.by)).collect(),
        actions: tx.actions(0, 10_000).expect("readable").len(),
    }
}

/// The world after an act, and the price of the job that is done.
pub(super) fn after(before: &World, what: &Action, price: Kopecks) -> World {
    let mut after = before.clone();
    after.actions += 1;
    let switch = |after: &mut World, key: &str, on: bool| {
        after.stops.retain(|(what, _)| what != key);
        if !on {
            after.stops.push((key.to_owned(), StoppedBy::Operator));
            after.stops.sort_by(|one, other| one.0.cmp(&other.0));
        }
    };
    let payment = |after: &mut World, id: PaymentId, stands: Stands, amount: Option<Kopecks>| {
        let found = after.payments.iter_mut().find(|(one, ..)| *one == id).expect("a payment of the scene");
        (found.2, found.3) = (stands, amount.unwrap_or(found.3));
        (found.1, found.3.get())
    };
    match what {
        Action::Approve { payment: id, amount } => {
            after.available += amount.get();
            payment(&mut after, *id, Stands::Paid, Some(*amount));
        }
        Action::Reject { payment: id } => {
            payment(&mut after, *id, Stands::Rejected, None);
        }
        Action::RefundPayment { payment: id } => {
            let (way, amount) = payment(&mut after, *id, Stands::Refunding, None);
            after.available -= amount;
            // Telegram answers in the same turn.
            if way == Way::Stars {
                payment(&mut after, *id, Stands::Refunded, None);
            }
        }
        Action::PaidBack { payment: id, went: true } => {
            let was = before.payments.iter().find(|(one, ..)| one == id).map(|found| found.2);
            if was == Some(Stands::Paid) {
                after.available -= payment(&mut after, *id, Stands::ChargedBack, None).1;
            } else {
                payment(&mut after, *id, Stands::Refunded, None);
            }
        }
        Action::PaidBack { payment: id, went: false } => {
            after.available += payment(&mut after, *id, Stands::Paid, None).1;
        }
        Action::Adjust { amount, .. } => after.available += amount.get(),
        Action::Ban { .. } => after.banned = true,
        Action::Unban { .. } => after.banned = false,
        Action::RefundJob { .. } => {
            after.refunded = true;
            after.available += price.get();
        }
        Action::SendAgain { .. } | Action::PromoNew { .. } | Action::PromoOff { .. } => {}
        Action::Selling { on } => switch(&mut after, "all", *on),
        Action::Model { model, on } => switch(&mut after, model, *on),
    }
    after
}
