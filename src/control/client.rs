//! The command line's end of the operator's door: the running service's socket, or, when nothing
//! runs, the file itself.

use super::{Answer, Ask, answer, socket_path};
use crate::disk::shown;
use crate::store::{Lock, OpenError, Store, Taken};
use crate::time::Clock;
use std::io;
use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::time::timeout;

/// A service that just starts has the lock before it has the socket; so long we wait for it.
const STARTING: Duration = Duration::from_secs(1);
/// How often we look meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// The service answers within this time, unless it reads the whole file.
const PATIENCE: Duration = Duration::from_secs(30);
/// Then within this time.
const LONG_PATIENCE: Duration = Duration::from_secs(30 * 60);
/// An answer longer than this is no answer of ours.
const ANSWER_BYTES: u64 = 64 * 1024 * 1024;

/// Why nobody can be asked. Nothing changed.
#[derive(Debug, thiserror::Error)]
pub enum Unreachable {
    /// The file cannot be opened, or another process has it.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Another process has the data directory and does not answer at its socket.
    #[error(
        "{} belongs to another running samovar (pid {}), which does not answer at {socket}: {why}",
        taken.dir, taken.pid
    )]
    Silent {
        /// Which process has it.
        taken: Taken,
        /// Where it should answer.
        socket: String,
        /// What the system said.
        why: io::Error,
    },
}

/// Why there is no answer. Whether the question arrived is not known.
#[derive(Debug, thiserror::Error)]
pub enum Unanswered {
    /// The service went away, or its answer did.
    #[error("the service went away before it answered: {0}")]
    Lost(#[from] io::Error),
    /// The service takes too long.
    #[error("the service did not answer in time")]
    Late,
    /// What came is no answer that this version knows.
    #[error("the running service is of another version; restart it: {0}")]
    Foreign(serde_json::Error),
}

/// Who has a data directory.
#[derive(Debug)]
pub enum Found {
    /// The running service.
    Service(Client),
    /// Nobody: it is ours until this is dropped.
    Free(Lock),
}

/// Somebody who can be asked.
#[derive(Debug)]
pub enum Client {
    /// The running service, by its socket.
    Service(PathBuf),
    /// The file, which is ours until this is dropped.
    File(OpenFile),
}

/// The data directory, opened by this process. Fields go in this order: the last store ends the
/// writer, which closes the file, and only then the lock goes.
pub struct OpenFile {
    store: Store,
    _writer: Writer,
    _lock: Lock,
}

impl OpenFile {
    /// The store on it.
    pub fn store(&self) -> &Store {
        &self.store
    }
}

impl std::fmt::Debug for OpenFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenFile").finish_non_exhaustive()
    }
}

/// The thread that writes; dropping it waits for its end.
struct Writer(Option<JoinHandle<()>>);

impl Drop for Writer {
    fn drop(&mut self) {
        if self.0.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the writer panicked");
        }
    }
}

impl Client {
    /// Opens the data directory, or, when another process has it, finds that process's socket.
    pub async fn reach(data_dir: &Path) -> Result<Self, Unreachable> {
        match Self::find(data_dir).await? {
            Found::Service(client) => Ok(client),
            Found::Free(lock) => Ok(Self::File(OpenFile::open(data_dir, lock)?)),
        }
    }

    /// Whoever listens at the socket of this data directory, which may be nobody.
    pub fn at_socket(data_dir: &Path) -> Self {
        Self::Service(socket_path(data_dir))
    }

    /// Takes the data directory without opening its file, or, when another process has it, finds that
    /// process's socket.
    pub async fn find(data_dir: &Path) -> Result<Found, Unreachable> {
        let clock = Clock::system();
        let socket = socket_path(data_dir);
        let started = clock.now().up;
        loop {
            let taken = match Lock::take(data_dir) {
                Ok(lock) => return Ok(Found::Free(lock)),
                Err(OpenError::Taken(taken)) => taken,
                Err(error) => return Err(error.into()),
            };
            match UnixStream::connect(&socket).await {
                Ok(_) => return Ok(Found::Service(Self::Service(socket))),
                Err(why) if clock.now().up.since(started) >= STARTING => {
                    return Err(Unreachable::Silent { taken, socket: shown(&socket), why });
                }
                Err(_) => clock.sleep(LOOK_EVERY).await,
            }
        }
    }

    /// Asks one question.
    pub async fn ask(&self, ask: Ask) -> Result<Answer, Unanswered> {
        match self {
            Self::File(file) => Ok(answer(&file.store, ask).await),
            Self::Service(socket) => {
                let patience = if ask.is_long() { LONG_PATIENCE } else { PATIENCE };
                timeout(patience, converse(socket, &ask)).await.map_err(|_| Unanswered::Late)?
            }
        }
    }
}

async fn converse(socket: &Path, ask: &Ask) -> Result<Answer, Unanswered> {
    let mut stream = UnixStream::connect(socket).await?;
    let mut line = serde_json::to_vec(ask).map_err(io::Error::from)?;
    line.push(b'\n');
    stream.write_all(&line).await?;
    line.clear();
    let mut reader = BufReader::new(stream.take(ANSWER_BYTES));
    reader.read_until(b'\n', &mut line).await?;
    if !line.ends_with(b"\n") {
        return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
    }
    serde_json::from_slice(&line).map_err(Unanswered::Foreign)
}

impl OpenFile {
    fn open(data_dir: &Path, lock: Lock) -> Result<Self, OpenError> {
        let (store, engine) = Store::open(data_dir, Clock::system())?;
        let writer = thread::spawn(move || engine.run());
        Ok(Self { store, _writer: Writer(Some(writer)), _lock: lock })
    }
}
