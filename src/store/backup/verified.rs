//! What is noted of backups in the file itself: which copy was proven to be good, and where, and to whom
//! shipments are sealed.

use crate::store::{Fault, Tx, View};
use crate::time::Moment;
use serde::{Deserialize, Serialize};

/// The note of the newest verified whole copy.
const VERIFIED: &str = "backup_proven";
/// The note of the keys that the shipments of the chain are sealed to.
const SEALED_TO: &str = "backup_sealed_to";

/// A place for backups among all: a hash of what names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceId(pub [u8; 32]);

/// The newest whole copy that was proven to be good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verified {
    /// When it was begun.
    pub began: Moment,
    /// Where it lies. In any other place there is none that we know of.
    pub place: PlaceId,
}

impl View {
    /// The newest whole copy that was proven to be good, wherever it lies.
    pub fn backup_verified(&self) -> Result<Option<Verified>, Fault> {
        self.note(VERIFIED)
    }

    /// A hash of the keys that the shipments of the chain are sealed to.
    pub fn streaming_to(&self) -> Result<Option<[u8; 32]>, Fault> {
        self.note(SEALED_TO)
    }
}

impl Tx<'_> {
    /// Notes the newest whole copy that was proven to be good.
    pub fn put_backup_verified(&mut self, verified: &Verified) -> Result<(), Fault> {
        self.put_note(VERIFIED, verified)
    }

    pub(super) fn streaming_to(&self) -> Result<Option<[u8; 32]>, Fault> {
        self.note(SEALED_TO)
    }

    pub(super) fn put_streaming_to(&mut self, keys: [u8; 32]) -> Result<(), Fault> {
        self.put_note(SEALED_TO, &keys)
    }
}
