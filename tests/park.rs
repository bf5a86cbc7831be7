//! An update whose handling panics: it is tried three times, then put aside; customer and operator
//! are told, and the line moves on. The panic is a real one: a row of the books was broken by hand.

use crate::support::{ADMIN, Mode, TestApp};
use redb::{Database, ReadableTable, TableDefinition};
use samovar::ids::JobId;
use samovar::job::State;
use samovar::ledger::Account;
use samovar::money::Kopecks;
use samovar::sandbox::kie::Script;
use samovar::store::{AccountRow, StoppedBy};

const ANN: i64 = 1001;
const BOB: i64 = 1002;
const ACCOUNTS: TableDefinition<'static, i64, &'static [u8]> = TableDefinition::new("accounts");

/// Changes the wallet's row in the file of a stopped service; gives the bytes it had.
fn change_wallet(app: &TestApp, change: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let database = Database::open(app.data_dir().join("samovar.redb")).expect("the file");
    let write = database.begin_write().expect("a transaction");
    let before = {
        let mut table = write.open_table(ACCOUNTS).expect("the accounts");
        let before = table.get(ANN).expect("readable").expect("a wallet").value().to_vec();
        table.insert(ANN, change(&before).as_slice()).expect("written");
        before
    };
    write.commit().expect("committed");
    before
}

fn without_pending(row: &[u8]) -> Vec<u8> {
    let (version, rest) = row.split_first().expect("a version byte");
    let mut account: AccountRow = postcard::from_bytes(rest).expect("a wallet");
    account.counters.debits_pending = Kopecks::ZERO;
    postcard::to_extend(&account, vec![*version]).expect("encoded")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_update_whose_handling_panics_is_put_aside_and_the_line_moves() {
    let mut app = TestApp::start_with(Mode::Webhook, |settings| settings.free_daily_limit = 0).await;
    let admin = app.user(ADMIN);
    admin.sends("/start").sees("Здравствуйте").await;
    app.credit(ANN, "10").await;
    app.sandbox.kie.act(|kie, _| kie.next(Script::named("455").expect("maintenance")));
    app.user(ANN).orders("z-image", "самовар").await.taps("✅ Запустить").await;
    let back_in_the_queue = |view: &samovar::store::View| {
        let job = view.job(JobId(1)).ok()??;
        let tried = view.trace(job.row.request).ok()?.iter().any(|event| event.what == "provider-busy");
        (tried && matches!(job.row.state, State::Queued { .. })).then_some(())
    };
    app.until("the queue", back_in_the_queue).await;
    app.user(ANN).sees_last("Заказ принят").await;

    app.stop().await;
    let sound = change_wallet(&app, without_pending);
    app.start_again().await;
    app.user(ANN).taps("❌ Отмена").await;
    let told = app.user(ANN).sees("RQ-").await;
    assert!(told.text.contains("RQ-"), "{}", told.text);
    app.user(ADMIN).sees("отложено").await;
    let parked = app.store().view().and_then(|view| view.parked(10)).expect("readable");
    assert_eq!(parked.len(), 1);
    assert!(parked[0].why.contains("3 times"), "{}", parked[0].why);
    app.user(BOB).sends("/start").sees("Здравствуйте").await;
    // The live check saw the broken row as well and stopped selling until an operator decides.
    let stop = app.until("the stop", |view| view.stop("all").ok()?).await;
    assert_eq!(stop.by, StoppedBy::Audit);
    assert_eq!(app.get("/readyz").await.status(), 503);

    app.stop().await;
    change_wallet(&app, |_| sound.clone());
    app.start_again().await;
    app.skip(std::time::Duration::from_secs(90));
    app.user(ANN).gets_media(1).await;
    app.settled().await;
    assert_eq!(app.wallet(ANN), ("9.24".to_owned(), "0.00".to_owned()));
    assert_eq!(app.posted(Account::Revenue), "0.76");
}
