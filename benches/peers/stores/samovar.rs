//! Our own store: the act of the product, through the product's writer. It does more than the others: it
//! applies the rules of double entry, moves the operator's account too, chains the hashes of the ledger
//! and counts the queued jobs.

use crate::order::{PROMPT, Sizes, Totals};
use crate::run::{Door, Running};
use crate::shop::{Shop, customer, order};
use ::samovar::catalog::input::{Value, Values};
use ::samovar::ledger::Account;
use ::samovar::store::Store;
use serde::Serialize;
use std::path::Path;

/// Opens it for callers.
pub(super) fn open(dir: &Path) -> Running {
    let shop = Shop::open(dir);
    Running::new(Door::Store(shop.store.clone()), move || shop.close())
}

/// Places one order.
pub(crate) async fn place(store: &Store, job: i64) {
    let user = customer(u64::try_from(job).expect("they count from 1"));
    let input = chosen();
    store.write("order", move |tx| order(tx, user, input.clone())).await.expect("durable");
}

fn chosen() -> Values {
    Values::from([
        ("aspect_ratio".to_owned(), Value::Text("1:1".to_owned())),
        ("prompt".to_owned(), Value::Text(PROMPT.to_owned())),
    ])
}

pub(super) fn fill(dir: &Path, rows: u64) {
    let shop = Shop::open(dir);
    shop.fill(rows);
    shop.close();
}

/// Audits the whole file. Top-ups move one operator's account and orders another, so the newer one's newest
/// row is the last of all.
pub(super) fn totals(dir: &Path) -> Totals {
    let shop = Shop::open(dir);
    shop.audit();
    let view = shop.store.view().expect("a snapshot");
    let [paid, ordered] =
        [Account::CashStars, Account::Revenue].map(|account| view.account(account).expect("readable rows"));
    drop(view);
    shop.close();
    let last = paid.newest.max(ordered.newest).map_or(0, |seq| seq.0);
    Totals { ledger: i64::try_from(last).expect("few"), held: ordered.counters.credits_pending.get() }
}

/// Places one order in an empty file and measures what it wrote.
pub(super) fn sizes(dir: &Path) -> Sizes {
    let shop = Shop::open(dir);
    shop.fill(0);
    let (user, input) = (customer(1), chosen());
    let job = shop.store.write_blocking("order", move |tx| order(tx, user, input.clone())).expect("durable");
    let view = shop.store.view().expect("a snapshot");
    let account = view.account(Account::User(user)).expect("readable rows");
    let (_, row) = view.history(Account::Revenue, None, 1).expect("readable rows").remove(0);
    let job = view.job(job).expect("readable rows").expect("it was just placed");
    drop(view);
    shop.close();
    Sizes { wallet: length(&account), ledger: length(&row), job: length(&job.row) }
}

/// A row is a version byte, then postcard.
fn length(row: &impl Serialize) -> usize {
    1 + postcard::to_stdvec(row).expect("rows can be encoded").len()
}
