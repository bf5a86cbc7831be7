//! Who brings a friend gets free generations when the friend pays, through the door.

use crate::support::{Customer, Mode, TestApp};
use crate::topup::shop;
use samovar::ids::UserId;
use samovar::store::Reward;
use std::time::Duration;

const ANN: i64 = 1001;
const BOB: i64 = 1002;
const CAT: i64 = 1003;

/// A new customer comes by Ann's link.
async fn comes<'a>(app: &'a TestApp, friend: i64, payload: &str) -> Customer<'a> {
    let friend = app.user(friend);
    friend.sends(&format!("/start {payload}"));
    friend.sees_last("Здравствуйте").await;
    friend
}

/// So many roubles by Stars, each time another amount; gives the charge.
async fn pays(app: &TestApp, friend: &Customer<'_>, roubles: i64) -> String {
    friend.sends("/topup");
    friend.taps("✏️ Другая сумма").await;
    friend.sees_last("Напишите сумму").await;
    friend.sends(&roubles.to_string());
    // At 1.235 roubles a Star, rounded up.
    let charge = friend.pays((roubles * 1_000 + 1_234) / 1_235).await;
    friend.sees_last(&format!("Баланс пополнен на {roubles},00 ₽")).await;
    app.settled().await;
    charge
}

fn uses(app: &TestApp, user: i64) -> u32 {
    app.store().view().expect("a view").bonus(UserId(user)).expect("readable").uses
}

fn inviter(app: &TestApp, user: i64) -> Option<i64> {
    let row = app.store().view().expect("a view").invited(UserId(user)).expect("readable");
    row.map(|row| row.inviter.0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_payment_of_a_friend_brings_three_free_uses_and_only_the_first() {
    let app = shop().await;
    let ann = app.user(ANN);
    ann.sends("/balance");
    ann.taps("👥 Пригласить друга").await;
    let screen = ann.sees_last("Пришли по ссылке: 0").await;
    assert!(screen.text.contains(&format!("?start=ref_{ANN}")), "{}", screen.text);
    assert!(screen.button("📋 Скопировать ссылку").is_some(), "{:?}", screen.labels());
    let bob = comes(&app, BOB, &format!("ref_{ANN}")).await;
    bob.sends(&format!("/start ref_{ANN}"));
    app.settled().await;
    assert_eq!((inviter(&app, BOB), uses(&app, ANN)), (Some(ANN), 0), "he has not paid");
    pays(&app, &bob, 100).await;
    ann.sees_last("Ваш друг пополнил баланс").await;
    pays(&app, &bob, 200).await;
    assert_eq!(uses(&app, ANN), 3);
    ann.sends("/help");
    ann.taps("❔ Как создавать бесплатно?").await;
    ann.taps("👥 Пригласить друга").await;
    let screen = ann.sees_last("Пришли по ссылке: 1").await;
    assert!(screen.text.contains("пополнили баланс: 1"), "{}", screen.text);
    ann.orders("z-image", "самовар").await;
    ann.sees_last("🆓 Бесплатно (осталось 3)").await;
    ann.taps("✅ Запустить").await;
    ann.gets_media(1).await;
    app.settled().await;
    assert_eq!((uses(&app, ANN), app.wallet(ANN).0.as_str()), (2, "0.00"));
    // Nor need it be a model of the free tier.
    ann.sends("/start");
    ann.taps("🎨 Создать картинку").await;
    ann.taps("m:flux-2/pro-text-to-image").await;
    ann.sees_last("осталось 2 запуска").await;
    ann.sends("самовар");
    ann.taps("⏭ Пропустить все").await;
    ann.sees_last("🆓 Бесплатно (осталось 2)").await;
    ann.taps("✅ Запустить").await;
    ann.gets_media(2).await;
    app.settled().await;
    assert_eq!((uses(&app, ANN), app.wallet(ANN).0.as_str()), (1, "0.00"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_brings_themselves_or_who_was_there_before_and_strangers_bring_nobody() {
    let app = shop().await;
    app.user(ANN).sends("/start");
    app.user(ANN).sees_last("Здравствуйте").await;
    comes(&app, BOB, "").await;
    comes(&app, BOB, &format!("ref_{ANN}")).await;
    comes(&app, CAT, &format!("ref_{CAT}")).await;
    for (nth, payload) in
        ["ref_77", "ref_", "ref_x", "ref_-1", "ref_99999999999999999999", "other"].into_iter().enumerate()
    {
        let user = 2_000 + i64::try_from(nth).expect("small");
        let friend = comes(&app, user, payload).await;
        pays(&app, &friend, 100).await;
        assert_eq!(inviter(&app, user), None, "{payload}");
    }
    assert_eq!((inviter(&app, BOB), inviter(&app, CAT)), (None, None));
    assert_eq!(app.store().view().expect("a view").bonus(UserId(ANN)).expect("readable").came, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_rewards_come_in_a_month_than_the_operator_allows() {
    let app = TestApp::start_with(Mode::Webhook, |settings| {
        (settings.free_daily_limit, settings.referral_monthly_cap, settings.referral_free_uses) = (0, 1, 5);
    })
    .await;
    app.user(ANN).sends("/start");
    app.user(ANN).sees_last("Здравствуйте").await;
    let mut friends = Vec::new();
    for id in [BOB, CAT, 1004] {
        friends.push(comes(&app, id, &format!("ref_{ANN}")).await);
    }
    pays(&app, &friends[0], 100).await;
    pays(&app, &friends[1], 100).await;
    assert_eq!(uses(&app, ANN), 5, "one a month");
    app.skip(Duration::from_secs(10 * 24 * 3600));
    pays(&app, &friends[2], 100).await;
    pays(&app, &friends[1], 200).await;
    assert_eq!(uses(&app, ANN), 10, "it is December");
    let view = app.store().view().expect("a view");
    let missed = view.invited(UserId(CAT)).expect("readable").expect("invited");
    assert_eq!((missed.reward, view.bonus(UserId(ANN)).expect("readable").paid), (Reward::Missed, 3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_that_goes_back_takes_what_is_left_of_the_reward_with_it() {
    let app = shop().await;
    let ann = app.user(ANN);
    ann.sends("/start");
    ann.sees_last("Здравствуйте").await;
    let bob = comes(&app, BOB, &format!("ref_{ANN}")).await;
    let charge = pays(&app, &bob, 100).await;
    ann.orders("z-image", "самовар").await.taps("✅ Запустить").await;
    ann.gets_media(1).await;
    app.settled().await;
    assert_eq!(uses(&app, ANN), 2);
    bob.charges_back(&charge);
    ann.sees_last("2 подаренных за него бесплатных запуска больше не действуют").await;
    pays(&app, &bob, 200).await;
    assert_eq!(uses(&app, ANN), 0, "and no second reward for the same friend");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_reward_nobody_is_asked_to_bring_anybody() {
    let app = TestApp::start_with(Mode::Webhook, |settings| settings.referral_free_uses = 0).await;
    let ann = app.user(ANN);
    ann.sends("/balance");
    let screen = ann.sees_last("Баланс").await;
    assert!(screen.button("👥 Пригласить друга").is_none());
    comes(&app, BOB, &format!("ref_{ANN}")).await;
    app.settled().await;
    assert_eq!(inviter(&app, BOB), None);
    ann.sends("/invite");
    ann.sees_last("ничего не дарим").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payment_below_what_a_bonus_use_may_cost_decides_nothing() {
    let app = shop().await;
    app.user(ANN).sends("/start").sees_last("Здравствуйте").await;
    let bob = comes(&app, BOB, &format!("ref_{ANN}")).await;
    pays(&app, &bob, 49).await;
    assert_eq!(uses(&app, ANN), 0, "one Star does not buy three generations");
    pays(&app, &bob, 50).await;
    assert_eq!(uses(&app, ANN), 3);
}
