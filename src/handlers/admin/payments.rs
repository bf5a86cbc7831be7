//! Payments as the operator sees them: transfers that wait, one payment, a customer's payments.

use super::home;
use super::person;
use super::target::Target;
use super::{ask, number, show as show_screen};
use crate::flow::receipt;
use crate::flow::transfer;
use crate::handlers::keyboard::pages;
use crate::handlers::talk::{Screen, Talk, clip};
use crate::handlers::{target, topup};
use crate::ids::{PaymentId, UserId};
use crate::message::{Button, Keyboard};
use crate::payment::{State, Way};
use crate::store::{Action, Fault, Odd, Payment};
use crate::texts::{self, Arg};
use crate::time::At;

/// How many payments a page lists.
const PAGE: usize = 8;
/// So many transfers that wait are listed.
const LISTED: usize = 40;
/// So many open transfers are looked through for those that wait: some milliseconds of the writer's time.
const LOOK: usize = 1_000;
/// How much of a name a button shows.
const NAME: usize = 20;

/// A button that leads to a payment.
fn button(talk: &Talk<'_, '_>, payment: &Payment) -> Button {
    let state = talk.say(topup::state_key(payment.row.state, talk.tx.now().at), &[]);
    let mark = state.split_whitespace().next().unwrap_or("").to_owned();
    let (amount, way) =
        (texts::money(talk.lang, payment.row.amount), receipt::way(talk.lang, payment.row.way));
    Target::Payment(payment.id).button(format!("{mark} № {} · {amount} · {way}", payment.id))
}

/// The transfers that a receipt came for, the oldest first, of the first [`LOOK`] that are open.
pub(super) fn waiting(talk: &Talk<'_, '_>) -> Result<Vec<Payment>, Fault> {
    let mut waiting = Vec::new();
    for id in talk.tx.open_payments(At(i64::MAX), LOOK)? {
        waiting.extend(talk.tx.payment(id)?.filter(|one| matches!(one.row.state, State::Claimed { .. })));
    }
    waiting.sort_by_key(|payment| payment.id);
    Ok(waiting)
}

/// The list of them.
pub(super) fn open(talk: &mut Talk<'_, '_>) -> Result<(), Fault> {
    talk.aside();
    let waiting = waiting(talk)?;
    let text = talk.say("admin-open", &[("count", number(waiting.len()))]);
    let mut keyboard = Keyboard::new();
    for payment in waiting.iter().take(LISTED) {
        let who = talk.tx.user(payment.row.user)?;
        let name = who.map_or(payment.row.user.to_string(), |row| clip(&row.first_name, NAME));
        let label = format!("№ {} · {} · {name}", payment.id, texts::money(talk.lang, payment.row.amount));
        keyboard.push(vec![Target::Payment(payment.id).button(label)]);
    }
    keyboard.push(home::row(talk));
    talk.show(Screen { text, keyboard })
}

/// A page of a customer's payments, newest first.
pub(super) fn list(talk: &mut Talk<'_, '_>, user: UserId, page: usize) -> Result<(), Fault> {
    talk.aside();
    let mut payments = talk.tx.payments_of(user, page * PAGE, PAGE + 1)?;
    let more = payments.len() > PAGE;
    payments.truncate(PAGE);
    let text = talk.say("admin-payments", &[("number", Arg::Text(&user.to_string()))]);
    let text =
        if payments.is_empty() { format!("{text}\n\n{}", talk.say("admin-nothing", &[])) } else { text };
    let mut keyboard: Keyboard = payments.iter().map(|one| vec![button(talk, one)]).collect();
    let to = |page| target::Target::Admin(Target::Payments(user, page));
    keyboard.extend(pages(talk, page, page + 1 + usize::from(more), to));
    keyboard.push(person::back(talk, user));
    talk.show(Screen { text, keyboard })
}

/// A payment's page, below what was just done.
pub(super) fn show(talk: &mut Talk<'_, '_>, id: PaymentId, above: Option<&str>) -> Result<(), Fault> {
    talk.aside();
    let screen = match talk.tx.payment(id)? {
        Some(payment) => screen(talk, &payment)?,
        None => Screen { text: talk.say("admin-not-payment", &[]), keyboard: vec![home::row(talk)] },
    };
    show_screen(talk, screen, above)
}

fn screen(talk: &Talk<'_, '_>, payment: &Payment) -> Result<Screen, Fault> {
    let (id, user) = (payment.id, payment.row.user);
    let args =
        [("number", Arg::Text(&user.to_string())), ("available", Arg::Money(talk.tx.available(user)?))];
    let mut lines = vec![
        topup::page(talk.lang, payment, talk.tx.now().at),
        String::new(),
        talk.say("admin-payment-whose", &args),
    ];
    if let Some(odd) = payment.row.odd {
        lines.push(talk.say(odd_key(odd), &[]));
    }
    let mut keyboard = Keyboard::new();
    let say = |key: &str| talk.say(key, &[]);
    match payment.row.state {
        State::Claimed { .. } => {
            keyboard.push(vec![Target::Approve(id).button(say("admin-approve"))]);
            keyboard.push(vec![
                Target::OtherAmount(id).button(say("admin-other-amount")),
                Target::Reject(id).button(say("admin-reject")),
            ]);
        }
        State::Paid => {
            keyboard.push(vec![Target::RefundPayment(id).button(say("admin-button-pay-back"))]);
            if payment.row.way != Way::Stars {
                keyboard.push(vec![Target::PaidBack(id, true).button(say("admin-button-taken-back"))]);
            }
        }
        State::Refunding if payment.row.way != Way::Stars => {
            let args = [("amount", Arg::Money(payment.row.amount))];
            lines.push(format!("\n{}", talk.say("admin-send-back", &args)));
            keyboard.push(vec![Target::PaidBack(id, true).button(say("admin-button-paid-back"))]);
            keyboard.push(vec![Target::PaidBack(id, false).button(say("admin-button-not-paid-back"))]);
        }
        State::Asked { .. }
        | State::Rejected
        | State::Expired
        | State::Refunding
        | State::Refunded
        | State::ChargedBack => {}
    }
    if payment.row.receipt.is_some() {
        keyboard.push(vec![Target::Receipt(id).button(say("admin-button-receipt"))]);
    }
    keyboard.push(person::back(talk, user));
    Ok(Screen { text: lines.join("\n"), keyboard })
}

/// The payment that an action is about, in a line: what is asked back must say how much and whose.
pub(super) fn line(talk: &Talk<'_, '_>, what: &Action) -> Result<Option<String>, Fault> {
    let Some(id) = what.payment() else { return Ok(None) };
    let Some(payment) = talk.tx.payment(id)? else { return Ok(None) };
    let (way, user) = (receipt::way(talk.lang, payment.row.way), payment.row.user.to_string());
    let args =
        [("amount", Arg::Money(payment.row.amount)), ("way", Arg::Html(&way)), ("number", Arg::Text(&user))];
    Ok(Some(talk.say("admin-confirm-payment", &args)))
}

fn odd_key(odd: Odd) -> &'static str {
    match odd {
        Odd::UnknownInvoice => "admin-odd-unknown-invoice",
        Odd::Late => "admin-odd-late",
        Odd::OtherAmount => "admin-odd-other-amount",
        Odd::OtherPayer => "admin-odd-other-payer",
        Odd::PaidTwice => "admin-odd-paid-twice",
        Odd::Banned => "admin-odd-banned",
        Odd::OnlyListed => "admin-odd-only-listed",
    }
}

/// The receipt of a transfer, once more, with the buttons that decide.
pub(super) fn receipt(talk: &mut Talk<'_, '_>, id: PaymentId) -> Result<(), Fault> {
    let Some(payment) = talk.tx.payment(id)?.filter(|one| one.row.receipt.is_some()) else {
        return show(talk, id, None);
    };
    let message = transfer::to_decide(talk.tx, talk.lang, talk.user, &payment)?;
    talk.tx.say(message, None)?;
    talk.toast("admin-toast-receipt");
    Ok(())
}

/// `✅`: the whole amount, at once. Of two operators who press it one wins.
pub(super) fn approve(talk: &mut Talk<'_, '_>, id: PaymentId) -> Result<(), Fault> {
    let Some(payment) = talk.tx.payment(id)? else { return show(talk, id, None) };
    let what = Action::Approve { payment: id, amount: payment.row.amount };
    let action = talk.tx.new_action()?;
    ask::perform(talk, action, &what, "")
}
