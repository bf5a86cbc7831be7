//! What Telegram may do with our messages: 429, 403, a refused picture, a lost answer. No money is
//! lost by any of it, and nobody else waits.

use crate::support::{Mode, TestApp};
use samovar::job::State;
use samovar::message::NotTaken;
use samovar::sandbox::telegram::{Fault, Misbehaviour};
use samovar::store::Delivery;
use std::time::Duration;

const ANN: i64 = 1001;
const BOB: i64 = 1002;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_many_requests_park_only_the_chat_that_got_them() {
    let app = TestApp::start(Mode::Webhook).await;
    let (ann, bob) = (app.user(ANN), app.user(BOB));
    let often = Fault::in_chat(ANN, Misbehaviour::TooMany { retry_after_s: 3_600 });
    app.sandbox.telegram.act(|world, _| world.script(often));
    ann.sends("/start");
    let refused = |world: &samovar::sandbox::telegram::World| {
        world.refused().iter().any(|one| one.chat == Some(ANN)).then_some(())
    };
    app.sandbox.telegram.wait(refused, crate::support::PATIENCE).await.expect("a 429");
    bob.sends("/start").sees("Здравствуйте").await;
    assert!(!ann.chat().contains("Здравствуйте"), "she waits: {}", ann.chat());
    app.skip(Duration::from_secs(3_601));
    ann.sees("Здравствуйте").await;
    app.settled().await;
}

async fn sell(faults: Vec<Fault>) -> TestApp {
    let app = TestApp::start_with(Mode::Webhook, |settings| settings.free_daily_limit = 0).await;
    app.credit(ANN, "10").await;
    let ann = app.user(ANN);
    ann.orders("z-image", "самовар").await;
    app.sandbox.telegram.act(|world, _| faults.into_iter().for_each(|fault| world.script(fault)));
    ann.taps("✅ Запустить").await;
    app.until("the job's end", |view| {
        let job = view.job(samovar::ids::JobId(1)).ok()??;
        (job.row.state.is_final() && job.row.delivery != Delivery::Waiting).then_some(())
    })
    .await;
    app
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_blocked_the_bot_has_paid_and_finds_the_result_in_the_history() {
    let app = sell(vec![Fault::of("sendPhoto", Misbehaviour::Forbidden)]).await;
    assert!(matches!(app.job(1).row.delivery, Delivery::Refused { why: NotTaken::Blocked, .. }));
    assert!(app.data_dir().join("media/1/1.png").exists(), "our copy is kept for them");
    assert_eq!(app.wallet(ANN).0, "9.24");
    app.settled().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_result_that_telegram_refuses_for_good_is_refunded_once() {
    let refuse = |method: &str| {
        let description = "Bad Request: IMAGE_PROCESS_FAILED".to_owned();
        Fault::of(method, Misbehaviour::Refuse { code: 400, description }).times(5)
    };
    let app = sell(vec![refuse("sendPhoto"), refuse("sendDocument")]).await;
    app.user(ANN).sees("Код ошибки: RQ-").await;
    app.settled().await;
    assert_eq!(app.wallet(ANN), ("10.00".to_owned(), "0.00".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_gift_that_telegram_refuses_gives_nothing_back_a_second_time() {
    // So cheap to the operator that there is no loss to book.
    let app = TestApp::start_with(Mode::Webhook, |settings| {
        settings.free_daily_limit = 0;
        settings.pricing_markup = 2_000_000.into();
        settings.usd_to_rub = "0.0001".parse().expect("a rate");
    })
    .await;
    app.credit(ANN, "10").await;
    let late = samovar::sandbox::kie::Script::named("late").expect("a script");
    app.sandbox.kie.act(|kie, _| kie.next(late));
    app.user(ANN).orders("z-image", "самовар").await.taps("✅ Запустить").await;
    let description = "Bad Request: IMAGE_PROCESS_FAILED".to_owned();
    for method in ["sendPhoto", "sendDocument"] {
        let refuse = Misbehaviour::Refuse { code: 400, description: description.clone() };
        app.sandbox.telegram.act(|world, _| world.script(Fault::of(method, refuse).times(5)));
    }
    app.until("the task", |view| {
        let job = view.job(samovar::ids::JobId(1)).ok()??;
        matches!(job.row.state, State::Waiting { .. }).then_some(())
    })
    .await;
    for _ in 0..60 {
        app.skip(Duration::from_secs(60));
        let now = app.clock.now().up;
        app.until("a look", |view| {
            let job = view.job(samovar::ids::JobId(1)).ok()??;
            job.row.due.is_none_or(|due| due > now).then_some(())
        })
        .await;
    }
    assert!(matches!(app.job(1).row.state, State::Late { .. }), "{:?}", app.job(1));
    app.user(ANN).sees("Код ошибки: RQ-").await;
    app.settled().await;
    assert_eq!(app.wallet(ANN), ("10.00".to_owned(), "0.00".to_owned()));
    let parked = app.store().view().expect("a view").parked(9).expect("readable");
    assert!(parked.is_empty(), "{parked:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_picture_whose_delivery_nobody_confirmed_comes_again_and_costs_once() {
    let app = sell(vec![Fault::of("sendPhoto", Misbehaviour::BreakAfter)]).await;
    app.skip(Duration::from_secs(10));
    app.settled().await;
    assert_eq!(app.wallet(ANN).0, "9.24");
    assert!((1..=2).contains(&app.user(ANN).media()));
}
