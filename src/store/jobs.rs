//! Jobs: their rows, and the indexes that find the ones that are due and the one a task belongs to.

use super::accounts::JobMoney;
use super::codec::{Row, get, put};
use super::fault::Fault;
use super::tables::Tables;
use super::{Tx, View};
use crate::catalog::input::{Uploads, Values};
use crate::ids::{JobId, MessageId, OutboxId, RequestId, UserId};
use crate::job::{State, TaskId};
use crate::message::{Lang, NotTaken};
use crate::money::Kopecks;
use crate::time::{At, Up};
use redb::ReadableTable;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// Stands in place of an hour, which it never is, when a job took one of its customer's bonus uses.
pub const BONUS_HOUR: u32 = u32::MAX;

/// A job with its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Its number.
    pub id: JobId,
    /// Everything else.
    pub row: JobRow,
}

/// Everything about one generation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobRow {
    /// Whose it is.
    pub user: UserId,
    /// The model's id in the catalogue.
    pub model: String,
    /// What was chosen, as the provider gets it.
    pub input: Values,
    /// Where the provider has the customer's files, as far as they are uploaded.
    pub uploads: Uploads,
    /// The provider's task, once it is known.
    pub task: Option<TaskId>,
    /// What the customer was shown and the hold reserves; zero for a free use.
    pub price: Kopecks,
    /// What the provider charges, in dollars, for the loss of a late success.
    pub cost_usd: Decimal,
    /// The calendar hour whose free use of the model it took, or [`BONUS_HOUR`].
    pub free_hour: Option<u32>,
    /// The request it began with.
    pub request: RequestId,
    /// The language its news are in.
    pub lang: Lang,
    /// When it was confirmed.
    pub created: At,
    /// When it ended.
    pub ended: Option<At>,
    /// Where it stands.
    pub state: State,
    /// When to look at it next; the index `jobs_due` has the same.
    pub due: Option<Up>,
    /// Its rows in the ledger.
    pub money: JobMoney,
    /// The customer's job before it.
    pub prev: Option<JobId>,
    /// The message that shows where it stands.
    pub status_message: Option<MessageId>,
    /// The message that told the customer how it ended (L10).
    pub told: Option<OutboxId>,
    /// What became of that message.
    pub delivery: Delivery,
}

impl Row for JobRow {
    const TABLE: &'static str = "jobs";
}

/// What became of the message that tells how a job ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Delivery {
    /// There is none yet, or it is in the outbox.
    #[default]
    Waiting,
    /// Telegram has it.
    Delivered {
        /// When.
        at: At,
        /// Telegram's names of the files, for sending them again.
        file_ids: Vec<String>,
    },
    /// Telegram would not take it.
    Refused {
        /// When.
        at: At,
        /// Why.
        why: NotTaken,
    },
}

pub(super) fn job<T: Tables>(tables: &T, id: JobId) -> Result<Option<Job>, Fault> {
    Ok(get(tables.jobs()?, id.0)?.map(|row| Job { id, row }))
}

fn due<T: Tables>(tables: &T, until: Up, limit: usize) -> Result<Vec<JobId>, Fault> {
    let mut jobs = Vec::new();
    for entry in tables.jobs_due()?.range(..=(until.0, u64::MAX))?.take(limit) {
        jobs.push(JobId(entry?.0.value().1));
    }
    Ok(jobs)
}

fn of_user(
    job: impl Fn(JobId) -> Result<Option<Job>, Fault>,
    newest: Option<JobId>,
    skip: usize,
    limit: usize,
) -> Result<Vec<Job>, Fault> {
    let mut jobs = Vec::new();
    let mut next = newest;
    let mut skipped = 0;
    while let Some(id) = next.filter(|_| jobs.len() < limit) {
        let Some(job) = job(id)? else {
            let why = "another row points to it and it is missing".to_owned();
            return Err(Fault::Row { table: JobRow::TABLE, key: id.to_string(), why });
        };
        next = job.row.prev;
        if skipped < skip {
            skipped += 1;
        } else {
            jobs.push(job);
        }
    }
    Ok(jobs)
}

impl View {
    /// A job.
    pub fn job(&self, id: JobId) -> Result<Option<Job>, Fault> {
        job(&self.tables, id)
    }

    /// The jobs whose time has come, earliest first, at most `limit`.
    pub fn due(&self, until: Up, limit: usize) -> Result<Vec<JobId>, Fault> {
        due(&self.tables, until, limit)
    }

    /// When the first job's time comes of those that are not due at `now`.
    pub fn next_due_after(&self, now: Up) -> Result<Option<Up>, Fault> {
        let next = self.tables.jobs_due.read()?.range((now.0.saturating_add(1), 0)..)?.next();
        Ok(next.transpose()?.map(|(key, _)| Up(key.value().0)))
    }

    /// The number of the newest job of all.
    pub fn last_job(&self) -> Result<Option<JobId>, Fault> {
        Ok(self.tables.jobs.read()?.last()?.map(|(key, _)| JobId(key.value())))
    }

    /// A customer's jobs, newest first, `limit` of them after `skip`.
    pub fn jobs_of(&self, user: UserId, skip: usize, limit: usize) -> Result<Vec<Job>, Fault> {
        let newest = super::users::user(&self.tables, user)?.and_then(|row| row.newest_job);
        of_user(|id| self.job(id), newest, skip, limit)
    }
}

impl Tx<'_> {
    /// A customer's jobs, newest first, `limit` of them after `skip`.
    pub fn jobs_of(&self, user: UserId, skip: usize, limit: usize) -> Result<Vec<Job>, Fault> {
        let newest = super::users::user(&self.tables, user)?.and_then(|row| row.newest_job);
        of_user(|id| self.job(id), newest, skip, limit)
    }

    /// The number the next new job gets.
    pub fn next_job_id(&mut self) -> Result<JobId, Fault> {
        let last = if let Some(last) = self.hot.last_job {
            last
        } else {
            let last = self.tables.jobs.read()?.last()?.map_or(0, |(key, _)| key.value());
            last.max(self.counter(JOBS_AFTER)?)
        };
        self.hot.last_job = Some(last);
        Ok(JobId(last + 1))
    }

    /// The job a provider's task belongs to.
    pub fn job_of_task(&self, task: &str) -> Result<Option<JobId>, Fault> {
        Ok(self.tables.jobs_by_task.read()?.get(task)?.map(|job| JobId(job.value())))
    }

    /// How many jobs wait to be sent, of all customers.
    pub fn queued_jobs(&self) -> Result<u64, Fault> {
        self.counter(QUEUED)
    }

    /// How often a model was sold, by its id.
    pub fn sold(&self, model: &str) -> Result<u64, Fault> {
        self.counter(&sold_counter(model))
    }

    /// Counts a sale of a model.
    pub fn count_sale(&mut self, model: &str) -> Result<(), Fault> {
        let count = self.sold(model)?.saturating_add(1);
        self.set_counter(&sold_counter(model), count);
        Ok(())
    }

    /// Writes a job, new or not, and keeps the indexes right: when it is due, whose task it has,
    /// how many are queued.
    pub fn put_job(&mut self, job: &Job) -> Result<(), Fault> {
        self.wake.jobs = true;
        let is_next = self.hot.last_job.is_some_and(|last| job.id.0 > last);
        let before = if is_next {
            None
        } else {
            self.write_jobs_for(job.id)?;
            get::<_, JobRow>(self.tables.jobs.read()?, job.id.0)?
        };
        let was_due = before.as_ref().and_then(|row| row.due);
        if !is_next && was_due != job.row.due {
            if let Some(due) = was_due {
                self.tables.jobs_due.write()?.remove((due.0, job.id.0))?;
            }
            if let Some(due) = job.row.due {
                self.tables.jobs_due.write()?.insert((due.0, job.id.0), ())?;
            }
        }
        let had_task = before.as_ref().and_then(|row| row.state.task());
        if let Some(task) = job.row.state.task().filter(|task| had_task != Some(task)) {
            self.tables.jobs_by_task.write()?.insert(task.as_str(), job.id.0)?;
        }
        self.count_queued(before.as_ref().is_some_and(is_queued), is_queued(&job.row))?;
        if is_next { self.add_job(job) } else { put(self.tables.jobs.write()?, job.id.0, &job.row) }
    }

    fn count_queued(&mut self, was: bool, is: bool) -> Result<(), Fault> {
        if was == is {
            return Ok(());
        }
        let count = self.queued_jobs()?;
        let count = if is { count.checked_add(1) } else { count.checked_sub(1) };
        let count = count.ok_or_else(|| Fault::Bug("the count of queued jobs is off".to_owned()))?;
        self.set_counter(QUEUED, count);
        Ok(())
    }
}

const QUEUED: &str = "queued_jobs";
/// The count of the number that new jobs are above, where the file does not have all that were.
pub(super) const JOBS_AFTER: &str = "jobs_after";

fn sold_counter(model: &str) -> String {
    format!("sold:{model}")
}

fn is_queued(row: &JobRow) -> bool {
    matches!(row.state, State::Queued { .. })
}
