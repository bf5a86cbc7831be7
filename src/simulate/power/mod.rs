//! The power fails under the store: a scripted hour in a shop, each commit of which is cut at every
//! sync and at random places in between. After every cut the file opens, what was acknowledged is
//! there, an act is there whole or not at all, and the audit holds.

mod cuts;
mod hour;
mod service;
mod shop;

use super::budget::Budget;
use crate::ids::JobId;
use crate::sandbox::disk::Disk;
use crate::time::{At, Clock};
use cuts::{Cuts, Target, dice, index, replay, sound};
use hour::{Hour, MINUTES, PARTS, Part};
use service::{Committed, Service, Step};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::{Duration, Instant};

/// Every so many commits the hour itself goes on from what a cut left.
const LIVED_THROUGH: u64 = 20;

/// What the command line says.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Arguments {
    /// How many cuts: at every sync point three, the rest at random places
    #[arg(long, default_value_t = 5_000, value_name = "N")]
    cuts: u64,
    /// What decides about everything random
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
    /// Only this cut of the row, to see it again
    #[arg(long, value_name = "CUT")]
    only: Option<u64>,
    #[command(flatten)]
    budget: Budget,
}

/// Runs the proof; an error says what did not hold, and how to see it again.
pub fn run(arguments: &Arguments) -> Result<(), String> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_time().start_paused(true).build().map_err(|error| error.to_string())?;
    // Simulated clocks stand still unless somebody lets time pass.
    let _inside = runtime.enter();
    let started = Instant::now();
    let mut power = Power::new(arguments)?;
    let whole = power.hour(arguments, started)?;
    power.report(arguments, whole, started.elapsed())
}

/// The proof as it goes.
struct Power {
    clock: Clock,
    hour: Hour,
    service: Service,
    cuts: Cuts,
    seed: u64,
    commits: u64,
    acts: BTreeMap<&'static str, u64>,
    lived_through: u64,
}

impl Power {
    fn new(arguments: &Arguments) -> Result<Self, String> {
        let clock = Clock::simulated(At(1_795_431_300_000));
        let &Arguments { seed, only, .. } = arguments;
        Ok(Self {
            hour: Hour::new(seed),
            service: Service::open(&Disk::default(), &clock)?,
            cuts: Cuts { seed, only, tally: cuts::Tally::default() },
            clock,
            seed,
            commits: 0,
            acts: BTreeMap::new(),
            lived_through: 0,
        })
    }

    /// The hour, commit by commit; false when the time for it ran out.
    fn hour(&mut self, arguments: &Arguments, started: Instant) -> Result<bool, String> {
        let parts = u64::try_from(PARTS.len()).expect("a few");
        for minute in 0..MINUTES {
            for (number, part) in (0..).zip(PARTS) {
                self.clock.skip(Duration::from_secs(60) / u32::try_from(parts).expect("a few"));
                let over = minute * parts + number + 1;
                let due = arguments.cuts * over / (MINUTES * parts);
                let due = if over == MINUTES * parts { arguments.cuts } else { due };
                self.part(part, due)?;
                if !arguments.budget.goes_on(self.cuts.tally.cuts(), u64::MAX, started) {
                    return Ok(over == MINUTES * parts);
                }
            }
        }
        Ok(true)
    }

    /// One part of a minute, in one commit or two; `due` cuts are to be made by its end.
    fn part(&mut self, part: Part, due: u64) -> Result<(), String> {
        let mut steps = {
            let view = self.service.view()?;
            self.hour.steps(part, &view, self.clock.now()).map_err(|fault| fault.to_string())?
        };
        let second = steps.split_off(self.hour.split(steps.len()));
        for steps in [steps, second] {
            if !steps.is_empty() {
                self.commit(steps, due)?;
            }
        }
        Ok(())
    }

    fn commit(&mut self, steps: Vec<Step>, due: u64) -> Result<(), String> {
        let before = self.service.view()?.fingerprint().map_err(|fault| fault.to_string())?;
        let commit = self.service.commit(steps)?;
        let after = self.service.view()?.fingerprint().map_err(|fault| fault.to_string())?;
        self.commits += 1;
        for name in &commit.names {
            *self.acts.entry(name).or_default() += 1;
        }
        let syncs = commit.record.iter().filter(|one| **one == crate::sandbox::disk::Operation::Sync).count();
        let at_syncs = 3 * u64::try_from(syncs).expect("a few");
        let random = due.saturating_sub(self.cuts.tally.cuts() + at_syncs);
        let target = Target { number: self.commits, commit: &commit, before, after };
        self.cuts.through(&target, random)?;
        if self.commits.is_multiple_of(LIVED_THROUGH) {
            self.live_through(&commit)?;
        }
        Ok(())
    }

    /// The power goes somewhere in this commit, and the hour goes on with what is left.
    fn live_through(&mut self, commit: &Committed) -> Result<(), String> {
        let mut dice = dice(self.seed ^ 0x11FE, self.commits);
        let disk = commit.before.fork();
        replay(&disk, &commit.record[..index(&mut dice, commit.record.len() + 1)])?;
        disk.cut(&mut |below| dice.roll(below));
        self.service = Service::open(&disk, &self.clock)?;
        self.lived_through += 1;
        Ok(())
    }

    fn report(&self, arguments: &Arguments, whole: bool, took: Duration) -> Result<(), String> {
        sound(&self.service)?;
        let tally = self.cuts.tally;
        let acts: u64 = self.acts.values().sum();
        let names: Vec<_> = self.acts.iter().map(|(name, many)| format!("{many} {name}")).collect();
        let per_minute = u128::from(tally.cuts()) * 60_000 / took.as_millis().max(1);
        let mut length =
            if whole { "a scripted hour" } else { "a part of a scripted hour (--budget)" }.to_owned();
        if let Some(only) = arguments.only {
            write!(length, ", only cut {only} of it made").expect("a text takes more");
        }
        let debug = if cfg!(debug_assertions) { " (with debug assertions: all of it)" } else { "" };
        super::say(&format!(
            "{length}, seed {}: {acts} acts in {} commits ({})\n{}\n\
             {} cuts at all {} sync points, {} at random places; {} second cuts during the start after it;\n\
             {} times commits followed, {} times the hour itself went on from what was left, \
             {} times it was opened from a real file\n\
             found as before the commit {} times, as after it {} times; when the file was largest \
             ({} kB) a start read {} kB of it{debug}\n\
             {} s, {per_minute} cuts a minute: every file opened, all that was acknowledged was there, \
             all ten rules held",
            arguments.seed,
            self.commits,
            names.join(", "),
            self.jobs()?,
            tally.at_syncs,
            tally.sync_points,
            tally.random,
            tally.second,
            tally.went_on,
            self.lived_through,
            tally.real_files,
            tally.found_before,
            tally.found_after,
            tally.largest.0 / 1_000,
            tally.largest.1 / 1_000,
            took.as_secs(),
        ))?;
        if arguments.only.is_some() || !whole {
            return Ok(());
        }
        if tally.cuts() < arguments.cuts || tally.found_before == 0 || tally.found_after == 0 {
            return Err(format!("that is no proof: {tally:?}"));
        }
        Ok(())
    }

    /// What became of the orders.
    fn jobs(&self) -> Result<String, String> {
        let view = self.service.view()?;
        let count = || {
            let mut states: BTreeMap<&str, u64> = BTreeMap::new();
            for id in 1..=view.last_job()?.map_or(0, |last| last.0) {
                if let Some(job) = view.job(JobId(id))? {
                    *states.entry(job.row.state.name()).or_default() += 1;
                }
            }
            Ok::<_, crate::store::Fault>(states)
        };
        let states = count().map_err(|fault| fault.to_string())?;
        let all: u64 = states.values().sum();
        let each: Vec<_> = states.iter().map(|(state, many)| format!("{many} {state}")).collect();
        Ok(format!("{all} orders: {}", each.join(", ")))
    }
}
