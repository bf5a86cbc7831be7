//! A damaged file: copied aside as it was found, and a copy of it repaired. The repaired copy takes
//! the place of the damaged file only when the whole audit passes.

use super::copy::has_room;
use super::open::{OpenError, builder, put_in_place, schema, write_schema};
use super::stream::end_stream;
use super::{Fault, View};
use crate::time::Clock;
use redb::{Database, DatabaseError, StorageError};
use std::fs::{self, File};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// Why a file was not opened. Nothing in it was changed.
pub(super) enum NotOpened {
    /// A repair may mend it, another try will not.
    Damaged(String),
    /// Another try may go better.
    Fault(Fault),
}

/// The schema of a file, without changing a byte of it; `None` when that cannot be told so.
pub(super) fn peek(path: &Path) -> Option<u32> {
    let look = || {
        let database = builder().open_read_only(path).map_err(|error| error.to_string())?;
        schema(&database).map_err(|fault| fault.to_string())
    };
    match catch_unwind(AssertUnwindSafe(look)) {
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
    catch_unwind(AssertUnwindSafe(look))
        .unwrap_or_else(|_| Err(NotOpened::Damaged("its pages make no sense".to_owned())))
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
    let unusable =
        |why| OpenError::Directory { dir: path.parent().unwrap_or(path).display().to_string(), why };
    let copy = aside(path).map_err(unusable)?;
    let is_there = copy.try_exists().map_err(unusable)?;
    // One as it was found, and one to repair.
    has_room(path, if is_there { 1 } else { 2 })?;
    if !is_there {
        copy_aside(path, &copy).map_err(unusable)?;
    }
    let damaged = |why: &str| OpenError::Damaged {
        path: path.display().to_string(),
        why: why.to_owned(),
        copy: copy.display().to_string(),
    };
    let working = path.with_extension("redb.mending");
    fs::copy(path, &working).map_err(unusable)?;
    if let Err(failed) = repair(&working) {
        fs::remove_file(&working).map_err(unusable)?;
        return Err(damaged(&format!("{why}; its repair failed: {failed}")));
    }
    put_in_place(&working, path).map_err(unusable)?;
    match open_sound(path) {
        Ok(database) => {
            tracing::warn!(copy = %copy.display(), why, "the database was repaired and the audit passes");
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
    let audited = catch_unwind(AssertUnwindSafe(|| {
        // One of an older version lacks tables that the audit reads.
        write_schema(&database, &Clock::system())?;
        // The repair may have gone back to an earlier commit than the last that was shipped.
        end_stream(&database, &Clock::system())?;
        View::of(&database)?.audit()
    }));
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
