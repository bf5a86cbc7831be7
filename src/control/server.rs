//! The service's end of the operator's door. Only the owner of the process may knock: the socket is
//! made with mode 0600 before it gets its name.

use super::{ASK_BYTES, Answer, Ask, answer, backup};
use crate::http::Health;
use crate::shelf::Keeper;
use crate::store::Store;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// Who connects must ask, and take the answer, within this time each.
const PATIENCE: Duration = Duration::from_secs(30);
/// After an accept that failed (out of file descriptors), so long nobody is let in.
const PAUSE: Duration = Duration::from_millis(200);

/// Answers operators at the socket `path` until `stop`, then lets the answers under way end.
///
/// The caller holds the [`Lock`](crate::store::Lock) of the directory the socket is in: a socket
/// that stands there is left over from a process that died, and is replaced. An error means that
/// there is no socket: the service can go on without it, the command line cannot reach it then. One that cannot
/// be removed at the end is left there, and said so.
pub async fn serve(
    store: Store,
    keeper: Arc<Keeper>,
    health: Arc<Health>,
    path: &Path,
    stop: CancellationToken,
) -> io::Result<()> {
    let listener = bind(path)?;
    let mut answering = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let (store, stop) = (store.clone(), stop.clone());
                    answering.spawn(converse(stream, store, keeper.clone(), health.clone(), stop));
                }
                Err(error) => {
                    tracing::warn!(%error, "an operator could not be let in");
                    store.clock().sleep(PAUSE).await;
                }
            },
            Some(done) = answering.join_next() => ended(done),
        }
    }
    drop(listener);
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(%error, "the socket for commands could not be removed; the next start replaces it");
        }
        Ok(()) | Err(_) => {}
    }
    while let Some(done) = answering.join_next().await {
        ended(done);
    }
    Ok(())
}

/// Listens under another name until nobody else can knock, then takes the place of what was there.
fn bind(path: &Path) -> io::Result<UnixListener> {
    let fresh = path.with_extension("sock.new");
    match fs::remove_file(&fresh) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let listener = UnixListener::bind(&fresh)?;
    fs::set_permissions(&fresh, Permissions::from_mode(0o600))?;
    fs::rename(&fresh, path)?;
    Ok(listener)
}

fn ended(done: Result<io::Result<()>, tokio::task::JoinError>) {
    match done {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::info!(%error, "an operator hung up"),
        Err(error) => tracing::error!(%error, "answering an operator failed"),
    }
}

/// One question, one answer.
async fn converse(
    stream: UnixStream,
    store: Store,
    keeper: Arc<Keeper>,
    health: Arc<Health>,
    stop: CancellationToken,
) -> io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut line = Vec::new();
    let mut reader = BufReader::new(reader.take(ASK_BYTES));
    timeout(PATIENCE, reader.read_until(b'\n', &mut line)).await??;
    if line.is_empty() {
        // Somebody only looked whether anyone is here.
        return Ok(());
    }
    let answer = match understand(&line) {
        // What the store alone cannot answer.
        Ok(Ask::Backup) => backup::make(&keeper, &store, &stop).await,
        Ok(Ask::Ready) => Answer::Ready(health.not_ready(&store).await),
        Ok(ask) => answer(&store, ask).await,
        Err(why) => Answer::NotUnderstood(why),
    };
    let mut line = serde_json::to_vec(&answer)?;
    line.push(b'\n');
    timeout(PATIENCE, writer.write_all(&line)).await??;
    timeout(PATIENCE, writer.shutdown()).await?
}

/// A line is a question only when it is whole: half of one could name another amount.
pub(crate) fn understand(line: &[u8]) -> Result<Ask, String> {
    let Some(line) = line.strip_suffix(b"\n") else {
        return Err(format!("a question is one line of at most {ASK_BYTES} bytes"));
    };
    serde_json::from_slice(line).map_err(|error| format!("the question is not understood: {error}"))
}
