//! Moves jobs on: sends what is queued, looks at what runs, copies what is done.
//!
//! **Invariant:** createTask is called only after `Sending` is committed, and once per commit.

use super::uploads::{self, Missing};
use super::{Engine, media};
use crate::catalog::input::ValidInput;
use crate::flow::alarm::{self, Alarm};
use crate::flow::settle;
use crate::ids::{self, JobId};
use crate::job::{Event, Late, Refused, State, Why};
use crate::provider::{Created, Look, Task, callback::callback_secret};
use crate::store::{Fault, Job, Tx, View};
use crate::time::Up;
use futures_util::stream::{self, TryStreamExt};
use serde_json::{Map, Value};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tracing::{Instrument, Span};

/// So many jobs are worked on at once; of these so many may be orders under way, so many copies of
/// results, and so many uploads of customers' files, which may all be slow: looks go on beside them.
const PARALLEL: usize = 128;
const ORDERS: usize = 48;
const COPIES: usize = 32;
const UPLOADS: usize = 16;
/// So many due jobs are found in one go.
const PAGE: usize = 512;
/// A job whose step was refused, or failed, is left alone for so long: it cannot spin.
const HOLD_BACK: Duration = Duration::from_secs(1);

/// What is slow has a lane of its own.
struct Lanes {
    orders: Semaphore,
    copies: Semaphore,
    uploads: Semaphore,
}

/// Works on jobs until the stop; then waits for what is under way.
pub async fn run(engine: Engine) {
    let mut under_way: HashSet<JobId> = HashSet::new();
    let mut held_back: HashMap<JobId, Up> = HashMap::new();
    let mut works: JoinSet<(JobId, Result<bool, Fault>)> = JoinSet::new();
    let lanes = Arc::new(Lanes {
        orders: Semaphore::new(ORDERS),
        copies: Semaphore::new(COPIES),
        uploads: Semaphore::new(UPLOADS),
    });
    let store = engine.store.clone();
    while !engine.stop.is_cancelled() {
        let now = engine.clock().now().up;
        held_back.retain(|_, until| *until > now);
        let due = store.read(move |view| Ok((view.due(now, PAGE)?, view.next_due_after(now)?))).await;
        let (due, next) = match due {
            Ok(due) => due,
            Err(fault) => {
                engine.pause_after("looking for due jobs", &fault).await;
                continue;
            }
        };
        for id in due {
            let idle = !under_way.contains(&id) && !held_back.contains_key(&id);
            if works.len() < PARALLEL && idle {
                under_way.insert(id);
                let (engine, lanes) = (engine.clone(), lanes.clone());
                works.spawn(async move { (id, advance(&engine, &lanes, id).await) });
            }
        }
        let wake = held_back.values().copied().chain(next).min();
        tokio::select! {
            biased;
            Some(worked) = works.join_next() => finish(&engine, worked, &mut under_way, &mut held_back),
            () = engine.wait(&store.bells().jobs, wake) => {}
        }
        while let Some(worked) = works.try_join_next() {
            finish(&engine, worked, &mut under_way, &mut held_back);
        }
    }
    while let Some(worked) = works.join_next().await {
        finish(&engine, worked, &mut under_way, &mut held_back);
    }
}

fn finish(
    engine: &Engine,
    worked: Result<(JobId, Result<bool, Fault>), tokio::task::JoinError>,
    under_way: &mut HashSet<JobId>,
    held_back: &mut HashMap<JobId, Up>,
) {
    let (id, worked) = match worked {
        Ok(worked) => worked,
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    };
    under_way.remove(&id);
    let moved = worked.unwrap_or_else(|fault| {
        tracing::error!(%fault, job = id.0, "a job's step was rolled back and is tried again");
        false
    });
    if !moved {
        held_back.insert(id, engine.clock().now().up.plus(HOLD_BACK));
    }
}

/// What an earlier life of this process left: whether its createTask calls arrived nobody knows, and
/// callbacks that came while it was down are lost, so all that is waited for is looked at at once. In a file
/// that came out of a backup what was not sent may have been sent since. Goes on until all of it is noted, or the service is to stop.
pub async fn recover(engine: &Engine) {
    while let Err(fault) = recover_all(engine).await {
        engine.pause_after("taking up what an earlier life left", &fault).await;
        if engine.stop.is_cancelled() {
            return;
        }
    }
}

async fn recover_all(engine: &Engine) -> Result<(), Fault> {
    let left = |view: &View| Ok((view.due(Up(i64::MAX), usize::MAX)?, view.restored()?.is_some()));
    let (open, restored) = engine.store.read(left).await?;
    // Side by side, so that they share commits: there may be tens of thousands.
    let each = stream::iter(open.into_iter().map(Ok));
    each.try_for_each_concurrent(PARALLEL, async |id| match recover_one(engine, id, restored).await {
        Ok(()) => Ok(()),
        // One row that cannot be read must not keep all others from starting.
        Err(fault @ (Fault::Row { .. } | Fault::Damaged(_) | Fault::Bug(_))) => {
            tracing::error!(%fault, job = id.0, "a job could not be looked at");
            Ok(())
        }
        Err(fault @ (Fault::Storage(_) | Fault::Closed | Fault::Busy)) => Err(fault),
    })
    .await?;
    if restored { engine.store.write("taken-up", |tx| tx.note_restored(None)).await } else { Ok(()) }
}

async fn recover_one(engine: &Engine, id: JobId, restored: bool) -> Result<(), Fault> {
    let Some(job) = engine.store.read(move |view| view.job(id)).await? else { return Ok(()) };
    match job.row.state {
        State::Queued { .. } | State::Sending { .. } if restored => {
            let span = about(engine, &job);
            span.in_scope(|| {
                tracing::warn!("it may have been sent since the backup; its money stays held");
            });
            step(engine, "record", id, Event::Restored).await.map(drop)
        }
        State::Sending { attempt, .. } => {
            let span = about(engine, &job);
            span.in_scope(|| tracing::warn!("stopped in the middle of an order; its money stays held"));
            step(engine, "record", id, Event::InDoubt { attempt }).await.map(drop)
        }
        State::Waiting { .. } => step(engine, "hint", id, Event::Hint { task: None }).await.map(drop),
        State::Queued { .. }
        | State::Unknown { .. }
        | State::Fetching { .. }
        | State::Done { .. }
        | State::Failed { .. }
        | State::Late { .. } => Ok(()),
    }
}

/// One step of one due job. False when nothing changed, so that it is left alone for a moment.
async fn advance(engine: &Engine, lanes: &Lanes, id: JobId) -> Result<bool, Fault> {
    let Some(job) = engine.store.read(move |view| view.job(id)).await? else { return Ok(false) };
    work(engine, lanes, &job).instrument(about(engine, &job)).await
}

/// What the log says of a job goes with these fields.
fn about(engine: &Engine, job: &Job) -> Span {
    let code = job.row.request.code(&engine.shop.server_key);
    ids::about(Some(&code), Some(job.id), job.row.user)
}

async fn work(engine: &Engine, lanes: &Lanes, job: &Job) -> Result<bool, Fault> {
    let id = job.id;
    let now = engine.clock().now().up;
    let limits = engine.shop.limits(settle::model_of(job));
    match &job.row.state {
        State::Queued { since, .. } if now >= since.plus(limits.queued) => {
            step(engine, "settle", id, Event::Expire).await
        }
        State::Queued { .. } => match uploads::missing(job) {
            Some(missing) => upload(engine, lanes, job, missing).await,
            None => send(engine, lanes, job).await,
        },
        State::Sending { attempt, .. } => {
            tracing::warn!("an order was not answered in time; its money stays held");
            step(engine, "record", id, Event::InDoubt { attempt: *attempt }).await
        }
        State::Waiting { task, .. } => look(engine, id, task).await,
        State::Unknown { hint: Some(task), .. } => prove(engine, job, task).await,
        State::Unknown { hint: None, .. } => step(engine, "settle", id, Event::Expire).await,
        State::Fetching { urls, .. } => fetch(engine, lanes, id, urls).await,
        State::Failed { late: Late::Watch { hint: Some(task), .. }, .. } => prove(engine, job, task).await,
        State::Failed { late: Late::Watch { task: Some(task), .. }, .. } => look(engine, id, task).await,
        State::Failed { late: Late::Watch { .. }, .. } => step(engine, "settle", id, Event::Expire).await,
        State::Failed { late: Late::Fetch { urls, .. }, .. } => fetch(engine, lanes, id, urls).await,
        State::Failed { late: Late::Never, .. } | State::Done { .. } | State::Late { .. } => Ok(false),
    }
}

/// Commits what happened; false when the job refused it.
async fn step(engine: &Engine, name: &'static str, id: JobId, event: Event) -> Result<bool, Fault> {
    let shop = engine.shop.clone();
    let stepped = engine.store.write(name, move |tx| settle::step(&shop, tx, id, event.clone())).await?;
    if let Err(refused) = &stepped {
        tracing::debug!(%refused, "nothing to do");
    }
    Ok(stepped.is_ok())
}

/// The order as the provider gets it: its model and its input. A newer version of this service may
/// have another catalogue; an order that fits it no more is refused, as the provider would.
fn order_of(job: &Job) -> Result<(&'static str, Map<String, Value>), Why> {
    let model = settle::model_of(job).ok_or(Why::ModelGone)?;
    let input = ValidInput::check(model, &job.row.input);
    let input = input.map_err(|wrong| Why::Rejected { message: wrong.to_string() })?;
    Ok((model.api_model, input.to_json(&job.row.uploads)))
}

/// Brings one of the customer's files to the provider: the order waits in the queue for it.
async fn upload(engine: &Engine, lanes: &Lanes, job: &Job, missing: Missing) -> Result<bool, Fault> {
    let Ok(_lane) = lanes.uploads.try_acquire() else { return Ok(false) };
    match uploads::bring(engine, job, missing).await? {
        Some(event) => step(engine, "settle", job.id, event).await,
        None => Ok(true),
    }
}

/// Commits 3 and 4: notes that the call begins, calls once, notes what came of it. It waits for its
/// turn while the job is still queued: nothing is in doubt then.
async fn send(engine: &Engine, lanes: &Lanes, job: &Job) -> Result<bool, Fault> {
    let Ok(_lane) = lanes.orders.try_acquire() else { return Ok(false) };
    if !engine.provider.turn() {
        return Ok(false);
    }
    let id = job.id;
    let shop = engine.shop.clone();
    let started = engine.store.write("start", move |tx| settle::step(&shop, tx, id, Event::Start)).await?;
    let attempt = match started {
        Ok(State::Sending { attempt, .. }) => attempt,
        Ok(_) | Err(Refused::NotExpected | Refused::OtherAttempt | Refused::TooLate | Refused::NotYet) => {
            return Ok(false);
        }
    };
    let (model, input) = match order_of(job) {
        Ok(order) => order,
        Err(why) => return record(engine, id, Event::Refused { attempt, why }).await,
    };
    let secret = callback_secret(&engine.shop.server_key, id);
    let callback_url = engine
        .callback_base
        .as_ref()
        .map(|base| format!("{}/kie/callback/{id}/{secret}", base.as_str().trim_end_matches('/')));
    let created = engine.provider.create(Task { model, input, callback_url }).await;
    let is_maintenance = matches!(created, Created::Busy { maintenance: true, .. });
    let event = match created {
        Created::Accepted(task) => Event::Accepted { attempt, task },
        Created::Busy { pause, .. } => Event::Busy { attempt, pause },
        Created::Refused(why) => Event::Refused { attempt, why },
        Created::NotSent(why) => {
            tracing::warn!(why, "an order could not be sent; it waits in the queue");
            Event::NotSent { attempt }
        }
        Created::InDoubt(why) => {
            tracing::warn!(why, "nobody knows whether an order arrived; its money stays held");
            Event::InDoubt { attempt }
        }
    };
    let recorded = record(engine, id, event).await?;
    if is_maintenance {
        let (shop, detail) = (engine.shop.clone(), format!("job {id}"));
        let act = move |tx: &mut Tx<'_>| alarm::raise(&shop, tx, Alarm::Maintenance, &detail);
        engine.store.write("alarm", act).await?;
    }
    Ok(recorded)
}

/// Commit 4. What the provider answered is known only here, so a disk that hiccups is waited for.
async fn record(engine: &Engine, id: JobId, event: Event) -> Result<bool, Fault> {
    loop {
        match step(engine, "record", id, event.clone()).await {
            Err(fault) if fault.is_passing() && !engine.stop.is_cancelled() => {
                engine.pause_after("noting the provider's answer", &fault).await;
            }
            recorded => return recorded,
        }
    }
}

/// Looks at a task that is known to be ours.
async fn look(engine: &Engine, id: JobId, task: &str) -> Result<bool, Fault> {
    let (name, event) = match engine.provider.look(task).await {
        Look::Running(_) | Look::NotFound => ("look", Event::Running),
        Look::Unreachable(why) => {
            tracing::warn!(why, "the provider cannot be asked");
            ("look", Event::NoLook)
        }
        Look::KeyRefused => {
            engine.key_refused(id).await?;
            ("look", Event::NoLook)
        }
        Look::Success { urls, .. } => ("result", Event::Succeeded { urls }),
        Look::Failed { message, .. } => ("settle", Event::TaskFailed { message }),
    };
    step(engine, name, id, event).await
}

/// Looks at a task that a callback named: it is ours only if it has our model and input.
async fn prove(engine: &Engine, job: &Job, task: &str) -> Result<bool, Fault> {
    let Ok((model, input)) = order_of(job) else { return step(engine, "bind", job.id, Event::NotOurs).await };
    let event = match engine.provider.look(task).await {
        Look::Unreachable(_) => Event::NoLook,
        Look::KeyRefused => {
            engine.key_refused(job.id).await?;
            Event::NoLook
        }
        Look::NotFound => Event::Running,
        seen @ (Look::Running(_) | Look::Success { .. } | Look::Failed { .. }) => {
            let ours = seen.echo().is_some_and(|echo| echo.is_order(model, &input));
            if ours { Event::Bound { task: task.to_owned() } } else { Event::NotOurs }
        }
    };
    step(engine, "bind", job.id, event).await
}

/// Commit 4b's second half and commit 5: copies the files, then settles.
async fn fetch(engine: &Engine, lanes: &Lanes, id: JobId, urls: &[String]) -> Result<bool, Fault> {
    let Ok(_lane) = lanes.copies.try_acquire() else { return Ok(false) };
    let event = match media::fetch_all(engine, id, urls).await {
        Ok(files) => Event::Fetched { files },
        Err(why) => {
            tracing::warn!(why, "a result could not be copied yet");
            Event::NotFetched
        }
    };
    step(engine, "settle", id, event).await
}
