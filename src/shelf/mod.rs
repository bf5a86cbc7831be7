//! Where backups lie: a place for named objects, a folder or an S3 bucket, and the sealing of what is put
//! there.
//!
//! **Invariants:** an object is there whole or not at all; a key, a secret and an address that carries a
//! signature are in no error and no log.

mod begun;
mod beside;
mod error;
mod folder;
mod keeper;
mod name;
mod open;
mod room;
mod s3;
mod seal;
mod spool;
mod stop;

pub use beside::{Beside, Checked};
pub use error::KeepError;
pub use keeper::{Keeper, Made};
pub use name::{Kept, Plan, What, compact, followed, newest, newest_shipment, plans};
pub use open::{Brought, Passed};
pub use seal::{Key, Opened, SealError, seal};
pub use spool::{Part, Spool};

use crate::config::{BackupTo, Backups, Settings};
use crate::disk;
use crate::store::PlaceId;
use crate::time::At;
use bytes::Bytes;
use folder::Folder;
use futures_util::stream::{BoxStream, TryStreamExt};
use s3::S3;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use tokio_util::sync::CancellationToken;

/// A reading that broke off is begun again so often.
const READINGS: u32 = 3;

/// Which place the settings name, among all. Nothing is asked of it, for it may not answer; the data directory
/// may be reached on more than one way.
pub fn place_id(settings: &Settings) -> PlaceId {
    let backups = &settings.backups;
    let folder = |path: &Path| match path.strip_prefix(&settings.data_dir) {
        Ok(below) => Path::new("DATA_DIR").join(below),
        Err(_elsewhere) => path.to_owned(),
    };
    let named = match &backups.to {
        BackupTo::DataDir => folder(&settings.data_dir.join("backups")),
        BackupTo::Folder(path) => folder(path),
        BackupTo::Bucket(bucket) => {
            let server = backups.s3_endpoint.as_ref().map_or(backups.s3_region.as_str(), |url| url.as_str());
            format!("s3://{}/{} at {server}", bucket.name, bucket.prefix).into()
        }
    };
    PlaceId(blake3::hash(named.as_os_str().as_encoded_bytes()).into())
}

/// A hash of the keys that backups are sealed to, in whatever order; of none, too.
pub fn keys_id(backups: &Backups) -> [u8; 32] {
    let mut keys: Vec<&str> = backups.recipients.iter().map(String::as_str).collect();
    keys.sort_unstable();
    blake3::hash(keys.join(",").as_bytes()).into()
}

/// An object of a place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Object {
    /// Its name.
    pub name: String,
    /// How long it is.
    pub size_bytes: u64,
    /// When it was written, as the place says.
    pub written: Option<At>,
}

/// Why a place did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// The place, or the way to it.
    #[error("the backups' place {place} cannot be used: {why}")]
    Unusable {
        /// The folder, or the bucket and prefix.
        place: String,
        /// Why, on one line.
        why: String,
    },
    /// No such object.
    #[error("the backups' place {place} has no {name}")]
    Missing {
        /// The folder, or the bucket and prefix.
        place: String,
        /// What was looked for.
        name: String,
    },
}

/// Why one try at a place failed.
#[derive(Debug)]
enum Failed {
    /// Another try may go better.
    Passing(String),
    /// It may not.
    For(String),
    /// There is no such object.
    Missing,
}

impl Failed {
    fn is_passing(&self) -> bool {
        matches!(self, Self::Passing(_))
    }
}

/// What a local disk does not do now it does not do in a second.
impl From<io::Error> for Failed {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::NotFound { Self::Missing } else { Self::For(error.to_string()) }
    }
}

/// What an object holds, piece by piece.
type Pieces = BoxStream<'static, Result<Bytes, Failed>>;

/// A place for named objects.
#[derive(Debug)]
pub enum Place {
    /// A folder of this machine, or mounted here.
    Folder(Folder),
    /// A bucket of an S3 server.
    S3(Box<S3>),
}

impl Place {
    /// The place that the settings name. Nothing is asked of it yet.
    ///
    /// # Errors
    /// When no client can be made for it.
    pub fn of(settings: &Settings) -> Result<Self, PlaceError> {
        Ok(match &settings.backups.to {
            BackupTo::DataDir => Self::Folder(Folder::new(settings.data_dir.join("backups"))),
            BackupTo::Folder(path) => Self::Folder(Folder::new(path.clone())),
            BackupTo::Bucket(bucket) => {
                let made = S3::new(bucket, &settings.backups);
                let unusable = |why| PlaceError::Unusable { place: format!("s3://{}", bucket.name), why };
                Self::S3(Box::new(made.map_err(unusable)?))
            }
        })
    }

    /// Its name, for people.
    pub fn name(&self) -> String {
        match self {
            Self::Folder(folder) => folder.name(),
            Self::S3(s3) => s3.name(),
        }
    }

    /// Its name for all who reach it, whatever way they come.
    pub(super) fn canonical(&self, data_dir: &Path) -> String {
        match self {
            Self::Folder(folder) => folder.canonical(data_dir),
            Self::S3(s3) => s3.name(),
        }
    }

    /// The folder, if it is one.
    pub(super) fn folder(&self) -> Option<PathBuf> {
        match self {
            Self::Folder(folder) => Some(folder.path().to_owned()),
            Self::S3(_) => None,
        }
    }

    /// Puts what `file` holds from its beginning under `name`; gives the hash of what was put. At the stop it is
    /// given up: it is not to be dropped before it has ended.
    ///
    /// # Errors
    /// When it is not there whole; then it is not there at all.
    pub async fn put(
        &self,
        name: &str,
        file: File,
        stop: &CancellationToken,
    ) -> Result<blake3::Hash, PlaceError> {
        let put = match self {
            Self::Folder(folder) => folder.put(name, file, stop).await,
            Self::S3(s3) => s3.put(name, file, stop).await,
        };
        put.map_err(|failed| self.said(name, failed))
    }

    /// The objects that are there, by name.
    ///
    /// # Errors
    /// When the place does not say.
    pub async fn list(&self) -> Result<Vec<Object>, PlaceError> {
        let listed = match self {
            Self::Folder(folder) => folder.list().await,
            Self::S3(s3) => s3.list().await,
        };
        let mut objects = listed.map_err(|failed| self.said("", failed))?;
        objects.retain(|object| is_name(&object.name));
        objects.sort();
        Ok(objects)
    }

    /// Removes what is half written of objects with names of ours, which nobody else may be writing.
    ///
    /// # Errors
    /// When some of it may be left.
    pub async fn tidy(&self, is_ours: impl Fn(&str) -> bool + Send + 'static) -> Result<(), PlaceError> {
        let tidied = match self {
            Self::Folder(folder) => folder.tidy(is_ours).await,
            Self::S3(s3) => s3.tidy(is_ours).await,
        };
        tidied.map_err(|failed| self.said("", failed))
    }

    /// Removes an object; one that is not there is removed already.
    ///
    /// # Errors
    /// When it may still be there.
    pub async fn delete(&self, name: &str) -> Result<(), PlaceError> {
        let deleted = match self {
            Self::Folder(folder) => folder.delete(name).await,
            Self::S3(s3) => s3.delete(name).await,
        };
        match deleted {
            Ok(()) | Err(Failed::Missing) => Ok(()),
            Err(failed) => Err(self.said(name, failed)),
        }
    }

    /// The hash of what an object holds now, read anew.
    ///
    /// # Errors
    /// When it cannot be read to its end.
    pub async fn hash(&self, name: &str) -> Result<blake3::Hash, PlaceError> {
        let mut tries = 1;
        loop {
            let hashed = async {
                let mut pieces = self.pieces(name).await?;
                let mut hasher = blake3::Hasher::new();
                while let Some(piece) = pieces.try_next().await? {
                    hasher.update(&piece);
                }
                Ok(hasher.finalize())
            };
            match hashed.await {
                Err(Failed::Passing(_)) if tries < READINGS => tries += 1,
                hashed => return hashed.map_err(|failed| self.said(name, failed)),
            }
        }
    }

    /// Fills `part` with what an object holds, which must be as long.
    ///
    /// # Errors
    /// When it cannot be read to its end, or there is no room for it.
    pub async fn fetch(&self, name: &str, part: &Part) -> Result<(), PlaceError> {
        let mut tries = 1;
        loop {
            match self.fetch_once(name, part).await {
                Err(Failed::Passing(_)) if tries < READINGS => tries += 1,
                fetched => return fetched.map_err(|failed| self.said(name, failed)),
            }
        }
    }

    async fn fetch_once(&self, name: &str, part: &Part) -> Result<(), Failed> {
        let longer_or_shorter = || Failed::Passing(format!("{name} is not as long as it was"));
        let mut pieces = self.pieces(name).await?;
        let mut bytes = 0;
        while let Some(piece) = pieces.try_next().await? {
            let (part, after) = (part.clone(), bytes);
            bytes += piece.len() as u64;
            if bytes > part.bytes() {
                return Err(longer_or_shorter());
            }
            let written = disk::with(move || part.write(&piece, after)).await;
            written.map_err(|why| Failed::For(format!("there is no room here for what it holds: {why}")))?;
        }
        if bytes == part.bytes() { Ok(()) } else { Err(longer_or_shorter()) }
    }

    async fn pieces(&self, name: &str) -> Result<Pieces, Failed> {
        if !is_name(name) {
            return Err(Failed::Missing);
        }
        match self {
            Self::Folder(folder) => folder.pieces(name).await,
            Self::S3(s3) => s3.pieces(name).await,
        }
    }

    fn said(&self, name: &str, failed: Failed) -> PlaceError {
        match failed {
            Failed::Missing => PlaceError::Missing { place: self.name(), name: name.to_owned() },
            Failed::Passing(why) | Failed::For(why) => PlaceError::Unusable { place: self.name(), why },
        }
    }
}

/// Whether an object of ours can have this name: what comes from the command line leads nowhere else.
fn is_name(name: &str) -> bool {
    let is_good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    (1..=200).contains(&name.len()) && !name.starts_with('.') && name.bytes().all(is_good)
}
