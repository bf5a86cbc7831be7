//! The ledger against a model of it: random transfers, many of them repeated or wrong, through the real
//! store. What the model (`books`) refuses the store must refuse, and then the file says what it said before.
//!
//! `PROPTEST_CASES=5000 cargo test --lib -- store::tests::model` runs more of it.

use super::super::scenario::{done, dump, failed, job, queued, tell};
use super::super::{Engine, Fault, Posted, Store, Tx};
use super::books::{Act, Answer, Back, Books, ForJob, JOBS, NOWHERE, USERS};
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

/// Acts of one file; with the 256 files of a usual run these are 10,240.
const ACTS: usize = 40;
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
