//! The accounts against what the ledger's rows add up to: L1, L2, L3.

use super::super::Fault;
use super::super::accounts::{LedgerRow, account_key, account_of_key, account_row, each_account};
use super::super::codec::get;
use super::super::tables::ReadTables;
use super::ledger::{Rules, Told};
use super::{AccountsReport, Broken};
use crate::ids::{Seq, UserId};
use crate::ledger::{Account, Counters, Memo};
use crate::money::Kopecks;

/// Every account, once the ledger is read.
pub(super) fn check(tables: &ReadTables, told: &Told, rules: &mut Rules) -> Result<(), Fault> {
    let mut seen = 0;
    let mut sum = Sum::default();
    each_account(tables, |key, row| {
        let tally = told.tallies.get(&key);
        seen += usize::from(tally.is_some());
        rules.sum.checked();
        sum.add(&row.counters);
        if key > 0 {
            rules.wallets.checked();
            let charged_back = tally.is_some_and(|tally| tally.charged_back);
            rules.wallets.check(!is_below_zero(&row.counters) || charged_back, || {
                (name(key), "the wallet is below zero and nothing was charged back".to_owned())
            });
        }
        rules.counters.checked();
        let counters = tally.map_or(Counters::default(), |tally| tally.counters);
        rules.counters.check(account_of_key(key).is_some(), || (name(key), "nobody's account".to_owned()));
        rules.counters.check(counters == row.counters, || {
            (name(key), format!("its counters are {:?}, its rows add up to {counters:?}", row.counters))
        });
        let newest = tally.and_then(|tally| tally.newest);
        rules.counters.check(row.newest == newest, || {
            (name(key), format!("its newest row is {newest:?}, it says {:?}", row.newest))
        });
        Ok(())
    })?;
    for key in told.tallies.keys().filter(|_| seen < told.tallies.len()) {
        let missing = account_row(tables, *key)?.is_none();
        rules.counters.check(!missing, || (name(*key), "ledger rows moved it and it is missing".to_owned()));
    }
    rules.sum.check(sum.is_zero(), || {
        ("accounts".to_owned(), format!("all accounts add up to {sum:?}, not zero"))
    });
    Ok(())
}

fn name(key: i64) -> String {
    account_of_key(key).map_or(format!("accounts {key}"), |account| format!("accounts {account}"))
}

fn is_below_zero(counters: &Counters) -> bool {
    counters.available().is_none_or(Kopecks::is_negative)
}

/// The sums of L1 in kopecks, wide enough for every account at its limit.
#[derive(Debug, Default)]
struct Sum {
    posted: i128,
    pending: i128,
}

impl Sum {
    fn add(&mut self, counters: &Counters) {
        let of = |credits: Kopecks, debits: Kopecks| i128::from(credits.get()) - i128::from(debits.get());
        self.posted += of(counters.credits_posted, counters.debits_posted);
        self.pending += of(counters.credits_pending, counters.debits_pending);
    }

    fn is_zero(&self) -> bool {
        self.posted == 0 && self.pending == 0
    }
}

/// The cheap check of every minute: all accounts add up to zero, and no wallet that nobody charged
/// back is below it.
pub(super) fn check_alone(tables: &ReadTables) -> Result<AccountsReport, Fault> {
    let (mut sum, mut below) = (Sum::default(), None);
    each_account(tables, |key, row| {
        sum.add(&row.counters);
        if key > 0 && is_below_zero(&row.counters) && !was_charged_back(tables, key, row.newest)? {
            let what = "the wallet is below zero and nothing was charged back (L2)".to_owned();
            below = Some(Broken { row: name(key), what });
        }
        Ok(())
    })?;
    let sum_kopecks = sum.posted.saturating_add(sum.pending);
    if below.is_some() || sum.is_zero() {
        return Ok(AccountsReport { sum_kopecks, broken: below });
    }
    let what = format!("all accounts add up to {sum:?}, not zero (L1)");
    Ok(AccountsReport { sum_kopecks, broken: Some(Broken { row: "accounts".to_owned(), what }) })
}

fn was_charged_back(tables: &ReadTables, key: i64, newest: Option<Seq>) -> Result<bool, Fault> {
    let wallet = Account::User(UserId(key));
    debug_assert_eq!(account_key(wallet), key);
    let mut next = newest;
    while let Some(seq) = next {
        let Some(row) = get::<_, LedgerRow>(tables.ledger.read()?, seq.0)? else { return Ok(false) };
        if row.transfer.debit == wallet && matches!(row.transfer.memo, Memo::Chargeback(_)) {
            return Ok(true);
        }
        // Pointers only lead back; one that does not would lead round for ever.
        next = row.prev(wallet).filter(|prev| *prev < seq);
    }
    Ok(false)
}
