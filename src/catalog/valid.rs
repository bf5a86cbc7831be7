//! A checked set of values for one model: what a job keeps and KIE gets.

use crate::catalog::input::{Uploads, Value, Values, Wrong};
use crate::catalog::{Condition, Conflict, Is, Kind, Model};
use rust_decimal::Decimal;
use serde_json::Map;

/// KIE's extra filter of content. Whether it is on is the operator's setting, not the customer's.
const CONTENT_FILTER: &str = "nsfw_checker";

/// Values that a model takes, complete: every required input is there, defaults are filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValidInput {
    model: &'static Model,
    values: Values,
}

impl ValidInput {
    /// Checks what a customer gave. An input that was not given gets its default, or is left out
    /// if it is optional and has none. The first thing wrong, in the order of the inputs, is told.
    ///
    /// Hidden inputs are checked like the others: a customer has no way to set them, the service has.
    pub fn check(model: &'static Model, given: &Values) -> Result<Self, Wrong> {
        if let Some(unknown) = given.keys().find(|name| model.input(name).is_none()) {
            return Err(Wrong::Unknown { input: unknown.clone() });
        }
        let mut values = Values::new();
        for input in model.inputs {
            let value = match (given.get(input.name), input.default) {
                (Some(value), _) => {
                    input.check(value)?;
                    value.clone()
                }
                (None, Some(default)) => default.into(),
                (None, None) if input.required => return Err(Wrong::Missing { input: input.name }),
                (None, None) => continue,
            };
            values.insert(input.name.to_owned(), value);
        }
        let both = |conflict: &&Conflict| holds(&values, conflict.first) && holds(&values, conflict.second);
        if let Some(conflict) = model.conflicts.iter().find(both) {
            return Err(Wrong::Conflict { first: conflict.first, second: conflict.second });
        }
        Ok(Self { model, values })
    }

    /// The same with KIE's content filter on or off, where the model has one.
    #[must_use]
    pub fn with_content_filter(mut self, on: bool) -> Self {
        if let Some(value) = self.values.get_mut(CONTENT_FILTER) {
            *value = Value::Boolean(on);
        }
        self
    }

    /// The model these values are for.
    pub fn model(&self) -> &'static Model {
        self.model
    }

    /// All values, defaults included.
    pub fn values(&self) -> &Values {
        &self.values
    }

    /// The values, to be kept.
    pub fn into_values(self) -> Values {
        self.values
    }

    /// The object KIE gets as `input`: numbers with exactly their decimals, a single file as a
    /// text, several as a list. Files are where `uploads` says; one that is not there is left out.
    pub fn to_json(&self, uploads: &Uploads) -> Map<String, serde_json::Value> {
        let inputs = self.model.inputs.iter();
        inputs
            .filter_map(|input| {
                let value = self.values.get(input.name)?;
                let there = uploads.get(input.name).map_or(&[][..], Vec::as_slice);
                Some((input.name.to_owned(), json(input.kind, value, there)?))
            })
            .collect()
    }
}

fn holds(values: &Values, condition: Condition) -> bool {
    match (condition.is, values.get(condition.input)) {
        (Is::Value(wanted), Some(Value::Text(text))) => text == wanted,
        (Is::MoreThan(count), Some(Value::Files(files))) => {
            u32::try_from(files.len()).map_or(true, |items| items > count)
        }
        (Is::Value(_) | Is::MoreThan(_), _) => false,
    }
}

fn json(kind: Kind, value: &Value, there: &[String]) -> Option<serde_json::Value> {
    Some(match (kind, value) {
        (Kind::Integer { as_text: true, .. }, Value::Integer(number)) => number.to_string().into(),
        (Kind::Image(_) | Kind::Video(_) | Kind::Audio(_), Value::Files(_)) => there.first()?.as_str().into(),
        (_, Value::Text(text)) => text.as_str().into(),
        (_, Value::Boolean(value)) => (*value).into(),
        (_, Value::Integer(number)) => (*number).into(),
        (_, Value::Number(number)) => json_number(*number),
        (_, Value::Files(_)) if there.is_empty() => return None,
        (_, Value::Files(_)) => there.into(),
    })
}

/// The decimal's own digits are read as a JSON number, which prints the shortest digits that mean
/// it: those of the decimal, for a catalogue's numbers have far fewer than 15.
fn json_number(number: Decimal) -> serde_json::Value {
    serde_json::from_str(&number.normalize().to_string()).expect("a decimal is written as a JSON number")
}
