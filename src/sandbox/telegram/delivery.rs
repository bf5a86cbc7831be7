//! Posts updates to the webhook: asks the world what is due, sends it, tells the world how it went.

use super::World;
use super::webhook::{Post, Posted};
use crate::carrier::Outlet;
use crate::sandbox::shared::Shared;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use serde_json::Value;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

const SECRET_HEADER: &str = "X-Telegram-Bot-Api-Secret-Token";
const TIMEOUT: Duration = Duration::from_secs(60);
const ANSWER_LIMIT_BYTES: usize = 1024 * 1024;

async fn body_of(mut answer: reqwest::Response) -> Option<Value> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.ok()? {
        body.extend_from_slice(&chunk);
        if body.len() > ANSWER_LIMIT_BYTES {
            return None;
        }
    }
    serde_json::from_slice(&body).ok()
}

/// Knows a receiver by its own certificate and by no other.
fn knowing(certificate: &[u8]) -> reqwest::Result<Outlet> {
    let certificate = reqwest::Certificate::from_pem(certificate)?;
    let client = reqwest::Client::builder().use_rustls_tls().no_proxy().tls_built_in_root_certs(false);
    client.add_root_certificate(certificate).build().map(Outlet::from)
}

async fn send(outlet: &Outlet, post: &Post) -> (Posted, Option<Value>) {
    let url = match post.url.parse() {
        Ok(url) => url,
        Err(error) => return (Posted::Failed(format!("{error}")), None),
    };
    let outlet = match post.certificate.as_deref().map(knowing).transpose() {
        Ok(knowing) => knowing.unwrap_or_else(|| outlet.clone()),
        Err(error) => return (Posted::Failed(format!("{error}")), None),
    };
    let mut request = outlet.post(url).timeout(TIMEOUT).header(CONTENT_TYPE, "application/json");
    if !post.secret_token.is_empty() {
        request = request.header(SECRET_HEADER, &post.secret_token);
    }
    let answer = match outlet.send(request.body(post.body.to_string())).await {
        Ok(answer) => answer,
        Err(lost) => return (Posted::Failed(lost.into_words()), None),
    };
    let retry_after_s =
        answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
    let posted = Posted::Status { status: answer.status().as_u16(), retry_after_s };
    let body = if answer.status().is_success() { body_of(answer).await } else { None };
    (posted, body)
}

/// Delivers until `stop`. Posts under way are dropped then, as if Telegram's side had crashed.
pub(in crate::sandbox) async fn deliver(world: Shared<World>, outlet: Outlet, stop: CancellationToken) {
    let mut changed = world.changed();
    let mut posts = JoinSet::new();
    loop {
        changed.borrow_and_update();
        while let Some(post) = world.quietly(World::next_post) {
            let (world, outlet) = (world.clone(), outlet.clone());
            posts.spawn(async move {
                let (posted, body) = send(&outlet, &post).await;
                world.act(|world, now_ms| {
                    world.posted(now_ms, &post, &posted);
                    if let Some(body) = body {
                        world.answered_with(now_ms, &body);
                    }
                });
            });
        }
        let due_ms = world.quietly(|world, now_ms| world.next_post_due_ms(now_ms));
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            _ = changed.changed() => {}
            Some(_) = posts.join_next(), if !posts.is_empty() => {}
            () = world.sleep_until(due_ms) => {}
        }
    }
}
