//! All that can be chosen, gone through: each must have a charge, each charge must have a use, and
//! the cheapest and the dearest are noted.

use super::charge::{Charge, Per, number};
use super::conflict::{Condition, Conflict, Is};
use super::document::Context;
use super::input::{Files, Input, Kind, Preset};
use rust_decimal::Decimal;

/// The longest file that is thought of where an input sets no limit, in seconds: ten minutes. Only
/// [`Range::dearest`] knows it; a real order counts its real seconds.
const LONGEST_S: u32 = 600;

/// What a job costs at the most, in credits; beyond this a charge is a slip of the pen.
const DEAREST_CREDITS: Decimal = Decimal::from_parts(1_000_000_000, 0, 0, false, 0);
/// So often at the most a charge is compared with a way to choose: a model with more of both has too
/// many options for anybody to go through.
const MOST_COMPARED: usize = 100_000;

/// What the cheapest and the dearest options cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    /// The least that a job can cost.
    pub(crate) cheapest: Extreme,
    /// The most (of files without a limit, those of ten minutes).
    pub(crate) dearest: Extreme,
}

/// Options and what they cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Extreme {
    /// In KIE's credits.
    pub(crate) credits: Decimal,
    /// Names of inputs and what they are, for people.
    pub(crate) options: Vec<(String, String)>,
}

/// One way to choose all that the charges ask for.
type Chosen<'m> = Vec<(&'m str, Preset)>;

/// Checks the charges of a model against all that can be chosen; `None` after complaints.
pub(super) fn range(
    context: &mut Context<'_>,
    charges: &[Charge],
    inputs: &[Input],
    conflicts: &[Conflict],
) -> Option<Range> {
    let before = context.complaints();
    let mut is_used = vec![false; charges.len()];
    let mut range: Option<Range> = None;
    let first_line = charges.first().map_or(1, |row| row.line);
    let Some(combinations) = combinations(charges, inputs, conflicts) else {
        context.complain(first_line, "the charges ask for too many options at once");
        return None;
    };
    for chosen in combinations {
        let mut smaller: Option<u32> = None;
        let mut fits = false;
        for (row, used) in charges.iter().zip(&mut is_used) {
            let wanted = row.when.iter().all(|(name, value)| is(&chosen, name, value));
            let limit = row.up_to.as_ref().map(|up_to| up_to.px);
            // What an earlier row takes up to its limit, a later one has only above it.
            let above = limit.zip(smaller).is_none_or(|(limit, smaller)| limit > smaller);
            if !wanted || !above {
                continue;
            }
            fits = true;
            *used = true;
            match extremes(row, &chosen, inputs) {
                Some(extremes) => widen(&mut range, extremes),
                None => {
                    context.complain(row.line, format!("more than {DEAREST_CREDITS} credits are charged"));
                }
            }
            match limit {
                Some(limit) => smaller = Some(limit),
                None => break,
            }
        }
        if !fits {
            context.complain(first_line, format!("nothing is charged for {}", said(&chosen)));
        }
    }
    for (row, _) in charges.iter().zip(is_used).filter(|(_, used)| !used) {
        context.complain(row.line, "this charge can never be reached");
    }
    range.filter(|_| context.complaints() == before)
}

fn widen(range: &mut Option<Range>, [low, high]: [Extreme; 2]) {
    let Some(range) = range else {
        *range = Some(Range { cheapest: low, dearest: high });
        return;
    };
    if low.credits < range.cheapest.credits {
        range.cheapest = low;
    }
    if high.credits > range.dearest.credits {
        range.dearest = high;
    }
}

/// All values of all inputs that any charge asks for, without what KIE refuses together; `None` when
/// there are too many of them.
fn combinations<'m>(
    charges: &[Charge],
    inputs: &'m [Input],
    conflicts: &[Conflict],
) -> Option<Vec<Chosen<'m>>> {
    let mut all: Vec<Chosen<'m>> = vec![Vec::new()];
    let asked =
        |input: &&Input| charges.iter().any(|row| row.when.iter().any(|(name, _)| *name == input.name));
    for input in inputs.iter().filter(asked) {
        let values: Vec<Preset> = match &input.kind {
            Kind::Choice { values } => values.iter().map(|(value, _)| Preset::Text(value.clone())).collect(),
            Kind::Boolean => vec![Preset::Boolean(false), Preset::Boolean(true)],
            Kind::Text { .. }
            | Kind::Integer { .. }
            | Kind::Number { .. }
            | Kind::Image(_)
            | Kind::Images { .. }
            | Kind::Video(_)
            | Kind::Videos { .. }
            | Kind::Audio(_)
            | Kind::Link { .. }
            | Kind::Task { .. } => continue,
        };
        let compared = all.len().checked_mul(values.len()).and_then(|ways| ways.checked_mul(charges.len()));
        if compared.is_none_or(|compared| compared > MOST_COMPARED) {
            return None;
        }
        let with = |value: &Preset| {
            let value = value.clone();
            all.iter().map(move |chosen| {
                let mut chosen = chosen.clone();
                chosen.push((input.name.as_str(), value.clone()));
                chosen
            })
        };
        all = values.iter().flat_map(with).collect();
    }
    let holds = |chosen: &Chosen<'_>, condition: &Condition| match &condition.is {
        Is::Value(value) => is(chosen, &condition.input, &Preset::Text(value.clone())),
        Is::MoreThan(_) => false,
    };
    all.retain(|chosen| {
        !conflicts.iter().any(|conflict| holds(chosen, &conflict.first) && holds(chosen, &conflict.second))
    });
    Some(all)
}

fn is(chosen: &Chosen<'_>, name: &str, value: &Preset) -> bool {
    chosen.iter().any(|(input, is)| *input == name && is == value)
}

/// The least and the most that a row makes of what was chosen; `None` when it is beyond all reason.
fn extremes(row: &Charge, chosen: &Chosen<'_>, inputs: &[Input]) -> Option<[Extreme; 2]> {
    let [low, high] = amounts(&row.per, chosen, inputs).map(|(units, notes)| {
        let credits = row.credits.checked_mul(units).filter(|credits| *credits <= DEAREST_CREDITS)?;
        let mut options: Vec<(String, String)> =
            chosen.iter().map(|(name, value)| ((*name).to_owned(), shown(value))).collect();
        for (name, note) in notes {
            if !options.iter().any(|(known, _)| *known == name) {
                options.push((name, note));
            }
        }
        if let Some(up_to) = &row.up_to {
            options.push((up_to.picture.clone(), format!("result up to {} px", up_to.px)));
        }
        Some(Extreme { credits: credits.normalize(), options })
    });
    Some([low?, high?])
}

/// The fewest and the most units, each with the options that make them.
fn amounts(per: &Per, chosen: &Chosen<'_>, inputs: &[Input]) -> [(Decimal, Vec<(String, String)>); 2] {
    match per {
        Per::Job => [(Decimal::ONE, Vec::new()), (Decimal::ONE, Vec::new())],
        Per::Seconds { of } => bounds(of, chosen, inputs).map(|bound| {
            let is_file = inputs.iter().any(|input| input.name == *of && seconds(&input.kind).is_some());
            (bound, vec![(of.clone(), if is_file { format!("{bound} s") } else { bound.to_string() })])
        }),
        Per::Frames { of, by } => {
            let ([few, many], [slow, fast]) = (bounds(of, chosen, inputs), bounds(by, chosen, inputs));
            [(few, fast), (many, slow)].map(|(frames, rate)| {
                let seconds = frames.checked_div(rate).map_or(frames, |seconds| seconds.ceil());
                (seconds, vec![(of.clone(), frames.to_string()), (by.clone(), rate.to_string())])
            })
        }
        Per::Thousands { of } => {
            let most = inputs.iter().find(|input| input.name == *of).map_or(1, |input| match input.kind {
                Kind::Text { max_chars, .. } => max_chars,
                Kind::Choice { .. }
                | Kind::Boolean
                | Kind::Integer { .. }
                | Kind::Number { .. }
                | Kind::Image(_)
                | Kind::Images { .. }
                | Kind::Video(_)
                | Kind::Videos { .. }
                | Kind::Audio(_)
                | Kind::Link { .. }
                | Kind::Task { .. } => 1,
            });
            [most.min(1000), most].map(|chars| {
                let thousands = chars.div_ceil(1000).max(1);
                (thousands.into(), vec![(of.clone(), format!("{chars} characters"))])
            })
        }
    }
}

/// The least and the greatest value of an input, in what was chosen.
fn bounds(name: &str, chosen: &Chosen<'_>, inputs: &[Input]) -> [Decimal; 2] {
    if let Some((_, Preset::Text(value))) = chosen.iter().find(|(input, _)| *input == name) {
        return [number(value).unwrap_or(Decimal::ONE); 2];
    }
    let Some(input) = inputs.iter().find(|input| input.name == name) else { return [Decimal::ONE; 2] };
    match &input.kind {
        Kind::Choice { values } => {
            let numbers = || values.iter().filter_map(|(value, _)| number(value));
            [numbers().min().unwrap_or(Decimal::ONE), numbers().max().unwrap_or(Decimal::ONE)]
        }
        Kind::Integer { min, max, .. } => [(*min).into(), (*max).into()],
        Kind::Number { min, max, .. } => [*min, *max],
        kind @ (Kind::Text { .. }
        | Kind::Boolean
        | Kind::Image(_)
        | Kind::Images { .. }
        | Kind::Video(_)
        | Kind::Videos { .. }
        | Kind::Audio(_)
        | Kind::Link { .. }
        | Kind::Task { .. }) => [Decimal::ONE, seconds(kind).map_or(Decimal::ONE, Decimal::from)],
    }
}

/// The most seconds that an input's files can have together, if it takes files that last.
fn seconds(kind: &Kind) -> Option<u64> {
    let longest = |files: &Files| u64::from(files.max_seconds.unwrap_or(LONGEST_S));
    match kind {
        Kind::Audio(files) | Kind::Video(files) => Some(longest(files)),
        Kind::Videos { files, max_items } => Some(longest(files) * u64::from(*max_items)),
        Kind::Text { .. }
        | Kind::Choice { .. }
        | Kind::Boolean
        | Kind::Integer { .. }
        | Kind::Number { .. }
        | Kind::Image(_)
        | Kind::Images { .. }
        | Kind::Link { .. }
        | Kind::Task { .. } => None,
    }
}

fn said(chosen: &Chosen<'_>) -> String {
    let parts: Vec<String> = chosen
        .iter()
        .map(|(name, value)| match value {
            Preset::Text(text) => format!("{name} = {text:?}"),
            Preset::Boolean(_) | Preset::Integer(_) | Preset::Number(_) => {
                format!("{name} = {}", shown(value))
            }
        })
        .collect();
    parts.join(", ")
}

fn shown(value: &Preset) -> String {
    match value {
        Preset::Text(text) => text.clone(),
        Preset::Boolean(value) => value.to_string(),
        Preset::Integer(value) => value.to_string(),
        Preset::Number(value) => value.to_string(),
    }
}
