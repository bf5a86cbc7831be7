//! The network between the service and the two worlds: it carries the service's real requests to the
//! sandbox's routers and their posts to the service's own, and loses, delays and repeats them.

use super::notes::Notes;
use super::weather::{self, Fate, Weather};
use crate::carrier::{Carrier, Lost};
use crate::sandbox::Routers;
use crate::simulate::dice::Dice;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::http;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use reqwest::{Request, Response};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// For who names no timeout.
const TIMEOUT: Duration = Duration::from_secs(60);
const BODY_BYTES: usize = 64 * 1024 * 1024;
/// Where the service is reached.
pub(super) const BOT: &str = "https://bot.simulated";
/// Where Telegram is.
pub(super) const TELEGRAM: &str = "https://telegram.simulated";
/// Where KIE is.
pub(super) const KIE: &str = "https://kie.simulated";

/// The service as it can be reached: nobody is there between two lives.
#[derive(Clone, Default)]
pub(super) struct Gate(Arc<Mutex<Option<(Router, CancellationToken)>>>);

impl Gate {
    pub(super) fn open(&self, router: Router, life: CancellationToken) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((router, life));
    }

    pub(super) fn close(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn get(&self) -> Option<(Router, CancellationToken)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// One direction of the network.
pub(super) struct Line {
    pub(super) notes: Notes,
    pub(super) weather: Arc<Weather>,
    pub(super) dice: Mutex<Dice>,
    pub(super) to: To,
}

/// Where a line leads.
pub(super) enum To {
    /// From the service to the worlds.
    Worlds(Routers),
    /// From the worlds to the service.
    Service(Gate),
}

/// How one request will fare, decided before it sets off.
struct Trip {
    fate: Fate,
    there: Duration,
    back: Duration,
    timeout: Duration,
}

impl Carrier for Line {
    fn carry(&self, request: Request) -> BoxFuture<'_, Result<Response, Lost>> {
        self.go(request).boxed()
    }
}

fn no_answer() -> Lost {
    Lost::InDoubt("no answer in time".to_owned())
}

fn broken() -> Lost {
    Lost::InDoubt("the connection broke".to_owned())
}

impl Line {
    fn plan(&self, request: &Request) -> Trip {
        let mut dice = self.dice.lock().unwrap_or_else(PoisonError::into_inner);
        let inbound = matches!(self.to, To::Service(_));
        let fate = self.weather.fate(&mut dice, inbound);
        let timeout = request.timeout().copied().unwrap_or(TIMEOUT);
        let mut there = Duration::from_millis(dice.between(1, 60));
        match fate {
            Fate::Slow => there += Duration::from_millis(dice.between(500, 6_000)),
            Fate::Late => there += timeout + Duration::from_millis(dice.between(1, 5_000)),
            Fate::Well
            | Fate::NotSent
            | Fate::RequestLost
            | Fate::AnswerLost
            | Fate::Broke
            | Fate::Page
            | Fate::Twice => {}
        }
        Trip { fate, there, back: Duration::from_millis(dice.between(1, 40)), timeout }
    }

    /// Who answers at this address, and for how long there is anybody.
    fn at(&self, host: &str) -> Option<(Router, CancellationToken)> {
        match &self.to {
            To::Worlds(routers) if TELEGRAM.ends_with(host) => {
                Some((routers.telegram.clone(), CancellationToken::new()))
            }
            To::Worlds(routers) => Some((routers.kie.clone(), CancellationToken::new())),
            To::Service(gate) => gate.get(),
        }
    }

    async fn go(&self, request: Request) -> Result<Response, Lost> {
        let trip = self.plan(&request);
        let host = request.url().host_str().unwrap_or_default().to_owned();
        let last = request.url().path().rsplit('/').next().unwrap_or_default();
        // Neither the token nor a callback's secret goes into the notes.
        let what = if last.len() > 24 { "…" } else { last };
        self.notes.event(format_args!("{host} {what} {:?}", trip.fate));
        weather::note(&self.notes, trip.fate);
        let request = whole(request).await.map_err(Lost::NotSent)?;
        match trip.fate {
            Fate::NotSent => {
                tokio::time::sleep(trip.there).await;
                return Err(Lost::NotSent("no connection".to_owned()));
            }
            Fate::RequestLost => {
                tokio::time::sleep(trip.timeout).await;
                return Err(no_answer());
            }
            Fate::Page => {
                tokio::time::sleep(trip.there).await;
                return Ok(page());
            }
            Fate::Well | Fate::AnswerLost | Fate::Broke | Fate::Late | Fate::Twice | Fate::Slow => {}
        }
        let (there, times) = (trip.there, if trip.fate == Fate::Twice { 2 } else { 1 });
        let job = job_of(request.body());
        let answers = (0..times).map(|_| self.send(&host, copy(&request), there, job)).collect::<Vec<_>>();
        self.come_back(trip, answers, job).await
    }

    /// Sets it off: from here on it arrives, whatever becomes of who sent it.
    fn send(
        &self,
        host: &str,
        request: http::Request<Bytes>,
        there: Duration,
        job: Option<u64>,
    ) -> oneshot::Receiver<Option<http::Response<Bytes>>> {
        let (tell, answer) = oneshot::channel();
        let there_now = self.at(host);
        let line_end = match &self.to {
            To::Worlds(_) => None,
            To::Service(gate) => Some(gate.clone()),
        };
        let notes = self.notes.clone();
        tokio::spawn(async move {
            tokio::time::sleep(there).await;
            // Who is there when it arrives answers, not who was there when it set off.
            let end = line_end.map_or(there_now, |gate| gate.get());
            let Some((router, life)) = end else { return };
            let answered = life.run_until_cancelled(answered(router, request)).await.flatten();
            if tell.send(answered).is_err()
                && let Some(job) = job
            {
                notes.unheard(job);
            }
        });
        answer
    }

    async fn come_back(
        &self,
        trip: Trip,
        answers: Vec<oneshot::Receiver<Option<http::Response<Bytes>>>>,
        job: Option<u64>,
    ) -> Result<Response, Lost> {
        let all = async {
            let mut first = None;
            for answer in answers {
                first = first.or(Some(answer.await));
            }
            first
        };
        let answer = match tokio::time::timeout(trip.timeout, all).await {
            Err(_) | Ok(None) => return Err(no_answer()),
            Ok(Some(Err(_))) if matches!(self.to, To::Service(_)) => {
                return Err(Lost::NotSent("no connection".to_owned()));
            }
            Ok(Some(Err(_) | Ok(None))) => return Err(broken()),
            Ok(Some(Ok(Some(answer)))) => answer,
        };
        // A guard: who stops waiting in the middle of the way back has not heard it either.
        let mut unheard = Unheard { notes: &self.notes, job };
        match trip.fate {
            Fate::AnswerLost => {
                tokio::time::sleep(trip.timeout).await;
                return Err(no_answer());
            }
            Fate::Broke => {
                tokio::time::sleep(trip.back).await;
                return Err(broken());
            }
            Fate::Well
            | Fate::Late
            | Fate::Twice
            | Fate::Slow
            | Fate::NotSent
            | Fate::RequestLost
            | Fate::Page => tokio::time::sleep(trip.back).await,
        }
        if answer.headers().contains_key(HANGUP) {
            return Err(broken());
        }
        if serde_json::from_slice::<serde::de::IgnoredAny>(answer.body()).is_ok() {
            unheard.job = None;
        }
        Ok(Response::from(answer))
    }
}

/// Marks an answer whose body broke off before its first byte.
const HANGUP: &str = "x-simulated-hangup";

struct Unheard<'a> {
    notes: &'a Notes,
    job: Option<u64>,
}

impl Drop for Unheard<'_> {
    fn drop(&mut self) {
        if let Some(job) = self.job {
            self.notes.unheard(job);
        }
    }
}

/// The job whose end a message tells: every such message has a button that repeats it.
fn job_of(body: &[u8]) -> Option<u64> {
    const BUTTON: &[u8] = b"again:";
    let at = body.windows(BUTTON.len()).position(|part| part == BUTTON)? + BUTTON.len();
    let digits: Vec<u8> = body[at..].iter().copied().take_while(u8::is_ascii_digit).collect();
    std::str::from_utf8(&digits).ok()?.parse().ok()
}

fn page() -> Response {
    let body = Bytes::from_static(b"<html><body>502 Bad Gateway</body></html>");
    let page =
        http::Response::builder().status(502).header(http::header::CONTENT_TYPE, "text/html").body(body);
    Response::from(page.expect("a page"))
}

/// The request with its whole body, as the routers take it.
async fn whole(request: Request) -> Result<http::Request<Bytes>, String> {
    let request = http::Request::<reqwest::Body>::try_from(request).map_err(|error| error.to_string())?;
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(Body::new(body), BODY_BYTES).await.map_err(|error| error.to_string())?;
    Ok(http::Request::from_parts(head, body))
}

fn copy(request: &http::Request<Bytes>) -> http::Request<Bytes> {
    let mut copy = http::Request::new(request.body().clone());
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.headers_mut() = request.headers().clone();
    copy
}

/// What a router answers: as much of its body as there is.
async fn answered(router: Router, request: http::Request<Bytes>) -> Option<http::Response<Bytes>> {
    let Ok(response) = router.oneshot(request.map(Body::from)).await;
    let (mut head, body) = response.into_parts();
    if let Ok(body) = axum::body::to_bytes(body, BODY_BYTES).await {
        return Some(http::Response::from_parts(head, body));
    }
    head.headers.insert(HANGUP, http::HeaderValue::from_static("1"));
    Some(http::Response::from_parts(head, Bytes::new()))
}
