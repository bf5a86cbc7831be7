//! A folder as a place: each object is a file for its owner alone.

use super::name::Kept;
use super::room::there;
use super::stop::Stoppable;
use super::{Failed, Object, Pieces};
use crate::disk;
use crate::time::At;
use futures_util::stream::{StreamExt, TryStreamExt};
use std::fs::{self, File};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use tokio_util::sync::CancellationToken;

/// What the names of files that are not whole begin with; then comes the object's name, and after the second one
/// what is random.
const UNFINISHED: &str = ".unfinished-";
const RANDOM: char = '~';
/// So much is copied at once.
const PIECE_BYTES: usize = 1 << 20;

/// A folder.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    pub(super) fn new(path: PathBuf) -> Self {
        Self(path)
    }

    pub(super) fn name(&self) -> String {
        disk::shown(&self.0)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Its name for all who reach it, whatever way they come.
    pub(super) fn canonical(&self, data_dir: &Path) -> String {
        // A command that root began may not walk the way to the data directory, only reach it.
        if let Ok(below) = self.0.strip_prefix(data_dir) {
            return one_line(&Path::new("DATA_DIR").join(below));
        }
        let there = there(&self.0);
        let real = fs::canonicalize(there).unwrap_or_else(|_unseen| there.to_owned());
        let rest = self.0.strip_prefix(there).unwrap_or(&self.0);
        // To join with nothing would add a slash.
        one_line(&real.components().chain(rest.components()).collect::<PathBuf>())
    }

    /// It is not dropped at the stop, which would leave it to a thread of its own: it hears of it.
    pub(super) async fn put(
        &self,
        name: &str,
        file: File,
        stop: &CancellationToken,
    ) -> Result<blake3::Hash, Failed> {
        let (dir, name, stop) = (self.0.clone(), name.to_owned(), stop.clone());
        let put = disk::with(move || put(&dir, &name, file, stop)).await;
        // Here a missing folder is a fault of the place.
        put.map_err(|error| Failed::For(error.to_string()))
    }

    /// What processes that were killed left half written.
    pub(super) async fn tidy(&self, is_ours: impl Fn(&str) -> bool + Send + 'static) -> Result<(), Failed> {
        let dir = self.0.clone();
        match disk::with(move || drop_unfinished(&dir, is_ours)).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            tidied => Ok(tidied?),
        }
    }

    pub(super) async fn list(&self) -> Result<Vec<Object>, Failed> {
        let dir = self.0.clone();
        match disk::with(move || list(&dir)).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            listed => Ok(listed?),
        }
    }

    pub(super) async fn delete(&self, name: &str) -> Result<(), Failed> {
        let path = self.0.join(name);
        Ok(disk::with(move || fs::remove_file(path)).await?)
    }

    pub(super) async fn pieces(&self, name: &str) -> Result<Pieces, Failed> {
        let name = name.to_owned();
        let read = disk::read(&self.0.join(&name)).await;
        let (_, pieces) = read.map_err(|error| unreadable(&name, error))?;
        Ok(pieces.map_err(move |error| unreadable(&name, error)).boxed())
    }
}

fn one_line(path: &Path) -> String {
    path.to_string_lossy().escape_debug().to_string()
}

/// A disk's fault may pass: whether to do without this one is for a person to say.
fn unreadable(name: &str, error: io::Error) -> Failed {
    match Failed::from(error) {
        Failed::For(why) => Failed::For(format!(
            "{name} cannot be read ({why}); once it is moved elsewhere, what was kept before it is taken"
        )),
        failed @ (Failed::Missing | Failed::Passing(_)) => failed,
    }
}

fn put(dir: &Path, name: &str, mut file: File, stop: CancellationToken) -> io::Result<blake3::Hash> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    // A copy and a shipment may be written at once, and what is another ledger's; two of a kind never are.
    let kind = |name: &str| Kept::named(name).map(|kept| (kept.file, kept.is_full()));
    drop_unfinished(dir, |other| kind(other).is_some_and(|other| Some(other) == kind(name)))?;
    file.rewind()?;
    let unfinished = format!("{UNFINISHED}{name}{RANDOM}");
    let mut fresh = tempfile::Builder::new().prefix(&unfinished).tempfile_in(dir)?;
    let mut hasher = blake3::Hasher::new();
    let mut piece = vec![0; PIECE_BYTES];
    let mut file = Stoppable { inner: file, stop };
    loop {
        let read_bytes = file.read(&mut piece)?;
        if read_bytes == 0 {
            break;
        }
        hasher.update(&piece[..read_bytes]);
        fresh.write_all(&piece[..read_bytes])?;
    }
    fresh.as_file().sync_all()?;
    fresh.persist(dir.join(name)).map_err(|error| error.error)?;
    File::open(dir)?.sync_all()?;
    Ok(hasher.finalize())
}

/// What a process that was killed left half written.
fn drop_unfinished(dir: &Path, is_ours: impl Fn(&str) -> bool) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let file_name = entry.file_name();
        let unfinished = file_name.to_str().and_then(|name| name.strip_prefix(UNFINISHED));
        if unfinished.and_then(|name| name.rsplit_once(RANDOM)).is_some_and(|(name, _)| is_ours(name)) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn list(dir: &Path) -> io::Result<Vec<Object>> {
    let mut objects = Vec::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let about = match entry.metadata() {
            // It went meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            about => about?,
        };
        if let (true, Ok(name)) = (about.is_file(), entry.file_name().into_string()) {
            let written = Some(At::of_file(about.modified()?));
            objects.push(Object { name, size_bytes: about.len(), written });
        }
    }
    Ok(objects)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_the_same_whatever_way_leads_to_it() {
        let dir = tempfile::tempdir().expect("a directory");
        let (real, way) = (dir.path().join("real"), dir.path().join("way"));
        fs::create_dir(&real).expect("made");
        std::os::unix::fs::symlink(&real, &way).expect("made");
        let canonical =
            |path: &Path, data_dir: &str| Folder::new(path.to_owned()).canonical(Path::new(data_dir));
        let (one, other) = (real.join("not/there yet"), way.join("not/there yet"));
        let before = canonical(&one, "/data");
        assert_eq!(before, canonical(&other, "/data"));
        fs::create_dir_all(&one).expect("made");
        assert_eq!([canonical(&one, "/data"), canonical(&other, "/data")], [before.clone(), before]);
        assert_ne!(canonical(&one, "/data"), canonical(&real, "/data"));
        // As root's command reaches the data directory, and as the service does.
        let (handle, known) = (Path::new("/proc/self/fd/99/backups"), Path::new("/data/backups"));
        assert_eq!(canonical(handle, "/proc/self/fd/99"), canonical(known, "/data"));
    }
}
