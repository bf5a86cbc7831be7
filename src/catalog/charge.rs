//! What KIE charges for what was chosen.

use crate::catalog::input::{Value, Values};
use crate::catalog::{Kind, Model, Preset};
use rust_decimal::Decimal;

/// One row of what KIE charges for a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charge {
    /// What KIE takes for one job or one unit of `per`, in US dollars.
    pub usd: Decimal,
    /// What must have been chosen; all of it.
    pub when: &'static [Chosen],
    /// How large the result may be.
    pub up_to: Option<UpTo>,
    /// What that is multiplied by.
    pub per: Per,
}

/// A value that a row asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// The input's name: a choice or a switch.
    pub input: &'static str,
    /// What it must be.
    pub is: Preset,
}

/// A limit on the longest side of an enlarged picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UpTo {
    /// The limit, in pixels.
    pub px: u32,
    /// The input that has the picture.
    pub picture: &'static str,
    /// The input that says how many times it is enlarged.
    pub factor: &'static str,
}

/// What a row's charge is multiplied by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Per {
    /// Nothing: a job costs the same however long it is.
    Job,
    /// The seconds that an input says, or that its files have together.
    Seconds {
        /// The input.
        of: &'static str,
    },
    /// The seconds that so many frames last, rounded up.
    Frames {
        /// The input with the number of frames.
        of: &'static str,
        /// The input with the frames a second.
        by: &'static str,
    },
    /// The started thousands of characters of a text; at least one.
    Thousands {
        /// The input.
        of: &'static str,
    },
}

/// Options at an end of what a model costs, and what KIE charges for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extreme {
    /// In US dollars.
    pub usd: Decimal,
    /// Names of inputs and what they are, for people.
    pub options: &'static [(&'static str, &'static str)],
}

impl Model {
    /// What KIE charges for these values, in US dollars; `None` when no row fits, or when something
    /// that it is counted by is not known.
    pub(super) fn charge_usd(&self, values: &Values) -> Option<Decimal> {
        let row = self.charges.iter().find(|row| self.fits(row, values))?;
        // Most are charged by the job, and a price is asked for at every tap.
        if row.per == Per::Job {
            return Some(row.usd);
        }
        Some(row.usd.checked_mul(self.units(row.per, values)?)?.normalize())
    }

    fn fits(&self, row: &Charge, values: &Values) -> bool {
        let wanted = row.when.iter().all(|chosen| is(values.get(chosen.input), chosen.is));
        wanted && row.up_to.is_none_or(|up_to| self.is_small(up_to, values).unwrap_or(false))
    }

    fn is_small(&self, up_to: UpTo, values: &Values) -> Option<bool> {
        let Some(Value::Files(files)) = values.get(up_to.picture) else { return None };
        let [file] = files.as_slice() else { return None };
        let (width, height) = file.pixels?;
        let side = Decimal::from(width.max(height)).checked_mul(self.number(up_to.factor, values)?)?;
        Some(side <= up_to.px.into())
    }

    /// By how much a row's charge is multiplied.
    fn units(&self, per: Per, values: &Values) -> Option<Decimal> {
        match per {
            Per::Job => Some(Decimal::ONE),
            Per::Seconds { of } => self.number(of, values),
            Per::Frames { of, by } => {
                let seconds = self.number(of, values)?.checked_div(self.number(by, values)?)?;
                Some(seconds.ceil())
            }
            Per::Thousands { of } => {
                let chars = match values.get(of) {
                    Some(Value::Text(text)) => text.chars().count(),
                    Some(Value::Boolean(_) | Value::Integer(_) | Value::Number(_) | Value::Files(_))
                    | None => 0,
                };
                Some(chars.div_ceil(1000).max(1).into())
            }
        }
    }

    /// An input's value as a number above zero, the seconds of its files, or the greatest that it
    /// can be when it was left out.
    fn number(&self, name: &str, values: &Values) -> Option<Decimal> {
        let number = match values.get(name) {
            Some(Value::Text(text)) => Decimal::from_str_exact(text).ok(),
            Some(Value::Integer(number)) => Some((*number).into()),
            Some(Value::Number(number)) => Some(*number),
            Some(Value::Files(files)) => {
                let seconds: Option<u64> = files.iter().map(|file| file.seconds.map(u64::from)).sum();
                // What plays for no time at all was not measured.
                seconds.map(Decimal::from)
            }
            Some(Value::Boolean(_)) => None,
            None => match self.input(name)?.kind {
                Kind::Integer { max, .. } => Some(max.into()),
                Kind::Number { max, .. } => Some(max),
                Kind::Text { .. }
                | Kind::Choice { .. }
                | Kind::Boolean
                | Kind::Image(_)
                | Kind::Images { .. }
                | Kind::Video(_)
                | Kind::Videos { .. }
                | Kind::Audio(_)
                | Kind::Link { .. }
                | Kind::Task { .. } => None,
            },
        };
        number.filter(|number| *number > Decimal::ZERO)
    }
}

fn is(value: Option<&Value>, wanted: Preset) -> bool {
    match (wanted, value) {
        (Preset::Text(wanted), Some(Value::Text(text))) => text == wanted,
        (Preset::Boolean(wanted), Some(Value::Boolean(value))) => *value == wanted,
        (Preset::Integer(wanted), Some(Value::Integer(number))) => *number == wanted,
        (Preset::Number(wanted), Some(Value::Number(number))) => *number == wanted,
        (Preset::Text(_) | Preset::Boolean(_) | Preset::Integer(_) | Preset::Number(_), _) => false,
    }
}
