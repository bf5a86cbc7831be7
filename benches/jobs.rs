//! What a due job costs when few are open and when very many are: finding it among the others, and
//! putting it off until its next look, as the service does with a job that is not done yet.

mod shop;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use samovar::ids::JobId;
use samovar::store::Fault;
use samovar::time::Up;
use shop::Shop;
use std::hint::black_box;
use std::time::Duration;

const OPEN: [u64; 3] = [500, 5_000, 50_000];
/// So many are due at once.
const DUE: u64 = 64;

/// Jobs under watch, each due a millisecond after the one before it, round and round.
struct Watch {
    shop: Shop,
    open: u64,
    now: Up,
}

impl Watch {
    fn over(shop: Shop, open: u64) -> Self {
        let first = shop.orders(open).into_iter().map(|id| id.0).min().expect("some are open");
        for part in (0..open).step_by(1_000) {
            shop.act(move |tx| {
                (part..open.min(part + 1_000)).try_for_each(|n| {
                    let mut job = tx.job(JobId(first + n))?.expect("it was ordered");
                    job.row.due = Some(after(Up(0), n + 1));
                    tx.put_job(&job)
                })
            });
        }
        Self { shop, open, now: Up(0) }
    }

    /// The next ones to be looked at.
    fn due(&self) -> Vec<JobId> {
        let view = self.shop.store.view().expect("a snapshot");
        let now = after(self.now, DUE);
        let due = view.due(now, 512).expect("readable rows");
        assert_eq!(due.len() as u64, DUE);
        black_box(view.next_due_after(now).expect("readable rows"));
        due
    }

    /// Looks at them and puts them off, in one commit.
    fn put_off(&mut self) {
        let (due, open) = (self.due(), self.open);
        self.now = after(self.now, DUE);
        self.shop.act(move |tx| due.iter().try_for_each(|id| put_off(tx, *id, open)));
    }
}

fn put_off(tx: &mut samovar::store::Tx<'_>, id: JobId, by_ms: u64) -> Result<(), Fault> {
    let mut job = tx.job(id)?.expect("it is open");
    job.row.due = job.row.due.map(|due| after(due, by_ms));
    tx.put_job(&job)
}

fn after(up: Up, ms: u64) -> Up {
    up.plus(Duration::from_millis(ms))
}

fn open_jobs(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("64 due of open jobs");
    group.sample_size(20).measurement_time(Duration::from_secs(3)).throughput(Throughput::Elements(DUE));
    for open in shop::sizes(&OPEN) {
        let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory on the disk");
        let shop = Shop::open(dir.path());
        shop.fill(0);
        let mut watch = Watch::over(shop, open);
        group.bench_function(BenchmarkId::new("found", open), |bench| {
            bench.iter(|| watch.due());
        });
        group.bench_function(BenchmarkId::new("found and put off", open), |bench| {
            bench.iter(|| watch.put_off());
        });
        watch.shop.audit();
    }
    group.finish();
}

criterion_group!(benches, open_jobs);
criterion_main!(benches);
