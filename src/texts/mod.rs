//! Every word the bot says: Fluent files of both languages, with the same keys. `ru.ftl` has the
//! shop, `ru-money.ftl` payments and the wallet, `ru-admin.ftl` what operators read, `ru-law.ftl` what
//! Telegram and the law ask for; so do the files of English.
//!
//! Texts are Telegram's HTML. What comes from outside goes in as [`Arg::Text`], which escapes it, so
//! a customer's `<b>` stays four characters. A missing key or argument is a bug of ours: the tests
//! walk all keys of both files and all uses of them in the sources.

#[cfg(test)]
mod tests;

use crate::message::Lang;
use crate::money::Kopecks;
use crate::time::At;
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use std::sync::LazyLock;
use unic_langid::LanguageIdentifier;

const RU: &str = concat!(
    include_str!("ru.ftl"),
    include_str!("ru-money.ftl"),
    include_str!("ru-admin.ftl"),
    include_str!("ru-law.ftl")
);
const EN: &str = concat!(
    include_str!("en.ftl"),
    include_str!("en-money.ftl"),
    include_str!("en-admin.ftl"),
    include_str!("en-law.ftl")
);

type Bundle = FluentBundle<FluentResource>;

static BUNDLES: LazyLock<[Bundle; 2]> = LazyLock::new(|| [bundle(Lang::Ru, RU), bundle(Lang::En, EN)]);

/// What a text has a place for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arg<'a> {
    /// Words from outside; escaped.
    Text(&'a str),
    /// Words of ours that are HTML already, such as another text of these files.
    Html(&'a str),
    /// A count; picks the plural.
    Number(i64),
    /// An amount, as people of the language write it.
    Money(Kopecks),
}

fn bundle(lang: Lang, source: &str) -> Bundle {
    let lang: LanguageIdentifier = lang.code().parse().expect("the code of a language is one");
    let resource = match FluentResource::try_new(source.to_owned()) {
        Ok(resource) => resource,
        Err((_, errors)) => panic!("{lang}.ftl is no Fluent: {errors:?}"),
    };
    let mut bundle = Bundle::new_concurrent(vec![lang]);
    bundle.set_use_isolating(false);
    if let Err(errors) = bundle.add_resource(resource) {
        panic!("a key stands twice: {errors:?}");
    }
    bundle
}

fn of(lang: Lang) -> &'static Bundle {
    match lang {
        Lang::Ru => &BUNDLES[0],
        Lang::En => &BUNDLES[1],
    }
}

/// The text `key` with its places filled.
///
/// # Panics
/// When there is no such text, or an argument of it is missing: a bug.
pub fn say(lang: Lang, key: &str, args: &[(&str, Arg<'_>)]) -> String {
    let bundle = of(lang);
    let Some(pattern) = bundle.get_message(key).and_then(|message| message.value()) else {
        panic!("there is no text {key}");
    };
    let mut values = FluentArgs::new();
    for (name, arg) in args {
        values.set(*name, value(lang, *arg));
    }
    let mut errors = Vec::new();
    let text = bundle.format_pattern(pattern, Some(&values), &mut errors);
    assert!(errors.is_empty(), "the text {key} is filled wrongly: {errors:?}");
    text.into_owned()
}

fn value(lang: Lang, arg: Arg<'_>) -> FluentValue<'static> {
    match arg {
        Arg::Text(text) => escape(text).into(),
        Arg::Html(html) => html.to_owned().into(),
        Arg::Number(number) => number.into(),
        Arg::Money(amount) => money(lang, amount).into(),
    }
}

/// The text beside a command in Telegram's menu; `name` is one of `message::COMMANDS`.
///
/// # Panics
/// When there is none: a bug.
pub fn command(lang: Lang, name: &str) -> String {
    say(lang, &format!("command-{name}"), &[])
}

/// Words as Telegram's HTML shows them: `<`, `>`, `&` and quotes lose their meaning, and NUL, which
/// Telegram does not take, is left out.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            '\0' => {}
            other => escaped.push(other),
        }
    }
    escaped
}

/// An amount as people write it: `1 234,56 ₽` (with a blank that does not break inside the number),
/// `₽1,234.56`.
pub fn money(lang: Lang, amount: Kopecks) -> String {
    let kopecks = amount.get().unsigned_abs();
    let sign = if amount.is_negative() { "−" } else { "" };
    let (group, point) = match lang {
        Lang::Ru => ('\u{a0}', ','),
        Lang::En => (',', '.'),
    };
    let digits = (kopecks / 100).to_string();
    let mut whole = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            whole.push(group);
        }
        whole.push(digit);
    }
    let number = format!("{whole}{point}{:02}", kopecks % 100);
    match lang {
        Lang::Ru => format!("{sign}{number} ₽"),
        Lang::En => format!("{sign}₽{number}"),
    }
}

/// A time as people read it: Moscow's in Russian, UTC in English, and it says which.
pub fn moment(lang: Lang, at: At) -> String {
    let (offset, format) = match lang {
        Lang::Ru => (Offset::constant(3), "%d.%m.%Y %H:%M МСК"),
        Lang::En => (Offset::UTC, "%-d %b %Y %H:%M UTC"),
    };
    match Timestamp::from_millisecond(at.0) {
        Ok(timestamp) => timestamp.to_zoned(TimeZone::fixed(offset)).strftime(format).to_string(),
        Err(_beyond_any_calendar) => at.to_string(),
    }
}
