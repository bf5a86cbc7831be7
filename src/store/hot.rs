//! What most acts of a batch touch: accounts, counts, and where the ledger and the jobs end. It is kept
//! here while the batch runs and written once, at its end, by the same commit.
//!
//! Customers come in any order, so each change of a wallet would write a page of its own. Those that
//! changed lately lie together, in a small table in front of the large one; from time to time all of
//! them move there at once, several to a page.
//!
//! **Invariant:** within a transaction accounts and counts are read and written only through here.

use super::Tx;
use super::accounts::{self, AccountRow, LedgerRow, account_key, hash_of};
use super::codec::{encode, put};
use super::days::DayRow;
use super::fault::Fault;
use crate::ids::Seq;
use crate::ledger::Account;
use redb::{ReadableTable, ReadableTableMetadata};
use std::collections::BTreeMap;

/// At most so many accounts are kept apart. With 10,000 customers fewer or more write more pages
/// (`benches/README.md`).
pub(super) const LATELY: u64 = 512;

/// What is not in its table yet.
#[derive(Default)]
pub(super) struct Hot {
    accounts: BTreeMap<i64, AccountRow>,
    counters: BTreeMap<String, u64>,
    /// What days added up to: see `days`.
    pub(super) days: BTreeMap<u32, DayRow>,
    /// The last ledger row's number, and its hash.
    head: Option<(u64, [u8; 32])>,
    /// The number of the newest job.
    pub(super) last_job: Option<u64>,
}

impl Tx<'_> {
    /// An account; all zeros when nothing ever moved it.
    pub fn account(&self, of: Account) -> Result<AccountRow, Fault> {
        match self.hot.accounts.get(&account_key(of)) {
            Some(row) => Ok(*row),
            None => accounts::account(&self.tables, of),
        }
    }

    pub(super) fn put_account(&mut self, of: Account, row: AccountRow) {
        self.hot.accounts.insert(account_key(of), row);
    }

    /// A count, or the last number given of a series; 0 when there was none.
    pub(super) fn counter(&self, name: &str) -> Result<u64, Fault> {
        match self.hot.counters.get(name) {
            Some(count) => Ok(*count),
            None => Ok(self.tables.counters.read()?.get(name)?.map_or(0, |count| count.value())),
        }
    }

    pub(super) fn set_counter(&mut self, name: &str, count: u64) {
        match self.hot.counters.get_mut(name) {
            Some(kept) => *kept = count,
            None => drop(self.hot.counters.insert(name.to_owned(), count)),
        }
    }

    /// The last ledger row's number and the hash the next one will carry.
    pub(super) fn head(&self) -> Result<(u64, [u8; 32]), Fault> {
        self.hot.head.map_or_else(|| accounts::head(&self.tables), Ok)
    }

    /// Appends a row to the ledger, which must be the next.
    pub(super) fn add_ledger_row(&mut self, seq: Seq, row: &LedgerRow) -> Result<(), Fault> {
        let bytes = encode(row)?;
        self.tables.ledger.write()?.insert(seq.0, bytes.as_slice())?;
        self.hot.head = Some((seq.0, hash_of(&bytes)));
        Ok(())
    }

    /// Moves the accounts that changed lately to where all are.
    pub(super) fn settle_accounts(&mut self) -> Result<(), Fault> {
        let accounts = self.tables.accounts.write()?;
        for entry in self.tables.accounts_lately.read()?.iter()? {
            let (key, row) = entry?;
            accounts.insert(key.value(), row.value())?;
        }
        self.tables.accounts_lately.write()?.retain(|_, _| false)?;
        Ok(())
    }

    fn write_accounts(&mut self) -> Result<(), Fault> {
        if self.hot.accounts.is_empty() {
            return Ok(());
        }
        // So many at once lie close together anyway.
        let are_many = self.hot.accounts.len() as u64 > LATELY;
        if are_many {
            self.settle_accounts()?;
        }
        let table = if are_many { &mut self.tables.accounts } else { &mut self.tables.accounts_lately };
        for (key, row) in &self.hot.accounts {
            put(table.write()?, key, row)?;
        }
        if self.tables.accounts_lately.read()?.len()? > LATELY {
            self.settle_accounts()?;
        }
        Ok(())
    }

    /// Writes what was kept. Nothing of the transaction comes after it but its commit.
    pub(super) fn write_hot(&mut self) -> Result<(), Fault> {
        self.write_accounts()?;
        for (day, row) in &self.hot.days {
            put(self.tables.days.write()?, *day, row)?;
        }
        for (name, count) in &self.hot.counters {
            self.tables.counters.write()?.insert(name.as_str(), count)?;
        }
        Ok(())
    }
}
