//! A small shop's file for tests inside the store: customers, jobs in every state, payments,
//! updates, messages; all of it made the proper way, so that the audit passes.

use super::accounts::{LedgerRow, Posted};
use super::jobs::{Delivery, Job, JobRow};
use super::queues::Received;
use super::{Fault, JobMoney, Report, Store, Tx};
use crate::catalog::input::Values;
use crate::ids::{ActionId, InboxId, JobId, RequestId, Seq, UpdateId, UserId};
use crate::job::{File, Late, State, Why};
use crate::ledger::{Kind, Memo, Transfer};
use crate::message::Urgency;
use crate::message::{About, Act, Lang, Outgoing};
use crate::money::Kopecks;
use crate::payment::Way;
use crate::time::{At, Clock, Up};
use rust_decimal::Decimal;
use tempfile::TempDir;

pub(super) const ANN: UserId = UserId(1);
pub(super) const BOB: UserId = UserId(2);

/// A store on a file of its own, with its writer on a thread.
pub(super) struct Shop {
    pub(super) store: Store,
    _dir: TempDir,
}

impl Shop {
    pub(super) fn empty() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let (store, engine) = Store::open(dir.path(), clock()).expect("a new store");
        std::thread::spawn(move || engine.run());
        Self { store, _dir: dir }
    }

    /// See [`fill`].
    pub(super) fn busy() -> Self {
        let shop = Self::empty();
        shop.act(fill);
        shop
    }

    #[track_caller]
    pub(super) fn act<R: Send + 'static>(
        &self,
        act: impl Fn(&mut Tx<'_>) -> Result<R, Fault> + Send + 'static,
    ) -> R {
        self.store.write_blocking("scenario", act).expect("the act succeeds")
    }

    /// The same file after this act.
    #[track_caller]
    pub(super) fn after<R: Send + 'static>(
        self,
        act: impl Fn(&mut Tx<'_>) -> Result<R, Fault> + Send + 'static,
    ) -> Self {
        self.act(act);
        self
    }

    /// All rows of the file, as text.
    #[track_caller]
    pub(super) fn dump(&self) -> Vec<String> {
        dump(&self.store)
    }

    #[track_caller]
    pub(super) fn audit(&self) -> Report {
        self.store.view().expect("a snapshot").audit().expect("readable rows")
    }
}

/// All rows of a store's file, as text.
#[track_caller]
pub(super) fn dump(store: &Store) -> Vec<String> {
    store.view().expect("a snapshot").tables.dump().expect("readable rows")
}

pub(super) fn clock() -> Clock {
    Clock::simulated(At(1_795_431_300_000))
}

pub(super) fn roubles(roubles: i64) -> Kopecks {
    Kopecks::new(roubles * 100)
}

/// A job of `user` in `state`, neither told nor delivered; due when it is open.
pub(super) fn job(id: u64, user: UserId, state: State) -> Job {
    let due = (!state.is_final()).then_some(Up(1_000));
    let row = JobRow {
        user,
        model: "z-image".to_owned(),
        input: Values::new(),
        price: roubles(10),
        cost_usd: Decimal::ONE,
        free_hour: None,
        request: RequestId(u32::try_from(id).expect("a small number")),
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
    Job { id: JobId(id), row }
}

pub(super) fn queued() -> State {
    State::Queued { since: Up(0), not_before: Up(0) }
}

pub(super) fn done() -> State {
    State::Done {
        files: vec![File {
            name: "1.png".to_owned(),
            mime: "image/png".to_owned(),
            size_bytes: 1,
            link: None,
        }],
    }
}

pub(super) fn failed() -> State {
    State::Failed { why: Why::Paused, late: Late::Never }
}

/// Moves a job's money as the rules allow.
pub(super) fn moves(tx: &mut Tx<'_>, job: &mut Job, transfer: &Transfer) -> Result<Seq, Fault> {
    let posted = tx.transfer_for_job(job.id, &mut job.row.money, transfer)?;
    posted.map(Posted::seq).map_err(|refusal| Fault::Bug(refusal.to_string()))
}

/// Tells the customer how the job ended; `delivered` says whether they have it.
pub(super) fn tell(tx: &mut Tx<'_>, job: &mut Job, delivered: bool) -> Result<(), Fault> {
    let act = Act::Text { text: "over".to_owned(), keyboard: Vec::new(), edit: None };
    let outgoing = Outgoing { chat: job.row.user.chat(), act, about: About::Ending(job.id) };
    let priority = outgoing.priority() as u8;
    let id = tx.say(outgoing, None)?;
    job.row.told = Some(id);
    job.row.ended = Some(tx.now().at);
    if delivered {
        tx.drop_outbox_row(priority, id)?;
        job.row.delivery = Delivery::Delivered { at: tx.now().at, file_ids: Vec::new() };
    }
    Ok(())
}

/// A job from hold to its end in `state`: `charged` of its `held` roubles, or all of them back.
fn ended(
    tx: &mut Tx<'_>,
    id: u64,
    user: UserId,
    held: i64,
    charged: Option<i64>,
    state: State,
) -> Result<Job, Fault> {
    let (mut job, at) = (job(id, user, state), tx.now().at);
    let hold = moves(tx, &mut job, &Transfer::hold(JobId(id), user, roubles(held), at))?;
    let end = match charged {
        Some(part) => Transfer::charge(JobId(id), user, hold, roubles(part), at),
        None => Transfer::release(JobId(id), user, hold, roubles(held), at, Memo::Failed),
    };
    moves(tx, &mut job, &end)?;
    tell(tx, &mut job, charged.is_some())?;
    Ok(job)
}

/// Ann has 100 ₽ of Stars and a bonus; one job of hers took a part of its hold, one failed, one was
/// refunded, one came late, two are open, one was free. Bob's card payment went back after he had
/// spent it. One update waits, one was handled, one was parked.
pub(super) fn fill(tx: &mut Tx<'_>) -> Result<(), Fault> {
    let at = tx.now().at;
    tx.transfer_welcome(ANN, &Transfer::welcome(ANN, roubles(5), at))?;
    assert!(tx.credit_payment(Way::Stars, "charge-1", ANN, roubles(100))?.is_ok());
    let action = tx.new_action()?;
    assert!(tx.adjust(action, "cli", ANN, roubles(-1), "a test")?.is_ok());
    let part = ended(tx, 1, ANN, 60, Some(45), done())?;
    tx.put_job(&part)?;
    let failed = ended(tx, 2, ANN, 20, None, failed())?;
    tx.put_job(&failed)?;
    let mut refunded = ended(tx, 3, ANN, 10, Some(10), done())?;
    let refund = Transfer::refund(JobId(3), ANN, roubles(10), at, Memo::Undeliverable);
    moves(tx, &mut refunded, &refund)?;
    tx.put_job(&refunded)?;
    let State::Done { files } = done() else { unreachable!("done is done") };
    let mut late = ended(tx, 4, ANN, 10, None, State::Late { files })?;
    moves(tx, &mut late, &Transfer::loss(JobId(4), roubles(3), at))?;
    tx.put_job(&late)?;
    let mut open = job(5, ANN, queued());
    moves(tx, &mut open, &Transfer::hold(JobId(5), ANN, roubles(10), at))?;
    tx.put_job(&open)?;
    let mut waiting = job(6, ANN, State::Waiting { task: "task-6".to_owned(), since: Up(0), looks: 0 });
    moves(tx, &mut waiting, &Transfer::hold(JobId(6), ANN, roubles(10), at))?;
    tx.put_job(&waiting)?;
    let mut free = job(7, ANN, done());
    tell(tx, &mut free, true)?;
    tx.put_job(&free)?;
    let bobs = tx.credit_payment(Way::Card, "charge-1", BOB, roubles(30))?;
    let (payment, _) = bobs.map_err(|refusal| Fault::Bug(refusal.to_string()))?;
    let spent = ended(tx, 8, BOB, 20, Some(20), done())?;
    tx.put_job(&spent)?;
    tx.charge_back(payment)?;
    for update in 1..=3 {
        assert_eq!(tx.receive(9, UpdateId(update), Urgency::Usual, b"{}")?, Received::New(InboxId(update)));
    }
    for (update, park) in [(2, false), (3, true)] {
        let row = tx.inbox_row(InboxId(update))?.expect("it was just received");
        if park { tx.park(InboxId(update), &row, "no sense")? } else { tx.handled(InboxId(update), &row)? }
    }
    Ok(())
}

/// Writes a transfer that the rules never saw, with everything else about it right: counters,
/// pointers, hash. `ended` is what leaves the pending counters.
pub(super) fn forge(tx: &mut Tx<'_>, transfer: &Transfer, ended: Kopecks) -> Result<Seq, Fault> {
    let mut debit = tx.account(transfer.debit)?;
    let mut credit = tx.account(transfer.credit)?;
    let (last, prev_hash) = tx.head()?;
    let seq = Seq(last + 1);
    let row = LedgerRow {
        transfer: transfer.clone(),
        prev_debit: debit.newest,
        prev_credit: credit.newest,
        prev_hash,
    };
    let add = |counter: &mut Kopecks, by: Kopecks| {
        *counter = counter.checked_add(by).expect("small sums");
    };
    let minus = Kopecks::new(-ended.get());
    let (pending, posted) = match transfer.kind {
        Kind::Hold => (transfer.amount, Kopecks::ZERO),
        Kind::Release => (minus, Kopecks::ZERO),
        Kind::Charge => (minus, transfer.amount),
        Kind::Topup | Kind::Refund | Kind::Adjust | Kind::Loss => (Kopecks::ZERO, transfer.amount),
    };
    add(&mut debit.counters.debits_pending, pending);
    add(&mut debit.counters.debits_posted, posted);
    add(&mut credit.counters.credits_pending, pending);
    add(&mut credit.counters.credits_posted, posted);
    (debit.newest, credit.newest) = (Some(seq), Some(seq));
    tx.add_ledger_row(seq, &row)?;
    tx.put_account(transfer.debit, debit);
    tx.put_account(transfer.credit, credit);
    Ok(seq)
}

/// A correction that no action stands behind.
pub(super) fn nobodys_adjust(amount: Kopecks, at: At) -> Transfer {
    Transfer::adjust(ActionId(99), ANN, amount, at)
}
