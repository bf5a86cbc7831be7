//! The service dies just before and just after each commit on the way of a payment, in and back, and starts
//! again: it is credited once, it goes back once, and the ledger says what Telegram's Star account says.

use crate::support::driver::Side;
use crate::support::{ADMIN, Customer, Mode, PATIENCE, TestApp};
use samovar::flow::{refund, transfer};
use samovar::ids::{PaymentId, UserId};
use samovar::ledger::Account;
use samovar::payment::State;
use samovar::sandbox::telegram::{FileKind, World};
use samovar::store::Stepped;
use std::time::Duration;

const ANN: i64 = 1001;
const FIRST: PaymentId = PaymentId(1);

async fn shop() -> TestApp {
    TestApp::start_with(Mode::Webhook, |settings| {
        settings.free_daily_limit = 0;
        settings.payment_card = Some("2200 0000 0000 0004".to_owned());
    })
    .await
}

/// From /start to the ways to pay 100 roubles.
async fn asks(ann: &Customer<'_>) {
    ann.sends("/topup");
    ann.taps("✏️ Другая сумма").await;
    ann.sees_last("Напишите сумму").await;
    ann.sends("100");
    ann.sees_last("Как удобнее заплатить").await;
}

/// Up to the invoice over 81 Stars.
async fn sees_invoice(app: &TestApp) -> i64 {
    let ann = app.user(ANN);
    asks(&ann).await;
    ann.taps("by:s:10000").await;
    let invoice = ann.sees_invoice(81).await.id;
    app.heard().await;
    invoice
}

fn state(app: &TestApp) -> State {
    let view = app.store().view().expect("a view");
    view.payment(FIRST).expect("readable").expect("a payment").row.state
}

/// How often this happened to it.
fn steps(app: &TestApp, what: Stepped) -> usize {
    let view = app.store().view().expect("a view");
    let payment = view.payment(FIRST).expect("readable").expect("a payment");
    payment.row.steps.iter().filter(|step| step.what == what).count()
}

/// Waits for the planned crash, and starts again.
async fn dies(app: &mut TestApp, what: &str) {
    assert!(app.driver.crashed(PATIENCE).await, "{what}: no such commit came");
    app.crash().await;
}

/// The same for a crash that only comes with time: whoever sleeps may fall asleep after we have looked.
async fn dies_in_time(app: &mut TestApp, step: Duration, what: &str) {
    let passes = async {
        while !app.driver.has_crashed() {
            app.skip(step);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, passes).await.is_ok(), "{what}: no such commit came");
    app.crash().await;
}

async fn pays(app: &TestApp) {
    let invoice = sees_invoice(app).await;
    app.sandbox.telegram.act(|world, now| world.pay(now, ANN, ANN, invoice)).expect("asked");
    app.user(ANN).sees("Баланс пополнен на 100,00 ₽").await;
    app.heard().await;
}

/// The `nth` commit called `act` is that of the question before the payment, or of the payment itself.
async fn crash_while_it_comes(act: &'static str, nth: u32, side: Side) {
    let what = format!("a crash {side:?} «{act}» {nth}");
    let mut app = shop().await;
    let invoice = sees_invoice(&app).await;
    app.driver.crash_at(act, nth, side);
    app.sandbox.telegram.act(|world, now| world.pay(now, ANN, ANN, invoice)).expect("asked");
    dies(&mut app, &what).await;
    app.user(ANN).sees("Баланс пополнен на 100,00 ₽").await;
    app.heard().await;
    assert_eq!(app.wallet(ANN), ("100.00".to_owned(), "0.00".to_owned()), "{what}");
    assert_eq!((state(&app), steps(&app, Stepped::Credited)), (State::Paid, 1), "{what}");
    app.agrees_with_telegram();
}

/// An operator wants it back; a repeat of the tap changes nothing.
async fn refunds(app: &TestApp) {
    let begun = app.store().write("refund", |tx| refund::begin(tx, FIRST, UserId(ADMIN))).await;
    // A crash leaves open whether it was begun.
    drop(begun);
}

async fn crash_while_it_goes_back(act: &'static str, side: Side) {
    let what = format!("a crash {side:?} «{act}»");
    let mut app = shop().await;
    pays(&app).await;
    app.driver.crash_at(act, 1, side);
    refunds(&app).await;
    dies(&mut app, &what).await;
    refunds(&app).await;
    app.user(ANN).sees("Платёж № 1 возвращён").await;
    app.heard().await;
    assert_eq!(app.wallet(ANN), ("0.00".to_owned(), "0.00".to_owned()), "{what}");
    assert_eq!((state(&app), steps(&app, Stepped::Refunded)), (State::Refunded, 1), "{what}");
    assert_eq!(app.posted(Account::CashStars), "0.00", "{what}");
    assert_eq!(app.sandbox.telegram.look(World::bot_stars), 0, "{what}");
    app.agrees_with_telegram();
}

/// Lets ten minutes pass again and again, until the comparison brought the payment there.
async fn compared(app: &TestApp, wanted: State) {
    app.until("the comparison", |view| {
        app.skip(Duration::from_secs(601));
        view.payment(FIRST).ok()?.filter(|one| one.row.state == wanted)
    })
    .await;
    app.heard().await;
}

/// Nobody tells us of it: only the list of Star transactions does.
async fn crash_while_it_is_found(is_back: bool, side: Side) {
    let what = format!("a crash {side:?} «stars», back: {is_back}");
    let mut app = shop().await;
    let invoice = sees_invoice(&app).await;
    app.sandbox.telegram.act(|world, _| world.keep_payments_quiet(true));
    let charge = app.user(ANN).tries_to_pay(ANN, invoice).await.charge.expect("charged");
    app.heard().await;
    if is_back {
        compared(&app, State::Paid).await;
        app.user(ANN).charges_back(&charge);
    }
    app.driver.crash_at("stars", 1, side);
    dies_in_time(&mut app, Duration::from_secs(601), &what).await;
    let (wanted, left) = if is_back { (State::ChargedBack, "0.00") } else { (State::Paid, "100.00") };
    compared(&app, wanted).await;
    assert_eq!(app.wallet(ANN), (left.to_owned(), "0.00".to_owned()), "{what}");
    assert_eq!(steps(&app, Stepped::Credited), 1, "{what}");
    app.agrees_with_telegram();
}

/// A transfer by hand with its receipt, which an operator looks at, or nobody does.
async fn claims(app: &TestApp) {
    let ann = app.user(ANN);
    app.user(ADMIN).sends("/start");
    asks(&ann).await;
    ann.taps("by:m:10000").await;
    ann.taps("✅ Я оплатил(а)").await;
    ann.sees_last("Пришлите чек").await;
    ann.sends_file(FileKind::Document, "receipt.pdf", &b"%PDF-1.4"[..]);
    ann.sees_last("Чек получен").await;
    app.heard().await;
}

async fn crash_while_it_is_decided(side: Side) {
    let mut app = shop().await;
    claims(&app).await;
    let shop = std::sync::Arc::new(crate::races::rules(0));
    let decides = |app: &TestApp| {
        let (shop, store) = (shop.clone(), app.store().clone());
        async move {
            let amount = samovar::money::Kopecks::new(10_000);
            let decide = move |tx: &mut samovar::store::Tx<'_>| {
                transfer::approve(&shop, tx, FIRST, amount, UserId(ADMIN))
            };
            drop(store.write("approve", decide).await);
        }
    };
    app.driver.crash_at("approve", 1, side);
    decides(&app).await;
    dies(&mut app, "approve").await;
    // The operator sees nothing happen and presses again.
    decides(&app).await;
    app.user(ANN).sees("Баланс пополнен на 100,00 ₽").await;
    app.heard().await;
    assert_eq!(app.wallet(ANN).0, "100.00", "{side:?}");
    assert_eq!(steps(&app, Stepped::Credited), 1, "{side:?}");
    assert_eq!(app.posted(Account::CashManual), "-100.00", "{side:?}");
}

async fn crash_while_it_expires(side: Side) {
    let mut app = shop().await;
    claims(&app).await;
    app.driver.crash_at("expire", 1, side);
    app.skip(Duration::from_secs(73 * 3600));
    dies_in_time(&mut app, Duration::from_secs(61), "expire").await;
    app.skip(Duration::from_secs(61));
    app.user(ANN).sees("Заявка № 1").await;
    app.heard().await;
    assert_eq!((state(&app), steps(&app, Stepped::Expired)), (State::Expired, 1), "{side:?}");
    assert_eq!(app.wallet(ANN).0, "0.00", "{side:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn before_it_listens_it_has_noted_since_when_payments_are_its_own() {
    let app = shop().await;
    let since = app.store().view().expect("a view").note::<samovar::time::At>("stars_since/4242");
    assert!(since.expect("readable").is_some(), "what is paid now and not told would never be found");
}

/// An operator gave the service another bot: its list of transactions is another one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn how_far_another_bots_list_was_compared_says_nothing_of_this_ones() {
    let app = shop().await;
    let noted = app.store().write("test", |tx| {
        tx.put_note("stars_compared", &300_u32)?;
        tx.put_note("stars_compared/1717", &300_u32)
    });
    noted.await.expect("written");
    let invoice = sees_invoice(&app).await;
    app.sandbox.telegram.act(|world, _| world.keep_payments_quiet(true));
    assert!(app.user(ANN).tries_to_pay(ANN, invoice).await.charge.is_some());
    compared(&app, State::Paid).await;
    app.agrees_with_telegram();
}

macro_rules! crashes {
    ($way:ident: $($name:ident: ($($given:expr),*);)*) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            $way($($given),*).await;
        })*
    };
}

crashes! {
    crash_while_it_comes:
    before_the_question_is_stored_telegram_asks_again: ("receive", 1, Side::Before);
    after_the_question_is_stored_it_is_answered_at_the_next_start: ("receive", 1, Side::After);
    before_the_question_is_handled_nothing_is_answered: ("handle", 1, Side::Before);
    after_the_question_is_handled_the_answer_waits: ("handle", 1, Side::After);
    before_the_answer_is_noted_it_is_given_again_and_too_late: ("delivered", 1, Side::Before);
    after_the_answer_is_noted_the_payment_comes: ("delivered", 1, Side::After);
    before_the_payment_is_stored_telegram_sends_it_again: ("receive", 2, Side::Before);
    after_the_payment_is_stored_it_is_credited_at_the_next_start: ("receive", 2, Side::After);
    before_it_is_credited_none_of_it_happened: ("handle", 2, Side::Before);
    after_it_is_credited_all_of_it_happened: ("handle", 2, Side::After);
    before_its_message_is_noted_it_may_come_twice: ("delivered", 2, Side::Before);
    after_its_message_is_noted_it_is_done: ("delivered", 2, Side::After);
}

crashes! {
    crash_while_it_goes_back:
    before_the_refund_is_begun_it_is_begun_again: ("refund", Side::Before);
    after_the_refund_is_begun_telegram_is_told_at_the_next_start: ("refund", Side::After);
    before_telegrams_answer_is_noted_it_is_told_again: ("delivered", Side::Before);
    after_telegrams_answer_is_noted_its_word_changes_nothing: ("delivered", Side::After);
    before_telegrams_word_of_the_refund_is_stored_it_comes_again: ("receive", Side::Before);
    after_telegrams_word_of_the_refund_is_stored_it_is_handled_later: ("receive", Side::After);
    before_telegrams_word_of_the_refund_counts_none_of_it_happened: ("handle", Side::Before);
    after_telegrams_word_of_the_refund_counts_all_of_it_happened: ("handle", Side::After);
}

crashes! {
    crash_while_it_is_found:
    before_the_comparison_credits_it_is_found_again: (false, Side::Before);
    after_the_comparison_credited_it_is_known: (false, Side::After);
    before_the_comparison_takes_it_back_it_is_found_again: (true, Side::Before);
    after_the_comparison_took_it_back_it_is_known: (true, Side::After);
}

crashes! {
    crash_while_it_is_decided:
    before_an_approval_nothing_was_decided: (Side::Before);
    after_an_approval_a_second_one_changes_nothing: (Side::After);
}

crashes! {
    crash_while_it_expires:
    before_it_expires_it_expires_at_the_next_sweep: (Side::Before);
    after_it_expired_nobody_is_told_again: (Side::After);
}
