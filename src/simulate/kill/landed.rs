//! Where a kill landed, told from the file that was left and from what the outside saw.
//!
//! The kill landed *at* commit n for an update, job or message when commit n-1 of its way was on disk
//! (or, for the first, Telegram had posted it) and commit n was not: it was the next to come, being
//! prepared or just being written. Several are under way at once, so a kill may land at several.
//!
//! | commit | what says so | the half of it that the outside has already |
//! |---|---|---|
//! | 1 receive | Telegram's post began in this life and got no 200 | the update is on disk |
//! | 2 handle | the update is in the inbox | – |
//! | 3 start | the job is `Queued` and was never put off | – |
//! | 4 record | the job is `Sending` | KIE got createTask in this life |
//! | 4b result | the job is `Waiting`, its task had succeeded before the kill | – |
//! | 5 settle | the job is `Fetching`, or is `Waiting` and its task had failed | – |
//! | 6 delivered | the message that tells the job's end is in the outbox | Telegram took it in this life |
//!
//! What waits for a time of its own (a task that still runs, an order put off by 429, a doubt that
//! waits for its deadline) is at no commit; it only makes the job count as open. A kill that came while
//! the service still started is told but adds no hit: it found what the life before had left.

use super::outside::{self, Mark, Told};
use crate::ids::{JobId, UpdateId};
use crate::job::State;
use crate::message::{About, Priority};
use crate::sandbox::Sandbox;
use crate::sandbox::kie;
use crate::simulate::left::{Depths, depths, open_jobs, read};
use crate::simulate::service::BOT;
use crate::store::{Job, View};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

/// So many messages at most are one answer.
const ANSWER: usize = 3;

/// The commits on the way of one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Commit {
    Receive,
    Handle,
    Start,
    Record,
    Result,
    Settle,
    Delivered,
}

impl Commit {
    pub(super) const ALL: [Self; 7] =
        [Self::Receive, Self::Handle, Self::Start, Self::Record, Self::Result, Self::Settle, Self::Delivered];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Receive => "1 receive",
            Self::Handle => "2 handle",
            Self::Start => "3 start",
            Self::Record => "4 record",
            Self::Result => "4b result",
            Self::Settle => "5 settle",
            Self::Delivered => "6 delivered",
        }
    }

    /// What of it the outside may have before it is whole.
    pub(super) fn half(self) -> Option<&'static str> {
        match self {
            Self::Receive => Some("on disk, the 200 not given"),
            Self::Record => Some("KIE had the order, its answer not noted"),
            Self::Delivered => Some("Telegram had the message, not noted"),
            Self::Handle | Self::Start | Self::Result | Self::Settle => None,
        }
    }
}

/// A life, as seen from outside.
pub(super) struct Life {
    /// What the outside had seen when it began.
    pub(super) mark: Mark,
    /// The updates that were posted and had no 200, just before the kill.
    pub(super) posted: Vec<i64>,
    /// When it was killed.
    pub(super) at_ms: i64,
    pub(super) lived: Duration,
    /// It had started before it was killed.
    pub(super) started: bool,
}

/// Where a kill landed.
pub(super) struct Landed {
    life: Life,
    /// At these commits; true where the outside had half of one.
    pub(super) at: BTreeMap<Commit, bool>,
    pub(super) depths: Depths,
    /// Jobs whose ending may have been delivered without a note of it: it goes again.
    pub(super) unnoted: BTreeSet<JobId>,
    /// Chats with more messages waiting than one answer has.
    pub(super) behind: BTreeSet<i64>,
}

impl Landed {
    fn note(&mut self, commit: Commit, half: bool) {
        *self.at.entry(commit).or_default() |= half;
    }

    /// An update was queued or a job was open.
    pub(super) fn is_busy(&self) -> bool {
        self.depths.updates > 0 || self.depths.jobs > 0
    }

    pub(super) fn is_early(&self) -> bool {
        !self.life.started
    }
}

impl fmt::Display for Landed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Depths { updates, jobs, messages } = self.depths;
        let early = if self.is_early() { ", while it started" } else { "" };
        write!(f, "after {} ms{early}: {updates} updates, {jobs} jobs, ", self.life.lived.as_millis())?;
        write!(f, "{messages} messages")?;
        for (commit, half) in &self.at {
            let half = commit.half().filter(|_| *half).map_or(String::new(), |half| format!(" ({half})"));
            write!(f, "; at {}{half}", commit.name())?;
        }
        Ok(())
    }
}

/// The jobs whose ending is in the outbox.
pub(super) fn unnoted(view: &View) -> Result<BTreeSet<JobId>, String> {
    let rows = read(view.outbox(Priority::Result as u8, None, usize::MAX))?;
    let mut jobs = BTreeSet::new();
    for (_, row) in rows {
        match read(row)?.outgoing.about {
            About::Result(job) | About::Ending(job) => drop(jobs.insert(job)),
            About::Nothing
            | About::Screen(_)
            | About::Status(_)
            | About::Invoice(_)
            | About::Refund(_)
            | About::Receipt(_) => {}
        }
    }
    Ok(jobs)
}

/// The chats with more messages waiting than one answer has.
fn behind(view: &View) -> Result<BTreeSet<i64>, String> {
    let mut waiting = BTreeMap::<i64, usize>::new();
    for priority in [Priority::Result, Priority::Reply] {
        for (_, row) in read(view.outbox(priority as u8, None, usize::MAX))? {
            *waiting.entry(read(row)?.outgoing.chat.0).or_default() += 1;
        }
    }
    Ok(waiting.into_iter().filter(|(_, messages)| *messages > ANSWER).map(|(chat, _)| chat).collect())
}

/// The outside at the moment of the kill.
struct Outside<'a> {
    kie: &'a kie::World,
    asked: BTreeSet<JobId>,
    at_ms: i64,
}

impl Outside<'_> {
    /// How a task had ended.
    fn ended(&self, task: &str) -> Option<kie::State> {
        let task = self.kie.tasks().get(task)?;
        task.ended_ms.filter(|ended_ms| *ended_ms <= self.at_ms).map(|_| task.state)
    }

    /// The commit a job was at; true where the outside had half of it.
    fn commit_of(&self, job: &Job) -> Option<(Commit, bool)> {
        match &job.row.state {
            State::Queued { since, not_before } => (not_before <= since).then_some((Commit::Start, false)),
            State::Sending { .. } => Some((Commit::Record, self.asked.contains(&job.id))),
            State::Waiting { task, .. } => match self.ended(task)? {
                kie::State::Success => Some((Commit::Result, false)),
                kie::State::Fail => Some((Commit::Settle, false)),
                kie::State::Running => None,
            },
            State::Fetching { .. } => Some((Commit::Settle, false)),
            State::Unknown { .. } | State::Done { .. } | State::Failed { .. } | State::Late { .. } => None,
        }
    }
}

/// Tells where a kill landed.
pub(super) fn tell(view: &View, sandbox: &Sandbox, life: Life) -> Result<Landed, String> {
    let jobs = open_jobs(view)?;
    let told: BTreeMap<JobId, Told> = sandbox.telegram.look(|world| outside::told(world, life.mark));
    // A 200 that was under way at the kill has come by now.
    let acknowledged = |id: &i64| {
        sandbox.telegram.look(|world| world.receipts().get(id).is_some_and(|receipt| receipt.ok > 0))
    };
    let posted: Vec<i64> = life.posted.iter().copied().filter(|id| !acknowledged(id)).collect();
    let (depths, unnoted) = (depths(view)?, unnoted(view)?);
    let behind = behind(view)?;
    let mut landed = Landed { life, at: BTreeMap::new(), depths, unnoted: BTreeSet::new(), behind };
    for id in posted {
        let update = UpdateId(id.unsigned_abs());
        landed.note(Commit::Receive, read(view.seen(BOT, update))?.is_some());
    }
    if depths.updates > 0 {
        landed.note(Commit::Handle, false);
    }
    let (mark, at_ms) = (landed.life.mark, landed.life.at_ms);
    let at = sandbox.kie.look(|kie| {
        let outside = Outside { kie, asked: outside::asked(kie, mark), at_ms };
        jobs.iter().filter_map(|job| outside.commit_of(job)).collect::<Vec<_>>()
    });
    for (commit, half) in at {
        landed.note(commit, half);
    }
    for job in &unnoted {
        landed.note(Commit::Delivered, told.contains_key(job));
    }
    landed.unnoted = unnoted;
    Ok(landed)
}
