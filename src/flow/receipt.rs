//! The words about payments: what came in, what went back, what was decided. Rows in, messages out.

use super::Shop;
use crate::ids::UserId;
use crate::message::{About, Act, Button, Keyboard, Lang, Outgoing};
use crate::payment::Way;
use crate::store::{Fault, Payment, Tx};
use crate::texts::{self, Arg};

/// A message to the customer about a payment of theirs.
pub(super) fn about(payment: &Payment, text: String, keyboard: Keyboard) -> Outgoing {
    let act = Act::Text { text, keyboard, edit: None };
    Outgoing { chat: payment.row.user.chat(), act, about: About::Receipt(payment.id) }
}

/// What a way to pay is called.
pub fn way(lang: Lang, way: Way) -> String {
    let key = match way {
        Way::Stars => "way-stars",
        Way::Card => "way-card",
        Way::Manual => "way-manual",
    };
    texts::say(lang, key, &[])
}

/// The button to what is asked for next: the wallet, and the order that waits for the money.
fn onward(tx: &Tx<'_>, lang: Lang, user: UserId) -> Result<Keyboard, Fault> {
    let draft = tx.session(user)?.and_then(|session| session.draft);
    let mut keyboard = Vec::new();
    if let Some(draft) = draft.filter(|draft| draft.shown_price.is_some()) {
        let data = format!("ok:{}", draft.number);
        keyboard.push(vec![Button::tap(texts::say(lang, "button-back-to-order", &[]), data)]);
    }
    keyboard.push(vec![
        Button::tap(texts::say(lang, "menu-balance", &[]), "bal"),
        Button::tap(texts::say(lang, "button-menu", &[]), "menu"),
    ]);
    Ok(keyboard)
}

/// The money is there.
pub(super) fn credited(shop: &Shop, tx: &Tx<'_>, lang: Lang, payment: &Payment) -> Result<Outgoing, Fault> {
    let user = payment.row.user;
    let (way, number) = (way(lang, payment.row.way), payment.id.to_string());
    let args = [
        ("amount", Arg::Money(payment.row.amount)),
        ("way", Arg::Html(&way)),
        ("number", Arg::Html(&number)),
        ("balance", Arg::Money(tx.available(user)?)),
    ];
    let mut text = texts::say(lang, "payment-credited", &args);
    if tx.user(user)?.is_some_and(|row| row.banned) {
        let contact = shop.support.as_deref().unwrap_or("—");
        text =
            format!("{text}\n\n{}", texts::say(lang, "payment-banned", &[("contact", Arg::Text(contact))]));
    }
    Ok(about(payment, text, onward(tx, lang, user)?))
}

/// The operator is about to send the money back: until then it is reserved.
pub(super) fn going_back(tx: &Tx<'_>, lang: Lang, payment: &Payment) -> Result<Outgoing, Fault> {
    let number = payment.id.to_string();
    let args = [
        ("amount", Arg::Money(payment.row.amount)),
        ("number", Arg::Html(&number)),
        ("balance", Arg::Money(tx.available(payment.row.user)?)),
    ];
    let text = texts::say(lang, "payment-going-back", &args);
    Ok(about(payment, text, onward(tx, lang, payment.row.user)?))
}

/// The operator could not send the money back.
pub(super) fn not_back(shop: &Shop, tx: &Tx<'_>, lang: Lang, payment: &Payment) -> Result<Outgoing, Fault> {
    let number = payment.id.to_string();
    let args = [
        ("amount", Arg::Money(payment.row.amount)),
        ("number", Arg::Html(&number)),
        ("balance", Arg::Money(tx.available(payment.row.user)?)),
        ("contact", Arg::Text(shop.support.as_deref().unwrap_or("—"))),
    ];
    let text = texts::say(lang, "payment-not-back", &args);
    Ok(about(payment, text, onward(tx, lang, payment.row.user)?))
}

/// It went back: because the operator wanted so, or by its source itself.
pub(super) fn went_back(tx: &Tx<'_>, lang: Lang, payment: &Payment, wanted: bool) -> Result<Outgoing, Fault> {
    let number = payment.id.to_string();
    let args = [
        ("amount", Arg::Money(payment.row.amount)),
        ("number", Arg::Html(&number)),
        ("balance", Arg::Money(tx.available(payment.row.user)?)),
    ];
    let key = match (wanted, payment.row.way) {
        (true, Way::Stars) => "payment-refunded-stars",
        (true, Way::Card | Way::Manual) => "payment-refunded",
        (false, _) => "payment-charged-back",
    };
    Ok(about(payment, texts::say(lang, key, &args), onward(tx, lang, payment.row.user)?))
}

/// An operator found no money behind a receipt.
pub(super) fn rejected(
    shop: &Shop,
    tx: &Tx<'_>,
    lang: Lang,
    payment: &Payment,
    why: &str,
) -> Result<Outgoing, Fault> {
    let number = payment.id.to_string();
    let args = [
        ("amount", Arg::Money(payment.row.amount)),
        ("number", Arg::Html(&number)),
        ("why", Arg::Text(why)),
        ("contact", Arg::Text(shop.support.as_deref().unwrap_or("—"))),
    ];
    let text = texts::say(lang, "payment-rejected", &args);
    Ok(about(payment, text, onward(tx, lang, payment.row.user)?))
}

/// A transfer by hand ran out of time.
pub(super) fn expired(
    tx: &Tx<'_>,
    lang: Lang,
    payment: &Payment,
    was_claimed: bool,
) -> Result<Outgoing, Fault> {
    let number = payment.id.to_string();
    let args = [("amount", Arg::Money(payment.row.amount)), ("number", Arg::Html(&number))];
    let key = if was_claimed { "payment-expired-claimed" } else { "payment-expired" };
    let text = texts::say(lang, key, &args);
    Ok(about(payment, text, onward(tx, lang, payment.row.user)?))
}
