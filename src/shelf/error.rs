//! Why there is no backup, or none that can be used.

use super::PlaceError;
use super::seal::SealError;
use crate::disk;
use crate::store::{BackupError, Fault, OpenError};
use std::io;

/// Why there is no backup, or none that can be used. One sentence for the operator.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// The place.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// The seal.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// What was written or read.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// The living file.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The file that a backup became.
    #[error("the file that was made of the backup cannot be opened: {0}")]
    Open(#[from] OpenError),
    /// The data directory's disk.
    #[error("the data directory cannot be written: {0}")]
    Disk(#[from] io::Error),
    /// The folder where backups are opened.
    #[error("no backup can be opened beside the living file: {0}")]
    Beside(String),
    /// What can be read is not what was written.
    #[error("{0} does not hold what was written to it; it was removed")]
    Changed(String),
    /// The books of the copy.
    #[error("the copy's books are not right: {0}")]
    Unsound(String),
    /// The books of the living file, whose copy is kept for all that.
    #[error(
        "the books of the ledger itself are not right ({rules}: see `samovar audit`); the copy of it is kept as {name}, counts as no verified backup, and is restored only by that name"
    )]
    Kept {
        /// The copy's name at the place.
        name: String,
        /// The rules that do not hold.
        rules: String,
    },
    /// There are copies in the place, and none is of this file.
    #[error(
        "{place} has the backups of another ledger, the newest {newest}, and none of this one, which is not backed up \
         beside it: if it is yours, stop the service and bring it back with `samovar backup restore`; if not, set \
         BACKUP_TO to a place of this bot's own"
    )]
    Others {
        /// The place.
        place: String,
        /// The newest copy in it.
        newest: String,
    },
    /// It would fill a disk.
    #[error(
        "there is no room for it on the disk of {dir}: {free_mb} MB are free, {needed_mb} MB are needed, of which \
         {spare_mb} MB stay free; nothing was begun"
    )]
    NoRoom {
        /// A folder on that disk.
        dir: String,
        /// So much is free, in MB of 1024².
        free_mb: u64,
        /// So much must be.
        needed_mb: u64,
        /// So much of that is left over in the end.
        spare_mb: u64,
    },
    /// Every copy is damaged.
    #[error("none of {tried} whole copies can be used; the newest: {why}")]
    NoneGood {
        /// How many there are.
        tried: usize,
        /// What is wrong with the newest.
        why: Box<KeepError>,
    },
    /// It was given up.
    #[error("the service stops")]
    Stopped,
}

impl From<disk::Broken> for KeepError {
    fn from(error: disk::Broken) -> Self {
        Self::Fault(error.into())
    }
}

impl KeepError {
    /// Whether the whole copy itself is at fault, so that an older one may be better. What may pass is not, nor
    /// is a wrong key; and what a newer program wrote is good.
    pub(super) fn is_of_the_copy(&self) -> bool {
        match self {
            Self::Seal(SealError::Broken(_)) => true,
            Self::Backup(BackupError::Newer { .. }) => false,
            Self::Backup(error) => error.is_of_the_stream(),
            Self::Seal(
                SealError::NoKey
                | SealError::Identity { .. }
                | SealError::WrongKey(_)
                | SealError::Disk(_)
                | SealError::WithoutAge,
            )
            | Self::Place(_)
            | Self::Fault(_)
            | Self::Open(_)
            | Self::Disk(_)
            | Self::Beside(_)
            | Self::Changed(_)
            | Self::Unsound(_)
            | Self::Kept { .. }
            | Self::Others { .. }
            | Self::NoRoom { .. }
            | Self::NoneGood { .. }
            | Self::Stopped => false,
        }
    }

    /// Whether a person has to do something before it can go well.
    pub fn wants_a_person(&self) -> bool {
        let is_ours =
            matches!(self, Self::Others { .. } | Self::NoRoom { .. } | Self::Unsound(_) | Self::Kept { .. });
        is_ours || matches!(self, Self::Fault(fault) if fault.is_damage())
    }
}
