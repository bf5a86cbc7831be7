//! The power fails under a sale: what was acknowledged is there, an act is there whole or not at all,
//! and the file opens as it is. `simulate power` does the same for a whole hour.

use crate::races::{ANN, ann_comes, rules};
use crate::shop::{clock, sound};
use samovar::catalog::input::{ValidInput, Value, Values};
use samovar::catalog::model;
use samovar::flow::order::{Order, place};
use samovar::flow::{deliver, settle};
use samovar::ids::{InboxId, JobId, UpdateId};
use samovar::job::{Event, File, State};
use samovar::message::{Lang, Sent, Urgency};
use samovar::money::Kopecks;
use samovar::sandbox::disk::{Disk, Operation};
use samovar::store::{Engine, Fault, Received, Store, Tx};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

/// A fixed row of lots.
fn lots(seed: u64) -> impl FnMut(u64) -> u64 {
    let mut dice = fastrand::Rng::with_seed(seed);
    move |below| dice.u64(..below)
}

/// A runtime whose clock stands still, so that the same acts write the same rows.
fn still() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_time().start_paused(true).build().expect("a runtime")
}

#[track_caller]
fn open(disk: &Disk) -> (Store, Engine) {
    let disk = disk.clone();
    Store::open_on(move || Ok(disk.backend()), clock()).expect("it opens")
}

#[track_caller]
fn print(store: &Store) -> [u8; 32] {
    store.view().expect("a snapshot").fingerprint().expect("readable rows")
}

/// What a file says, once its books are seen to be right.
#[track_caller]
fn says(disk: &Disk) -> [u8; 32] {
    let (store, _engine) = open(disk);
    sound(&store);
    print(&store)
}

/// Notes how far a record was when an act was answered.
struct Bell(Disk, AtomicUsize);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.1.store(self.0.record_len(), Ordering::SeqCst);
    }
}

/// Commits one act; gives its answer, and how much had been done to the disk when it came.
fn commit(
    disk: &Disk,
    store: &Store,
    engine: &mut Engine,
    act: impl Fn(&mut Tx<'_>) -> Result<(), Fault> + Send + 'static,
) -> (Result<(), Fault>, usize) {
    let bell = Arc::new(Bell(disk.clone(), AtomicUsize::new(usize::MAX)));
    let waker = Waker::from(bell.clone());
    let mut context = Context::from_waker(&waker);
    let mut answer = pin!(store.write("test", act));
    assert!(answer.as_mut().poll(&mut context).is_pending(), "answered before it was taken");
    let batch = engine.take().expect("the act waits");
    engine.commit(batch).send();
    let Poll::Ready(answer) = answer.poll(&mut context) else { panic!("not answered") };
    (answer, bell.1.load(Ordering::SeqCst))
}

/// Ann has 1,000 roubles.
fn meet(tx: &mut Tx<'_>) -> Result<(), Fault> {
    ann_comes(tx, Kopecks::new(100_000))
}

fn receive(tx: &mut Tx<'_>) -> Result<(), Fault> {
    assert_eq!(tx.receive(9, UpdateId(7), Urgency::Usual, b"{}")?, Received::New(InboxId(1)));
    Ok(())
}

/// The update is an order: a hold of 76 kopecks.
fn order(tx: &mut Tx<'_>) -> Result<(), Fault> {
    let values = Values::from([("prompt".to_owned(), Value::Text("самовар".to_owned()))]);
    let input = ValidInput::check(model("z-image").expect("a model"), &values).expect("a good input");
    let order =
        Order { user: ANN, lang: Lang::Ru, input, shown_price: Kopecks::new(76), status_message: None };
    let placed = place(&rules(0), tx, &order)?;
    assert!(placed.is_ok(), "{placed:?}");
    let row = tx.inbox_row(InboxId(1))?.expect("received");
    tx.handled(InboxId(1), &row)
}

fn step(tx: &mut Tx<'_>, event: Event) -> Result<(), Fault> {
    let stepped = settle::step(&rules(0), tx, JobId(1), event)?;
    assert!(stepped.is_ok(), "{stepped:?}");
    Ok(())
}

fn start(tx: &mut Tx<'_>) -> Result<(), Fault> {
    step(tx, Event::Start)
}

fn accepted(tx: &mut Tx<'_>) -> Result<(), Fault> {
    let state = tx.job(JobId(1))?.expect("ordered").row.state;
    let State::Sending { attempt, .. } = state else { panic!("{state:?}") };
    step(tx, Event::Accepted { attempt, task: "task-1".to_owned() })
}

fn succeeded(tx: &mut Tx<'_>) -> Result<(), Fault> {
    step(tx, Event::Succeeded { urls: vec!["https://kie/1.png".to_owned()] })
}

/// The result is here, and is paid for.
fn fetched(tx: &mut Tx<'_>) -> Result<(), Fault> {
    let file = File { name: "1.png".to_owned(), mime: "image/png".to_owned(), size_bytes: 1, link: None };
    step(tx, Event::Fetched { files: vec![file] })
}

fn delivered(tx: &mut Tx<'_>) -> Result<(), Fault> {
    for (priority, id, _) in tx.outbox_rows()? {
        let sent = Sent::Delivered { message: None, file_ids: vec!["file".to_owned()] };
        deliver::note(&rules(0), tx, priority, id, &sent)?;
    }
    Ok(())
}

type Act = fn(&mut Tx<'_>) -> Result<(), Fault>;

const SALE: [Act; 8] = [meet, receive, order, start, accepted, succeeded, fetched, delivered];

#[test]
fn a_cut_at_every_sync_of_a_sale_keeps_what_was_acknowledged() {
    let (runtime, disk) = (still(), Disk::default());
    let _inside = runtime.enter();
    let (store, mut engine) = open(&disk);
    let (mut torn, mut kept) = (0, 0);
    for (number, act) in SALE.into_iter().enumerate() {
        let (before, from) = (print(&store), disk.fork());
        disk.record();
        let (answer, answered) = commit(&disk, &store, &mut engine, act);
        assert_eq!(answer, Ok(()), "act {number}");
        let (after, record) = (print(&store), disk.recorded());
        let syncs = (0..record.len()).filter(|done| record[*done] == Operation::Sync);
        for done in syncs.chain([record.len()]) {
            let walker = from.fork();
            for operation in &record[..done] {
                walker.apply(operation).expect("as before");
            }
            for seed in 0..8 {
                let cut = walker.fork();
                cut.cut(&mut lots(seed));
                let found = says(&cut);
                let what = format!("act {number}, {done} of {} operations, seed {seed}", record.len());
                assert!([before, after].contains(&found), "a part of an act: {what}");
                assert!(found == after || done < answered, "acknowledged and gone: {what}");
                if found == after { kept += 1 } else { torn += 1 }
            }
        }
    }
    assert!(kept > 60 && torn > 60, "{kept} cuts kept the act and {torn} did not");
}

/// 6 MB.
fn many_bytes(tx: &mut Tx<'_>) -> Result<(), Fault> {
    let body = vec![7; 64 * 1024];
    (0..100).try_for_each(|_| tx.keep_unreadable(None, &body, "a test"))
}

#[test]
fn the_service_opens_a_file_after_a_cut_as_it_is_without_a_repair() {
    let disk = Disk::default();
    let (store, mut engine) = open(&disk);
    assert_eq!(commit(&disk, &store, &mut engine, many_bytes).0, Ok(()));
    assert_eq!(commit(&disk, &store, &mut engine, meet).0, Ok(()));
    let before = print(&store);
    disk.cut(&mut lots(1));
    let dir = tempfile::tempdir().expect("a directory");
    std::fs::write(dir.path().join("samovar.redb"), disk.contents()).expect("written");
    let (again, _engine) = Store::open(dir.path(), clock()).expect("it opens");
    assert!(print(&again) == before);
    let files = std::fs::read_dir(dir.path()).expect("readable");
    assert_eq!(files.count(), 1, "it was found damaged, copied and mended");
}
