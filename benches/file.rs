//! What a long ledger costs who only reads it: opening the file after a kill under full load, a page of
//! a customer's statement, the whole audit.

mod shop;

use criterion::{BatchSize, BenchmarkId, Criterion, SamplingMode, criterion_group};
use samovar::ledger::Account;
use samovar::store::Store;
use samovar::time::Clock;
use shop::{Shop, customer, hold};
use std::hint::black_box;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use std::{env, fs};
use tempfile::TempDir;
use tokio::task::JoinSet;

const ROWS: [u64; 3] = [0, 100_000, 1_000_000];
/// Lines on one page of a statement.
const PAGE: usize = 10;
/// Set for the process that is killed: where its file is.
const VICTIM: &str = "SAMOVAR_BENCH_VICTIM";
const CALLERS: u64 = 64;

fn directory() -> TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory on the disk")
}

/// Has another process sell with 64 callers at once, and kills it in the middle of that.
fn kill_under_load(dir: &Path) {
    let mut command = Command::new(env::current_exe().expect("this program"));
    let mut victim = command.env(VICTIM, dir).stdout(Stdio::piped()).spawn().expect("it starts");
    let mut said = String::new();
    let out = victim.stdout.take().expect("a pipe");
    BufReader::new(out).read_line(&mut said).expect("it speaks");
    assert_eq!(said, "selling\n");
    victim.kill().expect("killed");
    let ended = victim.wait().expect("it is gone");
    assert!(!ended.success(), "it ended before the kill");
}

/// The process that is killed.
fn sell_for_ever(dir: &Path) {
    let shop = Shop::open(dir);
    let runtime = tokio::runtime::Builder::new_multi_thread().build().expect("a runtime");
    runtime.block_on(async {
        let callers = (0..CALLERS).map(|caller| {
            let store = shop.store.clone();
            async move {
                for number in (caller..).step_by(64) {
                    let sold = store.write("hold", move |tx| hold(tx, customer(number))).await;
                    sold.expect("durable");
                    if number == 64 * 100 {
                        println!("selling");
                    }
                }
            }
        });
        callers.collect::<JoinSet<_>>().join_all().await;
    });
}

/// Resident memory of this process, in KiB.
fn resident_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line of memory");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

fn ledgers(criterion: &mut Criterion) {
    for rows in shop::sizes(&ROWS) {
        let dir = directory();
        let shop = Shop::open(dir.path());
        shop.fill(rows);
        shop.close();
        let mut group = criterion.benchmark_group("a ledger with rows");
        group.sample_size(10).sampling_mode(SamplingMode::Flat);
        // Before each opening a process is started and killed, which is not measured and takes far longer.
        group.warm_up_time(Duration::from_millis(10)).measurement_time(Duration::from_millis(20));
        group.bench_function(BenchmarkId::new("opened after a kill", rows), |bench| {
            bench.iter_batched(
                || kill_under_load(dir.path()),
                |()| Store::open(dir.path(), Clock::system()).expect("opened"),
                BatchSize::PerIteration,
            );
        });
        kill_under_load(dir.path());
        let before = resident_kib();
        let shop = Shop::open(dir.path());
        println!("opening {rows} rows took {} KiB of memory", resident_kib().saturating_sub(before));
        group.measurement_time(Duration::from_secs(1));
        group.bench_function(BenchmarkId::new("a page of a statement", rows), |bench| {
            let mut next = 0;
            bench.iter(|| {
                next += 1;
                let view = shop.store.view().expect("a snapshot");
                black_box(view.history(Account::User(customer(next)), None, PAGE).expect("readable rows"))
            });
        });
        group.bench_function(BenchmarkId::new("audit", rows), |bench| bench.iter(|| shop.audit()));
        group.finish();
    }
}

criterion_group!(benches, ledgers);

fn main() {
    if let Some(dir) = env::var_os(VICTIM) {
        return sell_for_ever(Path::new(&dir));
    }
    benches();
    Criterion::default().configure_from_args().final_summary();
}
