//! The one place where a price is made: from the price list and the operator's rates to kopecks.

use crate::catalog::Model;
use crate::catalog::input::ValidInput;
use crate::money::Kopecks;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// The operator's rates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rates {
    /// How many times the cost a customer pays (`PRICING_MARKUP`).
    pub markup: Decimal,
    /// Roubles for one US dollar (`USD_TO_RUB`).
    pub usd_to_rub: Decimal,
}

/// The price of one generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// What the customer pays; above zero.
    pub price: Kopecks,
    /// What it costs the operator, in US dollars.
    pub cost_usd: Decimal,
}

/// Why there is no price. The sale is refused: nothing is ever sold for nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoPrice {
    /// The rates make it zero or less, or less than half a kopeck.
    #[error("the rates make the price zero or less")]
    NotPositive,
    /// The rates make it more than money can hold.
    #[error("the rates make the price too large")]
    TooLarge,
}

/// The price of these values at these rates: `usd × markup × roubles a dollar`, rounded once, at the end.
///
/// # Panics
/// When `input` was checked for another model than `model`.
pub fn quote(model: &Model, input: &ValidInput, rates: &Rates) -> Result<Quote, NoPrice> {
    assert_eq!(model.id, input.model().id, "values of one model priced as another");
    priced(charge_usd(model, input), rates)
}

/// The price of the model's cheapest options: the `от` of its card.
pub fn quote_from(model: &Model, rates: &Rates) -> Result<Quote, NoPrice> {
    priced(least_charge_usd(model), rates)
}

/// What these values cost the operator: the price list's price, whatever the options, as long as
/// the model files do not hold KIE's charge for each.
fn charge_usd(model: &Model, _input: &ValidInput) -> Decimal {
    model.usd
}

/// The least that [`charge_usd`] can give for this model.
fn least_charge_usd(model: &Model) -> Decimal {
    model.usd
}

fn priced(cost_usd: Decimal, rates: &Rates) -> Result<Quote, NoPrice> {
    if rates.markup <= Decimal::ZERO || rates.usd_to_rub <= Decimal::ZERO {
        return Err(NoPrice::NotPositive);
    }
    let roubles = cost_usd
        .checked_mul(rates.markup)
        .and_then(|usd| usd.checked_mul(rates.usd_to_rub))
        .ok_or(NoPrice::TooLarge)?;
    let price = Kopecks::from_roubles(roubles).ok_or(NoPrice::TooLarge)?;
    if price.is_positive() { Ok(Quote { price, cost_usd }) } else { Err(NoPrice::NotPositive) }
}
