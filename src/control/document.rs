//! The documents that scripts read: the field names and formats of `--json` are these. Money is a
//! text of roubles with two decimals, times are RFC 3339 in UTC.

use crate::ids::{JobId, RequestId, Seq, UserId};
use crate::ledger::{Account, Kind};
use crate::store::{self, Candidate, LedgerRow, Report, StopRow, TraceRow, Verified};
use serde::{Deserialize, Serialize};

/// A wallet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wallet {
    /// Whose.
    pub user: UserId,
    /// What may be spent, in roubles.
    pub available: String,
    /// What is reserved for open jobs, in roubles.
    pub held: String,
    /// They have written to the bot, or were brought along from the old one.
    #[serde(default)]
    pub known: bool,
    /// The newest transfers, newest first.
    pub transfers: Vec<WalletTransfer>,
    /// There are older ones.
    #[serde(default)]
    pub older: bool,
    /// After a correction: the ref of its transfer.
    #[serde(rename = "ref", default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

/// One transfer, as its wallet sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WalletTransfer {
    /// Its row in the ledger.
    pub seq: Seq,
    /// When.
    pub at: String,
    /// `topup`, `hold`, `charge`, `release`, `refund`, `adjust`.
    pub kind: String,
    /// In roubles; below zero only for an `adjust` that took money out, since every other kind says
    /// itself which way the money went.
    pub amount: String,
    /// Its idempotency key.
    #[serde(rename = "ref")]
    pub reference: String,
    /// The job it was for.
    pub job: Option<JobId>,
    /// Why, as a code.
    pub memo: String,
    /// Of a correction: why, in the operator's words.
    pub reason: Option<String>,
}

impl WalletTransfer {
    /// The row `seq` as the wallet of `user` sees it.
    pub(super) fn of(user: UserId, seq: Seq, row: &LedgerRow, reason: Option<String>) -> Self {
        let transfer = &row.transfer;
        let is_out = transfer.kind == Kind::Adjust && transfer.debit == Account::User(user);
        let sign = if is_out { "-" } else { "" };
        Self {
            seq,
            at: transfer.at.to_string(),
            kind: transfer.kind.to_string(),
            amount: format!("{sign}{}", transfer.amount),
            reference: transfer.reference.to_string(),
            job: transfer.job,
            memo: transfer.memo.to_string(),
            reason,
        }
    }
}

/// What the audit found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Audit {
    /// All ten rules hold.
    pub ok: bool,
    /// How many ledger rows there are.
    pub rows: u64,
    /// L1 to L10.
    pub rules: Vec<AuditRule>,
    /// The hash the next ledger row will carry, in hex.
    pub head: String,
}

/// What the audit found of one rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRule {
    /// `L1` to `L10`.
    pub id: String,
    /// It holds.
    pub ok: bool,
    /// How many rows it was checked on.
    pub checked: u64,
    /// The first rows that break it.
    pub broken: Vec<BrokenRow>,
}

/// A row that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrokenRow {
    /// Table and key.
    pub row: String,
    /// What is wrong with it.
    pub what: String,
}

impl From<Report> for Audit {
    fn from(report: Report) -> Self {
        let broken = |one: store::Broken| BrokenRow { row: one.row, what: one.what };
        let rule = |rule: store::RuleReport| AuditRule {
            id: rule.id.to_owned(),
            ok: rule.ok,
            checked: rule.checked,
            broken: rule.broken.into_iter().map(broken).collect(),
        };
        let Report { ok, rows, rules, head } = report;
        Self { ok, rows, rules: rules.into_iter().map(rule).collect(), head }
    }
}

/// One request, from tap to delivery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeline {
    /// Its number.
    pub request: RequestId,
    /// The code its customer sees.
    pub code: String,
    /// Whose it is.
    pub user: UserId,
    /// The job it became.
    pub job: Option<JobId>,
    /// What happened, oldest first.
    pub events: Vec<Event>,
}

/// One event of a timeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When.
    pub at: String,
    /// What happened, as a code.
    pub what: String,
    /// What is worth knowing of it.
    pub data: String,
}

impl From<TraceRow> for Event {
    fn from(row: TraceRow) -> Self {
        Self { at: row.at.to_string(), what: row.what, data: row.data }
    }
}

/// Old welcome bonuses that may be taken back, or were.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Migration {
    /// Nothing was changed.
    pub dry_run: bool,
    /// Whose, the newest wallet first.
    pub candidates: Vec<Migrant>,
    /// What would be taken from all of them; once it was confirmed, what was. In roubles.
    pub total: String,
    /// What was to be taken from all of them, where that is another amount.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planned: Option<String>,
    /// From so many it was taken.
    pub done: usize,
    /// From so many it was not, or nobody knows whether it was.
    pub failed: usize,
}

/// A customer with nothing but an old welcome bonus.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Migrant {
    /// Who.
    pub user: UserId,
    /// What they may spend, in roubles; before anything was taken.
    pub balance: String,
    /// What they were given, in roubles.
    pub welcome: String,
    /// Since when.
    pub since: String,
    /// Why it was not taken, or why nobody knows whether it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
}

impl From<Candidate> for Migrant {
    fn from(found: Candidate) -> Self {
        let Candidate { user, balance, welcome, since } = found;
        let (balance, welcome, since) = (balance.to_string(), welcome.to_string(), since.to_string());
        Self { user, balance, welcome, since, failed: None }
    }
}

/// What is sold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selling {
    /// Orders are taken.
    pub selling: bool,
    /// What is not sold, and why.
    pub stops: Vec<Stop>,
}

/// Why something is not sold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// `all`; `disk`, and then nothing is sold either; or a model's id.
    pub what: String,
    /// Since when.
    pub since: String,
    /// For the operator.
    pub why: String,
    /// `audit`, `operator`, `credit`, `provider` or `disk`: whose stop it is. `samovar selling on` lifts that of
    /// `all`, whosesoever it is, and no other.
    pub by: String,
}

impl Stop {
    pub(super) fn of(what: String, row: StopRow) -> Self {
        Self { what, since: row.at.to_string(), why: row.why, by: row.by.word().to_owned() }
    }
}

/// What an operator should hear of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Concerns {
    /// When and where a backup was last proven to be good; `None`: never.
    pub backup_verified: Option<Verified>,
    /// Odd payments of the last week.
    pub odd: u64,
    /// Payments that went back and never came.
    pub gone_back: u64,
    /// Transfers by hand with a receipt that no operator has decided on.
    pub undecided: u64,
}
