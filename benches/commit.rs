//! What a durable act costs: holds, charges and releases, each from call to answer, for one caller and
//! for many at once, on a short ledger and on long ones, beside one sync of the same disk in the same
//! run. Absolute figures drift from machine to machine; read the ratios printed at the end.

mod shop;

use comfy_table::{Table, presets};
use criterion::{BenchmarkId, Criterion};
use samovar::ids::{JobId, UserId};
use samovar::ledger::{Counters, Situation, Standing, Transfer, apply};
use samovar::money::Kopecks;
use samovar::store::{Fault, Store};
use samovar::time::At;
use shop::{Asked, Shop, charge, customer, hold, release};
use std::cell::OnceCell;
use std::fs;
use std::hint::black_box;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

const ROWS: [u64; 3] = [0, 100_000, 1_000_000];
const CALLERS: [u64; 4] = [1, 16, 64, 256];

/// What is measured.
#[derive(Clone, Copy, Debug)]
enum Act {
    Hold,
    Charge,
    Release,
}

impl Act {
    const ALL: [Self; 3] = [Self::Hold, Self::Charge, Self::Release];

    fn name(self) -> &'static str {
        match self {
            Self::Hold => "hold",
            Self::Charge => "charge",
            Self::Release => "release",
        }
    }
}

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(2))
        .configure_from_args();
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory on the disk");
    rules(&mut criterion);
    let sync = sync(&mut criterion, dir.path());
    let lines: Vec<Line> =
        shop::sizes(&ROWS).into_iter().flat_map(|rows| acts(&mut criterion, rows)).collect();
    criterion.final_summary();
    report(&sync, &lines);
}

/// What rounds of one kind cost, all in all.
#[derive(Clone, Debug, Default)]
struct Spent {
    time: Duration,
    rounds: u64,
    asked: Asked,
    /// How long each answer took.
    answers: Vec<Duration>,
}

impl Spent {
    fn add(&mut self, round: Self) {
        self.time += round.time;
        self.rounds += round.rounds;
        self.asked.syncs += round.asked.syncs;
        self.asked.writes += round.asked.writes;
        self.answers.extend(round.answers);
    }

    fn a_second(&self) -> u128 {
        u128::from(self.rounds) * 1_000_000_000 / self.time.as_nanos().max(1)
    }

    /// The answer that came after as many sooner as later ones.
    fn p50(&self) -> Duration {
        let mut answers = self.answers.clone();
        answers.sort_unstable();
        answers.get(answers.len() / 2).copied().unwrap_or_default()
    }
}

struct Line {
    act: Act,
    rows: u64,
    callers: u64,
    spent: Spent,
}

/// The rules alone, without a file.
fn rules(criterion: &mut Criterion) {
    let hold = Transfer::hold(JobId(1), UserId(1), Kopecks::new(380), At(0));
    let rich = Counters { credits_posted: Kopecks::new(100_000), ..Counters::default() };
    let now = Situation {
        same_ref: None,
        debit: rich,
        credit: Counters::default(),
        standing: Standing::Nothing,
        hold: None,
    };
    criterion.bench_function("ledger::apply", |bench| {
        bench.iter(|| apply(black_box(&now), black_box(&hold)));
    });
}

/// What the disk itself takes to append 4 KiB and have them.
fn sync(criterion: &mut Criterion, dir: &Path) -> Spent {
    let mut file = fs::File::create(dir.join("append")).expect("a file");
    let mut spent = Spent::default();
    criterion.bench_function("append 4 KiB and sync", |bench| {
        bench.iter_custom(|rounds| {
            let started = Instant::now();
            for _ in 0..rounds {
                file.write_all(&[7; 4_096]).expect("written");
                file.sync_data().expect("synced");
            }
            let time = started.elapsed();
            spent.add(Spent { time, rounds, ..Spent::default() });
            time
        });
    });
    spent
}

/// All acts on a ledger with so many rows, for each number of callers.
fn acts(criterion: &mut Criterion, rows: u64) -> Vec<Line> {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory on the disk");
    // Filled when first needed: a filter on the command line may leave it out.
    let filled = OnceCell::new();
    let shop = || {
        filled.get_or_init(|| {
            let shop = Shop::open(dir.path());
            shop.fill(rows);
            // What the past left to be written is not the acts' to pay for.
            rustix::fs::sync();
            shop
        })
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().build().expect("a runtime");
    let mut lines = Vec::new();
    for act in Act::ALL {
        let mut group = criterion.benchmark_group(format!("{} on {rows} rows", act.name()));
        for callers in CALLERS {
            let mut spent = Spent::default();
            group.bench_function(BenchmarkId::new("callers", callers), |bench| {
                bench.iter_custom(|rounds| {
                    // Rounds are shared out; every caller does at least one.
                    let all = rounds.div_ceil(callers) * callers;
                    let round = together(&runtime, shop(), act, callers, all);
                    let time = round.time;
                    spent.add(round);
                    // As if exactly so many rounds had been done.
                    time * u32::try_from(rounds).expect("few") / u32::try_from(all).expect("few")
                });
            });
            lines.push(Line { act, rows, callers, spent });
        }
        group.finish();
    }
    if let Some(shop) = filled.get() {
        shop.audit();
    }
    lines
}

/// So many rounds, shared out among the callers, who all ask at once.
fn together(runtime: &Runtime, shop: &Shop, act: Act, callers: u64, rounds: u64) -> Spent {
    let jobs = match act {
        Act::Hold => Vec::new(),
        Act::Charge | Act::Release => shop.orders(rounds),
    };
    let jobs = Arc::new(jobs);
    let (before, started) = (shop.disk.asked(), Instant::now());
    let answers = runtime.block_on(async {
        let callers = (0..callers).map(|caller| {
            let (store, jobs) = (shop.store.clone(), jobs.clone());
            async move {
                let mut answers = Vec::new();
                for round in (caller..rounds).step_by(usize::try_from(callers).expect("few")) {
                    let asked = Instant::now();
                    one(&store, act, round, &jobs).await.expect("durable");
                    answers.push(asked.elapsed());
                }
                answers
            }
        });
        callers.collect::<JoinSet<_>>().join_all().await.concat()
    });
    Spent { time: started.elapsed(), rounds, asked: shop.disk.asked().since(before), answers }
}

async fn one(store: &Store, act: Act, round: u64, jobs: &[JobId]) -> Result<(), Fault> {
    let job = usize::try_from(round).ok().and_then(|round| jobs.get(round)).copied();
    let job = move || job.expect("an order for every round");
    match act {
        Act::Hold => store.write("hold", move |tx| hold(tx, customer(round)).map(drop)).await,
        Act::Charge => store.write("charge", move |tx| charge(tx, job())).await,
        Act::Release => store.write("release", move |tx| release(tx, job())).await,
    }
}

/// A share with two decimals.
fn share(part: u128, whole: u128) -> String {
    let hundredths = part * 100 / whole.max(1);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

fn report(sync: &Spent, lines: &[Line]) {
    if sync.rounds == 0 {
        return;
    }
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN);
    table.set_header([
        "act",
        "ledger rows",
        "callers",
        "a second",
        "p50",
        "acts for one sync",
        "syncs an act",
        "pages an act",
    ]);
    for Line { act, rows, callers, spent } in lines.iter().filter(|line| line.spent.rounds > 0) {
        let rounds = u128::from(spent.rounds);
        table.add_row([
            act.name().to_owned(),
            rows.to_string(),
            callers.to_string(),
            spent.a_second().to_string(),
            format!("{:.2?}", spent.p50()),
            share(spent.a_second(), sync.a_second()),
            share(spent.asked.syncs.into(), rounds),
            share(spent.asked.writes.into(), rounds),
        ]);
    }
    println!("\none append of 4 KiB with its sync: {} a second\n{table}", sync.a_second());
}
