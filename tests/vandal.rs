//! What an operator's slip, a second run with other files, a killed command and a broken connection could do to
//! money, and do not.

use crate::cli::{Ran, dir, samovar};
use crate::import::{Old, wallet};
use crate::support::{Mode, TestApp};
use crate::upgrade::made_by;
use samovar::config::Settings;
use samovar::control::{Answer, Ask, Client, serve, socket_path};
use samovar::flow::legacy::{OldRow, OldUser, bring_user, bring_wallet};
use samovar::ids::{ActionId, UserId};
use samovar::message::Lang;
use samovar::money::Kopecks;
use samovar::shelf::Keeper;
use samovar::store::{LegacyKind, Lock, Store};
use samovar::time::{At, Clock};
use std::fs;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

fn audit_holds(dir: &Path) {
    assert_eq!(samovar(dir, &["audit", "--json"]).exits(0).json()["ok"], true);
}

fn credit(dir: &Path, user: &str, amount: &str) -> Ran {
    samovar(dir, &["wallet", "credit", user, amount, "--reason", "a test"])
}

#[test]
fn a_slip_of_the_hand_fills_no_account_for_good() {
    let dir = dir();
    credit(dir.path(), "1", "92233720368547758.07").exits(1).says("the amount is too large");
    credit(dir.path(), "1", "100000000000.01").exits(1).says("the amount is too large");
    credit(dir.path(), "1", "100000000000").exits(0);
    credit(dir.path(), "2", "1").exits(0);
    samovar(dir.path(), &["wallet", "debit", "1", "100000000000", "--reason", "it was a slip"]).exits(0);
    credit(dir.path(), "1", "5").exits(0);
    assert_eq!(wallet(dir.path(), 1)["available"], "5.00");
    audit_holds(dir.path());
}

#[test]
fn a_row_that_was_imported_for_one_customer_is_not_imported_for_another() {
    let into = dir();
    Old::new()
        .customer(1, "100.00", "0.00")
        .row(7, 1, "topup", "100.00", "")
        .row(8, 1, "hold", "5.00", "")
        .import(into.path(), &[])
        .exits(0);
    let before = samovar(into.path(), &["audit", "--json"]).exits(0).out;
    let again = Old::new().customer(2, "100.00", "0.00").row(7, 2, "topup", "100.00", "");
    again.import(into.path(), &[]).exits(1).says(
        "nothing was imported: row 7 of the ledger, of customer 2, was imported before as customer 1's",
    );
    assert_eq!(samovar(into.path(), &["audit", "--json"]).exits(0).out, before, "nothing was changed");
    // What moved nothing is history of whoever had it.
    Old::new().customer(2, "3.00", "0.00").row(8, 2, "topup", "3.00", "").import(into.path(), &[]).exits(0);
    assert_eq!(wallet(into.path(), 2)["available"], "3.00");
    audit_holds(into.path());
}

/// Many customers, so that an import takes a while.
fn many() -> Old {
    (1..=1_500).fold(Old::new(), |old, user| {
        let id = u64::try_from(user).expect("above zero");
        old.customer(user, "70.00", "0.00").row(2 * id, user, "topup", "100.00", "").row(
            2 * id + 1,
            user,
            "charge",
            "30.00",
            "",
        )
    })
}

#[test]
fn an_import_that_is_killed_at_any_moment_changed_nothing_and_is_done_by_the_next() {
    let into = dir();
    credit(into.path(), "1", "1").exits(0);
    let old = many();
    let from = old.folder().to_str().expect("a name").to_owned();
    let copy = into.path().join("samovar.redb.importing");
    let mut killed = 0;
    for wait in [0, 20, 60, 150, 300] {
        let mut import = command(into.path(), &["import", "--from", &from]).spawn().expect("the binary runs");
        let begun = Instant::now();
        while !copy.exists() && import.try_wait().expect("asked").is_none() {
            assert!(begun.elapsed() < Duration::from_secs(20), "it does not begin");
            std::thread::yield_now();
        }
        pass(Duration::from_millis(wait));
        import.kill().expect("killed, or over");
        killed += usize::from(!import.wait().expect("ended").success());
        let first = &wallet(into.path(), 1)["available"];
        let last = &wallet(into.path(), 1_500)["available"];
        assert!(first == "1.00" && last == "0.00" || first == "71.00" && last == "70.00", "{first}, {last}");
        audit_holds(into.path());
    }
    assert!(killed > 0, "every import was over before it was killed");
    old.import(into.path(), &[]).exits(0);
    assert_eq!(wallet(into.path(), 1)["available"], "71.00");
    assert_eq!(wallet(into.path(), 1_500)["available"], "70.00");
    assert!(!copy.exists(), "nothing is left over");
    audit_holds(into.path());
}

/// The moments are as many and as short as an upgrade of such a small file has.
#[test]
fn an_upgrade_that_is_killed_at_any_moment_is_done_by_the_next_start() {
    let mut killed = 0;
    for moment in 0..24_u64 {
        let (into, schema) = (dir(), 1 + u32::try_from(moment % 3).expect("small"));
        fs::write(into.path().join("samovar.redb"), made_by(schema)).expect("written");
        let copy = into.path().join("samovar.redb.upgrading");
        let mut audit = command(into.path(), &["audit"]).spawn().expect("the binary runs");
        let begun = Instant::now();
        while !copy.exists() && audit.try_wait().expect("asked").is_none() {
            assert!(begun.elapsed() < Duration::from_secs(20), "it does not begin");
            std::thread::yield_now();
        }
        pass(Duration::from_millis(moment * 3 / 2));
        audit.kill().expect("killed, or over");
        killed += usize::from(!audit.wait().expect("ended").success());
        let bought = if schema == 3 { "93.35" } else { "193.35" };
        assert_eq!(wallet(into.path(), 2002)["available"], bought, "schema {schema}, moment {moment}");
        audit_holds(into.path());
        assert!(!copy.exists(), "nothing is left over");
    }
    assert!(killed > 0, "every upgrade was over before it was killed");
}

/// The binary, silent.
fn command(dir: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_samovar"));
    command.args(["--config", "/dev/null"]).args(arguments).env_clear().env("DATA_DIR", dir);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn pass(time: Duration) {
    let begun = Instant::now();
    while begun.elapsed() < time {
        std::thread::yield_now();
    }
}

/// A service that answers operators.
struct Serving {
    stop: CancellationToken,
    task: JoinHandle<std::io::Result<()>>,
    engine: std::thread::JoinHandle<()>,
    _lock: Lock,
}

impl Serving {
    fn start(dir: &Path) -> Self {
        let lock = Lock::take(dir).expect("the lock");
        let (store, engine) = Store::open(dir, Clock::system()).expect("a store");
        let engine = std::thread::spawn(move || engine.run());
        let stop = CancellationToken::new();
        let (path, stopped) = (socket_path(dir), stop.clone());
        let settings = Settings { data_dir: dir.to_owned(), ..Settings::default() };
        let keeper = Arc::new(Keeper::of(&settings).expect("a folder"));
        let task = tokio::spawn(async move { serve(store, keeper, Arc::default(), &path, stopped).await });
        Self { stop, task, engine, _lock: lock }
    }

    async fn end(self) {
        self.stop.cancel();
        self.task.await.expect("no panic").expect("a clean end");
        tokio::task::spawn_blocking(|| self.engine.join()).await.expect("no panic").expect("no panic");
    }
}

async fn migrates(dir: &Path) -> Ran {
    let dir = dir.to_owned();
    let ran = move || samovar(&dir, &["migrate-balances", "--confirm", "--json"]);
    tokio::task::spawn_blocking(ran).await.expect("no panic")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_who_take_the_old_bonuses_back_at_once_take_each_once() {
    let into = dir();
    let old = (1..=200).fold(Old::new(), |old, user| {
        let id = u64::try_from(user).expect("above zero");
        old.customer(user, "200.00", "0.00").row(id, user, "topup", "200.00", &format!("welcome_{user}"))
    });
    old.import(into.path(), &[]).exits(0);
    let serving = Serving::start(into.path());
    while !socket_path(into.path()).exists() {
        tokio::task::yield_now().await;
    }
    let (one, other) = tokio::join!(migrates(into.path()), migrates(into.path()));
    let done = |ran: &Ran| ran.json()["done"].as_i64().expect("a number");
    assert_eq!(done(&one) + done(&other), 200, "{one:?}\n{other:?}");
    serving.end().await;
    for user in [1, 100, 200] {
        let wallet = wallet(into.path(), user);
        assert_eq!(wallet["available"], "0.00");
        assert_eq!(wallet["transfers"].as_array().map(Vec::len), Some(2), "{wallet}");
    }
    audit_holds(into.path());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_act_that_many_ask_for_at_once_and_hang_up_on_happens_once() {
    let dir = dir();
    credit(dir.path(), "1", "1").exits(0);
    let serving = Serving::start(dir.path());
    while !socket_path(dir.path()).exists() {
        tokio::task::yield_now().await;
    }
    let client = Client::reach(dir.path()).await.expect("reached");
    let Answer::Action(id) = client.ask(Ask::NewAction).await.expect("answered") else { panic!("a number") };
    let ask = adjust(id, 700);
    let line = format!("{}\n", serde_json::to_string(&ask).expect("written"));
    // Whole and gone, and every beginning of it: half of the line could name another amount.
    for bytes in (0..line.len()).step_by(9).chain(std::iter::repeat_n(line.len(), 16)) {
        let mut stream = UnixStream::connect(socket_path(dir.path())).expect("connected");
        stream.write_all(&line.as_bytes()[..bytes]).expect("sent");
    }
    let asks = (0..16).map(|_| {
        let (path, ask) = (dir.path().to_owned(), ask.clone());
        tokio::spawn(async move { Client::reach(&path).await.expect("reached").ask(ask).await })
    });
    for asked in asks.collect::<Vec<_>>() {
        let answer = asked.await.expect("no panic").expect("answered");
        assert!(matches!(&answer, Answer::Wallet(wallet) if wallet.available == "8.00"), "{answer:?}");
    }
    // Under the same number nothing else is done.
    let other = client.ask(adjust(id, 900)).await.expect("answered");
    assert!(matches!(other, Answer::Refused(_)), "{other:?}");
    let most = client.ask(adjust(ActionId(id.0 + 1), i64::MIN)).await.expect("answered");
    assert!(matches!(most, Answer::Refused(_)), "{most:?}");
    drop(client);
    serving.end().await;
    assert_eq!(wallet(dir.path(), 1)["available"], "8.00");
    audit_holds(dir.path());
}

fn adjust(id: ActionId, kopecks: i64) -> Ask {
    let amount = Kopecks::new(kopecks);
    Ask::Adjust { id, user: UserId(1), amount, reason: "a test".to_owned(), who: "cli".to_owned() }
}

/// The first and the last second that a calendar of ours knows, and sums that reach the column's end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_rows_of_the_year_one_and_of_the_year_9999_are_shown_and_sent_like_any_other() {
    let app = TestApp::start(Mode::Webhook).await;
    let brought = app.store().write("test", |tx| {
        let id = UserId(1001);
        let at = |text| At::parse(text).expect("a time");
        let (first, last) = (at("0001-01-01 00:00:00"), at("9999-12-30 22:00:00.999"));
        bring_user(
            tx,
            &OldUser {
                id,
                first_name: "Аня".to_owned(),
                username: None,
                lang: Lang::Ru,
                created: Some(first),
                seen: Some(last),
                ban: None,
                inviter: Some(UserId(i64::MAX)),
            },
        )?;
        let most = Kopecks::new(999_999_999_999);
        let row =
            |id, kind, at| OldRow { user: UserId(1001), id, kind, amount: most, at, reference: "".into() };
        let rows = [
            row(0, LegacyKind::Charge, first),
            row(1, LegacyKind::Topup, last),
            row(2, LegacyKind::Hold, at("1969-12-31 23:59:59")),
            row(u64::MAX, LegacyKind::Topup, first),
        ];
        bring_wallet(tx, id, most, &rows)
    });
    brought.await.expect("written").expect("not refused");
    let ann = app.user(1001);
    ann.sends("/balance");
    ann.sees_last("💰 Баланс").await;
    ann.taps("📄 Выписка").await;
    let page = ann.sees_last("📄 Выписка").await;
    assert!(page.text.contains("01.01.0001") && page.text.contains("9999-12-30"), "{}", page.text);
    ann.taps("📥 Скачать CSV").await;
    let csv = ann.gets_document(".csv").await;
    assert!(String::from_utf8_lossy(&csv).contains("9999"), "{}", String::from_utf8_lossy(&csv));
    app.skip(Duration::from_secs(40 * 24 * 3600));
    app.settled().await;
}
