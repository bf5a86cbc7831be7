//! What KIE charges for one job of a model: rows, of which the first that fits counts.

use super::document::{Context, Fields, Node};
use super::input::{Input, Kind, Preset};
use rust_decimal::Decimal;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Charge {
    /// Where it begins in its file.
    pub(crate) line: u32,
    /// KIE's credits, for one job or one unit of `per`.
    pub(crate) credits: Decimal,
    /// What must have been chosen; all of it.
    pub(crate) when: Vec<(String, Preset)>,
    /// How large the result may be.
    pub(crate) up_to: Option<UpTo>,
    /// What the credits are multiplied by.
    pub(crate) per: Per,
}

/// A limit on the longest side of an enlarged picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UpTo {
    /// The limit, in pixels.
    pub(crate) px: u32,
    /// The input that has the picture.
    pub(crate) picture: String,
    /// The input that says how many times it is enlarged.
    pub(crate) factor: String,
}

/// What the credits of a row are multiplied by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Per {
    /// Nothing: a job costs the same however long it is.
    Job,
    /// The seconds that this input says or whose files have them.
    Seconds { of: String },
    /// The seconds that so many frames last, rounded up.
    Frames { of: String, by: String },
    /// The started thousands of characters of this input.
    Thousands { of: String },
}

/// The rows of a model, which come after its inputs. Empty after complaints only.
pub(super) fn read<'t>(context: &mut Context<'t>, fields: &mut Fields<'t>, inputs: &[Input]) -> Vec<Charge> {
    let Some(list) = fields.need(context, "charges").and_then(|node| node.list(context, "charges")) else {
        return Vec::new();
    };
    let before = context.complaints();
    let mut charges = Vec::new();
    for node in list {
        let row = node.fields(context, "charges").and_then(|fields| read_row(context, fields, inputs));
        charges.extend(row);
    }
    if charges.is_empty() && context.complaints() == before {
        context.complain(fields.line, "`charges` is empty");
    }
    charges
}

fn read_row<'t>(context: &mut Context<'t>, mut fields: Fields<'t>, inputs: &[Input]) -> Option<Charge> {
    let line = fields.line;
    let credits = read_credits(context, &mut fields);
    let when = match fields.take("when") {
        Some(node) => read_when(context, node, inputs),
        None => Some(Vec::new()),
    };
    let up_to = read_up_to(context, &mut fields, inputs);
    let per = read_per(context, &mut fields, inputs);
    fields.finish(context);
    Some(Charge { line, credits: credits?, when: when?, up_to: up_to?, per: per? })
}

fn read_credits<'t>(context: &mut Context<'t>, fields: &mut Fields<'t>) -> Option<Decimal> {
    let node = fields.need(context, "credits")?;
    let credits = node.decimal(context, "credits")?;
    if credits <= Decimal::ZERO {
        context.complain(node.line, format!("`credits` is {credits}, it must be above zero"));
        return None;
    }
    Some(credits)
}

fn read_when<'t>(
    context: &mut Context<'t>,
    node: Node<'t>,
    inputs: &[Input],
) -> Option<Vec<(String, Preset)>> {
    let before = context.complaints();
    let mut when = Vec::new();
    for (name, line, value) in node.fields(context, "when")?.rest() {
        let Some(input) = known(context, line, "when", name, inputs) else { continue };
        let wanted = match &input.kind {
            Kind::Choice { values } => value.text(context, name).and_then(|text| {
                let possible = values.iter().any(|(known, _)| known == text);
                if !possible {
                    context.complain(value.line, format!("{name} is never {text:?}"));
                }
                possible.then(|| Preset::Text(text.to_owned()))
            }),
            Kind::Boolean => value.boolean(context, name).map(Preset::Boolean),
            Kind::Text { .. }
            | Kind::Integer { .. }
            | Kind::Number { .. }
            | Kind::Image(_)
            | Kind::Images { .. }
            | Kind::Video(_)
            | Kind::Videos { .. }
            | Kind::Audio(_)
            | Kind::Link { .. }
            | Kind::Task { .. } => {
                context.complain(line, format!("`when` asks for {name}, which is no choice and no switch"));
                None
            }
        };
        if always_there(context, line, "when", input) {
            when.extend(wanted.map(|wanted| (name.to_owned(), wanted)));
        }
    }
    (context.complaints() == before).then_some(when)
}

/// `Some(None)` when the row has no such limit.
#[allow(clippy::option_option, reason = "absent and wrong are two things")]
fn read_up_to<'t>(
    context: &mut Context<'t>,
    fields: &mut Fields<'t>,
    inputs: &[Input],
) -> Option<Option<UpTo>> {
    let Some(px) = fields.optional_count(context, "up_to_px")? else { return Some(None) };
    let picture = fields.need(context, "picture").and_then(|node| {
        let input = named(context, node, "picture", inputs)?;
        let fits = matches!(input.kind, Kind::Image(_)) && input.required;
        if !fits {
            context
                .complain(node.line, format!("`picture` names {}, which is no required picture", input.name));
        }
        fits.then(|| input.name.clone())
    });
    let factor = fields.need(context, "factor").and_then(|node| {
        let input = named(context, node, "factor", inputs)?;
        is_amount(context, node, "factor", input).then(|| input.name.clone())
    });
    Some(Some(UpTo { px, picture: picture?, factor: factor? }))
}

fn read_per<'t>(context: &mut Context<'t>, fields: &mut Fields<'t>, inputs: &[Input]) -> Option<Per> {
    let (of, by) = (fields.take("of"), fields.take("by"));
    let Some(per) = fields.take("per") else {
        for (key, node) in [("of", of), ("by", by)] {
            if let Some(node) = node {
                context.complain(node.line, format!("`{key}` needs `per`"));
                return None;
            }
        }
        return Some(Per::Job);
    };
    let word = per.text(context, "per")?;
    if !["second", "1000 characters"].contains(&word) {
        context.complain(per.line, format!("unknown per {word:?}"));
        return None;
    }
    let Some(of_node) = of else {
        context.complain(per.line, "`per` needs `of`");
        return None;
    };
    let of = named(context, of_node, "of", inputs)?;
    if word == "1000 characters" {
        if let Some(by) = by {
            context.complain(by.line, "`by` divides frames into seconds, not characters");
            return None;
        }
        if !matches!(of.kind, Kind::Text { .. }) {
            context.complain(of_node.line, format!("`of` names {}, which is no text", of.name));
            return None;
        }
        return Some(Per::Thousands { of: of.name.clone() });
    }
    if let Some(by_node) = by {
        let by = named(context, by_node, "by", inputs)?;
        // Left out it would count as the fastest, which is the cheapest.
        let fits = is_amount(context, of_node, "of", of)
            && always_there(context, by_node.line, "by", by)
            && is_amount(context, by_node, "by", by);
        return fits.then(|| Per::Frames { of: of.name.clone(), by: by.name.clone() });
    }
    is_seconds(context, of_node, of).then(|| Per::Seconds { of: of.name.clone() })
}

/// Whether an input says seconds, or has files that last some.
fn is_seconds(context: &mut Context<'_>, node: Node<'_>, input: &Input) -> bool {
    match input.kind {
        Kind::Audio(_) | Kind::Video(_) | Kind::Videos { .. } => {
            always_there(context, node.line, "of", input)
        }
        Kind::Choice { .. } | Kind::Integer { .. } | Kind::Number { .. } => {
            is_amount(context, node, "of", input)
        }
        Kind::Text { .. }
        | Kind::Boolean
        | Kind::Image(_)
        | Kind::Images { .. }
        | Kind::Link { .. }
        | Kind::Task { .. } => {
            context.complain(node.line, format!("`of` names {}, which has no seconds", input.name));
            false
        }
    }
}

/// Whether an input's value is always a number above zero. A number that was left out counts at the
/// greatest, so it may be optional; a choice may not.
fn is_amount(context: &mut Context<'_>, node: Node<'_>, key: &str, input: &Input) -> bool {
    let least = match &input.kind {
        Kind::Choice { values } => {
            if !always_there(context, node.line, key, input) {
                return false;
            }
            values.iter().map(|(value, _)| number(value)).min().flatten()
        }
        Kind::Integer { min, .. } => Some(Decimal::from(*min)),
        Kind::Number { min, .. } => Some(*min),
        Kind::Text { .. }
        | Kind::Boolean
        | Kind::Image(_)
        | Kind::Images { .. }
        | Kind::Video(_)
        | Kind::Videos { .. }
        | Kind::Audio(_)
        | Kind::Link { .. }
        | Kind::Task { .. } => None,
    };
    let fits = least.is_some_and(|least| least > Decimal::ZERO);
    if !fits {
        let message = format!("`{key}` names {}, which is not always a number above zero", input.name);
        context.complain(node.line, message);
    }
    fits
}

/// A choice's value as a number.
pub(super) fn number(value: &str) -> Option<Decimal> {
    Decimal::from_str_exact(value).ok()
}

/// Whether an input always has a value.
fn always_there(context: &mut Context<'_>, line: u32, key: &str, input: &Input) -> bool {
    let there = input.required || input.default.is_some();
    if !there {
        context.complain(line, format!("`{key}` names {}, which may be left out", input.name));
    }
    there
}

/// The input that the value of `key` names.
fn named<'t, 'i>(
    context: &mut Context<'t>,
    node: Node<'t>,
    key: &str,
    inputs: &'i [Input],
) -> Option<&'i Input> {
    let name = node.text(context, key)?;
    known(context, node.line, key, name, inputs)
}

fn known<'i>(
    context: &mut Context<'_>,
    line: u32,
    key: &str,
    name: &str,
    inputs: &'i [Input],
) -> Option<&'i Input> {
    let input = inputs.iter().find(|input| input.name == name);
    if input.is_none() {
        context.complain(line, format!("`{key}` names an unknown input {name:?}"));
    }
    input
}
