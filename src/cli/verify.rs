//! The proof behind `samovar catalog --verify`: what the build already made sure of is looked at
//! again, from outside, in the compiled catalogue, and the menus are walked.

use super::Failure;
use crate::app;
use crate::catalog::price::{Rates, quote_from};
use crate::catalog::{Category, FREE, MODELS, Model, free_tier, model, models};
use crate::config::Settings;
use crate::handlers::reach::reachable_models;
use crate::message::Lang;
use rust_decimal::Decimal;
use std::collections::BTreeSet;

/// The one source of prices, as it was compiled in.
const TRUTH: &str = include_str!("../../models/pricing_source_truth.txt");

/// How many models each category has.
const CATEGORIES: [(Category, usize); 7] = [
    (Category::Audio, 2),
    (Category::ImageToImage, 5),
    (Category::ImageToVideo, 8),
    (Category::Other, 16),
    (Category::TextToImage, 4),
    (Category::TextToVideo, 6),
    (Category::VideoToVideo, 1),
];

/// All that is wrong with the catalogue, a line each.
pub(super) fn failures(settings: &Settings) -> Result<Vec<String>, Failure> {
    let rates = app::rules::rates(settings);
    let models: Vec<&Model> = models().iter().collect();
    let mut failures = counted(&models);
    failures.extend(models.iter().flat_map(|model| of_one(model, &rates)));
    failures.extend(prices(&models, TRUTH));
    failures.extend(free(&models, &free_tier().map(|model| model.id)));
    let shop = app::rules::shop(settings, &[], [0; 32]);
    for lang in [Lang::Ru, Lang::En] {
        let reached = reachable_models(&shop, lang).map_err(|error| Failure::refused(error.to_string()))?;
        failures.extend(unreached(&models, &reached, lang));
    }
    Ok(failures)
}

/// Exactly 42, no two alike, and each category as large as it should be.
fn counted(models: &[&Model]) -> Vec<String> {
    let mut failures = Vec::new();
    if models.len() != MODELS {
        failures.push(format!("there are {} models, not {MODELS}", models.len()));
    }
    let mut known = BTreeSet::new();
    for model in models.iter().filter(|model| !known.insert(model.id)) {
        failures.push(format!("{}: it is there twice", model.id));
    }
    for (category, expected) in CATEGORIES {
        let found = models.iter().filter(|model| model.category == category).count();
        if found != expected {
            failures.push(format!("category {category} has {found} models, not {expected}"));
        }
    }
    failures
}

/// What one model must have: a price, a way to be ordered, inputs.
fn of_one(one: &Model, rates: &Rates) -> Vec<String> {
    let mut failures = Vec::new();
    let mut fail = |what: String| failures.push(format!("{}: {what}", one.id));
    if let Err(why) = quote_from(one, rates) {
        fail(format!("it has no price: {why}"));
    }
    if !CATEGORIES.iter().any(|(category, _)| *category == one.category) {
        fail(format!("its category {} is not known", one.category));
    }
    if model(one.id).is_none_or(|found| found != one) {
        fail("it is not enabled: an order by its id does not find it".to_owned());
    }
    if !one.inputs.iter().any(|input| input.required) {
        fail("it has no required input: its input schema is missing".to_owned());
    }
    failures
}

/// Every price is the one of the price list, in its order, and nothing else is in there.
fn prices(models: &[&Model], truth: &str) -> Vec<String> {
    let mut failures = Vec::new();
    let lines = truth.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut listed = Vec::new();
    for line in lines {
        let parts = line.strip_suffix("USD").and_then(|line| line.split_once(':'));
        match parts.map(|(id, usd)| (id.trim(), Decimal::from_str_exact(usd.trim()))) {
            Some((id, Ok(usd))) => listed.push((id, usd)),
            Some((_, Err(_))) | None => failures.push(format!("no line of a price list: {line}")),
        }
    }
    for one in models {
        match listed.iter().find(|(id, _)| *id == one.id) {
            Some((_, usd)) if *usd == one.usd => {}
            Some((_, usd)) => {
                failures.push(format!("{}: it costs {} USD, the price list says {usd}", one.id, one.usd));
            }
            None => failures.push(format!("{}: it is not in the price list", one.id)),
        }
    }
    for (id, _) in listed.iter().filter(|(id, _)| !models.iter().any(|one| one.id == *id)) {
        failures.push(format!("{id}: it is in the price list and not in the catalogue"));
    }
    failures
}

/// The free tier is the five cheapest; of equal prices the one that stands first.
fn free(models: &[&Model], tier: &[&str]) -> Vec<String> {
    let mut cheapest: Vec<&&Model> = models.iter().collect();
    cheapest.sort_by_key(|one| one.usd);
    let cheapest: Vec<&str> = cheapest.iter().take(FREE).map(|one| one.id).collect();
    let mut failures = Vec::new();
    if cheapest != tier {
        let (is, should) = (tier.join(", "), cheapest.join(", "));
        failures.push(format!("the free tier is {is}; the five cheapest are {should}"));
    }
    for one in models.iter().filter(|one| one.free != cheapest.contains(&one.id)) {
        let is = if one.free { "free" } else { "paid" };
        failures.push(format!("{}: it is {is} and should not be", one.id));
    }
    failures
}

/// Each is found by tapping from /start on.
fn unreached(models: &[&Model], reached: &BTreeSet<&str>, lang: Lang) -> Vec<String> {
    let lost = models.iter().filter(|one| !reached.contains(one.id));
    lost.map(|one| format!("{}: no button leads to it ({lang:?})", one.id)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<&'static Model> {
        models().iter().collect()
    }

    #[test]
    fn the_catalogue_as_built_passes() {
        assert_eq!(failures(&Settings::default()).expect("a walk"), Vec::<String>::new());
    }

    #[test]
    fn a_missing_and_a_doubled_model_are_named() {
        let mut models = all();
        let gone = models.remove(0);
        assert_eq!(
            counted(&models),
            ["there are 41 models, not 42".to_owned(), short_by_one(gone.category)],
            "the first model is gone"
        );
        let mut models = all();
        models[1] = models[0];
        assert!(counted(&models).contains(&format!("{}: it is there twice", models[0].id)));
    }

    fn short_by_one(category: Category) -> String {
        let (_, expected) = CATEGORIES.into_iter().find(|(one, _)| *one == category).expect("known");
        format!("category {category} has {} models, not {expected}", expected - 1)
    }

    #[test]
    fn a_model_without_a_price_an_id_or_inputs_is_named() {
        let rates = Rates { markup: Decimal::TWO, usd_to_rub: Decimal::from(95), by_options: true };
        let good = all()[0];
        assert_eq!(of_one(good, &rates), Vec::<String>::new());
        let broken =
            Model { id: "nobody", usd: Decimal::ZERO, least_usd: Decimal::ZERO, inputs: &[], ..*good };
        assert_eq!(
            of_one(&broken, &rates),
            [
                "nobody: it has no price: the rates make the price zero or less",
                "nobody: it is not enabled: an order by its id does not find it",
                "nobody: it has no required input: its input schema is missing",
            ]
        );
    }

    #[test]
    fn a_price_that_is_not_the_price_lists_is_named() {
        let good = all()[0];
        let models = [good];
        let (id, usd) = (good.id, good.usd);
        assert_eq!(prices(&models, &format!("# a comment\n\n{id}: {usd} USD\n")), Vec::<String>::new());
        assert_eq!(
            prices(&models, &format!("{id}: 9.9 USD\nother: 1 USD\nnonsense\n")),
            [
                "no line of a price list: nonsense".to_owned(),
                format!("{id}: it costs {usd} USD, the price list says 9.9"),
                "other: it is in the price list and not in the catalogue".to_owned(),
            ]
        );
        assert_eq!(prices(&models, ""), [format!("{id}: it is not in the price list")]);
    }

    #[test]
    fn a_free_tier_that_is_not_the_five_cheapest_is_named() {
        let models = all();
        let mut tier = free_tier().map(|model| model.id);
        tier.swap(3, 4);
        assert_eq!(free(&models, &tier).len(), 1, "equal prices go by the order of the list");
        let cheap = Model { id: "gift", usd: Decimal::new(1, 6), free: false, ..*models[0] };
        let mut models = models;
        models[0] = &cheap;
        let found = free(&models, &free_tier().map(|model| model.id));
        assert!(found.contains(&"gift: it is paid and should not be".to_owned()), "{found:?}");
        assert!(found.contains(&"google/nano-banana: it is free and should not be".to_owned()), "{found:?}");
    }

    #[test]
    fn a_model_that_no_button_leads_to_is_named() {
        let models = all();
        let reached = models.iter().skip(1).map(|one| one.id).collect();
        let lost = format!("{}: no button leads to it (En)", models[0].id);
        assert_eq!(unreached(&models, &reached, Lang::En), [lost]);
        assert_eq!(unreached(&models, &BTreeSet::new(), Lang::Ru).len(), 42);
    }
}
