//! Reading streams: a file is made of a whole copy and the shipments after it.

use super::copy::{Input, Next, Trailer, What, wrong};
use super::raw::Entry;
use super::{BackupError, Dumped, Loaded, Place, Shipment};
use crate::disk::shown;
use crate::store::fault::Fault;
use crate::store::hot::Known;
use crate::store::open::{SCHEMA, builder, put_in_place, schema};
use crate::store::tables::{Tables, WriteTables, lengths};
use crate::store::{OpenError, Tx, View, accounts};
use crate::time::Moment;
use redb::Database;
use std::fs::{self, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// So many bytes of rows go into one transaction.
const AT_ONCE: usize = 64 * 1024 * 1024;

/// Makes the file `path`, which there must not be, of a whole copy and the shipments after it, in their order,
/// up to the last whole one; a shipment that the copy has in it already is passed over. The file is on disk
/// when this returns, and there is none when it fails. Every block's hash, the order, the number of rows and
/// the ledger's head are checked; the books are not audited.
///
/// A shipment that is cut short, damaged or out of order ends the list: see [`Loaded::stopped`]. One that
/// cannot be read just now is an error, for it may be read later.
pub fn load(
    path: &Path,
    dump: &mut dyn Read,
    changes: &mut dyn Iterator<Item = io::Result<Box<dyn Read>>>,
) -> Result<Loaded, BackupError> {
    let file = |why| BackupError::File { path: shown(path), why };
    // Whatever was there, this is a file of our own now.
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(file)?;
    let loaded = fill(path, dump, changes).and_then(|loaded| {
        put_in_place(path, path).map_err(file)?;
        Ok(loaded)
    });
    if loaded.is_err() {
        fs::remove_file(path).map_err(file)?;
    }
    loaded
}

/// Reads a whole copy, without making a file.
pub fn check(dump: &mut dyn Read) -> Result<Dumped, BackupError> {
    let mut input = Input::begin(dump)?;
    let place = whole(&input)?;
    let trailer = read_through(&mut input)?;
    Ok(dumped(&input, place, &trailer))
}

/// Reads a shipment, without making a file.
#[cfg(test)]
pub(in crate::store) fn check_changes(changes: &mut dyn Read) -> Result<Shipment, BackupError> {
    let mut input = Input::begin(changes)?;
    let trailer = read_through(&mut input)?;
    shipment(&input, &trailer)
}

fn whole(input: &Input<'_>) -> Result<Place, BackupError> {
    match input.header.what {
        What::Whole { place } => Ok(place),
        What::Changes { .. } => Err(BackupError::NotWhole),
    }
}

fn read_through(input: &mut Input<'_>) -> Result<Trailer, BackupError> {
    loop {
        match input.next()? {
            Next::Block(block) => drop(input.entries(&block)?),
            Next::End(trailer) => return Ok(trailer),
        }
    }
}

fn dumped(input: &Input<'_>, place: Place, trailer: &Trailer) -> Dumped {
    let (hash, bytes) = input.read();
    Dumped {
        epoch: place.epoch,
        upto: place.shipped,
        commit: place.commit,
        rows: trailer.entries,
        seq: trailer.seq,
        head: trailer.head,
        at: input.header.at,
        raw_bytes: input.raw_bytes,
        bytes,
        hash,
    }
}

fn shipment(input: &Input<'_>, trailer: &Trailer) -> Result<Shipment, BackupError> {
    let What::Changes { epoch, number, commit, .. } = input.header.what else {
        return Err(BackupError::NotChanges);
    };
    let (hash, bytes) = input.read();
    let Trailer { entries: rows, seq, head, .. } = *trailer;
    Ok(Shipment { epoch, number, commit, rows, seq, head, at: input.header.at, bytes, hash })
}

fn fill(
    path: &Path,
    dump: &mut dyn Read,
    changes: &mut dyn Iterator<Item = io::Result<Box<dyn Read>>>,
) -> Result<Loaded, BackupError> {
    let mut input = Input::begin(dump)?;
    let mut place = whole(&input)?;
    let database = builder().create(path).map_err(Fault::from)?;
    let trailer = write_all(&database, &mut input)?;
    let Trailer { seq, head, .. } = trailer;
    let dumped = dumped(&input, place, &trailer);
    let at = dumped.at;
    let mut loaded = Loaded { dumped, applied: 0, last: None, stopped: None, seq, head, at };
    for source in changes {
        match source
            .map_err(BackupError::Read)
            .and_then(|mut source| apply(&database, &mut place, &mut source))
        {
            Ok(None) => {}
            Ok(Some(shipment)) => {
                loaded.applied += 1;
                (loaded.seq, loaded.head, loaded.at) = (shipment.seq, shipment.head, shipment.at);
                loaded.last = Some(shipment);
            }
            Err(why) if why.is_of_the_stream() => {
                loaded.stopped = Some(why.to_string());
                break;
            }
            Err(why) => return Err(why),
        }
    }
    mark(&database, &loaded)?;
    database.close().map_err(Fault::from)?;
    Ok(loaded)
}

/// Writes the rows of a whole copy, some at a time.
fn write_all(database: &Database, input: &mut Input<'_>) -> Result<Trailer, BackupError> {
    loop {
        let txn = database.begin_write().map_err(Fault::from)?;
        let ended = {
            let mut tables = WriteTables::of(&txn);
            tables.make_all()?;
            let mut written = 0;
            loop {
                match input.next()? {
                    Next::Block(block) => {
                        let entries = input.entries(&block)?;
                        for one in entries.chunk_by(|one, next| one.table == next.table) {
                            tables.append(one[0].table, one)?;
                        }
                        written += block.len();
                        if written >= AT_ONCE {
                            break None;
                        }
                    }
                    Next::End(trailer) => {
                        is_as_told(&tables, input, &trailer)?;
                        break Some(trailer);
                    }
                }
            }
        };
        txn.commit().map_err(Fault::from)?;
        if let Some(trailer) = ended {
            return Ok(trailer);
        }
    }
}

/// Writes a shipment, all of it or nothing; `None` when the copy has it in it.
fn apply(
    database: &Database,
    place: &mut Place,
    source: &mut dyn Read,
) -> Result<Option<Shipment>, BackupError> {
    let mut input = Input::begin(source)?;
    let What::Changes { epoch, number, after, commit, before } = input.header.what else {
        return Err(BackupError::NotChanges);
    };
    if epoch == place.epoch && number <= place.shipped {
        return Ok(None);
    }
    let follows = epoch == place.epoch && number == place.shipped + 1 && before == place.hash;
    // Else there are commits between that are in neither.
    if !follows || after > place.commit {
        return Err(BackupError::OutOfOrder { epoch, number, of: place.epoch, last: place.shipped });
    }
    // The copy was made after it: its rows are older than those that are there.
    let is_new = commit > place.commit;
    let trailer = if is_new { write_changes(database, &mut input)? } else { read_through(&mut input)? };
    let shipment = shipment(&input, &trailer)?;
    (place.shipped, place.hash) = (number, shipment.hash);
    if !is_new {
        return Ok(None);
    }
    place.commit = commit;
    Ok(Some(shipment))
}

fn write_changes(database: &Database, input: &mut Input<'_>) -> Result<Trailer, BackupError> {
    let txn = database.begin_write().map_err(Fault::from)?;
    let trailer = {
        let mut tables = WriteTables::of(&txn);
        loop {
            match input.next()? {
                Next::Block(block) => {
                    let entries = input.entries(&block)?;
                    entries.iter().try_for_each(|entry: &Entry<'_>| tables.change(entry.table, entry))?;
                }
                Next::End(trailer) => {
                    is_as_told(&tables, input, &trailer)?;
                    break trailer;
                }
            }
        }
    };
    txn.commit().map_err(Fault::from)?;
    Ok(trailer)
}

/// The file has what the stream says that it must have.
fn is_as_told<T: Tables>(tables: &T, input: &Input<'_>, trailer: &Trailer) -> Result<(), BackupError> {
    if lengths(tables)? != input.lengths(trailer) {
        return Err(wrong("its tables have more or fewer rows than it says"));
    }
    if accounts::head(tables)? != (trailer.seq, trailer.head) {
        return Err(wrong("its ledger does not end as it says"));
    }
    Ok(())
}

/// Has the file remember that it came out of a backup, and of which epoch.
fn mark(database: &Database, loaded: &Loaded) -> Result<(), BackupError> {
    let mut txn = database.begin_write().map_err(Fault::from)?;
    txn.set_quick_repair(true);
    let now = Moment { at: loaded.at, ..Moment::default() };
    Tx::run(&txn, now, Known::default(), |tx| {
        tx.end_stream_after(loaded.dumped.epoch)?;
        tx.mark_restored()
    })?;
    txn.commit().map_err(Fault::from)?;
    Ok(())
}

impl View {
    /// A file that nobody has open, as it is: not a byte of it is changed.
    pub fn at(path: &Path) -> Result<Self, OpenError> {
        let why = |error: redb::DatabaseError| Fault::from(error);
        let database = builder().open_read_only(path).map_err(why)?;
        match schema(&database)? {
            Some(found) if found > SCHEMA => Err(OpenError::Newer { found }),
            Some(_) => Ok(Self::of(&database)?),
            None => Err(Fault::Storage("there is no ledger in it".to_owned()).into()),
        }
    }
}
