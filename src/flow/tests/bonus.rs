//! Bonus uses: what they stand for, where they come from, and where they go.

use super::{ADMIN, ANN, BOB, DAY, HOUR, PRICE, Stage, play, text};
use crate::catalog::model;
use crate::catalog::price::Quote;
use crate::flow::free::{BONUS_UP_TO, FreeUse, best};
use crate::flow::{BankDetails, FreeRules, promo, referral, refund, topup, transfer};
use crate::ids::{JobId, PaymentId, UserId};
use crate::job::{Event, Why};
use crate::message::{Bill, Lang};
use crate::money::Kopecks;
use crate::payment::Way;
use crate::store::{Action, BONUS_HOUR, BonusRow, Gift, Receipt, Reward};
use rust_decimal::Decimal;

const CAT: UserId = UserId(1003);

/// Ann has so many bonus uses.
fn gives(stage: &mut Stage, uses: u32) {
    stage.act(move |_, tx| tx.put_bonus(ANN, &BonusRow { uses, ..tx.bonus(ANN)? }));
}

fn uses(stage: &Stage, user: UserId) -> u32 {
    stage.view().bonus(user).expect("readable").uses
}

/// The free use that a generation of this price and cost would take.
fn free(stage: &mut Stage, id: &'static str, kopecks: i64, cents: i64) -> Option<FreeUse> {
    let quote = Quote { price: Kopecks::new(kopecks), cost_usd: Decimal::new(cents, 2) };
    stage.act(move |shop, tx| best(&shop.free, tx, ANN, model(id).expect("a model"), &quote))
}

#[test]
fn a_bonus_use_stands_for_any_model_up_to_fifty_roubles() {
    play(|stage| {
        let video = "grok-imagine/text-to-video";
        assert_eq!(free(stage, video, 1, 1), None);
        gives(stage, 3);
        let bonus = Some(FreeUse { left: 3, bonus: true });
        assert_eq!(BONUS_UP_TO, Kopecks::new(5_000));
        for (kopecks, expected) in [(1, bonus), (4_999, bonus), (5_000, bonus), (5_001, None)] {
            assert_eq!(free(stage, video, kopecks, 1), expected, "{kopecks}");
        }
        let [max_cost_usd, budget_usd] = [Decimal::new(25, 2), Decimal::new(30, 2)];
        stage.shop.free = FreeRules { max_cost_usd, budget_usd, ..stage.shop.free };
        assert_eq!(free(stage, video, 5_000, 25), bonus);
        assert_eq!(free(stage, video, 5_000, 26), None, "dearer than may be given away");
        let today = stage.now().at.day();
        stage.act(move |_, tx| tx.add_free_spent(today, 60_000));
        assert_eq!(free(stage, video, 5_000, 24), bonus);
        assert_eq!(free(stage, video, 5_000, 25), None, "more than is left of the day's budget");
    });
}

#[test]
fn the_models_own_free_uses_come_first() {
    play(|stage| {
        gives(stage, 2);
        stage.shop.free.daily = 1;
        assert_eq!(free(stage, "z-image", PRICE, 0), Some(FreeUse { left: 1, bonus: false }));
        let first = stage.sell("z-image");
        assert_ne!(stage.job(first).free_hour, Some(BONUS_HOUR));
        assert_eq!(free(stage, "z-image", PRICE, 0), Some(FreeUse { left: 2, bonus: true }));
        for left in [1, 0] {
            let id = stage.sell("z-image");
            assert_eq!(stage.job(id).free_hour, Some(BONUS_HOUR));
            assert_eq!(stage.last_event(id), ("ordered".into(), "z-image, a bonus use".into()));
            assert_eq!(uses(stage, ANN), left);
        }
        stage.sell("z-image");
        assert_eq!(stage.wallet(ANN), (10_000 - PRICE, PRICE), "then it costs money");
    });
}

#[test]
fn a_bonus_use_comes_back_when_the_job_fails_and_its_cost_to_the_day_it_was_taken_on() {
    play(|stage| {
        gives(stage, 1);
        let day = stage.now().at.day();
        let spent = move |stage: &mut Stage| {
            stage.act(move |_, tx| Ok((tx.free_spent(day)?, tx.free_spent(day + 1)?)))
        };
        let id = stage.sell("z-image");
        assert_eq!((uses(stage, ANN), spent(stage)), (0, (4_000, 0)));
        stage.accept(id, "t-1");
        stage.skip(DAY);
        stage.step(id, Event::Running);
        assert_eq!((uses(stage, ANN), spent(stage)), (1, (0, 0)));
        let (_, _, ending) = stage.ending(id);
        assert!(text(&ending).contains("Бесплатный запуск вернулся"), "{ending:?}");
        let id = stage.sell("z-image");
        stage.accept(id, "t-2");
        stage.finish(id);
        assert_eq!((uses(stage, ANN), stage.wallet(ANN)), (0, (10_000, 0)), "it brought its result");
    });
}

#[test]
fn a_bonus_use_comes_back_from_a_model_that_is_sold_no_more() {
    play(|stage| {
        gives(stage, 1);
        let id = stage.sell("z-image");
        stage.act(move |_, tx| {
            let mut job = tx.job(id)?.expect("a job");
            "gone".clone_into(&mut job.row.model);
            tx.put_job(&job)
        });
        stage.refuse(id, Why::ModelGone);
        assert_eq!(uses(stage, ANN), 1);
    });
}

/// Bob and Cat come by Ann's link.
fn invites(stage: &mut Stage) {
    for friend in [BOB, CAT] {
        stage.meet(friend, Lang::Ru);
        stage.act(move |shop, tx| referral::came(shop, tx, friend, ANN));
    }
}

fn pays_by_card(stage: &mut Stage, user: UserId, charge: &'static str) {
    let bill = Bill { currency: "RUB".to_owned(), total: 10_000, payload: String::new() };
    stage.act(move |shop, tx| topup::arrive(shop, tx, user, &bill, charge, topup::Heard::Told));
}

fn reward(stage: &Stage, user: UserId) -> Reward {
    stage.view().invited(user).expect("readable").expect("invited").reward
}

#[test]
fn a_transfer_rewards_when_an_operator_has_approved_it_and_gifts_never_do() {
    play(|stage| {
        stage.shop.pay.bank = Some(BankDetails {
            bank: None,
            card: Some("2200 0000 0000 0004".to_owned()),
            holder: None,
            phone: None,
        });
        invites(stage);
        let gift = Action::PromoNew {
            code: "gift".to_owned(),
            gift: Gift::Money(Kopecks::new(100)),
            limit: 9,
            until: None,
        };
        let made = stage.act(move |shop, tx| {
            let id = tx.new_action()?;
            crate::flow::admin::perform(shop, tx, id, ADMIN, &gift, "")
        });
        assert!(made.is_ok());
        assert!(stage.act(|_, tx| promo::redeem(tx, BOB, "GIFT")).is_ok());
        stage.give(BOB, 100);
        let asked =
            stage.act(|shop, tx| topup::ask(shop, tx, BOB, Lang::Ru, Way::Manual, Kopecks::new(10_000)));
        let id = asked.expect("asked").id;
        let paper = Receipt { file_id: "f".to_owned(), unique_id: "u".to_owned(), photo: true };
        assert!(stage.act(move |shop, tx| transfer::claim(shop, tx, BOB, id, paper.clone())).is_ok());
        assert_eq!((uses(stage, ANN), reward(stage, BOB)), (0, Reward::Waiting));
        let approved = stage.act(move |shop, tx| transfer::approve(shop, tx, id, Kopecks::new(5_000), ADMIN));
        assert!(approved.is_ok());
        assert_eq!((uses(stage, ANN), reward(stage, BOB)), (3, Reward::Given { payment: id, uses: 3 }));
        pays_by_card(stage, CAT, "c-1");
        pays_by_card(stage, CAT, "c-2");
        assert_eq!(uses(stage, ANN), 6);
        assert_eq!(reward(stage, CAT), Reward::Given { payment: PaymentId(2), uses: 3 });
    });
}

#[test]
fn a_banned_inviter_gets_nothing_and_a_reward_that_was_missed_is_not_made_good() {
    play(|stage| {
        invites(stage);
        let ban = |stage: &mut Stage, banned| {
            stage.act(move |_, tx| {
                let mut row = tx.user(ANN)?.expect("a customer");
                row.banned = banned;
                tx.put_user(ANN, &row)
            });
        };
        ban(stage, true);
        pays_by_card(stage, BOB, "c-1");
        ban(stage, false);
        pays_by_card(stage, BOB, "c-2");
        assert_eq!((uses(stage, ANN), reward(stage, BOB)), (0, Reward::Missed));
        stage.shop.referral.free_uses = 0;
        pays_by_card(stage, CAT, "c-3");
        assert_eq!((uses(stage, ANN), reward(stage, CAT)), (0, Reward::Missed));
        assert_eq!(stage.view().bonus(ANN).expect("readable").paid, 2);
    });
}

#[test]
fn a_payment_that_goes_back_takes_what_is_left_of_its_reward_once() {
    play(|stage| {
        invites(stage);
        pays_by_card(stage, BOB, "c-1");
        pays_by_card(stage, BOB, "c-2");
        pays_by_card(stage, CAT, "c-3");
        assert_eq!(uses(stage, ANN), 6);
        let back = |stage: &mut Stage, id| {
            stage.act(move |shop, tx| refund::went_back(shop, tx, PaymentId(id)));
        };
        back(stage, 2);
        assert_eq!(uses(stage, ANN), 6, "not the payment that was rewarded");
        back(stage, 1);
        back(stage, 1);
        assert_eq!((uses(stage, ANN), reward(stage, BOB)), (3, Reward::TakenBack { payment: PaymentId(1) }));
        stage.sell("z-image");
        stage.sell("z-image");
        assert!(stage.act(|_, tx| refund::begin(tx, PaymentId(3), ADMIN)).is_ok());
        assert_eq!(uses(stage, ANN), 1, "it has not gone back yet");
        back(stage, 3);
        assert_eq!(uses(stage, ANN), 0, "never below zero");
        stage.skip(HOUR);
        stage.step(JobId(1), Event::Cancel);
        assert_eq!(uses(stage, ANN), 1, "what a failed job had taken comes back");
        pays_by_card(stage, BOB, "c-4");
        assert_eq!(uses(stage, ANN), 1, "once a friend");
        assert_eq!(stage.view().bonus(ANN).expect("readable").rewards, 2);
    });
}
