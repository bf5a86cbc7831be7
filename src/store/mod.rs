//! The memory of the service: one redb file. `read` gives a snapshot and never waits; `write` hands
//! an act to the one writer and answers only after the act is on disk.
//!
//! **Invariants:** an answer of [`Store::write`] comes after its commit; no transaction is open
//! across an await; redb is named nowhere but here.

mod accounts;
mod audit;
mod backup;
mod bonuses;
mod codec;
mod copy;
mod days;
mod desk;
mod fault;
mod figures;
mod hot;
mod jobs;
mod legacy;
mod looks;
mod mend;
mod migrate;
mod notes;
mod open;
mod pages;
mod paid;
mod payments;
mod promos;
mod queues;
mod retention;
mod runs;
#[cfg(test)]
mod scenario;
mod stream;
mod tables;
#[cfg(test)]
mod tests;
mod trace;
mod users;
mod writer;
mod written;

pub use accounts::{AccountRow, JobMoney, LedgerRow, Posted};
pub use audit::{AccountsReport, Broken, Report, RuleReport};
#[cfg(test)]
use backup::check_changes;
pub use backup::{
    BackupError, Dumped, FileId, Link, Loaded, PlaceId, Shipment, Stream, Verified, check, load,
};
pub use bonuses::{BonusRow, InvitedRow, Reward};
pub use copy::{NotKept, WorkingCopy};
pub use days::DayRow;
pub use desk::{Asked, People, Waiting};
pub use fault::Fault;
pub use figures::Figures;
pub use jobs::{BONUS_HOUR, Delivery, Job, JobRow};
pub use legacy::{Candidate, LegacyKind, LegacyRow, NotTaken, Window, is_welcome};
pub use looks::LookRow;
pub use mend::{Unseen, look};
pub use notes::{Action, ActionRow, DISK, SOLD_AGAIN, StopRow, StoppedBy};
pub use open::{Lock, OpenError, Taken};
pub use pages::Unmatched;
pub use payments::{Odd, Payment, PaymentMoney, PaymentRow, Receipt, Step, Stepped, Try};
pub use promos::{Gift, PromoRow};
pub use queues::{BACKLOG_MAX, Fate, InboxRow, OutboxRow, Page, ParkedRow, Received, SeenRow};
pub use redb::StorageBackend;
pub use trace::TraceRow;
pub use users::{Draft, Expects, Found, PendingFile, Session, Stage, UserRow};
pub use writer::{Answers, Batch, Engine};

use crate::disk;
use crate::time::{Clock, Moment};
use hot::{Hot, Known};
use open::Opened;
use redb::{Database, ReadableDatabase, WriteTransaction};
use std::sync::{Arc, PoisonError, RwLock};
use tables::{ReadTables, WriteTables};
use tokio::sync::{Notify, mpsc};

/// How many acts may wait for the writer before callers wait too.
const QUEUE: usize = 4_096;

/// One write transaction, shared by the acts of a batch.
pub struct Tx<'txn> {
    tables: WriteTables<'txn>,
    hot: Hot,
    now: Moment,
    wake: Wake,
    after: Vec<After>,
}

/// What is done once a commit is on disk.
type After = Box<dyn FnOnce() + Send>;

/// What a transaction leaves to be done when its commit is on disk: whom to wake, what is known then, what
/// to log and count.
struct Ran {
    wake: Wake,
    known: Known,
    after: Vec<After>,
}

impl<'txn> Tx<'txn> {
    /// Runs `acts` inside `txn`, for its owner to commit.
    fn run(
        txn: &'txn WriteTransaction,
        now: Moment,
        known: Known,
        acts: impl FnOnce(&mut Self) -> Result<(), Fault>,
    ) -> Result<Ran, Fault> {
        let tables = WriteTables::of(txn);
        let mut tx = Self { tables, hot: Hot::with(known), now, wake: Wake::default(), after: Vec::new() };
        tx.note_changes()?;
        acts(&mut tx)?;
        tx.write_hot()?;
        tx.list_changes()?;
        Ok(Ran { wake: tx.wake, known: tx.hot.known(), after: tx.after })
    }

    /// Does `then` once this transaction is on disk, and never for one that is not: what an act logs and
    /// counts, since an act may run more than once.
    pub fn after_commit(&mut self, then: impl FnOnce() + Send + 'static) {
        self.after.push(Box::new(then));
    }

    /// The time of this transaction: read once, the same for all of it.
    pub fn now(&self) -> Moment {
        self.now
    }
}

/// One snapshot.
pub struct View {
    tables: ReadTables,
}

impl View {
    fn of(database: &impl ReadableDatabase) -> Result<Self, Fault> {
        let txn = database.begin_read()?;
        Ok(Self { tables: ReadTables::of(txn) })
    }

    /// A hash over every row of every table: two files that say the same have the same.
    pub fn fingerprint(&self) -> Result<[u8; 32], Fault> {
        self.tables.digest()
    }
}

/// Which workers have something to do after a commit.
#[expect(clippy::struct_excessive_bools, reason = "one flag a bell; they are independent")]
#[derive(Clone, Copy, Debug, Default)]
struct Wake {
    urgent: bool,
    inbox: bool,
    outbox: bool,
    jobs: bool,
    looks: bool,
}

/// Where workers wait for something to do.
#[derive(Debug, Default)]
pub struct Bells {
    /// An update waits that is about money at Telegram.
    pub urgent: Notify,
    /// Another update waits.
    pub inbox: Notify,
    /// A message waits.
    pub outbox: Notify,
    /// A job changed.
    pub jobs: Notify,
    /// A file waits to be looked at.
    pub looks: Notify,
}

struct Shared {
    open: open::Opener,
    database: RwLock<Option<Arc<Opened>>>,
    clock: Clock,
    bells: Bells,
}

impl Shared {
    fn database(&self) -> Result<Arc<Opened>, Fault> {
        self.database.read().unwrap_or_else(PoisonError::into_inner).clone().ok_or(Fault::Closed)
    }

    fn set_database(&self, database: Option<Database>) {
        let opened = database.map(|database| Arc::new(Opened::new(database)));
        *self.database.write().unwrap_or_else(PoisonError::into_inner) = opened;
    }
}

/// The store. Copies share the same file and writer.
#[derive(Clone)]
pub struct Store {
    shared: Arc<Shared>,
    queue: mpsc::Sender<Box<dyn writer::Act>>,
}

impl Store {
    fn assemble(database: Database, open: open::Opener, clock: Clock) -> (Self, Engine) {
        let shared = Arc::new(Shared {
            open,
            database: RwLock::new(Some(Arc::new(Opened::new(database)))),
            clock,
            bells: Bells::default(),
        });
        let (queue, acts) = mpsc::channel(QUEUE);
        (Self { shared: shared.clone(), queue }, Engine::new(shared, acts))
    }

    /// The clock the store reads.
    pub fn clock(&self) -> &Clock {
        &self.shared.clock
    }

    /// Where workers wait for something to do.
    pub fn bells(&self) -> &Bells {
        &self.shared.bells
    }

    /// A snapshot. Never waits for a writer; may wait for the disk, so not for async code: that
    /// takes [`Store::read`].
    pub fn view(&self) -> Result<View, Fault> {
        View::of(&**self.shared.database()?)
    }

    /// Reads a snapshot on a thread that may wait.
    pub async fn read<R, F>(&self, look: F) -> Result<R, Fault>
    where
        F: FnOnce(&View) -> Result<R, Fault> + Send + 'static,
        R: Send + 'static,
    {
        let store = self.clone();
        disk::wait(move || look(&store.view()?)).await?
    }

    /// Has the writer do `act` and answers after the commit that holds it is on disk.
    ///
    /// `name` says in metrics and tests which act it is. The act may run more than once (its batch
    /// may be rolled back because of another act), so it takes nothing by value and answers only
    /// by its result. It validates first and then must succeed: what it returns as `Ok` is kept,
    /// a refusal inside that `Ok` too. An `Err` rolls all of it back.
    pub async fn write<R, F>(&self, name: &'static str, act: F) -> Result<R, Fault>
    where
        F: Fn(&mut Tx<'_>) -> Result<R, Fault> + Send + 'static,
        R: Send + 'static,
    {
        let (act, answer) = writer::pending(name, act);
        self.queue.send(act).await.map_err(|_| Fault::Closed)?;
        answer.await.map_err(|_| Fault::Closed)?.0
    }

    /// The same for code outside of async, such as the command line.
    pub fn write_blocking<R, F>(&self, name: &'static str, act: F) -> Result<R, Fault>
    where
        F: Fn(&mut Tx<'_>) -> Result<R, Fault> + Send + 'static,
        R: Send + 'static,
    {
        let (act, answer) = writer::pending(name, act);
        self.queue.blocking_send(act).map_err(|_| Fault::Closed)?;
        answer.blocking_recv().map_err(|_| Fault::Closed)?.0
    }

    /// The same, but answers [`Fault::Busy`] at once when too much waits already.
    pub async fn try_write<R, F>(&self, name: &'static str, act: F) -> Result<R, Fault>
    where
        F: Fn(&mut Tx<'_>) -> Result<R, Fault> + Send + 'static,
        R: Send + 'static,
    {
        let (act, answer) = writer::pending(name, act);
        self.queue.try_send(act).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => Fault::Busy,
            mpsc::error::TrySendError::Closed(_) => Fault::Closed,
        })?;
        answer.await.map_err(|_| Fault::Closed)?.0
    }
}
