//! Sealing with age: to public keys that the operator holds the other halves of. The service itself can
//! seal and not open.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// What is opened, as it is read.
pub type Opened = Box<dyn Read + Send>;

/// Why something sealed cannot be opened, or nothing sealed.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// Nobody gave the key.
    #[error("the backup is sealed: give the file with its age key, --identity FILE")]
    NoKey,
    /// The file with the key.
    #[error("--identity {}: {why}", path.display())]
    Identity {
        /// The file.
        path: PathBuf,
        /// What is wrong with it; nothing of what it holds.
        why: String,
    },
    /// Another key.
    #[error("the backup is sealed to another key than the one in {}", .0.display())]
    WrongKey(PathBuf),
    /// No age file, or one that was changed or cut.
    #[error("the backup's seal is broken: {0}")]
    Broken(String),
    /// The disk.
    #[error("sealing failed: {0}")]
    Disk(#[from] io::Error),
    /// This program cannot.
    #[error("this samovar was built without age, which seals backups; the packages have it")]
    WithoutAge,
}

/// Writes what can be read of `plain` to `into`, sealed to all of `recipients`.
///
/// # Errors
/// [`SealError::Disk`], or that this program cannot.
#[cfg(feature = "age")]
pub fn seal(recipients: &[String], plain: &mut impl Read, into: &mut File) -> Result<(), SealError> {
    let keys: Result<Vec<age::x25519::Recipient>, &str> = recipients.iter().map(|key| key.parse()).collect();
    let keys = keys.map_err(|why| SealError::Broken(why.to_owned()))?;
    let keys = keys.iter().map(|key| -> &dyn age::Recipient { key });
    let encryptor = age::Encryptor::with_recipients(keys);
    let encryptor = encryptor.map_err(|error| SealError::Broken(error.to_string()))?;
    let mut writer = encryptor.wrap_output(into)?;
    io::copy(plain, &mut writer)?;
    writer.finish()?;
    Ok(())
}

/// The secret keys that open what is sealed, from a file of the operator's.
#[cfg(feature = "age")]
#[derive(Clone)]
pub struct Key {
    path: PathBuf,
    keys: Vec<age::x25519::Identity>,
}

#[cfg(feature = "age")]
impl Key {
    /// The keys in a file as `age-keygen` writes it: one a line, and lines that begin with #.
    ///
    /// # Errors
    /// [`SealError::Identity`].
    pub fn read(path: &Path) -> Result<Self, SealError> {
        /// A file of keys is shorter than this.
        const MAX_BYTES: u64 = 64 * 1024;
        let wrong = |why: String| SealError::Identity { path: path.to_owned(), why };
        let mut text = String::new();
        let file = File::open(path).map_err(|error| wrong(error.to_string()))?;
        file.take(MAX_BYTES).read_to_string(&mut text).map_err(|error| wrong(error.to_string()))?;
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let keys: Result<Vec<age::x25519::Identity>, &str> = lines.map(str::parse).collect();
        match keys {
            Ok(keys) if !keys.is_empty() => Ok(Self { path: path.to_owned(), keys }),
            Ok(_) | Err(_) => {
                Err(wrong("it must hold secret keys of age (AGE-SECRET-KEY-1…), one a line".to_owned()))
            }
        }
    }

    /// Opens what is sealed. What was changed or cut is an error when it is read.
    ///
    /// # Errors
    /// [`SealError::WrongKey`], or that its beginning is broken.
    pub fn open(&self, sealed: impl Read + Send + 'static) -> Result<Opened, SealError> {
        let broken = |error: age::DecryptError| {
            if matches!(error, age::DecryptError::NoMatchingKeys) {
                SealError::WrongKey(self.path.clone())
            } else {
                SealError::Broken("it is not as it was made".to_owned())
            }
        };
        let decryptor = age::Decryptor::new_buffered(io::BufReader::new(sealed)).map_err(broken)?;
        let keys = self.keys.iter().map(|key| -> &dyn age::Identity { key });
        Ok(Box::new(decryptor.decrypt(keys).map_err(broken)?))
    }
}

/// A program without age cannot.
///
/// # Errors
/// Always.
#[cfg(not(feature = "age"))]
pub fn seal(_: &[String], _: &mut impl Read, _: &mut File) -> Result<(), SealError> {
    Err(SealError::WithoutAge)
}

/// A program without age has none.
#[cfg(not(feature = "age"))]
#[derive(Clone)]
pub struct Key(std::convert::Infallible);

#[cfg(not(feature = "age"))]
impl Key {
    /// A program without age cannot.
    ///
    /// # Errors
    /// Always.
    pub fn read(_: &Path) -> Result<Self, SealError> {
        Err(SealError::WithoutAge)
    }

    /// A program without age cannot.
    ///
    /// # Errors
    /// Always.
    pub fn open(&self, _: impl Read + Send + 'static) -> Result<Opened, SealError> {
        match self.0 {}
    }
}
