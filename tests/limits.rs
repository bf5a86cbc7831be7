//! The operator's limits: free uses, the budget for them, open and queued orders; and the doors that
//! only who holds a secret may use.

use crate::support::{Mode, TestApp};
use samovar::config::Settings;
use samovar::ids::{InboxId, JobId, UpdateId};
use samovar::job::State;
use samovar::message::Urgency;
use samovar::provider::callback::callback_secret;
use samovar::store::{BACKLOG_MAX, Fate, InboxRow, Received};
use samovar::time::Up;
use secrecy::SecretString;
use std::time::Duration;

const ANN: i64 = 1001;
const BOB: i64 = 1002;
const HOUR: Duration = Duration::from_secs(3_600);

/// One free picture, from the menu to the chat.
async fn uses_free(app: &TestApp, user: i64, media: usize) {
    app.user(user).orders("z-image", "самовар").await.sees_last("🆓 Бесплатно").await;
    app.user(user).taps("✅ Запустить").await.gets_media(media).await;
    app.settled().await;
}

/// The same order costs money now, and there is none.
async fn must_pay(app: &TestApp, user: i64) {
    app.user(user).chooses("z-image", "самовар").await;
    let screen = app.user(user).sees_last("На балансе не хватает").await;
    assert!(!screen.text.contains("Бесплатно"), "{}", screen.text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_is_free_twice_an_hour_and_five_times_a_day() {
    let app = TestApp::start(Mode::Webhook).await;
    let mut media = 0;
    for uses_this_hour in [2, 2, 1] {
        for _ in 0..uses_this_hour {
            media += 1;
            uses_free(&app, ANN, media).await;
        }
        must_pay(&app, ANN).await;
        app.skip(HOUR);
    }
    must_pay(&app, ANN).await;
    app.skip(HOUR * 14);
    uses_free(&app, ANN, 6).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_budget_of_nothing_gives_nothing_away() {
    let app = TestApp::start_with(Mode::Webhook, |settings| settings.free_budget_usd = 0.into()).await;
    must_pay(&app, ANN).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_budget_is_one_for_all_customers_and_new_every_day() {
    let cost = samovar::catalog::model("z-image").expect("a model").usd;
    let app = TestApp::start_with(Mode::Webhook, |settings| settings.free_budget_usd = cost).await;
    uses_free(&app, ANN, 1).await;
    must_pay(&app, BOB).await;
    app.skip(HOUR * 24);
    uses_free(&app, BOB, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_costs_the_operator_too_much_is_not_free() {
    let change = |settings: &mut Settings| settings.free_max_cost_usd = "0.001".parse().expect("a number");
    let app = TestApp::start_with(Mode::Webhook, change).await;
    must_pay(&app, ANN).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_free_use_that_fails_is_given_back_to_the_hour_it_was_taken_from() {
    let app = TestApp::start(Mode::Webhook).await;
    uses_free(&app, ANN, 1).await;
    app.user(ANN).orders("z-image", "sandbox:fail").await.taps("✅ Запустить").await;
    app.user(ANN).sees("🆓 Бесплатный запуск вернулся").await;
    app.settled().await;
    uses_free(&app, ANN, 2).await;
    must_pay(&app, ANN).await;
}

/// Orders that the provider puts off, so that they stay queued; gives the service.
async fn with_a_queued_order(change: impl FnOnce(&mut Settings)) -> TestApp {
    let app = TestApp::start_with(Mode::Webhook, |settings| {
        settings.free_daily_limit = 0;
        change(settings);
    })
    .await;
    app.credit(ANN, "10").await;
    app.credit(BOB, "10").await;
    app.user(ANN).orders("z-image", "sandbox:455").await.taps("✅ Запустить").await;
    app.until("a job that was put off", |view| {
        let job = view.job(JobId(1)).ok()??;
        matches!(job.row.state, State::Queued { since, not_before } if not_before > since).then_some(())
    })
    .await;
    app
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_queue_takes_no_order_and_holds_no_money() {
    let app = with_a_queued_order(|settings| settings.queue_max = 1).await;
    app.user(BOB).orders("z-image", "самовар").await.taps("✅ Запустить").await.sees("очеред").await;
    assert_eq!((app.jobs(), app.wallet(BOB)), (1, ("10.00".to_owned(), "0.00".to_owned())));
    app.skip(Duration::from_secs(16 * 60));
    app.settled().await;
    assert_eq!(app.wallet(ANN), ("10.00".to_owned(), "0.00".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_too_many_open_orders_waits_and_others_do_not() {
    let app = with_a_queued_order(|settings| settings.open_jobs_per_customer = 1).await;
    app.user(ANN).orders("z-image", "самовар").await.taps("✅ Запустить").await;
    app.user(BOB).orders("z-image", "самовар").await.taps("✅ Запустить").await.gets_media(1).await;
    assert_eq!((app.jobs(), app.wallet(ANN)), (2, ("9.24".to_owned(), "0.76".to_owned())));
    app.skip(Duration::from_secs(16 * 60));
    app.settled().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_callback_counts_only_for_a_job_there_is_and_with_a_signature_where_one_is_set() {
    let signed = |settings: &mut Settings| settings.kie_webhook_hmac_key = Some(SecretString::from("k"));
    for (change, status) in [(None, 404), (Some(signed), 403)] {
        let app = TestApp::start_with(Mode::Webhook, |settings| {
            if let Some(change) = change {
                change(settings);
            }
        })
        .await;
        app.user(ANN).sends("/start").sees("Самовар").await;
        let key = app.store().view().expect("a view").note::<[u8; 32]>("server_key");
        let secret = callback_secret(&key.expect("readable").expect("made at the start"), JobId(7));
        let answer = app.post(&format!("/kie/callback/7/{secret}"), None, r#"{"data":{"taskId":"t"}}"#).await;
        assert_eq!(answer.status(), status);
        app.settled().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn probes_are_answered_on_the_public_port_and_figures_are_not() {
    let app = TestApp::start(Mode::Webhook).await;
    app.user(ANN).sends("/start").sees("Самовар").await;
    assert_eq!(app.get("/healthz").await.status(), 200);
    assert_eq!(app.get("/readyz").await.status(), 200);
    assert_eq!(app.get("/metrics").await.status(), 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_over_the_providers_pace_wait_in_the_queue_where_nothing_is_in_doubt() {
    let mut app = TestApp::start_with(Mode::Webhook, |settings| settings.free_daily_limit = 0).await;
    let customers = 2001..2013;
    for id in customers.clone() {
        app.credit(id, "10").await;
        app.user(id).orders("z-image", "самовар").await;
    }
    for id in customers {
        app.user(id).taps("✅ Запустить").await;
    }
    app.until("twelve orders", |view| (view.last_job().ok()??.0 == 12).then_some(())).await;
    app.crash().await;
    let in_state = |wanted: fn(&State) -> bool| (1..=12).filter(|id| wanted(&app.job(*id).row.state)).count();
    let in_doubt = in_state(|state| matches!(state, State::Unknown { .. }));
    assert!(in_doubt <= 5, "KIE takes five orders at once, so the other seven are not in doubt: {in_doubt}");
    let none_waits = |view: &samovar::store::View| {
        let queued = |id| matches!(view.job(JobId(id)), Ok(Some(job)) if !job.row.state.is_final() && job.row.state.name() != "unknown");
        (!(1..=12).any(queued)).then_some(())
    };
    app.until("all others to be done", none_waits).await;
    app.skip(Duration::from_secs(31 * 60));
    app.settled().await;
    let tasks = app.sandbox.kie.look(|kie| kie.tasks().len());
    assert!((7..=12).contains(&tasks), "{tasks} tasks for twelve orders");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn updates_are_known_again_for_seven_days_and_then_forgotten() {
    let app = TestApp::start(Mode::Webhook).await;
    app.user(ANN).sends("/start").sees("Самовар").await;
    let first = app.sandbox.telegram.look(|world| *world.receipts().keys().next().expect("an update"));
    let update = UpdateId(u64::try_from(first).expect("positive"));
    app.skip(HOUR * 24 * 6);
    app.user(ANN).sends("/help").sees("Как это работает").await;
    app.skip(Duration::from_secs(120));
    assert!(app.store().view().expect("a view").seen(4242, update).expect("readable").is_some());
    app.skip(HOUR * 24 + HOUR);
    app.until("the first update is forgotten", |view| view.seen(4242, update).ok()?.is_none().then_some(()))
        .await;
    app.settled().await;
}

/// Updates that wait, and that nobody is to handle yet.
async fn crowd(app: &TestApp, numbers: std::ops::Range<u64>) -> Vec<InboxId> {
    let crowded = app.store().write("crowd", move |tx| {
        let mut ids = Vec::new();
        for number in numbers.clone() {
            let Received::New(id) = tx.receive(4242, UpdateId(number), Urgency::Usual, b"{}")? else {
                panic!("{number}")
            };
            let row = tx.inbox_row(id)?.expect("it was just received");
            tx.put_inbox_row(id, &InboxRow { not_before: Up(i64::MAX), ..row })?;
            ids.push(id);
        }
        Ok(ids)
    });
    crowded.await.expect("written")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_too_many_updates_wait_telegram_is_told_503_and_its_next_try_is_taken() {
    let app = TestApp::start(Mode::Webhook).await;
    let secret = app.webhook_secret();
    app.sandbox.telegram.act(|world, _| world.user(BOB, "Борис", "ru"));
    let ids = crowd(&app, 1..BACKLOG_MAX + 1).await;
    let update = r#"{"update_id": 990001, "message": {"message_id": 1, "date": 1, "text": "/start",
        "chat": {"id": 1002, "type": "private"}, "from": {"id": 1002, "is_bot": false, "first_name": "B"}}}"#;
    assert_eq!(app.post("/webhook", Some(&secret), update).await.status(), 503, "Telegram keeps it");
    let seen = || app.store().view().expect("a view").seen(4242, UpdateId(990_001)).expect("readable");
    assert!(seen().is_none());
    let gone = app.store().write("gone", move |tx| {
        for id in &ids {
            let row = tx.inbox_row(*id)?.expect("it waits");
            tx.handled(*id, &row)?;
        }
        Ok(())
    });
    gone.await.expect("written");
    assert_eq!(app.post("/webhook", Some(&secret), update).await.status(), 200);
    app.until("it to be handled", |_| seen().filter(|seen| seen.fate == Fate::Handled)).await;
    app.settled().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_full_disk_nothing_is_sold_or_taken_and_all_goes_on_when_there_is_room() {
    let mut app = TestApp::start_with(Mode::Webhook, |settings| settings.free_daily_limit = 0).await;
    app.user(crate::support::ADMIN).sends("/start").sees("Здравствуйте").await;
    app.credit(ANN, "10").await;
    app.user(ANN).orders("z-image", "самовар").await;
    app.settled().await;
    app.stop().await;
    // More than any disk has: it is full from now on.
    app.settings.min_free_disk_bytes = u64::MAX;
    app.start_again().await;
    app.user(crate::support::ADMIN).sees("почти не осталось места").await;
    let ready = app.get("/readyz").await;
    assert_eq!(ready.status(), 503);
    assert!(ready.text().await.expect("a reason").contains("MIN_FREE_DISK"));
    let secret = app.webhook_secret();
    // He has a chat with the bot, so that it can answer him.
    app.sandbox.telegram.act(|world, _| world.user(BOB, "Борис", "ru"));
    let update = r#"{"update_id": 990001, "message": {"message_id": 1, "date": 1, "text": "/start",
        "chat": {"id": 1002, "type": "private"}, "from": {"id": 1002, "is_bot": false, "first_name": "B"}}}"#;
    assert_eq!(app.post("/webhook", Some(&secret), update).await.status(), 503, "Telegram keeps it");
    assert!(app.store().view().expect("a view").seen(4242, UpdateId(990_001)).expect("readable").is_none());
    app.stop().await;
    app.settings.min_free_disk_bytes = 1;
    app.start_again().await;
    app.until("room again", |view| view.stop(samovar::store::DISK).ok()?.is_none().then_some(())).await;
    assert_eq!(app.get("/readyz").await.status(), 200);
    assert_eq!(app.post("/webhook", Some(&secret), update).await.status(), 200);
    app.until("it to be taken", |view| view.seen(4242, UpdateId(990_001)).ok()?.map(drop)).await;
    app.user(ANN).taps("✅ Запустить").await.gets_media(1).await;
    app.settled().await;
}
