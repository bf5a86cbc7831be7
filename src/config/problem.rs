//! What is wrong with the settings, in words that hold no value.

use std::fmt;

/// One thing that is wrong with the settings. Its text is one line and holds no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The setting, or the file when it cannot be read at all.
    pub name: String,
    /// What is wrong, and where a right value comes from.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.what)
    }
}

/// All that is wrong with the settings, a line each; never empty.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n"))]
pub struct Problems(pub Vec<Problem>);
