//! fjall, a log-structured tree: a batch of writes, synced to the disk (`fdatasync`) as its journal has it.
//! With one writer what the batch itself changed is best looked up in a map; its transactions would keep a
//! tree for that.

use super::Peer;
use crate::order::{Order, Sizes, Totals, Wallet};
use crate::shop::CUSTOMERS;
use fjall::{Database, Keyspace, KeyspaceCreateOptions, OwnedWriteBatch, PersistMode, Readable};
use std::collections::{HashMap, HashSet};
use std::path::Path;

/// Orders of the past that go into one transaction.
const AT_ONCE: usize = 10_000;

/// A folder of fjall's. Its keys sort as bytes, so numbers are stored big end first.
pub(super) struct Fjall {
    database: Database,
    tables: Tables,
    sizes: Sizes,
    /// The last row of the ledger.
    seq: i64,
}

struct Tables {
    wallets: Keyspace,
    ledger: Keyspace,
    jobs: Keyspace,
    due: Keyspace,
}

impl Fjall {
    pub(super) fn open(dir: &Path, sizes: Sizes) -> Self {
        let builder = Database::builder(dir.join("peer.fjall"));
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

    fn write(&mut self, act: impl FnOnce(&mut OwnedWriteBatch, &Tables, Sizes, &mut i64)) {
        let mut batch = self.database.batch().durability(Some(PersistMode::SyncData));
        act(&mut batch, &self.tables, self.sizes, &mut self.seq);
        batch.commit().expect("durable");
    }
}

impl Peer for Fjall {
    fn fill(&mut self, past: i64) {
        self.write(|batch, tables, sizes, _| {
            for customer in (1..).take(usize::try_from(CUSTOMERS).expect("few")) {
                batch.insert(&tables.wallets, key(customer), Wallet::FULL.row(sizes));
            }
        });
        let past: Vec<i64> = (1..=past).collect();
        for jobs in past.chunks(AT_ONCE) {
            self.write(|batch, tables, sizes, seq| {
                for order in jobs.iter().map(|job| Order::numbered(*job)) {
                    batch.insert(&tables.jobs, key(order.job), order.job_row(sizes));
                    for _ in 0..2 {
                        *seq += 1;
                        batch.insert(&tables.ledger, key(*seq), order.ledger_row(sizes));
                    }
                }
            });
        }
    }

    fn place(&mut self, orders: &[Order]) {
        self.write(|batch, tables, sizes, seq| {
            let (mut wallets, mut new) = (HashMap::new(), HashSet::new());
            for order in orders {
                let known = tables.jobs.contains_key(key(order.job)).expect("readable");
                assert!(!known && new.insert(order.job), "a new job");
                let wallet = wallets.entry(order.customer).or_insert_with(|| {
                    let row = tables.wallets.get(key(order.customer)).expect("readable");
                    Wallet::of(&row.expect("a customer"))
                });
                wallet.hold();
                *seq += 1;
                batch.insert(&tables.ledger, key(*seq), order.ledger_row(sizes));
                batch.insert(&tables.jobs, key(order.job), order.job_row(sizes));
                batch.insert(&tables.due, [key(order.at), key(order.job)].concat(), []);
            }
            for (customer, wallet) in wallets {
                batch.insert(&tables.wallets, key(customer), wallet.row(sizes));
            }
        });
    }

    fn totals(&mut self) -> Totals {
        let snapshot = self.database.snapshot();
        let ledger = snapshot.len(&self.tables.ledger).expect("readable");
        let wallets = snapshot.iter(&self.tables.wallets);
        let held = wallets.map(|row| Wallet::of(&row.value().expect("readable")).held).sum();
        Totals { ledger: i64::try_from(ledger).expect("few"), held }
    }
}

fn key(number: i64) -> [u8; 8] {
    number.to_be_bytes()
}
