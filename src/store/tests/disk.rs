//! A disk that fails, fills up or takes no writes: whatever happens to it, what was acknowledged stays,
//! an act is there whole or not at all, nobody waits for an answer, and the store comes back by itself.

use super::super::open::builder;
use super::super::scenario::{clock, dump, fill};
use super::super::{Engine, Fault, OpenError, Received, StorageBackend, Store, View};
use super::drive;
use crate::ids::{InboxId, UpdateId};
use redb::{DatabaseError, RepairSession};
use std::io;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

/// What must happen happens within this time, on a slow machine too.
const PATIENCE: Duration = Duration::from_secs(20);
/// More bytes than any of these disks will hold.
const NO_LIMIT: u64 = u64::MAX;
/// More calls than any test makes.
const ALL_CALLS: i64 = i64::MAX;

/// A disk in memory, with what is wrong with it.
#[derive(Clone, Debug)]
pub(super) struct Disk(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    bytes: Mutex<Vec<u8>>,
    /// So many calls still work.
    good_for: AtomicI64,
    /// So many calls that change something still work.
    writes_for: AtomicI64,
    /// So many bytes there is room for.
    room: AtomicU64,
}

impl Default for Disk {
    fn default() -> Self {
        Self::of(Vec::new())
    }
}

impl Disk {
    fn of(bytes: Vec<u8>) -> Self {
        let (good_for, writes_for) = (AtomicI64::new(ALL_CALLS), AtomicI64::new(ALL_CALLS));
        Self(Arc::new(Inner {
            bytes: Mutex::new(bytes),
            good_for,
            writes_for,
            room: AtomicU64::new(NO_LIMIT),
        }))
    }

    pub(super) fn open(&self) -> Result<(Store, Engine), OpenError> {
        let disk = self.clone();
        Store::open_on(move || Ok(disk.clone()), clock())
    }

    fn fails_after(&self, calls: i64) {
        self.0.good_for.store(calls, Ordering::SeqCst);
    }

    fn is_read_only(&self) {
        self.0.writes_for.store(0, Ordering::SeqCst);
    }

    /// What is there stays and can be changed; only so many more bytes fit.
    fn fills_up_in(&self, more: usize) {
        let bytes = self.0.bytes.lock().expect("nobody panics with it").len();
        self.0.room.store(u64::try_from(bytes + more).expect("a small file"), Ordering::SeqCst);
    }

    fn is_mended(&self) {
        self.0.good_for.store(ALL_CALLS, Ordering::SeqCst);
        self.0.writes_for.store(ALL_CALLS, Ordering::SeqCst);
        self.0.room.store(NO_LIMIT, Ordering::SeqCst);
    }

    fn call(&self) -> io::Result<std::sync::MutexGuard<'_, Vec<u8>>> {
        if self.0.good_for.fetch_sub(1, Ordering::SeqCst) <= 0 {
            return Err(io::Error::other("the disk is gone"));
        }
        self.0.bytes.lock().map_err(|_| io::Error::other("poisoned"))
    }

    /// A call that changes something and needs room for so many bytes.
    fn change(&self, len: u64) -> io::Result<std::sync::MutexGuard<'_, Vec<u8>>> {
        let bytes = self.call()?;
        if self.0.writes_for.fetch_sub(1, Ordering::SeqCst) <= 0 {
            return Err(io::ErrorKind::ReadOnlyFilesystem.into());
        }
        if len > self.0.room.load(Ordering::SeqCst) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(bytes)
    }

    /// True when the file as it stands would be repaired before it is opened.
    fn needs_a_repair(&self) -> bool {
        let copy = Self::of(self.0.bytes.lock().expect("nobody panics with it").clone());
        let mut builder = builder();
        builder.set_repair_callback(RepairSession::abort);
        match builder.create_with_backend(copy) {
            Ok(_) => false,
            Err(DatabaseError::RepairAborted) => true,
            Err(other) => panic!("{other}"),
        }
    }
}

fn range(offset: u64, len: usize) -> std::ops::Range<usize> {
    let start = usize::try_from(offset).expect("a small file");
    start..start + len
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.call()?.len().try_into().expect("a small file"))
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let bytes = self.call()?;
        let found = bytes.get(range(offset, out.len())).ok_or(io::ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(found);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.change(len)?.resize(range(len, 0).start, 0);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        self.change(0).map(drop)
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut bytes = self.change(0)?;
        let place = bytes.get_mut(range(offset, data.len())).ok_or(io::ErrorKind::UnexpectedEof)?;
        place.copy_from_slice(data);
        Ok(())
    }
}

/// Takes an update in that is as large as a long message.
fn receive(store: &Store, update: u64) -> Result<Received, Fault> {
    store.write_blocking("receive", move |tx| tx.receive(9, UpdateId(update), &[b'x'; 4_096]))
}

/// Tries until the file is open again and the act is done.
fn receive_at_last(store: &Store, update: u64) -> Received {
    loop {
        match receive(store, update) {
            Ok(received) => return received,
            Err(Fault::Closed | Fault::Storage(_)) => std::thread::yield_now(),
            Err(other) => panic!("{other}"),
        }
    }
}

/// Looks at a snapshot, as soon as the file is open again: one of a file whose disk failed reads nothing.
fn look_at_last<R>(store: &Store, look: impl Fn(&View) -> Result<R, Fault>) -> R {
    loop {
        match store.view().and_then(|view| look(&view)) {
            Ok(seen) => return seen,
            Err(Fault::Closed | Fault::Storage(_)) => std::thread::yield_now(),
            Err(other) => panic!("{other}"),
        }
    }
}

/// Those of these updates that are gone, and whether the audit passes.
fn lost(view: &View, updates: &[u64]) -> Result<(Vec<u64>, bool), Fault> {
    let mut lost = Vec::new();
    for update in updates {
        if view.seen(9, UpdateId(*update))?.is_none() {
            lost.push(*update);
        }
    }
    Ok((lost, view.audit()?.ok))
}

/// Does this on a thread of its own, and gives up waiting for it.
#[track_caller]
fn in_time<R: Send + 'static>(work: impl FnOnce() -> R + Send + 'static) -> R {
    let (done, result) = mpsc::channel();
    std::thread::spawn(move || done.send(work()));
    result.recv_timeout(PATIENCE).expect("an end in time")
}

#[test]
fn a_store_whose_disk_failed_says_so_and_comes_back_when_it_is_mended() {
    let disk = Disk::default();
    let (store, mut engine) = disk.open().expect("a new store");
    drive(&mut engine, store.write("fill", fill)).expect("allowed");
    let before = dump(&store);
    disk.fails_after(0);
    let failed = drive(&mut engine, store.write("receive", |tx| tx.receive(9, UpdateId(7), b"{}")));
    assert!(matches!(failed, Err(Fault::Storage(_))), "{failed:?}");
    assert!(engine.reopen().is_err(), "the disk is still gone");
    assert_eq!(store.view().map(drop), Err(Fault::Closed));
    let closed = drive(&mut engine, store.write("receive", |tx| tx.receive(9, UpdateId(7), b"{}")));
    assert_eq!(closed, Err(Fault::Closed));
    disk.is_mended();
    engine.reopen().expect("it opens");
    assert_eq!(dump(&store), before);
    let again = drive(&mut engine, store.write("receive", |tx| tx.receive(9, UpdateId(7), b"{}")));
    assert_eq!(again, Ok(Received::New(InboxId(4))));
}

#[test]
fn while_the_file_cannot_be_opened_every_act_is_told_so_at_once() {
    let disk = Disk::default();
    let (store, engine) = disk.open().expect("a new store");
    let writer = std::thread::spawn(move || engine.run());
    store.write_blocking("fill", fill).expect("allowed");
    let before = dump(&store);
    disk.is_read_only();
    assert!(matches!(receive(&store, 7), Err(Fault::Storage(_))));
    let asked = store.clone();
    // Between its tries to open the file the writer waits up to 30 s; who asks must not wait with it.
    let answers = in_time(move || (0..64).map(|update| receive(&asked, 100 + update)).collect::<Vec<_>>());
    assert!(answers.iter().all(|answer| *answer == Err(Fault::Closed)), "{answers:?}");
    assert_eq!(store.view().map(drop), Err(Fault::Closed));
    disk.is_mended();
    let (asked, after) = in_time(move || (receive_at_last(&store, 7), store));
    assert_eq!(asked, Received::New(InboxId(4)));
    let view = after.view().expect("a snapshot");
    assert_eq!(view.seen(9, UpdateId(100)), Ok(None), "what was refused left nothing");
    assert!(view.audit().expect("readable rows").ok);
    assert_eq!(dump(&after).len(), before.len() + 2, "one update and that it was seen");
    drop((view, after));
    writer.join().expect("it ends");
}

#[test]
fn a_disk_that_fills_up_keeps_what_was_acknowledged_and_all_goes_on_when_there_is_room() {
    let disk = Disk::default();
    let (store, engine) = disk.open().expect("a new store");
    let writer = std::thread::spawn(move || engine.run());
    store.write_blocking("fill", fill).expect("allowed");
    disk.fills_up_in(512 * 1_024);
    // It fills up in the middle; what then still finds room in the file itself is kept as well.
    let asked = store.clone();
    let mut kept = in_time(move || {
        let (mut kept, mut refused) = (Vec::new(), 0);
        for update in 100.. {
            match receive(&asked, update) {
                Ok(_) => kept.push(update),
                Err(Fault::Storage(_) | Fault::Closed) => refused += 1,
                Err(other) => panic!("{other}"),
            }
            if refused == 16 {
                break;
            }
        }
        kept
    });
    assert!(!kept.is_empty(), "there was room");
    let (reader, acknowledged) = (store.clone(), kept.clone());
    let seen = in_time(move || look_at_last(&reader, |view| lost(view, &acknowledged)));
    assert_eq!(seen, (Vec::new(), true), "acknowledged and gone, or books that are wrong");
    assert!(!disk.needs_a_repair(), "nothing is repaired, by hand or by itself");
    disk.is_mended();
    let asked = store.clone();
    let received =
        in_time(move || (9_000..9_016).map(|update| receive_at_last(&asked, update)).collect::<Vec<_>>());
    assert!(received.iter().all(|received| matches!(received, Received::New(_))), "{received:?}");
    kept.extend(9_000..9_016);
    let seen = lost(&store.view().expect("a snapshot"), &kept);
    assert_eq!(seen, Ok((Vec::new(), true)), "acknowledged and gone, or books that are wrong");
    drop(store);
    writer.join().expect("it ends");
}

#[test]
fn whichever_call_fails_an_act_is_there_whole_or_not_at_all() {
    let mut survived = 0;
    for calls in 0.. {
        let disk = Disk::default();
        let (store, mut engine) = disk.open().expect("a new store");
        let first = drive(&mut engine, store.write("first", |tx| tx.receive(1, UpdateId(1), b"{}")));
        assert_eq!(first, Ok(Received::New(InboxId(1))));
        let before = dump(&store);
        disk.fails_after(calls);
        let second = drive(&mut engine, store.write("fill", fill_after_one));
        disk.is_mended();
        assert!(!disk.needs_a_repair(), "{calls} calls");
        engine.reopen().expect("it opens");
        let after = dump(&store);
        let report = store.view().expect("a snapshot").audit().expect("readable rows");
        assert!(report.ok, "{calls} calls: {report:#?}");
        match second {
            Ok(()) => assert!(after.len() > before.len(), "{calls} calls: acknowledged and gone"),
            Err(Fault::Storage(_)) if after == before => survived += 1,
            Err(Fault::Storage(_)) => assert_eq!(report.rows, 19, "{calls} calls: a part of it"),
            Err(other) => panic!("{other}"),
        }
        if second.is_ok() {
            assert!(survived > 3, "the disk never failed");
            return;
        }
    }
}

/// The scenario, in a file that already has one update.
fn fill_after_one(tx: &mut super::super::Tx<'_>) -> Result<(), Fault> {
    let row = tx.inbox_row(InboxId(1))?.expect("received");
    tx.handled(InboxId(1), &row)?;
    tx.tables.counters.insert("inbox", 0)?;
    fill(tx)
}
