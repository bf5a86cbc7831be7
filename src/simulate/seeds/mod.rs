//! The whole service in one process on one seed.

use super::budget::Budget;

/// What the command line says.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    budget: Budget,
}

/// Runs the proof; an error says what did not hold, and how to see it again.
pub fn run(arguments: &Arguments) -> Result<(), String> {
    super::say(&format!("{arguments:?}"))
}
