//! A crowd at the writer: one job's capture and release wanted by 64 at once, one payment told by 16
//! senders ten times each.

use super::super::scenario::{ANN, Shop, done, failed, job, moves, queued, roubles, tell};
use super::super::{Fault, Posted, Store, Tx};
use crate::ids::{JobId, PaymentId};
use crate::ledger::{Account, Memo, Refusal, Transfer};
use crate::payment::Way;
use std::sync::{Arc, Barrier};
use std::thread;

const CROWD: u64 = 64;
const JOBS: u64 = 8;

/// Takes a job's hold, or gives it back: what it answers, and the job's end if it was the first.
fn settle(tx: &mut Tx<'_>, id: JobId, capture: bool) -> Result<Result<Posted, Refusal>, Fault> {
    let mut job = tx.job(id)?.expect("a job");
    let (hold, at) = (job.row.money.hold.expect("a hold"), tx.now().at);
    let transfer = if capture {
        Transfer::charge(id, ANN, hold, roubles(10), at)
    } else {
        Transfer::release(id, ANN, hold, roubles(10), at, Memo::Failed)
    };
    let posted = tx.transfer_for_job(id, &mut job.row.money, &transfer)?;
    if let Ok(Posted::New(_)) = posted {
        job.row.state = if capture { done() } else { failed() };
        job.row.due = None;
        tell(tx, &mut job, capture)?;
        tx.put_job(&job)?;
    }
    Ok(posted)
}

/// One of the crowd: wants the end of all jobs, in an order of its own.
fn wants_all(store: &Store, number: u64, start: &Barrier) -> Vec<(u64, bool, Result<Posted, Refusal>)> {
    let capture = number.is_multiple_of(2);
    start.wait();
    let ids = (0..JOBS).map(|step| (number + step) % JOBS + 1);
    let wants = |id| {
        let posted = store.write_blocking("settle", move |tx| settle(tx, JobId(id), capture));
        (id, capture, posted.expect("no fault"))
    };
    ids.map(wants).collect()
}

#[test]
fn of_a_jobs_capture_and_release_that_64_want_one_wins() {
    let shop = Shop::empty();
    assert!(shop.act(|tx| tx.credit_payment(Way::Stars, "a", ANN, roubles(100))).is_ok());
    shop.act(|tx| {
        for id in 1..=JOBS {
            let mut job = job(id, ANN, queued());
            moves(tx, &mut job, &Transfer::hold(JobId(id), ANN, roubles(10), tx.now().at))?;
            tx.put_job(&job)?;
        }
        Ok(())
    });
    let start = Arc::new(Barrier::new(usize::try_from(CROWD).expect("small")));
    let crowd: Vec<_> = (0..CROWD)
        .map(|number| {
            let (store, start) = (shop.store.clone(), start.clone());
            thread::spawn(move || wants_all(&store, number, &start))
        })
        .collect();
    let answers: Vec<_> = crowd.into_iter().flat_map(|one| one.join().expect("no panic")).collect();
    let mut taken = 0;
    for job in 1..=JOBS {
        let own = || answers.iter().filter(move |(id, ..)| *id == job);
        let won: Vec<_> = own().filter(|(.., posted)| matches!(posted, Ok(Posted::New(_)))).collect();
        let [(_, captured, Ok(first))] = won[..] else { panic!("job {job}: {won:?}") };
        let late = if *captured { Refusal::AlreadyCharged } else { Refusal::AlreadyReleased };
        let repeated = Ok(Posted::Before(first.seq()));
        let others = own().filter(|(.., posted)| posted != &Ok(*first));
        assert!(
            others.clone().all(|(_, capture, posted)| {
                if capture == captured { *posted == repeated } else { *posted == Err(late) }
            }),
            "job {job}: {:?}",
            others.collect::<Vec<_>>()
        );
        taken += i64::from(*captured) * 10;
    }
    let counters = shop.act(|tx| Ok(tx.account(Account::User(ANN))?.counters));
    assert_eq!((counters.available(), counters.held()), (Some(roubles(100 - taken)), roubles(0)));
    let report = shop.audit();
    assert!(report.ok, "{report:#?}");
    assert_eq!(report.rows, 1 + 2 * JOBS, "one hold and one end a job");
}

#[test]
fn a_payment_told_160_times_is_credited_once_and_goes_back_once() {
    let shop = Shop::empty();
    let tell = |store: &Store| {
        let credit = |tx: &mut Tx<'_>| tx.credit_payment(Way::Card, "charge-1", ANN, roubles(30));
        (0..10).map(|_| store.write_blocking("credit", credit).expect("no fault")).collect::<Vec<_>>()
    };
    let senders: Vec<_> = (0..16)
        .map(|_| {
            let store = shop.store.clone();
            thread::spawn(move || tell(&store))
        })
        .collect();
    let answers: Vec<_> = senders.into_iter().flat_map(|one| one.join().expect("no panic")).collect();
    let new = |answer: &&Result<(PaymentId, Posted), Refusal>| matches!(answer, Ok((_, Posted::New(_))));
    assert_eq!(answers.iter().filter(new).count(), 1);
    assert!(answers.iter().all(|answer| matches!(answer, Ok((PaymentId(1), _)))), "{answers:?}");
    let back =
        |store: &Store| store.write_blocking("back", |tx| tx.charge_back(PaymentId(1))).expect("no fault");
    let senders: Vec<_> = (0..16)
        .map(|_| {
            let store = shop.store.clone();
            thread::spawn(move || back(&store))
        })
        .collect();
    let backs: Vec<_> = senders.into_iter().map(|one| one.join().expect("no panic")).collect();
    assert_eq!(backs.iter().filter(|one| matches!(one, Some(Posted::New(_)))).count(), 1);
    let report = shop.audit();
    assert!(report.ok, "{report:#?}");
    assert_eq!(report.rows, 2);
}
