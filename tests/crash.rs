//! The service dies just before and just after each commit of a sale, and starts again: the
//! customer gets the picture or the money, once, and the books are right.

use crate::support::driver::Side;
use crate::support::{Mode, PATIENCE, TestApp};
use samovar::job::State;
use samovar::store::{Delivery, View};
use samovar::time::Up;
use std::time::Duration;

const ANN: i64 = 1001;

/// How a sale ends that was interrupted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// One createTask, one charge, the picture.
    Sold,
    /// The order may have gone: no second createTask, the money comes back after the deadline.
    MoneyBack,
}

async fn crash_and_see(
    mode: Mode,
    act: &'static str,
    side: Side,
    end: End,
    pictures: std::ops::RangeInclusive<usize>,
) {
    let mut app = TestApp::start_with(mode, |settings| settings.free_daily_limit = 0).await;
    app.credit(ANN, "10").await;
    app.user(ANN).orders("z-image", "самовар").await;
    app.settled().await;
    // Messages are delivered all along: the one that counts comes after the settlement.
    if act == "delivered" {
        app.driver.crash_after("settle", act, side);
    } else {
        app.driver.crash_at(act, 1, side);
    }
    app.user(ANN).taps("✅ Запустить").await;
    // The sweep comes by the minute.
    if act == "forget" {
        app.user(ANN).gets_media(1).await;
        app.settled().await;
        app.skip(Duration::from_secs(61));
    }
    assert!(app.driver.crashed(PATIENCE).await, "no commit had an act called {act}");
    app.crash().await;
    let what = format!("a crash {side:?} «{act}»");
    match end {
        End::Sold => {
            app.user(ANN).gets_media(1).await;
            app.settled().await;
            assert_eq!(app.wallet(ANN), ("9.24".to_owned(), "0.00".to_owned()), "{what}");
        }
        End::MoneyBack => {
            app.until("the doubt", |view| {
                let state = view.job(samovar::ids::JobId(1)).ok()??.row.state;
                matches!(state, State::Unknown { .. }).then_some(())
            })
            .await;
            assert_eq!(app.wallet(ANN), ("9.24".to_owned(), "0.76".to_owned()), "{what}: held while unknown");
            app.skip(Duration::from_secs(31 * 60));
            app.user(ANN).sees("❌ Генерация не удалась").await;
            app.settled().await;
            assert_eq!(app.wallet(ANN), ("10.00".to_owned(), "0.00".to_owned()), "{what}");
        }
    }
    let creates = app.sandbox.kie.look(|kie| kie.creates().len());
    assert_eq!(creates, usize::from(end == End::Sold), "{what}: createTask calls");
    assert_eq!(app.jobs(), 1, "{what}: jobs");
    let media = app.user(ANN).media();
    assert!(pictures.contains(&media), "{what}: {media} pictures came");
    assert!(matches!(app.job(1).row.delivery, Delivery::Delivered { .. }), "{what}");
    app.audit();
}

macro_rules! crashes {
    ($mode:ident: $($name:ident: $act:literal $side:ident => $end:ident $pictures:expr;)*) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            crash_and_see(Mode::$mode, $act, Side::$side, End::$end, $pictures).await;
        })*
    };
}

crashes! {
    Webhook:
    before_the_update_is_stored_telegram_sends_it_again: "receive" Before => Sold 1..=1;
    after_the_update_is_stored_it_is_handled_at_the_next_start: "receive" After => Sold 1..=1;
    before_the_hold_and_the_job_none_of_it_happened: "handle" Before => Sold 1..=1;
    after_the_hold_and_the_job_all_of_it_happened: "handle" After => Sold 1..=1;
    before_sending_is_noted_nothing_was_sent: "start" Before => Sold 1..=1;
    after_sending_is_noted_nobody_knows_and_the_money_comes_back: "start" After => MoneyBack 0..=0;
    before_the_task_is_recorded_the_callback_finds_it: "record" Before => Sold 1..=1;
    after_the_task_is_recorded_it_is_looked_at: "record" After => Sold 1..=1;
    before_the_result_is_noted_it_is_looked_at_again: "result" Before => Sold 1..=1;
    after_the_result_is_noted_it_is_fetched: "result" After => Sold 1..=1;
    before_the_settlement_it_is_fetched_again: "settle" Before => Sold 1..=1;
    // The message may be on its way already when the writer stops.
    after_the_settlement_the_customer_is_told_later: "settle" After => Sold 1..=2;
    before_a_delivery_is_noted_the_message_may_come_twice: "delivered" Before => Sold 1..=2;
    after_a_delivery_is_noted_it_is_done: "delivered" After => Sold 1..=1;
    before_the_sweep_it_sweeps_later: "forget" Before => Sold 1..=1;
    after_the_sweep_nothing_is_missing: "forget" After => Sold 1..=1;
}

// Without callbacks: what is not known is looked for, and a lost answer ends with the money back.
crashes! {
    Polling:
    polled_before_the_update_is_stored_it_is_polled_again: "receive" Before => Sold 1..=1;
    polled_after_the_update_is_stored_it_is_not_handled_twice: "receive" After => Sold 1..=1;
    polled_before_the_hold_and_the_job_none_of_it_happened: "handle" Before => Sold 1..=1;
    polled_after_the_hold_and_the_job_all_of_it_happened: "handle" After => Sold 1..=1;
    polled_before_sending_is_noted_nothing_was_sent: "start" Before => Sold 1..=1;
    polled_after_sending_is_noted_the_money_comes_back: "start" After => MoneyBack 0..=0;
    polled_after_the_task_is_recorded_it_is_looked_at: "record" After => Sold 1..=1;
    polled_before_the_settlement_it_is_fetched_again: "settle" Before => Sold 1..=1;
    polled_after_the_settlement_the_customer_is_told_later: "settle" After => Sold 1..=2;
    polled_before_a_delivery_is_noted_the_message_may_come_twice: "delivered" Before => Sold 1..=2;
    polled_after_a_delivery_is_noted_it_is_done: "delivered" After => Sold 1..=1;
}

/// The sweep's hard case: the deadline's release itself is interrupted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_around_the_release_of_a_deadline_gives_the_money_back_once() {
    for side in [Side::Before, Side::After] {
        let mut app = TestApp::start_with(Mode::Webhook, |settings| settings.free_daily_limit = 0).await;
        app.credit(ANN, "10").await;
        app.user(ANN).orders("z-image", "самовар sandbox:hangup").await;
        app.user(ANN).taps("✅ Запустить").await;
        app.until("the doubt", |view| {
            let state = view.job(samovar::ids::JobId(1)).ok()??.row.state;
            matches!(state, State::Unknown { .. }).then_some(())
        })
        .await;
        app.driver.crash_at("settle", 1, side);
        app.skip(Duration::from_secs(31 * 60));
        assert!(app.driver.crashed(PATIENCE).await, "the deadline never came");
        app.crash().await;
        // A crash forgets up to ten seconds of uptime.
        app.skip(Duration::from_secs(60));
        app.user(ANN).sees("❌ Генерация не удалась").await;
        app.settled().await;
        assert_eq!(app.wallet(ANN), ("10.00".to_owned(), "0.00".to_owned()), "{side:?}");
        let told = app.user(ANN).chat().matches("Код ошибки: RQ-").count();
        assert!((1..=2).contains(&told), "{side:?}: told {told} times");
    }
}

/// The disk may fail a second time while a start takes up what was left.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_whose_file_is_closed_for_a_moment_takes_up_the_open_jobs_all_the_same() {
    let mut app = TestApp::start_with(Mode::Webhook, |settings| settings.free_daily_limit = 0).await;
    app.credit(ANN, "10").await;
    app.user(ANN).orders("z-image", "самовар").await;
    app.settled().await;
    app.driver.crash_at("start", 1, Side::After);
    app.user(ANN).taps("✅ Запустить").await;
    assert!(app.driver.crashed(PATIENCE).await, "no order was sent");
    app.driver.close_at("record", 1, |_| {});
    app.crash().await;
    app.until("the doubt", |view| {
        let state = view.job(samovar::ids::JobId(1)).ok()??.row.state;
        matches!(state, State::Unknown { .. }).then_some(())
    })
    .await;
    app.skip(Duration::from_secs(31 * 60));
    app.user(ANN).sees("❌ Генерация не удалась").await;
    app.settled().await;
    assert_eq!(app.wallet(ANN), ("10.00".to_owned(), "0.00".to_owned()));
}

/// Deadlines count remembered uptime: forgotten lives would keep the money held for ever.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_life_of_two_seconds_is_remembered() {
    let mut app = TestApp::start(Mode::Webhook).await;
    let noted = |view: &View| view.note::<Up>("uptime").ok()?;
    let born = app.clock.now().up;
    app.crash().await;
    app.until("the first note of this life", |view| noted(view).filter(|up| *up >= born)).await;
    let lived = app.clock.now().up.plus(Duration::from_secs(2));
    app.skip(Duration::from_secs(2));
    let remembered = app.until("the second", |view| noted(view).filter(|up| *up >= lived));
    // Less than the eight seconds after which it would be remembered anyhow.
    assert!(tokio::time::timeout(Duration::from_secs(7), remembered).await.is_ok(), "it was forgotten");
}
