//! Ending early: the service does not wait at its stop for a large copy.

use super::KeepError;
use std::io::{self, Read, Write};
use tokio_util::sync::CancellationToken;

/// What was given up at the stop.
pub(super) const STOPS: &str = "the service stops";

/// Waits for something that may be dropped at any moment, until the stop.
pub(super) async fn until<R, E>(
    stop: &CancellationToken,
    act: impl Future<Output = Result<R, E>>,
) -> Result<R, KeepError>
where
    KeepError: From<E>,
{
    Ok(stop.run_until_cancelled(act).await.ok_or(KeepError::Stopped)??)
}

/// Writes and reads until the service stops.
pub(super) struct Stoppable<T> {
    pub(super) inner: T,
    pub(super) stop: CancellationToken,
}

impl<T> Stoppable<T> {
    fn go_on(&self) -> io::Result<()> {
        if self.stop.is_cancelled() { Err(io::Error::other(STOPS)) } else { Ok(()) }
    }
}

impl<T: Write> Write for Stoppable<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.go_on()?;
        self.inner.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<T: Read> Read for Stoppable<T> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.go_on()?;
        self.inner.read(into)
    }
}
