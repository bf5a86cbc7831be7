//! A result once more: from where, for how long, and to whom.

use super::{ANN, BOB, DAY, PRICE, delivered, job, just_before, picture, play};
use crate::flow::resend::{NotSent, again, keeps_copy, possible};
use crate::ids::{JobId, Seq};
use crate::job::{File, Late, State, Why};
use crate::ledger::{Kind, Memo};
use crate::message::{About, Act, NotTaken, Sent, Source};
use crate::store::{Delivery, Job, JobMoney};
use crate::time::{At, Up};
use std::time::Duration;

const ENDED: At = At(1_795_431_300_000);

const JUST: Duration = Duration::ZERO;

fn done() -> State {
    State::Done { files: vec![picture()] }
}

fn late() -> State {
    State::Late { files: vec![picture()] }
}

fn linked() -> State {
    let link = Some("https://kie/1.png".to_owned());
    State::Done { files: vec![picture(), File { link, ..picture() }] }
}

fn failed(late: Late) -> State {
    State::Failed { why: Why::Deadline, late }
}

fn fetched() -> Delivery {
    Delivery::Delivered { at: ENDED, file_ids: vec!["file".to_owned()] }
}

fn nobody_knows() -> Delivery {
    Delivery::Delivered { at: ENDED, file_ids: Vec::new() }
}

fn refused(why: NotTaken) -> Delivery {
    Delivery::Refused { at: ENDED, why }
}

fn bad() -> NotTaken {
    NotTaken::Bad("no".to_owned())
}

/// A job that ended, and what became of the message that said so.
fn ended(state: State, delivery: Delivery) -> Job {
    let mut job = job(state);
    (job.row.ended, job.row.delivery) = (Some(ENDED), delivery);
    job.row.money.hold = Some(Seq(1));
    job
}

/// It was free, and its use went back.
fn given_back(mut job: Job) -> Job {
    (job.row.money, job.row.free_hour) = (JobMoney::default(), None);
    job
}

fn free(mut job: Job) -> Job {
    (job.row.money, job.row.free_hour) = (JobMoney::default(), Some(7));
    job
}

fn refunded(mut job: Job) -> Job {
    job.row.money = JobMoney { hold: Some(Seq(1)), settled: Some(Seq(2)), refund: Some(Seq(3)), loss: None };
    job
}

#[test]
fn a_result_can_be_sent_again_as_long_as_it_is_somewhere() {
    let month = 30 * DAY;
    let none = State::Done { files: Vec::new() };
    let watch = Late::Watch { task: None, hint: None, until: Up(0) };
    let cases = [
        ("Telegram has it", ended(done(), fetched()), JUST, true),
        ("Telegram has it for ever", ended(done(), fetched()), 400 * DAY, true),
        ("a gift", ended(late(), fetched()), JUST, true),
        ("it was paid back", refunded(ended(done(), fetched())), JUST, false),
        ("it was free", free(ended(done(), fetched())), JUST, true),
        ("its free use went back", given_back(ended(done(), nobody_knows())), JUST, false),
        ("a gift whose free use went back", given_back(ended(late(), fetched())), JUST, true),
        ("it waits", ended(done(), Delivery::Waiting), JUST, false),
        ("nobody knows", ended(done(), nobody_knows()), JUST, true),
        ("nobody knows for a month", ended(done(), nobody_knows()), just_before(month), true),
        ("the copy is gone", ended(done(), nobody_knows()), month, false),
        ("blocked", ended(done(), refused(NotTaken::Blocked)), JUST, true),
        ("blocked for long", ended(done(), refused(NotTaken::Blocked)), just_before(month), true),
        ("blocked for too long", ended(done(), refused(NotTaken::Blocked)), month, false),
        ("paid back while blocked", refunded(ended(done(), refused(NotTaken::Blocked))), JUST, false),
        ("gone", ended(done(), refused(NotTaken::Gone)), JUST, false),
        ("not taken", ended(done(), refused(bad())), JUST, false),
        ("it has no files", ended(none, fetched()), JUST, false),
        ("it failed", ended(failed(watch), fetched()), JUST, false),
        ("it works", job(State::Waiting { task: "t".to_owned(), since: Up(0), looks: 0 }), JUST, false),
    ];
    for (name, job, after, expected) in cases {
        assert_eq!(possible(&job, ENDED.plus(after)), expected, "{name}");
    }
}

#[test]
fn a_link_is_counted_on_for_a_day() {
    let mut unended = ended(linked(), fetched());
    unended.row.ended = None;
    let cases = [
        ("just now", ended(linked(), nobody_knows()), JUST, true),
        ("refused", ended(linked(), refused(bad())), JUST, true),
        ("nearly a day", ended(linked(), nobody_knows()), just_before(DAY), true),
        ("a day", ended(linked(), nobody_knows()), DAY, false),
        ("a day, and Telegram has a file", ended(linked(), fetched()), DAY, false),
        ("it waits", ended(linked(), Delivery::Waiting), JUST, false),
        ("it was paid back", refunded(ended(linked(), nobody_knows())), JUST, false),
        ("its free use went back", given_back(ended(linked(), nobody_knows())), JUST, false),
        ("paid back, and old", refunded(ended(linked(), nobody_knows())), DAY, false),
        ("it never ended", unended, JUST, false),
    ];
    for (name, job, after, expected) in cases {
        assert_eq!(possible(&job, ENDED.plus(after)), expected, "{name}");
    }
}

#[test]
fn our_copy_is_kept_as_long_as_somebody_may_need_it() {
    let month = 30 * DAY;
    let task = || "t".to_owned();
    let fetch = Late::Fetch { task: task(), urls: Vec::new(), since: Up(0), tries: 0 };
    let watch = Late::Watch { task: Some(task()), hint: None, until: Up(0) };
    let fetching = State::Fetching { task: task(), urls: Vec::new(), since: Up(0), tries: 0 };
    let cases = [
        ("it is being fetched", job(fetching), 400 * DAY, true),
        ("it waits for its delivery", ended(done(), Delivery::Waiting), 400 * DAY, true),
        ("it waits, paid back", refunded(ended(done(), Delivery::Waiting)), JUST, false),
        ("Telegram has it", ended(done(), fetched()), JUST, false),
        ("nobody knows", ended(done(), nobody_knows()), JUST, true),
        ("nobody knows, for long", ended(done(), nobody_knows()), just_before(month), true),
        ("nobody knows, for too long", ended(done(), nobody_knows()), month, false),
        ("it waits, free", free(ended(done(), Delivery::Waiting)), JUST, true),
        ("it waits, its free use given back", given_back(ended(done(), Delivery::Waiting)), JUST, false),
        ("nobody knows, its free use given back", given_back(ended(done(), nobody_knows())), JUST, false),
        ("nobody knows, paid back", refunded(ended(done(), nobody_knows())), JUST, false),
        ("blocked", ended(done(), refused(NotTaken::Blocked)), just_before(month), true),
        ("blocked for too long", ended(done(), refused(NotTaken::Blocked)), month, false),
        ("not taken", ended(done(), refused(bad())), JUST, false),
        ("gone", ended(done(), refused(NotTaken::Gone)), JUST, false),
        ("failed", ended(failed(Late::Never), Delivery::Waiting), JUST, false),
        ("failed and looked at", ended(failed(watch), Delivery::Waiting), JUST, false),
        ("failed and coming late", ended(failed(fetch.clone()), fetched()), JUST, true),
        ("coming late, for too long", ended(failed(fetch), fetched()), month, false),
    ];
    for (name, job, after, expected) in cases {
        assert_eq!(keeps_copy(&job, ENDED.plus(after)), expected, "{name}");
    }
}

/// Where the files of a message are.
fn sources(act: &Act) -> Vec<Source> {
    let Act::Media { files, .. } = act else { panic!("{act:?}") };
    files.clone()
}

#[test]
fn what_telegram_has_goes_by_its_name_and_settles_nothing_anew() {
    play(|stage| {
        let id = stage.done();
        let first = stage.ending(id);
        assert_eq!(stage.act(move |_, tx| again(tx, ANN, id)), Err(NotSent::NoFiles), "it still waits");
        stage.note(&first, delivered(Some(8), &["a", "b"]));
        let before = stage.job(id);
        assert_eq!(stage.act(move |_, tx| again(tx, ANN, id)), Ok(()));
        assert_eq!(stage.job(id), before);
        let rows = stage.outbox();
        let [(1, _, copy)] = &rows[..] else { panic!("{rows:?}") };
        let names = ["a", "b"].map(|name| Source::FileId(name.to_owned()));
        assert_eq!(sources(&copy.outgoing.act), names);
        assert_eq!((copy.outgoing.about, copy.request), (About::Result(id), Some(before.request)));
        assert_eq!(copy.outgoing.chat, ANN.chat());
        let charge = (Kind::Charge, PRICE, Memo::Delivered);
        assert_eq!(stage.sales(), [(Kind::Hold, PRICE, Memo::Ordered), charge], "and it costs nothing");
    });
}

#[test]
fn what_did_not_arrive_goes_from_our_copy_and_is_the_ending_from_now_on() {
    let sents = [Sent::Refused(NotTaken::Blocked), delivered(None, &[])];
    for sent in sents {
        play(|stage| {
            let id = stage.done();
            let first = stage.ending(id);
            stage.note(&first, sent.clone());
            assert_eq!(stage.act(move |_, tx| again(tx, ANN, id)), Ok(()), "{sent:?}");
            let copy = stage.ending(id);
            assert!(copy.1 > first.1 && stage.outbox().len() == 1, "{sent:?}");
            assert_eq!(sources(&copy.2.outgoing.act), [Source::Path(format!("media/{id}/1.png"))]);
            assert_eq!(stage.job(id).delivery, Delivery::Waiting);
            let before = stage.print();
            assert_eq!(stage.act(move |_, tx| again(tx, ANN, id)), Err(NotSent::NoFiles), "once is enough");
            assert!(stage.print() == before);
            stage.note(&copy, delivered(Some(9), &["c"]));
            let file_ids = vec!["c".to_owned()];
            assert_eq!(stage.job(id).delivery, Delivery::Delivered { at: stage.now().at, file_ids });
        });
    }
}

#[test]
fn nobody_gets_anothers_result() {
    play(|stage| {
        stage.meet(BOB, crate::message::Lang::Ru);
        let id = stage.done();
        let first = stage.ending(id);
        stage.note(&first, delivered(Some(8), &["a"]));
        let before = stage.print();
        assert_eq!(stage.act(move |_, tx| again(tx, BOB, id)), Err(NotSent::NoSuchJob));
        assert_eq!(stage.act(move |_, tx| again(tx, ANN, JobId(9))), Err(NotSent::NoSuchJob));
        assert!(stage.print() == before);
    });
}
