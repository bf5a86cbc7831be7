//! The gateway against a server that answers as scripted and remembers what it was asked.

use super::*;
use crate::message::{About, Button, Press};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request as HttpRequest;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::fs::File;
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

mod calls;

const TOKEN: &str = "123456:PLANTED-token";
const MB: u64 = 1024 * 1024;
/// For servers that answer, and for those that do not.
const PATIENT: Duration = Duration::from_secs(30);
const HASTY: Duration = Duration::from_secs(1);

/// What the server does with one call.
enum Reply {
    Json(u16, Value),
    Raw(u16, &'static [(&'static str, &'static str)], Vec<u8>),
    /// Takes the call and never answers.
    Silence,
}

#[derive(Debug)]
struct Seen {
    path: String,
    body: Vec<u8>,
}

impl Seen {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

struct Fake {
    telegram: Telegram,
    seen: Arc<Mutex<Vec<Seen>>>,
    data: TempDir,
}

async fn serve(script: Vec<Reply>) -> (Url, Arc<Mutex<Vec<Seen>>>) {
    let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
    let script = Arc::new(Mutex::new(VecDeque::from(script)));
    let answer = {
        let seen = Arc::clone(&seen);
        move |request: HttpRequest| async move {
            let path = request.uri().path().to_owned();
            let body = to_bytes(request.into_body(), usize::MAX).await.expect("a whole body").to_vec();
            seen.lock().expect("no panic").push(Seen { path, body });
            let reply = script.lock().expect("no panic").pop_front();
            match reply.expect("a call nobody scripted") {
                Reply::Json(status, body) => raw(status, &[], body.to_string().into_bytes()),
                Reply::Raw(status, headers, body) => raw(status, headers, body),
                Reply::Silence => std::future::pending().await,
            }
        }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let base = format!("http://{}", listener.local_addr().expect("bound")).parse().expect("a URL");
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
    (base, seen)
}

fn raw(status: u16, headers: &[(&'static str, &'static str)], body: Vec<u8>) -> Response {
    let mut response = (StatusCode::from_u16(status).expect("a status"), Body::from(body)).into_response();
    for (name, value) in headers {
        response.headers_mut().insert(*name, value.parse().expect("a header"));
    }
    response
}

/// A client that waits for `call` at most.
fn at(base: Url, call: Duration) -> (Telegram, TempDir) {
    let data = tempfile::tempdir().expect("a directory");
    let timeouts = Timeouts { connect: call, call, upload: PATIENT, poll_slack: PATIENT };
    let telegram = Telegram::new(TOKEN.into(), base, data.path().to_owned(), timeouts).expect("a client");
    (telegram, data)
}

async fn fake(script: Vec<Reply>) -> Fake {
    fake_for(script, PATIENT).await
}

async fn fake_for(script: Vec<Reply>, call: Duration) -> Fake {
    let (base, seen) = serve(script).await;
    let (telegram, data) = at(base, call);
    Fake { telegram, seen, data }
}

impl Fake {
    fn seen(&self) -> Vec<Seen> {
        std::mem::take(&mut self.seen.lock().expect("no panic"))
    }

    fn methods(&self) -> Vec<String> {
        let name = |seen: Seen| seen.path.rsplit('/').next().unwrap_or_default().to_owned();
        self.seen().into_iter().map(name).collect()
    }

    fn file(&self, name: &str, size_bytes: u64) -> Source {
        let file = File::create(self.data.path().join(name)).expect("a file");
        file.set_len(size_bytes).expect("its size");
        Source::Path(name.to_owned())
    }
}

fn ok(result: impl Into<Value>) -> Reply {
    Reply::Json(200, json!({"ok": true, "result": result.into()}))
}

fn no(code: u16, why: &str) -> Reply {
    Reply::Json(code, json!({"ok": false, "error_code": code, "description": why}))
}

fn outgoing(act: Act) -> Outgoing {
    Outgoing { chat: ChatId(4242), act, about: About::Nothing }
}

fn hello(edit: Option<i32>) -> Outgoing {
    outgoing(Act::Text { text: "<b>Hi</b>".to_owned(), keyboard: vec![], edit: edit.map(MessageId) })
}

fn media(kind: MediaKind, files: Vec<Source>, keyboard: Keyboard) -> Outgoing {
    outgoing(Act::Media { kind, files, caption: "A cat".to_owned(), keyboard })
}

fn there(message: i32, file_ids: &[&str]) -> Sent {
    let file_ids = file_ids.iter().map(|id| (*id).to_owned()).collect();
    Sent::Delivered { message: Some(MessageId(message)), file_ids }
}

fn photo(message: i32, id: &str) -> Value {
    json!({"message_id": message, "photo": [
        {"file_id": "small", "width": 90, "height": 90}, {"file_id": id, "width": 1024, "height": 1024}]})
}

#[tokio::test]
async fn a_text_goes_as_html_without_previews_with_every_kind_of_button() {
    let fake = fake(vec![ok(json!({"message_id": 5}))]).await;
    let open = Button { label: "O".to_owned(), press: Press::Open("https://example.org/".to_owned()) };
    let copy = Button { label: "C".to_owned(), press: Press::Copy("RQ-1".to_owned()) };
    let keyboard = vec![vec![Button::tap("T", "home"), open], vec![copy]];
    let message = outgoing(Act::Text { text: "<b>Hi</b>".to_owned(), keyboard, edit: None });
    assert_eq!(fake.telegram.send(&message).await, there(5, &[]));
    let seen = fake.seen();
    assert_eq!(seen[0].path, format!("/bot{TOKEN}/sendMessage"));
    assert_eq!(
        seen[0].json(),
        json!({"chat_id": 4242, "text": "<b>Hi</b>", "parse_mode": "HTML",
            "link_preview_options": {"is_disabled": true},
            "reply_markup": {"inline_keyboard": [
                [{"text": "T", "callback_data": "home"}, {"text": "O", "url": "https://example.org/"}],
                [{"text": "C", "copy_text": {"text": "RQ-1"}}]]}})
    );
}

#[tokio::test]
async fn an_edit_that_changes_nothing_is_delivered_and_one_that_cannot_be_is_sent_anew() {
    let same = "Bad Request: message is not modified: specified new message content and reply markup are exactly the same";
    let fake = fake(vec![
        ok(json!({"message_id": 5})),
        no(400, same),
        no(400, "Bad Request: message to edit not found"),
        ok(json!({"message_id": 6})),
        no(400, "Bad Request: there is no text in the message to edit"),
        ok(json!({"message_id": 7})),
        no(400, "Bad Request: message can't be edited"),
        no(403, "Forbidden: bot was blocked by the user"),
    ])
    .await;
    for expected in [there(5, &[]), there(5, &[]), there(6, &[]), there(7, &[])] {
        assert_eq!(fake.telegram.send(&hello(Some(5))).await, expected);
    }
    assert_eq!(fake.telegram.send(&hello(Some(5))).await, Sent::Refused(NotTaken::Blocked));
    let seen = fake.seen();
    assert_eq!(seen[0].json()["message_id"], json!(5));
    assert_eq!(seen[3].json().get("message_id"), None);
}

#[tokio::test]
async fn answers_to_taps_and_payments_say_what_they_must() {
    let old = "Bad Request: query is too old and response timeout expired or query ID is invalid";
    let fake =
        fake(vec![ok(json!(true)), ok(json!(true)), no(400, old), ok(json!(true)), ok(json!(true))]).await;
    let toast =
        |text: &str| outgoing(Act::Toast { query: "q".to_owned(), text: text.to_owned(), alert: true });
    let done = Sent::Delivered { message: None, file_ids: vec![] };
    assert_eq!(fake.telegram.send(&toast("No")).await, done);
    assert_eq!(fake.telegram.send(&toast("")).await, done);
    assert_eq!(fake.telegram.send(&toast("")).await, Sent::Refused(NotTaken::Gone));
    let pre = outgoing(Act::PreCheckout { query: "p".to_owned(), refusal: Some("Why".to_owned()) });
    assert_eq!(fake.telegram.send(&pre).await, done);
    assert_eq!(fake.telegram.send(&outgoing(Act::Leave)).await, done);
    let seen: Vec<Value> = fake.seen().iter().map(Seen::json).collect();
    assert_eq!(seen[0], json!({"callback_query_id": "q", "text": "No", "show_alert": true}));
    assert_eq!(seen[1], json!({"callback_query_id": "q"}));
    assert_eq!(seen[3], json!({"pre_checkout_query_id": "p", "ok": false, "error_message": "Why"}));
    assert_eq!(seen[4], json!({"chat_id": 4242}));
}

#[tokio::test]
async fn a_picture_of_ours_is_uploaded_and_its_largest_size_remembered() {
    let fake = fake(vec![ok(photo(8, "large"))]).await;
    std::fs::create_dir(fake.data.path().join("media")).expect("a directory");
    std::fs::write(fake.data.path().join("media/1.png"), "PIXELS").expect("a file");
    let files = vec![Source::Path("media/1.png".to_owned())];
    let message = media(MediaKind::Photo, files, vec![vec![Button::tap("T", "home")]]);
    assert_eq!(fake.telegram.send(&message).await, there(8, &["large"]));
    let seen = fake.seen();
    assert!(seen[0].path.ends_with("/sendPhoto"), "{seen:?}");
    let form = seen[0].text();
    for part in [
        "name=\"photo\"; filename=\"1.png\"",
        "PIXELS",
        "name=\"caption\"\r\n\r\nA cat\r\n",
        "name=\"chat_id\"\r\n\r\n4242\r\n",
        "name=\"reply_markup\"\r\n\r\n{\"inline_keyboard\"",
    ] {
        assert!(form.contains(part), "{part} in {form}");
    }
    assert!(!form.contains("attach://"), "{form}");
}

#[tokio::test]
async fn a_file_that_lies_nowhere_goes_as_a_document_of_its_name() {
    let fake = fake(vec![ok(json!({"message_id": 9, "document": {"file_id": "doc"}}))]).await;
    let (name, bytes) = ("statement.csv".to_owned(), "\u{feff}a;b".as_bytes().to_vec());
    let act = Act::Document { name, bytes, caption: "All of it".to_owned() };
    assert_eq!(fake.telegram.send(&outgoing(act)).await, there(9, &["doc"]));
    let seen = fake.seen();
    assert!(seen[0].path.ends_with("/sendDocument"), "{seen:?}");
    let form = seen[0].text();
    for part in [
        "name=\"document\"; filename=\"statement.csv\"",
        "\u{feff}a;b\r\n",
        "name=\"caption\"\r\n\r\nAll of it\r\n",
    ] {
        assert!(form.contains(part), "{part} in {form}");
    }
    assert!(!form.contains("attach://"), "{form}");
}

#[tokio::test]
async fn what_is_too_large_for_a_photo_goes_as_a_document_and_what_is_too_large_at_all_is_refused() {
    let document = json!({"message_id": 9, "document": {"file_id": "doc"}});
    let fake = fake(vec![ok(document)]).await;
    let picture = fake.file("big.png", 10 * MB + 1);
    assert_eq!(fake.telegram.send(&media(MediaKind::Photo, vec![picture], vec![])).await, there(9, &["doc"]));
    assert_eq!(fake.methods(), ["sendDocument"]);
    for name in ["huge.mp4", "empty.mp4", "gone.mp4"] {
        let file = match name {
            "huge.mp4" => fake.file(name, 50 * MB + 1),
            "empty.mp4" => fake.file(name, 0),
            gone => Source::Path(gone.to_owned()),
        };
        let sent = fake.telegram.send(&media(MediaKind::Video, vec![file], vec![])).await;
        assert!(matches!(sent, Sent::Refused(NotTaken::BadFile(_))), "{name}: {sent:?}");
    }
    for outside in ["../secret", "/etc/hostname", "media/../../secret"] {
        let file = Source::Path(outside.to_owned());
        let sent = fake.telegram.send(&media(MediaKind::Photo, vec![file], vec![])).await;
        assert!(matches!(sent, Sent::Refused(NotTaken::Bad(_))), "{outside}: {sent:?}");
    }
    assert!(fake.methods().is_empty());
}

#[tokio::test]
async fn a_picture_that_telegram_takes_for_no_photo_goes_as_a_document_if_it_is_ours() {
    let document = json!({"message_id": 9, "document": {"file_id": "doc"}});
    let dimensions = || no(400, "Bad Request: PHOTO_INVALID_DIMENSIONS");
    let fake = fake(vec![dimensions(), ok(document), dimensions()]).await;
    let picture = fake.file("wide.png", 10);
    assert_eq!(fake.telegram.send(&media(MediaKind::Photo, vec![picture], vec![])).await, there(9, &["doc"]));
    let there = Source::FileId("id".to_owned());
    let sent = fake.telegram.send(&media(MediaKind::Photo, vec![there], vec![])).await;
    assert!(matches!(sent, Sent::Refused(NotTaken::BadFile(_))), "{sent:?}");
    assert_eq!(fake.methods(), ["sendPhoto", "sendDocument", "sendPhoto"]);
}

#[tokio::test]
async fn several_files_are_an_album_whose_buttons_follow() {
    let album = json!([photo(11, "one"), photo(12, "two")]);
    let fake =
        fake(vec![ok(album.clone()), ok(json!({"message_id": 13})), ok(album.clone()), ok(album)]).await;
    let ours = vec![fake.file("1.png", 3), fake.file("2.png", 3)];
    let keyboard = vec![vec![Button::tap("T", "home")]];
    let sent = fake.telegram.send(&media(MediaKind::Photo, ours, keyboard)).await;
    assert_eq!(sent, there(11, &["one", "two"]));
    let seen = fake.seen();
    assert!(seen[0].path.ends_with("/sendMediaGroup"), "{seen:?}");
    let form = seen[0].text();
    for part in
        ["attach://file0", "attach://file1", "name=\"file0\"", "name=\"file1\"", "\"caption\":\"A cat\""]
    {
        assert_eq!(form.matches(part).count(), 1, "{part} in {form}");
    }
    assert_eq!(seen[1].json()["reply_markup"]["inline_keyboard"][0][0]["callback_data"], "home");
    let theirs = vec![Source::FileId("a".to_owned()), Source::FileId("b".to_owned())];
    assert_eq!(
        fake.telegram.send(&media(MediaKind::Photo, theirs.clone(), vec![])).await,
        there(11, &["one", "two"])
    );
    let seen = fake.seen();
    assert_eq!(
        seen[0].json()["media"],
        json!([{"type": "photo", "media": "a", "caption": "A cat", "parse_mode": "HTML"},
            {"type": "photo", "media": "b"}])
    );
}

#[tokio::test]
async fn an_album_without_its_buttons_is_still_delivered() {
    let fake =
        fake(vec![ok(json!([photo(11, "one"), photo(12, "two")])), no(500, "Internal Server Error")]).await;
    let files = vec![fake.file("1.png", 3), fake.file("2.png", 3)];
    let message = media(MediaKind::Photo, files, vec![vec![Button::tap("T", "home")]]);
    assert_eq!(fake.telegram.send(&message).await, there(11, &["one", "two"]));
}

#[tokio::test]
async fn each_failure_says_whether_the_message_may_have_gone() {
    let html = || b"<html>Bad Gateway</html>".to_vec();
    let parameters = json!({"ok": false, "error_code": 429, "description": "Too Many Requests: retry after 7",
        "parameters": {"retry_after": 7}});
    let script = vec![
        Reply::Json(429, parameters),
        Reply::Raw(429, &[("retry-after", "9")], html()),
        no(500, "Internal Server Error"),
        Reply::Raw(502, &[], html()),
        Reply::Raw(200, &[], html()),
        Reply::Raw(302, &[("location", "https://example.org/")], vec![]),
        Reply::Raw(413, &[], html()),
        Reply::Silence,
        ok(json!({"of the future": 1})),
    ];
    let fake = fake_for(script, HASTY).await;
    let mut sent = Vec::new();
    for _ in 0..9 {
        sent.push(fake.telegram.send(&hello(None)).await);
    }
    assert_eq!(sent[0], Sent::Later { pause: Duration::from_secs(7) });
    assert_eq!(sent[1], Sent::Later { pause: Duration::from_secs(9) });
    assert!(matches!(&sent[2], Sent::NotSent(_)), "{sent:?}");
    assert!(matches!(&sent[3], Sent::InDoubt(_)), "{sent:?}");
    assert!(matches!(&sent[4], Sent::InDoubt(_)), "{sent:?}");
    assert!(matches!(&sent[5], Sent::NotSent(_)), "{sent:?}");
    assert!(matches!(&sent[6], Sent::Refused(NotTaken::BadFile(_))), "{sent:?}");
    assert!(matches!(&sent[7], Sent::InDoubt(_)), "{sent:?}");
    assert_eq!(sent[8], Sent::Delivered { message: None, file_ids: vec![] });
}

#[tokio::test]
async fn a_refused_connection_sent_nothing_and_a_broken_one_may_have() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let base: Url = format!("http://{}", listener.local_addr().expect("bound")).parse().expect("a URL");
    let (telegram, _data) = at(base.clone(), PATIENT);
    let hang_up = async {
        let (mut socket, _) = listener.accept().await.expect("a caller");
        tokio::io::AsyncReadExt::read(&mut socket, &mut [0; 16]).await.expect("the beginning")
    };
    let message = hello(None);
    let (sent, _) = tokio::join!(telegram.send(&message), hang_up);
    assert!(matches!(sent, Sent::InDoubt(_)), "{sent:?}");
    drop(listener);
    let sent = telegram.send(&hello(None)).await;
    assert!(matches!(sent, Sent::NotSent(_)), "{sent:?}");
    let (nowhere, _data) = at("http://samovar.invalid/".parse().expect("a URL"), HASTY);
    let sent = nowhere.send(&hello(None)).await;
    assert!(matches!(sent, Sent::NotSent(_)), "{sent:?}");
}
