//! A job on its way, step by step: its state, its money, its timeline and what the customer hears.

use super::{ANN, BOB, HOUR, MILLISECOND, PRICE, SECOND, STATUS, Stage, just_before, picture, play, text};
use crate::flow::settle::{cancel, uploaded};
use crate::ids::JobId;
use crate::job::{Event, Refused, State, Why};
use crate::ledger::{Kind, Memo};
use crate::message::{About, Act, Lang, MediaKind};
use crate::store::Delivery;
use crate::texts::{Arg, say};
use std::time::Duration;

const HELD: (Kind, i64, Memo) = (Kind::Hold, PRICE, Memo::Ordered);

const JOB: JobId = JobId(1);

fn title() -> (&'static str, Arg<'static>) {
    ("model", Arg::Text("Z-Image Turbo"))
}

fn event(what: &str, data: &str) -> (String, String) {
    (what.to_owned(), data.to_owned())
}

/// What is said of a job's standing, in order.
fn statuses(stage: &mut Stage) -> Vec<String> {
    stage.texts(ANN, 2)
}

#[test]
fn a_sale_goes_step_by_step_to_its_charge() {
    play(|stage| {
        stage.sell("z-image");
        stage.hush();
        let due = |stage: &Stage| stage.job(JOB).due.map(|due| due.since(stage.now().up));
        assert_eq!(stage.start(JOB), 0);
        assert_eq!(due(stage), Some(60 * SECOND), "a picture's time, not a video's");
        assert_eq!(stage.last_event(JOB), event("sending", "attempt 0"));
        assert!(statuses(stage).is_empty());

        stage.step(JOB, Event::Accepted { attempt: 0, task: "t-1".to_owned() });
        assert_eq!((due(stage), stage.job(JOB).task), (Some(2 * SECOND), Some("t-1".to_owned())));
        assert_eq!(stage.last_event(JOB), event("accepted", "task t-1"));
        let time = say(Lang::Ru, "time-seconds", &[("seconds", Arg::Number(10))]);
        let working = say(Lang::Ru, "job-working", &[title(), ("time", Arg::Html(&time))]);
        assert_eq!(statuses(stage), [working]);

        let events = stage.timeline(JOB).len();
        let before = stage.job(JOB);
        assert!(matches!(stage.step(JOB, Event::Running), State::Waiting { looks: 1, .. }));
        assert!(stage.job(JOB) != before, "the look is counted");
        assert_eq!(due(stage), Some(Duration::from_millis(2_600)));
        assert_eq!((stage.timeline(JOB).len(), statuses(stage).len()), (events, 1), "and nobody told");

        stage.step(JOB, Event::Succeeded { urls: vec!["https://kie/1.png".to_owned()] });
        assert_eq!((due(stage), statuses(stage).len()), (Some(Duration::ZERO), 1));
        assert_eq!(stage.last_event(JOB), event("succeeded", "task t-1"));
        assert_eq!((stage.wallet(ANN), stage.sales()), ((10_000 - PRICE, PRICE), vec![HELD]));
        assert_eq!(stage.user(ANN).open_jobs, 1);

        stage.step(JOB, Event::Fetched { files: vec![picture()] });
        charged(stage);
    });
}

/// What stands in the file when a job has just brought its result.
fn charged(stage: &mut Stage) {
    let row = stage.job(JOB);
    assert_eq!(row.state, State::Done { files: vec![picture()] });
    assert_eq!((row.due, row.ended, &row.delivery), (None, Some(stage.now().at), &Delivery::Waiting));
    assert_eq!(stage.wallet(ANN), (10_000 - PRICE, 0));
    assert_eq!(stage.sales(), [HELD, (Kind::Charge, PRICE, Memo::Delivered)]);
    assert!(row.money.settled.is_some());
    assert_eq!(stage.last_event(JOB), event("fetched", "1 file(s)"));
    assert_eq!(statuses(stage).pop(), Some(say(Lang::Ru, "job-status-done", &[title()])));
    let (priority, _, result) = stage.ending(JOB);
    assert_eq!((priority, result.outgoing.about), (1, About::Result(JOB)));
    assert_eq!(result.request, Some(row.request));
    assert!(matches!(result.outgoing.act, Act::Media { kind: MediaKind::Photo, .. }), "{result:?}");
    assert_eq!(stage.act(|_, tx| tx.sold("z-image")), 1);
    assert_eq!(stage.user(ANN).open_jobs, 0);
}

#[test]
fn what_is_not_expected_changes_nothing() {
    play(|stage| {
        stage.done();
        let before = stage.print();
        let again = Event::Fetched { files: vec![picture()] };
        assert_eq!(stage.try_step(JOB, again), Err(Refused::NotExpected));
        assert_eq!(stage.try_step(JOB, Event::Cancel), Err(Refused::TooLate));
        assert_eq!(stage.try_step(JobId(2), Event::Start), Err(Refused::NotExpected), "no such job");
        let late = Event::Accepted { attempt: 0, task: "another".to_owned() };
        assert_eq!(stage.try_step(JOB, late), Err(Refused::OtherAttempt));
        assert!(stage.print() == before);
    });
}

#[test]
fn a_job_that_goes_back_to_the_queue_is_shown_as_waiting_again() {
    play(|stage| {
        stage.sell("z-image");
        stage.hush();
        let attempt = stage.start(JOB);
        stage.step(JOB, Event::Busy { attempt, pause: 7 * SECOND });
        assert_eq!(stage.last_event(JOB), event("provider-busy", "queued"));
        assert_eq!(statuses(stage), [say(Lang::Ru, "job-queued", &[title()])]);
        assert_eq!(stage.job(JOB).due, Some(stage.now().up.plus(7 * SECOND)));
        stage.skip(7 * SECOND);
        let attempt = stage.start(JOB);
        stage.step(JOB, Event::InDoubt { attempt });
        assert_eq!(stage.last_event(JOB), event("in-doubt", "unknown"));
        assert_eq!(statuses(stage).len(), 1, "a doubt is nobody's news");
        assert_eq!(stage.wallet(ANN), (10_000 - PRICE, PRICE));
    });
}

#[test]
fn every_way_to_fail_gives_all_of_the_money_back_once() {
    type Case = (&'static str, fn(&mut Stage), Why, Memo, &'static str, bool);
    let rejected = Why::Rejected { message: "no <cats>".to_owned() };
    let failed = Why::TaskFailed { message: "out of cats".to_owned() };
    let cases: [Case; 6] = [
        ("cancelled", withdraw, Why::Cancelled, Memo::Cancelled, "cancelled", false),
        ("refused", |stage| stage.refuse(JOB, cats()), rejected, Memo::Failed, "failed", false),
        ("expired", overdue, Why::QueueTimeout, Memo::Failed, "failed", false),
        ("task-failed", fails, failed, Memo::Failed, "failed", false),
        ("running", too_slow, Why::Deadline, Memo::Failed, "failed", true),
        ("not-fetched", lost, Why::ResultLost, Memo::Failed, "failed", true),
    ];
    for (what, way, why, memo, status, may_come) in cases {
        play(|stage| {
            stage.sell("z-image");
            way(stage);
            let row = stage.job(JOB);
            let State::Failed { why: found, .. } = &row.state else { panic!("{what}: {row:?}") };
            assert_eq!(found, &why);
            assert_eq!(stage.last_event(JOB), event(what, &why.to_string()));
            assert_eq!(stage.wallet(ANN), (10_000, 0), "{what}");
            assert_eq!(stage.sales(), [HELD, (Kind::Release, PRICE, memo)], "{what}");
            assert_eq!((row.ended, stage.user(ANN).open_jobs), (Some(stage.now().at), 0), "{what}");
            let news = statuses(stage).pop();
            assert_eq!(news, Some(say(Lang::Ru, &format!("job-status-{status}"), &[title()])));
            let (_, _, ending) = stage.ending(JOB);
            assert_eq!(ending.outgoing.about, About::Ending(JOB), "{what}");
            let hope = say(Lang::Ru, "job-may-come-late", &[]);
            assert_eq!(text(&ending).contains(&hope), may_come, "{what}");
            assert_eq!(stage.act(|_, tx| tx.sold("z-image")), 0, "{what}");
        });
    }
}

fn cats() -> Why {
    Why::Rejected { message: "no <cats>".to_owned() }
}

fn withdraw(stage: &mut Stage) {
    let cancelled = stage.act(|shop, tx| cancel(shop, tx, ANN, JOB));
    assert_eq!(cancelled, Ok(()));
}

fn overdue(stage: &mut Stage) {
    stage.skip(just_before(900 * SECOND));
    assert_eq!(stage.try_step(JOB, Event::Expire), Err(Refused::NotYet));
    stage.skip(MILLISECOND);
    stage.step(JOB, Event::Expire);
}

fn fails(stage: &mut Stage) {
    stage.accept(JOB, "t-1");
    stage.step(JOB, Event::TaskFailed { message: "out of cats".to_owned() });
}

fn too_slow(stage: &mut Stage) {
    stage.accept(JOB, "t-1");
    stage.skip(900 * SECOND);
    stage.step(JOB, Event::Running);
}

fn lost(stage: &mut Stage) {
    stage.accept(JOB, "t-1");
    stage.step(JOB, Event::Succeeded { urls: Vec::new() });
    stage.skip(900 * SECOND);
    stage.step(JOB, Event::NotFetched);
}

#[test]
fn a_free_use_goes_back_to_the_hour_and_the_day_it_came_from() {
    play(|stage| {
        stage.shop.free.daily = 5;
        stage.place(ANN, "z-image", 0).expect("sold");
        let (hour, day) = (stage.now().at.hour(), stage.now().at.day());
        let uses = move |stage: &mut Stage| {
            stage.act(move |_, tx| Ok((tx.free_uses(ANN, 23, hour, hour)?, tx.free_spent(day)?)))
        };
        assert_eq!(crate::catalog::model("z-image").expect("a model").index, 23);
        assert_eq!(uses(stage), (1, 4_000));
        stage.accept(JOB, "t-1");
        stage.skip(24 * HOUR);
        stage.step(JOB, Event::Running);
        assert_eq!(uses(stage), (0, 0));
        let (_, _, ending) = stage.ending(JOB);
        assert!(text(&ending).contains(&say(Lang::Ru, "money-nothing-charged", &[])), "{ending:?}");
        assert_eq!((stage.sales(), stage.wallet(ANN)), (Vec::new(), (10_000, 0)));
    });
}

#[test]
fn a_free_use_that_brought_its_result_is_used_up() {
    play(|stage| {
        stage.shop.free.daily = 1;
        stage.place(ANN, "z-image", 0).expect("sold");
        stage.accept(JOB, "t-1");
        stage.finish(JOB);
        let day = stage.now().at.day();
        let uses = stage.act(move |_, tx| Ok((tx.free_uses(ANN, 23, 0, u32::MAX)?, tx.free_spent(day)?)));
        assert_eq!(uses, (1, 4_000));
        assert_eq!((stage.sales(), stage.wallet(ANN)), (Vec::new(), (10_000, 0)));
    });
}

#[test]
fn only_who_ordered_may_cancel_and_only_what_was_not_sent() {
    play(|stage| {
        stage.meet(BOB, Lang::Ru);
        stage.sell("z-image");
        let before = stage.print();
        assert_eq!(stage.act(|shop, tx| cancel(shop, tx, BOB, JOB)), Err(Refused::NotExpected));
        assert_eq!(stage.act(|shop, tx| cancel(shop, tx, ANN, JobId(2))), Err(Refused::NotExpected));
        assert!(stage.print() == before);
        stage.accept(JOB, "t-1");
        assert_eq!(stage.act(|shop, tx| cancel(shop, tx, ANN, JOB)), Err(Refused::TooLate));
        assert!(matches!(stage.job(JOB).state, State::Waiting { .. }));
        stage.sell("z-image");
        assert_eq!(stage.act(|shop, tx| cancel(shop, tx, ANN, JobId(2))), Ok(()));
        assert_eq!(stage.wallet(ANN), (10_000 - PRICE, PRICE));
    });
}

#[test]
fn a_hint_that_names_another_jobs_task_is_none_of_ours() {
    play(|stage| {
        stage.sell("z-image");
        stage.accept(JOB, "t-1");
        let other = stage.sell("z-image");
        let hint = |stage: &mut Stage, task: &str| {
            stage.step(other, Event::Hint { task: Some(task.to_owned()) });
            stage.step(other, Event::Bound { task: task.to_owned() })
        };
        stage.start(other);
        assert!(matches!(hint(stage, "t-1"), State::Unknown { hint: None, .. }));
        assert_eq!(stage.job(other).task, None);
        assert!(matches!(hint(stage, "t-2"), State::Waiting { task, .. } if task == "t-2"));
        assert_eq!(stage.job(other).task, Some("t-2".to_owned()));
        assert_eq!(stage.last_event(other), event("found", "task t-2"));
        assert_eq!(stage.act(|_, tx| tx.job_of_task("t-1")), Some(JOB));
        assert_eq!(stage.act(|_, tx| tx.job_of_task("t-2")), Some(other));
    });
}

#[test]
fn an_uploaded_file_is_noted_in_its_turn_while_the_job_waits() {
    play(|stage| {
        stage.sell("z-image");
        let note = |stage: &mut Stage, number: usize, url: &'static str| {
            stage.act(move |_, tx| uploaded(tx, JOB, "images", number, url));
            stage.job(JOB).uploads.get("images").map_or(String::new(), |urls| urls.join(" "))
        };
        assert_eq!(note(stage, 1, "early"), "");
        assert_eq!(note(stage, 0, "a"), "a");
        assert_eq!(note(stage, 0, "again"), "a");
        assert_eq!(note(stage, 2, "early"), "a");
        assert_eq!(note(stage, 1, "b"), "a b");
        stage.start(JOB);
        assert_eq!(note(stage, 2, "too late"), "a b");
        let before = stage.print();
        stage.act(|_, tx| uploaded(tx, JobId(2), "images", 0, "nobody's"));
        assert!(stage.print() == before);
    });
}

#[test]
fn news_of_a_job_change_the_message_they_began_in() {
    play(|stage| {
        stage.sell("z-image");
        stage.accept(JOB, "t-1");
        stage.finish(JOB);
        let rows = stage.outbox();
        let status = rows.iter().filter(|row| row.2.outgoing.about == About::Status(JOB));
        let edit = |row: &super::Waiting| {
            let Act::Text { edit, .. } = row.2.outgoing.act else { panic!("{row:?}") };
            edit
        };
        let edits: Vec<_> = status.map(edit).collect();
        assert_eq!(edits, [Some(STATUS); 3]);
    });
}
