//! The disk that the ledger lives on is not filled with copies of it: what would not fit is not begun.

use super::KeepError;
use crate::disk;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// So much stays free of a disk that the ledger does not live on.
const SPARE_BYTES: u64 = 16 << 20;
const MB: u64 = 1 << 20;

/// The disks that something is written to.
pub(super) struct Room<'d> {
    /// The data directory.
    pub(super) data_dir: &'d Path,
    /// So much stays free where it is: with less nothing is sold.
    pub(super) min_free: u64,
}

impl Room<'_> {
    /// Whether so many bytes can be written beside the ledger, and so many to `folder`, if it is one.
    pub(super) fn is_there(&self, beside: u64, folder: Option<(&Path, u64)>) -> Result<(), KeepError> {
        let data_dir = there(self.data_dir);
        let mut beside = beside;
        if let Some((folder, bytes)) = folder.map(|(folder, bytes)| (there(folder), bytes)) {
            if fs::metadata(folder)?.dev() == fs::metadata(data_dir)?.dev() {
                beside = beside.saturating_add(bytes);
            } else {
                fits(folder, bytes, SPARE_BYTES)?;
            }
        }
        fits(data_dir, beside, self.min_free)
    }
}

/// The folder, or where it will be made.
pub(super) fn there(dir: &Path) -> &Path {
    let found = dir.ancestors().find(|dir| dir.exists());
    found.unwrap_or(if dir.is_absolute() { Path::new("/") } else { Path::new(".") })
}

fn fits(dir: &Path, bytes: u64, spare: u64) -> Result<(), KeepError> {
    let needed = bytes.saturating_add(spare);
    let Some(free) = disk::known_free_bytes(dir)?.filter(|free| *free < needed) else { return Ok(()) };
    let (needed_mb, spare_mb) = (needed.div_ceil(MB), spare.div_ceil(MB));
    Err(KeepError::NoRoom { dir: dir.display().to_string(), free_mb: free / MB, needed_mb, spare_mb })
}

/// How long a file is; none has no length.
pub(super) fn length(path: &Path) -> io::Result<u64> {
    match fs::metadata(path) {
        Ok(about) => Ok(about.len()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(error),
    }
}
