//! What a durable act costs: a hold and its charge, from call to answer, for one caller and for many
//! at once, beside one sync of the same disk in the same run. Absolute figures drift from machine to
//! machine; read the ratios printed at the end.

use criterion::Criterion;
use samovar::catalog::input::Values;
use samovar::ids::{JobId, RequestId, UserId};
use samovar::job::{File, State};
use samovar::ledger::{Account, Counters, Situation, Standing, Transfer, apply};
use samovar::message::{About, Act, Lang, Outgoing};
use samovar::money::Kopecks;
use samovar::store::{Delivery, Fault, Job, JobMoney, JobRow, Store, Tx};
use samovar::time::{At, Clock};
use std::fs;
use std::hint::black_box;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::runtime::Runtime;

const CUSTOMERS: i64 = 10_000;
const CALLERS: [u64; 4] = [1, 16, 64, 256];
/// Acts of one sale: hold and charge.
const ACTS: u64 = 2;

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(4))
        .configure_from_args();
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory on the disk");
    rules(&mut criterion);
    let sync = sync(&mut criterion, dir.path());
    let sales = sales(&mut criterion, &dir);
    criterion.final_summary();
    summary(sync, &sales);
}

/// How long so many rounds took in all.
#[derive(Clone, Copy, Debug, Default)]
struct Spent {
    time: Duration,
    rounds: u64,
}

impl Spent {
    fn add(&mut self, time: Duration, rounds: u64) {
        self.time += time;
        self.rounds += rounds;
    }

    fn each(self) -> Duration {
        let nanos = self.time.as_nanos() / u128::from(self.rounds.max(1));
        Duration::from_nanos(u64::try_from(nanos).expect("less than 500 years"))
    }

    fn per_second(self, of_each: u64) -> u128 {
        u128::from(self.rounds * of_each) * 1_000_000_000 / self.time.as_nanos().max(1)
    }
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
            let took = started.elapsed();
            spent.add(took, rounds);
            took
        });
    });
    spent
}

/// Sales on a file with 10,000 customers: each a hold with its job, then its charge with the job's
/// end and the message about it.
fn sales(criterion: &mut Criterion, dir: &TempDir) -> Vec<(u64, Spent)> {
    let (store, engine) = Store::open(dir.path(), Clock::system()).expect("a new store");
    std::thread::spawn(move || engine.run());
    fill(&store);
    let runtime = tokio::runtime::Builder::new_multi_thread().build().expect("a runtime");
    let mut all = Vec::new();
    for callers in CALLERS {
        let mut spent = Spent::default();
        criterion.bench_function(&format!("hold and charge, {callers} callers"), |bench| {
            bench.iter_custom(|rounds| {
                // Rounds are shared out; every caller does at least one.
                let each = rounds.div_ceil(callers);
                let took = together(&runtime, &store, callers, each);
                spent.add(took, each * callers);
                // As if exactly so many rounds had been done.
                took * u32::try_from(rounds).expect("few") / u32::try_from(each * callers).expect("few")
            });
        });
        all.push((callers, spent));
    }
    let report = store.view().and_then(|view| view.audit()).expect("readable rows");
    assert!(report.ok, "{report:?}");
    all
}

fn fill(store: &Store) {
    for thousand in 0..CUSTOMERS / 1_000 {
        let filled = store.write_blocking("fill", move |tx: &mut Tx<'_>| {
            for user in thousand * 1_000..(thousand + 1) * 1_000 {
                let (user, amount) = (UserId(user + 1), Kopecks::new(1_000_000_000));
                let paid = tx.credit_payment(Account::CashStars, &user.to_string(), user, amount)?;
                assert!(paid.is_ok(), "{paid:?}");
            }
            Ok(())
        });
        filled.expect("filled");
    }
}

fn together(runtime: &Runtime, store: &Store, callers: u64, each: u64) -> Duration {
    let started = Instant::now();
    runtime.block_on(async {
        let callers: Vec<_> = (0..callers)
            .map(|caller| {
                let store = store.clone();
                tokio::spawn(async move {
                    for round in 0..each {
                        sale(&store, customer(caller, round)).await.expect("durable");
                    }
                })
            })
            .collect();
        for caller in callers {
            caller.await.expect("no panic");
        }
    });
    started.elapsed()
}

/// Customers come in no order; a multiplicative hash spreads them over the file.
fn customer(caller: u64, round: u64) -> UserId {
    let spread = (caller * 1_000_003 + round).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
    let number = i64::try_from(spread).expect("24 bits") % CUSTOMERS;
    UserId(number + 1)
}

async fn sale(store: &Store, user: UserId) -> Result<(), Fault> {
    let price = Kopecks::new(380);
    let id = store.write("hold", move |tx| hold(tx, user, price)).await?;
    store.write("charge", move |tx| charge(tx, id, price)).await
}

fn hold(tx: &mut Tx<'_>, user: UserId, price: Kopecks) -> Result<JobId, Fault> {
    let (id, now) = (tx.next_job_id()?, tx.now());
    let mut money = JobMoney::default();
    let held = tx.transfer_for_job(id, &mut money, &Transfer::hold(id, user, price, now.at))?;
    assert!(held.is_ok(), "{held:?}");
    let row = JobRow {
        user,
        model: "z-image".to_owned(),
        input: Values::new(),
        price,
        cost_usd: rust_decimal::Decimal::ONE,
        free_hour: None,
        request: RequestId(1),
        lang: Lang::Ru,
        created: now.at,
        ended: None,
        state: State::Queued { since: now.up, not_before: now.up },
        due: Some(now.up),
        money,
        prev: None,
        status_message: None,
        uploads: std::collections::BTreeMap::new(),
        task: None,
        told: None,
        delivery: Delivery::Waiting,
    };
    tx.put_job(&Job { id, row })?;
    Ok(id)
}

fn charge(tx: &mut Tx<'_>, id: JobId, price: Kopecks) -> Result<(), Fault> {
    let mut job = tx.job(id)?.expect("it was just held");
    let hold = job.row.money.hold.expect("it was just held");
    let charge = Transfer::charge(id, job.row.user, hold, price, tx.now().at);
    let charged = tx.transfer_for_job(id, &mut job.row.money, &charge)?;
    assert!(charged.is_ok(), "{charged:?}");
    let file = File { name: "1.png".to_owned(), mime: "image/png".to_owned(), size_bytes: 1, link: None };
    (job.row.state, job.row.due) = (State::Done { files: vec![file] }, None);
    let act = Act::Text { text: "done".to_owned(), keyboard: Vec::new(), edit: None };
    let about = About::Ending(id);
    job.row.told = Some(tx.say(Outgoing { chat: job.row.user.chat(), act, about }, None)?);
    tx.put_job(&job)
}

fn summary(sync: Spent, sales: &[(u64, Spent)]) {
    if sync.rounds == 0 || sales.iter().any(|(_, spent)| spent.rounds == 0) {
        return;
    }
    println!("\none sync of 4 KiB: {:?}, {} a second", sync.each(), sync.per_second(1));
    println!("| callers | durable acts a second | a sale (2 acts) takes | acts for one sync |");
    println!("|---|---|---|---|");
    for (callers, spent) in sales {
        let acts = spent.per_second(ACTS);
        let tenths = acts * 10 / sync.per_second(1).max(1);
        let took = spent.each() * u32::try_from(*callers).expect("few");
        println!("| {callers} | {acts} | {took:?} | {}.{} |", tenths / 10, tenths % 10);
    }
}
