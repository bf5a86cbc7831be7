//! The client against servers that answer well, badly, partly, slowly or never.

use super::*;
use crate::job::Why;
use crate::provider::testing::{End, KEY, Server, http, kie_at};
use crate::time::At;
use serde_json::Map;

const PATIENCE: Duration = Duration::from_secs(10);
const SECRET: &str = "0123456789abcdef0123456789abcdef";

fn task() -> Task<'static> {
    let mut input = Map::new();
    input.insert("prompt".to_owned(), Value::String("a cat".to_owned()));
    let callback_url = Some(format!("https://shop.example/kie/callback/7/{SECRET}"));
    Task { model: "google/nano-banana", input, callback_url }
}

/// What an order ends in; no word of it may hold a secret.
async fn ordered(server: &Server) -> Created {
    let created = server.kie().create(task()).await;
    let text = format!("{created:?}");
    assert!(!text.contains(KEY) && !text.contains(SECRET), "{text}");
    assert_eq!(server.seen().iter().filter(|seen| seen.starts_with("POST")).count(), 1, "sent once");
    created
}

#[tokio::test]
async fn an_order_is_sent_as_kie_wants_it_and_accepted() {
    let server = Server::json(r#"{"code":200,"msg":"success","data":{"taskId":"t1","recordId":"t1"}}"#).await;
    assert_eq!(ordered(&server).await, Created::Accepted("t1".to_owned()));
    let seen = server.seen().remove(0);
    let (head, body) = seen.split_once("\r\n\r\n").expect("a request");
    assert!(head.starts_with("POST /api/v1/jobs/createTask HTTP/1.1"), "{head}");
    assert!(head.to_lowercase().contains(&format!("authorization: bearer {KEY}")), "{head}");
    assert!(head.contains("samovar/"), "{head}");
    let body: Value = serde_json::from_str(body).expect("JSON");
    let callback = format!("https://shop.example/kie/callback/7/{SECRET}");
    let whole =
        json!({ "model": "google/nano-banana", "input": { "prompt": "a cat" }, "callBackUrl": callback });
    assert_eq!(body, whole);
}

#[tokio::test]
async fn a_refusal_is_told_without_the_secrets_it_repeats() {
    let body = format!(r#"{{"code":422,"msg":"bad callBackUrl https://x/{SECRET} for key {KEY}"}}"#);
    let why = Why::Rejected { message: "bad callBackUrl https://x/… for key …".to_owned() };
    assert_eq!(ordered(&Server::json(&body).await).await, Created::Refused(why));
}

#[tokio::test]
async fn a_busy_answer_carries_the_pause_of_its_header() {
    let body = br#"{"code":429,"msg":"Too many requests"}"#;
    let server = Server::answering("429 Too Many Requests", "retry-after: 42\r\n", body).await;
    assert_eq!(ordered(&server).await, Created::Busy { pause: Duration::from_secs(42), maintenance: false });
}

#[tokio::test]
async fn an_order_that_cannot_have_left_may_be_sent_again() {
    // A port that was just free: nobody listens there.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let nobody = listener.local_addr().expect("an address");
    drop(listener);
    let not_tls = Server::saying(Vec::new(), End::Reset).await;
    for url in [
        format!("http://{nobody}"),
        "http://no-such-host.invalid".to_owned(),
        not_tls.url.as_str().replace("http:", "https:"),
    ] {
        let kie = kie_at(&Url::parse(&url).expect("a link"), PATIENCE);
        let created = kie.create(task()).await;
        assert!(matches!(created, Created::NotSent(_)), "{url}: {created:?}");
        assert!(!format!("{created:?}").contains(KEY));
    }
    assert_eq!(not_tls.seen().len(), 1, "one handshake was tried");
}

#[tokio::test]
async fn every_answer_that_says_nothing_leaves_the_order_in_doubt() {
    let accepted = br#"{"code":200,"data":{"taskId":"t1"}}"#;
    let truncated = &http("200 OK", "", accepted)[..60];
    let html = http("502 Bad Gateway", "content-type: text/html\r\n", b"<html>Bad Gateway</html>");
    for (name, bytes, end) in [
        ("HTML", html, End::Close),
        ("half a JSON", http("200 OK", "", br#"{"code":200,"data":{"taskId":"t"#), End::Close),
        ("a redirect", http("302 Found", "location: http://127.0.0.1:1/\r\n", b""), End::Close),
        ("no task", http("200 OK", "", br#"{"code":200}"#), End::Close),
        ("a truncated body", truncated.to_vec(), End::Close),
        ("a body that stops", truncated.to_vec(), End::Hang),
        ("silence", Vec::new(), End::Hang),
        ("hanging up", Vec::new(), End::Close),
        ("no HTTP", b"SSH-2.0-OpenSSH_9.7\r\n".to_vec(), End::Close),
    ] {
        let created = ordered(&Server::saying(bytes, end).await).await;
        assert!(matches!(created, Created::InDoubt(_)), "{name}: {created:?}");
    }
    let server = Server::saying(Vec::new(), End::Reset).await;
    let created = server.kie().create(task()).await;
    assert!(matches!(created, Created::InDoubt(_)), "a reset: {created:?}");
    assert_eq!(server.seen().len(), 1, "and it was not sent again");
}

#[tokio::test]
async fn no_more_than_a_mebibyte_of_an_answer_is_read() {
    let padded = |size: usize| {
        let mut body = br#"{"code":200,"data":{"taskId":"t1"}}"#.to_vec();
        body.resize(size, b' ');
        http("200 OK", "", &body)
    };
    let server = Server::saying(padded(MAX_ANSWER_BYTES), End::Close).await;
    assert_eq!(ordered(&server).await, Created::Accepted("t1".to_owned()));
    let endless = [b"HTTP/1.1 200 OK\r\n\r\n".as_slice(), &vec![b' '; 65_536]].concat();
    for (bytes, end) in [(padded(MAX_ANSWER_BYTES + 1), End::Close), (endless, End::Endless)] {
        let server = Server::saying(bytes, end).await;
        let too_large = Created::InDoubt("HTTP 200: the answer is too large".to_owned());
        assert_eq!(ordered(&server).await, too_large);
    }
}

#[tokio::test]
async fn a_second_order_does_not_use_a_connection_that_may_be_closing() {
    // This server answers the first request of a connection and no other.
    let answer = http("200 OK", "", br#"{"code":200,"data":{"taskId":"t1"}}"#);
    let server = Server::saying(answer, End::Hang).await;
    let kie = kie_at(&server.url, PATIENCE);
    for _ in 0..3 {
        assert_eq!(kie.create(task()).await, Created::Accepted("t1".to_owned()));
    }
    assert_eq!(server.seen().iter().filter(|seen| seen.starts_with("POST")).count(), 3);
}

#[tokio::test(start_paused = true)]
async fn no_ten_seconds_see_more_than_twenty_orders() {
    let clock = Clock::simulated(At(0));
    let options = Options {
        base_url: Url::parse("http://127.0.0.1:1").expect("a link"),
        upload_url: Url::parse("http://127.0.0.1:1").expect("a link"),
        key: SecretString::from(KEY),
        result_hosts: Vec::new(),
        timeouts: Timeouts::default(),
    };
    let kie = Kie::new(options, &clock).expect("usable");
    let mut sent_ms = Vec::new();
    for _ in 0..100 {
        assert!(kie.create_limit.turn(MOST_WAIT).await);
        sent_ms.push(clock.now().up.0);
    }
    assert!(sent_ms.windows(21).all(|some| some[20] - some[0] > 10_000), "{sent_ms:?}");
    assert!(*sent_ms.last().expect("some") < 70_000, "and yet they go on");
}

#[tokio::test]
async fn a_look_asks_for_the_task_and_reads_it() {
    let body = r#"{"code":200,"data":{"taskId":"a b&c","state":"success",
        "resultJson":"{\"resultUrls\":[\"https://file.aiquickdraw.com/1.png\"]}","creditsConsumed":4}}"#;
    let server = Server::json(body).await;
    let look = server.kie().look("a b&c").await;
    let Look::Success { urls, .. } = look else { panic!("{look:?}") };
    assert_eq!(urls, ["https://file.aiquickdraw.com/1.png"]);
    let seen = server.seen().remove(0);
    assert!(seen.starts_with("GET /api/v1/jobs/recordInfo?taskId=a+b%26c HTTP/1.1"), "{seen}");
}

#[tokio::test]
async fn a_look_without_an_answer_is_no_look() {
    for (bytes, end) in [
        (http("503 Service Unavailable", "", b"<html>"), End::Close),
        (http("301 Moved", "location: /x\r\n", b""), End::Close),
        (Vec::new(), End::Hang),
        (Vec::new(), End::Reset),
        (http("200 OK", "", format!(r#"{{"code":500,"msg":"key {KEY}"}}"#).as_bytes()), End::Close),
    ] {
        let look = Server::saying(bytes, end).await.kie().look("t").await;
        assert!(matches!(look, Look::Unreachable(_)), "{look:?}");
        assert!(!format!("{look:?}").contains(KEY), "{look:?}");
    }
}

#[tokio::test]
async fn the_credit_is_read() {
    let server = Server::json(r#"{"code":200,"msg":"success","data":5916.25}"#).await;
    assert_eq!(server.kie().credit().await, Ok(Decimal::new(591_625, 2)));
    assert!(server.seen()[0].starts_with("GET /api/v1/chat/credit HTTP/1.1"));
    let hanging = Server::saying(Vec::new(), End::Hang).await;
    assert!(hanging.kie().credit().await.is_err());
}

#[tokio::test]
async fn nothing_that_can_be_printed_holds_the_key() {
    let kie = Server::json("{}").await.kie();
    assert!(!format!("{kie:?}").contains(KEY));
    assert!(!format!("{:?}", task()).contains(SECRET));
    let options = Options {
        base_url: Url::parse("http://127.0.0.1:1").expect("a link"),
        upload_url: Url::parse("http://127.0.0.1:1").expect("a link"),
        key: SecretString::from(format!("{KEY}\n")),
        result_hosts: Vec::new(),
        timeouts: Timeouts::default(),
    };
    assert!(!format!("{options:?}").contains(KEY));
    let error = Kie::new(options, &Clock::system()).expect_err("no header takes a line break");
    assert!(!format!("{error} {error:?}").contains(KEY));
}
