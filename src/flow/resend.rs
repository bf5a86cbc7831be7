//! Sending a finished job's result once more: by Telegram's own names of the files, or, when the
//! first message could not be delivered, from our copy. No money moves.

use super::{news, settle};
use crate::ids::{JobId, UserId};
use crate::job::{File, Late, State};
use crate::message::{Act, NotTaken, Source};
use crate::store::{Delivery, Fault, Job, Tx};
use crate::time::At;
use std::time::Duration;

/// How long our copy of a result waits for a customer who could not be reached.
pub const COPY_KEPT: Duration = Duration::from_secs(30 * 24 * 3600);

/// How long a link to a result at the provider is counted on: KIE's documents say 24 hours in one
/// place and 14 days in another.
pub const LINK_KEPT: Duration = Duration::from_secs(24 * 3600);

/// Why nothing was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotSent {
    /// The customer has no such job.
    #[error("the customer has no such job")]
    NoSuchJob,
    /// It has no files, or they are gone.
    #[error("it has no files, or they are gone")]
    NoFiles,
}

/// The result of a job that has one.
fn files(job: &Job) -> Option<&[File]> {
    match &job.row.state {
        State::Done { files } | State::Late { files } => Some(files),
        State::Queued { .. }
        | State::Sending { .. }
        | State::Waiting { .. }
        | State::Unknown { .. }
        | State::Fetching { .. }
        | State::Failed { .. } => None,
    }
}

/// True when what it cost went back, as nobody could have it or an operator said so: it is not to be had then.
fn is_paid_back(job: &Job) -> bool {
    // A late result was paid back before it came, and is a gift.
    matches!(job.row.state, State::Done { .. }) && settle::is_paid_back(job)
}

/// True when [`again`] has something to send.
pub fn possible(job: &Job, now: At) -> bool {
    if files(job).is_some_and(|files| files.iter().any(|file| file.link.is_some())) {
        let fresh = job.row.ended.is_some_and(|ended| now.since(ended) < LINK_KEPT);
        return fresh && job.row.delivery != Delivery::Waiting && !is_paid_back(job);
    }
    let has_files = files(job).is_some_and(|files| !files.is_empty());
    let somewhere = match &job.row.delivery {
        Delivery::Delivered { file_ids, .. } if !file_ids.is_empty() => true,
        // Nobody confirmed the delivery, or the customer had blocked the bot.
        Delivery::Delivered { .. } | Delivery::Refused { why: NotTaken::Blocked, .. } => keeps_copy(job, now),
        Delivery::Refused { .. } | Delivery::Waiting => false,
    };
    has_files && somewhere && !is_paid_back(job)
}

/// True while our own copy of a job's files is still of use: it waits for its delivery, or for a
/// customer who may yet ask for it.
pub fn keeps_copy(job: &Job, now: At) -> bool {
    let Some(ended) = job.row.ended else { return true };
    let expected = match (&job.row.state, &job.row.delivery) {
        (State::Failed { late, .. }, _) => matches!(late, Late::Fetch { .. }),
        // What was forgotten is not kept for anybody.
        (State::Done { files } | State::Late { files }, _) if files.is_empty() => return false,
        (_, Delivery::Waiting) => return !is_paid_back(job),
        (_, Delivery::Delivered { file_ids, .. }) => file_ids.is_empty(),
        (_, Delivery::Refused { why, .. }) => *why == NotTaken::Blocked,
    };
    expected && !is_paid_back(job) && now.since(ended) < COPY_KEPT
}

/// Puts the result of a customer's job into the outbox once more.
pub fn again(tx: &mut Tx<'_>, user: UserId, id: JobId) -> Result<Result<(), NotSent>, Fault> {
    let Some(mut job) = tx.job(id)?.filter(|job| job.row.user == user) else {
        return Ok(Err(NotSent::NoSuchJob));
    };
    let Some(files) = files(&job).filter(|_| possible(&job, tx.now().at)) else {
        return Ok(Err(NotSent::NoFiles));
    };
    let request = Some(job.row.request);
    let mut message = news::result(&job, files);
    match &job.row.delivery {
        Delivery::Delivered { file_ids, .. } if !file_ids.is_empty() => {
            if let Act::Media { files, .. } = &mut message.act {
                *files = file_ids.iter().cloned().map(Source::FileId).collect();
            }
            tx.say(message, request)?;
        }
        // The customer had blocked the bot: this is the message that tells how the job ended.
        Delivery::Delivered { .. } | Delivery::Refused { .. } | Delivery::Waiting => {
            job.row.told = Some(tx.say(message, request)?);
            job.row.delivery = Delivery::Waiting;
            tx.put_job(&job)?;
        }
    }
    Ok(Ok(()))
}
