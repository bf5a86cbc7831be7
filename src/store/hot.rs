//! What most acts of a batch touch: accounts, counts, and the ends of the ledger and of the jobs. It is
//! kept here while the batch runs and written once, at its end, by the same commit.
//!
//! Customers come in any order, so each change of a wallet would write a page of its own. Those that
//! changed lately lie together, in a small table in front of the large one; from time to time all of
//! them move there at once, several to a page.
//!
//! The writer keeps the accounts it wrote from one commit to the next, so that the customers who order now
//! are not looked up again.
//!
//! **Invariants:** accounts and counts are read and written only through here, as are the ledger's rows and
//! jobs within a transaction. What is kept of accounts is what the open file says: a transaction takes it
//! over and gives it back, with its own changes, only when its commit is on disk; after a batch that failed,
//! and with a file that was opened again, there is nothing.

use super::Tx;
use super::accounts::{self, AccountRow, LedgerRow, account_key, hash_of};
use super::codec::{decode, put};
use super::days::DayRow;
use super::fault::Fault;
use super::jobs::{self, Job};
use super::runs::{Dues, Run};
use super::stream::StreamRow;
use crate::ids::{JobId, Seq};
use crate::ledger::Account;
use redb::{ReadableTable, ReadableTableMetadata};
use std::collections::{BTreeMap, HashMap};

/// At most so many accounts are kept apart. With 10,000 customers fewer or more write more pages
/// (`benches/README.md`).
pub(super) const LATELY: u64 = 512;

/// The writer keeps at most so many accounts between commits: 2 MB.
const KEPT: usize = 14_000;

/// What the file says.
#[derive(Default)]
pub(super) struct Known {
    accounts: HashMap<i64, Seen>,
    /// How far its changes are shipped; `None` before that was looked up.
    pub(super) stream: Option<StreamRow>,
}

/// An account as its transaction sees it.
#[derive(Default)]
struct Seen {
    row: AccountRow,
    /// True as long as it is not in its table.
    is_new: bool,
}

/// What is not in its table yet, and accounts that are.
#[derive(Default)]
pub(super) struct Hot {
    pub(super) known: Known,
    /// Which accounts are not in their table yet.
    changed: Vec<i64>,
    counters: BTreeMap<String, u64>,
    /// What days added up to: see `days`.
    pub(super) days: BTreeMap<u32, DayRow>,
    /// The last ledger row's number, and its hash.
    head: Option<(u64, [u8; 32])>,
    ledger: Run,
    /// The number of the newest job.
    pub(super) last_job: Option<u64>,
    jobs: Run,
    /// When the jobs among them are due.
    dues: Dues,
}

impl Hot {
    pub(super) fn with(known: Known) -> Self {
        Self { known, ..Self::default() }
    }

    /// How many due entries of jobs are not in their table yet.
    pub(super) fn due(&self) -> u64 {
        self.dues.len()
    }

    /// What may be kept once the commit is on disk.
    pub(super) fn known(self) -> Known {
        let Known { accounts, stream } = self.known;
        Known { accounts: if accounts.len() > KEPT { HashMap::new() } else { accounts }, stream }
    }
}

impl Tx<'_> {
    /// An account; all zeros when nothing ever moved it.
    pub fn account(&self, of: Account) -> Result<AccountRow, Fault> {
        match self.hot.known.accounts.get(&account_key(of)) {
            Some(seen) => Ok(seen.row),
            None => accounts::account(&self.tables, of),
        }
    }

    pub(super) fn put_account(&mut self, of: Account, row: AccountRow) {
        let key = account_key(of);
        let seen = self.hot.known.accounts.entry(key).or_default();
        seen.row = row;
        if !seen.is_new {
            seen.is_new = true;
            self.hot.changed.push(key);
        }
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
        let bytes = self.hot.ledger.push(seq.0, row)?;
        self.hot.head = Some((seq.0, hash_of(bytes)));
        Ok(())
    }

    /// One row of the ledger that another row points to.
    pub fn ledger_row(&self, seq: Seq) -> Result<LedgerRow, Fault> {
        match self.hot.ledger.get(seq.0) {
            Some(bytes) => decode(&seq.0, bytes),
            None => accounts::ledger_row(&self.tables, seq),
        }
    }

    /// A job.
    pub fn job(&self, id: JobId) -> Result<Option<Job>, Fault> {
        match self.hot.jobs.get(id.0) {
            Some(bytes) => Ok(Some(Job { id, row: decode(&id.0, bytes)? })),
            None => jobs::job(&self.tables, id),
        }
    }

    /// Adds a job, which must be newer than all others.
    pub(super) fn add_job(&mut self, job: &Job) -> Result<(), Fault> {
        self.hot.last_job = Some(job.id.0);
        if let Some(due) = job.row.due {
            self.hot.dues.push(due.0, job.id.0);
        }
        self.hot.jobs.push(job.id.0, &job.row).map(drop)
    }

    /// Makes sure that a job can be changed where all are.
    pub(super) fn write_jobs_for(&mut self, id: JobId) -> Result<(), Fault> {
        if self.hot.jobs.get(id.0).is_some() { self.write_jobs() } else { Ok(()) }
    }

    /// Makes sure that a walk over the table of jobs sees them all.
    pub(super) fn write_jobs(&mut self) -> Result<(), Fault> {
        if !self.hot.jobs.is_empty() {
            self.hot.jobs.write(self.tables.jobs.write()?)?;
            self.hot.dues.write(self.tables.jobs_due.write()?)?;
        }
        Ok(())
    }

    /// Moves the accounts that changed lately to where all are.
    pub(super) fn settle_accounts(&mut self) -> Result<(), Fault> {
        let mut accounts = self.tables.accounts.write()?;
        for entry in self.tables.accounts_lately.read()?.iter()? {
            let (key, row) = entry?;
            accounts.insert(key.value(), row.value())?;
        }
        self.tables.accounts_lately.write()?.clear()?;
        Ok(())
    }

    fn write_accounts(&mut self) -> Result<(), Fault> {
        if self.hot.changed.is_empty() {
            return Ok(());
        }
        // So many at once lie close together anyway.
        let are_many = self.hot.changed.len() as u64 > LATELY;
        if are_many {
            self.settle_accounts()?;
        }
        let table = if are_many { &mut self.tables.accounts } else { &mut self.tables.accounts_lately };
        self.hot.changed.sort_unstable();
        for key in self.hot.changed.drain(..) {
            let seen = self.hot.known.accounts.entry(key).or_default();
            seen.is_new = false;
            put(table.write()?, key, &seen.row)?;
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
        if !self.hot.ledger.is_empty() {
            self.hot.ledger.write(self.tables.ledger.write()?)?;
        }
        self.write_jobs()?;
        for (name, count) in &self.hot.counters {
            self.tables.counters.write()?.insert(name.as_str(), count)?;
        }
        Ok(())
    }
}
