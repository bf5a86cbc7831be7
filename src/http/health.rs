//! Whether the service is well: for probes and for the balancer in front of it.

use super::Doors;
use crate::store::{DISK, StopRow};
use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What only the running process knows about itself.
#[derive(Debug, Default)]
pub struct Health {
    telegram: AtomicBool,
    stopping: AtomicBool,
}

impl Health {
    /// Telegram has said who the bot is.
    pub fn telegram_answered(&self) {
        self.telegram.store(true, Ordering::SeqCst);
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
        let answered = self.telegram.load(Ordering::SeqCst);
        (!answered).then_some("Telegram has not answered getMe yet")
    }
}

/// 200 when the store is open, Telegram has answered and selling is allowed; else 503 and why not.
pub(super) async fn ready(State(doors): State<Arc<Doors>>) -> Response<Body> {
    let not_ready = |why: String| {
        let mut response = Response::new(Body::from(format!("not ready: {why}\n")));
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        response
    };
    if let Some(why) = doors.health.reason() {
        return not_ready(why.to_owned());
    }
    let now = doors.store.clock().now().up;
    let stops = doors.store.read(|view| Ok((view.stop("all")?, view.stop(DISK)?))).await;
    let stands = |stop: &StopRow| stop.until.is_none_or(|until| until > now);
    match stops {
        Ok((_, Some(disk))) => not_ready(format!("the disk is almost full: {}", disk.why)),
        Ok((Some(all), None)) if stands(&all) => not_ready("selling is stopped".to_owned()),
        Ok((Some(_) | None, None)) => Response::new(Body::from("ready\n")),
        Err(fault) => not_ready(fault.to_string()),
    }
}
