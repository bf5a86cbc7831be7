//! A disk that fails, fills up or takes no writes: whatever happens to it, what was acknowledged stays,
//! an act is there whole or not at all, nobody waits for an answer, and the store comes back by itself.

use super::super::open::builder;
use super::super::scenario::{clock, dump, fill};
use super::super::{Engine, Fault, OpenError, Received, Store, View};
use super::drive;
use crate::ids::{InboxId, UpdateId};
use crate::message::Urgency;
use crate::sandbox::disk::{Disk, Trouble};
use redb::{DatabaseError, RepairSession};
use std::sync::mpsc;
use std::time::Duration;

/// What must happen happens within this time, on a slow machine too.
const PATIENCE: Duration = Duration::from_secs(20);

/// A store on the file of `disk`.
pub(super) fn open(disk: &Disk) -> Result<(Store, Engine), OpenError> {
    let disk = disk.clone();
    Store::open_on(move || Ok(disk.backend()), clock())
}

/// True when the file as it stands would be repaired before it is opened.
fn needs_a_repair(disk: &Disk) -> bool {
    let mut builder = builder();
    builder.set_repair_callback(RepairSession::abort);
    match builder.create_with_backend(disk.fork().backend()) {
        Ok(_) => false,
        Err(DatabaseError::RepairAborted) => true,
        Err(other) => panic!("{other}"),
    }
}

/// Takes an update in that is as large as a long message.
fn receive(store: &Store, update: u64) -> Result<Received, Fault> {
    store.write_blocking("receive", move |tx| tx.receive(9, UpdateId(update), Urgency::Usual, &[b'x'; 4_096]))
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
    let (store, mut engine) = open(&disk).expect("a new store");
    drive(&mut engine, store.write("fill", fill)).expect("allowed");
    let before = dump(&store);
    disk.trouble(Trouble::Broken { after: 0 });
    let failed =
        drive(&mut engine, store.write("receive", |tx| tx.receive(9, UpdateId(7), Urgency::Usual, b"{}")));
    assert!(matches!(failed, Err(Fault::Storage(_))), "{failed:?}");
    assert!(engine.reopen().is_err(), "the disk is still gone");
    assert_eq!(store.view().map(drop), Err(Fault::Closed));
    let closed =
        drive(&mut engine, store.write("receive", |tx| tx.receive(9, UpdateId(7), Urgency::Usual, b"{}")));
    assert_eq!(closed, Err(Fault::Closed));
    disk.mend();
    engine.reopen().expect("it opens");
    assert_eq!(dump(&store), before);
    let again =
        drive(&mut engine, store.write("receive", |tx| tx.receive(9, UpdateId(7), Urgency::Usual, b"{}")));
    assert_eq!(again, Ok(Received::New(InboxId(4))));
}

#[test]
fn while_the_file_cannot_be_opened_every_act_is_told_so_at_once() {
    let disk = Disk::default();
    let (store, engine) = open(&disk).expect("a new store");
    let writer = std::thread::spawn(move || engine.run());
    store.write_blocking("fill", fill).expect("allowed");
    let before = dump(&store);
    disk.trouble(Trouble::ReadOnly);
    assert!(matches!(receive(&store, 7), Err(Fault::Storage(_))));
    let asked = store.clone();
    // Between its tries to open the file the writer waits up to 30 s; who asks must not wait with it.
    let answers = in_time(move || (0..64).map(|update| receive(&asked, 100 + update)).collect::<Vec<_>>());
    assert!(answers.iter().all(|answer| *answer == Err(Fault::Closed)), "{answers:?}");
    assert_eq!(store.view().map(drop), Err(Fault::Closed));
    disk.mend();
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
    let (store, engine) = open(&disk).expect("a new store");
    let writer = std::thread::spawn(move || engine.run());
    store.write_blocking("fill", fill).expect("allowed");
    let (asked, filling) = (store.clone(), disk.clone());
    let mut kept = in_time(move || {
        let (mut kept, mut refused) = (Vec::new(), 0);
        for update in 100.. {
            // In the middle; what then still finds room in the file itself is kept as well.
            if update == 120 {
                filling.trouble(Trouble::Full);
            }
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
    assert!(!needs_a_repair(&disk), "nothing is repaired, by hand or by itself");
    disk.mend();
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
        let (store, mut engine) = open(&disk).expect("a new store");
        let first =
            drive(&mut engine, store.write("first", |tx| tx.receive(1, UpdateId(1), Urgency::Usual, b"{}")));
        assert_eq!(first, Ok(Received::New(InboxId(1))));
        let before = dump(&store);
        disk.trouble(Trouble::Broken { after: calls });
        let second = drive(&mut engine, store.write("fill", fill_after_one));
        disk.mend();
        assert!(!needs_a_repair(&disk), "{calls} calls");
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
    tx.tables.counters.write()?.insert("inbox", 0)?;
    fill(tx)
}
