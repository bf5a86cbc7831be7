//! `samovar catalog`: the models with their prices at the default rates, and the proof that all is
//! there. Needs no settings and no data directory.

use super::output::{Tone, number, text};
use super::{Failure, Output, verify};
use crate::app::rules::rates;
use crate::catalog::price::{NoPrice, Rates, quote_from};
use crate::catalog::{Input, Kind, Model, Preset, free_tier, models};
use crate::config::Settings;
use serde::Serialize;
use serde_json::Value;

/// What scripts read.
#[derive(Debug, Serialize)]
struct Catalog {
    models: Vec<Entry>,
    #[serde(flatten)]
    verdict: Option<Verdict>,
}

#[derive(Debug, Serialize)]
struct Entry {
    id: &'static str,
    title: &'static str,
    category: &'static str,
    task: &'static str,
    output: &'static str,
    usd: String,
    rub: String,
    free: bool,
    inputs: Vec<InputEntry>,
}

#[derive(Debug, Serialize)]
struct InputEntry {
    name: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    required: bool,
    default: Option<Value>,
    #[serde(rename = "enum")]
    values: Option<&'static [&'static str]>,
}

/// Only with `--verify`.
#[derive(Debug, Serialize)]
struct Verdict {
    ok: bool,
    failures: Vec<String>,
}

pub(super) fn run(output: Output, wants_proof: bool) -> Result<(), Failure> {
    let settings = Settings::default();
    let rates = rates(&settings);
    let failures = if wants_proof { verify::failures(&settings)? } else { Vec::new() };
    let broken = failures.len();
    let verdict = wants_proof.then_some(Verdict { ok: failures.is_empty(), failures });
    // What cannot be priced is a failure of the proof; here it only has no price to show.
    let entries = models().iter().map(|model| entry(model, &rates)).collect::<Result<_, _>>();
    let entries = entries.map_err(|why| Failure::refused(why.to_string()))?;
    let catalog = Catalog { models: entries, verdict };
    let written = output.answer(&catalog, |output| say(output, &catalog, &rates));
    match broken {
        0 => written,
        1 => Err(Failure::refused("one check of the catalogue failed")),
        more => Err(Failure::refused(format!("{more} checks of the catalogue failed"))),
    }
}

fn entry(model: &'static Model, rates: &Rates) -> Result<Entry, NoPrice> {
    Ok(Entry {
        id: model.id,
        title: model.title,
        category: model.category.as_str(),
        task: model.task.as_str(),
        output: model.output.as_str(),
        usd: format!("{:.4}", model.usd),
        rub: quote_from(model, rates)?.price.to_string(),
        free: model.free,
        inputs: model.inputs.iter().map(input_entry).collect(),
    })
}

fn input_entry(input: &'static Input) -> InputEntry {
    let values = match input.kind {
        Kind::Choice { values, .. } => Some(values),
        Kind::Text { .. }
        | Kind::Boolean
        | Kind::Integer { .. }
        | Kind::Number { .. }
        | Kind::Image(_)
        | Kind::Images { .. }
        | Kind::Video(_)
        | Kind::Videos { .. }
        | Kind::Audio(_)
        | Kind::Link { .. }
        | Kind::Task { .. } => None,
    };
    let default = input.default.map(|preset| match preset {
        Preset::Text(text) => Value::from(text),
        Preset::Boolean(value) => Value::from(value),
        Preset::Integer(value) => Value::from(value),
        Preset::Number(value) => value.to_string().parse().map_or(Value::Null, Value::Number),
    });
    InputEntry { name: input.name, kind: kind_name(&input.kind), required: input.required, default, values }
}

/// A kind as the model files call it.
fn kind_name(kind: &Kind) -> &'static str {
    match kind {
        Kind::Text { .. } => "text",
        Kind::Choice { .. } => "choice",
        Kind::Boolean => "boolean",
        Kind::Integer { .. } => "integer",
        Kind::Number { .. } => "number",
        Kind::Image(_) => "image",
        Kind::Images { .. } => "images",
        Kind::Video(_) => "video",
        Kind::Videos { .. } => "videos",
        Kind::Audio(_) => "audio",
        Kind::Link { .. } => "link",
        Kind::Task { .. } => "task",
    }
}

fn say(output: Output, catalog: &Catalog, rates: &Rates) -> String {
    if let Some(verdict) = &catalog.verdict {
        return say_verdict(catalog, verdict);
    }
    let mut table = output.table(&["id", "title", "category", "task", "₽", "", "inputs (* required)"]);
    for entry in &catalog.models {
        let inputs = entry.inputs.iter().map(|input| {
            let star = if input.required { "*" } else { "" };
            format!("{}{star}", input.name)
        });
        let free = if entry.free { output.toned("free", Tone::Good) } else { "".into() };
        table.add_row(vec![
            entry.id.into(),
            entry.title.into(),
            entry.category.into(),
            entry.task.into(),
            number(&entry.rub),
            free,
            inputs.collect::<Vec<_>>().join(", ").into(),
        ]);
    }
    format!(
        "{}\n{} models. Prices are the least a generation costs at {} roubles a dollar and a markup of {}.\n",
        text(&table),
        catalog.models.len(),
        rates.usd_to_rub,
        rates.markup
    )
}

fn say_verdict(catalog: &Catalog, verdict: &Verdict) -> String {
    if !verdict.ok {
        return verdict.failures.join("\n");
    }
    let free = free_tier().map(|model| model.id).join(", ");
    format!(
        "All {} models are there: priced as in the price list, each in its category, on sale, with its \
         inputs, and found in the menus.\nFREE tier matches TOP-5 cheapest: {free}",
        catalog.models.len()
    )
}
