//! Moving a job on: what happened to it, its money, its timeline and the words to its customer, all
//! in one transaction. `job::next` decides; this writes.
//!
//! **Invariant:** the money of a job moves only here (after its hold), and only with its state; but that of a
//! finished one goes back, once, in `deliver` (nobody could have the result) or in `admin` (an operator says so).

use super::alarm::{self, Alarm};
use super::{Shop, burst, count, free, news};
use crate::catalog::{self, Model};
use crate::ids::{JobId, UserId};
use crate::job::{Event, Late, Money, Refused, State, Why, next};
use crate::ledger::{Memo, Transfer};
use crate::message::Outgoing;
use crate::money::Kopecks;
use crate::store::{BONUS_HOUR, Delivery, Fault, Job, JobRow, StopRow, StoppedBy, Tx};
use std::time::Duration;

/// The model of a job; `None` when a newer catalogue has it no more. Such a job still ends.
pub fn model_of(job: &Job) -> Option<&'static Model> {
    catalog::model(&job.row.model)
}

/// Tells a job what happened to it. Gives its new state, or why nothing was done: a repeat, an
/// answer to an earlier call, a time that has not come.
pub fn step(shop: &Shop, tx: &mut Tx<'_>, id: JobId, event: Event) -> Result<Result<State, Refused>, Fault> {
    let Some(mut job) = tx.job(id)? else { return Ok(Err(Refused::NotExpected)) };
    let event = own_task_only(tx, id, event)?;
    let (what, said_by_worker) = (event_name(&event), is_said_by_worker(&event));
    if let Event::Accepted { task, .. } | Event::Bound { task } = &event {
        job.row.task = Some(task.clone());
    }
    let before = job.row.state.clone();
    let step = match next(&before, event, tx.now().up, shop.limits(model_of(&job))) {
        Ok(step) => step,
        Err(refused) => return Ok(Err(refused)),
    };
    job.row.state = step.state;
    job.row.due = step.due;
    move_money(shop, tx, &mut job, step.money)?;
    if job.row.state.name() != before.name() {
        let data = trace_data(&job.row.state);
        tx.note_event(job.row.request, job.row.user, Some(id), what, data)?;
        if !said_by_worker {
            tx.log_event(job.row.request, job.row.user, Some(id), what, log_data(&job.row.state))?;
        }
        tell(shop, tx, &mut job, &before)?;
        count::result(tx, &job)?;
        count::ending(tx, &job);
    }
    tx.put_job(&job)?;
    Ok(Ok(job.row.state))
}

/// Notes where the provider has file `number` (from 0) of an input, if the job still waits for it.
pub fn uploaded(tx: &mut Tx<'_>, id: JobId, input: &str, number: usize, url: &str) -> Result<(), Fault> {
    let Some(mut job) = tx.job(id)? else { return Ok(()) };
    let there = job.row.uploads.entry(input.to_owned()).or_default();
    if there.len() == number && matches!(job.row.state, State::Queued { .. }) {
        there.push(url.to_owned());
        tx.put_job(&job)?;
    }
    Ok(())
}

/// The customer takes a queued job back.
pub fn cancel(shop: &Shop, tx: &mut Tx<'_>, user: UserId, id: JobId) -> Result<Result<(), Refused>, Fault> {
    let own = tx.job(id)?.is_some_and(|job| job.row.user == user);
    if !own {
        return Ok(Err(Refused::NotExpected));
    }
    Ok(step(shop, tx, id, Event::Cancel)?.map(drop))
}

/// A task belongs to one job: a hint that names another job's task is none of ours.
fn own_task_only(tx: &Tx<'_>, id: JobId, event: Event) -> Result<Event, Fault> {
    if let Event::Bound { task } = &event
        && tx.job_of_task(task)?.is_some_and(|other| other != id)
    {
        return Ok(Event::NotOurs);
    }
    Ok(event)
}

fn move_money(shop: &Shop, tx: &mut Tx<'_>, job: &mut Job, money: Money) -> Result<(), Fault> {
    let (id, now) = (job.id, tx.now());
    let JobRow { user, price, .. } = job.row;
    let hold = job.row.money.hold;
    let transfer = match (money, hold) {
        (Money::Keep, _) | (Money::Charge | Money::Lose, None) => return Ok(()),
        (Money::Release, None) => {
            return match (job.row.free_hour, model_of(job)) {
                (Some(BONUS_HOUR), _) => free::give_bonus_back(tx, job),
                (Some(hour), Some(model)) => free::give_back(tx, user, model, hour, job.row.cost_usd),
                // What is sold no more is not given away either: there is nothing to give back to.
                (Some(_), None) | (None, _) => Ok(()),
            };
        }
        (Money::Charge, Some(hold)) => Transfer::charge(id, user, hold, price, now.at),
        (Money::Release, Some(hold)) => {
            let memo = match &job.row.state {
                State::Failed { why: Why::Cancelled, .. } => Memo::Cancelled,
                State::Failed { .. }
                | State::Queued { .. }
                | State::Sending { .. }
                | State::Waiting { .. }
                | State::Unknown { .. }
                | State::Fetching { .. }
                | State::Done { .. }
                | State::Late { .. } => Memo::Failed,
            };
            Transfer::release(id, user, hold, price, now.at, memo)
        }
        (Money::Lose, Some(_)) => {
            let cost = job.row.cost_usd.checked_mul(shop.rates.usd_to_rub).and_then(Kopecks::from_roubles);
            let cost = cost.ok_or_else(|| Fault::Bug(format!("the cost of job {id} does not fit")))?;
            if !cost.is_positive() {
                return Ok(());
            }
            Transfer::loss(id, cost, now.at)
        }
    };
    match tx.transfer_for_job(id, &mut job.row.money, &transfer)? {
        Ok(_) => Ok(()),
        Err(refusal) => Err(Fault::Bug(format!("job {id}: {} is refused: {refusal}", transfer.kind))),
    }
}

/// Writes what the customer (and the operator) hear of the change.
fn tell(shop: &Shop, tx: &mut Tx<'_>, job: &mut Job, before: &State) -> Result<(), Fault> {
    let request = Some(job.row.request);
    match &job.row.state {
        State::Queued { .. } => drop(tx.say(news::queued(job), request)?),
        State::Waiting { .. } => {
            tx.say(news::working(job), request)?;
            works_again(tx, &job.row.model)?;
        }
        State::Sending { .. } | State::Unknown { .. } | State::Fetching { .. } => {}
        State::Done { files } => {
            let result = news::result(job, files);
            end(tx, job, result)?;
            tx.say(news::status_ended(job), request)?;
            tx.count_sale(&job.row.model)?;
        }
        State::Late { files } => {
            let result = news::result(job, files);
            end(tx, job, result)?;
        }
        State::Failed { why, late } => {
            let why = why.clone();
            if !before.is_final() {
                let message = news::failed(shop, job, &why, *late != Late::Never, tx.now().at);
                end(tx, job, message)?;
                tx.say(news::status_ended(job), request)?;
                consequences(shop, tx, job, &why)?;
            }
        }
    }
    Ok(())
}

/// Whether what a finished job cost its customer went back: its money, or its free use.
pub fn is_paid_back(job: &Job) -> bool {
    let JobRow { money, free_hour, .. } = &job.row;
    money.refund.is_some() || (money.hold.is_none() && free_hour.is_none())
}

/// Puts the message that tells how a job ended into the outbox and notes it in the job (L10).
pub(super) fn end(tx: &mut Tx<'_>, job: &mut Job, message: Outgoing) -> Result<(), Fault> {
    job.row.told = Some(tx.say(message, Some(job.row.request))?);
    job.row.delivery = Delivery::Waiting;
    if job.row.ended.is_none() {
        job.row.ended = Some(tx.now().at);
        let Some(mut user) = tx.user(job.row.user)? else {
            return Err(Fault::Bug(format!("job {} has no customer", job.id)));
        };
        user.open_jobs = user.open_jobs.checked_sub(1).ok_or_else(|| {
            Fault::Bug(format!("customer {} has more ended jobs than open ones", job.row.user.masked()))
        })?;
        tx.put_user(job.row.user, &user)?;
    }
    Ok(())
}

/// How long a model is not sold after the provider refused it: the first time, and at most. It
/// doubles with every refusal in a row; the first order afterwards is the probe.
const FIRST_PAUSE: Duration = Duration::from_secs(10 * 60);
const LONGEST_PAUSE: Duration = Duration::from_secs(24 * 3600);

/// The note that says how often in a row the provider refused a model.
fn refusals(model: &str) -> String {
    format!("refused:{model}")
}

/// Counts a refusal of a model, and says how long it is not sold.
fn next_pause(tx: &mut Tx<'_>, model: &str, first: Duration) -> Result<Duration, Fault> {
    let name = refusals(model);
    let times = tx.note::<u32>(&name)?.unwrap_or(0);
    tx.put_note(&name, &times.saturating_add(1))?;
    Ok(first.saturating_mul(1 << times.min(16)).min(LONGEST_PAUSE))
}

/// The provider took an order of the model: the next refusal is the first again.
fn works_again(tx: &mut Tx<'_>, model: &str) -> Result<(), Fault> {
    let name = refusals(model);
    if tx.note::<u32>(&name)?.is_some_and(|times| times > 0) {
        tx.put_note(&name, &0_u32)?;
    }
    Ok(())
}

/// Sells `what` no more, for `pause` or until somebody lifts it.
fn stop(tx: &mut Tx<'_>, what: &str, by: StoppedBy, pause: Option<Duration>, why: &str) -> Result<(), Fault> {
    // A stop that only a person, or the credit check, may lift is not shortened by this one.
    let keeps = |stop: StopRow| match stop.by {
        StoppedBy::Audit | StoppedBy::Operator | StoppedBy::Disk => true,
        StoppedBy::Credit => by == StoppedBy::Provider,
        StoppedBy::Provider => false,
    };
    if tx.stop(what)?.is_some_and(keeps) {
        return Ok(());
    }
    let now = tx.now();
    let until = pause.map(|pause| now.up.plus(pause));
    tx.put_stop(what, &StopRow { at: now.at, why: why.to_owned(), until, by })
}

/// The provider refuses our key, whatever it was asked: only the operator can mend that, and what is sold
/// meanwhile fails. `detail` is for the operator.
///
/// # Errors
/// Only faults.
pub fn key_refused(shop: &Shop, tx: &mut Tx<'_>, detail: &str) -> Result<(), Fault> {
    stop(tx, "all", StoppedBy::Provider, Some(FIRST_PAUSE), "the provider refused our key")?;
    alarm::raise(shop, tx, Alarm::KeyRefused, detail)
}

/// What a failure means for the sales to come.
fn consequences(shop: &Shop, tx: &mut Tx<'_>, job: &Job, why: &Why) -> Result<(), Fault> {
    let code = job.row.request.code(&shop.server_key);
    let pause = match why {
        Why::Paused => next_pause(tx, &job.row.model, FIRST_PAUSE)?,
        Why::ModelGone => next_pause(tx, &job.row.model, FIRST_PAUSE * 36)?,
        Why::NoCredit
        | Why::KeyRefused
        | Why::ResultLost
        | Why::Cancelled
        | Why::QueueTimeout
        | Why::Rejected { .. }
        | Why::TaskFailed { .. }
        | Why::NoAnswer
        | Why::InputLost
        | Why::Deadline => FIRST_PAUSE,
    };
    let (alarm, detail) = match why {
        Why::NoCredit => {
            stop(tx, "all", StoppedBy::Credit, None, "the provider has no credit left")?;
            (Alarm::NoCredit, code)
        }
        Why::KeyRefused => return key_refused(shop, tx, &code),
        Why::Paused => {
            stop(tx, &job.row.model, StoppedBy::Provider, Some(pause), "paused at the provider")?;
            (Alarm::ModelStopped(&job.row.model), format!("{} {code}", job.row.model))
        }
        Why::ModelGone => {
            stop(tx, &job.row.model, StoppedBy::Provider, Some(pause), "unknown to the provider")?;
            (Alarm::ModelStopped(&job.row.model), format!("{} {code}", job.row.model))
        }
        Why::ResultLost => (Alarm::NotFetched, format!("{} {code}", job.row.model)),
        Why::Cancelled
        | Why::QueueTimeout
        | Why::Rejected { .. }
        | Why::TaskFailed { .. }
        | Why::NoAnswer
        | Why::InputLost
        | Why::Deadline => return burst::note(shop, tx, job, why),
    };
    alarm::raise(shop, tx, alarm, &detail)
}

/// The code of an event in a timeline.
fn event_name(event: &Event) -> &'static str {
    match event {
        Event::Start => "sending",
        Event::NotUploaded => "not-uploaded",
        Event::InputLost => "input-lost",
        Event::NotSent { .. } => "not-sent",
        Event::Busy { .. } => "provider-busy",
        Event::Accepted { .. } => "accepted",
        Event::Refused { .. } => "refused",
        Event::InDoubt { .. } => "in-doubt",
        Event::Restored => "restored",
        Event::Hint { .. } => "callback",
        Event::Bound { .. } => "found",
        Event::NotOurs => "not-ours",
        Event::Running => "running",
        Event::NoLook => "no-answer",
        Event::Succeeded { .. } => "succeeded",
        Event::TaskFailed { .. } => "task-failed",
        Event::Fetched { .. } => "fetched",
        Event::NotFetched => "not-fetched",
        Event::Cancel => "cancelled",
        Event::Expire => "expired",
    }
}

/// Whether the worker that met it has said why in the log.
fn is_said_by_worker(event: &Event) -> bool {
    match event {
        Event::NotUploaded
        | Event::InputLost
        | Event::NotSent { .. }
        | Event::InDoubt { .. }
        | Event::Restored
        | Event::NotFetched => true,
        Event::Start
        | Event::Busy { .. }
        | Event::Accepted { .. }
        | Event::Refused { .. }
        | Event::Hint { .. }
        | Event::Bound { .. }
        | Event::NotOurs
        | Event::Running
        | Event::NoLook
        | Event::Succeeded { .. }
        | Event::TaskFailed { .. }
        | Event::Fetched { .. }
        | Event::Cancel
        | Event::Expire => false,
    }
}

/// What the log shows of a state: never the provider's words, which may quote the customer's.
fn log_data(state: &State) -> String {
    match state {
        State::Failed { why, .. } => count::code(why).to_owned(),
        State::Queued { .. }
        | State::Sending { .. }
        | State::Waiting { .. }
        | State::Unknown { .. }
        | State::Fetching { .. }
        | State::Done { .. }
        | State::Late { .. } => trace_data(state),
    }
}

/// What a timeline shows of a state.
fn trace_data(state: &State) -> String {
    match state {
        State::Sending { attempt, .. } => format!("attempt {attempt}"),
        State::Waiting { task, .. } | State::Fetching { task, .. } => format!("task {task}"),
        State::Failed { why, .. } => why.to_string(),
        State::Done { files } | State::Late { files } => format!("{} file(s)", files.len()),
        State::Queued { .. } | State::Unknown { .. } => state.name().to_owned(),
    }
}
