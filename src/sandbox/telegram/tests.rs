//! The Telegram machine alone: no sockets, the time is a number.

use super::*;
use crate::sandbox::media;
use bytes::Bytes;

pub(super) const ANN: i64 = 77;
pub(super) const TOKEN: &str = "4242:sandbox";

pub(super) fn world() -> World {
    let mut world = World::new(Bot::default());
    world.user(ANN, "Ann", "ru");
    world.say(0, ANN, "/start").expect("said");
    world
}

pub(super) fn ask(world: &mut World, now_ms: i64, method: &str, params: &Value) -> Value {
    let reply = world.call(now_ms, &Call::new(TOKEN, method, params));
    reply.body().cloned().unwrap_or_else(|| panic!("{method}: {:?}", reply.answer))
}

#[track_caller]
pub(super) fn done(world: &mut World, method: &str, params: &Value) -> Value {
    let body = ask(world, 1000, method, params);
    assert_eq!(body["ok"], true, "{method}: {body}");
    body["result"].clone()
}

#[track_caller]
pub(super) fn refused(world: &mut World, method: &str, params: &Value) -> (u64, String) {
    let body = ask(world, 1000, method, params);
    assert_eq!(body["ok"], false, "{method}: {body}");
    (body["error_code"].as_u64().expect("a code"), body["description"].as_str().expect("words").to_owned())
}

fn menu(rows: usize) -> Value {
    let row = |index: usize| json!([{"text": format!("B{index}"), "callback_data": format!("b:{index}")}]);
    json!({"inline_keyboard": (0..rows).map(row).collect::<Vec<_>>()})
}

fn hello(text: &str) -> Value {
    json!({"chat_id": ANN, "text": text})
}

pub(super) fn upload(world: &mut World, method: &str, bytes: &[u8]) -> Value {
    let mut call = Call::new(TOKEN, method, &json!({"chat_id": ANN.to_string(), "caption": "c"}));
    let upload = Upload { file_name: "f.csv".to_owned(), bytes: Bytes::copy_from_slice(bytes) };
    call.params.files.insert(method.trim_start_matches("send").to_ascii_lowercase(), upload);
    world.call(0, &call).body().cloned().expect("JSON")
}

#[test]
fn method_names_are_taken_in_any_case_and_a_wrong_token_is_unauthorized() {
    let mut world = world();
    for method in ["getMe", "GetMe", "getme", "GETME"] {
        assert_eq!(done(&mut world, method, &json!({}))["username"], "samovar_sandbox_bot");
    }
    let reply = world.call(0, &Call::new("4242:other", "getMe", &json!({})));
    assert_eq!(reply.body(), Some(&json!({"ok": false, "error_code": 401, "description": "Unauthorized"})));
    assert_eq!(refused(&mut world, "sendPigeon", &json!({})).0, 404);
}

#[test]
fn a_text_has_1_to_4096_characters_after_its_markup() {
    let mut world = world();
    let most = "я".repeat(4096);
    let html = |text: &str| json!({"chat_id": ANN, "text": text, "parse_mode": "HTML"});
    done(&mut world, "sendMessage", &html(&format!("<b>{most}</b>")));
    for (params, words) in [
        (hello(&format!("{most}!")), "Bad Request: message is too long"),
        (hello(""), "Bad Request: message text is empty"),
        (hello(" \n"), "Bad Request: message text is empty"),
        (html("<b></b>"), "Bad Request: message text is empty"),
        (html("a < b"), "Bad Request: can't parse entities: Unclosed start tag at byte offset 2"),
        (json!({"chat_id": 5, "text": "x"}), "Bad Request: chat not found"),
        (json!({"text": "x"}), "Bad Request: chat_id is empty"),
    ] {
        assert_eq!(refused(&mut world, "sendMessage", &params), (400, words.to_owned()));
    }
    assert_eq!(world.seen().len(), 1);
    assert_eq!(world.refused().len(), 7);
}

#[test]
fn keyboards_are_checked_as_telegram_checks_them() {
    let mut world = world();
    let with = |markup: Value| json!({"chat_id": ANN, "text": "x", "reply_markup": markup});
    let one = |button: Value| with(json!({"inline_keyboard": [[button]]}));
    done(&mut world, "sendMessage", &with(menu(100)));
    // A form brings the markup as a text.
    done(&mut world, "sendMessage", &with(Value::String(menu(1).to_string())));
    done(&mut world, "sendMessage", &one(json!({"text": "ж", "callback_data": "ж".repeat(32)})));
    for params in [
        with(menu(101)),
        one(json!({"text": "ж", "callback_data": "ж".repeat(33)})),
        one(json!({"text": "x", "callback_data": ""})),
        one(json!({"text": "x"})),
        one(json!({"text": "", "callback_data": "x"})),
        one(json!("x")),
        with(json!({"inline_keyboard": "x"})),
        with(json!("{")),
        with(json!(7)),
    ] {
        assert_eq!(refused(&mut world, "sendMessage", &params).0, 400, "{params}");
    }
}

#[test]
fn an_edit_that_changes_nothing_is_refused_and_one_without_a_keyboard_takes_it_away() {
    let mut world = world();
    let params = json!({"chat_id": ANN, "text": "one", "reply_markup": menu(2)});
    let id = done(&mut world, "sendMessage", &params)["message_id"].clone();
    let edit = |text: &str, markup: Value| json!({"chat_id": ANN, "message_id": id, "text": text, "reply_markup": markup});
    let (code, words) = refused(&mut world, "editMessageText", &edit("one", menu(2)));
    assert!(code == 400 && words.starts_with("Bad Request: message is not modified"), "{words}");
    done(&mut world, "editMessageText", &edit("two", menu(2)));
    done(&mut world, "editMessageReplyMarkup", &edit("", menu(1)));
    done(&mut world, "editMessageText", &json!({"chat_id": ANN, "message_id": id, "text": "two"}));
    let id = id.as_i64().expect("an id");
    let message = world.message(ANN, id).expect("there");
    assert_eq!((message.text.as_str(), message.labels().len()), ("two", 0));
    for (wrong, words) in
        [(id + 1, "Bad Request: message to edit not found"), (1, "Bad Request: message can't be edited")]
    {
        let params = json!({"chat_id": ANN, "message_id": wrong, "text": "x"});
        assert_eq!(refused(&mut world, "editMessageText", &params), (400, words.to_owned()));
    }
    let at = json!({"chat_id": ANN, "message_id": id});
    done(&mut world, "deleteMessage", &at);
    assert_eq!(refused(&mut world, "deleteMessage", &at).1, "Bad Request: message to delete not found");
    assert_eq!(world.message(ANN, id), None);
}

#[test]
fn only_a_button_that_is_there_now_can_be_tapped() {
    let mut world = world();
    let params = json!({"chat_id": ANN, "text": "one", "reply_markup": menu(2)});
    let id = done(&mut world, "sendMessage", &params)["message_id"].as_i64().expect("an id");
    world.tap(0, ANN, id, "B1").expect("by label");
    world.tap(0, ANN, id, "b:0").expect("by data");
    world.tap_latest(0, ANN, "B0").expect("the newest");
    done(&mut world, "editMessageText", &json!({"chat_id": ANN, "message_id": id, "text": "two"}));
    let gone = world.tap(0, ANN, id, "B1");
    assert_eq!(gone, Err(CannotAct::NoButton { message_id: id, wanted: "B1".to_owned(), there: vec![] }));
    assert_eq!(world.tap(0, ANN, 999, "B1"), Err(CannotAct::NoMessage(999)));
    assert_eq!(world.tap(0, 5, id, "B1"), Err(CannotAct::NoPerson(5)));
    let query = world.taps().keys().next().expect("a tap").clone();
    let answer = json!({"callback_query_id": query, "text": "ok"});
    assert_eq!(ask(&mut world, 150_000, "answerCallbackQuery", &answer)["ok"], true);
    let late = ask(&mut world, 150_001, "answerCallbackQuery", &answer);
    assert_eq!(
        late["description"],
        "Bad Request: query is too old and response timeout expired or query ID is invalid"
    );
    assert_eq!(world.seen().last().and_then(|seen| seen.chat), Some(ANN));
}

#[test]
fn who_blocked_the_bot_or_left_gets_nothing() {
    let mut world = world();
    world.block(0, ANN).expect("blocked");
    let words = (403, "Forbidden: bot was blocked by the user".to_owned());
    assert_eq!(refused(&mut world, "sendMessage", &hello("x")), words);
    world.say(0, ANN, "back").expect("said");
    done(&mut world, "sendMessage", &hello("x"));
    world.add_to_group(0, ANN, -5, "Friends").expect("added");
    done(&mut world, "sendMessage", &json!({"chat_id": -5, "text": "x"}));
    done(&mut world, "leaveChat", &json!({"chat_id": -5}));
    assert_eq!(refused(&mut world, "sendMessage", &json!({"chat_id": -5, "text": "x"})).0, 403);
    world.deactivate(ANN).expect("gone");
    assert_eq!(refused(&mut world, "sendMessage", &hello("x")).1, "Forbidden: user is deactivated");
}

#[test]
fn a_photo_is_really_a_picture_and_is_sent_again_by_its_id_as_a_photo_only() {
    let mut world = world();
    let picture = media::png("cat", "1:1").expect("drawn");
    let sent = upload(&mut world, "sendPhoto", &picture);
    assert_eq!(sent["result"]["caption"], "c");
    let file_id = sent["result"]["photo"][0]["file_id"].as_str().expect("an id").to_owned();
    assert_eq!(world.seen()[0].files[0].bytes, picture.len());
    done(&mut world, "sendPhoto", &json!({"chat_id": ANN, "photo": file_id}));
    let (code, words) = refused(&mut world, "sendDocument", &json!({"chat_id": ANN, "document": file_id}));
    assert_eq!((code, words.as_str()), (400, "Bad Request: can't use file of type Photo as Document"));
    for (bytes, words) in [
        (&picture[..picture.len() / 2], "Bad Request: IMAGE_PROCESS_FAILED"),
        (b"<html>", "Bad Request: IMAGE_PROCESS_FAILED"),
        (b"", "Bad Request: file must be non-empty"),
        // The head of a JPEG of 300 by 10.
        (&[0xFF, 0xD8, 0xFF, 0xC0, 0, 17, 8, 0, 10, 1, 44, 3], "Bad Request: PHOTO_INVALID_DIMENSIONS"),
        (
            &vec![0; 10 * 1024 * 1024 + 1],
            "Bad Request: file of size 10485761 bytes is too big for a photo; the maximum size is 10485760 bytes",
        ),
    ] {
        let answer = upload(&mut world, "sendPhoto", bytes);
        assert_eq!(answer["description"], words);
    }
    let path = done(&mut world, "getFile", &json!({"file_id": file_id}))["file_path"].clone();
    let reply = world.download(TOKEN, path.as_str().expect("a path"));
    assert!(matches!(&reply.answer, Answer::Raw { body, .. } if body[..] == picture[..]));
    assert_eq!(refused(&mut world, "getFile", &json!({"file_id": "x"})).0, 400);
}

#[test]
fn an_album_has_2_to_10_items_that_come_as_messages_of_one_group() {
    let mut world = world();
    let item = |name: &str| json!({"type": "photo", "media": format!("attach://{name}"), "caption": name});
    let mut call = Call::new(TOKEN, "sendMediaGroup", &json!({"chat_id": ANN}));
    call.params.fields.insert("media".to_owned(), json!([item("a"), item("b")]));
    for name in ["a", "b"] {
        let bytes = Bytes::from(media::png(name, "1:1").expect("drawn"));
        call.params.files.insert(name.to_owned(), Upload { file_name: String::new(), bytes });
    }
    let body = world.call(0, &call).body().cloned().expect("JSON");
    assert_eq!(body["result"].as_array().map(Vec::len), Some(2), "{body}");
    assert_eq!(body["result"][0]["media_group_id"], body["result"][1]["media_group_id"]);
    assert_eq!(world.seen()[0].files.len(), 2);
    call.params.fields.insert("media".to_owned(), json!([item("a")]));
    assert_eq!(world.call(0, &call).body().map(|body| body["error_code"].clone()), Some(json!(400)));
}

#[test]
fn commands_are_kept_per_scope_and_language() {
    let mut world = world();
    let list = json!([{"command": "start", "description": "go"}]);
    done(&mut world, "setMyCommands", &json!({"commands": list, "language_code": "ru"}));
    assert_eq!(done(&mut world, "getMyCommands", &json!({"language_code": "ru"})), list);
    assert_eq!(done(&mut world, "getMyCommands", &json!({})), json!([]));
    for (command, description) in [("Start", "x"), ("", "x"), ("start", ""), ("s t", "x")] {
        let list = json!([{"command": command, "description": description}]);
        assert_eq!(refused(&mut world, "setMyCommands", &json!({"commands": list})).0, 400);
    }
}

#[test]
fn the_script_spoils_the_calls_it_names_and_no_others() {
    let mut world = world();
    world.script(Fault::of("sendMessage", Misbehaviour::TooMany { retry_after_s: 7 }).after(1).times(2));
    done(&mut world, "sendMessage", &hello("1"));
    for _ in 0..2 {
        let body = ask(&mut world, 0, "sendMessage", &hello("2"));
        assert_eq!(body["parameters"]["retry_after"], 7);
    }
    done(&mut world, "sendMessage", &hello("3"));
    world.script(Fault::in_chat(ANN, Misbehaviour::LoseAnswer));
    done(&mut world, "getMe", &json!({}));
    let reply = world.call(0, &Call::new(TOKEN, "sendMessage", &hello("4")));
    assert_eq!(reply.answer, Answer::Never);
    let texts: Vec<_> = world.seen().iter().filter_map(|seen| seen.text.as_deref()).collect();
    assert_eq!(texts, ["1", "3", "4"]);
    assert!(world.faults().is_empty());
}

#[test]
fn any_parameters_are_answered_without_a_panic() {
    let methods = [
        "getMe",
        "getUpdates",
        "setWebhook",
        "sendMessage",
        "sendPhoto",
        "sendMediaGroup",
        "editMessageText",
        "editMessageCaption",
        "editMessageReplyMarkup",
        "deleteMessage",
        "answerCallbackQuery",
        "getFile",
        "setMyCommands",
        "getMyCommands",
        "getChat",
        "leaveChat",
        "sendChatAction",
        "deleteWebhook",
    ];
    let values = [
        json!(null),
        json!(""),
        json!("x"),
        json!("{}"),
        json!("[]"),
        json!([[[]]]),
        json!({"a": 1}),
        json!(i64::MAX),
        json!(i64::MIN),
        json!(1.5),
        json!(true),
        json!(ANN),
        json!("\u{0}😀"),
        json!([null, 7]),
    ];
    let names = [
        "chat_id",
        "text",
        "message_id",
        "reply_markup",
        "photo",
        "media",
        "offset",
        "limit",
        "timeout",
        "url",
        "allowed_updates",
        "commands",
        "scope",
        "reply_parameters",
        "secret_token",
        "max_connections",
    ];
    let mut world = world();
    for method in methods {
        for first in names {
            for second in names {
                for value in &values {
                    let mut params = json!({"chat_id": ANN, "text": "x", "parse_mode": "HTML"});
                    params[first] = value.clone();
                    params[second] = json!("7");
                    world.call(0, &Call::new(TOKEN, method, &params));
                }
            }
        }
    }
}
