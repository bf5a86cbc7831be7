//! The settings of backups: where they go, how often, how many are kept, and who can open them.

use super::check::{self, Checked};
use super::reader::Reader;
use secrecy::SecretString;
use std::path::PathBuf;
use std::time::Duration;
use url::Url;

/// Where backups go, and when.
#[derive(Clone, Debug)]
pub struct Backups {
    /// The place.
    pub to: BackupTo,
    /// How long after a full one the next is made, at least a minute; `None`: never.
    pub every: Option<Duration>,
    /// So many full ones are kept; above 0.
    pub keep: u32,
    /// Older than this the newest verified one may not be; `None`: as old as it likes.
    pub max_age: Option<Duration>,
    /// Whether what changed is shipped every minute, too.
    pub stream: bool,
    /// The S3 server; `None`: Amazon's in the region.
    pub s3_endpoint: Option<Url>,
    /// The S3 region.
    pub s3_region: String,
    /// The id of the S3 access key; always there when backups go to a bucket.
    pub s3_key_id: Option<SecretString>,
    /// The S3 secret; always there when backups go to a bucket.
    pub s3_secret: Option<SecretString>,
    /// The public age keys that they are sealed to; empty: they are not sealed.
    pub recipients: Vec<String>,
}

/// A place for backups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BackupTo {
    /// `backups` below the data directory.
    DataDir,
    /// A folder.
    Folder(PathBuf),
    /// An S3 bucket.
    Bucket(Bucket),
}

/// A part of an S3 bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// What the names of all objects begin with: empty, or ends with a slash.
    pub prefix: String,
}

impl Backups {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let hours = |hours: u64| Some(Duration::from_secs(hours * 3600));
        Self {
            to: reader.or("BACKUP_TO", BackupTo::DataDir, place),
            every: reader.or("BACKUP_EVERY", hours(24), check::duration_or_never),
            keep: reader.or("BACKUP_KEEP", 14, check::at_least_one),
            max_age: reader.or("BACKUP_MAX_AGE", hours(48), check::duration_or_never),
            stream: reader.or("BACKUP_STREAM", false, check::switch),
            s3_endpoint: reader.optional("BACKUP_S3_ENDPOINT", check::api_url),
            s3_region: reader.or("BACKUP_S3_REGION", "us-east-1".to_owned(), region),
            s3_key_id: reader.optional("BACKUP_S3_KEY_ID", key_id),
            s3_secret: reader.optional("BACKUP_S3_SECRET", check::secret),
            recipients: reader.or("BACKUP_AGE_RECIPIENT", Vec::new(), recipients),
        }
    }

    /// What no setting can tell alone.
    pub(super) fn check_together(&self, wrong: &mut impl FnMut(&str, &str)) {
        if matches!(self.to, BackupTo::Bucket(_)) {
            let why = "is missing: BACKUP_TO is a bucket, which asks for it";
            for (name, given) in
                [("BACKUP_S3_KEY_ID", &self.s3_key_id), ("BACKUP_S3_SECRET", &self.s3_secret)]
            {
                if given.is_none() {
                    wrong(name, why);
                    return;
                }
            }
        }
        if self.stream && self.every.is_none() {
            wrong("BACKUP_EVERY", "must not be 0 with BACKUP_STREAM=on: shipments would pile up");
        }
        if let (Some(every), Some(max_age)) = (self.every, self.max_age)
            && max_age <= every
        {
            wrong("BACKUP_MAX_AGE", "must be longer than BACKUP_EVERY, or 0: else it would never be kept");
        }
    }
}

/// A folder, or `s3://bucket/prefix`.
fn place(text: &str) -> Checked<BackupTo> {
    let wrong = "must be a folder or a bucket such as s3://bucket/prefix, of a-z 0-9 . - in small letters";
    let text = text.trim();
    let Some(bucket) = text.strip_prefix("s3://") else {
        return if text.contains("://") {
            Err(wrong.to_owned())
        } else {
            check::folder(text).map(BackupTo::Folder)
        };
    };
    let (name, prefix) = bucket.split_once('/').unwrap_or((bucket, ""));
    let is_name =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-');
    if !(3..=63).contains(&name.len()) || !name.bytes().all(is_name) {
        return Err(wrong.to_owned());
    }
    let prefix = prefix.trim_end_matches('/');
    let is_part = |part: &str| {
        let is_good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
        !part.is_empty() && part != "." && part != ".." && part.bytes().all(is_good)
    };
    if !prefix.is_empty() && (prefix.len() > 200 || !prefix.split('/').all(is_part)) {
        return Err("must have a prefix of A-Z a-z 0-9 . - _ with single slashes between".to_owned());
    }
    let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
    Ok(BackupTo::Bucket(Bucket { name: name.to_owned(), prefix }))
}

fn region(text: &str) -> Checked<String> {
    let text = text.trim();
    let is_good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if (1..=63).contains(&text.len()) && text.bytes().all(is_good) {
        Ok(text.to_owned())
    } else {
        Err("must be a region such as us-east-1".to_owned())
    }
}

fn key_id(text: &str) -> Checked<SecretString> {
    let text = text.trim();
    if text.len() <= 256 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        Ok(SecretString::from(text))
    } else {
        Err("must be the id of an access key: letters and digits".to_owned())
    }
}

#[cfg(feature = "age")]
fn recipients(text: &str) -> Checked<Vec<String>> {
    let keys = check::list(text)?;
    let is_key = |key: &String| key.parse::<age::x25519::Recipient>().is_ok();
    if keys.iter().all(is_key) {
        Ok(keys)
    } else {
        Err("must be public keys of age (age1…), with commas between: `age-keygen` makes one".to_owned())
    }
}

#[cfg(not(feature = "age"))]
fn recipients(_: &str) -> Checked<Vec<String>> {
    Err("cannot be used: this samovar was built without age; the packages have it (--features age)"
        .to_owned())
}
