//! The live check of the books: a row broken by hand stops selling within a minute, everybody who should
//! know is told, and only an operator's word starts it again.

use crate::support::rows::{change_under, change_wallet, with_account};
use crate::support::{ADMIN, Mode, PATIENCE, TestApp};
use samovar::money::Kopecks;
use samovar::store::{Fault, StoppedBy};
use samovar::time::Up;
use std::process::Command;
use std::time::Duration;

const ANN: i64 = 1001;
const BOB: i64 = 1002;
const ALARM: &str = "Нарушено правило учёта";
const NOT_SELLING: &str = "Приём заказов ненадолго остановлен";

/// Gives Bob so many kopecks that came from nowhere, in the file that the running service has open.
async fn conjure(app: &TestApp, kopecks: i64) {
    let dir = app.data_dir();
    app.driver.close_at("test", 1, move |engine| {
        let change = |row: &[u8]| {
            with_account(row, |account| {
                let sum = account.counters.credits_posted.checked_add(Kopecks::new(kopecks));
                account.counters.credits_posted = sum.expect("it fits");
            })
        };
        change_under(engine, &dir, |copy| drop(change_wallet(copy, BOB, change)));
    });
    assert_eq!(app.store().write("test", |_| Ok(())).await, Err(Fault::Closed));
}

/// A minute passes, and the books are checked.
async fn a_check(app: &TestApp) {
    app.skip(Duration::from_secs(61));
    // Each sweep begins by noting the uptime, so the second note comes after the first one's check. A
    // sweep that was under way sleeps after it, so time is let pass until the note is there.
    for _ in 0..2 {
        let now = app.clock.now().up;
        let noted = || app.store().view().ok()?.note::<Up>("uptime").ok()?.filter(|noted| *noted >= now);
        let sweep = async {
            while noted().is_none() {
                app.skip(Duration::from_secs(11));
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        assert!(tokio::time::timeout(PATIENCE, sweep).await.is_ok(), "no sweep comes");
    }
}

/// What an operator does in a terminal beside the service.
async fn selling_on(app: &TestApp) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_samovar"));
    command.args(["--config", "/dev/null", "selling", "on", "--reason", "looked into"]);
    command.env_clear().env("DATA_DIR", app.data_dir());
    let ran = tokio::task::spawn_blocking(move || command.output()).await;
    let output = ran.expect("no panic").expect("the binary runs");
    assert!(output.status.success(), "{output:?}");
}

/// Waits until the operator was alarmed so many times.
async fn alarmed(app: &TestApp, times: usize) {
    let there = |world: &samovar::sandbox::telegram::World| {
        let chat = world.chat(ADMIN)?;
        (chat.messages.values().filter(|one| one.text.contains(ALARM)).count() == times).then_some(())
    };
    let waited = app.sandbox.telegram.wait(there, PATIENCE).await;
    assert!(waited.is_ok(), "the operator was not told {times} times:\n{}", app.user(ADMIN).chat());
}

async fn is_ready(app: &TestApp) -> (u16, String) {
    let answer = app.get("/readyz").await;
    (answer.status().as_u16(), answer.text().await.expect("a text"))
}

/// Ann is about to confirm an order; then Bob's wallet is broken, and the check sees it.
async fn stopped() -> TestApp {
    let app = TestApp::start_with(Mode::Webhook, |settings| settings.free_daily_limit = 0).await;
    app.user(ADMIN).sends("/start").sees("Здравствуйте").await;
    app.credit(ANN, "10").await;
    app.credit(BOB, "10").await;
    app.user(ANN).orders("z-image", "самовар").await;
    app.settled().await;
    assert_eq!(is_ready(&app).await.0, 200);
    conjure(&app, 100).await;
    app.skip(Duration::from_secs(61));
    let stop = app.until("the stop", |view| view.stop("all").ok()?).await;
    assert_eq!(stop.by, StoppedBy::Audit, "{stop:?}");
    assert!(stop.why.contains("add up to") && stop.until.is_none(), "{stop:?}");
    app
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_row_stops_selling_and_everybody_is_told_until_an_operator_says_otherwise() {
    let mut app = stopped().await;
    alarmed(&app, 1).await;
    let (status, why) = is_ready(&app).await;
    assert!(status == 503 && why.contains("selling is stopped"), "{status} {why}");
    app.user(ANN).taps("✅ Запустить").await.sees(NOT_SELLING).await;
    assert_eq!((app.jobs(), app.wallet(ANN)), (0, ("10.00".to_owned(), "0.00".to_owned())));

    // Once the books are right again, neither the check nor a restart sells: that is a person's word.
    conjure(&app, -100).await;
    a_check(&app).await;
    assert_eq!(is_ready(&app).await.0, 503);
    app.crash().await;
    a_check(&app).await;
    assert!(app.store().view().expect("a view").stop("all").expect("readable").is_some(), "forgotten");
    assert_eq!(is_ready(&app).await.0, 503);
    app.user(ANN).orders("z-image", "самовар").await.taps("✅ Запустить").await.sees_last(NOT_SELLING).await;
    assert_eq!(app.jobs(), 0);

    selling_on(&app).await;
    a_check(&app).await;
    assert_eq!(is_ready(&app).await.0, 200);
    app.user(ANN).orders("z-image", "самовар").await.taps("✅ Запустить").await.gets_media(1).await;
    app.settled().await;
    assert_eq!(app.wallet(ANN), ("9.24".to_owned(), "0.00".to_owned()));
    alarmed(&app, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn selling_that_stops_again_within_minutes_is_told_again() {
    let app = stopped().await;
    alarmed(&app, 1).await;
    // The operator was too quick: the row is still broken.
    selling_on(&app).await;
    app.skip(Duration::from_secs(61));
    app.until("the second stop", |view| view.stop("all").ok()?).await;
    alarmed(&app, 2).await;
    a_check(&app).await;
    alarmed(&app, 2).await;
    conjure(&app, -100).await;
}
