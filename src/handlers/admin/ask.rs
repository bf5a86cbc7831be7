//! From the wish to the deed: how much, why, and the question back. What the confirm button does is
//! kept in the operator's session under the number of the act to come; the button carries only that
//! number, so an old one does nothing and a second tap finds the act done.

use super::target::Target;
use super::{describe, home, job, models, payments, person, promos, show};
use crate::flow::admin::{self, Done, NotDone};
use crate::handlers::amount;
use crate::handlers::talk::{Screen, Talk};
use crate::ids::{ActionId, PaymentId, UserId};
use crate::message::Keyboard;
use crate::money::Kopecks;
use crate::store::{Action, Asked, Expects, Fault};
use crate::texts::Arg;

/// The most that is put on a wallet, or taken off, at once.
const MOST: Kopecks = Kopecks::new(10_000_000);
/// A reason is no longer than this, in characters.
const REASON: usize = 200;

/// Where an act belongs: the screen to go back to.
fn page_of(what: &Action) -> Target {
    match what {
        Action::Adjust { user, .. } | Action::Ban { user } | Action::Unban { user } => Target::Person(*user),
        Action::RefundJob { job } | Action::SendAgain { job } => Target::Job(*job),
        Action::Selling { .. } => Target::Home,
        Action::Approve { payment, .. }
        | Action::Reject { payment }
        | Action::RefundPayment { payment }
        | Action::PaidBack { payment, .. } => Target::Payment(*payment),
        Action::PromoNew { .. } | Action::PromoOff { .. } => Target::Promos,
        Action::Model { .. } => Target::Models(0),
    }
}

/// Shows that screen.
fn back_to(talk: &mut Talk<'_, '_>, what: &Action, sentence: &str) -> Result<(), Fault> {
    match what {
        Action::Adjust { user, .. } | Action::Ban { user } | Action::Unban { user } => {
            person::show(talk, *user, Some(sentence))
        }
        Action::RefundJob { job } | Action::SendAgain { job } => job::show(talk, *job, Some(sentence)),
        Action::Selling { .. } => home::show_below(talk, sentence),
        Action::Approve { payment, .. }
        | Action::Reject { payment }
        | Action::RefundPayment { payment }
        | Action::PaidBack { payment, .. } => payments::show(talk, *payment, Some(sentence)),
        Action::PromoNew { .. } | Action::PromoOff { .. } => promos::show(talk, Some(sentence)),
        Action::Model { model, .. } => models::show(talk, models::page_of(model), Some(sentence)),
    }
}

fn way_back(talk: &Talk<'_, '_>, back: Target) -> Keyboard {
    vec![vec![back.button(talk.say("admin-button-no", &[]))]]
}

/// Why it cannot be done, as a sentence.
fn sentence(talk: &Talk<'_, '_>, not: NotDone) -> String {
    let key = match not {
        NotDone::NoCustomer => "admin-not-customer",
        NotDone::NoJob => "admin-not-job",
        NotDone::NoModel => "admin-not-model",
        NotDone::Short { available } => {
            return talk.say("admin-not-short", &[("available", Arg::Money(available))]);
        }
        NotDone::TooLarge => "admin-amount-wallet-full",
        NotDone::NothingToRefund => "admin-not-refund",
        NotDone::OnItsWay => "admin-not-on-its-way",
        NotDone::NoPromo => "promo-not-there",
        NotDone::NoFiles => "admin-not-files",
        NotDone::AlreadySo => "admin-not-already",
        NotDone::NoPayment => "admin-not-payment",
        NotDone::Decided => "admin-not-decided",
        NotDone::Spent { missing } => {
            return talk.say("admin-not-spent", &[("missing", Arg::Money(missing))]);
        }
    };
    talk.say(key, &[])
}

/// Asks how much.
pub(super) fn amount(talk: &mut Talk<'_, '_>, user: UserId, off: bool) -> Result<(), Fault> {
    talk.aside();
    let Some(row) = talk.tx.user(user)? else { return person::show(talk, user, None) };
    talk.session.expects = Expects::Admin(Asked::Amount { user, off });
    let args = [
        ("name", Arg::Text(&row.first_name)),
        ("number", Arg::Text(&user.to_string())),
        ("available", Arg::Money(talk.tx.available(user)?)),
    ];
    let text = talk.say(if off { "admin-ask-debit" } else { "admin-ask-credit" }, &args);
    let keyboard = way_back(talk, Target::Person(user));
    talk.show(Screen { text, keyboard })
}

/// Takes the amount and asks why. What is no amount is answered with a sentence, and asked again.
pub(super) fn take_amount(talk: &mut Talk<'_, '_>, user: UserId, off: bool, text: &str) -> Result<(), Fault> {
    let problem = match amount_of(talk, text, "admin-amount-not-positive") {
        Ok(amount) => {
            let amount = if off { Kopecks::new(-amount.get()) } else { amount };
            let what = Action::Adjust { user, amount };
            match admin::check(talk.tx, &what)? {
                Ok(()) => return ask_reason(talk, what),
                Err(not) => sentence(talk, not),
            }
        }
        Err(problem) => problem,
    };
    let keyboard = way_back(talk, Target::Person(user));
    talk.show(Screen { text: problem, keyboard })
}

/// An amount above zero that an operator wrote, or what is wrong with it.
fn amount_of(talk: &Talk<'_, '_>, text: &str, not_positive: &str) -> Result<Kopecks, String> {
    match amount::read(text) {
        Ok(amount) if !amount.is_positive() => Err(talk.say(not_positive, &[])),
        Ok(amount) if amount <= MOST => Ok(amount),
        Ok(_) | Err("amount-too-large") => {
            Err(talk.say("admin-amount-too-large", &[("most", Arg::Money(MOST))]))
        }
        Err(wrong) => Err(format!("⚠️ {} {}", talk.say(wrong, &[]), talk.say("admin-amount-again", &[]))),
    }
}

/// `✏️`: asks how much of a transfer by hand came.
pub(super) fn sum(talk: &mut Talk<'_, '_>, id: PaymentId) -> Result<(), Fault> {
    talk.aside();
    let Some(payment) = talk.tx.payment(id)? else { return payments::show(talk, id, None) };
    let promised = payment.row.amount;
    if let Err(not) = admin::check(talk.tx, &Action::Approve { payment: id, amount: promised })? {
        let sentence = sentence(talk, not);
        return payments::show(talk, id, Some(&sentence));
    }
    talk.session.expects = Expects::Admin(Asked::Sum(id));
    let number = id.to_string();
    let args = [("number", Arg::Text(&number)), ("amount", Arg::Money(promised))];
    let text = talk.say("admin-ask-sum", &args);
    let keyboard = way_back(talk, Target::Payment(id));
    talk.show(Screen { text, keyboard })
}

/// How much of it came: asks back.
pub(super) fn take_sum(talk: &mut Talk<'_, '_>, payment: PaymentId, text: &str) -> Result<(), Fault> {
    match amount_of(talk, text, "admin-sum-not-positive") {
        Ok(amount) => begin(talk, Action::Approve { payment, amount }),
        Err(problem) => {
            let keyboard = way_back(talk, Target::Payment(payment));
            talk.show(Screen { text: problem, keyboard })
        }
    }
}

/// Begins what was tapped: asks why, or, where that says itself, asks back at once.
pub(super) fn begin(talk: &mut Talk<'_, '_>, what: Action) -> Result<(), Fault> {
    talk.aside();
    if let Err(not) = admin::check(talk.tx, &what)? {
        let sentence = sentence(talk, not);
        return back_to(talk, &what, &sentence);
    }
    match what {
        Action::SendAgain { .. } | Action::PaidBack { .. } | Action::Approve { .. } => {
            confirm(talk, what, "")
        }
        Action::Adjust { .. }
        | Action::Selling { .. }
        | Action::Ban { .. }
        | Action::Unban { .. }
        | Action::RefundJob { .. }
        | Action::Model { .. }
        | Action::Reject { .. }
        | Action::RefundPayment { .. }
        | Action::PromoNew { .. }
        | Action::PromoOff { .. } => ask_reason(talk, what),
    }
}

fn ask_reason(talk: &mut Talk<'_, '_>, what: Action) -> Result<(), Fault> {
    let text = talk.say("admin-ask-reason", &[("what", Arg::Html(&describe(talk, &what)))]);
    let keyboard = way_back(talk, page_of(&what));
    talk.session.expects = Expects::Admin(Asked::Reason(what));
    talk.show(Screen { text, keyboard })
}

/// Takes the reason and asks back.
pub(super) fn take_reason(talk: &mut Talk<'_, '_>, what: Action, text: &str) -> Result<(), Fault> {
    let plain = |one: char| if one.is_control() { ' ' } else { one };
    let reason: String = text.trim().chars().map(plain).collect();
    let problem = match reason.chars().count() {
        0 => "admin-reason-empty",
        1..=REASON => return confirm(talk, what, &reason),
        _ => "admin-reason-long",
    };
    let text = talk.say(problem, &[]);
    let keyboard = way_back(talk, page_of(&what));
    talk.show(Screen { text, keyboard })
}

/// Shows what will happen, under its number.
fn confirm(talk: &mut Talk<'_, '_>, what: Action, reason: &str) -> Result<(), Fault> {
    if let Err(not) = admin::check(talk.tx, &what)? {
        talk.aside();
        let sentence = sentence(talk, not);
        return back_to(talk, &what, &sentence);
    }
    let id = talk.tx.new_action()?;
    question(talk, id, what, reason.to_owned())
}

/// A text where a yes was awaited: shows the question once more.
pub(super) fn again(
    talk: &mut Talk<'_, '_>,
    id: ActionId,
    what: Action,
    reason: String,
) -> Result<(), Fault> {
    question(talk, id, what, reason)
}

fn question(talk: &mut Talk<'_, '_>, id: ActionId, what: Action, reason: String) -> Result<(), Fault> {
    let mut lines = vec![talk.say("admin-confirm", &[("what", Arg::Html(&describe(talk, &what)))])];
    if let Action::Adjust { user, amount } = &what {
        let available = talk.tx.available(*user)?;
        let after = available.checked_add(*amount);
        let after = after.ok_or_else(|| Fault::Bug("a checked correction does not fit".to_owned()))?;
        let args = [("before", Arg::Money(available)), ("after", Arg::Money(after))];
        lines.push(talk.say("admin-confirm-money", &args));
    }
    lines.extend(payments::line(talk, &what)?);
    if !reason.is_empty() {
        lines.push(talk.say("admin-confirm-reason", &[("reason", Arg::Text(&reason))]));
    }
    let yes = Target::Yes(id).button(talk.say("admin-button-yes", &[]));
    let no = page_of(&what).button(talk.say("admin-button-no", &[]));
    talk.session.expects = Expects::Admin(Asked::Yes { id, what, reason });
    talk.show(Screen { text: lines.join("\n"), keyboard: vec![vec![yes], vec![no]] })
}

/// The confirm button. What it does is in the session of who was asked; without it, it was done
/// already or was given up.
pub(super) fn yes(talk: &mut Talk<'_, '_>, id: ActionId) -> Result<(), Fault> {
    let (what, reason) = match talk.session.expects.clone() {
        Expects::Admin(Asked::Yes { id: asked, what, reason }) if asked == id => (what, reason),
        Expects::Nothing
        | Expects::Search
        | Expects::Input(_)
        | Expects::Option(_)
        | Expects::TopUp
        | Expects::Receipt(_)
        | Expects::Admin(_)
        | Expects::Promo
        | Expects::ReceiptAlbum(_) => return old(talk, id),
    };
    perform(talk, id, &what, &reason)
}

/// Does it under its number, and shows what came of it.
pub(super) fn perform(
    talk: &mut Talk<'_, '_>,
    id: ActionId,
    what: &Action,
    reason: &str,
) -> Result<(), Fault> {
    talk.aside();
    match admin::perform(talk.shop, talk.tx, id, talk.user, what, reason)? {
        Ok(Done::Now | Done::Before) => {
            talk.toast("admin-toast-done");
            let done = talk.say("admin-done", &[("what", Arg::Html(&describe(talk, what)))]);
            back_to(talk, what, &done)
        }
        Err(not) => {
            let sentence = sentence(talk, not);
            back_to(talk, what, &sentence)
        }
    }
}

/// A button whose question is not the last one asked.
fn old(talk: &mut Talk<'_, '_>, id: ActionId) -> Result<(), Fault> {
    let me = talk.user.to_string();
    match talk.tx.action(id)? {
        Some(row) if row.who == me => {
            talk.toast("admin-toast-done-before");
            let done = talk.say("admin-done", &[("what", Arg::Html(&describe(talk, &row.what)))]);
            back_to(talk, &row.what, &done)
        }
        Some(_) | None => {
            talk.toast("toast-stale");
            let screen = home::screen(talk)?;
            show(talk, screen, None)
        }
    }
}
