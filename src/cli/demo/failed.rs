//! Why the demo did not come to its end.

use std::io;

/// Why the demo did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// Something was not as it should be.
    #[error("✗ {what}\n  expected: {expected}\n  came:     {came}{}", log(.service_log))]
    Expectation {
        /// What was looked at.
        what: String,
        /// How it should be.
        expected: String,
        /// How it was.
        came: String,
        /// The last lines of the service's log; may be empty.
        service_log: String,
    },
    /// The service ended by itself.
    #[error("✗ the service ended by itself ({status}){}", log(.service_log))]
    Died {
        /// How.
        status: String,
        /// The last lines of its log; may be empty.
        service_log: String,
    },
    /// The demo itself could not act: a bug in its script.
    #[error("✗ nobody can do this: {0}")]
    CannotAct(#[from] crate::sandbox::telegram::CannotAct),
    /// Files, sockets, processes or the terminal.
    #[error("✗ the demo cannot go on: {0}")]
    Io(#[from] io::Error),
    /// Somebody stopped it.
    #[error("the demo was stopped")]
    Stopped,
}

fn log(lines: &str) -> String {
    if lines.is_empty() { String::new() } else { format!("\n  the service's last words:\n{lines}") }
}
