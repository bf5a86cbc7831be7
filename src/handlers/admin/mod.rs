//! `/admin`: what the operator sees and does, in Telegram. Only for `ADMIN_IDS`: to everybody else
//! the command is unknown, and a button that they forge leads to their own screen.
//!
//! **Invariant:** every tap and every word is checked here before it means anything. What changes something is
//! done by `flow::admin` under a number of its own, given before the question "is this right?"; crediting a
//! transfer as it was asked for, `/promo_new` and `/promo_off` say it all themselves and are not asked back.

mod ask;
mod find;
mod home;
mod job;
mod log;
mod models;
mod numbers;
mod payments;
mod person;
mod promos;
pub(crate) mod target;

pub(crate) use target::Target;

use super::form;
use super::start;
use super::talk::{Screen, Talk};
use crate::money::Kopecks;
use crate::store::{Action, Asked, Expects, Fault};
use crate::texts::Arg;

/// Nobody looks at more pages than this; a button may say any number.
const MOST_PAGES: usize = 500;

/// The command.
pub(super) fn open(talk: &mut Talk<'_, '_>) -> Result<(), Fault> {
    home::show(talk)
}

/// `/promo_new CODE …`, `/promo_off CODE`, `/promos`: what follows the command is in `words`.
pub(super) fn promo_command(talk: &mut Talk<'_, '_>, name: &str, words: &str) -> Result<(), Fault> {
    match name {
        "promo_new" => promos::make(talk, words),
        "promo_off" => promos::switch_off(talk, words),
        _ => promos::show(talk, None),
    }
}

/// A tap on one of our buttons.
pub(super) fn tapped(talk: &mut Talk<'_, '_>, target: Target) -> Result<(), Fault> {
    if !talk.shop.is_admin(talk.user) {
        return form::current(talk);
    }
    match target {
        Target::Home => home::show(talk),
        Target::Find => find::ask(talk),
        Target::Person(user) => person::show(talk, user, None),
        Target::Moves(user, page) => person::moves(talk, user, page.min(MOST_PAGES)),
        Target::Jobs(user, page) => person::jobs(talk, user, page.min(MOST_PAGES)),
        Target::Job(job) => job::show(talk, job, None),
        Target::Request(request) => job::request(talk, request),
        Target::Amount { user, off } => ask::amount(talk, user, off),
        Target::Ban(user) => ask::begin(talk, Action::Ban { user }),
        Target::Unban(user) => ask::begin(talk, Action::Unban { user }),
        Target::Refund(job) => ask::begin(talk, Action::RefundJob { job }),
        Target::SendAgain(job) => ask::begin(talk, Action::SendAgain { job }),
        Target::Selling(on) => ask::begin(talk, Action::Selling { on }),
        Target::Model(model, on) => ask::begin(talk, Action::Model { model, on }),
        Target::Yes(id) => ask::yes(talk, id),
        Target::Failures => job::failures(talk),
        Target::Days(days) => numbers::show(talk, days),
        Target::Models(page) => models::show(talk, page, None),
        Target::Log(page) => log::show(talk, page.min(MOST_PAGES)),
        Target::Parked => log::parked(talk),
        Target::Open => payments::open(talk),
        Target::Payments(user, page) => payments::list(talk, user, page.min(MOST_PAGES)),
        Target::Payment(payment) => payments::show(talk, payment, None),
        Target::Receipt(payment) => payments::receipt(talk, payment),
        Target::Approve(payment) => payments::approve(talk, payment),
        Target::OtherAmount(payment) => ask::sum(talk, payment),
        Target::Reject(payment) => ask::begin(talk, Action::Reject { payment }),
        Target::RefundPayment(payment) => ask::begin(talk, Action::RefundPayment { payment }),
        Target::PaidBack(payment, went) => ask::begin(talk, Action::PaidBack { payment, went }),
        Target::Promos => promos::show(talk, None),
    }
}

/// Words that an operator was asked for.
pub(super) fn written(talk: &mut Talk<'_, '_>, asked: Asked, text: &str) -> Result<(), Fault> {
    if !talk.shop.is_admin(talk.user) {
        talk.session.expects = Expects::Nothing;
        return start::pick_first(talk);
    }
    match asked {
        Asked::Find => find::take(talk, text),
        Asked::Amount { user, off } => ask::take_amount(talk, user, off, text),
        Asked::Reason(what) => ask::take_reason(talk, what, text),
        Asked::Yes { id, what, reason } => ask::again(talk, id, what, reason),
        Asked::Sum(payment) => ask::take_sum(talk, payment, text),
    }
}

/// Shows a screen, below what was just done.
fn show(talk: &mut Talk<'_, '_>, screen: Screen, above: Option<&str>) -> Result<(), Fault> {
    match above {
        Some(sentence) => talk.show(screen.below(sentence)),
        None => talk.show(screen),
    }
}

/// What an action is, in a line.
fn describe(talk: &Talk<'_, '_>, what: &Action) -> String {
    let user_or_job = |number: String, key: &str| talk.say(key, &[("number", Arg::Text(&number))]);
    match what {
        Action::Adjust { user, amount } => {
            let key = if amount.is_negative() { "admin-act-debit" } else { "admin-act-credit" };
            let sum = Kopecks::new(amount.get().saturating_abs());
            talk.say(key, &[("amount", Arg::Money(sum)), ("number", Arg::Text(&user.to_string()))])
        }
        Action::Ban { user } => user_or_job(user.to_string(), "admin-act-ban"),
        Action::Unban { user } => user_or_job(user.to_string(), "admin-act-unban"),
        Action::RefundJob { job } => user_or_job(job.to_string(), "admin-act-refund"),
        Action::SendAgain { job } => user_or_job(job.to_string(), "admin-act-send-again"),
        Action::Selling { on: true } => talk.say("admin-act-selling-on", &[]),
        Action::Selling { on: false } => talk.say("admin-act-selling-off", &[]),
        Action::Model { model, on } => {
            let key = if *on { "admin-act-model-on" } else { "admin-act-model-off" };
            talk.say(key, &[("model", Arg::Text(model))])
        }
        Action::Approve { payment, amount } => {
            let number = payment.to_string();
            let args = [("number", Arg::Text(&number)), ("amount", Arg::Money(*amount))];
            talk.say("admin-act-approve", &args)
        }
        Action::Reject { payment } => user_or_job(payment.to_string(), "admin-act-reject"),
        Action::RefundPayment { payment } => user_or_job(payment.to_string(), "admin-act-pay-back"),
        Action::PaidBack { payment, went: true } => user_or_job(payment.to_string(), "admin-act-paid-back"),
        Action::PaidBack { payment, went: false } => {
            user_or_job(payment.to_string(), "admin-act-not-paid-back")
        }
        Action::PromoNew { code, gift, limit, until } => promos::described(talk, code, *gift, *limit, *until),
        Action::PromoOff { code } => {
            talk.say("admin-act-promo-off", &[("code", Arg::Text(&code.to_uppercase()))])
        }
    }
}

/// A count for a text.
fn number(count: impl TryInto<i64>) -> Arg<'static> {
    Arg::Number(count.try_into().unwrap_or(i64::MAX))
}
