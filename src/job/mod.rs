//! The life of one generation, as data: where it stands, what may happen to it, and what follows.
//!
//! Pure. [`next()`] is the only place that decides; the workers ask it and `flow::settle` writes its
//! answer. Every variant carries what that state needs, so there is no half-filled job.
//!
//! **Invariant:** a job whose createTask may have reached the provider is never sent again.

mod late;
mod next;
#[cfg(test)]
mod tests;

pub use next::next;

use crate::time::Up;
use serde::{Deserialize, Serialize};
use std::fmt;
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
    /// Where the provider keeps it, when it is too large for Telegram: then there is no copy here.
    pub link: Option<String>,
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
    /// A file of the customer's could not be had again, or is not what it was.
    InputLost,
}

/// A code and the provider's words, for timelines and logs.
impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cancelled => f.write_str("cancelled by the customer"),
            Self::QueueTimeout => f.write_str("never sent: the queue did not move"),
            Self::NoCredit => f.write_str("the provider's account is empty"),
            Self::KeyRefused => f.write_str("the provider refused our key"),
            Self::Paused => f.write_str("the model is paused"),
            Self::ModelGone => f.write_str("the provider does not know the model"),
            Self::Rejected { message } => write!(f, "refused: {message}"),
            Self::TaskFailed { message } => write!(f, "failed: {message}"),
            Self::NoAnswer => f.write_str("no answer to createTask"),
            Self::Deadline => f.write_str("too slow"),
            Self::ResultLost => f.write_str("the result could not be fetched"),
            Self::InputLost => f.write_str("a file of the customer's is gone or was changed"),
        }
    }
}

/// What happens to a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A worker takes it from the queue; the call follows the commit.
    Start,
    /// A file of the customer's could not be brought to the provider now.
    NotUploaded,
    /// A file of the customer's is gone, or is not what it was: the order cannot be sent.
    InputLost,
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
    /// The file came out of a backup: whether the provider took it since then nobody knows.
    Restored,
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
