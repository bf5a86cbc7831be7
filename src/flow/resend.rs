//! Sending a finished job's result once more: by Telegram's own names of the files, or, when the
//! first message could not be delivered, from our copy. No money moves.

use super::news;
use super::settle::model_of;
use crate::ids::{JobId, UserId};
use crate::job::{File, State};
use crate::message::{Act, NotTaken, Source};
use crate::store::{Delivery, Fault, Job, Tx};

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

/// True when [`again`] has something to send.
pub fn possible(job: &Job) -> bool {
    if job.row.money.refund.is_some() {
        return false;
    }
    let at_telegram = match &job.row.delivery {
        // Without ids nobody confirmed the delivery, and our own copy is still there.
        Delivery::Delivered { .. } => true,
        Delivery::Refused { why, .. } => *why == NotTaken::Blocked,
        Delivery::Waiting => false,
    };
    at_telegram && files(job).is_some_and(|files| !files.is_empty())
}

/// Puts the result of a customer's job into the outbox once more.
pub fn again(tx: &mut Tx<'_>, user: UserId, id: JobId) -> Result<Result<(), NotSent>, Fault> {
    let Some(mut job) = tx.job(id)?.filter(|job| job.row.user == user) else {
        return Ok(Err(NotSent::NoSuchJob));
    };
    let Some(files) = files(&job).filter(|_| possible(&job)) else { return Ok(Err(NotSent::NoFiles)) };
    let model = model_of(&job)?;
    let request = Some(job.row.request);
    let mut message = news::result(&job, model, files);
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
