//! A folder as a place: each object is a file for its owner alone.

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

/// What the names of files that are not whole begin with.
const UNFINISHED: &str = ".unfinished-";
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
    pub(super) async fn tidy(&self) -> Result<(), Failed> {
        let dir = self.0.clone();
        match disk::with(move || drop_unfinished(&dir, UNFINISHED)).await {
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
        let (_, pieces) = disk::read(&self.0.join(name)).await?;
        Ok(pieces.map_err(Failed::from).boxed())
    }
}

fn put(dir: &Path, name: &str, mut file: File, stop: CancellationToken) -> io::Result<blake3::Hash> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    // A copy and a shipment may be written at once; two of a kind never are.
    let unfinished = format!("{UNFINISHED}{}-", name.split('-').next().unwrap_or(name));
    drop_unfinished(dir, &unfinished)?;
    file.rewind()?;
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
fn drop_unfinished(dir: &Path, unfinished: &str) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(unfinished) {
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
