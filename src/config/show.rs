//! What is in force and where each value came from, for people. Secrets are never shown.

use super::reader::Reader;
use super::source::{self, Gathered};
use super::{BotMode, EXAMPLE, NAMES, Problem, Settings, Sources};
use std::time::Duration;

/// Parts of the names of settings whose values are secret. Parts, so that a new one is hidden too.
const SECRET: [&str; 4] = ["TOKEN", "KEY", "SECRET", "PASSWORD"];
/// Longer values (your own terms) are cut.
const SHOWN_CHARS: usize = 60;

/// One setting, as it is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Its name.
    pub name: &'static str,
    /// Its value on one line; `None`: it is not set, and has no default, or it is secret.
    pub value: Option<String>,
    /// `default`, `settings file`, `environment`, `its _FILE`, `credential`, `STATE_DIRECTORY`; empty
    /// when it is not set.
    pub from: &'static str,
    /// Its value is not for the eye.
    pub is_secret: bool,
}

/// All settings in the order of [`NAMES`], and all that is wrong with what was given.
pub fn show(sources: &Sources) -> (Vec<Shown>, Vec<Problem>) {
    let Gathered { raw, problems, is_complete } = source::gather(sources);
    let mut reader = Reader { raw: &raw, problems, is_complete };
    let settings = Settings::read(&mut reader);
    let shown = NAMES.into_iter().map(|name| {
        let is_secret = SECRET.iter().any(|part| name.contains(part));
        let given = raw.get(name);
        let value = match given {
            Some(_) if is_secret => None,
            Some(given) => Some(clip(&given.text)),
            None => default_of(&settings, name),
        };
        let from = match (given, &value) {
            (Some(given), _) => given.origin,
            (None, Some(_)) => "default",
            (None, None) => "",
        };
        Shown { name, value, from, is_secret }
    });
    (shown.collect(), reader.problems)
}

/// The default: of the example, or what follows from other settings.
fn default_of(settings: &Settings, name: &str) -> Option<String> {
    let seconds = |time: Duration| format!("{}s", time.as_secs());
    match name {
        "DATA_DIR" => Some(settings.data_dir.display().to_string()),
        "LISTEN" => Some(settings.listen.to_string()),
        "BOT_MODE" => Some(mode(settings.bot_mode).to_owned()),
        "STAR_RUB" => Some(settings.star_rub.normalize().to_string()),
        "UNKNOWN_DEADLINE" => Some(seconds(settings.unknown_deadline)),
        _ => {
            let line = EXAMPLE.lines().find_map(|line| line.strip_prefix("# ")?.strip_prefix(name));
            let value = line.and_then(|rest| rest.strip_prefix(" = ")).map(|value| value.trim_matches('"'));
            value.filter(|value| !value.is_empty()).map(str::to_owned)
        }
    }
}

fn mode(mode: BotMode) -> &'static str {
    match mode {
        BotMode::Polling => "polling",
        BotMode::Webhook => "webhook",
    }
}

/// A value on one line, at most [`SHOWN_CHARS`] long.
fn clip(text: &str) -> String {
    let line: String = text.chars().map(|one| if one.is_control() { ' ' } else { one }).collect();
    let line = line.trim();
    if line.chars().count() <= SHOWN_CHARS {
        return line.to_owned();
    }
    line.chars().take(SHOWN_CHARS).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn shown(given: &[(&str, &str)]) -> Vec<Shown> {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let environment: BTreeMap<String, String> = given.iter().map(own).collect();
        show(&Sources { environment, file: None }).0
    }

    fn of<'a>(shown: &'a [Shown], name: &str) -> (Option<&'a str>, &'static str) {
        let one = shown.iter().find(|one| one.name == name).expect("every setting");
        (one.value.as_deref(), one.from)
    }

    #[test]
    fn what_is_not_given_shows_its_default_also_where_it_follows_from_others() {
        let plain = shown(&[("USD_TO_RUB", "100"), ("PORT", "9000")]);
        assert_eq!(of(&plain, "USD_TO_RUB"), (Some("100"), "environment"));
        assert_eq!(of(&plain, "STAR_RUB"), (Some("1.3"), "default"));
        assert_eq!(of(&plain, "LISTEN"), (Some("127.0.0.1:9000"), "default"));
        assert_eq!(of(&plain, "PRICING_MARKUP"), (Some("2"), "default"));
        assert_eq!(of(&plain, "PAYMENT_CARD"), (None, ""));
        let called = shown(&[("WEBHOOK_BASE_URL", "https://bot.example.com")]);
        assert_eq!(of(&called, "BOT_MODE"), (Some("webhook"), "default"));
        assert_eq!(of(&called, "UNKNOWN_DEADLINE"), (Some("1800s"), "default"));
        let wordy = shown(&[("TERMS", &format!("{}\nb", "я".repeat(70)))]);
        assert_eq!(of(&wordy, "TERMS").0.map(|text| text.chars().count()), Some(SHOWN_CHARS + 1));
    }

    #[test]
    fn whatever_is_kept_as_a_secret_is_not_shown() {
        let given: Vec<(&str, &str)> =
            NAMES.into_iter().filter(|name| hides(name)).map(|name| (name, planted(name))).collect();
        assert!(given.len() >= 5, "{given:?}");
        let said = format!("{:?}", shown(&given));
        assert!(!said.contains("planted"), "a secret is shown: {said}");
    }

    /// What may stand under a name that takes any text, or a token.
    fn planted(name: &str) -> &'static str {
        if name == "TELEGRAM_BOT_TOKEN" {
            "4242:plantedplantedplantedplantedplantedp"
        } else {
            "planted_planted"
        }
    }

    /// Whether the settings keep what is given under this name as a secret: nothing prints it then.
    fn hides(name: &str) -> bool {
        let token = planted("TELEGRAM_BOT_TOKEN");
        let mut environment: BTreeMap<String, String> = BTreeMap::new();
        for (other, value) in [("TELEGRAM_BOT_TOKEN", token), ("KIE_API_KEY", "another"), ("ADMIN_IDS", "1")]
        {
            // One that takes the place of another is looked at only without that.
            if !(other.starts_with(name) && other != name) {
                environment.insert(other.to_owned(), value.to_owned());
            }
        }
        if name.starts_with("ACME_") {
            // Looked at only then.
            environment.insert("TLS".to_owned(), "acme".to_owned());
            environment.insert("DOMAIN".to_owned(), "bot.example.com".to_owned());
        }
        environment.insert(name.to_owned(), planted(name).to_owned());
        match Settings::for_service(&Sources { environment, file: None }) {
            Ok((settings, _)) => !format!("{settings:?}").contains("planted"),
            Err(_) => false,
        }
    }
}
