//! fjall, a log-structured tree: its transactions for one writer, each synced to the disk (`fdatasync`).

use super::Peer;
use crate::order::{Order, Sizes, Totals, Wallet};
use crate::shop::CUSTOMERS;
use fjall::{
    KeyspaceCreateOptions, PersistMode, Readable, SingleWriterTxDatabase, SingleWriterTxKeyspace,
    SingleWriterWriteTx,
};
use std::path::Path;

/// Orders of the past that go into one transaction.
const AT_ONCE: usize = 10_000;

/// A folder of fjall's. Its keys sort as bytes, so numbers are stored big end first.
pub(super) struct Fjall {
    database: SingleWriterTxDatabase,
    tables: Tables,
    sizes: Sizes,
    /// The last row of the ledger.
    seq: i64,
}

struct Tables {
    wallets: SingleWriterTxKeyspace,
    ledger: SingleWriterTxKeyspace,
    jobs: SingleWriterTxKeyspace,
    due: SingleWriterTxKeyspace,
}

impl Fjall {
    pub(super) fn open(dir: &Path, sizes: Sizes) -> Self {
        let builder = SingleWriterTxDatabase::builder(dir.join("peer.fjall"));
        let database = builder.cache_size(64 * 1024 * 1024).open().expect("a folder");
        let keyspace = |name| database.keyspace(name, KeyspaceCreateOptions::default).expect("a keyspace");
        let tables = Tables {
            wallets: keyspace("wallets"),
            ledger: keyspace("ledger"),
            jobs: keyspace("jobs"),
            due: keyspace("jobs_due"),
        };
        let last = tables.ledger.last_key_value().map(|last| last.key().expect("readable"));
        let seq = last.map_or(0, |key| i64::from_be_bytes(*key.first_chunk().expect("a number")));
        Self { database, tables, sizes, seq }
    }

    fn write(&mut self, act: impl FnOnce(&mut SingleWriterWriteTx<'_>, &Tables, Sizes, &mut i64)) {
        let mut tx = self.database.write_tx().durability(Some(PersistMode::SyncData));
        act(&mut tx, &self.tables, self.sizes, &mut self.seq);
        tx.commit().expect("durable");
    }
}

impl Peer for Fjall {
    fn fill(&mut self, past: i64) {
        self.write(|tx, tables, sizes, _| {
            for customer in (1..).take(usize::try_from(CUSTOMERS).expect("few")) {
                tx.insert(&tables.wallets, key(customer), Wallet::FULL.row(sizes));
            }
        });
        let past: Vec<i64> = (1..=past).collect();
        for jobs in past.chunks(AT_ONCE) {
            self.write(|tx, tables, sizes, seq| {
                for order in jobs.iter().map(|job| Order::numbered(*job)) {
                    tx.insert(&tables.jobs, key(order.job), order.job_row(sizes));
                    for _ in 0..2 {
                        *seq += 1;
                        tx.insert(&tables.ledger, key(*seq), order.ledger_row(sizes));
                    }
                }
            });
        }
    }

    fn place(&mut self, orders: &[Order]) {
        self.write(|tx, tables, sizes, seq| {
            for order in orders {
                assert!(!tx.contains_key(&tables.jobs, key(order.job)).expect("readable"), "a new job");
                let row = tx.get(&tables.wallets, key(order.customer)).expect("readable");
                let mut wallet = Wallet::of(&row.expect("a customer"));
                wallet.hold();
                *seq += 1;
                tx.insert(&tables.wallets, key(order.customer), wallet.row(sizes));
                tx.insert(&tables.ledger, key(*seq), order.ledger_row(sizes));
                tx.insert(&tables.jobs, key(order.job), order.job_row(sizes));
                tx.insert(&tables.due, [key(order.at), key(order.job)].concat(), []);
            }
        });
    }

    fn totals(&mut self) -> Totals {
        let snapshot = self.database.read_tx();
        let ledger = snapshot.len(&self.tables.ledger).expect("readable");
        let wallets = snapshot.iter(&self.tables.wallets);
        let held = wallets.map(|row| Wallet::of(&row.value().expect("readable")).held).sum();
        Totals { ledger: i64::try_from(ledger).expect("few"), held }
    }
}

fn key(number: i64) -> [u8; 8] {
    number.to_be_bytes()
}
