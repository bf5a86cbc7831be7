//! Prices by what was chosen: never below KIE's charge, never below the price list, and known pairs.

use crate::catalog::input::{FileSource, GivenFile, ValidInput, Value, Values};
use crate::catalog::price::{NoPrice, Quote, Rates, quote, quote_from};
use crate::catalog::{Files, Input, Kind, by_index, model};
use crate::money::Kopecks;
use proptest::prelude::{any, prop, prop_assert, prop_assert_eq, proptest};
use rust_decimal::Decimal;

const RATES: Rates = Rates { markup: Decimal::TWO, usd_to_rub: Decimal::ONE_HUNDRED, by_options: true };

fn file(mime: &str, pixels: u32, seconds: Option<u32>) -> GivenFile {
    let source = FileSource::Telegram("file".to_owned());
    let pixels = mime.starts_with("image/").then_some((pixels, pixels));
    GivenFile { source, mime: mime.to_owned(), size_bytes: 1000, pixels, seconds }
}

/// A value that an input takes, by a die.
fn thrown_value(input: &Input, die: u32) -> Value {
    let one = |files: Files| {
        let side = 512 + die % 1000;
        let seconds = 1 + die % files.max_seconds.unwrap_or(3000);
        Value::Files(vec![file(files.accept[0], side, Some(seconds))])
    };
    match input.kind {
        Kind::Text { min_chars, max_chars } => {
            let chars = (die % (max_chars + 1)).max(min_chars).max(1);
            Value::Text("я".repeat(usize::try_from(chars).expect("small")))
        }
        Kind::Choice { values, .. } => {
            let at = usize::try_from(die).expect("small") % values.len();
            Value::Text(values[at].to_owned())
        }
        Kind::Boolean => Value::Boolean(die.is_multiple_of(2)),
        Kind::Integer { min, max, step, .. } => {
            Value::Integer(min + step * (i64::from(die) % ((max - min) / step + 1)))
        }
        Kind::Number { min, max, step } => {
            let steps = ((max - min) / step).trunc() + Decimal::ONE;
            Value::Number(min + step * (Decimal::from(die) % steps))
        }
        Kind::Image(files) | Kind::Video(files) | Kind::Audio(files) => one(files),
        Kind::Images { files, .. } | Kind::Videos { files, .. } => one(files),
        Kind::Link { host, .. } => Value::Text(format!("https://{host}/p/s_1")),
        Kind::Task { .. } => Value::Text("5f488be792eafad4b066e21e5bc472c7".to_owned()),
    }
}

/// The price with these options (`name=value`, files as `name=<pixels>px` or `name=<seconds>s`).
fn priced(id: &str, options: &str, rates: &Rates) -> Result<Quote, NoPrice> {
    let model = model(id).expect("a model");
    let needed = model.inputs.iter().filter(|input| input.required && input.default.is_none());
    let mut values: Values = needed.map(|input| (input.name.to_owned(), thrown_value(input, 0))).collect();
    for option in options.split_whitespace() {
        let (name, text) = option.split_once('=').expect("name=value");
        let input = model.input(name).expect("an input");
        let value = match input.kind {
            Kind::Image(files) => {
                let side = text.trim_end_matches("px").parse().expect("pixels");
                Value::Files(vec![file(files.accept[0], side, None)])
            }
            Kind::Audio(files) => {
                let seconds = text.trim_end_matches('s').parse().ok();
                Value::Files(vec![file(files.accept[0], 1, seconds)])
            }
            Kind::Text { .. } => Value::Text("я".repeat(text.parse().expect("characters"))),
            Kind::Choice { .. }
            | Kind::Boolean
            | Kind::Integer { .. }
            | Kind::Number { .. }
            | Kind::Images { .. }
            | Kind::Video(_)
            | Kind::Videos { .. }
            | Kind::Link { .. }
            | Kind::Task { .. } => input.read(text).expect("a value"),
        };
        values.insert(name.to_owned(), value);
    }
    let input = ValidInput::check(model, &values).expect("valid");
    quote(model, &input, rates)
}

#[test]
fn known_options_cost_what_is_known_of_them() {
    for (id, options, usd) in [
        ("grok-imagine/text-to-video", "resolution=480p duration=6", "0.1"),
        ("grok-imagine/text-to-video", "resolution=720p duration=6", "0.135"),
        ("grok-imagine/text-to-video", "resolution=1080p duration=30", "1.2"),
        ("grok-imagine/text-to-image", "enable_pro=false aspect_ratio=1:1", "0.02"),
        ("grok-imagine/text-to-image", "enable_pro=true", "0.025"),
        ("grok-imagine/upscale", "resolution=1080p", "0.15"),
        ("wan/2-6-text-to-video", "resolution=720p duration=10", "0.7"),
        ("wan/2-6-text-to-video", "resolution=1080p duration=15", "1.575"),
        ("wan/2-6-image-to-video", "resolution=1080p duration=5", "1.0475"),
        ("kling-2.6/text-to-video", "sound=true duration=10", "1.1"),
        ("kling-2.6/text-to-video", "sound=true duration=5", "0.55"),
        ("bytedance/seedance-1.5-pro", "resolution=1080p duration=12 generate_audio=true", "0.9"),
        ("bytedance/seedance-1.5-pro", "resolution=720p duration=12 generate_audio=true", "0.42"),
        ("hailuo/2-3-image-to-video-standard", "duration=10", "0.25"),
        ("hailuo/2-3-image-to-video-standard", "resolution=1080P", "0.25"),
        ("hailuo/2-3-image-to-video-pro", "resolution=1080P", "0.45"),
        ("kling/v2-5-turbo-image-to-video-pro", "duration=10", "0.42"),
        ("wan/2-5-text-to-video", "resolution=1080p duration=10", "1"),
        ("infinitalk/from-audio", "resolution=720p audio_url=15s", "0.9"),
        ("infinitalk/from-audio", "resolution=480p audio_url=15s", "0.225"),
        ("wan/2-2-a14b-speech-to-video-turbo", "resolution=480p", "0.3"),
        ("wan/2-2-a14b-speech-to-video-turbo", "resolution=720p num_frames=84", "0.72"),
        ("kling/v1-avatar-standard", "audio_url=15s", "0.6"),
        ("kling/ai-avatar-v1-pro", "audio_url=15s", "1.2"),
        ("flux-2/flex-image-to-image", "resolution=2K", "0.12"),
        ("nano-banana-pro", "resolution=2K", "0.09"),
        ("nano-banana-pro", "resolution=4K", "0.12"),
        ("google/imagen4", "", "0.04"),
        ("google/imagen4-ultra", "", "0.09"),
        ("topaz/image-upscale", "image_url=1024px upscale_factor=2", "0.05"),
        ("topaz/image-upscale", "image_url=1025px upscale_factor=2", "0.1"),
        ("topaz/image-upscale", "image_url=2048px upscale_factor=4", "0.2"),
        ("elevenlabs/sound-effect-v2", "", "0.03"),
        ("elevenlabs/text-to-speech-multilingual-v2", "text=1000", "0.06"),
        ("elevenlabs/text-to-speech-multilingual-v2", "text=1001", "0.12"),
        ("elevenlabs/text-to-speech-turbo-2-5", "text=5000", "0.15"),
        ("elevenlabs/audio-isolation", "audio_url=61s", "0.061"),
        ("sora-2-text-to-video", "n_frames=15", "3.15"),
    ] {
        let quote = priced(id, options, &RATES).unwrap_or_else(|why| panic!("{id} {options}: {why}"));
        let usd = Decimal::from_str_exact(usd).expect("a number");
        assert_eq!(quote.cost_usd, usd, "{id} {options}");
        assert_eq!(Some(quote.price), Kopecks::from_roubles(usd * Decimal::from(200)), "{id} {options}");
    }
}

#[test]
fn what_has_no_known_charge_is_not_sold_not_even_at_a_flat_price() {
    for rates in [RATES, Rates { by_options: false, ..RATES }] {
        let huge = priced("topaz/image-upscale", "image_url=2049px upscale_factor=4", &rates);
        assert_eq!(huge, Err(NoPrice::NoCharge));
        for seconds in ["?", "0s"] {
            let unmeasured = priced("elevenlabs/audio-isolation", &format!("audio_url={seconds}"), &rates);
            assert_eq!(unmeasured, Err(NoPrice::NoCharge), "{seconds}");
        }
    }
}

#[test]
fn a_flat_price_is_the_price_lists_and_the_cost_is_still_the_real_one() {
    let flat = Rates { by_options: false, ..RATES };
    let quote = priced("kling/v1-avatar-standard", "audio_url=15s", &flat).expect("a price");
    assert_eq!((quote.price, quote.cost_usd), (Kopecks::new(800), Decimal::new(6, 1)));
}

proptest! {
    #[test]
    fn no_quote_is_below_the_charge_the_price_list_or_the_least(
        index in 0_u8..42, dice in prop::collection::vec((any::<bool>(), 0_u32..1_000_000), 20),
    ) {
        let model = by_index(index).expect("42 models");
        let thrown = model.inputs.iter().zip(dice).filter(|(input, (given, _))| *given || input.required);
        let values: Values = thrown.map(|(input, (_, die))| (input.name.to_owned(), thrown_value(input, die))).collect();
        if let Ok(input) = ValidInput::check(model, &values) {
            let charge = model.charge_usd(input.values()).expect("known for small files");
            let quote = quote(model, &input, &RATES).expect("a price");
            let roubles = |usd: Decimal| Kopecks::from_roubles(usd * Decimal::from(200)).expect("fits");
            prop_assert!(quote.price >= roubles(charge) && quote.price >= roubles(model.usd));
            prop_assert!(quote.cost_usd >= model.least_usd);
            prop_assert!(charge >= model.cheapest.usd);
            prop_assert!(charge <= model.dearest.usd || model.id == "elevenlabs/audio-isolation");
            prop_assert!(quote.price >= quote_from(model, &RATES).expect("a price").price);
            let flat = crate::catalog::price::quote(model, &input, &Rates { by_options: false, ..RATES });
            prop_assert_eq!(flat.expect("a price"), Quote { price: roubles(model.usd), ..quote });
        }
    }
}
