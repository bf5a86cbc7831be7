//! What an operator decides about payments, through the door: a transfer is credited or not, a payment goes
//! back; once, whoever presses how often, with a sentence for everything that cannot be, and on record.

use crate::support::driver::Side;
use crate::support::{ADMIN, Customer, Mode, PATIENCE, TestApp};
use crate::topup::{asks_for_stars, claims, paid, payment};
use samovar::ids::ActionId;
use samovar::ledger::Account;
use samovar::payment::State;
use samovar::store::ActionRow;
use std::time::Duration;

const ANN: i64 = 1001;
const SECOND: i64 = 901;
const RECEIPT: &[u8] = b"%PDF-1.4 receipt";

/// A shop that takes transfers, and two operators who are there.
async fn bank() -> TestApp {
    let app = TestApp::start_run_by(&[ADMIN, SECOND], Mode::Webhook, |settings| {
        settings.free_daily_limit = 0;
        settings.payment_card = Some("2200 0000 0000 0004".to_owned());
    })
    .await;
    for admin in [ADMIN, SECOND] {
        app.user(admin).sends("/start").sees_last("Здравствуйте").await;
    }
    app
}

/// The same, and Ann has sent the receipt of 300 roubles.
async fn claimed() -> TestApp {
    let app = bank().await;
    claims(&app.user(ANN), "300", RECEIPT).await;
    for admin in [ADMIN, SECOND] {
        app.user(admin).sees_last("Перевод № 1: 300,00 ₽").await;
    }
    app
}

fn actions(app: &TestApp) -> Vec<ActionRow> {
    let view = app.store().view().expect("a view");
    (1..50).filter_map(|id| view.action(ActionId(id)).expect("readable")).collect()
}

/// Taps a button under a message, so many times at once.
fn taps_under(app: &TestApp, admin: i64, message: i64, button: &str, times: usize) {
    app.sandbox.telegram.act(|world, now| {
        for _ in 0..times {
            world.tap(now, admin, message, button).expect("a tap");
        }
    });
}

/// The operator opens what is found by these words.
async fn finds<'a>(app: &'a TestApp, words: &str, seen: &str) -> Customer<'a> {
    let admin = app.user(ADMIN);
    admin.sends("/admin").sees_last("Пульт оператора").await;
    admin.taps("🔎 Найти клиента или задачу").await.sees_last("Кого ищем").await;
    admin.sends(words).sees_last(seen).await;
    admin
}

/// Gives a reason and confirms.
async fn because(admin: &Customer<'_>, reason: &str) {
    admin.sees_last("Напишите причину").await;
    admin.sends(reason).sees_last("Всё верно?").await;
    admin.taps("👍 Да, сделать").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_approval_credits_once_and_every_later_tap_is_told_that_it_was_decided() {
    let app = claimed().await;
    let (ann, admin, second) = (app.user(ANN), app.user(ADMIN), app.user(SECOND));
    let receipts = [ADMIN, SECOND].map(|one| app.user(one).newest().expect("the receipt"));
    admin.sends("/admin").sees_last("Пульт оператора").await;
    admin.taps("🏦 Переводы на проверку: 1").await.sees_last("Ждёт 1 перевод").await;
    admin.taps("№ 1 · 300,00 ₽ · Клиент 1001").await.sees_last("Оператор проверяет чек").await;
    admin.taps("✅ Зачислить").await.sees_last("✅ Сделано: 🏦 Зачислить 300,00 ₽").await;
    ann.sees_last("Баланс пополнен на 300,00 ₽").await;
    for (who, receipt) in [(admin, receipts[0]), (second, receipts[1])] {
        for button in ["✅ Зачислить", "✏️ Другая сумма", "❌ Отклонить"] {
            let before = who.newest();
            taps_under(&app, who.id, receipt, button, 1);
            who.waits_for("sentence", |one| {
                (Some(one.id) > before && one.text.contains("По этому платежу уже решено")).then_some(())
            })
            .await;
        }
    }
    admin.sends("/admin").sees_last("пополнения 300,00 ₽").await;
    admin.taps("🏦 Переводы на проверку").await.sees_last("Никто не ждёт").await;
    app.settled().await;
    assert_eq!(app.wallet(ANN).0, "300.00");
    assert_eq!(app.posted(Account::CashManual), "-300.00");
    assert_eq!(actions(&app).len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_operators_who_approve_and_reject_at_once_one_decides() {
    let app = bank().await;
    let (ann, admin, second) = (app.user(ANN), app.user(ADMIN), app.user(SECOND));
    for number in [1, 2] {
        claims(&ann, "300", format!("{number}").as_bytes()).await;
        let title = format!("Перевод № {number}: 300,00 ₽");
        let approve = admin.sees_last(&title).await.id;
        second.sees_last(&title).await;
        second.taps("❌ Отклонить").await.sees_last("Напишите причину").await;
        second.sends("не пришло").sees_last("Всё верно?").await;
        let reject = second.newest().expect("the question");
        let (before, money) = (actions(&app).len(), app.wallet(ANN).0);
        let mut taps = [(ADMIN, approve, "✅ Зачислить"), (SECOND, reject, "👍 Да, сделать")];
        taps.rotate_left(number % 2);
        for _ in 0..3 {
            for (who, message, button) in taps {
                taps_under(&app, who, message, button, 1);
            }
        }
        let taken = app.sandbox.telegram.wait(|world| (world.pending_updates() == 0).then_some(()), PATIENCE);
        assert!(taken.await.is_ok(), "Telegram keeps some of the taps");
        app.settled().await;
        let state = payment(&app, u64::try_from(number).expect("small")).row.state;
        assert!(matches!(state, State::Paid | State::Rejected), "{state:?}");
        let (ends, came) = if state == State::Paid {
            (("Баланс пополнен на 300,00 ₽", "не найден"), true)
        } else {
            (("не найден", "Баланс пополнен на 300,00 ₽"), false)
        };
        let last = ann.sees_last(ends.0).await;
        assert!(last.text.contains(&format!("№ {number}")), "{}", last.text);
        assert_eq!(app.wallet(ANN).0 != money, came);
        assert_eq!(actions(&app).len(), before + 1, "one decision");
    }
    let told = app.sandbox.telegram.look(|world| {
        let messages = world.chat(ANN).expect("a chat").messages.values();
        messages.filter(|one| one.text.contains("Баланс пополнен") || one.text.contains("не найден")).count()
    });
    assert_eq!(told, 2, "one word for each transfer");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_amount_is_credited_and_what_is_no_amount_is_a_sentence() {
    let app = claimed().await;
    let admin = app.user(ADMIN);
    admin.taps("✏️ Другая сумма").await.sees_last("Клиент обещал 300,00 ₽").await;
    for (text, sentence) in [
        ("0", "больше нуля"),
        ("-5", "больше нуля"),
        ("1e9", "не похоже на сумму"),
        ("сто", "не похоже на сумму"),
        ("10.001", "не больше двух знаков"),
        ("100 000.01", "не больше 100"),
        ("99999999999999999999", "не больше 100"),
        ("<b>1</b>", "не похоже на сумму"),
    ] {
        admin.sends(text).sees_last(sentence).await;
    }
    app.settled().await;
    assert_eq!((app.wallet(ANN).0.as_str(), actions(&app).len()), ("0.00", 0));
    admin.sends("250,50").sees_last("Зачислить 250,50 ₽ по переводу № 1").await;
    app.settled().await;
    assert_eq!(app.wallet(ANN).0, "0.00", "it is asked back first");
    admin.taps("👍 Да, сделать").await.sees_last("✅ Сделано").await;
    app.user(ANN).sees_last("Баланс пополнен на 250,50 ₽").await;
    app.settled().await;
    assert_eq!((app.wallet(ANN).0.as_str(), actions(&app).len()), ("250.50", 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rejection_reaches_the_customer_with_the_operators_own_words() {
    let app = claimed().await;
    let admin = app.user(ADMIN);
    admin.taps("❌ Отклонить").await;
    because(&admin, "<b>нет</b> & «денег» <a href=\"x\">").await;
    admin.sees_last("❌ Оператор не нашёл деньги").await;
    let told = app.user(ANN).sees_last("Перевод № 1 не найден").await;
    assert!(told.text.contains("Ответ оператора: <b>нет</b> & «денег» <a href=\"x\">"), "{}", told.text);
    app.settled().await;
    assert_eq!(app.wallet(ANN).0, "0.00");
    assert_eq!(payment(&app, 1).row.state, State::Rejected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_receipt_a_second_time_is_pointed_out_whenever_it_is_shown() {
    let app = claimed().await;
    let first = app.user(ADMIN).sees_last("Перевод № 1").await;
    assert!(!first.text.contains("уже был чеком"), "{}", first.text);
    claims(&app.user(ANN), "300", RECEIPT).await;
    for admin in [ADMIN, SECOND] {
        let shown = app.user(admin).sees_last("Перевод № 2").await;
        assert!(shown.text.contains("Этот же файл уже был чеком платежа № 1"), "{}", shown.text);
    }
    let admin = finds(&app, "№ 2", "Платёж № 2").await;
    let page = admin.newest();
    admin.taps("📎 Показать чек").await;
    let again = admin.waits_for("receipt", |one| (Some(one.id) > page).then(|| one.clone())).await;
    assert!(again.media.is_some() && again.text.contains("чеком платежа № 1"), "{}", again.text);
    admin.taps("❌ Отклонить").await;
    because(&admin, "тот же чек").await;
    admin.sees_last("✅ Сделано").await;
    let page = admin.newest();
    admin.taps("📎 Показать чек").await;
    let decided = admin.waits_for("receipt", |one| (Some(one.id) > page).then(|| one.clone())).await;
    assert_eq!(decided.labels(), ["🧾 Открыть платёж"], "nothing is left to decide: {}", decided.text);
    app.settled().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stars_go_back_from_the_page_of_their_payment() {
    let app = bank().await;
    let ann = app.user(ANN);
    asks_for_stars(&ann, "100").await;
    ann.taps("⭐ 81 звезда Telegram").await;
    let charge = ann.pays(81).await;
    ann.sees_last("Баланс пополнен на 100,00 ₽").await;
    let admin = finds(&app, &charge, "Платёж № 1").await;
    admin.taps("↩️ Вернуть платёж").await.sees_last("Напишите причину").await;
    admin.sends("передумала").sees_last("Платёж: 100,00 ₽ ⭐ звёздами Telegram, клиент 1001").await;
    admin.taps("👍 Да, сделать").await;
    admin.sees_last("✅ Сделано: ↩️ Вернуть платёж № 1").await;
    ann.sees("Звёзды за 100,00 ₽ вернулись к вам в Telegram").await;
    app.settled().await;
    assert_eq!(app.wallet(ANN), ("0.00".to_owned(), "0.00".to_owned()));
    let left = app.sandbox.telegram.look(|world| (world.stars(ANN), world.bot_stars()));
    assert_eq!(left, (100_000, 0), "all her Stars are hers again");
    let page = finds(&app, "№ 1", "↩️ Возвращён").await.sees_last("Платёж № 1").await;
    let steps: Vec<_> =
        page.text.lines().filter_map(|one| one.strip_prefix("• ")?.split(": ").nth(1)).collect();
    assert_eq!(steps, ["счёт выставлен", "деньги на балансе", "начат возврат", "деньги возвращены"]);
    assert!(page.button("↩️ Вернуть платёж").is_none(), "it goes back once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_that_is_spent_does_not_go_back_and_the_operator_hears_why() {
    let app = crate::topup::shop().await;
    let (ann, _) = paid(&app).await;
    ann.orders("z-image", "самовар").await.taps("✅ Запустить").await.gets_media(1).await;
    app.settled().await;
    let admin = finds(&app, "№ 1", "Платёж № 1").await;
    admin.taps("↩️ Вернуть платёж").await.sees_last("на балансе не хватает 0,76 ₽").await;
    app.settled().await;
    assert_eq!(app.wallet(ANN), ("99.24".to_owned(), "0.00".to_owned()));
    assert_eq!((payment(&app, 1).row.state, actions(&app).len()), (State::Paid, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transfer_goes_back_by_hand_and_until_then_its_money_is_held() {
    let app = claimed().await;
    let (ann, admin) = (app.user(ANN), app.user(ADMIN));
    admin.taps("✅ Зачислить").await.sees_last("✅ Сделано").await;
    let wallet = |available: &str, held: &str| (available.to_owned(), held.to_owned());
    for (number, went) in [(1, false), (2, true)] {
        admin.taps("↩️ Вернуть платёж").await;
        because(&admin, "ошибка").await;
        admin.sees_last("👉 Отправьте 300,00 ₽ клиенту").await;
        ann.sees_last("Возвращаем платёж № 1").await;
        app.settled().await;
        assert_eq!(app.wallet(ANN), wallet("0.00", "300.00"), "try {number}");
        let button =
            if went { "✅ Деньги отправлены" } else { "❌ Вернуть не вышло" };
        admin.taps(button).await.sees_last("Всё верно?").await;
        admin.taps("👍 Да, сделать").await.sees_last("✅ Сделано").await;
        ann.sees_last(if went {
            "300,00 ₽ отправлены вам обратно"
        } else {
            "вернуть не получилось"
        })
        .await;
        app.settled().await;
        assert_eq!(app.wallet(ANN), wallet(if went { "0.00" } else { "300.00" }, "0.00"), "try {number}");
    }
    assert_eq!(app.posted(Account::CashManual), "0.00");
    assert_eq!(payment(&app, 1).row.state, State::Refunded);
    assert!(!admin.chat().contains("Telegram не вернул"), "nobody asked Telegram");
    let by: Vec<_> = payment(&app, 1).row.steps.iter().map(|step| step.by.map(|by| by.0)).collect();
    let me = Some(ADMIN);
    assert_eq!(by, [None, None, me, me, me, me, me], "who did each step");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customer_who_forges_the_buttons_of_payments_changes_nothing() {
    let app = claimed().await;
    let ann = app.user(ANN);
    let before = payment(&app, 1);
    for word in
        ["open", "p:1", "prc:1", "pok:1", "psum:1", "pno:1", "prf:1", "pback:1", "pkeep:1", "ps:900:0"]
    {
        ann.sends("/balance").sees_last("Доступно").await;
        ann.forges_tap(&format!("a:{word}"));
        ann.sees_last("Главное меню").await;
    }
    ann.sends("300").sees_last("сначала выберите модель").await;
    app.settled().await;
    assert_eq!(payment(&app, 1), before);
    assert_eq!((app.wallet(ANN).0.as_str(), actions(&app).len(), ann.media()), ("0.00", 0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_around_the_commit_of_an_approval_credits_it_once() {
    for side in [Side::Before, Side::After] {
        let mut app = claimed().await;
        app.settled().await;
        app.driver.crash_at("handle", 1, side);
        app.user(ADMIN).taps("✅ Зачислить").await;
        assert!(app.driver.crashed(PATIENCE).await, "{side:?}");
        app.crash().await;
        app.user(ANN).sees("Баланс пополнен на 300,00 ₽").await;
        app.user(ADMIN).sees_last("✅ Сделано").await;
        app.settled().await;
        assert_eq!(app.wallet(ANN).0, "300.00", "{side:?}");
        assert_eq!(actions(&app).len(), 1, "{side:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_says_who_decided_what_before_and_after() {
    let app = claimed().await;
    let (admin, second) = (app.user(ADMIN), app.user(SECOND));
    second.taps("✅ Зачислить").await.sees_last("✅ Сделано").await;
    second.taps("↩️ Вернуть платёж").await;
    because(&second, "ошибка").await;
    second.sees_last("👉 Отправьте").await;
    second.taps("✅ Деньги отправлены").await.sees_last("Всё верно?").await;
    second.taps("👍 Да, сделать").await.sees_last("✅ Сделано").await;
    claims(&app.user(ANN), "50", b"%PDF-1.4 two").await;
    admin.sees_last("Перевод № 2").await;
    admin.taps("❌ Отклонить").await;
    because(&admin, "<i>нет</i>").await;
    admin.sees_last("✅ Сделано").await;
    app.settled().await;
    let rows: Vec<_> = actions(&app)
        .into_iter()
        .map(|row| format!("{} | {} → {} | {}", row.who, row.before, row.after, row.reason))
        .collect();
    let expected = [
        "901 | claimed, 300.00 ₽; wallet 0.00 ₽ → paid, 300.00 ₽; wallet 300.00 ₽ | ",
        "901 | paid, 300.00 ₽; wallet 300.00 ₽ → refunding, 300.00 ₽; wallet 300.00 ₽ | ошибка",
        "901 | refunding, 300.00 ₽; wallet 300.00 ₽ → refunded, 300.00 ₽; wallet 0.00 ₽ | ",
        "900 | claimed, 50.00 ₽; wallet 0.00 ₽ → rejected, 50.00 ₽; wallet 0.00 ₽ | <i>нет</i>",
    ];
    assert_eq!(rows, expected);
    admin.sends("/admin").sees_last("Пульт оператора").await;
    let log = admin.taps("📓 Журнал действий").await.sees_last("Журнал действий").await;
    for words in [
        "901\n🏦 Зачислить 300,00 ₽ по переводу № 1\nБыло: claimed",
        "↩️ Вернуть платёж № 1",
        "📤 Деньги по платежу № 1 отправлены обратно",
        "900\n🙅 Отклонить перевод № 2",
        "Причина: <i>нет</i>",
    ] {
        assert!(log.text.contains(words), "{words} is not in {}", log.text);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transfer_whose_time_is_over_and_one_that_never_was_are_a_sentence() {
    let app = claimed().await;
    let admin = app.user(ADMIN);
    let receipt = admin.newest().expect("the receipt");
    app.skip(Duration::from_secs(73 * 3600));
    app.user(ANN).sees("Заявка № 1").await;
    taps_under(&app, ADMIN, receipt, "✅ Зачислить", 1);
    admin.sees_last("его время вышло").await;
    let admin = finds(&app, "№ 77", "По запросу «№ 77» ничего не нашлось").await;
    for word in ["p", "prc", "pok", "psum", "pno", "prf", "pback", "pkeep"] {
        admin.sends("/admin").sees_last("Пульт оператора").await;
        admin.forges_tap(&format!("a:{word}:77"));
        admin.sees_last("Такого платежа нет").await;
    }
    app.settled().await;
    assert_eq!((payment(&app, 1).row.state, actions(&app).len()), (State::Expired, 0));
    assert_eq!(app.wallet(ANN).0, "0.00");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_bank_took_back_leaves_the_wallet_even_when_it_is_spent_and_once() {
    let app = claimed().await;
    let (ann, admin) = (app.user(ANN), app.user(ADMIN));
    admin.taps("✅ Зачислить").await.sees_last("Сделано").await;
    ann.sees("Баланс пополнен на 300,00 ₽").await;
    ann.orders("z-image", "самовар").await.taps("✅ Запустить").await.gets_media(1).await;
    app.settled().await;
    let admin = finds(&app, "№ 1", "Платёж № 1").await;
    admin.taps("🏦 Банк забрал деньги обратно").await.sees_last("Всё верно?").await;
    let question = admin.newest().expect("the question");
    taps_under(&app, ADMIN, question, "👍 Да, сделать", 3);
    ann.sees("Платёж № 1 отозван").await;
    app.heard().await;
    assert_eq!(payment(&app, 1).row.state, State::ChargedBack);
    assert_eq!(app.wallet(ANN), ("-0.76".to_owned(), "0.00".to_owned()), "once, below zero");
    ann.orders("z-image", "ещё самовар").await.taps("✅ Запустить").await.sees("Не хватает денег").await;
    app.settled().await;
    assert_eq!(app.jobs(), 1, "nothing is sold on a debt");
}
