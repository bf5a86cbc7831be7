//! One call to the Bot API over HTTP, and what its answer says about whether it had an effect.
//!
//! The requests are teloxide's, its `Bot` is not used: it sleeps 10 s on a 5xx, drops the error
//! code, has one timeout for all calls and prints the token in `Debug`.

use super::request::{Contents, Request};
use super::wire::Answer;
use crate::carrier::{Lost, Outlet, reason};
use crate::disk;
use crate::time::At;
use bytes::{Bytes, BytesMut};
use reqwest::header::DATE;
use reqwest::multipart::{Form, Part};
use reqwest::{Body, Client, RequestBuilder, Response, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use serde_json::value::RawValue;
use std::fmt;
use std::time::Duration;
use url::Url;

/// A hundred updates of 64 KiB fit.
pub(crate) const ANSWER_MAX_BYTES: usize = 13 * 512 * 1024;
const WORDS_MAX_CHARS: usize = 300;

/// How long a call may take.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// Until the connection stands, with name lookup and TLS. 5 s.
    pub connect: Duration,
    /// An ordinary call. 15 s.
    pub call: Duration,
    /// A call that carries files, or fetches one. 120 s.
    pub upload: Duration,
    /// What a long poll may take beyond the wait it asks for. 10 s.
    pub poll_slack: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            call: Duration::from_secs(15),
            upload: Duration::from_secs(120),
            poll_slack: Duration::from_secs(10),
        }
    }
}

/// Why a base URL cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadUrl {
    /// Not `http://…` or `https://…`.
    #[error("the Bot API's address must begin with http:// or https://")]
    Scheme,
    /// TLS could not be set up.
    #[error("no HTTP client: {0}")]
    Client(String),
}

/// Why a call gave no result.
#[derive(Clone, Debug)]
pub(crate) enum Failure {
    /// Telegram said no, so nothing happened.
    Said(Said),
    /// It never reached Telegram.
    NotSent(String),
    /// It may have had its effect.
    InDoubt(String),
}

/// Telegram's no.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    /// As in HTTP.
    pub(super) code: u16,
    /// Its words, at most 300 characters.
    pub(super) why: String,
    /// How long it asks us to wait.
    pub(super) retry_after: Option<Duration>,
}

/// The Bot API of one bot.
pub(crate) struct Api {
    outlet: Outlet,
    base: Url,
    token: SecretString,
    pub(super) timeouts: Timeouts,
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api").field("base", &self.base.host_str()).finish_non_exhaustive()
    }
}

impl Api {
    pub(crate) fn new(token: SecretString, base: Url, timeouts: Timeouts) -> Result<Self, BadUrl> {
        let client = Client::builder()
            .use_rustls_tls()
            .connect_timeout(timeouts.connect)
            .redirect(reqwest::redirect::Policy::none())
            .tcp_nodelay(true)
            .tcp_keepalive(Duration::from_secs(30))
            // A call on a connection that is just being closed for idleness would be in doubt.
            .pool_idle_timeout(Duration::from_secs(30))
            .user_agent(concat!("samovar/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| BadUrl::Client(reason(&error)))?;
        Self::over(client.into(), token, base, timeouts)
    }

    pub(super) fn over(
        outlet: Outlet,
        token: SecretString,
        base: Url,
        timeouts: Timeouts,
    ) -> Result<Self, BadUrl> {
        if !matches!(base.scheme(), "http" | "https") || base.cannot_be_a_base() {
            return Err(BadUrl::Scheme);
        }
        Ok(Self { outlet, base, token, timeouts })
    }

    /// Calls a method and gives its `result`, unread.
    pub(super) async fn call(&self, request: &Request, timeout: Duration) -> Result<Box<RawValue>, Failure> {
        let url = self.url(&[&self.bot(), request.method()]);
        let builder = self.outlet.post(url).timeout(timeout);
        let builder = if request.uploads().is_empty() {
            builder.json(request.fields())
        } else {
            builder.multipart(form(request).await.map_err(|error| Failure::NotSent(error.to_string()))?)
        };
        let response = self.execute(builder).await?;
        let status = response.status();
        let retry_after = retry_after(&response);
        let body = self.body(response).await?;
        self.read(status, retry_after, &body)
    }

    /// Opens a file by the path `getFile` gave. The answer's status is for the caller to check.
    pub(super) async fn open_file(&self, file_path: &str) -> Result<Response, Failure> {
        let bot = self.bot();
        let mut segments = vec!["file", bot.as_str()];
        segments.extend(file_path.split('/').filter(|segment| !segment.is_empty()));
        self.execute(self.outlet.get(self.url(&segments)).timeout(self.timeouts.upload)).await
    }

    /// What the server says the time is; asked without the token. `None`: it does not say.
    pub(super) async fn date(&self) -> Result<Option<At>, Failure> {
        let response = self.execute(self.outlet.get(self.base.clone()).timeout(self.timeouts.call)).await?;
        let Some(date) = response.headers().get(DATE) else { return Ok(None) };
        At::of_http_date(&String::from_utf8_lossy(date.as_bytes()))
            .map(Some)
            .map_err(|_| Failure::InDoubt("the server's Date is no date".to_owned()))
    }

    /// An error in words that hold neither URL nor token.
    pub(super) fn words(&self, text: &str) -> String {
        let text = text.replace(self.token.expose_secret(), "[token]");
        text.chars().take(WORDS_MAX_CHARS).collect()
    }

    /// What reqwest says, without the URL.
    pub(super) fn error(&self, error: &reqwest::Error) -> String {
        self.words(&reason(error))
    }

    fn bot(&self) -> String {
        format!("bot{}", self.token.expose_secret())
    }

    fn url(&self, segments: &[&str]) -> Url {
        let mut url = self.base.clone();
        url.path_segments_mut().expect("an http URL has a path").pop_if_empty().extend(segments);
        url
    }

    async fn execute(&self, builder: RequestBuilder) -> Result<Response, Failure> {
        self.outlet.send(builder).await.map_err(|lost| match lost {
            Lost::NotSent(words) => Failure::NotSent(self.words(&words)),
            Lost::InDoubt(words) => Failure::InDoubt(self.words(&words)),
        })
    }

    async fn body(&self, mut response: Response) -> Result<Bytes, Failure> {
        let mut body = BytesMut::new();
        while let Some(chunk) =
            response.chunk().await.map_err(|error| Failure::InDoubt(self.error(&error)))?
        {
            if body.len() + chunk.len() > ANSWER_MAX_BYTES {
                return Err(Failure::InDoubt("an answer without end".to_owned()));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    }

    /// What an answer says; its status only explains a body that says nothing.
    pub(crate) fn read(
        &self,
        status: StatusCode,
        retry_after: Option<Duration>,
        body: &[u8],
    ) -> Result<Box<RawValue>, Failure> {
        let Ok(answer) = serde_json::from_slice::<Answer<'_>>(body) else {
            return Err(not_telegram(status, retry_after));
        };
        if answer.ok {
            return Ok(answer.result.unwrap_or(RawValue::NULL).to_owned());
        }
        let asked = answer.parameters.and_then(|parameters| parameters.retry_after);
        Err(Failure::Said(Said {
            code: answer.error_code.unwrap_or(status.as_u16()),
            why: self.words(answer.description.as_deref().unwrap_or("no reason given")),
            retry_after: asked.map(Duration::from_secs).or(retry_after),
        }))
    }
}

/// An answer that is not Telegram's: something on the way gave it.
fn not_telegram(status: StatusCode, retry_after: Option<Duration>) -> Failure {
    let why = format!("HTTP {} without Telegram's answer", status.as_u16());
    match status.as_u16() {
        code @ (413 | 429) => Failure::Said(Said { code, why, retry_after }),
        // Whoever sent us elsewhere or turned us away did not pass the call on.
        300..=499 => Failure::NotSent(why),
        _ => Failure::InDoubt(why),
    }
}

fn retry_after(response: &Response) -> Option<Duration> {
    let header = response.headers().get(reqwest::header::RETRY_AFTER)?;
    let seconds = std::str::from_utf8(header.as_bytes()).map(str::parse);
    if let Ok(Ok(seconds)) = seconds { Some(Duration::from_secs(seconds)) } else { None }
}

async fn form(request: &Request) -> std::io::Result<Form> {
    let mut form = Form::new();
    for (name, value) in request.fields() {
        let text = if let Value::String(text) = value { text.clone() } else { value.to_string() };
        form = form.text(name.clone(), text);
    }
    for upload in request.uploads() {
        let part = match &upload.contents {
            Contents::File(path) => {
                let (size_bytes, pieces) = disk::read(path).await?;
                Part::stream_with_length(Body::wrap_stream(pieces), size_bytes)
            }
            Contents::Here(bytes) => {
                let size_bytes = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
                Part::stream_with_length(Body::from(bytes.clone()), size_bytes)
            }
        };
        form = form.part(upload.part.clone(), part.file_name(upload.file_name.clone()));
    }
    Ok(form)
}
