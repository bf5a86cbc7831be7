//! What comes in over HTTP: Telegram's webhook, KIE's callbacks, and the questions "are you well?".
//!
//! **Invariant:** a 200 is given only after what came is on disk.

#[cfg(feature = "acme")]
mod acme;
mod expiry;
mod health;
pub(crate) mod kie;
mod serve;
pub(crate) mod telegram;
mod tls;
mod watch;

pub use health::Health;
pub use serve::serve;
pub use tls::{Ends, Guard, GuardError, SelfSigned};

use crate::flow::Shop;
use crate::store::{PlaceId, Store};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::routing::{get, post};
use metrics_exporter_prometheus::PrometheusHandle;
use secrecy::SecretString;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use watch::Watch;

/// A request's body must be there within this.
const BODY_WITHIN: Duration = Duration::from_secs(15);

/// What the routes need.
pub struct Doors {
    /// Where what comes in is kept.
    pub store: Store,
    /// The bot's own id: half of an update's key.
    pub bot: u64,
    /// The key behind callback addresses.
    pub server_key: [u8; 32],
    /// The operator's rules, without the bot's name.
    pub shop: Arc<Shop>,
    /// Telegram's way in; `None` when we poll.
    pub webhook: Option<WebhookDoor>,
    /// The key KIE signs callbacks with, if the operator made one.
    pub kie_hmac_key: Option<SecretString>,
    /// Whether the log says already that a callback was not signed with it.
    pub unsigned_told: AtomicBool,
    /// Whether we are well.
    pub health: Arc<Health>,
}

/// Telegram's way in.
pub struct WebhookDoor {
    /// Begins with a slash.
    pub path: String,
    /// Telegram sends it along with every update.
    pub secret: SecretString,
}

/// The public routes.
pub fn router(doors: Arc<Doors>) -> Router {
    let mut router = probes().route("/kie/callback/{job}/{secret}", post(kie::callback));
    if let Some(webhook) = &doors.webhook {
        router = router.route(&webhook.path, post(telegram::webhook));
    }
    router.with_state(doors)
}

/// Whether we are well.
fn probes() -> Router<Arc<Doors>> {
    Router::new().route("/healthz", get(async || "ok\n")).route("/readyz", get(health::ready))
}

/// The operator's routes, never on the public port. Probes ask here when that speaks TLS. Backups go to `place`.
pub fn admin_router(doors: Arc<Doors>, place: PlaceId, metrics: PrometheusHandle) -> Router {
    let watch = Arc::new(Watch::new(doors.store.clone(), place, metrics));
    // The version of the text format that this is.
    let plain = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    probes().with_state(doors).route("/metrics", get(async move || (plain, watch.page().await)))
}

fn answer(status: StatusCode, body: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response
}

/// The store cannot take it now: whoever sent it keeps it and comes again.
fn busy() -> Response<Body> {
    let mut response = answer(StatusCode::SERVICE_UNAVAILABLE, "try again\n");
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

/// Reads a body of at most `limit` bytes, which must come within [`BODY_WITHIN`]; else the answer to give.
async fn read_body(body: Body, limit: usize) -> Result<Bytes, Response<Body>> {
    let Ok(read) = tokio::time::timeout(BODY_WITHIN, axum::body::to_bytes(body, limit)).await else {
        return Err(answer(StatusCode::REQUEST_TIMEOUT, "the body did not come in time\n"));
    };
    read.map_err(|error| {
        let too_large = std::error::Error::source(&error)
            .is_some_and(|source| source.to_string().contains("length limit exceeded"));
        let status = if too_large { StatusCode::PAYLOAD_TOO_LARGE } else { StatusCode::BAD_REQUEST };
        answer(status, "the body is too large or broke off\n")
    })
}
