//! Customers' files: fetched and looked at before the order is confirmed, and brought to the
//! provider before it is sent.
//!
//! **Invariant:** Telegram's link to a file, which holds the bot's token, never leaves `telegram`; a
//! customer's own link is fetched by us and never given to the provider.

use super::Engine;
use crate::catalog::input::{FileSource, GivenFile};
use crate::disk;
use crate::handlers::NotLooked;
use crate::provider::{Facts, InspectError, LinkError, inspect};
use crate::telegram::FetchError;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

/// The most we fetch from a customer's link: KIE's largest picture is 30 MB, and nothing else that fits
/// into a model's seconds is larger.
const LINK_MAX_BYTES: u64 = 32 * 1024 * 1024;
/// Before another try, where nobody asked for more.
const PAUSE: Duration = Duration::from_secs(2);

/// A file that is here for as long as this is kept.
pub(super) struct Here {
    /// Where.
    pub(super) path: PathBuf,
    /// What its bytes say.
    pub(super) facts: Facts,
    _dir: TempDir,
}

/// Why a file is not here.
pub(super) enum NotHere {
    /// It never will be.
    Never(NotLooked),
    /// Perhaps later.
    Later {
        /// For the log; holds no secret.
        why: String,
        /// How much later.
        pause: Duration,
    },
}

impl NotHere {
    fn later(why: String) -> Self {
        Self::Later { why, pause: PAUSE }
    }
}

impl From<io::Error> for NotHere {
    fn from(error: io::Error) -> Self {
        Self::later(format!("disk: {error}"))
    }
}

/// The folder of files under way; what a crash left in it goes at the next start.
fn folder(data_dir: &Path) -> PathBuf {
    data_dir.join("inputs")
}

/// Removes what an earlier life left.
pub(super) async fn clear(data_dir: &Path) {
    let folder = folder(data_dir);
    match disk::with(move || std::fs::remove_dir_all(folder)).await {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => tracing::warn!(%error, "customers' files of an earlier run stay behind"),
    }
}

/// Fetches a file and looks at it.
pub(super) async fn obtain(engine: &Engine, source: &FileSource) -> Result<Here, NotHere> {
    let folder = folder(&engine.data_dir);
    let dir = disk::with(move || {
        std::fs::create_dir_all(&folder)?;
        TempDir::new_in(&folder)
    });
    let dir = dir.await?;
    let path = dir.path().join("file");
    match source {
        FileSource::Telegram(file_id) => {
            engine.gateway.fetch_file(file_id, &path).await.map_err(|error| match error {
                FetchError::TooBig => NotHere::Never(NotLooked::TooBig),
                FetchError::Gone(_) => NotHere::Never(NotLooked::Gone),
                FetchError::Failed(why) => NotHere::later(why),
                FetchError::Disk(error) => error.into(),
                FetchError::Later(pause) => {
                    let why = format!("Telegram asks to wait {pause:?}");
                    NotHere::Later { why, pause: pause.max(PAUSE) }
                }
            })?;
        }
        FileSource::Link(link) => {
            engine.provider.fetch_link(link, &path, LINK_MAX_BYTES).await.map_err(|error| match error {
                LinkError::NotAllowed | LinkError::TooManyRedirects => NotHere::Never(NotLooked::NotPublic),
                LinkError::TooLarge { .. } => NotHere::Never(NotLooked::LinkTooBig),
                LinkError::Status(status) if status >= 500 => NotHere::later(format!("HTTP {status}")),
                LinkError::Status(_) => NotHere::Never(NotLooked::Gone),
                LinkError::Network(why) => NotHere::later(why),
                LinkError::Disk(error) => error.into(),
            })?;
        }
    }
    let facts = inspect(&path).await.map_err(|error| match error {
        InspectError::Disk(error) => error.into(),
        InspectError::Unreadable(_) => NotHere::Never(NotLooked::Unreadable),
    })?;
    Ok(Here { path, facts, _dir: dir })
}

/// A file as the order keeps it. Telegram only repeats what the sender's program says of its length:
/// that may make a sound longer, and so dearer, but never shorter, and is never enough by itself.
pub(super) fn given(source: FileSource, facts: Facts, said_seconds: Option<u32>) -> GivenFile {
    let Facts { mime, size_bytes, pixels, seconds } = facts;
    GivenFile {
        source,
        mime,
        size_bytes,
        pixels,
        seconds: seconds.map(|own| own.max(said_seconds.unwrap_or(0))),
    }
}

/// Whether a file that was fetched again is still what the price was made of.
pub(super) fn is_same(then: &GivenFile, now: &Facts) -> bool {
    let longer = match (then.seconds, now.seconds) {
        (Some(then), Some(now)) => now > then,
        // A length that cannot be told any more may be any length.
        (Some(_), None) => true,
        (None, Some(_) | None) => false,
    };
    then.mime == now.mime && then.pixels == now.pixels && !longer && now.size_bytes > 0
}
