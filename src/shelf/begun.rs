//! Which copy was begun and not yet verified, noted beside the living file: what a process that was killed left
//! in the place is removed by the next one. Not in the ledger, which a backup would carry to another machine.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

fn path(data_dir: &Path) -> PathBuf {
    data_dir.join("samovar.unverified")
}

/// From here on `name` may be in `place`.
pub(super) fn note(data_dir: &Path, place: &str, name: &str) -> io::Result<()> {
    fs::write(path(data_dir), format!("{place}\n{name}"))
}

/// What may be in `place` and was never verified.
pub(super) fn left_over(data_dir: &Path, place: &str) -> io::Result<Option<String>> {
    match fs::read_to_string(path(data_dir)) {
        Ok(noted) => {
            let noted = noted.rsplit_once('\n').filter(|(its, _)| *its == place);
            Ok(noted.map(|(_, name)| name.to_owned()))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// It is verified, or it is gone.
pub(super) fn forget(data_dir: &Path) -> io::Result<()> {
    match fs::remove_file(path(data_dir)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}
