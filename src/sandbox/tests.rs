//! The sandbox over its real sockets, with reqwest and with teloxide's own client.

use super::kie::{CreateAnswer, Script};
use super::telegram::{Fault, FileKind, Misbehaviour};
use super::*;
use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use bytes::Bytes;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use teloxide::net::Download;
use teloxide::payloads::{GetUpdatesSetters, SendMessageSetters, SetWebhookSetters};
use teloxide::requests::Requester;
use teloxide::types::{
    AllowedUpdate, BotCommand, CallbackQueryId, ChatAction, ChatId, InlineKeyboardButton,
    InlineKeyboardMarkup, InputFile, InputMedia, InputMediaPhoto, LabeledPrice, MessageKind, ParseMode,
    TelegramTransactionId, UpdateKind, UserId,
};
use teloxide::{ApiError, Bot, RequestError};

const ANN: i64 = 77;
const PATIENCE: Duration = Duration::from_secs(20);

async fn sandbox() -> Sandbox {
    sandbox_with(|_| ()).await
}

async fn sandbox_with(change: impl FnOnce(&mut Settings)) -> Sandbox {
    let mut settings = Settings::default();
    settings.bot.retry_scale_permille = 1;
    settings.account.callback_retry_ms = 1;
    change(&mut settings);
    let sandbox = Sandbox::start(settings).await.expect("started");
    sandbox
        .telegram
        .act(|world, now_ms| {
            world.user(ANN, "Ann", "ru");
            world.say(now_ms, ANN, "/start").map(|_| ())
        })
        .expect("said");
    sandbox
}

fn bot(sandbox: &Sandbox) -> Bot {
    Bot::new("4242:sandbox").set_api_url(sandbox.telegram_url().parse().expect("an address"))
}

fn client() -> reqwest::Client {
    super::client().expect("a client")
}

fn keyboard() -> InlineKeyboardMarkup {
    InlineKeyboardMarkup::new([[InlineKeyboardButton::callback("Go", "go:1")]])
}

#[tokio::test]
async fn teloxide_reads_what_the_sandbox_says() {
    let sandbox = sandbox().await;
    let bot = bot(&sandbox);
    assert_eq!(bot.get_me().await.expect("me").username(), "samovar_sandbox_bot");
    let sent = bot
        .send_message(ChatId(ANN), "<b>Привет</b>")
        .parse_mode(ParseMode::Html)
        .reply_markup(keyboard())
        .await
        .expect("sent");
    assert_eq!((sent.text(), sent.entities().map(<[_]>::len)), (Some("Привет"), Some(1)));
    bot.edit_message_text(ChatId(ANN), sent.id, "two").await.expect("edited");
    let again = bot.edit_message_text(ChatId(ANN), sent.id, "two").await;
    assert!(matches!(again, Err(RequestError::Api(ApiError::MessageNotModified))), "{again:?}");
    bot.send_chat_action(ChatId(ANN), ChatAction::UploadPhoto).await.expect("shown");
    bot.set_my_commands([BotCommand::new("start", "go")]).await.expect("set");
    assert_eq!(bot.get_my_commands().await.expect("list").len(), 1);
    bot.get_chat(ChatId(ANN)).await.expect("a chat");
    bot.delete_message(ChatId(ANN), sent.id).await.expect("deleted");
    sandbox.telegram.act(|world, now_ms| world.block(now_ms, ANN)).expect("blocked");
    let blocked = bot.send_message(ChatId(ANN), "x").await;
    assert!(matches!(blocked, Err(RequestError::Api(ApiError::BotBlocked))), "{blocked:?}");
    sandbox.shutdown().await;
}

#[tokio::test]
async fn teloxide_sends_and_fetches_files() {
    let sandbox = sandbox().await;
    let bot = bot(&sandbox);
    let picture = Bytes::from(media::png("cat", "1:1").expect("drawn"));
    let file = || InputFile::memory(picture.clone()).file_name("cat.png");
    let sent = bot.send_photo(ChatId(ANN), file()).await.expect("sent");
    let id = sent.photo().expect("a photo")[0].file.id.clone();
    bot.send_photo(ChatId(ANN), InputFile::file_id(id.clone())).await.expect("sent again");
    let described = bot.get_file(id).await.expect("described");
    let mut copy = Vec::new();
    bot.download_file(&described.path, &mut copy).await.expect("fetched");
    assert!(copy[..] == picture[..]);
    let album = [file(), file()].map(|file| InputMedia::Photo(InputMediaPhoto::new(file)));
    assert_eq!(bot.send_media_group(ChatId(ANN), album).await.expect("sent").len(), 2);
    let part = |bytes: Vec<u8>, name: &'static str| InputFile::memory(bytes).file_name(name);
    let sent = bot.send_document(ChatId(ANN), part(b"a;b\n".to_vec(), "a.csv")).await.expect("sent");
    let id = sent.document().expect("a document").file.id.0.clone();
    let kept = sandbox.telegram.look(|world| world.file(&id).cloned()).expect("kept");
    assert_eq!((kept.name.as_str(), &kept.bytes[..]), ("a.csv", &b"a;b\n"[..]));
    bot.send_video(ChatId(ANN), part(media::mp4("v", "1:1"), "a.mp4")).await.expect("sent");
    bot.send_animation(ChatId(ANN), part(media::mp4("v", "1:1"), "a.mp4")).await.expect("sent");
    bot.send_audio(ChatId(ANN), part(media::wav("v"), "a.wav")).await.expect("sent");
    bot.send_voice(ChatId(ANN), part(media::wav("v"), "a.wav")).await.expect("sent");
    let kinds: Vec<FileKind> = sandbox
        .telegram
        .look(|world| world.seen().iter().flat_map(|seen| seen.files.iter().map(|file| file.kind)).collect());
    let [photo, rest @ ..] = &kinds[..] else { panic!("nothing seen") };
    assert_eq!((*photo, rest.len()), (FileKind::Photo, 8));
}

#[tokio::test]
async fn teloxide_is_paid_in_stars_and_gives_them_back() {
    let sandbox = sandbox().await;
    let bot = bot(&sandbox);
    let price = [LabeledPrice::new("Top-up", 100)];
    let sent = bot.send_invoice(ChatId(ANN), "Top-up", "100 Stars", "p:1", "XTR", price.clone()).await;
    let sent = sent.expect("sent");
    assert_eq!(sent.invoice().map(|invoice| invoice.total_amount), Some(100));
    let link = bot.create_invoice_link("Top-up", "100 Stars", "p:2", "XTR", price).await.expect("made");
    assert!(link.starts_with("https://t.me/$"), "{link}");
    let paid = |world: &mut telegram::World, now_ms| world.pay(now_ms, ANN, ANN, i64::from(sent.id.0));
    sandbox.telegram.act(paid).expect("paid");
    let updates = bot.get_updates().await.expect("updates");
    let query = updates.iter().find_map(|update| {
        if let UpdateKind::PreCheckoutQuery(query) = &update.kind { Some(query.clone()) } else { None }
    });
    let query = query.unwrap_or_else(|| panic!("nobody asks: {updates:?}"));
    assert_eq!((query.total_amount, query.invoice_payload.as_str()), (100, "p:1"));
    bot.answer_pre_checkout_query(query.id.clone(), true).await.expect("answered");
    assert!(bot.answer_pre_checkout_query(query.id, true).await.is_err());
    let charge = sandbox.telegram.look(|world| world.payments()[0].charge.clone());
    let refund = || bot.refund_star_payment(UserId(77), TelegramTransactionId(charge.clone()));
    refund().await.expect("refunded");
    assert!(refund().await.expect_err("once").to_string().contains("CHARGE_ALREADY_REFUNDED"));
    let updates = bot.get_updates().await.expect("updates");
    let messages = || {
        updates.iter().filter_map(|update| {
            if let UpdateKind::Message(message) = &update.kind { Some(message) } else { None }
        })
    };
    let payment = messages().find_map(|message| message.successful_payment()).expect("told");
    assert_eq!((&payment.telegram_payment_charge_id.0, payment.total_amount), (&charge, 100));
    let refunded = messages().find_map(|message| {
        if let MessageKind::RefundedPayment(told) = &message.kind {
            Some(&told.refunded_payment)
        } else {
            None
        }
    });
    let refunded = refunded.expect("told");
    assert_eq!(refunded.telegram_payment_charge_id.0, charge);
    let lines = bot.get_star_transactions().await.expect("listed").transactions;
    assert_eq!(lines.iter().map(|line| line.id.0.as_str()).collect::<Vec<_>>(), [&charge, &charge]);
    assert!(lines[0].source.is_some() && lines[1].receiver.is_some());
    assert_eq!(bot.get_my_star_balance().await.expect("told").amount, 0);
}

#[tokio::test]
async fn a_photo_may_be_given_as_a_web_address() {
    let sandbox = sandbox().await;
    let id = sandbox.kie.act(|world, now_ms| {
        let order = json!({"model": "z-image", "input": {"prompt": "cat"}}).to_string();
        world.create(now_ms, Some("Bearer sandbox-key"), order.as_bytes());
        let id = world.tasks().keys().next().cloned().expect("a task");
        world.finish(now_ms, &id);
        id
    });
    let address = |name: &str| format!("{}/files/{name}", sandbox.kie_url()).parse().expect("an address");
    let bot = bot(&sandbox);
    bot.send_photo(ChatId(ANN), InputFile::url(address(&format!("{id}.png")))).await.expect("sent");
    let missing = bot.send_photo(ChatId(ANN), InputFile::url(address("none.png"))).await;
    assert!(missing.is_err());
}

#[tokio::test]
async fn a_long_poll_wakes_up_for_a_tap_and_the_tap_can_be_answered() {
    let sandbox = sandbox().await;
    let bot = bot(&sandbox);
    let first =
        bot.get_updates().allowed_updates([AllowedUpdate::Message, AllowedUpdate::CallbackQuery]).await;
    let first = first.expect("updates");
    let offset = first[0].id.as_offset();
    bot.send_message(ChatId(ANN), "tap").reply_markup(keyboard()).await.expect("sent");
    let poll = tokio::spawn({
        let bot = bot.clone();
        async move { bot.get_updates().offset(offset).timeout(10).await }
    });
    let polled = |world: &telegram::World| world.is_polled().then_some(());
    sandbox.telegram.wait(polled, PATIENCE).await.expect("somebody polls");
    sandbox.telegram.act(|world, now_ms| world.tap_latest(now_ms, ANN, "Go")).expect("tapped");
    let updates = poll.await.expect("no panic").expect("updates");
    let UpdateKind::CallbackQuery(query) = &updates[0].kind else { panic!("{updates:?}") };
    assert_eq!(query.data.as_deref(), Some("go:1"));
    bot.answer_callback_query(query.id.clone()).await.expect("answered");
    assert!(bot.answer_callback_query(CallbackQueryId("x".to_owned())).await.is_err());
    assert_eq!(sandbox.telegram.look(|world| world.taps().values().map(|tap| tap.answers).sum::<u32>()), 1);
}

/// A webhook receiver that answers by a list of statuses, then 200.
async fn receiver(statuses: Vec<u16>) -> (String, Arc<Mutex<Vec<(String, Value)>>>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let statuses = Arc::new(Mutex::new(statuses));
    let route = post({
        let seen = Arc::clone(&seen);
        move |headers: HeaderMap, body: String| async move {
            let secret =
                headers.get("X-Telegram-Bot-Api-Secret-Token").or(headers.get("X-Webhook-Signature"));
            let secret = secret.and_then(|value| value.to_str().ok()).unwrap_or("").to_owned();
            let body = serde_json::from_str(&body).expect("JSON");
            seen.lock().expect("unpoisoned").push((secret, body));
            let mut statuses = statuses.lock().expect("unpoisoned");
            let status = if statuses.is_empty() { 200 } else { statuses.remove(0) };
            StatusCode::from_u16(status).expect("a status")
        }
    });
    let (listener, url) = shell::listen(Settings::default().kie_address).await.expect("listens");
    let router = Router::new().route("/hook", route);
    tokio::spawn(shell::serve(listener, router, CancellationToken::new()));
    (format!("{url}/hook"), seen)
}

#[tokio::test]
async fn the_webhook_gets_each_update_with_the_secret_until_it_says_200() {
    let sandbox = sandbox().await;
    let (url, seen) = receiver(vec![500, 503]).await;
    let request = bot(&sandbox).set_webhook(url.parse().expect("an address"));
    request.secret_token("s3cret").allowed_updates([AllowedUpdate::Message]).await.expect("set");
    let done = |world: &telegram::World| (world.pending_updates() == 0).then(|| world.receipts().clone());
    let receipts = sandbox.telegram.wait(done, PATIENCE).await.expect("delivered");
    assert!(receipts.values().all(|receipt| (receipt.posts, receipt.ok) == (3, 1)), "{receipts:?}");
    let seen = seen.lock().expect("unpoisoned").clone();
    assert_eq!(seen.len(), 3);
    assert!(seen.iter().all(|(secret, body)| secret == "s3cret" && body["message"]["text"] == "/start"));
    let info = bot(&sandbox).get_webhook_info().await.expect("info");
    assert_eq!((info.url.map(|url| url.to_string()), info.pending_update_count), (Some(url), 0));
    bot(&sandbox).delete_webhook().await.expect("deleted");
}

#[tokio::test]
async fn misbehaviour_reaches_the_wire() {
    let sandbox = sandbox().await;
    let bot = bot(&sandbox);
    let next = |how| sandbox.telegram.act(|world, _| world.script(Fault::of("sendMessage", how)));
    next(Misbehaviour::TooMany { retry_after_s: 3 });
    let error = bot.send_message(ChatId(ANN), "a").await.expect_err("refused");
    assert!(matches!(error, RequestError::RetryAfter(seconds) if seconds.seconds() == 3), "{error:?}");
    next(Misbehaviour::Hangup);
    let error = bot.send_message(ChatId(ANN), "b").await.expect_err("hung up");
    assert!(matches!(error, RequestError::Network(_)), "{error:?}");
    next(Misbehaviour::BreakAfter);
    bot.send_message(ChatId(ANN), "c").await.expect_err("hung up");
    next(Misbehaviour::HalfJson);
    let error = bot.send_message(ChatId(ANN), "d").await.expect_err("half");
    assert!(matches!(error, RequestError::InvalidJson { .. }), "{error:?}");
    next(Misbehaviour::LoseAnswer);
    let lost = tokio::spawn({
        let bot = bot.clone();
        async move { bot.send_message(ChatId(ANN), "e").await }
    });
    let went =
        |world: &telegram::World| world.seen().iter().any(|s| s.text.as_deref() == Some("e")).then_some(());
    sandbox.telegram.wait(went, PATIENCE).await.expect("done");
    assert!(!lost.is_finished());
    let texts: Vec<Option<String>> =
        sandbox.telegram.look(|world| world.seen().iter().map(|seen| seen.text.clone()).collect());
    assert_eq!(texts, ["c", "d", "e"].map(|text| Some(text.to_owned())));
    sandbox.shutdown().await;
    lost.await.expect("no panic").expect_err("hung up at the end");
}

#[tokio::test]
async fn calls_come_as_json_form_or_query() {
    let sandbox = sandbox().await;
    let base = format!("{}/bot4242:sandbox", sandbox.telegram_url());
    let params = [("chat_id", ANN.to_string()), ("text", "x".to_owned())];
    let form: String = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&params).finish();
    let client = client();
    let typed =
        |kind: &str| client.post(format!("{base}/sendMessage")).header("content-type", kind.to_owned());
    for (request, status) in [
        (client.get(format!("{base}/sendMessage?{form}")), 200),
        (typed("application/x-www-form-urlencoded").body(form.clone()), 200),
        (typed("application/json; charset=utf-8").body(r#"{"chat_id":"77","text":"x"}"#), 200),
        (typed("application/json").body("{"), 400),
        (typed("application/json").body("[]"), 400),
        (typed("multipart/form-data; boundary=x").body("nonsense"), 400),
        (typed("multipart/form-data").body("nonsense"), 400),
        (client.post(format!("{base}/sendMessage")), 400),
        (client.get(format!("{}/botx/getMe", sandbox.telegram_url())), 401),
        (client.get(format!("{}/x/getMe", sandbox.telegram_url())), 404),
        (client.get(format!("{}/file/bot4242:sandbox/none", sandbox.telegram_url())), 404),
    ] {
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status().as_u16(), status, "{}", answer.url());
        assert_eq!(answer.json::<Value>().await.expect("JSON")["ok"], status == 200);
    }
}

#[tokio::test]
async fn a_task_is_made_its_callback_comes_and_its_file_is_fetched() {
    let sandbox = sandbox_with(|settings| settings.account.hmac_key = Some("k".to_owned())).await;
    let (hook, seen) = receiver(vec![500]).await;
    sandbox.kie.act(|world, _| world.next(Script::named("early-callback").expect("a name")));
    let client = client();
    let order = json!({"model": "z-image", "input": {"prompt": "cat"}, "callBackUrl": hook});
    let request = client.post(format!("{}/api/v1/jobs/createTask", sandbox.kie_url()));
    let answer: Value = request
        .bearer_auth("sandbox-key")
        .json(&order)
        .send()
        .await
        .expect("an answer")
        .json()
        .await
        .expect("JSON");
    let id = answer["data"]["taskId"].as_str().expect("an id").to_owned();
    assert!(!seen.lock().expect("unpoisoned").is_empty(), "the callback came before the answer");
    let called =
        |world: &kie::World| world.callbacks_seen().iter().any(|seen| seen.status == Some(200)).then_some(());
    sandbox.kie.wait(called, PATIENCE).await.expect("repeated until 200");
    let (signature, body) = seen.lock().expect("unpoisoned")[1].clone();
    assert!(!signature.is_empty());
    assert_eq!(body["data"]["taskId"], id);
    let look = client.get(format!("{}/api/v1/jobs/recordInfo?taskId={id}", sandbox.kie_url()));
    let record: Value =
        look.bearer_auth("sandbox-key").send().await.expect("an answer").json().await.expect("JSON");
    let result: Value =
        serde_json::from_str(record["data"]["resultJson"].as_str().expect("a text")).expect("JSON");
    let url = result["resultUrls"][0].as_str().expect("an address");
    let file = client.get(url).send().await.expect("an answer").bytes().await.expect("a file");
    assert_eq!(media::measure(&file), Some((512, 512)));
}

#[tokio::test]
async fn bad_answers_of_kie_reach_the_wire() {
    let sandbox = sandbox().await;
    let client = client();
    let order = json!({"model": "z-image", "input": {"prompt": "cat"}});
    let create = |name: &'static str| {
        sandbox.kie.act(|world, _| world.next(Script::named(name).expect("a name")));
        let request = client.post(format!("{}/api/v1/jobs/createTask", sandbox.kie_url()));
        request.bearer_auth("sandbox-key").json(&order).send()
    };
    assert!(create("lost-answer").await.is_err());
    assert_eq!(sandbox.kie.look(|world| world.tasks().len()), 1);
    assert!(create("hangup").await.is_err());
    assert_eq!(create("redirect").await.expect("an answer").status().as_u16(), 302);
    assert_eq!(create("page").await.expect("an answer").status().as_u16(), 500);
    let mut endless = create("endless").await.expect("a head");
    let mut bytes = 0;
    while bytes < 10_000_000 {
        bytes += endless.chunk().await.expect("goes on").expect("goes on").len();
    }
    sandbox.kie.act(|world, _| world.next(Script::not_made(CreateAnswer::Never)));
    let patience = Duration::from_millis(200);
    let silent = client.post(format!("{}/api/v1/jobs/createTask", sandbox.kie_url()));
    let silent = silent.bearer_auth("sandbox-key").json(&order).timeout(patience).send().await;
    assert!(silent.expect_err("silence").is_timeout());
    assert_eq!(sandbox.kie.look(|world| world.creates().len()), 6);
}

#[tokio::test]
async fn a_short_result_file_breaks_off_and_an_unreachable_one_cannot_be_had() {
    let sandbox = sandbox().await;
    let client = client();
    for (name, reached) in [("file-short", true), ("file-unreachable", false)] {
        let url = sandbox.kie.act(|world, now_ms| {
            let order =
                json!({"model": "z-image", "input": {"prompt": format!("sandbox:{name}")}}).to_string();
            world.create(now_ms, Some("Bearer sandbox-key"), order.as_bytes());
            let id = world.creates().last().and_then(|seen| seen.task.clone()).expect("a task");
            world.finish(now_ms, &id);
            world.tasks()[&id].result_url.clone()
        });
        match client.get(url).send().await {
            Ok(answer) => {
                assert!(reached && answer.content_length().is_some_and(|length| length > 1000));
                assert!(answer.bytes().await.is_err(), "it breaks off");
            }
            Err(error) => assert!(!reached && error.is_connect(), "{error}"),
        }
    }
}

#[tokio::test]
async fn a_file_is_uploaded_to_kie_and_can_be_fetched_from_there() {
    let sandbox = sandbox().await;
    let client = client();
    let picture = media::png("cat", "1:1").expect("drawn");
    let form = |folder: &'static str| {
        let file = reqwest::multipart::Part::bytes(picture.clone()).file_name("cat.png");
        let form = reqwest::multipart::Form::new().part("file", file).text("uploadPath", folder);
        let request = client.post(format!("{}/api/file-stream-upload", sandbox.kie_url()));
        request.bearer_auth("sandbox-key").multipart(form).send()
    };
    let refused: Value = form("").await.expect("an answer").json().await.expect("JSON");
    assert_eq!(refused["msg"], "Missing required parameter: uploadPath");
    let made: Value = form("images").await.expect("an answer").json().await.expect("JSON");
    assert_eq!(
        (&made["data"]["fileName"], &made["data"]["mimeType"]),
        (&json!("cat.png"), &json!("image/png"))
    );
    let url = made["data"]["downloadUrl"].as_str().expect("an address");
    let copy = client.get(url).send().await.expect("an answer").bytes().await.expect("a file");
    assert!(copy[..] == picture[..]);
    assert_eq!(sandbox.kie.look(|world| world.uploads()[0].path.clone()), "images/cat.png");
}
