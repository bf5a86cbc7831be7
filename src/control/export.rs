//! What an operator takes away: the ledger, the customers and the jobs, a page at a time, so that
//! neither end ever holds more than one page. Prompts, files and secrets are not in it.

use crate::ids::{JobId, Seq, UserId};
use crate::ledger::Account;
use crate::store::{Fault, Job, LedgerRow, UserRow, View};
use serde::{Deserialize, Serialize};

/// A page has at most so many rows: some megabytes at most.
const MOST: usize = 5_000;

/// What can be taken away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Table {
    /// Every movement of money.
    Ledger,
    /// Who came to the bot, and their money.
    Users,
    /// Every generation.
    Jobs,
}

/// A page of one table, by ascending numbers. One with fewer rows than were asked for is the last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Page {
    /// Of the ledger.
    Ledger(Vec<LedgerLine>),
    /// Of the customers.
    Users(Vec<UserLine>),
    /// Of the jobs.
    Jobs(Vec<JobLine>),
}

/// A movement of money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerLine {
    /// Its row.
    pub seq: Seq,
    /// When.
    pub at: String,
    /// `topup`, `hold`, `charge`, `release`, `refund`, `adjust`, `loss`.
    pub kind: String,
    /// The account it went out of: `user:<id>`, or one of the operator's.
    pub debit: String,
    /// The account it went into.
    pub credit: String,
    /// Roubles.
    pub amount: String,
    /// Its idempotency key.
    #[serde(rename = "ref")]
    pub reference: String,
    /// For a charge or release: the row of the hold it ended.
    pub pending_of: Option<Seq>,
    /// The job it was for.
    pub job: Option<JobId>,
    /// Why, as a code.
    pub memo: String,
}

/// A customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserLine {
    /// The Telegram id.
    pub user: UserId,
    /// As Telegram says.
    pub first_name: String,
    /// As Telegram says, without the @.
    pub username: Option<String>,
    /// `ru` or `en`.
    pub language: String,
    /// When they first came.
    pub first_seen: String,
    /// When they last did something.
    pub last_seen: String,
    /// They blocked the bot.
    pub blocked: bool,
    /// An operator stopped them from ordering.
    pub banned: bool,
    /// What they may spend, in roubles.
    pub available: String,
    /// What is reserved for open jobs, in roubles.
    pub held: String,
}

/// A generation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobLine {
    /// Its number.
    pub job: JobId,
    /// The code that its customer was shown.
    pub code: String,
    /// Whose.
    pub user: UserId,
    /// The model's id.
    pub model: String,
    /// `queued`, `sending`, `waiting`, `unknown`, `fetching`, `done`, `failed`, `late`.
    pub state: String,
    /// Roubles; 0.00 for a free one.
    pub price: String,
    /// It was a free use.
    pub free: bool,
    /// What KIE charges for it, in dollars.
    pub cost_usd: String,
    /// KIE's task.
    pub task: Option<String>,
    /// When it was confirmed.
    pub created: String,
    /// When it ended.
    pub ended: Option<String>,
}

pub(super) fn page(view: &View, table: Table, after: u64, limit: u32) -> Result<Page, Fault> {
    let limit = usize::try_from(limit).unwrap_or(MOST).min(MOST);
    match table {
        Table::Ledger => {
            let rows = view.ledger_after(Seq(after), limit)?;
            Ok(Page::Ledger(rows.iter().map(|(seq, row)| ledger_line(*seq, row)).collect()))
        }
        Table::Users => {
            // No Telegram id is so large; nobody comes after it then.
            let after = UserId(i64::try_from(after).unwrap_or(i64::MAX));
            let rows = view.users_after(after, limit)?;
            let lines = rows.into_iter().map(|(user, row)| user_line(view, user, row));
            Ok(Page::Users(lines.collect::<Result<_, _>>()?))
        }
        Table::Jobs => {
            let key = view.note::<[u8; 32]>("server_key")?;
            let key = key.ok_or_else(|| Fault::Bug("the store has no key of its own".to_owned()))?;
            let rows = view.jobs_after(JobId(after), limit)?;
            Ok(Page::Jobs(rows.into_iter().map(|job| job_line(job, &key)).collect()))
        }
    }
}

fn ledger_line(seq: Seq, row: &LedgerRow) -> LedgerLine {
    let transfer = &row.transfer;
    LedgerLine {
        seq,
        at: transfer.at.to_string(),
        kind: transfer.kind.to_string(),
        debit: transfer.debit.to_string(),
        credit: transfer.credit.to_string(),
        amount: transfer.amount.to_string(),
        reference: transfer.reference.to_string(),
        pending_of: transfer.pending_of,
        job: transfer.job,
        memo: transfer.memo.to_string(),
    }
}

fn user_line(view: &View, user: UserId, row: UserRow) -> Result<UserLine, Fault> {
    let counters = view.account(Account::User(user))?.counters;
    let available = counters.available();
    let available =
        available.ok_or_else(|| Fault::Bug(format!("the wallet of {} does not fit", user.masked())))?;
    Ok(UserLine {
        user,
        first_name: row.first_name,
        username: row.username,
        language: row.lang.code().to_owned(),
        first_seen: row.first_seen.to_string(),
        last_seen: row.last_seen.to_string(),
        blocked: row.blocked,
        banned: row.banned,
        available: available.to_string(),
        held: counters.held().to_string(),
    })
}

fn job_line(job: Job, key: &[u8; 32]) -> JobLine {
    let row = job.row;
    JobLine {
        job: job.id,
        code: row.request.code(key),
        user: row.user,
        state: row.state.name().to_owned(),
        price: row.price.to_string(),
        free: !row.price.is_positive(),
        cost_usd: row.cost_usd.to_string(),
        task: row.task,
        created: row.created.to_string(),
        ended: row.ended.map(|at| at.to_string()),
        model: row.model,
    }
}
