//! Making backups: what a store gives, brought to a place, read back and proven.

use super::begun;
use super::beside::{Beside, FILE, broken};
use super::name::{Kept, newest, sorted, superfluous};
use super::room::{Room, length};
use super::seal;
use super::spool::Part;
use super::stop::{Stoppable, until};
use super::{KeepError, Place, PlaceError, place_id};
use crate::config::Settings;
use crate::disk;
use crate::store::{BackupError, Dumped, Fault, FileId, PlaceId, Shipment, Store, Verified, View};
use crate::time::{Moment, Up};
use std::fs::File;
use std::io::{self, BufWriter, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

/// So much is gathered before it is written.
const BUFFER_BYTES: usize = 1 << 20;
/// A whole copy is at most so small a part of its file; a third, as measured.
const PACKED: u64 = 2;
/// To remove what was not verified takes at most this time: the service may be stopping.
const TAKING_BACK: Duration = Duration::from_secs(5);

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
    pub(super) place: Arc<Place>,
    place_id: PlaceId,
    recipients: Vec<String>,
    pub(super) data_dir: PathBuf,
    /// So much stays free where the ledger lives.
    pub(super) min_free: u64,
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
            place: Arc::new(Place::of(settings)?),
            place_id: place_id(settings),
            recipients: settings.backups.recipients.clone(),
            data_dir: settings.data_dir.clone(),
            min_free: settings.min_free_disk_bytes,
            keep: usize::try_from(settings.backups.keep).unwrap_or(usize::MAX),
            copying: Mutex::new(()),
            shipping: Mutex::new(()),
        })
    }

    /// The place's name, for people.
    pub fn place(&self) -> String {
        self.place.name()
    }

    /// Which place it is among all.
    pub fn place_id(&self) -> PlaceId {
        self.place_id
    }

    /// All backups that are kept.
    ///
    /// # Errors
    /// When the place does not say.
    pub async fn list(&self) -> Result<Vec<Kept>, KeepError> {
        Ok(sorted(&self.place.list().await?))
    }

    /// What is kept of the store's own file.
    ///
    /// # Errors
    /// When the place does not say.
    pub async fn own(&self, store: &Store) -> Result<Vec<Kept>, KeepError> {
        let file = store.read(View::file_id).await?;
        let mut kept = self.list().await?;
        kept.retain(|one| one.file == file);
        Ok(kept)
    }

    /// Whether this file may be backed up there. One that began empty on a new machine, where a restore should
    /// have come first, must not stand as the newest beside the copies of the real one.
    ///
    /// # Errors
    /// [`KeepError::Others`], or when the place does not say.
    pub async fn may_copy(&self, store: &Store) -> Result<(), KeepError> {
        let file = store.read(View::file_id).await?;
        self.may_follow(&self.list().await?, file)
    }

    fn may_follow(&self, kept: &[Kept], file: FileId) -> Result<(), KeepError> {
        let is_known = kept.iter().any(|one| one.is_full() && one.file == file);
        match newest(kept) {
            Some(newest) if !is_known => {
                Err(KeepError::Others { place: self.place(), newest: newest.to_string() })
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Makes a whole copy while the store is used, opens it and audits it, brings it to the place and reads it
    /// back; then, and only then, older ones of this file go. Ends early, in failure, at the stop.
    ///
    /// # Errors
    /// When there is no new verified copy; then all older ones stay, and none is left of it, unless the books of
    /// the living file are not right either: a copy of them is better than none ([`KeepError::Kept`]).
    pub async fn full(&self, store: &Store, stop: &CancellationToken) -> Result<Made, KeepError> {
        let _copying = self.copying.lock().await;
        let file = store.read(View::file_id).await?;
        let kept = until(stop, self.list()).await?;
        self.may_follow(&kept, file)?;
        self.has_room().await?;
        if let Err(error) = until(stop, self.drop_half_done(file)).await {
            tracing::warn!(%error, "what was left half done may still be in the backups' place");
        }
        let began = store.clock().now();
        let (plain, dumped) = self.write(store, stop, |store, out| store.dump(out)).await?;
        let (plain, written) = (Arc::new(plain), store.clock().now().up);
        let broken = until(stop, self.broken(store, plain.clone(), stop)).await?;
        let audited = store.clock().now().up;
        let name = Kept::full(file, &dumped, &kept, broken.is_none(), self.is_sealing()).to_string();
        let noted = name.clone();
        self.begun(move |data_dir, place| begun::note(data_dir, place, &noted)).await?;
        let (size_bytes, put) = match self.bring(store, &name, plain, stop).await {
            Ok(brought) => brought,
            Err(why) => {
                self.take_back(&name).await;
                return Err(why);
            }
        };
        self.forget(name.clone()).await?;
        let made_in = written.since(began.up) + put.since(audited);
        let verified_in = audited.since(written) + store.clock().now().up.since(put);
        if broken.is_none() {
            self.note(store, began).await?;
            tracing::info!(name, rows = dumped.rows, size_bytes, "a backup was made and verified");
        }
        if let Err(error) = until(stop, self.prune(store, &name, broken.is_none())).await {
            tracing::warn!(%error, "older backups stay");
        }
        match broken {
            None => Ok(Made { name, dumped, size_bytes, made_in, verified_in }),
            Some(rules) => Err(KeepError::Kept { name, rules }),
        }
    }

    /// Ships what was changed since the last shipment; `None` when nothing was.
    ///
    /// # Errors
    /// When it is not safe; then the next one has it, too.
    pub async fn ship(&self, store: &Store, stop: &CancellationToken) -> Result<Option<Shipment>, KeepError> {
        let _shipping = self.shipping.lock().await;
        let file = store.read(View::file_id).await?;
        let (plain, shipment) = self.write(store, stop, |store, out| store.changes(out)).await?;
        let Some(shipment) = shipment else { return Ok(None) };
        let kept = Kept::changes(file, shipment.epoch, shipment.number, self.is_sealing());
        self.put(&kept.to_string(), Arc::new(plain), stop).await?;
        store.shipped(&shipment).await?;
        Ok(Some(shipment))
    }

    /// Removes what an earlier process of this file left half done, here and in the place.
    ///
    /// # Errors
    /// When something may be left.
    pub async fn tidy(&self, store: &Store) -> Result<(), KeepError> {
        let _copying = self.copying.lock().await;
        let _shipping = self.shipping.lock().await;
        let file = store.read(View::file_id).await?;
        let data_dir = self.data_dir.clone();
        disk::wait(move || Beside::tidy(&data_dir)).await??;
        self.drop_left_over().await?;
        let is_ours = move |name: &str| Kept::named(name).is_some_and(|kept| kept.file == file);
        Ok(self.place.tidy(is_ours).await?)
    }

    /// Whole copies that were put there and never verified.
    async fn drop_left_over(&self) -> Result<(), KeepError> {
        for name in self.begun(begun::left_over).await? {
            self.place.delete(&name).await?;
            self.forget(name).await?;
        }
        Ok(())
    }

    /// The same, and parts of uploads that were never ended. Those of shipments, unless one is under way.
    async fn drop_half_done(&self, file: FileId) -> Result<(), KeepError> {
        let left_over = self.drop_left_over().await;
        let shipping = self.shipping.try_lock();
        let nothing_ships = shipping.is_ok();
        let is_ours = move |name: &str| {
            Kept::named(name).is_some_and(|kept| kept.file == file && (nothing_ships || kept.is_full()))
        };
        self.place.tidy(is_ours).await?;
        left_over
    }

    async fn forget(&self, name: String) -> Result<(), KeepError> {
        self.begun(move |data_dir, place| begun::forget(data_dir, place, &name)).await
    }

    /// Reads or changes what is noted of copies that are not verified.
    async fn begun<R: Send + 'static>(
        &self,
        act: impl FnOnce(&Path, &str) -> io::Result<R> + Send + 'static,
    ) -> Result<R, KeepError> {
        let (data_dir, place) = (self.data_dir.clone(), self.place.clone());
        Ok(disk::with(move || act(&data_dir, &place.canonical(&data_dir))).await?)
    }

    async fn take_back(&self, name: &str) {
        let taken = tokio::time::timeout(TAKING_BACK, self.drop_left_over()).await;
        let why = match taken {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.to_string(),
            Err(late) => late.to_string(),
        };
        tracing::warn!(why, name, "a copy that could not be verified stays in the place until the next one");
    }

    /// The copy is written beside the ledger, brought to the place, and opened beside the ledger.
    async fn has_room(&self) -> Result<(), KeepError> {
        let (data_dir, min_free, folder) = (self.data_dir.clone(), self.min_free, self.place.folder());
        let looked = disk::wait(move || {
            let file = length(&data_dir.join(FILE))?;
            let copy = file / PACKED;
            let folder = folder.as_deref().map(|folder| (folder, copy));
            Room { data_dir: &data_dir, min_free }.is_there(file.saturating_add(copy), folder)
        });
        looked.await?
    }

    /// Opens a copy as it was written, before it is sealed, for the service cannot open what is sealed: it holds
    /// the public key alone. Gives the rules that do not hold of it, nor of the living file; `None`: all hold.
    async fn broken(
        &self,
        store: &Store,
        plain: Arc<File>,
        stop: &CancellationToken,
    ) -> Result<Option<String>, KeepError> {
        let (data_dir, stop) = (self.data_dir.clone(), stop.clone());
        let checked = disk::wait(move || {
            let beside = Beside::take(&data_dir)?;
            beside.open(Stoppable { inner: Part::whole(plain)?, stop }, Vec::new(), None)
        });
        let copys = checked.await??.broken();
        if copys.is_empty() {
            return Ok(None);
        }
        // The living file has gone on since: more rules may be broken in it, and none was mended by itself.
        let livings = broken(&store.read(View::audit).await?);
        let rules = copys.join(", ");
        if copys.iter().all(|rule| livings.contains(rule)) {
            Ok(Some(rules))
        } else {
            Err(KeepError::Unsound(rules))
        }
    }

    /// The object is what was put there, byte by byte. Gives its length, and when it was there.
    async fn bring(
        &self,
        store: &Store,
        name: &str,
        plain: Arc<File>,
        stop: &CancellationToken,
    ) -> Result<(u64, Up), KeepError> {
        let (size_bytes, hash) = self.put(name, plain, stop).await?;
        let put = store.clock().now().up;
        if until(stop, self.place.hash(name)).await? != hash {
            return Err(KeepError::Changed(name.to_owned()));
        }
        Ok((size_bytes, put))
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
    async fn put(
        &self,
        name: &str,
        plain: Arc<File>,
        stop: &CancellationToken,
    ) -> Result<(u64, blake3::Hash), KeepError> {
        let (dir, recipients, stops) = (self.data_dir.clone(), self.recipients.clone(), stop.clone());
        let ready = disk::wait(move || {
            let mut plain = plain.try_clone()?;
            plain.rewind()?;
            let file = if recipients.is_empty() {
                plain
            } else {
                let mut sealed = tempfile::tempfile_in(dir)?;
                seal::seal(&recipients, &mut Stoppable { inner: plain, stop: stops }, &mut sealed)?;
                sealed
            };
            Ok::<_, KeepError>((file.metadata()?.len(), file))
        });
        let (size_bytes, file) = ready.await??;
        Ok((size_bytes, self.place.put(name, file, stop).await?))
    }

    async fn note(&self, store: &Store, began: Moment) -> Result<(), Fault> {
        let verified = Verified { began, place: self.place_id };
        store.write("backup-verified", move |tx| tx.put_backup_verified(&verified)).await
    }

    /// Older ones go; never the one that was just made, none of another file, and for one whose books are not right
    /// only others of its kind.
    async fn prune(&self, store: &Store, made: &str, is_sound: bool) -> Result<(), KeepError> {
        let mut old = superfluous(&self.own(store).await?, self.keep);
        old.retain(|one| is_sound || (one.is_full() && !one.is_sound()));
        for name in old.iter().map(Kept::to_string).filter(|name| name != made) {
            self.place.delete(&name).await?;
        }
        Ok(())
    }
}
