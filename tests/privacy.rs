//! What Telegram and the law ask for: terms, privacy, a customer's data to take along, their wish to be
//! forgotten, and forgetting what is old.

use crate::support::{Customer, Mode, PATIENCE, TestApp};
use samovar::ids::{JobId, UserId};
use samovar::job::State;
use samovar::ledger::{Account, Kind};
use samovar::message::Lang;
use samovar::sandbox::kie::Script;
use samovar::sandbox::telegram::{Fault, Misbehaviour, World};
use samovar::store::{Delivery, UserRow};
use samovar::time::Up;
use serde_json::Value;
use std::time::Duration;

const ANN: i64 = 1001;
const BOB: i64 = 1002;
const DAY: Duration = Duration::from_secs(24 * 3600);

async fn paid_shop() -> TestApp {
    TestApp::start_with(Mode::Webhook, |settings| settings.free_daily_limit = 0).await
}

/// Orders a picture and gets it, as the customer's `number`-th.
async fn buys(app: &TestApp, who: Customer<'_>, prompt: &str, number: usize) {
    who.orders("z-image", prompt).await.taps("✅ Запустить").await;
    who.gets_media(number).await;
    app.settled().await;
}

fn row(app: &TestApp, id: i64) -> UserRow {
    app.store().view().expect("a view").user(UserId(id)).expect("readable").expect("a customer")
}

/// Ann taps `🔁 Повторить` under her newest result and is told `words`.
async fn repeats_in_vain(app: &TestApp, words: &str) {
    app.skip(Duration::from_secs(1));
    let tapped = app.sandbox.telegram.act(|world, now| {
        let result = world.chat(ANN).and_then(|chat| chat.latest_with("🔁 Повторить")).expect("a result").id;
        world.tap(now, ANN, result, "🔁 Повторить")
    });
    tapped.expect("tapped");
    let there = |world: &World| {
        let mut answers = world.seen().iter().filter(|one| one.method == "answercallbackquery");
        answers.any(|one| one.text.as_ref().is_some_and(|text| text.contains(words))).then_some(())
    };
    let waited = app.sandbox.telegram.wait(there, PATIENCE).await;
    assert!(waited.is_ok(), "nobody was told {words}");
}

/// Comes to the question whether to delete everything, or to what stands in the way.
async fn asks_to_forget(who: Customer<'_>) {
    who.sends("/privacy");
    who.taps("🗑 Удалить мои данные").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn terms_privacy_and_payment_questions_are_answered_and_found_from_the_help() {
    let app = TestApp::start_with(Mode::Webhook, |settings| {
        settings.support_telegram = Some("samovar_help".to_owned());
    })
    .await;
    let ann = app.user(ANN);
    ann.sends("/paysupport");
    let pay = ann.sees_last("Вопросы об оплате").await;
    assert!(pay.text.contains("@samovar_help") && pay.text.contains("1001"), "{}", pay.text);
    ann.sends("/help").sees_last("Как это работает").await;
    ann.taps("📜 Условия").await.sees_last("только за готовый результат").await;
    ann.taps("🔐 Ваши данные").await;
    let privacy = ann.sees_last("Кому мы их передаём").await;
    assert!(privacy.text.contains("через 30 дней") && privacy.text.contains("KIE.AI"), "{}", privacy.text);
    app.settled().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_operators_own_texts_stand_in_place_of_ours() {
    let app = TestApp::start_with(Mode::Webhook, |settings| {
        settings.terms = Some("<b>Наши</b> условия".to_owned());
        settings.privacy = Some("Наши данные".to_owned());
        settings.paysupport = Some("Наша оплата".to_owned());
    })
    .await;
    let ann = app.user(ANN);
    for (command, text) in
        [("/terms", "Наши условия"), ("/privacy", "Наши данные"), ("/paysupport", "Наша оплата")]
    {
        ann.sends(command);
        assert_eq!(ann.sees_last(text).await.text, text);
    }
    app.settled().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn money_left_over_is_given_up_first_and_then_nothing_but_the_books_is_left() {
    let app = TestApp::start_with(Mode::Webhook, |settings| {
        settings.free_daily_limit = 0;
        settings.start_bonus_rub = samovar::money::Kopecks::new(10_000);
    })
    .await;
    let ann = app.user(ANN);
    buys(&app, ann, "секретный самовар", 1).await;
    app.credit(ANN, "5").await;
    asks_to_forget(ann).await;
    let left = ann.sees_last("На балансе ещё есть деньги").await;
    assert!(left.text.contains("104,24") && left.button("🗑 Да, удалить всё").is_none(), "{}", left.text);
    ann.forges_tap("forgetnow").sees_last("На балансе ещё есть деньги").await;
    ann.forges_tap("giveup:10000").sees_last("На балансе ещё есть деньги").await;
    assert_eq!(app.wallet(ANN).0, "104.24");
    ann.taps("💸 Отказаться от 104,24 ₽").await;
    ann.sees_last("Удалить ваши данные?").await;
    let newest = {
        let view = app.store().view().expect("a view");
        view.history(Account::User(UserId(ANN)), None, 1).expect("readable").remove(0).1.transfer
    };
    assert_eq!((newest.kind, newest.credit, newest.amount.get()), (Kind::Adjust, Account::Adjust, 10_424));
    ann.taps("🗑 Да, удалить всё").await.sees_last("мы вас забыли").await;
    app.settled().await;

    let gone = row(&app, ANN);
    assert_eq!((gone.first_name.as_str(), gone.username, gone.open_jobs), ("", None, 0));
    assert_eq!(gone.newest_job, Some(JobId(1)), "the chain of jobs stays whole");
    let job = app.job(1).row;
    assert!(job.input.is_empty() && job.uploads.is_empty() && job.task.is_none());
    assert_eq!(job.state, State::Done { files: vec![] });
    assert!(matches!(job.delivery, Delivery::Delivered { file_ids, .. } if file_ids.is_empty()));
    let view = app.store().view().expect("a view");
    let session = view.session(UserId(ANN)).expect("readable").expect("a row");
    assert!(!session.has_words());
    let action = view.action(samovar::ids::ActionId(1)).expect("readable").expect("the credit");
    assert_eq!(action.reason, "", "a reason may name the customer");
    drop(view);

    // A second tap on the same button finds nothing more to do.
    ann.forges_tap("forgetnow").sees_last("мы вас забыли").await;
    app.settled().await;
    assert_eq!(row(&app, ANN).first_name, "");

    ann.sends("/start").sees_last("Здравствуйте").await;
    app.settled().await;
    assert!(!ann.chat().rsplit("Здравствуйте").next().expect("a part").contains("Мы положили"));
    assert_eq!(app.wallet(ANN), ("0.00".to_owned(), "0.00".to_owned()), "no second bonus");
    repeats_in_vain(&app, "повторить его нельзя").await;
    app.settled().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_open_order_must_end_before_its_customer_is_forgotten() {
    let app = paid_shop().await;
    app.credit(ANN, "0.76").await;
    let ann = app.user(ANN);
    app.sandbox.kie.act(|kie, _| kie.next(Script::success_after_ms(60_000).without_callbacks()));
    ann.orders("z-image", "самовар").await.taps("✅ Запустить").await;
    app.until("the task", |view| view.job(JobId(1)).ok()??.row.state.task().cloned()).await;
    asks_to_forget(ann).await;
    let told = ann.sees_last("идёт 1 задача").await;
    assert!(told.button("🗑 Да, удалить всё").is_none());
    ann.forges_tap("forgetnow").sees_last("идёт 1 задача").await;
    assert!(!app.job(1).row.input.is_empty() && !row(&app, ANN).first_name.is_empty());
    app.skip(Duration::from_secs(61));
    ann.gets_media(1).await;
    app.settled().await;
    asks_to_forget(ann).await;
    ann.taps("🗑 Да, удалить всё").await.sees_last("мы вас забыли").await;
    app.settled().await;
    assert!(app.job(1).row.input.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_comes_late_to_somebody_who_was_forgotten() {
    let app = paid_shop().await;
    app.credit(ANN, "0.76").await;
    let ann = app.user(ANN);
    app.sandbox.kie.act(|kie, _| kie.next(Script::success_after_ms(45 * 60_000).without_callbacks()));
    ann.orders("z-image", "самовар").await.taps("✅ Запустить").await;
    app.until("the task", |view| view.job(JobId(1)).ok()??.row.state.task().cloned()).await;
    app.skip(Duration::from_secs(16 * 60));
    ann.sees("❌ Генерация не удалась").await;
    app.settled().await;
    asks_to_forget(ann).await;
    ann.taps("💸 Отказаться от 0,76 ₽").await;
    ann.taps("🗑 Да, удалить всё").await.sees_last("мы вас забыли").await;
    app.settled().await;
    for _ in 0..4 {
        app.skip(Duration::from_secs(10 * 60));
        app.settled().await;
    }
    assert_eq!(app.job(1).row.due, None);
    assert_eq!((ann.media(), app.posted(Account::Loss).as_str()), (0, "0.00"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_copy_of_a_result_goes_with_its_customer() {
    let app = paid_shop().await;
    app.credit(ANN, "0.76").await;
    let ann = app.user(ANN);
    ann.orders("z-image", "самовар").await;
    app.sandbox.telegram.act(|world, _| world.script(Fault::of("sendPhoto", Misbehaviour::Forbidden)));
    ann.taps("✅ Запустить").await;
    app.until("the refusal", |view| {
        matches!(view.job(JobId(1)).ok()??.row.delivery, Delivery::Refused { .. }).then_some(())
    })
    .await;
    app.settled().await;
    let copy = app.data_dir().join("media/1");
    app.skip(Duration::from_secs(61));
    assert!(copy.join("1.png").exists(), "kept for a customer who may come back");
    asks_to_forget(ann).await;
    ann.taps("🗑 Да, удалить всё").await.sees_last("мы вас забыли").await;
    app.skip(Duration::from_secs(61));
    app.until("an empty folder", |_| (!copy.exists()).then_some(())).await;
    app.settled().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_export_has_all_of_a_customer_and_nothing_of_others() {
    let app = TestApp::start_with(Mode::Webhook, |settings| settings.free_daily_limit = 1).await;
    let (ann, bob) = (app.user(ANN), app.user(BOB));
    app.credit(ANN, "10").await;
    app.credit(BOB, "777").await;
    buys(&app, bob, "тайна боба", 1).await;
    buys(&app, ann, "бесплатный кот", 1).await;
    buys(&app, ann, "платный кот", 2).await;
    ann.sends("/free");
    ann.taps("m:z-image").await.sees_last("Z-Image").await;
    ann.sends("начатый кот").sees_last("начатый кот").await;
    ann.sends("/privacy");
    ann.taps("📦 Мои данные файлом").await;
    let sent = ann.gets_media(3).await;
    let file = sent.media.expect("a file").file_id;
    let (name, bytes) = app.sandbox.telegram.look(|world| {
        let file = world.file(&file).expect("kept");
        (file.name.clone(), file.bytes.to_vec())
    });
    assert_eq!(name, "my-data.json");
    let text = String::from_utf8(bytes).expect("UTF-8");
    let data: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!((&data["profile"]["id"], &data["profile"]["language"]), (&ANN.into(), &"ru".into()));
    assert_eq!(data["wallet"]["available"], "9.24");
    assert_eq!(data["session"]["draft"]["input"]["prompt"], "начатый кот");
    let prompts: Vec<&Value> =
        data["jobs"].as_array().expect("a list").iter().map(|job| &job["input"]["prompt"]).collect();
    assert_eq!(prompts, ["платный кот", "бесплатный кот"]);
    let kinds: Vec<&Value> =
        data["ledger"].as_array().expect("a list").iter().map(|line| &line["kind"]).collect();
    assert_eq!(kinds, ["charge", "hold", "adjust"]);
    assert_eq!(data["free_uses"][0]["model"], "z-image");
    assert_eq!((&data["free_uses"][0]["count"], &data["older_left_out"]), (&1.into(), &false.into()));
    for other in ["боба", "1002", "777"] {
        assert!(!text.contains(other), "{other} in {text}");
    }
    app.settled().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn prompts_and_results_are_forgotten_after_thirty_days_and_not_before() {
    let app = paid_shop().await;
    app.credit(ANN, "10").await;
    let ann = app.user(ANN);
    buys(&app, ann, "давний самовар", 1).await;
    app.skip(29 * DAY);
    // When a second sweep has begun, the first is over.
    for _ in 0..2 {
        let now = app.clock.now().up;
        app.until("a sweep", |view| view.note::<Up>("uptime").ok()?.filter(|up| *up >= now)).await;
        app.skip(Duration::from_secs(61));
    }
    assert!(!app.job(1).row.input.is_empty());
    app.skip(2 * DAY);
    app.until("a forgotten job", |view| view.job(JobId(1)).ok()??.row.is_forgotten().then_some(())).await;
    ann.sends("/history");
    ann.taps("job:1").await;
    let card = ann.sees_last("Выполнено").await;
    assert!(card.button("🔁 Повторить").is_none() && !card.text.contains("самовар"), "{}", card.text);
    repeats_in_vain(&app, "повторить его нельзя").await;
    ann.sends("/balance").sees_last("Списание").await;
    app.settled().await;
    assert_eq!((row(&app, ANN).lang, app.wallet(ANN).0.as_str()), (Lang::Ru, "9.24"));
}
