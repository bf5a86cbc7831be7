//! `parse_mode: HTML` as Telegram reads it: known tags only, each closed, entities counted in
//! UTF-16 units.

use super::refusal::Refusal;
use serde_json::{Value, json};

/// A text after parsing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parsed {
    /// The text without markup.
    pub text: String,
    /// Telegram's `entities`.
    pub entities: Vec<Value>,
}

struct Open {
    name: String,
    kind: &'static str,
    extra: Option<(&'static str, String)>,
    offset: usize,
}

fn wrong(words: &str) -> Refusal {
    Refusal::bad(&format!("can't parse entities: {words}"))
}

fn utf16_length(text: &str) -> usize {
    text.encode_utf16().count()
}

fn kind_of(name: &str) -> Option<&'static str> {
    Some(match name {
        "b" | "strong" => "bold",
        "i" | "em" => "italic",
        "u" | "ins" => "underline",
        "s" | "strike" | "del" => "strikethrough",
        "span" | "tg-spoiler" => "spoiler",
        "a" => "text_link",
        "code" => "code",
        "pre" => "pre",
        "blockquote" => "blockquote",
        "tg-emoji" => "custom_emoji",
        _ => return None,
    })
}

/// The value of an attribute within a start tag such as `a href="…"`.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let at = tag.find(&format!("{name}="))?;
    let value = &tag[at + name.len() + 1..];
    let quoted = |quote: char| value.strip_prefix(quote).and_then(|rest| rest.split_once(quote));
    match quoted('"').or_else(|| quoted('\'')) {
        Some((inside, _)) => Some(unescape(inside)),
        None => value.split_whitespace().next().map(unescape),
    }
}

/// One character reference at the start of `text` (which begins with `&`): the character and how
/// many bytes it took. Unknown ones stay as written, as with Telegram.
fn reference(text: &str) -> Option<(char, usize)> {
    let end = text.bytes().take(12).position(|byte| byte == b';')?;
    let name = text.get(1..end)?;
    let found = match name {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "quot" => '"',
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code).filter(|found| *found != '\0')?
        }
    };
    Some((found, end + 1))
}

fn unescape(text: &str) -> String {
    let (mut plain, mut rest) = (String::new(), text);
    while let Some(first) = rest.chars().next() {
        let (found, taken) = match reference(rest) {
            Some(pair) if first == '&' => pair,
            _ => (first, first.len_utf8()),
        };
        plain.push(found);
        rest = &rest[taken..];
    }
    plain
}

fn open(tag: &str, at: usize, offset: usize) -> Result<Open, Refusal> {
    let name = tag.split(|c: char| c.is_whitespace()).next().unwrap_or("").to_ascii_lowercase();
    let unsupported = || wrong(&format!("Unsupported start tag \"{name}\" at byte offset {at}"));
    let kind = kind_of(&name).ok_or_else(unsupported)?;
    let extra = match name.as_str() {
        "span" if attribute(tag, "class").as_deref() != Some("tg-spoiler") => {
            return Err(wrong(&format!("Tag \"span\" must have class \"tg-spoiler\" at byte offset {at}")));
        }
        "a" => attribute(tag, "href").map(|url| ("url", url)),
        "tg-emoji" => attribute(tag, "emoji-id").map(|id| ("custom_emoji_id", id)),
        _ => None,
    };
    Ok(Open { name, kind, extra, offset })
}

/// What of the entity is left when its tag closes; Telegram drops empty ones.
fn close(open: Open, end: usize) -> Option<Value> {
    let mut entity = json!({"type": open.kind, "offset": open.offset, "length": end - open.offset});
    if let Some((name, value)) = open.extra {
        entity[name] = Value::String(value);
    } else if open.kind == "text_link" || open.kind == "custom_emoji" {
        return None;
    }
    (end > open.offset).then_some(entity)
}

/// Parses `source`.
///
/// # Errors
/// `can't parse entities: …` for an unknown, unclosed or wrongly nested tag.
pub fn parse(source: &str) -> Result<Parsed, Refusal> {
    let (mut parsed, mut stack, mut at) = (Parsed::default(), Vec::<Open>::new(), 0);
    while let Some(first) = source[at..].chars().next() {
        let rest = &source[at..];
        if first == '<' {
            let end =
                rest.find('>').ok_or_else(|| wrong(&format!("Unclosed start tag at byte offset {at}")))?;
            let (tag, offset) = (&rest[1..end], utf16_length(&parsed.text));
            if let Some(name) = tag.strip_prefix('/') {
                let name = name.trim().to_ascii_lowercase();
                let last = stack.pop();
                let last = last.ok_or_else(|| wrong(&format!("Unexpected end tag at byte offset {at}")))?;
                if !name.is_empty() && name != last.name {
                    let expected = &last.name;
                    return Err(wrong(&format!(
                        "Unmatched end tag at byte offset {at}, expected \"</{expected}>\", found \"</{name}>\""
                    )));
                }
                parsed.entities.extend(close(last, offset));
            } else {
                stack.push(open(tag, at, offset)?);
            }
            at += end + 1;
            continue;
        }
        let (found, taken) = match reference(rest) {
            Some(pair) if first == '&' => pair,
            _ => (first, first.len_utf8()),
        };
        parsed.text.push(found);
        at += taken;
    }
    match stack.pop() {
        Some(left) => Err(wrong(&format!("Can't find end tag corresponding to start tag \"{}\"", left.name))),
        None => Ok(parsed),
    }
}

/// Parses by the call's `parse_mode`; no mode leaves the text as it is.
pub(super) fn by_mode(source: &str, mode: Option<&str>) -> Result<Parsed, Refusal> {
    match mode.map(str::to_ascii_lowercase).as_deref() {
        None | Some("") => Ok(Parsed { text: source.to_owned(), entities: Vec::new() }),
        Some("html") => parse(source),
        Some(_) => Err(Refusal::bad("unsupported parse_mode")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(source: &str) -> String {
        parse(source).expect_err("refused").description.into_owned()
    }

    #[test]
    fn known_tags_become_entities_counted_in_utf_16() {
        let parsed =
            parse("😀<b>жир <i>и</i></b> &lt;&#1078;&#x416;&nbsp; <a href=\"http://x/?a&amp;b\">л</a>");
        let parsed = parsed.expect("parsed");
        assert_eq!(parsed.text, "😀жир и <жЖ&nbsp; л");
        assert_eq!(
            parsed.entities,
            [
                json!({"type": "italic", "offset": 6, "length": 1}),
                json!({"type": "bold", "offset": 2, "length": 5}),
                json!({"type": "text_link", "offset": 18, "length": 1, "url": "http://x/?a&b"}),
            ]
        );
    }

    #[test]
    fn markup_that_does_not_fit_is_refused_in_telegrams_words() {
        let start = "Bad Request: can't parse entities: ";
        for (source, reason) in [
            ("<b>x", "Can't find end tag corresponding to start tag \"b\""),
            ("<b><i>x</b></i>", "Unmatched end tag at byte offset 7, expected \"</i>\", found \"</b>\""),
            ("x</b>", "Unexpected end tag at byte offset 1"),
            ("<div>x</div>", "Unsupported start tag \"div\" at byte offset 0"),
            ("1 < 2", "Unclosed start tag at byte offset 2"),
            ("<span>x</span>", "Tag \"span\" must have class \"tg-spoiler\" at byte offset 0"),
        ] {
            assert_eq!(words(source), format!("{start}{reason}"), "{source}");
        }
    }

    #[test]
    fn a_stray_ampersand_and_odd_references_stay_as_written() {
        for source in ["a & b", "&", "&;", "&#;", "&#0;", "&#xZZ;", "&любой;", "&lt", "&#99999999999;"] {
            assert_eq!(parse(source).map(|parsed| parsed.text), Ok(source.to_owned()));
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_parsed_or_refused_and_entities_lie_within_it(
            source in "[<>&;/abi#x0-9 =\"'я😀]{0,40}|.{0,40}"
        ) {
            if let Ok(parsed) = parse(&source) {
                let length = u64::try_from(utf16_length(&parsed.text)).expect("fits");
                for entity in parsed.entities {
                    let end = entity["offset"].as_u64().zip(entity["length"].as_u64()).map(|(at, of)| at + of);
                    proptest::prop_assert!(end.is_some_and(|end| end <= length));
                }
            }
        }
    }
}
