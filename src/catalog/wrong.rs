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
    /// A text where a file is wanted.
    #[error("{input}: is a file, not words")]
    NotByWords {
        /// The input's name.
        input: &'static str,
    },
    /// A file of a type that will not do, or that is not what it claims.
    #[error("{input}: is {found}, it must be one of {}", accept.join(", "))]
    WrongFile {
        /// The input's name.
        input: &'static str,
        /// What its bytes say.
        found: String,
        /// The types that will do.
        accept: &'static [&'static str],
    },
    /// A file with too many bytes.
    #[error("{input}: is larger than {max_mb} MB")]
    TooLarge {
        /// The input's name.
        input: &'static str,
        /// The most mebibytes.
        max_mb: u32,
    },
    /// A picture with a side that is too short or too long.
    #[error("{input}: is {width}×{height}, each side must have {min_side} to {max_side} pixels")]
    WrongSides {
        /// The input's name.
        input: &'static str,
        /// Its width.
        width: u32,
        /// Its height.
        height: u32,
        /// The least.
        min_side: u32,
        /// The most.
        max_side: u32,
    },
    /// A picture with too many pixels.
    #[error("{input}: is {width}×{height}, more than {max_megapixels} megapixels")]
    TooManyPixels {
        /// The input's name.
        input: &'static str,
        /// Its width.
        width: u32,
        /// Its height.
        height: u32,
        /// The most, in millions.
        max_megapixels: u32,
    },
    /// A sound that plays too long.
    #[error("{input}: plays {seconds} s, at most {max_seconds} s will do")]
    TooLongToPlay {
        /// The input's name.
        input: &'static str,
        /// How long it plays.
        seconds: u32,
        /// How long it may.
        max_seconds: u32,
    },
    /// A sound whose length cannot be read.
    #[error("{input}: its length cannot be read")]
    NoLength {
        /// The input's name.
        input: &'static str,
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
            | Self::NotByWords { input }
            | Self::WrongFile { input, .. }
            | Self::TooLarge { input, .. }
            | Self::WrongSides { input, .. }
            | Self::TooManyPixels { input, .. }
            | Self::TooLongToPlay { input, .. }
            | Self::NoLength { input }
            | Self::OtherType { input } => input,
        }
    }
}
