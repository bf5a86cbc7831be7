//! Forgetting: all of a customer at their wish, and what customers wrote and made once it is old. The
//! ledger and the shells of jobs stay, under a number without a name: the books must add up.
//!
//! **Invariant:** nothing of a job is touched before it is over, and no money moves here.

use crate::ids::{JobId, PaymentId, UserId};
use crate::job::{Late, State, Why};
use crate::ledger::Account;
use crate::message::Lang;
use crate::money::Kopecks;
use crate::payment::{self, Way};
use crate::store::{Delivery, Fault, Job, Session, Tx};
use crate::time::{At, millis};
use std::time::Duration;

/// So many jobs are forgotten in one transaction; of more the sweep takes the rest.
pub const STEP: usize = 500;
/// What stands in place of the provider's words, which may repeat the customer's.
const CUT: &str = "…";

/// Why a customer cannot be forgotten yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotYet {
    /// Generations are under way, or their results are.
    #[error("{0} jobs are open")]
    Open(u32),
    /// An operator is looking for this transfer.
    #[error("transfer {0} is being checked")]
    Claimed(PaymentId),
    /// This transfer may yet be paid; the customer can end it.
    #[error("transfer {0} may yet be paid")]
    Asked(PaymentId),
    /// Money is left.
    #[error("{available} ₽ are left and {held} ₽ are held")]
    Money {
        /// What may be spent, or given up.
        available: Kopecks,
        /// What is reserved.
        held: Kopecks,
    },
}

/// Whether a customer may be forgotten now. A debt is no reason to keep a name.
pub fn check(tx: &Tx<'_>, user: UserId) -> Result<Result<(), NotYet>, Fault> {
    let under_way = |job: &Job| !job.row.state.is_final() || job.row.delivery == Delivery::Waiting;
    let open = tx.jobs_of(user, 0, STEP)?.iter().filter(|job| under_way(job)).count();
    if open > 0 {
        return Ok(Err(NotYet::Open(u32::try_from(open).unwrap_or(u32::MAX))));
    }
    if tx.open_payments_of(user)? > 0 {
        let open = tx.payments_of(user, 0, usize::MAX)?.into_iter().filter(|one| one.row.way == Way::Manual);
        let not_yet = open.into_iter().find_map(|one| match one.row.state {
            payment::State::Asked { .. } => Some(NotYet::Asked(one.id)),
            payment::State::Claimed { .. } => Some(NotYet::Claimed(one.id)),
            payment::State::Rejected
            | payment::State::Expired
            | payment::State::Paid
            | payment::State::Refunding
            | payment::State::Refunded
            | payment::State::ChargedBack => None,
        });
        return match not_yet {
            Some(not_yet) => Ok(Err(not_yet)),
            None => Err(Fault::Bug(format!("customer {} has an open payment and none", user.masked()))),
        };
    }
    let (available, held) = (tx.available(user)?, tx.account(Account::User(user))?.counters.held());
    if available.is_positive() || held.is_positive() {
        return Ok(Err(NotYet::Money { available, held }));
    }
    Ok(Ok(()))
}

/// Forgets a customer: name, prompts, inputs, files, conversation, operators' words about them. What they
/// have used today for nothing is still counted, and a ban stays: else both were worth nothing.
pub fn forget(tx: &mut Tx<'_>, user: UserId, session: &mut Session) -> Result<Result<(), NotYet>, Fault> {
    if let Err(not_yet) = check(tx, user)? {
        return Ok(Err(not_yet));
    }
    let Some(mut row) = tx.user(user)? else { return Ok(Ok(())) };
    *session = bare(session);
    tx.drop_looks(user)?;
    tx.forget_parked_of(user)?;
    tx.cut_reasons(user)?;
    tx.cut_legacy(user)?;
    for mut payment in
        tx.payments_of(user, 0, usize::MAX)?.into_iter().filter(|one| one.row.receipt.is_some())
    {
        payment.row.receipt = None;
        tx.put_payment(&payment)?;
    }
    if let Some(left) = forget_jobs(tx, row.newest_job)? {
        let mut forgetting = tx.forgetting()?;
        forgetting.retain(|(who, _)| *who != user);
        forgetting.push((user, left));
        tx.put_forgetting(&forgetting)?;
    }
    row.first_name.clear();
    (row.username, row.lang) = (None, Lang::default());
    tx.put_user(user, &row)?;
    Ok(Ok(()))
}

/// Goes on with those of whom there was too much for one transaction. One of whose jobs cannot be read waits
/// behind all others.
pub fn go_on(tx: &mut Tx<'_>) -> Result<(), Fault> {
    let mut forgetting = tx.forgetting()?;
    if forgetting.is_empty() {
        return Ok(());
    }
    let (user, from) = forgetting.remove(0);
    let left = match forget_jobs(tx, Some(from)) {
        Err(fault @ Fault::Row { .. }) => {
            tracing::debug!(%fault, "a customer's jobs cannot be forgotten");
            Some(from)
        }
        left => left?,
    };
    forgetting.extend(left.map(|left| (user, left)));
    tx.put_forgetting(&forgetting)
}

/// Forgets what customers wrote and made `days` ago and earlier, a step of it; 0 forgets nothing.
pub fn forget_old(tx: &mut Tx<'_>, days: u32, limit: usize) -> Result<(), Fault> {
    if days == 0 {
        return Ok(());
    }
    let kept = Duration::from_secs(u64::from(days) * 24 * 3600);
    let before = At(tx.now().at.0.saturating_sub(millis(kept)));
    for job in tx.jobs_to_forget(before, limit)? {
        forget_job(tx, job)?;
    }
    for (user, session) in tx.sessions_to_forget(before, limit)? {
        tx.put_session(user, &bare(&session))?;
    }
    tx.forget_parked(before, limit)
}

/// Forgets the jobs of one customer, from `newest` on back; gives where to go on.
fn forget_jobs(tx: &mut Tx<'_>, newest: Option<JobId>) -> Result<Option<JobId>, Fault> {
    let mut next = newest;
    for _ in 0..STEP {
        let Some(job) = next.map(|id| tx.job(id)).transpose()?.flatten() else { return Ok(None) };
        next = job.row.prev;
        let is_over = job.row.state.is_final() && job.row.delivery != Delivery::Waiting;
        if is_over {
            forget_job(tx, job)?;
        }
    }
    Ok(next)
}

/// Takes out of a job what the customer gave and got. A late success is not looked for any more: there is
/// nobody to give it to.
fn forget_job(tx: &mut Tx<'_>, mut job: Job) -> Result<(), Fault> {
    let row = &mut job.row;
    row.input.clear();
    row.uploads.clear();
    row.task = None;
    let mut words = None;
    match &mut row.state {
        State::Done { files } | State::Late { files } => files.clear(),
        State::Failed { why, late } => {
            *late = Late::Never;
            row.due = None;
            if let Why::Rejected { message } | Why::TaskFailed { message } = why {
                words = Some(std::mem::replace(message, CUT.to_owned()));
            }
        }
        State::Queued { .. }
        | State::Sending { .. }
        | State::Waiting { .. }
        | State::Unknown { .. }
        | State::Fetching { .. } => return Err(Fault::Bug(format!("job {} is not over", job.id))),
    }
    if let Delivery::Delivered { file_ids, .. } = &mut row.delivery {
        file_ids.clear();
    }
    let request = row.request;
    tx.put_job(&job)?;
    match words.filter(|words| !words.is_empty()) {
        Some(words) => tx.cut_trace(request, &words),
        None => Ok(()),
    }
}

/// A conversation without words. Numbers of drafts are never given twice, and nobody gets new actions.
fn bare(session: &Session) -> Session {
    Session {
        drafts: session.drafts,
        placed: session.placed,
        actions_left_milli: session.actions_left_milli,
        actions_at: session.actions_at,
        slowed: session.slowed,
        ..Session::default()
    }
}
