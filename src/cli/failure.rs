//! How a command ends badly: an exit code, and what stderr says, one line a problem.

use crate::config::Problems;
use crate::control::{Unanswered, Unreachable};
use crate::store::{Fault, OpenError};
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

    /// Another process has the data directory.
    pub(super) fn is_taken(&self) -> bool {
        self.code == 3
    }

    /// What the shell is told.
    pub(super) fn code(&self) -> u8 {
        self.code
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
            Unreachable::Silent { .. } | Unreachable::Open(OpenError::Taken(_)) => 3,
            Unreachable::Open(
                OpenError::Damaged { .. }
                | OpenError::Newer { .. }
                | OpenError::Fault(Fault::Row { .. } | Fault::Damaged(_)),
            ) => 4,
            Unreachable::Open(
                OpenError::Directory { .. }
                | OpenError::NoRoom { .. }
                | OpenError::NotUpgraded { .. }
                | OpenError::Fault(_),
            ) => 1,
        };
        Self { code, why: error.to_string() }
    }
}

impl From<Unanswered> for Failure {
    fn from(error: Unanswered) -> Self {
        Self::refused(error.to_string())
    }
}
