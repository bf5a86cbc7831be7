//! What is fetched lies in one file without a name: it is gone with this process, whatever becomes of it.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

/// The file.
#[derive(Debug)]
pub struct Spool {
    file: Arc<File>,
    end: u64,
}

impl Spool {
    /// An empty one on the disk where `dir` is.
    ///
    /// # Errors
    /// What the system says.
    pub fn new(dir: &Path) -> io::Result<Self> {
        Ok(Self { file: Arc::new(tempfile::tempfile_in(dir)?), end: 0 })
    }

    /// Room for so many bytes, to be [fetched](super::Place::fetch).
    pub fn part(&mut self, bytes: u64) -> Part {
        let at = self.end;
        self.end += bytes;
        Part { file: self.file.clone(), at, end: self.end }
    }
}

/// A part of it, as it is read.
#[derive(Clone, Debug)]
pub struct Part {
    file: Arc<File>,
    at: u64,
    end: u64,
}

impl Part {
    /// All of a file.
    ///
    /// # Errors
    /// What the system says.
    pub fn whole(file: Arc<File>) -> io::Result<Self> {
        let end = file.metadata()?.len();
        Ok(Self { file, at: 0, end })
    }

    /// How long it is.
    pub(super) fn bytes(&self) -> u64 {
        self.end - self.at
    }

    /// Writes so far behind its beginning.
    pub(super) fn write(&self, bytes: &[u8], after: u64) -> io::Result<()> {
        self.file.write_all_at(bytes, self.at + after)
    }
}

impl Read for Part {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end - self.at).unwrap_or(usize::MAX);
        let most = into.len().min(left);
        let read = self.file.read_at(&mut into[..most], self.at)?;
        if read == 0 && most > 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.at += read as u64;
        Ok(read)
    }
}
