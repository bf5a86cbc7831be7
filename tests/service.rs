//! As systemd runs it: what it is told and when, the sockets that outlive a restart, a stop under work,
//! and a start that goes on with it.

use crate::binary::{ANN, Service, json};
use samovar::app::{App, Parts};
use samovar::config::{Keys, Settings};
use samovar::ids::UserId;
use samovar::sandbox::kie;
use samovar::sandbox::telegram::World;
use samovar::store::{Lock, OpenError, View, look};
use secrecy::SecretString;
use std::path::Path;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixDatagram};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

const PATIENCE: Duration = Duration::from_secs(30);

/// The socket at which systemd is told things: read at once, whatever the test waits for.
struct Manager(mpsc::UnboundedReceiver<Vec<String>>);

impl Manager {
    fn in_dir(dir: &Path) -> (Self, String) {
        let path = dir.join("notify");
        let socket = UnixDatagram::bind(&path).expect("a socket");
        let (notes, heard) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            let mut bytes = [0; 4096];
            while let Ok(read) = socket.recv(&mut bytes).await {
                let text = std::str::from_utf8(&bytes[..read]).expect("a text");
                if notes.send(text.lines().map(str::to_owned).collect()).is_err() {
                    return;
                }
            }
        });
        (Self(heard), path.to_str().expect("a text").to_owned())
    }

    /// The next note, line by line.
    async fn note(&mut self) -> Vec<String> {
        timeout(PATIENCE, self.0.recv()).await.expect("a note in time").expect("a note")
    }

    /// Skips notes until one has this line.
    async fn hears(&mut self, line: &str) {
        while !self.note().await.iter().any(|one| one == line) {}
    }
}

/// The service with its systemd, which waits for pings as long as `watchdog_usec` says.
async fn watched(watchdog_usec: &str) -> (Service, Manager) {
    let dir = TempDir::new().expect("a directory");
    let (manager, notify) = Manager::in_dir(dir.path());
    let settings = [("NOTIFY_SOCKET", notify.as_str()), ("WATCHDOG_USEC", watchdog_usec)];
    let data = dir.path().join("data");
    (Service::start_in(dir, data, false, &settings).await, manager)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn systemd_hears_that_it_is_ready_then_that_it_is_well_then_that_it_stops() {
    let (mut service, mut manager) = watched("400000").await;
    assert_eq!(manager.note().await, ["READY=1"], "before anything else");
    for _ in 0..2 {
        let note = manager.note().await;
        assert_eq!(note[0], "WATCHDOG=1", "{note:?}");
    }
    manager.hears("STATUS=selling; open jobs: 0, waiting updates: 0, messages: 0").await;
    service.orders("sandbox:never").await;
    manager.hears("STATUS=selling; open jobs: 1, waiting updates: 0, messages: 0").await;
    let (ended, took) = service.stop().await;
    assert!(ended.success(), "{ended}: {}", service.log());
    assert!(took < Duration::from_secs(5), "nothing was under way: {took:?}");
    manager.hears("STOPPING=1").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_while_kie_is_silent_ends_in_time_and_the_next_start_goes_on() {
    let (mut service, mut manager) = watched("400000").await;
    service.orders("sandbox:unanswered").await;
    let asked = |kie: &kie::World| (kie.creates().len() == 1).then_some(());
    service.sandbox.kie.wait(asked, PATIENCE).await.expect("an order without an answer");
    service.orders("самовар sandbox:slow").await;
    let running = "STATUS=selling; open jobs: 2, waiting updates: 0, messages: 0";
    manager.hears(running).await;
    let (ended, took) = service.stop().await;
    assert!(ended.success(), "{ended}: {}", service.log());
    eprintln!("stopped after {took:?} with an order whose answer did not come");
    assert!(took < Duration::from_secs(30), "{took:?}");

    let began = Instant::now();
    manager.hears("STOPPING=1").await;
    service.start_again();
    manager.hears("READY=1").await;
    let ready = began.elapsed();
    let photo = |world: &World| {
        let mut messages = world.chat(ANN)?.messages.values();
        messages.find(|one| one.from.is_none() && one.media.is_some()).map(drop)
    };
    service.sandbox.telegram.wait(photo, PATIENCE).await.expect("the picture that was ready meanwhile");
    let sold = began.elapsed();
    eprintln!("ready after {ready:?}, a picture that was ready meanwhile after {sold:?}");
    assert!(ready < Duration::from_secs(2), "{ready:?}");
    assert!(sold < Duration::from_secs(5), "{sold:?}");
    service.sees("❌ Генерация не удалась").await;
    assert_eq!(service.sandbox.kie.look(|kie| kie.creates().len()), 2, "nothing was ordered twice");
    assert_eq!(json(&service.samovar(&["audit", "--json"]).await)["ok"], true);
}

/// Looks again and again until that is so.
async fn until(what: &str, mut is: impl AsyncFnMut() -> bool) {
    let wait = async {
        while !is().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(timeout(PATIENCE, wait).await.is_ok(), "{what} did not come");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_telegram_is_silent_changes_are_shipped_and_the_disk_is_watched_and_a_stop_ships_the_rest() {
    let dir = TempDir::new().expect("a directory");
    let (data, shelf) = (dir.path().join("data"), dir.path().join("shelf"));
    let place = shelf.display().to_string();
    let settings = [("BACKUP_TO", place.as_str()), ("BACKUP_STREAM", "on")];
    let mut service = Service::start_cut_off(dir, data, &settings).await;
    let is_kept = async |kind: &str| {
        let entries = std::fs::read_dir(&shelf).into_iter().flatten();
        let names = entries.map(|entry| entry.expect("an entry").file_name());
        names.into_iter().any(|name| name.to_string_lossy().starts_with(kind))
    };
    until("a whole copy", async || service.log().contains("a backup was made and verified")).await;
    let looked = "\nsamovar_disk_free_bytes ";
    until(looked, async || service.get(service.admin_port, "/metrics").await.1.contains(looked)).await;
    let (status, why) = service.get(service.admin_port, "/readyz").await;
    assert_eq!((status, why.contains("Telegram has not answered")), (503, true), "{why}");
    let given = service.samovar(&["wallet", "credit", "4242", "100", "--reason", "a transfer"]).await;
    assert_eq!(given.status.code(), Some(0), "{given:?}");
    let (ended, _) = service.stop().await;
    assert!(ended.success(), "{ended}: {}", service.log());
    assert!(is_kept("changes-").await, "the stop ships");

    let another = TempDir::new().expect("a directory");
    let there = |arguments: &[&str]| {
        let mut command = crate::binary::command(another.path());
        command.args(arguments).env("BACKUP_TO", &place).output().expect("it runs")
    };
    assert_eq!(there(&["backup", "restore"]).status.code(), Some(0));
    assert_eq!(json(&there(&["wallet", "show", "4242", "--json"]))["available"], "100.00");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_at_kie_goes_on_to_its_end_while_telegram_is_silent_and_is_delivered_later() {
    let (mut service, mut manager) = watched("400000").await;
    service.orders("самовар sandbox:slow").await;
    let asked = |kie: &kie::World| (kie.creates().len() == 1).then_some(());
    service.sandbox.kie.wait(asked, PATIENCE).await.expect("an order");
    assert!(service.stop().await.0.success(), "{}", service.log());
    manager.hears("STOPPING=1").await;
    service.reaches_telegram(false);
    service.start_again();
    manager.hears("READY=1").await;
    until("the result", async || {
        let trace = service.samovar(&["trace", "1", "--json"]).await;
        String::from_utf8_lossy(&trace.stdout).contains("\"fetched\"")
    })
    .await;
    assert!(service.stop().await.0.success(), "{}", service.log());
    service.reaches_telegram(true);
    service.start_again();
    service.sees("Списано").await;
    assert_eq!(service.sandbox.kie.look(|kie| kie.creates().len()), 1, "it was ordered once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_calls_while_it_restarts_on_a_passed_socket_waits_and_is_answered() {
    let mut service = Service::start_on_passed_sockets(&[]).await;
    assert!(service.log().contains("a socket that was passed, not LISTEN"), "{}", service.log());
    assert_eq!(service.get(service.port, "/healthz").await.0, 200);
    assert_eq!(service.get(service.admin_port, "/metrics").await.0, 200, "the other one by its name");
    assert!(service.stop().await.0.success(), "{}", service.log());
    let probe = service.samovar(&["healthcheck"]).await;
    let said = String::from_utf8_lossy(&probe.stderr);
    assert_eq!(probe.status.code(), Some(1), "{said}");
    assert!(
        said.contains("control.sock") && said.contains("does the service run?"),
        "no call starts it: {said}"
    );

    let mut caller = TcpStream::connect(("127.0.0.1", service.port)).await.expect("nobody is refused");
    caller.write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await.expect("sent");
    let update = service.says("/balance");
    let posts = |world: &World| world.receipts().get(&update).map(|one| one.posts);
    // That a post began is no event of the sandbox's.
    while service.sandbox.telegram.look(posts) != Some(1) {
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
    service.start_again();
    let mut answer = String::new();
    let read = timeout(PATIENCE, caller.read_to_string(&mut answer)).await.expect("an answer in time");
    read.expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    service.sees("Доступно").await;
    let taken = move |world: &World| (world.receipts().get(&update)?.ok == 1).then_some(());
    service.sandbox.telegram.wait(taken, PATIENCE).await.expect("it is acknowledged");
    assert_eq!(service.sandbox.telegram.look(posts), Some(1), "it was never refused");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_socket_that_is_none_of_ours_is_told_in_a_line() {
    let dir = TempDir::new().expect("a directory");
    let script = "exec 3</dev/null; export LISTEN_FDS=1 LISTEN_PID=$$; exec \"$@\"";
    let said = std::process::Command::new("/bin/sh")
        .args(["-c", script, "sh", env!("CARGO_BIN_EXE_samovar"), "--config", "/dev/null", "run"])
        .env_clear()
        .env("DATA_DIR", dir.path().join("data"))
        .env("TELEGRAM_BOT_TOKEN", "4242:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")
        .env("KIE_API_KEY", "a-key")
        .env("ADMIN_IDS", "900")
        .output()
        .expect("it runs");
    let words = String::from_utf8(said.stderr).expect("a text");
    assert_eq!(said.status.code(), Some(2), "{words}");
    assert_eq!(words.lines().count(), 1, "{words}");
    assert!(words.contains("a socket that was passed is none for us"), "{words}");
    assert!(!dir.path().join("data").exists(), "nothing was made");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_clean_stop_the_file_is_closed() {
    let (mut service, mut manager) = watched("400000").await;
    for _ in 0..5 {
        manager.hears("READY=1").await;
        assert!(service.stop().await.0.success(), "{}", service.log());
        let looked = look(&service.data, View::audit).expect("nobody has to look it through");
        assert!(looked.expect("a file").ok);
        service.start_again();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_data_directory_is_nobody_elses_until_the_file_is_closed() {
    let dir = TempDir::new().expect("a directory");
    let settings = Settings {
        data_dir: dir.path().to_owned(),
        listen: "127.0.0.1:0".parse().expect("an address"),
        telegram_api_url: "http://127.0.0.1:9".parse().expect("an address"),
        ..Settings::default()
    };
    let keys = Keys {
        telegram_bot_token: SecretString::from("4242:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
        bot_id: 4242,
        kie_api_key: SecretString::from("a-key"),
        admin_ids: vec![UserId(900)],
    };
    let (parts, closed) = Parts::usual();
    let app = App::bind(settings, keys, parts).await.expect("it starts");
    // Somebody has the store for longer than the service.
    let store = app.store().clone();
    let stop = CancellationToken::new();
    stop.cancel();
    app.run(stop).await;
    let taken = Lock::take(dir.path());
    assert!(matches!(taken, Err(OpenError::Taken(_))), "the file is open: {taken:?}");
    drop(store);
    let ended = tokio::task::spawn_blocking(move || closed.recv_timeout(PATIENCE)).await;
    assert_eq!(ended.expect("no panic"), Err(RecvTimeoutError::Disconnected));
    // A process that another test is just starting has a copy of the lock until it runs.
    until("the directory", async || Lock::take(dir.path()).is_ok()).await;
    assert!(look(dir.path(), View::audit).expect("it is closed").expect("a file").ok);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_telegram_does_not_know_is_not_taken_for_a_telegram_that_is_silent() {
    let dir = TempDir::new().expect("a directory");
    let data = dir.path().join("data");
    let revoked = [("TELEGRAM_BOT_TOKEN", "4242:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb")];
    let mut service = Service::start_cut_off(dir, data, &revoked).await;
    let lives = |service: &Service| service.log().matches("listening address=").count();
    until("the first life", async || lives(&service) == 1).await;
    let (_, why) = service.get(service.port, "/readyz").await;
    assert!(why.contains("Telegram has not answered getMe yet"), "{why}");
    assert!(service.stop().await.0.success(), "{}", service.log());
    service.reaches_telegram(true);
    service.start_again();
    until("the second life", async || lives(&service) == 2).await;
    let told = "not ready: Telegram does not know this bot token\n";
    until(told, async || service.get(service.port, "/readyz").await == (503, told.to_owned())).await;
}
