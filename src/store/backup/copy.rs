//! A stream as a sequence of rows: a header that says of what, blocks of compressed rows, a trailer that
//! says what must have come.

use super::frames::{self, Kind};
use super::raw::{self, Entry};
use super::{BackupError, Place};
use crate::store::fault::Fault;
use crate::store::open::SCHEMA;
use crate::store::tables::NAMES;
use crate::time::At;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::io::{Read, Write};
use zstd::bulk::{Compressor, Decompressor};

/// A block is closed once it has so many bytes of rows.
#[cfg(not(test))]
const BLOCK: usize = 512 * 1024;
#[cfg(test)]
const BLOCK: usize = 256;
/// A block has at most so many bytes of rows: no row is nearly so long.
const LONGEST: usize = 64 * 1024 * 1024;
/// The quickest of zstd's usual levels: the disk is slower.
const LEVEL: i32 = 1;

/// What a stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum What {
    /// All rows.
    Whole {
        /// Where shipments go on from.
        place: Place,
    },
    /// The rows that were changed by some commits.
    Changes {
        /// The chain of shipments it belongs to.
        epoch: u64,
        /// Its number in it, from 1.
        number: u64,
        /// The last commit before them.
        after: u64,
        /// The last of them.
        commit: u64,
        /// The hash of the shipment before it; zeros for the first.
        before: [u8; 32],
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Header {
    pub(super) what: What,
    pub(super) schema: u32,
    /// The tables, as the rows number them.
    tables: Vec<String>,
    pub(super) at: At,
}

impl Header {
    pub(super) fn now(what: What, at: At) -> Self {
        let tables = NAMES.iter().map(|name| (*name).to_owned()).collect();
        Self { what, schema: SCHEMA, tables, at }
    }
}

/// What must have come, and what the file must say then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Trailer {
    /// How many entries the stream has.
    pub(super) entries: u64,
    /// How many rows each table of the snapshot has.
    pub(super) lengths: Vec<u64>,
    /// The number of the ledger's last row.
    pub(super) seq: u64,
    /// The ledger's head, last of all.
    pub(super) head: [u8; 32],
}

/// Writes a stream.
pub(super) struct Output<'w> {
    frames: frames::Writer<'w>,
    block: Vec<u8>,
    zstd: Compressor<'static>,
    pub(super) entries: u64,
    raw_bytes: u64,
}

impl<'w> Output<'w> {
    pub(super) fn begin(out: &'w mut dyn Write, header: &Header) -> Result<Self, BackupError> {
        let mut frames = frames::Writer::new(out)?;
        frames.write(Kind::Header, &encode(header)?)?;
        let zstd = Compressor::new(LEVEL).map_err(BackupError::Write)?;
        Ok(Self { frames, block: Vec::new(), zstd, entries: 0, raw_bytes: 0 })
    }

    pub(super) fn add(&mut self, entry: &Entry<'_>) -> Result<(), BackupError> {
        raw::encode(&mut self.block, entry)?;
        self.entries += 1;
        if self.block.len() >= BLOCK { self.flush() } else { Ok(()) }
    }

    /// Keys and rows so far, in bytes.
    pub(super) fn raw_bytes(&self) -> u64 {
        self.raw_bytes + self.block.len() as u64
    }

    fn flush(&mut self) -> Result<(), BackupError> {
        if self.block.is_empty() {
            return Ok(());
        }
        let packed = self.zstd.compress(&self.block).map_err(BackupError::Write)?;
        self.raw_bytes += self.block.len() as u64;
        self.block.clear();
        self.frames.write(Kind::Rows, &packed)
    }

    /// Ends it; gives the hash that names the stream, and its length.
    pub(super) fn end(mut self, trailer: &Trailer) -> Result<([u8; 32], u64), BackupError> {
        self.flush()?;
        self.frames.write(Kind::Trailer, &encode(trailer)?)?;
        self.frames.end()
    }
}

/// Reads a stream.
pub(super) struct Input<'r> {
    frames: frames::Reader<'r>,
    zstd: Decompressor<'static>,
    pub(super) header: Header,
    /// Each table's place here, by its number in the stream.
    places: Vec<usize>,
    entries: u64,
    pub(super) raw_bytes: u64,
}

/// What comes next.
pub(super) enum Next {
    /// Rows, to be asked for by [`Input::entries`].
    Block(Vec<u8>),
    /// The end; nothing was missing.
    End(Trailer),
}

impl<'r> Input<'r> {
    pub(super) fn begin(source: &'r mut dyn Read) -> Result<Self, BackupError> {
        let mut frames = frames::Reader::new(source)?;
        let (Kind::Header, header) = frames.read()? else { return Err(BackupError::Foreign) };
        let header: Header = decode(&header).ok_or_else(|| frames.damaged())?;
        if header.schema > SCHEMA {
            return Err(BackupError::Newer { what: "schema", found: header.schema, known: SCHEMA });
        }
        let place = |name: &String| NAMES.iter().position(|known| known == name);
        let places = header.tables.iter().map(place).collect::<Option<_>>();
        let places = places.ok_or_else(|| wrong("it has a table that this samovar does not know"))?;
        let zstd = Decompressor::new().map_err(BackupError::Read)?;
        Ok(Self { frames, zstd, header, places, entries: 0, raw_bytes: 0 })
    }

    pub(super) fn next(&mut self) -> Result<Next, BackupError> {
        match self.frames.read()? {
            (Kind::Rows, packed) => {
                let block = self.zstd.decompress(&packed, LONGEST).map_err(|_| self.frames.damaged())?;
                self.raw_bytes += block.len() as u64;
                Ok(Next::Block(block))
            }
            (Kind::Trailer, trailer) => {
                let trailer: Trailer = decode(&trailer).ok_or_else(|| self.frames.damaged())?;
                self.frames.end()?;
                if trailer.entries != self.entries || trailer.lengths.len() != self.places.len() {
                    return Err(wrong("it has more or fewer rows than it says"));
                }
                Ok(Next::End(trailer))
            }
            (Kind::Header, _) => Err(self.frames.damaged()),
        }
    }

    /// The rows of a block, with the tables' places here.
    pub(super) fn entries<'b>(&mut self, block: &'b [u8]) -> Result<Vec<Entry<'b>>, BackupError> {
        let mut entries = raw::decode(block).ok_or_else(|| self.frames.damaged())?;
        self.entries += entries.len() as u64;
        for entry in &mut entries {
            entry.table = *self.places.get(entry.table).ok_or_else(|| self.frames.damaged())?;
        }
        Ok(entries)
    }

    /// How many rows each table here must have.
    pub(super) fn lengths(&self, trailer: &Trailer) -> Vec<u64> {
        let mut lengths = vec![0; NAMES.len()];
        for (place, length) in self.places.iter().zip(&trailer.lengths) {
            lengths[*place] = *length;
        }
        lengths
    }

    /// The hash that names the stream, once all of it was read; and its length.
    pub(super) fn read(&self) -> ([u8; 32], u64) {
        (self.frames.hash, self.frames.bytes)
    }
}

pub(super) fn wrong(what: &str) -> BackupError {
    BackupError::Wrong { what: what.to_owned() }
}

fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>, BackupError> {
    let encoded = postcard::to_stdvec(value);
    Ok(encoded.map_err(|error| Fault::Bug(format!("a backup's header cannot be encoded: {error}")))?)
}

fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    match postcard::take_from_bytes(bytes) {
        Ok((value, [])) => Some(value),
        Ok(_) | Err(_) => None,
    }
}
