//! What became of a message: when it is tried again, when no more, and what its arrival is noted in.

use super::{
    ADMIN, ANN, BOB, DAY, MILLISECOND, SECOND, STATUS, Stage, Waiting, delivered, just_before, play, text,
};
use crate::flow::deliver::{LEAST_TRIES, Next, give_up};
use crate::ids::{JobId, MessageId, OutboxId};
use crate::message::{About, Act, Lang, Outgoing, Sent};
use crate::store::{Delivery, Session};
use crate::texts::{Arg, say};
use std::time::Duration;

const JOB: JobId = JobId(1);

fn no_line() -> Sent {
    Sent::NotSent("no line".to_owned())
}

fn in_doubt() -> Sent {
    Sent::InDoubt("cut off".to_owned())
}

/// Puts a message to Ann into the outbox.
pub(super) fn put(stage: &mut Stage, act: Act, about: About) -> Waiting {
    let outgoing = Outgoing { chat: ANN.chat(), act, about };
    let priority = outgoing.priority() as u8;
    let id = stage.act(move |_, tx| tx.say(outgoing.clone(), None));
    row(stage, priority, id).expect("it waits")
}

fn row(stage: &mut Stage, priority: u8, id: OutboxId) -> Option<Waiting> {
    stage.outbox().into_iter().find(|row| (row.0, row.1) == (priority, id))
}

pub(super) fn words(text: &str) -> Act {
    Act::Text { text: text.to_owned(), keyboard: Vec::new(), edit: None }
}

fn toast() -> Act {
    Act::Toast { query: "q".to_owned(), text: String::new(), alert: false }
}

#[test]
fn a_message_that_could_not_leave_is_tried_again_with_doubling_pauses() {
    play(|stage| {
        let mut mail = put(stage, words("hello"), About::Nothing);
        for (tries, seconds) in [1, 2, 4, 8, 16, 32, 64, 128, 256, 256, 256].into_iter().enumerate() {
            let pause = Duration::from_secs(seconds);
            assert_eq!(stage.note(&mail, no_line()), Next::Again(pause), "{tries}");
            mail = row(stage, mail.0, mail.1).expect("it stays");
            assert_eq!(mail.2.not_before, stage.now().up.plus(pause));
            assert_eq!((mail.2.tries, mail.2.doubts), (u32::try_from(tries).expect("few") + 1, 0));
            assert_eq!(text(&mail.2), "hello");
        }
    });
}

#[test]
fn a_message_is_given_up_after_three_days_and_not_a_millisecond_earlier() {
    play(|stage| {
        let mail = put(stage, words("hello"), About::Nothing);
        tries(stage, &mail);
        stage.skip(just_before(3 * DAY));
        assert_eq!(stage.note(&mail, no_line()), Next::Again(256 * SECOND));
        stage.skip(MILLISECOND);
        assert_eq!(stage.note(&mail, no_line()), Next::Gone);
        assert_eq!(row(stage, mail.0, mail.1), None);
    });
}

/// As often as any message is tried.
pub(super) fn tries(stage: &mut Stage, mail: &Waiting) {
    for tried in 0..LEAST_TRIES {
        assert!(matches!(stage.note(mail, no_line()), Next::Again(_)), "given up after {tried} tries");
    }
}

#[test]
fn a_message_from_before_a_long_stop_is_not_given_up_at_the_first_failure() {
    play(|stage| {
        let mail = put(stage, words("hello"), About::Nothing);
        stage.skip(30 * DAY);
        tries(stage, &mail);
        assert_eq!(stage.note(&mail, no_line()), Next::Gone);
    });
}

#[test]
fn telegrams_own_pause_is_kept_by_the_whole_chat() {
    play(|stage| {
        let mail = put(stage, words("hello"), About::Nothing);
        stage.skip(4 * DAY);
        let pause = 33 * SECOND;
        assert_eq!(stage.note(&mail, Sent::Later { pause }), Next::ParkChat(pause));
        let (_, _, kept) = row(stage, mail.0, mail.1).expect("it stays");
        assert_eq!((kept.tries, kept.doubts, kept.not_before), (1, 0, stage.now().up.plus(pause)));
    });
}

#[test]
fn what_may_have_gone_is_sent_three_times_more_and_then_counts_as_gone() {
    play(|stage| {
        let id = stage.done();
        let mut mail = stage.ending(id);
        for (doubts, seconds) in [(1, 2), (2, 4), (3, 8)] {
            let pause = Duration::from_secs(seconds);
            assert_eq!(stage.note(&mail, in_doubt()), Next::Again(pause));
            mail = row(stage, mail.0, mail.1).expect("it stays");
            assert_eq!((mail.2.tries, mail.2.doubts), (doubts, doubts));
            assert_eq!(mail.2.not_before, stage.now().up.plus(pause));
        }
        assert_eq!(stage.job(id).delivery, Delivery::Waiting);
        assert_eq!(stage.note(&mail, in_doubt()), Next::Gone);
        assert_eq!(row(stage, mail.0, mail.1), None);
        let nobody_knows = Delivery::Delivered { at: stage.now().at, file_ids: Vec::new() };
        assert_eq!(stage.job(id).delivery, nobody_knows);
        assert_eq!(stage.last_event(id), ("delivered".to_owned(), "message ?".to_owned()));
    });
}

#[test]
fn only_an_answer_to_a_tap_is_not_sent_twice() {
    let yes = Act::PreCheckout { query: "q".to_owned(), refusal: None };
    let cases = [(toast(), false), (words("hello"), true), (yes, true), (Act::Leave, true)];
    for (act, again) in cases {
        play(|stage| {
            let mail = put(stage, act.clone(), About::Nothing);
            let next = if again { Next::Again(2 * SECOND) } else { Next::Gone };
            assert_eq!(stage.note(&mail, in_doubt()), next, "{act:?}");
            assert_eq!(row(stage, mail.0, mail.1).is_some(), again, "{act:?}");
        });
    }
}

#[test]
fn a_message_that_is_gone_already_changes_nothing() {
    play(|stage| {
        let id = stage.done();
        let mail = stage.ending(id);
        assert_eq!(stage.note(&mail, delivered(Some(8), &["file"])), Next::Gone);
        let before = stage.print();
        for sent in [delivered(Some(9), &[]), no_line(), in_doubt()] {
            assert_eq!(stage.note(&mail, sent), Next::Gone);
        }
        assert!(stage.print() == before);
    });
}

#[test]
fn a_delivered_result_is_noted_with_its_files_in_the_job_and_its_timeline() {
    play(|stage| {
        let id = stage.done();
        let mail = stage.ending(id);
        stage.skip(SECOND);
        assert_eq!(stage.note(&mail, delivered(Some(8), &["a", "b"])), Next::Gone);
        let file_ids = vec!["a".to_owned(), "b".to_owned()];
        assert_eq!(stage.job(id).delivery, Delivery::Delivered { at: stage.now().at, file_ids });
        assert_eq!(stage.last_event(id), ("delivered".to_owned(), "message 8".to_owned()));
        assert!(stage.outbox().is_empty());
        assert_eq!(stage.job(id).status_message, Some(STATUS), "that is another message");
    });
}

#[test]
fn another_message_about_the_same_ending_does_not_settle_its_delivery() {
    play(|stage| {
        let id = stage.done();
        let copy = put(stage, words("once more"), About::Result(id));
        stage.note(&copy, delivered(Some(9), &["c"]));
        assert_eq!(stage.job(id).delivery, Delivery::Waiting);
        assert_eq!(stage.last_event(id).1, "message 9");
        let of_nobody = put(stage, words("lost"), About::Ending(JobId(9)));
        assert_eq!(stage.note(&of_nobody, delivered(Some(10), &[])), Next::Gone);
    });
}

#[test]
fn the_message_that_shows_a_jobs_standing_is_the_newest_that_arrived() {
    play(|stage| {
        stage.sell("z-image");
        stage.hush();
        let news = |stage: &mut Stage, message: Option<i32>| {
            let mail = put(stage, words("working"), About::Status(JOB));
            stage.note(&mail, delivered(message, &[]));
            stage.job(JOB).status_message
        };
        assert_eq!(news(stage, None), Some(STATUS), "nobody said which");
        assert_eq!(news(stage, Some(STATUS.0)), Some(STATUS));
        assert_eq!(news(stage, Some(71)), Some(MessageId(71)));
        assert_eq!(news(stage, None), Some(MessageId(71)));
        assert_eq!(stage.job(JOB).delivery, Delivery::Waiting);
        let of_nobody = put(stage, words("lost"), About::Status(JobId(9)));
        assert_eq!(stage.note(&of_nobody, delivered(Some(72), &[])), Next::Gone);
    });
}

#[test]
fn a_notice_and_a_screen_leave_nothing_behind() {
    for about in [About::Nothing, About::Screen(ANN)] {
        play(|stage| {
            stage.act(|_, tx| tx.put_session(ANN, &Session { drafts: 3, ..Session::default() }));
            let mail = put(stage, words("hello"), about);
            assert_eq!(stage.note(&mail, delivered(Some(5), &[])), Next::Gone);
            assert!(stage.outbox().is_empty());
            let session = stage.view().session(ANN).expect("readable");
            assert_eq!(session, Some(Session { drafts: 3, ..Session::default() }), "{about:?}");
            assert_eq!(stage.view().job(JOB), Ok(None));
        });
    }
}

#[test]
fn a_message_whose_fate_cannot_be_noted_is_kept_for_the_operator() {
    play(|stage| {
        stage.meet(BOB, Lang::Ru);
        let (priority, id, _) = put(stage, words("hello"), About::Nothing);
        stage.act(move |shop, tx| give_up(shop, tx, priority, id, "row 7"));
        assert_eq!(row(stage, priority, id), None);
        let parked = stage.view().parked(10).expect("readable");
        let [kept] = &parked[..] else { panic!("{parked:?}") };
        assert_eq!((kept.update, kept.why.as_str(), kept.body.is_empty()), (None, "row 7", false));
        let alarm = say(Lang::Ru, "alarm-mail-parked", &[("detail", Arg::Text("row 7"))]);
        assert_eq!(stage.texts(ADMIN, 3), [alarm]);
    });
}
