//! What the lost minute did and the file that came out of the backup does not know: a result that its customer
//! has, an order that KIE has, buttons and numbers that were given out, Stars that came and went. Nobody is paid
//! back for what they have, nobody pays for what they have not, and KIE is not paid twice unasked.

use crate::promo::makes;
use crate::restored::{Backup, creates};
use crate::support::driver::Side;
use crate::support::{ADMIN, Mode, PATIENCE, TestApp, tell};
use crate::topup::{asks_for_stars, paid, refund};
use samovar::ids::{JobId, PaymentId, UserId};
use samovar::job::State;
use samovar::money::Kopecks;
use samovar::payment::State as PaymentState;
use samovar::sandbox::telegram::World;
use samovar::store::{Delivery, View};
use std::time::Duration;

const ANN: i64 = 1001;
const RUN: &str = "✅ Запустить";

async fn shop() -> TestApp {
    shop_by(Mode::Webhook).await
}

async fn shop_by(mode: Mode) -> TestApp {
    TestApp::start_with(mode, |settings| settings.free_daily_limit = 0).await
}

/// Ann has her picture, and of the backup's last state it waits to be delivered.
async fn delivered_in_the_lost_minute() -> (TestApp, Backup) {
    let mut app = shop().await;
    let mut backup = Backup::begin(&app).await;
    app.credit(ANN, "10").await;
    app.user(ANN).orders("z-image", "самовар").await;
    app.settled().await;
    app.driver.crash_at("settle", 1, Side::After);
    app.user(ANN).taps(RUN).await;
    assert!(app.driver.crashed(PATIENCE).await, "nothing came of it");
    assert!(matches!(app.job(1).row.state, State::Done { .. }), "{:?}", app.job(1));
    backup.ship(&app);
    app.crash().await;
    app.user(ANN).gets_media(1).await;
    app.settled().await;
    assert!(!app.data_dir().join("media/1").exists(), "nobody waits for it any more");
    (app, backup)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_result_that_was_delivered_in_the_lost_minute_comes_again_and_is_paid_once() {
    let (mut app, backup) = delivered_in_the_lost_minute().await;
    // A copy of it may have gone before the crash.
    let had = app.user(ANN).media();
    backup.restore(&mut app).await;
    app.user(ANN).gets_media(had + 1).await;
    app.settled().await;
    assert_eq!(app.wallet(ANN), ("9.24".to_owned(), "0.00".to_owned()));
    assert_eq!((creates(&app), app.user(ANN).media()), (1, had + 1));
    // In the history it is as any other.
    let kept = |delivery| matches!(delivery, Delivery::Delivered { file_ids, .. } if file_ids.len() == 1);
    assert!(kept(app.job(1).row.delivery));
    assert!(!app.data_dir().join("media/1").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_kie_cannot_be_asked_a_result_of_the_lost_minute_is_neither_given_up_nor_paid_back() {
    let (mut app, backup) = delivered_in_the_lost_minute().await;
    let had = app.user(ANN).media();
    let kie = app.settings.kie_base_url.clone();
    app.settings.kie_base_url = "http://127.0.0.1:9".parse().expect("an address");
    backup.restore(&mut app).await;
    let tried = |tries: u32| {
        app.until("the tries", move |view| {
            let rows = view.outbox(1, None, 9).ok()?;
            rows.into_iter().any(|(_, row)| row.is_ok_and(|row| row.tries >= tries)).then_some(())
        })
    };
    tried(1).await;
    app.skip(Duration::from_secs(4 * 24 * 3600));
    tried(2).await;
    assert_eq!(app.wallet(ANN), ("9.24".to_owned(), "0.00".to_owned()));
    app.settings.kie_base_url = kie;
    app.crash().await;
    app.skip(Duration::from_secs(600));
    app.user(ANN).gets_media(had + 1).await;
    app.settled().await;
    assert_eq!(app.wallet(ANN), ("9.24".to_owned(), "0.00".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_result_that_kie_has_no_more_is_paid_back_after_half_an_hour_and_the_operator_hears_of_it() {
    let (mut app, backup) = delivered_in_the_lost_minute().await;
    app.user(ADMIN).sends("/start");
    app.settled().await;
    app.sandbox.kie.act(|kie, _| kie.lose_files());
    backup.restore(&mut app).await;
    let told = |world: &World| {
        let mut messages = world.chat(ANN)?.messages.values();
        messages.any(|one| one.text.contains("Деньги вернулись")).then_some(None)
    };
    let mut passed = Duration::ZERO;
    loop {
        // Each try says when the next may be, until she is told.
        let next = app.until("the next try", |view| {
            let now = app.clock.now().up;
            let rows = view.outbox(1, None, 9).ok()?.into_iter().filter_map(|(_, row)| row.ok());
            let due = rows.map(|row| row.not_before).find(|due| *due > now);
            due.map(|due| Some(due.since(now))).or_else(|| app.sandbox.telegram.look(told))
        });
        let Some(pause) = next.await else { break };
        app.skip(pause);
        passed += pause;
    }
    let minutes = passed.as_secs() / 60;
    assert!((20..=40).contains(&minutes), "it was given up after {minutes} minutes");
    app.user(ADMIN).sees("отправить файлы клиенту не удалось").await;
    app.settled().await;
    assert_eq!(app.wallet(ANN), ("10.00".to_owned(), "0.00".to_owned()));
}

/// Ann's tap lies in the inbox of the backup's last state; in the lost minute KIE got the order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_of_the_lost_minute_is_given_to_kie_again_only_if_its_customer_says_so() {
    let mut app = shop().await;
    let mut backup = Backup::begin(&app).await;
    app.credit(ANN, "10").await;
    app.user(ANN).orders("z-image", "самовар").await;
    app.settled().await;
    app.driver.crash_at("handle", 1, Side::Before);
    app.user(ANN).taps(RUN).await;
    assert!(app.driver.crashed(PATIENCE).await, "nobody tapped");
    backup.ship(&app);
    app.crash().await;
    app.user(ANN).gets_media(1).await;
    app.settled().await;
    assert_eq!(creates(&app), 1);
    backup.restore(&mut app).await;
    let asked = app.user(ANN).sees("мог забыть последние события").await;
    app.settled().await;
    assert_eq!((app.wallet(ANN).0.as_str(), creates(&app)), ("10.00", 1), "nothing is sold yet");
    // The button that ran it is not that of this screen.
    app.sandbox.telegram.act(|world, now| world.tap(now, ANN, asked.id, RUN)).expect("tapped");
    app.user(ANN).gets_media(2).await;
    app.settled().await;
    assert_eq!((app.wallet(ANN).0.as_str(), creates(&app)), ("9.24", 2));
}

/// What the newest message's button carries.
fn button(app: &TestApp) -> String {
    app.sandbox.telegram.look(|world| {
        let newest = world.chat(ANN).and_then(|chat| chat.latest()).expect("a message");
        newest.button(RUN).and_then(|button| button.data.clone()).expect("a button")
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_button_of_the_lost_minute_does_not_run_the_order_that_was_put_together_since() {
    let mut app = shop().await;
    app.credit(ANN, "10").await;
    app.credit(ANN + 1, "10").await;
    let backup = Backup::begin(&app).await;
    app.user(ANN).orders("z-image", "самовар").await;
    let lost = button(&app);
    app.settled().await;
    backup.restore(&mut app).await;
    app.user(ANN).orders("z-image", "паровоз").await;
    assert_ne!(button(&app), lost, "the same price, and another order");
    app.user(ANN).forges_tap(&lost);
    app.settled().await;
    assert_eq!((app.wallet(ANN).0.as_str(), creates(&app)), ("10.00", 0), "it ran another order");
    app.user(ANN).taps(RUN).await;
    app.user(ANN).gets_media(1).await;
    // What Telegram tells again, having had no answer, is asked once, too.
    app.user(ANN).orders("z-image", "сапог").await;
    let ran = button(&app);
    app.settled().await;
    let backup = Backup::begin(&app).await;
    app.user(ANN).taps(RUN).await;
    app.user(ANN).gets_media(2).await;
    app.settled().await;
    backup.restore(&mut app).await;
    app.user(ANN).forges_tap(&ran);
    app.user(ANN).sees("мог забыть последние события").await;
    app.settled().await;
    assert_eq!(creates(&app), 2);
}

/// An operator restores the same state twice, an hour apart: what the first life told people is not the second's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers_of_one_restored_life_are_not_given_out_by_the_next() {
    let mut app = shop().await;
    let backup = Backup::begin(&app).await;
    let mut known = Vec::new();
    for life in 1..=3 {
        backup.restore(&mut app).await;
        app.skip(Duration::from_secs(60));
        asks_for_stars(&app.user(ANN), "100").await;
        let payment = app
            .until("the payment", |view| view.payments_of(UserId(ANN), 0, 1).ok()?.pop().map(|one| one.id))
            .await;
        assert!(!known.contains(&payment), "life {life} gives {payment} out again: {known:?}");
        known.push(payment);
        app.settled().await;
    }
    let first: PaymentId = known[0];
    assert_eq!(app.store().view().expect("a view").payment(first), Ok(None));
}

/// An order waits in the queue as the last shipment is made; KIE gets it in the lost minute.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_at_any_commit_of_the_first_start_leaves_orders_in_doubt_in_doubt() {
    let mut app = shop().await;
    let mut backup = Backup::begin(&app).await;
    app.credit(ANN, "10").await;
    app.user(ANN).orders("z-image", "самовар").await;
    app.settled().await;
    app.driver.crash_at("start", 1, Side::Before);
    app.user(ANN).taps(RUN).await;
    assert!(app.driver.crashed(PATIENCE).await, "nothing was sent");
    backup.ship(&app);
    app.crash().await;
    app.user(ANN).gets_media(1).await;
    app.settled().await;
    for (act, side) in [
        ("record", Side::Before),
        ("record", Side::After),
        ("taken-up", Side::Before),
        ("taken-up", Side::After),
    ] {
        let driver = app.driver.clone();
        backup.restore_and(&mut app, || driver.crash_at(act, 1, side)).await;
        assert!(app.driver.crashed(PATIENCE).await, "no {act}");
        app.crash().await;
        let doubt = app.until("the doubt", |view| {
            let is_unknown = matches!(view.job(JobId(1)).ok()??.row.state, State::Unknown { .. });
            (is_unknown && view.restored().ok()?.is_none()).then_some(())
        });
        doubt.await;
        assert_eq!(app.wallet(ANN), ("9.24".to_owned(), "0.76".to_owned()), "{act} {side:?}");
        app.skip(Duration::from_secs(31 * 60));
        app.user(ANN).sees_last("Генерация не удалась").await;
        app.settled().await;
        assert_eq!((app.wallet(ANN).0.as_str(), creates(&app)), ("10.00", 1), "{act} {side:?}");
    }
}

/// A day of Ann's: Stars come, an order succeeds, one fails, Stars go back both ways. What changes is shipped all
/// the time, so that there is a state of almost every commit.
async fn a_day(mode: Mode) -> (TestApp, Backup) {
    let app = shop_by(mode).await;
    makes(&app, "leto 7").await;
    app.settled().await;
    let mut backup = Backup::begin(&app).await;
    let shipping = async {
        loop {
            backup.ship_safely(&app).await;
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        () = shipping => {}
        () = lives_a_day(&app) => {}
    }
    (app, backup)
}

async fn lives_a_day(app: &TestApp) {
    let (ann, charge) = paid(app).await;
    ann.orders("z-image", "самовар").await;
    ann.taps(RUN).await;
    ann.gets_media(1).await;
    ann.orders("z-image", "самовар sandbox:fail").await;
    ann.taps(RUN).await;
    ann.sees("❌ Генерация не удалась").await;
    asks_for_stars(&ann, "50").await;
    ann.pays(41).await;
    ann.sees("Баланс пополнен на 50,00 ₽").await;
    refund(app, 2).await.expect("begun");
    let back =
        |view: &View| view.payment(PaymentId(2)).ok()?.filter(|one| one.row.state == PaymentState::Refunded);
    app.until("the refund", back).await;
    ann.charges_back(&charge);
    ann.sees("отозван").await;
    ann.sends("/promo leto");
    ann.sees_last("На баланс добавлено 7,00 ₽").await;
    app.settled().await;
}

/// Lets time pass until both payments went back and no order is open; gives what Ann paid for pictures.
async fn all_is_over(app: &TestApp) -> i64 {
    let over = |view: &View| {
        let payments = view.payments_of(UserId(ANN), 0, 9).ok()?;
        let gone = |state| matches!(state, PaymentState::Refunded | PaymentState::ChargedBack);
        let all_gone = payments.iter().filter(|one| gone(one.row.state)).count() == 2;
        let jobs = view.jobs_of(UserId(ANN), 0, 9).ok()?;
        let is_over = all_gone && jobs.iter().all(|job| job.row.state.is_final());
        let sold = jobs.iter().filter(|job| job.row.money.hold.is_some() && job.row.money.refund.is_none());
        let sold = sold.filter(|job| matches!(job.row.state, State::Done { .. }));
        is_over.then(|| sold.map(|job| job.row.price.get()).sum())
    };
    let (began, mut skipped) = (std::time::Instant::now(), 0);
    while began.elapsed() < 3 * PATIENCE {
        if skipped < 200 {
            app.skip(Duration::from_secs(301));
            skipped += 1;
        }
        tokio::time::sleep(Duration::from_millis(30)).await;
        if let Some(paid) = over(&app.store().view().expect("a view")) {
            app.settled().await;
            return paid;
        }
    }
    panic!("something is never over; the chat shows:\n{}", app.user(ANN).chat());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_state_that_was_shipped_may_be_taken_up_and_agrees_with_the_outside_in_the_end() {
    states_agree_with_the_outside(Mode::Webhook).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_state_of_a_service_that_polls_may_be_taken_up_too() {
    states_agree_with_the_outside(Mode::Polling).await;
}

/// `EVERY_STATE=1 cargo test --test samovar -- every_state` takes up each of them, else a dozen.
async fn states_agree_with_the_outside(mode: Mode) {
    let (mut app, backup) = a_day(mode).await;
    let sent = creates(&app);
    let step = if std::env::var_os("EVERY_STATE").is_some() { 1 } else { (backup.len() / 12).max(1) };
    let mut sold = 0;
    for shipments in (0..=backup.len()).step_by(step) {
        backup.upto(shipments).restore(&mut app).await;
        let paid = all_is_over(&app).await;
        app.agrees_with_telegram();
        app.user(ANN).sends("/promo leto").sends("/promo leto");
        app.heard().await;
        app.audit();
        assert_eq!(creates(&app), sent, "after {shipments} shipments something was sent again");
        // What came went back: left is the gift, once, less what a picture took that the state knows of.
        let left = Kopecks::new(700 - paid).to_string();
        assert_eq!(app.wallet(ANN), (left, "0.00".to_owned()), "after {shipments} shipments");
        sold += usize::from(paid > 0);
    }
    tell(&format!(
        "lost_minute: {mode:?}: {} of {} states were taken up",
        backup.len() / step + 1,
        backup.len() + 1
    ));
    assert!(sold > 0 && backup.len() > 20, "{sold} of {} states knew of the picture", backup.len());
}
