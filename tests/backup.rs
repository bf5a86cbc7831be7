//! Backups as an operator makes, lists, checks and restores them, with the real binary; and as the service
//! makes them by the clock.

use crate::support::moto::Moto;
use crate::support::{ADMIN, Mode, TestApp};
use samovar::config::{BackupTo, Bucket};
use samovar::time::Moment;
use secrecy::SecretString;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

pub(crate) const ANN: i64 = 1001;
pub(crate) const HOUR: Duration = Duration::from_secs(3600);

/// A machine with a ledger, and a folder elsewhere for backups.
pub(crate) struct Machine {
    pub(crate) dir: TempDir,
    pub(crate) more: Vec<(&'static str, String)>,
}

/// What a run of the binary gave.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.code, 0, "{self:?}");
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// One line that says why, and, with `--json`, a document that says the same.
    #[track_caller]
    pub(crate) fn fails(&self, code: i32, why: &str) {
        let lines: Vec<_> = self.err.lines().filter(|line| !line.starts_with("note: ")).collect();
        assert_eq!((self.code, lines.len()), (code, 1), "{self:?}");
        if !self.out.is_empty() {
            let said: Value = serde_json::from_str(&self.out).expect("a document");
            assert_eq!(said, json!({ "ok": false, "code": code, "error": lines[0] }), "{self:?}");
        }
        assert!(self.err.contains(why), "{why}: {self:?}");
        assert!(!self.err.contains("planted"), "{self:?}");
    }
}

pub(crate) fn samovar(data: &Path, arguments: &[&str], environment: &[(&str, String)]) -> Ran {
    let output = Command::new(env!("CARGO_BIN_EXE_samovar"))
        .args(["--config", "/dev/null"])
        .args(arguments)
        .env_clear()
        .env("DATA_DIR", data)
        .env("RUST_LOG", "error")
        .envs(environment.iter().map(|(name, value)| (*name, value.as_str())))
        .stdin(Stdio::null())
        .output()
        .expect("the binary runs");
    Ran {
        code: output.status.code().expect("it ends by itself"),
        out: String::from_utf8(output.stdout).expect("text"),
        err: String::from_utf8(output.stderr).expect("text"),
    }
}

impl Machine {
    /// With a customer who has 100 roubles.
    pub(crate) fn new() -> Self {
        let machine = Self { dir: TempDir::new().expect("a directory"), more: Vec::new() };
        machine.credits("100");
        machine
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    pub(crate) fn shelf(&self) -> PathBuf {
        self.dir.path().join("shelf")
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        let mut environment = vec![("BACKUP_TO", self.shelf().display().to_string())];
        environment.extend(self.more.clone());
        samovar(&self.data(), arguments, &environment)
    }

    pub(crate) fn credits(&self, roubles: &str) {
        assert_eq!(self.run(&["wallet", "credit", "1001", roubles, "--reason", "a test"]).code, 0);
    }

    pub(crate) fn has(&self) -> String {
        let wallet = self.run(&["wallet", "show", "1001", "--json"]).json();
        wallet["available"].as_str().expect("an amount").to_owned()
    }

    /// Makes a backup; gives its file.
    pub(crate) fn creates(&self) -> PathBuf {
        let made = self.run(&["backup", "create", "--json"]).json();
        self.shelf().join(made["name"].as_str().expect("a name"))
    }

    /// Nothing was changed, and nothing was left lying about.
    #[track_caller]
    pub(crate) fn is_untouched(&self, has: &str) {
        assert_eq!(self.has(), has);
        let names = fs::read_dir(self.data()).expect("a directory");
        let names: Vec<_> = names.map(|entry| entry.expect("an entry").file_name()).collect();
        let expected = |name: &std::ffi::OsString| name == "samovar.redb" || name == "samovar.lock";
        assert!(names.iter().all(expected), "{names:?}");
    }
}

#[test]
fn a_backup_is_made_listed_verified_and_restored() {
    let machine = Machine::new();
    machine.run(&["backup", "verify"]).fails(1, "there is no backup in ");
    let made = machine.run(&["backup", "create", "--json"]).json();
    let name = made["name"].as_str().expect("a name").to_owned();
    assert!(name.starts_with("full-20") && name.ends_with(".samovar"), "{made}");
    let audit = machine.run(&["audit", "--json"]).json();
    assert_eq!(made["head"], audit["head"]);
    assert!(made["rows"].as_u64().expect("rows") > 5 && made["bytes"].as_u64().expect("bytes") > 0, "{made}");

    let listed = machine.run(&["backup", "list", "--json"]).json();
    assert_eq!(listed["backups"][0]["name"], name.as_str());
    assert_eq!(listed["backups"][0]["bytes"], made["bytes"]);
    assert!(machine.run(&["backup", "list"]).out.contains(&name));
    let verified = machine.run(&["backup", "verify", &name, "--json"]).json();
    assert_eq!((&verified["head"], &verified["rows"]), (&audit["head"], &audit["rows"]));
    assert!(machine.run(&["backup", "verify"]).out.contains("all ten rules hold"));
    machine.is_untouched("100.00");

    // What happened since goes, and is kept aside.
    machine.credits("11");
    let restored = machine.run(&["backup", "restore", "--json"]).json();
    assert_eq!(machine.has(), "100.00");
    assert_eq!(restored["head"], audit["head"]);
    let aside = machine.data().join(restored["aside"].as_str().expect("a name"));
    fs::rename(aside, machine.data().join("samovar.redb")).expect("put back");
    machine.is_untouched("111.00");
    assert_eq!(machine.run(&["audit"]).code, 0);
}

#[test]
fn a_machine_that_has_nothing_gets_the_ledger_from_the_backup() {
    let machine = Machine::new();
    machine.creates();
    fs::remove_dir_all(machine.data()).expect("lost");
    let said = machine.run(&["backup", "restore"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.contains("put in place") && said.out.contains("Now start the service"), "{said:?}");
    assert!(!said.out.contains("is kept as"), "{said:?}");
    machine.is_untouched("100.00");
    machine.credits("1");
    assert_eq!(machine.has(), "101.00");
}

#[test]
fn what_is_no_good_backup_is_refused_in_one_line_and_nothing_changes() {
    let machine = Machine::new();
    let file = machine.creates();
    let whole = fs::read(&file).expect("readable");
    let name = file.file_name().and_then(|name| name.to_str()).expect("a name");
    let refused = |code, why| {
        for command in ["verify", "restore"] {
            machine.run(&["backup", command, name]).fails(code, why);
            machine.is_untouched("100.00");
        }
    };
    fs::write(&file, &whole[..whole.len() - 1]).expect("written");
    refused(4, "cut short");
    fs::write(&file, &whole[..whole.len() / 2]).expect("written");
    refused(4, "cut short");
    let mut changed = whole.clone();
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    fs::write(&file, &changed).expect("written");
    refused(4, "is damaged in its block");
    fs::write(&file, "a text of somebody's").expect("written");
    refused(4, "no backup of samovar's");
    fs::write(&file, "").expect("written");
    refused(4, "backup");
    machine
        .run(&["backup", "restore", "full-20200101T000000Z.samovar"])
        .fails(1, "there is no backup full-2020");
    machine.run(&["backup", "verify", "../data/samovar.redb"]).fails(1, "there is no backup ../data");
    machine.is_untouched("100.00");
}

#[test]
fn a_place_that_cannot_be_written_or_has_no_room_is_said_and_older_backups_stay() {
    let mut machine = Machine::new();
    let first = machine.creates();
    machine.more = vec![("BACKUP_TO", "/proc/backups".to_owned())];
    machine.run(&["backup", "create"]).fails(1, "the backups' place /proc/backups cannot be used");
    machine.is_untouched("100.00");
    machine.more = vec![("BACKUP_TO", "s3://planted".to_owned())];
    machine.run(&["backup", "create"]).fails(2, "BACKUP_S3_KEY_ID is missing");
    machine.more = Vec::new();
    machine.credits("1");
    let _second = machine.creates();
    assert!(first.exists());
}

#[test]
fn a_full_disk_during_a_backup_is_said_and_the_file_stays_as_it_was() {
    let Some(mut disk) = crate::full::Disk::mount(48) else { return };
    let mut machine = Machine::new();
    machine.more = vec![("BACKUP_TO", disk.path().join("shelf").display().to_string())];
    assert_eq!(machine.run(&["backup", "create"]).code, 0);
    disk.fill(0);
    machine.run(&["backup", "create"]).fails(1, "there is no room for it on the disk of ");
    let listed = machine.run(&["backup", "list", "--json"]).json();
    assert_eq!(listed["backups"].as_array().expect("a list").len(), 1, "only the whole one");
    machine.is_untouched("100.00");
    disk.make_room();
    assert_eq!(machine.run(&["backup", "verify"]).code, 0);
}

#[test]
fn only_so_many_are_kept_and_a_drill_says_how_long_it_takes() {
    let mut machine = Machine::new();
    machine.more = vec![("BACKUP_KEEP", "2".to_owned())];
    let first = machine.creates();
    let first = first.file_name().and_then(|name| name.to_str()).expect("a name");
    let file = first.trim_end_matches(".samovar").rsplit('-').next().expect("of which file it is");
    let put = |name: &str| fs::write(machine.shelf().join(name), "old").expect("written");
    for day in ["20260101", "20260102", "20260103"] {
        put(&format!("full-{day}T000000Z-{file}.samovar"));
    }
    let others = [
        "changes-00000000-0000000000005-00000001.samovar",
        "full-20250101T000000Z-00000000-5-0-0.samovar",
        "holiday.jpg",
    ];
    for name in others {
        put(name);
    }
    let drill = machine.run(&["backup", "drill", "--json"]).json();
    assert_eq!(drill["created"]["name"], drill["restored"]["name"]);
    assert_eq!(drill["created"]["head"], drill["restored"]["head"]);
    for time in [&drill["created"]["made_ms"], &drill["created"]["verified_ms"], &drill["restored"]["ms"]] {
        assert!(time.as_u64().expect("milliseconds") < 60_000, "{drill}");
    }
    assert_eq!(drill["at_worst_s"], 24 * 3600);
    let left = names(&machine.shelf());
    let (mine, not_mine): (Vec<_>, Vec<_>) = left.iter().partition(|name| name.contains(file));
    assert_eq!(not_mine, others, "of what is another's nothing goes");
    assert!(mine.len() == 2 && mine[0].as_str() == first, "{mine:?}");
    let said = machine.run(&["backup", "drill"]).out;
    assert!(said.contains("restore beside") && said.contains("BACKUP_EVERY"), "{said}");
    machine.is_untouched("100.00");
}

#[cfg(feature = "age")]
#[test]
fn a_sealed_backup_opens_with_its_key_and_not_without() {
    use secrecy::ExposeSecret;
    let mut machine = Machine::new();
    let (mine, other) = (age::x25519::Identity::generate(), age::x25519::Identity::generate());
    for (name, key) in [("mine", &mine), ("other", &other)] {
        fs::write(machine.dir.path().join(name), key.to_string().expose_secret()).expect("written");
    }
    machine.more = vec![("BACKUP_AGE_RECIPIENT", mine.to_public().to_string())];
    let file = machine.creates();
    assert!(file.to_string_lossy().ends_with(".samovar.age"));
    let bytes = fs::read(&file).expect("readable");
    assert!(bytes.starts_with(b"age-encryption.org/v1"));
    let with = |command: &str, name: &str| {
        let path = machine.dir.path().join(name).display().to_string();
        machine.run(&["backup", command, "--identity", &path])
    };
    machine.run(&["backup", "restore"]).fails(2, "--identity FILE");
    with("restore", "nothing").fails(2, "--identity ");
    with("restore", "other").fails(2, "sealed to another key");
    machine.is_untouched("100.00");
    assert_eq!(with("verify", "mine").code, 0);
    machine.credits("5");
    let asides: Vec<_> = (0..3).map(|_| with("restore", "mine").out).collect();
    assert!(
        asides.iter().all(|said| said.contains("before-restore-")),
        "however soon after another: {asides:?}"
    );
    assert_eq!(machine.has(), "100.00");
    fs::write(&file, &bytes[..bytes.len() - 10]).expect("written");
    with("restore", "mine").fails(4, "backup");
}

/// Waits for a verified backup that was begun after `last`.
pub(crate) async fn verified(app: &TestApp, last: Option<Moment>) -> Moment {
    let noted = app.until("a verified backup", |view| {
        let noted = view.backup_verified().ok()??.began;
        last.is_none_or(|last| noted.at > last.at).then_some(noted)
    });
    noted.await
}

/// Lets time pass until that is there.
pub(crate) async fn verified_in_time(app: &TestApp, last: Option<Moment>) -> Moment {
    in_time(app, verified(app, last)).await
}

/// Lets time pass meanwhile: whoever sleeps may fall asleep after we have looked.
pub(crate) async fn in_time<R>(app: &TestApp, wait: impl Future<Output = R>) -> R {
    let passes = async {
        loop {
            app.skip(Duration::from_secs(61));
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::select! {
        came = wait => came,
        () = passes => panic!("it never ends"),
    }
}

/// Waits for the service's own first shipment; the next is due 45 seconds later.
pub(crate) async fn shipped(app: &TestApp) {
    app.until("the first shipment", |view| view.stream().ok()?.filter(|stream| stream.shipped >= 1)).await;
}

pub(crate) fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("a text"))
        .collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn day_by_day_a_verified_backup_is_made_and_old_ones_go() {
    let app = TestApp::start_with(Mode::Polling, |settings| {
        settings.backups.every = Some(24 * HOUR);
        settings.backups.keep = 2;
    })
    .await;
    app.credit(ANN, "10").await;
    let shelf = app.data_dir().join("backups");
    let first = verified_in_time(&app, None).await;
    assert_eq!(names(&shelf).len(), 1);
    let mut last = first;
    for _ in 0..3 {
        app.skip(23 * HOUR);
        last = verified_in_time(&app, Some(last)).await;
    }
    assert!(last.at.since(first.at) >= 72 * HOUR, "not more often than asked");
    app.until("the oldest to go", |_| (names(&shelf).len() == 2).then_some(())).await;

    // While it runs: one more by hand, a look at it, and no restore.
    let data = app.data_dir();
    let by_hand = tokio::task::spawn_blocking(move || {
        let made = samovar(&data, &["backup", "create", "--json"], &[]).json();
        let looked = samovar(&data, &["backup", "verify", "--json"], &[]).json();
        samovar(&data, &["backup", "restore"], &[]).fails(1, "stop it, then restore; nothing was changed");
        (made, looked)
    });
    let (made, looked) = by_hand.await.expect("no panic");
    assert_eq!(made["name"], looked["name"]);
    let head = app.store().view().expect("a view").audit().expect("readable").head;
    assert_eq!(looked["head"], head.as_str(), "the selling service's own head");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_that_cannot_be_made_is_told_to_the_operators_and_made_once_it_can() {
    let elsewhere = TempDir::new().expect("a directory");
    let shelf = elsewhere.path().join("shelf");
    fs::write(&shelf, "a file where a folder should be").expect("written");
    let app = TestApp::start_with(Mode::Polling, |settings| {
        settings.backups.to = BackupTo::Folder(shelf.clone());
        settings.backups.every = Some(HOUR);
        settings.backups.max_age = Some(2 * HOUR);
    })
    .await;
    app.user(ADMIN).sends("/start").sees("Самовар").await;
    app.skip(3 * HOUR);
    let told = app.user(ADMIN).sees("Нет свежей резервной копии").await;
    assert!(told.text.contains("shelf cannot be used"), "{}", told.text);
    assert_eq!(app.store().view().expect("a view").backup_verified(), Ok(None));
    fs::remove_file(&shelf).expect("removed");
    verified_in_time(&app, None).await;
    assert!(!names(&shelf).is_empty());
    // When it fails again the same day, that is news.
    let last = app.user(ADMIN).newest();
    fs::remove_dir_all(&shelf).expect("removed");
    fs::write(&shelf, "a file where a folder should be").expect("written");
    app.skip(3 * HOUR);
    in_time(&app, app.user(ADMIN).sees_after(last, "Нет свежей резервной копии")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_are_shipped_to_a_bucket_and_come_back_until_it_goes_away() {
    let mut moto = Moto::start().await;
    let app = TestApp::start_with(Mode::Polling, |settings| {
        let name = crate::support::moto::BUCKET.to_owned();
        settings.backups.to = BackupTo::Bucket(Bucket { name, prefix: "shop/".to_owned() });
        settings.backups.s3_endpoint = Some(moto.endpoint.parse().expect("an address"));
        settings.backups.s3_key_id = Some(SecretString::from("TESTKEY"));
        settings.backups.s3_secret = Some(SecretString::from("planted-secret"));
        settings.backups.stream = true;
    })
    .await;
    app.user(ADMIN).sends("/start").sees("Самовар").await;
    verified(&app, None).await;
    for roubles in ["1", "2", "3"] {
        app.credit(ANN, roubles).await;
        let before = app.store().stream().await.expect("readable").expect("streamed").shipped;
        app.skip(Duration::from_secs(46));
        let shipped = async {
            while app.store().stream().await.expect("readable").expect("streamed").shipped == before {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let shipped = tokio::time::timeout(crate::support::PATIENCE, shipped).await;
        assert!(shipped.is_ok(), "nothing was shipped");
    }
    let another = TempDir::new().expect("a directory");
    let (data, place) = (another.path().join("data"), moto.settings("shop"));
    let restored = tokio::task::spawn_blocking(move || {
        let listed = samovar(&data, &["backup", "list", "--json"], &place).json();
        let restored = samovar(&data, &["backup", "restore", "--json"], &place).json();
        (listed, restored, samovar(&data, &["wallet", "show", "1001", "--json"], &[]).json())
    });
    let (listed, restored, wallet) = restored.await.expect("no panic");
    assert_eq!(wallet["available"], "6.00", "{listed} {restored}");
    assert!(restored["shipments"].as_u64().expect("a number") >= 3, "{restored}");
    assert_eq!(restored["left_out"], Value::Null, "{restored}");

    moto.stop();
    app.credit(ANN, "4").await;
    app.skip(Duration::from_secs(11 * 60));
    let told = app.user(ADMIN).sees("не попадают в резервную копию").await;
    assert!(told.text.contains("no connection") && !told.text.contains("planted"), "{}", told.text);
}
