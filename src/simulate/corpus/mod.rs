//! Bad bodies for every parser that faces the outside: `tests/corpus`.
//!
//! Each body goes to its parser as it is saved, then cut and changed anew in each round: no panic,
//! no broken promise, each under 50 ms. Then the updates and the callbacks go through the doors of a
//! running service: all are answered, no money moves, and the next customer is served.

mod doors;
mod replay;
pub(super) mod saved;

use super::budget::Budget;
use super::parsers::PARSERS;
use super::say;
use saved::Saved;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Fewer saved bodies than this are no proof.
const FEWEST: usize = 2_000;

/// So many failures are told at most.
const MOST_TOLD: usize = 20;

/// What the command line says.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    budget: Budget,
    /// How often every body is cut and changed anew
    #[arg(long, default_value_t = 8, value_name = "ROUNDS")]
    rounds: u64,
    /// Only this parser, or one of its bodies: update, update:17
    #[arg(long, value_name = "PARSER[:LINE]")]
    only: Option<String>,
    /// Only write every body into a file of its own below this folder, as seeds for a fuzzer
    #[arg(long, value_name = "FOLDER")]
    unpack: Option<PathBuf>,
    /// The package that has tests/corpus
    #[arg(long, default_value = ".", value_name = "FOLDER")]
    package: PathBuf,
}

/// Runs the proof; an error says what did not hold, and how to see it again.
pub fn run(arguments: &Arguments) -> Result<(), String> {
    let mut all = Vec::new();
    for (name, parser) in PARSERS {
        all.push((*name, *parser, saved::read(&arguments.package, name)?));
    }
    let count: usize = all.iter().map(|(_, _, saved)| saved.len()).sum();
    if count < FEWEST {
        return Err(format!("there are {count} saved bodies, fewer than {FEWEST}"));
    }
    if let Some(folder) = &arguments.unpack {
        return all.iter().try_for_each(|(name, _, saved)| unpack(folder, name, saved));
    }
    if let Some(only) = &arguments.only {
        let (name, line) = only.split_once(':').unwrap_or((only, ""));
        all.retain(|(parser, _, _)| *parser == name);
        let line =
            (!line.is_empty()).then(|| line.parse::<usize>().map_err(|_| format!("{line} is no line")));
        if let Some(line) = line.transpose()? {
            for (_, _, saved) in &mut all {
                saved.retain(|one| one.line == line);
            }
        }
    }
    let started = Instant::now();
    let (mut bodies, mut rounds, mut failed) = (0_usize, 0, Vec::new());
    let mut slowest = replay::Slowest::default();
    // The first round takes them as they are.
    while rounds == 0 || arguments.budget.goes_on(rounds, arguments.rounds + 1, started) {
        for (name, parser, saved) in &all {
            for one in saved {
                match replay::round(name, *parser, one, rounds, &mut slowest) {
                    Ok(given) => bodies += given,
                    Err(why) => failed.push(why),
                }
            }
        }
        if !failed.is_empty() {
            failed.truncate(MOST_TOLD);
            return Err(failed.join("\n"));
        }
        rounds += 1;
    }
    say(&format!(
        "{} saved bodies for {} parsers; {bodies} given in {rounds} rounds: no panic",
        all.iter().map(|(_, _, saved)| saved.len()).sum::<usize>(),
        all.len()
    ))?;
    say(&format!("the slowest took {slowest}"))?;
    let of =
        |wanted: &str| all.iter().find(|(name, _, _)| *name == wanted).map_or(&[][..], |(_, _, saved)| saved);
    let (updates, callbacks) = (of("update"), of("callback"));
    if !updates.is_empty() || !callbacks.is_empty() {
        say(&doors::prove(updates, callbacks)?)?;
    }
    Ok(())
}

fn unpack(folder: &Path, name: &str, saved: &[Saved]) -> Result<(), String> {
    let folder = folder.join(name);
    let wrong = |error: std::io::Error| format!("{}: {error}", folder.display());
    fs::create_dir_all(&folder).map_err(wrong)?;
    saved.iter().try_for_each(|one| fs::write(folder.join(one.line.to_string()), &one.bytes).map_err(wrong))
}
