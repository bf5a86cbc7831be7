//! What can go wrong below a transaction. Never the customer's doing: those are refusals.

use crate::disk::Broken;
use crate::panics::Caught;

/// A transaction that did not happen. Nothing of it is in the file; only of one whose commit itself
/// failed ([`Fault::Storage`]) nobody knows until the file is open again: then all of it is there, or
/// nothing. Whoever tries again must ask first, as for any answer that got lost.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The disk, or the file. The store closes and opens the file again by itself.
    #[error("the database cannot be used now: {0}")]
    Storage(String),
    /// A row that cannot be read: written by a newer version, or damaged.
    #[error("row {key} of table {table} cannot be read: {why}")]
    Row {
        /// The table.
        table: &'static str,
        /// The row.
        key: String,
        /// What is wrong with it.
        why: String,
    },
    /// A page of the file makes no sense to redb.
    #[error(
        "the file is damaged ({0}); nothing was changed; put a backup in its place (README, \"Back up and restore\")"
    )]
    Damaged(String),
    /// The store is being opened again, or is shutting down.
    #[error("the database is closed just now; nothing was changed")]
    Closed,
    /// Too many acts wait already.
    #[error("too much is waiting to be written; nothing was changed")]
    Busy,
    /// The act itself panicked, or broke a rule it had to keep.
    #[error("a mistake of ours: {0}; nothing was changed")]
    Bug(String),
}

impl Fault {
    /// True when the file itself is at fault.
    pub fn is_damage(&self) -> bool {
        match self {
            Self::Row { .. } | Self::Damaged(_) => true,
            Self::Storage(_) | Self::Closed | Self::Busy | Self::Bug(_) => false,
        }
    }

    /// True when another try by the same code may go better.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Storage(_) | Self::Closed | Self::Busy => true,
            Self::Row { .. } | Self::Damaged(_) | Self::Bug(_) => false,
        }
    }
}

impl From<Caught> for Fault {
    fn from(panic: Caught) -> Self {
        if panic.of_redb { Self::Damaged(panic.words) } else { Self::Bug(panic.words) }
    }
}

impl From<Broken> for Fault {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::Panicked(panic) => panic.into(),
            Broken::Stopped(why) => Self::Bug(why),
        }
    }
}

macro_rules! storage_fault {
    ($($error:ty),*) => {
        $(impl From<$error> for Fault {
            fn from(error: $error) -> Self {
                Self::Storage(error.to_string())
            }
        })*
    };
}

storage_fault!(
    redb::StorageError,
    redb::TableError,
    redb::TransactionError,
    redb::CommitError,
    redb::DatabaseError,
    redb::SetDurabilityError
);
