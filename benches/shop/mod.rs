//! A shop with a past, for the benches: customers with money, a ledger of any length, and a disk that
//! counts what is asked of it.
#![allow(dead_code, reason = "each bench uses a part of it")]

use redb::backends::FileBackend;
use samovar::catalog::input::Values;
use samovar::ids::{JobId, RequestId, UserId};
use samovar::job::{File, Late, State, Why};
use samovar::ledger::{Memo, Transfer};
use samovar::message::{About, Act, Lang, Outgoing};
use samovar::money::Kopecks;
use samovar::payment::Way;
use samovar::store::{Delivery, Fault, Job, JobMoney, JobRow, StorageBackend, Store, Tx};
use samovar::time::Clock;
use std::fs::OpenOptions;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;

/// How many customers it has.
pub(crate) const CUSTOMERS: u64 = 10_000;
/// What an order costs.
pub(crate) const PRICE: Kopecks = Kopecks::new(380);
/// Acts of the past that go into one transaction.
const AT_ONCE: u64 = 1_000;

/// What was asked of the disk so far.
#[derive(Debug, Default)]
pub(crate) struct Disk {
    syncs: AtomicU64,
    writes: AtomicU64,
}

/// How often the disk was asked.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Asked {
    /// To have everything on the platter.
    pub(crate) syncs: u64,
    /// To take a page.
    pub(crate) writes: u64,
}

impl Disk {
    /// So far.
    pub(crate) fn asked(&self) -> Asked {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Asked { syncs: count(&self.syncs), writes: count(&self.writes) }
    }
}

impl Asked {
    /// Since `before`.
    pub(crate) fn since(self, before: Self) -> Self {
        Self { syncs: self.syncs - before.syncs, writes: self.writes - before.writes }
    }
}

/// redb's own file, counted.
#[derive(Debug)]
struct Counted(FileBackend, Arc<Disk>);

impl StorageBackend for Counted {
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.1.syncs.fetch_add(1, Ordering::Relaxed);
        self.0.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.1.writes.fetch_add(1, Ordering::Relaxed);
        self.0.write(offset, data)
    }

    fn close(&self) -> io::Result<()> {
        self.0.close()
    }
}

/// How large what is measured is: as `ROWS` in the environment (`10000,10000000`), or `usual`
/// ones; the first alone when `cargo bench -- --test` only asks whether it runs.
pub(crate) fn sizes(usual: &[u64]) -> Vec<u64> {
    if std::env::args().any(|argument| argument == "--test") {
        return usual[..1].to_vec();
    }
    match std::env::var("ROWS") {
        Ok(rows) => rows.split(',').map(|rows| rows.parse().expect("ROWS is numbers")).collect(),
        Err(std::env::VarError::NotPresent) => usual.to_vec(),
        Err(error) => panic!("ROWS: {error}"),
    }
}

/// A running store; dropped, its writer ends.
pub(crate) struct Shop {
    /// Its store.
    pub(crate) store: Store,
    /// What its disk was asked.
    pub(crate) disk: Arc<Disk>,
    writer: JoinHandle<()>,
}

impl Shop {
    /// Opens the shop in `dir`, which may be empty.
    pub(crate) fn open(dir: &Path) -> Self {
        let (disk, path) = (Arc::new(Disk::default()), dir.join("samovar.redb"));
        let counts = disk.clone();
        let backend = move || {
            let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path)?;
            Ok(Counted(FileBackend::new(file).map_err(io::Error::other)?, counts.clone()))
        };
        let (store, engine) = Store::open_on(backend, Clock::system()).expect("a store");
        Self { store, disk, writer: std::thread::spawn(move || engine.run()) }
    }

    /// Closes it; its file can be opened again when this returns.
    pub(crate) fn close(self) {
        drop(self.store);
        self.writer.join().expect("no panic");
    }

    /// Gives it customers with money and a past of sales: at least so many rows in its ledger.
    pub(crate) fn fill(&self, rows: u64) {
        for first in (1..=CUSTOMERS).step_by(1_000) {
            self.act(move |tx| (first..first + 1_000).try_for_each(|number| pay(tx, number)));
        }
        for first in (CUSTOMERS..rows).step_by(usize::try_from(2 * AT_ONCE).expect("small")) {
            self.act(move |tx| {
                (first..first + AT_ONCE).try_for_each(|number| {
                    let job = hold(tx, customer(number))?;
                    charge(tx, job)
                })
            });
        }
    }

    /// Orders of `count` customers, each holding its price.
    pub(crate) fn orders(&self, count: u64) -> Vec<JobId> {
        let part = |first: u64| {
            self.act(move |tx| (first..count.min(first + AT_ONCE)).map(|n| hold(tx, customer(n))).collect())
        };
        let firsts = (0..count).step_by(usize::try_from(AT_ONCE).expect("small"));
        firsts.flat_map(|first| -> Vec<JobId> { part(first) }).collect()
    }

    /// Writes, durably.
    pub(crate) fn act<R: Send + 'static>(
        &self,
        act: impl Fn(&mut Tx<'_>) -> Result<R, Fault> + Send + 'static,
    ) -> R {
        self.store.write_blocking("past", act).expect("durable")
    }

    /// Audits the whole file.
    pub(crate) fn audit(&self) {
        let report = self.store.view().and_then(|view| view.audit()).expect("readable rows");
        assert!(report.ok, "{report:?}");
    }
}

/// A customer. They come in no order: a multiplicative hash spreads them over the file.
pub(crate) fn customer(number: u64) -> UserId {
    let spread = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
    UserId(i64::try_from(spread % CUSTOMERS + 1).expect("24 bits"))
}

fn pay(tx: &mut Tx<'_>, number: u64) -> Result<(), Fault> {
    let user = UserId(i64::try_from(number).expect("few"));
    let paid = tx.credit_payment(Way::Stars, &number.to_string(), user, Kopecks::new(1_000_000_000))?;
    assert!(paid.is_ok(), "{paid:?}");
    Ok(())
}

/// Takes an order and holds its price.
pub(crate) fn hold(tx: &mut Tx<'_>, user: UserId) -> Result<JobId, Fault> {
    order(tx, user, Values::new())
}

/// The same, saying what was ordered.
pub(crate) fn order(tx: &mut Tx<'_>, user: UserId, input: Values) -> Result<JobId, Fault> {
    let (id, now) = (tx.next_job_id()?, tx.now());
    let mut money = JobMoney::default();
    let held = tx.transfer_for_job(id, &mut money, &Transfer::hold(id, user, PRICE, now.at))?;
    assert!(held.is_ok(), "{held:?}");
    let row = JobRow {
        user,
        model: "z-image".to_owned(),
        input,
        price: PRICE,
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

/// Ends an order with a picture: its price is charged.
pub(crate) fn charge(tx: &mut Tx<'_>, id: JobId) -> Result<(), Fault> {
    let file = File { name: "1.png".to_owned(), mime: "image/png".to_owned(), size_bytes: 1, link: None };
    end(tx, id, State::Done { files: vec![file] }, |job, hold, tx| {
        Transfer::charge(id, job.row.user, hold, PRICE, tx.now().at)
    })
}

/// Ends an order without one: its price is released.
pub(crate) fn release(tx: &mut Tx<'_>, id: JobId) -> Result<(), Fault> {
    end(tx, id, State::Failed { why: Why::Paused, late: Late::Never }, |job, hold, tx| {
        Transfer::release(id, job.row.user, hold, PRICE, tx.now().at, Memo::Failed)
    })
}

fn end(
    tx: &mut Tx<'_>,
    id: JobId,
    state: State,
    transfer: impl Fn(&Job, samovar::ids::Seq, &Tx<'_>) -> Transfer,
) -> Result<(), Fault> {
    let mut job = tx.job(id)?.expect("it was just held");
    let hold = job.row.money.hold.expect("it was just held");
    let transfer = transfer(&job, hold, tx);
    let moved = tx.transfer_for_job(id, &mut job.row.money, &transfer)?;
    assert!(moved.is_ok(), "{moved:?}");
    (job.row.state, job.row.due) = (state, None);
    let act = Act::Text { text: "done".to_owned(), keyboard: Vec::new(), edit: None };
    job.row.told = Some(tx.say(Outgoing { chat: job.row.user.chat(), act, about: About::Ending(id) }, None)?);
    tx.put_job(&job)
}
