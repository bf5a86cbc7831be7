//! The shop of the scripted hour.

use crate::catalog::price::Rates;
use crate::flow::{FreeRules, Shop};
use crate::ids::UserId;
use crate::job::Limits;
use crate::money::Kopecks;
use rust_decimal::Decimal;
use std::time::Duration;

/// Its rules: short times, so that in an hour everything runs out once.
pub(super) fn shop() -> Shop {
    let minute = Duration::from_secs(60);
    let limits = Limits {
        queued: minute * 5,
        sending: minute,
        unknown: minute * 2,
        working: minute * 6,
        unreachable: minute,
        fetching: minute * 3,
        late: minute * 10,
        late_pause: minute,
        callbacks: true,
    };
    Shop {
        rates: Rates { markup: Decimal::TWO, usd_to_rub: Decimal::from(95), by_options: true },
        free: FreeRules { daily: 1, hourly: 1, max_cost_usd: Decimal::ONE, budget_usd: Decimal::ONE },
        open_jobs_per_customer: 5,
        queue_max: 200,
        start_bonus: Kopecks::new(30_000),
        referral: crate::flow::ReferralRules { free_uses: 3, monthly_cap: 10 },
        pay: crate::flow::PayRules { star_rub: Decimal::new(1_235, 3), cards: false, bank: None },
        actions_per_minute: 20,
        actions_burst: 30,
        admins: vec![UserId(900)],
        support: None,
        bot_name: "power_bot".to_owned(),
        server_key: [7; 32],
        nsfw_checker: true,
        quick: limits,
        video: limits,
        law: crate::flow::Law::default(),
        retention_days: 30,
    }
}
