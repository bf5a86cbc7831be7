//! Values as people read them and as buttons carry them.

use crate::catalog::input::{FileSource, GivenFile, Value, Values};
use crate::catalog::{Input, Model, model};
use crate::flow::values::{code, options_line, shown, word};
use crate::message::Lang;
use rust_decimal::Decimal;

const SPEECH_VIDEO: &str = "wan/2-2-a14b-speech-to-video-turbo";
const VIDEO: &str = "grok-imagine/text-to-video";

fn of(id: &str) -> &'static Model {
    model(id).expect("a model")
}

fn input(id: &str, name: &str) -> &'static Input {
    of(id).input(name).expect("an input")
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn number(mantissa: i64, scale: u32) -> Value {
    Value::Number(Decimal::new(mantissa, scale))
}

fn files(count: usize) -> Value {
    let source = FileSource::Link("https://example.org/1.png".to_owned());
    let file = GivenFile { source, mime: "image/png".to_owned(), size_bytes: 1, pixels: None, seconds: None };
    Value::Files(vec![file; count])
}

fn values(given: &[(&str, Value)]) -> Values {
    given.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

#[test]
fn a_label_is_read_in_its_language() {
    let label = input("z-image", "aspect_ratio").label;
    assert_eq!(word(Lang::Ru, label), "Соотношение сторон");
    assert_eq!(word(Lang::En, label), "Aspect ratio");
}

#[test]
fn a_button_carries_what_is_read_back() {
    for (value, carried) in [
        (text("9:16"), "9:16"),
        (Value::Boolean(true), "true"),
        (Value::Boolean(false), "false"),
        (Value::Integer(-7), "-7"),
        (number(3_500, 3), "3.5"),
        (number(50, 1), "5"),
        (files(2), ""),
    ] {
        assert_eq!(code(&value), carried);
    }
    let scale = input(SPEECH_VIDEO, "guidance_scale");
    assert_eq!(scale.read(&code(&number(350, 2))), Ok(number(35, 1)));
}

#[test]
fn a_value_is_shown_as_people_read_it() {
    let mode = input(VIDEO, "mode");
    let ratio = input(VIDEO, "aspect_ratio");
    let scale = input(SPEECH_VIDEO, "guidance_scale");
    let frames = input(SPEECH_VIDEO, "num_frames");
    let quality = input("grok-imagine/text-to-image", "enable_pro");
    let task = input("grok-imagine/upscale", "task_id");
    let image = input("recraft/remove-background", "image");
    let prompt = input("z-image", "prompt");
    for (input, value, ru, en) in [
        (mode, text("fun"), "Весёлый", "Fun"),
        (mode, text("spicy"), "Пикантный", "Spicy"),
        (mode, text("unheard of"), "unheard of", "unheard of"),
        (ratio, text("2:3"), "2:3", "2:3"),
        (scale, number(350, 2), "3,5", "3.5"),
        (frames, Value::Integer(80), "80", "80"),
        (quality, Value::Boolean(true), "да", "yes"),
        (quality, Value::Boolean(false), "нет", "no"),
        (task, text("t-1"), "ваше видео", "your video"),
        (image, files(1), "1 файл", "1 file"),
        (image, files(3), "3 файла", "3 files"),
        (prompt, text("<b>кот</b>"), "<b>кот</b>", "<b>кот</b>"),
    ] {
        assert_eq!(shown(Lang::Ru, input, &value), ru);
        assert_eq!(shown(Lang::En, input, &value), en);
    }
}

#[test]
fn only_options_that_a_customer_may_set_stand_in_the_line() {
    let given = values(&[
        ("prompt", text("a cat")),
        ("aspect_ratio", text("9:16")),
        ("nsfw_checker", Value::Boolean(true)),
        ("enable_pro", Value::Boolean(false)),
    ]);
    let line = |lang| options_line(lang, of("grok-imagine/text-to-image"), &given);
    assert_eq!(line(Lang::Ru), "Соотношение сторон: 9:16 · Режим качества: нет");
    assert_eq!(line(Lang::En), "Aspect ratio: 9:16 · Quality mode: no");
    let numbers = values(&[("guidance_scale", number(35, 1)), ("num_frames", Value::Integer(80))]);
    let line = options_line(Lang::Ru, of(SPEECH_VIDEO), &numbers);
    assert_eq!(line, "Число кадров: 80 · Следование промпту: 3,5", "in the order of the model");
    assert_eq!(options_line(Lang::Ru, of("z-image"), &values(&[("prompt", text("a cat"))])), "");
    let picture = values(&[("image", files(1))]);
    assert_eq!(options_line(Lang::Ru, of("recraft/remove-background"), &picture), "");
}

/// The line of a video whose shape and mode have names so long that the line says so many characters
/// of each.
fn long(shape: usize, mode: usize) -> String {
    let long = |label: &str, chars: usize| text(&"я".repeat(chars - label.chars().count()));
    let given = values(&[
        ("aspect_ratio", long("Aspect ratio: ", shape)),
        ("mode", long("Mode: ", mode)),
        ("resolution", text("720p")),
    ]);
    options_line(Lang::En, of(VIDEO), &given)
}

#[test]
fn a_line_that_is_too_long_ends_where_an_option_would_no_more_fit() {
    assert_eq!(word(Lang::En, input(VIDEO, "mode").label), "Mode");
    let chars = |line: &str| line.chars().count();
    let line = long(400, 20);
    assert!(line.ends_with("я…") && chars(&line) == 401, "{line}");
    assert_eq!(long(401, 20), "…", "and what comes after it is left out too");
    let line = long(300, 100);
    assert!(line.contains(" · Mode: я") && line.ends_with("я…"), "{line}");
    assert_eq!(chars(&line), 300 + 3 + 100 + 1);
    let line = long(300, 101);
    assert!(!line.contains("Mode") && line.ends_with("я…"), "{line}");
    assert_eq!(chars(&line), 301);
    let line = long(100, 20);
    assert!(line.ends_with(" · Resolution: 720p"), "{line}");
}
