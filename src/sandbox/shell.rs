//! What the sockets of both fakes share: listening, and holding an answer back.

use crate::time::Clock;
use axum::Router;
use std::future::IntoFuture;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// How long an answer is held back.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hold {
    pub(super) delay_ms: u64,
    pub(super) forever: bool,
}

/// Waits as told, but not beyond `stop`.
pub(super) async fn hold(clock: &Clock, stop: &CancellationToken, held: Hold) {
    let wait = async {
        if held.forever {
            std::future::pending::<()>().await;
        } else if held.delay_ms > 0 {
            clock.sleep(Duration::from_millis(held.delay_ms)).await;
        }
    };
    tokio::select! {
        biased;
        () = wait => {}
        () = stop.cancelled() => {}
    }
}

/// A bound socket and its address as a base for requests, without a slash at the end.
pub(super) async fn listen(address: SocketAddr) -> std::io::Result<(TcpListener, String)> {
    let listener = TcpListener::bind(address).await?;
    let url = format!("http://{}", listener.local_addr()?);
    Ok((listener, url))
}

/// How long connections that are busy at the end are waited for.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Serves until `stop`; then idle connections are closed, and busy ones after a short while.
pub(super) async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) {
    let serving = axum::serve(listener, router).with_graceful_shutdown(stop.clone().cancelled_owned());
    let patience = async {
        stop.cancelled().await;
        tokio::time::sleep(LAST_WORDS).await;
    };
    tokio::select! {
        biased;
        // axum goes on accepting after every error: it returns after `stop` only.
        _ = serving.into_future() => {}
        () = patience => {}
    }
}
