//! Telegram's webhook: check the secret, store the update, then say 200. Nothing else.

use super::{Doors, answer, busy, read_body};
use crate::message::Urgency;
use crate::store::{DISK, Fault, Received, Tx};
use crate::telegram::head;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Request, Response, StatusCode};
use secrecy::ExposeSecret;
use std::sync::Arc;
use subtle::ConstantTimeEq;

const SECRET_HEADER: &str = "x-telegram-bot-api-secret-token";
/// Telegram's own limit for an update is 64 KiB.
pub(crate) const BODY_MAX: usize = 1024 * 1024;

pub(super) async fn webhook(State(doors): State<Arc<Doors>>, request: Request<Body>) -> Response<Body> {
    let Some(door) = &doors.webhook else { return answer(StatusCode::NOT_FOUND, "") };
    let given = request.headers().get(SECRET_HEADER).map_or(&b""[..], |value| value.as_bytes());
    if !bool::from(given.ct_eq(door.secret.expose_secret().as_bytes())) {
        metrics::counter!("samovar_webhook_refused_total").increment(1);
        return answer(StatusCode::FORBIDDEN, "wrong secret\n");
    }
    let body = match read_body(request.into_body(), BODY_MAX).await {
        Ok(body) => body,
        Err(refusal) => return refusal,
    };
    let (bot, update) = (doors.bot, head(&body));
    let receive = move |tx: &mut Tx<'_>| {
        if tx.stop(DISK)?.is_some() {
            return Ok(false);
        }
        if let Some((update, urgency)) = update {
            return Ok(tx.receive(bot, update, urgency, &body)? != Received::Full);
        }
        tx.keep_unreadable(None, &body, "it came to the webhook and is no update")?;
        Ok(true)
    };
    // Who asks before a payment is not sent away because others fill the queue of the writer.
    let stored = match update {
        Some((_, Urgency::Urgent)) => doors.store.write("receive", receive).await,
        Some((_, Urgency::Usual)) | None => doors.store.try_write("receive", receive).await,
    };
    match stored {
        Ok(false) => {
            metrics::counter!("samovar_updates_put_off_total").increment(1);
            busy()
        }
        Ok(true) if update.is_none() => {
            metrics::counter!("samovar_updates_unreadable_total").increment(1);
            answer(StatusCode::OK, "")
        }
        Ok(true) => answer(StatusCode::OK, ""),
        Err(fault @ (Fault::Busy | Fault::Closed | Fault::Storage(_))) => {
            tracing::debug!(%fault, "an update was not taken; Telegram sends it again");
            busy()
        }
        Err(fault @ (Fault::Row { .. } | Fault::Damaged(_) | Fault::Bug(_))) => {
            tracing::error!(%fault, "an update was not taken; Telegram sends it again");
            busy()
        }
    }
}
