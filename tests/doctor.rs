//! `samovar doctor` against a Telegram and a KIE that answer: each line says how it is and what to do.

use crate::support::{Mode, PATIENCE, TestApp, tell};
use samovar::config::BackupTo;
use samovar::payment::Way;
use samovar::sandbox::telegram::Bot;
use samovar::sandbox::{self, Sandbox, kie};
use samovar::shelf::place_id;
use samovar::store::{Lock, Store, Verified};
use samovar::time::{At, Clock, Moment};
use serde_json::{Value, json};
use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

const TOKEN: &str = "4242:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

/// Runs it as an operator does, on the files of the service that runs.
async fn doctor(app: &TestApp, more: &[(&str, &str)]) -> Output {
    examine(&app.sandbox, &app.data_dir(), more).await
}

/// The same on any directory.
async fn examine(sandbox: &Sandbox, data: &Path, more: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_samovar"));
    command.args(["--config", "/dev/null", "doctor", "--json"]).env_clear();
    let (telegram, provider) = (sandbox.telegram_url().to_string(), sandbox.kie_url().to_string());
    for (name, value) in [
        ("TELEGRAM_BOT_TOKEN", TOKEN),
        ("KIE_API_KEY", kie::Account::default().api_key.as_str()),
        ("ADMIN_IDS", "900"),
        ("TELEGRAM_API_URL", telegram.as_str()),
        ("KIE_BASE_URL", provider.as_str()),
        ("KIE_UPLOAD_URL", provider.as_str()),
        ("MIN_FREE_DISK", "1MB"),
    ] {
        command.env(name, value);
    }
    command.env("DATA_DIR", data).envs(more.iter().copied());
    tokio::task::spawn_blocking(move || command.output().expect("it runs")).await.expect("no panic")
}

/// A Telegram and a KIE with a clock of their own.
async fn sandbox(clock: Clock) -> Sandbox {
    let bot = Bot { token: TOKEN.to_owned(), ..Bot::default() };
    let settings = sandbox::Settings { bot, clock, ..sandbox::Settings::default() };
    Sandbox::start(settings).await.expect("a sandbox")
}

fn report(ran: &Output) -> Value {
    serde_json::from_slice(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:?}"))
}

fn says(report: &Value, check: &str) -> String {
    let lines = report["lines"].as_array().expect("lines");
    let line = lines.iter().find(|line| line["check"] == check).unwrap_or_else(|| panic!("no {check}"));
    line["says"].as_str().expect("a text").to_owned()
}

fn verdict(report: &Value, check: &str) -> String {
    let lines = report["lines"].as_array().expect("lines");
    let line = lines.iter().find(|line| line["check"] == check).unwrap_or_else(|| panic!("no {check}"));
    assert_eq!(line["todo"] == "", line["verdict"] == "ok", "{line}");
    line["verdict"].as_str().expect("a word").to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shop_that_is_well_is_told_so_and_stars_alone_are_in_order() {
    let app = TestApp::start(Mode::Polling).await;
    // The binary makes its files so; the service of this test has the umask of the tests.
    for entry in fs::read_dir(app.data_dir()).expect("readable") {
        let path = entry.expect("an entry").path();
        if path.is_file() {
            fs::set_permissions(path, Permissions::from_mode(0o600)).expect("set");
        }
    }
    let ran = doctor(&app, &[]).await;
    let report: Value = serde_json::from_slice(&ran.stdout).expect("one document");
    for check in [
        "token",
        "webhook",
        "polling",
        "uploads",
        "disk",
        "rights",
        "secrets",
        "systemd",
        "books",
        "unmatched",
        "payments",
    ] {
        assert_eq!(verdict(&report, check), "ok", "{report}");
    }
    assert!(["ok", "warn"].contains(&verdict(&report, "kie").as_str()), "{report}");
    assert_eq!(verdict(&report, "backup"), "warn", "nobody made one yet");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_ways_to_pay_are_warned_of_and_a_wrong_key_fails() {
    let app = TestApp::start(Mode::Polling).await;
    let ran = doctor(&app, &[("PAYMENT_CARD", "2200 0000 0000 0004"), ("KIE_API_KEY", "another-key")]).await;
    let report: Value = serde_json::from_slice(&ran.stdout).expect("one document");
    assert_eq!((verdict(&report, "payments").as_str(), verdict(&report, "kie").as_str()), ("warn", "fail"));
    assert_eq!((ran.status.code(), report["ok"].as_bool()), (Some(1), Some(false)));
    assert!(!String::from_utf8_lossy(&ran.stdout).contains("2200"), "no value of a setting is told");
    let nobody = doctor(&app, &[("TELEGRAM_BOT_TOKEN", "4242:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb")]).await;
    let report: Value = serde_json::from_slice(&nobody.stdout).expect("one document");
    assert_eq!(verdict(&report, "token"), "fail");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_is_off_is_warned_of_and_ten_minutes_fail() {
    let clock = Clock::system();
    let sandbox = sandbox(clock.clone()).await;
    let dir = TempDir::new().expect("a directory");
    // With a webhook nobody is listened for, which takes its time.
    let webhook = [("WEBHOOK_BASE_URL", "https://bot.example.com")];
    for (jump_ms, expected) in [(0, "ok"), (60_000, "warn"), (540_000, "fail"), (-1_200_000, "fail")] {
        clock.jump(jump_ms);
        let ran = examine(&sandbox, &dir.path().join("data"), &webhook).await;
        let report = report(&ran);
        assert_eq!(verdict(&report, "clock"), expected, "{report}");
        assert_eq!(ran.status.code(), Some(i32::from(expected == "fail")), "{report}");
    }
    assert!(!dir.path().join("data").exists(), "nothing was made");
}

/// Asks for the bot's updates like any other program, again and again.
async fn poll(url: String) {
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    loop {
        let asked = client.get(format!("{url}/bot{TOKEN}/getUpdates?timeout=50")).send().await;
        drop(asked.expect("an answer"));
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_program_that_polls_is_found_and_no_update_is_taken_from_anybody() {
    let sandbox = sandbox(Clock::system()).await;
    let dir = TempDir::new().expect("a directory");
    let data = dir.path().join("data");
    let alone = report(&examine(&sandbox, &data, &[]).await);
    assert_eq!(verdict(&alone, "polling"), "ok", "{alone}");
    let other = tokio::spawn(poll(sandbox.telegram_url().to_string()));
    sandbox.telegram.wait(|world| world.is_polled().then_some(()), PATIENCE).await.expect("it polls");
    let ran = examine(&sandbox, &data, &[]).await;
    assert_eq!((verdict(&report(&ran), "polling").as_str(), ran.status.code()), ("fail", Some(1)));
    other.abort();

    sandbox.telegram.act(|world, _| world.user(1001, "Анна", "ru"));
    sandbox.telegram.act(|world, now| world.say(now, 1001, "/start")).expect("sent");
    assert_eq!(verdict(&report(&examine(&sandbox, &data, &[]).await), "polling"), "ok");
    let told = report(&examine(&sandbox, &data, &[]).await);
    let webhook = told["lines"].as_array().expect("lines").iter().find(|line| line["check"] == "webhook");
    assert!(webhook.expect("a line")["says"].as_str().expect("a text").contains("1 updates wait"), "{told}");
}

/// Another program that takes each update, and customers who write the next.
async fn take_and_write(sandbox: &Sandbox) {
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    for next in 1_i64.. {
        sandbox.telegram.act(|world, now| world.say(now, 1001, "/start")).expect("sent");
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        let first = format!("{}/bot{TOKEN}/getUpdates", sandbox.telegram_url());
        let waiting: Value = client.get(&first).send().await.expect("an answer").json().await.expect("JSON");
        if let Some(id) = waiting["result"][0]["update_id"].as_i64() {
            drop(client.get(format!("{first}?offset={}", id + 1)).send().await.expect("an answer"));
        }
        assert!(next < 1_000, "it is stopped long before");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_update_that_waits_tells_whether_somebody_takes_it() {
    let sandbox = sandbox(Clock::system()).await;
    let dir = TempDir::new().expect("a directory");
    let data = dir.path().join("data");
    sandbox.telegram.act(|world, _| world.user(1001, "Анна", "ru"));
    sandbox.telegram.act(|world, now| world.say(now, 1001, "/start")).expect("sent");
    let alone = report(&examine(&sandbox, &data, &[]).await);
    assert_eq!(verdict(&alone, "polling"), "ok", "{alone}");
    assert!(says(&alone, "polling").contains("updates wait, and nobody takes them"), "{alone}");
    let beside = tokio::select! {
        examined = examine(&sandbox, &data, &[]) => report(&examined),
        () = take_and_write(&sandbox) => panic!("it never ends"),
    };
    assert_eq!(verdict(&beside, "polling"), "fail", "{beside}");
}

/// Every file below the directory but the lock, with its bytes.
fn bytes(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).expect("readable") {
        let path = entry.expect("an entry").path();
        if path.file_name() != Some(OsStr::new("samovar.lock")) {
            found.push((path.clone(), fs::read(path).expect("readable")));
        }
    }
    found.sort();
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_file_of_a_service_that_does_not_run_is_looked_at_and_not_touched() {
    let sandbox = sandbox(Clock::system()).await;
    let dir = TempDir::new().expect("a directory");
    let data = dir.path().join("data");
    let webhook = [("WEBHOOK_BASE_URL", "https://bot.example.com")];
    let missing = report(&examine(&sandbox, &data, &webhook).await);
    assert_eq!(verdict(&missing, "books"), "warn", "{missing}");
    assert!(says(&missing, "books").contains("data is not there") && !data.exists(), "{missing}");

    let in_dir = |arguments: &[&str]| crate::cli::samovar(&data, arguments).exits(0);
    in_dir(&["wallet", "credit", "4242", "100", "--reason", "a transfer"]);
    let file = data.join("samovar.redb");
    let closed = fs::read(&file).expect("readable");
    // One that was never closed: redb says so in its first bytes.
    let killed = {
        let (store, engine) = Store::open(&data, Clock::system()).expect("a store");
        let bytes = fs::read(&file).expect("readable");
        drop((store, engine));
        bytes
    };
    for (what, found, expected, told) in [
        ("closed", closed.clone(), "ok", "all ten rules hold"),
        ("killed", killed, "warn", "was not closed"),
        ("older", crate::upgrade::made_by(3), "warn", "by an older samovar (schema 3"),
        ("cut short", closed[..closed.len() / 2].to_vec(), "warn", "or it is damaged"),
        ("nonsense", b"no database".to_vec(), "fail", "damaged"),
    ] {
        fs::write(&file, found).expect("written");
        let before = bytes(&data);
        let report = report(&examine(&sandbox, &data, &webhook).await);
        assert_eq!(verdict(&report, "books"), expected, "{what}: {report}");
        assert!(says(&report, "books").contains(told), "{what}: {report}");
        assert!(bytes(&data) == before, "{what}: nothing is changed, nothing is made");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_of_others_and_for_others_are_found() {
    let sandbox = sandbox(Clock::system()).await;
    let dir = TempDir::new().expect("a directory");
    let data = dir.path().join("data");
    drop(Lock::take(&data).expect("free"));
    fs::create_dir(data.join("media")).expect("made");
    fs::set_permissions(data.join("media"), Permissions::from_mode(0o700)).expect("set");
    let file = data.join("media/7-1.png");
    fs::write(&file, "a picture").expect("written");
    let webhook = ("WEBHOOK_BASE_URL", "https://bot.example.com");
    fs::set_permissions(data.join("samovar.lock"), Permissions::from_mode(0o600)).expect("set");
    for (mode, expected) in [(0o600, "ok"), (0o644, "warn")] {
        fs::set_permissions(&file, Permissions::from_mode(mode)).expect("set");
        let report = report(&examine(&sandbox, &data, &[webhook]).await);
        assert_eq!(verdict(&report, "rights"), expected, "{report}");
    }
    if fs::metadata("/proc/self").expect("a process").uid() == 0 {
        chown(&file, Some(65_534), None).expect("given away");
        let ran = examine(&sandbox, &data, &[webhook]).await;
        assert_eq!((verdict(&report(&ran), "rights").as_str(), ran.status.code()), ("fail", Some(1)));
    } else {
        tell("NOT ROOT: that a file of another user is found is not tested here; run this test as root");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn backups_odd_payments_and_the_units_exposure_are_told() {
    let app = TestApp::start(Mode::Polling).await;
    let now = Clock::system().now().at;
    let elsewhere = TempDir::new().expect("another disk");
    let there = elsewhere.path().to_str().expect("a text");
    let week_ago = At(now.0 - 7 * 86_400_000);
    let mut settings = app.settings.clone();
    let here = place_id(&settings);
    settings.backups.to = BackupTo::Folder(elsewhere.path().to_owned());
    for (at, place, to, expected) in [
        (now, place_id(&settings), Some(there), "ok"),
        (now, here, None, "warn"),
        (now, here, Some(there), "warn"),
        (week_ago, place_id(&settings), Some(there), "warn"),
    ] {
        let verified = Verified { began: Moment { at, ..Moment::default() }, place };
        let noted = app.store().write("test", move |tx| tx.put_backup_verified(&verified)).await;
        noted.expect("written");
        let settings: Vec<_> = to.map(|to| ("BACKUP_TO", to)).into_iter().collect();
        let report = report(&doctor(&app, &settings).await);
        assert_eq!(verdict(&report, "backup"), expected, "{report}");
        let is_elsewhere = says(&report, "backup").contains("in another place than BACKUP_TO names now");
        assert_eq!(is_elsewhere, (place == here) && to.is_some(), "{report}");
    }
    let tools = TempDir::new().expect("a directory");
    let analyze = tools.path().join("systemd-analyze");
    fs::write(&analyze, "#!/bin/sh\necho '→ Overall exposure level for samovar.service: '$SCORE' OK'\n")
        .expect("written");
    fs::set_permissions(&analyze, Permissions::from_mode(0o755)).expect("set");
    let path = tools.path().display().to_string();
    for (score, expected) in [("1.1", "ok"), ("8.4", "warn")] {
        let report = report(&doctor(&app, &[("PATH", path.as_str()), ("SCORE", score)]).await);
        assert_eq!(verdict(&report, "systemd"), expected, "{report}");
    }
    let remembered = app.store().write("test", |tx| tx.remember_back(Way::Stars, "planted")).await;
    remembered.expect("written");
    assert_eq!(verdict(&report(&doctor(&app, &[]).await), "unmatched"), "warn");
    let taken = app.store().write("test", |tx| tx.take_remembered_back(Way::Stars, "planted")).await;
    assert!(taken.expect("written"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_in_a_file_that_everybody_may_read_are_warned_of() {
    let sandbox = sandbox(Clock::system()).await;
    let dir = TempDir::new().expect("a directory");
    let file = dir.path().join("samovar.toml");
    let written = format!(
        "TELEGRAM_BOT_TOKEN = \"{TOKEN}\"\nKIE_API_KEY = \"sandbox-key\"\nADMIN_IDS = 900\nDATA_DIR = \"{0}/data\"\n\
         TELEGRAM_API_URL = \"{1}\"\nKIE_BASE_URL = \"{2}\"\nKIE_UPLOAD_URL = \"{2}\"\nMIN_FREE_DISK = \"1MB\"\n\
         WEBHOOK_BASE_URL = \"https://bot.example.com\"\n",
        dir.path().display(),
        sandbox.telegram_url(),
        sandbox.kie_url()
    );
    fs::write(&file, written).expect("written");
    for (mode, expected) in [(0o600, "ok"), (0o640, "ok"), (0o644, "warn")] {
        fs::set_permissions(&file, Permissions::from_mode(mode)).expect("set");
        let mut command = Command::new(env!("CARGO_BIN_EXE_samovar"));
        command.args(["doctor", "--json", "--config"]).arg(&file).env_clear();
        let ran = tokio::task::spawn_blocking(move || command.output().expect("it runs")).await;
        let report = report(&ran.expect("no panic"));
        assert_eq!(
            (verdict(&report, "secrets").as_str(), &report["ok"]),
            (expected, &json!(true)),
            "{report}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_overheard_while_it_is_not_known_who_has_the_data_directory() {
    let sandbox = sandbox(Clock::system()).await;
    // Whoever looks finds this one.
    let other = tokio::spawn(poll(sandbox.telegram_url().to_string()));
    sandbox.telegram.wait(|world| world.is_polled().then_some(()), PATIENCE).await.expect("it polls");
    let dir = TempDir::new().expect("a directory");
    fs::write(dir.path().join("file"), "no folder").expect("written");
    let unknown = report(&examine(&sandbox, &dir.path().join("file/data"), &[]).await);
    assert_eq!((verdict(&unknown, "polling"), verdict(&unknown, "books")), ("warn".into(), "fail".into()));
    assert!(says(&unknown, "polling").contains("whether your service runs is not known"), "{unknown}");
    assert!(says(&unknown, "books").contains("not known: "), "{unknown}");
    assert_eq!(says(&unknown, "backup"), "not known");

    let data = dir.path().join("data");
    let lock = Lock::take(&data).expect("free");
    let silent = report(&examine(&sandbox, &data, &[]).await);
    assert_eq!(verdict(&silent, "polling"), "warn", "{silent}");
    assert!(says(&silent, "polling").contains("has the data directory and does not answer"), "{silent}");
    drop(lock);
    let free = report(&examine(&sandbox, &data, &[]).await);
    assert_eq!(verdict(&free, "polling"), "fail", "{free}");
    other.abort();
}
