//! The saved updates and callbacks through the doors of a running service, with money in its books: a
//! customer who has paid for one picture that KIE works on, and stands before the button for another.

mod shop;

use super::saved::Saved;
use crate::http::{kie, telegram};
use crate::ids::{JobId, UserId};
use crate::ledger::Account;
use crate::simulate::parsers::Callback;
use futures_util::{StreamExt, TryStreamExt, stream};
use reqwest::StatusCode;
use reqwest::header::HeaderValue;
use shop::{ANN, Shop};
use std::panic;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// So many requests are under way at once.
const AT_ONCE: usize = 16;
/// For all that was taken to be handled.
const PATIENCE: Duration = Duration::from_secs(120);

/// What must be the same before and after.
#[derive(Debug, PartialEq, Eq)]
struct Books {
    rows: u64,
    head: String,
    available: String,
    held: String,
    jobs: u64,
}

/// Gives a line of the report, or what did not hold.
pub(super) fn prove(updates: &[Saved], callbacks: &[Saved]) -> Result<String, String> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(|error| format!("no runtime: {error}"))?;
    // The service may survive a panic of its own; that there was one is a failure all the same.
    let panics = Arc::new(Mutex::new(Vec::new()));
    let usual = panic::take_hook();
    panic::set_hook(Box::new({
        let panics = panics.clone();
        move |panic| noted(&panics).push(panic.to_string())
    }));
    let proven = runtime.block_on(async {
        let shop = Shop::open().await?;
        let proven = through(&shop, updates, callbacks).await;
        let closed = shop.close().await;
        proven.and_then(|line| closed.map(|()| line))
    });
    runtime.shutdown_background();
    panic::set_hook(usual);
    let panics = noted(&panics);
    match panics.first() {
        Some(first) => {
            Err(format!("the service panicked {} times, first: {first}\n{proven:?}", panics.len()))
        }
        None => proven,
    }
}

fn noted(panics: &Mutex<Vec<String>>) -> MutexGuard<'_, Vec<String>> {
    panics.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn through(shop: &Shop, updates: &[Saved], callbacks: &[Saved]) -> Result<String, String> {
    let before = books(shop)?;
    let started = Instant::now();
    let posts = stream::iter(updates).map(|saved| post_update(shop, saved));
    posts.buffer_unordered(AT_ONCE).try_collect::<Vec<()>>().await?;
    let posts = stream::iter(callbacks).map(|saved| post_callback(shop, saved));
    posts.buffer_unordered(AT_ONCE).try_collect::<Vec<()>>().await?;
    let handled =
        || shop.view()?.inbox_depth().map(|depth| (depth == 0).then_some(())).map_err(|f| f.to_string());
    shop.until("all updates to be handled", PATIENCE, handled).await?;
    shop.is_well().await?;
    shop.serves_the_next().await?;
    let after = books(shop)?;
    if before != after {
        return Err(format!("bad bodies moved money: before {before:?}, after {after:?}"));
    }
    let parked = shop.view()?.parked(usize::MAX).map_err(|fault| fault.to_string())?.len();
    Ok(format!(
        "{} updates and {} callbacks went through the doors in {:.1?} ({parked} put aside): no money moved, \
         all ten rules hold, the next customer is served",
        updates.len(),
        callbacks.len(),
        started.elapsed()
    ))
}

async fn post_update(shop: &Shop, saved: &Saved) -> Result<(), String> {
    let place = format!("tests/corpus/update.jsonl:{} through the webhook", saved.line);
    let status = shop.post_update(saved.bytes.clone()).await?;
    expect(&place, status, saved.bytes.len() > telegram::BODY_MAX)
}

async fn post_callback(shop: &Shop, saved: &Saved) -> Result<(), String> {
    let Callback { timestamp, signature, body } = Callback::of(&saved.bytes);
    let place = format!("tests/corpus/callback.jsonl:{} through KIE's door", saved.line);
    // What cannot stand in a header cannot come either.
    let header = |text: Option<&str>| text.map(HeaderValue::from_str).and_then(Result::ok);
    let headers = [("x-webhook-timestamp", header(timestamp)), ("x-webhook-signature", header(signature))];
    let is_large = body.len() > kie::BODY_MAX;
    expect(&place, shop.post_callback(&shop.callback, &headers, body).await?, is_large)?;
    let stranger = format!("/kie/callback/1/{}", "0".repeat(32));
    let status = shop.post_callback(&stranger, &headers, body).await?;
    if status == StatusCode::NOT_FOUND {
        Ok(())
    } else {
        Err(format!("{place}: a wrong secret is answered with {status}"))
    }
}

fn expect(place: &str, status: StatusCode, is_large: bool) -> Result<(), String> {
    let wanted = if is_large { StatusCode::PAYLOAD_TOO_LARGE } else { StatusCode::OK };
    if status == wanted {
        Ok(())
    } else {
        Err(format!("{place}: answered with {status} instead of {wanted}"))
    }
}

/// The books, which must hold.
fn books(shop: &Shop) -> Result<Books, String> {
    let view = shop.view()?;
    let report = view.audit().map_err(|fault| fault.to_string())?;
    if !report.ok {
        let broken: Vec<_> = report.rules.iter().filter(|rule| !rule.ok).collect();
        return Err(format!("the audit fails: {broken:?}"));
    }
    let account = view.account(Account::User(UserId(ANN))).map_err(|fault| fault.to_string())?;
    let available = account.counters.available().ok_or("her wallet does not fit")?.to_string();
    let held = account.counters.held().to_string();
    let jobs = view.last_job().map_err(|fault| fault.to_string())?.map_or(0, |JobId(last)| last);
    Ok(Books { rows: report.rows, head: report.head, available, held, jobs })
}
