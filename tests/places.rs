//! Ledgers whose books are not right, places that do not answer or are others than before, keys that change: a
//! copy is kept all the same, and the operators hear of it.

use crate::backup::{ANN, HOUR, Machine, in_time, names, shipped, verified, verified_in_time};
use crate::support::bucket::{Bucket, Gives};
use crate::support::rows::{change_wallet, file, with_account};
use crate::support::{ADMIN, Mode, TestApp};
use samovar::config::BackupTo;
use samovar::money::Kopecks;
use std::fs;
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;

/// Somebody writes a kopeck into Ann's wallet that no row of the ledger knows.
fn break_books(data: &Path) {
    change_wallet(&file(data), ANN, |row| {
        with_account(row, |account| {
            let sum = account.counters.credits_posted.checked_add(Kopecks::new(1));
            account.counters.credits_posted = sum.expect("it fits");
        })
    });
}

fn name_of(file: &Path) -> String {
    file.file_name().and_then(|name| name.to_str()).expect("a name").to_owned()
}

fn unsound(shelf: &Path) -> Vec<String> {
    names(shelf).into_iter().filter(|name| name.starts_with("unsound-")).collect()
}

#[test]
fn a_ledger_whose_books_are_not_right_is_copied_all_the_same_and_restored_only_by_name() {
    let mut machine = Machine::new();
    machine.more = vec![("BACKUP_KEEP", "1".to_owned())];
    let good = name_of(&machine.creates());
    machine.credits("5");
    break_books(&machine.data());
    for _ in 0..2 {
        machine.run(&["backup", "create"]).fails(1, "the books of the ledger itself are not right (L");
    }
    let kept = unsound(&machine.shelf());
    let [bad] = kept.as_slice() else { panic!("one is kept of each kind: {kept:?}") };
    assert!(names(&machine.shelf()).contains(&good), "no good one goes for it");
    let listed = machine.run(&["backup", "list", "--json"]).json()["backups"].clone();
    assert_eq!(
        (&listed[1]["name"], &listed[1]["kind"]),
        (&bad.as_str().into(), &"unsound".into()),
        "{listed}"
    );
    assert!(machine.run(&["backup", "list"]).out.contains(bad));

    for command in ["verify", "restore"] {
        let asked = machine.run(&["backup", command]);
        asked.fails(1, "so it is not taken unasked");
        assert!(asked.err.contains(&good) && asked.err.contains(bad), "{asked:?}");
        machine.is_untouched("105.01");
    }
    let looked = machine.run(&["backup", "verify", bad]);
    assert!(looked.code == 4 && looked.err.contains("its books are not right: L"), "{looked:?}");
    fs::remove_dir_all(machine.data()).expect("lost");
    let restored = machine.run(&["backup", "restore", bad]);
    assert!(restored.code == 0 && restored.out.contains("NOT ALL TEN RULES HOLD (L"), "{restored:?}");
    assert!(restored.err.starts_with("note: its books are not right: L"), "{restored:?}");
    assert_eq!(machine.has(), "105.01");

    // With the good one all is as it was, and the next copy takes the place of both.
    assert_eq!(
        machine.run(&["backup", "restore", &good, "--json"]).json()["broken_rules"],
        serde_json::json!([])
    );
    assert_eq!((machine.has().as_str(), machine.run(&["audit"]).code), ("100.00", 0));
    let newest = name_of(&machine.creates());
    assert_eq!(names(&machine.shelf()), [newest]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn that_the_books_are_not_right_is_told_at_once_and_what_changes_is_shipped_all_the_same() {
    let dir = TempDir::new().expect("a directory");
    let shelf = dir.path().join("shelf");
    let mut app = TestApp::start_with(Mode::Polling, |settings| {
        settings.backups.to = BackupTo::Folder(shelf.clone());
        settings.backups.every = Some(24 * HOUR);
        settings.backups.stream = true;
    })
    .await;
    app.user(ADMIN).sends("/start").sees("Самовар").await;
    app.credit(ANN, "10").await;
    let good = verified(&app, None).await;
    app.stop().await;
    break_books(&app.data_dir());
    let last = app.user(ADMIN).newest();
    app.start_again().await;
    app.skip(25 * HOUR);
    let told = in_time(&app, app.user(ADMIN).sees_after(last, "Проверенной резервной копии не будет")).await;
    assert!(told.text.contains("kept as unsound-"), "{}", told.text);
    assert_eq!(unsound(&shelf).len(), 1);
    assert_eq!(
        app.store().view().expect("a view").backup_verified().map(|one| one.map(|one| one.began)),
        Ok(Some(good))
    );
    // A new chain begins with such a copy, too.
    app.store().stream_anew().await.expect("begun");
    in_time(&app, shipped(&app)).await;
    let epoch = app.store().stream().await.expect("readable").expect("streamed").epoch;
    let is_there = |kind: &str| {
        names(&shelf).iter().any(|name| name.starts_with(kind) && name.contains(&format!("-{epoch:013}-")))
    };
    assert!(is_there("unsound-") && is_there("changes-"), "{:?}", names(&shelf));
    // Its audit would fail.
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_place_that_keeps_us_waiting_keeps_no_alarm_back() {
    for (stream, told) in [(false, "Нет свежей резервной копии"), (true, "не попадают в резервную копию")]
    {
        let bucket = Bucket::start(Gives::NoAnswer).await;
        let mut app = TestApp::start_with(Mode::Polling, |settings| {
            bucket.tell(settings);
            settings.backups.every = Some(HOUR);
            settings.backups.max_age = Some(2 * HOUR);
            settings.backups.stream = stream;
        })
        .await;
        app.user(ADMIN).sends("/start").sees("Самовар").await;
        in_time(&app, bucket.is_asked()).await;
        let told = in_time(&app, app.user(ADMIN).sees(told)).await;
        assert!(told.text.contains("it is not done yet"), "{}", told.text);
        app.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_place_that_was_not_set_before_gets_a_copy_at_once() {
    let dir = TempDir::new().expect("a directory");
    let mut app =
        TestApp::start_with(Mode::Polling, |settings| settings.backups.every = Some(24 * HOUR)).await;
    let first = verified_in_time(&app, None).await;
    app.stop().await;
    app.settings.backups.to = BackupTo::Folder(dir.path().join("shelf"));
    app.skip(Duration::from_secs(5));
    app.start_again().await;
    verified(&app, Some(first)).await;
    assert_eq!(names(&dir.path().join("shelf")).len(), 1);
}

#[cfg(feature = "age")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_another_key_a_new_copy_is_made_and_that_key_opens_all_that_follows() {
    use crate::backup::samovar;
    use secrecy::ExposeSecret;
    let dir = TempDir::new().expect("a directory");
    let shelf = dir.path().join("shelf");
    let keys = [age::x25519::Identity::generate(), age::x25519::Identity::generate()];
    let [before, after] = keys.each_ref().map(|key| vec![key.to_public().to_string()]);
    let mut app = TestApp::start_with(Mode::Polling, |settings| {
        settings.backups.to = BackupTo::Folder(shelf.clone());
        settings.backups.stream = true;
        settings.backups.recipients = before;
    })
    .await;
    app.credit(ANN, "1").await;
    shipped(&app).await;
    app.stop().await;
    app.settings.backups.recipients = after;
    app.start_again().await;
    app.credit(ANN, "2").await;
    in_time(&app, shipped(&app)).await;
    app.stop().await;
    let key = dir.path().join("key");
    fs::write(&key, keys[1].to_string().expose_secret()).expect("written");
    let restored = tokio::task::spawn_blocking(move || {
        let (data, key) = (dir.path().join("data"), key.display().to_string());
        let to = [("BACKUP_TO", shelf.display().to_string())];
        let restored = samovar(&data, &["backup", "restore", "--json", "--identity", &key], &to).json();
        (restored, samovar(&data, &["wallet", "show", "1001", "--json"], &[]).json())
    });
    let (restored, wallet) = restored.await.expect("no panic");
    assert_eq!(wallet["available"], "3.00", "{restored}");
    assert_eq!(restored["left_out"], serde_json::Value::Null, "{restored}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn uploads_that_were_never_ended_are_given_up_before_each_copy() {
    let bucket = Bucket::start(Gives::All).await;
    let app = TestApp::start_with(Mode::Polling, |settings| {
        bucket.tell(settings);
        settings.backups.every = Some(24 * HOUR);
    })
    .await;
    let first = verified_in_time(&app, None).await;
    let mine = bucket.names()[0].replace("full-2", "full-1");
    let others = "full-20261127T000000Z-0000beef.samovar";
    for name in [mine.as_str(), others] {
        bucket.begins_upload(name);
    }
    app.skip(24 * HOUR);
    verified_in_time(&app, Some(first)).await;
    assert_eq!(bucket.uploads(), [others]);
}
