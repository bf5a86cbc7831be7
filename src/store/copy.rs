//! Changing a copy of the file, which takes the file's place when all of it is done and the whole audit passes:
//! an upgrade, an import.
//!
//! **Invariant:** the file itself is not touched before that, and at every moment one of the two stands whole under
//! its name.

use super::audit::Report;
use super::hot::Known;
use super::mend::{NotOpened, open_sound};
use super::open::{OpenError, put_in_place};
use super::{Fault, Tx, View};
use crate::disk::{self, shown};
use crate::time::Clock;
use redb::Database;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Beside the copy itself so much must be free: what the change adds.
const SPARE_BYTES: u64 = 16 * 1024 * 1024;
const MB: u64 = 1024 * 1024;

/// A copy that is being changed. Dropping it leaves the file as it was.
pub struct WorkingCopy {
    path: PathBuf,
    working: PathBuf,
    database: Option<Database>,
    known: Known,
    clock: Clock,
}

/// Why a changed copy did not take the file's place, which is as it was.
#[derive(Debug, thiserror::Error)]
pub enum NotKept {
    /// The changes would break rules of the books.
    #[error("it would break {}", broken_words(.0))]
    Broken(Report),
    /// The disk, or an unreadable row.
    #[error(transparent)]
    Open(#[from] OpenError),
}

/// Whether so many copies of a file can be made beside it.
pub(super) fn has_room(path: &Path, copies: u64) -> Result<(), OpenError> {
    let dir = path.parent().unwrap_or(path);
    let unusable = |why| OpenError::Directory { dir: shown(dir), why };
    let bytes = fs::metadata(path).map_err(unusable)?.len().saturating_mul(copies);
    let (needed, free) = (bytes.saturating_add(SPARE_BYTES), disk::free_bytes(dir).map_err(unusable)?);
    if needed <= free {
        return Ok(());
    }
    let (path, dir) = (shown(path), shown(dir));
    Err(OpenError::NoRoom { path, dir, needed_mb: needed.div_ceil(MB), free_mb: free / MB })
}

/// The broken rules, each with the first row that breaks it.
pub(super) fn broken_words(report: &Report) -> String {
    let broken = report.rules.iter().filter(|rule| !rule.ok);
    let words = broken.map(|rule| {
        let first = rule.broken.first().map_or(String::new(), |one| format!(" ({}: {})", one.row, one.what));
        format!("{}{first}", rule.id)
    });
    words.collect::<Vec<_>>().join(", ")
}

impl WorkingCopy {
    /// A copy of `path` under a name with `ending`, opened.
    pub(super) fn of(path: &Path, ending: &str, clock: &Clock) -> Result<Self, OpenError> {
        let dir = path.parent().unwrap_or(path);
        let unusable = |why| OpenError::Directory { dir: shown(dir), why };
        let working = path.with_extension(ending);
        match fs::remove_file(&working) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(unusable(error)),
            Ok(()) | Err(_) => {}
        }
        has_room(path, 1)?;
        let mut copy = Self {
            path: path.to_owned(),
            working,
            database: None,
            known: Known::default(),
            clock: clock.clone(),
        };
        fs::copy(path, &copy.working).map_err(unusable)?;
        match open_sound(&copy.working) {
            Ok(database) => copy.database = Some(database),
            Err(NotOpened::Damaged(why)) => return Err(Fault::Storage(why).into()),
            Err(NotOpened::Fault(fault)) => return Err(fault.into()),
        }
        Ok(copy)
    }

    pub(super) fn database(&self) -> &Database {
        self.database.as_ref().expect("it is open until the copy is kept or dropped")
    }

    /// A snapshot of the copy.
    pub fn view(&self) -> Result<View, Fault> {
        View::of(self.database())
    }

    /// Changes the copy in one transaction, of any number.
    pub fn write<R>(&mut self, act: impl FnOnce(&mut Tx<'_>) -> Result<R, Fault>) -> Result<R, Fault> {
        let mut txn = self.database().begin_write()?;
        txn.set_quick_repair(true);
        let known = std::mem::take(&mut self.known);
        let mut done = None;
        let ran = Tx::run(&txn, self.clock.now(), known, |tx| {
            done = Some(act(tx)?);
            Ok(())
        });
        let ran = match ran {
            Ok(ran) => ran,
            Err(fault) => {
                txn.abort()?;
                return Err(fault);
            }
        };
        txn.commit()?;
        self.known = ran.known;
        ran.after.into_iter().for_each(|then| then());
        done.ok_or_else(|| Fault::Bug("an act that ended well gave nothing".to_owned()))
    }

    /// Audits the copy; if every rule holds that is not in `but`, it takes the file's place, for good. Where
    /// `aside` is named, the file as it was stays there.
    pub(super) fn keep_but(mut self, but: &[&'static str], aside: Option<&Path>) -> Result<(), NotKept> {
        let report = self.view().and_then(|view| view.audit()).map_err(OpenError::from)?;
        if report.rules.iter().any(|rule| !rule.ok && !but.contains(&rule.id)) {
            return Err(NotKept::Broken(report));
        }
        if let Some(database) = self.database.take() {
            database.close().map_err(|error| OpenError::Fault(Fault::Storage(error.to_string())))?;
        }
        let dir = self.path.parent().unwrap_or(&self.path);
        let unusable = |why| OpenError::Directory { dir: shown(dir), why };
        if let Some(aside) = aside {
            // A second name for the same bytes: it takes no room, and there is no moment without the file.
            match fs::hard_link(&self.path, aside) {
                // A try of this very second was killed after it.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && is_one(&self.path, aside) => {}
                linked => linked.map_err(unusable)?,
            }
        }
        put_in_place(&self.working, &self.path).map_err(unusable)?;
        Ok(())
    }

    /// Audits the copy; if every rule holds, it takes the file's place, for good.
    pub fn keep(self) -> Result<(), NotKept> {
        self.keep_but(&[], None)
    }
}

/// Two names of one file.
fn is_one(path: &Path, other: &Path) -> bool {
    let of = |path| fs::metadata(path).map(|found| (found.dev(), found.ino()));
    matches!((of(path), of(other)), (Ok(one), Ok(other)) if one == other)
}

impl Drop for WorkingCopy {
    fn drop(&mut self) {
        drop(self.database.take());
        match fs::remove_file(&self.working) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(file = shown(&self.working), %error, "a copy of the database is left over");
            }
            Ok(()) | Err(_) => {}
        }
    }
}
