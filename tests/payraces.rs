//! Two who want something of the same payment at once, a thousand times each against a real store:
//! approval and rejection, refund and order, refund and Telegram's own word. One of them wins, the money
//! moves once, and no wallet goes below zero but by a chargeback.

use crate::races::rules;
use crate::shop::open;
use samovar::catalog::input::{ValidInput, Value, Values};
use samovar::catalog::model;
use samovar::flow::order::{NotSold, Order, place};
use samovar::flow::refund::{self, NotBack};
use samovar::flow::topup::{self, Heard};
use samovar::flow::transfer::{self, NotDecided};
use samovar::flow::{BankDetails, Shop};
use samovar::ids::{PaymentId, UserId};
use samovar::ledger::Account;
use samovar::message::{Bill, Lang};
use samovar::money::Kopecks;
use samovar::payment::{Refused, State, Way};
use samovar::store::{Fault, Payment, Receipt, Store, Tx, UserRow};
use std::sync::Arc;
use tempfile::TempDir;
use tokio::sync::Barrier;

/// So often each race is run, each time on a payment and a wallet of their own.
const TIMES: u64 = 1_000;
/// So many of them are made ready in one commit.
const AT_ONCE: u64 = 250;
/// What each payment brings, and what a picture costs.
const AMOUNT: Kopecks = Kopecks::new(100);
const PRICE: Kopecks = Kopecks::new(76);
const ONE: UserId = UserId(900);
const OTHER: UserId = UserId(901);

/// A store with a thousand payments.
struct Stage {
    store: Store,
    shop: Arc<Shop>,
    _dir: TempDir,
}

/// Payment 7 is the customer's with this id.
fn payer(payment: u64) -> UserId {
    UserId(1_000 + i64::try_from(payment).expect("small"))
}

impl Stage {
    /// Each payment is made ready by `ready`, which is given its number and its customer.
    async fn set(ready: fn(&Shop, &mut Tx<'_>, PaymentId, UserId) -> Result<(), Fault>) -> Self {
        let dir = TempDir::new().expect("a directory");
        let mut shop = rules(0);
        (shop.open_jobs_per_customer, shop.queue_max) = (10, 100_000);
        let card = Some("2200 0000 0000 0004".to_owned());
        shop.pay.bank = Some(BankDetails { bank: None, card, holder: None, phone: None });
        let stage = Self { store: open(dir.path()), shop: Arc::new(shop), _dir: dir };
        for first in (1..=TIMES).step_by(usize::try_from(AT_ONCE).expect("small")) {
            let shop = stage.shop.clone();
            let made = stage.store.write("ready", move |tx| {
                (first..first + AT_ONCE).try_for_each(|id| {
                    comes(tx, payer(id))?;
                    ready(&shop, tx, PaymentId(id), payer(id))
                })
            });
            made.await.expect("written");
        }
        stage
    }

    /// Two acts at once; now this one sets off first, now that.
    async fn race<A: Send + 'static, B: Send + 'static>(
        &self,
        id: u64,
        one: impl Fn(&Shop, &mut Tx<'_>) -> Result<A, Fault> + Send + Sync + 'static,
        other: impl Fn(&Shop, &mut Tx<'_>) -> Result<B, Fault> + Send + Sync + 'static,
    ) -> (A, B) {
        let start = Arc::new(Barrier::new(2));
        let (first, second) = if id.is_multiple_of(2) {
            let first = self.sets_off(&start, one);
            (first, self.sets_off(&start, other))
        } else {
            let second = self.sets_off(&start, other);
            (self.sets_off(&start, one), second)
        };
        (first.await.expect("no panic"), second.await.expect("no panic"))
    }

    fn sets_off<R: Send + 'static>(
        &self,
        start: &Arc<Barrier>,
        act: impl Fn(&Shop, &mut Tx<'_>) -> Result<R, Fault> + Send + Sync + 'static,
    ) -> tokio::task::JoinHandle<R> {
        let (store, shop, start) = (self.store.clone(), self.shop.clone(), start.clone());
        tokio::spawn(async move {
            start.wait().await;
            store.write("race", move |tx| act(&shop, tx)).await.expect("no fault")
        })
    }

    /// Where a payment stands, and what its customer may spend and has held.
    fn after(&self, id: u64) -> (State, i64, i64) {
        let view = self.store.view().expect("a view");
        let payment = view.payment(PaymentId(id)).expect("readable").expect("a payment");
        let counters = view.account(Account::User(payer(id))).expect("a wallet").counters;
        let free = counters.available().expect("it fits").get();
        (payment.row.state, free, counters.held().get())
    }

    /// What is left of the money that came from this account of the operator's.
    fn stands(&self, of: Account) -> i64 {
        let counters = self.store.view().expect("a view").account(of).expect("an account").counters;
        counters.posted().expect("it fits").get()
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            crate::shop::sound(&self.store);
        }
    }
}

fn comes(tx: &mut Tx<'_>, user: UserId) -> Result<(), Fault> {
    let at = tx.now().at;
    let row = UserRow {
        first_name: "Анна".to_owned(),
        username: None,
        lang: Lang::Ru,
        first_seen: at,
        last_seen: at,
        newest_job: None,
        open_jobs: 0,
        blocked: false,
        banned: false,
    };
    tx.put_user(user, &row)
}

fn asked(shop: &Shop, tx: &mut Tx<'_>, id: PaymentId, user: UserId, way: Way) -> Result<Payment, Fault> {
    let payment = topup::ask(shop, tx, user, Lang::Ru, way, AMOUNT)?.expect("it may be asked for");
    assert_eq!(payment.id, id);
    Ok(payment)
}

/// A transfer by hand with its receipt.
fn claimed(shop: &Shop, tx: &mut Tx<'_>, id: PaymentId, user: UserId) -> Result<(), Fault> {
    asked(shop, tx, id, user, Way::Manual)?;
    let file = format!("file-{id}");
    let receipt = Receipt { file_id: file.clone(), unique_id: file, photo: true };
    transfer::claim(shop, tx, user, id, receipt)?.expect("it can be claimed");
    Ok(())
}

/// Stars that were paid.
fn paid(shop: &Shop, tx: &mut Tx<'_>, id: PaymentId, user: UserId) -> Result<(), Fault> {
    let asked = asked(shop, tx, id, user, Way::Stars)?;
    let (currency, payload) = ("XTR".to_owned(), format!("topup:{id}"));
    let bill = Bill { currency, total: i64::from(asked.row.stars), payload };
    topup::arrive(shop, tx, user, &bill, &format!("charge-{id}"), Heard::Told)
}

/// The same, for every second of which a picture was bought before.
fn paid_and_perhaps_spent(shop: &Shop, tx: &mut Tx<'_>, id: PaymentId, user: UserId) -> Result<(), Fault> {
    paid(shop, tx, id, user)?;
    if is_spent(id.0) {
        buys(shop, tx, user)?.expect("there is enough");
    }
    Ok(())
}

fn is_spent(id: u64) -> bool {
    id % 4 < 2
}

/// The same, held to go back.
fn goes_back(shop: &Shop, tx: &mut Tx<'_>, id: PaymentId, user: UserId) -> Result<(), Fault> {
    paid(shop, tx, id, user)?;
    refund::begin(tx, id, ONE)?.expect("it is still there");
    Ok(())
}

fn buys(shop: &Shop, tx: &mut Tx<'_>, user: UserId) -> Result<Result<(), NotSold>, Fault> {
    let values = Values::from([("prompt".to_owned(), Value::Text("самовар".to_owned()))]);
    let input = ValidInput::check(model("z-image").expect("a model"), &values).expect("a good input");
    let order = Order { user, lang: Lang::Ru, input, shown_price: PRICE, status_message: None };
    Ok(place(shop, tx, &order)?.map(drop))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_approvals_at_once_one_credits() {
    let stage = Stage::set(claimed).await;
    let more = Kopecks::new(250);
    let mut sum = 0;
    for id in 1..=TIMES {
        let (one, other) = stage
            .race(
                id,
                move |shop, tx| transfer::approve(shop, tx, PaymentId(id), AMOUNT, ONE),
                move |shop, tx| transfer::approve(shop, tx, PaymentId(id), more, OTHER),
            )
            .await;
        let (amount, lost) = match (one, other) {
            (Ok(_), Err(lost)) => (AMOUNT, lost),
            (Err(lost), Ok(_)) => (more, lost),
            both => panic!("payment {id}: {both:?}"),
        };
        assert_eq!(lost, NotDecided::Refused(Refused::Before), "payment {id}");
        assert_eq!(stage.after(id), (State::Paid, amount.get(), 0), "payment {id}");
        sum += amount.get();
    }
    assert_eq!(stage.stands(Account::CashManual), -sum);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_an_approval_and_a_rejection_at_once_one_counts() {
    let stage = Stage::set(claimed).await;
    let mut sum = 0;
    for id in 1..=TIMES {
        let (approved, rejected) = stage
            .race(
                id,
                move |shop, tx| transfer::approve(shop, tx, PaymentId(id), AMOUNT, ONE),
                move |shop, tx| transfer::reject(shop, tx, PaymentId(id), "nothing came", OTHER),
            )
            .await;
        let (state, amount, lost) = match (approved, rejected) {
            (Ok(_), Err(lost)) => (State::Paid, AMOUNT, lost),
            (Err(lost), Ok(_)) => (State::Rejected, Kopecks::ZERO, lost),
            both => panic!("payment {id}: {both:?}"),
        };
        assert_eq!(lost, NotDecided::Refused(Refused::Over), "payment {id}");
        assert_eq!(stage.after(id), (state, amount.get(), 0), "payment {id}");
        sum += amount.get();
    }
    assert_eq!(stage.stands(Account::CashManual), -sum);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn money_goes_back_or_is_spent_and_never_both() {
    let stage = Stage::set(paid).await;
    for id in 1..=TIMES {
        let (refunded, bought) = stage
            .race(
                id,
                move |_, tx| refund::begin(tx, PaymentId(id), ONE),
                move |shop, tx| buys(shop, tx, payer(id)),
            )
            .await;
        let expected = match (refunded, bought) {
            (Ok(_), Err(NotSold::Short { .. })) => (State::Refunding, 0, AMOUNT.get()),
            (Err(NotBack::Spent { missing }), Ok(())) => {
                assert_eq!(missing, PRICE, "payment {id}");
                (State::Paid, 24, PRICE.get())
            }
            both => panic!("payment {id}: {both:?}"),
        };
        assert_eq!(stage.after(id), expected, "payment {id}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refund_and_telegrams_word_of_a_chargeback_take_the_money_once() {
    let stage = Stage::set(paid_and_perhaps_spent).await;
    for id in 1..=TIMES {
        let (begun, ()) = stage
            .race(
                id,
                move |_, tx| refund::begin(tx, PaymentId(id), ONE),
                move |shop, tx| refund::went_back_of(shop, tx, Way::Stars, &format!("charge-{id}")),
            )
            .await;
        let (state, free, held) = stage.after(id);
        match (is_spent(id), begun) {
            (false, Ok(_)) => assert_eq!((state, free, held), (State::Refunded, 0, 0), "payment {id}"),
            (false, Err(NotBack::Refused(Refused::Over))) => {
                assert_eq!((state, free, held), (State::ChargedBack, 0, 0), "payment {id}");
            }
            // What is spent cannot be held; its source took it all the same.
            (true, Err(NotBack::Spent { .. } | NotBack::Refused(Refused::Over))) => {
                let below = -PRICE.get();
                assert_eq!((state, free, held), (State::ChargedBack, below, PRICE.get()), "payment {id}");
            }
            (_, begun) => panic!("payment {id}: {begun:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_and_telegrams_word_that_it_went_back_end_one_hold_once() {
    let stage = Stage::set(goes_back).await;
    let (mut taken, mut charged_back) = (0, 0);
    for id in 1..=TIMES {
        let raced = stage.race(
            id,
            move |shop, tx| refund::refused(shop, tx, PaymentId(id), "an old answer"),
            move |shop, tx| refund::went_back_of(shop, tx, Way::Stars, &format!("charge-{id}")),
        );
        raced.await;
        match stage.after(id) {
            (State::Refunded, 0, 0) => taken += 1,
            (State::ChargedBack, 0, 0) => charged_back += 1,
            other => panic!("payment {id}: {other:?}"),
        }
    }
    assert_eq!(taken + charged_back, i64::try_from(TIMES).expect("small"));
    // What was taken left by the account that it came through; what was charged back is a correction.
    assert_eq!(stage.stands(Account::CashStars), -charged_back * AMOUNT.get());
    assert_eq!(stage.stands(Account::Adjust), charged_back * AMOUNT.get());
}
