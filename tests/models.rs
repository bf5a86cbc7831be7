//! All 42 models through the door: found from /start by buttons, ordered with only what is needed
//! and with every value of every option, and what KIE receives compared with the facts about it.
//!
//! `kie_facts.json` is what KIE documents and was seen to take; nothing here asks the catalogue what
//! is right.

use crate::support::{Customer, Mode, TestApp};
use bytes::Bytes;
use samovar::ids::JobId;
use samovar::sandbox::media::{self, MediaKind};
use samovar::sandbox::telegram::{FileKind, Message};
use serde_json::Value;
use std::collections::BTreeSet;
use std::time::Duration;

const ANN: i64 = 1001;

/// The facts about all models.
pub(crate) fn facts() -> Vec<Value> {
    serde_json::from_str(include_str!("kie_facts.json")).expect("the facts are JSON")
}

pub(crate) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("{name} of {value}"))
}

pub(crate) fn params(model: &Value) -> &[Value] {
    model["params"].as_array().expect("a list")
}

fn param<'a>(model: &'a Value, name: &str) -> &'a Value {
    params(model).iter().find(|param| param["name"] == name).unwrap_or(&Value::Null)
}

fn picture() -> Bytes {
    media::make(MediaKind::Image, "самовар", "1:1").expect("a picture")
}

/// Checks a createTask body against the facts, and nothing else.
pub(crate) fn check_body(app: &TestApp, model: &Value, body: &Value) {
    assert_eq!(body["model"], model["api_model"]);
    let input = body["input"].as_object().expect("an object");
    let uploads = app.sandbox.kie.look(|kie| {
        let file = |one: &samovar::sandbox::kie::Uploaded| (one.url.clone(), one.bytes.clone());
        kie.uploads().iter().map(file).collect::<Vec<_>>()
    });
    for (name, value) in input {
        let fact = param(model, name);
        assert!(fact.is_object(), "{} has no {name}: {body}", text(model, "id"));
        let wrong = format!("{} {name} = {value} against {fact}", text(model, "id"));
        let is_file = |value: &Value, family: &str| {
            let known = uploads.iter().find(|(url, _)| value == url.as_str());
            let kind = known.and_then(|(_, bytes)| infer::get(bytes));
            assert!(kind.is_some_and(|kind| kind.mime_type().starts_with(family)), "{wrong}");
        };
        let list = |family: &str| {
            let most = fact["max_items"].as_u64().expect("a limit");
            let items = value.as_array().expect(&wrong);
            assert!(!items.is_empty() && items.len() as u64 <= most, "{body}");
            for item in items {
                is_file(item, family);
            }
        };
        match text(fact, "type") {
            "string" => {
                let chars = value.as_str().expect(&wrong).chars().count() as u64;
                let least = fact["min_length"].as_u64().unwrap_or(0);
                let most = fact["max_length"].as_u64().unwrap_or(u64::MAX);
                assert!((least..=most).contains(&chars), "{body}");
            }
            "enum" => assert!(fact["enum"].as_array().expect("values").contains(value), "{fact} {value}"),
            "boolean" => assert!(value.is_boolean(), "{fact} {value}"),
            "integer" | "number" => {
                let number = value.as_f64().expect(&wrong);
                assert!(fact["min"].as_f64().is_none_or(|min| number >= min), "{fact} {value}");
                assert!(fact["max"].as_f64().is_none_or(|max| number <= max), "{fact} {value}");
                assert!(text(fact, "type") == "number" || value.is_i64(), "{fact} {value}");
            }
            "image_url" => is_file(value, "image/"),
            "image_url_list" => list("image/"),
            "video_url_list" => list("video/"),
            "audio_url" => is_file(value, "audio/"),
            // The only video link is the one that KIE itself opens.
            "video_url" => {
                assert!(value.as_str().is_some_and(|link| link.starts_with("https://sora.chatgpt.com/")));
            }
            other => panic!("a type nobody knows: {other}"),
        }
    }
    for fact in params(model).iter().filter(|fact| fact["required"] == true) {
        assert!(input.contains_key(text(fact, "name")), "{} is missing: {body}", text(fact, "name"));
    }
    assert!(!(input.contains_key("task_id") && input.contains_key("image_urls")), "never both: {body}");
}

/// Opens a model's card from /start, by buttons of the menus alone; gives how many taps it took.
pub(crate) async fn opens(ann: &Customer<'_>, id: &str) -> usize {
    let card = format!("m:{id}");
    let newest = ann.newest();
    ann.sends("/start");
    let menu = ann
        .waits_for("menu", |one| {
            (Some(one.id) > newest && one.button("quick").is_some()).then(|| one.clone())
        })
        .await;
    for group in ["image", "edit", "video", "animate", "restyle", "audio"] {
        assert!(menu.button(&format!("t:{group}:0")).is_some(), "{:?}", menu.labels());
        ann.taps(&format!("t:{group}:0")).await;
        let first = format!("m:{}", first_of(group));
        let mut taps = 2;
        let mut page = ann.waits_for("list", |one| one.button(&first).map(|_| one.clone())).await;
        let mut number = 0;
        while page.button(&card).is_none() {
            number += 1;
            let next = format!("t:{group}:{number}");
            if page.button(&next).is_none() {
                break;
            }
            taps += 1;
            ann.taps(&next).await;
            let before = page.labels().join("");
            page = ann.waits_for("page", |one| (one.labels().join("") != before).then(|| one.clone())).await;
        }
        if page.button(&card).is_some() {
            ann.taps(&card).await;
            let generate = format!("gen:{id}");
            ann.waits_for("card", |one| one.button(&generate).map(drop)).await;
            return taps;
        }
        ann.taps("home").await;
        ann.waits_for("menu", |one| one.button("quick").map(drop)).await;
    }
    panic!("{id} is in no menu")
}

/// The model that a list begins with, so that the list can be told from the menu before it.
fn first_of(group: &str) -> &'static str {
    match group {
        "image" => "grok-imagine/text-to-image",
        "edit" => "flux-2/pro-image-to-image",
        "video" => "sora-2-text-to-video",
        "animate" => "sora-2-image-to-video",
        "restyle" => "sora-watermark-remover",
        "audio" => "elevenlabs/sound-effect-v2",
        other => panic!("no list {other}"),
    }
}

/// Gives one input what it asks for, as a person would.
fn gives(ann: &Customer<'_>, fact: &Value) {
    match text(fact, "type") {
        "string" => ann.sends("самовар на снегу, рассвет"),
        "video_url" => ann.sends("https://sora.chatgpt.com/p/s_0123456789abcdef"),
        "image_url" | "image_url_list" => ann.sends_file(FileKind::Photo, "a.png", picture()),
        "video_url_list" => {
            let movie = media::make(MediaKind::Video, "самовар", "1:1").expect("a video");
            ann.sends_file(FileKind::Video, "a.mp4", movie)
        }
        "audio_url" => {
            let sound = media::make(MediaKind::Audio, "самовар", "1:1").expect("a sound");
            ann.sends_file(FileKind::Audio, "a.wav", sound)
        }
        other => panic!("nobody is asked for {other}"),
    };
}

fn price_on(screen: &Message) -> Option<String> {
    let line = screen.text.lines().find(|line| line.starts_with("💰 Цена: "))?;
    Some(line.trim_start_matches("💰 Цена: ").to_owned())
}

/// From the card to the options (or, without any, to the order), with only what is needed.
pub(crate) async fn fills(ann: &Customer<'_>, model: &Value) -> Message {
    let needed: Vec<&Value> =
        params(model).iter().filter(|fact| fact["required"] == true && fact["default"].is_null()).collect();
    ann.taps(&format!("gen:{}", text(model, "id"))).await;
    for (at, fact) in needed.iter().enumerate() {
        let asked = ann.newest();
        ann.waits_for("question", |one| one.button("✨ Сгенерировать").is_none().then_some(())).await;
        gives(ann, fact);
        let last = at + 1 == needed.len();
        let next = ann
            .waits_for("answer", |one| {
                (Some(one.id) > asked && !one.labels().is_empty()).then(|| one.clone())
            })
            .await;
        if next.button("✅ Готово").is_some() {
            ann.taps("✅ Готово").await;
            ann.waits_for("answer", |one| one.button("✅ Готово").is_none().then_some(())).await;
        }
        if last {
            break;
        }
    }
    ann.waits_for("options or order", |one| {
        let shown = one.button("⏭ Пропустить все").or(one.button("✅ Запустить"));
        shown.map(|_| one.clone())
    })
    .await
}

/// Confirms what is on the screen and follows it to the chat: one price everywhere, and the right
/// method. Gives what KIE was asked for.
pub(crate) async fn buys(app: &TestApp, ann: &Customer<'_>, model: &Value, options: &Message) -> Value {
    let (before, _) = app.wallet(ANN);
    let (jobs, media) = (app.jobs(), ann.media());
    let shown = price_on(options);
    if options.button("⏭ Пропустить все").is_some() {
        assert!(shown.is_some(), "the options name the price: {}", options.text);
        ann.taps("⏭ Пропустить все").await;
    }
    let confirm = ann.waits_for("order", |one| one.button("✅ Запустить").map(|_| one.clone())).await;
    let price = price_on(&confirm).unwrap_or_else(|| panic!("no price: {}", confirm.text));
    assert_eq!(shown.unwrap_or_else(|| price.clone()), price);
    ann.taps("✅ Запустить").await;
    let job = JobId(jobs + 1);
    app.until("the order", |view| view.job(job).ok()?.map(drop)).await;
    // A chat takes one message a second: the status and the result have their seconds.
    app.skip(Duration::from_secs(5));
    app.until("its end", |view| view.job(job).ok()??.row.state.is_final().then_some(())).await;
    app.skip(Duration::from_secs(5));
    let result = ann.gets_media(media + 1).await;
    app.settled().await;
    let charged = app.job(job.0).row.price;
    let plain = |text: &str| text.replace(['\u{a0}', '\u{202f}', ' '], "").replace(',', ".").replace('₽', "");
    assert_eq!(plain(&price), charged.to_string(), "the screen and the hold");
    let caption = result.text.lines().find_map(|line| line.strip_prefix("Списано: ").map(plain));
    let receipt = caption.unwrap_or_else(|| panic!("no receipt: {}", result.text));
    assert_eq!(receipt, charged.to_string(), "the receipt");
    let (after, held) = app.wallet(ANN);
    let kopecks = |text: &str| samovar::money::Kopecks::parse(text).expect("an amount").get();
    assert_eq!(kopecks(&before) - kopecks(&after), charged.get(), "the wallet");
    assert_eq!(held, "0.00");
    let kind = match text(model, "output") {
        "image" => FileKind::Photo,
        "video" => FileKind::Video,
        "audio" => FileKind::Audio,
        other => panic!("{other}"),
    };
    assert_eq!(result.media.as_ref().expect("media").kind, kind, "{}", text(model, "id"));
    app.sandbox.kie.look(|kie| kie.creates().last().expect("a task").body.clone())
}

/// The value of an option as a person gives it: what a button carries, or what is typed.
fn values_of(fact: &Value) -> Vec<String> {
    let plain = |number: f64| {
        let text = format!("{number:.4}");
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    };
    match text(fact, "type") {
        "enum" => fact["enum"]
            .as_array()
            .expect("values")
            .iter()
            .map(|one| one.as_str().expect("a text").to_owned())
            .collect(),
        "boolean" => vec!["true".to_owned(), "false".to_owned()],
        "integer" | "number" => match (fact["min"].as_f64(), fact["max"].as_f64()) {
            (Some(min), Some(max)) => vec![plain(min), plain(max)],
            _ => vec!["7".to_owned(), "20000".to_owned()],
        },
        _ => Vec::new(),
    }
}

/// What an option's value is in the body.
fn sent_as(body: &Value, name: &str) -> String {
    match &body["input"][name] {
        Value::String(text) => text.clone(),
        Value::Number(number) => {
            let text = number.to_string();
            text.strip_suffix(".0").unwrap_or(&text).to_owned()
        }
        other => other.to_string(),
    }
}

/// Sets one option on the options screen, by buttons or in writing.
async fn sets(ann: &Customer<'_>, screen: &Message, name: &str, value: &str) -> Message {
    let own = |button: &&samovar::sandbox::telegram::Button| {
        let data = button.data.as_deref().unwrap_or("");
        data.starts_with("e:") && data.ends_with(&format!(":0:{name}"))
            || data.starts_with("v:") && data.contains(&format!(":{name}:"))
    };
    let button = screen.keyboard.iter().flatten().find(own);
    let data = button
        .unwrap_or_else(|| panic!("no option {name}: {:?}", screen.labels()))
        .data
        .clone()
        .expect("data");
    let back = |one: &Message| one.button("⏭ Пропустить все").map(|_| one.clone());
    if data.starts_with("v:") {
        // A switch: it carries the other value, so it is tapped only when that is the wanted one.
        if !data.ends_with(&format!(":{value}")) {
            return screen.clone();
        }
        ann.taps(&data).await;
        let edited = format!(":{name}:{}", value != "true");
        let flipped = |one: &Message| {
            one.keyboard
                .iter()
                .flatten()
                .any(|button| button.data.as_deref().is_some_and(|data| data.ends_with(&edited)))
        };
        return ann.waits_for("switch", |one| back(one).filter(flipped)).await;
    }
    ann.taps(&data).await;
    let mut page =
        ann.waits_for("values", |one| one.button("⏭ Пропустить все").is_none().then(|| one.clone())).await;
    let set = |one: &Message| {
        let ends = format!(":{name}:{value}");
        let mut all = one.keyboard.iter().flatten().filter_map(|button| button.data.clone());
        all.find(|data| data.starts_with("v:") && data.ends_with(&ends))
    };
    let mut from = 0;
    while set(&page).is_none() {
        from += 10;
        let ends = format!(":{from}:{name}");
        let next = page
            .keyboard
            .iter()
            .flatten()
            .filter_map(|button| button.data.clone())
            .find(|data| data.ends_with(&ends));
        let Some(next) = next else {
            ann.sends(value);
            return ann.waits_for("options", back).await;
        };
        let before = page.labels().join("");
        ann.taps(&next).await;
        page = ann.waits_for("page", |one| (one.labels().join("") != before).then(|| one.clone())).await;
    }
    ann.taps(&set(&page).expect("a button")).await;
    ann.waits_for("options", back).await
}

/// The options a person sees, from the facts: technical ones and those without values are none.
fn options_of(model: &Value) -> Vec<(&str, Vec<String>)> {
    // `timestamps` adds a table of times that no chat can show.
    let hidden = ["upload_method", "nsfw_checker", "task_id", "index", "timestamps"];
    let shown = params(model).iter().filter(|fact| {
        let is_asked = fact["required"] == true && fact["default"].is_null();
        !is_asked && !hidden.contains(&text(fact, "name"))
    });
    let values = |fact| {
        let name = text(fact, "name");
        let values = values_of(fact).into_iter().filter(|value| is_offered(model, name, value));
        (name, values.collect::<Vec<_>>())
    };
    shown.map(values).filter(|(_, values)| !values.is_empty()).collect()
}

/// Values that KIE documents and refuses: "spicy" together with uploaded pictures.
fn is_offered(model: &Value, name: &str, value: &str) -> bool {
    (text(model, "id"), name, value) != ("grok-imagine/image-to-video", "mode", "spicy")
}

/// Buys a model with every value of every option at least once.
async fn walks(app: &TestApp, model: &Value) {
    let ann = app.user(ANN);
    let id = text(model, "id");
    assert!(opens(&ann, id).await <= 3, "{id} is more than three taps away");
    let options = fills(&ann, model).await;
    let body = buys(app, &ann, model, &options).await;
    check_body(app, model, &body);
    let options = options_of(model);
    let mut seen: BTreeSet<(String, String)> = BTreeSet::new();
    let most = options.iter().map(|(_, values)| values.len()).max().unwrap_or(0);
    for round in 0..most {
        let generate = format!("gen:{id}");
        ann.forges_tap(&format!("m:{id}"));
        ann.waits_for("card", |one| one.button(&generate).map(drop)).await;
        let mut screen = fills(&ann, model).await;
        for (at, (name, values)) in options.iter().enumerate() {
            // Each option a step further than the one before it: what KIE refuses together is apart.
            let value = &values[(round + at) % values.len()];
            screen = sets(&ann, &screen, name, value).await;
        }
        let body = buys(app, &ann, model, &screen).await;
        check_body(app, model, &body);
        seen.extend(options.iter().map(|(name, _)| ((*name).to_owned(), sent_as(&body, name))));
    }
    for (name, values) in &options {
        for value in values {
            assert!(
                seen.contains(&((*name).to_owned(), value.clone())),
                "{id}: {name} = {value} never reached KIE: {seen:?}"
            );
        }
    }
}

pub(crate) async fn shop() -> TestApp {
    let app = TestApp::start_with(Mode::Webhook, |settings| settings.free_daily_limit = 0).await;
    app.credit(ANN, "9000000").await;
    app.user(ANN).sends("/start").sees("Самовар").await;
    app
}

/// Walks each `of`-th model, so that several of these tests share the work.
async fn walk_some(part: usize, of: usize) {
    let app = shop().await;
    for model in facts().iter().skip(part).step_by(of) {
        // It begins at the button of an earlier result: `files.rs` buys it there.
        if text(model, "id") != "grok-imagine/upscale" {
            walks(&app, model).await;
        }
        app.skip(Duration::from_secs(60));
    }
    assert!(app.posted(samovar::ledger::Account::Revenue).len() > 4);
}

macro_rules! walks {
    ($($name:ident: $part:literal;)*) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            walk_some($part, 4).await;
        })*
    };
}

walks! {
    the_first_quarter_of_the_models_is_bought_with_every_value_of_every_option: 0;
    the_second_quarter_of_the_models_is_bought_with_every_value_of_every_option: 1;
    the_third_quarter_of_the_models_is_bought_with_every_value_of_every_option: 2;
    the_last_quarter_of_the_models_is_bought_with_every_value_of_every_option: 3;
}
