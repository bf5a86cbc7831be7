//! What several tests need: a store in a directory of its own whose file passes the audit at the end.

use rust_decimal::Decimal;
use samovar::catalog::input::Values;
use samovar::ids::{JobId, RequestId, UserId};
use samovar::job::State;
use samovar::message::{About, Act, Lang, Outgoing};
use samovar::money::Kopecks;
use samovar::store::{Delivery, Fault, Job, JobMoney, JobRow, Store, Tx};
use samovar::time::{At, Clock, Up};
use std::path::Path;
use tempfile::TempDir;

/// A store with its writer on a thread. When it is dropped, the whole audit must pass.
pub(crate) struct Shop {
    pub(crate) store: Store,
    _dir: TempDir,
}

/// A clock that stands still unless a test moves it.
pub(crate) fn clock() -> Clock {
    Clock::simulated(At(1_795_431_300_000))
}

/// Opens the store of a directory and puts its writer on a thread.
#[track_caller]
pub(crate) fn open(dir: &Path) -> Store {
    let (store, engine) = Store::open(dir, clock()).expect("the store opens");
    std::thread::spawn(move || engine.run());
    store
}

impl Shop {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        Self { store: open(dir.path()), _dir: dir }
    }

    #[track_caller]
    pub(crate) fn act<R: Send + 'static>(
        &self,
        act: impl Fn(&mut Tx<'_>) -> Result<R, Fault> + Send + 'static,
    ) -> R {
        self.store.write_blocking("test", act).expect("the act succeeds")
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            sound(&self.store);
        }
    }
}

/// Sees the whole audit pass.
#[track_caller]
pub(crate) fn sound(store: &Store) {
    let report = store.view().expect("a snapshot").audit().expect("readable rows");
    assert!(report.ok, "{report:#?}");
}

pub(crate) fn roubles(roubles: i64) -> Kopecks {
    Kopecks::new(roubles * 100)
}

/// A job in `state` that nobody was told of; due at once when it is open.
pub(crate) fn job(id: JobId, user: UserId, state: State) -> Job {
    let due = (!state.is_final()).then_some(Up(0));
    let row = JobRow {
        user,
        model: "z-image".to_owned(),
        input: Values::new(),
        price: roubles(10),
        cost_usd: Decimal::ONE,
        free_hour: None,
        request: RequestId(1),
        lang: Lang::Ru,
        created: At(0),
        ended: None,
        state,
        due,
        money: JobMoney::default(),
        prev: None,
        status_message: None,
        uploads: std::collections::BTreeMap::new(),
        task: None,
        told: None,
        delivery: Delivery::Waiting,
    };
    Job { id, row }
}

/// Ends a job in `state` and puts the message that says so into the outbox (L10).
pub(crate) fn end(tx: &mut Tx<'_>, job: &mut Job, state: State) -> Result<(), Fault> {
    let act = Act::Text { text: "over".to_owned(), keyboard: Vec::new(), edit: None };
    let outgoing = Outgoing { chat: job.row.user.chat(), act, about: About::Ending(job.id) };
    job.row.told = Some(tx.say(outgoing, None)?);
    job.row.ended = Some(tx.now().at);
    (job.row.state, job.row.due) = (state, None);
    Ok(())
}
