//! An update whose handling panics: it is tried three times, then put aside; customer and operator
//! are told, and the line moves on. The panic is a real one: a row of the books was broken by hand.

use crate::support::rows::{change_under, change_wallet, file, with_account};
use crate::support::{ADMIN, Mode, TestApp};
use samovar::ids::JobId;
use samovar::job::State;
use samovar::ledger::Account;
use samovar::money::Kopecks;
use samovar::sandbox::kie::Script;
use samovar::store::StoppedBy;

const ANN: i64 = 1001;
const BOB: i64 = 1002;

fn without_pending(row: &[u8]) -> Vec<u8> {
    with_account(row, |account| account.counters.debits_pending = Kopecks::ZERO)
}

/// A service where cancelling Ann's order panics, for what it would give back was never held; and her
/// wallet's row as it should be.
async fn with_a_broken_wallet() -> (TestApp, Vec<u8>) {
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
    let sound = change_wallet(&file(&app.data_dir()), ANN, without_pending);
    app.start_again().await;
    (app, sound)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_update_whose_handling_panics_is_put_aside_and_the_line_moves() {
    let (mut app, sound) = with_a_broken_wallet().await;
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
    change_wallet(&file(&app.data_dir()), ANN, |_| sound.clone());
    app.start_again().await;
    app.skip(std::time::Duration::from_secs(90));
    app.user(ANN).gets_media(1).await;
    app.settled().await;
    assert_eq!(app.wallet(ANN), ("9.24".to_owned(), "0.00".to_owned()));
    assert_eq!(app.posted(Account::Revenue), "0.76");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_try_that_the_disk_cut_short_is_no_failed_try() {
    let (app, sound) = with_a_broken_wallet().await;
    let dir = app.data_dir();
    // Two tries fail by our own mistake. The third, the last, finds the file closed, and then all is well.
    app.driver.close_at("handle", 3, move |engine| {
        change_under(engine, &dir, |copy| drop(change_wallet(copy, ANN, |_| sound.clone())));
    });
    app.user(ANN).taps("❌ Отмена").await;
    app.until("the end of the job", |view| view.job(JobId(1)).ok()??.row.state.is_final().then_some(()))
        .await;
    app.settled().await;
    assert_eq!(app.wallet(ANN), ("10.00".to_owned(), "0.00".to_owned()));
    let parked = app.store().view().and_then(|view| view.parked(10)).expect("readable");
    assert_eq!(parked.len(), 0, "{:?}", parked.first().map(|row| &row.why));
    assert!(!app.user(ANN).chat().contains("RQ-"), "nothing went wrong for her");
}
