//! Copies and shipments of a file that goes on changing: whatever happened to it, a copy and the
//! shipments after it say what the file said.
//!
//! `PROPTEST_CASES=2000 cargo test --lib -- store::tests::backup` runs more of it.

use super::super::open::builder;
use super::super::scenario::{ANN, BOB, clock, done, fill, job, moves, queued, roubles, tell};
use super::super::{
    BackupError, Dumped, Engine, Fault, JobMoney, Link, Loaded, Shipment, Store, Tx, View, check_changes,
    load,
};
use super::{drive, run};
use crate::ids::{InboxId, JobId, RequestId, UpdateId, UserId};
use crate::job::State;
use crate::ledger::Transfer;
use crate::message::{About, Act, Outgoing, Urgency};
use crate::payment::Way;
use crate::sandbox::disk::{Disk, Trouble};
use crate::store::{StopRow, StoppedBy};
use crate::time::At;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::Path;

/// What can happen to a file.
#[derive(Clone, Copy, Debug)]
enum Step {
    Topup(u8),
    /// So many orders in one act: many go into the file as a run.
    Order(u8),
    End(u16),
    Receive(u8),
    Handle(u8),
    Say,
    Deliver(u8),
    Note(u8),
    Stop,
    Sell,
    Trace(u8),
    /// So many customers at once that all accounts move into one table.
    Crowd,
    /// An act that fails after it wrote.
    Fail,
    /// The disk fails under an act, and the file is opened again.
    Break,
    /// The process ends and begins.
    Restart,
    /// A shipment that is safe.
    Ship,
    /// One that may be, which nobody was told of.
    ShipUnheard,
    Copy,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => any::<u8>().prop_map(Step::Topup),
        3 => (1..12_u8).prop_map(Step::Order),
        4 => any::<u16>().prop_map(Step::End),
        3 => (0..40_u8).prop_map(Step::Receive),
        3 => (0..40_u8).prop_map(Step::Handle),
        2 => Just(Step::Say),
        2 => (0..20_u8).prop_map(Step::Deliver),
        2 => any::<u8>().prop_map(Step::Note),
        1 => Just(Step::Stop),
        1 => Just(Step::Sell),
        1 => (0..5_u8).prop_map(Step::Trace),
        1 => Just(Step::Crowd),
        1 => Just(Step::Fail),
        1 => Just(Step::Break),
        1 => Just(Step::Restart),
        4 => Just(Step::Ship),
        2 => Just(Step::ShipUnheard),
        2 => Just(Step::Copy),
    ]
}

/// What an act of the history does; what is not possible just then it leaves.
fn does(tx: &mut Tx<'_>, step: Step) -> Result<(), Fault> {
    let at = tx.now().at;
    match step {
        Step::Topup(number) => {
            let user = if number.is_multiple_of(2) { ANN } else { BOB };
            let known = tx.credit_payment(Way::Stars, &format!("more-{number}"), user, roubles(50))?;
            assert!(known.is_ok());
        }
        Step::Order(count) => {
            for _ in 0..count {
                let id = tx.next_job_id()?;
                let mut order = job(id.0, ANN, queued());
                let hold = Transfer::hold(id, ANN, roubles(1), at);
                if tx.transfer_for_job(id, &mut order.row.money, &hold)?.is_ok() {
                    tx.put_job(&order)?;
                }
            }
        }
        Step::End(number) => {
            let Some(mut order) = tx.job(JobId(u64::from(number % 64)))? else { return Ok(()) };
            let JobMoney { hold: Some(hold), settled: None, .. } = order.row.money else { return Ok(()) };
            if order.id.0 <= 8 {
                return Ok(());
            }
            let charge = Transfer::charge(order.id, ANN, hold, roubles(1), at);
            moves(tx, &mut order, &charge)?;
            (order.row.state, order.row.due) = (done(), None);
            tell(tx, &mut order, number.is_multiple_of(2))?;
            tx.put_job(&order)?;
        }
        Step::Receive(number) => {
            tx.receive(9, UpdateId(100 + u64::from(number)), Urgency::Usual, b"{}")?;
        }
        Step::Handle(number) => {
            let id = InboxId(u64::from(number));
            if let Some(row) = tx.inbox_row(id)? {
                if number.is_multiple_of(3) { tx.park(id, &row, "odd")? } else { tx.handled(id, &row)? }
            }
        }
        Step::Say => {
            let act = Act::Text { text: "hello".to_owned(), keyboard: Vec::new(), edit: None };
            tx.say(Outgoing { chat: BOB.chat(), act, about: About::Nothing }, None)?;
        }
        Step::Deliver(number) => {
            let rows = tx.outbox_rows()?;
            let mut free = rows.iter().filter(|(_, _, row)| row.outgoing.about == About::Nothing);
            if let Some((priority, id, _)) = free.nth(usize::from(number)) {
                tx.drop_outbox_row(*priority, *id)?;
            }
        }
        Step::Note(number) => tx.put_note("a note", &number)?,
        Step::Stop => {
            let row = StopRow { at, why: "a test".to_owned(), until: None, by: StoppedBy::Operator };
            tx.put_stop("all", &row)?;
        }
        Step::Sell => tx.lift_stop("all")?,
        Step::Trace(number) => tx.trace(RequestId(number.into()), ANN, None, "seen", "a test")?,
        Step::Crowd => {
            for user in 1_000..1_520 {
                let id = format!("crowd-{user}-{}", tx.head()?.0);
                assert!(tx.credit_payment(Way::Card, &id, UserId(user), roubles(1))?.is_ok());
            }
        }
        Step::Fail => {
            tx.put_note("a note", &"never")?;
            tx.lift_stop("all")?;
            return Err(Fault::Bug("out of luck".to_owned()));
        }
        Step::Break | Step::Restart | Step::Ship | Step::ShipUnheard | Step::Copy => {}
    }
    Ok(())
}

/// A copy that was kept, and what the file said then.
struct Copy {
    dumped: Dumped,
    bytes: Vec<u8>,
    said: [u8; 32],
}

/// A shipment that was kept, and what the file said then.
struct Kept {
    shipment: Shipment,
    bytes: Vec<u8>,
    said: [u8; 32],
}

/// A streamed file, and what is kept of it elsewhere.
struct World {
    disk: Disk,
    store: Store,
    engine: Engine,
    copies: Vec<Copy>,
    /// By epoch and number: a later one takes the place of an earlier.
    kept: BTreeMap<(u64, u64), Kept>,
}

impl World {
    fn new() -> Self {
        let disk = Disk::default();
        let (store, engine) = super::disk::open(&disk).expect("a new store");
        let mut world = Self { disk, store, engine, copies: Vec::new(), kept: BTreeMap::new() };
        world.act(fill);
        run(&mut world.engine, world.store.set_streaming(true)).expect("streamed");
        world.copy();
        world
    }

    fn act<R: Send + 'static>(
        &mut self,
        act: impl Fn(&mut Tx<'_>) -> Result<R, Fault> + Send + 'static,
    ) -> R {
        drive(&mut self.engine, self.store.write("act", act)).expect("allowed")
    }

    fn said(&self) -> [u8; 32] {
        self.store.view().and_then(|view| view.fingerprint()).expect("readable rows")
    }

    fn copy(&mut self) {
        let mut bytes = Vec::new();
        let dumped = self.store.dump(&mut bytes).expect("a whole copy");
        self.copies.push(Copy { dumped, bytes, said: self.said() });
    }

    fn ship(&mut self, heard: bool) -> Option<Shipment> {
        let mut bytes = Vec::new();
        let shipment = self.store.changes(&mut bytes).expect("readable rows")?;
        assert_eq!(check_changes(&mut bytes.as_slice()).expect("whole"), shipment);
        let kept = Kept { shipment: shipment.clone(), bytes, said: self.said() };
        self.kept.insert((shipment.epoch, shipment.number), kept);
        if heard {
            run(&mut self.engine, self.store.shipped(&shipment)).expect("noted");
        }
        Some(shipment)
    }

    fn happens(&mut self, step: Step) {
        match step {
            Step::Fail => {
                let failed = drive(&mut self.engine, self.store.write("act", move |tx| does(tx, step)));
                assert!(matches!(failed, Err(Fault::Bug(_))), "{failed:?}");
            }
            Step::Break => {
                self.disk.trouble(Trouble::Broken { after: 0 });
                let failed = drive(&mut self.engine, self.store.write("act", |tx| tx.put_note("a note", &1)));
                assert!(matches!(failed, Err(Fault::Storage(_))), "{failed:?}");
                self.disk.mend();
                self.engine.reopen().expect("it opens");
            }
            Step::Restart => {
                let disk = self.disk.fork();
                (self.store, self.engine) = super::disk::open(&disk).expect("it opens");
                self.disk = disk;
            }
            Step::Ship => drop(self.ship(true)),
            Step::ShipUnheard => drop(self.ship(false)),
            Step::Copy => self.copy(),
            Step::Topup(_)
            | Step::Order(_)
            | Step::End(_)
            | Step::Receive(_)
            | Step::Handle(_)
            | Step::Say
            | Step::Deliver(_)
            | Step::Note(_)
            | Step::Stop
            | Step::Sell
            | Step::Trace(_)
            | Step::Crowd => self.act(move |tx| does(tx, step)),
        }
    }

    /// The shipments of a copy, the last `but` of them lost.
    fn after(&self, copy: &Copy, but: usize) -> Vec<&Kept> {
        let Dumped { epoch, upto, .. } = copy.dumped;
        let mut after: Vec<_> =
            self.kept.range((epoch, upto + 1)..=(epoch, u64::MAX)).map(|(_, kept)| kept).collect();
        after.truncate(after.len().saturating_sub(but));
        after
    }
}

fn sources<'a>(
    kept: impl IntoIterator<Item = &'a [u8]> + 'a,
) -> impl Iterator<Item = io::Result<Box<dyn Read>>> + 'a {
    kept.into_iter().map(|bytes| Ok(Box::new(io::Cursor::new(bytes.to_vec())) as Box<dyn Read>))
}

fn restored(path: &Path, copy: &Copy, after: &[&Kept]) -> Result<Loaded, BackupError> {
    load(path, &mut copy.bytes.as_slice(), &mut sources(after.iter().map(|kept| kept.bytes.as_slice())))
}

/// Every copy, with its shipments up to any of them, is what the file was then.
fn all_is_restored(world: &World) {
    let dir = tempfile::tempdir().expect("a directory");
    for (number, copy) in world.copies.iter().enumerate() {
        for but in [0, 2] {
            let after = world.after(copy, but);
            let path = dir.path().join(format!("{number}-{but}"));
            let loaded = restored(&path, copy, &after).expect("it is restored");
            assert_eq!(loaded.stopped, None);
            let new = after.iter().filter(|kept| kept.shipment.commit > copy.dumped.commit);
            let last = new.clone().next_back();
            assert_eq!(loaded.applied, new.count() as u64);
            let view = View::at(&path).expect("it opens");
            let said = last.map_or(copy.said, |kept| kept.said);
            assert!(
                view.fingerprint().expect("readable rows") == said,
                "copy {number}, but {but}: {loaded:?}"
            );
            let report = view.audit().expect("readable rows");
            assert!(report.ok, "{report:?}");
            assert_eq!(hex::encode(loaded.head), report.head);
            drop(view);
            std::fs::remove_file(path).expect("removed");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        cases: std::env::var("PROPTEST_CASES").map_or(24, |cases| cases.parse().expect("a number")),
        ..ProptestConfig::default()
    })]
    #[test]
    fn a_copy_and_what_was_shipped_since_say_what_the_file_said(steps in prop::collection::vec(step(), 1..40)) {
        let mut world = World::new();
        for step in steps {
            world.happens(step);
        }
        world.ship(true);
        all_is_restored(&world);
    }
}

#[test]
fn nothing_is_listed_while_nothing_is_streamed() {
    let mut world = World::new();
    run(&mut world.engine, world.store.set_streaming(false)).expect("ended");
    world.happens(Step::Order(3));
    assert_eq!(world.ship(true), None);
    let view = world.store.view().expect("a snapshot");
    assert_eq!(view.stream(), Ok(None));
    assert!(view.listed(&super::super::stream::StreamRow::default(), 1).expect("readable").is_none());
    let before = world.copies[0].dumped.epoch;
    world.copy();
    assert_eq!(world.copies[1].dumped.epoch, 0, "nothing follows it");
    run(&mut world.engine, world.store.set_streaming(true)).expect("streamed");
    let stream = world.store.view().and_then(|view| view.stream()).expect("readable").expect("streamed");
    assert!(stream.epoch > before && stream.shipped == 0);
    assert!(world.copies.iter().all(|copy| !Link::of(&copy.dumped).goes_on(&stream, None)));
}

#[test]
fn what_is_streamed_already_goes_on() {
    let mut world = World::new();
    world.happens(Step::Order(1));
    let first = world.ship(true).expect("a shipment");
    run(&mut world.engine, world.store.set_streaming(true)).expect("streamed");
    assert_eq!(world.ship(true), None, "nothing changed");
    world.happens(Step::Order(1));
    let next = world.ship(true).expect("a shipment");
    assert_eq!((next.epoch, next.number), (first.epoch, 2));
    assert!(next.rows < 12, "{next:?}");
}

#[test]
fn shipments_to_other_keys_are_a_chain_of_their_own() {
    let mut world = World::new();
    let stream = |store: &Store| store.view().and_then(|view| view.stream()).expect("readable").expect("on");
    run(&mut world.engine, world.store.set_streaming_to(true, [1; 32])).expect("streamed");
    let first = stream(&world.store);
    world.happens(Step::Order(1));
    run(&mut world.engine, world.store.set_streaming_to(true, [1; 32])).expect("streamed");
    assert_eq!(stream(&world.store).epoch, first.epoch, "the same keys");
    run(&mut world.engine, world.store.set_streaming_to(true, [2; 32])).expect("streamed");
    let second = stream(&world.store);
    assert!(second.epoch > first.epoch && second.shipped == 0, "{second:?}");
    run(&mut world.engine, world.store.set_streaming_to(false, [1; 32])).expect("ended");
    assert_eq!(world.store.view().expect("a snapshot").stream(), Ok(None));
}

#[test]
fn a_list_that_nobody_ships_is_dropped_before_it_fills_the_disk() {
    let mut world = World::new();
    let epoch = world.copies[0].dumped.epoch;
    let stream = |world: &World| world.store.view().and_then(|view| view.stream()).expect("readable");
    world.happens(Step::Crowd);
    let lost = world.ship(false).expect("a shipment");
    world.happens(Step::Crowd);
    let now = stream(&world).expect("streamed");
    assert!(now.epoch > epoch, "{now:?}");
    assert_eq!(world.ship(false), None, "the new epoch begins with a whole copy");
    run(&mut world.engine, world.store.shipped(&lost)).expect("it changes nothing");
    assert_eq!(stream(&world), Some(now));
    world.happens(Step::Order(1));
    world.copy();
    world.happens(Step::Order(1));
    world.ship(true).expect("a shipment");
    all_is_restored(&world);
}

#[test]
fn the_list_is_cut_off_once_it_is_shipped() {
    let mut world = World::new();
    let notes = |world: &mut World| {
        for value in 0..600_u32 {
            world.act(move |tx| (0..6).try_for_each(|note| tx.put_note(&format!("note {note}"), &value)));
        }
    };
    notes(&mut world);
    let shipment = world.ship(true).expect("a shipment");
    assert_eq!(shipment.rows, 6, "each key once, however often it was written");
    let left = world.act(|tx| {
        use redb::ReadableTableMetadata;
        Ok(tx.tables.changed.read()?.len()?)
    });
    assert_eq!(left, 0);
    // With those before it this would be too many.
    notes(&mut world);
    assert_eq!(world.ship(true).expect("a shipment").epoch, shipment.epoch);
    all_is_restored(&world);
}

#[test]
fn a_shipment_that_was_made_again_is_followed_though_its_first_was_noted_meanwhile() {
    let mut world = World::new();
    world.happens(Step::Order(2));
    let first = world.ship(false).expect("a shipment");
    world.happens(Step::Order(2));
    // Its object takes the place of the first one's, whose note comes all the same.
    let again = world.ship(false).expect("a shipment");
    assert_eq!((first.number, first.commit < again.commit), (again.number, true));
    for noted in [&first, &again, &first] {
        run(&mut world.engine, world.store.shipped(noted)).expect("noted");
    }
    world.happens(Step::Order(2));
    world.ship(true).expect("a shipment");
    all_is_restored(&world);
}

/// A world with four shipments, so many orders in each: two worlds with the same orders may well be the same,
/// byte for byte, when they are made within one millisecond.
fn shipped(orders: u8) -> World {
    let mut world = World::new();
    for _ in 0..4 {
        world.happens(Step::Order(orders));
        world.ship(true).expect("a shipment");
    }
    world
}

#[test]
fn a_shipment_that_does_not_follow_ends_the_list() {
    let (world, other) = (shipped(2), shipped(3));
    let copy = &world.copies[0];
    let all = world.after(copy, 0);
    let foreign = other.after(&other.copies[0], 0);
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("restored");
    for (what, list, applied) in [
        ("all", vec![all[0], all[1], all[2], all[3]], 4),
        ("one is missing", vec![all[0], all[1], all[3]], 2),
        ("two changed places", vec![all[0], all[2], all[1], all[3]], 1),
        ("one comes twice", vec![all[0], all[1], all[1], all[2], all[3]], 4),
        ("the first is missing", vec![all[1], all[2]], 0),
        ("one of another file", vec![all[0], all[1], foreign[2], all[3]], 2),
        ("none", vec![], 0),
    ] {
        let loaded = restored(&path, copy, &list).expect("it is restored");
        assert_eq!(loaded.applied, applied, "{what}: {loaded:?}");
        let is_whole = matches!(what, "all" | "one comes twice" | "none");
        assert_eq!(loaded.stopped.is_none(), is_whole, "{what}: {loaded:?}");
        let said = list.iter().take(usize::try_from(applied).expect("small")).next_back();
        let said = if applied == 4 { all[3].said } else { said.map_or(copy.said, |kept| kept.said) };
        assert!(View::at(&path).expect("it opens").fingerprint() == Ok(said), "{what}");
        std::fs::remove_file(&path).expect("removed");
    }
}

#[test]
fn a_shipment_that_was_cut_or_spoiled_leaves_the_file_at_the_one_before() {
    let world = shipped(2);
    let (copy, all) = (&world.copies[0], world.after(&world.copies[0], 0));
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("restored");
    let third = &all[2].bytes;
    for at in (0..third.len()).step_by(41).chain([1, third.len() - 1]) {
        for cut in [true, false] {
            let mut spoiled = third.clone();
            if cut {
                spoiled.truncate(at);
            } else {
                spoiled[at] ^= 1;
            }
            let list = [&all[0].bytes, &all[1].bytes, &spoiled, &all[3].bytes].map(Vec::as_slice);
            let loaded = load(&path, &mut copy.bytes.as_slice(), &mut sources(list)).expect("restored");
            assert_eq!(loaded.applied, 2, "byte {at}");
            assert!(loaded.stopped.is_some());
            assert!(View::at(&path).expect("it opens").fingerprint() == Ok(all[1].said), "byte {at}");
            std::fs::remove_file(&path).expect("removed");
        }
    }
    // What cannot be read just now may be read later.
    let broken = std::iter::once(Err(io::ErrorKind::TimedOut.into()));
    let failed = load(&path, &mut copy.bytes.as_slice(), &mut { broken });
    assert!(matches!(failed, Err(BackupError::Read(_))), "{failed:?}");
    assert!(!path.exists());
}

#[test]
fn a_file_that_was_put_back_by_hand_is_noticed() {
    let mut world = shipped(2);
    let older = world.disk.fork();
    let stream = |store: &Store| store.view().and_then(|view| view.stream()).expect("readable").expect("on");
    world.happens(Step::Order(1));
    world.copy();
    let copy = world.copies[1].dumped.clone();
    assert!(Link::of(&copy).goes_on(&stream(&world.store), Some(4)), "nothing was put back");
    // A shipment that may be safe, and of which the file was not told.
    assert!(Link::of(&copy).goes_on(&stream(&world.store), Some(5)));
    let (store, mut engine) = super::disk::open(&older).expect("it opens");
    assert!(!Link::of(&copy).goes_on(&stream(&store), Some(4)), "the copy has more than the file");
    let first = Link::of(&world.copies[0].dumped);
    assert!(first.goes_on(&stream(&store), Some(4)));
    assert!(!first.goes_on(&stream(&store), Some(6)), "more was shipped than it knows");
    run(&mut engine, store.stream_anew()).expect("a new epoch");
    assert!(stream(&store).epoch > copy.epoch);
}

#[test]
fn a_file_of_the_schema_before_is_streamed_from_a_whole_copy_on() {
    let mut world = shipped(2);
    let epoch = world.copies[0].dumped.epoch;
    world.act(|tx| tx.put_note("schema", &3u32));
    world.happens(Step::Restart);
    assert_eq!(world.store.view().and_then(|view| view.stream()), Ok(None));
    run(&mut world.engine, world.store.set_streaming(true)).expect("streamed");
    let stream = world.store.view().and_then(|view| view.stream()).expect("readable").expect("streamed");
    assert!(stream.epoch > epoch);
}

/// Opens what was restored; gives what its next numbers are.
fn next_numbers(dir: &Path) -> (u64, u32, u64) {
    let (store, mut engine) = Store::open(dir, clock()).expect("it opens");
    let numbers = drive(
        &mut engine,
        store.write("numbers", |tx| Ok((tx.next_job_id()?.0, tx.new_request()?.0, tx.new_action()?.0))),
    );
    let report = store.view().and_then(|view| view.audit()).expect("readable rows");
    assert!(report.ok, "{report:?}");
    numbers.expect("numbers")
}

#[test]
fn a_restored_file_gives_out_no_number_that_the_lost_minute_may_have_given() {
    let mut world = shipped(2);
    let (job, request, action) =
        world.act(|tx| Ok((tx.next_job_id()?.0, tx.new_request()?.0, tx.new_action()?.0)));
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("samovar.redb");
    let all = world.after(&world.copies[0], 0);
    restored(&path, &world.copies[0], &all).expect("restored");
    assert_eq!(View::at(&path).expect("it opens").restored(), Ok(None), "nobody has opened it");
    let (new_job, new_request, new_action) = next_numbers(dir.path());
    assert!(new_job > job + 999_999 && new_request > request + 999_998 && new_action > action + 999_998);
    assert!(View::at(&path).expect("it opens").restored().expect("readable").is_some());
    // Once: the second opening is one as any other.
    assert_eq!(next_numbers(dir.path()), (new_job, new_request + 1, new_action + 1));
    // A restored file that is lost in its turn goes on from there.
    let (store, mut engine) = Store::open(dir.path(), clock()).expect("it opens");
    run(&mut engine, store.set_streaming(true)).expect("streamed");
    let mut bytes = Vec::new();
    let dumped = store.dump(&mut bytes).expect("a whole copy");
    assert!(dumped.epoch > world.copies[0].dumped.epoch);
    let again = tempfile::tempdir().expect("a directory");
    load(&again.path().join("samovar.redb"), &mut bytes.as_slice(), &mut std::iter::empty())
        .expect("restored");
    assert!(next_numbers(again.path()).0 > new_job + 999_999);
}

#[test]
fn a_mended_file_is_streamed_from_a_whole_copy_on() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("samovar.redb");
    let killed = tempfile::tempdir().expect("a directory");
    {
        let (store, mut engine) = Store::open(dir.path(), clock()).expect("a new store");
        drive(&mut engine, store.write("fill", fill)).expect("allowed");
        run(&mut engine, store.set_streaming(true)).expect("streamed");
    }
    {
        let database = builder().open(&file).expect("it opens");
        let txn = database.begin_write().expect("a transaction");
        assert!(super::super::tables::WriteTables::of(&txn).ledger.read().is_ok());
        txn.commit().expect("committed");
        std::fs::copy(&file, killed.path().join("samovar.redb")).expect("a copy of the open file");
    }
    let (store, _engine) = Store::open(killed.path(), clock()).expect("it is repaired");
    assert_eq!(store.view().and_then(|view| view.stream()), Ok(None));
}

#[test]
fn the_time_of_a_copy_is_when_it_was_made_and_open_jobs_are_in_it() {
    let world = World::new();
    let copy = &world.copies[0];
    assert!(copy.dumped.at >= At(1_795_431_300_000));
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("restored");
    restored(&path, copy, &[]).expect("restored");
    let job = View::at(&path).and_then(|view| Ok(view.job(JobId(6))?)).expect("readable").expect("a job");
    assert!(matches!(job.row.state, State::Waiting { .. }));
}
