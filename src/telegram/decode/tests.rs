//! Every kind of update we know, and many that nobody would send.

use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};

const ANN: i64 = 4242;

fn ann() -> Value {
    json!({"id": ANN, "is_bot": false, "first_name": "Ann", "username": "ann_x", "language_code": "en-GB"})
}

fn private() -> Value {
    json!({"id": ANN, "first_name": "Ann", "type": "private"})
}

fn group() -> Value {
    json!({"id": -100_500, "title": "Friends", "type": "supergroup"})
}

/// A message of Ann's in `chat` with these contents.
fn message(chat: &Value, contents: &Value) -> Value {
    let mut message = json!({"message_id": 7, "date": 1_795_431_300, "from": ann(), "chat": chat});
    for (name, value) in contents.as_object().expect("an object") {
        message[name] = value.clone();
    }
    json!({"update_id": 10, "message": message})
}

fn read(update: &Value) -> Decoded {
    decode(update.to_string().as_bytes())
}

#[track_caller]
fn what(update: &Value) -> What {
    match read(update) {
        Decoded::Useful(incoming) => incoming.what,
        other @ (Decoded::Ignored { .. } | Decoded::Undecodable { .. }) => panic!("{other:?}"),
    }
}

#[track_caller]
fn attachment(contents: &Value) -> Attachment {
    let what = what(&message(&private(), contents));
    let What::File(attachment) = what else { panic!("{what:?}") };
    attachment
}

#[track_caller]
fn ignored(update: &Value) -> &'static str {
    match read(update) {
        Decoded::Ignored { update, why } => {
            assert_eq!(update, UpdateId(10));
            why
        }
        other @ (Decoded::Useful(_) | Decoded::Undecodable { .. }) => panic!("{other:?}"),
    }
}

fn member(chat: &Value, status: &str) -> Value {
    let bot = json!({"id": 1, "is_bot": true, "first_name": "Bot"});
    json!({"update_id": 10, "my_chat_member": {"chat": chat, "from": ann(), "date": 1,
        "old_chat_member": {"user": bot, "status": "left"}, "new_chat_member": {"user": bot, "status": status}}})
}

fn tap(message: &Value, data: &str) -> Value {
    json!({"update_id": 10, "callback_query":
        {"id": "q1", "from": ann(), "chat_instance": "c", "message": message, "data": data}})
}

#[test]
fn a_text_tells_who_where_and_what() {
    let update = message(&private(), &json!({"text": "/start ref"}));
    let from = Person {
        id: UserId(ANN),
        first_name: "Ann".to_owned(),
        username: Some("ann_x".to_owned()),
        lang: Lang::En,
    };
    let what = What::Text("/start ref".to_owned());
    assert_eq!(
        read(&update),
        Decoded::Useful(Incoming { update: UpdateId(10), from, chat: ChatId(ANN), what })
    );
    assert_eq!(update_id(update.to_string().as_bytes()), Some(UpdateId(10)));
}

#[test]
fn of_a_photo_the_largest_size_is_taken_with_its_caption_and_album() {
    let size = |id: &str, side: u32| json!({"file_id": id, "file_unique_id": format!("u{id}"), "width": side, "height": side, "file_size": side});
    let photo = json!({"photo": [size("s", 90), size("l", 1280), size("m", 320)],
        "caption": "a cat", "media_group_id": "g7"});
    let expected = Attachment {
        kind: FileKind::Photo,
        file_id: "l".to_owned(),
        unique_id: "ul".to_owned(),
        size_bytes: Some(1280),
        mime: None,
        name: None,
        pixels: Some((1280, 1280)),
        duration_s: None,
        caption: Some("a cat".to_owned()),
        album: Some("g7".to_owned()),
    };
    assert_eq!(attachment(&photo), expected);
}

#[test]
fn each_kind_of_file_is_known() {
    let file =
        json!({"file_id": "f", "file_unique_id": "u", "duration": 3, "length": 240, "mime_type": "a/b"});
    for (field, kind) in [
        ("document", FileKind::Document),
        ("video", FileKind::Video),
        ("video_note", FileKind::VideoNote),
        ("audio", FileKind::Audio),
        ("voice", FileKind::Voice),
        ("animation", FileKind::Animation),
        ("sticker", FileKind::Sticker),
    ] {
        let read = attachment(&json!({field: file}));
        assert_eq!((read.kind, read.duration_s, read.pixels), (kind, Some(3), Some((240, 240))), "{field}");
    }
    assert_eq!(attachment(&json!({"document": file, "animation": file})).kind, FileKind::Animation);
}

#[test]
fn what_telegram_says_about_a_file_never_costs_the_file() {
    let odd = json!({"voice": {"file_id": "f", "file_unique_id": "u", "duration": -1, "mime_type": 5,
        "file_size": 1.5e300, "file_name": null, "width": "wide"}});
    let read = attachment(&odd);
    assert_eq!((read.duration_s, read.mime, read.size_bytes, read.pixels), (None, None, None, None));
    let large = json!({"document": {"file_id": "f", "file_unique_id": "u", "file_size": 5_000_000_000_u64}});
    assert_eq!(attachment(&large).size_bytes, Some(5_000_000_000));
}

/// Why this module does not read through teloxide's types. When this fails, that has changed.
#[test]
fn teloxide_would_lose_a_voice_message_without_a_mime_type() {
    let voice = json!({"voice": {"file_id": "f", "file_unique_id": "u", "duration": 1, "file_size": 9}});
    let update = message(&private(), &voice);
    assert_eq!(attachment(&voice).kind, FileKind::Voice);
    let theirs: teloxide::types::Update = serde_json::from_str(&update.to_string()).expect("an update");
    let teloxide::types::UpdateKind::Message(message) = theirs.kind else { panic!("{theirs:?}") };
    assert!(message.voice().is_none());
}

#[test]
fn a_tap_names_its_message_unless_that_is_too_old() {
    let on = |date: i64| json!({"message_id": 7, "date": date, "chat": private()});
    let tapped = |message| What::Tap { query: "q1".to_owned(), message, data: "m:z-image".to_owned() };
    assert_eq!(what(&tap(&on(1_795_431_300), "m:z-image")), tapped(Some(MessageId(7))));
    assert_eq!(what(&tap(&on(0), "m:z-image")), tapped(None));
    assert_eq!(what(&tap(&Value::Null, "m:z-image")), tapped(None));
}

#[test]
fn a_button_that_is_not_ours_is_still_a_tap_to_answer() {
    let no_data =
        json!({"update_id": 10, "callback_query": {"id": "q1", "from": ann(), "game_short_name": "g"}});
    let empty = What::Tap { query: "q1".to_owned(), message: None, data: String::new() };
    assert_eq!(what(&no_data), empty);
    assert_eq!(what(&tap(&Value::Null, &"x".repeat(65))), empty);
}

#[test]
fn blocking_and_coming_back_are_told_apart() {
    assert_eq!(what(&member(&private(), "kicked")), What::Blocked(true));
    assert_eq!(what(&member(&private(), "member")), What::Blocked(false));
    assert_eq!(ignored(&member(&private(), "left")), "a membership we do not know");
}

#[test]
fn groups_and_channels_are_left_and_the_leaving_is_no_news() {
    let channel = json!({"id": -1, "title": "News", "type": "channel"});
    for status in ["member", "administrator"] {
        assert_eq!(what(&member(&group(), status)), What::AddedToGroup);
        assert_eq!(what(&member(&channel, status)), What::AddedToGroup);
    }
    for status in ["left", "kicked", "restricted"] {
        assert_eq!(ignored(&member(&group(), status)), "no longer in that group");
    }
    assert_eq!(what(&message(&group(), &json!({"text": "hi"}))), What::AddedToGroup);
    assert_eq!(ignored(&message(&group(), &json!({"new_chat_members": []}))), "a service message");
}

#[test]
fn questions_before_payments_and_payments_are_known_and_urgent() {
    let query = json!({"update_id": 10, "pre_checkout_query": {"id": "p1", "from": ann(), "currency": "XTR",
        "total_amount": 77, "invoice_payload": "x"}});
    let bill = Bill { currency: "XTR".to_owned(), total: 77, payload: "x".to_owned() };
    assert_eq!(what(&query), What::PreCheckout { query: "p1".to_owned(), bill: bill.clone() });
    assert_eq!(head(query.to_string().as_bytes()), Some((UpdateId(10), Urgency::Urgent)));
    let charge = "c".to_owned();
    let told = [
        ("successful_payment", What::Paid { bill: bill.clone(), charge: charge.clone() }),
        ("refunded_payment", What::WentBack { bill, charge }),
    ];
    for (payment, means) in told {
        let paid = json!({payment: {"currency": "XTR", "total_amount": 77, "invoice_payload": "x",
            "telegram_payment_charge_id": "c"}});
        let update = message(&private(), &paid);
        assert_eq!(what(&update), means);
        let urgency = head(update.to_string().as_bytes()).map(|(_, urgency)| urgency);
        assert_eq!(urgency, Some(Urgency::Urgent));
    }
}

#[test]
fn other_messages_are_unsupported_and_other_updates_ignored() {
    for contents in [
        json!({"poll": {"id": "1"}}),
        json!({"dice": {"emoji": "x", "value": 1}}),
        json!({"location": {"latitude": 1.5, "longitude": 2.5}}),
        json!({"a_kind_of_the_future": {"deep": [1, [2]]}}),
        json!({}),
    ] {
        assert_eq!(what(&message(&private(), &contents)), What::Unsupported, "{contents}");
    }
    for kind in ["edited_message", "channel_post", "edited_channel_post", "business_message", "of_the_future"]
    {
        assert_eq!(ignored(&json!({"update_id": 10, kind: {"text": "x"}})), "a kind of update we do not use");
    }
    assert_eq!(ignored(&message(&private(), &json!({"pinned_message": {}}))), "a service message");
    let bot = json!({"text": "x", "from": {"id": 1, "is_bot": true, "first_name": "Bot"}});
    assert_eq!(ignored(&message(&private(), &bot)), "from a bot");
    assert_eq!(ignored(&message(&private(), &json!({"text": "x", "from": null}))), "from nobody");
}

#[test]
fn what_is_no_update_is_undecodable_and_its_contents_are_not_told() {
    let deep = format!("{{\"update_id\":10,\"message\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let table: [(&[u8], Option<u64>); 10] = [
        (b"", None),
        (b"\xff\xfe", None),
        (b"[]", None),
        (b"{\"message\":{}}", None),
        (b"{\"update_id\":-1}", None),
        (b"{\"update_id\":18446744073709551616}", None),
        (b"{\"update_id\":1e400}", None),
        (b"{\"update_id\":10,\"message\":\"planted\"}", Some(10)),
        (
            b"{\"update_id\":10,\"message\":{\"chat\":{\"id\":99999999999999999999,\"type\":\"private\"}}}",
            Some(10),
        ),
        (deep.as_bytes(), Some(10)),
    ];
    for (raw, number) in table {
        match decode(raw) {
            Decoded::Undecodable { update, why } => {
                assert_eq!(update, number.map(UpdateId), "{why}");
                assert!(!why.contains("planted"), "{why}");
            }
            other @ (Decoded::Useful(_) | Decoded::Ignored { .. }) => panic!("{other:?}"),
        }
    }
}

#[test]
fn names_are_made_harmless_and_never_empty() {
    let long = "ж".repeat(100);
    for (first, last, username, name) in [
        ("  Ann\u{0}\u{202e} \n", "", "", "Ann"),
        ("A\nB", "", "", "A B"),
        (long.as_str(), "", "", &long[..128]),
        ("\u{3164}", "Lee", "", "Lee"),
        ("\u{200d}\u{2800}", "", "ann_x", "ann_x"),
        ("", "", "not a name", "4242"),
        ("👩\u{200d}🚀", "", "", "👩\u{200d}🚀"),
    ] {
        let user = json!({"id": ANN, "first_name": first, "last_name": last, "username": username});
        let user: User = serde_json::from_value(user).expect("a user");
        assert_eq!(person(user).first_name, name);
    }
}

#[test]
fn a_message_in_reply_to_replies_without_end_is_read_on_a_small_stack() {
    let mut inner = String::from("{}");
    for _ in 0..2_000 {
        inner = format!("{{\"message_id\":1,\"text\":\"x\",\"reply_to_message\":{inner}}}");
    }
    let update = format!(
        "{{\"update_id\":10,\"message\":{{\"message_id\":1,\"date\":1,\"from\":{},\"chat\":{},\"text\":\"hi\",\"reply_to_message\":{inner}}}}}",
        ann(),
        private()
    );
    let reader = std::thread::Builder::new().stack_size(128 * 1024).spawn(move || decode(update.as_bytes()));
    let decoded = reader.expect("a thread").join().expect("no overflow");
    assert!(matches!(decoded, Decoded::Useful(Incoming { what: What::Text(_), .. })), "{decoded:?}");
}

fn corpus() -> Vec<Value> {
    let file = json!({"file_id": "f", "file_unique_id": "u", "width": 1, "height": 2, "file_size": 3});
    vec![
        message(&private(), &json!({"text": "hi"})),
        message(&private(), &json!({"photo": [file], "caption": "c"})),
        message(&private(), &json!({"video": file, "media_group_id": "g"})),
        message(&group(), &json!({"text": "hi"})),
        tap(&json!({"message_id": 7, "date": 1, "chat": private()}), "home"),
        member(&private(), "kicked"),
        member(&group(), "member"),
        json!({"update_id": 10, "pre_checkout_query": {"id": "p", "from": ann()}}),
    ]
}

/// Any value in place of the value number `at` of an update.
fn replace(value: &mut Value, at: &mut usize, with: &Value) {
    if *at == 0 {
        *value = with.clone();
    }
    *at = at.wrapping_sub(1);
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, at, with)),
        Value::Object(fields) => fields.values_mut().for_each(|field| replace(field, at, with)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map("[a-z_]{1,12}", inner, 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(raw in prop::collection::vec(any::<u8>(), 0..300)) {
        decode(&raw);
        update_id(&raw);
    }

    #[test]
    fn no_changed_update_makes_it_panic(number in 0..8_usize, at in 0..40_usize, with in any_value()) {
        let mut update = corpus().swap_remove(number);
        replace(&mut update, &mut at.clone(), &with);
        let raw = update.to_string();
        let number = update_id(raw.as_bytes());
        match decode(raw.as_bytes()) {
            Decoded::Useful(incoming) => {
                prop_assert_eq!(Some(incoming.update), number);
                let name = incoming.from.first_name;
                prop_assert!((1..=64).contains(&name.chars().count()));
            }
            Decoded::Ignored { update, .. } => prop_assert_eq!(Some(update), number),
            Decoded::Undecodable { update, .. } => prop_assert_eq!(update, number),
        }
    }

    #[test]
    fn no_cut_or_flipped_update_makes_it_panic(number in 0..8_usize, cut in 0..600_usize, flip in any::<u8>()) {
        let mut raw = corpus().swap_remove(number).to_string().into_bytes();
        let at = cut % raw.len();
        raw[at] ^= flip;
        decode(&raw);
        decode(&raw[..at]);
    }

    #[test]
    fn any_name_becomes_a_name_on_one_line(first in any::<String>(), last in any::<Option<String>>()) {
        let user = json!({"id": ANN, "first_name": first, "last_name": last});
        let name = person(serde_json::from_value(user).expect("a user")).first_name;
        prop_assert!((1..=64).contains(&name.chars().count()));
        prop_assert!(name.chars().all(|char| !char.is_control() && !is_invisible(char)));
    }
}
