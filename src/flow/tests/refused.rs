//! Telegram will not take a message: who is noted as gone, what is tried as a plain file, and the
//! one case in which money goes back.

use super::deliver::{put, tries, words};
use super::{ADMIN, ANN, DAY, PRICE, Stage, delivered, picture, play, text};
use crate::flow::deliver::Next;
use crate::flow::resend::{NotSent, again};
use crate::flow::topup;
use crate::ids::{ChatId, JobId, UserId};
use crate::job::{Event, File};
use crate::ledger::{Account, Kind, Memo};
use crate::message::{About, Act, Lang, MediaKind, NotTaken, Outgoing, Sent};
use crate::money::Kopecks;
use crate::payment::{State, Way};
use crate::store::{BonusRow, Delivery};
use crate::texts::{Arg, say};

const HELD: (Kind, i64, Memo) = (Kind::Hold, PRICE, Memo::Ordered);
const CHARGED: (Kind, i64, Memo) = (Kind::Charge, PRICE, Memo::Delivered);
const REFUNDED: (Kind, i64, Memo) = (Kind::Refund, PRICE, Memo::Undeliverable);

fn bad() -> NotTaken {
    NotTaken::Bad("can't parse entities".to_owned())
}

fn bad_file() -> NotTaken {
    NotTaken::BadFile("wrong sides".to_owned())
}

/// A job's ending as it stands in the outbox is refused.
fn refuse(stage: &mut Stage, id: JobId, why: NotTaken) -> Next {
    let mail = stage.ending(id);
    stage.note(&mail, Sent::Refused(why))
}

/// How the result of a job is shown.
fn kind(stage: &mut Stage, id: JobId) -> MediaKind {
    let (_, _, row) = stage.ending(id);
    let Act::Media { kind, .. } = row.outgoing.act else { panic!("{row:?}") };
    kind
}

/// A job that is done, and whose result waits as a plain file already.
fn done_as_file(stage: &mut Stage) -> JobId {
    let id = stage.sell("z-image");
    stage.accept(id, "t-1");
    stage.step(id, Event::Succeeded { urls: Vec::new() });
    let file = File { mime: "application/zip".to_owned(), ..picture() };
    stage.step(id, Event::Fetched { files: vec![file] });
    stage.hush();
    assert_eq!(kind(stage, id), MediaKind::Document);
    id
}

fn refusal(stage: &Stage, why: NotTaken) -> Delivery {
    Delivery::Refused { at: stage.now().at, why }
}

#[test]
fn a_picture_that_is_not_taken_goes_as_a_file_before_it_is_paid_back() {
    for why in [bad(), bad_file()] {
        play(|stage| {
            let id = stage.done();
            assert_eq!(kind(stage, id), MediaKind::Photo);
            let told = stage.job(id).told;
            assert_eq!(refuse(stage, id, why.clone()), Next::Again(std::time::Duration::ZERO));
            assert_eq!((kind(stage, id), stage.job(id).told), (MediaKind::Document, told));
            assert_eq!((stage.job(id).delivery, stage.sales()), (Delivery::Waiting, vec![HELD, CHARGED]));

            assert_eq!(refuse(stage, id, why.clone()), Next::Gone);
            assert_eq!(stage.sales(), [HELD, CHARGED, REFUNDED]);
            assert_eq!(stage.wallet(ANN), (10_000, 0));
            assert!(stage.job(id).money.refund.is_some());
            let told_now = stage.job(id).told;
            assert!(told_now > told, "another message tells how it ended");
            assert_eq!(stage.job(id).delivery, Delivery::Waiting);
            assert_eq!(stage.timeline(id).pop(), Some(("refused-by-telegram".into(), format!("{why:?}"))));
            let (_, _, sorry) = stage.ending(id);
            let money = [("amount", Arg::Money(stage.job(id).price))];
            assert!(text(&sorry).contains(&say(Lang::Ru, "money-returned", &money)), "{sorry:?}");
            assert_eq!(sorry.outgoing.about, About::Ending(id));
            assert_eq!(
                (stage.outbox().len(), stage.texts(ADMIN, 3).len()),
                (2, 1),
                "the operators hear of it"
            );
        });
    }
}

#[test]
fn the_sentence_that_money_went_back_is_never_paid_back_again() {
    play(|stage| {
        let id = done_as_file(stage);
        assert_eq!(refuse(stage, id, bad()), Next::Gone);
        assert_eq!(refuse(stage, id, bad()), Next::Gone);
        assert_eq!(stage.sales(), [HELD, CHARGED, REFUNDED]);
        assert_eq!(stage.job(id).delivery, refusal(stage, bad()));
        assert_eq!(stage.outbox().len(), stage.texts(ADMIN, 3).len(), "only the operators' is left");
    });
}

#[test]
fn a_customer_who_is_gone_or_blocked_the_bot_has_paid_all_the_same() {
    for (why, blocked) in [(NotTaken::Blocked, true), (NotTaken::Gone, false)] {
        play(|stage| {
            let id = stage.done();
            let told = stage.job(id).told;
            stage.skip(super::SECOND);
            assert_eq!(refuse(stage, id, why.clone()), Next::Gone);
            assert_eq!(stage.job(id).delivery, refusal(stage, why.clone()));
            assert_eq!((stage.job(id).told, stage.sales()), (told, vec![HELD, CHARGED]));
            assert_eq!(stage.user(ANN).blocked, blocked);
            assert!(stage.outbox().is_empty());
        });
    }
}

#[test]
fn only_a_refusal_that_says_so_notes_a_customer_as_gone() {
    for (why, blocked) in
        [(NotTaken::Blocked, true), (NotTaken::Gone, false), (bad(), false), (bad_file(), false)]
    {
        play(|stage| {
            let mail = put(stage, words("hello"), About::Screen(ANN));
            assert_eq!(stage.note(&mail, Sent::Refused(why.clone())), Next::Gone);
            assert_eq!(stage.user(ANN).blocked, blocked, "{why:?}");
            assert!(stage.outbox().is_empty());
        });
    }
}

#[test]
fn a_group_that_threw_the_bot_out_is_no_customer() {
    for (chat, user) in [(-5, -5), (0, 0)] {
        play(|stage| {
            stage.meet(UserId(user), Lang::Ru);
            let id = stage.act(move |_, tx| {
                let act = words("hello");
                tx.say(Outgoing { chat: ChatId(chat), act, about: About::Nothing }, None)
            });
            let row = stage.outbox().into_iter().find(|row| row.1 == id).expect("it waits");
            assert_eq!(stage.note(&row, Sent::Refused(NotTaken::Blocked)), Next::Gone);
            assert!(!stage.user(UserId(user)).blocked, "{chat}");
        });
    }
}

/// Both tries to bring a result are refused: as what it is, and as a file.
fn refuse_twice(stage: &mut Stage, id: JobId) {
    assert_eq!(refuse(stage, id, bad()), Next::Again(std::time::Duration::ZERO));
    assert_eq!(refuse(stage, id, bad()), Next::Gone);
}

#[test]
fn a_free_result_that_is_not_taken_moves_no_money_and_gives_its_use_back_once() {
    play(|stage| {
        stage.shop.free.daily = 2;
        let free = |stage: &mut Stage| stage.place(ANN, "z-image", 0).expect("it is free").job;
        let counted = |stage: &mut Stage| {
            let (hour, index) =
                (stage.now().at.hour(), crate::catalog::model("z-image").expect("a model").index);
            let day = stage.now().at.day();
            stage.act(move |_, tx| Ok((tx.free_uses(ANN, index, hour, hour)?, tx.free_spent(day)?)))
        };
        let id = free(stage);
        stage.accept(id, "t-1");
        stage.finish(id);
        stage.hush();
        assert_eq!(counted(stage), (1, 4_000));
        refuse_twice(stage, id);
        assert_eq!((stage.sales(), stage.wallet(ANN)), (Vec::new(), (10_000, 0)));
        assert_eq!(counted(stage), (0, 4_000), "the provider was paid all the same");
        let sorry = stage.ending(id);
        assert!(text(&sorry.2).contains(&say(Lang::Ru, "money-free-returned", &[])), "{sorry:?}");
        assert_eq!(stage.texts(ADMIN, 3).len(), 1, "the operators hear of it");

        free(stage);
        stage.note(&sorry, delivered(Some(9), &[]));
        let asked_again = stage.act(move |_, tx| again(tx, ANN, id));
        assert_eq!(asked_again, Err(NotSent::NoFiles), "it went back, and nobody has both, as with money");
        assert_eq!(counted(stage), (1, 8_000), "the other job's use is its own");
    });
}

#[test]
fn a_bonus_use_whose_result_is_not_taken_comes_back() {
    play(|stage| {
        stage.act(|_, tx| tx.put_bonus(ANN, &BonusRow { uses: 1, ..tx.bonus(ANN)? }));
        let id = stage.done();
        refuse_twice(stage, id);
        assert_eq!(stage.view().bonus(ANN).expect("readable").uses, 1);
    });
}

#[test]
fn a_gift_that_is_not_taken_is_not_paid_back_a_second_time() {
    play(|stage| {
        let id = stage.late();
        assert_eq!(refuse(stage, id, bad()), Next::Again(std::time::Duration::ZERO));
        assert_eq!(refuse(stage, id, bad()), Next::Gone);
        assert_eq!(stage.sales(), [HELD, (Kind::Release, PRICE, Memo::Failed)]);
        assert_eq!(stage.ledger(Account::Loss), [(Kind::Loss, 38, Memo::Late)]);
        let (_, _, sorry) = stage.ending(id);
        assert!(text(&sorry).contains(&say(Lang::Ru, "money-nothing-charged", &[])), "{sorry:?}");
    });
}

#[test]
fn a_failure_that_cannot_be_told_is_only_noted() {
    play(|stage| {
        let id = stage.sell("z-image");
        stage.accept(id, "t-1");
        stage.step(id, Event::TaskFailed { message: "no".to_owned() });
        stage.hush();
        let told = stage.job(id).told;
        assert_eq!(refuse(stage, id, bad()), Next::Gone);
        assert_eq!((stage.job(id).told, stage.job(id).delivery), (told, refusal(stage, bad())));
        assert_eq!(stage.sales(), [HELD, (Kind::Release, PRICE, Memo::Failed)]);
        assert!(stage.outbox().is_empty());
    });
}

#[test]
fn a_copy_that_was_asked_for_again_is_never_paid_back() {
    play(|stage| {
        let id = stage.done();
        let copy = put(stage, words("once more"), About::Result(id));
        let before = stage.job(id);
        assert_eq!(stage.note(&copy, Sent::Refused(bad())), Next::Gone);
        assert_eq!((stage.job(id), stage.sales()), (before, vec![HELD, CHARGED]));
        assert_eq!(stage.outbox().len(), 1, "only the result itself waits");
    });
}

#[test]
fn a_result_that_cannot_be_brought_for_three_days_is_paid_back() {
    play(|stage| {
        let id = done_as_file(stage);
        stage.skip(3 * DAY);
        let mail = stage.ending(id);
        tries(stage, &mail);
        assert_eq!(stage.note(&mail, Sent::NotSent("no line".to_owned())), Next::Gone);
        assert_eq!(stage.sales(), [HELD, CHARGED, REFUNDED]);
        let why = NotTaken::Bad("given up after three days: no line".to_owned());
        assert_eq!(stage.timeline(id).pop(), Some(("refused-by-telegram".into(), format!("{why:?}"))));
    });
}

#[test]
fn the_status_of_a_job_that_is_not_taken_ends_nothing() {
    play(|stage| {
        let id = stage.done();
        let status = put(stage, words("working"), About::Status(id));
        let before = stage.job(id);
        assert_eq!(stage.note(&status, Sent::Refused(bad())), Next::Gone);
        assert_eq!((stage.job(id), stage.sales()), (before, vec![HELD, CHARGED]));
    });
}

#[test]
fn an_invoice_that_cannot_be_brought_for_three_days_is_over_and_says_nothing_of_telegrams_refusal() {
    play(|stage| {
        let asked = stage.act(|shop, tx| {
            topup::ask(shop, tx, ANN, Lang::Ru, Way::Stars, Kopecks::new(10_000)).map(Result::unwrap)
        });
        let is_it = |row: &super::Waiting| row.2.outgoing.about == About::Invoice(asked.id);
        let mail = stage.outbox().into_iter().find(is_it).expect("it waits");
        stage.skip(3 * DAY);
        tries(stage, &mail);
        assert_eq!(stage.note(&mail, Sent::NotSent("no line".to_owned())), Next::Gone);
        assert_eq!(stage.texts(ADMIN, 3), Vec::<String>::new());
        let payment = stage.view().payment(asked.id).expect("readable").expect("a payment");
        assert_eq!(payment.row.state, State::Expired);
        let sorry = say(Lang::Ru, "payment-not-sent", &[("amount", Arg::Money(payment.row.amount))]);
        assert!(stage.outbox().iter().any(|(_, _, row)| text(row) == sorry), "{:?}", stage.outbox());
    });
}
