//! What an operator does: once for its number, and only what it says; what the days add up to; when
//! the operator is told of an account that runs empty and of many failures.

use super::{ADMIN, ANN, BOB, DAY, HOUR, PRICE, SECOND, Stage, delivered, play, text};
use crate::flow::FreeRules;
use crate::flow::admin::{Done, NotDone, note_credit, perform};
use crate::ids::{ActionId, JobId, UserId};
use crate::job::{Event, Why};
use crate::ledger::{Kind, Memo};
use crate::message::{Lang, NotTaken, Sent};
use crate::money::Kopecks;
use crate::store::{Action, ActionRow, DayRow, StopRow, StoppedBy};
use rust_decimal::Decimal;

const WHY: &str = "a <b>reason</b>";

fn new_id(stage: &mut Stage) -> ActionId {
    stage.act(|_, tx| tx.new_action())
}

fn perform_as(stage: &mut Stage, id: ActionId, what: &Action) -> Result<Done, NotDone> {
    let what = what.clone();
    stage.act(move |shop, tx| perform(shop, tx, id, ADMIN, &what, WHY))
}

/// Does it under a new number.
fn does(stage: &mut Stage, what: &Action) -> Result<Done, NotDone> {
    let id = new_id(stage);
    perform_as(stage, id, what)
}

fn adjust(user: UserId, kopecks: i64) -> Action {
    Action::Adjust { user, amount: Kopecks::new(kopecks) }
}

fn action(stage: &Stage, id: ActionId) -> ActionRow {
    stage.view().action(id).expect("readable").expect("an action")
}

fn today(stage: &Stage) -> DayRow {
    stage.view().day(stage.now().at.day()).expect("readable")
}

/// A job of Ann's that is paid for and has come.
fn sold(stage: &mut Stage) -> JobId {
    let id = stage.done();
    let ending = stage.ending(id);
    stage.note(&ending, delivered(Some(5), &["file"]));
    id
}

#[test]
fn a_correction_moves_money_once_and_its_customer_hears_of_it() {
    play(|stage| {
        let id = new_id(stage);
        assert_eq!(perform_as(stage, id, &adjust(ANN, 5_050)), Ok(Done::Now));
        assert_eq!(perform_as(stage, id, &adjust(ANN, 5_050)), Ok(Done::Before));
        assert_eq!(stage.wallet(ANN), (15_050, 0));
        let told = stage.texts(ANN, 3);
        assert_eq!(told.len(), 1);
        assert!(told[0].contains("50,50 ₽") && told[0].contains("&lt;b&gt;reason"), "{told:?}");
        assert!(told[0].contains("150,50 ₽"), "{told:?}");
        let row = action(stage, id);
        assert_eq!((row.who.as_str(), row.reason.as_str()), ("1", WHY));
        assert_eq!((row.before.as_str(), row.after.as_str()), ("100.00 ₽", "150.50 ₽"));
        assert!(row.seq.is_some());
    });
}

#[test]
fn what_cannot_be_done_changes_nothing() {
    play(|stage| {
        let failed = stage.sell("z-image");
        stage.refuse(failed, Why::NoAnswer);
        let held = stage.sell("z-image");
        let print = stage.print();
        let short = NotDone::Short { available: Kopecks::new(10_000 - PRICE) };
        let model = |model: &str, on| Action::Model { model: model.to_owned(), on };
        for (what, not) in [
            (adjust(ANN, -10_000), short),
            (adjust(ANN, i64::MAX), NotDone::TooLarge),
            (adjust(BOB, 1), NotDone::NoCustomer),
            (Action::Ban { user: BOB }, NotDone::NoCustomer),
            (Action::Unban { user: ANN }, NotDone::AlreadySo),
            (Action::RefundJob { job: JobId(99) }, NotDone::NoJob),
            (Action::RefundJob { job: failed }, NotDone::NothingToRefund),
            (Action::RefundJob { job: held }, NotDone::NothingToRefund),
            (Action::SendAgain { job: failed }, NotDone::NoFiles),
            (Action::SendAgain { job: JobId(99) }, NotDone::NoJob),
            (Action::Selling { on: true }, NotDone::AlreadySo),
            (model("z-image", true), NotDone::AlreadySo),
            (model("gone", false), NotDone::NoModel),
        ] {
            let tried = what.clone();
            let refused = stage.act(move |shop, tx| perform(shop, tx, ActionId(77), ADMIN, &tried, WHY));
            assert_eq!(refused, Err(not), "{what:?}");
        }
        assert_eq!(stage.print(), print);
    });
}

#[test]
fn a_debit_of_all_there_is_leaves_zero() {
    play(|stage| {
        assert_eq!(does(stage, &adjust(ANN, -10_000)), Ok(Done::Now));
        assert_eq!(stage.wallet(ANN), (0, 0));
        assert!(stage.texts(ANN, 3)[0].contains("списано 100,00 ₽"));
    });
}

#[test]
fn a_job_is_refunded_once_by_whichever_number_comes_first() {
    play(|stage| {
        let job = sold(stage);
        let what = Action::RefundJob { job };
        let (first, second) = (new_id(stage), new_id(stage));
        assert_eq!(perform_as(stage, first, &what), Ok(Done::Now));
        assert_eq!(perform_as(stage, first, &what), Ok(Done::Before));
        assert_eq!(perform_as(stage, second, &what), Err(NotDone::NothingToRefund));
        assert_eq!(stage.wallet(ANN), (10_000, 0));
        let refunds: Vec<_> = stage.sales().into_iter().filter(|row| row.0 == Kind::Refund).collect();
        assert_eq!(refunds, [(Kind::Refund, PRICE, Memo::Action(first))]);
        let row = action(stage, first);
        assert_eq!((row.before.as_str(), row.after.as_str()), ("charged 0.76 ₽", "refunded 0.76 ₽"));
        assert!(row.seq.is_some() && stage.view().action(second).expect("readable").is_none());
        assert_eq!(stage.last_event(job).0, "refunded");
        assert_eq!(stage.texts(ANN, 3).len(), 1);
        assert_eq!(does(stage, &Action::SendAgain { job }), Err(NotDone::NoFiles), "what was given back");
    });
}

#[test]
fn a_result_on_its_way_is_not_refunded_so_that_a_refusal_pays_back_once() {
    play(|stage| {
        let job = stage.done();
        assert_eq!(does(stage, &Action::RefundJob { job }), Err(NotDone::OnItsWay));
        for _ in 0..2 {
            let ending = stage.ending(job);
            stage.note(&ending, Sent::Refused(NotTaken::BadFile("no".to_owned())));
        }
        assert_eq!(stage.wallet(ANN), (10_000, 0));
        let ending = stage.ending(job);
        stage.note(&ending, delivered(Some(5), &[]));
        assert_eq!(does(stage, &Action::RefundJob { job }), Err(NotDone::NothingToRefund));
    });
}

#[test]
fn a_result_goes_out_again_to_its_customer() {
    play(|stage| {
        let job = sold(stage);
        assert_eq!(does(stage, &Action::SendAgain { job }), Ok(Done::Now));
        let rows = stage.outbox();
        assert!(rows.iter().any(|(_, _, row)| row.outgoing.chat == ANN.chat() && text(row).contains("✅")));
        assert_eq!(stage.last_event(job).0, "sent-again");
    });
}

#[test]
fn a_stop_that_would_lift_itself_can_be_made_the_operators() {
    play(|stage| {
        let stop = |by| {
            move |_: &_, tx: &mut crate::store::Tx<'_>| {
                let at = tx.now().at;
                tx.put_stop("all", &StopRow { at, why: "before".to_owned(), until: None, by })
            }
        };
        let why = |stage: &Stage| stage.view().stop("all").expect("readable").map(|row| (row.by, row.why));
        stage.act(stop(StoppedBy::Credit));
        let id = new_id(stage);
        assert_eq!(perform_as(stage, id, &Action::Selling { on: false }), Ok(Done::Now));
        assert_eq!(why(stage), Some((StoppedBy::Operator, WHY.to_owned())));
        assert_eq!(action(stage, id).before, "off: before");
        stage.act(stop(StoppedBy::Audit));
        assert_eq!(does(stage, &Action::Selling { on: false }), Err(NotDone::AlreadySo), "it says more");
        assert_eq!(does(stage, &Action::Selling { on: true }), Ok(Done::Now));
        assert_eq!(why(stage), None);
    });
}

#[test]
fn a_day_adds_up_what_was_sold_paid_in_and_given_back() {
    play(|stage| {
        stage.meet(BOB, Lang::En);
        stage.skip(DAY);
        stage.shop.free = FreeRules { daily: 1, ..stage.shop.free };
        let free = stage.done();
        let ending = stage.ending(free);
        stage.note(&ending, delivered(Some(4), &["file"]));
        stage.shop.free.daily = 0;
        let first = sold(stage);
        sold(stage);
        assert_eq!(does(stage, &Action::RefundJob { job: first }), Ok(Done::Now));
        assert_eq!(does(stage, &adjust(BOB, 500)), Ok(Done::Now));
        assert_eq!(does(stage, &adjust(BOB, -200)), Ok(Done::Now));
        let row = today(stage);
        let kopecks = [row.charged, row.refunded, row.credited, row.debited, row.topped_up].map(Kopecks::get);
        assert_eq!(kopecks, [2 * PRICE, PRICE, 500, 200, 0]);
        assert_eq!(row.revenue(), Kopecks::new(PRICE));
        assert_eq!((row.sold, row.free, row.first_paid, row.from_free), (2, 1, 1, 1));
        assert_eq!(row.cost_micro_usd, 3 * 4_000);
        stage.skip(DAY);
        sold(stage);
        let row = today(stage);
        assert_eq!((row.sold, row.first_paid, row.charged.get()), (1, 0, PRICE), "a day of its own");
    });
}

/// Messages to the operator that hold these words.
fn alarms(stage: &mut Stage, words: &str) -> usize {
    stage.texts(ADMIN, 3).iter().filter(|text| text.contains(words)).count()
}

#[test]
fn five_failures_within_ten_minutes_are_told_once_and_those_that_customers_caused_never() {
    play(|stage| {
        stage.shop.open_jobs_per_customer = 100;
        let fail = |stage: &mut Stage, why: Why| {
            let id = stage.sell("z-image");
            stage.refuse(id, why);
        };
        let failed = || Why::TaskFailed { message: "no".to_owned() };
        for _ in 0..6 {
            fail(stage, Why::Rejected { message: "no".to_owned() });
            let id = stage.sell("z-image");
            stage.step(id, Event::Cancel);
        }
        for _ in 0..4 {
            fail(stage, failed());
        }
        stage.skip(600 * SECOND);
        for _ in 0..4 {
            fail(stage, failed());
        }
        assert_eq!(alarms(stage, "Подряд не удалось"), 0, "never five within ten minutes");
        for _ in 0..20 {
            fail(stage, failed());
        }
        assert_eq!(alarms(stage, "Подряд не удалось"), 1);
        stage.skip(HOUR);
        for _ in 0..5 {
            fail(stage, Why::NoAnswer);
        }
        assert_eq!(alarms(stage, "Подряд не удалось"), 2);
    });
}

#[test]
fn an_account_that_runs_empty_is_told_when_it_does_and_then_once_a_day() {
    play(|stage| {
        let says = |stage: &mut Stage, credits: i64| {
            let note = move |shop: &_, tx: &mut crate::store::Tx<'_>| {
                note_credit(shop, tx, Decimal::from(credits), Decimal::from(100))
            };
            stage.act(note);
            stage.skip(600 * SECOND);
            alarms(stage, "осталось мало")
        };
        assert_eq!([5_000, 100, 99, 98, 5_000, 99].map(|credits| says(stage, credits)), [0, 0, 1, 1, 1, 2]);
        stage.skip(DAY);
        assert_eq!([97, 96].map(|credits| says(stage, credits)), [3, 3]);
    });
}

#[test]
fn credit_that_comes_back_sells_again_but_lifts_no_other_stop() {
    play(|stage| {
        for (by, credits, is_stopped) in [
            (StoppedBy::Credit, 0, true),
            (StoppedBy::Credit, 1, false),
            (StoppedBy::Operator, 1, true),
            (StoppedBy::Audit, 1, true),
        ] {
            stage.act(move |shop, tx| {
                let at = tx.now().at;
                tx.put_stop("all", &StopRow { at, why: String::new(), until: None, by })?;
                note_credit(shop, tx, Decimal::from(credits), Decimal::ZERO)
            });
            let stop = stage.view().stop("all").expect("readable");
            assert_eq!(stop.is_some(), is_stopped, "{by:?} {credits}");
        }
    });
}
