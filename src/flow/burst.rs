//! Noticing that many jobs fail at once, by causes that have no alarm of their own.

use super::Shop;
use super::alarm::{self, Alarm};
use crate::job::Why;
use crate::store::{Fault, Job, Tx};
use crate::time::At;
use std::time::Duration;

/// So many failures ...
const MANY: usize = 5;
/// ... within this time are a burst.
const WITHIN: Duration = Duration::from_secs(600);
/// The note of when the newest failures were.
const NOTE: &str = "failures";

/// Counts a failure, and tells the operator when it is one of many. What a customer caused counts
/// nothing.
pub(super) fn note(shop: &Shop, tx: &mut Tx<'_>, job: &Job, why: &Why) -> Result<(), Fault> {
    match why {
        Why::QueueTimeout | Why::TaskFailed { .. } | Why::NoAnswer | Why::Deadline => {}
        Why::Cancelled
        | Why::Rejected { .. }
        | Why::InputLost
        | Why::NoCredit
        | Why::KeyRefused
        | Why::Paused
        | Why::ModelGone
        | Why::ResultLost => return Ok(()),
    }
    let now = tx.now().at;
    let mut failures = tx.note::<Vec<At>>(NOTE)?.unwrap_or(Vec::new());
    failures.retain(|at| *at <= now && now.since(*at) < WITHIN);
    failures.push(now);
    let is_burst = failures.len() >= MANY;
    if is_burst {
        // The next burst is of failures to come.
        failures.clear();
    }
    tx.put_note(NOTE, &failures)?;
    if !is_burst {
        return Ok(());
    }
    let code = job.row.request.code(&shop.server_key);
    alarm::raise(shop, tx, Alarm::ErrorBurst, &format!("{} {code}: {why}", job.row.model))
}
