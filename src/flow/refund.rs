//! A payment goes back to where it came from: what is still in the wallet is held, then its source is
//! told; what the source says ends the hold. A machine of its own, `payment::next`.
//!
//! **Invariant** L6: it goes back once, whoever says so first: the answer to our call, Telegram's word,
//! or the list of Star transactions.

use super::alarm::{self, Alarm};
use super::{Shop, lang_of, receipt, referral};
use crate::ids::{PaymentId, UserId, about};
use crate::ledger::{Refusal, Transfer};
use crate::message::{About, Act, Outgoing};
use crate::money::Kopecks;
use crate::payment::{Event, Money, Refused, Way, next};
use crate::store::{Fault, Payment, PaymentRow, Step, Stepped, Tx};

/// Why nothing goes back. No money moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotBack {
    /// There is no such payment.
    #[error("there is no such payment")]
    Unknown,
    /// The state of the payment does not allow it.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The money is spent: only what is still in the wallet goes back.
    #[error("{missing} ₽ of it are not in the wallet any more")]
    Spent {
        /// So much is missing.
        missing: Kopecks,
    },
}

/// An operator wants a payment to go back: holds its money and, for Stars, tells Telegram.
pub fn begin(tx: &mut Tx<'_>, id: PaymentId, by: UserId) -> Result<Result<Payment, NotBack>, Fault> {
    let Some(mut payment) = tx.payment(id)? else { return Ok(Err(NotBack::Unknown)) };
    let state = match next(payment.row.state, Event::Refund) {
        Ok((state, Money::Hold)) => state,
        Ok(_) => return Err(Fault::Bug(format!("payment {id}: a refund begins with a hold"))),
        Err(refused) => return Ok(Err(refused.into())),
    };
    let PaymentRow { user, way, amount, .. } = payment.row;
    let nth = u32::try_from(payment.row.money.tries.len() + 1)
        .map_err(|_| Fault::Bug(format!("payment {id} has too many tries")))?;
    let hold = Transfer::pay_hold(id, nth, user, way.account(), amount, tx.now().at);
    match tx.transfer_for_payment(&mut payment, &hold)? {
        Ok(_) => {}
        Err(Refusal::Short { missing }) => return Ok(Err(NotBack::Spent { missing })),
        Err(refusal) => return Err(Fault::Bug(format!("payment {id}: the hold is refused: {refusal}"))),
    }
    payment.row.state = state;
    payment.row.steps.push(Step { at: tx.now().at, what: Stepped::RefundBegun, by: Some(by) });
    tx.put_payment(&payment)?;
    let message = match (way, payment.row.charge.clone()) {
        (Way::Stars, Some(charge)) => {
            Outgoing { chat: user.chat(), act: Act::RefundStars { charge }, about: About::Refund(id) }
        }
        (Way::Stars, None) => return Err(Fault::Bug(format!("payment {id} came without its charge"))),
        // The operator sends the money, which may take days.
        (Way::Card | Way::Manual, _) => receipt::going_back(tx, lang_of(tx, user)?, &payment)?,
    };
    tx.say(message, None)?;
    Ok(Ok(payment))
}

/// Ends what a refund held: the money is gone for good, or free again.
fn end_hold(tx: &mut Tx<'_>, payment: &mut Payment, taken: bool) -> Result<(), Fault> {
    let id = payment.id;
    let tries = &payment.row.money.tries;
    let Some(last) = tries.last().copied().filter(|last| last.ended.is_none()) else {
        return Err(Fault::Bug(format!("payment {id} goes back and holds nothing")));
    };
    let nth =
        u32::try_from(tries.len()).map_err(|_| Fault::Bug(format!("payment {id} has too many tries")))?;
    let hold = tx.ledger_row(last.hold)?.transfer;
    let end = Transfer::pay_hold_end(&hold, last.hold, id, nth, taken, tx.now().at);
    match tx.transfer_for_payment(payment, &end)? {
        Ok(_) => Ok(()),
        Err(refusal) => Err(Fault::Bug(format!("payment {id}: the end of its hold is refused: {refusal}"))),
    }
}

/// The source says that a payment went back: what was held for it is taken, and what nobody here wanted
/// back is taken out of the wallet, even below zero. A repeat does nothing.
pub fn went_back(shop: &Shop, tx: &mut Tx<'_>, id: PaymentId) -> Result<(), Fault> {
    taken(shop, tx, id, None)
}

fn taken(shop: &Shop, tx: &mut Tx<'_>, id: PaymentId, by: Option<UserId>) -> Result<(), Fault> {
    let Some(mut payment) = tx.payment(id)? else { return Ok(()) };
    let lang = lang_of(tx, payment.row.user)?;
    match next(payment.row.state, Event::WentBack) {
        Ok((state, Money::Take)) => {
            end_hold(tx, &mut payment, true)?;
            payment.row.state = state;
            payment.row.steps.push(Step { at: tx.now().at, what: Stepped::Refunded, by });
            tx.put_payment(&payment)?;
            let (number, user) = (payment.id.0, payment.row.user);
            tx.after_commit(move || {
                about(None, None, user).in_scope(|| tracing::info!(payment = number, "paid back"));
            });
            let message = receipt::went_back(tx, lang, &payment, true)?;
            tx.say(message, None)?;
            referral::went_back(tx, &payment)
        }
        Ok((_, Money::ChargeBack)) => {
            tx.charge_back(id)?;
            let message = receipt::went_back(tx, lang, &payment, false)?;
            tx.say(message, None)?;
            referral::went_back(tx, &payment)?;
            let what = format!("№ {id}, {}, {} ₽", payment.row.user, payment.row.amount);
            alarm::raise(shop, tx, Alarm::ChargedBack(&id.to_string()), &what)
        }
        Ok((_, Money::Keep | Money::Credit | Money::Hold | Money::Release)) => {
            Err(Fault::Bug(format!("payment {id}: what went back is taken")))
        }
        Err(Refused::Before | Refused::Over) => Ok(()),
        Err(Refused::Early) => {
            let what = format!("№ {id} went back and never came");
            alarm::raise(shop, tx, Alarm::PaymentOdd(&id.to_string()), &what)
        }
    }
}

/// The same by the source's own id. One that has not come yet is remembered until it does.
pub fn went_back_of(shop: &Shop, tx: &mut Tx<'_>, way: Way, charge: &str) -> Result<(), Fault> {
    match tx.payment_of_charge(way, charge)? {
        Some(id) => went_back(shop, tx, id),
        None => tx.remember_back(way, charge),
    }
}

/// The source will not take a payment back: the money is free again, and the operator is told why.
pub fn refused(shop: &Shop, tx: &mut Tx<'_>, id: PaymentId, why: &str) -> Result<(), Fault> {
    match not_taken(tx, id, None)? {
        Some(_) => alarm::raise(shop, tx, Alarm::RefundRefused(&id.to_string()), &format!("№ {id}: {why}")),
        None => Ok(()),
    }
}

/// Frees what was held to go back. `None` when it is over: Telegram's own word came first.
fn not_taken(tx: &mut Tx<'_>, id: PaymentId, by: Option<UserId>) -> Result<Option<Payment>, Fault> {
    let Some(mut payment) = tx.payment(id)? else { return Ok(None) };
    let state = match next(payment.row.state, Event::NotRefunded) {
        Ok((state, Money::Release)) => state,
        Ok(_) => return Err(Fault::Bug(format!("payment {id}: a refused refund is released"))),
        Err(Refused::Before | Refused::Over | Refused::Early) => return Ok(None),
    };
    end_hold(tx, &mut payment, false)?;
    payment.row.state = state;
    payment.row.steps.push(Step { at: tx.now().at, what: Stepped::RefundRefused, by });
    tx.put_payment(&payment)?;
    Ok(Some(payment))
}

/// An operator sent the money of a payment back with their own hands, or could not; the customer is told.
pub(super) fn by_hand(
    shop: &Shop,
    tx: &mut Tx<'_>,
    id: PaymentId,
    went: bool,
    by: UserId,
) -> Result<(), Fault> {
    if went {
        return taken(shop, tx, id, Some(by));
    }
    let Some(payment) = not_taken(tx, id, Some(by))? else { return Ok(()) };
    let message = receipt::not_back(shop, tx, lang_of(tx, payment.row.user)?, &payment)?;
    tx.say(message, None)?;
    Ok(())
}
