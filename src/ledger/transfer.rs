//! One movement of money, and every kind of it that there is.

use super::{Account, Kind, Memo, Ref};
use crate::ids::{ActionId, JobId, PaymentId, PromoId, Seq, UserId};
use crate::money::Kopecks;
use crate::time::At;
use serde::{Deserialize, Serialize};

/// One movement of money. Immutable once written; a mistake is mended by another transfer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    /// The idempotency key.
    pub reference: Ref,
    /// What it is.
    pub kind: Kind,
    /// The account it goes out of.
    pub debit: Account,
    /// The account it goes into.
    pub credit: Account,
    /// How much; above zero.
    pub amount: Kopecks,
    /// For a charge or release: the row of the hold it ends.
    pub pending_of: Option<Seq>,
    /// The job it is for.
    pub job: Option<JobId>,
    /// When, by the wall clock.
    pub at: At,
    /// Why.
    pub memo: Memo,
}

impl Transfer {
    /// Reserves `amount` of a customer's money for a job.
    pub fn hold(job: JobId, user: UserId, amount: Kopecks, at: At) -> Self {
        Self {
            reference: Ref::Hold(job),
            kind: Kind::Hold,
            debit: Account::User(user),
            credit: Account::Revenue,
            amount,
            pending_of: None,
            job: Some(job),
            at,
            memo: Memo::Ordered,
        }
    }

    /// Takes `amount` of what a job's hold reserved; the rest is free again.
    pub fn charge(job: JobId, user: UserId, hold: Seq, amount: Kopecks, at: At) -> Self {
        let reference = Ref::Charge(job);
        let pending_of = Some(hold);
        Self {
            reference,
            kind: Kind::Charge,
            pending_of,
            memo: Memo::Delivered,
            ..Self::hold(job, user, amount, at)
        }
    }

    /// Gives a job's hold back whole.
    pub fn release(job: JobId, user: UserId, hold: Seq, amount: Kopecks, at: At, memo: Memo) -> Self {
        let reference = Ref::Release(job);
        let pending_of = Some(hold);
        Self { reference, kind: Kind::Release, pending_of, memo, ..Self::hold(job, user, amount, at) }
    }

    /// Gives `amount` of a job's charge back.
    pub fn refund(job: JobId, user: UserId, amount: Kopecks, at: At, memo: Memo) -> Self {
        Self {
            reference: Ref::Refund(job),
            kind: Kind::Refund,
            debit: Account::Revenue,
            credit: Account::User(user),
            memo,
            ..Self::hold(job, user, amount, at)
        }
    }

    /// Books what a result given away cost the operator.
    pub fn loss(job: JobId, amount: Kopecks, at: At) -> Self {
        Self {
            reference: Ref::Loss(job),
            kind: Kind::Loss,
            debit: Account::Loss,
            credit: Account::Provider,
            amount,
            pending_of: None,
            job: Some(job),
            at,
            memo: Memo::Late,
        }
    }

    /// Brings an outside payment into the wallet, from the operator's account `source`.
    pub fn topup(payment: PaymentId, source: Account, user: UserId, amount: Kopecks, at: At) -> Self {
        Self {
            reference: Ref::Payment(payment),
            kind: Kind::Topup,
            debit: source,
            credit: Account::User(user),
            amount,
            pending_of: None,
            job: None,
            at,
            memo: Memo::Payment(payment),
        }
    }

    /// Reserves a payment's money in the wallet, to go back to `source`: the `nth` try, from 1.
    pub fn pay_hold(
        payment: PaymentId,
        nth: u32,
        user: UserId,
        source: Account,
        amount: Kopecks,
        at: At,
    ) -> Self {
        Self {
            reference: Ref::PayHold(payment, nth),
            kind: Kind::Hold,
            debit: Account::User(user),
            credit: source,
            ..Self::topup(payment, source, user, amount, at)
        }
    }

    /// Ends what [`Transfer::pay_hold`] reserved as row `seq`: it went back, or (`taken` false) did not.
    pub fn pay_hold_end(hold: &Self, seq: Seq, payment: PaymentId, nth: u32, taken: bool, at: At) -> Self {
        let (reference, kind) = if taken {
            (Ref::PayTaken(payment, nth), Kind::Charge)
        } else {
            (Ref::PayReleased(payment, nth), Kind::Release)
        };
        Self { reference, kind, pending_of: Some(seq), at, ..hold.clone() }
    }

    /// Takes a payment out of the wallet that its source took back by itself.
    pub fn chargeback(payment: PaymentId, user: UserId, amount: Kopecks, at: At) -> Self {
        Self {
            reference: Ref::PaymentBack(payment),
            kind: Kind::Adjust,
            debit: Account::User(user),
            credit: Account::Adjust,
            memo: Memo::Chargeback(payment),
            ..Self::topup(payment, Account::Adjust, user, amount, at)
        }
    }

    /// An operator's correction: a credit to the customer, or, when `amount` is negative, a debit.
    pub fn adjust(action: ActionId, user: UserId, amount: Kopecks, at: At) -> Self {
        let (debit, credit) = if amount.is_negative() {
            (Account::User(user), Account::Adjust)
        } else {
            (Account::Adjust, Account::User(user))
        };
        Self {
            reference: Ref::Adjust(action),
            kind: Kind::Adjust,
            debit,
            credit,
            amount: Kopecks::new(amount.get().saturating_abs()),
            pending_of: None,
            job: None,
            at,
            memo: Memo::Action(action),
        }
    }

    /// A gift to a new customer.
    pub fn welcome(user: UserId, amount: Kopecks, at: At) -> Self {
        Self {
            reference: Ref::Welcome(user),
            kind: Kind::Topup,
            debit: Account::Bonus,
            credit: Account::User(user),
            amount,
            pending_of: None,
            job: None,
            at,
            memo: Memo::Welcome,
        }
    }

    /// What a promo code gives to a customer.
    pub fn promo(promo: PromoId, user: UserId, amount: Kopecks, at: At) -> Self {
        let (reference, memo) = (Ref::Promo(promo, user), Memo::Promo(promo));
        Self { reference, memo, ..Self::welcome(user, amount, at) }
    }

    /// A movement in the bot before this one, which is over there: under its row's number, and of no job here.
    pub fn legacy(id: u64, kind: Kind, debit: Account, credit: Account, amount: Kopecks, at: At) -> Self {
        let (reference, memo) = (Ref::Legacy(id), Memo::Legacy);
        Self { reference, kind, debit, credit, amount, pending_of: None, job: None, at, memo }
    }

    /// Brings a wallet to what the bot before this one said was in it: `amount` more, or, below zero, less.
    pub fn legacy_import(user: UserId, amount: Kopecks, at: At) -> Self {
        let (reference, memo) = (Ref::LegacyImport(user), Memo::LegacyImport);
        Self { reference, memo, ..Self::adjust(ActionId(0), user, amount, at) }
    }

    /// Takes `amount` of an old welcome bonus back.
    pub fn legacy_migration(user: UserId, amount: Kopecks, at: At) -> Self {
        let (reference, memo) = (Ref::LegacyMigration(user), Memo::LegacyMigration);
        let taken = Kopecks::new(amount.get().saturating_neg());
        Self { reference, memo, ..Self::adjust(ActionId(0), user, taken, at) }
    }

    /// The first field in which two transfers differ, time aside; `None` when they say the same.
    pub fn difference(&self, other: &Self) -> Option<&'static str> {
        let fields = [
            ("ref", self.reference != other.reference),
            ("kind", self.kind != other.kind),
            ("debit", self.debit != other.debit),
            ("credit", self.credit != other.credit),
            ("amount", self.amount != other.amount),
            ("pending_of", self.pending_of != other.pending_of),
            ("job", self.job != other.job),
            ("memo", self.memo != other.memo),
        ];
        fields.iter().find(|(_, differs)| *differs).map(|(name, _)| *name)
    }
}
