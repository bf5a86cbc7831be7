//! Counting results for the operator's numbers by day.

use super::free::micro_usd;
use crate::catalog;
use crate::job::{Late, State, Why};
use crate::ledger::Account;
use crate::store::{DayRow, Fault, Job, Tx};

/// So far back a customer's jobs are looked through for a free one, once in their life.
const LOOK_BACK: usize = 50;

/// Counts a job that has just brought a result, after its money has moved.
pub(super) fn result(tx: &mut Tx<'_>, job: &Job) -> Result<(), Fault> {
    let mut count = DayRow { cost_micro_usd: micro_usd(job.row.cost_usd)?, ..DayRow::default() };
    match (&job.row.state, job.row.free_hour) {
        (State::Done { .. }, None) => {
            count.sold = 1;
            if is_first_charge(tx, job)? {
                count.first_paid = 1;
                count.from_free = u32::from(had_free(tx, job)?);
            }
        }
        (State::Done { .. }, Some(_)) => count.free = 1,
        (State::Late { .. }, _) => {}
        (
            State::Queued { .. }
            | State::Sending { .. }
            | State::Waiting { .. }
            | State::Unknown { .. }
            | State::Fetching { .. }
            | State::Failed { .. },
            _,
        ) => return Ok(()),
    }
    tx.count_day(&count)
}

/// Counts a job that has just ended, for whoever watches.
pub(super) fn ending(tx: &mut Tx<'_>, job: &Job) {
    let outcome = match &job.row.state {
        State::Done { .. } => "done",
        State::Late { .. } => "late",
        State::Failed { why, late: Late::Never | Late::Watch { .. } } => code(why),
        State::Failed { late: Late::Fetch { .. }, .. }
        | State::Queued { .. }
        | State::Sending { .. }
        | State::Waiting { .. }
        | State::Unknown { .. }
        | State::Fetching { .. } => return,
    };
    let model = catalog::model(&job.row.model).map_or("gone", |model| model.id);
    tx.after_commit(move || {
        metrics::counter!("samovar_jobs_ended_total", "model" => model, "outcome" => outcome).increment(1);
    });
}

/// The word for a failure, without anybody's words.
pub fn code(why: &Why) -> &'static str {
    match why {
        Why::Cancelled => "cancelled",
        Why::QueueTimeout => "queue-timeout",
        Why::NoCredit => "no-credit",
        Why::KeyRefused => "key-refused",
        Why::Paused => "paused",
        Why::ModelGone => "model-gone",
        Why::Rejected { .. } => "rejected",
        Why::TaskFailed { .. } => "task-failed",
        Why::NoAnswer => "no-answer",
        Why::Deadline => "deadline",
        Why::ResultLost => "result-lost",
        Why::InputLost => "input-lost",
    }
}

/// True when all that ever went out of the wallet is this charge. Who had a wallet debited by an
/// operator before is not counted as new to paying.
fn is_first_charge(tx: &Tx<'_>, job: &Job) -> Result<bool, Fault> {
    let counters = tx.account(Account::User(job.row.user))?.counters;
    Ok(job.row.money.hold.is_some() && counters.debits_posted == job.row.price)
}

fn had_free(tx: &Tx<'_>, job: &Job) -> Result<bool, Fault> {
    let jobs = tx.jobs_of(job.row.user, 0, LOOK_BACK)?;
    let is_free = |job: &Job| job.row.free_hour.is_some() && matches!(job.row.state, State::Done { .. });
    Ok(jobs.iter().any(is_free))
}
