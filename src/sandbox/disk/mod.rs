//! A disk in memory that forgets and fails as disks do: what was not synced may be gone after the
//! power was, or torn, or there without what was written before it.
//!
//! **Invariant:** it never reads a clock and draws no random number: chance comes in as an argument.

mod image;
mod power;
#[cfg(test)]
mod tests;

use crate::store::StorageBackend;
use image::Image;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The disk, with one file. Copies share it; [`Disk::fork`] makes another.
#[derive(Clone, Debug, Default)]
pub struct Disk(Arc<Mutex<Inner>>);

#[derive(Clone, Debug, Default)]
struct Inner {
    /// What the running process sees.
    current: Image,
    /// What is there whatever happens.
    durable: Image,
    /// What makes `current` of `durable`, in order.
    unsynced: Vec<Operation>,
    /// How often the power came back; a backend works only in the life it was made in.
    life: u64,
    trouble: Option<Trouble>,
    counts: Counts,
    record: Option<Vec<Operation>>,
}

/// Something that a process did to the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// It wrote.
    Write {
        /// From this byte on.
        offset: u64,
        /// What it wrote.
        data: Arc<[u8]>,
    },
    /// It made the file so long.
    SetLen(u64),
    /// It had everything so far put down for good.
    Sync,
}

/// What is wrong with a disk until it is mended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// No room: the file cannot grow, nor be written where nothing was written before.
    Full,
    /// No room at all, as on a file system that writes every change to a new place.
    FullForAll,
    /// Nothing may be written.
    ReadOnly,
    /// Every call fails.
    Broken {
        /// But for so many first ones.
        after: u64,
    },
}

/// What was asked of a disk since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Reads that were answered.
    pub reads: u64,
    /// Bytes they gave.
    pub read_bytes: u64,
    /// Writes that were taken.
    pub writes: u64,
    /// Bytes they had.
    pub written_bytes: u64,
    /// Syncs that were done.
    pub syncs: u64,
}

impl Disk {
    /// A process's hold on the file, until the power fails.
    pub fn backend(&self) -> Backend {
        Backend { disk: self.clone(), life: self.lock().life }
    }

    /// Another disk with the same file, its unsynced part too, and no trouble. It shares the bytes
    /// until one of the two changes them, so that it costs little.
    #[must_use]
    pub fn fork(&self) -> Self {
        let inner = self.lock();
        let fork = Inner {
            current: inner.current.clone(),
            durable: inner.durable.clone(),
            unsynced: inner.unsynced.clone(),
            ..Inner::default()
        };
        Self(Arc::new(Mutex::new(fork)))
    }

    /// The power goes and comes back. Of what was not synced each operation is there, or not, or a
    /// write in part by sectors, whatever became of the others. `chance(below)` decides: a number
    /// from 0 to `below - 1`. Backends made before fail every call from now on.
    pub fn cut(&self, chance: &mut impl FnMut(u64) -> u64) {
        let mut inner = self.lock();
        let unsynced = std::mem::take(&mut inner.unsynced);
        power::settle(&mut inner.durable, &unsynced, chance);
        inner.current = inner.durable.clone();
        inner.life += 1;
    }

    /// Something is wrong with the disk from now on.
    pub fn trouble(&self, trouble: Trouble) {
        self.lock().trouble = Some(trouble);
    }

    /// Nothing is wrong with it any more.
    pub fn mend(&self) {
        self.lock().trouble = None;
    }

    /// Whether nothing is wrong with it now.
    pub fn is_well(&self) -> bool {
        self.lock().trouble.is_none()
    }

    /// What was asked of it.
    pub fn counts(&self) -> Counts {
        self.lock().counts
    }

    /// How long the file is to the running process.
    pub fn file_bytes(&self) -> u64 {
        self.lock().current.len()
    }

    /// The file as the running process sees it, to look at it elsewhere.
    pub fn contents(&self) -> Vec<u8> {
        self.lock().current.contents()
    }

    /// How many operations a power cut would put at risk now.
    pub fn unsynced(&self) -> usize {
        self.lock().unsynced.len()
    }

    /// Keeps from now on what is done to the file, for [`Disk::recorded`].
    pub fn record(&self) {
        self.lock().record = Some(Vec::new());
    }

    /// How many operations the record has.
    pub fn record_len(&self) -> usize {
        self.lock().record.as_ref().map_or(0, Vec::len)
    }

    /// Gives the record, and begins a new one.
    pub fn recorded(&self) -> Vec<Operation> {
        self.lock().record.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Does to this file what was recorded of another.
    ///
    /// # Errors
    /// As a process would have had.
    pub fn apply(&self, operation: &Operation) -> io::Result<()> {
        self.lock().apply(operation.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Whether this call is to fail, with what.
    fn fail(&mut self, operation: Option<&Operation>) -> io::Result<()> {
        let needs_room = match operation {
            Some(Operation::Write { offset, data }) => !self.current.was_written(*offset, data.len()),
            Some(Operation::SetLen(len)) => *len > self.current.len(),
            Some(Operation::Sync) | None => false,
        };
        let writes = matches!(operation, Some(Operation::Write { .. } | Operation::SetLen(_)));
        match &mut self.trouble {
            Some(Trouble::Full) if needs_room => Err(io::ErrorKind::StorageFull.into()),
            Some(Trouble::FullForAll) if writes => Err(io::ErrorKind::StorageFull.into()),
            Some(Trouble::ReadOnly) if writes => Err(io::ErrorKind::ReadOnlyFilesystem.into()),
            Some(Trouble::Broken { after: 0 }) => Err(io::Error::other("the disk is gone")),
            Some(Trouble::Broken { after }) => {
                *after -= 1;
                Ok(())
            }
            Some(Trouble::Full | Trouble::FullForAll | Trouble::ReadOnly) | None => Ok(()),
        }
    }

    fn apply(&mut self, operation: Operation) -> io::Result<()> {
        self.fail(Some(&operation))?;
        match &operation {
            Operation::Write { offset, data } => {
                if self.current.write(*offset, data) < data.len() {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                self.counts.writes += 1;
                self.counts.written_bytes += bytes(data.len());
            }
            Operation::SetLen(len) => self.current.set_len(*len),
            Operation::Sync => {
                self.durable = self.current.clone();
                self.unsynced.clear();
                self.counts.syncs += 1;
            }
        }
        if let Some(record) = &mut self.record {
            record.push(operation.clone());
        }
        if operation != Operation::Sync {
            self.unsynced.push(operation);
        }
        Ok(())
    }
}

fn bytes(len: usize) -> u64 {
    u64::try_from(len).expect("a length in memory fits into 64 bits")
}

/// One process's hold on the file of a [`Disk`]; dead once the power was cut.
#[derive(Debug)]
pub struct Backend {
    disk: Disk,
    life: u64,
}

impl Backend {
    fn alive(&self) -> io::Result<MutexGuard<'_, Inner>> {
        let inner = self.disk.lock();
        if inner.life == self.life { Ok(inner) } else { Err(io::Error::other("the power is gone")) }
    }
}

impl StorageBackend for Backend {
    fn len(&self) -> io::Result<u64> {
        let mut inner = self.alive()?;
        inner.fail(None)?;
        Ok(inner.current.len())
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let mut inner = self.alive()?;
        inner.fail(None)?;
        if !inner.current.read(offset, out) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        inner.counts.reads += 1;
        inner.counts.read_bytes += bytes(out.len());
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.alive()?.apply(Operation::SetLen(len))
    }

    fn sync_data(&self) -> io::Result<()> {
        self.alive()?.apply(Operation::Sync)
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.alive()?.apply(Operation::Write { offset, data: data.into() })
    }
}
