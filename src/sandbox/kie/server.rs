//! KIE over HTTP: requests in, held answers and callbacks out.

use super::{CallbackPost, Upload, World, coded};
use crate::carrier::Outlet;
use crate::sandbox::shared::Shared;
use crate::sandbox::shell::{Hold, hold};
use crate::sandbox::wire::{Answer, Reply, respond};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequest, Multipart, Path, Request, State};
use axum::http::{HeaderMap, Uri, header};
use axum::response::Response;
use axum::routing::{get, post};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

#[derive(Clone)]
struct Shell {
    world: Shared<World>,
    stop: CancellationToken,
}

/// How long an answer waits for a callback that does not come through.
const CALLBACK_PATIENCE: Duration = Duration::from_secs(10);
const UPLOAD_LIMIT_BYTES: usize = 128 * 1024 * 1024;
const CALLBACK_TIMEOUT: Duration = Duration::from_secs(15);

pub(in crate::sandbox) fn router(world: Shared<World>, stop: CancellationToken) -> Router {
    Router::new()
        .route("/api/v1/jobs/createTask", post(create))
        .route("/api/v1/jobs/recordInfo", get(record))
        .route("/api/v1/chat/credit", get(credit))
        .route("/api/v1/models", get(models))
        .route("/files/{name}", get(file))
        .route("/api/file-stream-upload", post(upload))
        .route("/uploads/{number}", get(uploaded))
        .layer(DefaultBodyLimit::max(UPLOAD_LIMIT_BYTES))
        .with_state(Arc::new(Shell { world, stop }))
}

fn authorization(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok())
}

async fn finish(shell: &Shell, reply: Reply) -> Response {
    if let Some(id) = &reply.after_callback_of {
        let answered = |world: &World| world.callback_answered(id).then_some(());
        // In vain is all right too: then the answer comes after that patience.
        let waited = shell.world.wait(answered, CALLBACK_PATIENCE).await;
        tracing::debug!(in_time = waited.is_ok(), "an answer waited for its callback");
    }
    let held = Hold { delay_ms: reply.delay_ms, forever: reply.answer == Answer::Never };
    hold(shell.world.clock(), &shell.stop, held).await;
    respond(reply.answer)
}

async fn create(State(shell): State<Arc<Shell>>, headers: HeaderMap, body: Bytes) -> Response {
    let reply = shell.world.act(|world, now_ms| world.create(now_ms, authorization(&headers), &body));
    finish(&shell, reply).await
}

async fn record(State(shell): State<Arc<Shell>>, headers: HeaderMap, uri: Uri) -> Response {
    let mut query = url::form_urlencoded::parse(uri.query().unwrap_or("").as_bytes());
    let id = query.find(|(name, _)| name == "taskId").map_or_else(String::new, |(_, id)| id.into_owned());
    let reply = shell.world.act(|world, now_ms| world.record(now_ms, authorization(&headers), &id));
    finish(&shell, reply).await
}

async fn credit(State(shell): State<Arc<Shell>>, headers: HeaderMap) -> Response {
    let reply = shell.world.look(|world| world.credit(authorization(&headers)));
    finish(&shell, reply).await
}

async fn models(State(shell): State<Arc<Shell>>, headers: HeaderMap) -> Response {
    let reply = shell.world.look(|world| world.models(authorization(&headers)));
    finish(&shell, reply).await
}

async fn file(State(shell): State<Arc<Shell>>, Path(name): Path<String>) -> Response {
    let found = shell.world.act(|world, now_ms| world.file(now_ms, &name));
    // Drawn outside the lock.
    let reply = found.map_or_else(|| Reply::html(404), |file| file.reply());
    finish(&shell, reply).await
}

/// The parts of an upload; `None` when they are no multipart form.
async fn read_upload(request: Request) -> Option<Upload> {
    let mut form = Multipart::from_request(request, &()).await.ok()?;
    let (mut upload, mut part_name) = (Upload::default(), String::new());
    while let Some(part) = form.next_field().await.ok()? {
        match part.name() {
            Some("file") => {
                part.file_name().unwrap_or("").clone_into(&mut part_name);
                upload.bytes = Some(part.bytes().await.ok()?);
            }
            Some("uploadPath") => upload.folder = part.text().await.ok()?,
            Some("fileName") => upload.name = part.text().await.ok()?,
            Some(_) | None => {}
        }
    }
    if upload.name.is_empty() {
        upload.name = part_name;
    }
    Some(upload)
}

async fn upload(State(shell): State<Arc<Shell>>, headers: HeaderMap, request: Request) -> Response {
    let reply = match read_upload(request).await {
        Some(upload) => {
            shell.world.act(|world, now_ms| world.upload(now_ms, authorization(&headers), &upload))
        }
        None => coded(400, "The request body is not multipart/form-data"),
    };
    finish(&shell, reply).await
}

async fn uploaded(State(shell): State<Arc<Shell>>, Path(number): Path<String>) -> Response {
    finish(&shell, shell.world.look(|world| world.uploaded(&number))).await
}

async fn send(outlet: &Outlet, post: &CallbackPost) -> Option<u16> {
    let mut request = outlet.post(post.url.parse().ok()?).timeout(CALLBACK_TIMEOUT).json(&post.body);
    if let Some((timestamp, signature)) = &post.signature {
        request = request.header("X-Webhook-Timestamp", timestamp).header("X-Webhook-Signature", signature);
    }
    outlet.send(request).await.ok().map(|answer| answer.status().as_u16())
}

/// Ends tasks when their time comes and posts callbacks, until `stop`.
pub(in crate::sandbox) async fn call_back(world: Shared<World>, outlet: Outlet, stop: CancellationToken) {
    let mut changed = world.changed();
    let mut posts = JoinSet::new();
    loop {
        changed.borrow_and_update();
        let before = world.look(World::next_due_ms);
        while let Some(post) = world.quietly(World::next_callback) {
            let (world, outlet) = (world.clone(), outlet.clone());
            posts.spawn(async move {
                let status = send(&outlet, &post).await;
                world.act(|world, now_ms| world.called_back(now_ms, post.number, status));
            });
        }
        let due_ms = world.look(World::next_due_ms);
        if due_ms != before {
            // Tasks may have ended by the clock alone: whoever waits for that hears of it.
            world.act(|_, _| ());
            continue;
        }
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            _ = changed.changed() => {}
            Some(_) = posts.join_next(), if !posts.is_empty() => {}
            () = world.sleep_until(due_ms) => {}
        }
    }
}
