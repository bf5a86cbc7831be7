//! How a command ends badly: an exit code, and what stderr says, one line a problem.

use crate::config::Problems;
use crate::control::{Unanswered, Unreachable};
use crate::store::OpenError;
use std::fmt;

/// A command that did not do what it was asked.
#[derive(Debug)]
pub(super) struct Failure {
    code: u8,
    why: String,
}

impl Failure {
    /// The check, audit or act failed or was refused.
    pub(super) fn refused(why: impl Into<String>) -> Self {
        Self { code: 1, why: why.into() }
    }

    /// The command line or the settings are wrong.
    pub(super) fn settings(why: impl Into<String>) -> Self {
        Self { code: 2, why: why.into() }
    }

    /// The file is damaged or of a newer version.
    pub(super) fn damaged(why: impl Into<String>) -> Self {
        Self { code: 4, why: why.into() }
    }

    /// The running service answers something else than it was asked.
    pub(super) fn foreign() -> Self {
        Self::refused("the running service is of another version; restart it")
    }

    /// The same, with what follows from it for whoever asked.
    pub(super) fn but(self, what: &str) -> Self {
        Self { why: format!("{}; {what}", self.why), ..self }
    }

    /// The same of an act: it may have been done before this went wrong.
    pub(super) fn in_doubt(self) -> Self {
        self.but("look whether it was done before you try again")
    }

    /// What the shell is told.
    pub(super) fn code(&self) -> u8 {
        self.code
    }
}

/// What a data directory that could not be opened tells the shell.
pub(super) fn code_of(error: &OpenError) -> u8 {
    match error {
        OpenError::Taken(_) => 3,
        OpenError::Damaged { .. } | OpenError::Newer { .. } => 4,
        OpenError::Fault(fault) if fault.is_damage() => 4,
        OpenError::Directory { .. }
        | OpenError::NoRoom { .. }
        | OpenError::NotUpgraded { .. }
        | OpenError::Fault(_) => 1,
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

impl From<Problems> for Failure {
    fn from(problems: Problems) -> Self {
        Self::settings(problems.to_string())
    }
}

impl From<Unreachable> for Failure {
    fn from(error: Unreachable) -> Self {
        let code = match &error {
            Unreachable::Silent { .. } => 3,
            Unreachable::Open(error) => code_of(error),
        };
        Self { code, why: error.to_string() }
    }
}

impl From<Unanswered> for Failure {
    fn from(error: Unanswered) -> Self {
        Self::refused(error.to_string())
    }
}
