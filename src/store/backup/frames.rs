//! How a stream of a backup lies on the disk: a mark, then blocks that carry their length and a hash.
//! Each hash is keyed by the one before it, so that blocks which were cut off, changed, repeated or
//! reordered are found; the last one names the whole stream.

use super::BackupError;
use std::io::{self, Read, Write};

/// What every stream begins with, and the version of this format.
const MARK: &[u8; 16] = b"samovar backup\r\n";
const FORMAT: u32 = 1;
/// A block that says that it is longer is none: nothing is read for it.
const LONGEST: u32 = 80 * 1024 * 1024;
/// Before a block: its kind, its length, its hash.
const HEAD: usize = 1 + 4 + 32;

/// What a block is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The first: what this is a backup of.
    Header,
    /// Rows, compressed.
    Rows,
    /// The last: what must have come.
    Trailer,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Header, Self::Rows, Self::Trailer];

    fn byte(self) -> u8 {
        match self {
            Self::Header => b'H',
            Self::Rows => b'R',
            Self::Trailer => b'T',
        }
    }

    fn of(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.byte() == byte)
    }
}

/// The hash of nothing yet.
fn begin() -> [u8; 32] {
    blake3::hash(MARK).into()
}

fn hash(before: &[u8; 32], kind: u8, block: &[u8]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_keyed(before);
    hasher.update(&[kind]).update(block);
    hasher.finalize().into()
}

/// Writes blocks.
pub(super) struct Writer<'w> {
    out: &'w mut dyn Write,
    hash: [u8; 32],
    bytes: u64,
}

impl<'w> Writer<'w> {
    pub(super) fn new(out: &'w mut dyn Write) -> Result<Self, BackupError> {
        let mut mark = MARK.to_vec();
        mark.extend_from_slice(&FORMAT.to_le_bytes());
        out.write_all(&mark).map_err(BackupError::Write)?;
        Ok(Self { out, hash: begin(), bytes: mark.len() as u64 })
    }

    pub(super) fn write(&mut self, kind: Kind, block: &[u8]) -> Result<(), BackupError> {
        let too_long = || BackupError::Write(io::Error::other("a block is too long"));
        let length = u32::try_from(block.len()).ok().filter(|length| *length <= LONGEST);
        let length = length.ok_or_else(too_long)?;
        self.hash = hash(&self.hash, kind.byte(), block);
        let mut head = [0; HEAD];
        head[0] = kind.byte();
        head[1..5].copy_from_slice(&length.to_le_bytes());
        head[5..].copy_from_slice(&self.hash);
        self.out.write_all(&head).map_err(BackupError::Write)?;
        self.out.write_all(block).map_err(BackupError::Write)?;
        self.bytes += (head.len() + block.len()) as u64;
        Ok(())
    }

    /// Has all of it leave this process; gives the hash that names the stream, and its length.
    pub(super) fn end(self) -> Result<([u8; 32], u64), BackupError> {
        self.out.flush().map_err(BackupError::Write)?;
        Ok((self.hash, self.bytes))
    }
}

/// Reads blocks.
pub(super) struct Reader<'r> {
    source: &'r mut dyn Read,
    pub(super) hash: [u8; 32],
    /// How many blocks were read.
    pub(super) blocks: u64,
    pub(super) bytes: u64,
}

impl<'r> Reader<'r> {
    pub(super) fn new(source: &'r mut dyn Read) -> Result<Self, BackupError> {
        let mut mark = [0; MARK.len() + 4];
        let read = fill(source, &mut mark)?;
        if !MARK.starts_with(&mark[..read.min(MARK.len())]) || read == 0 {
            return Err(BackupError::Foreign);
        }
        if read < mark.len() {
            return Err(BackupError::Cut);
        }
        let mut format = [0; 4];
        format.copy_from_slice(&mark[MARK.len()..]);
        match u32::from_le_bytes(format) {
            FORMAT => Ok(Self { source, hash: begin(), blocks: 0, bytes: mark.len() as u64 }),
            found if found > FORMAT => Err(BackupError::Newer { what: "format", found, known: FORMAT }),
            _ => Err(BackupError::Foreign),
        }
    }

    /// The block that is being read is not as it was written.
    pub(super) fn damaged(&self) -> BackupError {
        BackupError::Damaged { block: self.blocks }
    }

    /// Reads the next block, which there must be.
    pub(super) fn read(&mut self) -> Result<(Kind, Vec<u8>), BackupError> {
        let mut head = [0; HEAD];
        if fill(self.source, &mut head)? < head.len() {
            return Err(BackupError::Cut);
        }
        let kind = Kind::of(head[0]).ok_or_else(|| self.damaged())?;
        let mut length = [0; 4];
        length.copy_from_slice(&head[1..5]);
        let length = u32::from_le_bytes(length);
        if length > LONGEST {
            return Err(self.damaged());
        }
        // Room is made as bytes come, not as they are promised.
        let mut block = Vec::new();
        self.source.take(length.into()).read_to_end(&mut block).map_err(BackupError::Read)?;
        if (block.len() as u64) < length.into() {
            return Err(BackupError::Cut);
        }
        let found = hash(&self.hash, head[0], &block);
        if found.as_slice() != &head[5..] {
            return Err(self.damaged());
        }
        self.hash = found;
        self.blocks += 1;
        self.bytes += (head.len() + block.len()) as u64;
        Ok((kind, block))
    }

    /// Nothing may follow.
    pub(super) fn end(&mut self) -> Result<(), BackupError> {
        if fill(self.source, &mut [0])? == 0 { Ok(()) } else { Err(self.damaged()) }
    }
}

/// Reads until `bytes` are full or there are no more; says how many there were.
fn fill(source: &mut dyn Read, bytes: &mut [u8]) -> Result<usize, BackupError> {
    let mut read = 0;
    while read < bytes.len() {
        match source.read(&mut bytes[read..]) {
            Ok(0) => break,
            Ok(more) => read += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(BackupError::Read(error)),
        }
    }
    Ok(read)
}
