//! What may move: a transfer against the accounts as they are gives the accounts as they will be, or
//! a named refusal.

use super::{Account, Counters, Kind, Memo, Ref, Transfer};
use crate::ids::Seq;
use crate::money::Kopecks;

/// How the money of one job stands, or of a payment that goes back. Its own row keeps it, as row numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// No transfer yet.
    #[default]
    Nothing,
    /// Reserved: so much.
    Held(Kopecks),
    /// Taken: so much.
    Charged(Kopecks),
    /// Given back after it was taken.
    Refunded,
    /// Given back without being taken.
    Released,
    /// Given back, and the result was delivered all the same.
    Lost,
}

/// What the store read for one transfer.
#[derive(Clone, Copy, Debug)]
pub struct Situation<'a> {
    /// The row that already has this transfer's ref.
    pub same_ref: Option<&'a Transfer>,
    /// The debit account.
    pub debit: Counters,
    /// The credit account.
    pub credit: Counters,
    /// The money of the transfer's job or payment.
    pub standing: Standing,
    /// The hold of the transfer's job or payment, and the row it is.
    pub hold: Option<(Seq, &'a Transfer)>,
}

/// The accounts as they will be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// The debit account.
    pub debit: Counters,
    /// The credit account.
    pub credit: Counters,
}

/// What a transfer that is not refused does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is new: write this.
    Applied(Change),
    /// It stands already, with the same contents: nothing to do.
    Exists,
}

/// Why a transfer is refused. Nothing has moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The wallet holds less than needed.
    #[error("not enough money: {missing} ₽ are missing")]
    Short {
        /// So much is missing.
        missing: Kopecks,
    },
    /// Another transfer has this ref already, and says something else.
    #[error("a transfer with this ref stands already and differs in its {0}")]
    ExistsDifferent(&'static str),
    /// Zero or less.
    #[error("a transfer moves more than zero")]
    NotPositive,
    /// Out of and into the same account, or between accounts that never trade so.
    #[error("this kind of transfer does not go between these accounts")]
    WrongAccounts,
    /// A charge or release without a hold.
    #[error("there is no hold")]
    NoHold,
    /// The hold was charged before.
    #[error("the hold is charged already")]
    AlreadyCharged,
    /// The hold was given back before.
    #[error("the hold is released already")]
    AlreadyReleased,
    /// More than was held, or not all of it in a release; or the hold of another job, payment or wallet.
    #[error("this is not what was held")]
    NotTheHold,
    /// A refund of what was not charged, or of more, or to another wallet.
    #[error("the refund is more than was charged")]
    NotCharged,
    /// The charge went back before.
    #[error("the charge is refunded already")]
    AlreadyRefunded,
    /// A loss without a release before it.
    #[error("a loss comes only after a release, once")]
    NoLoss,
    /// The counters would not fit into 64 bits.
    #[error("the amount is too large")]
    TooLarge,
}

/// Decides one transfer: the change to write, `Exists`, or a refusal.
pub fn apply(now: &Situation<'_>, transfer: &Transfer) -> Result<Outcome, Refusal> {
    if let Some(existing) = now.same_ref {
        return match existing.difference(transfer) {
            None => Ok(Outcome::Exists),
            Some(field) => Err(Refusal::ExistsDifferent(field)),
        };
    }
    if !transfer.amount.is_positive() {
        return Err(Refusal::NotPositive);
    }
    if !accounts_fit(transfer) {
        return Err(Refusal::WrongAccounts);
    }
    let change = match transfer.kind {
        // It happened elsewhere, its hold is not known here, and it is nobody's order (L2).
        Kind::Charge | Kind::Refund if is_legacy(transfer) => post(now, transfer.amount),
        Kind::Hold => reserve(now, transfer),
        Kind::Charge => end_hold(now, transfer, transfer.amount),
        Kind::Release => end_hold(now, transfer, Kopecks::ZERO),
        Kind::Refund => match now.standing {
            Standing::Charged(charged) if transfer.amount <= charged && goes_back(now, transfer) => {
                post(now, transfer.amount)
            }
            Standing::Refunded => Err(Refusal::AlreadyRefunded),
            Standing::Charged(_)
            | Standing::Nothing
            | Standing::Held(_)
            | Standing::Released
            | Standing::Lost => Err(Refusal::NotCharged),
        },
        Kind::Loss if now.standing == Standing::Released => post(now, transfer.amount),
        Kind::Loss => Err(Refusal::NoLoss),
        Kind::Topup => post(now, transfer.amount),
        Kind::Adjust => adjust(now, transfer),
    };
    change.map(Outcome::Applied)
}

/// Which kinds of accounts a kind of transfer goes between.
fn accounts_fit(transfer: &Transfer) -> bool {
    let out_of_wallet = transfer.debit.user().is_some();
    let into_wallet = transfer.credit.user().is_some();
    match transfer.kind {
        Kind::Topup => into_wallet && (is_cash(transfer.debit) || transfer.debit == Account::Bonus),
        // A job's money goes to the revenue, a payment's back to where it came from.
        Kind::Hold | Kind::Charge | Kind::Release => {
            let to = transfer.credit;
            let for_a_job = transfer.job.is_some() || is_legacy(transfer);
            out_of_wallet && if for_a_job { to == Account::Revenue } else { is_cash(to) }
        }
        Kind::Refund => into_wallet && transfer.debit == Account::Revenue,
        Kind::Adjust => out_of_wallet != into_wallet,
        Kind::Loss => transfer.debit == Account::Loss && transfer.credit == Account::Provider,
    }
}

/// A movement in the bot before this one.
fn is_legacy(transfer: &Transfer) -> bool {
    matches!(transfer.reference, Ref::Legacy(_))
}

/// An account that money comes in through.
fn is_cash(account: Account) -> bool {
    matches!(account, Account::CashStars | Account::CashManual | Account::CashCard)
}

fn reserve(now: &Situation<'_>, transfer: &Transfer) -> Result<Change, Refusal> {
    match now.standing {
        Standing::Nothing => {}
        Standing::Held(_) => return Err(Refusal::NotTheHold),
        Standing::Charged(_) | Standing::Refunded => return Err(Refusal::AlreadyCharged),
        Standing::Released | Standing::Lost => return Err(Refusal::AlreadyReleased),
    }
    enough(&now.debit, transfer.amount)?;
    let mut change = Change { debit: now.debit, credit: now.credit };
    change.debit.debits_pending = add(change.debit.debits_pending, transfer.amount)?;
    change.credit.credits_pending = add(change.credit.credits_pending, transfer.amount)?;
    Ok(change)
}

/// Takes the pending amount back on both sides and posts `taken` of it.
fn end_hold(now: &Situation<'_>, transfer: &Transfer, taken: Kopecks) -> Result<Change, Refusal> {
    let held = match now.standing {
        Standing::Held(held) => held,
        Standing::Nothing => return Err(Refusal::NoHold),
        Standing::Charged(_) | Standing::Refunded => return Err(Refusal::AlreadyCharged),
        Standing::Released | Standing::Lost => return Err(Refusal::AlreadyReleased),
    };
    let own = now.hold.is_some_and(|(seq, hold)| {
        let sides = (transfer.debit, transfer.credit) == (hold.debit, hold.credit);
        transfer.pending_of == Some(seq) && transfer.job == hold.job && sides
    });
    let whole = transfer.amount == held;
    let part = transfer.kind == Kind::Charge && transfer.amount <= held;
    if !own || !(whole || part) {
        return Err(Refusal::NotTheHold);
    }
    let mut change = Change { debit: now.debit, credit: now.credit };
    change.debit.debits_pending = subtract(change.debit.debits_pending, held)?;
    change.credit.credits_pending = subtract(change.credit.credits_pending, held)?;
    change.debit.debits_posted = add(change.debit.debits_posted, taken)?;
    change.credit.credits_posted = add(change.credit.credits_posted, taken)?;
    Ok(change)
}

/// Money goes back to the wallet that it was held in.
fn goes_back(now: &Situation<'_>, transfer: &Transfer) -> bool {
    now.hold.is_some_and(|(_, hold)| {
        transfer.job == hold.job && (transfer.debit, transfer.credit) == (hold.credit, hold.debit)
    })
}

fn adjust(now: &Situation<'_>, transfer: &Transfer) -> Result<Change, Refusal> {
    if matches!(transfer.memo, Memo::Chargeback(_)) {
        return match now.standing {
            Standing::Nothing | Standing::Released => post(now, transfer.amount),
            // It is held to go back: what is held is taken, not as much again (L6).
            Standing::Held(_) => Err(Refusal::NotTheHold),
            Standing::Charged(_) | Standing::Refunded | Standing::Lost => Err(Refusal::AlreadyRefunded),
        };
    }
    if transfer.debit.user().is_some() {
        enough(&now.debit, transfer.amount)?;
    }
    post(now, transfer.amount)
}

fn post(now: &Situation<'_>, amount: Kopecks) -> Result<Change, Refusal> {
    let mut change = Change { debit: now.debit, credit: now.credit };
    change.debit.debits_posted = add(change.debit.debits_posted, amount)?;
    change.credit.credits_posted = add(change.credit.credits_posted, amount)?;
    Ok(change)
}

fn enough(wallet: &Counters, amount: Kopecks) -> Result<(), Refusal> {
    let available = wallet.available().ok_or(Refusal::TooLarge)?;
    if available >= amount {
        return Ok(());
    }
    let missing = amount.checked_sub(available).ok_or(Refusal::TooLarge)?;
    Err(Refusal::Short { missing })
}

fn add(counter: Kopecks, amount: Kopecks) -> Result<Kopecks, Refusal> {
    counter.checked_add(amount).ok_or(Refusal::TooLarge)
}

/// Pending counters hold at least every open hold (L3), so going below zero is our own mistake.
fn subtract(counter: Kopecks, amount: Kopecks) -> Result<Kopecks, Refusal> {
    let left = counter.checked_sub(amount).ok_or(Refusal::TooLarge)?;
    assert!(!left.is_negative(), "a hold of {amount} ₽ ends, but only {counter} ₽ are pending");
    Ok(left)
}
