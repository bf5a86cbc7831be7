//! Writes the catalogue as Rust: everything const, so that nothing is parsed or allocated later.

use super::bill::Extreme;
use super::charge::{Charge, Per};
use super::conflict::{Condition, Is};
use super::input::{Files, Input, Kind, Label, Preset};
use super::model::in_usd;
use super::{FREE, MODELS, Model};
use rust_decimal::Decimal;
use std::fmt::Write;

/// The text of the module that `catalog` includes: `MODELS`, `BY_LENGTH`, `FREE`.
pub(crate) fn generate(models: &[Model]) -> String {
    let mut out = String::from("// Made by build.rs from models/. Not to be edited.\n\n");
    line(&mut out, format_args!("pub(super) static MODELS: [Model; {MODELS}] = ["));
    for (index, model) in models.iter().enumerate() {
        write_model(&mut out, index, model);
    }
    line(&mut out, format_args!("];\n"));
    line(&mut out, format_args!("/// Ids and indexes of the models whose id has so many bytes."));
    let longest = models.iter().map(|model| model.id.len()).max().unwrap_or(0);
    line(&mut out, format_args!("pub(super) static BY_LENGTH: [&[(&str, u8)]; {}] = [", longest + 1));
    for length in 0..=longest {
        let pairs: Vec<(&str, usize)> = indexes(models, |model| model.id.len() == length)
            .into_iter()
            .filter_map(|index| models.get(index).map(|model| (model.id.as_str(), index)))
            .collect();
        line(&mut out, format_args!("    &{pairs:?},"));
    }
    line(&mut out, format_args!("];\n"));
    let mut free = indexes(models, |model| model.free);
    // A stable sort: of equal prices the earlier line stays first.
    free.sort_by_key(|index| models.get(*index).map(|model| model.usd));
    line(&mut out, format_args!("/// The indexes of the free models, cheapest first."));
    line(&mut out, format_args!("pub(super) static FREE: [u8; {FREE}] = {free:?};"));
    out
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    writeln!(out, "{text}").expect("a String takes any text");
}

fn indexes(models: &[Model], wanted: impl Fn(&Model) -> bool) -> Vec<usize> {
    models.iter().enumerate().filter(|(_, model)| wanted(model)).map(|(index, _)| index).collect()
}

fn write_model(out: &mut String, index: usize, model: &Model) {
    line(out, format_args!("    Model {{"));
    line(out, format_args!("        index: {index},"));
    line(out, format_args!("        id: {:?},", model.id));
    line(out, format_args!("        api_model: {:?},", model.kie_id));
    line(out, format_args!("        title: {:?},", model.title));
    line(out, format_args!("        vendor: {:?},", model.vendor));
    line(out, format_args!("        category: Category::{:?},", model.category));
    line(out, format_args!("        task: Task::{:?},", model.task));
    line(out, format_args!("        output: Output::{:?},", model.output));
    line(out, format_args!("        availability: Availability::{:?},", model.availability));
    line(out, format_args!("        usd: {},", decimal(model.usd)));
    line(out, format_args!("        least_usd: {},", decimal(model.least_usd)));
    line(out, format_args!("        free: {},", model.free));
    line(out, format_args!("        expected_s: {},", model.expected_s));
    line(out, format_args!("        description: {},", label(&model.description)));
    line(out, format_args!("        example: {},", label(&model.example)));
    line(out, format_args!("        inputs: &["));
    for input in &model.inputs {
        write_input(out, input);
    }
    line(out, format_args!("        ],"));
    line(out, format_args!("        conflicts: &["));
    for conflict in &model.conflicts {
        let (first, second) = (condition(&conflict.first), condition(&conflict.second));
        line(out, format_args!("            Conflict {{ first: {first}, second: {second} }},"));
    }
    line(out, format_args!("        ],"));
    line(out, format_args!("        charges: &["));
    for row in &model.charges {
        line(out, format_args!("            {},", charge(row)));
    }
    line(out, format_args!("        ],"));
    line(out, format_args!("        cheapest: {},", extreme(&model.range.cheapest)));
    line(out, format_args!("        dearest: {},\n    }},", extreme(&model.range.dearest)));
}

fn write_input(out: &mut String, input: &Input) {
    let default =
        input.default.as_ref().map_or_else(|| "None".to_owned(), |value| format!("Some({})", preset(value)));
    line(out, format_args!("            Input {{"));
    line(out, format_args!("                name: {:?},", input.name));
    line(out, format_args!("                kind: {},", kind(&input.kind)));
    line(out, format_args!("                required: {},", input.required));
    line(out, format_args!("                default: {default},"));
    line(out, format_args!("                hidden: {},", input.hidden));
    line(out, format_args!("                label: {},", label(&input.label)));
    line(out, format_args!("                help: {},", label(&input.help)));
    line(out, format_args!("            }},"));
}

fn kind(kind: &Kind) -> String {
    match kind {
        Kind::Text { min_chars, max_chars } => {
            format!("Kind::Text {{ min_chars: {min_chars}, max_chars: {max_chars} }}")
        }
        Kind::Choice { values } => {
            let names: Vec<&str> = values.iter().map(|(value, _)| value.as_str()).collect();
            let labels: Vec<String> = values.iter().map(|(_, text)| label(text)).collect();
            format!("Kind::Choice {{ values: &{names:?}, labels: &[{}] }}", labels.join(", "))
        }
        Kind::Boolean => "Kind::Boolean".to_owned(),
        Kind::Integer { min, max, step, as_text } => {
            format!("Kind::Integer {{ min: {min}, max: {max}, step: {step}, as_text: {as_text} }}")
        }
        Kind::Number { min, max, step } => {
            let (min, max, step) = (decimal(*min), decimal(*max), decimal(*step));
            format!("Kind::Number {{ min: {min}, max: {max}, step: {step} }}")
        }
        Kind::Image(limits) => format!("Kind::Image({})", files(limits)),
        Kind::Images { files: limits, max_items } => {
            format!("Kind::Images {{ files: {}, max_items: {max_items} }}", files(limits))
        }
        Kind::Video(limits) => format!("Kind::Video({})", files(limits)),
        Kind::Videos { files: limits, max_items } => {
            format!("Kind::Videos {{ files: {}, max_items: {max_items} }}", files(limits))
        }
        Kind::Audio(limits) => format!("Kind::Audio({})", files(limits)),
        Kind::Link { host, max_chars } => {
            format!("Kind::Link {{ host: {host:?}, max_chars: {max_chars} }}")
        }
        Kind::Task { from } => format!("Kind::Task {{ from: &{from:?} }}"),
    }
}

fn files(files: &Files) -> String {
    let Files { accept, max_mb, min_side, max_side, max_megapixels, max_seconds } = files;
    format!(
        "Files {{ accept: &{accept:?}, max_mb: {max_mb}, min_side: {min_side:?}, max_side: {max_side:?}, \
         max_megapixels: {max_megapixels:?}, max_seconds: {max_seconds:?} }}"
    )
}

fn preset(preset: &Preset) -> String {
    match preset {
        Preset::Text(text) => format!("Preset::Text({text:?})"),
        Preset::Boolean(value) => format!("Preset::Boolean({value})"),
        Preset::Integer(value) => format!("Preset::Integer({value})"),
        Preset::Number(value) => format!("Preset::Number({})", decimal(*value)),
    }
}

fn condition(condition: &Condition) -> String {
    let is = match &condition.is {
        Is::Value(value) => format!("Is::Value({value:?})"),
        Is::MoreThan(count) => format!("Is::MoreThan({count})"),
    };
    format!("Condition {{ input: {:?}, is: {is} }}", condition.input)
}

fn charge(charge: &Charge) -> String {
    let when: Vec<String> = charge
        .when
        .iter()
        .map(|(input, is)| format!("Chosen {{ input: {input:?}, is: {} }}", preset(is)))
        .collect();
    let up_to = charge.up_to.as_ref().map_or_else(
        || "None".to_owned(),
        |up_to| {
            let (px, picture, factor) = (up_to.px, &up_to.picture, &up_to.factor);
            format!("Some(UpTo {{ px: {px}, picture: {picture:?}, factor: {factor:?} }})")
        },
    );
    let per = match &charge.per {
        Per::Job => "Per::Job".to_owned(),
        Per::Seconds { of } => format!("Per::Seconds {{ of: {of:?} }}"),
        Per::Frames { of, by } => format!("Per::Frames {{ of: {of:?}, by: {by:?} }}"),
        Per::Thousands { of } => format!("Per::Thousands {{ of: {of:?} }}"),
    };
    let usd = decimal(in_usd(charge.credits));
    format!("Charge {{ usd: {usd}, when: &[{}], up_to: {up_to}, per: {per} }}", when.join(", "))
}

fn extreme(extreme: &Extreme) -> String {
    format!("Extreme {{ usd: {}, options: &{:?} }}", decimal(in_usd(extreme.credits)), extreme.options)
}

fn label(label: &Label) -> String {
    format!("Label {{ ru: {:?}, en: {:?} }}", label.ru, label.en)
}

fn decimal(decimal: Decimal) -> String {
    let parts = decimal.unpack();
    format!(
        "Decimal::from_parts({}, {}, {}, {}, {})",
        parts.lo, parts.mid, parts.hi, parts.negative, parts.scale
    )
}
