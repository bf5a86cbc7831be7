//! An operator's decisions about payments: a transfer by hand is credited or not, a payment goes back.

use super::admin::NotDone;
use super::refund::{self, NotBack};
use super::transfer::{self, NotDecided};
use super::{Shop, topup};
use crate::ids::{PaymentId, UserId};
use crate::ledger::Account;
use crate::payment::{Event, Refused, State, Way, next};
use crate::store::{Action, Fault, Payment, Tx};

impl From<NotDecided> for NotDone {
    fn from(not: NotDecided) -> Self {
        match not {
            NotDecided::Unknown => Self::NoPayment,
            NotDecided::Refused(refused) => refused.into(),
            NotDecided::Amount => Self::TooLarge,
        }
    }
}

impl From<NotBack> for NotDone {
    fn from(not: NotBack) -> Self {
        match not {
            NotBack::Unknown => Self::NoPayment,
            NotBack::Refused(refused) => refused.into(),
            NotBack::Spent { missing } => Self::Spent { missing },
        }
    }
}

impl From<Refused> for NotDone {
    /// Also of what was decided in the same way: perhaps over another amount.
    fn from(_: Refused) -> Self {
        Self::Decided
    }
}

/// Whether it could be done now; `None` for an action that is about no payment.
pub(super) fn check(tx: &Tx<'_>, what: &Action) -> Result<Option<Result<(), NotDone>>, Fault> {
    let (id, event) = match what {
        Action::Approve { payment, .. } => (*payment, Event::Approve),
        Action::Reject { payment } => (*payment, Event::Reject),
        Action::RefundPayment { payment } => (*payment, Event::Refund),
        Action::PaidBack { payment, went: true } => (*payment, Event::WentBack),
        Action::PaidBack { payment, went: false } => (*payment, Event::NotRefunded),
        Action::Adjust { .. }
        | Action::Selling { .. }
        | Action::Ban { .. }
        | Action::Unban { .. }
        | Action::RefundJob { .. }
        | Action::SendAgain { .. }
        | Action::Model { .. }
        | Action::PromoNew { .. }
        | Action::PromoOff { .. } => return Ok(None),
    };
    let Some(payment) = tx.payment(id)? else { return Ok(Some(Err(NotDone::NoPayment))) };
    Ok(Some(check_payment(tx, &payment, what, event)?))
}

fn check_payment(
    tx: &Tx<'_>,
    payment: &Payment,
    what: &Action,
    event: Event,
) -> Result<Result<(), NotDone>, Fault> {
    if let Err(refused) = next(payment.row.state, event) {
        return Ok(Err(refused.into()));
    }
    match what {
        Action::Approve { amount, .. } if !amount.is_positive() || *amount > topup::MOST => {
            Ok(Err(NotDone::TooLarge))
        }
        Action::RefundPayment { .. } => {
            let available = tx.available(payment.row.user)?;
            let missing = payment.row.amount.checked_sub(available).filter(|missing| missing.is_positive());
            Ok(missing.map_or(Ok(()), |missing| Err(NotDone::Spent { missing })))
        }
        // Stars go back by Telegram's word alone. What a bank took back by itself is booked by hand.
        Action::PaidBack { .. } if payment.row.way == Way::Stars => Ok(Err(NotDone::Decided)),
        Action::Approve { .. }
        | Action::Reject { .. }
        | Action::PaidBack { .. }
        | Action::Adjust { .. }
        | Action::Selling { .. }
        | Action::Ban { .. }
        | Action::Unban { .. }
        | Action::RefundJob { .. }
        | Action::SendAgain { .. }
        | Action::Model { .. }
        | Action::PromoNew { .. }
        | Action::PromoOff { .. } => Ok(Ok(())),
    }
}

/// Does it, after [`check`]; gives how it was and how it is now, in a few words each.
pub(super) fn perform(
    shop: &Shop,
    tx: &mut Tx<'_>,
    admin: UserId,
    what: &Action,
    reason: &str,
) -> Result<Result<(String, String), NotDone>, Fault> {
    let about_none = || Fault::Bug(format!("{what:?} is about no payment"));
    let id = what.payment().ok_or_else(about_none)?;
    let before = words(tx, id)?;
    let done = match what {
        Action::Approve { amount, .. } => {
            transfer::approve(shop, tx, id, *amount, admin)?.map(drop).map_err(NotDone::from)
        }
        Action::Reject { .. } => {
            transfer::reject(shop, tx, id, reason, admin)?.map(drop).map_err(NotDone::from)
        }
        Action::RefundPayment { .. } => refund::begin(tx, id, admin)?.map(drop).map_err(NotDone::from),
        Action::PaidBack { went, .. } => Ok(refund::by_hand(shop, tx, id, *went, admin)?),
        Action::Adjust { .. }
        | Action::Selling { .. }
        | Action::Ban { .. }
        | Action::Unban { .. }
        | Action::RefundJob { .. }
        | Action::SendAgain { .. }
        | Action::Model { .. }
        | Action::PromoNew { .. }
        | Action::PromoOff { .. } => return Err(about_none()),
    };
    match done {
        Ok(()) => Ok(Ok((before, words(tx, id)?))),
        Err(not) => Ok(Err(not)),
    }
}

/// A payment and its customer's wallet, for the list of actions.
fn words(tx: &Tx<'_>, id: PaymentId) -> Result<String, Fault> {
    let Some(payment) = tx.payment(id)? else { return Ok(String::new()) };
    let state = match payment.row.state {
        State::Asked { .. } => "asked",
        State::Claimed { .. } => "claimed",
        State::Rejected => "rejected",
        State::Expired => "expired",
        State::Paid => "paid",
        State::Refunding => "refunding",
        State::Refunded => "refunded",
        State::ChargedBack => "charged back",
    };
    let counters = tx.account(Account::User(payment.row.user))?.counters;
    let posted =
        counters.posted().ok_or_else(|| Fault::Bug(format!("payment {id}: the wallet does not fit")))?;
    Ok(format!("{state}, {} ₽; wallet {posted} ₽", payment.row.amount))
}
