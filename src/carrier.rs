//! Who carries our HTTP requests to the outside: the network, through reqwest. The door between the
//! two is here, so that a simulated network can stand behind the same requests and answers.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use reqwest::{Client, Method, Request, RequestBuilder, Response};
use std::error::Error;
use std::fmt;
use std::sync::Arc;
use url::Url;

/// Why there is no answer. The words hold no address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lost {
    /// Not a byte of the request has left: it had no effect.
    NotSent(String),
    /// It may have had its effect.
    InDoubt(String),
}

impl Lost {
    /// Why, in words.
    pub fn into_words(self) -> String {
        match self {
            Self::NotSent(words) | Self::InDoubt(words) => words,
        }
    }
}

/// Carries a request and gives the head of its answer, within the request's own timeout.
pub trait Carrier: Send + Sync {
    /// Carries one request.
    fn carry(&self, request: Request) -> BoxFuture<'_, Result<Response, Lost>>;
}

impl Carrier for Client {
    fn carry(&self, request: Request) -> BoxFuture<'_, Result<Response, Lost>> {
        let sent = self.execute(request);
        async move {
            sent.await.map_err(|error| {
                // Connecting covers DNS, TCP and TLS: no byte of the request has left by then.
                let nothing_sent = error.is_connect() || error.is_builder();
                let words = reason(&error);
                if nothing_sent { Lost::NotSent(words) } else { Lost::InDoubt(words) }
            })
        }
        .boxed()
    }
}

/// Where requests are written and handed over.
#[derive(Clone)]
pub struct Outlet {
    builder: Client,
    carrier: Arc<dyn Carrier>,
}

impl fmt::Debug for Outlet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outlet").finish_non_exhaustive()
    }
}

impl From<Client> for Outlet {
    fn from(client: Client) -> Self {
        Self { builder: client.clone(), carrier: Arc::new(client) }
    }
}

impl Outlet {
    /// Requests are written as `builder` does it and carried by `carrier`.
    pub fn over(builder: Client, carrier: Arc<dyn Carrier>) -> Self {
        Self { builder, carrier }
    }

    /// A GET to be filled in.
    pub fn get(&self, url: Url) -> RequestBuilder {
        self.builder.request(Method::GET, url)
    }

    /// A POST to be filled in.
    pub fn post(&self, url: Url) -> RequestBuilder {
        self.builder.request(Method::POST, url)
    }

    /// Sends a request that is filled in.
    pub async fn send(&self, request: RequestBuilder) -> Result<Response, Lost> {
        let request = request.build().map_err(|error| Lost::NotSent(reason(&error)))?;
        self.carrier.carry(request).await
    }
}

/// An error and its causes on one line, without the address.
pub fn reason(error: &reqwest::Error) -> String {
    let class = if error.is_connect() {
        "no connection"
    } else if error.is_timeout() {
        "no answer in time"
    } else {
        "the connection broke"
    };
    let mut text = class.to_owned();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(REASON_CHARS).collect()
}

/// More of a reason than this is for nobody.
const REASON_CHARS: usize = 300;
