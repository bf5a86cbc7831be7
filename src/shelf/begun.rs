//! Which copies were begun and not yet verified, noted beside the living file: what a process that was killed left
//! in a place is removed by the next one. Not in the ledger, which a backup would carry to another machine.
//!
//! **Invariant:** it is on the disk before what it speaks of is done: after a power cut no copy that is to stay is
//! noted here, and every one that may not be whole is.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

fn path(data_dir: &Path) -> PathBuf {
    data_dir.join("samovar.unverified")
}

fn line(place: &str, name: &str) -> String {
    format!("{name} {place}")
}

/// From here on `name` may be in `place`.
pub(super) fn note(data_dir: &Path, place: &str, name: &str) -> io::Result<()> {
    let mut noted = read(data_dir)?;
    noted.push(line(place, name));
    write(data_dir, &noted)
}

/// What may be in `place` and was never verified.
pub(super) fn left_over(data_dir: &Path, place: &str) -> io::Result<Vec<String>> {
    let noted = read(data_dir)?;
    let there = noted.iter().filter_map(|line| line.split_once(' ').filter(|(_, its)| *its == place));
    Ok(there.map(|(name, _)| name.to_owned()).collect())
}

/// It is verified, or it is gone.
pub(super) fn forget(data_dir: &Path, place: &str, name: &str) -> io::Result<()> {
    let (mut noted, gone) = (read(data_dir)?, line(place, name));
    noted.retain(|one| *one != gone);
    write(data_dir, &noted)
}

fn read(data_dir: &Path) -> io::Result<Vec<String>> {
    match fs::read_to_string(path(data_dir)) {
        Ok(noted) => Ok(noted.lines().map(str::to_owned).collect()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

fn write(data_dir: &Path, noted: &[String]) -> io::Result<()> {
    if noted.is_empty() {
        match fs::remove_file(path(data_dir)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
    } else {
        let fresh = path(data_dir).with_extension("unverified.new");
        let mut file = File::create(&fresh)?;
        file.write_all(noted.join("\n").as_bytes())?;
        file.sync_all()?;
        fs::rename(fresh, path(data_dir))?;
    }
    File::open(data_dir)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_noted_of_one_place_is_not_lost_to_another() {
        let dir = tempfile::tempdir().expect("a directory");
        let left = |place| left_over(dir.path(), place).expect("readable");
        for (place, name) in [("a place", "one"), ("another", "two"), ("a place", "three")] {
            note(dir.path(), place, name).expect("noted");
        }
        assert_eq!(
            (left("a place"), left("another")),
            (vec!["one".into(), "three".into()], vec!["two".into()])
        );
        forget(dir.path(), "a place", "one").expect("forgotten");
        assert_eq!((left("a place"), left("another")), (vec!["three".into()], vec!["two".into()]));
        forget(dir.path(), "a place", "three").expect("forgotten");
        forget(dir.path(), "another", "two").expect("forgotten");
        forget(dir.path(), "another", "two").expect("forgotten already");
        assert_eq!(fs::read_dir(dir.path()).expect("a folder").count(), 0);
    }
}
