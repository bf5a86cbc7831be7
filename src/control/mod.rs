//! The operator's door: one question, one answer, in JSON, over a Unix socket in the data directory.
//!
//! The command line asks the running service through it, or, when nothing runs, opens the file and
//! asks the very same [`answer`] itself. What an operator does gets its number before the first try
//! ([`Ask::NewAction`]), so asking again after a lost answer does nothing twice.

mod answer;
pub(crate) mod backup;
mod client;
mod document;
mod export;
mod migrate;
pub(crate) mod server;
#[cfg(test)]
mod tests;

pub use answer::{answer, concerns};
pub use backup::Backup;
pub use client::{Client, Found, Unanswered, Unreachable};
pub use document::{
    Audit, AuditRule, BrokenRow, Concerns, Event, Migrant, Migration, Selling, Stop, Timeline, Wallet,
    WalletTransfer,
};
pub use export::{JobLine, LedgerLine, Page, Table, UserLine};
pub use server::serve;

use crate::ids::{ActionId, UserId};
use crate::money::Kopecks;
use crate::store::Window;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// A question is one line of at most so many bytes.
pub(crate) const ASK_BYTES: u64 = 64 * 1024;

/// What an operator asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// Which process has the data directory.
    Pid,
    /// A number for an act that follows.
    NewAction,
    /// A correction of a wallet.
    Adjust {
        /// Its number; the same number a second time does nothing.
        id: ActionId,
        /// Whose wallet.
        user: UserId,
        /// By how much; below zero takes money out.
        amount: Kopecks,
        /// Why, in the operator's words.
        reason: String,
        /// Who does it: `cli`, or an admin's id.
        who: String,
    },
    /// A wallet.
    Wallet {
        /// Whose.
        user: UserId,
        /// How many of its transfers, newest first.
        limit: u32,
    },
    /// The audit of the whole file.
    Audit,
    /// The timeline of one request.
    Trace {
        /// A request's code, with or without `RQ-`, or a job's number.
        what: String,
    },
    /// Stop taking orders, or take them again.
    Selling {
        /// The act's number.
        id: ActionId,
        /// Whether orders are taken.
        on: bool,
        /// Why, in the operator's words.
        reason: String,
        /// Who does it: `cli`, or an admin's id.
        who: String,
    },
    /// A whole copy, made, brought to its place and verified.
    Backup,
    /// What is not sold just now.
    Stops,
    /// The old welcome bonuses that may be taken back, or taking them back.
    Migrate {
        /// Take them back; else only look.
        confirm: bool,
        /// Whose.
        window: Window,
        /// So many at most, the newest wallets first.
        limit: Option<u32>,
    },
    /// A page of a table.
    Export {
        /// Which table.
        table: Table,
        /// The number of the last row of the page before; 0 for the first page.
        after: u64,
        /// How many rows at most; never more than 5,000 come.
        limit: u32,
    },
    /// What an operator should hear of.
    Concerns,
    /// Whether the running service takes orders.
    Ready,
}

impl Ask {
    /// True for what reads the whole file and so takes as long as the file is large.
    pub fn is_long(&self) -> bool {
        match self {
            Self::Audit | Self::Backup | Self::Migrate { .. } => true,
            Self::Pid
            | Self::NewAction
            | Self::Adjust { .. }
            | Self::Wallet { .. }
            | Self::Trace { .. }
            | Self::Selling { .. }
            | Self::Stops
            | Self::Export { .. }
            | Self::Concerns
            | Self::Ready => false,
        }
    }
}

/// What an operator is answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The process that answers.
    Pid(u32),
    /// The number of an act that may follow.
    Action(ActionId),
    /// A wallet; after a correction also the ref of its transfer.
    Wallet(Wallet),
    /// What the audit found.
    Audit(Audit),
    /// A request's timeline.
    Timeline(Timeline),
    /// What is sold.
    Selling(Selling),
    /// Old welcome bonuses.
    Migration(Migration),
    /// A page of a table.
    Page(Page),
    /// What an operator should hear of.
    Concerns(Concerns),
    /// A backup that was made.
    Backup(Backup),
    /// Why no orders are taken; `None` when they are.
    Ready(Option<String>),
    /// It was not done; nothing changed. A sentence for the operator.
    Refused(String),
    /// The store could not do it. Nothing changed, unless the sentence says that nobody knows.
    Failed {
        /// A sentence for the operator.
        why: String,
        /// The file itself is at fault: a row that cannot be read.
        is_damaged: bool,
    },
    /// The question is not one that this version knows.
    NotUnderstood(String),
}

/// Where the socket of a data directory is.
pub fn socket_path(data_dir: &Path) -> PathBuf {
    data_dir.join("control.sock")
}
