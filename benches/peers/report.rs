//! What is printed: a line for each contender and number of callers.

use crate::run::Measured;
use crate::stores::Contender;
use comfy_table::{Table, presets};
use std::time::Duration;

/// What the rounds gave.
pub(crate) struct Line {
    pub(crate) contender: Contender,
    pub(crate) callers: usize,
    pub(crate) rounds: Vec<Measured>,
}

impl Line {
    /// The least, the median and the most a second.
    pub(crate) fn a_second(&self) -> (u64, u64, u64) {
        let mut all: Vec<u64> = self.rounds.iter().map(|round| round.a_second).collect();
        all.sort_unstable();
        (all.first().copied().unwrap_or(0), median(&all).unwrap_or(0), all.last().copied().unwrap_or(0))
    }

    fn p50(&self) -> Duration {
        let mut all: Vec<Duration> = self.rounds.iter().map(|round| round.p50).collect();
        all.sort_unstable();
        median(&all).unwrap_or_default()
    }
}

/// Of sorted values; of two in the middle the lower one.
pub(crate) fn median<T: Copy>(sorted: &[T]) -> Option<T> {
    sorted.get(sorted.len().saturating_sub(1) / 2).copied()
}

/// The table, beside what the disk itself took.
pub(crate) fn print(lines: &[Line], syncs_a_second: &[u64]) {
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN);
    table.set_header(["store", "callers", "acts a second", "least to most", "p50", "Samovar / it"]);
    for line in lines {
        let (least, middle, most) = line.a_second();
        let ours = lines.iter().find(|ours| ours.contender.name == "samovar" && ours.callers == line.callers);
        table.add_row([
            line.contender.label.to_owned(),
            thousands(line.callers as u64),
            thousands(middle),
            format!("{} to {}", thousands(least), thousands(most)),
            format!("{:.2?}", line.p50()),
            ours.map_or_else(|| "-".to_owned(), |ours| times(ours.a_second().1, middle)),
        ]);
    }
    let mut syncs = syncs_a_second.to_vec();
    syncs.sort_unstable();
    let syncs = syncs.first().zip(median(&syncs)).zip(syncs.last());
    if let Some(((least, middle), most)) = syncs {
        println!("\nthe disk: {middle} appends of 4 KiB with their sync a second ({least} to {most})");
    }
    println!("{table}");
}

/// How many times as much, with two decimals.
fn times(ours: u64, other: u64) -> String {
    let hundredths = ours * 100 / other.max(1);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

/// With commas.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
