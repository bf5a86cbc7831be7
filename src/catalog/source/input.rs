//! One input of a model, as its file describes it.

use super::document::{Context, Fields, Node};
use rust_decimal::Decimal;
use std::collections::BTreeSet;
use std::fmt::Display;

/// A text in both languages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Label {
    /// Russian.
    pub(crate) ru: String,
    /// English.
    pub(crate) en: String,
}

/// The value an input has when the customer gives none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Preset {
    /// Of a text or a choice.
    Text(String),
    /// Of a switch.
    Boolean(bool),
    /// Of a whole number.
    Integer(i64),
    /// Of a number.
    Number(Decimal),
}

/// What files an input takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Files {
    /// MIME types.
    pub(crate) accept: Vec<String>,
    /// The largest one, in mebibytes.
    pub(crate) max_mb: u32,
    pub(crate) min_side: Option<u32>,
    pub(crate) max_side: Option<u32>,
    pub(crate) max_megapixels: Option<u32>,
    pub(crate) max_seconds: Option<u32>,
}

/// What an input is, with its limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text { min_chars: u32, max_chars: u32 },
    Choice { values: Vec<(String, Label)> },
    Boolean,
    Integer { min: i64, max: i64, step: i64, as_text: bool },
    Number { min: Decimal, max: Decimal, step: Decimal },
    Image(Files),
    Images { files: Files, max_items: u32 },
    Video(Files),
    Videos { files: Files, max_items: u32 },
    Audio(Files),
    Link { host: String, max_chars: u32 },
    Task { from: Vec<String> },
}

/// One input.
#[derive(Clone, Debug)]
pub(crate) struct Input {
    /// KIE's name of it.
    pub(crate) name: String,
    /// Where it begins in its file.
    pub(crate) line: u32,
    /// What it is.
    pub(crate) kind: Kind,
    /// Whether it is always sent.
    pub(crate) required: bool,
    /// Its value when the customer gives none.
    pub(crate) default: Option<Preset>,
    /// Never shown.
    pub(crate) hidden: bool,
    /// Its name for people.
    pub(crate) label: Label,
    /// What it is for.
    pub(crate) help: Label,
}

/// A link is never longer than this.
const LINK_CHARS: u32 = 500;

/// The input, or `None` after complaints.
pub(super) fn read<'t>(context: &mut Context<'t>, mut fields: Fields<'t>) -> Option<Input> {
    let line = fields.line;
    let name = fields.text(context, "name");
    let kind = read_kind(context, &mut fields);
    let required = fields.need(context, "required").and_then(|node| node.boolean(context, "required"));
    let hidden = fields.flag(context, "hidden");
    let default = match (fields.take("default"), &kind) {
        (Some(node), Some(kind)) => read_default(context, node, kind).map(Some),
        (Some(_), None) => None,
        (None, _) => Some(None),
    };
    let label = read_label(context, &mut fields, "label");
    let help = read_label(context, &mut fields, "help");
    fields.finish(context);
    Some(Input {
        name: name?,
        line,
        kind: kind?,
        required: required?,
        default: default?,
        hidden: hidden?,
        label: label?,
        help: help?,
    })
}

/// A text in both languages, neither empty.
pub(super) fn read_label<'t>(context: &mut Context<'t>, fields: &mut Fields<'t>, key: &str) -> Option<Label> {
    let node = fields.need(context, key)?;
    let mut texts = node.fields(context, key)?;
    let ru = texts.text(context, "ru");
    let en = texts.text(context, "en");
    texts.finish(context);
    Some(Label { ru: ru?, en: en? })
}

fn read_kind<'t>(context: &mut Context<'t>, fields: &mut Fields<'t>) -> Option<Kind> {
    let node = fields.need(context, "type")?;
    let name = node.text(context, "type")?;
    match name {
        "text" => read_text(context, fields),
        "choice" => read_choice(context, fields, node.line),
        "boolean" => Some(Kind::Boolean),
        "integer" => read_integer(context, fields),
        "number" => read_number(context, fields),
        "image" => read_files(context, fields).map(Kind::Image),
        "video" => read_files(context, fields).map(Kind::Video),
        "audio" => read_files(context, fields).map(Kind::Audio),
        "images" | "videos" => {
            let files = read_files(context, fields);
            let max_items = fields.count(context, "max_items", 1);
            let (files, max_items) = (files?, max_items?);
            Some(if name == "images" {
                Kind::Images { files, max_items }
            } else {
                Kind::Videos { files, max_items }
            })
        }
        "link" => fields.text(context, "host").map(|host| Kind::Link { host, max_chars: LINK_CHARS }),
        "task" => {
            let from = fields.need(context, "from")?;
            from.texts(context, "from").map(|from| Kind::Task { from })
        }
        unknown => {
            context.complain(node.line, format!("unknown type {unknown:?}"));
            // What its limits would be called is unknown too.
            fields.forget(&["label", "help", "required", "hidden", "default"]);
            None
        }
    }
}

fn read_text<'t>(context: &mut Context<'t>, fields: &mut Fields<'t>) -> Option<Kind> {
    let min_chars = match fields.take("min_length") {
        Some(node) => node.count(context, "min_length", 0)?,
        None => 1,
    };
    let max_chars = fields.count(context, "max_length", min_chars.max(1))?;
    Some(Kind::Text { min_chars, max_chars })
}

/// Values are texts, or tables with a label: `{ value = "auto", ru = "Авто", en = "Auto" }`.
fn read_choice<'t>(context: &mut Context<'t>, fields: &mut Fields<'t>, type_line: u32) -> Option<Kind> {
    let Some(list) = fields.take("values") else {
        context.complain(type_line, "a choice needs `values`");
        return None;
    };
    let (mut values, mut seen): (Vec<(String, Label)>, _) = (Vec::new(), BTreeSet::new());
    for node in list.list(context, "values")? {
        let (value, label) = match node.as_text() {
            Some(value) => (value.to_owned(), Label { ru: value.to_owned(), en: value.to_owned() }),
            None => read_labelled(context, node)?,
        };
        if value.is_empty() {
            context.complain(node.line, "a value is empty");
        }
        if !seen.insert(value.clone()) {
            context.complain(node.line, format!("`values` has {value:?} twice"));
        }
        values.push((value, label));
    }
    if values.is_empty() {
        context.complain(list.line, "a choice needs `values`");
        return None;
    }
    Some(Kind::Choice { values })
}

fn read_labelled<'t>(context: &mut Context<'t>, node: Node<'t>) -> Option<(String, Label)> {
    let mut fields = node.fields(context, "values")?;
    let value = fields.text(context, "value");
    let ru = fields.text(context, "ru");
    let en = fields.text(context, "en");
    fields.finish(context);
    Some((value?, Label { ru: ru?, en: en? }))
}

fn read_integer<'t>(context: &mut Context<'t>, fields: &mut Fields<'t>) -> Option<Kind> {
    let as_text = fields.flag(context, "as_text");
    let (min, max) = (fields.need(context, "min"), fields.need(context, "max"));
    let step = match fields.take("step") {
        Some(node) => node.count(context, "step", 1),
        None => Some(1),
    };
    let (min, max_line) = (min?.integer(context, "min"), max?.line);
    let max = max?.integer(context, "max");
    let (min, max, step) = (min?, max?, i64::from(step?));
    check_range(context, max_line, &min, &max)?;
    Some(Kind::Integer { min, max, step, as_text: as_text? })
}

fn read_number<'t>(context: &mut Context<'t>, fields: &mut Fields<'t>) -> Option<Kind> {
    let (min, max) = (fields.need(context, "min"), fields.need(context, "max"));
    let step_node = fields.need(context, "step")?;
    let (min, max_line) = (min?.decimal(context, "min"), max?.line);
    let max = max?.decimal(context, "max");
    let step = step_node.decimal(context, "step");
    let (min, max, step) = (min?, max?, step?);
    check_range(context, max_line, &min, &max)?;
    if step <= Decimal::ZERO {
        context.complain(step_node.line, format!("`step` is {step}, it must be above zero"));
        return None;
    }
    Some(Kind::Number { min, max, step })
}

fn check_range<N: PartialOrd + Display>(
    context: &mut Context<'_>,
    line: u32,
    min: &N,
    max: &N,
) -> Option<()> {
    if min >= max {
        context.complain(line, format!("`max` is {max}, it must be above `min`, which is {min}"));
        return None;
    }
    Some(())
}

fn read_files<'t>(context: &mut Context<'t>, fields: &mut Fields<'t>) -> Option<Files> {
    let accept = fields.need(context, "accept").and_then(|node| node.texts(context, "accept"));
    let max_mb = fields.count(context, "max_mb", 1);
    let mut limit = |name| fields.optional_count(context, name);
    let (min_side, max_side) = (limit("min_side"), limit("max_side"));
    let (max_megapixels, max_seconds) = (limit("max_megapixels")?, limit("max_seconds")?);
    let (min_side, max_side) = (min_side?, max_side?);
    Some(Files { accept: accept?, max_mb: max_mb?, min_side, max_side, max_megapixels, max_seconds })
}

fn read_default<'t>(context: &mut Context<'t>, node: Node<'t>, kind: &Kind) -> Option<Preset> {
    let outside = match kind {
        Kind::Text { min_chars, max_chars } => {
            let text = node.text(context, "default")?;
            let length = text.chars().count();
            if fits(length, *min_chars, *max_chars) {
                return Some(Preset::Text(text.to_owned()));
            }
            format!("the default has {length} characters, outside {min_chars} to {max_chars}")
        }
        Kind::Choice { values } => {
            let text = node.text(context, "default")?;
            if values.iter().any(|(value, _)| value == text) {
                return Some(Preset::Text(text.to_owned()));
            }
            format!("the default {text:?} is not among the values")
        }
        Kind::Boolean => return node.boolean(context, "default").map(Preset::Boolean),
        Kind::Integer { min, max, step, .. } => {
            let number = node.integer(context, "default")?;
            if number >= *min
                && number <= *max
                && (i128::from(number) - i128::from(*min)) % i128::from(*step) == 0
            {
                return Some(Preset::Integer(number));
            }
            format!("the default {number} is outside {min} to {max} in steps of {step}")
        }
        Kind::Number { min, max, step } => {
            let number = node.decimal(context, "default")?;
            let rest = number.checked_sub(*min).and_then(|above| above.checked_rem(*step));
            if number >= *min && number <= *max && rest.is_some_and(|rest| rest.is_zero()) {
                return Some(Preset::Number(number));
            }
            format!("the default {number} is outside {min} to {max} in steps of {step}")
        }
        Kind::Image(_)
        | Kind::Images { .. }
        | Kind::Video(_)
        | Kind::Videos { .. }
        | Kind::Audio(_)
        | Kind::Link { .. }
        | Kind::Task { .. } => "this type has no default".to_owned(),
    };
    context.complain(node.line, outside);
    None
}

fn fits(length: usize, min: u32, max: u32) -> bool {
    u32::try_from(length).is_ok_and(|length| length >= min && length <= max)
}
