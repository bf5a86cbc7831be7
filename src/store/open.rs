//! Opening the file: one process at a time, and never making a new ledger where one was.

use super::backup::take_over;
use super::hot::Known;
use super::mend::{NotOpened, mend, open_sound, peek};
use super::migrate::{step, upgrade};
use super::notes::note_in;
use super::stream::end_stream;
use super::tables::Bytes;
use super::{Engine, Fault, Store, Tx, WorkingCopy};
use crate::disk::shown;
use crate::panics::caught;
use crate::time::{Clock, Up};
use redb::{Builder, Database, ReadableDatabase, StorageBackend, TableDefinition};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::ops::Deref;
use std::path::{Path, PathBuf};

/// The version of the schema this program writes.
pub(super) const SCHEMA: u32 = 4;
/// The database's name in the data directory.
pub(super) const FILE: &str = "samovar.redb";
/// The note of the key that callbacks are signed with.
pub(super) const KEY: &str = "server_key";
/// redb's default of 1 GiB would be most of a small VPS.
const CACHE_BYTES: usize = 16 * 1024 * 1024;

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
    #[error("the data directory {dir} cannot be used: {why}{}", advice(.why))]
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
        "the database was written by a newer samovar (schema {found}, this one knows {SCHEMA}); nothing was changed in it"
    )]
    Newer {
        /// Its schema.
        found: u32,
    },
    /// There is no room for a copy of the file.
    #[error(
        "there is no room for a copy of {path}: {needed_mb} MB are needed in {dir} and {free_mb} MB are free; \
         nothing was changed"
    )]
    NoRoom {
        /// The file.
        path: String,
        /// Where the copy is made.
        dir: String,
        /// So much must be free, in MB of 1024².
        needed_mb: u64,
        /// So much is.
        free_mb: u64,
    },
    /// The upgrade of an older file would break a rule of the books.
    #[error(
        "{path} was not upgraded from schema {from} to {SCHEMA}: it would break {broken}. It is as it was; go on with \
         the version of samovar that you had"
    )]
    NotUpgraded {
        /// The file.
        path: String,
        /// Its schema.
        from: u32,
        /// The rules, with the first rows that would break them.
        broken: String,
    },
    /// The disk, or an unreadable row.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// What to do about a directory that cannot be used.
fn advice(why: &io::Error) -> &'static str {
    let is_denied = why.kind() == io::ErrorKind::PermissionDenied;
    if is_denied { "; run this as its owner or as root, or set DATA_DIR to another" } else { "" }
}

/// Holds the data directory for this process as long as it lives.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "kept open: closing it gives the directory up")] File);

impl Lock {
    /// Takes the data directory, making it if need be (for its owner alone).
    pub fn take(dir: &Path) -> Result<Self, OpenError> {
        let unusable = |why| OpenError::Directory { dir: shown(dir), why };
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
                return Err(Taken { dir: shown(dir), pid }.into());
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

/// The open file. A page that is damaged can make redb panic as it closes the file, which is no reason to
/// end the service.
pub(super) struct Opened(Option<Database>);

impl Opened {
    pub(super) fn new(database: Database) -> Self {
        Self(Some(database))
    }
}

impl Deref for Opened {
    type Target = Database;

    fn deref(&self) -> &Database {
        self.0.as_ref().expect("it is taken out when this is dropped")
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        let database = self.0.take();
        if let Err(panic) = caught(move || drop(database)) {
            tracing::error!(why = %panic, "the database is damaged: it could not be closed");
        }
    }
}

/// Opens the storage: the first time, and again after the disk failed under it.
pub(super) type Opener = Box<dyn Fn() -> Result<Database, OpenError> + Send + Sync>;

impl Store {
    /// Opens, or makes, the database of a data directory. The caller holds its [`Lock`].
    ///
    /// A damaged file is never repaired in place, nor one of an older version migrated: a copy of it is, and
    /// takes its place only when the whole audit passes.
    pub fn open(dir: &Path, clock: Clock) -> Result<(Self, Engine), OpenError> {
        let path = there(dir, &clock)?;
        let clock_again = clock.clone();
        Self::open_by(Box::new(move || open_file(&path, &clock_again)), clock)
    }

    /// A copy of a data directory's database, to be changed in as many transactions as it takes. The caller
    /// holds the directory's [`Lock`], and nobody has the database open.
    pub fn copy(dir: &Path, clock: &Clock) -> Result<WorkingCopy, OpenError> {
        let path = there(dir, clock)?;
        open_file(&path, clock)?.close().map_err(|error| Fault::Storage(error.to_string()))?;
        let copy = WorkingCopy::of(&path, "redb.importing", clock)?;
        // So much is changed that a whole backup says it in less.
        end_stream(copy.database(), clock)?;
        Ok(copy)
    }

    /// Opens, or makes, the database on a storage of the caller's: a simulated disk that fails or
    /// forgets. `backend` is asked for it now and again after every I/O error; an empty one becomes
    /// an empty ledger the first time only.
    pub fn open_on<B: StorageBackend>(
        backend: impl Fn() -> io::Result<B> + Send + Sync + 'static,
        clock: Clock,
    ) -> Result<(Self, Engine), OpenError> {
        let open = move || {
            let backend = backend().map_err(|error| Fault::Storage(error.to_string()))?;
            Ok(builder().create_with_backend(backend).map_err(Fault::from)?)
        };
        Self::open_by(Box::new(open), clock)
    }

    fn open_by(open: Opener, clock: Clock) -> Result<(Self, Engine), OpenError> {
        let database = open()?;
        if let Some(found) = schema(&database)?.filter(|found| *found > SCHEMA) {
            return Err(OpenError::Newer { found });
        }
        write_schema(&database, &clock)?;
        take_over(&database, &clock)?;
        let (store, engine) = Self::assemble(database, open, clock);
        let up = store.view()?.note::<Up>("uptime")?;
        store.clock().resume(up.unwrap_or(Up(0)));
        Ok((store, engine))
    }
}

pub(super) fn builder() -> Builder {
    let mut builder = Builder::new();
    builder.set_cache_size(CACHE_BYTES);
    builder
}

/// Copies under way, by their endings: what an import, an upgrade and a repair begin and, if they are killed, leave.
const HALF_MADE: [&str; 4] = ["redb.importing", "redb.upgrading", "redb.mending", "redb.copying"];

/// Removes what a killed process left half-made; with the directory's lock held it is nobody's.
fn clear(path: &Path) {
    for ending in HALF_MADE {
        let file = path.with_extension(ending);
        match fs::remove_file(&file) {
            Ok(()) => tracing::warn!(file = shown(&file), "a half-made copy of the database was removed"),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => tracing::warn!(file = shown(&file), %error, "a half-made copy stays behind"),
        }
    }
}

/// The database of a data directory; made if there is none. Its caller holds the directory's lock.
fn there(dir: &Path, clock: &Clock) -> Result<PathBuf, OpenError> {
    let path = dir.join(FILE);
    clear(&path);
    let unusable = |why| OpenError::Directory { dir: shown(dir), why };
    if !path.try_exists().map_err(unusable)? {
        create(&path, clock)?.map_err(unusable)?;
    }
    Ok(path)
}

/// Makes a new database under another name first: an empty or half-made file under the real name is
/// damage, never a new ledger.
fn create(path: &Path, clock: &Clock) -> Result<io::Result<()>, Fault> {
    let fresh = path.with_extension("redb.new");
    match fs::remove_file(&fresh) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Ok(Err(error)),
        Ok(()) | Err(_) => {}
    }
    let database = builder().create(&fresh)?;
    write_schema(&database, clock)?;
    database.close()?;
    Ok(put_in_place(&fresh, path))
}

/// Gives a file its real name, for good.
pub(super) fn put_in_place(file: &Path, path: &Path) -> io::Result<()> {
    File::open(file)?.sync_all()?;
    fs::rename(file, path)?;
    match path.parent() {
        Some(dir) if dir.as_os_str().is_empty() => File::open(".")?.sync_all(),
        Some(dir) => File::open(dir)?.sync_all(),
        None => Ok(()),
    }
}

/// Opens the file that is there; mends it and brings it to this schema if need be.
fn open_file(path: &Path, clock: &Clock) -> Result<Database, OpenError> {
    // Looked up read-only: even opening and closing it would move pages of another version's file.
    match peek(path) {
        Some(found) if found > SCHEMA => return Err(OpenError::Newer { found }),
        Some(found) if found < SCHEMA => upgrade(path, found, clock)?,
        Some(_) | None => {}
    }
    let database = open_or_mend(path)?;
    match schema(&database)? {
        // One that could not be looked up: its process was killed.
        Some(found) if found < SCHEMA => {
            database.close().map_err(|error| Fault::Storage(error.to_string()))?;
            upgrade(path, found, clock)?;
            open_or_mend(path)
        }
        Some(_) | None => Ok(database),
    }
}

fn open_or_mend(path: &Path) -> Result<Database, OpenError> {
    match open_sound(path) {
        Ok(database) => Ok(database),
        Err(NotOpened::Damaged(why)) => mend(path, &why),
        Err(NotOpened::Fault(fault)) => Err(fault.into()),
    }
}

/// The schema's version; `None` where no ledger was ever made.
pub(super) fn schema(database: &impl ReadableDatabase) -> Result<Option<u32>, Fault> {
    let txn = database.begin_read()?;
    let settings = TableDefinition::<&str, Bytes>::new("settings");
    match txn.open_table(settings) {
        Ok(table) => note_in(&table, "schema"),
        Err(redb::TableError::TableDoesNotExist(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Makes the tables, and the service's own key, as far as they are missing; a file of this version or a
/// newer one is left as it is.
pub(super) fn write_schema(database: &Database, clock: &Clock) -> Result<(), Fault> {
    let found = schema(database)?.unwrap_or(0);
    if found >= SCHEMA {
        return Ok(());
    }
    let mut txn = database.begin_write()?;
    txn.set_quick_repair(true);
    Tx::run(&txn, clock.now(), Known::default(), |tx| {
        tx.tables.make_all()?;
        (found..SCHEMA).try_for_each(|from| step(tx, from))?;
        // Its list of changes names tables by their places, which differ from schema to schema.
        tx.end_stream()?;
        tx.put_note("schema", &SCHEMA)?;
        if tx.note::<[u8; 32]>(KEY)?.is_some() {
            return Ok(());
        }
        let mut key = [0u8; 32];
        getrandom::fill(&mut key).map_err(|error| Fault::Bug(format!("no randomness: {error}")))?;
        tx.put_note(KEY, &key)
    })?;
    txn.commit()?;
    Ok(())
}
