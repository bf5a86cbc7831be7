//! Gives bodies to a parser, as they are and changed, and takes the time.

use super::saved::Saved;
use crate::panics;
use crate::simulate::dice::Dice;
use crate::simulate::parsers::Parser;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

/// No body may take a parser longer. Built without optimisation nothing tells how fast it is.
const LIMIT: Duration = Duration::from_millis(if cfg!(debug_assertions) { 1_000 } else { 50 });
/// The best of so many tries counts: caches are cold at first, and others use this machine too.
const TRIES: u32 = 50;
/// So long at the most on the wall, nobody else had the processor for much of it.
const SHORT: Duration = Duration::from_millis(10);
/// Larger bodies are given as they are only.
const CHANGED_BYTES: usize = 128 * 1024;
/// What changed bytes become: the ends of texts, lists, numbers and characters.
const WICKED: [u8; 16] = *b"\0\"\\{}[]:,9-eE\x80\xff\n";

/// The body that took longest.
#[derive(Debug, Default)]
pub(super) struct Slowest {
    took: Duration,
    what: String,
}

impl fmt::Display for Slowest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1?}: {}", self.took, self.what)
    }
}

/// Gives one body: in round 0 as it is, in the others cut and changed. Gives how many bodies that were.
pub(super) fn round(
    name: &str,
    parser: Parser,
    saved: &Saved,
    round: u64,
    slowest: &mut Slowest,
) -> Result<usize, String> {
    let place = format!("tests/corpus/{name}.jsonl:{}", saved.line);
    let mut give = |bytes: &[u8], how: &str| {
        let took = take(parser, bytes, LIMIT).map_err(|why| {
            format!(
                "{place}{how}: {why}\nagain: simulate corpus --rounds {round} --only {name}:{}",
                saved.line
            )
        })?;
        if took > slowest.took {
            *slowest = Slowest { took, what: format!("{place}{how}, {} bytes", bytes.len()) };
        }
        Ok::<(), String>(())
    };
    if round == 0 {
        return give(&saved.bytes, "").map(|()| 1);
    }
    if saved.bytes.is_empty() || saved.bytes.len() > CHANGED_BYTES {
        return Ok(0);
    }
    let mut dice = dice(name, saved.line, round);
    give(&saved.bytes[..dice.index(saved.bytes.len())], &format!(" cut in round {round}"))?;
    give(&changed(&saved.bytes, &mut dice), &format!(" changed in round {round}"))?;
    Ok(2)
}

/// The least time that a parser takes for a body, or why it must not be so.
fn take(parser: Parser, bytes: &[u8], limit: Duration) -> Result<Duration, String> {
    let mut best = Duration::MAX;
    for _ in 0..TRIES {
        let started = Stopwatch::start();
        let taken = catch_unwind(AssertUnwindSafe(|| parser(bytes)));
        best = best.min(started.elapsed());
        taken.map_err(|panic| format!("a panic: {}", panics::words(panic.as_ref())))?;
        if best <= limit {
            return Ok(best);
        }
    }
    Err(format!("it takes {best:.1?}, more than {limit:?}"))
}

/// The processor time of this thread, or the time on the wall where the system does not tell it.
struct Stopwatch(Option<Duration>, Instant);

impl Stopwatch {
    fn start() -> Self {
        Self(processor_time(), Instant::now())
    }

    fn elapsed(&self) -> Duration {
        let wall = self.1.elapsed();
        let used = self.0.zip(processor_time()).map(|(before, now)| now.saturating_sub(before));
        // The system counts in steps of some milliseconds; what is short on the wall needs no other clock.
        if wall <= SHORT { wall } else { used.map_or(wall, |used| used.min(wall)) }
    }
}

/// `None` where Linux was built without these figures.
fn processor_time() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ').next()?.parse().map(Duration::from_nanos).ok()
}

/// One to four bytes become others, or are left out, or stand twice.
fn changed(bytes: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..=dice.index(4) {
        if bytes.is_empty() {
            break;
        }
        let at = dice.index(bytes.len());
        let wicked = WICKED[dice.index(WICKED.len())];
        match dice.index(4) {
            0 => bytes[at] = wicked,
            1 => bytes.insert(at, wicked),
            2 => drop(bytes.remove(at)),
            _ => bytes[at] ^= 1 << dice.index(8),
        }
    }
    bytes
}

/// Dice that are the same for a body in every run.
fn dice(name: &str, line: usize, round: u64) -> Dice {
    let hash = blake3::hash(format!("{name} {line} {round}").as_bytes());
    let (seed, _) = hash.as_bytes().split_first_chunk().expect("a hash has 32 bytes");
    Dice::new(u64::from_le_bytes(*seed))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saved(bytes: &[u8]) -> Saved {
        Saved { line: 3, bytes: bytes.to_vec() }
    }

    #[test]
    fn a_parser_that_panics_is_named_with_the_way_to_see_it_again() {
        let told = |parser: Parser, at: u64| {
            round("update", parser, &saved(b"{}"), at, &mut Slowest::default()).expect_err("told")
        };
        let panics = told(|bytes| assert!(bytes.is_empty(), "not empty"), 0);
        assert!(panics.contains("tests/corpus/update.jsonl:3: a panic: not empty"), "{panics}");
        assert!(panics.ends_with("simulate corpus --rounds 0 --only update:3"), "{panics}");
    }

    #[test]
    fn a_parser_that_is_slow_every_time_is_told() {
        let spin: Parser = |_| {
            let started = Stopwatch::start();
            while started.elapsed() <= Duration::from_millis(2) {}
        };
        assert!(take(spin, b"{}", Duration::from_millis(1)).expect_err("slow").contains("more than 1ms"));
        assert!(take(spin, b"{}", LIMIT).is_ok());
    }

    #[test]
    fn the_changes_of_a_round_are_the_same_in_every_run() {
        let change = |round| changed(b"a body of some length", &mut dice("update", 3, round));
        assert_eq!(change(1), change(1));
        assert_ne!(change(1), change(2));
        let given = round("update", |_| {}, &saved(b"{}"), 1, &mut Slowest::default());
        assert_eq!(given, Ok(2));
    }
}
