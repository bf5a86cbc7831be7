//! The free tier: how many free uses a customer has left, and counting them both ways.

use super::FreeRules;
use crate::catalog::Model;
use crate::ids::UserId;
use crate::store::{Fault, Tx};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

/// How many free uses of `model` the customer has left now; 0 when this one would cost the operator
/// too much, or the day's budget is spent.
pub fn left(
    rules: &FreeRules,
    tx: &Tx<'_>,
    user: UserId,
    model: &Model,
    cost_usd: Decimal,
) -> Result<u32, Fault> {
    if !model.free || cost_usd > rules.max_cost_usd {
        return Ok(0);
    }
    let now = tx.now().at;
    let spent = tx.free_spent(now.day())?.saturating_add(micro_usd(cost_usd)?);
    if spent > micro_usd(rules.budget_usd)? {
        return Ok(0);
    }
    let day_start = now.day() * 24;
    let today = tx.free_uses(user, model.index, day_start, day_start + 23)?;
    let this_hour = tx.free_uses(user, model.index, now.hour(), now.hour())?;
    Ok(rules.daily.saturating_sub(today).min(rules.hourly.saturating_sub(this_hour)))
}

/// Counts a free use now; gives the hour to give it back to.
pub fn take(tx: &mut Tx<'_>, user: UserId, model: &Model, cost_usd: Decimal) -> Result<u32, Fault> {
    let now = tx.now().at;
    tx.count_free_use(user, model.index, now.hour(), false)?;
    tx.add_free_spent(now.day(), micro_usd(cost_usd)?)?;
    Ok(now.hour())
}

/// Gives a free use back, to the hour and day it was taken from.
pub fn give_back(
    tx: &mut Tx<'_>,
    user: UserId,
    model: &Model,
    hour: u32,
    cost_usd: Decimal,
) -> Result<(), Fault> {
    tx.count_free_use(user, model.index, hour, true)?;
    tx.add_free_spent(hour / 24, -micro_usd(cost_usd)?)
}

/// Millionths of a dollar, rounded up: the budget is never overrun by rounding.
fn micro_usd(usd: Decimal) -> Result<i64, Fault> {
    let micro = usd.checked_mul(Decimal::from(1_000_000)).and_then(|micro| micro.ceil().to_i64());
    micro.ok_or_else(|| Fault::Bug(format!("{usd} dollars do not fit")))
}
