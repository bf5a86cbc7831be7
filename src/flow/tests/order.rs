//! Selling: what an order leaves behind, and that a refused one leaves nothing.

use super::{ANN, BOB, HOUR, PRICE, STATUS, Stage, input, order, play, taps, text};
use crate::catalog::input::Value;
use crate::catalog::price::NoPrice;
use crate::flow::order::{NotSold, Offer, offer, place};
use crate::ids::{JobId, UserId};
use crate::job::State;
use crate::ledger::{Kind, Memo};
use crate::message::{About, Act, Lang};
use crate::money::Kopecks;
use crate::payment::Way;
use crate::store::{DISK, Delivery, Fault, StopRow, StoppedBy};
use crate::texts::{Arg, say};
use rust_decimal::Decimal;

/// What `z-image` costs when nothing is free.
const PAID: Offer = Offer {
    price: Kopecks::new(PRICE),
    full_price: Kopecks::new(PRICE),
    free_left: None,
    bonus: false,
    cost_usd: Decimal::from_parts(4, 0, 0, false, 3),
};

fn offered(stage: &mut Stage) -> Result<Offer, NotSold> {
    stage.act(|shop, tx| offer(shop, tx, ANN, &input("z-image")))
}

fn stop(stage: &mut Stage, what: &'static str) {
    stage.act(move |_, tx| {
        let row = StopRow { at: tx.now().at, why: "a test".to_owned(), until: None, by: StoppedBy::Operator };
        tx.put_stop(what, &row)
    });
}

#[test]
fn an_order_makes_hold_job_and_status_message_at_once() {
    play(|stage| {
        assert_eq!(offered(stage), Ok(PAID));
        let placed = stage.place(ANN, "z-image", PRICE).expect("sold");
        let (row, now) = (stage.job(JobId(1)), stage.now());
        assert_eq!((placed.job, placed.request), (JobId(1), row.request));
        assert_eq!(row.state, State::Queued { since: now.up, not_before: now.up });
        assert_eq!((row.user, row.model.as_str(), row.due), (ANN, "z-image", Some(now.up)));
        assert_eq!((row.price, row.cost_usd, row.free_hour), (PAID.price, PAID.cost_usd, None));
        assert_eq!((row.created, row.ended, row.prev, row.told), (now.at, None, None, None));
        assert_eq!((row.status_message, row.delivery), (Some(STATUS), Delivery::Waiting));
        assert_eq!(row.input.get("nsfw_checker"), Some(&Value::Boolean(false)), "the operator's choice");
        assert_eq!(row.input.get("aspect_ratio"), Some(&Value::Text("1:1".to_owned())));
        assert_eq!(stage.wallet(ANN), (10_000 - PRICE, PRICE));
        assert_eq!(stage.sales(), [(Kind::Hold, PRICE, Memo::Ordered)]);
        assert!(row.money.hold.is_some() && row.money.settled.is_none());
        assert_eq!(stage.timeline(JobId(1)), [("ordered".into(), "z-image, 0.76 RUB held".into())]);
        let rows = stage.outbox();
        let [(2, _, news)] = &rows[..] else { panic!("{rows:?}") };
        let title = [("model", Arg::Text("Z-Image Turbo"))];
        assert_eq!(text(news), say(Lang::Ru, "job-queued", &title));
        assert_eq!((news.outgoing.chat, news.outgoing.about), (ANN.chat(), About::Status(JobId(1))));
        let Act::Text { keyboard, edit, .. } = &news.outgoing.act else { panic!("{news:?}") };
        assert_eq!((taps(keyboard), *edit), (vec![vec!["x:1"]], Some(STATUS)));
        let ann = stage.user(ANN);
        assert_eq!((ann.newest_job, ann.open_jobs), (Some(JobId(1)), 1));
    });
}

#[test]
fn the_next_job_names_the_one_before_it() {
    play(|stage| {
        stage.sell("z-image");
        stage.sell("z-image");
        assert_eq!(stage.job(JobId(2)).prev, Some(JobId(1)));
        let ann = stage.user(ANN);
        assert_eq!((ann.newest_job, ann.open_jobs), (Some(JobId(2)), 2));
        assert_eq!(stage.wallet(ANN), (10_000 - 2 * PRICE, 2 * PRICE));
    });
}

#[test]
fn what_is_refused_leaves_no_row() {
    type Case = (&'static str, fn(&mut Stage), i64, NotSold);
    let cases: [Case; 11] = [
        ("banned", ban, PRICE, NotSold::Banned),
        ("all", |stage| stop(stage, "all"), PRICE, NotSold::NotSelling),
        ("the disk", |stage| stop(stage, DISK), PRICE, NotSold::NotSelling),
        ("the model", |stage| stop(stage, "z-image"), PRICE, NotSold::ModelStopped),
        ("cheaper", |_| {}, PRICE + 1, NotSold::PriceChanged(PAID)),
        ("dearer", |_| {}, PRICE - 1, NotSold::PriceChanged(PAID)),
        ("free no more", |_| {}, 0, NotSold::PriceChanged(PAID)),
        ("one kopeck", |stage| stage.give(ANN, PRICE - 1 - 10_000), PRICE, short(PRICE - 1)),
        ("rates", |stage| stage.shop.rates.markup = Decimal::ZERO, PRICE, NoPrice::NotPositive.into()),
        (
            "open jobs",
            |stage| stage.shop.open_jobs_per_customer = 0,
            PRICE,
            NotSold::TooManyOpen { limit: 0 },
        ),
        ("queue", |stage| stage.shop.queue_max = 0, PRICE, NotSold::QueueFull),
    ];
    for (name, prepare, shown, why) in cases {
        play(|stage| {
            prepare(stage);
            let before = stage.print();
            assert_eq!(stage.place(ANN, "z-image", shown), Err(why), "{name}");
            assert!(stage.print() == before, "{name}: something was written");
        });
    }
}

fn ban(stage: &mut Stage) {
    stage.act(|_, tx| {
        let mut row = tx.user(ANN)?.expect("a customer");
        row.banned = true;
        tx.put_user(ANN, &row)
    });
}

fn short(available: i64) -> NotSold {
    let missing = Kopecks::new(PRICE - available);
    NotSold::Short { price: PAID.price, available: Kopecks::new(available), missing }
}

#[test]
fn what_is_stopped_elsewhere_stops_no_order() {
    play(|stage| {
        stop(stage, "grok-imagine/text-to-image");
        stage.sell("z-image");
    });
}

#[test]
fn the_last_open_job_that_is_allowed_is_sold_and_the_next_is_not() {
    play(|stage| {
        stage.shop.open_jobs_per_customer = 2;
        stage.sell("z-image");
        stage.sell("z-image");
        let refused = stage.place(ANN, "z-image", PRICE);
        assert_eq!(refused, Err(NotSold::TooManyOpen { limit: 2 }));
        stage.accept(JobId(1), "task-1");
        assert_eq!(stage.place(ANN, "z-image", PRICE), refused, "sent is still open");
        stage.finish(JobId(1));
        stage.sell("z-image");
    });
}

#[test]
fn the_last_place_of_the_queue_is_sold_and_the_next_is_not() {
    play(|stage| {
        stage.shop.queue_max = 2;
        stage.sell("z-image");
        stage.sell("z-image");
        assert_eq!(stage.place(ANN, "z-image", PRICE), Err(NotSold::QueueFull));
        stage.start(JobId(1));
        stage.sell("z-image");
    });
}

#[test]
fn a_wallet_with_exactly_the_price_buys_once() {
    play(|stage| {
        stage.give(ANN, PRICE - 10_000);
        stage.sell("z-image");
        assert_eq!(stage.wallet(ANN), (0, PRICE));
        assert_eq!(stage.place(ANN, "z-image", PRICE), Err(short(0)), "held money counts as spent");
    });
}

#[test]
fn a_free_use_holds_nothing_and_is_counted_until_none_is_left() {
    play(|stage| {
        stage.shop.free.daily = 5;
        let hour = stage.now().at.hour();
        for left in [2, 1] {
            let free = Offer { price: Kopecks::ZERO, free_left: Some(left), ..PAID };
            assert_eq!(offered(stage), Ok(free));
            assert_eq!(stage.place(ANN, "z-image", PRICE), Err(NotSold::PriceChanged(free)));
            let placed = stage.place(ANN, "z-image", 0).expect("sold");
            let row = stage.job(placed.job);
            assert_eq!((row.price, row.cost_usd), (Kopecks::ZERO, PAID.cost_usd));
            assert_eq!((row.free_hour, row.money.hold), (Some(hour), None));
            assert_eq!(stage.timeline(placed.job), [("ordered".into(), "z-image, free".into())]);
        }
        assert_eq!(offered(stage), Ok(PAID));
        assert_eq!(stage.place(ANN, "z-image", 0), Err(NotSold::PriceChanged(PAID)));
        assert_eq!((stage.wallet(ANN), stage.sales()), ((10_000, 0), Vec::new()));
        stage.skip(HOUR);
        assert_eq!(offered(stage).map(|offer| offer.free_left), Ok(Some(2)));
    });
}

#[test]
fn a_wallet_below_zero_still_gets_its_free_use() {
    play(|stage| {
        stage.meet(BOB, Lang::Ru);
        let paid = stage.act(|_, tx| tx.credit_payment(Way::Card, "1", BOB, Kopecks::new(PRICE)));
        let (payment, _) = paid.expect("credited");
        stage.place(BOB, "z-image", PRICE).expect("sold");
        stage.act(move |_, tx| tx.charge_back(payment));
        assert_eq!(stage.wallet(BOB), (-PRICE, PRICE));
        assert_eq!(stage.place(BOB, "z-image", PRICE), Err(short(-PRICE)));
        stage.shop.free.daily = 1;
        assert!(stage.place(BOB, "z-image", 0).is_ok());
        assert_eq!(stage.wallet(BOB), (-PRICE, PRICE));
    });
}

#[test]
fn nothing_is_sold_to_somebody_who_was_never_noted() {
    play(|stage| {
        let nobody = UserId(4);
        stage.give(nobody, 10_000);
        let before = stage.print();
        let sold = stage.attempt(move |shop, tx| place(shop, tx, &order(nobody, "z-image", PRICE)));
        assert!(matches!(sold, Err(Fault::Bug(_))), "{sold:?}");
        assert!(stage.print() == before);
    });
}
