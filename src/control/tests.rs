//! The operator's door, from the socket to the ledger.

use super::{Answer, Ask, Client, Migration, Selling, answer, serve, socket_path};
use crate::config::Settings;
use crate::ids::{ActionId, UserId};
use crate::ledger::{Account, Kind, Transfer};
use crate::money::Kopecks;
use crate::sandbox::disk::{Disk, Trouble};
use crate::shelf::Keeper;
use crate::store::{DISK, LegacyKind, LegacyRow, Lock, StopRow, StoppedBy, Store, Tx, Window};
use crate::time::{At, Clock, Up};
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

const ANN: UserId = UserId(4242);

/// A service of which only this door is open. Its audit must hold in the end.
struct Service {
    dir: TempDir,
    store: Store,
    stop: CancellationToken,
    serving: JoinHandle<io::Result<()>>,
    _lock: Lock,
}

impl Service {
    async fn start(dir: TempDir) -> Self {
        let lock = Lock::take(dir.path()).expect("the lock");
        let clock = Clock::simulated(At(1_795_431_300_000));
        let (store, engine) = Store::open(dir.path(), clock).expect("a store");
        std::thread::spawn(move || engine.run());
        let stop = CancellationToken::new();
        let serving = tokio::spawn({
            let (store, path, stop) = (store.clone(), socket_path(dir.path()), stop.clone());
            let settings = Settings { data_dir: dir.path().to_owned(), ..Settings::default() };
            let keeper = Arc::new(Keeper::of(&settings).expect("a folder"));
            async move { serve(store, keeper, Arc::default(), &path, stop).await }
        });
        let service = Self { dir, store, stop, serving, _lock: lock };
        while UnixStream::connect(service.socket()).await.is_err() {
            assert!(!service.serving.is_finished(), "it serves");
            tokio::task::yield_now().await;
        }
        service
    }

    fn socket(&self) -> std::path::PathBuf {
        socket_path(self.dir.path())
    }

    async fn ask(&self, ask: Ask) -> Answer {
        let client = Client::reach(self.dir.path()).await.expect("somebody");
        assert!(matches!(client, Client::Service(_)), "{client:?}");
        client.ask(ask).await.expect("an answer")
    }

    /// Sends bytes as they are; gives what comes back.
    async fn send(&self, bytes: &[u8]) -> String {
        let mut stream = UnixStream::connect(self.socket()).await.expect("a connection");
        stream.write_all(bytes).await.expect("sent");
        stream.shutdown().await.expect("sent whole");
        let mut answered = String::new();
        stream.read_to_string(&mut answered).await.expect("an answer");
        answered
    }

    async fn end(self) -> TempDir {
        let Self { dir, store, stop, serving, _lock } = self;
        stop.cancel();
        serving.await.expect("no panic").expect("a clean end");
        assert!(!socket_path(dir.path()).exists(), "the socket is gone");
        let report = store.view().expect("a view").audit().expect("an audit");
        assert!(report.ok, "{report:?}");
        dir
    }
}

fn dir() -> TempDir {
    tempfile::tempdir().expect("a directory")
}

fn adjust(id: ActionId, roubles: &str) -> Ask {
    let amount = Kopecks::parse(roubles).expect("an amount");
    Ask::Adjust { id, user: ANN, amount, reason: "a test".to_owned(), who: "cli".to_owned() }
}

fn selling(id: ActionId, on: bool) -> Ask {
    Ask::Selling { id, on, reason: "a rest".to_owned(), who: "cli".to_owned() }
}

#[track_caller]
fn action(answer: &Answer) -> ActionId {
    let Answer::Action(id) = answer else { panic!("no number: {answer:?}") };
    *id
}

#[track_caller]
fn available(answer: &Answer) -> &str {
    let Answer::Wallet(wallet) = answer else { panic!("no wallet: {answer:?}") };
    &wallet.available
}

#[track_caller]
fn refused(answer: &Answer) -> &str {
    let Answer::Refused(why) = answer else { panic!("not refused: {answer:?}") };
    why
}

#[tokio::test]
async fn an_act_asked_again_under_its_number_happens_once() {
    let service = Service::start(dir()).await;
    let id = action(&service.ask(Ask::NewAction).await);
    for _ in 0..3 {
        let answer = service.ask(adjust(id, "12.50")).await;
        assert_eq!(available(&answer), "12.50");
        let Answer::Wallet(wallet) = answer else { unreachable!("seen above") };
        assert_eq!((wallet.reference.as_deref(), wallet.transfers.len()), (Some("adjust:1"), 1));
    }
    assert_eq!(refused(&service.ask(adjust(id, "12.51")).await), "action 1 was something else");
    assert_eq!(refused(&service.ask(selling(id, false)).await), "action 1 was something else");
    let next = action(&service.ask(Ask::NewAction).await);
    assert_eq!(next, ActionId(2));
    assert_eq!(available(&service.ask(adjust(next, "-2.50")).await), "10.00");
    service.end().await;
}

#[tokio::test]
async fn operators_accounts_are_no_wallets() {
    let service = Service::start(dir()).await;
    let id = action(&service.ask(Ask::NewAction).await);
    for user in [UserId(0), UserId(-1), UserId(-6), UserId(i64::MIN)] {
        let (reason, who) = ("a test".to_owned(), "cli".to_owned());
        let ask = Ask::Adjust { id, user, amount: Kopecks::new(100), reason, who };
        assert!(refused(&service.ask(ask).await).contains("is no customer"));
        assert!(refused(&service.ask(Ask::Wallet { user, limit: 1 }).await).contains("is no customer"));
    }
    service.end().await;
}

#[tokio::test]
async fn the_socket_is_the_owners_alone_and_a_left_over_one_is_replaced() {
    let dir = dir();
    drop(UnixListener::bind(socket_path(dir.path())).expect("a socket nobody listens at"));
    let service = Service::start(dir).await;
    let mode = fs::metadata(service.socket()).expect("a socket").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(service.ask(Ask::Pid).await, Answer::Pid(std::process::id()));
    service.end().await;
}

#[tokio::test]
async fn what_is_no_question_is_said_and_harms_nobody() {
    let service = Service::start(dir()).await;
    assert_eq!(service.send(b"").await, "", "somebody only looked");
    for bytes in [&b"\n"[..], b"{}\n", b"\"pidd\"\n", b"\xff\xfe\n", b"\"pid\""] {
        let answered = service.send(bytes).await;
        assert!(answered.starts_with("{\"not_understood\":"), "{answered}");
        assert!(answered.ends_with('\n'), "{answered}");
    }
    let mut endless = UnixStream::connect(service.socket()).await.expect("a connection");
    while endless.write_all(&[b'x'; 4096]).await.is_ok() {}
    assert_eq!(service.send(b"\"pid\"\n").await, format!("{{\"pid\":{}}}\n", std::process::id()));
    service.end().await;
}

#[tokio::test]
async fn an_operators_stop_holds_until_an_operator_lifts_it() {
    let service = Service::start(dir()).await;
    let is = |answer: Answer, on: bool, by: &[&str]| {
        let Answer::Selling(Selling { selling, stops }) = &answer else { panic!("{answer:?}") };
        assert_eq!(*selling, on);
        assert_eq!(stops.iter().map(|stop| stop.by.as_str()).collect::<Vec<_>>(), by);
    };
    is(service.ask(Ask::Stops).await, true, &[]);
    let off = action(&service.ask(Ask::NewAction).await);
    is(service.ask(selling(off, false)).await, false, &["operator"]);
    let on = action(&service.ask(Ask::NewAction).await);
    is(service.ask(selling(on, true)).await, true, &[]);
    is(service.ask(selling(off, false)).await, true, &[]);
    let stop = |by, until| StopRow { at: At(0), why: "a test".to_owned(), until, by };
    let stopped = service.store.write("test", move |tx| {
        tx.put_stop("all", &stop(StoppedBy::Audit, None))?;
        tx.put_stop("z-image", &stop(StoppedBy::Provider, Some(tx.now().up.plus(Duration::from_secs(60)))))?;
        tx.put_stop("google/imagen4", &stop(StoppedBy::Provider, Some(Up(0))))
    });
    stopped.await.expect("written");
    is(service.ask(Ask::Stops).await, false, &["audit", "provider"]);
    let again = action(&service.ask(Ask::NewAction).await);
    is(service.ask(selling(again, false)).await, false, &["audit", "provider"]);
    let lift = action(&service.ask(Ask::NewAction).await);
    is(service.ask(selling(lift, true)).await, true, &["provider"]);
    service.end().await;
}

#[tokio::test]
async fn on_a_disk_that_is_full_nothing_is_sold_whatever_an_operator_says() {
    let service = Service::start(dir()).await;
    let is = |answer: Answer, on: bool, what: &[&str]| {
        let Answer::Selling(Selling { selling, stops }) = &answer else { panic!("{answer:?}") };
        assert_eq!(*selling, on);
        assert_eq!(stops.iter().map(|stop| stop.what.as_str()).collect::<Vec<_>>(), what);
    };
    let why = "7 MB are free".to_owned();
    let stop = StopRow { at: At(0), why, until: None, by: StoppedBy::Disk };
    service.store.write("test", move |tx| tx.put_stop(DISK, &stop)).await.expect("written");
    is(service.ask(Ask::Stops).await, false, &[DISK]);
    let on = action(&service.ask(Ask::NewAction).await);
    is(service.ask(selling(on, true)).await, false, &[DISK]);
    service.store.write("test", |tx| tx.lift_stop(DISK)).await.expect("written");
    is(service.ask(Ask::Stops).await, true, &[]);
    service.end().await;
}

#[tokio::test]
async fn a_socket_that_is_gone_already_is_no_trouble_at_the_end() {
    let service = Service::start(dir()).await;
    fs::remove_file(service.socket()).expect("removed");
    service.end().await;
}

#[tokio::test]
async fn a_request_is_found_by_its_code_and_by_its_job() {
    let service = Service::start(dir()).await;
    let made = service.store.write("test", |tx| {
        let request = tx.new_request()?;
        tx.trace(request, ANN, None, "parked", "update 7")?;
        Ok((request, tx.note::<[u8; 32]>("server_key")?.expect("a key"), tx.now().at))
    });
    let (request, key, at) = made.await.expect("written");
    let code = request.code(&key);
    for what in [code.clone(), code[3..].to_uppercase(), format!(" {code} ")] {
        let Answer::Timeline(found) = service.ask(Ask::Trace { what }).await else { panic!("found") };
        assert_eq!((found.request, &found.code, found.user, found.job), (request, &code, ANN, None));
        assert_eq!(found.events.len(), 1);
        assert_eq!((found.events[0].what.as_str(), found.events[0].data.as_str()), ("parked", "update 7"));
        assert_eq!(found.events[0].at, at.to_string());
    }
    let other = crate::ids::RequestId(99).code(&key);
    let ask = |what: &str| service.ask(Ask::Trace { what: what.to_owned() });
    assert_eq!(refused(&ask(&other).await), format!("no request has the code {other}"));
    assert_eq!(refused(&ask("17").await), "there is no job 17");
    assert!(refused(&ask("whatever").await).starts_with("a request code is RQ-"));
    service.end().await;
}

#[tokio::test]
async fn without_a_service_the_file_itself_answers_the_same() {
    let dir = dir();
    let client = Client::reach(dir.path()).await.expect("the file");
    assert!(matches!(client, Client::File(_)), "{client:?}");
    let id = action(&client.ask(Ask::NewAction).await.expect("an answer"));
    assert_eq!(available(&client.ask(adjust(id, "5")).await.expect("an answer")), "5.00");
    drop(client);
    let service = Service::start(dir).await;
    assert_eq!(available(&service.ask(adjust(id, "5")).await), "5.00");
    assert_eq!(available(&answer(&service.store, Ask::Wallet { user: ANN, limit: 0 }).await), "5.00");
    service.end().await;
}

#[tokio::test]
async fn of_an_act_whose_own_write_failed_an_operator_hears_that_it_may_have_happened() {
    let disk = Disk::default();
    let file = disk.clone();
    let clock = Clock::simulated(At(1_795_431_300_000));
    let (store, engine) = Store::open_on(move || Ok(file.backend()), clock).expect("a store");
    std::thread::spawn(move || engine.run());
    let Answer::Action(id) = answer(&store, Ask::NewAction).await else { panic!("a number") };
    let credit = || {
        let (amount, who) = (Kopecks::new(100), "cli".to_owned());
        Ask::Adjust { id, user: ANN, amount, reason: "a test".to_owned(), who }
    };
    disk.trouble(Trouble::Broken { after: 0 });
    let Answer::Failed { why, is_damaged: false } = answer(&store, credit()).await else {
        panic!("it failed")
    };
    assert!(why.contains("look whether it was done before you try again"), "{why}");
    let Answer::Failed { why, .. } = answer(&store, credit()).await else { panic!("it failed") };
    assert!(why.contains("nothing was changed"), "{why}");
    disk.mend();
    // Whoever asks again under the same number gets it done once.
    let wallet = loop {
        let answered = answer(&store, credit()).await;
        if let Answer::Wallet(wallet) = answered {
            break wallet;
        }
        assert!(matches!(answered, Answer::Failed { .. }), "{answered:?}");
        tokio::task::yield_now().await;
    };
    assert_eq!((wallet.available.as_str(), wallet.transfers.len()), ("1.00", 1));
    assert!(store.view().expect("a view").audit().expect("readable").ok);
}

/// Ann came along from the old bot with its welcome bonus and nothing else.
fn ann_came_along(tx: &mut Tx<'_>) -> Result<(), crate::store::Fault> {
    let amount = Kopecks::new(20_000);
    let old = Transfer::legacy(5, Kind::Topup, Account::Bonus, Account::User(ANN), amount, At(0));
    let seq = tx.transfer_legacy(&old)?.expect("allowed");
    let (kind, reference) = (LegacyKind::Topup, "welcome_5".to_owned());
    tx.add_legacy(ANN, 5, &LegacyRow { kind, amount, at: At(0), reference, seq: Some(seq) })?;
    tx.note_imported(ANN, seq)
}

#[tokio::test]
async fn of_a_bonus_whose_own_write_failed_nobody_says_that_it_was_not_taken_or_that_it_was() {
    let disk = Disk::default();
    let file = disk.clone();
    let (store, engine) =
        Store::open_on(move || Ok(file.backend()), Clock::simulated(At(0))).expect("a store");
    std::thread::spawn(move || engine.run());
    store.write("test", ann_came_along).await.expect("written");
    let window =
        Window { least: Kopecks::new(19_000), most: Kopecks::new(21_000), keep: Kopecks::new(5_000) };
    let migrate = async |confirm| {
        let answered = answer(&store, Ask::Migrate { confirm, window, limit: None }).await;
        let Answer::Migration(migration) = answered else { panic!("{answered:?}") };
        migration
    };
    let Migration { total, planned, .. } = migrate(false).await;
    assert_eq!((total.as_str(), planned), ("150.00", None), "looking plans no more than it finds");
    disk.trouble(Trouble::Broken { after: 0 });
    let Migration { total, planned, done, failed, candidates, .. } = migrate(true).await;
    assert_eq!((total.as_str(), planned.as_deref(), done, failed), ("0.00", Some("150.00"), 0, 1));
    let why = candidates[0].failed.as_deref().expect("it failed");
    assert!(why.contains("look whether it was done before you try again"), "{why}");
    disk.mend();
    while store.write("test", |_| Ok(())).await.is_err() {
        tokio::task::yield_now().await;
    }
    let Migration { total, planned, done, .. } = migrate(true).await;
    assert_eq!((total.as_str(), planned, done), ("150.00", None, 1), "what was taken");
    assert!(store.view().expect("a view").audit().expect("readable").ok);
}
