//! What may still come of a job that failed: until a day later its result is looked for, and given away.

use super::next::{Files, fetch_pause, unexpected};
use super::{Event, Late, Limits, Money, Refused, State, Step, TaskId, Why};
use crate::time::Up;

/// The arrows of a job whose money went back: nothing is charged any more, a late success is a gift.
pub(super) fn failed(
    why: &Why,
    late: &Late,
    event: Event,
    now: Up,
    limits: &Limits,
) -> Result<Step, Refused> {
    match late {
        Late::Never => Err(unexpected(&event)),
        Late::Watch { task: Some(task), until, .. } => watched(why, task, *until, event, now, limits),
        Late::Watch { task: None, hint, until } => hoped(why, hint.as_ref(), *until, event, now, limits),
        Late::Fetch { task, urls, since, tries } => {
            late_files(why, &Files { task, urls, since: *since, tries: *tries }, event, now, limits)
        }
    }
}

/// A job that failed and whose task is known: it may still succeed.
fn watched(
    why: &Why,
    task: &TaskId,
    until: Up,
    event: Event,
    now: Up,
    limits: &Limits,
) -> Result<Step, Refused> {
    let watch = |due: Up| {
        let late = Late::Watch { task: Some(task.clone()), hint: None, until };
        late_step(why, late, Some(due))
    };
    match event {
        Event::Hint { .. } => Ok(watch(now)),
        Event::Expire | Event::Running | Event::NoLook if now >= until => Ok(over(why)),
        Event::Running | Event::NoLook => Ok(watch(now.plus(limits.late_pause).min(until))),
        Event::TaskFailed { .. } => Ok(over(why)),
        Event::Succeeded { urls } => {
            let late = Late::Fetch { task: task.clone(), urls, since: now, tries: 0 };
            Ok(late_step(why, late, Some(now)))
        }
        Event::Expire => Err(Refused::NotYet),
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
        | Event::NotUploaded
        | Event::InputLost => Err(unexpected(&event)),
    }
}

/// A job that failed and whose task, if there is one, nobody knows: only a callback can name it.
fn hoped(
    why: &Why,
    hint: Option<&TaskId>,
    until: Up,
    event: Event,
    now: Up,
    limits: &Limits,
) -> Result<Step, Refused> {
    let watch = |task: Option<TaskId>, hint: Option<TaskId>, due: Up| {
        late_step(why, Late::Watch { task, hint, until }, Some(due))
    };
    match event {
        Event::Hint { task: Some(hint) } => Ok(watch(None, Some(hint), now)),
        Event::Bound { task } if hint.is_some() => Ok(watch(Some(task), None, now)),
        Event::NotOurs if hint.is_some() => Ok(watch(None, None, until.max(now))),
        Event::Expire | Event::Running | Event::NoLook if now >= until => Ok(over(why)),
        // A look that got no answer says nothing of the hint: it is looked at again.
        Event::Running | Event::NoLook if hint.is_some() => {
            Ok(watch(None, hint.cloned(), now.plus(limits.late_pause).min(until)))
        }
        Event::Expire => Err(Refused::NotYet),
        Event::Hint { .. }
        | Event::Bound { .. }
        | Event::NotOurs
        | Event::Running
        | Event::NoLook
        | Event::Succeeded { .. }
        | Event::TaskFailed { .. }
        | Event::Start
        | Event::NotSent { .. }
        | Event::Busy { .. }
        | Event::Accepted { .. }
        | Event::Refused { .. }
        | Event::InDoubt { .. }
        | Event::Restored
        | Event::Fetched { .. }
        | Event::NotFetched
        | Event::Cancel
        | Event::NotUploaded
        | Event::InputLost => Err(unexpected(&event)),
    }
}

fn late_files(why: &Why, files: &Files<'_>, event: Event, now: Up, limits: &Limits) -> Result<Step, Refused> {
    let &Files { task, urls, since, tries } = files;
    match event {
        Event::Fetched { files } if !files.is_empty() => {
            Ok(Step { state: State::Late { files }, money: Money::Lose, due: None })
        }
        Event::Fetched { .. } | Event::NotFetched if now >= since.plus(limits.fetching) => Ok(over(why)),
        Event::Fetched { .. } | Event::NotFetched => {
            let (task, urls) = (task.clone(), urls.to_vec());
            let due = now.plus(fetch_pause(tries)).min(since.plus(limits.fetching));
            Ok(late_step(why, Late::Fetch { task, urls, since, tries: tries + 1 }, Some(due)))
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

/// A job that stays failed, with other hopes.
fn late_step(why: &Why, late: Late, due: Option<Up>) -> Step {
    Step { state: State::Failed { why: why.clone(), late }, money: Money::Keep, due }
}

/// A job that stays failed, and that is all.
fn over(why: &Why) -> Step {
    late_step(why, Late::Never, None)
}
