//! Promo codes, through the door, and 64 customers who want the last use of one; and the start bonus, for
//! which nobody needs a code.

use crate::races::rules;
use crate::shop::open;
use crate::support::{ADMIN, Mode, TestApp};
use crate::topup::shop;
use samovar::flow::{admin, promo};
use samovar::ids::{ActionId, UserId};
use samovar::ledger::Account;
use samovar::money::Kopecks;
use samovar::sandbox::kie::Script;
use samovar::store::{Action, Gift, Store};
use std::time::Duration;

const ANN: i64 = 1001;
const BOB: i64 = 1002;

/// An operator makes a code.
pub(crate) async fn makes(app: &TestApp, words: &str) {
    let admin = app.user(ADMIN);
    admin.sends(&format!("/promo_new {words}"));
    let code = words.split(' ').next().expect("a code").to_uppercase();
    admin.sees_last(&format!("Сделано: 🎟 Промокод {code}")).await;
}

fn uses(app: &TestApp, user: i64) -> u32 {
    app.store().view().expect("a view").bonus(UserId(user)).expect("readable").uses
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_puts_money_into_the_wallet_once_and_the_statement_says_so() {
    let app = shop().await;
    makes(&app, "Leto 100 limit=2").await;
    let ann = app.user(ANN);
    ann.sends("/balance");
    ann.taps("💳 Пополнить").await;
    ann.taps("🎟 Промокод").await;
    ann.sees_last("Напишите промокод").await;
    ann.sends(" LETO ");
    ann.sees_last("На баланс добавлено 100,00 ₽").await;
    ann.sends("/promo leto");
    ann.sees_last("уже использовали").await;
    ann.sends("/statement");
    ann.sees_last("подарок по промокоду").await;
    app.settled().await;
    assert_eq!(app.wallet(ANN).0, "100.00");
    assert_eq!(app.posted(Account::Bonus), "-100.00");
    let admin = app.user(ADMIN);
    admin.sends("/promos");
    admin.sees_last("1 из 2").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_that_gives_nothing_says_why_and_another_may_be_written() {
    let app = shop().await;
    for words in ["ONE 50 limit=1", "DAY 50 until=24.11.2026", "GONE 50", "GOOD 50"] {
        makes(&app, words).await;
    }
    let admin = app.user(ADMIN);
    admin.sends("/promo_off gone");
    admin.sees_last("⛔ выключен").await;
    let (ann, bob) = (app.user(ANN), app.user(BOB));
    bob.sends("/promo one");
    bob.sees_last("На баланс добавлено").await;
    app.skip(Duration::from_secs(48 * 3600));
    ann.sends("/promo");
    ann.sees_last("Напишите промокод").await;
    for (code, why) in [
        ("нет такого", "Такого промокода нет"),
        ("ONE", "закончился"),
        ("<b>", "Такого промокода нет"),
        ("DAY", "больше не действует"),
        ("NOPE", "Такого промокода нет"),
        ("GONE", "больше не действует"),
    ] {
        ann.sends(code);
        ann.sees_last(why).await;
    }
    bans(&app, true).await;
    ann.sends("good");
    ann.sees_last("Промокоды для вас закрыты").await;
    bans(&app, false).await;
    app.settled().await;
    assert_eq!(app.wallet(ANN).0, "0.00");
    ann.sends("/promo good");
    ann.sees_last("На баланс добавлено 50,00 ₽").await;
    app.settled().await;
    assert_eq!((app.wallet(ANN).0.as_str(), app.wallet(BOB).0.as_str()), ("50.00", "50.00"));
}

async fn bans(app: &TestApp, banned: bool) {
    let written = app.store().write("test", move |tx| {
        let mut row = tx.user(UserId(ANN))?.expect("a customer");
        row.banned = banned;
        tx.put_user(UserId(ANN), &row)
    });
    written.await.expect("written");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_gives_free_uses_which_orders_take_by_themselves_and_failures_give_back() {
    let app = shop().await;
    makes(&app, "START free=2").await;
    let ann = app.user(ANN);
    ann.orders("z-image", "самовар").await;
    ann.sees_last("не хватает").await;
    ann.sends("/promo start");
    ann.sees_last("добавлено 2 бесплатных запуска").await;
    ann.taps("⬅️ Вернуться к заказу").await;
    ann.sees_last("🆓 Бесплатно (осталось 2)").await;
    app.sandbox.kie.act(|kie, _| kie.next(Script::fails("500", "no")));
    ann.taps("✅ Запустить").await;
    ann.sees("Бесплатный запуск вернулся").await;
    app.settled().await;
    assert_eq!(uses(&app, ANN), 2);
    for left in [1, 0] {
        ann.orders("z-image", "самовар").await.taps("✅ Запустить").await;
        ann.gets_media(2 - left).await;
        app.settled().await;
        assert_eq!(uses(&app, ANN), u32::try_from(left).expect("small"));
    }
    ann.orders("z-image", "самовар").await;
    ann.sees_last("не хватает").await;
    assert_eq!(
        (app.wallet(ANN), app.posted(Account::Bonus)),
        (("0.00".into(), "0.00".into()), "0.00".into())
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_operators_make_codes_and_what_they_write_wrong_is_answered_with_an_example() {
    let app = shop().await;
    let (admin, ann) = (app.user(ADMIN), app.user(ANN));
    for command in ["/promo_new LETO 100", "/promos", "/promo_off LETO"] {
        ann.sends(command);
        ann.sees_last("Такой команды нет").await;
    }
    for (words, wrong) in [
        ("", "Код не подходит"),
        ("<b>leto</b> 100", "Код не подходит"),
        ("LETO 0", "сумму в рублях"),
        ("LETO 100 limit=0", "После limit="),
        ("LETO сто", "сумму в рублях"),
        ("LETO 100 until=01.01.2020", "После until="),
        ("LETO 100 free=1", "лишнее слово"),
        ("LETO free=1001", "После free="),
    ] {
        admin.sends(&format!("/promo_new {words}"));
        let told = admin.sees_last(wrong).await;
        assert!(told.text.contains("/promo_new LETO 100 limit=50"), "{}", told.text);
    }
    admin.sends("/promo_off LETO");
    admin.sees_last("Такого кода нет").await;
    makes(&app, "LETO 100").await;
    admin.sends("/promo_new leto free=1");
    admin.sees_last("Такой код уже есть").await;
    for (words, seen) in [("LETO", "Сделано: ⛔"), ("leto", "уже выключен")] {
        admin.sends(&format!("/promo_off {words}"));
        admin.sees_last(seen).await;
    }
    admin.sends("/admin");
    admin.taps("📓 Журнал действий").await;
    admin.sees_last("Выключить промокод LETO").await;
    let action = |id| app.store().view().expect("a view").action(ActionId(id)).expect("readable");
    let noted: Vec<_> = (1..20).filter_map(action).map(|row| (row.who, row.what)).collect();
    let gift = Gift::Money(Kopecks::new(10_000));
    let code = || "leto".to_owned();
    let made = Action::PromoNew { code: code(), gift, limit: promo::USUAL_LIMIT, until: None };
    let me = ADMIN.to_string();
    assert_eq!(noted, [(me.clone(), made), (me, Action::PromoOff { code: code() })]);
}

/// A code with so many uses, made as an operator makes it.
async fn code(store: &Store, gift: Gift, limit: u32) {
    let what = Action::PromoNew { code: "last".to_owned(), gift, limit, until: None };
    let made = store.write("test", move |tx| {
        let id = tx.new_action()?;
        admin::perform(&rules(0), tx, id, UserId(ADMIN), &what, "")
    });
    made.await.expect("written").expect("made");
}

/// 64 tasks use the code at once, each for who `user` says; gives how many got something.
async fn sixty_four_want_it(store: &Store, user: impl Fn(i64) -> i64) -> usize {
    let tasks = (1..=64).map(|number| {
        let (store, user) = (store.clone(), UserId(user(number)));
        tokio::spawn(async move {
            store.write("use", move |tx| promo::redeem(tx, user, "LAST")).await.expect("no fault").is_ok()
        })
    });
    let got = futures_util::future::join_all(tasks).await;
    got.into_iter().filter(|one| *one.as_ref().expect("no panic")).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_use_of_a_code_goes_to_one_of_sixty_four_customers() {
    for (gift, given) in [(Gift::Money(Kopecks::new(10_000)), 10_000), (Gift::FreeUses(3), 0)] {
        let dir = tempfile::TempDir::new().expect("a directory");
        let store = open(dir.path());
        code(&store, gift, 1).await;
        assert_eq!(sixty_four_want_it(&store, |number| number).await, 1);
        let view = store.view().expect("a view");
        let bonus = view.account(Account::Bonus).expect("readable").counters;
        let uses: u32 = (1..=64).map(|user| view.bonus(UserId(user)).expect("readable").uses).sum();
        assert_eq!((bonus.debits_posted, uses), (Kopecks::new(given), if given == 0 { 3 } else { 0 }));
        assert!(view.audit().expect("readable").ok);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_customer_uses_a_code_once_however_often_they_try_at_once() {
    let dir = tempfile::TempDir::new().expect("a directory");
    let store = open(dir.path());
    code(&store, Gift::Money(Kopecks::new(10_000)), 64).await;
    assert_eq!(sixty_four_want_it(&store, |_| ANN).await, 1);
    let view = store.view().expect("a view");
    let wallet = view.account(Account::User(UserId(ANN))).expect("readable").counters;
    assert_eq!(wallet.available(), Some(Kopecks::new(10_000)));
    assert!(view.audit().expect("readable").ok);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_start_bonus_comes_once_and_never_without_its_customer() {
    let app =
        TestApp::start_with(Mode::Webhook, |settings| settings.start_bonus_rub = Kopecks::new(5_000)).await;
    let ann = app.user(ANN);
    ann.sends("/start");
    app.until("the customer", |view| {
        let user = view.user(UserId(ANN)).expect("readable");
        let welcome = view.account(Account::User(UserId(ANN))).expect("readable").welcome;
        assert_eq!(user.is_some(), welcome.is_some(), "one without the other");
        user
    })
    .await;
    ann.sees_last("50,00 ₽").await;
    ann.sends("/start");
    ann.sends("/start");
    app.settled().await;
    assert_eq!((app.wallet(ANN).0.as_str(), app.posted(Account::Bonus).as_str()), ("50.00", "-50.00"));
}
