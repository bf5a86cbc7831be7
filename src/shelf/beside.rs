//! A file made of a backup beside the living one: to prove that it can be, and to take its place.

use super::KeepError;
use super::name::compact;
use super::seal::{Key, Opened, SealError};
use super::spool::Part;
use crate::disk;
use crate::store::{Loaded, Lock, OpenError, Report, View, load};
use crate::time::At;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The data directory's file.
pub(super) const FILE: &str = "samovar.redb";
/// The folder below the data directory where a backup is opened, for one at a time.
const FOLDER: &str = "beside";

/// A folder of its own for a file that is made of a backup; it goes when this does.
#[derive(Debug)]
pub struct Beside {
    dir: PathBuf,
    _lock: Lock,
}

/// What a backup is worth.
#[derive(Debug)]
pub struct Checked {
    /// What became of it.
    pub loaded: Loaded,
    /// The audit of the file that it became.
    pub report: Report,
}

/// The rules that do not hold.
pub(super) fn broken(report: &Report) -> Vec<&'static str> {
    report.rules.iter().filter(|rule| !rule.ok).map(|rule| rule.id).collect()
}

impl Checked {
    /// The rules that do not hold of it; none: its books are right.
    pub fn broken(&self) -> Vec<&'static str> {
        broken(&self.report)
    }
}

impl Beside {
    /// Takes the folder below the data directory; what an earlier process left there is removed.
    ///
    /// # Errors
    /// [`KeepError::Beside`] when another process is at it, or the disk does not let us.
    pub fn take(data_dir: &Path) -> Result<Self, KeepError> {
        let dir = data_dir.join(FOLDER);
        let lock = Lock::take(&dir).map_err(|error| match error {
            OpenError::Taken(taken) => {
                KeepError::Beside(format!("another process opens a backup there (pid {})", taken.pid))
            }
            OpenError::Directory { .. }
            | OpenError::Damaged { .. }
            | OpenError::Newer { .. }
            | OpenError::NoRoom { .. }
            | OpenError::NotUpgraded { .. }
            | OpenError::Fault(_) => KeepError::Beside(error.to_string()),
        })?;
        let beside = Self { dir, _lock: lock };
        match fs::remove_file(beside.file()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(KeepError::Disk(error)),
            Ok(()) | Err(_) => Ok(beside),
        }
    }

    /// Removes what an earlier process left there, unless another one is at it.
    pub(super) fn tidy(data_dir: &Path) -> Result<(), KeepError> {
        if !data_dir.join(FOLDER).exists() {
            return Ok(());
        }
        match Self::take(data_dir) {
            Ok(_) | Err(KeepError::Beside(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    fn file(&self) -> PathBuf {
        self.dir.join(FILE)
    }

    /// Makes the file of a whole copy and the shipments after it, and audits it. Waits for the disk.
    ///
    /// # Errors
    /// When it is no whole copy, or another one than it says. That its books are not right is none.
    pub fn open(
        &self,
        full: impl Read,
        changes: Vec<(Part, bool)>,
        key: Option<&Key>,
    ) -> Result<Checked, KeepError> {
        let mut full = full;
        let mut changes = changes.into_iter().map(|(part, is_sealed)| {
            let opened = unsealed(part, is_sealed, key);
            opened.map(|opened| -> Box<dyn Read> { opened }).map_err(|why| match why {
                // It is no damage, and what follows is not to be left out.
                SealError::NoKey | SealError::WrongKey(_) => io::Error::other(why),
                SealError::Identity { .. }
                | SealError::Broken(_)
                | SealError::Disk(_)
                | SealError::WithoutAge => io::Error::new(io::ErrorKind::InvalidData, why),
            })
        });
        let loaded = load(&self.file(), &mut full, &mut changes)?;
        let report = View::at(&self.file())?.audit()?;
        if report.head != hex::encode(loaded.head) {
            return Err(KeepError::Unsound("its ledger has another head than it says".to_owned()));
        }
        Ok(Checked { loaded, report })
    }

    /// Gives the file that was made the place of the living one; gives the name that one has from now on.
    /// There is a whole file under the living one's name at every moment.
    ///
    /// # Errors
    /// What the system says; then the living one is where it was.
    pub fn take_place(self, data_dir: &Path, mut at: At) -> io::Result<Option<String>> {
        let living = data_dir.join(FILE);
        let kept = loop {
            let aside = format!("{FILE}.before-restore-{}", compact(at));
            match fs::hard_link(&living, data_dir.join(&aside)) {
                Ok(()) => break Some(aside),
                Err(error) if error.kind() == io::ErrorKind::NotFound => break None,
                // The second within a second.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    at = at.plus(Duration::from_secs(1));
                }
                Err(error) => return Err(error),
            }
        };
        fs::rename(self.file(), living)?;
        File::open(data_dir)?.sync_all()?;
        Ok(kept)
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.dir) {
            tracing::warn!(%error, dir = disk::shown(&self.dir), "what a backup was opened to stays behind");
        }
    }
}

/// What is sealed needs the key.
pub(super) fn unsealed(part: Part, is_sealed: bool, key: Option<&Key>) -> Result<Opened, super::SealError> {
    match (is_sealed, key) {
        (false, _) => Ok(Box::new(part)),
        (true, Some(key)) => key.open(part),
        (true, None) => Err(super::SealError::NoKey),
    }
}
