//! The saved updates and callbacks through the doors of a running service, with money in its books: a
//! customer who has paid for one picture that KIE works on, and stands before the button for another.

mod shop;

use super::saved::Saved;
use crate::http::{kie, telegram};
use crate::ids::{JobId, UserId};
use crate::ledger::Account;
use crate::message::What;
use crate::simulate::parsers::Callback;
use crate::telegram::{Decoded, decode};
use futures_util::{StreamExt, TryStreamExt, stream};
use reqwest::StatusCode;
use reqwest::header::HeaderValue;
use serde_json::json;
use shop::{ANN, Shop};
use std::panic;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// So many requests are under way at once.
const AT_ONCE: usize = 16;
/// So much of a body fits into a connection that nobody reads from.
const UNREAD_BYTES: usize = 16 * 1024;
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

/// Gives a line of the report, or what did not hold and the fewest bodies that show it.
pub(super) fn prove(updates: &[Saved], callbacks: &[Saved]) -> Result<String, String> {
    let why = match once(updates, callbacks) {
        Ok(line) => return Ok(line),
        Err(why) => why,
    };
    let which = match (once(&[], &[]), once(updates, &[])) {
        (Err(_), _) => return Err(why),
        (Ok(_), Err(_)) => ("update", narrowed(updates, |some| once(some, &[]))),
        (Ok(_), Ok(_)) => ("callback", narrowed(callbacks, |some| once(&[], some))),
    };
    let (name, fewest) = which;
    let again = match fewest {
        [one] => format!("{name}:{}", one.line),
        _ => name.to_owned(),
    };
    Err(format!("{why}\nagain: simulate corpus --rounds 0 --only {again}"))
}

/// The smaller half that still fails, and of that the smaller half.
fn narrowed(all: &[Saved], prove: impl Fn(&[Saved]) -> Result<String, String>) -> &[Saved] {
    let (mut fails, mut goes_on) = (all, true);
    while goes_on && fails.len() > 1 {
        let (first, second) = fails.split_at(fails.len() / 2);
        let half = [first, second].into_iter().find(|half| prove(half).is_err());
        goes_on = half.is_some();
        fails = half.unwrap_or(fails);
    }
    fails
}

fn once(updates: &[Saved], callbacks: &[Saved]) -> Result<String, String> {
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
    tap_at_other_prices(shop).await?;
    let updates: Vec<_> = updates.iter().filter(|saved| !tells_of_money(&saved.bytes)).collect();
    let posts = stream::iter(&updates).map(|saved| post_update(shop, saved));
    posts.buffer_unordered(AT_ONCE).try_collect::<Vec<()>>().await?;
    let posts = stream::iter(callbacks).map(|saved| post_callback(shop, saved));
    posts.buffer_unordered(AT_ONCE).try_collect::<Vec<()>>().await?;
    handled(shop).await?;
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

/// Whether an update says that a payment came or went back. Such a one is no bad body: what comes with
/// Telegram's secret is believed, and credited.
fn tells_of_money(update: &[u8]) -> bool {
    match decode(update) {
        Decoded::Useful(incoming) => matches!(incoming.what, What::Paid { .. } | What::WentBack { .. }),
        Decoded::Ignored { .. } | Decoded::Undecodable { .. } => false,
    }
}

/// Taps the button that costs money, as it stands under her newest message, at other prices than its own.
async fn tap_at_other_prices(shop: &Shop) -> Result<(), String> {
    for (number, price) in ["0", "1", "75", "77", "-76", "7600", "9223372036854775807"].iter().enumerate() {
        let data = shop.button("✅ Запустить").await?;
        let draft = data.split(':').nth(1).ok_or("a button without a draft")?;
        let person = json!({"id": ANN, "is_bot": false, "first_name": "Анна"});
        let message = json!({"message_id": 1, "date": 1, "chat": {"id": ANN, "type": "private"}});
        let data = format!("go:{draft}:{price}");
        let query =
            json!({"id": data, "from": person, "message": message, "chat_instance": "1", "data": data});
        let update = json!({"update_id": 800_000_000 + number, "callback_query": query});
        if shop.post_update(update.to_string().into_bytes()).await? != StatusCode::OK {
            return Err(format!("a tap with {data} was not taken"));
        }
        handled(shop).await?;
    }
    Ok(())
}

async fn handled(shop: &Shop) -> Result<(), String> {
    let empty = || {
        let depth = shop.view()?.inbox_depth().map_err(|fault| fault.to_string())?;
        Ok((depth == 0).then_some(()))
    };
    shop.until("all updates to be handled", PATIENCE, empty).await
}

async fn post_update(shop: &Shop, saved: &Saved) -> Result<(), String> {
    let place = format!("tests/corpus/update.jsonl:{} through the webhook", saved.line);
    let status = shop.post_update(saved.bytes.clone()).await;
    expect(&place, status, saved.bytes.len() > telegram::BODY_MAX)
}

async fn post_callback(shop: &Shop, saved: &Saved) -> Result<(), String> {
    let Callback { timestamp, signature, body } = Callback::of(&saved.bytes);
    let place = format!("tests/corpus/callback.jsonl:{} through KIE's door", saved.line);
    // What cannot stand in a header cannot come either.
    let header = |text: Option<&str>| text.map(HeaderValue::from_str).and_then(Result::ok);
    let headers = [("x-webhook-timestamp", header(timestamp)), ("x-webhook-signature", header(signature))];
    let is_large = body.len() > kie::BODY_MAX;
    expect(&place, shop.post_callback(&shop.callback, &headers, body).await, is_large)?;
    let stranger = format!("/kie/callback/1/{}", "0".repeat(32));
    match shop.post_callback(&stranger, &headers, body).await {
        Ok(StatusCode::NOT_FOUND) => Ok(()),
        // Nothing of a stranger's body is read.
        Err(_) if body.len() > UNREAD_BYTES => Ok(()),
        other => Err(format!("{place}: a wrong secret is answered with {other:?}")),
    }
}

fn expect(place: &str, status: Result<StatusCode, String>, is_large: bool) -> Result<(), String> {
    match status {
        Ok(StatusCode::OK) if !is_large => Ok(()),
        Ok(StatusCode::PAYLOAD_TOO_LARGE) if is_large => Ok(()),
        // The door was shut before all of the body had come.
        Err(_) if is_large => Ok(()),
        other => Err(format!("{place}: answered with {other:?}")),
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
