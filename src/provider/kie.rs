//! KIE.AI over HTTP: createTask, recordInfo, credit, and the files of a result.
//!
//! Three clients, so that what one may do another may not: orders use each connection once (an idle
//! one that closes under a request would leave an order in doubt), looks share theirs, and files are
//! fetched without our key. None follows a redirect, uses a proxy or repeats a request.

use crate::carrier::{Lost, Outlet, reason};
use crate::job::File;
use crate::provider::answer;
use crate::provider::fetch::{self, FetchError, Hosts};
use crate::provider::limit::Limit;
use crate::provider::link::{LinkError, Links};
use crate::provider::upload::{self, UploadError};
use crate::provider::wire::{MAX_ANSWER_BYTES, USER_AGENT, read_answer, without};
use crate::provider::{Created, Look, Pending, Provider, Task};
use crate::time::Clock;
use reqwest::header::{AUTHORIZATION, HeaderValue, RETRY_AFTER};
use reqwest::{Client, ClientBuilder};
use rust_decimal::Decimal;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt;
use std::num::NonZeroU32;
use std::path::Path;
use std::time::Duration;
use url::Url;

/// More of the list of models than this is not read.
pub(crate) const MAX_MODELS_BYTES: usize = 512 * 1024;
/// How long a request may wait for its turn under our own limits.
const MOST_WAIT: Duration = Duration::from_secs(10);

/// How long KIE may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// To connect, TLS included.
    pub connect: Duration,
    /// For a createTask in all.
    pub create: Duration,
    /// For a look or the credit question in all.
    pub ask: Duration,
    /// For the next bytes of a file.
    pub idle: Duration,
    /// For a file in all.
    pub file: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            create: Duration::from_secs(60),
            ask: Duration::from_secs(30),
            idle: Duration::from_secs(30),
            file: Duration::from_secs(10 * 60),
        }
    }
}

/// What is needed to speak to KIE.
#[derive(Clone, Debug)]
pub struct Options {
    /// The generation host, such as `https://api.kie.ai`.
    pub base_url: Url,
    /// The upload host; results may come from it.
    pub upload_url: Url,
    /// Our key.
    pub key: SecretString,
    /// Hosts of results beside the known ones.
    pub result_hosts: Vec<String>,
    /// How long KIE may take.
    pub timeouts: Timeouts,
}

/// Why KIE cannot be spoken to with these options.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// The key holds characters that no header can carry.
    #[error("KIE_API_KEY holds characters that cannot be sent")]
    Key,
    /// The HTTP client cannot be made.
    #[error("no HTTP client: {0}")]
    Client(String),
}

/// The ways to KIE, so that what one may do another may not.
#[derive(Clone, Debug)]
pub struct Outlets {
    /// For createTask: each connection is used once.
    pub orders: Outlet,
    /// For questions.
    pub asks: Outlet,
    /// For the files of results, without our key.
    pub files: Outlet,
    /// For customers' files.
    pub uploads: Outlet,
}

impl Outlets {
    fn real(timeouts: Timeouts) -> Result<Self, Unusable> {
        let build = |builder: ClientBuilder| match builder.build() {
            Ok(client) => Ok(Outlet::from(client)),
            Err(error) => Err(Unusable::Client(reason(&error))),
        };
        Ok(Self {
            orders: build(client(timeouts).pool_max_idle_per_host(0))?,
            asks: build(client(timeouts))?,
            files: build(client(timeouts).read_timeout(timeouts.idle))?,
            uploads: build(client(timeouts))?,
        })
    }
}

/// KIE.AI.
pub struct Kie {
    base: Url,
    key: SecretString,
    bearer: HeaderValue,
    hosts: Hosts,
    timeouts: Timeouts,
    outlets: Outlets,
    upload_to: Url,
    links: Links,
    create_limit: Limit,
    look_limit: Limit,
    credit_limit: Limit,
}

/// Without the key.
impl fmt::Debug for Kie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kie")
            .field("base", &self.base.host_str())
            .field("hosts", &self.hosts)
            .field("timeouts", &self.timeouts)
            .finish_non_exhaustive()
    }
}

impl Kie {
    /// Ready to speak to KIE; sends nothing yet. `clock` drives the rate limits.
    pub fn new(options: Options, clock: &Clock) -> Result<Self, Unusable> {
        let outlets = Outlets::real(options.timeouts)?;
        Self::over(outlets, options, clock)
    }

    /// The same through outlets of the caller's.
    pub fn over(outlets: Outlets, options: Options, clock: &Clock) -> Result<Self, Unusable> {
        let Options { base_url, upload_url, key, result_hosts, timeouts } = options;
        let mut bearer =
            HeaderValue::from_str(&format!("Bearer {}", key.expose_secret())).map_err(|_| Unusable::Key)?;
        bearer.set_sensitive(true);
        Ok(Self {
            hosts: Hosts::new(&result_hosts, &[&base_url, &upload_url]),
            outlets,
            upload_to: below(&upload_url, "api/file-stream-upload"),
            links: Links::new(&[&base_url, &upload_url]).map_err(|error| Unusable::Client(reason(&error)))?,
            // KIE takes 20 orders in any 10 s: 5 at once and one every 667 ms are never more than that.
            create_limit: Limit::new(at_once(5), Duration::from_millis(667), clock),
            look_limit: Limit::new(at_once(50), Duration::from_millis(20), clock),
            credit_limit: Limit::new(at_once(1), Duration::from_secs(1), clock),
            base: base_url,
            key,
            bearer,
            timeouts,
        })
    }

    async fn order(&self, task: Task<'_>) -> Created {
        let callback = task.callback_url.as_deref().unwrap_or_default();
        let secret = callback.rsplit('/').next().unwrap_or_default().to_owned();
        let mut body = json!({ "model": task.model, "input": Value::Object(task.input) });
        if let Some(url) = task.callback_url {
            body["callBackUrl"] = Value::String(url);
        }
        let orders = &self.outlets.orders;
        let request = orders.post(below(&self.base, "api/v1/jobs/createTask")).timeout(self.timeouts.create);
        let request = request.header(AUTHORIZATION, self.bearer.clone()).json(&body);
        let mut response = match orders.send(request).await {
            Ok(response) => response,
            Err(Lost::NotSent(why)) => return Created::NotSent(why),
            Err(Lost::InDoubt(why)) => return Created::InDoubt(why),
        };
        let status = response.status().as_u16();
        let retry_after = response.headers().get(RETRY_AFTER);
        let retry_after = retry_after.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        match read_answer(&mut response, MAX_ANSWER_BYTES).await {
            Ok(body) => {
                let secrets = [self.key.expose_secret(), &secret];
                answer::created(status, retry_after.as_deref(), &without(&body, &secrets))
            }
            Err(why) => Created::InDoubt(format!("HTTP {status}: {why}")),
        }
    }

    /// Whether the host of uploads answers at all, whatever it says; or why not.
    pub async fn upload_host_answers(&self) -> Result<(), String> {
        let mut url = self.upload_to.clone();
        url.set_path("/");
        let uploads = &self.outlets.uploads;
        uploads.send(uploads.get(url).timeout(self.timeouts.ask)).await.map(drop).map_err(Lost::into_words)
    }

    /// One question; gives status and body, or why there is none.
    async fn ask(
        &self,
        path: &str,
        query: &[(&str, &str)],
        max_bytes: usize,
    ) -> Result<(u16, Vec<u8>), String> {
        let asks = &self.outlets.asks;
        let request = asks.get(below(&self.base, path)).timeout(self.timeouts.ask).query(query);
        let request = request.header(AUTHORIZATION, self.bearer.clone());
        let mut response = asks.send(request).await.map_err(Lost::into_words)?;
        let status = response.status().as_u16();
        let body =
            read_answer(&mut response, max_bytes).await.map_err(|why| format!("HTTP {status}: {why}"))?;
        Ok((status, without(&body, &[self.key.expose_secret()])))
    }

    async fn see(&self, task: &str) -> Look {
        if !self.look_limit.turn(MOST_WAIT).await {
            return Look::Unreachable("too many looks at once".to_owned());
        }
        match self.ask("api/v1/jobs/recordInfo", &[("taskId", task)], MAX_ANSWER_BYTES).await {
            Ok((status, body)) => answer::look(status, &body, task, &self.hosts),
            Err(why) => Look::Unreachable(why),
        }
    }

    async fn left(&self) -> Result<Decimal, String> {
        if !self.credit_limit.turn(MOST_WAIT).await {
            return Err("too many questions at once".to_owned());
        }
        let (status, body) = self.ask("api/v1/chat/credit", &[], MAX_ANSWER_BYTES).await?;
        answer::credit(status, &body)
    }

    async fn known_models(&self) -> Result<Option<BTreeSet<String>>, String> {
        let (status, body) = self.ask("api/v1/models", &[], MAX_MODELS_BYTES).await?;
        match status {
            200 => Ok(answer_models(&body)),
            404 => Ok(None),
            _ => Err(format!("HTTP {status}")),
        }
    }

    async fn copy(&self, url: &str, into: &Path, name: &str, max_bytes: u64) -> Result<File, FetchError> {
        let url = self.hosts.check(url)?;
        let whole = async {
            let files = &self.outlets.files;
            let response = files.send(files.get(url)).await;
            let response = response.map_err(|lost| FetchError::Network(lost.into_words()))?;
            fetch::save(response, into, name, max_bytes).await
        };
        match tokio::time::timeout(self.timeouts.file, whole).await {
            Ok(done) => done,
            Err(_) => Err(FetchError::TooSlow(self.timeouts.file)),
        }
    }
}

impl Provider for Kie {
    fn turn(&self) -> bool {
        self.create_limit.try_turn()
    }

    fn create<'a>(&'a self, task: Task<'a>) -> Pending<'a, Created> {
        Box::pin(self.order(task))
    }

    fn look<'a>(&'a self, task: &'a str) -> Pending<'a, Look> {
        Box::pin(self.see(task))
    }

    fn credit(&self) -> Pending<'_, Result<Decimal, String>> {
        Box::pin(self.left())
    }

    fn fetch<'a>(
        &'a self,
        url: &'a str,
        into: &'a Path,
        name: &'a str,
        max_bytes: u64,
    ) -> Pending<'a, Result<File, FetchError>> {
        Box::pin(self.copy(url, into, name, max_bytes))
    }

    fn upload<'a>(&'a self, file: &'a Path, name: &'a str) -> Pending<'a, Result<String, UploadError>> {
        let key = (&self.bearer, self.key.expose_secret());
        Box::pin(upload::send(&self.outlets.uploads, &self.upload_to, key, &self.hosts, file, name))
    }

    fn fetch_link<'a>(
        &'a self,
        link: &'a str,
        to: &'a Path,
        max_bytes: u64,
    ) -> Pending<'a, Result<u64, LinkError>> {
        Box::pin(self.links.fetch(link, to, max_bytes))
    }

    fn models(&self) -> Pending<'_, Result<Option<BTreeSet<String>>, String>> {
        Box::pin(self.known_models())
    }
}

/// The names in a list of models; `None` for a shape that we do not know.
pub(crate) fn answer_models(body: &[u8]) -> Option<BTreeSet<String>> {
    let body = serde_json::from_slice::<Value>(body).ok()?;
    let models = body.get("data")?.get("models")?.as_array()?;
    models.iter().map(|one| one.get("model")?.as_str().map(str::to_owned)).collect()
}

/// An address of the provider's, whether or not the configured one ends with a slash.
fn below(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.path_segments_mut().expect("an http URL has a path").pop_if_empty().extend(path.split('/'));
    url
}

fn client(timeouts: Timeouts) -> ClientBuilder {
    Client::builder()
        .user_agent(USER_AGENT)
        .connect_timeout(timeouts.connect)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .http1_only()
}

fn at_once(burst: u32) -> NonZeroU32 {
    NonZeroU32::new(burst).expect("a burst is not zero")
}

#[cfg(test)]
mod tests;
