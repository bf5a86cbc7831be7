//! The whole service in one process on one seed: store, handlers, flows, workers, HTTP routes, the
//! writers of requests and the readers of answers are the product's own. Replaced are the sockets (by
//! `net`), the disk (by `sandbox::disk`), the writer's thread (by `life`) and the clock (by tokio's,
//! stopped). Customers order, tap twice, cancel and leave (`people`), pay and get their money
//! back (`payers`), everything breaks (`weather`, `life`), and in the end the file must agree with what the
//! outside saw (`judge`, `money`).

mod judge;
mod life;
mod money;
mod net;
mod notes;
mod payers;
mod people;
mod run;
mod tally;
mod weather;
mod world;

use super::budget::Budget;
use super::say;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;
use tally::Tally;

/// With so many seeds every kind of act and fault must have come.
const ALL_KINDS: u64 = 50;

/// What the command line says.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Arguments {
    /// How many seeds
    #[arg(long, default_value_t = 50, value_name = "N")]
    seeds: u64,
    /// The first of them
    #[arg(long, default_value_t = 1, value_name = "N")]
    from: u64,
    /// Repeat one seed exactly, and print the hash of all its events
    #[arg(long, value_name = "N", conflicts_with_all = ["seeds", "from"])]
    seed: Option<u64>,
    /// With --seed: print every event
    #[arg(long, requires = "seed")]
    trace: bool,
    #[command(flatten)]
    budget: Budget,
}

/// Runs the seeds; an error names the first that did not hold, and how to see it again.
pub fn run(arguments: &Arguments) -> Result<(), String> {
    match arguments.seed {
        Some(seed) => one(seed, arguments.trace),
        None => many(arguments),
    }
}

fn failed(seed: u64, why: &str) -> String {
    format!("seed {seed} does not hold: {why}\nsee it again with: simulate --seed {seed} --trace")
}

fn one(seed: u64, trace: bool) -> Result<(), String> {
    let outcome = run::run_caught(seed, trace);
    say(&format!("{}", outcome.tally))?;
    say(&format!("trace hash: {}", outcome.hash))?;
    outcome.broken.map_or(Ok(()), |why| Err(failed(seed, &why)))
}

fn many(arguments: &Arguments) -> Result<(), String> {
    let started = Instant::now();
    let (next, total) = (AtomicU64::new(0), Mutex::new((0_u64, Tally::default())));
    let broken: Mutex<Option<(u64, String)>> = Mutex::new(None);
    let lock =
        |broken: &Mutex<Option<(u64, String)>>| broken.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let work = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if lock(&broken).is_some() || !arguments.budget.goes_on(number, arguments.seeds, started) {
                return;
            }
            let seed = arguments.from + number;
            let outcome = run::run_caught(seed, false);
            if let Some(why) = outcome.broken {
                broken.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert((seed, why));
            }
            let mut total = total.lock().unwrap_or_else(PoisonError::into_inner);
            total.0 += 1;
            total.1 += &outcome.tally;
        }
    };
    std::thread::scope(|scope| {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    let (done, tally) = total.into_inner().unwrap_or_else(PoisonError::into_inner);
    report(done, &tally, started)?;
    if let Some((seed, why)) = lock(&broken) {
        return Err(failed(seed, &why));
    }
    let missing = tally.missing();
    if done >= ALL_KINDS && !missing.is_empty() {
        return Err(format!("never simulated in {done} seeds: {}", missing.join("; ")));
    }
    Ok(())
}

fn report(done: u64, tally: &Tally, started: Instant) -> Result<(), String> {
    let took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX).max(1);
    let tenths = done * 10_000 / took_ms;
    say(&format!("{tally}"))?;
    say(&format!(
        "{done} seeds in {} s, {}.{} seeds per second; {} acts of customers, {} crashes",
        took_ms / 1000,
        tenths / 10,
        tenths % 10,
        tally.acts(),
        tally.crashes()
    ))
}
