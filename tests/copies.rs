//! Copies that are damaged, that are another ledger's, that were never finished, or that have no room: a
//! restore goes back no further than it must and says so, and nothing good is lost to what is not.

use crate::backup::{ANN, HOUR, Machine, names, samovar, shipped, verified_in_time};
use crate::support::bucket::{Bucket, Gives};
use crate::support::{ADMIN, Mode, PATIENCE, TestApp};
use samovar::config::BackupTo;
use samovar::shelf::Keeper;
use samovar::store::View;
use samovar::time::At;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// Changes a byte in the middle.
fn spoil(file: &Path) {
    let mut bytes = fs::read(file).expect("readable");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(file, bytes).expect("written");
}

/// A service that streams to a folder.
pub(crate) async fn streams_to(shelf: &Path) -> (TestApp, Keeper) {
    let app = TestApp::start_with(Mode::Polling, |settings| {
        settings.backups.to = BackupTo::Folder(shelf.to_owned());
        settings.backups.stream = true;
    })
    .await;
    // From here on the test ships; two at once would be in each other's way.
    shipped(&app).await;
    let keeper = Keeper::of(&app.settings).expect("a folder");
    (app, keeper)
}

/// Ships what was changed; gives the ledger's head with it.
async fn ships(app: &TestApp, keeper: &Keeper) -> String {
    keeper.ship(app.store(), &CancellationToken::new()).await.expect("shipped").expect("something changed");
    app.store().view().expect("a view").audit().expect("readable").head
}

/// Has the service make a copy; gives its name.
async fn copies(app: &TestApp) -> String {
    let data = app.data_dir();
    let create = move || samovar(&data, &["backup", "create", "--json"], &[]).json();
    let made = tokio::task::spawn_blocking(create).await.expect("no panic");
    made["name"].as_str().expect("a name").to_owned()
}

/// Runs a command on backups, on a machine that has nothing.
async fn elsewhere(shelf: &Path, command: &'static str) -> (crate::backup::Ran, TempDir) {
    let (dir, shelf) = (TempDir::new().expect("a machine"), shelf.display().to_string());
    let data = dir.path().join("data");
    let ran = move || samovar(&data, &["backup", command, "--json"], &[("BACKUP_TO", shelf)]);
    (tokio::task::spawn_blocking(ran).await.expect("no panic"), dir)
}

/// What Ann has there.
async fn has(dir: &TempDir) -> Value {
    let data = dir.path().join("data");
    let shown = move || samovar(&data, &["wallet", "show", "1001", "--json"], &[]).json();
    tokio::task::spawn_blocking(shown).await.expect("no panic")["available"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_the_newest_copy_is_damaged_the_one_before_it_is_restored_with_all_its_changes() {
    let dir = TempDir::new().expect("a directory");
    let shelf = dir.path().join("shelf");
    let (app, keeper) = streams_to(&shelf).await;
    for roubles in ["1", "2"] {
        app.credit(ANN, roubles).await;
        ships(&app, &keeper).await;
    }
    app.credit(ANN, "7").await;
    let head = ships(&app, &keeper).await;
    // Another chain begins, with a copy of its own.
    app.skip(Duration::from_secs(3));
    app.store().stream_anew().await.expect("begun");
    let newest = copies(&app).await;
    app.credit(ANN, "5").await;
    ships(&app, &keeper).await;
    spoil(&shelf.join(&newest));
    // As if the machine had been lost twenty hours later.
    let last = names(&shelf).into_iter().rfind(|name| name.starts_with("changes-")).expect("a shipment");
    let lost = UNIX_EPOCH + app.clock.now().at.since(At(0)) + 20 * HOUR;
    let last = fs::File::options().write(true).open(shelf.join(last)).expect("writable");
    last.set_modified(lost).expect("set");

    // Each copy is listed with how far the changes after it reach.
    let (listed, _machine) = elsewhere(&shelf, "list").await;
    let listed = listed.json()["backups"].clone();
    let fulls = listed.as_array().expect("a list").iter().filter(|one| one["kind"] == "full");
    let reach: Vec<_> = fulls.map(|one| one["changes"].clone()).collect();
    let last = |chain: &Value| chain["last"].as_str().map(|name| shelf.join(name).exists());
    assert!(reach.len() == 2 && reach.iter().all(|chain| last(chain) == Some(true)), "{listed}");
    assert!(reach[0]["shipments"].as_u64() >= Some(3) && reach[1]["shipments"] == 1, "{listed}");
    assert!(reach.iter().all(|chain| chain["written"].as_str() > Some("2026-")), "{listed}");

    let (restored, machine) = elsewhere(&shelf, "restore").await;
    let said = restored.json();
    assert_eq!(has(&machine).await, "10.00", "{said}");
    assert_eq!((&said["head"], &said["left_out"]), (&Value::from(head), &Value::Null), "{said}");
    assert!(said["shipments"].as_u64() >= Some(3), "{said}");
    assert_eq!(said["passed_over"][0]["name"], newest.as_str(), "{said}");
    assert!(said["older_ms"].as_u64() > Some(20 * 3_600_000), "{said}");
    let note = restored.err.lines().collect::<Vec<_>>();
    assert!(note.len() == 1 && note[0].starts_with(&format!("note: {newest} cannot be used: ")), "{note:?}");
    assert!(note[0].contains("is damaged in its block") && note[0].ends_with(" is 20 h older"), "{note:?}");

    // Whoever only looks is told so, too, and by the exit code.
    let (looked, _machine) = elsewhere(&shelf, "verify").await;
    assert!(looked.code == 4 && looked.out.contains("passed_over"), "{looked:?}");
    assert!(looked.err.contains(&newest), "{looked:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_the_changes_go_on_past_the_damaged_copy_nothing_is_lost() {
    let dir = TempDir::new().expect("a directory");
    let shelf = dir.path().join("shelf");
    let (app, keeper) = streams_to(&shelf).await;
    app.credit(ANN, "1").await;
    ships(&app, &keeper).await;
    // The same chain goes on.
    let newest = copies(&app).await;
    app.credit(ANN, "5").await;
    app.skip(Duration::from_secs(3));
    let head = ships(&app, &keeper).await;
    spoil(&shelf.join(&newest));
    let (restored, machine) = elsewhere(&shelf, "restore").await;
    let said = restored.json();
    assert_eq!((&said["head"], &said["older_ms"]), (&Value::from(head), &Value::Null), "{said}");
    assert!(restored.err.contains("reach as far"), "{restored:?}");
    assert_eq!(has(&machine).await, "6.00");
    // When nothing is good, that is said, in one line.
    for name in names(&shelf).iter().filter(|name| name.starts_with("full-") && **name != newest) {
        spoil(&shelf.join(name));
    }
    elsewhere(&shelf, "restore").await.0.fails(4, "none of 2 whole copies can be used; the newest: ");
}

#[cfg(feature = "age")]
#[test]
fn a_wrong_key_is_no_reason_to_go_back_to_an_older_copy_and_a_broken_seal_is() {
    use secrecy::ExposeSecret;
    let mut machine = Machine::new();
    let (mine, other) = (age::x25519::Identity::generate(), age::x25519::Identity::generate());
    for (name, key) in [("mine", &mine), ("other", &other)] {
        fs::write(machine.dir.path().join(name), key.to_string().expose_secret()).expect("written");
    }
    let older = machine.creates();
    machine.credits("5");
    machine.more = vec![("BACKUP_AGE_RECIPIENT", mine.to_public().to_string())];
    let newest = machine.creates();
    let key = |name: &str| machine.dir.path().join(name).display().to_string();
    machine.run(&["backup", "restore"]).fails(2, "--identity FILE");
    let wrong = key("other");
    machine.run(&["backup", "restore", "--identity", &wrong]).fails(2, "sealed to another key");
    machine.is_untouched("105.00");
    let bytes = fs::read(&newest).expect("readable");
    fs::write(&newest, &bytes[..bytes.len() - 1]).expect("written");
    let restored = machine.run(&["backup", "restore", "--json", "--identity", &key("mine")]);
    let name = older.file_name().and_then(|name| name.to_str()).expect("a name");
    assert_eq!(restored.json()["name"], name);
    assert_eq!(machine.has(), "100.00");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_place_that_does_not_answer_is_no_reason_to_go_back_to_an_older_copy() {
    let bucket = Bucket::start(Gives::All).await;
    let to_bucket = bucket.environment();
    let tried = tokio::task::spawn_blocking(move || {
        let mut machine = Machine::new();
        machine.more = to_bucket;
        assert_eq!(machine.run(&["backup", "create"]).code, 0);
        assert_eq!(machine.run(&["backup", "create"]).code, 0);
        bucket.now_gives(Gives::Refusal);
        machine.run(&["backup", "restore"]).fails(1, "the keys are refused");
        machine.is_untouched("100.00");
        bucket.now_gives(Gives::Nothing);
        machine.run(&["backup", "restore"]).fails(1, " has no full-");
        machine.is_untouched("100.00");
        assert_eq!(bucket.names().len(), 2);
    });
    tried.await.expect("no panic");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_ledger_is_not_backed_up_beside_the_real_one_and_the_operators_are_told() {
    let lost = tokio::task::spawn_blocking(|| {
        let machine = Machine::new();
        machine.creates();
        machine
    });
    let (lost, unused) = (lost.await.expect("no panic"), TempDir::new().expect("a directory"));
    let shelf = lost.shelf();
    let before = names(&shelf);
    let mut app = TestApp::start_with(Mode::Polling, |settings| {
        settings.backups.to = BackupTo::Folder(unused.path().join("shelf"));
        settings.backups.every = Some(24 * HOUR);
        settings.backups.keep = 1;
    })
    .await;
    app.user(ADMIN).sends("/start").sees("Самовар").await;
    app.stop().await;
    // On the new machine the service is started first.
    for stream in [true, false] {
        app.settings.backups.to = BackupTo::Folder(shelf.clone());
        app.settings.backups.stream = stream;
        let last = app.user(ADMIN).newest();
        app.start_again().await;
        let told = app.user(ADMIN).sees_after(last, "Проверенной резервной копии не будет").await;
        assert!(
            told.text.contains("samovar backup restore") && told.text.contains(&before[0]),
            "{}",
            told.text
        );
        app.skip(25 * HOUR);
        let (data, to) = (app.data_dir(), shelf.display().to_string());
        let by_hand = move || samovar(&data, &["backup", "create"], &[("BACKUP_TO", to)]);
        let by_hand = tokio::task::spawn_blocking(by_hand).await.expect("no panic");
        by_hand.fails(1, "has the backups of another ledger");
        app.stop().await;
        assert_eq!(names(&shelf), before, "nothing was added and nothing went");
        // It is told again after ten minutes at the earliest.
        app.skip(HOUR);
    }
    // Then the operator does as told, and what was restored is the real one.
    let (data, to) = (app.data_dir(), shelf.display().to_string());
    let restores = move || samovar(&data, &["backup", "restore", "--json"], &[("BACKUP_TO", to)]).json();
    tokio::task::spawn_blocking(restores).await.expect("no panic");
    app.start_again().await;
    assert_eq!(app.wallet(ANN).0, "100.00");
    verified_in_time(&app, None).await;
    let went = |_: &View| (names(&shelf).len() == 1 && names(&shelf) != before).then_some(());
    app.until("the older one to go", went).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_is_set_back_hides_no_copy() {
    let dir = TempDir::new().expect("a directory");
    let shelf = dir.path().join("shelf");
    let app = TestApp::start_with(Mode::Polling, |settings| {
        settings.backups.to = BackupTo::Folder(shelf.clone());
        settings.backups.keep = 1;
    })
    .await;
    let first = copies(&app).await;
    app.credit(ANN, "3").await;
    app.clock.jump(-400 * 24 * 3_600_000);
    let second = copies(&app).await;
    assert!(second > first, "{second} {first}");
    assert_eq!(names(&shelf), [second]);
    let (restored, machine) = elsewhere(&shelf, "restore").await;
    assert!(restored.json()["at"].as_str() < Some("2026"), "the state says of when it is: {restored:?}");
    assert_eq!(has(&machine).await, "3.00");
    app.clock.jump(400 * 24 * 3_600_000);
}

#[test]
fn what_would_fill_the_ledgers_disk_is_not_begun() {
    let mut machine = Machine::new();
    let file = machine.creates();
    machine.more = vec![("MIN_FREE_DISK", "900000000GB".to_owned())];
    for command in ["create", "verify", "restore"] {
        machine.run(&["backup", command]).fails(1, "there is no room for it on the disk of ");
        machine.is_untouched("100.00");
    }
    assert_eq!(fs::read_dir(machine.shelf()).expect("a folder").count(), 1);
    machine.more = Vec::new();
    assert_eq!(machine.run(&["backup", "verify"]).code, 0);
    assert!(file.exists());
}

/// Lets time pass, 46 seconds at a time, and the service come to itself in between.
async fn passes(app: &TestApp, until: impl Fn() -> bool) {
    while !until() {
        app.skip(Duration::from_secs(46));
        tokio::time::sleep(Duration::from_millis(60)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_place_that_takes_and_does_not_give_is_not_sent_copies_all_day() {
    let bucket = Bucket::start(Gives::Nothing).await;
    let app = TestApp::start_with(Mode::Polling, |settings| {
        bucket.tell(settings);
        settings.backups.stream = true;
    })
    .await;
    app.user(ADMIN).sends("/start").sees("Самовар").await;
    let began = app.clock.now().at;
    passes(&app, || app.clock.now().at.since(began) > 3 * HOUR).await;
    app.user(ADMIN).sees("не попадают в резервную копию").await;
    // At once, and after 1.5, 3, 6, 12, 24, 48, 60 minutes.
    let puts = bucket.puts();
    assert!((4..=8).contains(&puts), "{puts} copies");
    let is_empty = async {
        while !bucket.names().is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, is_empty).await.is_ok(), "what was not verified does not stay");
    assert_eq!(app.store().view().expect("a view").backup_verified(), Ok(None));
    bucket.now_gives(Gives::All);
    verified_in_time(&app, None).await;
}

fn unverified(data: &Path) -> PathBuf {
    data.join("samovar.unverified")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_in_the_middle_of_a_copy_leaves_nothing_of_it() {
    let bucket = Bucket::start(Gives::NoAnswer).await;
    let mut app = TestApp::start_with(Mode::Polling, |settings| {
        bucket.tell(settings);
        settings.backups.stream = true;
    })
    .await;
    app.user(ADMIN).sends("/start").sees("Самовар").await;
    bucket.is_asked().await;
    assert_eq!(bucket.names().len(), 1, "it is there, and being read back");
    let data = app.data_dir();
    assert!(unverified(&data).exists());
    let began = std::time::Instant::now();
    app.stop().await;
    assert!(began.elapsed() < Duration::from_secs(25), "{:?}", began.elapsed());
    assert_eq!(bucket.names(), [""; 0], "nor is anything shipped that would follow it");
    assert!(!unverified(&data).exists());
    app.start_again().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_process_left_of_a_copy_goes_at_the_next_start() {
    let mut app = TestApp::start(Mode::Polling).await;
    let (data, shelf) = (app.data_dir(), app.data_dir().join("backups"));
    let good = copies(&app).await;
    app.stop().await;
    let half = good.replace("full-2", "full-3");
    fs::write(shelf.join(&half), "never verified").expect("written");
    fs::write(shelf.join(format!(".unfinished-{half}~abc")), "half").expect("written");
    let others = ".unfinished-full-20261127T000000Z-0000beef.samovar~abc";
    fs::write(shelf.join(others), "another ledger's").expect("written");
    fs::write(unverified(&data), format!("{half} DATA_DIR/backups")).expect("written");
    fs::create_dir(data.join("beside")).expect("made");
    fs::write(data.join("beside/samovar.redb"), "half").expect("written");
    app.start_again().await;
    app.until("it to be tidy", |_| {
        (names(&shelf) == [others, good.as_str()] && !data.join("beside").exists()).then_some(())
    })
    .await;
    assert!(!unverified(&data).exists());
}

#[test]
fn in_a_place_of_several_ledgers_nothing_is_taken_unnamed() {
    let machine = Machine::new();
    let file = machine.creates();
    let others = "full-29991127T000000Z-0000beef.samovar";
    fs::write(machine.shelf().join(others), "another ledger's").expect("written");
    for command in ["verify", "restore"] {
        machine.run(&["backup", command]).fails(1, " has the backups of several ledgers, ");
        machine.is_untouched("100.00");
    }
    let name = file.file_name().and_then(|name| name.to_str()).expect("a name");
    assert_eq!(machine.run(&["backup", "verify", name, "--json"]).json()["name"], name);
    let drill = machine.run(&["backup", "drill", "--json"]).json();
    assert_eq!(drill["created"]["head"], drill["restored"]["head"], "{drill}");
}

#[test]
fn a_damaged_ledger_is_not_copied_where_there_is_no_room() {
    let Some(disk) = crate::full::Disk::mount(20) else { return };
    let file = disk.path().join("samovar.redb");
    fs::write(&file, vec![7; 3 << 20]).expect("damaged");
    samovar(disk.path(), &["audit"], &[]).fails(1, "there is no room for a copy of ");
    let left: Vec<_> = names(disk.path()).into_iter().filter(|name| name != "samovar.lock").collect();
    assert_eq!(left, ["samovar.redb"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shipment_that_is_missing_is_told_and_what_comes_after_it_is_left_out() {
    let dir = TempDir::new().expect("a directory");
    let shelf = dir.path().join("shelf");
    let (app, keeper) = streams_to(&shelf).await;
    for roubles in ["1", "2", "4"] {
        app.credit(ANN, roubles).await;
        ships(&app, &keeper).await;
    }
    let changes: Vec<_> = names(&shelf).into_iter().filter(|name| name.starts_with("changes-")).collect();
    let (gone, last) = (&changes[changes.len() - 2], &changes[changes.len() - 3]);
    fs::remove_file(shelf.join(gone)).expect("removed");

    let (listed, _machine) = elsewhere(&shelf, "list").await;
    let listed = listed.json()["backups"].clone();
    let full = listed.as_array().expect("a list").iter().find(|one| one["kind"] == "full").expect("one");
    let reach = &full["changes"];
    assert_eq!((&reach["last"], &reach["unusable"]), (&json!(last), &json!(1)), "{listed}");
    assert_eq!(reach["shipments"], changes.len() - 2, "{listed}");

    let (restored, machine) = elsewhere(&shelf, "restore").await;
    let said = restored.json();
    assert_eq!(has(&machine).await, "1.00", "{said}");
    assert!(said["left_out"].is_string(), "{said}");
}
