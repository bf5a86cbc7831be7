//! Forgetting: what is old and at rest, a step at a time; a whole customer, however many jobs they had.

use super::*;
use crate::catalog::input::FileSource;
use crate::flow::forget::{NotYet, STEP, check, forget, forget_old, go_on};
use crate::ids::{PaymentId, UpdateId};
use crate::job::Late;
use crate::payment::{self, Way};
use crate::store::{Expects, LookRow, PaymentMoney, PaymentRow, Receipt, Session};

/// A sweep's step of forgetting what is older than thirty days.
fn sweep(stage: &mut Stage) {
    stage.act(|_, tx| forget_old(tx, 30, 1_000));
}

/// A job whose result was delivered.
fn delivered_job(stage: &mut Stage) -> JobId {
    let id = stage.done();
    let ending = stage.ending(id);
    stage.note(&ending, delivered(Some(7), &["file-1"]));
    id
}

#[test]
fn what_is_old_is_forgotten_and_open_or_watched_jobs_are_not() {
    play(|stage| {
        let done = delivered_job(stage);
        let failed = stage.sell("z-image");
        stage.accept(failed, "task-f");
        stage.step(failed, Event::TaskFailed { message: "самовар не кипит".to_owned() });
        let ending = stage.ending(failed);
        stage.note(&ending, delivered(Some(8), &[]));
        let undelivered = stage.done();
        let watched = stage.sell("z-image");
        stage.accept(watched, "task-w");
        stage.skip(900 * SECOND);
        stage.step(watched, Event::Running);
        let ending = stage.ending(watched);
        stage.note(&ending, delivered(Some(9), &[]));
        let open = stage.sell("z-image");
        let is_told = |stage: &Stage| stage.timeline(failed).iter().any(|(_, data)| data.contains("самовар"));
        assert!(is_told(stage));

        stage.skip(29 * DAY);
        sweep(stage);
        assert!(![done, failed].iter().any(|id| stage.job(*id).is_forgotten()), "not yet");
        stage.skip(2 * DAY);
        let before = [undelivered, watched, open].map(|id| stage.job(id));
        let money = stage.wallet(ANN);
        sweep(stage);
        assert_eq!([undelivered, watched, open].map(|id| stage.job(id)), before);
        let row = stage.job(done);
        assert!(row.is_forgotten());
        assert_eq!((&row.state, &row.task), (&State::Done { files: vec![] }, &None));
        assert!(matches!(row.delivery, Delivery::Delivered { file_ids, .. } if file_ids.is_empty()));
        let state = stage.job(failed).state;
        let why = Why::TaskFailed { message: "…".to_owned() };
        assert_eq!(state, State::Failed { why, late: Late::Never });
        assert!(!is_told(stage), "{:?}", stage.timeline(failed));
        assert_eq!(stage.wallet(ANN), money);
        let print = stage.print();
        sweep(stage);
        assert_eq!(stage.print(), print, "a second time finds nothing");
    });
}

#[test]
fn an_operator_who_keeps_all_forgets_nothing() {
    play(|stage| {
        let id = delivered_job(stage);
        stage.skip(1_000 * DAY);
        stage.act(|_, tx| forget_old(tx, 0, 1_000));
        assert!(!stage.job(id).is_forgotten());
    });
}

#[test]
fn conversations_of_those_who_went_lose_their_words_and_parked_updates_go() {
    play(|stage| {
        stage.meet(BOB, Lang::En);
        stage.act(|_, tx| {
            let session = Session {
                found: "кот".to_owned(),
                expects: Expects::Search,
                drafts: 7,
                ..Session::default()
            };
            tx.put_session(ANN, &session)?;
            tx.put_session(BOB, &session)?;
            tx.keep_unreadable(Some(UpdateId(5)), b"{\"text\":\"secret\"}", "a test")
        });
        stage.skip(31 * DAY);
        stage.act(|_, tx| {
            let row = UserRow { last_seen: tx.now().at, ..tx.user(BOB)?.expect("a customer") };
            tx.put_user(BOB, &row)?;
            tx.keep_unreadable(None, b"new", "a test")
        });
        sweep(stage);
        let session = |stage: &Stage, id| stage.view().session(id).expect("readable").expect("a row");
        let (ann, bob) = (session(stage, ANN), session(stage, BOB));
        assert!(!ann.has_words() && bob.has_words());
        assert_eq!(ann.drafts, 7, "old buttons stay old");
        let parked = stage.view().parked(9).expect("readable");
        assert_eq!(parked.iter().map(|row| row.body.as_slice()).collect::<Vec<_>>(), [b"new"]);
    });
}

#[test]
fn a_step_looks_at_so_many_jobs_and_the_next_goes_on() {
    play(|stage| {
        let jobs = [(); 3].map(|()| delivered_job(stage));
        stage.skip(31 * DAY);
        let forgotten = |stage: &Stage| jobs.map(|id| stage.job(id).is_forgotten());
        for expected in [[true, true, false], [true, true, true]] {
            stage.act(|_, tx| forget_old(tx, 30, 2));
            assert_eq!(forgotten(stage), expected);
        }
    });
}

#[test]
fn a_customer_with_very_many_jobs_is_forgotten_in_steps() {
    play(|stage| {
        let first = delivered_job(stage);
        stage.act(move |_, tx| {
            let pattern = tx.job(first)?.expect("a job").row;
            let mut user = tx.user(ANN)?.expect("a customer");
            for _ in 0..STEP + 20 {
                let id = tx.next_job_id()?;
                let row = JobRow { money: JobMoney::default(), prev: user.newest_job, ..pattern.clone() };
                tx.put_job(&Job { id, row })?;
                user.newest_job = Some(id);
            }
            tx.put_user(ANN, &user)?;
            let (action, rest) = (tx.new_action()?, tx.available(ANN)?);
            let given_up = tx.adjust(action, "test", ANN, Kopecks::new(-rest.get()), "a test")?;
            assert!(given_up.is_ok(), "{given_up:?}");
            Ok(())
        });
        let last = stage.user(ANN).newest_job.expect("jobs");
        stage.act(|_, tx| forget(tx, ANN, &mut Session::default())).expect("nothing stands in the way");
        assert!(stage.job(last).is_forgotten() && !stage.job(first).is_forgotten());
        assert_eq!(stage.user(ANN).first_name, "");
        stage.act(|_, tx| go_on(tx));
        let all = (first.0..=last.0).all(|id| stage.job(JobId(id)).is_forgotten());
        assert!(all && stage.act(|_, tx| tx.forgetting()).is_empty());
        let print = stage.print();
        stage.act(|_, tx| go_on(tx));
        assert_eq!(stage.print(), print);
    });
}

#[test]
fn money_and_whatever_is_under_way_stand_in_the_way() {
    play(|stage| {
        let rest = |available: i64, held: i64| {
            Err(NotYet::Money { available: Kopecks::new(available), held: Kopecks::new(held) })
        };
        assert_eq!(stage.act(|_, tx| check(tx, ANN)), rest(10_000, 0));
        let id = stage.sell("z-image");
        assert_eq!(stage.act(|_, tx| check(tx, ANN)), Err(NotYet::Open(1)));
        stage.accept(id, "task-1");
        stage.finish(id);
        assert_eq!(stage.act(|_, tx| check(tx, ANN)), Err(NotYet::Open(1)), "its result is on the way");
        let before = stage.print();
        let refused = stage.act(|_, tx| forget(tx, ANN, &mut Session::default()));
        assert_eq!((refused, stage.print()), (Err(NotYet::Open(1)), before));
        let ending = stage.ending(id);
        stage.note(&ending, delivered(Some(7), &["file-1"]));
        assert_eq!(stage.act(|_, tx| check(tx, ANN)), rest(10_000 - PRICE, 0));
    });
}

#[test]
fn what_waited_or_was_put_aside_goes_with_its_customer_and_that_of_others_stays() {
    play(|stage| {
        stage.act(|_, tx| {
            for user in [ANN, BOB] {
                let body = format!("{{\"update_id\":1,\"message\":{{\"from\":{{\"id\":{user}}}}}}}");
                tx.keep_unreadable(None, body.as_bytes(), "a test")?;
                let source = FileSource::Telegram(format!("file of {user}"));
                let at = tx.now().at;
                tx.new_look(&LookRow { user, source, said_seconds: None, at, tries: 0, not_before: Up(0) })?;
            }
            tx.keep_unreadable(None, b"no JSON", "a test")?;
            let (action, rest) = (tx.new_action()?, tx.available(ANN)?);
            tx.adjust(action, "test", ANN, Kopecks::new(-rest.get()), "Anna wants it")?.expect("her money");
            forget(tx, ANN, &mut Session::default())?.expect("nothing stands in the way");
            Ok(())
        });
        let view = stage.view();
        let parked = view.parked(9).expect("readable");
        assert_eq!(parked.len(), 2);
        assert!(!parked.iter().any(|row| row.body.ends_with(b"1001}}}")), "{parked:?}");
        let looks: Vec<UserId> = view
            .looks(9)
            .expect("readable")
            .into_iter()
            .map(|(_, row)| row.expect("readable").user)
            .collect();
        assert_eq!(looks, [BOB]);
        let statement = stage.act(|_, tx| crate::flow::statement::read(tx, Lang::Ru, ANN, 0, 9));
        let reasons: Vec<&str> = statement.lines.iter().map(|line| line.why.as_str()).collect();
        assert_eq!(reasons, ["", ""]);
    });
}

#[test]
fn a_transfer_that_is_checked_stands_in_the_way_and_its_receipt_goes_later() {
    play(|stage| {
        let claimed = payment::State::Claimed { until: At(i64::MAX) };
        stage.act(move |_, tx| {
            let (action, rest) = (tx.new_action()?, tx.available(ANN)?);
            tx.adjust(action, "test", ANN, Kopecks::new(-rest.get()), "a test")?.expect("her money");
            let receipt = Receipt { file_id: "file".to_owned(), unique_id: "one".to_owned(), photo: true };
            let row = PaymentRow {
                way: Way::Manual,
                charge: None,
                user: ANN,
                amount: Kopecks::new(100),
                stars: 0,
                state: claimed,
                steps: Vec::new(),
                money: PaymentMoney::default(),
                odd: None,
                receipt: Some(receipt),
                prev: None,
            };
            tx.new_payment(row).map(drop)
        });
        assert_eq!(stage.act(|_, tx| check(tx, ANN)), Err(NotYet::Claimed(PaymentId(1))));
        stage.act(|_, tx| {
            let mut payment = tx.payments_of(ANN, 0, 1)?.remove(0);
            payment.row.state = payment::State::Rejected;
            tx.put_payment(&payment)?;
            forget(tx, ANN, &mut Session::default())?.expect("nothing stands in the way");
            Ok(())
        });
        let payment = stage.view().payments_of(ANN, 0, 1).expect("readable").remove(0);
        assert_eq!((payment.row.receipt, payment.row.amount.get()), (None, 100));
    });
}
