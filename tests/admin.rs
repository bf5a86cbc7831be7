//! The operator in Telegram, through the door: who may, what happens once, what is refused, and that
//! all of it is on record.

use crate::support::driver::Side;
use crate::support::{ADMIN, Customer, Mode, PATIENCE, TestApp};
use samovar::ids::{ActionId, UserId};
use samovar::ledger::{Account, Kind};
use samovar::sandbox::kie::Script;
use samovar::store::{Action, ActionRow};
use std::time::Duration;

const ANN: i64 = 1001;
const SECOND: i64 = 901;

async fn paid_shop() -> TestApp {
    let free = |settings: &mut samovar::config::Settings| settings.free_daily_limit = 0;
    TestApp::start_run_by(&[ADMIN, SECOND], Mode::Webhook, free).await
}

/// Ann has come, and has so many roubles.
async fn with_ann(roubles: &str) -> TestApp {
    let app = paid_shop().await;
    let ann = app.user(ANN);
    ann.sends("/start").sees_last("Здравствуйте").await;
    // A screen without the buttons that an order begins with.
    ann.sends("/search").sees_last("Поиск модели").await;
    app.credit(ANN, roubles).await;
    app
}

/// The operator opens Ann's page.
async fn at_anns(app: &TestApp, admin: i64) -> Customer<'_> {
    let admin = app.user(admin);
    admin.sends("/admin").sees_last("Пульт оператора").await;
    admin.taps("🔎 Найти клиента или задачу").await.sees_last("Кого ищем").await;
    admin.sends("1001").sees_last("С нами с").await;
    admin
}

/// From Ann's page to the question back.
async fn asks_to(admin: &Customer<'_>, button: &str, amount: &str, reason: &str) {
    admin.taps(button).await.sees_last("Напишите сумму").await;
    admin.sends(amount).sees_last("Напишите причину").await;
    admin.sends(reason).sees_last("Всё верно?").await;
}

/// Taps a button of the newest message so many times at once.
fn taps_at_once(app: &TestApp, admin: i64, times: usize) {
    app.sandbox.telegram.act(|world, now| {
        let message = world.chat(admin).and_then(|chat| chat.latest()).expect("a message");
        let (id, data) = (message.id, message.button("👍 Да, сделать").and_then(|one| one.data.clone()));
        for _ in 0..times {
            world.tap(now, admin, id, data.as_deref().expect("a button")).expect("a tap");
        }
    });
}

fn actions(app: &TestApp) -> Vec<ActionRow> {
    let view = app.store().view().expect("a view");
    (1..50).filter_map(|id| view.action(ActionId(id)).expect("readable")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customer_who_forges_the_operators_buttons_changes_nothing() {
    let app = with_ann("10").await;
    let admin = at_anns(&app, ADMIN).await;
    asks_to(&admin, "➕ Начислить", "100", "проверка").await;
    let ann = app.user(ANN);
    ann.sends("/admin").sees_last("Такой команды нет").await;
    for data in ["a:home", "a:cr:1001", "a:ban:900", "a:sell:off", "a:off:z-image", "a:do:1", "a:do:2"] {
        ann.sends("/balance").sees_last("Доступно").await;
        ann.forges_tap(data);
        ann.sees_last("Главное меню").await;
    }
    ann.sends("100").sees_last("сначала выберите модель").await;
    app.settled().await;
    assert_eq!(app.wallet(ANN).0, "10.00");
    let view = app.store().view().expect("a view");
    assert_eq!(view.stops().expect("readable"), []);
    assert_eq!(actions(&app).len(), 1, "only the credit of the test");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_credit_by_two_taps_moves_once_and_the_customer_is_told() {
    let app = with_ann("10").await;
    let admin = at_anns(&app, ADMIN).await;
    asks_to(&admin, "➕ Начислить", "150,50", "<b>извините</b> & спасибо").await;
    let question = admin.sees_last("станет: 160,50 ₽").await;
    assert!(question.text.contains("<b>извините</b> & спасибо"), "as it was written: {}", question.text);
    taps_at_once(&app, ADMIN, 3);
    app.user(ANN).sees("Причина: <b>извините</b> & спасибо").await;
    admin.sees_last("✅ Сделано").await;
    app.settled().await;
    assert_eq!(app.wallet(ANN).0, "160.50");
    let told = app.sandbox.telegram.look(|world| {
        let chat = world.chat(ANN).expect("a chat");
        chat.messages.values().filter(|one| one.text.contains("Вам начислено")).count()
    });
    assert_eq!(told, 1);
    app.user(ANN).sends("/balance").sees("150,50").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_around_the_commit_of_a_credit_moves_it_once() {
    for side in [Side::Before, Side::After] {
        let mut app = with_ann("10").await;
        let admin = at_anns(&app, ADMIN).await;
        asks_to(&admin, "➕ Начислить", "100", "проверка").await;
        app.settled().await;
        app.driver.crash_at("handle", 1, side);
        taps_at_once(&app, ADMIN, 1);
        assert!(app.driver.crashed(PATIENCE).await, "{side:?}");
        app.crash().await;
        app.user(ANN).sees("Вам начислено 100,00").await;
        app.settled().await;
        assert_eq!(app.wallet(ANN).0, "110.00", "{side:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_of_two_operators_confirms_only_what_they_were_asked_themselves() {
    let app = with_ann("10").await;
    let (first, second) = (at_anns(&app, ADMIN).await, at_anns(&app, SECOND).await);
    asks_to(&first, "➕ Начислить", "100", "первый").await;
    let firsts = app.sandbox.telegram.look(|world| {
        let chat = world.chat(ADMIN).and_then(|chat| chat.latest()).expect("a question");
        chat.button("👍 Да, сделать").and_then(|one| one.data.clone()).expect("data")
    });
    asks_to(&second, "➕ Начислить", "20", "второй").await;
    second.forges_tap(&firsts);
    second.sees_last("Пульт оператора").await;
    assert_eq!(app.wallet(ANN).0, "10.00");
    first.taps("👍 Да, сделать").await.sees_last("✅ Сделано").await;
    second.taps("🔎 Найти клиента или задачу").await.sees_last("Кого ищем").await;
    second.sends("1001").sees_last("С нами с").await;
    asks_to(&second, "➕ Начислить", "20", "второй").await;
    second.taps("👍 Да, сделать").await.sees_last("✅ Сделано").await;
    app.settled().await;
    assert_eq!(app.wallet(ANN).0, "130.00");
    let who: Vec<_> = actions(&app).into_iter().map(|row| row.who).collect();
    assert_eq!(who, ["test", "900", "901"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_debit_never_goes_below_zero_even_when_the_money_went_while_it_was_confirmed() {
    let app = with_ann("10").await;
    let admin = at_anns(&app, ADMIN).await;
    admin.taps("➖ Списать").await.sees_last("Напишите сумму").await;
    admin.sends("10,01").sees_last("доступно только 10,00 ₽").await;
    admin.sends("10").sees_last("Напишите причину").await;
    admin.sends("проверка").sees_last("станет: 0,00 ₽").await;
    let ann = app.user(ANN);
    ann.orders("z-image", "самовар").await.taps("✅ Запустить").await.gets_media(1).await;
    admin.taps("👍 Да, сделать").await.sees_last("доступно только 9,24 ₽").await;
    app.settled().await;
    assert_eq!(app.wallet(ANN).0, "9.24");
    asks_to(&admin, "➖ Списать", "9.24", "всё").await;
    admin.taps("👍 Да, сделать").await.sees_last("✅ Сделано").await;
    ann.sees("списано 9,24 ₽").await;
    app.settled().await;
    assert_eq!(app.wallet(ANN).0, "0.00");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_amount_and_no_reason_is_answered_with_a_sentence_and_moves_nothing() {
    let app = with_ann("10").await;
    let admin = at_anns(&app, ADMIN).await;
    admin.taps("➕ Начислить").await.sees_last("Напишите сумму").await;
    for (text, sentence) in [
        ("0", "больше нуля"),
        ("-5", "больше нуля"),
        ("1e9", "не похоже на сумму"),
        ("сто", "не похоже на сумму"),
        ("<b>1</b>", "не похоже на сумму"),
        ("10.001", "не больше двух знаков"),
        ("100 000.01", "не больше 100"),
        ("99999999999999999999", "не больше 100"),
    ] {
        admin.sends(text).sees_last(sentence).await;
    }
    admin.sends("1 000").sees_last("Начислить 1").await;
    admin.sends("   ").sees_last("Без причины нельзя").await;
    admin.sends(&"ё".repeat(201)).sees_last("до 200 символов").await;
    admin.sends("/cancel").sees_last("Отменено").await;
    admin.sends("причина").sees_last("сначала выберите модель").await;
    app.settled().await;
    assert_eq!((app.wallet(ANN).0.as_str(), actions(&app).len()), ("10.00", 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ban_stops_ordering_and_keeps_the_money_until_it_is_lifted() {
    let app = with_ann("10").await;
    let ann = app.user(ANN);
    ann.orders("z-image", "самовар").await;
    let admin = at_anns(&app, ADMIN).await;
    admin.taps("🚫 Закрыть заказы").await.sees_last("Напишите причину").await;
    admin.sends("спам").sees_last("Всё верно?").await;
    admin.taps("👍 Да, сделать").await.sees_last("Заказы закрыты оператором").await;
    ann.taps("✅ Запустить").await.sees("Заказы для вашего аккаунта закрыты").await;
    app.settled().await;
    assert_eq!((app.jobs(), app.wallet(ANN)), (0, ("10.00".to_owned(), "0.00".to_owned())));
    admin.taps("🔓 Открыть заказы").await.sees_last("Напишите причину").await;
    admin.sends("разобрались").sees_last("Всё верно?").await;
    admin.taps("👍 Да, сделать").await.sees_last("✅ Сделано").await;
    ann.orders("z-image", "самовар").await.taps("✅ Запустить").await.gets_media(1).await;
    app.settled().await;
    assert_eq!(app.wallet(ANN).0, "9.24");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_operators_who_refund_one_job_at_once_give_its_money_back_once() {
    let app = with_ann("10").await;
    let ann = app.user(ANN);
    ann.orders("z-image", "самовар").await.taps("✅ Запустить").await.gets_media(1).await;
    app.settled().await;
    for admin in [ADMIN, SECOND] {
        let admin = app.user(admin);
        admin.sends("/admin").sees_last("Пульт оператора").await;
        admin.taps("🔎 Найти клиента или задачу").await.sees_last("Кого ищем").await;
        admin.sends("#1").sees_last("Деньги списаны").await;
        admin.taps("💸 Вернуть деньги").await.sees_last("Напишите причину").await;
        admin.sends("не то").sees_last("Всё верно?").await;
    }
    for _ in 0..3 {
        taps_at_once(&app, ADMIN, 1);
        taps_at_once(&app, SECOND, 1);
    }
    ann.sees("Мы вернули вам 0,76 ₽").await;
    for admin in [ADMIN, SECOND] {
        app.user(admin).sees_last("Деньги возвращены").await;
    }
    app.settled().await;
    assert_eq!(app.wallet(ANN).0, "10.00");
    let rows = app.store().view().expect("a view").history(Account::User(UserId(ANN)), None, 50);
    let refunds = rows.expect("readable").iter().filter(|(_, row)| row.transfer.kind == Kind::Refund).count();
    let refunded = actions(&app).iter().filter(|row| matches!(row.what, Action::RefundJob { .. })).count();
    assert_eq!((refunds, refunded), (1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_job_is_found_by_its_code_and_shows_what_happened_to_it() {
    let app = with_ann("10").await;
    app.sandbox.kie.act(|kie, _| kie.next(Script::fails("500", "The <b>generation</b> failed.")));
    let ann = app.user(ANN);
    ann.orders("z-image", "самовар").await.taps("✅ Запустить").await;
    let told = ann.sees("Код ошибки: RQ-").await.text;
    let code: String = told.split("Код ошибки: ").nth(1).expect("a code").chars().take(11).collect();
    app.settled().await;
    let admin = app.user(ADMIN);
    admin.sends("/admin").sees_last("Пульт оператора").await;
    admin.taps("📉 Сбои за сутки").await.sees_last("task-failed × 1").await;
    admin.sees_last(&code).await;
    admin.taps("🛠 К пульту").await.sees_last("Пульт оператора").await;
    admin.taps("🔎 Найти клиента или задачу").await.sees_last("Кого ищем").await;
    admin.sends(&code).sees_last("Задача #1").await;
    let page = admin.sees_last("ordered").await;
    for words in ["accepted", "task-failed", "Резерв снят", "The <b>generation</b> failed.", "Итог доставлен"]
    {
        assert!(page.text.contains(words), "{words} is not in {}", page.text);
    }
    assert!(page.button("💸 Вернуть деньги").is_none(), "the money is back already");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn selling_is_stopped_and_started_again_and_all_of_it_is_in_the_log() {
    let app = with_ann("10").await;
    let ann = app.user(ANN);
    ann.orders("z-image", "самовар").await;
    let admin = app.user(ADMIN);
    admin.sends("/admin").sees_last("Заказы принимаются").await;
    admin.taps("⏸ Остановить приём").await.sees_last("Напишите причину").await;
    admin.sends("<i>ремонт</i>").sees_last("Всё верно?").await;
    admin.taps("👍 Да, сделать").await.sees_last("Почему: <i>ремонт</i>").await;
    ann.taps("✅ Запустить").await.sees("Приём заказов ненадолго остановлен").await;
    admin.taps("▶️ Принимать заказы").await.sees_last("Напишите причину").await;
    admin.sends("готово").sees_last("Всё верно?").await;
    admin.taps("👍 Да, сделать").await.sees_last("Заказы принимаются").await;
    ann.orders("z-image", "самовар").await.taps("✅ Запустить").await.gets_media(1).await;
    let log = admin.taps("📓 Журнал действий").await.sees_last("Журнал действий").await;
    for words in ["900", "Остановить приём заказов", "on → стало: off: <i>ремонт</i>", "Причина: готово"]
    {
        assert!(log.text.contains(words), "{words} is not in {}", log.text);
    }
    app.settled().await;
    let rows: Vec<_> =
        actions(&app).into_iter().map(|row| (row.who, row.before, row.after, row.reason)).collect();
    let row = |who: &str, before: &str, after: &str, reason: &str| {
        (who.to_owned(), before.to_owned(), after.to_owned(), reason.to_owned())
    };
    let expected = [
        row("test", "0.00 ₽", "10.00 ₽", "a test"),
        row("900", "on", "off: <i>ремонт</i>", "<i>ремонт</i>"),
        row("900", "off: <i>ремонт</i>", "on", "готово"),
    ];
    assert_eq!(rows, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_desk_shows_what_is_left_at_kie_and_says_when_it_is_little() {
    let app = paid_shop().await;
    let admin = app.user(ADMIN);
    app.until("the credit", |view| view.note::<samovar::flow::admin::Credit>("kie_credit").ok()?).await;
    admin.sends("/admin").sees_last("5916.25 кредитов").await;
    app.sandbox.kie.act(|kie, _| kie.set_credits(rust_decimal::Decimal::from(999)));
    let told = async {
        while !admin.chat().contains("осталось мало: 999") {
            app.skip(Duration::from_secs(61));
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, told).await.is_ok(), "no alarm comes:\n{}", admin.chat());
}
