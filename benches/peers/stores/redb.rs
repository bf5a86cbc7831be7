//! redb as it comes, without our store around it: four tables, their rows as bytes.

use super::Peer;
use crate::order::{Order, Sizes, Totals, Wallet};
use crate::shop::CUSTOMERS;
use redb::{Builder, Database, ReadableDatabase, ReadableTable, ReadableTableMetadata, TableDefinition};
use std::path::Path;

const WALLETS: TableDefinition<i64, &[u8]> = TableDefinition::new("wallets");
const LEDGER: TableDefinition<i64, &[u8]> = TableDefinition::new("ledger");
const JOBS: TableDefinition<i64, &[u8]> = TableDefinition::new("jobs");
const DUE: TableDefinition<(i64, i64), ()> = TableDefinition::new("jobs_due");

const CACHE_BYTES: usize = 64 * 1024 * 1024;
/// Orders of the past that go into one transaction.
const AT_ONCE: usize = 10_000;

/// A file of redb's.
pub(super) struct Redb {
    database: Database,
    sizes: Sizes,
    quick_repair: bool,
    /// The last row of the ledger.
    seq: i64,
}

impl Redb {
    pub(super) fn open(dir: &Path, sizes: Sizes, quick_repair: bool) -> Self {
        let database =
            Builder::new().set_cache_size(CACHE_BYTES).create(dir.join("peer.redb")).expect("a file");
        let mut peer = Self { database, sizes, quick_repair, seq: 0 };
        peer.write(|txn, peer| {
            txn.open_table(WALLETS).expect("a table");
            txn.open_table(JOBS).expect("a table");
            txn.open_table(DUE).expect("a table");
            let ledger = txn.open_table(LEDGER).expect("a table");
            peer.seq = ledger.last().expect("readable").map_or(0, |(seq, _)| seq.value());
        });
        peer
    }

    fn write(&mut self, act: impl FnOnce(&redb::WriteTransaction, &mut Self)) {
        let mut txn = self.database.begin_write().expect("one writer");
        txn.set_quick_repair(self.quick_repair);
        act(&txn, self);
        txn.commit().expect("durable");
    }
}

impl Peer for Redb {
    fn fill(&mut self, past: i64) {
        self.write(|txn, peer| {
            let mut wallets = txn.open_table(WALLETS).expect("a table");
            for customer in (1..).take(usize::try_from(CUSTOMERS).expect("few")) {
                wallets.insert(customer, Wallet::FULL.row(peer.sizes).as_slice()).expect("written");
            }
        });
        let past: Vec<i64> = (1..=past).collect();
        for jobs in past.chunks(AT_ONCE) {
            self.write(|txn, peer| {
                let mut table = txn.open_table(JOBS).expect("a table");
                let mut ledger = txn.open_table(LEDGER).expect("a table");
                for order in jobs.iter().map(|job| Order::numbered(*job)) {
                    table.insert(order.job, order.job_row(peer.sizes).as_slice()).expect("written");
                    for _ in 0..2 {
                        peer.seq += 1;
                        ledger.insert(peer.seq, order.ledger_row(peer.sizes).as_slice()).expect("written");
                    }
                }
            });
        }
    }

    fn place(&mut self, orders: &[Order]) {
        self.write(|txn, peer| {
            let mut wallets = txn.open_table(WALLETS).expect("a table");
            let mut ledger = txn.open_table(LEDGER).expect("a table");
            let mut jobs = txn.open_table(JOBS).expect("a table");
            let mut due = txn.open_table(DUE).expect("a table");
            for order in orders {
                assert!(jobs.get(order.job).expect("readable").is_none(), "a new job");
                let mut wallet =
                    Wallet::of(wallets.get(order.customer).expect("readable").expect("a customer").value());
                wallet.hold();
                peer.seq += 1;
                wallets.insert(order.customer, wallet.row(peer.sizes).as_slice()).expect("written");
                ledger.insert(peer.seq, order.ledger_row(peer.sizes).as_slice()).expect("written");
                jobs.insert(order.job, order.job_row(peer.sizes).as_slice()).expect("written");
                due.insert((order.at, order.job), ()).expect("written");
            }
        });
    }

    fn totals(&mut self) -> Totals {
        let txn = self.database.begin_read().expect("a snapshot");
        let ledger = txn.open_table(LEDGER).expect("a table").len().expect("readable");
        let wallets = txn.open_table(WALLETS).expect("a table");
        let held =
            wallets.iter().expect("readable").map(|row| Wallet::of(row.expect("readable").1.value()).held);
        Totals { ledger: i64::try_from(ledger).expect("few"), held: held.sum() }
    }
}
