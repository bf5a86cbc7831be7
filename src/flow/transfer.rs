//! Transfers by hand: the customer sends a receipt, every operator sees it, one of them decides.
//!
//! **Invariant:** nothing is credited before an operator says so, and of two who decide one wins.

use super::{Shop, receipt, topup};
use crate::ids::{PaymentId, UserId};
use crate::message::{About, Act, Button, Keyboard, Lang, MediaKind, Outgoing, Source};
use crate::money::Kopecks;
use crate::payment::{Event, Money, Refused, State, Way, next};
use crate::store::{Fault, Payment, Receipt, Step, Stepped, Tx};
use crate::texts::{self, Arg};

/// Why nothing was decided. No money moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotDecided {
    /// There is no such transfer.
    #[error("there is no such transfer")]
    Unknown,
    /// The state of the payment does not allow it.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The amount is not one that can be put in.
    #[error("this is no amount to put in")]
    Amount,
}

/// The customer says that they paid and sends the receipt; every operator gets it to decide.
pub fn claim(
    shop: &Shop,
    tx: &mut Tx<'_>,
    user: UserId,
    id: PaymentId,
    receipt: Receipt,
) -> Result<Result<Payment, NotDecided>, Fault> {
    let Some(mut payment) = own(tx, user, id)? else { return Ok(Err(NotDecided::Unknown)) };
    let until = tx.now().at.plus(topup::TRANSFER_KEPT);
    match next(payment.row.state, Event::Claim { until }) {
        Ok((state, _)) => payment.row.state = state,
        Err(refused) => return Ok(Err(refused.into())),
    }
    payment.row.receipt = Some(receipt);
    payment.row.steps.push(Step { at: tx.now().at, what: Stepped::Claimed, by: None });
    tx.put_payment(&payment)?;
    tx.note_receipt(&payment)?;
    for &admin in &shop.admins {
        let lang = tx.user(admin)?.map_or(Lang::default(), |row| row.lang);
        let message = to_decide(tx, lang, admin, &payment)?;
        tx.say(message, None)?;
    }
    Ok(Ok(payment))
}

/// A transfer by hand of this customer, or `None`.
pub fn own(tx: &Tx<'_>, user: UserId, id: PaymentId) -> Result<Option<Payment>, Fault> {
    Ok(tx.payment(id)?.filter(|one| one.row.user == user && one.row.way == Way::Manual))
}

/// Another payment that the same file was the receipt of.
fn same_receipt(tx: &Tx<'_>, payment: &Payment) -> Result<Option<PaymentId>, Fault> {
    let Some(receipt) = &payment.row.receipt else { return Ok(None) };
    Ok(tx.payment_of_receipt(&receipt.unique_id)?.filter(|other| *other != payment.id))
}

/// What an operator sees of a transfer: the receipt itself, and as long as it is not decided, the buttons
/// that decide.
pub fn to_decide(tx: &Tx<'_>, lang: Lang, admin: UserId, payment: &Payment) -> Result<Outgoing, Fault> {
    let who = tx.user(payment.row.user)?;
    let name = who.as_ref().map_or("—", |row| row.first_name.as_str());
    let username = who.as_ref().and_then(|row| row.username.as_deref());
    let username = username.map_or(String::new(), |name| format!("@{name}"));
    let (number, user) = (payment.id.to_string(), payment.row.user.to_string());
    let args = [
        ("number", Arg::Html(&number)),
        ("amount", Arg::Money(payment.row.amount)),
        ("name", Arg::Text(name)),
        ("username", Arg::Text(&username)),
        ("user", Arg::Html(&user)),
        ("balance", Arg::Money(tx.available(payment.row.user)?)),
    ];
    let mut caption = texts::say(lang, "admin-transfer", &args);
    if let Some(twin) = same_receipt(tx, payment)? {
        let twin = twin.to_string();
        let warning = texts::say(lang, "admin-transfer-same-receipt", &[("number", Arg::Html(&twin))]);
        caption = format!("{caption}\n\n{warning}");
    }
    let open = matches!(payment.row.state, State::Claimed { .. });
    let last = texts::say(lang, if open { "admin-transfer-decide" } else { "admin-transfer-decided" }, &[]);
    caption = format!("{caption}\n\n{last}");
    let keyboard = buttons(lang, payment.id, open);
    let act = match &payment.row.receipt {
        Some(receipt) => Act::Media {
            kind: if receipt.photo { MediaKind::Photo } else { MediaKind::Document },
            files: vec![Source::FileId(receipt.file_id.clone())],
            caption,
            keyboard,
        },
        None => Act::Text { text: caption, keyboard, edit: None },
    };
    Ok(Outgoing { chat: admin.chat(), act, about: About::Nothing })
}

fn buttons(lang: Lang, id: PaymentId, open: bool) -> Keyboard {
    let button = |key: &str, word: &str| Button::tap(texts::say(lang, key, &[]), format!("a:{word}:{id}"));
    if !open {
        return vec![vec![button("payment-show", "p")]];
    }
    vec![
        vec![button("admin-approve", "pok")],
        vec![button("admin-other-amount", "psum"), button("admin-reject", "pno")],
    ]
}

/// An operator found the money: `amount` of it comes into the wallet.
pub fn approve(
    shop: &Shop,
    tx: &mut Tx<'_>,
    id: PaymentId,
    amount: Kopecks,
    by: UserId,
) -> Result<Result<Payment, NotDecided>, Fault> {
    let Some(mut payment) = tx.payment(id)?.filter(|one| one.row.way == Way::Manual) else {
        return Ok(Err(NotDecided::Unknown));
    };
    if let Err(refused) = next(payment.row.state, Event::Approve) {
        return Ok(Err(refused.into()));
    }
    if !amount.is_positive() || amount > topup::MOST {
        return Ok(Err(NotDecided::Amount));
    }
    payment.row.amount = amount;
    topup::credit(shop, tx, &mut payment, Some(by))?;
    Ok(Ok(payment))
}

/// An operator found no money; the customer is told why.
pub fn reject(
    shop: &Shop,
    tx: &mut Tx<'_>,
    id: PaymentId,
    why: &str,
    by: UserId,
) -> Result<Result<Payment, NotDecided>, Fault> {
    let Some(mut payment) = tx.payment(id)?.filter(|one| one.row.way == Way::Manual) else {
        return Ok(Err(NotDecided::Unknown));
    };
    match next(payment.row.state, Event::Reject) {
        Ok((state, Money::Keep)) => payment.row.state = state,
        Ok(_) => return Err(Fault::Bug(format!("payment {id}: a rejection moves no money"))),
        Err(refused) => return Ok(Err(refused.into())),
    }
    payment.row.steps.push(Step { at: tx.now().at, what: Stepped::Rejected, by: Some(by) });
    tx.put_payment(&payment)?;
    let lang = tx.user(payment.row.user)?.map_or(Lang::default(), |row| row.lang);
    let message = receipt::rejected(shop, tx, lang, &payment, why)?;
    tx.say(message, None)?;
    Ok(Ok(payment))
}

/// Ends the transfers whose time is over, of the first `limit` that wait; says how many.
pub fn expire(tx: &mut Tx<'_>, limit: usize) -> Result<usize, Fault> {
    let now = tx.now().at;
    let mut ended = 0;
    for id in tx.open_payments(now, limit)? {
        let mut payment = match tx.payment(id) {
            // The audit names it; it must not keep all later ones waiting.
            Err(fault @ Fault::Row { .. }) => {
                tracing::warn!(%fault, "a transfer by hand cannot end");
                continue;
            }
            Ok(None) => continue,
            Ok(Some(payment)) => payment,
            Err(fault) => return Err(fault),
        };
        if next(payment.row.state, Event::Expire).is_err() {
            return Err(Fault::Bug(format!("payment {id} is not open and stands among those that are")));
        }
        let was_claimed = matches!(payment.row.state, State::Claimed { .. });
        payment.row.state = State::Expired;
        payment.row.steps.push(Step { at: now, what: Stepped::Expired, by: None });
        tx.put_payment(&payment)?;
        let lang = tx.user(payment.row.user)?.map_or(Lang::default(), |row| row.lang);
        let message = receipt::expired(tx, lang, &payment, was_claimed)?;
        tx.say(message, None)?;
        ended += 1;
    }
    Ok(ended)
}

/// The customer will not pay after all; nothing was sent yet.
pub fn drop(tx: &mut Tx<'_>, user: UserId, id: PaymentId) -> Result<Result<(), NotDecided>, Fault> {
    let Some(mut payment) = own(tx, user, id)? else { return Ok(Err(NotDecided::Unknown)) };
    if !matches!(payment.row.state, State::Asked { .. }) {
        return Ok(Err(Refused::Over.into()));
    }
    payment.row.state = State::Expired;
    payment.row.steps.push(Step { at: tx.now().at, what: Stepped::Expired, by: None });
    tx.put_payment(&payment)?;
    Ok(Ok(()))
}
