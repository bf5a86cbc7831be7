//! What the bot before this one knew of its customers' money: its rows as they were, and what became of
//! them in the ledger. They are read, never worked on; its generations are among them, as history.

use super::accounts::{Posted, each_account, ledger_row};
use super::codec::{Row, decode, get, put};
use super::fault::Fault;
use super::tables::Tables;
use super::{AccountRow, LedgerRow, Tx, View};
use crate::ids::{Seq, UserId};
use crate::ledger::{Account, Kind, Ref, Refusal, Standing, Transfer};
use crate::money::Kopecks;
use crate::time::At;
use redb::ReadableTable;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::HashMap;

/// (Customer, table, number): see `tables`.
type Key = (i64, u8, u64);

/// A row of the bot before this one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LegacyRow {
    /// What it was.
    pub kind: LegacyKind,
    /// How much; never below zero. A job's price.
    pub amount: Kopecks,
    /// When.
    pub at: At,
    /// The ref it had there; a job's model and how it ended. Empty: it had none, or its customer is forgotten.
    pub reference: String,
    /// The ledger row it became, if it moved money for good.
    pub seq: Option<Seq>,
}

impl Row for LegacyRow {
    const TABLE: &'static str = "legacy_rows";
    const IS_CUSTOMERS: bool = true;
}

/// What a row of the bot before this one was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LegacyKind {
    /// Money came in.
    Topup,
    /// A generation was paid for.
    Charge,
    /// That went back.
    Refund,
    /// Money was reserved.
    Hold,
    /// It was free again.
    Release,
    /// A correction; which way is not known.
    Adjust,
    /// A generation.
    Job,
}

impl LegacyKind {
    /// Where among the tables of the bot before it was: its numbers count from one in each.
    fn table(self) -> u8 {
        match self {
            Self::Topup | Self::Charge | Self::Refund | Self::Hold | Self::Release | Self::Adjust => 0,
            Self::Job => 1,
        }
    }
}

/// Whose old welcome bonus may be taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Only who has at least so much to spend,
    pub least: Kopecks,
    /// and at most so much,
    pub most: Kopecks,
    /// and more than this, which is left to them.
    pub keep: Kopecks,
}

/// A customer who has nothing but the welcome bonus of the bot before this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Who.
    pub user: UserId,
    /// What they may spend.
    pub balance: Kopecks,
    /// What they were given.
    pub welcome: Kopecks,
    /// Since when they have it.
    pub since: At,
}

/// Why a welcome bonus is not taken back. Nothing has moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// It was, before.
    #[error("it was taken back before")]
    Before,
    /// The wallet is not, or no longer, that of a [`Candidate`].
    #[error("the wallet has changed: {available} ₽ are to spend, {held} ₽ are held")]
    Changed {
        /// What may be spent now.
        available: Kopecks,
        /// What is held now.
        held: Kopecks,
    },
    /// The ledger refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

/// A ref that the bot before this one gave to its welcome bonus: these words and no others.
pub fn is_welcome(reference: &str) -> bool {
    reference.starts_with("welcome_") || reference.starts_with("welcome:")
}

/// The row of a customer that became a ledger row, by its number in the bot before this one.
pub(super) fn legacy_row<T: Tables>(tables: &T, user: UserId, id: u64) -> Result<Option<LegacyRow>, Fault> {
    get(tables.legacy_rows()?, (user.0, 0, id))
}

/// A customer's rows with their keys, in the order of their numbers, generations last.
fn rows_of<T: Tables>(tables: &T, user: UserId) -> Result<Vec<(Key, LegacyRow)>, Fault> {
    let mut rows = Vec::new();
    for entry in tables.legacy_rows()?.range((user.0, 0, 0)..=(user.0, u8::MAX, u64::MAX))? {
        let (key, row) = entry?;
        rows.push((key.value(), decode(&key.value(), row.value())?));
    }
    Ok(rows)
}

/// The customer's bonus, if it is all they ever got and they may be asked to give it back.
fn candidate<T: Tables>(
    tables: &T,
    row_of: impl Fn(Seq) -> Result<LedgerRow, Fault>,
    (user, account): (UserId, &AccountRow),
    window: Window,
) -> Result<Option<Candidate>, Fault> {
    let Some(balance) = account.counters.available() else { return Ok(None) };
    let is_asked = account.migrated.is_none() && account.imported.is_some();
    let fits = window.least <= balance && balance <= window.most && balance > window.keep;
    if !is_asked || !fits || account.counters.held() != Kopecks::ZERO {
        return Ok(None);
    }
    let (mut welcome, mut since) = (Kopecks::ZERO, None);
    for (_, row) in rows_of(tables, user)? {
        match row.kind {
            LegacyKind::Topup if is_welcome(&row.reference) => {
                let Some(sum) = welcome.checked_add(row.amount) else { return Ok(None) };
                welcome = sum;
                since = Some(since.map_or(row.at, |since| row.at.min(since)));
            }
            // A generation moved no money by itself.
            LegacyKind::Job => {}
            LegacyKind::Topup
            | LegacyKind::Charge
            | LegacyKind::Refund
            | LegacyKind::Hold
            | LegacyKind::Release
            | LegacyKind::Adjust => return Ok(None),
        }
    }
    let Some(since) = since else { return Ok(None) };
    // Who paid, bought or was corrected here has more than a bonus; an order that failed moved nothing.
    let mut next = account.newest;
    while let Some(seq) = next {
        let row = row_of(seq)?;
        let is_old = matches!(row.transfer.reference, Ref::Legacy(_) | Ref::LegacyImport(_));
        if !is_old && !matches!(row.transfer.kind, Kind::Hold | Kind::Release) {
            return Ok(None);
        }
        next = row.prev(Account::User(user));
    }
    Ok(Some(Candidate { user, balance, welcome, since }))
}

impl View {
    /// Whose the rows are that moved money in the bot before this one, by their numbers there.
    pub fn legacy_owners(&self) -> Result<HashMap<u64, UserId>, Fault> {
        let mut owners = HashMap::new();
        for entry in self.tables.legacy_rows.read()?.iter()? {
            let (key, row) = entry?;
            let (user, _, id) = key.value();
            let row: LegacyRow = decode(&key.value(), row.value())?;
            if row.seq.is_some() {
                owners.insert(id, UserId(user));
            }
        }
        Ok(owners)
    }

    /// Whose old welcome bonus may be taken back, the newest wallet first.
    pub fn welcome_candidates(&self, window: Window) -> Result<Vec<Candidate>, Fault> {
        let mut found = Vec::new();
        each_account(&self.tables, |key, account| {
            if key > 0 {
                let who = (UserId(key), &account);
                found.extend(candidate(&self.tables, |seq| ledger_row(&self.tables, seq), who, window)?);
            }
            Ok(())
        })?;
        found.sort_by_key(|one| Reverse((one.since, one.user)));
        Ok(found)
    }
}

impl Tx<'_> {
    /// All that the bot before this one knew of a customer's money, in the order of its numbers; then their
    /// generations there.
    pub fn legacy_of(&self, user: UserId) -> Result<Vec<LegacyRow>, Fault> {
        Ok(rows_of(&self.tables, user)?.into_iter().map(|(_, row)| row).collect())
    }

    /// The row of a customer that moved money, by its number in the bot before this one.
    pub fn legacy_row(&self, user: UserId, id: u64) -> Result<Option<LegacyRow>, Fault> {
        legacy_row(&self.tables, user, id)
    }

    /// Keeps a row of the bot before this one under its number there; false: it is here already.
    pub fn add_legacy(&mut self, user: UserId, id: u64, row: &LegacyRow) -> Result<bool, Fault> {
        let key = (user.0, row.kind.table(), id);
        if self.tables.legacy_rows.read()?.get(key)?.is_some() {
            return Ok(false);
        }
        put(self.tables.legacy_rows.write()?, key, row)?;
        Ok(true)
    }

    /// Moves what moved in the bot before this one. Its row there, which the caller adds, names the ledger row.
    pub fn transfer_legacy(&mut self, transfer: &Transfer) -> Result<Result<Seq, Refusal>, Fault> {
        Ok(self.post(transfer, None, Standing::Nothing, None)?.map(Posted::seq))
    }

    /// Notes that a customer's old wallet was brought along, by this row and those before it.
    pub fn note_imported(&mut self, user: UserId, seq: Seq) -> Result<(), Fault> {
        let mut row = self.account(Account::User(user))?;
        row.imported = Some(seq);
        self.put_account(Account::User(user), row);
        Ok(())
    }

    /// Takes an old welcome bonus back, once a customer, if they are still a [`Candidate`].
    pub fn take_welcome_back(
        &mut self,
        user: UserId,
        window: Window,
    ) -> Result<Result<Seq, NotTaken>, Fault> {
        let wallet = Account::User(user);
        let account = self.account(wallet)?;
        if account.migrated.is_some() {
            return Ok(Err(NotTaken::Before));
        }
        let found = candidate(&self.tables, |seq| self.ledger_row(seq), (user, &account), window)?;
        let (available, held) = (self.available(user)?, account.counters.held());
        let amount = found.and_then(|found| found.balance.checked_sub(window.keep));
        let Some(amount) = amount else { return Ok(Err(NotTaken::Changed { available, held })) };
        let transfer = Transfer::legacy_migration(user, amount, self.now.at);
        let posted = match self.post(&transfer, None, Standing::Nothing, None)? {
            Ok(posted) => posted,
            Err(refusal) => return Ok(Err(refusal.into())),
        };
        let mut row = self.account(wallet)?;
        row.migrated = Some(posted.seq());
        self.put_account(wallet, row);
        Ok(Ok(posted.seq()))
    }

    /// Takes the words out of a customer's old rows; amounts and dates stay.
    pub fn cut_legacy(&mut self, user: UserId) -> Result<(), Fault> {
        for (key, mut row) in rows_of(&self.tables, user)? {
            row.reference.clear();
            put(self.tables.legacy_rows.write()?, key, &row)?;
        }
        Ok(())
    }
}
