//! Money comes in and goes back, through the door: Stars, cards, transfers by hand.

use crate::support::{ADMIN, Customer, Mode, TestApp};
use samovar::ids::{PaymentId, UserId};
use samovar::ledger::Account;
use samovar::payment::State;
use samovar::sandbox::telegram::{FileKind, Misbehaviour};
use samovar::store::{Odd, Payment};
use secrecy::SecretString;
use serde_json::json;
use std::time::Duration;

const ANN: i64 = 1001;
const BOB: i64 = 1002;

pub(crate) async fn shop() -> TestApp {
    TestApp::start_with(Mode::Webhook, |settings| settings.free_daily_limit = 0).await
}

pub(crate) fn payment(app: &TestApp, id: u64) -> Payment {
    app.store().view().expect("a view").payment(PaymentId(id)).expect("readable").expect("a payment")
}

/// From /start to the invoice in Stars over this many roubles.
pub(crate) async fn asks_for_stars(ann: &Customer<'_>, roubles: &str) {
    ann.sends("/balance");
    ann.taps("💳 Пополнить").await;
    ann.taps("✏️ Другая сумма").await;
    ann.sees_last("Напишите сумму").await;
    ann.sends(roubles);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stars_come_into_the_wallet_once_however_often_telegram_says_so() {
    let app = shop().await;
    let ann = app.user(ANN);
    asks_for_stars(&ann, "100").await;
    // 100 roubles at 1.235 a Star, rounded up.
    let invoice = ann.sees_invoice(81).await.invoice.expect("an invoice");
    assert!(invoice.description.contains("100,00 ₽") && invoice.description.contains("81"), "{invoice:?}");
    let charge = ann.pays(81).await;
    ann.sees("Баланс пополнен на 100,00 ₽").await;
    for _ in 0..10 {
        app.sandbox.telegram.act(|world, now| {
            world.tell_payment(now, &charge).expect("told");
            world.repeat_payment(now, &charge).expect("repeated");
        });
    }
    app.heard().await;
    assert_eq!(app.wallet(ANN), ("100.00".to_owned(), "0.00".to_owned()));
    assert_eq!(app.posted(Account::CashStars), "-100.00");
    assert_eq!(payment(&app, 1).row.odd, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn amounts_that_are_none_move_nothing_and_are_asked_for_again() {
    let app = shop().await;
    let ann = app.user(ANN);
    asks_for_stars(&ann, "0").await;
    ann.sees_last("слишком мало").await;
    for (text, answer) in [
        ("-5", "слишком мало"),
        ("1e9", "не похоже на сумму"),
        ("сто", "не похоже на сумму"),
        ("10.001", "не больше двух знаков"),
        ("100 000.01", "слишком много"),
        ("<b>1</b>", "не похоже на сумму"),
    ] {
        ann.sends(text);
        ann.sees_last(answer).await;
    }
    ann.sends("1 000,50");
    ann.sees_invoice(811).await;
    app.settled().await;
    assert_eq!(app.wallet(ANN), ("0.00".to_owned(), "0.00".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_a_good_invoice_of_ones_own_may_be_paid() {
    let app = shop().await;
    let (ann, bob) = (app.user(ANN), app.user(BOB));
    bob.sends("/start");
    asks_for_stars(&ann, "100").await;
    let invoice = ann.sees_invoice(81).await;
    let asked = bob.tries_to_pay(ANN, invoice.id).await;
    assert!(asked.said.and_then(|said| said.refused).expect("refused").contains("не ваш"));
    ann.pays(81).await;
    ann.sees("Баланс пополнен").await;
    assert!(ann.is_refused_to_pay(81).await.contains("уже оплачен"), "a second time");
    asks_for_stars(&ann, "200").await;
    ann.sees_invoice(162).await;
    app.skip(Duration::from_secs(24 * 3600));
    assert!(ann.is_refused_to_pay(162).await.contains("время вышло"), "a day later");
    app.settled().await;
    assert_eq!(app.wallet(ANN).0, "100.00");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_paid_is_credited_to_who_paid_whatever_the_invoice_and_flagged() {
    let app = shop().await;
    let ann = app.user(ANN);
    ann.sends("/start");
    ann.sees("Здравствуйте").await;
    app.user(ADMIN).sends("/start");
    for (total, payload) in [(10, "topup:77"), (20, "shop-of-another-bot"), (30, "topup:x")] {
        app.sandbox
            .telegram
            .act(|world, now| world.pays_out_of_nowhere(now, ANN, ("XTR", total), payload))
            .expect("paid");
    }
    app.until("three payments", |view| view.payment(PaymentId(3)).ok()?).await;
    app.settled().await;
    // 60 Stars at 1.235, each payment rounded down: 12.35 + 24.70 + 37.05.
    assert_eq!(app.wallet(ANN).0, "74.10");
    assert_eq!(payment(&app, 2).row.odd, Some(Odd::UnknownInvoice));
    app.user(ADMIN).sees("Необычный платёж").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_payment_and_one_of_another_payer_are_credited() {
    let app = shop().await;
    let (ann, bob) = (app.user(ANN), app.user(BOB));
    bob.sends("/start");
    asks_for_stars(&ann, "100").await;
    let invoice = ann.sees_invoice(81).await;
    app.skip(Duration::from_secs(25 * 3600));
    app.sandbox.telegram.act(|world, now| {
        world.pay_unasked(now, BOB, ANN, invoice.id).expect("paid");
        world.pay_unasked(now, ANN, ANN, invoice.id).expect("paid");
        world.pay_unasked(now, ANN, ANN, invoice.id).expect("paid twice");
    });
    app.until("three payments", |view| view.payment(PaymentId(3)).ok()?).await;
    app.settled().await;
    assert_eq!(app.wallet(ANN).0, "200.03", "asked for 100, and 81 Stars at today's price");
    assert_eq!(app.wallet(BOB).0, "100.03");
    let mut odd: Vec<_> =
        (1..=3).map(|id| format!("{:?}", payment(&app, id).row.odd.expect("odd"))).collect();
    odd.sort();
    assert_eq!(odd, ["Late", "OtherPayer", "PaidTwice"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_that_nobody_told_of_is_found_in_the_list_and_one_given_back_is_taken_back() {
    let app = shop().await;
    let ann = app.user(ANN);
    asks_for_stars(&ann, "100").await;
    ann.sees_invoice(81).await;
    app.sandbox.telegram.act(|world, _| world.keep_payments_quiet(true));
    let charge = ann.pays(81).await;
    compared(&app, State::Paid).await;
    assert_eq!(app.wallet(ANN).0, "100.00");
    assert_eq!(payment(&app, 1).row.odd, Some(Odd::OnlyListed));
    ann.charges_back(&charge);
    compared(&app, State::ChargedBack).await;
    ann.sees("отозван").await;
    app.settled().await;
    assert_eq!(app.wallet(ANN).0, "0.00");
}

/// Lets ten minutes pass again and again, until the comparison brought the payment there.
async fn compared(app: &TestApp, state: State) {
    app.until("the comparison", |view| {
        app.skip(Duration::from_secs(601));
        view.payment(PaymentId(1)).ok()?.filter(|one| one.row.state == state)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_went_back_before_it_came_is_remembered_until_it_comes() {
    let app = shop().await;
    let ann = app.user(ANN);
    asks_for_stars(&ann, "100").await;
    ann.sees_invoice(81).await;
    app.sandbox.telegram.act(|world, _| world.keep_payments_quiet(true));
    let charge = ann.pays(81).await;
    app.sandbox.telegram.act(|world, now| {
        world.keep_payments_quiet(false);
        world.charge_back(now, &charge).expect("given back");
    });
    app.heard().await;
    assert_eq!(app.wallet(ANN).0, "0.00");
    app.sandbox.telegram.act(|world, now| world.tell_payment(now, &charge)).expect("told at last");
    app.until("both", |view| {
        view.payment(PaymentId(1)).ok()?.filter(|one| one.row.state == State::ChargedBack)
    })
    .await;
    app.settled().await;
    assert_eq!(app.wallet(ANN).0, "0.00");
}

/// Ann, with 100 roubles from Stars.
pub(crate) async fn paid(app: &TestApp) -> (Customer<'_>, String) {
    let ann = app.user(ANN);
    asks_for_stars(&ann, "100").await;
    let charge = ann.pays(81).await;
    ann.sees("Баланс пополнен на 100,00 ₽").await;
    (ann, charge)
}

pub(crate) async fn refund(app: &TestApp, id: u64) -> Result<Payment, samovar::flow::refund::NotBack> {
    let begun = app
        .store()
        .write("test", move |tx| samovar::flow::refund::begin(tx, PaymentId(id), UserId(ADMIN)))
        .await;
    begun.expect("written")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_goes_back_once_whoever_says_so_first() {
    let app = shop().await;
    let (ann, charge) = paid(&app).await;
    // The first answer is lost on the way, so Telegram is asked twice; its own word comes as well.
    app.sandbox.telegram.act(|world, _| world.script(silence("refundstarpayment")));
    refund(&app, 1).await.expect("begun");
    assert_eq!(app.wallet(ANN), ("0.00".to_owned(), "100.00".to_owned()), "held at once");
    ann.sees("Платёж № 1 возвращён").await;
    app.skip(Duration::from_secs(60));
    app.sandbox.telegram.act(|world, now| world.tell_refund(now, &charge)).expect("told again");
    app.heard().await;
    assert_eq!(app.wallet(ANN), ("0.00".to_owned(), "0.00".to_owned()));
    assert_eq!(app.posted(Account::CashStars), "0.00");
    assert_eq!(payment(&app, 1).row.state, State::Refunded);
    let again = refund(&app, 1).await.expect_err("refused");
    assert!(matches!(again, samovar::flow::refund::NotBack::Refused(_)), "{again}");
}

/// Telegram does what it is asked, and its answer is lost.
fn silence(method: &str) -> samovar::sandbox::telegram::Fault {
    samovar::sandbox::telegram::Fault::of(method, Misbehaviour::BreakAfter)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refund_that_telegram_refuses_frees_the_money_and_can_be_tried_again() {
    let app = shop().await;
    let (ann, _) = paid(&app).await;
    app.user(ADMIN).sends("/start");
    app.sandbox.telegram.act(|world, _| {
        world.script(samovar::sandbox::telegram::Fault::of(
            "refundstarpayment",
            Misbehaviour::Refuse { code: 400, description: "Bad Request: CHARGE_NOT_FOUND".to_owned() },
        ));
    });
    refund(&app, 1).await.expect("begun");
    app.user(ADMIN).sees("Telegram не вернул звёзды").await;
    app.settled().await;
    assert_eq!(app.wallet(ANN), ("100.00".to_owned(), "0.00".to_owned()));
    refund(&app, 1).await.expect("begun again");
    ann.sees("Платёж № 1 возвращён").await;
    app.settled().await;
    assert_eq!(app.wallet(ANN).0, "0.00");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_spent_does_not_go_back() {
    let app = shop().await;
    let (ann, charge) = paid(&app).await;
    ann.orders("z-image", "самовар").await;
    ann.taps("✅ Запустить").await;
    ann.gets_media(1).await;
    app.settled().await;
    let not = refund(&app, 1).await.expect_err("refused");
    assert!(not.to_string().contains("0.76"), "{not}");
    assert_eq!(app.wallet(ANN), ("99.24".to_owned(), "0.00".to_owned()));
    // Its source may take it back all the same: then nothing can be ordered.
    ann.charges_back(&charge);
    ann.sees("отозван").await;
    app.settled().await;
    assert_eq!(app.wallet(ANN).0, "-0.76");
    ann.chooses("z-image", "самовар").await;
    ann.taps("✅ Запустить").await;
    ann.sees("Не хватает").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_card_pays_in_roubles_and_an_amount_the_provider_refuses_is_told() {
    let app = TestApp::start_with(Mode::Webhook, |settings| {
        settings.payment_provider_token = Some(SecretString::from("4242:TEST:provider"));
    })
    .await;
    let ann = app.user(ANN);
    asks_for_stars(&ann, "500").await;
    ann.taps("💳 Банковской картой").await;
    ann.pays(50_000).await;
    ann.sees("Баланс пополнен на 500,00 ₽").await;
    app.settled().await;
    assert_eq!(app.posted(Account::CashCard), "-500.00");
    asks_for_stars(&ann, "10").await;
    ann.taps("💳 Банковской картой").await;
    ann.sees("не принимает такую сумму").await;
    app.settled().await;
    assert_eq!(app.wallet(ANN).0, "500.00");
    assert!(!app.user(ADMIN).chat().contains("не создаёт счета"), "nothing is wrong with cards");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_no_card_can_pay_the_customer_is_sent_another_way_and_the_operator_hears_why() {
    let app = TestApp::start_with(Mode::Webhook, |settings| {
        settings.payment_provider_token = Some(SecretString::from("4242:TEST:provider"));
    })
    .await;
    let ann = app.user(ANN);
    app.user(ADMIN).sends("/start");
    app.sandbox.telegram.act(|world, _| {
        world.script(samovar::sandbox::telegram::Fault::of(
            "sendInvoice",
            Misbehaviour::Refuse {
                code: 400,
                description: "Bad Request: PAYMENT_PROVIDER_INVALID".to_owned(),
            },
        ));
    });
    asks_for_stars(&ann, "500").await;
    ann.taps("💳 Банковской картой").await;
    let told = ann.sees("так заплатить сейчас не получается").await;
    assert!(!told.text.contains("сумму"), "{}", told.text);
    app.user(ADMIN).sees("PAYMENT_PROVIDER_INVALID").await;
    app.settled().await;
    assert_eq!(payment(&app, 1).row.state, State::Expired);
    assert_eq!(app.wallet(ANN).0, "0.00");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invoice_whose_day_is_over_is_shown_as_not_paid() {
    let app = shop().await;
    let ann = app.user(ANN);
    asks_for_stars(&ann, "100").await;
    ann.sees_invoice(81).await;
    for (hours, state) in [(23, "Ждём оплату"), (2, "⌛ Не оплачен")] {
        app.skip(Duration::from_secs(hours * 3600));
        ann.sends("/balance").taps("💳 Пополнить").await.taps("🧾 Мои платежи").await;
        ann.taps("pm:1").await.sees_last(state).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn not_enough_money_keeps_the_order_one_tap_away() {
    let app = shop().await;
    let ann = app.user(ANN);
    ann.orders("z-image", "самовар на снегу").await;
    ann.sees_last("не хватает").await;
    ann.taps("➕ Добавить 1,00 ₽").await;
    ann.pays(1).await;
    ann.sees_last("Баланс пополнен на 1,00 ₽").await;
    ann.taps("⬅️ Вернуться к заказу").await;
    ann.sees_last("самовар на снегу").await;
    ann.taps("✅ Запустить").await;
    ann.gets_media(1).await;
    app.settled().await;
    assert_eq!(app.wallet(ANN).0, "0.24");
}

async fn bank() -> TestApp {
    TestApp::start_with(Mode::Webhook, |settings| {
        settings.payment_card = Some("2200 0000 0000 0004".to_owned());
        settings.payment_bank = Some("Банк «Самовар»".to_owned());
    })
    .await
}

/// Up to the receipt of a transfer over this many roubles.
pub(crate) async fn claims(ann: &Customer<'_>, roubles: &str, receipt: &[u8]) {
    asks_for_stars(ann, roubles).await;
    ann.taps("🏦 Переводом по реквизитам").await;
    ann.sees_last("2200 0000 0000 0004").await;
    ann.taps("✅ Я оплатил(а)").await;
    ann.sees_last("Пришлите чек").await;
    ann.sends_file(FileKind::Document, "receipt.pdf", receipt.to_vec());
    ann.sees_last("Чек получен").await;
}

/// One page of an album.
fn sends_page(app: &TestApp, user: i64, page: i64) {
    let person = json!({"id": user, "is_bot": false, "first_name": "Клиент", "language_code": "ru"});
    let name = format!("page-{page}");
    let update = json!({"message": {
        "message_id": 9_000 + page, "date": 1, "from": person, "chat": {"id": user, "type": "private"},
        "media_group_id": "13",
        "photo": [{"file_id": name, "file_unique_id": name, "width": 512, "height": 512, "file_size": 900}],
    }});
    app.sandbox.telegram.act(|world, now| world.inject(now, update)).expect("sent");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receipt_of_two_pages_is_one_receipt() {
    let app = bank().await;
    let ann = app.user(ANN);
    asks_for_stars(&ann, "300").await;
    ann.taps("🏦 Переводом по реквизитам").await.taps("✅ Я оплатил(а)").await;
    ann.sees_last("Пришлите чек").await;
    sends_page(&app, ANN, 1);
    ann.sees_last("Чек получен").await;
    sends_page(&app, ANN, 2);
    ann.sees_last("эту страницу оператор не увидит").await;
    app.settled().await;
    let receipt = payment(&app, 1).row.receipt.expect("a receipt");
    assert_eq!(receipt.file_id, "page-1");
}

fn sends_sticker(app: &TestApp, user: i64) {
    let person = json!({"id": user, "is_bot": false, "first_name": "Клиент", "language_code": "ru"});
    let update = json!({"message": {
        "message_id": 9_000, "date": 1, "from": person, "chat": {"id": user, "type": "private"},
        "sticker": {"file_id": "sticker", "file_unique_id": "sticker", "width": 512, "height": 512},
    }});
    app.sandbox.telegram.act(|world, now| world.inject(now, update)).expect("sent");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transfer_is_not_credited_before_an_operator_says_so() {
    let app = bank().await;
    let ann = app.user(ANN);
    app.user(ADMIN).sends("/start");
    asks_for_stars(&ann, "300").await;
    ann.taps("🏦 Переводом по реквизитам").await;
    ann.taps("✅ Я оплатил(а)").await;
    ann.sees_last("Пришлите чек").await;
    sends_sticker(&app, ANN);
    ann.sees_last("Нужен сам чек").await;
    ann.sends("вот, оплатила");
    ann.sees_last("Нужен сам чек").await;
    ann.sends_file(FileKind::Document, "receipt.pdf", &b"%PDF-1.4"[..]);
    ann.sees_last("Чек получен").await;
    app.user(ADMIN).sees("Перевод № 1").await;
    app.settled().await;
    assert_eq!(app.wallet(ANN).0, "0.00");
    ann.taps("🧾 Открыть платёж").await;
    let page = ann.sees_last("Оператор проверяет чек").await;
    assert!(page.text.contains("чек получен"), "{}", page.text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_transfers_may_wait_and_after_three_days_they_end_with_a_message() {
    let app = bank().await;
    let ann = app.user(ANN);
    for nth in 1..=3 {
        claims(&ann, "100", format!("%PDF-1.4 {nth}").as_bytes()).await;
    }
    asks_for_stars(&ann, "100").await;
    let ways = ann.sees_last("Как удобнее заплатить").await;
    assert!(ways.button("🏦 Переводом по реквизитам").is_none(), "a fourth one is not offered");
    ann.forges_tap("by:m:10000");
    ann.sees_last("ждут вашей оплаты или проверки оператором").await;
    app.skip(Duration::from_secs(73 * 3600));
    ann.sees("Заявка № 3").await;
    app.settled().await;
    assert_eq!(payment(&app, 1).row.state, State::Expired);
    asks_for_stars(&ann, "100").await;
    ann.taps("🏦 Переводом по реквизитам").await;
    ann.sees_last("2200 0000 0000 0004").await;
}
