//! The arrows of the life of a job: what an event makes of a state, or why it does nothing.

use super::late::failed;
use super::{Event, Late, Limits, Money, Refused, State, Step, TaskId, Why};
use crate::time::Up;
use std::time::Duration;

/// What `event` makes of a job in `state` at `now`: the step to write, or why nothing happens.
pub fn next(state: &State, event: Event, now: Up, limits: &Limits) -> Result<Step, Refused> {
    match state {
        State::Queued { since, not_before } => queued(*since, *not_before, &event, now, limits),
        State::Sending { attempt, queued, since } => {
            sending(&Call { attempt: *attempt, queued: *queued, since: *since }, event, now, limits)
        }
        State::Waiting { task, since, looks } => waiting(task, *since, *looks, event, now, limits),
        State::Unknown { attempt, since, hint } => {
            unknown(*attempt, *since, hint.as_ref(), event, now, limits)
        }
        State::Fetching { task, urls, since, tries } => {
            fetching(&Files { task, urls, since: *since, tries: *tries }, event, now, limits)
        }
        State::Failed { why, late } => failed(why, late, event, now, limits),
        State::Done { .. } | State::Late { .. } => Err(unexpected(&event)),
    }
}

/// How long after a file could not be brought to the provider it is tried again.
const UPLOAD_PAUSE: Duration = Duration::from_secs(5);

/// A createTask call under way.
struct Call {
    attempt: u32,
    queued: Up,
    since: Up,
}

/// Files being copied.
pub(super) struct Files<'a> {
    pub(super) task: &'a TaskId,
    pub(super) urls: &'a [String],
    pub(super) since: Up,
    pub(super) tries: u32,
}

fn queued(since: Up, not_before: Up, event: &Event, now: Up, limits: &Limits) -> Result<Step, Refused> {
    let overdue = now >= since.plus(limits.queued);
    match event {
        Event::Expire if overdue => Ok(give_up(Why::QueueTimeout)),
        Event::Expire => Err(Refused::NotYet),
        Event::Cancel => Ok(give_up(Why::Cancelled)),
        // What has waited too long is given back, never sent: else a busy provider keeps it for ever.
        Event::Start if overdue => Err(Refused::NotExpected),
        Event::Start if now < not_before => Err(Refused::NotYet),
        Event::NotUploaded => {
            let not_before = now.plus(UPLOAD_PAUSE);
            let due = not_before.min(since.plus(limits.queued)).max(now);
            Ok(keep(State::Queued { since, not_before }, due))
        }
        Event::InputLost => Ok(give_up(Why::InputLost)),
        Event::Start => Ok(keep(
            State::Sending { attempt: attempt_after(since, now), queued: since, since: now },
            now.plus(limits.sending),
        )),
        // It may have been sent by a life that this file does not remember: never a second time.
        Event::Restored => Ok(in_doubt(attempt_after(since, now), now, limits)),
        Event::NotSent { .. }
        | Event::Busy { .. }
        | Event::Accepted { .. }
        | Event::Refused { .. }
        | Event::InDoubt { .. }
        | Event::Hint { .. }
        | Event::Bound { .. }
        | Event::NotOurs
        | Event::Running
        | Event::NoLook
        | Event::Succeeded { .. }
        | Event::TaskFailed { .. }
        | Event::Fetched { .. }
        | Event::NotFetched => Err(unexpected(event)),
    }
}

/// A number that differs between two calls of one job: the milliseconds it had waited. A job goes
/// back to the queue for at least a second, so no two calls share one.
fn attempt_after(queued: Up, now: Up) -> u32 {
    u32::try_from(now.since(queued).as_millis()).unwrap_or(u32::MAX)
}

/// Nobody knows whether the provider took it.
fn in_doubt(attempt: u32, now: Up, limits: &Limits) -> Step {
    keep(State::Unknown { attempt, since: now, hint: None }, now.plus(limits.unknown))
}

fn sending(call: &Call, event: Event, now: Up, limits: &Limits) -> Result<Step, Refused> {
    let same = |attempt: u32| if attempt == call.attempt { Ok(()) } else { Err(Refused::OtherAttempt) };
    let back = |pause: Duration| {
        let not_before = now.plus(pause.max(Duration::from_secs(1)));
        // However long the provider wants us to wait, the customer's money waits no longer.
        let due = not_before.min(call.queued.plus(limits.queued)).max(now);
        keep(State::Queued { since: call.queued, not_before }, due)
    };
    let in_doubt = || in_doubt(call.attempt, now, limits);
    match event {
        Event::NotSent { attempt } => same(attempt).map(|()| back(Duration::from_secs(5))),
        Event::Busy { attempt, pause } => same(attempt).map(|()| back(pause)),
        Event::Accepted { attempt, task } => same(attempt).map(|()| {
            let state = State::Waiting { task, since: now, looks: 0 };
            keep(state, now.plus(limits.look_pause(0)))
        }),
        Event::Refused { attempt, why } => same(attempt).map(|()| give_up(why)),
        Event::InDoubt { attempt } => same(attempt).map(|()| in_doubt()),
        Event::Restored => Ok(in_doubt()),
        // Whoever made the call is gone without an answer.
        Event::Expire if now >= call.since.plus(limits.sending) => Ok(in_doubt()),
        Event::Expire => Err(Refused::NotYet),
        // The callback was faster than createTask's answer: that answer, or a look, decides.
        Event::Hint { task: Some(task) } => {
            Ok(keep(State::Unknown { attempt: call.attempt, since: now, hint: Some(task) }, now))
        }
        Event::Start
        | Event::Hint { .. }
        | Event::Bound { .. }
        | Event::NotOurs
        | Event::Running
        | Event::NoLook
        | Event::Succeeded { .. }
        | Event::TaskFailed { .. }
        | Event::Fetched { .. }
        | Event::NotFetched
        | Event::Cancel
        | Event::NotUploaded
        | Event::InputLost => Err(unexpected(&event)),
    }
}

fn waiting(
    task: &TaskId,
    since: Up,
    looks: u32,
    event: Event,
    now: Up,
    limits: &Limits,
) -> Result<Step, Refused> {
    let still = |looks| State::Waiting { task: task.clone(), since, looks };
    let deadline = since.plus(limits.working);
    let too_long = || fail(Why::Deadline, Some(task.clone()), None, now, limits);
    match event {
        Event::Hint { .. } => Ok(keep(still(looks), now)),
        // Only a look made after the deadline gives the money back: it may have succeeded meanwhile.
        Event::Running if now >= deadline => Ok(too_long()),
        Event::Running => {
            let due = now.plus(limits.look_pause(looks + 1)).min(deadline);
            Ok(keep(still(looks + 1), due))
        }
        Event::NoLook if now >= deadline.plus(limits.unreachable) => Ok(too_long()),
        Event::NoLook => Ok(keep(still(looks), now.plus(limits.look_pause(looks.max(4))))),
        Event::Succeeded { urls } => {
            Ok(keep(State::Fetching { task: task.clone(), urls, since: now, tries: 0 }, now))
        }
        Event::TaskFailed { message } => Ok(give_up(Why::TaskFailed { message })),
        Event::Start
        | Event::NotSent { .. }
        | Event::Busy { .. }
        | Event::Accepted { .. }
        | Event::Refused { .. }
        | Event::InDoubt { .. }
        | Event::Restored
        | Event::Bound { .. }
        | Event::NotOurs
        | Event::Fetched { .. }
        | Event::NotFetched
        | Event::Cancel
        | Event::Expire
        | Event::NotUploaded
        | Event::InputLost => Err(unexpected(&event)),
    }
}

fn unknown(
    mine: u32,
    since: Up,
    hint: Option<&TaskId>,
    event: Event,
    now: Up,
    limits: &Limits,
) -> Result<Step, Refused> {
    let deadline = since.plus(limits.unknown);
    // A hint nobody could look at goes along: the task may still turn out to be ours, late.
    let no_answer = || fail(Why::NoAnswer, None, hint.cloned(), now, limits);
    let unreachable = now >= deadline.plus(limits.unreachable);
    match event {
        Event::Hint { task: Some(task) } => {
            Ok(keep(State::Unknown { attempt: mine, since, hint: Some(task) }, now))
        }
        // A callback, not a doubt, brought it here: the answer to that same call still counts.
        Event::Accepted { attempt, task } if attempt == mine => {
            let state = State::Waiting { task, since, looks: 0 };
            Ok(keep(state, now.plus(limits.look_pause(0))))
        }
        Event::Refused { attempt, why } if attempt == mine => Ok(give_up(why)),
        Event::Bound { task } if hint.is_some() => Ok(keep(State::Waiting { task, since, looks: 0 }, now)),
        Event::NotOurs if hint.is_some() => {
            Ok(keep(State::Unknown { attempt: mine, since, hint: None }, deadline.max(now)))
        }
        Event::NoLook | Event::Running | Event::Expire if hint.is_some() && unreachable => Ok(no_answer()),
        Event::NoLook | Event::Running if hint.is_some() => {
            let hint = hint.cloned();
            Ok(keep(State::Unknown { attempt: mine, since, hint }, now.plus(limits.look_pause(4))))
        }
        Event::Expire if hint.is_none() && now >= deadline => Ok(no_answer()),
        Event::Expire => Err(Refused::NotYet),
        Event::Hint { .. }
        | Event::Bound { .. }
        | Event::NotOurs
        | Event::Running
        | Event::NoLook
        | Event::Accepted { .. }
        | Event::Refused { .. }
        | Event::Start
        | Event::NotSent { .. }
        | Event::Busy { .. }
        | Event::InDoubt { .. }
        | Event::Restored
        | Event::Succeeded { .. }
        | Event::TaskFailed { .. }
        | Event::Fetched { .. }
        | Event::NotFetched
        | Event::Cancel
        | Event::NotUploaded
        | Event::InputLost => Err(unexpected(&event)),
    }
}

fn fetching(files: &Files<'_>, event: Event, now: Up, limits: &Limits) -> Result<Step, Refused> {
    let &Files { task, urls, since, tries } = files;
    match event {
        Event::Fetched { files } if !files.is_empty() => {
            Ok(Step { state: State::Done { files }, money: Money::Charge, due: None })
        }
        // Nothing was fetched: nobody pays for an empty result.
        Event::Fetched { .. } | Event::NotFetched if now >= since.plus(limits.fetching) => {
            Ok(fail(Why::ResultLost, Some(task.clone()), None, now, limits))
        }
        Event::Fetched { .. } | Event::NotFetched => {
            let (task, urls) = (task.clone(), urls.to_vec());
            let due = now.plus(fetch_pause(tries)).min(since.plus(limits.fetching));
            Ok(keep(State::Fetching { task, urls, since, tries: tries + 1 }, due))
        }
        Event::Start
        | Event::NotSent { .. }
        | Event::Busy { .. }
        | Event::Accepted { .. }
        | Event::Refused { .. }
        | Event::InDoubt { .. }
        | Event::Restored
        | Event::Hint { .. }
        | Event::Bound { .. }
        | Event::NotOurs
        | Event::Running
        | Event::NoLook
        | Event::Succeeded { .. }
        | Event::TaskFailed { .. }
        | Event::Cancel
        | Event::Expire
        | Event::NotUploaded
        | Event::InputLost => Err(unexpected(&event)),
    }
}

/// Why an event does nothing in a state that has no arrow for it.
pub(super) fn unexpected(event: &Event) -> Refused {
    match event {
        Event::Cancel => Refused::TooLate,
        Event::NotSent { .. }
        | Event::Busy { .. }
        | Event::Accepted { .. }
        | Event::Refused { .. }
        | Event::InDoubt { .. } => Refused::OtherAttempt,
        Event::Start
        | Event::Restored
        | Event::Hint { .. }
        | Event::Bound { .. }
        | Event::NotOurs
        | Event::Running
        | Event::NoLook
        | Event::Succeeded { .. }
        | Event::TaskFailed { .. }
        | Event::Fetched { .. }
        | Event::NotFetched
        | Event::NotUploaded
        | Event::InputLost
        | Event::Expire => Refused::NotExpected,
    }
}

fn keep(state: State, due: Up) -> Step {
    Step { state, money: Money::Keep, due: Some(due) }
}

/// Ends a job of which nothing can come any more.
fn give_up(why: Why) -> Step {
    Step { state: State::Failed { why, late: Late::Never }, money: Money::Release, due: None }
}

/// Ends a job that may still succeed at the provider.
fn fail(why: Why, task: Option<TaskId>, hint: Option<TaskId>, now: Up, limits: &Limits) -> Step {
    let until = now.plus(limits.late);
    let something_to_look_at = task.is_some() || hint.is_some();
    let due = if something_to_look_at { now.plus(limits.late_pause).min(until) } else { until };
    let late = Late::Watch { task, hint, until };
    Step { state: State::Failed { why, late }, money: Money::Release, due: Some(due) }
}

/// 2 s, doubling to a minute.
pub(super) fn fetch_pause(tries: u32) -> Duration {
    Duration::from_secs((2 << tries.min(5)).min(60))
}
