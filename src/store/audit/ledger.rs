//! The ledger's rows, one after the other, oldest first: the chain (L7), what each wallet could
//! afford (L2), what each hold came to (L4), and the counters every account must show (L3).

use super::super::Fault;
use super::super::accounts::{LedgerRow, account_key, decode_ledger, hash_of};
use super::super::tables::ReadTables;
use super::{Rule, owners};
use crate::ids::Seq;
use crate::ledger::{Account, Counters, Kind, Memo, Ref, Transfer};
use crate::money::Kopecks;
use redb::ReadableTable;
use std::collections::HashMap;

/// What the ledger's rows say of one account.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) counters: Counters,
    pub(super) newest: Option<Seq>,
    pub(super) charged_back: bool,
}

/// The rules of money.
pub(super) struct Rules {
    pub(super) sum: Rule,
    pub(super) wallets: Rule,
    pub(super) counters: Rule,
    pub(super) holds: Rule,
    pub(super) jobs: Rule,
    pub(super) payments: Rule,
    pub(super) chain: Rule,
}

/// The ledger as its rows tell it.
#[derive(Default)]
pub(super) struct Told {
    /// By account number.
    pub(super) tallies: HashMap<i64, Tally>,
    /// Holds that have not ended, by row.
    open_holds: HashMap<Seq, Transfer>,
    pub(super) last: u64,
    pub(super) head: [u8; 32],
}

/// Reads the whole ledger.
pub(super) fn check(tables: &ReadTables, rules: &mut Rules) -> Result<Told, Fault> {
    let mut told = Told::default();
    for entry in tables.ledger.read()?.iter()? {
        let (seq, bytes) = entry?;
        let seq = Seq(seq.value());
        let row = decode_ledger(seq.0, bytes.value())?;
        chain(&told, seq, &row, &mut rules.chain);
        let ended = ended_hold(&mut told, seq, &row.transfer, &mut rules.holds);
        tally(&mut told, seq, &row, ended, rules)?;
        owners::of_row(tables, seq, &row.transfer, rules)?;
        (told.head, told.last) = (hash_of(bytes.value()), seq.0);
    }
    Ok(told)
}

fn here(seq: Seq, what: impl Into<String>) -> (String, String) {
    (format!("ledger {seq}"), what.into())
}

/// L7: rows are numbered without a gap, and each carries the hash of the one before it.
fn chain(told: &Told, seq: Seq, row: &LedgerRow, rule: &mut Rule) {
    rule.checked();
    rule.check(Some(seq.0) == told.last.checked_add(1), || {
        here(seq, format!("the row before it is {}, not {}", told.last, seq.0.saturating_sub(1)))
    });
    rule.check(row.prev_hash == told.head, || {
        here(seq, "it carries another hash than the row before it has: that one, or it, was changed")
    });
}

/// L4: a charge or release ends a hold that is open, of the same job and accounts. Gives how much
/// that hold reserved, all of which is pending no more.
fn ended_hold(told: &mut Told, seq: Seq, transfer: &Transfer, rule: &mut Rule) -> Kopecks {
    match transfer.kind {
        // The bot before this one ended its holds itself.
        Kind::Charge if matches!(transfer.reference, Ref::Legacy(_)) => Kopecks::ZERO,
        Kind::Hold => {
            told.open_holds.insert(seq, transfer.clone());
            Kopecks::ZERO
        }
        Kind::Charge | Kind::Release => {
            rule.checked();
            let hold = transfer.pending_of.and_then(|hold| told.open_holds.remove(&hold));
            let Some(hold) = hold else {
                let (row, what) = here(seq, "it ends a hold that is not open: ended before, or never made");
                rule.broken(row, what);
                return Kopecks::ZERO;
            };
            let same =
                hold.job == transfer.job && (hold.debit, hold.credit) == (transfer.debit, transfer.credit);
            let fits = match transfer.kind {
                Kind::Charge => transfer.amount <= hold.amount,
                Kind::Hold | Kind::Release | Kind::Topup | Kind::Refund | Kind::Adjust | Kind::Loss => {
                    transfer.amount == hold.amount
                }
            };
            rule.check(same && fits, || here(seq, format!("it does not fit its hold of {}", hold.amount)));
            hold.amount
        }
        Kind::Topup | Kind::Refund | Kind::Adjust | Kind::Loss => Kopecks::ZERO,
    }
}

/// Adds a row to what its two accounts must show, and checks its pointers to the rows before it.
fn tally(told: &mut Told, seq: Seq, row: &LedgerRow, ended: Kopecks, rules: &mut Rules) -> Result<(), Fault> {
    let transfer = &row.transfer;
    let (reserved, posted) = match transfer.kind {
        Kind::Hold => (transfer.amount, Kopecks::ZERO),
        Kind::Release => (Kopecks::ZERO, Kopecks::ZERO),
        Kind::Charge | Kind::Topup | Kind::Refund | Kind::Adjust | Kind::Loss => {
            (Kopecks::ZERO, transfer.amount)
        }
    };
    let too_large = || Fault::Bug(format!("the sums at ledger row {seq} do not fit"));
    let pend = |counter: Kopecks| counter.checked_add(reserved)?.checked_sub(ended);
    for (account, prev, is_debit) in
        [(transfer.debit, row.prev_debit, true), (transfer.credit, row.prev_credit, false)]
    {
        let tally = told.tallies.entry(account_key(account)).or_default();
        rules.counters.checked();
        rules.counters.check(tally.newest == prev, || {
            let newest = tally.newest.map_or("none".to_owned(), |seq| seq.to_string());
            here(seq, format!("the row of {account} before it is {newest}, it says {prev:?}"))
        });
        tally.newest = Some(seq);
        let counters = &mut tally.counters;
        let (pending, sum) = if is_debit {
            (&mut counters.debits_pending, &mut counters.debits_posted)
        } else {
            (&mut counters.credits_pending, &mut counters.credits_posted)
        };
        *pending = pend(*pending).ok_or_else(too_large)?;
        *sum = sum.checked_add(posted).ok_or_else(too_large)?;
        if is_debit {
            afforded(tally, seq, account, transfer, &mut rules.wallets);
        }
    }
    Ok(())
}

/// L2: no row but a chargeback takes a wallet below zero.
fn afforded(tally: &mut Tally, seq: Seq, account: Account, transfer: &Transfer, rule: &mut Rule) {
    if account.user().is_none() {
        return;
    }
    if matches!(transfer.memo, Memo::Chargeback(_)) {
        tally.charged_back = true;
        return;
    }
    let spends = match transfer.kind {
        Kind::Hold | Kind::Adjust => true,
        // What ends a hold frees money; it may do so below zero, after a chargeback.
        Kind::Charge | Kind::Release | Kind::Topup | Kind::Refund | Kind::Loss => false,
    };
    if spends {
        rule.checked();
        let left = tally.counters.available();
        rule.check(left.is_some_and(|left| !left.is_negative()), || {
            here(seq, format!("it takes {account} to {left:?}, below zero"))
        });
    }
}
