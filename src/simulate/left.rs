//! The file that a process left, looked at from outside.

use super::service::BOT;
use crate::ids::{JobId, PaymentId, UpdateId};
use crate::job::{Late, State};
use crate::store::{Fate, Fault, Job, Payment, Store, View};
use crate::time::{Clock, Up};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// Looks at a copy of the file a dead process left: the next life opens the file as it was left.
pub(super) fn inspect<R>(home: &Path, look: impl FnOnce(&View) -> Result<R, String>) -> Result<R, String> {
    let (data, copy) = (home.join("data"), home.join("copy"));
    let copied = fs::create_dir_all(&copy)
        .and_then(|()| fs::copy(data.join("samovar.redb"), copy.join("samovar.redb")));
    copied.map_err(|why| format!("the file cannot be copied: {why}"))?;
    let (store, engine) = Store::open(&copy, Clock::system()).map_err(|why| why.to_string())?;
    let seen = look(&read(store.view())?);
    drop((engine, store));
    seen
}

pub(super) fn read<R>(answer: Result<R, Fault>) -> Result<R, String> {
    answer.map_err(|fault| format!("the file cannot be read: {fault}"))
}

/// A job that must be there.
pub(super) fn job_of(view: &View, id: JobId) -> Result<Job, String> {
    read(view.job(id))?.ok_or_else(|| format!("job {id} is lost"))
}

/// All payments there ever were.
pub(super) fn payments(view: &View) -> Result<Vec<Payment>, Fault> {
    let mut all = Vec::new();
    for id in 1.. {
        let Some(payment) = view.payment(PaymentId(id))? else { break };
        all.push(payment);
    }
    Ok(all)
}

/// All ten invariants over the whole file; gives how long it took.
pub(super) fn audited(view: &View) -> Result<Duration, String> {
    let started = Instant::now();
    let report = read(view.audit())?;
    if !report.ok {
        let broken = report.rules.into_iter().filter(|rule| !rule.ok).collect::<Vec<_>>();
        return Err(format!("the audit fails: {broken:#?}"));
    }
    Ok(started.elapsed())
}

/// An error when an update that got a 200 had no effect.
pub(super) fn all_handled(view: &View, acknowledged: &[i64]) -> Result<(), String> {
    for id in acknowledged {
        let seen = read(view.seen(BOT, UpdateId(id.unsigned_abs())))?;
        if !seen.as_ref().is_some_and(|seen| seen.fate == Fate::Handled) {
            return Err(format!("update {id} got a 200 and had no effect: {seen:?}"));
        }
    }
    Ok(())
}

/// What waits in the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Depths {
    /// Updates in the inbox.
    pub(super) updates: u64,
    /// Jobs that are not over, or that are over and whose late result is being copied.
    pub(super) jobs: usize,
    /// Messages in the outbox.
    pub(super) messages: u64,
}

/// What waits in the file.
pub(super) fn depths(view: &View) -> Result<Depths, String> {
    let jobs = open_jobs(view)?.len();
    Ok(Depths { updates: read(view.inbox_depth())?, jobs, messages: read(view.outbox_depth())? })
}

/// The jobs that something is still to be done for, now or later.
pub(super) fn open_jobs(view: &View) -> Result<Vec<Job>, String> {
    let due = read(view.due(Up(i64::MAX), usize::MAX))?;
    let jobs = due.into_iter().map(|id| job_of(view, id)).collect::<Result<Vec<_>, _>>()?;
    Ok(jobs.into_iter().filter(|job| is_open(&job.row.state)).collect())
}

fn is_open(state: &State) -> bool {
    match state {
        State::Failed { late, .. } => matches!(late, Late::Fetch { .. }),
        State::Queued { .. }
        | State::Sending { .. }
        | State::Waiting { .. }
        | State::Unknown { .. }
        | State::Fetching { .. } => true,
        State::Done { .. } | State::Late { .. } => false,
    }
}
