//! Whether the service is well: for probes and for the balancer in front of it.

use super::Doors;
use crate::store::{DISK, Store};
use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What only the running process knows about itself.
#[derive(Debug, Default)]
pub struct Health {
    telegram: AtomicBool,
    unknown_token: AtomicBool,
    stopping: AtomicBool,
}

impl Health {
    /// Telegram has said who the bot is.
    pub fn telegram_answered(&self) {
        self.telegram.store(true, Ordering::SeqCst);
    }

    /// Whether Telegram, asked who the bot is, did not even know the token.
    pub fn telegram_knows(&self, token: bool) {
        self.unknown_token.store(!token, Ordering::SeqCst);
    }

    /// The service takes nothing new any more.
    pub fn stopping(&self) {
        self.stopping.store(true, Ordering::SeqCst);
    }

    /// Why it is not ready, as far as the process alone can tell; `None` when it is.
    pub fn reason(&self) -> Option<&'static str> {
        if self.stopping.load(Ordering::SeqCst) {
            return Some("it is stopping");
        }
        if self.telegram.load(Ordering::SeqCst) {
            None
        } else if self.unknown_token.load(Ordering::SeqCst) {
            Some("Telegram does not know this bot token")
        } else {
            Some("Telegram has not answered getMe yet")
        }
    }

    /// Why nothing is sold just now; `None` when the store is open, Telegram has answered, selling is not stopped and
    /// the disk has room.
    pub async fn not_ready(&self, store: &Store) -> Option<String> {
        if let Some(why) = self.reason() {
            return Some(why.to_owned());
        }
        let now = store.clock().now().up;
        let stops = store.read(move |view| {
            let stop = |what| view.stop(what).map(|row| row.filter(|row| row.holds(now)));
            Ok((stop("all")?, stop(DISK)?))
        });
        match stops.await {
            Ok((_, Some(disk))) => Some(format!("the disk is almost full: {}", disk.why)),
            Ok((Some(_), None)) => Some("selling is stopped".to_owned()),
            Ok((None, None)) => None,
            Err(fault) => Some(fault.to_string()),
        }
    }
}

/// 200 when all of that is so; else 503 and why not.
pub(super) async fn ready(State(doors): State<Arc<Doors>>) -> Response<Body> {
    let Some(why) = doors.health.not_ready(&doors.store).await else {
        return Response::new(Body::from("ready\n"));
    };
    let mut response = Response::new(Body::from(format!("not ready: {why}\n")));
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response
}
