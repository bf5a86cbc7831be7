//! A backup that an operator asks for: made by who has the store.

use super::Answer;
use crate::shelf::{KeepError, Keeper, Made, PlaceError, SealError};
use crate::store::{BackupError, OpenError, Store};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

/// A backup that was made and verified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backup {
    /// Its name.
    pub name: String,
    /// Where it lies.
    pub place: String,
    /// Of when it is.
    pub at: String,
    /// How many rows it has, of all tables.
    pub rows: u64,
    /// How long it is.
    pub bytes: u64,
    /// How long it is before it is compressed and sealed.
    pub raw_bytes: u64,
    /// The ledger's head in it, in hex.
    pub head: String,
    /// How long making it took, up to the place, in milliseconds.
    pub made_ms: u64,
    /// How long reading it back, opening and auditing it took, in milliseconds.
    pub verified_ms: u64,
}

impl Backup {
    /// What was made, as scripts read it.
    pub(crate) fn of(keeper: &Keeper, made: Made) -> Self {
        let Made { name, dumped, size_bytes, made_in, verified_in } = made;
        let millis = |time: std::time::Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Self {
            name,
            place: keeper.place(),
            at: dumped.at.to_string(),
            rows: dumped.rows,
            bytes: size_bytes,
            raw_bytes: dumped.raw_bytes,
            head: hex::encode(dumped.head),
            made_ms: millis(made_in),
            verified_ms: millis(verified_in),
        }
    }
}

/// Makes one.
pub(super) async fn make(keeper: &Keeper, store: &Store, stop: &CancellationToken) -> Answer {
    match keeper.full(store, stop).await {
        Ok(made) => Answer::Backup(Backup::of(keeper, made)),
        Err(error) => Answer::Failed { why: error.to_string(), is_damaged: is_damage(&error) },
    }
}

/// Whether a file or a backup itself is at fault: it is damaged, or of a newer version.
pub(crate) fn is_damage(error: &KeepError) -> bool {
    match error {
        KeepError::Seal(SealError::Broken(_)) | KeepError::NoneGood { .. } => true,
        KeepError::Backup(BackupError::Fault(fault)) => fault.is_damage(),
        KeepError::Backup(error) => error.is_of_the_stream(),
        KeepError::Fault(fault) => fault.is_damage(),
        KeepError::Open(error) => matches!(error, OpenError::Damaged { .. } | OpenError::Newer { .. }),
        KeepError::Place(PlaceError::Unusable { .. } | PlaceError::Missing { .. })
        | KeepError::Seal(_)
        | KeepError::Disk(_)
        | KeepError::Beside(_)
        | KeepError::Changed(_)
        | KeepError::Unsound(_)
        | KeepError::Kept { .. }
        | KeepError::Others { .. }
        | KeepError::NoRoom { .. }
        | KeepError::Stopped => false,
    }
}
