//! The Bot API over HTTP: reads a call from any of the shapes Telegram takes, asks the world, and
//! waits where the reply says so.

use super::World;
use super::files::{FileKind, UPLOAD_LIMIT_BYTES};
use super::params::{Call, Params, Upload};
use super::refusal::Refusal;
use crate::carrier::Outlet;
use crate::sandbox::shared::Shared;
use crate::sandbox::shell::{Hold, hold};
use crate::sandbox::wire::{Answer, Reply, respond};
use crate::time::At;
use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{FromRequest, Multipart, Path, Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::map_response_with_state;
use axum::response::Response;
use axum::routing::{any, get};
use serde_json::Value;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// What every request needs.
#[derive(Clone)]
struct Shell {
    world: Shared<World>,
    outlet: Outlet,
    stop: CancellationToken,
}

/// A little more than the largest upload: the parts' headers and the other parameters.
const BODY_LIMIT_BYTES: usize = UPLOAD_LIMIT_BYTES + 1024 * 1024;

pub(in crate::sandbox) fn router(world: Shared<World>, outlet: Outlet, stop: CancellationToken) -> Router {
    let shell = Arc::new(Shell { world, outlet, stop });
    Router::new()
        .route("/{bot}/{method}", any(method))
        .route("/file/{bot}/{*path}", get(download))
        .layer(axum::extract::DefaultBodyLimit::max(BODY_LIMIT_BYTES))
        .layer(map_response_with_state(shell.clone(), dated))
        .with_state(shell)
}

/// Every answer says what time it is in this world.
async fn dated(State(shell): State<Arc<Shell>>, mut response: Response) -> Response {
    if let Ok(date) = At(shell.world.now_ms()).http_date()
        && let Ok(date) = HeaderValue::from_str(&date)
    {
        response.headers_mut().insert(header::DATE, date);
    }
    response
}

fn form_fields(pairs: &[u8], params: &mut Params) {
    for (name, value) in url::form_urlencoded::parse(pairs) {
        params.fields.insert(name.into_owned(), Value::String(value.into_owned()));
    }
}

async fn parts(request: Request, params: &mut Params) -> Result<(), Refusal> {
    let broken = |_| Refusal::bad("can't parse multipart/form-data");
    let mut form = Multipart::from_request(request, &())
        .await
        .map_err(|_| Refusal::bad("can't parse multipart/form-data"))?;
    while let Some(part) = form.next_field().await.map_err(broken)? {
        let name = part.name().unwrap_or("").to_owned();
        let file_name = part.file_name().map(str::to_owned);
        let typed = part.content_type().is_some();
        let bytes = part.bytes().await.map_err(|error| {
            if error.status().as_u16() == 413 {
                Refusal::new(413, "Request Entity Too Large")
            } else {
                broken(error)
            }
        })?;
        match (file_name, std::str::from_utf8(&bytes)) {
            (None, Ok(text)) if !typed => {
                params.fields.insert(name, Value::String(text.to_owned()));
            }
            (file_name, _) => {
                let file_name = file_name.into_iter().collect();
                params.files.insert(name, Upload { file_name, bytes });
            }
        }
    }
    Ok(())
}

async fn read_params(request: Request) -> Result<Params, Refusal> {
    let mut params = Params::default();
    form_fields(request.uri().query().unwrap_or("").as_bytes(), &mut params);
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("");
    let kind = kind.to_ascii_lowercase();
    if kind.starts_with("multipart/form-data") {
        parts(request, &mut params).await?;
        return Ok(params);
    }
    let body = to_bytes(request.into_body(), BODY_LIMIT_BYTES).await;
    let body = body.map_err(|_| Refusal::new(413, "Request Entity Too Large"))?;
    if kind.starts_with("application/json") && !body.is_empty() {
        let json = serde_json::from_slice::<Value>(&body);
        let json =
            json.ok().filter(Value::is_object).ok_or_else(|| Refusal::bad("can't parse JSON object"))?;
        params.fields.extend(Params::from_json(&json).fields);
    } else if kind.starts_with("application/x-www-form-urlencoded") {
        form_fields(&body, &mut params);
    }
    Ok(params)
}

/// The web addresses that a call gives for its media.
fn addresses(method: &str, params: &Params) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let kind = FileKind::named(method);
    found.extend(kind.and_then(|kind| params.text(kind.field())));
    if method == "sendmediagroup" {
        let items = params.nested("media").ok().and_then(|items| items);
        let items = items.as_ref().and_then(Value::as_array).into_iter().flatten();
        found.extend(items.filter_map(|item| item["media"].as_str().map(str::to_owned)));
    }
    found.retain(|source| source.starts_with("http://") || source.starts_with("https://"));
    found
}

async fn fetch(outlet: &Outlet, address: &str) -> Option<Upload> {
    let request = outlet.get(address.parse().ok()?);
    let mut answer = outlet.send(request).await.ok()?.error_for_status().ok()?;
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.ok()? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > 21 * 1024 * 1024 {
            return None;
        }
    }
    let file_name = address.rsplit('/').next().unwrap_or("").to_owned();
    Some(Upload { file_name, bytes: Bytes::from(bytes) })
}

async fn method(
    State(shell): State<Arc<Shell>>,
    Path((bot, name)): Path<(String, String)>,
    request: Request,
) -> Response {
    let Some(token) = bot.strip_prefix("bot").map(str::to_owned) else {
        return respond(Refusal::new(404, "Not Found").reply().answer);
    };
    let mut params = match read_params(request).await {
        Ok(params) => params,
        Err(refusal) => return respond(refusal.reply().answer),
    };
    for address in addresses(&name.to_ascii_lowercase(), &params) {
        let upload = fetch(&shell.outlet, &address).await;
        params.fetched.insert(address, upload);
    }
    let call = Call { token, method: name, params };
    let reply = shell.world.act(|world, now_ms| world.call(now_ms, &call));
    match reply.answer {
        Answer::Poll { poll, until_ms } => long_poll(&shell, poll, until_ms, reply.delay_ms).await,
        Answer::Json { .. }
        | Answer::Raw { .. }
        | Answer::Cut { .. }
        | Answer::Endless { .. }
        | Answer::Padded { .. }
        | Answer::Redirect(_)
        | Answer::Never
        | Answer::Hangup => finish(&shell, reply).await,
    }
}

async fn finish(shell: &Shell, reply: Reply) -> Response {
    let held = Hold { delay_ms: reply.delay_ms, forever: reply.answer == Answer::Never };
    hold(shell.world.clock(), &shell.stop, held).await;
    respond(reply.answer)
}

/// Tells the world when the poller goes away: its connection may break at any await.
struct Leave<'a>(&'a Shared<World>, u64);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.0.quietly(|world, _| world.leave(self.1));
    }
}

async fn long_poll(shell: &Shell, poll: u64, until_ms: i64, delay_ms: u64) -> Response {
    let _leave = Leave(&shell.world, poll);
    let mut changed = shell.world.changed();
    loop {
        changed.borrow_and_update();
        if let Some(reply) = shell.world.quietly(|world, now_ms| world.poll_again(now_ms, poll)) {
            // Receipts changed: whoever waits for "the bot has taken it" hears of it.
            shell.world.act(|_, _| ());
            return finish(shell, Reply { delay_ms, ..reply }).await;
        }
        tokio::select! {
            biased;
            _ = changed.changed() => {}
            () = shell.world.sleep_until(Some(until_ms)) => {}
            () = shell.stop.cancelled() => return respond(Answer::Hangup),
        }
    }
}

async fn download(State(shell): State<Arc<Shell>>, Path((bot, path)): Path<(String, String)>) -> Response {
    let token = bot.strip_prefix("bot").unwrap_or("").to_owned();
    let reply = shell.world.look(|world| world.download(&token, &path));
    finish(&shell, reply).await
}
