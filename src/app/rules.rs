//! The operator's rules, made of the settings once, at the start.

use super::StartError;
use crate::catalog;
use crate::catalog::price::Rates;
use crate::config::Settings;
use crate::flow::{BankDetails, FreeRules, Law, PayRules, ReferralRules, Shop};
use crate::ids::UserId;
use crate::job::Limits;
use rust_decimal::Decimal;
use std::time::Duration;

/// The free tier is derived; the setting may only repeat it.
pub(crate) fn check_free_tier(settings: &Settings) -> Result<(), StartError> {
    let derived: Vec<&str> = catalog::free_tier().iter().map(|model| model.id).collect();
    if let Some(named) = &settings.free_tier_model_ids {
        let mut named: Vec<&str> = named.iter().map(String::as_str).collect();
        let mut sorted = derived.clone();
        named.sort_unstable();
        sorted.sort_unstable();
        if named != sorted {
            let expected = derived.join(",");
            return Err(StartError::Settings(format!(
                "FREE_TIER_MODEL_IDS must name the five cheapest models or be left out: {expected}"
            )));
        }
    }
    tracing::info!("FREE tier matches TOP-5 cheapest: {}", derived.join(", "));
    Ok(())
}

/// The operator's rates, from the settings.
pub(crate) fn rates(settings: &Settings) -> Rates {
    Rates {
        markup: settings.pricing_markup,
        usd_to_rub: settings.usd_to_rub,
        by_options: settings.price_by_options,
    }
}

/// The operator's rules, from the settings. The bot's name is not among them.
pub(crate) fn shop(settings: &Settings, admins: &[UserId], server_key: [u8; 32]) -> Shop {
    let quick = limits(settings, settings.job_deadline);
    let video = limits(settings, settings.job_deadline_video);
    Shop {
        rates: rates(settings),
        free: FreeRules {
            daily: settings.free_daily_limit,
            hourly: settings.free_hourly_limit,
            max_cost_usd: settings.free_max_cost_usd,
            budget_usd: settings.free_budget_usd.max(Decimal::ZERO),
        },
        open_jobs_per_customer: settings.open_jobs_per_customer,
        queue_max: u64::from(settings.queue_max),
        start_bonus: settings.start_bonus_rub,
        referral: ReferralRules {
            free_uses: settings.referral_free_uses,
            monthly_cap: settings.referral_monthly_cap,
        },
        pay: PayRules {
            star_rub: settings.star_rub,
            cards: settings.payment_provider_token.is_some(),
            bank: bank(settings),
        },
        actions_per_minute: settings.actions_per_minute,
        actions_burst: settings.actions_burst,
        admins: admins.to_vec(),
        support: settings.support_telegram.clone(),
        bot_name: String::new(),
        server_key,
        nsfw_checker: settings.nsfw_checker,
        quick,
        video,
        law: Law {
            terms: settings.terms.clone(),
            privacy: settings.privacy.clone(),
            paysupport: settings.paysupport.clone(),
        },
        retention_days: settings.retention_days,
    }
}

/// Transfers by hand need a card or a phone number to go to.
fn bank(settings: &Settings) -> Option<BankDetails> {
    let details = BankDetails {
        bank: settings.payment_bank.clone(),
        card: settings.payment_card.clone(),
        holder: settings.payment_card_holder.clone(),
        phone: settings.payment_phone.clone(),
    };
    (details.card.is_some() || details.phone.is_some()).then_some(details)
}

/// How long a job may take, in each of its states.
fn limits(settings: &Settings, working: Duration) -> Limits {
    let minutes = |count: u64| Duration::from_secs(count * 60);
    Limits {
        queued: minutes(15),
        sending: minutes(5),
        unknown: settings.unknown_deadline,
        working,
        unreachable: minutes(24 * 60),
        fetching: minutes(30),
        late: minutes(24 * 60),
        late_pause: minutes(10),
        callbacks: settings.has_callbacks(),
    }
}
