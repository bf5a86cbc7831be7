//! Opening the file: one process at a time, and never repairing the only copy.

use super::audit::Report;
use super::tables::WriteTables;
use super::{Engine, Fault, Store, Tx, Wake};
use crate::time::{Clock, Up};
use redb::{Builder, Database, DatabaseError, StorageError};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The version of the schema this program writes.
const SCHEMA: u32 = 1;
/// redb's default of 1 GiB would be most of a small VPS.
const CACHE_BYTES: usize = 24 * 1024 * 1024;

/// The data directory belongs to another running process.
#[derive(Debug, thiserror::Error)]
#[error("{dir} belongs to another running samovar (pid {pid}); stop it, or use its commands while it runs")]
pub struct Taken {
    /// The data directory.
    pub dir: String,
    /// The process, or `?`.
    pub pid: String,
}

/// Why the store could not be opened. Nothing in the file was changed.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it.
    #[error(transparent)]
    Taken(#[from] Taken),
    /// The directory cannot be used.
    #[error("the data directory {dir} cannot be used: {why}")]
    Directory {
        /// The data directory.
        dir: String,
        /// What the system said.
        why: io::Error,
    },
    /// The file is damaged.
    #[error(
        "the database {path} is damaged: {why}. A copy of it as it was found is {copy}. \
         Nothing was changed in it; put a backup in its place (README, \"Back up and restore\")"
    )]
    Damaged {
        /// The file.
        path: String,
        /// What is wrong.
        why: String,
        /// The copy made before any repair.
        copy: String,
    },
    /// The file is from a newer version.
    #[error(
        "the database {path} was written by a newer samovar (schema {found}, this one knows {SCHEMA}); nothing was changed in it"
    )]
    Newer {
        /// The file.
        path: String,
        /// Its schema.
        found: u32,
    },
    /// The disk, or an unreadable row.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Holds the data directory for this process as long as it lives.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "kept open: closing it gives the directory up")] File);

impl Lock {
    /// Takes the data directory, making it if need be (for its owner alone).
    pub fn take(dir: &Path) -> Result<Self, OpenError> {
        let unusable = |why| OpenError::Directory { dir: dir.display().to_string(), why };
        make_private_dir(dir).map_err(unusable)?;
        let path = dir.join("samovar.lock");
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(unusable)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => {
                let mut pid = String::new();
                file.read_to_string(&mut pid).map_err(unusable)?;
                let pid = if pid.trim().is_empty() { "?".to_owned() } else { pid.trim().to_owned() };
                return Err(Taken { dir: dir.display().to_string(), pid }.into());
            }
            Err(fs::TryLockError::Error(why)) => return Err(unusable(why)),
        }
        let note_pid = |file: &mut File| {
            file.set_len(0)?;
            file.rewind()?;
            writeln!(file, "{}", std::process::id())
        };
        note_pid(&mut file).map_err(unusable)?;
        Ok(Self(file))
    }
}

fn make_private_dir(dir: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

impl Store {
    /// Opens, or makes, the database of a data directory. The caller holds its [`Lock`].
    ///
    /// A file that needs repair is copied aside first; after the repair the whole audit must pass.
    pub fn open(dir: &Path, clock: Clock) -> Result<(Self, Engine), OpenError> {
        let path = dir.join("samovar.redb");
        let existed = path.exists();
        let opened = open_file(&path, false);
        let (database, repaired) = match opened {
            Ok(database) => (database, None),
            Err(error) if existed && is_damage(&error) => {
                let copy = copy_aside(&path, &clock)
                    .map_err(|why| OpenError::Directory { dir: dir.display().to_string(), why })?;
                let damaged = |error: &DatabaseError| damaged(&path, &error.to_string(), &copy);
                (open_file(&path, true).map_err(|error| damaged(&error))?, Some(copy))
            }
            Err(error) => return Err(Fault::from(error).into()),
        };
        if let Some(found) = prepare(&database, &clock)? {
            return Err(OpenError::Newer { path: path.display().to_string(), found });
        }
        let (store, engine) = Self::assemble(database, path.clone(), clock.clone());
        let view = store.view()?;
        if let Some(copy) = repaired {
            let report: Report = view.audit().map_err(|fault| damaged(&path, &fault.to_string(), &copy))?;
            if !report.ok {
                return Err(damaged(&path, "after its repair the audit fails", &copy));
            }
            tracing::warn!(copy = %copy.display(), "the database was repaired and the audit passes");
        }
        clock.resume(view.note::<Up>("uptime")?.unwrap_or(Up(0)));
        Ok((store, engine))
    }
}

fn damaged(path: &Path, why: &str, copy: &Path) -> OpenError {
    OpenError::Damaged {
        path: path.display().to_string(),
        why: why.to_owned(),
        copy: copy.display().to_string(),
    }
}

/// True for what a repair may mend and another try will not.
fn is_damage(error: &DatabaseError) -> bool {
    match error {
        DatabaseError::RepairAborted | DatabaseError::Storage(StorageError::Corrupted(_)) => true,
        DatabaseError::Storage(StorageError::Io(error)) => {
            matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof)
        }
        _ => false,
    }
}

/// Opens the file; without `repair`, a file that needs one is left alone and an error given.
fn open_file(path: &Path, repair: bool) -> Result<Database, DatabaseError> {
    let wanted = Arc::new(AtomicBool::new(false));
    let mut builder = Builder::new();
    builder.set_cache_size(CACHE_BYTES);
    if !repair {
        let wanted = wanted.clone();
        builder.set_repair_callback(move |session| {
            wanted.store(true, Ordering::SeqCst);
            session.abort();
        });
    }
    let opened = builder.create(path);
    if wanted.load(Ordering::SeqCst) { Err(DatabaseError::RepairAborted) } else { opened }
}

/// Opens the file again after the disk failed under it.
pub(super) fn reopen(path: &Path) -> Result<Database, Fault> {
    Ok(open_file(path, true)?)
}

/// Makes sure that all tables and the service's own key are there. Gives the schema's version when
/// it is newer than ours; then nothing was changed.
fn prepare(database: &Database, clock: &Clock) -> Result<Option<u32>, Fault> {
    let mut txn = database.begin_write()?;
    txn.set_quick_repair(true);
    let newer = {
        let tables = WriteTables::open(&txn)?;
        let mut tx = Tx { tables, now: clock.now(), wake: Wake::default() };
        let found = tx.note::<u32>("schema")?;
        if found.is_none() {
            tx.put_note("schema", &SCHEMA)?;
            let mut key = [0u8; 32];
            getrandom::fill(&mut key).map_err(|error| Fault::Bug(format!("no randomness: {error}")))?;
            tx.put_note("server_key", &key)?;
        }
        found.filter(|found| *found > SCHEMA)
    };
    if newer.is_some() {
        txn.abort()?;
    } else {
        txn.commit()?;
    }
    Ok(newer)
}

fn copy_aside(path: &Path, clock: &Clock) -> io::Result<PathBuf> {
    let stamp = clock.now().at.to_string().replace(':', "-");
    let copy = path.with_file_name(format!("samovar.redb.damaged-{stamp}"));
    fs::copy(path, &copy)?;
    File::open(&copy)?.sync_all()?;
    Ok(copy)
}
