//! Why what a customer gave will not do: data, of which the conversation makes a sentence.

use crate::catalog::Condition;
use rust_decimal::Decimal;

/// Why a value will not do, with what would.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// The model has no such input.
    #[error("{input}: there is no such input")]
    Unknown {
        /// The name that was given.
        input: String,
    },
    /// A required input without a default was not given.
    #[error("{input}: is required")]
    Missing {
        /// The input's name.
        input: &'static str,
    },
    /// Nothing but blanks, or a list without files.
    #[error("{input}: is empty")]
    Empty {
        /// The input's name.
        input: &'static str,
    },
    /// Too few characters.
    #[error("{input}: {chars} characters, at least {min_chars} are needed")]
    TooShort {
        /// The input's name.
        input: &'static str,
        /// The fewest characters.
        min_chars: u32,
        /// How many it had.
        chars: usize,
    },
    /// Too many characters.
    #[error("{input}: {chars} characters, at most {max_chars} fit")]
    TooLong {
        /// The input's name.
        input: &'static str,
        /// The most characters.
        max_chars: u32,
        /// How many it had.
        chars: usize,
    },
    /// NUL or another control character (line break and tab are fine).
    #[error("{input}: has control characters")]
    ControlCharacter {
        /// The input's name.
        input: &'static str,
    },
    /// Not one of the values.
    #[error("{input}: is none of {}", values.join(", "))]
    NotAChoice {
        /// The input's name.
        input: &'static str,
        /// The values that will do.
        values: &'static [&'static str],
    },
    /// Neither yes nor no.
    #[error("{input}: is neither yes nor no")]
    NotABoolean {
        /// The input's name.
        input: &'static str,
    },
    /// Not a whole number.
    #[error("{input}: is not a whole number")]
    NotAnInteger {
        /// The input's name.
        input: &'static str,
    },
    /// Not a number.
    #[error("{input}: is not a number")]
    NotANumber {
        /// The input's name.
        input: &'static str,
    },
    /// Below the least or above the greatest.
    #[error("{input}: is outside {min} to {max}")]
    OutOfRange {
        /// The input's name.
        input: &'static str,
        /// The least.
        min: Decimal,
        /// The greatest.
        max: Decimal,
    },
    /// Between two steps.
    #[error("{input}: goes from {min} in steps of {step}")]
    OffStep {
        /// The input's name.
        input: &'static str,
        /// The least.
        min: Decimal,
        /// The distance from one to the next.
        step: Decimal,
    },
    /// Not a link by https.
    #[error("{input}: is not a link that begins with https://")]
    NotALink {
        /// The input's name.
        input: &'static str,
    },
    /// A link to another host than the one that will do.
    #[error("{input}: the link must begin with https://{host}/")]
    WrongHost {
        /// The input's name.
        input: &'static str,
        /// The one host.
        host: &'static str,
    },
    /// Too many files.
    #[error("{input}: at most {max_items} files")]
    TooMany {
        /// The input's name.
        input: &'static str,
        /// The most files.
        max_items: u32,
    },
    /// A value of another type than the input's: an old draft, or a bug.
    #[error("{input}: has a value of another type")]
    OtherType {
        /// The input's name.
        input: &'static str,
    },
    /// Two values that KIE refuses together.
    #[error("{} and {} do not go together as chosen", first.input, second.input)]
    Conflict {
        /// One of them.
        first: Condition,
        /// The other.
        second: Condition,
    },
}

impl Wrong {
    /// The name of the input it is about (of two, the first).
    pub fn input(&self) -> &str {
        match self {
            Self::Unknown { input } => input,
            Self::Conflict { first, .. } => first.input,
            Self::Missing { input }
            | Self::Empty { input }
            | Self::TooShort { input, .. }
            | Self::TooLong { input, .. }
            | Self::ControlCharacter { input }
            | Self::NotAChoice { input, .. }
            | Self::NotABoolean { input }
            | Self::NotAnInteger { input }
            | Self::NotANumber { input }
            | Self::OutOfRange { input, .. }
            | Self::OffStep { input, .. }
            | Self::NotALink { input }
            | Self::WrongHost { input, .. }
            | Self::TooMany { input, .. }
            | Self::OtherType { input } => input,
        }
    }
}
