//! The machine is lost: the process is killed, its disk is gone, and all there is are the backup and what
//! Telegram and KIE remember. At most the last minute is lost, and no money.

use crate::backup::shipped;
use crate::binary::{ANN as HERE, Service, json};
use crate::support::{Mode, PATIENCE, TestApp, tell};
use samovar::config::BackupTo;
use samovar::ids::JobId;
use samovar::job::State;
use samovar::sandbox::kie::{CreateAnswer, Ends, Script};
use samovar::sandbox::telegram::World;
use samovar::shelf::Keeper;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

const ANN: i64 = 1001;

/// Restores the newest state to a machine that has nothing.
async fn restores(data: &Path, shelf: &Path) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_samovar"));
    command.args(["--config", "/dev/null", "backup", "restore", "--json"]).env_clear();
    command.env("DATA_DIR", data).env("BACKUP_TO", shelf).stdin(Stdio::null());
    let ran = tokio::task::spawn_blocking(move || command.output()).await.expect("no panic");
    json(&ran.expect("the binary runs"))
}

/// What the place has at this moment; what comes to it later is lost with the machine.
fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).expect("made");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        fs::copy(entry.path(), to.join(entry.file_name())).expect("copied");
    }
}

/// The chains of which there is a whole copy.
fn chains(shelf: &Path) -> BTreeSet<String> {
    let names = fs::read_dir(shelf).expect("a folder").map(|entry| entry.expect("an entry").file_name());
    let names = names.filter_map(|name| name.into_string().ok());
    names.filter_map(|name| Some(name.strip_prefix("full-")?.split('-').nth(2)?.to_owned())).collect()
}

/// From /topup to the paid invoice over 81 Stars, for the so-manieth time.
async fn tops_up(app: &TestApp, times: usize) {
    let ann = app.user(ANN);
    ann.sends("/topup");
    ann.taps("✏️ Другая сумма").await;
    ann.sees_last("Напишите сумму").await;
    ann.sends("100");
    ann.sees_last("Как удобнее заплатить").await;
    ann.taps("by:s:10000").await;
    let invoices = |world: &World| {
        let mut invoices = world.chat(ANN)?.messages.values().filter(|one| one.invoice.is_some());
        invoices.nth(times - 1).map(|one| one.id)
    };
    let invoice = app.sandbox.telegram.wait(invoices, PATIENCE).await.expect("an invoice");
    app.sandbox.telegram.act(|world, now| world.pay(now, ANN, ANN, invoice)).expect("asked");
    let receipts = |world: &World| {
        let messages = world.chat(ANN)?.messages.values();
        (messages.filter(|one| one.text.contains("Баланс пополнен на 100,00 ₽")).count() == times)
            .then_some(())
    };
    assert!(app.sandbox.telegram.wait(receipts, PATIENCE).await.is_ok(), "no receipt number {times}");
}

/// Ann orders, and KIE does what the scripts say with the calls that follow.
async fn orders(app: &TestApp, prompt: &str, scripts: Vec<Script>) {
    app.sandbox.kie.act(|kie, _| scripts.into_iter().for_each(|script| kie.next(script)));
    app.user(ANN).orders("z-image", prompt).await;
    app.user(ANN).taps("✅ Запустить").await;
}

/// Waits until KIE was called so often, answered or not.
async fn called(app: &TestApp, times: usize) {
    let called = app.sandbox.kie.wait(|kie| (kie.creates().len() == times).then_some(()), PATIENCE).await;
    assert!(called.is_ok(), "KIE was not called {times} times");
}

async fn is_in(app: &TestApp, job: u64, what: &str, wanted: fn(&State) -> bool) {
    let there =
        app.until(what, |view| view.job(JobId(job)).ok()?.filter(|job| wanted(&job.row.state)).map(drop));
    there.await;
}

/// KIE has one and did not say so, and was too busy for the other.
async fn two_orders_are_under_way(app: &TestApp) {
    let minute = Ends::AfterMs(60_000);
    let unanswered = Script { ends: minute, ..Script::answered(CreateAnswer::Never) };
    orders(app, "чайник", vec![unanswered]).await;
    called(app, 2).await;
    let busy = Script::named("429").expect("known");
    orders(app, "поднос", vec![busy, Script { ends: minute, ..Script::default() }]).await;
    called(app, 3).await;
    is_in(app, 2, "a call without an answer", |state| matches!(state, State::Sending { .. })).await;
    is_in(app, 3, "an order put off", |state| matches!(state, State::Queued { .. })).await;
}

/// KIE takes the order that was put off, Ann pays and orders once more.
async fn a_minute_passes(app: &TestApp) {
    let due =
        app.store().view().expect("a view").job(JobId(3)).expect("readable").and_then(|job| job.row.due);
    app.skip(due.expect("it is tried again").since(app.clock.now().up));
    called(app, 4).await;
    is_in(app, 3, "an order at KIE", |state| matches!(state, State::Waiting { .. })).await;
    tops_up(app, 2).await;
    orders(app, "блюдце", vec![Script::success_after_ms(60_000)]).await;
    called(app, 5).await;
    is_in(app, 4, "the last order", |state| matches!(state, State::Waiting { .. })).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_machine_costs_a_minute_and_no_money() {
    let elsewhere = TempDir::new().expect("another machine");
    let (shelf, then) = (elsewhere.path().join("shelf"), elsewhere.path().join("then"));
    let mut app = TestApp::start_with(Mode::Webhook, |settings| {
        settings.free_daily_limit = 0;
        settings.payment_card = Some("2200 0000 0000 0004".to_owned());
        settings.backups.to = BackupTo::Folder(shelf.clone());
        settings.backups.stream = true;
    })
    .await;
    shipped(&app).await;
    tops_up(&app, 1).await;
    orders(&app, "самовар", vec![]).await;
    app.user(ANN).gets_media(1).await;
    app.settled().await;

    two_orders_are_under_way(&app).await;
    let keeper = Keeper::of(&app.settings).expect("a folder");
    // Unless the service did a moment ago.
    keeper.ship(app.store(), &CancellationToken::new()).await.expect("shipped");
    copy(&shelf, &then);
    let shipped = app.clock.now().at;
    a_minute_passes(&app).await;

    // Killed, and everything is gone. What Ann writes meanwhile Telegram keeps.
    let (died, lost_ms) = (Instant::now(), app.clock.now().at.since(shipped).as_millis());
    app.dies_for_now().await;
    fs::remove_dir_all(app.data_dir()).expect("lost");
    app.user(ANN).sends("/balance");
    let restored = restores(&app.data_dir(), &then).await;
    assert_eq!(restored["left_out"], Value::Null, "{restored}");
    app.start_again().await;
    app.user(ANN).sees_last("97,72").await;
    let back = died.elapsed();
    tell(&format!(
        "lost: {lost_ms} ms before the end are lost; all was back {} ms after it",
        back.as_millis()
    ));
    assert!(lost_ms <= 60_000 && back < Duration::from_secs(300), "RPO {lost_ms} ms, RTO {back:?}");

    // Both orders are in doubt and not sent again; the last one nobody here knows of.
    for job in [2, 3] {
        is_in(&app, job, "the doubt", |state| matches!(state, State::Unknown { .. })).await;
    }
    assert_eq!(app.store().view().expect("a view").job(JobId(4)), Ok(None));
    assert_eq!(app.wallet(ANN), ("97.72".to_owned(), "1.52".to_owned()));
    // KIE calls when it is done, and the pictures come after all.
    app.skip(Duration::from_secs(61));
    app.user(ANN).gets_media(3).await;
    app.settled().await;
    assert_eq!(app.wallet(ANN), ("97.72".to_owned(), "0.00".to_owned()));
    // The payment that only Telegram remembers is found in its list, once.
    let found = app.until("the payment", |view| {
        app.skip(Duration::from_secs(601));
        let wallet = view.account(samovar::ledger::Account::User(samovar::ids::UserId(ANN))).ok()?;
        // Its invoice went with the minute: its 81 Stars count at today's price.
        (19_772..=19_776).contains(&wallet.counters.available()?.get()).then_some(())
    });
    found.await;
    app.heard().await;
    app.agrees_with_telegram();
    assert_eq!(app.sandbox.kie.look(|kie| kie.creates().len()), 5, "nothing was sent a second time");
    assert_eq!(app.user(ANN).media(), 3);
    // Orders are taken as before, and it is backed up again, in a chain of its own.
    orders(&app, "самовар", vec![]).await;
    app.user(ANN).gets_media(4).await;
    let chains = async {
        while chains(&shelf).len() < 2 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, chains).await.is_ok(), "there is no copy of the new chain");
}

/// What no callback and no list brings back ends with the money back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_in_doubt_that_nobody_settles_gives_its_money_back() {
    let elsewhere = TempDir::new().expect("another machine");
    let shelf = elsewhere.path().join("shelf");
    let mut app = TestApp::start_with(Mode::Webhook, |settings| {
        settings.free_daily_limit = 0;
        settings.backups.to = BackupTo::Folder(shelf.clone());
        settings.backups.stream = true;
    })
    .await;
    shipped(&app).await;
    app.credit(ANN, "10").await;
    orders(&app, "самовар", vec![Script::named("silence").expect("known")]).await;
    called(&app, 1).await;
    is_in(&app, 1, "a call without an answer", |state| matches!(state, State::Sending { .. })).await;
    let keeper = Keeper::of(&app.settings).expect("a folder");
    // Unless the service did a moment ago.
    keeper.ship(app.store(), &CancellationToken::new()).await.expect("shipped");
    app.dies_for_now().await;
    fs::remove_dir_all(app.data_dir()).expect("lost");
    restores(&app.data_dir(), &shelf).await;
    app.start_again().await;
    is_in(&app, 1, "the doubt", |state| matches!(state, State::Unknown { .. })).await;
    assert_eq!(app.wallet(ANN), ("9.24".to_owned(), "0.76".to_owned()));
    app.skip(Duration::from_secs(31 * 60));
    app.user(ANN).sees("❌ Генерация не удалась").await;
    app.settled().await;
    assert_eq!(app.wallet(ANN), ("10.00".to_owned(), "0.00".to_owned()));
}

/// The real binary, `kill -9`, and the file deleted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_process_whose_file_is_deleted_sells_again_from_its_backup() {
    let elsewhere = TempDir::new().expect("another machine");
    let shelf = elsewhere.path().join("shelf");
    let dir = TempDir::new().expect("a directory");
    let data = dir.path().join("data");
    let settings = [("BACKUP_TO", shelf.to_str().expect("a text")), ("BACKUP_STREAM", "on")];
    let mut service = Service::start_in(dir, data.clone(), true, &settings).await;
    service.orders("самовар").await;
    service.sees("Списано").await;
    let made = json(&service.samovar(&["backup", "create", "--json"]).await);
    let (head, place) = (made["head"].clone(), made["place"].clone());
    assert_eq!(place, shelf.to_str().expect("a text"), "where the running service is told to");

    service.orders("sandbox:never").await;
    let ordered = |kie: &samovar::sandbox::kie::World| (kie.tasks().len() == 2).then_some(());
    service.sandbox.kie.wait(ordered, PATIENCE).await.expect("the second order");
    let died = Instant::now();
    service.dies();
    fs::remove_dir_all(&data).expect("lost");
    service.says("/balance");
    let newest = |world: &World| world.chat(HERE)?.latest().map(|one| one.id);
    let asked = service.sandbox.telegram.look(newest);
    let restored = restores(&data, &shelf).await;
    service.start_again();
    let answered = |world: &World| {
        let mut fresh = world.chat(HERE)?.messages.values().filter(|one| Some(one.id) > asked);
        fresh.find(|one| one.text.contains("Доступно")).map(drop)
    };
    service.sandbox.telegram.wait(answered, PATIENCE).await.expect("an answer to what was asked meanwhile");
    let back = died.elapsed();
    tell(&format!("lost: the real binary sold again {} ms after kill -9", back.as_millis()));
    assert!(back < Duration::from_secs(300));
    assert!(restored["shipments"] != 0 || restored["head"] == head, "{restored}");
    service.orders("чайник").await;
    let sold = |world: &World| {
        let messages = world.chat(HERE)?.messages.values();
        (messages.filter(|one| one.text.contains("Списано")).count() == 2).then_some(())
    };
    service.sandbox.telegram.wait(sold, PATIENCE).await.expect("the second sale");
    assert_eq!(json(&service.samovar(&["audit", "--json"]).await)["ok"], true);
}
