//! What is free: the uses of the free tier that a customer has left and the bonus uses they were given,
//! and counting both, both ways.

use super::FreeRules;
use crate::catalog::price::Quote;
use crate::catalog::{self, Model};
use crate::ids::UserId;
use crate::money::Kopecks;
use crate::store::{BONUS_HOUR, Fault, Job, Tx};
use crate::time::At;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

/// The dearest generation that a bonus use stands for.
pub const BONUS_UP_TO: Kopecks = Kopecks::new(5_000);

/// A free use that an order would take now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FreeUse {
    /// How many there are, this one included; above 0.
    pub left: u32,
    /// It is one of the customer's bonus uses, not one of the model's free tier.
    pub bonus: bool,
}

/// The free use that an order at this price would take: the model's own if one is left, else a bonus use.
pub fn best(
    rules: &FreeRules,
    tx: &Tx<'_>,
    user: UserId,
    model: &Model,
    quote: &Quote,
) -> Result<Option<FreeUse>, Fault> {
    let left = left(rules, tx, user, model, quote.cost_usd)?;
    if left > 0 {
        return Ok(Some(FreeUse { left, bonus: false }));
    }
    let left = if quote.price <= BONUS_UP_TO { tx.bonus(user)?.uses } else { 0 };
    let is_given = left > 0 && may_be_given(rules, tx, quote.cost_usd)?;
    Ok(is_given.then_some(FreeUse { left, bonus: true }))
}

/// Whether an order at this price is not free only because the day's budget is spent.
pub fn is_budget_spent(
    rules: &FreeRules,
    tx: &Tx<'_>,
    user: UserId,
    model: &Model,
    quote: &Quote,
) -> Result<bool, Fault> {
    // Of nothing there is no more tomorrow either.
    if rules.budget_usd <= Decimal::ZERO {
        return Ok(false);
    }
    let may_be_free =
        (model.free && rules.is_on()) || (quote.price <= BONUS_UP_TO && tx.bonus(user)?.uses > 0);
    Ok(may_be_free && quote.cost_usd <= rules.max_cost_usd && !is_in_budget(rules, tx, quote.cost_usd)?)
}

/// Whether something of this cost may be given away now.
fn may_be_given(rules: &FreeRules, tx: &Tx<'_>, cost_usd: Decimal) -> Result<bool, Fault> {
    Ok(cost_usd <= rules.max_cost_usd && is_in_budget(rules, tx, cost_usd)?)
}

/// Whether the day's budget has room for this cost.
fn is_in_budget(rules: &FreeRules, tx: &Tx<'_>, cost_usd: Decimal) -> Result<bool, Fault> {
    let spent = tx.free_spent(tx.now().at.day())?.saturating_add(micro_usd(cost_usd)?);
    Ok(spent <= micro_usd(rules.budget_usd)?)
}

/// How many free uses of `model` the customer has left now; 0 when this one would cost the operator
/// too much, or the day's budget is spent.
pub fn left(
    rules: &FreeRules,
    tx: &Tx<'_>,
    user: UserId,
    model: &Model,
    cost_usd: Decimal,
) -> Result<u32, Fault> {
    if !model.free || !may_be_given(rules, tx, cost_usd)? {
        return Ok(0);
    }
    let now = tx.now().at;
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

/// Takes a bonus use; gives what stands in place of the hour it came from.
pub fn take_bonus(tx: &mut Tx<'_>, user: UserId, cost_usd: Decimal) -> Result<u32, Fault> {
    let mut row = tx.bonus(user)?;
    let left = row.uses.checked_sub(1);
    row.uses =
        left.ok_or_else(|| Fault::Bug(format!("customer {} has no bonus use to take", user.masked())))?;
    tx.put_bonus(user, &row)?;
    tx.add_free_spent(tx.now().at.day(), micro_usd(cost_usd)?)?;
    Ok(BONUS_HOUR)
}

/// Gives the free use of a job back that brought its customer nothing. What it cost stays spent: the result
/// was made, and the day's budget is for what is paid to the provider.
pub fn give_use_back(tx: &mut Tx<'_>, job: &Job) -> Result<(), Fault> {
    let user = job.row.user;
    match (job.row.free_hour, catalog::model(&job.row.model)) {
        (Some(BONUS_HOUR), _) => {
            let mut row = tx.bonus(user)?;
            row.uses = row.uses.saturating_add(1);
            tx.put_bonus(user, &row)
        }
        (Some(hour), Some(model)) => tx.count_free_use(user, model.index, hour, true),
        // What is sold no more is not given away either: there is nothing to give back to.
        (Some(_), None) | (None, _) => Ok(()),
    }
}

/// Whether the free use of this hour, if it goes back, is one that its customer can use again.
pub(super) fn comes_back(model: &str, hour: u32, now: At) -> bool {
    hour == BONUS_HOUR || (hour / 24 == now.day() && catalog::model(model).is_some())
}

/// Whether bonus uses are all that is given away.
pub fn bonus_only(rules: &FreeRules) -> bool {
    !rules.is_on() && rules.budget_usd > Decimal::ZERO
}

/// Gives the bonus use of a job back, and its cost to the budget of the day it was ordered on.
pub fn give_bonus_back(tx: &mut Tx<'_>, job: &Job) -> Result<(), Fault> {
    give_use_back(tx, job)?;
    tx.add_free_spent(job.row.created.day(), -micro_usd(job.row.cost_usd)?)
}

/// Millionths of a dollar, rounded up: a budget is never overrun by rounding.
pub(super) fn micro_usd(usd: Decimal) -> Result<i64, Fault> {
    let micro = usd.checked_mul(Decimal::from(1_000_000)).and_then(|micro| micro.ceil().to_i64());
    micro.ok_or_else(|| Fault::Bug(format!("{usd} dollars do not fit")))
}
