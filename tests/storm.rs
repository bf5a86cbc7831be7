//! A storm at the doors: every update, callback and payment ten times over, in random order, by 16
//! senders at once; again while the provider finishes; and once more when all is over. Each has its
//! effect once.
//!
//! `STORM_SEED=7 cargo test --test samovar -- storm::` plays another order.

use crate::support::{Mode, TestApp};
use samovar::ids::{JobId, UserId};
use samovar::job::State;
use samovar::money::Kopecks;
use samovar::payment::Way;
use samovar::provider::callback::callback_secret;
use samovar::sandbox::telegram::World;
use samovar::store::{Delivery, Posted, Store};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

const SENDERS: usize = 16;
const TIMES: usize = 10;
const BUYERS: std::ops::RangeInclusive<i64> = 2001..=2008;
const READERS: std::ops::RangeInclusive<i64> = 2101..=2108;

/// What somebody outside tells us, as often as they like.
#[derive(Clone, Debug)]
enum Told {
    Update(String),
    Callback { path: String, body: String },
    Payment { user: i64 },
}

fn update(number: i64, user: i64, what: &str, mut content: Value) -> Told {
    content["from"] = json!({"id": user, "is_bot": false, "first_name": "Клиент", "language_code": "ru"});
    Told::Update(json!({"update_id": 900_000_000 + number, what: content}).to_string())
}

/// The tap that orders, under the message that is there.
fn confirmation(app: &TestApp, user: i64) -> Told {
    let (message, data) = app.sandbox.telegram.look(|world| {
        let newest = world.chat(user).and_then(|chat| chat.latest()).expect("a message");
        (newest.id, newest.button("✅ Запустить").and_then(|button| button.data.clone()).expect("a button"))
    });
    let chat = json!({"id": user, "type": "private"});
    let tap = json!({"id": format!("storm-{user}"), "chat_instance": "1", "data": data,
        "message": {"message_id": message, "date": 1, "chat": chat}});
    update(user, user, "callback_query", tap)
}

fn question(user: i64) -> Told {
    let chat = json!({"id": user, "type": "private"});
    let entities = json!([{"type": "bot_command", "offset": 0, "length": 8}]);
    let text = json!({"message_id": 777, "date": 1, "chat": chat, "text": "/balance", "entities": entities});
    update(user, user, "message", text)
}

fn callback(app: &TestApp, job: u64, body: &Value) -> Told {
    let key = app.store().view().expect("a view").note::<[u8; 32]>("server_key");
    let secret = callback_secret(&key.expect("readable").expect("made at the start"), JobId(job));
    Told::Callback { path: format!("/kie/callback/{job}/{secret}"), body: body.to_string() }
}

/// One sender: tells all of it, one after the other; gives whose payments were new.
async fn send(told: Vec<Told>, store: Store, base: String, secret: String) -> Vec<i64> {
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let mut new = Vec::new();
    for one in told {
        match one {
            Told::Update(body) => {
                let post = client.post(format!("{base}/webhook")).body(body);
                let post = post.header("X-Telegram-Bot-Api-Secret-Token", &secret);
                assert_eq!(post.send().await.expect("an answer").status(), 200);
            }
            Told::Callback { path, body } => {
                let status = client.post(format!("{base}{path}")).body(body).send().await;
                let status = status.expect("an answer").status();
                assert!(status == 200 || status == 404, "{status}: of a job that is, or is not yet");
            }
            Told::Payment { user } => {
                let credit = move |tx: &mut samovar::store::Tx<'_>| {
                    let id = format!("charge-{user}");
                    tx.credit_payment(Way::Stars, &id, UserId(user), Kopecks::new(500))
                };
                let (_, posted) = store.write("credit", credit).await.expect("written").expect("no refusal");
                new.extend(matches!(posted, Posted::New(_)).then_some(user));
            }
        }
    }
    new
}

/// All of it, `times` times over, by all senders at once; gives whose payments were new.
async fn storm(app: &TestApp, told: &[Told], times: usize, dice: &mut fastrand::Rng) -> Vec<i64> {
    let mut all: Vec<_> = (0..times).flat_map(|_| told.iter().cloned()).collect();
    dice.shuffle(&mut all);
    let base = format!("http://127.0.0.1:{}", app.port);
    let senders = (0..SENDERS).map(|sender| {
        let part = all.iter().skip(sender).step_by(SENDERS).cloned().collect();
        tokio::spawn(send(part, app.store().clone(), base.clone(), app.webhook_secret()))
    });
    let sent = futures_util::future::join_all(senders).await;
    sent.into_iter().flat_map(|new| new.expect("no panic")).collect()
}

/// How often each customer was told what they have.
fn answers(world: &World) -> BTreeMap<i64, usize> {
    let told =
        world.seen().iter().filter(|seen| seen.text.as_ref().is_some_and(|text| text.contains("Баланс")));
    let mut answers = BTreeMap::new();
    for chat in told.filter_map(|seen| seen.chat).filter(|chat| READERS.contains(chat)) {
        *answers.entry(chat).or_default() += 1;
    }
    answers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_comes_ten_times_from_sixteen_senders_has_its_effect_once() {
    let seed: u64 = std::env::var("STORM_SEED").map_or(0x5a30_7a11, |seed| seed.parse().expect("a number"));
    crate::support::tell(&format!("storm: STORM_SEED={seed}"));
    let mut dice = fastrand::Rng::with_seed(seed);
    let app = TestApp::start_with(Mode::Webhook, |settings| settings.free_daily_limit = 0).await;
    for user in READERS {
        app.user(user).sends("/start").sees("Самовар").await;
    }
    for user in BUYERS {
        app.credit(user, "10").await;
        app.user(user).orders("z-image", "sandbox:slow").await;
    }
    app.settled().await;
    let before = app.sandbox.telegram.look(answers);
    let jobs = 1..=8;
    let mut told: Vec<Told> = BUYERS.map(|user| confirmation(&app, user)).collect();
    told.extend(READERS.map(question));
    told.extend(BUYERS.map(|user| Told::Payment { user }));
    // Nobody can know a task that is not made yet, but a callback may say nothing at all.
    told.extend(jobs.clone().map(|job| callback(&app, job, &json!({}))));
    let mut new = storm(&app, &told, TIMES, &mut dice).await;

    let task = |view: &samovar::store::View, id| {
        let job = view.job(JobId(id)).ok()??;
        matches!(job.row.state, State::Waiting { .. }).then_some(job.row.task).flatten()
    };
    for id in jobs.clone() {
        let task = app.until("a job at the provider", |view| task(view, id)).await;
        told.push(callback(&app, id, &json!({"code": 200, "data": {"taskId": task}})));
    }
    app.skip(Duration::from_secs(10));
    new.extend(storm(&app, &told, TIMES, &mut dice).await);
    for user in BUYERS {
        app.user(user).gets_media(1).await;
    }
    app.settled().await;
    new.extend(storm(&app, &told, 1, &mut dice).await);
    app.settled().await;

    new.sort_unstable();
    assert_eq!(new, BUYERS.collect::<Vec<_>>(), "each payment was new once");
    assert_eq!(app.jobs(), 8, "one order a tap");
    assert_eq!(app.sandbox.kie.look(|kie| (kie.creates().len(), kie.tasks().len())), (8, 8));
    for id in jobs {
        assert!(matches!(app.job(id).row.delivery, Delivery::Delivered { .. }), "job {id}");
    }
    for user in BUYERS {
        assert_eq!(app.wallet(user), ("14.24".to_owned(), "0.00".to_owned()), "10 + 5 - 0.76");
        assert_eq!(app.user(user).media(), 1, "one picture for {user}");
    }
    let after = app.sandbox.telegram.look(answers);
    for user in READERS {
        let more = after.get(&user).unwrap_or(&0) - before.get(&user).unwrap_or(&0);
        assert_eq!(more, 1, "{user} asked once");
    }
    let report = app.store().view().expect("a view").audit().expect("readable");
    assert_eq!(report.rows, 4 * 8, "gifts, payments, holds, charges");
}
