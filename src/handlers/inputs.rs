//! What a model takes, in words: which inputs are asked for, which stand on the options screen, how
//! a value reads, what is wrong with one.

use crate::catalog::input::{Value, Values, Wrong};
use crate::catalog::{Input, Kind, Model};
pub(super) use crate::flow::values::{code, shown, word};
use crate::message::Lang;
use crate::texts::{self, Arg};

/// The most values that get a button each when they are numbers.
const NUMBER_BUTTONS: i64 = 24;

/// True for inputs that take files.
pub(super) fn is_file(kind: Kind) -> bool {
    match kind {
        Kind::Image(_) | Kind::Images { .. } | Kind::Video(_) | Kind::Videos { .. } | Kind::Audio(_) => true,
        Kind::Text { .. }
        | Kind::Choice { .. }
        | Kind::Boolean
        | Kind::Integer { .. }
        | Kind::Number { .. }
        | Kind::Link { .. }
        | Kind::Task { .. } => false,
    }
}

/// True for what cannot be left out.
pub(super) fn is_asked(input: &Input) -> bool {
    input.required && input.default.is_none()
}

/// True when the model goes on from an earlier result, so that it begins at that result's button.
pub(super) fn needs_earlier_job(model: &Model) -> bool {
    model.inputs.iter().any(|input| is_asked(input) && matches!(input.kind, Kind::Task { .. }))
}

/// The next input that must be asked for; `None` when nothing is missing.
pub(super) fn next_asked(model: &Model, values: &Values) -> Option<&'static Input> {
    model.inputs.iter().find(|input| is_asked(input) && !values.contains_key(input.name))
}

/// What a text on a card, options or confirm screen is: the first text that is asked for, else the
/// prompt that may be left out.
pub(super) fn prompt(model: &Model) -> Option<&'static Input> {
    let takes_text = |input: &&Input| matches!(input.kind, Kind::Text { .. } | Kind::Link { .. });
    let asked = model.inputs.iter().filter(|input| is_asked(input)).find(takes_text);
    asked.or_else(|| model.inputs.iter().find(|input| !input.hidden && input.name == "prompt"))
}

/// What stands on the options screen.
pub(super) fn options(model: &Model) -> impl Iterator<Item = &'static Input> {
    model
        .inputs
        .iter()
        .filter(|input| !input.hidden && !is_asked(input) && !matches!(input.kind, Kind::Task { .. }))
}

/// An option of a model by its name.
pub(super) fn option(model: &Model, name: &str) -> Option<&'static Input> {
    options(model).find(|input| input.name == name)
}

/// The values that get a button each; empty for what is typed.
pub(super) fn buttons(input: &Input) -> Vec<Value> {
    match input.kind {
        Kind::Choice { values, .. } => values.iter().map(|value| Value::Text((*value).to_owned())).collect(),
        Kind::Boolean => vec![Value::Boolean(true), Value::Boolean(false)],
        Kind::Integer { min, max, step, .. } if step > 0 && (max - min) / step < NUMBER_BUTTONS => {
            (0..=(max - min) / step).map(|at| Value::Integer(min + at * step)).collect()
        }
        Kind::Integer { .. }
        | Kind::Number { .. }
        | Kind::Text { .. }
        | Kind::Image(_)
        | Kind::Images { .. }
        | Kind::Video(_)
        | Kind::Videos { .. }
        | Kind::Audio(_)
        | Kind::Link { .. }
        | Kind::Task { .. } => Vec::new(),
    }
}

/// What an input holds now, chosen or by default, as people read it; not escaped.
pub(super) fn current(lang: Lang, input: &Input, values: &Values) -> String {
    let default = input.default.map(Value::from);
    match values.get(input.name).or(default.as_ref()) {
        Some(Value::Text(text)) if text.is_empty() => texts::say(lang, "value-unset", &[]),
        Some(value) => shown(lang, input, value),
        None => texts::say(lang, "value-unset", &[]),
    }
}

/// Types as people call them: `JPEG, PNG, WEBP`.
pub(super) fn kinds_of(accept: &[&str]) -> String {
    let mut names: Vec<String> = Vec::new();
    for mime in accept {
        let name = match mime.rsplit('/').next().map_or("", |name| name.trim_start_matches("x-")) {
            "mpeg" => "MP3".to_owned(),
            "quicktime" => "MOV".to_owned(),
            "matroska" => "MKV".to_owned(),
            "ms-wma" => "WMA".to_owned(),
            "mp4" if mime.starts_with("audio/") => "M4A".to_owned(),
            name => name.to_uppercase(),
        };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.join(", ")
}

/// The sentence that says what is wrong with a value.
pub(super) fn complaint(lang: Lang, model: &Model, wrong: &Wrong) -> String {
    let label_of =
        |name: &str| model.input(name).map_or(name.to_owned(), |input| word(lang, input.label).to_owned());
    let label = label_of(wrong.input());
    let number = |count: usize| Arg::Number(i64::try_from(count).unwrap_or(i64::MAX));
    let decimal = |value: &rust_decimal::Decimal| {
        let text = value.normalize().to_string();
        if lang == Lang::Ru { text.replace('.', ",") } else { text }
    };
    let label_arg = ("label", Arg::Text(&label));
    let say = |key: &str, args: &[(&str, Arg<'_>)]| {
        let all: Vec<(&str, Arg<'_>)> = std::iter::once(label_arg).chain(args.iter().copied()).collect();
        texts::say(lang, key, &all)
    };
    match wrong {
        Wrong::Empty { .. } | Wrong::Missing { .. } => say("wrong-empty", &[]),
        Wrong::TooShort { min_chars, chars, .. } => {
            say("wrong-too-short", &[("min", Arg::Number((*min_chars).into())), ("chars", number(*chars))])
        }
        Wrong::TooLong { max_chars, chars, .. } => {
            say("wrong-too-long", &[("max", Arg::Number((*max_chars).into())), ("chars", number(*chars))])
        }
        Wrong::ControlCharacter { .. } => say("wrong-control", &[]),
        Wrong::NotAChoice { .. } => say("wrong-choice", &[]),
        Wrong::NotABoolean { .. } => say("wrong-boolean", &[]),
        Wrong::NotAnInteger { .. } => say("wrong-integer", &[]),
        Wrong::NotANumber { .. } => say("wrong-number", &[]),
        Wrong::OutOfRange { min, max, .. } => {
            let (min, max) = (decimal(min), decimal(max));
            say("wrong-range", &[("min", Arg::Text(&min)), ("max", Arg::Text(&max))])
        }
        Wrong::OffStep { min, step, .. } => {
            let (min, step) = (decimal(min), decimal(step));
            say("wrong-step", &[("min", Arg::Text(&min)), ("step", Arg::Text(&step))])
        }
        Wrong::NotALink { .. } => say("wrong-link", &[]),
        Wrong::WrongHost { host, .. } => say("wrong-host", &[("host", Arg::Text(host))]),
        Wrong::TooMany { max_items, .. } => {
            say("wrong-too-many", &[("max", Arg::Number((*max_items).into()))])
        }
        Wrong::Conflict { second, .. } => {
            say("wrong-conflict", &[("other", Arg::Text(&label_of(second.input)))])
        }
        Wrong::NotByWords { .. } => say("wrong-not-words", &[]),
        Wrong::WrongFile { accept, .. } => {
            let accept = kinds_of(accept);
            say("wrong-file", &[("accept", Arg::Text(&accept))])
        }
        Wrong::TooLarge { max_mb, .. } => say("wrong-large", &[("max", Arg::Number((*max_mb).into()))]),
        Wrong::WrongSides { width, height, min_side, max_side, .. } => {
            let pixels = [("width", *width), ("height", *height), ("min", *min_side), ("max", *max_side)];
            say("wrong-sides", &pixels.map(|(name, pixels)| (name, Arg::Number(pixels.into()))))
        }
        Wrong::TooManyPixels { width, height, max_megapixels, .. } => {
            let pixels = [("width", *width), ("height", *height), ("max", *max_megapixels)];
            say("wrong-pixels", &pixels.map(|(name, pixels)| (name, Arg::Number(pixels.into()))))
        }
        Wrong::TooLongToPlay { seconds, max_seconds, .. } => {
            let seconds = [("seconds", *seconds), ("max", *max_seconds)];
            say("wrong-long", &seconds.map(|(name, seconds)| (name, Arg::Number(seconds.into()))))
        }
        Wrong::NoLength { .. } => say("wrong-no-length", &[]),
        Wrong::Unknown { .. } | Wrong::OtherType { .. } => say("wrong-other", &[]),
    }
}
