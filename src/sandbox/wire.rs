//! What either fake may answer, good manners or bad, and how that goes over a socket.
//!
//! A world decides on a [`Reply`]; only [`respond`] knows about connections. So a simulator without
//! sockets reads the same replies and acts them out its own way.

use axum::body::{Body, Bytes};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::{Stream, StreamExt, stream};
use serde_json::Value;
use std::io;

/// What a world answers to one request.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// How long the answer is held back, in milliseconds.
    pub delay_ms: u64,
    /// The answer is held back until this KIE task's first callback has been answered.
    pub after_callback_of: Option<String>,
    /// The answer itself.
    pub answer: Answer,
}

/// The answer itself.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// JSON with an HTTP status and, for a 429, the seconds of `Retry-After`.
    Json {
        /// HTTP status.
        status: u16,
        /// Seconds for the `Retry-After` header.
        retry_after_s: Option<u32>,
        /// The body.
        body: Value,
    },
    /// Any bytes with an HTTP status and content type.
    Raw {
        /// HTTP status.
        status: u16,
        /// Content type.
        content_type: &'static str,
        /// The body.
        body: Bytes,
    },
    /// A file that claims to have `declared` bytes; the connection breaks after `body`.
    Cut {
        /// Content type.
        content_type: &'static str,
        /// The length that the header claims.
        declared: u64,
        /// What really comes.
        body: Bytes,
    },
    /// A body of so many bytes, made while it is sent.
    Endless {
        /// Content type.
        content_type: &'static str,
        /// Bytes until it ends after all.
        bytes: u64,
    },
    /// A body that is filled up with zeros.
    Padded {
        /// What it claims to be.
        content_type: &'static str,
        /// How it begins.
        body: Bytes,
        /// How long it is in all.
        bytes: u64,
    },
    /// 302 to another address.
    Redirect(String),
    /// No answer ever comes; the connection stays open.
    Never,
    /// The connection is closed without a byte of answer.
    Hangup,
    /// `getUpdates` has nothing yet: ask [`crate::sandbox::telegram::World::poll_again`] with this
    /// number whenever the world changed, and at `until_ms` at the latest.
    Poll {
        /// The number of the waiting poll.
        poll: u64,
        /// When it must be answered, in milliseconds since 1970.
        until_ms: i64,
    },
}

impl From<Answer> for Reply {
    fn from(answer: Answer) -> Self {
        Self { delay_ms: 0, after_callback_of: None, answer }
    }
}

impl Reply {
    /// JSON with status 200.
    pub fn json(body: Value) -> Self {
        Answer::Json { status: 200, retry_after_s: None, body }.into()
    }

    /// An HTML page, as proxies in front of an interface send.
    pub fn html(status: u16) -> Self {
        let body = "<!DOCTYPE html><html><head><title>Bad gateway</title></head><body><center>\
                    <h1>502 Bad Gateway</h1></center><hr><center>cloudflare</center></body></html>";
        Answer::Raw { status, content_type: "text/html", body: Bytes::from_static(body.as_bytes()) }.into()
    }

    /// The JSON body, if this is one.
    pub fn body(&self) -> Option<&Value> {
        if let Answer::Json { body, .. } = &self.answer { Some(body) } else { None }
    }
}

const CHUNK: usize = 64 * 1024;

fn broken_pipe() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, "the script says to hang up")
}

fn with_type(status: u16, content_type: &'static str, body: Body) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, body).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

fn put(response: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

/// So many bytes of one kind, a piece at a time.
fn filling(byte: u8, bytes: u64) -> impl Stream<Item = io::Result<Bytes>> + Send {
    let step = u64::try_from(CHUNK).unwrap_or(u64::MAX);
    let chunk = Bytes::from(vec![byte; CHUNK]);
    stream::unfold(bytes, move |left| {
        let piece = chunk.slice(..usize::try_from(left.min(step)).unwrap_or(CHUNK));
        async move { (left > 0).then(|| (Ok(piece), left.saturating_sub(step))) }
    })
}

fn endless(bytes: u64) -> Body {
    Body::from_stream(filling(b' ', bytes))
}

fn cut(body: Bytes) -> Body {
    let broken = stream::once(async {
        // Lets hyper send what it has before it hears of the break.
        tokio::task::yield_now().await;
        Err(broken_pipe())
    });
    Body::from_stream(stream::iter([Ok(body)]).chain(broken))
}

/// Turns an answer into an HTTP response. `Never` and `Poll` are the caller's to wait for: here
/// they become a closed connection.
pub(super) fn respond(answer: Answer) -> Response {
    match answer {
        Answer::Json { status, retry_after_s, body } => {
            let mut response = with_type(status, "application/json", Body::from(body.to_string()));
            if let Some(seconds) = retry_after_s {
                put(&mut response, header::RETRY_AFTER, &seconds.to_string());
            }
            response
        }
        Answer::Raw { status, content_type, body } => with_type(status, content_type, Body::from(body)),
        Answer::Cut { content_type, declared, body } => {
            let mut response = with_type(200, content_type, cut(body));
            put(&mut response, header::CONTENT_LENGTH, &declared.to_string());
            response
        }
        Answer::Endless { content_type, bytes } => with_type(200, content_type, endless(bytes)),
        Answer::Padded { content_type, body, bytes } => {
            let rest = bytes.saturating_sub(u64::try_from(body.len()).unwrap_or(u64::MAX));
            let whole = stream::iter([Ok(body)]).chain(filling(0, rest));
            let mut response = with_type(200, content_type, Body::from_stream(whole));
            put(&mut response, header::CONTENT_LENGTH, &bytes.to_string());
            response
        }
        Answer::Redirect(location) => {
            let mut response = with_type(302, "text/html", Body::empty());
            put(&mut response, header::LOCATION, &location);
            response
        }
        // hyper has not sent the head yet when the first poll of the body fails: the peer sees a
        // connection closed without an answer.
        Answer::Never | Answer::Hangup | Answer::Poll { .. } => {
            with_type(200, "text/plain", Body::from_stream(stream::iter([Err::<Bytes, _>(broken_pipe())])))
        }
    }
}
