//! KIE's callback. It proves nothing, so it only makes us look: it notes a hint and says 200.

use super::{Doors, answer, busy, read_body};
use crate::flow::settle;
use crate::ids::JobId;
use crate::job::Event;
use crate::provider::callback;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Request, Response, StatusCode};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// KIE says little.
pub(crate) const BODY_MAX: usize = 256 * 1024;

pub(super) async fn callback(
    State(doors): State<Arc<Doors>>,
    Path((job, secret)): Path<(String, String)>,
    request: Request<Body>,
) -> Response<Body> {
    let unknown = || answer(StatusCode::NOT_FOUND, "");
    let Ok(job) = job.parse::<JobId>() else { return unknown() };
    if !callback::is_callback_secret(&doors.server_key, job, &secret) {
        refused("secret");
        return unknown();
    }
    let headers = request.headers().clone();
    let body = match read_body(request.into_body(), BODY_MAX).await {
        Ok(body) => body,
        Err(refusal) => return refusal,
    };
    let task = callback::task_id(&body);
    if !is_signed(&doors, &headers, task.as_deref()) {
        refused("signature");
        if !doors.unsigned_told.swap(true, Ordering::SeqCst) {
            tracing::warn!(
                "a callback is not signed with KIE_WEBHOOK_HMAC_KEY: is that the key at https://kie.ai/settings? Such \
                 callbacks are refused, and we look by ourselves; this is said once"
            );
        }
        return answer(StatusCode::FORBIDDEN, "wrong signature\n");
    }
    let shop = doors.shop.clone();
    let noted = doors.store.try_write("hint", move |tx| {
        if tx.job(job)?.is_none() {
            return Ok(false);
        }
        // A refusal here is a repeat, or a callback after the end: nothing to do, and no fault.
        settle::step(&shop, tx, job, Event::Hint { task: task.clone() }).map(|_| true)
    });
    match noted.await {
        Ok(true) => answer(StatusCode::OK, r#"{"code":200,"msg":"success"}"#),
        Ok(false) => unknown(),
        Err(fault) => {
            tracing::warn!(%fault, "a callback was not taken; we shall look by ourselves");
            busy()
        }
    }
}

/// Counts a callback that was refused.
fn refused(why: &'static str) {
    metrics::counter!("samovar_callbacks_refused_total", "reason" => why).increment(1);
}

/// Whether KIE's signature fits, where the operator made a key for it; true where there is none.
fn is_signed(doors: &Doors, headers: &HeaderMap, task: Option<&str>) -> bool {
    let Some(key) = &doors.kie_hmac_key else { return true };
    // A header that is no text is as good as none.
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let (timestamp, signature) = (header("x-webhook-timestamp"), header("x-webhook-signature"));
    callback::check_signature(key, task.unwrap_or(""), timestamp, signature).is_ok()
}
