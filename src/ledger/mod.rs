//! The rules of double entry: who may move what to whom. Pure: given the accounts as they are, a
//! transfer gives either the accounts as they will be, or a named refusal. The store only writes.
//!
//! **Invariants** L1, L2, L4, L5 and L6 of the README are decided here and nowhere else.

mod rules;
#[cfg(test)]
mod tests;
mod transfer;

pub use rules::{Change, Outcome, Refusal, Situation, Standing, apply};
pub use transfer::Transfer;

use crate::ids::{ActionId, JobId, PaymentId, PromoId, UserId};
use crate::money::Kopecks;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The most that an operator gives at once. An account's sums only grow: a slip of the hand would fill the
/// operator's own, and nobody could be given or taken anything any more.
pub const MOST_GIVEN: Kopecks = Kopecks::new(10_000_000_000_000);

/// Whose counters a transfer moves: a customer's, or one of the operator's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Account {
    /// A customer's wallet.
    User(UserId),
    /// What generations earned.
    Revenue,
    /// Stars that came from Telegram.
    CashStars,
    /// Bank transfers an operator confirmed.
    CashManual,
    /// Card payments.
    CashCard,
    /// Gifts: start bonus, promo codes.
    Bonus,
    /// Corrections by an operator, chargebacks, import differences.
    Adjust,
    /// What KIE took for results that were given away.
    Provider,
    /// What results given away cost the operator.
    Loss,
}

impl Account {
    /// The operator's accounts.
    pub const OPERATOR: [Self; 8] = [
        Self::Revenue,
        Self::CashStars,
        Self::CashManual,
        Self::CashCard,
        Self::Bonus,
        Self::Adjust,
        Self::Provider,
        Self::Loss,
    ];

    /// The account's customer, if it is a wallet.
    pub fn user(self) -> Option<UserId> {
        match self {
            Self::User(user) => Some(user),
            Self::Revenue
            | Self::CashStars
            | Self::CashManual
            | Self::CashCard
            | Self::Bonus
            | Self::Adjust
            | Self::Provider
            | Self::Loss => None,
        }
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(user) => write!(f, "user:{user}"),
            Self::Revenue => f.write_str("revenue"),
            Self::CashStars => f.write_str("cash:stars"),
            Self::CashManual => f.write_str("cash:manual"),
            Self::CashCard => f.write_str("cash:card"),
            Self::Bonus => f.write_str("bonus"),
            Self::Adjust => f.write_str("adjust"),
            Self::Provider => f.write_str("provider"),
            Self::Loss => f.write_str("loss"),
        }
    }
}

/// The four counters of an account. They only grow, but for the pending ones, which a capture or
/// release takes back. There is no stored balance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// Reserved to go out.
    pub debits_pending: Kopecks,
    /// Gone out for good.
    pub debits_posted: Kopecks,
    /// Reserved to come in.
    pub credits_pending: Kopecks,
    /// Come in for good.
    pub credits_posted: Kopecks,
}

impl Counters {
    /// All that is there, held money included. `None` when it does not fit.
    pub fn posted(&self) -> Option<Kopecks> {
        self.credits_posted.checked_sub(self.debits_posted)
    }

    /// What may be spent: held money counts as spent (L2). `None` when it does not fit.
    pub fn available(&self) -> Option<Kopecks> {
        self.posted()?.checked_sub(self.debits_pending)
    }

    /// What is reserved.
    pub fn held(&self) -> Kopecks {
        self.debits_pending
    }
}

/// What a transfer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// Money came in.
    Topup,
    /// Money is reserved for a job.
    Hold,
    /// A hold, or a part of it, is taken; the rest is free again.
    Charge,
    /// A hold is given back whole.
    Release,
    /// A charge, or a part of it, is given back.
    Refund,
    /// A correction, either way.
    Adjust,
    /// A result that was given away after its release; the operator's cost.
    Loss,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Topup => "topup",
            Self::Hold => "hold",
            Self::Charge => "charge",
            Self::Release => "release",
            Self::Refund => "refund",
            Self::Adjust => "adjust",
            Self::Loss => "loss",
        })
    }
}

/// The idempotency key of a transfer, derived from what it is for: the same cause, the same key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Ref {
    /// A job's one hold.
    Hold(JobId),
    /// A job's one charge.
    Charge(JobId),
    /// A job's one release.
    Release(JobId),
    /// A job's one refund.
    Refund(JobId),
    /// A job's one loss.
    Loss(JobId),
    /// The credit of an outside payment; the payment's row holds the provider's own id.
    Payment(PaymentId),
    /// What goes back of an outside payment.
    PaymentBack(PaymentId),
    /// An operator's correction.
    Adjust(ActionId),
    /// A customer's start bonus.
    Welcome(UserId),
    /// What is held of a payment, to go back: the payment, and which try it is, from 1.
    PayHold(PaymentId, u32),
    /// The end of that hold: it went back to its source.
    PayTaken(PaymentId, u32),
    /// The other end of it: its source refused.
    PayReleased(PaymentId, u32),
    /// What a promo code gave to a customer.
    Promo(PromoId, UserId),
    /// A row of the bot before this one, by its number there.
    Legacy(u64),
    /// What a customer's old wallet had that its rows did not say, or lacked.
    LegacyImport(UserId),
    /// A customer's old welcome bonus, taken back.
    LegacyMigration(UserId),
}

impl fmt::Display for Ref {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hold(job) => write!(f, "hold:{job}"),
            Self::Charge(job) => write!(f, "charge:{job}"),
            Self::Release(job) => write!(f, "release:{job}"),
            Self::Refund(job) => write!(f, "refund:{job}"),
            Self::Loss(job) => write!(f, "loss:{job}"),
            Self::Payment(payment) => write!(f, "topup:{payment}"),
            Self::PaymentBack(payment) => write!(f, "payback:{payment}"),
            Self::Adjust(action) => write!(f, "adjust:{action}"),
            Self::Welcome(user) => write!(f, "welcome:{user}"),
            Self::PayHold(payment, 1) => write!(f, "payhold:{payment}"),
            Self::PayHold(payment, nth) => write!(f, "payhold:{payment}:{nth}"),
            Self::PayTaken(payment, 1) => write!(f, "paytaken:{payment}"),
            Self::PayTaken(payment, nth) => write!(f, "paytaken:{payment}:{nth}"),
            Self::PayReleased(payment, 1) => write!(f, "payrelease:{payment}"),
            Self::PayReleased(payment, nth) => write!(f, "payrelease:{payment}:{nth}"),
            Self::Promo(promo, user) => write!(f, "promo:{promo}:{user}"),
            Self::Legacy(id) => write!(f, "legacy:{id}"),
            Self::LegacyImport(user) => write!(f, "legacy_import:{user}"),
            Self::LegacyMigration(user) => write!(f, "legacy_migration:{user}"),
        }
    }
}

/// Why the money moved, as a code; names and free text live where they can be blanked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Memo {
    /// An order was confirmed.
    Ordered,
    /// The result is there.
    Delivered,
    /// The generation failed.
    Failed,
    /// The customer cancelled.
    Cancelled,
    /// The result came after the money went back.
    Late,
    /// An operator's action, whose row says why.
    Action(ActionId),
    /// An outside payment, whose row says which.
    Payment(PaymentId),
    /// A payment taken back at its source: the one thing that may put a wallet below zero (L2).
    Chargeback(PaymentId),
    /// A gift to a new customer.
    Welcome,
    /// Telegram would not take the result.
    Undeliverable,
    /// A promo code, whose row says which.
    Promo(PromoId),
    /// It happened in the bot before this one.
    Legacy,
    /// Brings a wallet to what the bot before this one said was in it.
    LegacyImport,
    /// The welcome bonus of the bot before this one is taken back.
    LegacyMigration,
}

impl fmt::Display for Memo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ordered => f.write_str("ordered"),
            Self::Delivered => f.write_str("delivered"),
            Self::Failed => f.write_str("failed"),
            Self::Cancelled => f.write_str("cancelled"),
            Self::Late => f.write_str("late"),
            Self::Action(action) => write!(f, "action:{action}"),
            Self::Payment(payment) => write!(f, "payment:{payment}"),
            Self::Chargeback(payment) => write!(f, "chargeback:{payment}"),
            Self::Welcome => f.write_str("welcome"),
            Self::Undeliverable => f.write_str("undeliverable"),
            Self::Promo(promo) => write!(f, "promo:{promo}"),
            Self::Legacy => f.write_str("legacy"),
            Self::LegacyImport => f.write_str("legacy_import"),
            Self::LegacyMigration => f.write_str("legacy_migration"),
        }
    }
}
