//! SQLite in WAL mode with `synchronous=FULL`: every commit syncs the log. The time a job is due is a
//! partial index, which is cheaper than a table of its own.

use super::Peer;
use crate::order::{MODEL, Order, PROMPT, RICH, Totals};
use crate::shop::{CUSTOMERS, PRICE};
use rusqlite::{Connection, TransactionBehavior};
use std::path::Path;

/// One connection has the file for itself, so its index of the log is in memory.
const SETTINGS: &str = "
    PRAGMA locking_mode = EXCLUSIVE;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA cache_size = -65536;
    PRAGMA mmap_size = 0;
";

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS wallets (
        id INTEGER PRIMARY KEY, available INTEGER NOT NULL, held INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE IF NOT EXISTS ledger (
        seq INTEGER PRIMARY KEY, job INTEGER NOT NULL, customer INTEGER NOT NULL, amount INTEGER NOT NULL,
        at INTEGER NOT NULL, prev_hash BLOB NOT NULL
    ) STRICT;
    CREATE TABLE IF NOT EXISTS jobs (
        id INTEGER PRIMARY KEY, customer INTEGER NOT NULL, state INTEGER NOT NULL, price INTEGER NOT NULL,
        created INTEGER NOT NULL, due INTEGER, model TEXT NOT NULL, input TEXT NOT NULL
    ) STRICT;
    CREATE INDEX IF NOT EXISTS jobs_due ON jobs (due) WHERE due IS NOT NULL;
";

/// A file of SQLite's.
pub(super) struct Sqlite(Connection);

impl Sqlite {
    pub(super) fn open(dir: &Path) -> Self {
        let connection = Connection::open(dir.join("peer.sqlite")).expect("a file");
        connection.execute_batch(SETTINGS).expect("settings");
        connection.execute_batch(SCHEMA).expect("tables");
        let synchronous: i64 =
            connection.query_row("PRAGMA synchronous", (), |row| row.get(0)).expect("readable");
        assert_eq!(synchronous, 2, "FULL");
        Self(connection)
    }
}

impl Peer for Sqlite {
    fn fill(&mut self, past: i64) {
        let tx = self.0.transaction().expect("a transaction");
        let numbers = "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < ?1)";
        let wallets = format!("{numbers} INSERT INTO wallets SELECT n, ?2, 0 FROM n");
        tx.execute(&wallets, (i64::try_from(CUSTOMERS).expect("few"), RICH)).expect("written");
        {
            let mut ledger = tx.prepare(LEDGER).expect("sql");
            let mut jobs = tx.prepare(JOBS).expect("sql");
            for order in (1..=past).map(Order::numbered) {
                for _ in 0..2 {
                    ledger
                        .execute((order.job, order.customer, PRICE.get(), order.at, [7; 32]))
                        .expect("written");
                }
                let ended = (order.job, order.customer, 4, PRICE.get(), order.at, None::<i64>, MODEL, PROMPT);
                jobs.execute(ended).expect("written");
            }
        }
        tx.commit().expect("durable");
    }

    fn place(&mut self, orders: &[Order]) {
        let tx = self.0.transaction_with_behavior(TransactionBehavior::Immediate).expect("one writer");
        {
            let mut known = tx.prepare_cached("SELECT 1 FROM jobs WHERE id = ?1").expect("sql");
            let mut hold = tx.prepare_cached(HOLD).expect("sql");
            let mut ledger = tx.prepare_cached(LEDGER).expect("sql");
            let mut jobs = tx.prepare_cached(JOBS).expect("sql");
            for order in orders {
                let Order { job, customer, at } = *order;
                assert!(!known.exists([job]).expect("readable"), "a new job");
                assert_eq!(hold.execute((customer, PRICE.get())).expect("written"), 1, "it can pay");
                ledger.execute((job, customer, PRICE.get(), at, [7; 32])).expect("written");
                jobs.execute((job, customer, 0, PRICE.get(), at, Some(at), MODEL, PROMPT)).expect("written");
            }
        }
        tx.commit().expect("durable");
    }

    fn totals(&mut self) -> Totals {
        let sql = "SELECT (SELECT count(*) FROM ledger), (SELECT sum(held) FROM wallets)";
        let read = self.0.query_row(sql, (), |row| Ok(Totals { ledger: row.get(0)?, held: row.get(1)? }));
        read.expect("readable")
    }
}

/// Reads, checks and moves at once.
const HOLD: &str =
    "UPDATE wallets SET available = available - ?2, held = held + ?2 WHERE id = ?1 AND available >= ?2";
const LEDGER: &str = "INSERT INTO ledger (job, customer, amount, at, prev_hash) VALUES (?1, ?2, ?3, ?4, ?5)";
const JOBS: &str = "INSERT INTO jobs VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
