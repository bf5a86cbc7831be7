//! The writer: answers after commits, guilty acts alone fail, money holds under a crowd.

use super::super::scenario::{ANN, Shop, clock, dump, job, queued, roubles};
use super::super::{AccountRow, BACKLOG_MAX, Fault, Posted, Received, Store, Tx, View};
use super::{drive, poll};
use crate::ids::{InboxId, UpdateId, UserId};
use crate::ledger::{Account, Refusal, Transfer};
use crate::message::{About, Act, Outgoing, Priority, Urgency};
use crate::payment::Way;
use crate::time::At;
use std::pin::pin;
use std::sync::{Arc, Mutex};

#[test]
fn an_answer_comes_after_its_commit_and_not_before() {
    let dir = tempfile::tempdir().expect("a directory");
    let (store, mut engine) = Store::open(dir.path(), clock()).expect("a new store");
    let mut answer = pin!(store.write("receive", |tx| tx.receive(1, UpdateId(5), Urgency::Usual, b"{}")));
    assert!(poll(answer.as_mut()).is_none(), "it only waits");
    let batch = engine.take().expect("the act waits");
    assert_eq!(batch.names().collect::<Vec<_>>(), ["receive"]);
    assert!(poll(answer.as_mut()).is_none(), "it was taken");
    assert_eq!(store.view().expect("a snapshot").inbox_depth(), Ok(0));
    let answers = engine.commit(batch);
    assert_eq!(store.view().expect("a snapshot").inbox_depth(), Ok(1), "it is on disk");
    assert!(poll(answer.as_mut()).is_none(), "and not answered yet");
    answers.send();
    assert_eq!(poll(answer), Some(Ok(Received::New(InboxId(1)))));
}

#[test]
fn all_that_waits_is_one_commit_and_only_the_guilty_fail() {
    let dir = tempfile::tempdir().expect("a directory");
    let (store, mut engine) = Store::open(dir.path(), clock()).expect("a new store");
    let receive = |update| {
        let store = store.clone();
        async move {
            store.write("receive", move |tx| tx.receive(1, UpdateId(update), Urgency::Usual, b"{}")).await
        }
    };
    let mut first = pin!(receive(1));
    let mut faulty = pin!(store.write("faulty", |tx: &mut Tx<'_>| -> Result<(), Fault> {
        tx.receive(1, UpdateId(66), Urgency::Usual, b"{}")?;
        Err(Fault::Bug("out of luck".to_owned()))
    }));
    let mut panics = pin!(store.write("panics", |tx: &mut Tx<'_>| -> Result<(), Fault> {
        tx.receive(1, UpdateId(77), Urgency::Usual, b"{}")?;
        panic!("a mistake with {}", 77)
    }));
    let mut last = pin!(receive(2));
    assert!(poll(first.as_mut()).is_none() && poll(faulty.as_mut()).is_none());
    assert!(poll(panics.as_mut()).is_none() && poll(last.as_mut()).is_none());
    let batch = engine.take().expect("acts wait");
    assert_eq!(batch.names().collect::<Vec<_>>(), ["receive", "faulty", "panics", "receive"]);
    engine.commit(batch).send();
    assert_eq!(poll(first), Some(Ok(Received::New(InboxId(1)))));
    assert_eq!(poll(faulty), Some(Err(Fault::Bug("out of luck".to_owned()))));
    assert_eq!(poll(panics), Some(Err(Fault::Bug("panics: a mistake with 77".to_owned()))));
    assert_eq!(poll(last), Some(Ok(Received::New(InboxId(2)))));
    let view = store.view().expect("a snapshot");
    let updates: Vec<_> = view
        .inbox(Urgency::Usual, 9)
        .expect("readable rows")
        .into_iter()
        .map(|(_, row)| row.expect("readable").update.0)
        .collect();
    assert_eq!(updates, [1, 2]);
    assert_eq!(view.seen(1, UpdateId(77)), Ok(None));
}

#[test]
fn what_comes_after_a_commit_comes_once_and_not_for_what_was_rolled_back() {
    let dir = tempfile::tempdir().expect("a directory");
    let (store, mut engine) = Store::open(dir.path(), clock()).expect("a new store");
    let told = Arc::new(Mutex::new(Vec::new()));
    let act = |what: &'static str, good: bool| {
        let (store, told) = (store.clone(), told.clone());
        async move {
            let act = move |tx: &mut Tx<'_>| {
                let told = told.clone();
                tx.after_commit(move || told.lock().expect("nobody panics").push(what));
                if good { Ok(()) } else { Err(Fault::Bug("out of luck".to_owned())) }
            };
            store.write(what, act).await
        }
    };
    let (mut good, mut bad) = (pin!(act("good", true)), pin!(act("bad", false)));
    assert!(poll(good.as_mut()).is_none() && poll(bad.as_mut()).is_none());
    let batch = engine.take().expect("acts wait");
    // Together they fail, so the good one runs twice.
    let answers = engine.commit(batch);
    assert_eq!(told.lock().expect("nobody panics").len(), 0);
    answers.send();
    assert_eq!(*told.lock().expect("nobody panics"), ["good"]);
    assert!(poll(good).expect("answered").is_ok() && poll(bad).expect("answered").is_err());
}

#[test]
fn what_is_refused_or_fails_leaves_the_file_as_it_was() {
    let shop = Shop::busy();
    let before = shop.dump();
    let short = shop.act(|tx| {
        let mut job = job(50, ANN, queued());
        let hold = Transfer::hold(job.id, ANN, roubles(1_000), tx.now().at);
        tx.transfer_for_job(job.id, &mut job.row.money, &hold)
    });
    assert_eq!(short, Err(Refusal::Short { missing: roubles(961) }));
    let credit = |way, roubles| {
        shop.act(move |tx| tx.credit_payment(way, "charge-1", ANN, super::super::scenario::roubles(roubles)))
    };
    assert_eq!(credit(Way::Stars, 7), Err(Refusal::ExistsDifferent("amount")));
    assert_eq!(credit(Way::Stars, 0), Err(Refusal::ExistsDifferent("amount")));
    assert_eq!(shop.act(|tx| tx.receive(9, UpdateId(2), Urgency::Usual, b"other")), Received::Repeated);
    let panicked = shop.store.write_blocking("panics", |tx: &mut Tx<'_>| -> Result<(), Fault> {
        tx.receive(9, UpdateId(99), Urgency::Usual, b"{}")?;
        panic!("a mistake")
    });
    assert_eq!(panicked, Err(Fault::Bug("panics: a mistake".to_owned())));
    assert_eq!(shop.dump(), before);
    shop.act(|tx| tx.receive(9, UpdateId(99), Urgency::Usual, b"{}"));
    assert_ne!(shop.dump(), before, "the dump sees a change");
}

#[test]
fn when_too_many_updates_wait_new_ones_are_not_taken_and_old_ones_are_still_known() {
    let shop = Shop::empty();
    let first = UpdateId(1);
    let ids = shop.act(move |tx| {
        let each = first.0..=BACKLOG_MAX;
        each.map(|number| tx.receive(9, UpdateId(number), Urgency::Usual, b"{}"))
            .collect::<Result<Vec<_>, _>>()
    });
    assert_eq!(ids.last(), Some(&Received::New(InboxId(BACKLOG_MAX))));
    let before = shop.dump();
    let more = UpdateId(BACKLOG_MAX + 1);
    assert_eq!(shop.act(move |tx| tx.receive(9, more, Urgency::Usual, b"{}")), Received::Full);
    assert_eq!(shop.act(move |tx| tx.receive(9, first, Urgency::Usual, b"{}")), Received::Repeated);
    assert_eq!(shop.dump(), before);
    shop.act(|tx| {
        let row = tx.inbox_row(InboxId(1))?.expect("it waits");
        tx.handled(InboxId(1), &row)
    });
    // An answer that waits is work as well.
    let answer = |tx: &mut Tx<'_>| {
        let act = Act::Text { text: "wait".to_owned(), keyboard: Vec::new(), edit: None };
        tx.say(Outgoing { chat: ANN.chat(), act, about: About::Screen(ANN) }, None)
    };
    let said = shop.act(answer);
    assert_eq!(shop.act(move |tx| tx.receive(9, more, Urgency::Usual, b"{}")), Received::Full);
    shop.act(move |tx| tx.drop_outbox_row(Priority::Reply as u8, said));
    assert_eq!(
        shop.act(move |tx| tx.receive(9, more, Urgency::Usual, b"{}")),
        Received::New(InboxId(BACKLOG_MAX + 1))
    );
    assert!(shop.audit().ok);
}

#[test]
fn a_crowd_spends_one_wallet_exactly_as_far_as_it_goes() {
    let shop = Shop::empty();
    assert!(shop.act(|tx| tx.credit_payment(Way::Stars, "a", ANN, roubles(100))).is_ok());
    let spend = |store: Store| {
        store.write_blocking("hold", |tx| {
            let mut job = job(tx.next_job_id()?.0, ANN, queued());
            let hold = Transfer::hold(job.id, ANN, roubles(7), tx.now().at);
            let posted = tx.transfer_for_job(job.id, &mut job.row.money, &hold)?;
            if posted.is_ok() {
                tx.put_job(&job)?;
            }
            Ok(posted)
        })
    };
    let crowd: Vec<_> = (0..64)
        .map(|_| {
            std::thread::spawn({
                let store = shop.store.clone();
                move || spend(store)
            })
        })
        .collect();
    let (mut held, mut short) = (0, 0);
    for one in crowd {
        match one.join().expect("no panic").expect("no fault") {
            Ok(Posted::New(_)) => held += 1,
            Err(Refusal::Short { missing }) => {
                assert_eq!(missing, roubles(5));
                short += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((held, short), (14, 50));
    let report = shop.audit();
    assert!(report.ok, "{report:#?}");
    assert_eq!(report.rows, 15);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_repeated_update_is_one_row() {
    let dir = tempfile::tempdir().expect("a directory");
    let (store, engine) = Store::open(dir.path(), clock()).expect("a new store");
    std::thread::spawn(move || engine.run());
    let senders: Vec<_> = (0..16)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut new = 0;
                for _ in 0..10 {
                    let received =
                        store.write("receive", |tx| tx.receive(1, UpdateId(5), Urgency::Usual, b"{}")).await;
                    new += u32::from(received.expect("no fault") == Received::New(InboxId(1)));
                }
                new
            })
        })
        .collect();
    let mut new = 0;
    for sender in senders {
        new += sender.await.expect("no panic");
    }
    assert_eq!(new, 1);
    let depth = store.read(View::inbox_depth).await;
    assert_eq!(depth, Ok(1));
}

#[test]
fn too_many_waiting_acts_are_told_so_at_once_and_the_others_still_happen() {
    let dir = tempfile::tempdir().expect("a directory");
    let (store, mut engine) = Store::open(dir.path(), clock()).expect("a new store");
    let mut waiting: Vec<_> = (0..super::super::QUEUE)
        .map(|number| {
            let update = UpdateId(u64::try_from(number).expect("small"));
            Box::pin(store.try_write("receive", move |tx| tx.receive(1, update, Urgency::Usual, b"{}")))
        })
        .collect();
    assert!(waiting.iter_mut().all(|one| poll(one.as_mut()).is_none()));
    let late = pin!(store.try_write("late", |_| Ok(())));
    assert_eq!(poll(late), Some(Err(Fault::Busy)));
    let batch = engine.take().expect("acts wait");
    assert_eq!(batch.names().count(), super::super::QUEUE);
    engine.commit(batch).send();
    assert!(waiting.iter_mut().all(|one| matches!(poll(one.as_mut()), Some(Ok(Received::New(_))))));
}

#[test]
fn a_caller_that_went_away_changes_nothing_for_the_others() {
    let dir = tempfile::tempdir().expect("a directory");
    let (store, mut engine) = Store::open(dir.path(), clock()).expect("a new store");
    {
        let mut gone = pin!(store.write("gone", |tx| tx.receive(1, UpdateId(1), Urgency::Usual, b"{}")));
        assert!(poll(gone.as_mut()).is_none());
    }
    let stays =
        drive(&mut engine, store.write("stays", |tx| tx.receive(1, UpdateId(2), Urgency::Usual, b"{}")));
    assert_eq!(stays, Ok(Received::New(InboxId(2))));
    assert_eq!(store.view().expect("a snapshot").inbox_depth(), Ok(2));
}

#[test]
fn the_writer_ends_when_no_store_is_left_and_then_the_file_is_free() {
    let dir = tempfile::tempdir().expect("a directory");
    let (store, engine) = Store::open(dir.path(), clock()).expect("a new store");
    let writer = std::thread::spawn(move || engine.run());
    store.write_blocking("one", |tx| tx.receive(1, UpdateId(1), Urgency::Usual, b"{}")).expect("no fault");
    let before = dump(&store);
    drop(store);
    writer.join().expect("it ends");
    let (store, _engine) = Store::open(dir.path(), clock()).expect("the file is free");
    assert_eq!(dump(&store), before);
    assert_eq!(
        store.view().expect("a snapshot").account(Account::User(UserId(7))),
        Ok(AccountRow::default())
    );
}

#[test]
fn forgetting_goes_on_where_it_ended_and_comes_round() {
    let dir = tempfile::tempdir().expect("a directory");
    let (store, mut engine) = Store::open(dir.path(), clock()).expect("a new store");
    let seen = |number: u64| {
        move |tx: &mut Tx<'_>| {
            let Received::New(id) = tx.receive(1, UpdateId(number), Urgency::Usual, b"{}")? else {
                panic!("a new update")
            };
            let row = tx.inbox_row(id)?.expect("it waits");
            tx.handled(id, &row)
        }
    };
    for number in 1..=5 {
        drive(&mut engine, store.write("test", seen(number))).expect("written");
    }
    let mut forget = |before: i64| {
        drive(&mut engine, store.write("test", move |tx| tx.forget_seen(At(before), 2))).expect("written")
    };
    let (early, late) = (0, i64::MAX);
    // Two rows a call: the third call reaches the end, the fourth begins again.
    assert_eq!([forget(early), forget(early), forget(late), forget(late)], [0, 0, 1, 2]);
    assert_eq!([forget(late), forget(late)], [2, 0], "none is left");
}
