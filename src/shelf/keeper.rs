//! Making backups and opening them again: what a store gives and takes, brought to a place and back.

use super::beside::{Beside, Checked, unsealed};
use super::name::{Kept, Plan, sorted, superfluous};
use super::seal::{self, Key, SealError};
use super::spool::{Part, Spool};
use super::{Place, PlaceError};
use crate::config::Settings;
use crate::disk;
use crate::store::{BackupError, Dumped, Fault, OpenError, Shipment, Store};
use crate::time::Moment;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

/// The note of when the newest verified whole copy was begun, a [`Moment`].
pub const VERIFIED: &str = "backup_verified";
/// So many shipments are fetched side by side: there may be two thousand, each of them small.
const AT_ONCE: usize = 8;
/// So much is gathered before it is written.
const BUFFER_BYTES: usize = 1 << 20;

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
    /// No such backup.
    #[error("{0}")]
    Unknown(String),
    /// A panic.
    #[error("a mistake of ours: {0}")]
    Bug(String),
}

impl From<disk::Broken> for KeepError {
    fn from(error: disk::Broken) -> Self {
        Self::Bug(error.to_string())
    }
}

/// A whole copy that was made and verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// Its name at the place.
    pub name: String,
    /// What is in it.
    pub dumped: Dumped,
    /// How long its object is.
    pub size_bytes: u64,
    /// How long making it took, up to the place.
    pub made_in: Duration,
    /// How long it took to read it back, and to open and audit it.
    pub verified_in: Duration,
}

/// Makes backups, and opens them.
#[derive(Debug)]
pub struct Keeper {
    place: Place,
    recipients: Vec<String>,
    data_dir: PathBuf,
    keep: usize,
    /// One whole copy is made at a time.
    copying: Mutex<()>,
    /// One shipment is made at a time, also while a copy takes long.
    shipping: Mutex<()>,
}

impl Keeper {
    /// As the settings say.
    ///
    /// # Errors
    /// When no client can be made for the place.
    pub fn of(settings: &Settings) -> Result<Self, PlaceError> {
        Ok(Self {
            place: Place::of(settings)?,
            recipients: settings.backups.recipients.clone(),
            data_dir: settings.data_dir.clone(),
            keep: usize::try_from(settings.backups.keep).unwrap_or(usize::MAX),
            copying: Mutex::new(()),
            shipping: Mutex::new(()),
        })
    }

    /// The place's name, for people.
    pub fn place(&self) -> String {
        self.place.name()
    }

    /// All backups that are kept.
    ///
    /// # Errors
    /// When the place does not say.
    pub async fn list(&self) -> Result<Vec<Kept>, KeepError> {
        Ok(sorted(&self.place.list().await?))
    }

    /// Makes a whole copy while the store is used, brings it to the place, reads it back, opens it and audits
    /// it; then, and only then, older ones go. Ends early, in failure, at the stop.
    ///
    /// # Errors
    /// When there is no new verified copy; then none is left, and all older ones stay.
    pub async fn full(&self, store: &Store, stop: &CancellationToken) -> Result<Made, KeepError> {
        let _copying = self.copying.lock().await;
        let began = store.clock().now();
        let (plain, dumped) = self.write(store, stop, |store, out| store.dump(out)).await?;
        let plain = Arc::new(plain);
        let kept = Kept::full(&dumped, self.is_sealing());
        let name = kept.to_string();
        let (size_bytes, hash) = self.put(&name, plain.clone()).await?;
        let made = store.clock().now().up;
        if let Err(why) = self.verify(&name, hash, plain, stop).await {
            if let Err(error) = self.place.delete(&name).await {
                tracing::warn!(%error, name, "a copy that could not be verified stays in the place");
            }
            return Err(why);
        }
        self.note(store, began).await?;
        let (made_in, verified_in) = (made.since(began.up), store.clock().now().up.since(made));
        tracing::info!(name, rows = dumped.rows, size_bytes, "a backup was made and verified");
        if let Err(error) = self.prune(&name).await {
            tracing::warn!(%error, "older backups stay");
        }
        Ok(Made { name, dumped, size_bytes, made_in, verified_in })
    }

    /// Ships what was changed since the last shipment; `None` when nothing was.
    ///
    /// # Errors
    /// When it is not safe; then the next one has it, too.
    pub async fn ship(&self, store: &Store, stop: &CancellationToken) -> Result<Option<Shipment>, KeepError> {
        let _shipping = self.shipping.lock().await;
        let (plain, shipment) = self.write(store, stop, |store, out| store.changes(out)).await?;
        let Some(shipment) = shipment else { return Ok(None) };
        let kept = Kept::changes(shipment.epoch, shipment.number, self.is_sealing());
        self.put(&kept.to_string(), Arc::new(plain)).await?;
        store.shipped(&shipment).await?;
        Ok(Some(shipment))
    }

    /// Fetches what restores a state into a folder beside the living file, makes a file of it and audits it.
    ///
    /// # Errors
    /// Whatever is wrong with it; nothing was changed.
    pub async fn open(
        &self,
        plan: &Plan,
        key: Option<Key>,
        beside: Beside,
    ) -> Result<(Beside, Checked), KeepError> {
        let dir = beside.dir().to_owned();
        let mut spool = disk::with(move || Spool::new(&dir)).await?;
        let mut part = |kept: &Kept| (kept.to_string(), spool.part(kept.size_bytes), kept.is_sealed);
        let (name, full, _) = part(&plan.full);
        let changes: Vec<_> = plan.changes.iter().map(part).collect();
        self.place.fetch(&name, &full).await?;
        let each: Vec<_> = changes.iter().map(|(name, part, _)| self.place.fetch(name, part)).collect();
        stream::iter(each).buffer_unordered(AT_ONCE).try_collect::<()>().await?;
        let changes: Vec<_> = changes.into_iter().map(|(_, part, is_sealed)| (part, is_sealed)).collect();
        let is_sealed = plan.full.is_sealed;
        let opened = disk::wait(move || {
            let full = unsealed(full, is_sealed, key.as_ref())?;
            let checked = beside.open(full, changes, key.as_ref())?;
            Ok((beside, checked))
        });
        opened.await?
    }

    fn is_sealing(&self) -> bool {
        !self.recipients.is_empty()
    }

    /// Has a store write to a file without a name.
    async fn write<R: Send + 'static>(
        &self,
        store: &Store,
        stop: &CancellationToken,
        act: impl FnOnce(&Store, &mut dyn Write) -> Result<R, BackupError> + Send + 'static,
    ) -> Result<(File, R), KeepError> {
        let (dir, store, stop) = (self.data_dir.clone(), store.clone(), stop.clone());
        let written = disk::wait(move || {
            let file = tempfile::tempfile_in(dir)?;
            let mut out = BufWriter::with_capacity(BUFFER_BYTES, Stoppable { inner: &file, stop });
            let written = act(&store, &mut out)?;
            out.flush()?;
            drop(out);
            Ok((file, written))
        });
        written.await?
    }

    /// Brings a file to the place, sealed if need be; gives the object's length and hash.
    async fn put(&self, name: &str, plain: Arc<File>) -> Result<(u64, blake3::Hash), KeepError> {
        let (dir, recipients) = (self.data_dir.clone(), self.recipients.clone());
        let ready = disk::wait(move || {
            let mut plain = plain.try_clone()?;
            plain.rewind()?;
            let file = if recipients.is_empty() {
                plain
            } else {
                let mut sealed = tempfile::tempfile_in(dir)?;
                seal::seal(&recipients, &mut plain, &mut sealed)?;
                sealed
            };
            Ok::<_, KeepError>((file.metadata()?.len(), file))
        });
        let (size_bytes, file) = ready.await??;
        Ok((size_bytes, self.place.put(name, file).await?))
    }

    /// The object is what was put there, byte by byte; and what was put there, before it was sealed, opens and
    /// its books are right. The service cannot open what is sealed: it holds the public key alone.
    async fn verify(
        &self,
        name: &str,
        hash: blake3::Hash,
        plain: Arc<File>,
        stop: &CancellationToken,
    ) -> Result<(), KeepError> {
        if self.place.hash(name).await? != hash {
            return Err(KeepError::Changed(name.to_owned()));
        }
        let (data_dir, stop) = (self.data_dir.clone(), stop.clone());
        let checked = disk::wait(move || {
            let beside = Beside::take(&data_dir)?;
            let full = Stoppable { inner: Part::whole(plain)?, stop };
            beside.open(full, Vec::new(), None).map(drop)
        });
        checked.await?
    }

    async fn note(&self, store: &Store, began: Moment) -> Result<(), Fault> {
        store.write("backup-verified", move |tx| tx.put_note(VERIFIED, &began)).await
    }

    /// Older ones go; never the one that was just verified, whatever the clock was when others were made.
    async fn prune(&self, verified: &str) -> Result<(), KeepError> {
        let old = superfluous(&self.list().await?, self.keep);
        for name in old.iter().map(Kept::to_string).filter(|name| name != verified) {
            self.place.delete(&name).await?;
        }
        Ok(())
    }
}

/// Writes and reads until the service stops.
struct Stoppable<T> {
    inner: T,
    stop: CancellationToken,
}

impl<T> Stoppable<T> {
    fn go_on(&self) -> io::Result<()> {
        if self.stop.is_cancelled() { Err(io::Error::other("the service stops")) } else { Ok(()) }
    }
}

impl<T: Write> Write for Stoppable<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.go_on()?;
        self.inner.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<T: Read> Read for Stoppable<T> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.go_on()?;
        self.inner.read(into)
    }
}
