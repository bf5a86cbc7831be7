//! Takes updates from the inbox, in the order they came, and has the handlers act on them.
//!
//! **Invariant** (L9): an update's effect and the end of its inbox row are one commit.

use super::Engine;
use crate::flow::{alarm, intake};
use crate::handlers;
use crate::ids::{self, InboxId};
use crate::message::{Incoming, Urgency, What};
use crate::store::{Fault, InboxRow};
use crate::telegram::decode::{Decoded, decode};
use crate::time::Up;
use futures_util::future::join_all;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// So many updates are handed to the writer at once.
const BATCH: usize = 256;
/// So often a mistake of ours may happen before an update is put aside.
const ATTEMPTS: u32 = 3;

/// Tries that were counted, and then cut short by a passing fault: the count that stands, or may stand,
/// on disk for them.
type Counted = Mutex<HashMap<InboxId, u32>>;

/// Handles updates until the stop: the usual ones, or in a loop of their own those about money at
/// Telegram, which wait behind no batch.
pub async fn run(engine: Engine, urgency: Urgency) {
    let store = engine.store.clone();
    let bell = match urgency {
        Urgency::Urgent => &store.bells().urgent,
        Urgency::Usual => &store.bells().inbox,
    };
    let counted = Counted::default();
    while !engine.stop.is_cancelled() {
        let rows = engine.store.read(move |view| view.inbox(urgency, BATCH)).await;
        let rows = match rows {
            Ok(rows) => rows,
            Err(fault) => {
                engine.pause_after("reading the inbox", &fault).await;
                continue;
            }
        };
        let mut readable = Vec::new();
        for (id, row) in rows {
            match row {
                Ok(row) => readable.push((id, row)),
                Err(fault) => set_aside(&engine, id, &fault).await,
            }
        }
        let rows = readable;
        let now = engine.clock().now().up;
        let next: Option<Up> = rows.iter().map(|(_, row)| row.not_before).filter(|due| *due > now).min();
        let due: Vec<_> = rows.into_iter().filter(|(_, row)| row.not_before <= now).collect();
        if due.is_empty() {
            engine.wait(bell, next).await;
            continue;
        }
        // Polled in order, so their acts reach the writer in the order of arrival.
        let handled = join_all(due.into_iter().map(|(id, row)| handle(&engine, &counted, id, row))).await;
        if let Some(fault) = handled.into_iter().find_map(Result::err) {
            engine.pause_after("handling an update", &fault).await;
        }
    }
}

/// Takes a row out of the line that cannot be read, and tells the operator.
async fn set_aside(engine: &Engine, id: InboxId, fault: &Fault) {
    let (shop, why) = (engine.shop.clone(), fault.to_string());
    let act = move |tx: &mut crate::store::Tx<'_>| {
        tx.park_unreadable(id, &why)?;
        alarm::raise(&shop, tx, alarm::Alarm::Parked, &why)
    };
    if let Err(fault) = engine.store.write("park", act).await {
        engine.pause_after("putting an update aside that cannot be read", &fault).await;
    }
}

/// Handles one update; an error is a fault that will pass, and the row stays as it is.
async fn handle(engine: &Engine, counted: &Counted, id: InboxId, row: InboxRow) -> Result<(), Fault> {
    let incoming = match decode(&row.body) {
        Decoded::Useful(incoming) => incoming,
        Decoded::Ignored { why, .. } => {
            tracing::debug!(update = row.update.0, why, "an update means nothing to us");
            count("none", "ignored");
            return engine.store.write("ignore", move |tx| tx.handled(id, &row)).await;
        }
        Decoded::Undecodable { why, .. } => {
            return park_undecodable(engine, id, row, why).await;
        }
    };
    let note = |attempts: u32| {
        counted.lock().expect("nobody panics with it").insert(id, attempts);
    };
    // What the disk, or a closed file, cut short is no failed try.
    let cut_short = counted.lock().expect("nobody panics with it").remove(&id) == Some(row.attempts);
    if row.attempts >= ATTEMPTS && !cut_short {
        match &incoming.what {
            // Money that came is never put aside: it goes on with growing pauses.
            What::Paid { .. } | What::WentBack { .. } => tell_stuck(engine, &row).await?,
            What::Text(_)
            | What::Tap { .. }
            | What::File(_)
            | What::PreCheckout { .. }
            | What::Blocked(_)
            | What::AddedToGroup
            | What::Unsupported => return park(engine, id, row, incoming).await,
        }
    }
    // From the second try on the count is on disk before the handler runs: it may take us along.
    let mut attempts = row.attempts;
    if attempts > 0 && !cut_short {
        attempts += 1;
        count_attempt(engine, id, &row).await.inspect_err(|_| note(attempts))?;
    }
    let shop = engine.shop.clone();
    let (kind, from) = (kind(&incoming.what), incoming.from.id);
    let (incoming, stored) = (Arc::new(incoming), row.clone());
    let acted = engine.store.write("handle", move |tx| {
        if tx.inbox_row(id)?.is_none() {
            return Ok(());
        }
        handlers::handle(&shop, tx, &incoming)?;
        tx.handled(id, &stored)
    });
    let about = ids::about(None, None, from);
    match acted.await {
        Ok(()) => {
            count(kind, "handled");
            about.in_scope(|| tracing::info!(update = row.update.0, kind, "an update was handled"));
            Ok(())
        }
        Err(fault @ (Fault::Row { .. } | Fault::Damaged(_) | Fault::Bug(_))) => {
            count(kind, "failed");
            about.in_scope(|| {
                tracing::error!(%fault, update = row.update.0, "an update could not be handled");
            });
            if row.attempts == 0 { count_attempt(engine, id, &row).await } else { Ok(()) }
        }
        Err(fault @ (Fault::Storage(_) | Fault::Closed | Fault::Busy)) => {
            if attempts > 0 {
                note(attempts);
            }
            Err(fault)
        }
    }
}

/// Counts an update that was dealt with.
fn count(kind: &'static str, outcome: &'static str) {
    metrics::counter!("samovar_updates_total", "kind" => kind, "outcome" => outcome).increment(1);
}

/// The word for what somebody did.
fn kind(what: &What) -> &'static str {
    match what {
        What::Text(_) => "text",
        What::Tap { .. } => "tap",
        What::File(_) => "file",
        What::PreCheckout { .. } => "pre-checkout",
        What::Paid { .. } => "paid",
        What::WentBack { .. } => "went-back",
        What::Blocked(_) => "blocked",
        What::AddedToGroup => "group",
        What::Unsupported => "unsupported",
    }
}

/// Puts an update aside that cannot be read, and tells the operator.
async fn park_undecodable(engine: &Engine, id: InboxId, row: InboxRow, why: String) -> Result<(), Fault> {
    metrics::counter!("samovar_updates_unreadable_total").increment(1);
    count("none", "parked");
    // Why may quote the customer: the operator is told, the log is not.
    tracing::warn!(update = row.update.0, "an update cannot be read and is put aside");
    let shop = engine.shop.clone();
    let act = move |tx: &mut crate::store::Tx<'_>| {
        tx.park(id, &row, &why)?;
        let detail = format!("update {}: {why}", row.update);
        alarm::raise(&shop, tx, alarm::Alarm::Parked, &detail)
    };
    engine.store.write("park", act).await
}

/// Tells the operator of a payment that we fail to handle.
async fn tell_stuck(engine: &Engine, row: &InboxRow) -> Result<(), Fault> {
    let (shop, detail) = (engine.shop.clone(), format!("update {}, {} attempts", row.update, row.attempts));
    let act =
        move |tx: &mut crate::store::Tx<'_>| alarm::raise(&shop, tx, alarm::Alarm::PaymentStuck, &detail);
    engine.store.write("alarm", act).await
}

/// Notes one more failed attempt, and when the next may be.
async fn count_attempt(engine: &Engine, id: InboxId, row: &InboxRow) -> Result<(), Fault> {
    let attempts = row.attempts + 1;
    let pause = Duration::from_millis(200 << attempts.min(8));
    let row = row.clone();
    let act = move |tx: &mut crate::store::Tx<'_>| {
        if tx.inbox_row(id)?.is_none() {
            return Ok(());
        }
        let row = InboxRow { attempts, not_before: tx.now().up.plus(pause), ..row.clone() };
        tx.put_inbox_row(id, &row)
    };
    engine.store.write("attempt", act).await
}

/// Puts an update aside; customer and operator are told in the same commit.
async fn park(engine: &Engine, id: InboxId, row: InboxRow, incoming: Incoming) -> Result<(), Fault> {
    tracing::error!(update = row.update.0, "an update is put aside after {ATTEMPTS} failed attempts");
    metrics::counter!("samovar_updates_parked_total").increment(1);
    count(kind(&incoming.what), "parked");
    let shop = engine.shop.clone();
    engine.store.write("park", move |tx| intake::park(&shop, tx, id, &row, &incoming)).await
}
