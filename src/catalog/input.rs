//! What a customer gave for one input: read from text, checked against the input's limits.
//!
//! This is the door: a [`ValidInput`] has passed it, and nobody further in checks again.

use crate::catalog::{Files, Input, Kind, Preset};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use url::Url;

pub use crate::catalog::given::{FileSource, GivenFile, Uploads};
pub use crate::catalog::valid::ValidInput;
pub use crate::catalog::wrong::Wrong;

/// The most characters of a link to a file.
const FILE_LINK_CHARS: usize = 2048;

/// The most characters of a KIE task id (real ones have 32).
const TASK_ID_CHARS: u32 = 100;

/// What an input holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Value {
    /// Words, a choice, a link for KIE, a task id.
    Text(String),
    /// A switch.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A number.
    Number(Decimal),
    /// Files that were looked at.
    Files(Vec<GivenFile>),
}

/// What a customer has given so far, by KIE's names of the inputs.
pub type Values = BTreeMap<String, Value>;

impl From<Preset> for Value {
    fn from(preset: Preset) -> Self {
        match preset {
            Preset::Text(text) => Self::Text(text.to_owned()),
            Preset::Boolean(value) => Self::Boolean(value),
            Preset::Integer(value) => Self::Integer(value),
            Preset::Number(value) => Self::Number(value),
        }
    }
}

impl Input {
    /// Reads what a customer typed or a button carries, and checks it. Blanks around do not count.
    /// A choice is taken by its value or by its label in either language; a number with point or
    /// comma. Files are not read from words: see [`links`].
    pub fn read(&self, text: &str) -> Result<Value, Wrong> {
        let input = self.name;
        let text = text.trim();
        let value = match self.kind {
            Kind::Text { .. } | Kind::Link { .. } | Kind::Task { .. } => {
                Value::Text(text.replace("\r\n", "\n"))
            }
            Kind::Choice { values, .. } => {
                let at = self.choice(text).ok_or(Wrong::NotAChoice { input, values })?;
                Value::Text(at.to_owned())
            }
            Kind::Boolean => Value::Boolean(read_boolean(text).ok_or(Wrong::NotABoolean { input })?),
            Kind::Integer { .. } => {
                let value = plain_number(text).and_then(|text| text.parse().ok());
                Value::Integer(value.ok_or(Wrong::NotAnInteger { input })?)
            }
            Kind::Number { .. } => {
                let text = text.replacen(',', ".", 1);
                let value = plain_number(&text).and_then(|text| Decimal::from_str_exact(text).ok());
                Value::Number(value.ok_or(Wrong::NotANumber { input })?)
            }
            Kind::Image(_) | Kind::Images { .. } | Kind::Video(_) | Kind::Videos { .. } | Kind::Audio(_) => {
                return Err(Wrong::NotByWords { input });
            }
        };
        self.check(&value)?;
        Ok(value)
    }

    /// Checks a value against this input's type and limits.
    pub fn check(&self, value: &Value) -> Result<(), Wrong> {
        let input = self.name;
        match (self.kind, value) {
            (Kind::Text { min_chars, max_chars }, Value::Text(text)) => {
                self.check_text(text, min_chars, max_chars)
            }
            (Kind::Choice { values, .. }, Value::Text(text)) => {
                if values.contains(&text.as_str()) {
                    Ok(())
                } else {
                    Err(Wrong::NotAChoice { input, values })
                }
            }
            (Kind::Boolean, Value::Boolean(_)) => Ok(()),
            (Kind::Integer { min, max, step, .. }, Value::Integer(value)) => {
                self.check_number((*value).into(), min.into(), max.into(), step.into())
            }
            (Kind::Number { min, max, step }, Value::Number(value)) => {
                self.check_number(*value, min, max, step)
            }
            (Kind::Image(limits) | Kind::Video(limits) | Kind::Audio(limits), Value::Files(files)) => {
                self.check_files(files, limits, 1)
            }
            (
                Kind::Images { files: limits, max_items } | Kind::Videos { files: limits, max_items },
                Value::Files(files),
            ) => self.check_files(files, limits, max_items),
            (Kind::Link { host, max_chars }, Value::Text(text)) => {
                self.check_text(text, 1, max_chars)?;
                // The literal beginning leaves no room for a user name, a port or a look-alike host.
                let path = text.strip_prefix("https://").and_then(|rest| rest.strip_prefix(host));
                if !path.is_some_and(|path| path.starts_with('/')) {
                    return Err(Wrong::WrongHost { input, host });
                }
                if is_https(text) { Ok(()) } else { Err(Wrong::NotALink { input }) }
            }
            (Kind::Task { .. }, Value::Text(text)) => self.check_text(text, 1, TASK_ID_CHARS),
            (
                Kind::Text { .. }
                | Kind::Choice { .. }
                | Kind::Boolean
                | Kind::Integer { .. }
                | Kind::Number { .. }
                | Kind::Image(_)
                | Kind::Images { .. }
                | Kind::Video(_)
                | Kind::Videos { .. }
                | Kind::Audio(_)
                | Kind::Link { .. }
                | Kind::Task { .. },
                _,
            ) => Err(Wrong::OtherType { input }),
        }
    }

    /// The value a text means, by itself or by a label.
    fn choice(&self, text: &str) -> Option<&'static str> {
        let Kind::Choice { values, labels } = self.kind else { return None };
        if let Some(value) = values.iter().find(|value| **value == text) {
            return Some(value);
        }
        let text = text.to_lowercase();
        let mut pairs = values.iter().zip(labels);
        pairs
            .find(|(value, label)| [value, label.ru, label.en].iter().any(|name| name.to_lowercase() == text))
            .map(|(value, _)| *value)
    }

    fn check_text(&self, text: &str, min_chars: u32, max_chars: u32) -> Result<(), Wrong> {
        let input = self.name;
        if min_chars > 0 && text.trim().is_empty() {
            return Err(Wrong::Empty { input });
        }
        if text.chars().any(|character| character.is_control() && character != '\n' && character != '\t') {
            return Err(Wrong::ControlCharacter { input });
        }
        let chars = text.chars().count();
        let fits = u32::try_from(chars);
        if fits.is_ok_and(|chars| chars < min_chars) {
            return Err(Wrong::TooShort { input, min_chars, chars });
        }
        if !fits.is_ok_and(|chars| chars <= max_chars) {
            return Err(Wrong::TooLong { input, max_chars, chars });
        }
        Ok(())
    }

    fn check_number(&self, value: Decimal, min: Decimal, max: Decimal, step: Decimal) -> Result<(), Wrong> {
        let input = self.name;
        if value < min || value > max {
            return Err(Wrong::OutOfRange { input, min, max });
        }
        let on_step = value
            .checked_sub(min)
            .and_then(|above| above.checked_rem(step))
            .is_some_and(|rest| rest.is_zero());
        if on_step { Ok(()) } else { Err(Wrong::OffStep { input, min, step }) }
    }

    fn check_files(&self, files: &[GivenFile], limits: Files, max_items: u32) -> Result<(), Wrong> {
        let input = self.name;
        if files.is_empty() {
            return Err(Wrong::Empty { input });
        }
        if !u32::try_from(files.len()).is_ok_and(|items| items <= max_items) {
            return Err(Wrong::TooMany { input, max_items });
        }
        files.iter().try_for_each(|file| limits.check(input, file))
    }
}

/// The links in what a customer wrote instead of sending a file, if it is nothing but https links.
pub fn links(text: &str) -> Option<Vec<String>> {
    let links: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
    let fits = |link: &String| link.chars().count() <= FILE_LINK_CHARS && is_https(link);
    (!links.is_empty() && links.iter().all(fits)).then_some(links)
}

/// Digits with at most a sign and a point: no exponents, no underscores, no other scripts.
fn plain_number(text: &str) -> Option<&str> {
    let plain = text.len() <= 30 && text.bytes().all(|byte| byte.is_ascii_digit() || b".-".contains(&byte));
    plain.then_some(text)
}

fn read_boolean(text: &str) -> Option<bool> {
    match text.to_lowercase().as_str() {
        "true" | "yes" | "on" | "1" | "да" | "вкл" | "+" => Some(true),
        "false" | "no" | "off" | "0" | "нет" | "выкл" | "-" => Some(false),
        _ => None,
    }
}

/// A link by https to a named host, without a user name, written without blanks and backslashes
/// (which parsers read in different ways).
fn is_https(link: &str) -> bool {
    let odd = |character: char| character.is_control() || character.is_whitespace() || character == '\\';
    if link.chars().any(odd) || !link.starts_with("https://") {
        return false;
    }
    Url::parse(link).is_ok_and(|url| url.has_host() && url.username().is_empty() && url.password().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::model;

    #[track_caller]
    fn read(id: &str, input: &str, text: &str) -> Result<Value, Wrong> {
        let model = model(id).expect("a model of the catalogue");
        model.input(input).expect("an input of the model").read(text)
    }

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    #[test]
    fn a_prompt_is_trimmed_and_counted_in_characters() {
        let prompt = |text: &str| read("z-image", "prompt", text);
        assert_eq!(prompt("  кот\r\nна\tкрыше \n"), Ok(text("кот\nна\tкрыше")));
        assert_eq!(prompt(&"😀".repeat(1000)), Ok(text(&"😀".repeat(1000))));
        assert_eq!(
            prompt(&"😀".repeat(4096)),
            Err(Wrong::TooLong { input: "prompt", max_chars: 1000, chars: 4096 })
        );
        assert_eq!(prompt("<b>кот</b> & \"пёс\""), Ok(text("<b>кот</b> & \"пёс\"")));
    }

    #[test]
    fn an_empty_prompt_is_refused_where_words_are_needed() {
        for blank in ["", "   ", "\n\t ", "\u{a0}"] {
            assert_eq!(read("z-image", "prompt", blank), Err(Wrong::Empty { input: "prompt" }));
        }
        assert_eq!(read("kling/v1-avatar-standard", "prompt", " "), Ok(text("")));
        assert_eq!(
            read("wan/2-6-image-to-video", "prompt", "x"),
            Err(Wrong::TooShort { input: "prompt", min_chars: 2, chars: 1 })
        );
    }

    #[test]
    fn control_characters_are_refused() {
        for bad in ["a\0b", "a\u{7}b", "a\u{1b}[0m", "a\u{85}b", "a\rb"] {
            assert_eq!(
                read("z-image", "prompt", bad),
                Err(Wrong::ControlCharacter { input: "prompt" }),
                "{bad:?}"
            );
        }
    }

    #[test]
    fn a_choice_is_taken_by_value_or_by_label() {
        let shape = |text: &str| read("sora-2-text-to-video", "aspect_ratio", text);
        for landscape in ["landscape", "Landscape", "горизонтально", " ГОРИЗОНТАЛЬНО "]
        {
            assert_eq!(shape(landscape), Ok(text("landscape")), "{landscape}");
        }
        let values: &[&str] = &["portrait", "landscape"];
        assert_eq!(shape("16:9"), Err(Wrong::NotAChoice { input: "aspect_ratio", values }));
        assert_eq!(shape(""), Err(Wrong::NotAChoice { input: "aspect_ratio", values }));
    }

    #[test]
    fn a_switch_is_read_in_both_languages() {
        let sound = |text: &str| read("kling-2.6/text-to-video", "sound", text);
        for yes in ["true", "Yes", "ДА", "1", "вкл"] {
            assert_eq!(sound(yes), Ok(Value::Boolean(true)), "{yes}");
        }
        for no in ["false", "no", "Нет", "0", "выкл"] {
            assert_eq!(sound(no), Ok(Value::Boolean(false)), "{no}");
        }
        assert_eq!(sound("может быть"), Err(Wrong::NotABoolean { input: "sound" }));
    }

    #[test]
    fn a_whole_number_keeps_to_its_range_and_steps() {
        let frames = |text: &str| read("wan/2-2-a14b-speech-to-video-turbo", "num_frames", text);
        let (min, max) = (Decimal::from(40), Decimal::from(120));
        assert_eq!(frames(" 80 "), Ok(Value::Integer(80)));
        assert_eq!(frames("39"), Err(Wrong::OutOfRange { input: "num_frames", min, max }));
        assert_eq!(frames("124"), Err(Wrong::OutOfRange { input: "num_frames", min, max }));
        assert_eq!(frames("81"), Err(Wrong::OffStep { input: "num_frames", min, step: Decimal::from(4) }));
        for bad in ["80.5", "8e1", "eighty", "", "8_0", "٨٠", "99999999999999999999", "--80"] {
            assert_eq!(frames(bad), Err(Wrong::NotAnInteger { input: "num_frames" }), "{bad}");
        }
    }

    #[test]
    fn a_number_is_read_exactly_with_point_or_comma() {
        let scale = |text: &str| read("kling/v2-5-turbo-text-to-video-pro", "cfg_scale", text);
        for half in ["0.5", "0,5", "0.50", ".5"] {
            assert_eq!(scale(half), Ok(Value::Number(Decimal::new(5, 1))), "{half}");
        }
        let (min, max) = (Decimal::ZERO, Decimal::ONE);
        assert_eq!(scale("1.1"), Err(Wrong::OutOfRange { input: "cfg_scale", min, max }));
        assert_eq!(scale("-0.1"), Err(Wrong::OutOfRange { input: "cfg_scale", min, max }));
        assert_eq!(scale("0.55"), Err(Wrong::OffStep { input: "cfg_scale", min, step: Decimal::new(1, 1) }));
        for bad in ["half", "", "1e-1", "0.5.0", "0_5", "NaN", &"9".repeat(40)] {
            assert_eq!(scale(bad), Err(Wrong::NotANumber { input: "cfg_scale" }), "{bad}");
        }
    }

    #[test]
    fn files_are_not_words_and_links_to_them_go_by_https() {
        let input = "video_urls";
        for words in ["", "кот", "https://a.example/1.mp4"] {
            assert_eq!(read("wan/2-6-video-to-video", input, words), Err(Wrong::NotByWords { input }));
        }
        let of = |text: &[&str]| Some(text.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(links("https://a.example/1.mp4"), of(&["https://a.example/1.mp4"]));
        assert_eq!(links("https://a.b/1\nhttps://a.b/2"), of(&["https://a.b/1", "https://a.b/2"]));
        for bad in [
            "",
            "http://a.b/1",
            "file:///etc/passwd",
            "кот",
            "https://",
            "https://me:pw@a.b/1",
            "https:\\\\a.b",
            "кот https://a.b/1",
        ] {
            assert_eq!(links(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_link_for_kie_goes_to_its_one_host() {
        let link = |text: &str| read("sora-watermark-remover", "video_url", text);
        let good = "https://sora.chatgpt.com/p/s_0123456789abcdef";
        assert_eq!(link(good), Ok(text(good)));
        let (input, host) = ("video_url", "sora.chatgpt.com");
        for bad in [
            "http://sora.chatgpt.com/p/1",
            "https://sora.chatgpt.com.evil.example/p/1",
            "https://sora.chatgpt.com@evil.example/p/1",
            "https://sora.chatgpt.com:444/p/1",
            "https://evil.example/https://sora.chatgpt.com/p/1",
            "https://SORA.chatgpt.com",
            "ролик",
        ] {
            assert_eq!(link(bad), Err(Wrong::WrongHost { input, host }), "{bad}");
        }
        assert_eq!(link("https://sora.chatgpt.com/p/1 2"), Err(Wrong::NotALink { input }));
        assert_eq!(link(""), Err(Wrong::Empty { input }));
    }
}
