//! Figures and how they are shown: in whole numbers, beside what was promised.

use std::time::Duration;

/// How long things took.
#[derive(Clone, Debug, Default)]
pub(super) struct Times(Vec<Duration>);

impl Times {
    pub(super) fn add(&mut self, took: Duration) {
        self.0.push(took);
    }

    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    /// What so many in a thousand did not exceed.
    pub(super) fn within(&self, permille: usize) -> Option<Duration> {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        sorted.get((sorted.len() * permille).div_ceil(1_000).checked_sub(1)?).copied()
    }

    /// The usual shares as a line; `permille` of them is held against `most`.
    pub(super) fn line(&self, shares: &[usize], target: Option<(usize, Duration)>) -> String {
        if self.0.is_empty() {
            return "none".to_owned();
        }
        let name = |share: usize| match (share, share % 10) {
            (1_000, _) => "max".to_owned(),
            (_, 0) => format!("p{}", share / 10),
            (_, tenth) => format!("p{}.{tenth}", share / 10),
        };
        let one = |share: &usize| {
            let took = self.within(*share).unwrap_or_default();
            let mark = target.filter(|(which, _)| which == share).map_or(String::new(), |(_, most)| {
                verdict(took <= most, &format!("at most {}", shown(most)))
            });
            format!("{} {}{mark}", name(*share), shown(took))
        };
        shares.iter().map(one).collect::<Vec<_>>().join(", ")
    }
}

/// What was promised, and whether it was kept.
pub(super) fn verdict(kept: bool, promise: &str) -> String {
    if kept { format!(" (target {promise})") } else { format!(" (MISSED: target {promise})") }
}

/// A time for people: three digits or so.
pub(super) fn shown(time: Duration) -> String {
    let micros = time.as_micros();
    match micros {
        0..1_000 => format!("{micros} µs"),
        1_000..100_000 => format!("{}.{} ms", micros / 1_000, micros % 1_000 / 100),
        100_000..10_000_000 => format!("{} ms", micros / 1_000),
        _ => format!("{} s", micros / 1_000_000),
    }
}

/// Memory for people, with what was promised if anything was.
pub(super) fn megabytes(kilobytes: u64, most: Option<u64>) -> String {
    let said = format!("{}.{} MB", kilobytes / 1_024, kilobytes % 1_024 * 10 / 1_024);
    match most {
        Some(most) => said + &verdict(kilobytes <= most * 1_024, &format!("at most {most} MB")),
        None => said,
    }
}

/// How many a second, with one decimal.
pub(super) fn per_second(many: usize, time: Duration) -> String {
    let tenths = many as u128 * 10_000 / time.as_millis().max(1);
    format!("{}.{}/s", tenths / 10, tenths % 10)
}

/// Hundredths as a decimal.
pub(super) fn hundredths(many: u128) -> String {
    format!("{}.{:02}", many / 100, many % 100)
}

/// The report: what, and how much.
#[derive(Default)]
pub(super) struct Table(Vec<(&'static str, String)>);

impl Table {
    pub(super) fn row(&mut self, what: &'static str, how_much: String) {
        self.0.push((what, how_much));
    }

    /// The lines.
    pub(super) fn lines(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(|(what, how_much)| format!("  {what:<26}{how_much}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_of_what_was_measured() {
        let mut times = Times::default();
        assert_eq!(times.line(&[500], None), "none");
        (1..=1_000).rev().for_each(|ms| times.add(Duration::from_millis(ms)));
        assert_eq!(times.within(500), Some(Duration::from_millis(500)));
        assert_eq!(times.within(999), Some(Duration::from_millis(999)));
        let line = times.line(&[990, 999, 1_000], Some((990, Duration::from_millis(10))));
        assert_eq!(line, "p99 990 ms (MISSED: target at most 10.0 ms), p99.9 999 ms, max 1000 ms");
    }

    #[test]
    fn figures_are_whole_numbers() {
        assert_eq!(per_second(5, Duration::from_secs(2)), "2.5/s");
        assert_eq!(megabytes(31 * 1_024 + 512, Some(30)), "31.5 MB (MISSED: target at most 30 MB)");
        assert_eq!(hundredths(107), "1.07");
    }
}
