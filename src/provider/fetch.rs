//! Copies the files of a result: streamed to disk, capped, checked, synced, and only then named.
//!
//! **Invariant:** a file under its name in the job's folder is complete; everything else is gone.

use crate::disk;
use crate::job::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempPath;
use url::{Origin, Url};

/// The hosts KIE keeps results on; names with a dot in front stand for all hosts below them.
const RESULT_HOSTS: [&str; 4] = ["aiquickdraw.com", ".aiquickdraw.com", "redpandaai.co", ".redpandaai.co"];
/// How much of a file's beginning says what it is.
const HEAD_BYTES: usize = 8192;
/// Longer links are no links.
const MAX_LINK_CHARS: usize = 2048;

/// Why a file was not copied. None of these texts holds a secret or the link's query.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// Not a link we follow: no https, or a login or port in it.
    #[error("not a link that is followed")]
    BadLink,
    /// No host that keeps results; `RESULT_HOSTS` may add it.
    #[error("{host} is not a known result host (RESULT_HOSTS adds hosts)")]
    UnknownHost {
        /// Which host.
        host: String,
    },
    /// The host said something else than 200: gone, a redirect, its own error.
    #[error("HTTP {0}")]
    Status(u16),
    /// Zero bytes.
    #[error("the file is empty")]
    Empty,
    /// A picture, video or sound with more bytes than we take.
    #[error("the file is larger than {max_bytes} bytes")]
    TooLarge {
        /// How much we take.
        max_bytes: u64,
    },
    /// It ended before its end, or nobody said where its end is.
    #[error("the file is not complete")]
    Incomplete,
    /// Neither picture nor video nor sound.
    #[error("not a picture, video or sound but {found}")]
    NotMedia {
        /// What its first bytes say, or "unknown".
        found: &'static str,
    },
    /// No connection, a reset, or a silence.
    #[error("network: {0}")]
    Network(String),
    /// It did not end in time.
    #[error("the file took longer than {0:?}")]
    TooSlow(Duration),
    /// Our own disk.
    #[error("disk: {0}")]
    Disk(#[from] io::Error),
}

/// Where results may be fetched from.
#[derive(Clone, Debug)]
pub struct Hosts {
    /// Exact names; with a dot in front, all names below.
    known: Vec<String>,
    /// The configured addresses of the provider, which may be plain http or loopback.
    own: Vec<Origin>,
}

impl Hosts {
    /// KIE's known result hosts, those that `RESULT_HOSTS` adds (`cdn.example.com`, or
    /// `*.example.com` for all below), and the configured addresses of the provider.
    pub fn new(added: &[String], own: &[&Url]) -> Self {
        let added = added.iter().map(|host| host.trim().to_ascii_lowercase());
        let added = added.map(|host| host.strip_prefix('*').map(str::to_owned).unwrap_or(host));
        Self {
            known: RESULT_HOSTS.into_iter().map(str::to_owned).chain(added).collect(),
            own: own.iter().map(|url| url.origin()).collect(),
        }
    }

    /// Whether a text is a link at all that we might follow: https on its usual port without a
    /// login, or at the provider's configured address. Its host may still be unknown.
    pub fn is_link(&self, link: &str) -> bool {
        self.parse(link).is_ok()
    }

    /// The link, if we follow it.
    pub fn check(&self, link: &str) -> Result<Url, FetchError> {
        let url = self.parse(link)?;
        let host = url.host_str().unwrap_or_default();
        let is_known = self.known.iter().any(|known| match known.strip_prefix('.') {
            Some(_) => host.len() > known.len() && host.ends_with(known.as_str()),
            None => host == known,
        });
        if is_known || self.is_own(&url) {
            Ok(url)
        } else {
            Err(FetchError::UnknownHost { host: host.to_owned() })
        }
    }

    fn parse(&self, link: &str) -> Result<Url, FetchError> {
        if link.len() > MAX_LINK_CHARS {
            return Err(FetchError::BadLink);
        }
        let url = Url::parse(link).map_err(|_| FetchError::BadLink)?;
        let has_login = !url.username().is_empty() || url.password().is_some();
        let is_plain_https = url.scheme() == "https" && url.port().is_none() && url.domain().is_some();
        if has_login || !(is_plain_https || self.is_own(&url)) {
            return Err(FetchError::BadLink);
        }
        Ok(url)
    }

    fn is_own(&self, url: &Url) -> bool {
        self.own.contains(&url.origin())
    }
}

/// Copies what `response` brings into `dir` as `name` and the ending its first bytes call for.
pub(crate) async fn save(
    mut response: reqwest::Response,
    dir: &Path,
    name: &str,
    max_bytes: u64,
) -> Result<File, FetchError> {
    assert!(!name.is_empty() && !name.contains(['/', '.']), "a file's name is one plain word: {name}");
    let status = response.status().as_u16();
    if status != 200 {
        return Err(FetchError::Status(status));
    }
    let said_bytes = said_length(&response)?;
    let too_large = |size_bytes: u64| size_bytes.max(said_bytes.unwrap_or(0)) > max_bytes;
    let folder = dir.to_owned();
    disk::with(move || std::fs::create_dir_all(folder)).await?;
    let (part, path) = part_file(dir.to_owned(), name.to_owned()).await?;
    let mut part = disk::Writer::new(part);
    let mut head = Vec::with_capacity(HEAD_BYTES);
    let mut size_bytes = 0u64;
    while let Some(chunk) = next_chunk(&mut response).await? {
        size_bytes = size_bytes.saturating_add(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
        let missing = HEAD_BYTES - head.len();
        head.extend_from_slice(&chunk[..missing.min(chunk.len())]);
        if too_large(size_bytes) {
            // Only what really is a file of media may be left where it is.
            media_type(&head)?;
            return Err(FetchError::TooLarge { max_bytes });
        }
        part.write(chunk).await?;
    }
    if size_bytes == 0 {
        return Err(FetchError::Empty);
    }
    if said_bytes.is_some_and(|said| said != size_bytes) {
        return Err(FetchError::Incomplete);
    }
    let kind = media_type(&head)?;
    part.sync().await?;
    drop(part);
    let name = format!("{name}.{}", kind.extension());
    keep(path, dir.to_owned(), name.clone()).await?;
    Ok(File { name, mime: kind.mime_type().to_owned(), size_bytes, link: None })
}

/// The length the answer announces; `None` when it comes in chunks, whose end is marked. A body
/// that simply stops when the connection does cannot be told from a broken one.
fn said_length(response: &reqwest::Response) -> Result<Option<u64>, FetchError> {
    let headers = response.headers();
    if headers.contains_key(reqwest::header::TRANSFER_ENCODING) {
        return Ok(None);
    }
    let said = headers.get(reqwest::header::CONTENT_LENGTH).ok_or(FetchError::Incomplete)?;
    let said = said.to_str().map_err(|_| FetchError::Incomplete)?;
    said.parse().map(Some).map_err(|_| FetchError::Incomplete)
}

async fn next_chunk(response: &mut reqwest::Response) -> Result<Option<bytes::Bytes>, FetchError> {
    response.chunk().await.map_err(|error| {
        if error.is_timeout() {
            FetchError::Network("silence in the middle of the file".to_owned())
        } else {
            FetchError::Incomplete
        }
    })
}

pub(crate) fn media_type(head: &[u8]) -> Result<infer::Type, FetchError> {
    let kind = infer::get(head).ok_or(FetchError::NotMedia { found: "unknown" })?;
    match kind.matcher_type() {
        infer::MatcherType::Image | infer::MatcherType::Video | infer::MatcherType::Audio => Ok(kind),
        infer::MatcherType::App
        | infer::MatcherType::Archive
        | infer::MatcherType::Book
        | infer::MatcherType::Doc
        | infer::MatcherType::Font
        | infer::MatcherType::Text
        | infer::MatcherType::Custom => Err(FetchError::NotMedia { found: kind.mime_type() }),
    }
}

/// A new file beside its later place, that goes when its path is dropped.
async fn part_file(dir: PathBuf, name: String) -> io::Result<(std::fs::File, TempPath)> {
    disk::with(move || {
        let prefix = format!("{name}.");
        let mut builder = tempfile::Builder::new();
        builder.prefix(&prefix).suffix(".part");
        builder.tempfile_in(dir).map(tempfile::NamedTempFile::into_parts)
    })
    .await
}

/// Gives the file its name, and makes the name last.
async fn keep(part: TempPath, dir: PathBuf, name: String) -> io::Result<()> {
    disk::with(move || {
        part.persist(dir.join(name)).map_err(|error| error.error)?;
        std::fs::File::open(&dir)?.sync_all()?;
        match dir.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            Some(parent) => std::fs::File::open(parent)?.sync_all(),
            None => Ok(()),
        }
    })
    .await
}

#[cfg(test)]
mod tests;
