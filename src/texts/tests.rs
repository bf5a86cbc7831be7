//! Both files have the same keys with the same places, the sources use exactly these keys, and what
//! is filled in reads as people write it.

use super::*;
use fluent_bundle::FluentResource;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The keys of a file with the names of their places. Read from the source text on purpose: the
/// parser that the bot uses would hide a place that it cannot resolve.
fn keys(source: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut keys: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut key = None;
    for line in source.lines() {
        let starts = line.starts_with(|character: char| character.is_ascii_lowercase());
        if let Some((name, _)) = line.split_once(" =").filter(|_| starts) {
            assert!(keys.insert(name.to_owned(), BTreeSet::new()).is_none(), "{name} stands twice");
            key = Some(name.to_owned());
        }
        let Some(places) = key.as_ref().and_then(|key| keys.get_mut(key)) else { continue };
        for place in line.split("{ $").skip(1) {
            let end = place.find([' ', '}']).expect("a place ends");
            places.insert(place[..end].to_owned());
        }
    }
    keys
}

fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).expect("the sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Every string literal of the sources that looks like a key, outside of this folder.
fn literals() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut found = BTreeSet::new();
    for file in files.iter().filter(|file| !file.starts_with(root.join("texts"))) {
        let text = fs::read_to_string(file).expect("a source file");
        for literal in text.split('"') {
            let like = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            if !literal.is_empty() && literal.bytes().all(like) {
                found.insert(literal.to_owned());
            }
        }
    }
    found
}

/// The first argument after the language of every call of `say`.
fn said() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut found = BTreeSet::new();
    for file in files.iter().filter(|file| !file.starts_with(root.join("texts"))) {
        let text = fs::read_to_string(file).expect("a source file");
        for word in ["say(", "tell(", "toast(", "alert("] {
            for call in text.split(word).skip(1) {
                let line = call.split([';', ')']).next().unwrap_or("");
                let Some(key) = line.split('"').nth(1) else { continue };
                // Before the key stands at most the language.
                let before = line.split('"').next().unwrap_or("");
                if before.matches(',').count() <= 1 && !before.contains(['{', '[', '!']) {
                    found.insert(key.to_owned());
                }
            }
        }
    }
    found
}

#[test]
fn both_languages_have_the_same_keys_with_the_same_places() {
    let (ru, en) = (keys(RU), keys(EN));
    assert!(ru.len() > 150, "only {} keys were found", ru.len());
    assert_eq!(ru, en);
}

#[test]
fn every_text_can_be_said_with_its_places_filled() {
    for (lang, source) in [(Lang::Ru, RU), (Lang::En, EN)] {
        for (key, places) in keys(source) {
            for number in [0, 1, 2, 5, 11, 21, 101] {
                let args: Vec<_> = places.iter().map(|place| (place.as_str(), Arg::Number(number))).collect();
                let text = say(lang, &key, &args);
                assert!(!text.trim().is_empty(), "{key}");
                assert!(!text.contains(['{', '$']), "{key}: {text}");
                assert!(text.chars().count() < 1_000, "{key} is long");
            }
        }
    }
}

#[test]
fn the_sources_say_only_what_is_there_and_all_that_is_there() {
    let known: BTreeSet<String> = keys(RU).into_keys().collect();
    let said = said();
    assert!(said.len() > 80, "only {} calls were found", said.len());
    let missing: Vec<_> = said.iter().filter(|key| key.contains('-') && !known.contains(*key)).collect();
    assert!(missing.is_empty(), "no such text: {missing:?}");
    let families: BTreeSet<&str> = known.iter().filter_map(|key| key.split('-').next()).collect();
    let prefixes =
        ["job-", "reason-", "money-", "alarm-", "button-", "status-", "wrong-", "not-sold-", "task-"];
    assert!(prefixes.iter().all(|prefix| prefix.split('-').next().is_some_and(|one| families.contains(one))));
    let literals = literals();
    let unused: Vec<_> = known.iter().filter(|key| !literals.contains(*key)).collect();
    // What the workers and flow do not say yet, by their contract.
    let contract = ["error-ours", "job-sending"];
    let unused: Vec<_> = unused.into_iter().filter(|key| !contract.contains(&key.as_str())).collect();
    assert!(unused.is_empty(), "nobody says {unused:?}");
}

#[test]
fn the_files_are_fluent_and_no_key_stands_twice() {
    for source in [RU, EN] {
        let resource = FluentResource::try_new(source.to_owned());
        assert!(resource.is_ok(), "{:?}", resource.err().map(|(_, errors)| errors));
        keys(source);
    }
}

#[test]
fn every_command_of_the_menu_has_its_text() {
    for name in ["start", "menu", "balance", "history", "free", "help", "support", "lang", "cancel"] {
        for lang in [Lang::Ru, Lang::En] {
            assert!((1..=256).contains(&command(lang, name).chars().count()));
        }
    }
}

#[test]
fn russian_plurals_follow_the_number() {
    let left = |left| {
        say(
            Lang::Ru,
            "card-price-free",
            &[("left", Arg::Number(left)), ("price", Arg::Money(Kopecks::new(76)))],
        )
    };
    assert_eq!(left(1), "🆓 Бесплатно: остался 1 запуск (потом от 0,76 ₽)");
    assert_eq!(left(2), "🆓 Бесплатно: осталось 2 запуска (потом от 0,76 ₽)");
    assert_eq!(left(5), "🆓 Бесплатно: осталось 5 запусков (потом от 0,76 ₽)");
    assert_eq!(left(21), "🆓 Бесплатно: остался 21 запуск (потом от 0,76 ₽)");
}

#[test]
fn words_from_outside_are_escaped_and_ours_are_not() {
    let args = [("model", Arg::Text("<b>&\"")), ("price", Arg::Html("<i>1</i>"))];
    assert_eq!(say(Lang::En, "job-done-caption", &args), "✅ &lt;b&gt;&amp;&quot;\nCharged: <i>1</i>");
    assert_eq!(escape("a\0b<script>"), "ab&lt;script&gt;");
}

#[test]
fn money_is_written_as_people_of_the_language_do() {
    for (kopecks, ru, en) in [
        (0, "0,00 ₽", "₽0.00"),
        (76, "0,76 ₽", "₽0.76"),
        (123_456, "1\u{a0}234,56 ₽", "₽1,234.56"),
        (100_000_000, "1\u{a0}000\u{a0}000,00 ₽", "₽1,000,000.00"),
        (-505, "−5,05 ₽", "−₽5.05"),
    ] {
        assert_eq!(money(Lang::Ru, Kopecks::new(kopecks)), ru);
        assert_eq!(money(Lang::En, Kopecks::new(kopecks)), en);
    }
}

#[test]
fn a_time_says_whose_it_is() {
    let at = At(1_795_431_300_000);
    assert_eq!(moment(Lang::Ru, at), "23.11.2026 13:55 МСК");
    assert_eq!(moment(Lang::En, at), "23 Nov 2026 10:55 UTC");
}

#[test]
fn a_failure_keeps_the_format_that_customers_know() {
    let args = [
        ("model", Arg::Text("flux-2/pro")),
        ("reason", Arg::Html("Недостаточно средств")),
        ("money", Arg::Html("💰 Ничего не списано")),
        ("code", Arg::Text("RQ-a1b2c3d4")),
    ];
    let expected = "❌ Генерация не удалась\n\nМодель: flux-2/pro\nОшибка: Недостаточно средств\n\
                    💰 Ничего не списано\n\n🆘 Код ошибки: RQ-a1b2c3d4\n💬 Отправьте этот код в поддержку";
    assert_eq!(say(Lang::Ru, "job-failed", &args), expected);
}
