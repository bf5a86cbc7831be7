//! Calls other than sends, and what must be in no answer at all.

use super::*;

#[tokio::test]
async fn the_token_is_in_no_error_and_no_debug() {
    let echo = format!("Bad Request: no such thing as bot{TOKEN}/sendMessage {}", "x".repeat(500));
    let script = vec![
        no(400, &echo),
        Reply::Raw(502, &[], vec![]),
        Reply::Silence,
        Reply::Silence,
        no(409, "Conflict"),
        ok(json!({"file_path": "a/b"})),
        Reply::Raw(500, &[], vec![]),
    ];
    let fake = fake_for(script, HASTY).await;
    let to = fake.data.path().join("file");
    let mut words = vec![format!("{:?}", fake.telegram)];
    for _ in 0..3 {
        words.push(format!("{:?}", fake.telegram.send(&hello(None)).await));
    }
    words.push(format!("{:?}", fake.telegram.me().await));
    words.push(format!("{:?}", fake.telegram.updates(None, Duration::ZERO).await));
    words.push(format!("{:?}", fake.telegram.fetch_file("f", &to).await));
    let (nowhere, _data) = at("http://127.0.0.1:1/".parse().expect("a URL"), HASTY);
    words.push(format!("{:?}", nowhere.send(&hello(None)).await));
    words.push(format!("{:?}", nowhere.fetch_file("f", &to).await));
    assert!(words[1].contains("[token]") && words[1].chars().count() < 350, "{}", words[1]);
    for words in words {
        assert!(!words.contains("PLANTED") && !words.contains("123456"), "{words}");
    }
}

#[tokio::test]
async fn a_file_is_fetched_whole_or_not_at_all() {
    let large = vec![7; usize::try_from(FETCH_MAX_BYTES).expect("small") + 1];
    let fake = fake(vec![
        ok(json!({"file_id": "f", "file_path": "photos/file_1.jpg", "file_size": 3})),
        Reply::Raw(200, &[], b"JPG".to_vec()),
        ok(json!({"file_id": "f", "file_path": "x", "file_size": FETCH_MAX_BYTES + 1})),
        ok(json!({"file_id": "f", "file_path": "x"})),
        Reply::Raw(200, &[], large),
        no(400, "Bad Request: file is too big"),
        no(400, "Bad Request: wrong file_id or the file is temporarily unavailable"),
        ok(json!({"file_id": "f", "file_path": "x"})),
        Reply::Raw(404, &[], vec![]),
    ])
    .await;
    let to = fake.data.path().join("in.jpg");
    assert_eq!(fake.telegram.fetch_file("f", &to).await.expect("fetched"), 3);
    assert_eq!(std::fs::read(&to).expect("there"), b"JPG");
    assert_eq!(fake.seen()[1].path, format!("/file/bot{TOKEN}/photos/file_1.jpg"));
    let other = fake.data.path().join("other.jpg");
    for _ in 0..3 {
        let error = fake.telegram.fetch_file("f", &other).await.expect_err("too big");
        assert!(matches!(error, FetchError::TooBig), "{error:?}");
    }
    for _ in 0..2 {
        let error = fake.telegram.fetch_file("f", &other).await.expect_err("gone");
        assert!(matches!(error, FetchError::Gone(_)), "{error:?}");
    }
    let names: Vec<_> = std::fs::read_dir(fake.data.path()).expect("a directory").collect();
    assert_eq!(names.len(), 1, "{names:?}");
}

#[tokio::test]
async fn updates_keep_their_bytes_whatever_their_kind() {
    let raw =
        r#"{"ok":true,"result":[{"update_id":7, "of_the_future":{"x":1.50}},{"update_id":8,"message":{}}]}"#;
    let fake = fake(vec![Reply::Raw(200, &[], raw.into()), ok(json!([]))]).await;
    let updates = fake.telegram.updates(None, Duration::from_secs(99)).await.expect("updates");
    let read: Vec<_> = updates.iter().map(|update| (update.id.0, update.bytes.as_ref())).collect();
    assert_eq!(read[0], (7, br#"{"update_id":7, "of_the_future":{"x":1.50}}"#.as_slice()));
    assert_eq!(read[1], (8, br#"{"update_id":8,"message":{}}"#.as_slice()));
    let next = Some(UpdateId(u64::from(u32::MAX) + 1));
    assert_eq!(fake.telegram.updates(next, Duration::ZERO).await, Ok(vec![]));
    let seen: Vec<Value> = fake.seen().iter().map(Seen::json).collect();
    let kinds = json!(["message", "callback_query", "my_chat_member", "pre_checkout_query"]);
    assert_eq!(seen[0], json!({"limit": 100, "timeout": 50, "allowed_updates": kinds}));
    assert_eq!(seen[1]["offset"], json!(4_294_967_296_u64));
}

#[tokio::test]
async fn a_start_learns_who_the_bot_is_and_says_where_to_post() {
    let fake = fake(vec![
        ok(json!({"id": 1, "is_bot": true, "first_name": "Bot", "username": "my_bot"})),
        ok(json!({"url": "https://example.org/hook", "pending_update_count": 3, "has_custom_certificate": false})),
        ok(json!(true)),
        ok(json!(true)),
        no(401, "Unauthorized"),
    ])
    .await;
    let me = Me { id: 1, username: "my_bot".to_owned(), first_name: "Bot".to_owned() };
    assert_eq!(fake.telegram.me().await, Ok(me));
    let info = fake.telegram.webhook().await.expect("known");
    assert_eq!((info.url.as_str(), info.pending_update_count), ("https://example.org/hook", 3));
    let url = "https://example.org/webhook".parse().expect("a URL");
    fake.telegram
        .set_webhook(&Webhook { url, secret: "s3cret".into(), certificate: None })
        .await
        .expect("set");
    fake.telegram.delete_webhook().await.expect("deleted");
    assert_eq!(fake.telegram.me().await, Err(CallError::Token));
    let seen = fake.seen();
    assert_eq!(
        seen[2].json(),
        json!({"url": "https://example.org/webhook", "secret_token": "s3cret", "max_connections": 40,
            "allowed_updates": ["message", "callback_query", "my_chat_member", "pre_checkout_query"]})
    );
    assert_eq!(seen[3].json(), json!({"drop_pending_updates": false}));
}

#[tokio::test]
async fn the_menu_is_set_in_both_languages_with_russian_for_everybody_else() {
    let fake = fake(vec![ok(json!(true)), ok(json!(true)), ok(json!(true))]).await;
    let describe = |lang: Lang, name: &str| format!("{} {name}", lang.code());
    crate::telegram::setup::set_menu(&fake.telegram, describe).await.expect("set");
    let seen: Vec<Value> = fake.seen().iter().map(Seen::json).collect();
    let said = |menu: &Value| (menu["language_code"].clone(), menu["commands"][2].clone());
    let command = |text: &str| json!({"command": "balance", "description": text});
    assert_eq!(said(&seen[0]), (Value::Null, command("ru balance")));
    assert_eq!(said(&seen[1]), (json!("ru"), command("ru balance")));
    assert_eq!(said(&seen[2]), (json!("en"), command("en balance")));
}

#[test]
fn of_more_updates_than_were_asked_for_the_rest_is_left_for_the_next_time() {
    let list: Vec<Value> = (1..=150).map(|id| json!({ "update_id": id })).collect();
    let listed = serde_json::value::to_raw_value(&list).expect("a list");
    let taken = updates(&listed).expect("updates");
    assert_eq!((taken.len(), taken.last().map(|last| last.id)), (100, Some(UpdateId(100))));
}
