//! The list of changes: one row a commit, with the keys that it wrote, since the last shipment that is
//! safe (see `backup`). It is written by the commit itself, and only while a backup is streamed.
//!
//! An *epoch* is a chain of shipments that go on from each other. Whatever breaks the chain (streaming
//! was off, the list grew too long, the file was upgraded, mended or restored) begins a new one, which
//! needs a whole copy first.
//!
//! **Invariant:** a row that a commit of this epoch wrote is named by the list until a shipment that holds
//! it, as of that commit or a later one, is safe.

use super::backup::{Shipment, Stream, raw};
use super::codec::{Row, get, put};
use super::fault::Fault;
use super::hot::Known;
use super::tables::Tables;
use super::written::Keys;
use super::{Tx, View};
use crate::time::Clock;
use redb::{Database, ReadableTable};
use serde::{Deserialize, Serialize};

/// The row that says how far the stream is.
const STATE: &str = "state";
/// More keys are not listed: that would be 30 MB, and a shipment so long that a whole copy is better.
#[cfg(not(test))]
const MOST_KEYS: u64 = 1_000_000;
#[cfg(test)]
const MOST_KEYS: u64 = 4_000;
/// A commit's row begins with how many keys its epoch had listed with it.
const TOTAL: usize = 8;

/// How far the stream is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StreamRow {
    /// Changes are listed.
    pub(super) on: bool,
    /// Which chain of shipments this is; grows, also over restores.
    pub(super) epoch: u64,
    /// The last shipment that is safe.
    pub(super) shipped: u64,
    /// The hash that names it; zeros when there is none.
    pub(super) hash: [u8; 32],
    /// The last commit that is in it.
    commit: u64,
    /// How many keys had been listed by then.
    keys: u64,
}

impl Row for StreamRow {
    const TABLE: &'static str = "stream";
}

fn state<T: Tables>(tables: &T) -> Result<StreamRow, Fault> {
    Ok(get(tables.stream()?, STATE)?.unwrap_or(StreamRow::default()))
}

/// The last commit that is listed, and how many keys were with it.
fn last<T: Tables>(tables: &T, row: &StreamRow) -> Result<(u64, u64), Fault> {
    match tables.changed()?.last()? {
        Some((commit, list)) if commit.value() > row.commit => Ok((commit.value(), total(list.value())?)),
        Some(_) | None => Ok((row.commit, row.keys)),
    }
}

fn unreadable() -> Fault {
    Fault::Row { table: "changed", key: "of a commit".to_owned(), why: "it is too short".to_owned() }
}

fn total(list: &[u8]) -> Result<u64, Fault> {
    list.first_chunk::<TOTAL>().map(|total| u64::from_le_bytes(*total)).ok_or_else(unreadable)
}

/// Ends the stream of a file that nobody has open as a store.
pub(super) fn end_stream(database: &Database, clock: &Clock) -> Result<(), Fault> {
    let mut txn = database.begin_write()?;
    txn.set_quick_repair(true);
    Tx::run(&txn, clock.now(), Known::default(), Tx::end_stream)?;
    Ok(txn.commit()?)
}

/// What was changed since the last shipment.
pub(super) struct Listed {
    /// The last commit before.
    pub(super) after: u64,
    /// The last of them.
    pub(super) commit: u64,
    /// The keys, by their table's place.
    pub(super) keys: Vec<Keys>,
}

impl View {
    /// How far the stream is, and its last commit; `None` when nothing is streamed.
    pub(super) fn stream_row(&self) -> Result<Option<(StreamRow, u64)>, Fault> {
        let row = state(&self.tables)?;
        let (commit, _) = last(&self.tables, &row)?;
        Ok(row.on.then_some((row, commit)))
    }

    /// How far the stream of changes is; `None` when changes are not listed.
    pub fn stream(&self) -> Result<Option<Stream>, Fault> {
        let row = self.stream_row()?;
        Ok(row.map(|(row, commit)| Stream { epoch: row.epoch, shipped: row.shipped, commit }))
    }

    /// What was changed since the last shipment; `None` when nothing was.
    pub(super) fn listed(&self, row: &StreamRow, tables: usize) -> Result<Option<Listed>, Fault> {
        let mut listed = None;
        for entry in self.tables.changed.read()?.range(row.commit + 1..)? {
            let (commit, list) = entry?;
            let list = list.value().get(TOTAL..).ok_or_else(unreadable)?;
            let entries = raw::decode(list).ok_or_else(unreadable)?;
            let listed = listed.get_or_insert_with(|| {
                let keys = (0..tables).map(|_| Keys::default()).collect();
                Listed { after: row.commit, commit: row.commit, keys }
            });
            listed.commit = commit.value();
            for entry in entries {
                listed.keys.get_mut(entry.table).ok_or_else(unreadable)?.push(entry.key);
            }
        }
        Ok(listed)
    }
}

impl Tx<'_> {
    fn stream(&mut self) -> Result<StreamRow, Fault> {
        if let Some(row) = self.hot.known.stream {
            return Ok(row);
        }
        let row = state(&self.tables)?;
        self.hot.known.stream = Some(row);
        Ok(row)
    }

    fn put_stream(&mut self, row: StreamRow) -> Result<(), Fault> {
        self.hot.known.stream = Some(row);
        put(self.tables.stream.write()?, STATE, &row)
    }

    /// From here on the keys that are written are noted, if changes are listed.
    pub(super) fn note_changes(&mut self) -> Result<(), Fault> {
        if self.stream()?.on {
            for noted in self.tables.noted() {
                *noted = Some(Keys::default());
            }
        }
        Ok(())
    }

    /// Lists what this transaction wrote. Only its commit comes after it.
    pub(super) fn list_changes(&mut self) -> Result<(), Fault> {
        let row = self.stream()?;
        if !row.on {
            return Ok(());
        }
        let (mut list, mut count) = (vec![0; TOTAL], 0);
        for (table, noted) in self.tables.noted().into_iter().enumerate() {
            // None is noted when the stream began within this transaction: the copy it needs has that.
            for key in noted.iter().flat_map(|noted| noted.once()) {
                raw::encode(&mut list, &raw::Entry { table, key, row: None })?;
                count += 1;
            }
        }
        if count == 0 {
            return Ok(());
        }
        let (last, before) = last(&self.tables, &row)?;
        let total = before + count;
        if total - row.keys > MOST_KEYS {
            tracing::warn!(
                rows = total - row.keys,
                "too much changed since the last shipment of the backup: it begins anew with a whole copy"
            );
            return self.begin_epoch();
        }
        list[..TOTAL].copy_from_slice(&total.to_le_bytes());
        self.tables.changed.write()?.insert(last + 1, list.as_slice())?;
        Ok(())
    }

    /// Begins to list changes, or ends it. What is so already stays as it is.
    pub(super) fn set_streaming(&mut self, on: bool) -> Result<(), Fault> {
        let row = self.stream()?;
        match (row.on, on) {
            (true, true) | (false, false) => Ok(()),
            (false, true) => self.begin_epoch(),
            (true, false) => self.end_stream(),
        }
    }

    /// Begins a new chain of shipments.
    pub(super) fn begin_epoch(&mut self) -> Result<(), Fault> {
        let before = self.stream()?.epoch;
        // By the clock, so that files which were one once do not number theirs alike.
        let epoch = u64::try_from(self.now.at.0).unwrap_or(0).max(before + 1);
        self.tables.changed.empty()?;
        self.put_stream(StreamRow { on: true, epoch, ..StreamRow::default() })
    }

    /// Lists no more changes; when it begins again, that is a new chain.
    pub(super) fn end_stream(&mut self) -> Result<(), Fault> {
        let epoch = self.stream()?.epoch;
        self.tables.changed.empty()?;
        self.put_stream(StreamRow { epoch, ..StreamRow::default() })
    }

    /// The epochs to come are later than this one.
    pub(super) fn end_stream_after(&mut self, epoch: u64) -> Result<(), Fault> {
        self.put_stream(StreamRow { epoch, ..StreamRow::default() })
    }

    /// A shipment is safe. One of another chain, or one that another has followed, changes nothing; one that was
    /// made again, with more in it, takes the place of its first (at a stop the note of the first may come late).
    pub(super) fn note_shipped(&mut self, shipment: &Shipment) -> Result<(), Fault> {
        let row = self.stream()?;
        let is_next = row.shipped + 1 == shipment.number;
        let is_again = row.shipped == shipment.number && shipment.commit >= row.commit;
        if !row.on || row.epoch != shipment.epoch || !(is_next || is_again) {
            return Ok(());
        }
        let keys = match self.tables.changed.read()?.get(shipment.commit)? {
            Some(list) => total(list.value())?,
            None if shipment.commit == row.commit => row.keys,
            None => return Err(Fault::Bug("what was shipped is not listed".to_owned())),
        };
        let Shipment { number: shipped, hash, commit, .. } = *shipment;
        self.put_stream(StreamRow { shipped, hash, commit, keys, ..row })
    }

    /// Forgets at most `limit` commits whose changes are shipped; says whether there may be more.
    pub(super) fn cut_off(&mut self, limit: usize) -> Result<bool, Fault> {
        let upto = self.stream()?.commit;
        let mut old = Vec::new();
        for entry in self.tables.changed.read()?.range(..=upto)?.take(limit) {
            old.push(entry?.0.value());
        }
        for commit in &old {
            self.tables.changed.write()?.remove(commit)?;
        }
        Ok(old.len() == limit)
    }
}
