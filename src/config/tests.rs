//! What is read from where, what is refused, and that no secret is ever told.

use super::*;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use tempfile::TempDir;

const TOKEN: &str = "123456789:AAplanted_token-0123456789abcdefghij";
const KEY: &str = "planted-kie-key";

fn environment(pairs: &[(&str, &str)]) -> Sources {
    let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Sources { environment: pairs.collect(), file: None }
}

/// The required three and more.
fn service(more: &[(&str, &str)]) -> Sources {
    let required = [("TELEGRAM_BOT_TOKEN", TOKEN), ("KIE_API_KEY", KEY), ("ADMIN_IDS", "1, 22")];
    environment(&[&required, more].concat())
}

fn with_file(sources: Sources, dir: &TempDir, text: &str) -> Sources {
    let path = dir.path().join("samovar.toml");
    fs::write(&path, text).expect("written");
    Sources { file: Some(path), ..sources }
}

fn problems(sources: &Sources) -> Vec<String> {
    let problems = Settings::for_service(sources).expect_err("refused").0;
    problems.iter().map(Problem::to_string).collect()
}

#[test]
fn the_required_three_are_enough() {
    let (settings, keys) = Settings::for_service(&service(&[])).expect("good");
    assert_eq!(format!("{settings:?}"), format!("{:?}", Settings::default()));
    assert_eq!(keys.admin_ids, [UserId(1), UserId(22)]);
    assert_eq!(keys.bot_id, 123_456_789);
    let sources = environment(&[("TELEGRAM_BOT_TOKEN", TOKEN), ("KIE_API_KEY", KEY), ("ADMIN_ID", "7")]);
    assert_eq!(Settings::for_service(&sources).expect("good").1.admin_ids, [UserId(7)]);
}

#[test]
fn all_that_is_missing_is_told_at_once_with_where_to_get_it() {
    assert_eq!(
        problems(&environment(&[("KIE_API_KEY", " ")])),
        [
            "TELEGRAM_BOT_TOKEN is missing: @BotFather gives it",
            "KIE_API_KEY is missing: get it at https://kie.ai/api-key",
            "ADMIN_IDS is missing: @userinfobot tells your id",
        ]
    );
}

#[track_caller]
fn is_named(name: &str, value: &str, says: &str) {
    let told = problems(&service(&[(name, value)]));
    assert_eq!(told.len(), 1, "{name}: {told:?}");
    assert!(told[0].contains(name) && told[0].contains(says), "{name}={value}: {told:?}");
    assert!(!told[0].contains("planted") && !told[0].contains('\n'), "{told:?}");
}

#[test]
fn a_malformed_value_is_named_in_one_line_that_does_not_show_it() {
    for (name, value, says) in [
        ("TELEGRAM_BOT_TOKEN", "123456789:AAxx planted", "has a blank"),
        ("TELEGRAM_BOT_TOKEN", "planted", "@BotFather"),
        ("TELEGRAM_BOT_TOKEN", "x:AAplantedplantedplantedplantedplanted", "@BotFather"),
        ("TELEGRAM_BOT_TOKEN", ":AAplantedplantedplantedplantedplanted", "@BotFather"),
        ("KIE_API_KEY", "planted key", "https://kie.ai/api-key"),
        ("KIE_API_KEY", "plantedключ", "https://kie.ai/api-key"),
        ("ADMIN_IDS", "@planted", "@userinfobot"),
        ("ADMIN_IDS", "-100123", "@userinfobot"),
        ("ADMIN_IDS", "0", "@userinfobot"),
        ("ADMIN_IDS", ",", "commas"),
        ("BOT_MODE", "planted", "polling or webhook"),
        ("BOT_MODE", "webhook", "WEBHOOK_BASE_URL is missing"),
        ("WEBHOOK_BASE_URL", "http://planted.example", "https://bot.example.com"),
        ("WEBHOOK_BASE_URL", "https://planted.example:8080", "port 443, 80, 88 or 8443"),
        ("WEBHOOK_BASE_URL", "planted.example", "https://bot.example.com"),
        ("TLS", "planted", "off, self-signed or acme"),
        ("TLS", "self-signed", "WEBHOOK_BASE_URL is missing"),
        ("DOMAIN", "planted/x", "name or an address"),
        ("ACME_EMAIL", "planted", "me@example.com"),
        ("ACME_DIRECTORY", "planted", "https://api.example.com"),
        ("TELEGRAM_WEBHOOK_PATH", "planted", "must begin with /"),
        ("TELEGRAM_WEBHOOK_PATH", "/planted?", "must begin with /"),
        ("TELEGRAM_WEBHOOK_PATH", "/kie/callback", "is taken"),
        ("TELEGRAM_WEBHOOK_SECRET_TOKEN", "planted!", "1 to 256"),
        ("TELEGRAM_API_URL", "ftp://planted.example", "https://api.example.com"),
        ("KIE_BASE_URL", "https://user:planted@api.example", "https://api.example.com"),
        ("KIE_UPLOAD_URL", "https://api.example/?planted", "https://api.example.com"),
        ("RESULT_HOSTS", "https://planted.example", "host names"),
        ("RESULT_HOSTS", "*.com", "host names"),
        ("RESULT_HOSTS", "10.0.0.1", "host names"),
        ("NSFW_CHECKER", "planted", "on or off"),
        ("LISTEN", "planted", "127.0.0.1:8080"),
        ("LISTEN", "127.0.0.1:65536", "127.0.0.1:8080"),
        ("LISTEN", "127.0.0.1:8081", "ADMIN_LISTEN must be another"),
        ("PORT", "65536", "up to 65535"),
        ("PRICING_MARKUP", "0", "above 0"),
        ("PRICING_MARKUP", "planted", "above 0"),
        ("USD_TO_RUB", "-95", "above 0"),
        ("USD_TO_RUB", "0.0000001", "above 0"),
        ("USD_TO_RUB", "1e3", "above 0"),
        ("PRICE_OPTIONS", "planted", "options or flat"),
        ("STAR_RUB", "0", "above 0"),
        ("START_BONUS_RUB", "-1", "not below 0"),
        ("START_BONUS_RUB", "1.234", "at most two decimals"),
        ("REFERRAL_FREE_USES", "1001", "0 to 1000"),
        ("REFERRAL_MONTHLY_CAP", "-1", "0 or more"),
        ("FREE_DAILY_LIMIT", "-1", "0 or more"),
        ("FREE_BUDGET_USD", "-1", "not below 0"),
        ("QUEUE_MAX", "0", "1 or more"),
        ("SEND_PER_SECOND", "1.5", "1 or more"),
        ("JOB_DEADLINE", "soon planted", "30m"),
        ("JOB_DEADLINE", "0", "30m"),
        ("JOB_DEADLINE", "-5m", "30m"),
        ("UNKNOWN_DEADLINE", "721h", "30m"),
        ("MIN_FREE_DISK", "much planted", "256MB"),
        ("MIN_FREE_DISK", "99999999999999999999", "256MB"),
        ("LOG_FORMAT", "planted", "text, json or journald"),
        ("SUPPORT_TELEGRAM", "https://planted.example", "Telegram name"),
        ("PAYMENT_BANK", "two\nlines planted", "one line"),
        ("TERMS", "<b>planted", "closed"),
        ("PRIVACY", "<script>planted</script>", "Telegram's HTML"),
        ("PAYSUPPORT", "planted: 1 < 2", "Telegram's HTML"),
        ("RETENTION_DAYS", "-1", "0 or more"),
    ] {
        is_named(name, value, says);
    }
}

#[test]
fn a_malformed_setting_of_backups_is_named_in_one_line_that_does_not_show_it() {
    for (name, value, says) in [
        ("BACKUP_TO", "s3://Planted_/prefix", "s3://bucket/prefix"),
        ("BACKUP_TO", "S3://planted-bucket/prefix", "s3://bucket/prefix"),
        ("BACKUP_TO", "s3://planted-bucket", "BACKUP_S3_KEY_ID is missing"),
        ("BACKUP_EVERY", "daily planted", "24h"),
        ("BACKUP_EVERY", "59s", "24h"),
        ("BACKUP_KEEP", "0", "1 or more"),
        ("BACKUP_MAX_AGE", "-1", "24h"),
        ("BACKUP_MAX_AGE", "12h", "must be longer than BACKUP_EVERY"),
        ("BACKUP_STREAM", "planted", "on or off"),
        ("BACKUP_S3_ENDPOINT", "ftp://planted.example", "https://api.example.com"),
        ("BACKUP_S3_REGION", "planted region", "us-east-1"),
        ("BACKUP_S3_KEY_ID", "planted key", "letters and digits"),
        ("BACKUP_S3_SECRET", "planted\nsecret", "one line"),
        ("BACKUP_AGE_RECIPIENT", "age1planted", "age"),
    ] {
        is_named(name, value, says);
    }
}

#[test]
fn what_people_write_is_understood() {
    let (settings, _) = Settings::for_service(&service(&[
        ("WEBHOOK_BASE_URL", "https://bot.example.com:8443/"),
        ("LISTEN", "localhost:9000"),
        ("TELEGRAM_API_URL", "http://bot-api:8081/"),
        ("PRICING_MARKUP", "2,5"),
        ("USD_TO_RUB", "100"),
        ("PRICE_OPTIONS", " Flat"),
        ("START_BONUS_RUB", "10.50"),
        ("REFERRAL_FREE_USES", " 5"),
        ("REFERRAL_MONTHLY_CAP", "0"),
        ("FREE_TIER_MODEL_IDS", "z-image, google/nano-banana"),
        ("RESULT_HOSTS", "CDN.example.com,*.example.org"),
        ("NSFW_CHECKER", "OFF"),
        ("JOB_DEADLINE", "90s"),
        ("JOB_DEADLINE_VIDEO", "5400"),
        ("MIN_FREE_DISK", "1 GB"),
        ("SUPPORT_TELEGRAM", "https://t.me/my_shop_help"),
        ("PAYMENT_CARD", " 2200 0000 0000 0000 "),
    ]))
    .expect("good");
    assert_eq!(settings.bot_mode, BotMode::Webhook);
    assert!(settings.has_callbacks());
    assert_eq!(settings.unknown_deadline, minutes(30));
    assert_eq!(settings.listen, check::local(9000));
    assert_eq!(settings.pricing_markup, Decimal::new(25, 1));
    assert_eq!(settings.star_rub, Decimal::new(13, 1));
    assert!(!settings.price_by_options);
    assert_eq!(settings.start_bonus_rub, Kopecks::new(1050));
    assert_eq!((settings.referral_free_uses, settings.referral_monthly_cap), (5, 0));
    let free = ["z-image", "google/nano-banana"].map(str::to_owned);
    assert_eq!(settings.free_tier_model_ids.as_deref(), Some(free.as_slice()));
    assert_eq!(settings.result_hosts, ["cdn.example.com", "*.example.org"]);
    assert!(!settings.nsfw_checker);
    assert_eq!((settings.job_deadline, settings.job_deadline_video), (Duration::from_secs(90), minutes(90)));
    assert_eq!(settings.min_free_disk_bytes, 1 << 30);
    assert_eq!(settings.support_telegram.as_deref(), Some("my_shop_help"));
    assert_eq!(settings.payment_card.as_deref(), Some("2200 0000 0000 0000"));

    let port = Settings::for_service(&service(&[("PORT", "9001"), ("BOT_MODE", "polling")])).expect("good").0;
    assert_eq!((port.listen, port.unknown_deadline), (check::local(9001), minutes(2)));
    let both =
        Settings::for_service(&service(&[("PORT", "9001"), ("LISTEN", "0.0.0.0:80")])).expect("good").0;
    assert_eq!(both.listen.to_string(), "0.0.0.0:80");
    let own = [("WEBHOOK_BASE_URL", "https://203.0.113.7:8443"), ("TLS", "self-signed")];
    let own = Settings::for_service(&service(&own)).expect("good").0;
    assert_eq!((own.has_callbacks(), own.unknown_deadline), (false, minutes(2)));
    let probe = |environment: &[(&str, &str)]| Probe::of(&service(environment)).expect("good");
    let admin = probe(&[("ADMIN_LISTEN", "127.0.0.1:9002"), ("LISTEN", "0.0.0.0:80")]);
    assert_eq!(admin, Probe::Http(check::local(9002)));
    for unknown in [&[("LISTEN", "0.0.0.0:80"), ("TLS", "nonsense")][..], &[("ADMIN_LISTEN", "127.0.0.1:0")]]
    {
        assert_eq!(probe(unknown), Probe::Socket("./data".into()), "{unknown:?}");
    }
    let domain = Settings::for_service(&service(&[("DOMAIN", "bot.example.com")])).expect("good").0;
    assert_eq!(domain.webhook_base_url.as_ref().map(Url::as_str), Some("https://bot.example.com/"));
    let sandbox = [("WEBHOOK_BASE_URL", "http://127.0.0.1:9000"), ("BOT_MODE", "polling")];
    assert_eq!(Settings::for_service(&service(&sandbox)).expect("good").0.bot_mode, BotMode::Polling);
}

#[test]
fn the_environment_is_over_the_file_and_secret_files_are_over_both() {
    let dir = TempDir::new().expect("a folder");
    let secret = dir.path().join("kie");
    fs::write(&secret, "from-its-file\r\n").expect("written");
    let credentials = dir.path().join("credentials");
    fs::create_dir(&credentials).expect("made");
    fs::write(credentials.join("admin_ids"), "99\n").expect("written");
    fs::write(credentials.join("other"), "nobody's").expect("written");
    let file = format!(
        "telegram_bot_token = '{TOKEN}'\nKIE_API_KEY_FILE = '{}'\nADMIN_IDS = [1, 2]\nFREE_DAILY_LIMIT = 7\n\
         USD_TO_RUB = 90.5\nQUEUE_MAX = 10\nNSFW_CHECKER = false\nRESULT_HOSTS = ['a.example', 'b.example']\n",
        secret.display()
    );
    let sources =
        environment(&[("QUEUE_MAX", "20"), ("KIE_API_KEY", "from-environment"), ("FREE_DAILY_LIMIT", "")]);
    let mut sources = with_file(sources, &dir, &file);
    let (settings, keys) = Settings::for_service(&sources).expect("good");
    assert_eq!((settings.queue_max, settings.free_daily_limit), (20, 7));
    assert_eq!(settings.usd_to_rub, Decimal::new(905, 1));
    assert_eq!(settings.result_hosts, ["a.example", "b.example"]);
    assert!(!settings.nsfw_checker);
    assert_eq!(keys.admin_ids, [UserId(1), UserId(2)]);
    assert_eq!(secrecy::ExposeSecret::expose_secret(&keys.kie_api_key), "from-its-file");
    let directory = credentials.display().to_string();
    sources.environment.insert("CREDENTIALS_DIRECTORY".to_owned(), directory);
    assert_eq!(Settings::for_service(&sources).expect("good").1.admin_ids, [UserId(99)]);
}

#[test]
fn texts_of_the_operator_come_from_files_and_must_fit_into_a_message() {
    let dir = TempDir::new().expect("a folder");
    let path = |name: &str| dir.path().join(name).display().to_string();
    fs::write(dir.path().join("terms"), "<b>Наши условия</b>\n\nБудьте добры.\n").expect("written");
    fs::write(dir.path().join("long"), "я".repeat(4_097)).expect("written");
    fs::write(dir.path().join("latin"), b"caf\xe9 planted").expect("written");
    let terms = path("terms");
    let (settings, _) = Settings::for_service(&service(&[("TERMS_FILE", &terms)])).expect("good");
    assert_eq!(settings.terms.as_deref(), Some("<b>Наши условия</b>\n\nБудьте добры."));
    assert_eq!((settings.privacy, settings.paysupport), (None, None));
    for (name, says) in [("long", "4096"), ("latin", "not UTF-8"), ("nowhere", "cannot be read")] {
        let file = format!("PRIVACY_FILE = '{}'", path(name));
        let told = problems(&with_file(service(&[]), &dir, &file));
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].starts_with("PRIVACY ") && told[0].contains(says), "{told:?}");
        assert!(!told[0].contains("planted") && !told[0].contains('\n'), "{told:?}");
    }
}

#[test]
fn a_file_with_an_unknown_name_a_table_or_no_toml_is_refused() {
    let dir = TempDir::new().expect("a folder");
    for (text, says) in [
        ("PRICNG_MARKUP = 3", "PRICNG_MARKUP in the settings file is not a setting"),
        ("[telegram]\ntoken = 'planted'", "telegram in the settings file is not a setting"),
        ("[LISTEN]\nport = 1", "LISTEN in the settings file must be a text"),
        ("queue_max = 1\nQUEUE_MAX = 2", "twice in the settings file"),
        ("QUEUE_MAX = 1\nKIE_API_KEY = planted", "samovar.toml is no TOML, see line 2"),
        ("KIE_API_KEY = 'planted", "samovar.toml is no TOML, see line 1"),
    ] {
        let told = problems(&with_file(service(&[]), &dir, text));
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].contains(says) && !told[0].contains("planted"), "{text}: {told:?}");
        assert!(!told[0].contains('\n'), "{told:?}");
    }
    let missing = Sources { file: Some(dir.path().join("none.toml")), ..service(&[]) };
    assert!(problems(&missing)[0].contains("none.toml cannot be read"));
    let told = problems(&Sources { environment: BTreeMap::new(), ..missing });
    assert_eq!(told.len(), 1, "nobody knows what is missing: {told:?}");
    let nowhere = [("KIE_API_KEY_FILE", "/nowhere/kie"), ("TELEGRAM_BOT_TOKEN", TOKEN), ("ADMIN_ID", "1")];
    let told = problems(&environment(&nowhere));
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("KIE_API_KEY (/nowhere/kie) cannot be read"), "{told:?}");
}

#[test]
fn commands_on_the_data_directory_need_nothing_and_mind_nothing_else() {
    let nothing = Settings::for_data_dir(&environment(&[])).expect("good");
    assert_eq!(nothing.data_dir, PathBuf::from("./data"));
    let broken = [
        ("TELEGRAM_BOT_TOKEN", "broken"),
        ("USD_TO_RUB", "broken"),
        ("KIE_API_KEY_FILE", "/nowhere"),
        ("STATE_DIRECTORY", "/var/lib/samovar:/var/lib/other"),
        ("START_BONUS_RUB", "5"),
    ];
    let settings = Settings::for_data_dir(&environment(&broken)).expect("good");
    assert_eq!(settings.data_dir, PathBuf::from("/var/lib/samovar"));
    assert_eq!(settings.start_bonus_rub, Kopecks::new(500));
    let both = [("STATE_DIRECTORY", "/var/lib/samovar"), ("DATA_DIR", "/srv/samovar")];
    let settings = Settings::for_data_dir(&environment(&both)).expect("good");
    assert_eq!(settings.data_dir, PathBuf::from("/srv/samovar"));

    let dir = TempDir::new().expect("a folder");
    let misspelled = with_file(environment(&[]), &dir, "DATADIR = '/srv/samovar'");
    let told = Settings::for_data_dir(&misspelled).expect_err("refused").to_string();
    assert!(told.starts_with("DATADIR "), "{told}");
    let told =
        Settings::for_data_dir(&environment(&[("START_BONUS_RUB", "x")])).expect_err("refused").to_string();
    assert!(told.starts_with("START_BONUS_RUB (environment) must be roubles"), "{told}");
}

#[test]
fn a_look_at_the_prices_minds_only_what_makes_them() {
    let given = [("USD_TO_RUB", "100"), ("PRICE_OPTIONS", "flat"), ("TELEGRAM_BOT_TOKEN", "broken")];
    let settings = Settings::for_prices(&environment(&given)).expect("good");
    assert_eq!(settings.usd_to_rub, Decimal::from(100));
    assert!(!settings.price_by_options);
    let told = Settings::for_prices(&environment(&[("PRICING_MARKUP", "0")])).expect_err("refused");
    assert!(told.to_string().starts_with("PRICING_MARKUP (environment) must be"), "{told}");
}

#[test]
fn what_has_no_end_is_not_read_to_its_end() {
    let endless = Sources { file: Some(PathBuf::from("/dev/zero")), ..service(&[]) };
    assert_eq!(problems(&endless), ["/dev/zero cannot be read: it is larger than 64 KiB"]);
    let secret =
        environment(&[("TELEGRAM_BOT_TOKEN", TOKEN), ("KIE_API_KEY_FILE", "/dev/zero"), ("ADMIN_IDS", "1")]);
    let told = "KIE_API_KEY (/dev/zero) cannot be read: it is larger than 64 KiB";
    assert_eq!(problems(&secret), [told]);
    let long = "a.example,".repeat(7_000);
    let hosts = service(&[("RESULT_HOSTS", &long)]);
    assert_eq!(problems(&hosts), ["RESULT_HOSTS (environment) is larger than 64 KiB"]);
}

#[test]
fn a_name_that_looks_like_a_place_in_a_list_takes_no_memory() {
    let dir = TempDir::new().expect("a folder");
    for name in ["a[99999999999]", "DATA_DIR[99999999999]", "a[-99999999999].b", "."] {
        let told = problems(&with_file(service(&[]), &dir, &format!("\"{name}\" = 1")));
        assert_eq!(
            told,
            [format!("{name} in the settings file is not a setting: see the example for those there are")]
        );
    }
}

#[test]
fn a_name_that_is_no_setting_stays_on_its_line() {
    let dir = TempDir::new().expect("a folder");
    let sources = with_file(service(&[]), &dir, "\"a\\n\\u001b[2Jb\" = 1");
    let told = problems(&sources);
    assert!(!told.iter().any(|line| line.contains(char::is_control)), "{told:?}");
}

#[test]
fn nothing_that_can_be_printed_holds_a_secret() {
    let sources = service(&[
        ("TELEGRAM_WEBHOOK_SECRET_TOKEN", "planted-webhook"),
        ("KIE_WEBHOOK_HMAC_KEY", "planted-hmac"),
        ("PAYMENT_PROVIDER_TOKEN", "planted-payment"),
        ("BACKUP_TO", "s3://bucket/prefix"),
        ("BACKUP_S3_KEY_ID", "plantedkey"),
        ("BACKUP_S3_SECRET", "planted-secret"),
    ]);
    let (settings, keys) = Settings::for_service(&sources).expect("good");
    assert!(settings.payment_provider_token.is_some() && settings.kie_webhook_hmac_key.is_some());
    let text = format!("{settings:?} {settings:#?} {keys:?}");
    assert!(!text.contains("planted"), "{text}");
}

#[test]
fn the_example_names_every_setting_once_with_its_default() {
    let mut settings = Vec::new();
    let mut comment_before = false;
    let mut toml = String::new();
    let is_name = |name: &str| name.bytes().all(|b| matches!(b, b'A'..=b'Z' | b'0'..=b'9' | b'_'));
    for line in EXAMPLE.lines() {
        let bare = line.strip_prefix("# ").unwrap_or_default();
        match bare.split_once(" = ") {
            Some((name, value)) if is_name(name) => {
                assert!(comment_before, "{name} is not explained by one line");
                settings.push((name, value));
                toml.extend([bare, "\n"]);
                comment_before = false;
            }
            Some(_) | None => comment_before = !bare.is_empty(),
        }
    }
    let names: BTreeSet<&str> = settings.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, NAMES.into_iter().collect());
    assert_eq!(settings.len(), NAMES.len());

    let given: BTreeMap<&str, &str> = settings.into_iter().filter(|(_, value)| *value != "\"\"").collect();
    let dir = TempDir::new().expect("a folder");
    let (loaded, _) = Settings::for_service(&with_file(service(&[]), &dir, &toml)).expect("good");
    assert_eq!(format!("{loaded:?}"), format!("{:?}", Settings::default()));
    // What is empty in the example has no fixed default; everything else would be seen to differ.
    let empty: Vec<&str> = NAMES.into_iter().filter(|name| !given.contains_key(name)).collect();
    assert_eq!(
        empty,
        [
            "TELEGRAM_BOT_TOKEN",
            "KIE_API_KEY",
            "ADMIN_IDS",
            "ADMIN_ID",
            "DATA_DIR",
            "PORT",
            "BOT_MODE",
            "WEBHOOK_BASE_URL",
            "DOMAIN",
            "ACME_EMAIL",
            "ACME_ROOTS",
            "TELEGRAM_WEBHOOK_SECRET_TOKEN",
            "KIE_WEBHOOK_HMAC_KEY",
            "RESULT_HOSTS",
            "STAR_RUB",
            "FREE_TIER_MODEL_IDS",
            "UNKNOWN_DEADLINE",
            "PAYMENT_BANK",
            "PAYMENT_CARD",
            "PAYMENT_CARD_HOLDER",
            "PAYMENT_PHONE",
            "PAYMENT_PROVIDER_TOKEN",
            "SUPPORT_TELEGRAM",
            "TERMS",
            "PRIVACY",
            "PAYSUPPORT",
            "BACKUP_TO",
            "BACKUP_S3_ENDPOINT",
            "BACKUP_S3_KEY_ID",
            "BACKUP_S3_SECRET",
            "BACKUP_AGE_RECIPIENT",
        ]
    );
}
