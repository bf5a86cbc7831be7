//! What is looked at from outside while the service runs: how much waits and since when, the money, the
//! day. All of it comes from lengths, ends of tables, the operator's accounts and the index of open jobs;
//! nothing reads the whole file.

use super::codec::decode;
use super::fault::Fault;
use super::jobs::JobRow;
use super::notes::StopRow;
use super::queues::{InboxRow, OutboxRow};
use super::{DayRow, View};
use crate::catalog;
use crate::ledger::Account;
use crate::money::Kopecks;
use crate::time::{At, Moment};
use redb::{ReadableTable, ReadableTableMetadata};
use std::collections::BTreeMap;

/// So many open jobs are read at most; there are more only after hours without the provider.
const JOBS: usize = 20_000;
/// Outbox rows begin with their priority, of which there are so many.
const PRIORITIES: u8 = 4;

/// How things stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figures {
    /// Updates that wait.
    pub updates: u64,
    /// Since when the first of them does.
    pub oldest_update: Option<At>,
    /// Messages that wait.
    pub messages: u64,
    /// Since when the oldest of them does.
    pub oldest_message: Option<At>,
    /// Jobs that are looked at, now or later: how many, by state and model.
    pub jobs: BTreeMap<(&'static str, &'static str), u64>,
    /// Since when a job's money is held.
    pub oldest_hold: Option<At>,
    /// What is held in all.
    pub held: Kopecks,
    /// What all wallets hold, held money included.
    pub wallets: Kopecks,
    /// Rows of the ledger.
    pub ledger_rows: u64,
    /// Payments that went back and never came.
    pub unmatched: u64,
    /// Transfers by hand that wait.
    pub transfers: u64,
    /// What is not sold, with why: `all`, `disk`, or models' ids.
    pub stops: Vec<(String, StopRow)>,
    /// What today brought so far.
    pub today: DayRow,
}

impl View {
    /// How things stand now.
    pub fn figures(&self, now: Moment) -> Result<Figures, Fault> {
        let tables = &self.tables;
        let (jobs, oldest_hold) = self.open_jobs_by_state()?;
        let (held, wallets) = self.held_and_owed()?;
        let mut stops = self.stops()?;
        stops.retain(|(_, stop)| stop.until.is_none_or(|until| now.up < until));
        Ok(Figures {
            updates: self.inbox_depth()?,
            oldest_update: self.oldest_update()?,
            messages: self.outbox_depth()?,
            oldest_message: self.oldest_message()?,
            jobs,
            oldest_hold,
            held,
            wallets,
            ledger_rows: tables.ledger.read()?.len()?,
            unmatched: tables.payments_back_early.read()?.len()?,
            transfers: tables.payments_open.read()?.len()?,
            stops,
            today: self.day(now.at.day())?,
        })
    }

    fn oldest_update(&self) -> Result<Option<At>, Fault> {
        let Some((key, row)) = self.tables.inbox.read()?.first()? else { return Ok(None) };
        let row: InboxRow = decode(&key.value(), row.value())?;
        Ok(Some(row.at))
    }

    /// Within a priority they lie in the order they came.
    fn oldest_message(&self) -> Result<Option<At>, Fault> {
        let outbox = self.tables.outbox.read()?;
        let mut oldest: Option<At> = None;
        for priority in 0..PRIORITIES {
            let Some(first) = outbox.range((priority, 0)..=(priority, u64::MAX))?.next() else { continue };
            let (key, row) = first?;
            let row: OutboxRow = decode(&key.value(), row.value())?;
            oldest = Some(oldest.map_or(row.at, |oldest| oldest.min(row.at)));
        }
        Ok(oldest)
    }

    /// The index of what is looked at has every open job, and those whose late success is watched for.
    #[expect(clippy::type_complexity, reason = "two parts of the figures")]
    fn open_jobs_by_state(&self) -> Result<(BTreeMap<(&'static str, &'static str), u64>, Option<At>), Fault> {
        let (due, jobs) = (self.tables.jobs_due.read()?, self.tables.jobs.read()?);
        let mut counts = BTreeMap::new();
        let mut oldest: Option<At> = None;
        for entry in due.iter()?.take(JOBS) {
            let id = entry?.0.value().1;
            let Some(row) = jobs.get(id)? else { continue };
            let row: JobRow = decode(&id, row.value())?;
            let model = catalog::model(&row.model).map_or("gone", |model| model.id);
            *counts.entry((row.state.name(), model)).or_default() += 1;
            if row.money.hold.is_some() && row.money.settled.is_none() {
                oldest = Some(oldest.map_or(row.created, |oldest| oldest.min(row.created)));
            }
        }
        let rest = due.len()?.saturating_sub(u64::try_from(JOBS).unwrap_or(u64::MAX));
        if rest > 0 {
            counts.insert(("not-looked-at", "any"), rest);
        }
        Ok((counts, oldest))
    }

    /// Customers' side of the books is what the operator's accounts say: all add up to zero.
    fn held_and_owed(&self) -> Result<(Kopecks, Kopecks), Fault> {
        let (mut held, mut owed) = (0_i64, 0_i64);
        for account in Account::OPERATOR {
            let counters = self.account(account)?.counters;
            held = held.saturating_add(counters.credits_pending.get());
            let posted = counters.debits_posted.get().saturating_sub(counters.credits_posted.get());
            owed = owed.saturating_add(posted);
        }
        Ok((Kopecks::new(held), Kopecks::new(owed)))
    }
}
