//! The ledger against a model of it: random transfers, many of them repeated or wrong, through the real
//! store. The model is purses and what is noted of each job and payment; it knows nothing of rows,
//! counters or hashes. What it refuses the store must refuse, and then the file says what it said before.
//!
//! `PROPTEST_CASES=5000 cargo test --lib -- store::tests::model` runs more of it.

use super::super::scenario::{done, dump, failed, job, queued, tell};
use super::super::{Engine, Fault, Posted, Store, Tx};
use super::disk;
use super::drive;
use crate::ids::{ActionId, JobId, PaymentId, Seq, UserId};
use crate::job::State;
use crate::ledger::{Account, Kind, Memo, Refusal, Transfer};
use crate::money::Kopecks;
use crate::payment::{self, Way};
use crate::sandbox::disk::Disk;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest};
use std::cell::Cell;
use std::collections::BTreeMap;

/// Acts of one file; with the 256 files of a usual run these are 10,240.
const ACTS: usize = 40;
const USERS: std::ops::RangeInclusive<i64> = 1..=3;
const JOBS: std::ops::RangeInclusive<u64> = 1..=6;
/// A row that there never is.
const NOWHERE: u64 = 77_777;

/// What somebody wants of the ledger.
#[derive(Clone, Debug)]
enum Act {
    Topup { way: Way, outside: u8, user: i64, amount: i64 },
    ChargeBack { payment: u64 },
    Welcome { user: i64, amount: i64 },
    Adjust { action: u64, user: i64, amount: i64 },
    ForJob(ForJob),
    Back(Back),
}

/// A step of giving a payment back, right or not.
#[derive(Clone, Debug)]
struct Back {
    payment: u64,
    /// The so-manieth try, from 1.
    nth: u32,
    /// `None` holds; else the hold ends, taken or not.
    taken: Option<bool>,
    user: i64,
    amount: i64,
    /// The payment whose last hold it says to end.
    hold_of: u64,
}

/// A movement of a job's money, right or not.
#[derive(Clone, Debug)]
struct ForJob {
    job: u64,
    kind: Kind,
    user: i64,
    amount: i64,
    /// Whose hold it says to end; `None`: it names none.
    hold_of: Option<u64>,
    /// Into an account it has no business with.
    crooked: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Answer {
    #[default]
    New,
    Before,
    Refused,
}

#[derive(Clone, Copy, Debug, Default)]
struct Purse {
    came: i128,
    went: i128,
    /// Reserved to go.
    held: i128,
    /// Reserved to come.
    due: i128,
}

#[derive(Clone, Copy, Debug, Default)]
struct JobNote {
    /// Row, whose, how much.
    hold: Option<(u64, i64, i64)>,
    /// Whether it was taken, and how much.
    end: Option<(bool, i64)>,
    refund: Option<i64>,
    loss: Option<i64>,
}

#[derive(Clone, Debug)]
struct PaymentNote {
    way: Way,
    outside: u8,
    user: i64,
    amount: i64,
    back: bool,
    /// The row of each try's hold, and whether it was taken.
    tries: Vec<(u64, Option<bool>)>,
}

impl PaymentNote {
    /// Nothing of it is on its way back, or went there.
    fn is_whole(&self) -> bool {
        !self.back && self.tries.last().is_none_or(|(_, end)| *end == Some(false))
    }
}

/// The model.
#[derive(Clone, Debug, Default)]
struct Books {
    purses: BTreeMap<Account, Purse>,
    jobs: BTreeMap<u64, JobNote>,
    payments: Vec<PaymentNote>,
    actions: BTreeMap<u64, (i64, i64)>,
    welcomed: Vec<i64>,
    rows: u64,
    /// To the last act.
    answer: Answer,
}

fn wallet(user: i64) -> Account {
    Account::User(UserId(user))
}

fn fits(sum: i128) -> bool {
    i64::try_from(sum).is_ok()
}

impl Books {
    fn purse(&self, of: Account) -> Purse {
        self.purses.get(&of).copied().unwrap_or(Purse::default())
    }

    fn can_spend(&self, user: i64, amount: i64) -> bool {
        let purse = self.purse(wallet(user));
        purse.came - purse.went - purse.held >= i128::from(amount)
    }

    /// Writes both sides, if every sum fits; a row is one more.
    fn write(&mut self, from: (Account, Purse), to: (Account, Purse)) -> bool {
        let sums = |purse: Purse| [purse.came, purse.went, purse.held, purse.due];
        if !sums(from.1).into_iter().chain(sums(to.1)).all(fits) {
            return false;
        }
        self.purses.extend([from, to]);
        self.rows += 1;
        true
    }

    fn pays(&mut self, from: Account, to: Account, amount: i64) -> bool {
        let (mut out, mut into, amount) = (self.purse(from), self.purse(to), i128::from(amount));
        out.went += amount;
        into.came += amount;
        amount > 0 && self.write((from, out), (to, into))
    }

    /// Ends a hold: so much of it is taken.
    fn ends(&mut self, user: i64, to: Account, held: i64, taken: i64) -> bool {
        let (mut out, mut into) = (self.purse(wallet(user)), self.purse(to));
        out.held -= i128::from(held);
        into.due -= i128::from(held);
        out.went += i128::from(taken);
        into.came += i128::from(taken);
        self.write((wallet(user), out), (to, into))
    }

    fn reserves(&mut self, user: i64, to: Account, amount: i64) -> bool {
        let (mut out, mut into) = (self.purse(wallet(user)), self.purse(to));
        out.held += i128::from(amount);
        into.due += i128::from(amount);
        amount > 0 && self.can_spend(user, amount) && self.write((wallet(user), out), (to, into))
    }

    fn decide(&mut self, act: &Act) -> Answer {
        match act {
            Act::Topup { way, outside, user, amount } => self.topup(*way, *outside, *user, *amount),
            Act::ChargeBack { payment } => {
                let place = usize::try_from(*payment - 1).expect("small");
                match self.payments.get(place).cloned() {
                    None => Answer::Refused,
                    Some(payment) if payment.back => Answer::Before,
                    Some(payment) if !payment.is_whole() => Answer::Refused,
                    Some(payment) => {
                        let paid = self.pays(wallet(payment.user), Account::Adjust, payment.amount);
                        self.payments[place].back = paid;
                        news(paid)
                    }
                }
            }
            Act::Welcome { user, .. } if self.welcomed.contains(user) => Answer::Before,
            Act::Welcome { user, amount } => {
                let paid = self.pays(Account::Bonus, wallet(*user), *amount);
                self.welcomed.extend(paid.then_some(*user));
                news(paid)
            }
            Act::Adjust { action, user, amount } => self.adjust(*action, *user, *amount),
            Act::ForJob(want) if want.crooked => Answer::Refused,
            Act::ForJob(want) => self.for_job(want),
            Act::Back(want) => self.back(want),
        }
    }

    fn last_hold(&self, payment: u64) -> u64 {
        let place = usize::try_from(payment - 1).expect("small");
        self.payments.get(place).and_then(|note| note.tries.last()).map_or(NOWHERE, |(row, _)| *row)
    }

    fn back(&mut self, want: &Back) -> Answer {
        let (place, nth) = (want.payment - 1, usize::try_from(want.nth).expect("small"));
        let place = usize::try_from(place).expect("small");
        let Some(note) = self.payments.get(place).cloned() else { return Answer::Refused };
        let (own, to) = ((want.user, want.amount) == (note.user, note.amount), note.way.account());
        let names = self.last_hold(want.hold_of);
        let tried = note.tries.get(nth - 1).copied();
        match (want.taken, tried) {
            (None, Some(_)) => again(own),
            (None, None) => {
                let right = own && nth == note.tries.len() + 1 && note.is_whole();
                let held = right && self.reserves(note.user, to, note.amount);
                self.payments[place].tries.extend(held.then_some((self.rows, None)));
                news(held)
            }
            (Some(taken), Some((row, end))) if end == Some(taken) => again(own && names == row),
            (Some(taken), Some((row, None))) => {
                let right = own && nth == note.tries.len() && names == row;
                let takes = if taken { note.amount } else { 0 };
                let ended = right && self.ends(note.user, to, note.amount, takes);
                if ended {
                    self.payments[place].tries[nth - 1].1 = Some(taken);
                }
                news(ended)
            }
            (Some(_), Some(_) | None) => Answer::Refused,
        }
    }

    fn topup(&mut self, way: Way, outside: u8, user: i64, amount: i64) -> Answer {
        let known = self.payments.iter().find(|one| (one.way, one.outside) == (way, outside));
        if let Some(known) = known {
            return again((known.user, known.amount) == (user, amount));
        }
        let paid = self.pays(way.account(), wallet(user), amount);
        let note = PaymentNote { way, outside, user, amount, back: false, tries: Vec::new() };
        self.payments.extend(paid.then_some(note));
        news(paid)
    }

    fn adjust(&mut self, action: u64, user: i64, amount: i64) -> Answer {
        if let Some(known) = self.actions.get(&action) {
            return again(*known == (user, amount));
        }
        let paid = if amount >= 0 {
            self.pays(Account::Adjust, wallet(user), amount)
        } else {
            self.can_spend(user, -amount) && self.pays(wallet(user), Account::Adjust, -amount)
        };
        self.actions.extend(paid.then_some((action, (user, amount))));
        news(paid)
    }

    fn for_job(&mut self, want: &ForJob) -> Answer {
        let ForJob { job, kind, user, amount, .. } = *want;
        let mut note = self.jobs.get(&job).copied().unwrap_or(JobNote::default());
        let names = want
            .hold_of
            .map(|job| self.jobs.get(&job).and_then(|note| note.hold).map_or(NOWHERE, |hold| hold.0));
        let own = note.hold.is_some_and(|(row, whose, _)| names == Some(row) && whose == user);
        let held = note.hold.map_or(0, |hold| hold.2);
        let answer = match (kind, note.end) {
            (Kind::Hold, _) if note.hold.is_some() => {
                again(note.hold.is_some_and(|(_, whose, held)| (whose, held) == (user, amount)))
            }
            (Kind::Hold, _) => {
                let reserved = self.reserves(user, Account::Revenue, amount);
                note.hold = reserved.then_some((self.rows, user, amount));
                news(reserved)
            }
            (Kind::Charge, Some((true, taken))) => again(own && amount == taken),
            (Kind::Release, Some((false, _))) => again(own && amount == held),
            (Kind::Charge | Kind::Release, Some(_)) => Answer::Refused,
            (Kind::Charge | Kind::Release, None) => {
                let takes = kind == Kind::Charge;
                let right = own && amount > 0 && if takes { amount <= held } else { amount == held };
                let taken = if takes { amount } else { 0 };
                let ended = right && self.ends(user, Account::Revenue, held, taken);
                note.end = ended.then_some((takes, amount));
                news(ended)
            }
            (Kind::Refund, _) if note.refund.is_some() => {
                again(note.refund == Some(amount) && note.hold.is_some_and(|hold| hold.1 == user))
            }
            (Kind::Refund, Some((true, taken))) => {
                let right = amount <= taken && note.hold.is_some_and(|hold| hold.1 == user);
                let paid = right && self.pays(Account::Revenue, wallet(user), amount);
                note.refund = paid.then_some(amount);
                news(paid)
            }
            (Kind::Loss, _) if note.loss.is_some() => again(note.loss == Some(amount)),
            (Kind::Loss, Some((false, _))) => {
                let paid = self.pays(Account::Loss, Account::Provider, amount);
                note.loss = paid.then_some(amount);
                news(paid)
            }
            (Kind::Refund | Kind::Loss | Kind::Topup | Kind::Adjust, _) => Answer::Refused,
        };
        self.jobs.insert(job, note);
        answer
    }

    /// What would be right just now, or wrong only in whose it is: random acts alone would hardly ever
    /// end a hold.
    fn sensible(&self) -> Vec<Act> {
        let mut acts = Vec::new();
        for (&job, note) in &self.jobs {
            let Some((_, owner, held)) = note.hold else { continue };
            let mut want = |kind, amount| {
                let other = owner % USERS.end() + 1;
                for (user, hold_of) in
                    [(owner, job), (owner, job), (other, job), (owner, job % JOBS.end() + 1)]
                {
                    let hold_of = Some(hold_of);
                    acts.push(Act::ForJob(ForJob { job, kind, user, amount, hold_of, crooked: false }));
                }
            };
            match note.end {
                None => {
                    want(Kind::Charge, held);
                    want(Kind::Charge, (held / 2).max(1));
                    want(Kind::Release, held);
                }
                Some((true, taken)) => want(Kind::Refund, taken),
                Some((false, _)) => want(Kind::Loss, 3),
            }
        }
        for (payment, note) in (1..).zip(&self.payments) {
            let PaymentNote { user, amount, .. } = *note;
            let tries = u32::try_from(note.tries.len()).expect("few");
            let mut want = |taken, nth, user, amount, hold_of| {
                acts.push(Act::Back(Back { payment, nth, taken, user, amount, hold_of }));
            };
            want(None, tries + 1, user, amount, payment);
            for taken in [true, false].into_iter().filter(|_| tries > 0) {
                want(Some(taken), tries, user, amount, payment);
                want(Some(taken), tries, user, amount, payment % 4 + 1);
                want(Some(taken), tries, user % USERS.end() + 1, amount, payment);
            }
            want(None, tries.max(1), user, (amount / 2).max(1), payment);
            acts.push(Act::ChargeBack { payment });
        }
        acts
    }
}

fn news(written: bool) -> Answer {
    if written { Answer::New } else { Answer::Refused }
}

fn again(same: bool) -> Answer {
    if same { Answer::Before } else { Answer::Refused }
}

fn amounts() -> impl Strategy<Value = i64> {
    prop_oneof![
        24 => 1..=500_i64,
        2 => -500..=0_i64,
        1 => Just(i64::MAX),
        1 => Just(-i64::MAX),
        1 => i64::MAX - 500..=i64::MAX,
    ]
}

fn for_job() -> impl Strategy<Value = Act> {
    let kinds = prop_oneof![
        3 => Just(Kind::Hold),
        2 => Just(Kind::Charge),
        1 => Just(Kind::Release),
        1 => Just(Kind::Refund),
        1 => Just(Kind::Loss),
        1 => Just(Kind::Topup),
    ];
    let hold_of = prop_oneof![1 => Just(None), 4 => JOBS.prop_map(Some)];
    (JOBS, kinds, USERS, amounts(), hold_of, prop::bool::weighted(0.1)).prop_map(
        |(job, kind, user, amount, hold_of, crooked)| {
            Act::ForJob(ForJob { job, kind, user, amount, hold_of, crooked })
        },
    )
}

fn back() -> impl Strategy<Value = Act> {
    let taken = prop::option::of(any::<bool>());
    (1..=4_u64, 1..=3_u32, taken, USERS, amounts(), 1..=4_u64).prop_map(
        |(payment, nth, taken, user, amount, hold_of)| {
            Act::Back(Back { payment, nth, taken, user, amount, hold_of })
        },
    )
}

impl ReferenceStateMachine for Books {
    type State = Self;
    type Transition = Act;

    fn init_state() -> BoxedStrategy<Self> {
        Just(Self::default()).boxed()
    }

    fn transitions(books: &Self) -> BoxedStrategy<Act> {
        let topup = (prop::sample::select(Way::ALL.to_vec()), 0..6_u8, USERS, amounts())
            .prop_map(|(way, outside, user, amount)| Act::Topup { way, outside, user, amount });
        let adjust =
            (1..=12_u64, USERS, amounts(), any::<bool>()).prop_map(|(action, user, amount, takes)| {
                Act::Adjust { action, user, amount: if takes { -amount } else { amount } }
            });
        let any_act = prop_oneof![
            3 => topup,
            2 => adjust,
            1 => (USERS, 1..=500_i64).prop_map(|(user, amount)| Act::Welcome { user, amount }),
            1 => (1..=8_u64).prop_map(|payment| Act::ChargeBack { payment }),
            2 => back(),
            6 => for_job(),
        ];
        let sensible = books.sensible();
        if sensible.is_empty() {
            return any_act.boxed();
        }
        prop_oneof![2 => any_act, 1 => prop::sample::select(sensible)].boxed()
    }

    fn apply(mut books: Self, act: &Act) -> Self {
        books.answer = books.decide(act);
        books
    }
}

/// The real ledger, in a file in memory.
struct Real {
    store: Store,
    engine: Engine,
    before: Vec<String>,
}

thread_local! {
    /// How many acts the real ledger was asked for.
    static ASKED: Cell<usize> = const { Cell::new(0) };
}

fn does(tx: &mut Tx<'_>, act: &Act) -> Result<Result<Posted, Refusal>, Fault> {
    match act {
        Act::Topup { way, outside, user, amount } => {
            let credited =
                tx.credit_payment(*way, &outside.to_string(), UserId(*user), Kopecks::new(*amount))?;
            Ok(credited.map(|(_, posted)| posted))
        }
        Act::ChargeBack { payment } => Ok(tx.charge_back(PaymentId(*payment))?.ok_or(Refusal::NotCharged)),
        Act::Welcome { user, amount } => {
            let gift = Transfer::welcome(UserId(*user), Kopecks::new(*amount), tx.now().at);
            tx.transfer_welcome(UserId(*user), &gift).map(Ok)
        }
        Act::Adjust { action, user, amount } => {
            tx.adjust(ActionId(*action), "test", UserId(*user), Kopecks::new(*amount), "a test")
        }
        Act::ForJob(want) => does_for_job(tx, want),
        Act::Back(want) => gives_back(tx, want),
    }
}

fn gives_back(tx: &mut Tx<'_>, want: &Back) -> Result<Result<Posted, Refusal>, Fault> {
    let (id, at) = (PaymentId(want.payment), tx.now().at);
    let Some(mut payment) = tx.payment(id)? else { return Ok(Err(Refusal::NoHold)) };
    let named = tx.payment(PaymentId(want.hold_of))?.and_then(|named| named.row.money.tries.last().copied());
    let (user, amount, to) = (UserId(want.user), Kopecks::new(want.amount), payment.row.way.account());
    let hold = Transfer::pay_hold(id, want.nth, user, to, amount, at);
    let seq = named.map_or(Seq(NOWHERE), |last| last.hold);
    let transfer = match want.taken {
        None => hold,
        Some(taken) => Transfer::pay_hold_end(&hold, seq, id, want.nth, taken, at),
    };
    let posted = tx.transfer_for_payment(&mut payment, &transfer)?;
    if let Ok(Posted::New(_)) = posted {
        payment.row.state = match want.taken {
            None => payment::State::Refunding,
            Some(true) => payment::State::Refunded,
            Some(false) => payment::State::Paid,
        };
        tx.put_payment(&payment)?;
    }
    Ok(posted)
}

fn does_for_job(tx: &mut Tx<'_>, want: &ForJob) -> Result<Result<Posted, Refusal>, Fault> {
    let (id, user, at) = (JobId(want.job), UserId(want.user), tx.now().at);
    let amount = Kopecks::new(want.amount);
    let mut job = tx.job(id)?.unwrap_or(job(want.job, user, queued()));
    let pending_of = match want.hold_of {
        Some(other) => Some(tx.job(JobId(other))?.and_then(|job| job.row.money.hold).unwrap_or(Seq(NOWHERE))),
        None => None,
    };
    let mut transfer = match want.kind {
        Kind::Hold => Transfer::hold(id, user, amount, at),
        Kind::Charge => Transfer { pending_of, ..Transfer::charge(id, user, Seq(NOWHERE), amount, at) },
        Kind::Release => {
            Transfer { pending_of, ..Transfer::release(id, user, Seq(NOWHERE), amount, at, Memo::Failed) }
        }
        Kind::Refund => Transfer::refund(id, user, amount, at, Memo::Undeliverable),
        Kind::Loss => Transfer::loss(id, amount, at),
        Kind::Topup | Kind::Adjust => Transfer { job: Some(id), ..Transfer::welcome(user, amount, at) },
    };
    if want.crooked {
        transfer.credit = Account::Bonus;
    }
    let posted = tx.transfer_for_job(id, &mut job.row.money, &transfer)?;
    if let Ok(Posted::New(_)) = posted {
        match want.kind {
            Kind::Charge => (job.row.state, job.row.due) = (done(), None),
            Kind::Release => (job.row.state, job.row.due) = (failed(), None),
            Kind::Loss => job.row.state = State::Late { files: Vec::new() },
            Kind::Hold | Kind::Refund | Kind::Topup | Kind::Adjust => {}
        }
        if matches!(want.kind, Kind::Charge | Kind::Release) {
            tell(tx, &mut job, want.kind == Kind::Charge)?;
        }
        tx.put_job(&job)?;
    }
    Ok(posted)
}

struct Ledger;

impl StateMachineTest for Ledger {
    type SystemUnderTest = Real;
    type Reference = Books;

    fn init_test(_: &Books) -> Real {
        let (store, engine) = disk::open(&Disk::default()).expect("a new store");
        let before = dump(&store);
        Real { store, engine, before }
    }

    fn apply(mut real: Real, books: &Books, act: Act) -> Real {
        ASKED.set(ASKED.get() + 1);
        let asked = act.clone();
        let posted = drive(&mut real.engine, real.store.write("act", move |tx| does(tx, &asked)));
        let answer = match posted {
            Ok(Ok(Posted::New(seq))) => {
                assert_eq!(seq, Seq(books.rows), "{act:?}");
                Answer::New
            }
            Ok(Ok(Posted::Before(_))) => Answer::Before,
            Ok(Err(_)) => Answer::Refused,
            // What is credited or taken back without asking has no other way to say that a sum does not fit.
            Err(Fault::Bug(why)) if matches!(act, Act::Welcome { .. } | Act::ChargeBack { .. }) => {
                assert!(why.contains("too large"), "{why}");
                Answer::Refused
            }
            Err(fault) => panic!("{act:?}: {fault}"),
        };
        assert_eq!(answer, books.answer, "{act:?}");
        let after = dump(&real.store);
        assert_eq!(after != real.before, answer == Answer::New, "{act:?} was {answer:?}");
        real.before = after;
        real
    }

    fn check_invariants(real: &Real, books: &Books) {
        let view = real.store.view().expect("a snapshot");
        for (account, purse) in &books.purses {
            let counters = view.account(*account).expect("an account").counters;
            let found = [
                counters.credits_posted,
                counters.debits_posted,
                counters.debits_pending,
                counters.credits_pending,
            ];
            let expected = [purse.came, purse.went, purse.held, purse.due];
            assert_eq!(found.map(|sum| i128::from(sum.get())), expected, "{account}");
        }
    }

    fn teardown(real: Real, books: Books) {
        let report = real.store.view().expect("a snapshot").audit().expect("readable rows");
        assert!(report.ok, "{:#?}", report.rules.iter().filter(|rule| !rule.ok).collect::<Vec<_>>());
        assert_eq!(report.rows, books.rows);
    }
}

#[test]
fn whatever_is_asked_the_ledger_answers_as_its_model_does() {
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = TestRunner::new(config.clone());
    let ran = runner.run(&Books::sequential_strategy(ACTS), |(books, acts, seen)| {
        Ledger::test_sequential(config.clone(), books, acts, seen);
        Ok(())
    });
    if let Err(found) = ran {
        panic!("{found}\n{runner}");
    }
    let planned = ACTS * usize::try_from(config.cases).expect("small");
    assert!(ASKED.get() >= planned, "only {} acts", ASKED.get());
}
