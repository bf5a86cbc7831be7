//! What a long ledger costs who only reads it: opening the file after a kill, a page of a customer's
//! statement, the whole audit.

mod shop;

use criterion::{BatchSize, BenchmarkId, Criterion, SamplingMode, criterion_group, criterion_main};
use samovar::ledger::Account;
use samovar::store::Store;
use samovar::time::Clock;
use shop::{Shop, customer};
use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;

const ROWS: [u64; 3] = [0, 100_000, 1_000_000];
/// Lines on one page of a statement.
const PAGE: usize = 10;

fn directory() -> TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory on the disk")
}

/// A copy of the file as a killed process leaves it: all of it was synced, and nobody closed it.
fn killed(shop: &Path) -> TempDir {
    let copy = directory();
    let file = copy.path().join("samovar.redb");
    fs::copy(shop.join("samovar.redb"), &file).expect("copied");
    // Else the opening's own sync would wait for the copy.
    fs::File::open(&file).and_then(|file| file.sync_all()).expect("synced");
    copy
}

fn ledgers(criterion: &mut Criterion) {
    // `cargo bench -- --test` asks whether it runs, not how fast.
    let rows = if std::env::args().any(|argument| argument == "--test") { &ROWS[..1] } else { &ROWS };
    for rows in rows {
        let dir = directory();
        let shop = Shop::open(dir.path());
        shop.fill(*rows);
        let mut group = criterion.benchmark_group("a ledger with rows");
        group.sample_size(10).sampling_mode(SamplingMode::Flat);
        // Each opening copies the file first, which is not measured and takes far longer.
        group.warm_up_time(Duration::from_millis(10)).measurement_time(Duration::from_millis(20));
        group.bench_function(BenchmarkId::new("opened after a kill", rows), |bench| {
            bench.iter_batched(
                || killed(dir.path()),
                |copy| (Store::open(copy.path(), Clock::system()).expect("opened"), copy),
                BatchSize::PerIteration,
            );
        });
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
criterion_main!(benches);
