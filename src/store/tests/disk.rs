//! A disk that fails: whatever call fails, what was acknowledged stays, an act is there whole or not
//! at all, and the store comes back by itself.

use super::super::scenario::{clock, dump, fill};
use super::super::{Engine, Fault, OpenError, Received, StorageBackend, Store};
use super::drive;
use crate::ids::{InboxId, UpdateId};
use std::io;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

/// A disk in memory that works for so many more calls, then fails until it is mended.
#[derive(Clone, Debug, Default)]
struct Disk(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    bytes: Mutex<Vec<u8>>,
    fails: AtomicBool,
    good_for: AtomicI64,
}

impl Disk {
    fn open(&self) -> Result<(Store, Engine), OpenError> {
        let disk = self.clone();
        Store::open_on(move || Ok(disk.clone()), clock())
    }

    fn fails_after(&self, calls: i64) {
        self.0.good_for.store(calls, Ordering::SeqCst);
        self.0.fails.store(true, Ordering::SeqCst);
    }

    fn is_mended(&self) {
        self.0.fails.store(false, Ordering::SeqCst);
    }

    fn call(&self) -> io::Result<std::sync::MutexGuard<'_, Vec<u8>>> {
        if self.0.fails.load(Ordering::SeqCst) && self.0.good_for.fetch_sub(1, Ordering::SeqCst) <= 0 {
            return Err(io::Error::other("the disk is gone"));
        }
        self.0.bytes.lock().map_err(|_| io::Error::other("poisoned"))
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
        self.call()?.resize(range(len, 0).start, 0);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        self.call().map(drop)
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut bytes = self.call()?;
        let place = bytes.get_mut(range(offset, data.len())).ok_or(io::ErrorKind::UnexpectedEof)?;
        place.copy_from_slice(data);
        Ok(())
    }
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
fn the_writers_thread_opens_the_file_again_by_itself() {
    let disk = Disk::default();
    let (store, engine) = disk.open().expect("a new store");
    let writer = std::thread::spawn(move || engine.run());
    store.write_blocking("fill", fill).expect("allowed");
    disk.fails_after(0);
    let failed = store.write_blocking("receive", |tx| tx.receive(9, UpdateId(7), b"{}"));
    assert!(failed.is_err(), "{failed:?}");
    disk.is_mended();
    // Acts that come while the file is being opened are told so, and nothing of them is kept.
    let again = loop {
        match store.write_blocking("receive", |tx| tx.receive(9, UpdateId(7), b"{}")) {
            Err(Fault::Closed) => {}
            other => break other,
        }
    };
    assert_eq!(again, Ok(Received::New(InboxId(4))));
    assert!(store.view().expect("a snapshot").audit().expect("readable rows").ok);
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
