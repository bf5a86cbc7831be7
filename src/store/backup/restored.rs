//! A file that came out of a backup lacks what its last minutes did, and the outside remembers that: orders
//! that were sent, invoices that can still be paid, codes that customers were told.
//!
//! **Invariant:** a number that the lost minutes may have given out is not given out again.

use crate::store::hot::Known;
use crate::store::jobs::JOBS_AFTER;
use crate::store::{Fault, Tx, View};
use crate::time::{At, Clock};
use redb::{Database, ReadableTable};

/// Where the list of changes is kept a file notes that nobody opened it since, and of which moment it is.
const FRESH: &str = "restored";
/// The note of when the file was taken up that came out of a backup; none once its open jobs were.
const RESTORED: &str = "restored";
/// No lost minute, nor a lost month, gives out so many numbers; and of the smallest, those of requests,
/// there are enough for four thousand restores.
const GAP: u64 = 1_000_000;
/// So many more for every second since the moment the file is of: it may have been restored before, and what
/// was sold from then on is lost in its turn.
const GAP_A_SECOND: u64 = 16;
/// The count of the number that drafts are above, where an earlier life may have given out theirs.
const DRAFTS_AFTER: &str = "drafts_after";
/// The numbers that the outside is told.
const SERIES: [&str; 5] = ["requests", "actions", "payments", "outbox", "promos"];

/// Has a file that comes out of a backup go on in numbers of its own; every other is left as it is.
pub(in crate::store) fn take_over(database: &Database, clock: &Clock) -> Result<(), Fault> {
    let fresh = View::of(database)?.tables.stream.read()?.get(FRESH)?.map(|of| of.value().to_vec());
    let Some(of) = fresh else { return Ok(()) };
    let now = clock.now();
    let of = of.first_chunk().map_or(now.at, |of| At(i64::from_le_bytes(*of)));
    let gap = GAP.saturating_add(GAP_A_SECOND.saturating_mul(now.at.since(of).as_secs()));
    let mut txn = database.begin_write()?;
    txn.set_quick_repair(true);
    Tx::run(&txn, now, Known::default(), |tx| tx.move_numbers_on(gap))?;
    txn.commit()?;
    tracing::warn!("this file came out of a backup: numbers go on {gap} later");
    Ok(())
}

impl View {
    /// When a file was taken up that came out of a backup, until its open jobs were looked at.
    pub fn restored(&self) -> Result<Option<At>, Fault> {
        Ok(self.note::<Option<At>>(RESTORED)?.flatten())
    }
}

impl Tx<'_> {
    /// The file, as it was at this moment, comes out of a backup and nobody has opened it yet.
    pub(super) fn mark_restored(&mut self) -> Result<(), Fault> {
        let of = self.now().at.0.to_le_bytes();
        self.tables.stream.write()?.insert(FRESH, of.as_slice())?;
        Ok(())
    }

    pub(in crate::store) fn move_numbers_on(&mut self, gap: u64) -> Result<(), Fault> {
        for series in SERIES {
            let last = self.counter(series)?;
            let most = if series == "requests" { u64::from(u32::MAX) } else { u64::MAX };
            // A gap that does not fit, for one of the clocks stood at 1970, must leave numbers to give out.
            let step = gap.min(most.saturating_sub(last) / 2);
            if step < gap {
                tracing::warn!(series, "numbers go on {step} later only: no more are left");
            }
            self.set_counter(series, last + step);
        }
        let last = self.tables.jobs.read()?.last()?.map_or(0, |(key, _)| key.value());
        let last = last.max(self.counter(JOBS_AFTER)?);
        self.set_counter(JOBS_AFTER, last.saturating_add(gap));
        self.move_drafts_on()?;
        self.tables.stream.write()?.remove(FRESH)?;
        self.note_restored(Some(self.now().at))
    }

    /// Drafts are numbered customer by customer, and buttons in their chats carry the numbers: those to come are
    /// above the seconds that the clock shows, since nobody begins a draft a second.
    fn move_drafts_on(&mut self) -> Result<(), Fault> {
        let seconds = u64::try_from(self.now().at.0 / 1_000).unwrap_or(0);
        let after = seconds.max(u64::from(self.drafts_after()?) + GAP).min(u64::from(u32::MAX) - GAP);
        self.set_counter(DRAFTS_AFTER, after);
        Ok(())
    }

    /// What was put together under a number up to this one may have been sold by a life of this file that is
    /// lost; zero where none is.
    pub fn drafts_after(&self) -> Result<u32, Fault> {
        let after = self.counter(DRAFTS_AFTER)?;
        u32::try_from(after).map_err(|_| Fault::Bug(format!("drafts after {after}: that does not fit")))
    }

    /// Notes when a file was taken up that came out of a backup; `None` once its open jobs were looked at.
    pub fn note_restored(&mut self, at: Option<At>) -> Result<(), Fault> {
        self.put_note(RESTORED, &at)
    }
}
