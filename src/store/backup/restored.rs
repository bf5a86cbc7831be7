//! A file that came out of a backup lacks what its last minutes did, and the outside remembers that: orders
//! that were sent, invoices that can still be paid, codes that customers were told.
//!
//! **Invariant:** a number that the lost minutes may have given out is not given out again.

use crate::store::hot::Known;
use crate::store::jobs::JOBS_AFTER;
use crate::store::{Fault, Tx, View};
use crate::time::{At, Clock};
use redb::{Database, ReadableTable};

/// Where the list of changes is kept a file notes that nobody opened it since.
const FRESH: &str = "restored";
/// The note of when the file was taken up that came out of a backup; none once its open jobs were.
const RESTORED: &str = "restored";
/// No lost minute, nor a lost month, gives out so many numbers; and of the smallest, those of requests,
/// there are enough for four thousand restores.
const GAP: u64 = 1_000_000;
/// The numbers that the outside is told.
const SERIES: [&str; 5] = ["requests", "actions", "payments", "outbox", "promos"];

/// Has a file that comes out of a backup go on in numbers of its own; every other is left as it is.
pub(in crate::store) fn take_over(database: &Database, clock: &Clock) -> Result<(), Fault> {
    let is_fresh = View::of(database)?.tables.stream.read()?.get(FRESH)?.is_some();
    if !is_fresh {
        return Ok(());
    }
    let mut txn = database.begin_write()?;
    txn.set_quick_repair(true);
    Tx::run(&txn, clock.now(), Known::default(), Tx::move_numbers_on)?;
    txn.commit()?;
    tracing::warn!("this file came out of a backup: numbers go on {GAP} later");
    Ok(())
}

impl View {
    /// When a file was taken up that came out of a backup, until its open jobs were looked at.
    pub fn restored(&self) -> Result<Option<At>, Fault> {
        Ok(self.note::<Option<At>>(RESTORED)?.flatten())
    }
}

impl Tx<'_> {
    /// The file comes out of a backup and nobody has opened it yet.
    pub(super) fn mark_restored(&mut self) -> Result<(), Fault> {
        self.tables.stream.write()?.insert(FRESH, [].as_slice())?;
        Ok(())
    }

    fn move_numbers_on(&mut self) -> Result<(), Fault> {
        for series in SERIES {
            let last = self.counter(series)?;
            let most = if series == "requests" { u64::from(u32::MAX) } else { u64::MAX };
            if last < most - 2 * GAP {
                self.set_counter(series, last + GAP);
            }
        }
        let last = self.tables.jobs.read()?.last()?.map_or(0, |(key, _)| key.value());
        let last = last.max(self.counter(JOBS_AFTER)?);
        self.set_counter(JOBS_AFTER, last + GAP);
        self.tables.stream.write()?.remove(FRESH)?;
        self.note_restored(Some(self.now().at))
    }

    /// Notes when a file was taken up that came out of a backup; `None` once its open jobs were looked at.
    pub fn note_restored(&mut self, at: Option<At>) -> Result<(), Fault> {
        self.put_note(RESTORED, &at)
    }
}
