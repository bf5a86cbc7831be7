//! Backups as the store makes and reads them: streams of bytes, with no word on where they lie.
//!
//! * [`Store::dump`] writes a *whole copy* of one snapshot, while the service sells.
//! * [`Store::changes`] writes a *shipment*: every row that was changed since the last one, as of one
//!   snapshot, which is one commit boundary. [`Store::shipped`] says that it is safe; then the next one
//!   begins there.
//! * [`load`] makes a file of a whole copy and the shipments after it; [`check`] reads a copy without making
//!   one. [`View::at`] opens a file that was made, to audit it.
//!
//! Who ships does this, and nothing else:
//!
//! 1. At the start `store.set_streaming_to(true, keys)` (or `false`: nothing is listed then, which costs nothing).
//! 2. `store.stream()` says the epoch. If the newest whole copy that is kept is of another one, or
//!    [`Link::goes_on`] is false (somebody put an older file back): first
//!    `store.stream_anew()`, then a whole copy. The epoch may change at any time (the list grew too long),
//!    so this is looked at before each shipment.
//! 3. By the minute `store.changes(&mut out)`; kept under (epoch, number); when it is safe,
//!    `store.shipped(&shipment)`. If it is not safe, nothing is to be done: the next `changes` has the same
//!    number and more rows, and takes the place of the one that failed.
//! 4. A whole copy may be made at any time, also between `changes` and `shipped`. Shipments of its epoch with
//!    a number above [`Dumped::upto`] belong to it; older ones can go when no older copy is kept.
//! 5. To restore, `load` the newest copy with all shipments of its epoch with greater numbers, in their
//!    order; what it gives is a file under a fresh name, synced. It remembers that it came out of a backup:
//!    the first [`Store::open`] of it moves all numbers on (see `restored`), and the first start of the
//!    service has doubts of every order that may have been sent since.
//!
//! **Invariant:** a shipment goes on exactly where the one before it ended: it names that one's hash, and
//! is refused after another.

mod copy;
mod frames;
mod load;
pub(super) mod raw;
mod restored;
#[cfg(test)]
mod tests;
mod verified;
mod write;

#[cfg(test)]
pub(super) use load::check_changes;
pub use load::{check, load};
pub(super) use restored::take_over;
pub use verified::{PlaceId, Verified};

use super::fault::Fault;
use super::open::KEY;
use super::{Store, View};
use crate::time::At;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::io;

/// So many commits are forgotten in one act once they are shipped.
const CUT_OFF: usize = 500;

/// Which file this is among all: made at random with it, and the same after a restore, an upgrade, a repair.
/// Eight hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileId(pub u32);

impl fmt::Display for FileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

/// Where a chain of shipments is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    epoch: u64,
    shipped: u64,
    /// The hash of that shipment.
    hash: [u8; 32],
    commit: u64,
}

/// A whole copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dumped {
    /// Which chain of shipments goes on from it; 0 when none does.
    pub epoch: u64,
    /// Shipments of that chain up to this number are in it, and perhaps some after it.
    pub upto: u64,
    /// The last commit of that chain that is in it.
    pub commit: u64,
    /// How many rows it has, of all tables.
    pub rows: u64,
    /// The number of the ledger's last row.
    pub seq: u64,
    /// The ledger's head: the hash the next row will carry, as the audit tells it.
    pub head: [u8; 32],
    /// When it was begun.
    pub at: At,
    /// Keys and rows, in bytes, before they were compressed.
    pub raw_bytes: u64,
    /// The length of the stream, in bytes.
    pub bytes: u64,
    /// The hash that names the stream.
    pub hash: [u8; 32],
}

/// The rows that were changed since the shipment before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shipment {
    /// Which chain it belongs to.
    pub epoch: u64,
    /// Its number in it, from 1 without a gap.
    pub number: u64,
    /// The last commit that is in it.
    pub commit: u64,
    /// How many rows it has, those that are gone included.
    pub rows: u64,
    /// The number of the ledger's last row.
    pub seq: u64,
    /// The ledger's head with it.
    pub head: [u8; 32],
    /// When it was made.
    pub at: At,
    /// The length of the stream, in bytes.
    pub bytes: u64,
    /// The hash that names the stream.
    pub hash: [u8; 32],
}

/// What became of a copy and its shipments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// The whole copy.
    pub dumped: Dumped,
    /// How many shipments followed it; those that the copy had in it already not counted.
    pub applied: u64,
    /// The last of them.
    pub last: Option<Shipment>,
    /// Why the shipments after that one were left out: one sentence. `None` when there were none.
    pub stopped: Option<String>,
    /// The number of the ledger's last row.
    pub seq: u64,
    /// The ledger's head, as the last stream told it and as the file has it.
    pub head: [u8; 32],
    /// The moment whose state this is.
    pub at: At,
}

/// How far the stream of changes is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stream {
    /// Which chain of shipments this is.
    pub epoch: u64,
    /// The last shipment that is known to be safe; 0 before the first.
    pub shipped: u64,
    /// The last commit.
    pub commit: u64,
}

/// Where a chain of shipments goes on from a whole copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Link {
    /// Which chain.
    pub epoch: u64,
    /// Its shipments up to this one are in the copy.
    pub upto: u64,
    /// Its last commit that is in the copy.
    pub commit: u64,
}

impl Link {
    /// Where shipments go on from a copy.
    pub fn of(dumped: &Dumped) -> Self {
        Self { epoch: dumped.epoch, upto: dumped.upto, commit: dumped.commit }
    }

    /// Whether the next shipment will follow a copy with this link, given the greatest number of a shipment
    /// of its chain that is kept. False when the copy or the shipments are of another chain, or of a future that
    /// this file never saw: it was put back by hand.
    pub fn goes_on(&self, stream: &Stream, newest: Option<u64>) -> bool {
        self.epoch == stream.epoch
            && self.upto <= stream.shipped
            && self.commit <= stream.commit
            && newest.is_none_or(|newest| newest <= stream.shipped + 1)
    }
}

/// Why a backup was not made, or not read. Each is one sentence for the operator.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The store's file cannot be read or written.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The stream cannot be written.
    #[error("the backup cannot be written: {0}")]
    Write(io::Error),
    /// The stream cannot be read: another try may go better.
    #[error("the backup cannot be read: {0}")]
    Read(io::Error),
    /// The file to restore to cannot be made.
    #[error("the file {path} cannot be made: {why}")]
    File {
        /// The file.
        path: String,
        /// What the system said.
        why: io::Error,
    },
    /// It is something else.
    #[error("this is no backup of samovar's")]
    Foreign,
    /// Its end is missing.
    #[error("the backup ends too early: it was cut short")]
    Cut,
    /// A block has not the hash it should have.
    #[error("the backup is damaged in its block {block}")]
    Damaged {
        /// Which, from 0.
        block: u64,
    },
    /// It was made by a newer program.
    #[error("the backup was made by a newer samovar ({what} {found}, this one knows {known})")]
    Newer {
        /// Of what.
        what: &'static str,
        /// Its version.
        found: u32,
        /// Ours.
        known: u32,
    },
    /// A shipment where a whole copy is needed.
    #[error("this is a shipment of changes, and not a whole copy")]
    NotWhole,
    /// A whole copy where a shipment is needed.
    #[error("this is a whole copy, and not a shipment of changes")]
    NotChanges,
    /// A shipment that does not go on where the last one ended.
    #[error("shipment {number} of epoch {epoch} does not follow shipment {last} of epoch {of}")]
    OutOfOrder {
        /// Its epoch.
        epoch: u64,
        /// Its number.
        number: u64,
        /// The epoch that is restored.
        of: u64,
        /// The number before.
        last: u64,
    },
    /// Every block is right, and yet it cannot be.
    #[error("the backup is not what it should be: {what}")]
    Wrong {
        /// What is wrong.
        what: String,
    },
}

impl BackupError {
    /// Whether the stream itself is at fault, so that another try would find the same.
    pub fn is_of_the_stream(&self) -> bool {
        match self {
            Self::Foreign
            | Self::Cut
            | Self::Damaged { .. }
            | Self::Newer { .. }
            | Self::NotWhole
            | Self::NotChanges
            | Self::OutOfOrder { .. }
            | Self::Wrong { .. } => true,
            // What unseals a stream says so of one that was cut or changed.
            Self::Read(error) => {
                matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof)
            }
            Self::Fault(_) | Self::Write(_) | Self::File { .. } => false,
        }
    }
}

impl View {
    /// Which file this is.
    pub fn file_id(&self) -> Result<FileId, Fault> {
        let key = self.note::<[u8; 32]>(KEY)?;
        let key = key.ok_or_else(|| Fault::Bug("the store has no key of its own".to_owned()))?;
        // Says nothing of the key, which signs callbacks.
        let [a, b, c, d, ..] = blake3::derive_key("samovar 2026-11 which file this is", &key);
        Ok(FileId(u32::from_be_bytes([a, b, c, d])))
    }
}

impl Store {
    /// Writes a whole copy of one snapshot. Waits for the disk and for `out`, so not for async code; sales go
    /// on meanwhile.
    pub fn dump(&self, out: &mut dyn io::Write) -> Result<Dumped, BackupError> {
        self.view()?.dump(out, self.clock().now().at)
    }

    /// Writes a shipment: all that was changed since the last one that was [noted](Store::shipped), as of
    /// one snapshot. `None`: nothing was changed, or changes are not listed; then nothing is written. Waits for
    /// the disk and for `out`.
    pub fn changes(&self, out: &mut dyn io::Write) -> Result<Option<Shipment>, BackupError> {
        self.view()?.changes(out, self.clock().now().at)
    }

    /// Notes that a shipment is safe: the list of changes is cut off up to it, in steps that nobody has to
    /// wait for. A shipment of an epoch that is over changes nothing.
    pub async fn shipped(&self, shipment: &Shipment) -> Result<(), Fault> {
        let shipment = shipment.clone();
        let note = move |tx: &mut super::Tx<'_>| {
            tx.note_shipped(&shipment)?;
            tx.cut_off(CUT_OFF)
        };
        let mut more = self.write("shipped", note).await?;
        while more {
            more = self.write("cut-off", |tx| tx.cut_off(CUT_OFF)).await?;
        }
        Ok(())
    }

    /// Begins to list changes for shipments, or ends it; what is so already goes on. Beginning is a new epoch,
    /// which needs a whole copy first.
    pub async fn set_streaming(&self, on: bool) -> Result<(), Fault> {
        self.write("streaming", move |tx| tx.set_streaming(on)).await
    }

    /// The same for shipments that are sealed to these keys, of which this is a hash: with others, a new epoch
    /// begins. One key opens a whole chain, from its copy on.
    pub async fn set_streaming_to(&self, on: bool, keys: [u8; 32]) -> Result<(), Fault> {
        let begin = move |tx: &mut super::Tx<'_>| {
            let known = tx.streaming_to()?;
            if on && known.is_some_and(|known| known != keys) {
                tx.end_stream()?;
            }
            if on && known != Some(keys) {
                tx.put_streaming_to(keys)?;
            }
            tx.set_streaming(on)
        };
        self.write("streaming", begin).await
    }

    /// Begins a new epoch, which needs a whole copy first: what is kept elsewhere does not fit this file.
    pub async fn stream_anew(&self) -> Result<(), Fault> {
        let anew = |tx: &mut super::Tx<'_>| {
            tx.end_stream()?;
            tx.begin_epoch()
        };
        self.write("streaming", anew).await
    }

    /// How far the stream of changes is; `None` when changes are not listed.
    pub async fn stream(&self) -> Result<Option<Stream>, Fault> {
        self.read(View::stream).await
    }
}
