//! A sale, end to end, through both ways in: updates go in, messages come out, the books are right.

use crate::support::{Mode, TestApp};
use samovar::ledger::Account;
use samovar::sandbox::kie::Script;
use samovar::store::Delivery;
use std::time::Duration;

const ANN: i64 = 1001;

async fn paid_shop(mode: Mode) -> TestApp {
    TestApp::start_with(mode, |settings| settings.free_daily_limit = 0).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_picture_is_sold_through_the_webhook() {
    let app = paid_shop(Mode::Webhook).await;
    app.credit(ANN, "10").await;
    let ann = app.user(ANN);
    ann.orders("z-image", "самовар на снегу").await;
    ann.sees("0,76").await;
    ann.taps("✅ Запустить").await;
    let picture = ann.gets_media(1).await;
    assert!(picture.text.contains("0,76"), "the receipt names the price: {}", picture.text);
    app.settled().await;
    assert_eq!(app.wallet(ANN), ("9.24".to_owned(), "0.00".to_owned()));
    assert_eq!(app.posted(Account::Revenue), "0.76");
    app.sandbox.kie.look(|kie| assert_eq!(kie.creates().len(), 1, "one createTask for one sale"));
    assert!(matches!(app.job(1).row.delivery, Delivery::Delivered { .. }));
    assert!(!app.data_dir().join("media/1").exists(), "our copy goes once it is delivered");
    ann.taps("🔁 Повторить").await;
    ann.sees("Проверьте заказ").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_picture_is_sold_through_polling() {
    let app = paid_shop(Mode::Polling).await;
    app.credit(ANN, "10").await;
    let ann = app.user(ANN);
    ann.orders("z-image", "самовар на снегу").await;
    ann.taps("✅ Запустить").await;
    app.until("the task", |view| view.job(samovar::ids::JobId(1)).ok()??.row.state.task().cloned()).await;
    app.skip(Duration::from_secs(3));
    ann.gets_media(1).await;
    app.settled().await;
    assert_eq!(app.wallet(ANN), ("9.24".to_owned(), "0.00".to_owned()));
    assert_eq!(app.jobs(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_generation_gives_the_money_back_and_a_code() {
    let app = paid_shop(Mode::Webhook).await;
    app.sandbox.kie.act(|kie, _| kie.next(Script::fails("500", "The generation failed.")));
    app.credit(ANN, "10").await;
    let ann = app.user(ANN);
    ann.orders("z-image", "самовар").await;
    ann.taps("✅ Запустить").await;
    let told = ann.sees("❌ Генерация не удалась").await;
    assert!(told.text.contains("Код ошибки: RQ-"), "{}", told.text);
    app.settled().await;
    assert_eq!(app.wallet(ANN), ("10.00".to_owned(), "0.00".to_owned()));
    assert_eq!(app.posted(Account::Revenue), "0.00");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_taps_on_confirm_make_one_job() {
    let app = paid_shop(Mode::Webhook).await;
    app.credit(ANN, "10").await;
    let ann = app.user(ANN);
    ann.orders("z-image", "самовар").await;
    let button = app.sandbox.telegram.look(|world| {
        let confirm = world.chat(ANN).and_then(|chat| chat.latest_with("✅ Запустить")).expect("confirm");
        (confirm.id, confirm.button("✅ Запустить").and_then(|one| one.data.clone()).expect("data"))
    });
    app.sandbox.telegram.act(|world, now| {
        world.tap(now, ANN, button.0, &button.1).expect("a tap");
        world.tap(now, ANN, button.0, &button.1).expect("another");
    });
    ann.gets_media(1).await;
    app.settled().await;
    assert_eq!((app.jobs(), app.wallet(ANN).0.as_str()), (1, "9.24"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_money_nothing_is_sold_and_the_screen_says_what_is_missing() {
    let app = paid_shop(Mode::Webhook).await;
    app.credit(ANN, "0.50").await;
    let ann = app.user(ANN);
    ann.orders("z-image", "самовар").await.taps("✅ Запустить").await;
    ann.sees_last("0,26").await;
    app.settled().await;
    assert_eq!((app.jobs(), app.wallet(ANN)), (0, ("0.50".to_owned(), "0.00".to_owned())));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_success_after_the_deadline_is_delivered_free_and_booked_as_a_loss() {
    let app = paid_shop(Mode::Webhook).await;
    app.sandbox.kie.act(|kie, _| kie.next(Script::success_after_ms(45 * 60_000).without_callbacks()));
    app.credit(ANN, "10").await;
    let ann = app.user(ANN);
    ann.orders("z-image", "самовар").await;
    ann.taps("✅ Запустить").await;
    app.until("the task", |view| view.job(samovar::ids::JobId(1)).ok()??.row.state.task().cloned()).await;
    app.skip(Duration::from_secs(16 * 60));
    ann.sees("❌ Генерация не удалась").await;
    assert_eq!(app.wallet(ANN).0, "10.00");
    for _ in 0..4 {
        app.skip(Duration::from_secs(10 * 60));
    }
    ann.gets_media(1).await;
    app.settled().await;
    assert_eq!(app.wallet(ANN), ("10.00".to_owned(), "0.00".to_owned()));
    assert_eq!(
        (app.posted(Account::Loss).as_str(), app.posted(Account::Provider).as_str()),
        ("-0.38", "0.38")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_free_uses_a_day_and_two_an_hour_and_a_failed_one_comes_back() {
    let app = TestApp::start(Mode::Webhook).await;
    let ann = app.user(ANN);
    app.sandbox.kie.act(|kie, _| kie.next(Script::fails("500", "no")));
    ann.orders("z-image", "раз").await;
    ann.sees("🆓").await;
    ann.taps("✅ Запустить").await;
    ann.sees("❌ Генерация не удалась").await;
    app.settled().await;
    for (number, words) in [(1, "два"), (2, "три")] {
        ann.orders("z-image", words).await;
        ann.taps("✅ Запустить").await;
        ann.gets_media(number).await;
        app.settled().await;
    }
    assert_eq!(app.wallet(ANN), ("0.00".to_owned(), "0.00".to_owned()));
    ann.orders("z-image", "четыре").await.taps("✅ Запустить").await;
    let short = ann.sees_last("Не хватает").await;
    assert!(short.button("💳 Пополнить").is_some());
    app.settled().await;
    assert_eq!((app.jobs(), ann.media()), (3, 2));
}
