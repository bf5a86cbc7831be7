//! The one place where a price is made: from the price list, what KIE charges for what was chosen and
//! the operator's rates to kopecks.

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
    /// Whether a customer pays for the options that KIE charges more for (`PRICE_OPTIONS`); else the
    /// price list's price holds for all of them, and the operator bears the difference.
    pub by_options: bool,
}

/// The price of one generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// What the customer pays; above zero.
    pub price: Kopecks,
    /// What it costs the operator, in US dollars: KIE's charge, or the price list's price where that
    /// is more. It is counted as a loss or as given away, whatever the customer pays.
    pub cost_usd: Decimal,
}

/// Why there is no price. The sale is refused: nothing is ever sold for nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoPrice {
    /// The rates make it zero or less, or less than half a kopeck.
    #[error("the rates make the price zero or less")]
    NotPositive,
    /// What KIE charges for these options is not known.
    #[error("what KIE charges for these options is not known")]
    NoCharge,
    /// The rates make it more than money can hold.
    #[error("the rates make the price too large")]
    TooLarge,
}

/// The price of these values at these rates: `usd × markup × roubles a dollar`, rounded once, at the
/// end, where `usd` is the price list's price, or KIE's charge for the options where that is more.
///
/// # Panics
/// When `input` was checked for another model than `model`.
pub fn quote(model: &Model, input: &ValidInput, rates: &Rates) -> Result<Quote, NoPrice> {
    assert_eq!(model.id, input.model().id, "values of one model priced as another");
    let charge_usd = model.charge_usd(input.values()).ok_or(NoPrice::NoCharge)?;
    priced(model, model.usd.max(charge_usd), rates)
}

/// The price of the model's cheapest options: the `от` of its card.
pub fn quote_from(model: &Model, rates: &Rates) -> Result<Quote, NoPrice> {
    priced(model, model.least_usd, rates)
}

/// The price of the options that cost the operator the most. Not of a sale: for his own eyes.
pub fn quote_to(model: &Model, rates: &Rates) -> Result<Quote, NoPrice> {
    priced(model, model.usd.max(model.dearest.usd), rates)
}

/// Without a comparison, which would bring both sides to one scale first.
fn is_positive(rate: Decimal) -> bool {
    rate.is_sign_positive() && !rate.is_zero()
}

fn priced(model: &Model, cost_usd: Decimal, rates: &Rates) -> Result<Quote, NoPrice> {
    if !is_positive(rates.markup) || !is_positive(rates.usd_to_rub) {
        return Err(NoPrice::NotPositive);
    }
    let usd = if rates.by_options { cost_usd } else { model.usd };
    let roubles = usd
        .checked_mul(rates.markup)
        .and_then(|usd| usd.checked_mul(rates.usd_to_rub))
        .ok_or(NoPrice::TooLarge)?;
    let price = Kopecks::from_roubles(roubles).ok_or(NoPrice::TooLarge)?;
    if price.is_positive() { Ok(Quote { price, cost_usd }) } else { Err(NoPrice::NotPositive) }
}
