//! What the writer keeps: between commits it is never more than what the file says, and what a batch adds
//! is seen by its later acts.

use super::super::scenario::{ANN, BOB, Shop, clock, done, job, moves, queued, roubles, tell};
use super::super::{Engine, Fault, Store, Tx};
use super::{drive, poll};
use crate::ids::{JobId, UserId};
use crate::ledger::{Account, Transfer};
use crate::money::Kopecks;
use crate::payment::Way;
use crate::sandbox::disk::{Disk, Trouble};
use crate::time::{At, Up};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};

fn credit(tx: &mut Tx<'_>, id: &str, sum: i64) -> Result<(), Fault> {
    assert!(tx.credit_payment(Way::Stars, id, ANN, roubles(sum))?.is_ok());
    Ok(())
}

/// What Ann may spend, as the writer and as a snapshot have it.
fn available(store: &Store, engine: &mut Engine) -> (Kopecks, Kopecks) {
    let inside = drive(engine, store.write("look", |tx| tx.available(ANN))).expect("readable rows");
    let counters = store.view().and_then(|view| view.account(Account::User(ANN))).expect("a wallet").counters;
    (inside, counters.available().expect("it fits"))
}

#[test]
fn a_wallet_that_a_failed_act_changed_is_read_as_it_was() {
    let disk = Disk::default();
    let (store, mut engine) = super::disk::open(&disk).expect("a new store");
    drive(&mut engine, store.write("a", |tx| credit(tx, "a", 100))).expect("allowed");
    let mut faulty = pin!(store.write("faulty", |tx| -> Result<(), Fault> {
        credit(tx, "b", 7)?;
        Err(Fault::Bug("out of luck".to_owned()))
    }));
    let mut good = pin!(store.write("good", |tx| credit(tx, "c", 50)));
    assert!(poll(faulty.as_mut()).is_none() && poll(good.as_mut()).is_none());
    let batch = engine.take().expect("acts wait");
    engine.commit(batch).send();
    assert!(matches!(poll(faulty), Some(Err(Fault::Bug(_)))));
    assert_eq!(poll(good), Some(Ok(())));
    assert_eq!(available(&store, &mut engine), (roubles(150), roubles(150)));
    let failed = store.write("faulty", |tx| -> Result<(), Fault> {
        credit(tx, "d", 7)?;
        panic!("a mistake")
    });
    assert!(matches!(drive(&mut engine, failed), Err(Fault::Bug(_))));
    assert_eq!(available(&store, &mut engine), (roubles(150), roubles(150)));
}

#[test]
fn a_wallet_is_read_anew_from_a_file_that_is_opened_again() {
    let disk = Disk::default();
    let (store, mut engine) = super::disk::open(&disk).expect("a new store");
    drive(&mut engine, store.write("a", |tx| credit(tx, "a", 100))).expect("allowed");
    disk.trouble(Trouble::Broken { after: 0 });
    let failed = drive(&mut engine, store.write("b", |tx| credit(tx, "b", 7)));
    assert!(matches!(failed, Err(Fault::Storage(_))), "{failed:?}");
    disk.mend();
    engine.reopen().expect("it opens");
    let (inside, outside) = available(&store, &mut engine);
    assert_eq!(inside, outside);
}

#[test]
fn a_wallet_is_read_anew_when_another_file_is_in_its_place() {
    let place = Arc::new(Mutex::new(Disk::default()));
    let disk = {
        let place = place.clone();
        move || place.lock().unwrap_or_else(PoisonError::into_inner).clone()
    };
    let now = disk.clone();
    let (store, mut engine) = Store::open_on(move || Ok(now().backend()), clock()).expect("a new store");
    drive(&mut engine, store.write("a", |tx| credit(tx, "a", 100))).expect("allowed");
    let backup = disk().fork();
    drive(&mut engine, store.write("b", |tx| credit(tx, "b", 50))).expect("allowed");
    assert_eq!(available(&store, &mut engine), (roubles(150), roubles(150)));
    *place.lock().unwrap_or_else(PoisonError::into_inner) = backup;
    engine.reopen().expect("it opens");
    assert_eq!(available(&store, &mut engine), (roubles(100), roubles(100)));
}

/// One step of a busy minute.
type Step = Box<dyn Fn(&mut Tx<'_>) -> Result<(), Fault> + Send>;

fn order(user: UserId, due: i64) -> Step {
    Box::new(move |tx| {
        let mut job = job(tx.next_job_id()?.0, user, queued());
        job.row.due = Some(Up(due));
        let hold = Transfer::hold(job.id, user, roubles(10), tx.now().at);
        let hold = moves(tx, &mut job, &hold)?;
        tx.put_job(&job)?;
        assert_eq!(tx.job(job.id)?, Some(job.clone()), "what was just added is seen");
        assert_eq!(tx.history(Account::User(user), None, 1)?[0].0, hold);
        Ok(())
    })
}

fn charge(id: u64) -> Step {
    Box::new(move |tx| {
        let mut job = tx.job(JobId(id))?.expect("it was ordered");
        let (user, hold) = (job.row.user, job.row.money.hold.expect("it was ordered"));
        let charge = Transfer::charge(job.id, user, hold, roubles(10), tx.now().at);
        moves(tx, &mut job, &charge)?;
        (job.row.state, job.row.due) = (done(), None);
        tell(tx, &mut job, false)?;
        tx.put_job(&job)
    })
}

fn put_off(id: u64, due: i64) -> Step {
    Box::new(move |tx| {
        let mut job = tx.job(JobId(id))?.expect("it was ordered");
        job.row.due = Some(Up(due));
        tx.put_job(&job)
    })
}

/// More orders in a row than are written one by one, of several moments; then fewer, and changes of
/// orders that are as new.
fn busy_minute() -> Vec<Step> {
    let pay = |user: UserId, id: &'static str| -> Step {
        Box::new(move |tx| {
            assert!(tx.credit_payment(Way::Stars, id, user, roubles(1_000))?.is_ok());
            Ok(())
        })
    };
    let mut steps = vec![pay(ANN, "a"), pay(BOB, "b")];
    steps.extend((1..=30).map(|n| order(if n % 3 == 0 { BOB } else { ANN }, 1_000 * (n % 2))));
    steps.extend([charge(3), order(ANN, 500), put_off(31, 7), put_off(30, 1_000), charge(31)]);
    steps.extend((32..=45).map(|n| order(BOB, n % 2)));
    steps
}

/// What a file says, but for the times: accounts, counts, what is due, the ledger, the jobs.
fn said(shop: &Shop) -> Vec<String> {
    assert!(shop.audit().ok, "{:#?}", shop.audit());
    let timeless = ["accounts", "counters", "jobs_due"];
    let mut said = shop.dump();
    said.retain(|row| timeless.iter().any(|table| row.starts_with(table)));
    let view = shop.store.view().expect("a snapshot");
    for of in [Account::Revenue, Account::CashStars] {
        for (seq, mut row) in view.history(of, None, usize::MAX).expect("readable rows") {
            (row.transfer.at, row.prev_hash) = (At(0), [0; 32]);
            said.push(format!("{seq} {row:?}"));
        }
    }
    let last = view.last_job().expect("readable rows").map_or(0, |job| job.0);
    for id in 1..=last {
        let mut job = view.job(JobId(id)).expect("readable rows").expect("numbers have no gaps");
        job.row.ended = job.row.ended.map(|_| At(0));
        said.push(format!("{job:?}"));
    }
    said
}

#[test]
fn a_busy_minute_in_one_commit_is_the_same_as_in_many() {
    let (together, alone) = (Shop::empty(), Shop::empty());
    together.act(|tx| busy_minute().into_iter().try_for_each(|step| step(tx)));
    for step in 0..busy_minute().len() {
        alone.act(move |tx| busy_minute()[step](tx));
    }
    assert_eq!(said(&together), said(&alone));
    // The same once more, after rows that lie in the file.
    together.act(|tx| busy_minute().into_iter().skip(2).take(30).try_for_each(|step| step(tx)));
    for step in 2..32 {
        alone.act(move |tx| busy_minute()[step](tx));
    }
    assert_eq!(said(&together), said(&alone));
}
