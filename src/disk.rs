//! Waiting for the disk out of async code's way: on a thread that may block, or, where the runtime has
//! one thread only, in place, so that one seed gives one order of events.

use crate::panics::{Caught, caught};
use bytes::{Bytes, BytesMut};
use futures_util::stream::{self, Stream};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use tokio::runtime::{Handle, RuntimeFlavor};

/// So much of a file is read in one go.
const CHUNK_BYTES: usize = 64 * 1024;

/// What waited came to no end.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// It panicked.
    #[error(transparent)]
    Panicked(#[from] Caught),
    /// The runtime was shut down.
    #[error("{0}")]
    Stopped(String),
}

/// Runs what may wait for the disk; gives what it gives.
pub async fn wait<R: Send + 'static>(act: impl FnOnce() -> R + Send + 'static) -> Result<R, Broken> {
    if Handle::current().runtime_flavor() == RuntimeFlavor::CurrentThread {
        return Ok(caught(act)?);
    }
    let ended = tokio::task::spawn_blocking(|| caught(act)).await;
    Ok(ended.map_err(|stopped| Broken::Stopped(stopped.to_string()))??)
}

/// A path as people know it. One that a command reaches only through a handle that root opened is told as
/// where that leads to.
pub fn shown(path: &Path) -> String {
    let handles = Path::new("/proc/self/fd");
    let mut parts = path.strip_prefix(handles).unwrap_or(Path::new("")).components();
    let Some(handle) = parts.next() else { return path.display().to_string() };
    match fs::read_link(handles.join(handle)) {
        Ok(dir) => dir.components().chain(parts).collect::<PathBuf>().display().to_string(),
        Err(_gone) => path.display().to_string(),
    }
}

/// The same for what may fail.
pub async fn with<R: Send + 'static>(act: impl FnOnce() -> io::Result<R> + Send + 'static) -> io::Result<R> {
    wait(act).await.map_err(io::Error::other)?
}

/// A file that is written piece by piece.
#[derive(Debug)]
pub struct Writer(Option<File>);

impl Writer {
    /// Writes to `file` from where it stands.
    pub fn new(file: File) -> Self {
        Self(Some(file))
    }

    /// Writes all of it.
    pub async fn write(&mut self, bytes: Bytes) -> io::Result<()> {
        self.go_on(move |file| file.write_all(&bytes)).await
    }

    /// Waits until all that was written is on the disk.
    pub async fn sync(&mut self) -> io::Result<()> {
        self.go_on(|file| file.sync_all()).await
    }

    async fn go_on(
        &mut self,
        act: impl FnOnce(&mut File) -> io::Result<()> + Send + 'static,
    ) -> io::Result<()> {
        let mut file = self.0.take().ok_or_else(|| io::Error::other("an earlier write did not end"))?;
        let done = with(move || act(&mut file).map(|()| file)).await;
        self.0 = Some(done?);
        Ok(())
    }
}

/// A file's length in bytes, and its contents.
pub async fn read(path: &Path) -> io::Result<(u64, impl Stream<Item = io::Result<Bytes>> + Send + 'static)> {
    let path = path.to_owned();
    let (file, size_bytes) = with(move || {
        let file = File::open(path)?;
        let size_bytes = file.metadata()?.len();
        Ok((file, size_bytes))
    })
    .await?;
    let pieces = stream::try_unfold(file, |mut file| async move {
        with(move || {
            let mut piece = BytesMut::zeroed(CHUNK_BYTES);
            let read_bytes = file.read(&mut piece)?;
            piece.truncate(read_bytes);
            Ok((!piece.is_empty()).then(|| (piece.freeze(), file)))
        })
        .await
    });
    Ok((size_bytes, pieces))
}

/// What a process like this one may still write where the directory is, in bytes.
///
/// # Errors
/// What the system says of the directory.
pub fn free_bytes(dir: &Path) -> io::Result<u64> {
    let disk = rustix::fs::statvfs(dir)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// The same; `None` where the disk does not say how large it is, as one that is somewhere else may not.
///
/// # Errors
/// What the system says of the directory.
pub fn known_free_bytes(dir: &Path) -> io::Result<Option<u64>> {
    let disk = rustix::fs::statvfs(dir)?;
    Ok((disk.f_blocks > 0).then(|| disk.f_bavail.saturating_mul(disk.f_frsize)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::TryStreamExt;

    async fn there_and_back() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("file");
        let mut writer = Writer::new(File::create(&path).expect("made"));
        for piece in [vec![1; CHUNK_BYTES], vec![2; 7]] {
            writer.write(piece.into()).await.expect("written");
        }
        writer.sync().await.expect("synced");
        let (size_bytes, pieces) = read(&path).await.expect("there");
        let pieces: Vec<Bytes> = pieces.try_collect().await.expect("read");
        assert_eq!((size_bytes, pieces.len()), (65_543, 2));
        assert_eq!(pieces[1], [2; 7][..]);
        assert!(read(&dir.path().join("nothing")).await.is_err());
        let broken = wait(move || assert!(path.is_dir(), "no directory")).await;
        assert!(broken.expect_err("it panicked").to_string().contains("no directory"));
    }

    #[tokio::test]
    async fn what_was_written_in_place_is_read_again() {
        there_and_back().await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn what_was_written_on_a_thread_is_read_again() {
        there_and_back().await;
    }
}
