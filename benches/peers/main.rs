//! The same act with the same durability on other stores, side by side: every round goes through all of
//! them, every second one backwards, so what the disk does in the meantime meets all alike.
//!
//! `cargo bench --features peers --bench peers`; PostgreSQL takes part if it is installed.

mod order;
mod plot;
mod report;
mod run;
#[path = "../shop/mod.rs"]
mod shop;
mod stores;

use clap::Parser;
use order::Sizes;
use report::{Line, thousands};
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use stores::{CONTENDERS, Contender, Filled, Kind};
use tokio::runtime::Runtime;

#[derive(Parser)]
struct Options {
    /// Rows in every ledger before the first order.
    #[arg(long, default_value_t = 1_000_000)]
    rows: u32,
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// How long a measurement takes.
    #[arg(long, default_value_t = 3)]
    seconds: u64,
    /// How many ask at once.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 64, 1_024])]
    callers: Vec<usize>,
    /// Some of the contenders instead of all.
    #[arg(long, value_delimiter = ',', value_parser = CONTENDERS.map(|contender| contender.name))]
    only: Vec<String>,
    /// Draws the result into this file.
    #[arg(long)]
    svg: Option<PathBuf>,
    /// Asks whether it runs, not how fast.
    #[arg(long)]
    test: bool,
    /// What cargo says to every bench.
    #[arg(long, hide = true)]
    bench: bool,
}

impl Options {
    /// Before a measurement, and a measurement.
    fn times(&self) -> (Duration, Duration) {
        if self.test {
            return (Duration::from_millis(10), Duration::from_millis(50));
        }
        (Duration::from_millis(500), Duration::from_secs(self.seconds))
    }

    fn takes(&self, contender: &Contender) -> bool {
        self.only.is_empty() || self.only.iter().any(|name| name == contender.name)
    }
}

fn main() {
    let mut options = Options::parse();
    if options.test {
        (options.rows, options.rounds) = (0, 1);
    }
    let dir = on_the_disk();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let stores = fill(&options, dir.path());
    let (lines, syncs) = rounds(&options, &stores, dir.path(), &runtime);
    for store in &stores {
        let found = store.check();
        println!(
            "{:?}: {} rows in the ledger, as many as were answered",
            store.kind,
            thousands(found.ledger.unsigned_abs())
        );
    }
    report::print(&lines, &syncs);
    if let Some(path) = &options.svg {
        plot::draw(path, &lines, &options.callers, options.rows).expect("a picture");
    }
}

/// A folder that PostgreSQL's user can reach too.
fn on_the_disk() -> tempfile::TempDir {
    let mut builder = tempfile::Builder::new();
    builder.permissions(fs::Permissions::from_mode(0o755));
    builder.tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory on the disk")
}

/// Every store with its past; without PostgreSQL if there is none.
fn fill(options: &Options, dir: &Path) -> Vec<Filled> {
    let small = dir.join("small");
    fs::create_dir(&small).expect("a directory");
    let sizes = stores::sizes(&small);
    let Sizes { wallet, ledger, job } = sizes;
    println!("our rows: a wallet {wallet} bytes, a row of the ledger {ledger}, a job {job}");
    let kinds = [Kind::Samovar, Kind::Redb, Kind::Sqlite, Kind::Postgres, Kind::Fjall];
    let wanted = |kind: &Kind| CONTENDERS.iter().any(|one| one.kind == *kind && options.takes(one));
    let mut filled = Vec::new();
    for kind in kinds.into_iter().filter(wanted) {
        let started = Instant::now();
        match Filled::make(kind, dir, sizes, options.rows) {
            Ok(store) => {
                println!("{kind:?}: filled in {:.1?}", started.elapsed());
                filled.push(store);
            }
            Err(why) => println!("{kind:?} is left out: {why}"),
        }
    }
    filled
}

/// Measures all, and the disk alone once a round.
fn rounds(options: &Options, stores: &[Filled], dir: &Path, runtime: &Runtime) -> (Vec<Line>, Vec<u64>) {
    let (warm, time) = options.times();
    let mut lines = Vec::new();
    for contender in CONTENDERS.into_iter().filter(|contender| options.takes(contender)) {
        if stores.iter().any(|store| store.kind == contender.kind) {
            lines.extend(options.callers.iter().map(|callers| Line {
                contender,
                callers: *callers,
                rounds: Vec::new(),
            }));
        }
    }
    let mut syncs = Vec::new();
    for round in 1..=options.rounds {
        rustix::fs::sync();
        syncs.push(appends(dir, warm));
        let mut groups: Vec<&mut [Line]> = lines.chunks_mut(options.callers.len()).collect();
        if round % 2 == 0 {
            groups.reverse();
        }
        for group in groups {
            let contender = group[0].contender;
            let store = stores.iter().find(|store| store.kind == contender.kind).expect("it has lines");
            rustix::fs::sync();
            let running = store.open(contender, runtime);
            for line in group {
                running.measure(runtime, &store.last, line.callers, warm);
                let measured = running.measure(runtime, &store.last, line.callers, time);
                println!(
                    "round {round}, {}, {} callers: {} a second, p50 {:.2?}",
                    contender.label,
                    line.callers,
                    thousands(measured.a_second),
                    measured.p50
                );
                line.rounds.push(measured);
            }
            running.close();
        }
    }
    (lines, syncs)
}

/// How many appends of 4 KiB the disk takes and syncs a second.
fn appends(dir: &Path, time: Duration) -> u64 {
    let mut file = File::create(dir.join("append")).expect("a file");
    let (started, mut count) = (Instant::now(), 0_u128);
    while started.elapsed() < time {
        file.write_all(&[7; 4_096]).expect("written");
        file.sync_data().expect("synced");
        count += 1;
    }
    u64::try_from(count * 1_000_000_000 / started.elapsed().as_nanos().max(1)).expect("few")
}
