//! Values of inputs as people read them: on screens, and under results.

use crate::catalog::input::{Value, Values};
use crate::catalog::{Input, Kind, Label, Model};
use crate::message::Lang;
use crate::texts::{self, Arg};

/// How much of the options a caption shows, in characters.
const CAPTION_CHARS: usize = 400;

/// A label in a language.
pub fn word(lang: Lang, label: Label) -> &'static str {
    match lang {
        Lang::Ru => label.ru,
        Lang::En => label.en,
    }
}

/// What a button carries for a value: what [`Input::read`] reads back.
pub fn code(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Boolean(value) => value.to_string(),
        Value::Integer(number) => number.to_string(),
        Value::Number(number) => number.normalize().to_string(),
        Value::Files(_) => String::new(),
    }
}

/// A value as people read it, not escaped.
pub fn shown(lang: Lang, input: &Input, value: &Value) -> String {
    match (input.kind, value) {
        (Kind::Task { .. }, _) => texts::say(lang, "value-earlier-job", &[]),
        (Kind::Choice { values, labels }, Value::Text(text)) => {
            let label = values.iter().zip(labels).find(|(value, _)| *value == text);
            label.map_or_else(|| text.clone(), |(_, label)| word(lang, *label).to_owned())
        }
        (_, Value::Boolean(true)) => texts::say(lang, "value-on", &[]),
        (_, Value::Boolean(false)) => texts::say(lang, "value-off", &[]),
        (_, Value::Number(number)) => {
            let number = number.normalize().to_string();
            if lang == Lang::Ru { number.replace('.', ",") } else { number }
        }
        (_, Value::Files(files)) => {
            let count = i64::try_from(files.len()).unwrap_or(i64::MAX);
            texts::say(lang, "value-files", &[("count", Arg::Number(count))])
        }
        (_, Value::Text(_) | Value::Integer(_)) => code(value),
    }
}

/// How long a generation that is expected to take so many seconds takes as a rule, as a line.
pub fn time(lang: Lang, expected_s: u32) -> String {
    if expected_s < 100 {
        texts::say(lang, "time-seconds", &[("seconds", Arg::Number(expected_s.into()))])
    } else {
        texts::say(lang, "time-minutes", &[("minutes", Arg::Number(expected_s.div_ceil(60).into()))])
    }
}

/// The options of an order on one line, not escaped; empty when there are none to speak of.
pub fn options_line(lang: Lang, model: &Model, values: &Values) -> String {
    let is_option = |input: &&Input| match input.kind {
        Kind::Choice { .. } | Kind::Boolean | Kind::Integer { .. } | Kind::Number { .. } => !input.hidden,
        Kind::Text { .. }
        | Kind::Image(_)
        | Kind::Images { .. }
        | Kind::Video(_)
        | Kind::Videos { .. }
        | Kind::Audio(_)
        | Kind::Link { .. }
        | Kind::Task { .. } => false,
    };
    let mut line = String::new();
    for input in model.inputs.iter().filter(is_option) {
        let Some(value) = values.get(input.name) else { continue };
        let part = format!("{}: {}", word(lang, input.label), shown(lang, input, value));
        if line.chars().count() + part.chars().count() > CAPTION_CHARS {
            line.push('…');
            break;
        }
        if !line.is_empty() {
            line.push_str(" · ");
        }
        line.push_str(&part);
    }
    line
}
