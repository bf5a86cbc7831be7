//! What each day brought and cost, added up in the commits that make it so.
//!
//! A sum over the ledger would read all of a busy day at every look, so the acts that move money for
//! good count themselves: the row of the day is kept in memory while a batch runs, like the operator's
//! accounts (see `hot`), and written once, to one page. An order's hold and its release count nothing.
//! Days before the third schema are empty.

use super::codec::{Row, get};
use super::fault::Fault;
use super::tables::Tables;
use super::{Tx, View};
use crate::ledger::{Account, Kind, Ref, Transfer};
use crate::money::Kopecks;
use serde::{Deserialize, Serialize};

/// A calendar day, UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayRow {
    /// Taken for results.
    pub charged: Kopecks,
    /// Given back of that.
    pub refunded: Kopecks,
    /// Paid in by customers, less what went back.
    pub topped_up: Kopecks,
    /// Given away: start bonuses, promo codes.
    pub given: Kopecks,
    /// Put on wallets by operators.
    pub credited: Kopecks,
    /// Taken off wallets by operators and by chargebacks.
    pub debited: Kopecks,
    /// What the provider charged for results, in millionths of a dollar.
    pub cost_micro_usd: i64,
    /// Results that were paid for.
    pub sold: u32,
    /// Results that were free.
    pub free: u32,
    /// Customers who came for the first time.
    pub new: u32,
    /// Customers who did something; each once.
    pub active: u32,
    /// Customers who paid for a result for the first time.
    pub first_paid: u32,
    /// Those of them who had had a free result before.
    pub from_free: u32,
}

impl Row for DayRow {
    const TABLE: &'static str = "days";
}

fn day<T: Tables>(tables: &T, day: u32) -> Result<DayRow, Fault> {
    Ok(get(tables.days()?, day)?.unwrap_or(DayRow::default()))
}

impl DayRow {
    /// What results brought, refunds taken off.
    pub fn revenue(&self) -> Kopecks {
        Kopecks::new(self.charged.get().saturating_sub(self.refunded.get()))
    }

    /// Both days together.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        let sum = |a: Kopecks, b: Kopecks| Kopecks::new(a.get().saturating_add(b.get()));
        Self {
            charged: sum(self.charged, other.charged),
            refunded: sum(self.refunded, other.refunded),
            topped_up: sum(self.topped_up, other.topped_up),
            given: sum(self.given, other.given),
            credited: sum(self.credited, other.credited),
            debited: sum(self.debited, other.debited),
            cost_micro_usd: self.cost_micro_usd.saturating_add(other.cost_micro_usd),
            sold: self.sold.saturating_add(other.sold),
            free: self.free.saturating_add(other.free),
            new: self.new.saturating_add(other.new),
            active: self.active.saturating_add(other.active),
            first_paid: self.first_paid.saturating_add(other.first_paid),
            from_free: self.from_free.saturating_add(other.from_free),
        }
    }
}

impl View {
    /// What a day brought; zeros for one of which nothing is known.
    pub fn day(&self, number: u32) -> Result<DayRow, Fault> {
        day(&self.tables, number)
    }
}

impl Tx<'_> {
    /// What a day brought; zeros for one of which nothing is known.
    pub fn day(&self, number: u32) -> Result<DayRow, Fault> {
        match self.hot.days.get(&number) {
            Some(row) => Ok(*row),
            None => day(&self.tables, number),
        }
    }

    /// Adds to what this day brought.
    pub fn count_day(&mut self, count: &DayRow) -> Result<(), Fault> {
        let today = self.now.at.day();
        let row = self.day(today)?.plus(count);
        self.hot.days.insert(today, row);
        Ok(())
    }

    /// Counts a transfer that was just written.
    pub(super) fn count_money(&mut self, transfer: &Transfer) -> Result<(), Fault> {
        // What the bot before this one did is not of today.
        if matches!(transfer.reference, Ref::Legacy(_) | Ref::LegacyImport(_)) {
            return Ok(());
        }
        let mut count = DayRow::default();
        let place = match transfer.kind {
            Kind::Hold | Kind::Release | Kind::Loss => return Ok(()),
            // A payment that went back to its source.
            Kind::Charge if transfer.job.is_none() => {
                count.topped_up = Kopecks::new(-transfer.amount.get());
                return self.count_day(&count);
            }
            Kind::Charge => &mut count.charged,
            Kind::Refund => &mut count.refunded,
            Kind::Topup if transfer.debit == Account::Bonus => &mut count.given,
            Kind::Topup => &mut count.topped_up,
            Kind::Adjust if transfer.debit == Account::Adjust => &mut count.credited,
            Kind::Adjust => &mut count.debited,
        };
        *place = transfer.amount;
        self.count_day(&count)
    }
}
