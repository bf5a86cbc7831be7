//! What an operator does from outside: probes, taking the books away, being root, and starts that fail.

use crate::binary::{ANN, Service, command, command_of, free_port, json};
use crate::support::tell;
use samovar::ids::UserId;
use samovar::money::Kopecks;
use samovar::store::{Lock, Store};
use samovar::time::Clock;
use serde_json::Value;
use std::fs::{self, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// The user `nobody`, and its group, on every machine.
const NOBODY: u32 = 65_534;
const KEYS: [(&str, &str); 4] = [
    ("TELEGRAM_BOT_TOKEN", "4242:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
    ("KIE_API_KEY", "sandbox-key"),
    ("ADMIN_IDS", "900"),
    ("RUST_LOG", "error"),
];

async fn run(mut command: Command) -> Output {
    let ran = tokio::task::spawn_blocking(move || command.output()).await;
    ran.expect("no panic").expect("it runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

#[track_caller]
fn refused(ran: &Output, code: i32, says: &str) {
    let line = text(&ran.stderr);
    assert_eq!((ran.status.code(), line.lines().count()), (Some(code), 1), "{ran:?}");
    assert!(line.contains(says), "{says}: {line}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_probe_hears_at_the_operators_port_or_else_at_the_socket_whether_the_service_sells() {
    let dir = TempDir::new().expect("a directory");
    let data = dir.path().join("data");
    let service = Service::start_in(dir, data, false, &[]).await;
    // Nobody is asked at LISTEN.
    let nobody = format!("127.0.0.1:{}", free_port());
    let probe = |address: &str, more: &[&str]| {
        let mut command = command(&service.data);
        command.arg("healthcheck").args(more).env("LISTEN", &nobody).env("TELEGRAM_BOT_TOKEN", "nonsense");
        command.env("ADMIN_LISTEN", address);
        command
    };
    let (everywhere, socket) = (format!("0.0.0.0:{}", service.admin_port), "");
    for asked in [everywhere.as_str(), socket] {
        let ready = run(probe(asked, &[])).await;
        assert_eq!((ready.status.code(), text(&ready.stdout)), (Some(0), "ready\n".to_owned()), "{ready:?}");
    }
    let stopped = service.samovar(&["selling", "off", "--reason", "stocktaking"]).await;
    assert_eq!(stopped.status.code(), Some(0), "{stopped:?}");
    for asked in [everywhere.as_str(), socket] {
        refused(&run(probe(asked, &[])).await, 1, "not ready: selling is stopped");
        let told: Value = serde_json::from_slice(&run(probe(asked, &["--json"])).await.stdout).expect("JSON");
        assert_eq!(told["ok"], false);
        let live = run(probe(asked, &["--live"])).await;
        assert_eq!((live.status.code(), text(&live.stdout)), (Some(0), "ok\n".to_owned()), "{live:?}");
    }
    let unheard = format!("127.0.0.1:{}", free_port());
    refused(&run(probe(&unheard, &[])).await, 1, "does the service run?");
    refused(&run(probe("planted", &[])).await, 2, "ADMIN_LISTEN");
}

#[test]
fn a_probe_of_what_does_not_run_opens_nothing() {
    let dir = TempDir::new().expect("a directory");
    let data = dir.path().join("data");
    for is_there in [false, true] {
        if is_there {
            fs::create_dir(&data).expect("made");
        }
        let ran = command(&data).arg("healthcheck").output().expect("it runs");
        refused(&ran, 1, "does the service run?");
        assert_eq!((data.exists(), is_there && all_below(&data).len() > 1), (is_there, false));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_books_are_taken_away_while_it_sells_and_are_the_same_when_it_is_stopped() {
    let dir = TempDir::new().expect("a directory");
    let data = dir.path().join("data");
    let mut service = Service::start_in(dir, data, false, &[]).await;
    service
        .sandbox
        .telegram
        .act(|world, now| {
            world.user(1002, "=1+1", "en");
            world.say(now, 1002, "/start")
        })
        .expect("sent");
    let there = |world: &samovar::sandbox::telegram::World| world.chat(1002)?.latest().map(drop);
    service.sandbox.telegram.wait(there, std::time::Duration::from_secs(30)).await.expect("an answer");
    service.orders("Описание, которое никого не касается").await;
    service.sees("Списано").await;
    let ledger = service.samovar(&["export", "ledger"]).await;
    let table = text(&ledger.stdout);
    let rows = json(&service.samovar(&["audit", "--json"]).await)["rows"].as_u64().expect("a number");
    assert_eq!(table.lines().next(), Some("seq,at,kind,debit,credit,amount,ref,pending_of,job,memo"));
    assert_eq!(u64::try_from(table.lines().count() - 1).expect("few"), rows, "{table}");
    assert!(table.contains(&format!(",hold,user:{ANN},revenue,")), "{table}");
    let lines = text(&service.samovar(&["export", "ledger", "--json"]).await.stdout);
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines.len(), table.lines().count() - 1);
    assert_eq!((&lines[0]["seq"], &lines[0]["ref"]), (&1.into(), &format!("welcome:{ANN}").into()));

    let users = text(&service.samovar(&["export", "users"]).await.stdout);
    let ann = format!("\n{ANN},Анна,");
    assert!(users.contains(&ann) && users.contains("\n1002,'=1+1,"), "no cell is a formula: {users}");
    let users = text(&service.samovar(&["export", "users", "--json"]).await.stdout);
    assert!(users.contains("\"first_name\":\"=1+1\""), "a script gets what is there: {users}");
    let jobs = text(&service.samovar(&["export", "jobs"]).await.stdout);
    assert!(jobs.contains(",z-image,done,") && jobs.contains("\n1,RQ-"), "{jobs}");
    assert!(!jobs.contains("не касается"), "{jobs}");
    service.kill();
    assert_eq!(service.samovar(&["export", "ledger"]).await.stdout, ledger.stdout, "the same from the file");
    assert_eq!(service.samovar(&["export", "secrets"]).await.status.code(), Some(2));
}

#[test]
fn a_long_ledger_comes_whole_page_after_page() {
    let dir = TempDir::new().expect("a directory");
    let lock = Lock::take(dir.path()).expect("free");
    let (store, engine) = Store::open(dir.path(), Clock::system()).expect("a store");
    let writer = std::thread::spawn(move || engine.run());
    let given = store.write_blocking("test", |tx| {
        for _ in 0..4_000 {
            let id = tx.new_action()?;
            assert!(tx.adjust(id, "test", UserId(7), Kopecks::new(100), "a test")?.is_ok());
        }
        Ok(())
    });
    given.expect("written");
    drop(store);
    writer.join().expect("no panic");
    drop(lock);
    let ran = command(dir.path()).args(["export", "ledger"]).output().expect("it runs");
    let table = text(&ran.stdout);
    let seqs: Vec<u64> = table
        .lines()
        .skip(1)
        .map(|line| line.split(',').next().and_then(|seq| seq.parse().ok()).expect("seq"))
        .collect();
    assert_eq!(seqs, (1..=4_000).collect::<Vec<_>>());
}

pub(crate) fn is_root() -> bool {
    fs::metadata("/proc/self").expect("a process").uid() == 0
}

/// Everything in the directory, and itself.
fn all_below(dir: &Path) -> Vec<PathBuf> {
    let mut found = vec![dir.to_owned()];
    for entry in fs::read_dir(dir).expect("readable") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { found.extend(all_below(&path)) } else { found.push(path) }
    }
    found
}

/// A directory that everybody may enter, with the binary in it.
fn open_house() -> (TempDir, PathBuf) {
    let dir = TempDir::new().expect("a directory");
    fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).expect("set");
    let program = dir.path().join("samovar");
    fs::copy(env!("CARGO_BIN_EXE_samovar"), &program).expect("copied");
    (dir, program)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_root_does_on_a_stopped_service_leaves_nothing_that_the_service_cannot_open() {
    let (dir, program) = open_house();
    let data = dir.path().join("data");
    let credit = |roubles: &str| {
        let mut command = command_of(&program, &data);
        command.args(["wallet", "credit", "4242", roubles, "--reason", "a gift"]);
        command
    };
    assert_eq!(run(credit("5")).await.status.code(), Some(0));
    let me = fs::metadata(&data).expect("made").uid();
    let owner = if is_root() { NOBODY } else { me };
    if is_root() {
        for path in all_below(&data) {
            chown(path, Some(NOBODY), Some(NOBODY)).expect("given away");
        }
    } else {
        tell("NOT ROOT: that root becomes the directory's owner is not tested here; run this test as root");
    }
    let second = run(credit("2.50")).await;
    assert_eq!(second.status.code(), Some(0), "{second:?}");
    for path in all_below(&data) {
        let found = fs::metadata(&path).expect("there");
        assert_eq!((found.uid(), found.mode() & 0o077), (owner, 0), "{}", path.display());
    }
    if is_root() {
        let mut wrong = command_of(&program, &data);
        wrong.arg("run").envs(KEYS);
        refused(&run(wrong).await, 1, "belongs to user 65534, and this is root");
    }
    let mut service = command_of(&program, &data);
    if is_root() {
        service.uid(NOBODY).gid(NOBODY);
    }
    let service = Service::start_by(service, ANN, dir, data.clone(), false, &[]).await;
    let wallet = json(&service.samovar(&["wallet", "show", "4242", "--json"]).await);
    assert_eq!(wallet["available"], "7.50", "through the socket of the other user");
    assert_eq!(run(credit("1")).await.status.code(), Some(0));
    for path in all_below(&service.data) {
        assert_eq!(fs::metadata(&path).expect("there").uid(), owner, "{}", path.display());
    }
}

#[test]
fn root_reaches_a_directory_to_which_its_owner_knows_no_way() {
    if !is_root() {
        tell(
            "NOT ROOT: what systemd keeps behind /var/lib/private is not tested here; run this test as root",
        );
    }
    let (dir, program) = open_house();
    let closed = dir.path().join("private");
    fs::create_dir(&closed).expect("made");
    fs::set_permissions(&closed, Permissions::from_mode(0o700)).expect("set");
    let data = closed.join("samovar");
    for (roubles, available) in [("5", "5.00"), ("2.50", "7.50")] {
        let mut credit = command_of(&program, &data);
        credit.args(["wallet", "credit", "4242", roubles, "--reason", "a gift", "--json"]);
        assert_eq!(json(&credit.output().expect("it runs"))["available"], available);
        if is_root() {
            for path in all_below(&data) {
                let before = fs::metadata(&path).expect("there").uid();
                assert_eq!(before, if available == "5.00" { 0 } else { NOBODY }, "{}", path.display());
                chown(path, Some(NOBODY), Some(NOBODY)).expect("given away");
            }
        }
    }
    // People are told the path that they know, not the handle by which it is reached.
    let known = closed.canonicalize().expect("there").join("samovar").display().to_string();
    let asked = |arguments: &[&str], code: i32| {
        let ran = command_of(&program, &data).args(arguments).output().expect("it runs");
        let said = text(&ran.stdout) + &text(&ran.stderr);
        assert_eq!(ran.status.code(), Some(code), "{said}");
        assert!(said.contains(&known) && !said.contains("/proc/self"), "{said}");
    };
    asked(&["backup", "list", "--json"], 0);
    let kept = fs::read(data.join("samovar.redb")).expect("readable");
    fs::write(data.join("samovar.redb"), &kept[..kept.len() / 2]).expect("cut short");
    asked(&["audit"], 4);
}

#[test]
fn a_start_that_cannot_be_says_why_in_one_line() {
    let (dir, program) = open_house();
    let data = dir.path().join("data");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = taken.local_addr().map(|address| (taken, address.to_string())).expect("an address");
    for setting in ["LISTEN", "ADMIN_LISTEN"] {
        let mut start = command_of(&program, &data);
        start.arg("run").envs(KEYS).env("LISTEN", "127.0.0.1:0").env("ADMIN_LISTEN", "127.0.0.1:0");
        let ran = start.env(setting, &taken.1).output().expect("it runs");
        refused(&ran, 1, &format!("{setting} {} cannot be listened on", taken.1));
        assert!(text(&ran.stderr).contains("or set another port"), "{ran:?}");
    }
    // Nobody but its owner may enter, and neither the service nor a command is its owner.
    let closed = dir.path().join("closed");
    fs::create_dir(&closed).expect("made");
    let mode = if is_root() { 0o700 } else { 0o000 };
    fs::set_permissions(&closed, Permissions::from_mode(mode)).expect("set");
    for (arguments, code) in [(&["run"][..], 1), (&["wallet", "show", "4242"][..], 1)] {
        let mut start = command_of(&program, &closed);
        start.args(arguments).envs(KEYS);
        if is_root() {
            start.uid(NOBODY).gid(NOBODY);
        }
        let ran = start.output().expect("it runs");
        refused(&ran, code, "cannot be used: Permission denied");
        assert!(text(&ran.stderr).contains("run this as its owner"), "{ran:?}");
    }
    fs::set_permissions(&closed, Permissions::from_mode(0o700)).expect("set");
}
