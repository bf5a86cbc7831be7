//! `samovar catalog --margins`: what is left of each price after KIE's charge, at the operator's
//! markup and rate. Needs no data directory.

use super::output::{Tone, number, text};
use super::{Failure, Output};
use crate::app::rules::rates;
use crate::catalog::price::{NoPrice, Quote, Rates, quote_from, quote_to};
use crate::catalog::{Extreme, Model, models};
use crate::config::Settings;
use rust_decimal::Decimal;
use serde::Serialize;
use std::collections::BTreeMap;

/// What scripts read.
#[derive(Debug, Serialize)]
struct Margins {
    markup: Decimal,
    usd_to_rub: Decimal,
    by_options: bool,
    models: Vec<Entry>,
}

#[derive(Debug, Serialize)]
struct Entry {
    id: &'static str,
    /// The price list's price.
    usd: Decimal,
    cheapest: End,
    dearest: End,
    /// Whether KIE takes more for the dearest options than the price list says.
    below_charge: bool,
    /// Whether the price list's price would lose money there, even with the markup.
    loses: bool,
    /// Both, for people.
    warning: Option<String>,
}

/// Options at one end of what a model costs.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct End {
    options: BTreeMap<&'static str, &'static str>,
    charge_usd: Decimal,
    rub: String,
    /// What is left of the price after KIE's charge, in percent of the price.
    margin_percent: Decimal,
}

pub(super) fn run(output: Output, settings: &Settings) -> Result<(), Failure> {
    let rates = rates(settings);
    let entries: Result<_, NoPrice> = models().iter().map(|model| entry(model, &rates)).collect();
    let margins = Margins {
        markup: rates.markup,
        usd_to_rub: rates.usd_to_rub,
        by_options: rates.by_options,
        models: entries.map_err(|why| Failure::refused(why.to_string()))?,
    };
    output.answer(&margins, |output| say(output, &margins))
}

fn entry(model: &'static Model, rates: &Rates) -> Result<Entry, NoPrice> {
    let charge = model.dearest.usd;
    let alone = model.usd.checked_mul(rates.markup).ok_or(NoPrice::TooLarge)?;
    let (below_charge, loses) = (model.usd < charge, alone < charge);
    let warning = below_charge.then(|| {
        let fate = if loses { "alone would lose money" } else { "is below KIE's charge" };
        format!(
            "{}: the price list's {} USD {fate}: times {} it is {}, KIE takes {charge} for {}",
            model.id,
            model.usd.normalize(),
            rates.markup.normalize(),
            alone.normalize(),
            shown(model.dearest.options)
        )
    });
    Ok(Entry {
        id: model.id,
        usd: model.usd.normalize(),
        cheapest: end(model.cheapest, quote_from(model, rates)?, rates)?,
        dearest: end(model.dearest, quote_to(model, rates)?, rates)?,
        below_charge,
        loses,
        warning,
    })
}

fn end(extreme: Extreme, quote: Quote, rates: &Rates) -> Result<End, NoPrice> {
    let charge_usd = extreme.usd;
    let price = quote.price.roubles();
    let left = charge_usd
        .checked_mul(rates.usd_to_rub)
        .and_then(|cost| price.checked_sub(cost)?.checked_mul(Decimal::ONE_HUNDRED)?.checked_div(price))
        .ok_or(NoPrice::TooLarge)?;
    Ok(End {
        options: extreme.options.iter().copied().collect(),
        charge_usd,
        rub: quote.price.to_string(),
        margin_percent: left.round_dp(1),
    })
}

fn shown(options: &[(&str, &str)]) -> String {
    if options.is_empty() {
        return "any options".to_owned();
    }
    options.iter().map(|(name, value)| format!("{name} {value}")).collect::<Vec<_>>().join(", ")
}

fn say(output: Output, margins: &Margins) -> String {
    let mut table = output.table(&["id", "", "options", "KIE $", "₽", "margin"]);
    for (model, entry) in models().iter().zip(&margins.models) {
        let mut row = |which: &str, extreme: Extreme, end: &End| {
            let percent = format!("{:.1} %", end.margin_percent);
            let tone = if end.margin_percent < Decimal::ZERO { Tone::Bad } else { Tone::Good };
            table.add_row(vec![
                entry.id.into(),
                which.into(),
                shown(extreme.options).into(),
                number(&end.charge_usd),
                number(&end.rub),
                output.toned(&percent, tone),
            ]);
        };
        if entry.cheapest.charge_usd == entry.dearest.charge_usd {
            row("always", Extreme { options: &[], ..model.cheapest }, &entry.cheapest);
        } else {
            row("cheapest", model.cheapest, &entry.cheapest);
            row("dearest", model.dearest, &entry.dearest);
        }
    }
    let warnings = margins.models.iter().filter_map(|entry| entry.warning.as_deref());
    let warnings: Vec<String> = warnings.map(|warning| format!("warning: {warning}\n")).collect();
    let prices = if margins.by_options { "go by the options" } else { "are the price list's (flat)" };
    format!(
        "{}\nThe margin is what is left of a price after KIE's charge, at {} roubles a dollar and a markup of \
         {}; prices {prices}.\nFiles without a limit are taken to last ten minutes.\n\n{}",
        text(&table),
        margins.usd_to_rub.normalize(),
        margins.markup.normalize(),
        warnings.concat()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::model;

    fn of(id: &str, settings: &Settings) -> Entry {
        entry(model(id).expect("a model"), &rates(settings)).expect("a price")
    }

    fn percent(tenths: i64) -> Decimal {
        Decimal::new(tenths, 1)
    }

    #[test]
    fn a_markup_of_two_leaves_half_or_more_of_every_price_that_goes_by_the_options() {
        let settings = Settings::default();
        for one in models() {
            let entry = of(one.id, &settings);
            for end in [entry.cheapest, entry.dearest] {
                assert!(end.margin_percent >= percent(495), "{}: {end:?}", one.id);
            }
        }
    }

    #[test]
    fn a_flat_price_that_loses_money_is_shown_as_a_loss() {
        let settings = Settings { price_by_options: false, ..Settings::default() };
        let entry = of("infinitalk/from-audio", &settings);
        // 0.015 × 2 × 95 = 2.85 for what costs 15 s × 0.06 × 95 = 85.50.
        assert_eq!((entry.dearest.rub.as_str(), entry.dearest.margin_percent), ("2.85", percent(-29_000)));
        assert_eq!((entry.cheapest.rub.as_str(), entry.cheapest.margin_percent), ("2.85", percent(500)));
    }

    #[test]
    fn a_price_of_the_list_that_would_lose_money_is_warned_of() {
        let settings = Settings::default();
        let avatar = of("kling/v1-avatar-standard", &settings);
        assert!(avatar.loses && avatar.below_charge);
        assert_eq!(
            avatar.warning.as_deref(),
            Some(
                "kling/v1-avatar-standard: the price list's 0.04 USD alone would lose money: times 2 it is 0.08, \
                 KIE takes 0.6 for audio_url 15 s"
            )
        );
        let thin = of("google/imagen4", &settings);
        assert!(!thin.loses && thin.below_charge, "0.02 × 2 is just what KIE takes");
        assert!(thin.warning.is_some_and(|warning| warning.contains("is below KIE's charge")));
        let good = of("z-image", &settings);
        assert!(!good.loses && !good.below_charge && good.warning.is_none());
    }
}
