//! Prompts nobody should send, and floods of first deliveries.

use crate::support::{Mode, TestApp};
use serde_json::json;

const ANN: i64 = 1001;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_prompt_gets_a_sentence_and_no_job() {
    let app = TestApp::start_with(Mode::Webhook, |settings| settings.free_daily_limit = 0).await;
    app.credit(ANN, "10").await;
    let ann = app.user(ANN);
    let long = "ж".repeat(1_001);
    let emoji = "🦊".repeat(4_096);
    for prompt in ["   ", "лиса\u{0}", &long, &emoji] {
        ann.sends("/start").taps("🎁 Бесплатные").await.taps("m:z-image").await;
        ann.taps("✨ Сгенерировать").await;
        ann.sees_last("💡").await;
        ann.sends(prompt);
        ann.sees_last("⚠️").await;
        app.settled().await;
    }
    assert_eq!((app.jobs(), app.wallet(ANN).0.as_str()), (0, "10.00"));
    ann.orders("z-image", "<b>лиса</b> & <script>").await;
    ann.sees_last("<b>лиса</b> & <script>").await;
    ann.taps("✅ Запустить").await;
    ann.gets_media(1).await;
    app.settled().await;
    let sent = app.sandbox.kie.look(|kie| kie.creates()[0].body["input"]["prompt"].clone());
    assert_eq!(sent, "<b>лиса</b> & <script>", "KIE gets the words as they are");
}

/// Twenty people's updates and taps, each ten times, shuffled, from sixteen tasks at once: each is
/// answered once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn first_deliveries_ten_times_from_sixteen_tasks_are_answered_once() {
    let app = TestApp::start(Mode::Webhook).await;
    let people: Vec<i64> = (3001..3021).collect();
    for person in &people {
        app.user(*person).sends("/start").sees("Здравствуйте").await;
    }
    app.settled().await;
    let mut updates = Vec::new();
    for (number, person) in people.iter().enumerate() {
        let from = json!({"id": person, "is_bot": false, "first_name": "Клиент", "language_code": "ru"});
        let chat = json!({"id": person, "type": "private", "first_name": "Клиент"});
        let message = json!({"message_id": 50, "date": 1, "chat": chat, "from": from, "text": "/balance"});
        updates.push(json!({"update_id": 700_000 + number, "message": message}).to_string());
        let tap = json!({"id": format!("tap-{person}"), "from": from, "chat_instance": "1", "data": "menu",
            "message": {"message_id": 2, "date": 1, "chat": chat}});
        updates.push(json!({"update_id": 800_000 + number, "callback_query": tap}).to_string());
    }
    let messages = || {
        app.sandbox.telegram.look(|world| {
            let sent = world.seen().iter().filter(|seen| seen.method == "sendmessage");
            sent.filter(|seen| seen.text.as_deref().is_some_and(|text| text.contains("Баланс"))).count()
        })
    };
    let before = messages();
    let (secret, app_ref, updates) = (app.webhook_secret(), &app, &updates);
    let posts = (0..16usize).map(|task| {
        let secret = secret.clone();
        async move {
            // Steps that share no factor with the count visit every update in an order of their own.
            let step = [3, 7, 9, 11, 13, 17, 19, 21][task % 8];
            for turn in 0..updates.len() * 10 / 16 {
                let update = &updates[(task * 5 + turn * step) % updates.len()];
                assert_eq!(app_ref.post("/webhook", Some(&secret), update.clone()).await.status(), 200);
            }
        }
    });
    futures_util::future::join_all(posts).await;
    app.skip(std::time::Duration::from_secs(5));
    app.settled().await;
    assert_eq!(messages() - before, people.len(), "one answer each");
}
