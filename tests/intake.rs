//! What comes in: repeats, wrong secrets, nonsense. Each has its effect once, or none, and the
//! sender always gets an answer.

use crate::support::{ADMIN, Mode, TestApp};
use samovar::ids::UpdateId;
use samovar::store::Fate;
use serde_json::json;

const ANN: i64 = 1001;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_webhook_secret_is_refused_and_nothing_is_kept() {
    let app = TestApp::start(Mode::Webhook).await;
    let body = json!({"update_id": 1, "message": {}}).to_string();
    for secret in [None, Some("wrong"), Some("")] {
        assert_eq!(app.post("/webhook", secret, body.clone()).await.status(), 403);
    }
    assert_eq!(app.store().view().expect("a view").seen(4242, UpdateId(1)).expect("readable"), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_over_one_mebibyte_is_refused() {
    let app = TestApp::start(Mode::Webhook).await;
    let secret = app.webhook_secret();
    assert_eq!(app.post("/webhook", Some(&secret), vec![b' '; 1024 * 1024 + 1]).await.status(), 413);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_update_gets_200_and_is_kept_for_the_operator() {
    let app = TestApp::start(Mode::Webhook).await;
    let secret = app.webhook_secret();
    for body in ["", "{", "[]", "null", r#"{"update_id":"x"}"#, "\u{0}", "<html>"] {
        assert_eq!(app.post("/webhook", Some(&secret), body).await.status(), 200, "{body}");
    }
    assert_eq!(app.store().view().expect("a view").parked(100).expect("readable").len(), 7);
    // A number alone is an update, of a kind nobody uses.
    assert_eq!(app.post("/webhook", Some(&secret), r#"{"update_id":7,"poll":{}}"#).await.status(), 200);
    app.until("its handling", |view| {
        let seen = view.seen(4242, UpdateId(7)).ok()??;
        (seen.fate == Fate::Handled).then_some(())
    })
    .await;
    app.settled().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_callback_with_a_wrong_secret_or_for_no_job_changes_nothing() {
    let app = TestApp::start_with(Mode::Webhook, |settings| settings.free_daily_limit = 0).await;
    app.credit(ANN, "10").await;
    for path in [
        "/kie/callback/1/00000000000000000000000000000000",
        "/kie/callback/abc/x",
        "/kie/callback/18446744073709551616/x",
        "/kie/callback/1/",
    ] {
        assert_eq!(app.post(path, None, "{}").await.status(), 404, "{path}");
    }
    assert_eq!(app.jobs(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_update_ten_times_from_sixteen_tasks_has_one_effect_each() {
    let app = TestApp::start_with(Mode::Webhook, |settings| settings.free_daily_limit = 0).await;
    app.sandbox.telegram.act(|world, _| world.repeat_updates(10));
    app.credit(ANN, "10").await;
    let ann = app.user(ANN);
    ann.orders("z-image", "самовар").await;
    ann.taps("✅ Запустить").await;
    ann.gets_media(1).await;
    app.settled().await;
    assert_eq!((app.jobs(), ann.media()), (1, 1));
    assert_eq!(app.wallet(ANN), ("9.24".to_owned(), "0.00".to_owned()));
    // And once more by hand: everything the service saw, shuffled, from 16 tasks at once.
    let secret = app.webhook_secret();
    let updates: Vec<String> = app.sandbox.telegram.look(|world| {
        let ids = world.receipts().keys();
        ids.map(|id| {
            let message = json!({"message_id": 1, "date": 1, "chat": {"id": ANN, "type": "private", "first_name": "A"},
                "from": {"id": ANN, "is_bot": false, "first_name": "A"}, "text": "/start"});
            json!({"update_id": id, "message": message}).to_string()
        })
        .collect()
    });
    let before = app.sandbox.telegram.look(|world| world.seen().len());
    let app_ref = &app;
    let posts = (0..16).map(|task| {
        let (updates, secret) = (&updates, &secret);
        async move {
            for turn in 0..=updates.len() * 10 / 16 {
                let update = &updates[(turn * 7 + task * 13) % updates.len()];
                let answer = app_ref.post("/webhook", Some(secret), update.clone()).await;
                assert_eq!(answer.status(), 200);
            }
        }
    });
    futures_util::future::join_all(posts).await;
    app.settled().await;
    assert_eq!(app.sandbox.telegram.look(|world| world.seen().len()), before, "a repeat says nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_callback_repeated_and_early_makes_one_sale() {
    for script in ["early-callback", "repeated-callback", "false-success", "lost-answer"] {
        let app = TestApp::start_with(Mode::Webhook, |settings| settings.free_daily_limit = 0).await;
        app.credit(ANN, "10").await;
        let ann = app.user(ANN);
        ann.orders("z-image", &format!("самовар sandbox:{script}")).await;
        ann.taps("✅ Запустить").await;
        if script == "false-success" {
            // The callback lied; the truth comes by looking.
            app.until("the task", |view| view.job(samovar::ids::JobId(1)).ok()??.row.state.task().cloned())
                .await;
            for _ in 0..5 {
                app.skip(std::time::Duration::from_secs(10));
                tokio::task::yield_now().await;
            }
        }
        ann.gets_media(1).await;
        app.settled().await;
        assert_eq!(app.wallet(ANN), ("9.24".to_owned(), "0.00".to_owned()), "{script}");
        assert_eq!(app.sandbox.kie.look(|kie| kie.creates().len()), 1, "{script}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_callback_ten_times_from_sixteen_tasks_settles_once() {
    let app = TestApp::start_with(Mode::Webhook, |settings| settings.free_daily_limit = 0).await;
    app.credit(ANN, "10").await;
    let ann = app.user(ANN);
    ann.orders("z-image", "самовар sandbox:no-callback").await;
    ann.taps("✅ Запустить").await;
    app.until("the task", |view| view.job(samovar::ids::JobId(1)).ok()??.row.state.task().cloned()).await;
    let (task, url) = app.sandbox.kie.look(|kie| {
        let (id, task) = kie.tasks().first_key_value().expect("a task");
        (id.clone(), task.callback_url.clone().expect("an address"))
    });
    app.sandbox.kie.act(|kie, now| kie.finish(now, &task));
    let path = &url[url.find("/kie/").expect("our path")..];
    let body = json!({"code": 200, "data": {"taskId": task, "state": "success"}}).to_string();
    let app_ref = &app;
    let posts = (0..16).map(|_| {
        let body = body.clone();
        async move {
            for _ in 0..10 {
                assert_eq!(app_ref.post(path, None, body.clone()).await.status(), 200);
            }
        }
    });
    futures_util::future::join_all(posts).await;
    ann.gets_media(1).await;
    app.settled().await;
    assert_eq!((ann.media(), app.wallet(ANN).0.as_str()), (1, "9.24"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_operator_hears_of_what_is_put_aside() {
    let app = TestApp::start(Mode::Webhook).await;
    let admin = app.user(ADMIN);
    admin.sends("/start");
    admin.sees("Клиент").await;
    app.sandbox.telegram.act(|world, now| {
        world.inject(now, json!({"message": {"message_id": "x"}})).expect("an update");
    });
    admin.sees("отложено").await;
    app.settled().await;
}
