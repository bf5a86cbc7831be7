//! The catalogue that is compiled in: counts, prices, the free tier, and that every model can be ordered.

use crate::catalog::input::{FileSource, GivenFile, Uploads, ValidInput, Value, Values, Wrong};
use crate::catalog::price::{NoPrice, Rates, quote, quote_from};
use crate::catalog::{
    Category, Condition, Input, Is, Kind, Model, Output, Task, by_index, free_tier, model, models,
};
use crate::money::Kopecks;
use proptest::prelude::{any, prop, prop_assert, prop_oneof, proptest};
use proptest::strategy::Strategy;
use rust_decimal::Decimal;
use serde_json::json;
use std::collections::BTreeSet;

fn decimal(text: &str) -> Decimal {
    Decimal::from_str_exact(text).expect("a decimal")
}

fn rates(markup: &str, usd_to_rub: &str) -> Rates {
    Rates { markup: decimal(markup), usd_to_rub: decimal(usd_to_rub), by_options: true }
}

fn of(id: &str) -> &'static Model {
    model(id).expect("a model of the catalogue")
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn values<const N: usize>(pairs: [(&str, Value); N]) -> Values {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Something that will do for an input.
fn sample(input: &Input) -> Value {
    match input.kind {
        Kind::Text { min_chars, .. } => text(&"я".repeat(usize::try_from(min_chars.max(1)).expect("small"))),
        Kind::Choice { values, .. } => text(values.last().expect("never empty")),
        Kind::Boolean => Value::Boolean(true),
        Kind::Integer { min, step, .. } => Value::Integer(min + step),
        Kind::Number { min, step, .. } => Value::Number(min + step),
        Kind::Image(files) | Kind::Video(files) | Kind::Audio(files) => sample_files(files.accept[0], 1),
        Kind::Images { files, .. } | Kind::Videos { files, .. } => sample_files(files.accept[0], 1),
        Kind::Link { host, .. } => Value::Text(format!("https://{host}/p/s_1")),
        Kind::Task { .. } => text("5f488be792eafad4b066e21e5bc472c7"),
    }
}

/// What the form asks a customer for, filled in.
fn asked(model: &Model) -> Values {
    let inputs = model.inputs.iter().filter(|input| input.required && input.default.is_none());
    inputs.map(|input| (input.name.to_owned(), sample(input))).collect()
}

#[test]
fn there_are_42_models_in_the_known_numbers_of_each_category() {
    let count = |category| models().iter().filter(|model| model.category == category).count();
    let expected = [
        (Category::Audio, 2),
        (Category::ImageToImage, 5),
        (Category::ImageToVideo, 8),
        (Category::Other, 16),
        (Category::TextToImage, 4),
        (Category::TextToVideo, 6),
        (Category::VideoToVideo, 1),
    ];
    assert_eq!(expected.map(|(category, _)| (category, count(category))), expected);
    assert_eq!(models().len(), 42);
    assert_eq!(models()[0].id, "sora-2-text-to-video");
    assert_eq!(models()[41].id, "elevenlabs/audio-isolation");
}

#[test]
fn every_model_is_found_by_its_id_and_by_its_place() {
    for (place, one) in (0..).zip(models()) {
        assert_eq!(one.index, place);
        assert_eq!(model(one.id), Some(one));
        assert_eq!(by_index(place), Some(one));
    }
    let ids: BTreeSet<&str> = models().iter().map(|model| model.id).collect();
    assert_eq!(ids.len(), 42);
    for unknown in ["", "z-imagE", "z-image ", "google/nano-banana-edix", &"x".repeat(500)] {
        assert_eq!(model(unknown), None, "{unknown}");
    }
    assert_eq!(by_index(42), None);
    assert_eq!(by_index(255), None);
}

#[test]
fn the_free_tier_is_the_five_cheapest_and_of_equals_the_earlier() {
    let free: Vec<(&str, String)> = free_tier().iter().map(|model| (model.id, price_of(model))).collect();
    let expected = [
        ("z-image", "0.76"),
        ("recraft/remove-background", "0.95"),
        ("infinitalk/from-audio", "2.85"),
        ("grok-imagine/text-to-image", "3.80"),
        ("google/nano-banana", "3.80"),
    ];
    assert_eq!(free, expected.map(|(id, price)| (id, price.to_owned())));
    assert_eq!(models().iter().filter(|model| model.free).count(), 5);
}

fn price_of(model: &Model) -> String {
    quote_from(model, &rates("2", "95")).expect("a price").price.to_string()
}

#[test]
fn prices_at_the_old_rates_are_the_old_prices() {
    for (id, price) in [
        ("z-image", "0.76"),
        ("recraft/remove-background", "0.95"),
        ("seedream/4.5-edit", "6.18"),
        ("kling/ai-avatar-v1-pro", "15.20"),
        ("bytedance/seedance-1.5-pro", "79.80"),
        ("wan/2-6-image-to-video", "199.03"),
        ("sora-2-image-to-video", "313.50"),
        ("sora-2-text-to-video", "598.50"),
    ] {
        assert_eq!(price_of(of(id)), price, "{id}");
    }
    let prices = models().iter().map(|model| quote_from(model, &rates("2", "95")).expect("a price").price);
    assert_eq!(prices.clone().min(), Some(Kopecks::new(76)));
    assert_eq!(prices.max(), Some(Kopecks::new(59_850)));
}

#[test]
fn a_quote_is_rounded_once_at_the_end() {
    let model = of("wan/2-6-image-to-video");
    let input = ValidInput::check(model, &asked(model)).expect("valid");
    let quote = quote(model, &input, &rates("1.333", "97.77")).expect("a price");
    // 1.0475 × 1.333 × 97.77 = 136.518…
    assert_eq!((quote.price, quote.cost_usd), (Kopecks::new(13_652), decimal("1.0475")));
}

#[test]
fn rates_that_make_no_price_sell_nothing() {
    let model = of("z-image");
    for (markup, usd_to_rub) in [("0", "95"), ("2", "0"), ("-2", "95"), ("-2", "-95"), ("0.01", "0.01")] {
        assert_eq!(
            quote_from(model, &rates(markup, usd_to_rub)),
            Err(NoPrice::NotPositive),
            "{markup} {usd_to_rub}"
        );
    }
    for (markup, usd_to_rub) in [(-Decimal::ONE, Decimal::MAX), (Decimal::MAX, -Decimal::MAX)] {
        let wrong = Rates { markup, usd_to_rub, by_options: true };
        assert_eq!(quote_from(model, &wrong), Err(NoPrice::NotPositive), "{markup} {usd_to_rub}");
    }
    let huge = Rates { markup: Decimal::MAX, usd_to_rub: decimal("95"), by_options: true };
    assert_eq!(quote_from(of("sora-2-text-to-video"), &huge), Err(NoPrice::TooLarge));
    assert_eq!(quote_from(model, &rates("1000000000", "1000000000000")), Err(NoPrice::TooLarge));
}

#[test]
#[should_panic(expected = "values of one model priced as another")]
fn values_of_one_model_are_never_priced_as_another() {
    let input = ValidInput::check(of("z-image"), &asked(of("z-image"))).expect("valid");
    assert!(quote(of("google/nano-banana"), &input, &rates("2", "95")).is_ok());
}

#[test]
fn every_model_can_be_ordered_with_what_the_form_asks_for() {
    for model in models() {
        let asked = asked(model);
        assert!(!asked.is_empty(), "{}", model.id);
        let input = ValidInput::check(model, &asked).unwrap_or_else(|wrong| panic!("{}: {wrong}", model.id));
        let quote = quote(model, &input, &rates("2", "95")).expect("a price");
        let least = quote_from(model, &rates("2", "95")).expect("a price");
        assert!(quote.price >= least.price && quote.cost_usd >= least.cost_usd, "{}", model.id);
        let there = model.inputs.iter().flat_map(|input| uploads(input.name, 1)).collect();
        let sent = input.to_json(&there);
        for input in model.inputs {
            let expected = input.required || input.default.is_some();
            assert_eq!(sent.contains_key(input.name), expected, "{} {}", model.id, input.name);
        }
        for name in asked.keys() {
            let mut without = asked.clone();
            without.remove(name);
            let input = model.input(name).expect("known").name;
            assert_eq!(ValidInput::check(model, &without), Err(Wrong::Missing { input }), "{}", model.id);
        }
    }
}

#[test]
fn every_input_takes_a_sample_and_every_label_says_something() {
    for model in models() {
        let said = [model.description, model.example];
        let labels = model.inputs.iter().flat_map(|input| [input.label, input.help]);
        for label in said.into_iter().chain(labels) {
            assert!(!label.ru.is_empty() && !label.en.is_empty(), "{}", model.id);
        }
        assert!(model.description.ru.chars().any(|letter| ('а'..='я').contains(&letter)), "{}", model.id);
        for input in model.inputs {
            assert_eq!(input.check(&sample(input)), Ok(()), "{} {}", model.id, input.name);
            if let Kind::Choice { values, labels } = input.kind {
                assert_eq!(values.len(), labels.len());
            }
        }
    }
}

#[test]
fn technical_inputs_are_hidden_and_need_nobody() {
    for model in models() {
        for input in model.inputs {
            let technical =
                ["upload_method", "nsfw_checker", "timestamps", "task_id", "index"].contains(&input.name);
            // The upscaler's earlier video stands on its order.
            let technical = technical && model.id != "grok-imagine/upscale";
            assert_eq!(input.hidden, technical, "{} {}", model.id, input.name);
            let chosen = matches!(input.kind, Kind::Task { .. });
            assert!(!input.hidden || !input.required || input.default.is_some() || chosen, "{}", model.id);
        }
    }
}

#[test]
fn what_the_facts_say_against_the_documents_is_kept() {
    assert_eq!(of("kling/v1-avatar-standard").api_model, "kling/ai-avatar-standard");
    assert_eq!(of("kling/ai-avatar-v1-pro").api_model, "kling/ai-avatar-pro");
    for id in ["google/imagen4", "google/imagen4-ultra", "grok-imagine/text-to-image"] {
        assert!(of(id).input("aspect_ratio").expect("an input").required, "{id}");
    }
    assert_eq!(
        of("elevenlabs/sound-effect-v2").input("text").expect("an input").kind,
        Kind::Text { min_chars: 1, max_chars: 450 }
    );
    assert!(of("google/nano-banana").input("image_size").is_none());
    assert!(of("google/nano-banana").input("aspect_ratio").is_some());
    assert!(of("grok-imagine/image-to-video").input("image_urls").expect("an input").required);
    assert_eq!(
        (of("grok-imagine/upscale").task, of("grok-imagine/upscale").output),
        (Task::VideoToVideo, Output::Video)
    );
}

#[test]
fn kie_gets_exactly_the_values_with_defaults_and_nothing_else() {
    let model = of("z-image");
    let given = values([("prompt", text("  a cafe\nin Paris"))]);
    let input = ValidInput::check(model, &given).expect("valid");
    let sent = |input: &ValidInput| serde_json::Value::Object(input.to_json(&Uploads::new()));
    assert_eq!(
        sent(&input),
        json!({"prompt": "  a cafe\nin Paris", "aspect_ratio": "1:1", "nsfw_checker": true})
    );
    let off = input.with_content_filter(false);
    assert_eq!(sent(&off)["nsfw_checker"], json!(false));
    let one = values([("image", sample_files("image/png", 1))]);
    let plain = ValidInput::check(of("recraft/remove-background"), &one).expect("valid");
    let plain = plain.with_content_filter(true);
    assert_eq!(sent(&plain), json!({}), "what is not uploaded has no link");
    let there = plain.to_json(&uploads("image", 1));
    assert_eq!(serde_json::Value::Object(there), json!({"image": "https://example.com/0"}));
    let pair = values([("prompt", text("join")), ("input_urls", sample_files("image/png", 2))]);
    let pair = ValidInput::check(of("flux-2/pro-image-to-image"), &pair).expect("valid");
    assert_eq!(
        pair.to_json(&uploads("input_urls", 2))["input_urls"],
        json!(["https://example.com/0", "https://example.com/1"])
    );
}

/// Files that every input of their kind takes.
fn sample_files(mime: &str, count: usize) -> Value {
    let file = |number: usize| GivenFile {
        source: FileSource::Telegram(format!("file-{number}")),
        mime: mime.to_owned(),
        size_bytes: 100_000,
        pixels: mime.starts_with("image/").then_some((512, 512)),
        seconds: Some(5),
    };
    Value::Files((0..count).map(file).collect())
}

/// Where the provider has them.
fn uploads(input: &str, count: usize) -> Uploads {
    let links = (0..count).map(|number| format!("https://example.com/{number}")).collect();
    Uploads::from([(input.to_owned(), links)])
}

#[test]
fn numbers_reach_kie_with_exactly_their_decimals() {
    let model = of("elevenlabs/text-to-speech-turbo-2-5");
    let number = |text: &str| Value::Number(decimal(text));
    let given = values([
        ("text", text("hello")),
        ("stability", number("0.10")),
        ("style", number("0.29")),
        ("speed", number("1.00")),
    ]);
    let sent =
        serde_json::to_string(&ValidInput::check(model, &given).expect("valid").to_json(&Uploads::new()))
            .expect("JSON");
    for part in ["\"stability\":0.1,", "\"style\":0.29,", "\"speed\":1,", "\"similarity_boost\":0.75,"] {
        assert!(sent.contains(part), "{part} in {sent}");
    }
    let seed = values([("prompt", text("x")), ("seed", Value::Integer(42))]);
    let sent =
        |id: &str| ValidInput::check(of(id), &seed).expect("valid").to_json(&Uploads::new())["seed"].clone();
    assert_eq!(sent("google/imagen4"), json!("42"), "this model wants text");
    assert_eq!(sent("google/imagen4-fast"), json!(42));
}

#[test]
fn a_value_that_is_unknown_or_of_another_type_is_refused() {
    let model = of("z-image");
    let check = |pairs: Values| ValidInput::check(model, &pairs).expect_err("it must be refused");
    assert_eq!(
        check(values([("prompt", text("x")), ("size", text("1"))])),
        Wrong::Unknown { input: "size".to_owned() }
    );
    assert_eq!(check(values([("prompt", Value::Integer(1))])), Wrong::OtherType { input: "prompt" });
    assert_eq!(
        check(values([("prompt", sample_files("image/png", 1))])),
        Wrong::OtherType { input: "prompt" }
    );
    assert_eq!(
        check(values([("prompt", text("x")), ("aspect_ratio", Value::Boolean(true))])),
        Wrong::OtherType { input: "aspect_ratio" }
    );
}

#[test]
fn what_kie_refuses_together_is_refused_before_it_is_sold() {
    let model = of("hailuo/2-3-image-to-video-pro");
    let mut given = asked(model);
    given.insert("duration".to_owned(), text("10"));
    assert!(ValidInput::check(model, &given).is_ok());
    given.insert("resolution".to_owned(), text("1080P"));
    let wrong = ValidInput::check(model, &given).expect_err("it must be refused");
    assert_eq!(
        wrong,
        Wrong::Conflict {
            first: Condition { input: "duration", is: Is::Value("10") },
            second: Condition { input: "resolution", is: Is::Value("1080P") },
        }
    );
    let model = of("grok-imagine/image-to-video");
    let mut given = values([("image_urls", sample_files("image/png", 1)), ("resolution", text("1080p"))]);
    assert!(ValidInput::check(model, &given).is_ok());
    given.insert("image_urls".to_owned(), sample_files("image/png", 2));
    assert_eq!(ValidInput::check(model, &given).expect_err("it must be refused").input(), "resolution");
}

#[test]
fn values_are_kept_as_postcard_and_come_back_the_same() {
    let kept = values([
        ("a", text("кот")),
        ("b", Value::Boolean(true)),
        ("c", Value::Integer(-5)),
        ("d", Value::Number(decimal("0.30"))),
        ("e", sample_files("image/png", 2)),
    ]);
    let bytes = postcard::to_stdvec(&kept).expect("written");
    assert_eq!(postcard::from_bytes::<Values>(&bytes).expect("read"), kept);
}

fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<String>().prop_map(Value::Text),
        any::<bool>().prop_map(Value::Boolean),
        any::<i64>().prop_map(Value::Integer),
        (any::<i64>(), 0_u32..29).prop_map(|(number, scale)| Value::Number(Decimal::new(number, scale))),
        (0_usize..5).prop_map(|count| sample_files("image/png", count)),
    ]
}

proptest! {
    #[test]
    fn a_price_never_falls_when_a_rate_grows(
        index in 0_u8..42, markup in 1_i64..10_000_000, rate in 1_i64..10_000_000, more in 0_i64..1_000_000,
    ) {
        let model = by_index(index).expect("42 models");
        let price = |markup, rate| {
            let rates = Rates { markup: Decimal::new(markup, 4), usd_to_rub: Decimal::new(rate, 2), by_options: true };
            quote_from(model, &rates).map_or(Kopecks::ZERO, |quote| quote.price)
        };
        let before = price(markup, rate);
        prop_assert!(price(markup + more, rate) >= before);
        prop_assert!(price(markup, rate + more) >= before);
    }

    #[test]
    fn reading_any_text_gives_a_value_that_passes_or_a_reason(index in 0_u8..42, text in ".*") {
        for input in by_index(index).expect("42 models").inputs {
            match input.read(&text) {
                Ok(value) => prop_assert!(input.check(&value).is_ok()),
                Err(wrong) => prop_assert!(wrong.input() == input.name),
            }
        }
    }

    #[test]
    fn checking_any_values_gives_valid_input_or_a_reason(
        index in 0_u8..42, given in prop::collection::vec(any_value(), 20),
    ) {
        let model = by_index(index).expect("42 models");
        let given: Values =
            model.inputs.iter().zip(given).map(|(input, value)| (input.name.to_owned(), value)).collect();
        match ValidInput::check(model, &given) {
            Ok(input) => {
                // What passed once passes again, and says the same to KIE.
                let again = ValidInput::check(model, input.values());
                prop_assert!(again.is_ok_and(|again| again.to_json(&Uploads::new()) == input.to_json(&Uploads::new())));
            }
            Err(wrong) => prop_assert!(model.input(wrong.input()).is_some()),
        }
    }

    #[test]
    fn number_text_survives_the_way_to_kie(hundredths in 0_i64..=100) {
        let model = of("elevenlabs/text-to-speech-turbo-2-5");
        let value = Decimal::new(hundredths, 2);
        let given = values([("text", text("x")), ("stability", Value::Number(value))]);
        let sent = ValidInput::check(model, &given).expect("valid").to_json(&Uploads::new());
        let (sent, expected) = (sent["stability"].to_string(), value.normalize().to_string());
        prop_assert!(sent == expected, "{sent} {expected}");
    }
}
