//! A damaged file: copied aside as it was found, and a copy of it repaired. The repaired copy takes
//! the place of the damaged file only when the whole audit passes.

use super::copy::has_room;
use super::open::{FILE, OpenError, SCHEMA, builder, put_in_place, schema, write_schema};
use super::stream::end_stream;
use super::{Fault, View};
use crate::disk::shown;
use crate::panics::caught;
use crate::time::Clock;
use redb::{Database, DatabaseError, StorageError};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// Why a file was not opened. Nothing in it was changed.
pub(super) enum NotOpened {
    /// A repair may mend it, another try will not.
    Damaged(String),
    /// Another try may go better.
    Fault(Fault),
}

/// Why a file is not looked into as it lies there. Not a byte of it was changed.
#[derive(Debug, thiserror::Error)]
pub enum Unseen {
    /// The next start looks it through, and repairs it if need be.
    #[error("the database was not closed: its process was killed, or it is damaged")]
    NotClosed,
    /// The next start upgrades it.
    #[error("the database was written by an older samovar (schema {found}, this one's is {SCHEMA})")]
    Older {
        /// Its schema.
        found: u32,
    },
    /// No start opens it.
    #[error("the database was written by a newer samovar (schema {found}, this one knows {SCHEMA})")]
    Newer {
        /// Its schema.
        found: u32,
    },
    /// A start would try to mend it.
    #[error("the database is damaged: {0}")]
    Damaged(String),
    /// Another look may go better.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Shows the database of a data directory, which nobody has open, to `see`, as it lies there: nothing is
/// upgraded, mended or taken over. `None` where there is none. The caller holds the directory's lock.
pub fn look<R>(dir: &Path, see: impl FnOnce(&View) -> Result<R, Fault>) -> Result<Option<R>, Unseen> {
    let path = dir.join(FILE);
    if !path.try_exists().map_err(|error| Fault::Storage(error.to_string()))? {
        return Ok(None);
    }
    let looked = || {
        let database = builder().open_read_only(&path).map_err(|error| {
            if matches!(error, DatabaseError::RepairAborted) {
                return Unseen::NotClosed;
            }
            match not_opened(&error) {
                NotOpened::Damaged(why) => Unseen::Damaged(why),
                NotOpened::Fault(fault) => Unseen::Fault(fault),
            }
        })?;
        match schema(&database)? {
            None => Err(Unseen::Damaged("there is no ledger in it".to_owned())),
            Some(found) if found < SCHEMA => Err(Unseen::Older { found }),
            Some(found) if found > SCHEMA => Err(Unseen::Newer { found }),
            Some(_) => Ok(see(&View::of(&database)?)?),
        }
    };
    // redb trusts its own pages and may panic on foreign ones.
    let looked = caught(looked);
    looked.unwrap_or_else(|_| Err(Unseen::Damaged("its pages make no sense".to_owned()))).map(Some)
}

/// The schema of a file, without changing a byte of it; `None` when that cannot be told so.
pub(super) fn peek(path: &Path) -> Option<u32> {
    let look = || {
        let database = builder().open_read_only(path).map_err(|error| error.to_string())?;
        schema(&database).map_err(|fault| fault.to_string())
    };
    match caught(look) {
        Ok(Ok(found)) => found,
        Ok(Err(why)) => {
            tracing::debug!(why, "the schema cannot be read yet");
            None
        }
        Err(_) => None,
    }
}

/// Opens a file that is there and needs no repair.
pub(super) fn open_sound(path: &Path) -> Result<Database, NotOpened> {
    open(path, false)
}

/// Opens the file; without `repair`, a file that needs one is left alone.
fn open(path: &Path, repair: bool) -> Result<Database, NotOpened> {
    let look = || {
        let mut builder = builder();
        if !repair {
            builder.set_repair_callback(redb::RepairSession::abort);
        }
        let database = builder.open(path).map_err(|error| not_opened(&error))?;
        match schema(&database) {
            Ok(Some(_)) => Ok(database),
            Ok(None) => Err(NotOpened::Damaged("there is no ledger in it".to_owned())),
            Err(fault) => Err(NotOpened::Damaged(fault.to_string())),
        }
    };
    // redb trusts its own pages and may panic on foreign ones.
    caught(look).unwrap_or_else(|_| Err(NotOpened::Damaged("its pages make no sense".to_owned())))
}

fn not_opened(error: &DatabaseError) -> NotOpened {
    let damaged = match error {
        DatabaseError::RepairAborted | DatabaseError::Storage(StorageError::Corrupted(_)) => true,
        DatabaseError::Storage(StorageError::Io(error)) => {
            matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof)
        }
        DatabaseError::Storage(_)
        | DatabaseError::DatabaseAlreadyOpen
        | DatabaseError::LockProtocolMismatch
        | DatabaseError::UpgradeRequired(_)
        | DatabaseError::TransactionInProgress => false,
        // redb may name more causes; none of them is a reason to repair.
        _ => false,
    };
    if damaged {
        NotOpened::Damaged(error.to_string())
    } else {
        NotOpened::Fault(Fault::Storage(error.to_string()))
    }
}

/// Repairs a copy of a damaged file and puts it in its place, or says that it cannot.
pub(super) fn mend(path: &Path, why: &str) -> Result<Database, OpenError> {
    let unusable = |why| OpenError::Directory { dir: shown(path.parent().unwrap_or(path)), why };
    let copy = aside(path).map_err(unusable)?;
    let is_there = copy.try_exists().map_err(unusable)?;
    // One as it was found, and one to repair.
    has_room(path, if is_there { 1 } else { 2 })?;
    if !is_there {
        copy_aside(path, &copy).map_err(unusable)?;
    }
    let damaged =
        |why: &str| OpenError::Damaged { path: shown(path), why: why.to_owned(), copy: shown(&copy) };
    let working = path.with_extension("redb.mending");
    fs::copy(path, &working).map_err(unusable)?;
    if let Err(failed) = repair(&working) {
        fs::remove_file(&working).map_err(unusable)?;
        return Err(damaged(&format!("{why}; its repair failed: {failed}")));
    }
    put_in_place(&working, path).map_err(unusable)?;
    match open_sound(path) {
        Ok(database) => {
            tracing::warn!(copy = shown(&copy), why, "the database was repaired and the audit passes");
            Ok(database)
        }
        Err(NotOpened::Damaged(why)) => Err(damaged(&why)),
        Err(NotOpened::Fault(fault)) => Err(fault.into()),
    }
}

/// Repairs a file that nobody needs any more, and audits it.
fn repair(path: &Path) -> Result<(), String> {
    let database = match open(path, true) {
        Ok(database) => database,
        Err(NotOpened::Damaged(why)) => return Err(why),
        Err(NotOpened::Fault(fault)) => return Err(fault.to_string()),
    };
    let audited = caught(|| {
        // One of an older version lacks tables that the audit reads.
        write_schema(&database, &Clock::system())?;
        // The repair may have gone back to an earlier commit than the last that was shipped.
        end_stream(&database, &Clock::system())?;
        View::of(&database)?.audit()
    });
    match audited {
        Ok(Ok(report)) if report.ok => database.close().map_err(|error| error.to_string()),
        Ok(Ok(_)) => Err("the audit fails".to_owned()),
        Ok(Err(fault)) => Err(fault.to_string()),
        Err(_) => Err("its pages make no sense".to_owned()),
    }
}

/// Where the file is copied to as it was found: by its contents, so that a service which is started again and
/// again does not fill the disk with copies.
fn aside(path: &Path) -> io::Result<PathBuf> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(File::open(path)?)?;
    let hash = hasher.finalize().to_hex();
    Ok(path.with_file_name(format!("samovar.redb.damaged-{}", &hash[..16])))
}

fn copy_aside(path: &Path, copy: &Path) -> io::Result<()> {
    let unfinished = path.with_extension("redb.copying");
    fs::copy(path, &unfinished)?;
    put_in_place(&unfinished, copy)
}
