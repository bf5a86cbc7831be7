//! The schema on one screen: every table, what its key and row are, and both ways to open it.
//!
//! Keys are integers or tuples that sort by value; rows are postcard behind a version byte (see
//! `codec`). No table on the way of an order has a random key or an index by customer: newest rows
//! and chains stand in for them.

use super::fault::Fault;
use redb::{
    Key, ReadOnlyTable, ReadTransaction, ReadableTable, Table, TableDefinition, TableError, Value,
    WriteTransaction,
};
use std::cell::OnceCell;
use std::sync::{Arc, OnceLock};

/// A row as it is stored.
pub(super) type Bytes = &'static [u8];

/// A table of a write transaction. Opened once at most: redb refuses a second time.
pub(super) struct Written<'txn, K: Key + 'static, V: Value + 'static> {
    txn: &'txn WriteTransaction,
    name: &'static str,
    table: OnceCell<Table<'txn, K, V>>,
}

impl<'txn, K: Key + 'static, V: Value + 'static> Written<'txn, K, V> {
    /// The table, for looking.
    pub(super) fn read(&self) -> Result<&Table<'txn, K, V>, Fault> {
        if let Some(table) = self.table.get() {
            return Ok(table);
        }
        let opened = self.txn.open_table(TableDefinition::new(self.name))?;
        Ok(self.table.get_or_init(|| opened))
    }

    /// The table, for changing.
    pub(super) fn write(&mut self) -> Result<&mut Table<'txn, K, V>, Fault> {
        self.read()?;
        Ok(self.table.get_mut().expect("just opened"))
    }
}

/// A table of a snapshot.
pub(super) struct Seen<K: Key + 'static, V: Value + 'static> {
    txn: Arc<ReadTransaction>,
    /// Where the table is taken from if the file has none: only before an upgrade.
    spare: Option<Arc<ReadTransaction>>,
    name: &'static str,
    table: OnceLock<ReadOnlyTable<K, V>>,
}

impl<K: Key + 'static, V: Value + 'static> Seen<K, V> {
    /// The table.
    pub(super) fn read(&self) -> Result<&ReadOnlyTable<K, V>, Fault> {
        if let Some(table) = self.table.get() {
            return Ok(table);
        }
        let opened = match (self.txn.open_table(TableDefinition::new(self.name)), &self.spare) {
            (Err(TableError::TableDoesNotExist(_)), Some(spare)) => {
                spare.open_table(TableDefinition::new(self.name))?
            }
            (opened, _) => opened?,
        };
        Ok(self.table.get_or_init(|| opened))
    }
}

/// Its length first, so that no two rows of parts hash alike.
fn absorb(hasher: &mut blake3::Hasher, part: impl AsRef<[u8]>) {
    let part = part.as_ref();
    hasher.update(&part.len().to_le_bytes()).update(part);
}

macro_rules! schema {
    ($($(#[$doc:meta])* $name:ident: $key:ty => $row:ty = $text:literal;)*) => {
        /// All tables for writing, each opened when it is first needed: an act needs four of them.
        pub(super) struct WriteTables<'txn> {
            $($(#[$doc])* pub(super) $name: Written<'txn, $key, $row>,)*
        }

        impl<'txn> WriteTables<'txn> {
            pub(super) fn of(txn: &'txn WriteTransaction) -> Self {
                Self { $($name: Written { txn, name: $text, table: OnceCell::new() },)* }
            }

            /// Opens all, which makes those that are missing.
            pub(super) fn make_all(&self) -> Result<(), Fault> {
                $(self.$name.read()?;)*
                Ok(())
            }
        }

        /// All tables as one snapshot has them, each opened when it is first needed.
        #[allow(dead_code, reason = "the schema is one list; not every table is read both ways")]
        pub(super) struct ReadTables {
            $($(#[$doc])* pub(super) $name: Seen<$key, $row>,)*
        }

        impl ReadTables {
            pub(super) fn of(txn: ReadTransaction) -> Self {
                Self::from(txn, None)
            }

            /// The same of an older file: tables that it lacks are those of `spare`.
            pub(super) fn with_spare(txn: ReadTransaction, spare: ReadTransaction) -> Self {
                Self::from(txn, Some(Arc::new(spare)))
            }

            fn from(txn: ReadTransaction, spare: Option<Arc<ReadTransaction>>) -> Self {
                let txn = Arc::new(txn);
                Self { $($name: Seen {
                    txn: txn.clone(),
                    spare: spare.clone(),
                    name: $text,
                    table: OnceLock::new(),
                },)* }
            }

            /// A hash over all rows of all tables, in order.
            pub(super) fn digest(&self) -> Result<[u8; 32], Fault> {
                let mut hasher = blake3::Hasher::new();
                $({
                    absorb(&mut hasher, $text);
                    for entry in self.$name.read()?.iter()? {
                        let (key, row) = entry?;
                        absorb(&mut hasher, <$key as redb::Value>::as_bytes(&key.value()));
                        absorb(&mut hasher, <$row as redb::Value>::as_bytes(&row.value()));
                    }
                })*
                Ok(hasher.finalize().into())
            }

            /// All rows of all tables as text: two files that say the same have the same dump.
            #[cfg(test)]
            pub(super) fn dump(&self) -> Result<Vec<String>, Fault> {
                let mut rows = Vec::new();
                $(for entry in self.$name.read()?.iter()? {
                    let (key, row) = entry?;
                    rows.push(format!("{} {:?} {:?}", $text, key.value(), row.value()));
                })*
                Ok(rows)
            }
        }

        /// What can be read in a transaction and in a snapshot alike.
        #[allow(dead_code, reason = "the schema is one list; not every table is read both ways")]
        pub(super) trait Tables {
            $($(#[$doc])* fn $name(&self) -> Result<&impl ReadableTable<$key, $row>, Fault>;)*
        }

        impl Tables for WriteTables<'_> {
            $(fn $name(&self) -> Result<&impl ReadableTable<$key, $row>, Fault> { self.$name.read() })*
        }

        impl Tables for ReadTables {
            $(fn $name(&self) -> Result<&impl ReadableTable<$key, $row>, Fault> { self.$name.read() })*
        }
    };
}

schema! {
    /// Account number (a customer's id, or below zero one of the operator's) → counters.
    accounts: i64 => Bytes = "accounts";
    /// The same for those that changed lately, in front of it: few enough to lie on a few pages.
    accounts_lately: i64 => Bytes = "accounts_lately";
    /// Row number → transfer, in the order they were made. Never changed.
    ledger: u64 => Bytes = "ledger";
    /// Job → everything about it.
    jobs: u64 => Bytes = "jobs";
    /// (Uptime in ms, job) → nothing: what is to be looked at, and when.
    jobs_due: (i64, u64) => () = "jobs_due";
    /// The provider's task → job. The outside gives these ids, so they cannot be in order.
    jobs_by_task: &'static str => u64 = "jobs_by_task";
    /// (Request, number) → one event of its timeline.
    trace: (u32, u32) => Bytes = "trace";
    /// Order of arrival → update that waits for its handling.
    inbox: u64 => Bytes = "inbox";
    /// (Bot, update) → when it came and what became of it. Kept for seven days.
    seen_updates: (u64, u64) => Bytes = "seen_updates";
    /// Order of arrival → update that was put aside, for the operator.
    parked: u64 => Bytes = "parked";
    /// (Priority, number) → message that waits for its delivery.
    outbox: (u8, u64) => Bytes = "outbox";
    /// Number → a customer's file that waits to be looked at.
    looks: u64 => Bytes = "looks";
    /// Customer → where the conversation stands.
    sessions: i64 => Bytes = "sessions";
    /// Customer → who they are, and their newest job.
    users: i64 => Bytes = "users";
    /// Payment → what came from outside and what became of it.
    payments: u64 => Bytes = "payments";
    /// The source's own id of a payment → payment.
    payments_by_outside: &'static str => u64 = "payments_by_outside";
    /// (Customer, payment) → until when: transfers by hand that wait for the customer or an operator.
    payments_open: (i64, u64) => i64 = "payments_open";
    /// Telegram's own id of a receipt's file → the payment that it came for first.
    receipts: &'static str => u64 = "receipts";
    /// Customer → their newest payment; each payment names the one before it.
    payers: i64 => u64 = "payers";
    /// The source's own id → when it said that the payment went back, which has not come yet.
    payments_back_early: &'static str => i64 = "payments_back_early";
    /// (Customer, model, hour) → how many free uses began in it.
    free_usage: (i64, u8, u32) => u32 = "free_usage";
    /// Day → millionths of a dollar that free uses cost.
    free_spent: u32 => i64 = "free_spent";
    /// Action → what an operator did.
    admin_actions: u64 => Bytes = "admin_actions";
    /// Day → what it brought and cost, added up as it happens.
    days: u32 => Bytes = "days";
    /// What is not sold, and why: `all`, or a model.
    stops: &'static str => Bytes = "stops";
    /// Name → the service's own notes: keys, uptime, when an alarm was last given.
    settings: &'static str => Bytes = "settings";
    /// Name → the last number given, or a count.
    counters: &'static str => u64 = "counters";
    /// Promo code, in small letters → what it gives, and how often it did.
    promos: &'static str => Bytes = "promos";
    /// (Promo code's number, customer) → the ledger row it made, or 0 for free uses.
    promo_uses: (u64, i64) => u64 = "promo_uses";
    /// Customer → the free uses they were given, and how many they brought.
    bonuses: i64 => Bytes = "bonuses";
    /// Customer → who brought them, and what became of the reward.
    invited: i64 => Bytes = "invited";
    /// (Customer, 0 of the ledger or 1 of the jobs, number) → a row of the bot before this one. Never changed,
    /// but for the words in it.
    legacy_rows: (i64, u8, u64) => Bytes = "legacy_rows";
}
