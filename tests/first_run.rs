//! The first minutes: `samovar init`, `config show` and `config check`, for somebody who has a token, a key,
//! an id, and makes mistakes.

use crate::binary::free_port;
use crate::operate::is_root;
use crate::support::{PATIENCE, tell};
use samovar::config::NAMES;
use samovar::sandbox::telegram::Bot;
use samovar::sandbox::{self, Sandbox, kie};
use samovar::store::Lock;
use serde_json::{Value, json};
use std::fs::{self, Permissions};
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use tempfile::TempDir;

const TOKEN: &str = "4242:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

/// An empty folder, two files with keys, and a Telegram and a KIE that know them.
struct Home {
    dir: TempDir,
    sandbox: Sandbox,
}

impl Home {
    async fn new() -> Self {
        let bot = Bot { token: TOKEN.to_owned(), ..Bot::default() };
        let sandbox = Sandbox::start(sandbox::Settings { bot, ..sandbox::Settings::default() });
        let home =
            Self { dir: TempDir::new().expect("a folder"), sandbox: sandbox.await.expect("a sandbox") };
        home.keeps("token", &format!("{TOKEN}\n"));
        home.keeps("key", &kie::Account::default().api_key);
        home
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn keeps(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("written");
    }

    /// A command in this folder, with no settings around.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_samovar"));
        command.args(arguments).env_clear().current_dir(self.dir.path()).stdin(Stdio::null());
        command
    }

    /// Where init tries things: at the sandbox.
    fn init(&self, arguments: &[&str]) -> Vec<String> {
        let (telegram, kie) = (self.sandbox.telegram_url(), self.sandbox.kie_url());
        let mut all = vec!["init", "--telegram-api-url", telegram, "--kie-base-url", kie];
        all.extend(arguments);
        all.into_iter().map(str::to_owned).collect()
    }

    async fn ran(&self, arguments: &[&str]) -> Output {
        run(self.command(arguments)).await
    }

    async fn inits(&self, arguments: &[&str]) -> Output {
        let arguments = self.init(arguments);
        self.ran(&arguments.iter().map(String::as_str).collect::<Vec<_>>()).await
    }
}

async fn run(mut command: Command) -> Output {
    let ran = tokio::task::spawn_blocking(move || command.output()).await;
    ran.expect("no panic").expect("the binary runs")
}

/// The exit code, and what was said in one line on stderr.
#[track_caller]
fn said(ran: &Output) -> (i32, String) {
    let said = String::from_utf8(ran.stderr.clone()).expect("text");
    assert_eq!((said.lines().count(), ran.stdout.len()), (1, 0), "{ran:?}");
    (ran.status.code().expect("it ends by itself"), said)
}

#[track_caller]
fn document(ran: &Output) -> Value {
    serde_json::from_slice(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:?}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_keys_and_an_id_become_a_file_that_the_service_starts_with() {
    let home = Home::new().await;
    let given = ["--token-file", "token", "--kie-key-file", "key", "--admin", "900, 901"];
    let ran = home.inits(&given).await;
    let told = format!("{ran:?}");
    assert_eq!(ran.status.code(), Some(0), "{told}");
    assert!(told.contains("samovar run") && told.contains("@samovar_sandbox_bot"), "{told}");
    assert!(!told.contains(TOKEN) && !told.contains("sandbox-key"), "{told}");
    let file = home.path("samovar.toml");
    assert_eq!(fs::metadata(&file).expect("a file").permissions().mode() & 0o777, 0o600);
    let text = fs::read_to_string(&file).expect("a text");
    assert!(text.contains("\nADMIN_IDS = \"900,901\"\n"), "{text}");
    assert!(NAMES.iter().all(|name| text.contains(&format!("{name} = "))), "every setting is explained");

    let (code, again) = said(&home.inits(&given).await);
    assert!(code == 1 && again.contains("is there already and stays as it is"), "{again}");
    assert_eq!(fs::read_to_string(&file).expect("a text"), text);
    assert_eq!(home.ran(&["config", "check"]).await.status.code(), Some(0));

    let listen = format!("127.0.0.1:{}", free_port());
    let mut service = home.command(&["run"]);
    let service = service.env("LISTEN", &listen).env("ADMIN_LISTEN", format!("127.0.0.1:{}", free_port()));
    let mut service = Running(service.stderr(Stdio::null()).spawn().expect("it starts"));
    let ready = async {
        loop {
            let mut probe = home.command(&["healthcheck"]);
            probe.env("LISTEN", &listen);
            if run(probe).await.status.success() {
                return;
            }
        }
    };
    let ready = tokio::time::timeout(std::time::Duration::from_secs(60), ready).await;
    assert!(ready.is_ok(), "it sells: {:?}", service.0.try_wait());
}

/// Ended with its test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        if self.0.kill().is_ok() {
            self.0.wait().expect("it ends");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_mistake_is_one_line_that_says_what_to_do_and_nothing_is_written() {
    let home = Home::new().await;
    home.keeps("blank", "4242:aaaaaaaaaaaaaaaaaaaaaa aaaaaaaaaaaaa");
    home.keeps("word", "a-token");
    home.keeps("strange", "4242:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb");
    home.keeps("openai", "sk-planted-1234567890");
    home.keeps("empty", "\n");
    for (token, key, admin, code, says) in [
        ("blank", "key", "900", 2, "TELEGRAM_BOT_TOKEN has a blank or line break in it"),
        ("word", "key", "900", 2, "TELEGRAM_BOT_TOKEN is not a bot token"),
        ("empty", "key", "900", 2, "TELEGRAM_BOT_TOKEN is missing: @BotFather"),
        ("nowhere", "key", "900", 2, "TELEGRAM_BOT_TOKEN (nowhere) cannot be read"),
        ("token", "blank", "900", 2, "KIE_API_KEY has a blank"),
        ("token", "key", "@ann", 2, "ADMIN_IDS must be numbers above 0"),
        ("token", "key", "-100123", 2, "ADMIN_IDS must be numbers above 0"),
        ("strange", "key", "900", 1, "TELEGRAM_BOT_TOKEN is of no bot that Telegram knows"),
        ("token", "openai", "900", 1, "KIE_API_KEY was not taken: KIE says code 401"),
    ] {
        let ran = home.inits(&["--token-file", token, "--kie-key-file", key, "--admin", admin]).await;
        let (exit, line) = said(&ran);
        assert!(exit == code && line.contains(says), "{says}: {exit}: {line}");
        assert!(!line.contains("planted") && !line.contains("4242:"), "{line}");
    }
    let (code, line) = said(&home.inits(&["--token-file", "token"]).await);
    assert!(
        code == 2 && line.contains("give --token-file FILE, --kie-key-file FILE and --admin ID"),
        "{line}"
    );
    let away = ["--token-file", "token", "--kie-key-file", "key", "--admin", "900"];
    let away = [&["init", "--telegram-api-url", "http://127.0.0.1:9"][..], &away].concat();
    let (code, line) = said(&home.ran(&away).await);
    assert!(code == 1 && line.contains("could not be tried") && line.contains("--offline"), "{line}");
    assert!(!home.path("samovar.toml").exists(), "nothing was written");

    let ran = home.ran(&[&away[..], &["--offline", "--json", "--config", "other.toml"]].concat()).await;
    let expected = json!({
        "file": "other.toml", "bot": null, "credits": null, "next": "samovar --config other.toml run",
    });
    assert_eq!((ran.status.code(), document(&ran)), (Some(0), expected));
    assert!(home.path("other.toml").exists() && !home.path("data").exists());
}

/// What the package brings.
const PACKAGED: &str = include_str!("../systemd/samovar.toml");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_packages_own_file_is_filled_in_and_stays_whose_it_was() {
    let home = Home::new().await;
    let file = home.path("etc.toml");
    home.keeps("etc.toml", PACKAGED);
    fs::set_permissions(&file, Permissions::from_mode(0o644)).expect("set");
    let nobodys = is_root();
    if nobodys {
        chown(&file, Some(65_534), Some(65_534)).expect("given away");
    } else {
        tell("NOT ROOT: that the file stays another's is not tested here; run this test as root");
    }
    let given = ["--token-file", "token", "--kie-key-file", "key", "--admin", "900", "--config", "etc.toml"];
    let ran = home.inits(&given).await;
    assert_eq!(ran.status.code(), Some(0), "{ran:?}");
    assert!(String::from_utf8_lossy(&ran.stdout).contains("Filled in: etc.toml"), "{ran:?}");
    let text = fs::read_to_string(&file).expect("a text");
    let expected = PACKAGED
        .replace("TELEGRAM_BOT_TOKEN = \"\"", &format!("TELEGRAM_BOT_TOKEN = \"{TOKEN}\""))
        .replace("KIE_API_KEY = \"\"", "KIE_API_KEY = \"sandbox-key\"")
        .replace("ADMIN_IDS = \"\"", "ADMIN_IDS = \"900\"");
    assert!(text.starts_with(&expected), "{text}");
    let found = fs::metadata(&file).expect("there");
    assert_eq!(found.mode() & 0o777, 0o640, "with keys in it, it is not for everybody");
    assert_eq!(found.uid() == 65_534 && found.gid() == 65_534, nobodys);
    assert_eq!(home.ran(&["config", "check", "--config", "etc.toml"]).await.status.code(), Some(0));

    for taken in
        [text.as_str(), "LISTEN = \"127.0.0.1:9000\"\n", "KIE_API_KEY_FILE = \"key\"\n", "not toml\n"]
    {
        home.keeps("etc.toml", taken);
        let (code, line) = said(&home.inits(&given).await);
        assert!(code == 1 && line.contains("is there already and stays as it is"), "{line}");
        assert_eq!(fs::read_to_string(&file).expect("a text"), taken);
    }
}

/// `init` on a terminal of its own.
struct Terminal {
    script: Running,
    pty: String,
    seen: String,
}

impl Terminal {
    fn start(home: &Home) -> Self {
        let init = home.init(&[]).join("' '");
        let command = format!("echo pid=$$; exec '{}' '{init}'", env!("CARGO_BIN_EXE_samovar"));
        let script = Command::new("script")
            .args(["-qec", &command, "/dev/null"])
            .current_dir(home.dir.path())
            .env_clear()
            .envs([("PATH", "/usr/bin:/bin"), ("SHELL", "/bin/sh"), ("TERM", "xterm")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program `script` is needed: apt-get install bsdutils");
        let mut terminal = Self { script: Running(script), pty: String::new(), seen: String::new() };
        terminal.sees("pid=");
        terminal.sees("\n");
        let pid = terminal.seen.split("pid=").nth(1).and_then(|rest| rest.lines().next()).expect("a pid");
        let pty = fs::read_link(format!("/proc/{}/fd/0", pid.trim())).expect("a terminal");
        terminal.pty = pty.display().to_string();
        terminal
    }

    /// Reads until this was written.
    fn sees(&mut self, text: &str) {
        let out = self.script.0.stdout.as_mut().expect("piped");
        let (mut bytes, mut byte) = (self.seen.as_bytes().to_vec(), [0]);
        let begun = bytes.len();
        while !String::from_utf8_lossy(&bytes[begun..]).contains(text) {
            assert_eq!(out.read(&mut byte).expect("readable"), 1, "it ended after {:?}", self.seen);
            bytes.push(byte[0]);
            self.seen = String::from_utf8_lossy(&bytes).into_owned();
        }
    }

    fn types(&mut self, line: &str) {
        let keyboard = self.script.0.stdin.as_mut().expect("piped");
        keyboard.write_all(format!("{line}\n").as_bytes()).and_then(|()| keyboard.flush()).expect("typed");
    }

    /// The same once the terminal shows nothing of what is typed.
    fn types_unseen(&mut self, line: &str) {
        let began = std::time::Instant::now();
        loop {
            assert!(began.elapsed() < PATIENCE, "the terminal shows what is typed after {:?}", self.seen);
            let state = Command::new("stty").args(["-F", &self.pty, "-a"]).output().expect("stty runs");
            if String::from_utf8_lossy(&state.stdout).split_whitespace().any(|one| one == "-echo") {
                break;
            }
        }
        self.types(line);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_a_terminal_it_asks_again_after_a_mistake_and_shows_no_secret() {
    let home = Home::new().await;
    let mut terminal = Terminal::start(&home);
    let (seen, status) = tokio::task::spawn_blocking(move || {
        terminal.sees("@BotFather");
        terminal.sees("Token");
        terminal.types_unseen("4242:mistaken");
        terminal.sees("✗ TELEGRAM_BOT_TOKEN is not a bot token");
        terminal.sees("Token");
        terminal.types_unseen(TOKEN);
        terminal.sees("✓ the bot is @samovar_sandbox_bot");
        terminal.sees("Key");
        terminal.types_unseen("planted-key");
        terminal.sees("✗ KIE_API_KEY was not taken");
        terminal.sees("Key");
        terminal.types_unseen("sandbox-key");
        terminal.sees("✓ KIE takes it");
        terminal.sees("Id");
        terminal.types("@ann");
        terminal.sees("✗ ADMIN_IDS must be numbers");
        terminal.sees("Id");
        terminal.types("900");
        terminal.sees("samovar run");
        (terminal.seen.clone(), terminal.script.0.wait().expect("it ends"))
    })
    .await
    .expect("no panic");
    assert!(status.success(), "{seen}");
    for secret in [TOKEN, "4242:mistaken", "planted-key", "sandbox-key"] {
        assert!(!seen.contains(secret), "{seen}");
    }
    assert_eq!(home.ran(&["config", "check"]).await.status.code(), Some(0));
}

fn config(home: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_samovar"));
    command.arg("config").args(arguments).env_clear().envs(environment.iter().copied()).current_dir(home);
    command.output().expect("it runs")
}

#[test]
fn every_setting_is_shown_with_where_it_came_from_and_no_secret() {
    let dir = TempDir::new().expect("a folder");
    let credentials = dir.path().join("credentials");
    fs::create_dir(&credentials).expect("made");
    fs::write(credentials.join("telegram_bot_token"), TOKEN).expect("written");
    fs::write(dir.path().join("key"), "planted-key").expect("written");
    let file = "USD_TO_RUB = 100\nPRICING_MARKUP = 3\nKIE_API_KEY_FILE = \"key\"\nKIE_WEBHOOK_HMAC_KEY = \"planted\"\n";
    fs::write(dir.path().join("samovar.toml"), file).expect("written");
    let credentials = credentials.display().to_string();
    let environment =
        [("PRICING_MARKUP", "4"), ("CREDENTIALS_DIRECTORY", &credentials), ("STATE_DIRECTORY", "/state")];
    let ran = config(dir.path(), &["show", "--json"], &environment);
    let shown = document(&ran);
    assert_eq!((ran.status.code(), &shown["file"]), (Some(0), &json!("./samovar.toml")));
    let rows = shown["settings"].as_array().expect("rows");
    assert_eq!(rows.len(), NAMES.len());
    for (name, value, from, secret) in [
        ("TELEGRAM_BOT_TOKEN", Value::Null, json!("credential"), true),
        ("KIE_API_KEY", Value::Null, json!("its _FILE"), true),
        ("KIE_WEBHOOK_HMAC_KEY", Value::Null, json!("settings file"), true),
        ("USD_TO_RUB", json!("100"), json!("settings file"), false),
        ("PRICING_MARKUP", json!("4"), json!("environment"), false),
        ("DATA_DIR", json!("/state"), json!("STATE_DIRECTORY"), false),
        ("STAR_RUB", json!("1.3"), json!("default"), false),
        ("ADMIN_IDS", Value::Null, Value::Null, false),
    ] {
        let row = rows.iter().find(|row| row["name"] == name).expect("a row");
        assert_eq!(*row, json!({ "name": name, "value": value, "from": from, "secret": secret }));
    }
    let said = config(dir.path(), &["show"], &environment);
    let said = String::from_utf8(said.stdout).expect("text");
    let row = |name: &str| said.lines().find(|line| line.trim_start().starts_with(name)).expect("a row");
    assert!(row("KIE_API_KEY").contains("(hidden)") && row("KIE_API_KEY").ends_with("its _FILE"), "{said}");
    assert!(!said.contains("planted") && !said.contains(TOKEN), "{said}");
    let wrong = config(dir.path(), &["show"], &[("USD_TO_RUB", "planted")]);
    let wrong = (wrong.status.code(), String::from_utf8(wrong.stderr).expect("text"));
    assert_eq!(wrong.0, Some(0));
    assert!(wrong.1.contains("USD_TO_RUB (environment)") && wrong.1.lines().count() == 1, "{wrong:?}");
}

#[test]
fn settings_are_checked_without_touching_anything() {
    let dir = TempDir::new().expect("a folder");
    let good = [("TELEGRAM_BOT_TOKEN", TOKEN), ("KIE_API_KEY", "a-key"), ("ADMIN_IDS", "900")];
    let checked = config(dir.path(), &["check", "--json"], &good);
    assert_eq!((checked.status.code(), document(&checked)), (Some(0), json!({ "ok": true, "problems": [] })));
    for (name, value, says) in [
        ("TELEGRAM_BOT_TOKEN", "4242:aaaaaaaaaaaaaaa aaaaaaaaaaaaaaaaaaa", "has a blank"),
        ("ADMIN_IDS", "@ann", "@userinfobot"),
        ("BOT_MODE", "webhook", "WEBHOOK_BASE_URL is missing"),
        ("FREE_TIER_MODEL_IDS", "z-image", "must name the five cheapest"),
    ] {
        let checked = config(dir.path(), &["check", "--json"], &[&good[..], &[(name, value)]].concat());
        let (report, line) = (document(&checked), String::from_utf8(checked.stderr.clone()).expect("text"));
        assert_eq!((checked.status.code(), &report["ok"]), (Some(2), &json!(false)), "{name}");
        assert!(line.contains(says) && line.lines().count() == 1, "{line}");
        assert_eq!(report["problems"], json!([line.trim_end()]));
    }
    let nothing = config(dir.path(), &["check"], &[]);
    assert_eq!((nothing.status.code(), nothing.stdout.len()), (Some(2), 0));
    // Somebody has the data directory: it is not even looked at.
    let _lock = Lock::take(&dir.path().join("data")).expect("free");
    fs::set_permissions(dir.path().join("data"), Permissions::from_mode(0o500)).expect("set");
    assert_eq!(config(dir.path(), &["check"], &good).status.code(), Some(0));
    fs::set_permissions(dir.path().join("data"), Permissions::from_mode(0o700)).expect("set");
}
