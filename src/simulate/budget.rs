//! How long a proof goes on: so many rounds, or as many as a time allows but never too few.

use std::time::{Duration, Instant};

/// What the command line says about it.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Budget {
    /// Stop after so much time (90s, 8m), but not before --at-least rounds
    #[arg(long, value_parser = time, value_name = "TIME")]
    budget: Option<Duration>,
    /// With --budget: the fewest rounds that prove anything
    #[arg(long, default_value_t = 1, value_name = "ROUNDS")]
    at_least: u64,
}

impl Budget {
    /// True while another round is to begin: `done` of `all` are over, the first began at `started`.
    pub fn goes_on(&self, done: u64, all: u64, started: Instant) -> bool {
        let in_time = self.budget.is_none_or(|budget| started.elapsed() < budget);
        done < all && (in_time || done < self.at_least)
    }
}

/// A time as jiff reads it: `90s`, `8m`.
fn time(text: &str) -> Result<Duration, String> {
    let read =
        text.parse::<jiff::SignedDuration>().map_err(|_| format!("{text} is no time such as 90s or 8m"));
    Duration::try_from(read?).map_err(|_| format!("{text} is no time to spend"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_never_ends_before_the_fewest_rounds_and_never_goes_past_the_last() {
        let spent = Budget { budget: Some(Duration::ZERO), at_least: 3 };
        let started = Instant::now();
        assert!(spent.goes_on(2, 10, started));
        assert!(!spent.goes_on(3, 10, started));
        let free = Budget { budget: None, at_least: 1 };
        assert!(free.goes_on(9, 10, started));
        assert!(!free.goes_on(10, 10, started));
    }

    #[test]
    fn times_are_seconds_or_minutes() {
        assert_eq!(time("8m"), Ok(Duration::from_secs(480)));
        assert_eq!(time("90s"), Ok(Duration::from_secs(90)));
        assert!(time("soon").is_err());
        assert!(time("-8m").is_err());
    }
}
