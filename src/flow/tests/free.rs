//! Free uses: how many are left at each limit, and that a use goes back where it came from.

use super::{ANN, BOB, DAY, HOUR, Stage, play};
use crate::catalog::{Model, model};
use crate::flow::FreeRules;
use crate::flow::free::{give_back, left, take};
use crate::ids::UserId;
use rust_decimal::Decimal;

fn picture() -> &'static Model {
    model("z-image").expect("a model")
}

/// A cost in millionths of a dollar.
fn usd(micro: i64) -> Decimal {
    Decimal::new(micro, 6)
}

const ROOMY: FreeRules =
    FreeRules { daily: 100, hourly: 100, max_cost_usd: Decimal::ONE, budget_usd: Decimal::ONE_HUNDRED };

fn uses_left(stage: &mut Stage, rules: FreeRules, cost_usd: Decimal) -> u32 {
    stage.act(move |_, tx| left(&rules, tx, ANN, picture(), cost_usd))
}

/// Counts uses as if they were begun in that hour.
fn used(stage: &mut Stage, user: UserId, model: &'static Model, hour: u32, times: u32) {
    stage.act(move |_, tx| (0..times).try_for_each(|_| tx.count_free_use(user, model.index, hour, false)));
}

fn spent(stage: &mut Stage, day: u32) -> i64 {
    stage.act(move |_, tx| tx.free_spent(day))
}

#[test]
fn only_a_free_model_is_free_and_only_while_a_use_costs_no_more_than_allowed() {
    play(|stage| {
        let rules = FreeRules { daily: 5, hourly: 3, max_cost_usd: usd(4_000), ..ROOMY };
        let paid = model("grok-imagine/text-to-video").expect("a model");
        assert!(picture().free && !paid.free);
        for (micro, free) in [(1, 3), (3_999, 3), (4_000, 3), (4_001, 0), (900_000, 0)] {
            assert_eq!(uses_left(stage, rules, usd(micro)), free, "{micro}");
            assert_eq!(stage.act(move |_, tx| left(&rules, tx, ANN, paid, usd(micro))), 0, "{micro}");
        }
    });
}

#[test]
fn the_days_budget_is_spent_to_the_last_millionth_and_not_beyond() {
    play(|stage| {
        let rules = FreeRules { daily: 5, hourly: 2, budget_usd: usd(10_000), ..ROOMY };
        let today = stage.now().at.day();
        stage.act(move |_, tx| tx.add_free_spent(today, 6_000));
        for (micro, free) in [(1, 2), (3_999, 2), (4_000, 2), (4_001, 0), (500_000, 0)] {
            assert_eq!(uses_left(stage, rules, usd(micro)), free, "{micro}");
        }
        let nothing = FreeRules { budget_usd: Decimal::ZERO, ..rules };
        assert_eq!(uses_left(stage, nothing, usd(1)), 0);
        stage.skip(DAY);
        assert_eq!(uses_left(stage, rules, usd(10_000)), 2, "a new day, a new budget");
    });
}

#[test]
fn the_hours_and_the_days_limits_both_count() {
    play(|stage| {
        let now = stage.now().at.hour();
        for (daily, hourly, expected) in [(5, 2, 2), (2, 5, 2), (1, 1, 1), (0, 5, 0), (5, 0, 0), (3, 3, 3)] {
            let rules = FreeRules { daily, hourly, ..ROOMY };
            assert_eq!(uses_left(stage, rules, usd(1)), expected, "{daily} a day, {hourly} an hour");
        }
        used(stage, ANN, picture(), now, 2);
        for (daily, hourly, expected) in [(5, 3, 1), (3, 5, 1), (5, 2, 0), (5, 1, 0), (2, 5, 0), (1, 5, 0)] {
            let rules = FreeRules { daily, hourly, ..ROOMY };
            assert_eq!(uses_left(stage, rules, usd(1)), expected, "{daily} a day, {hourly} an hour");
        }
    });
}

#[test]
fn a_day_is_its_own_24_hours_and_an_hour_itself() {
    play(|stage| {
        let (day, now) = (stage.now().at.day(), stage.now().at.hour());
        let first = day * 24;
        assert!(first < now && now < first + 23, "the test runs at noon");
        let mut today = 0;
        for (hour, counts) in [
            (first - 1, false),
            (first, true),
            (now - 1, true),
            (now + 1, true),
            (first + 23, true),
            (first + 24, false),
        ] {
            used(stage, ANN, picture(), hour, 1);
            today += u32::from(counts);
            assert_eq!(uses_left(stage, ROOMY, usd(1)), 100 - today, "hour {hour} of {first}");
        }
        let hourly = FreeRules { hourly: 2, ..ROOMY };
        assert_eq!(uses_left(stage, hourly, usd(1)), 2, "none of them is of this hour");
        used(stage, ANN, picture(), now, 1);
        assert_eq!(uses_left(stage, hourly, usd(1)), 1);
    });
}

#[test]
fn uses_of_others_and_of_other_models_do_not_count() {
    play(|stage| {
        let now = stage.now().at.hour();
        used(stage, BOB, picture(), now, 2);
        used(stage, ANN, model("google/nano-banana").expect("a model"), now, 2);
        let rules = FreeRules { daily: 2, hourly: 2, ..ROOMY };
        assert_eq!(uses_left(stage, rules, usd(1)), 2);
    });
}

#[test]
fn a_use_is_counted_in_its_hour_and_given_back_to_it() {
    play(|stage| {
        let (day, hour) = (stage.now().at.day(), stage.now().at.hour());
        let takes = |stage: &mut Stage| stage.act(|_, tx| take(tx, ANN, picture(), usd(4_000)));
        let counted =
            move |stage: &mut Stage| stage.act(move |_, tx| tx.free_uses(ANN, picture().index, hour, hour));
        assert_eq!((takes(stage), takes(stage)), (hour, hour));
        assert_eq!((counted(stage), spent(stage, day)), (2, 8_000));
        stage.skip(DAY + HOUR);
        assert_eq!(takes(stage), hour + 25);
        stage.act(move |_, tx| give_back(tx, ANN, picture(), hour, usd(4_000)));
        assert_eq!((counted(stage), spent(stage, day), spent(stage, day + 1)), (1, 4_000, 4_000));
        stage.act(move |_, tx| give_back(tx, ANN, picture(), hour, usd(4_000)));
        assert_eq!((counted(stage), spent(stage, day), spent(stage, day + 1)), (0, 0, 4_000));
        let all = stage.act(|_, tx| tx.free_uses(ANN, picture().index, 0, u32::MAX));
        assert_eq!(all, 1, "tomorrow's");
    });
}

#[test]
fn what_a_use_costs_is_rounded_up_to_millionths() {
    play(|stage| {
        let day = stage.now().at.day();
        for (cost_usd, sum) in [(Decimal::new(1, 9), 1), (Decimal::new(2_000_001, 12), 4), (usd(5), 9)] {
            stage.act(move |_, tx| take(tx, ANN, picture(), cost_usd));
            assert_eq!(spent(stage, day), sum, "{cost_usd}");
        }
    });
}
