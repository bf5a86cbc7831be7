//! The life of one generation, as data: where it stands, what may happen to it, and what follows.
//!
//! Pure. [`next`] is the only place that decides; the workers ask it and `flow::settle` writes its
//! answer. Every variant carries what that state needs, so there is no half-filled job.
//!
//! **Invariant:** a job whose createTask may have reached the provider is never sent again.

use crate::time::Up;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The provider's name for a task: an opaque string of at most 128 characters.
pub type TaskId = String;

/// A file of a result, below the data directory until it is delivered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Its name in the job's media folder: `1.png`.
    pub name: String,
    /// Its type as its first bytes say, such as `image/png`.
    pub mime: String,
    /// Its size.
    pub size_bytes: u64,
}

/// Where a job stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// Not sent yet; will be at `not_before`.
    Queued {
        /// Since when it waits.
        since: Up,
        /// Not to be sent earlier.
        not_before: Up,
    },
    /// The createTask call is under way. Committed *before* the call.
    Sending {
        /// Which call this is; an answer to another is void.
        attempt: u32,
        /// Since when it waits in all, for when it goes back to the queue.
        queued: Up,
        /// When the call began.
        since: Up,
    },
    /// The provider works on it.
    Waiting {
        /// Its task.
        task: TaskId,
        /// When it was accepted.
        since: Up,
        /// How many looks found it running.
        looks: u32,
    },
    /// The createTask call may or may not have arrived. The money stays held.
    Unknown {
        /// Which call it was.
        attempt: u32,
        /// Since when.
        since: Up,
        /// A task id that a callback named and nobody has looked at yet.
        hint: Option<TaskId>,
    },
    /// The provider is done; its files are being copied. The money is still held.
    Fetching {
        /// Its task.
        task: TaskId,
        /// Where the files are.
        urls: Vec<String>,
        /// Since when.
        since: Up,
        /// How many tries failed.
        tries: u32,
    },
    /// Charged; the files go, or went, to the customer.
    Done {
        /// The result.
        files: Vec<File>,
    },
    /// Over, and the money went back.
    Failed {
        /// Why.
        why: Why,
        /// Whether a late success is still possible.
        late: Late,
    },
    /// A success that came after the money had gone back: delivered free.
    Late {
        /// The result.
        files: Vec<File>,
    },
}

/// What is still expected of a job that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Late {
    /// Nothing.
    Never,
    /// The provider may still succeed.
    Watch {
        /// Its task, if we ever learned it.
        task: Option<TaskId>,
        /// A task id that a callback named and nobody has looked at yet.
        hint: Option<TaskId>,
        /// Until when we look.
        until: Up,
    },
    /// It did succeed; its files are being copied.
    Fetch {
        /// Its task.
        task: TaskId,
        /// Where the files are.
        urls: Vec<String>,
        /// Since when.
        since: Up,
        /// How many tries failed.
        tries: u32,
    },
}

/// Why a job failed. The texts have a sentence for each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Why {
    /// The customer took it back while it was queued.
    Cancelled,
    /// It was never sent: the queue did not move in time.
    QueueTimeout,
    /// The provider has no credit left (the operator's matter).
    NoCredit,
    /// Our key or its limits (the operator's matter).
    KeyRefused,
    /// The model is switched off at the provider for now.
    Paused,
    /// The provider does not know the model any more.
    ModelGone,
    /// The provider refused the input.
    Rejected {
        /// What it said, at most 300 characters.
        message: String,
    },
    /// The provider took it and failed.
    TaskFailed {
        /// What it said, at most 300 characters.
        message: String,
    },
    /// The provider never answered whether it took it.
    NoAnswer,
    /// The provider took too long.
    Deadline,
    /// There was a result, but its files could not be had.
    ResultLost,
}

/// What happens to a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A worker takes it from the queue; the call follows the commit.
    Start,
    /// The call never left this machine.
    NotSent {
        /// Of which call.
        attempt: u32,
    },
    /// The provider is busy (429) or in maintenance (455) and took nothing.
    Busy {
        /// Of which call.
        attempt: u32,
        /// How long it asked us to wait.
        pause: Duration,
    },
    /// The provider took it.
    Accepted {
        /// Of which call.
        attempt: u32,
        /// Its task.
        task: TaskId,
    },
    /// The provider said no.
    Refused {
        /// Of which call.
        attempt: u32,
        /// Why.
        why: Why,
    },
    /// Nobody knows whether the provider took it: a timeout, a crash, an answer that cannot be read.
    InDoubt {
        /// Of which call.
        attempt: u32,
    },
    /// A callback came. It proves nothing; it makes us look at once.
    Hint {
        /// The task it named.
        task: Option<TaskId>,
    },
    /// A look proved that the hinted task is ours.
    Bound {
        /// The task.
        task: TaskId,
    },
    /// A look proved that the hinted task is not ours.
    NotOurs,
    /// A look found the task running, or not yet known.
    Running,
    /// A look got no answer.
    NoLook,
    /// A look found success.
    Succeeded {
        /// Where the files are.
        urls: Vec<String>,
    },
    /// A look found failure.
    TaskFailed {
        /// What the provider said.
        message: String,
    },
    /// The files are copied, checked and synced.
    Fetched {
        /// The result.
        files: Vec<File>,
    },
    /// The files could not be had this time.
    NotFetched,
    /// The customer wants it back.
    Cancel,
    /// Its time has come and nothing else is to be done first.
    Expire,
}

/// What the step does with the job's money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Money {
    /// Nothing.
    Keep,
    /// The hold is taken.
    Charge,
    /// The hold goes back.
    Release,
    /// The result is given away; the operator's loss.
    Lose,
}

/// What follows from an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The new state.
    pub state: State,
    /// What happens to the money, in the same commit.
    pub money: Money,
    /// When to look at the job again; `None`: never.
    pub due: Option<Up>,
}

/// Why an event does nothing here. Repeats and late answers end in this, and it harms nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Nothing of the kind is expected in this state.
    #[error("not expected in this state")]
    NotExpected,
    /// An answer to an earlier call.
    #[error("an answer to an earlier call")]
    OtherAttempt,
    /// It was sent already, so it cannot be cancelled.
    #[error("sent already")]
    TooLate,
    /// Its time has not come.
    #[error("not yet")]
    NotYet,
}

/// The times that decide. All count the service's uptime.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How long a job may wait to be sent.
    pub queued: Duration,
    /// How long a createTask call may take before nobody knows.
    pub sending: Duration,
    /// How long an unanswered createTask waits for news.
    pub unknown: Duration,
    /// How long the provider may work.
    pub working: Duration,
    /// How long the provider may stay unreachable beyond that before the money goes back.
    pub unreachable: Duration,
    /// How long the files may take.
    pub fetching: Duration,
    /// How long after a failure a late success is looked for.
    pub late: Duration,
    /// The pause between such looks.
    pub late_pause: Duration,
    /// Whether the provider calls us back, so that looks may be rarer.
    pub callbacks: bool,
}

impl Limits {
    /// The pause before look number `looks` (from 0) at a task: 2 s growing by 1.3 to 10 s without
    /// callbacks, 8 s growing by 1.5 to 30 s with them.
    pub fn look_pause(&self, looks: u32) -> Duration {
        let (first_ms, num, den, most_ms) =
            if self.callbacks { (8_000u64, 3, 2, 30_000) } else { (2_000, 13, 10, 10_000) };
        let mut pause_ms = first_ms;
        for _ in 0..looks.min(16) {
            pause_ms = (pause_ms * num / den).min(most_ms);
        }
        Duration::from_millis(pause_ms)
    }
}

impl State {
    /// True when the money is settled and the customer was told.
    pub fn is_final(&self) -> bool {
        match self {
            Self::Done { .. } | Self::Failed { .. } | Self::Late { .. } => true,
            Self::Queued { .. }
            | Self::Sending { .. }
            | Self::Waiting { .. }
            | Self::Unknown { .. }
            | Self::Fetching { .. } => false,
        }
    }

    /// The word for logs, metrics and tables.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Queued { .. } => "queued",
            Self::Sending { .. } => "sending",
            Self::Waiting { .. } => "waiting",
            Self::Unknown { .. } => "unknown",
            Self::Fetching { .. } => "fetching",
            Self::Done { .. } => "done",
            Self::Failed { .. } => "failed",
            Self::Late { .. } => "late",
        }
    }

    /// The task whose state decides, once it is known to be ours.
    pub fn task(&self) -> Option<&TaskId> {
        match self {
            Self::Waiting { task, .. } | Self::Fetching { task, .. } => Some(task),
            Self::Failed { late, .. } => match late {
                Late::Watch { task, .. } => task.as_ref(),
                Late::Fetch { task, .. } => Some(task),
                Late::Never => None,
            },
            Self::Queued { .. }
            | Self::Sending { .. }
            | Self::Unknown { .. }
            | Self::Done { .. }
            | Self::Late { .. } => None,
        }
    }
}

/// What `event` makes of a job in `state` at `now`: the step to write, or why nothing happens.
pub fn next(state: &State, event: Event, now: Up, limits: &Limits) -> Result<Step, Refused> {
    match state {
        State::Queued { since, .. } => queued(*since, event, now, limits),
        State::Sending { attempt, queued, .. } => sending(*attempt, *queued, event, now, limits),
        State::Waiting { task, since, looks } => waiting(task, *since, *looks, event, now, limits),
        State::Unknown { attempt, since, hint } => {
            unknown(*attempt, *since, hint.as_ref(), event, now, limits)
        }
        State::Fetching { task, urls, since, tries } => {
            let again =
                |tries| State::Fetching { task: task.clone(), urls: urls.clone(), since: *since, tries };
            match event {
                Event::Fetched { files } => {
                    Ok(Step { state: State::Done { files }, money: Money::Charge, due: None })
                }
                Event::NotFetched if now >= since.plus(limits.fetching) => {
                    Ok(fail(Why::ResultLost, Some(task.clone()), now, limits))
                }
                Event::NotFetched => Ok(keep(again(tries + 1), now.plus(fetch_pause(*tries)))),
                Event::Start
                | Event::NotSent { .. }
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
                | Event::Cancel
                | Event::Expire => Err(unexpected(&event)),
            }
        }
        State::Failed { why, late } => failed(why, late, event, now, limits),
        State::Done { .. } | State::Late { .. } => Err(unexpected(&event)),
    }
}

fn queued(since: Up, event: Event, now: Up, limits: &Limits) -> Result<Step, Refused> {
    match event {
        Event::Expire if now >= since.plus(limits.queued) => Ok(give_up(Why::QueueTimeout)),
        Event::Expire => Err(Refused::NotYet),
        Event::Cancel => Ok(give_up(Why::Cancelled)),
        Event::Start => Ok(keep(
            State::Sending { attempt: attempt_after(since, now), queued: since, since: now },
            now.plus(limits.sending),
        )),
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
        | Event::NotFetched => Err(unexpected(&event)),
    }
}

/// A number that differs between two calls of one job: the milliseconds it had waited. A job goes
/// back to the queue for at least a second, so no two calls share one.
fn attempt_after(queued: Up, now: Up) -> u32 {
    u32::try_from(now.since(queued).as_millis()).unwrap_or(u32::MAX)
}

fn sending(mine: u32, queued: Up, event: Event, now: Up, limits: &Limits) -> Result<Step, Refused> {
    let same = |attempt: u32| if attempt == mine { Ok(()) } else { Err(Refused::OtherAttempt) };
    let back = |pause: Duration| {
        let not_before = now.plus(pause.max(Duration::from_secs(1)));
        keep(State::Queued { since: queued, not_before }, not_before)
    };
    match event {
        Event::NotSent { attempt } => same(attempt).map(|()| back(Duration::from_secs(5))),
        Event::Busy { attempt, pause } => same(attempt).map(|()| back(pause)),
        Event::Accepted { attempt, task } => same(attempt).map(|()| {
            let state = State::Waiting { task, since: now, looks: 0 };
            keep(state, now.plus(limits.look_pause(0)))
        }),
        Event::Refused { attempt, why } => same(attempt).map(|()| give_up(why)),
        Event::InDoubt { attempt } => same(attempt)
            .map(|()| keep(State::Unknown { attempt, since: now, hint: None }, now.plus(limits.unknown))),
        // The callback was faster than createTask's answer: that answer, or a look, decides.
        Event::Hint { task: Some(task) } => {
            Ok(keep(State::Unknown { attempt: mine, since: now, hint: Some(task) }, now))
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
        | Event::Expire => Err(unexpected(&event)),
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
    match event {
        Event::Hint { .. } => Ok(keep(still(looks), now)),
        // Only a look made after the deadline gives the money back: it may have succeeded meanwhile.
        Event::Running if now >= deadline => Ok(fail(Why::Deadline, Some(task.clone()), now, limits)),
        Event::Running => {
            let due = now.plus(limits.look_pause(looks + 1)).min(deadline);
            Ok(keep(still(looks + 1), due.max(now)))
        }
        Event::NoLook if now >= deadline.plus(limits.unreachable) => {
            Ok(fail(Why::Deadline, Some(task.clone()), now, limits))
        }
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
        | Event::Bound { .. }
        | Event::NotOurs
        | Event::Fetched { .. }
        | Event::NotFetched
        | Event::Cancel
        | Event::Expire => Err(unexpected(&event)),
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
    let without_hint = || keep(State::Unknown { attempt: mine, since, hint: None }, deadline.max(now));
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
        Event::Hint { task: None } => Err(Refused::NotExpected),
        Event::Bound { task } => Ok(keep(State::Waiting { task, since, looks: 0 }, now)),
        Event::NotOurs => Ok(without_hint()),
        Event::NoLook | Event::Running if hint.is_some() => {
            if now >= deadline.plus(limits.unreachable) {
                return Ok(without_hint());
            }
            let hint = hint.cloned();
            Ok(keep(State::Unknown { attempt: mine, since, hint }, now.plus(limits.look_pause(4))))
        }
        Event::Expire if hint.is_none() && now >= deadline => Ok(fail(Why::NoAnswer, None, now, limits)),
        Event::Expire => Err(Refused::NotYet),
        Event::Running
        | Event::NoLook
        | Event::Accepted { .. }
        | Event::Refused { .. }
        | Event::Start
        | Event::NotSent { .. }
        | Event::Busy { .. }
        | Event::InDoubt { .. }
        | Event::Succeeded { .. }
        | Event::TaskFailed { .. }
        | Event::Fetched { .. }
        | Event::NotFetched
        | Event::Cancel => Err(unexpected(&event)),
    }
}

fn failed(why: &Why, late: &Late, event: Event, now: Up, limits: &Limits) -> Result<Step, Refused> {
    let step = |late: Late, due: Option<Up>| Step {
        state: State::Failed { why: why.clone(), late },
        money: Money::Keep,
        due,
    };
    let over = || step(Late::Never, None);
    match late {
        Late::Never => Err(unexpected(&event)),
        Late::Watch { task, until, .. } => {
            let watch = |task: Option<TaskId>, hint: Option<TaskId>, due: Up| {
                step(Late::Watch { task, hint, until: *until }, Some(due))
            };
            match event {
                Event::Hint { task: Some(hint) } if task.is_none() => Ok(watch(None, Some(hint), now)),
                Event::Hint { .. } if task.is_some() => Ok(watch(task.clone(), None, now)),
                Event::Bound { task } => Ok(watch(Some(task), None, now)),
                Event::NotOurs => Ok(watch(task.clone(), None, *until)),
                Event::Expire | Event::Running | Event::NoLook if now >= *until => Ok(over()),
                Event::Running | Event::NoLook => {
                    Ok(watch(task.clone(), None, now.plus(limits.late_pause).min(*until)))
                }
                Event::TaskFailed { .. } => Ok(over()),
                Event::Succeeded { urls } => match task {
                    Some(task) => {
                        let late = Late::Fetch { task: task.clone(), urls, since: now, tries: 0 };
                        Ok(step(late, Some(now)))
                    }
                    None => Err(Refused::NotExpected),
                },
                Event::Expire => Err(Refused::NotYet),
                Event::Start
                | Event::NotSent { .. }
                | Event::Busy { .. }
                | Event::Accepted { .. }
                | Event::Refused { .. }
                | Event::InDoubt { .. }
                | Event::Hint { .. }
                | Event::Fetched { .. }
                | Event::NotFetched
                | Event::Cancel => Err(unexpected(&event)),
            }
        }
        Late::Fetch { task, urls, since, tries } => match event {
            Event::Fetched { files } => {
                Ok(Step { state: State::Late { files }, money: Money::Lose, due: None })
            }
            Event::NotFetched if now >= since.plus(limits.fetching) => Ok(over()),
            Event::NotFetched => {
                let (task, urls) = (task.clone(), urls.clone());
                let late = Late::Fetch { task, urls, since: *since, tries: tries + 1 };
                Ok(step(late, Some(now.plus(fetch_pause(*tries)))))
            }
            Event::Start
            | Event::NotSent { .. }
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
            | Event::Cancel
            | Event::Expire => Err(unexpected(&event)),
        },
    }
}

/// Why an event does nothing in a state that has no arrow for it.
fn unexpected(event: &Event) -> Refused {
    match event {
        Event::Cancel => Refused::TooLate,
        Event::NotSent { .. }
        | Event::Busy { .. }
        | Event::Accepted { .. }
        | Event::Refused { .. }
        | Event::InDoubt { .. } => Refused::OtherAttempt,
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
fn fail(why: Why, task: Option<TaskId>, now: Up, limits: &Limits) -> Step {
    let until = now.plus(limits.late);
    let due = if task.is_some() { now.plus(limits.late_pause) } else { until };
    let late = Late::Watch { task, hint: None, until };
    Step { state: State::Failed { why, late }, money: Money::Release, due: Some(due) }
}

/// 2 s, doubling to a minute.
fn fetch_pause(tries: u32) -> Duration {
    Duration::from_secs((2 << tries.min(5)).min(60))
}
