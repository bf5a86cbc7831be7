//! The schema on one screen: every table, what its key and row are, and both ways to open it.
//!
//! Keys are integers or tuples that sort by value; rows are postcard behind a version byte (see
//! `codec`). No table on the way of an order has a random key or an index by customer: newest rows
//! and chains stand in for them.
//!
//! **Invariant:** whoever changes this list raises the schema's number: the list of changes (`stream`) names
//! tables by their place in it.

use super::backup::{BackupError, raw};
use super::fault::Fault;
use super::written::{Keys, Written};
use redb::{
    Key, ReadOnlyTable, ReadTransaction, ReadableTable, ReadableTableMetadata, TableDefinition, TableError,
    Value, WriteTransaction,
};
use std::sync::{Arc, OnceLock};

/// A row as it is stored.
pub(super) type Bytes = &'static [u8];

/// A table of a snapshot.
pub(super) struct Seen<K: Key + 'static, V: Value + 'static> {
    txn: Arc<ReadTransaction>,
    /// Where the table is taken from if the file has none: only before an upgrade.
    spare: Option<Arc<ReadTransaction>>,
    name: &'static str,
    table: OnceLock<ReadOnlyTable<K, V>>,
}

impl<K: Key + 'static, V: Value + 'static> Seen<K, V> {
    fn of(txn: &Arc<ReadTransaction>, spare: Option<&Arc<ReadTransaction>>, name: &'static str) -> Self {
        Self { txn: txn.clone(), spare: spare.cloned(), name, table: OnceLock::new() }
    }

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
fn absorb(hasher: &mut blake3::Hasher, part: &[u8]) {
    hasher.update(&part.len().to_le_bytes()).update(part);
}

/// The list of changes, which is about the file and no part of what it says: no backup has it, and no
/// fingerprint (see `stream`). Name → row; number of a commit → the keys that it wrote.
pub(super) const STREAM: &str = "stream";
pub(super) const CHANGED: &str = "changed";

macro_rules! schema {
    ($($(#[$doc:meta])* $name:ident: $key:ty => $row:ty = $text:literal;)*) => {
        /// All tables for writing, each opened when it is first needed: an act needs four of them.
        pub(super) struct WriteTables<'txn> {
            $($(#[$doc])* pub(super) $name: Written<'txn, $key, $row>,)*
            pub(super) stream: Written<'txn, &'static str, Bytes>,
            pub(super) changed: Written<'txn, u64, Bytes>,
        }

        impl<'txn> WriteTables<'txn> {
            pub(super) fn of(txn: &'txn WriteTransaction) -> Self {
                Self {
                    $($name: Written::of(txn, $text),)*
                    stream: Written::of(txn, STREAM),
                    changed: Written::of(txn, CHANGED),
                }
            }

            /// Opens all, which makes those that are missing.
            pub(super) fn make_all(&self) -> Result<(), Fault> {
                $(self.$name.read()?;)*
                self.stream.read()?;
                self.changed.read()?;
                Ok(())
            }

            /// The keys that were written to each table, by its place in [`NAMES`].
            pub(super) fn noted(&mut self) -> [&mut Option<Keys>; NAMES.len()] {
                [$(&mut self.$name.noted),*]
            }

            /// Adds rows at the end of a table; nothing notes them.
            pub(super) fn append(&mut self, table: usize, rows: &[raw::Entry<'_>]) -> Result<(), BackupError> {
                match NAMES[table] {
                    $($text => raw::append(self.$name.write()?.unnoted(), rows),)*
                    _ => unreachable!("it is one of the names"),
                }
            }

            /// Writes a row, or takes it out; nothing notes it.
            pub(super) fn change(&mut self, table: usize, entry: &raw::Entry<'_>) -> Result<(), BackupError> {
                match NAMES[table] {
                    $($text => raw::change(self.$name.write()?.unnoted(), entry),)*
                    _ => unreachable!("it is one of the names"),
                }
            }
        }

        /// The tables' names, in their order.
        pub(super) const NAMES: &[&str] = &[$($text),*];

        /// All tables as one snapshot has them, each opened when it is first needed.
        #[allow(dead_code, reason = "the schema is one list; not every table is read both ways")]
        pub(super) struct ReadTables {
            $($(#[$doc])* pub(super) $name: Seen<$key, $row>,)*
            pub(super) stream: Seen<&'static str, Bytes>,
            pub(super) changed: Seen<u64, Bytes>,
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
                Self {
                    $($name: Seen::of(&txn, spare.as_ref(), $text),)*
                    stream: Seen::of(&txn, spare.as_ref(), STREAM),
                    changed: Seen::of(&txn, spare.as_ref(), CHANGED),
                }
            }

            /// A hash over all rows of all tables, in order.
            pub(super) fn digest(&self) -> Result<[u8; 32], Fault> {
                let mut hasher = blake3::Hasher::new();
                self.each(|table, key, row| {
                    absorb(&mut hasher, NAMES[table].as_bytes());
                    absorb(&mut hasher, key);
                    absorb(&mut hasher, row);
                    Ok::<_, Fault>(())
                })?;
                Ok(hasher.finalize().into())
            }

            /// Shows every row: its table's place in [`NAMES`], its key, itself.
            pub(super) fn each<E: From<Fault>>(
                &self,
                mut visit: impl FnMut(usize, &[u8], &[u8]) -> Result<(), E>,
            ) -> Result<(), E> {
                let mut table = 0..;
                $(raw::each(self.$name.read()?, table.next().unwrap_or(0), &mut visit)?;)*
                Ok(())
            }

            /// One row of a table.
            pub(super) fn row(&self, table: usize, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
                match NAMES[table] {
                    $($text => raw::row(self.$name.read()?, key),)*
                    _ => unreachable!("it is one of the names"),
                }
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

        /// How many rows each table has, by its place in [`NAMES`].
        pub(super) fn lengths<T: Tables>(tables: &T) -> Result<Vec<u64>, Fault> {
            Ok(vec![$(tables.$name()?.len()?),*])
        }

        /// What can be read in a transaction and in a snapshot alike.
        #[allow(dead_code, reason = "the schema is one list; not every table is read both ways")]
        pub(super) trait Tables {
            $($(#[$doc])* fn $name(&self) -> Result<&impl ReadableTable<$key, $row>, Fault>;)*
            fn stream(&self) -> Result<&impl ReadableTable<&'static str, Bytes>, Fault>;
            fn changed(&self) -> Result<&impl ReadableTable<u64, Bytes>, Fault>;
        }

        impl Tables for WriteTables<'_> {
            $(fn $name(&self) -> Result<&impl ReadableTable<$key, $row>, Fault> { self.$name.read() })*
            fn stream(&self) -> Result<&impl ReadableTable<&'static str, Bytes>, Fault> { self.stream.read() }
            fn changed(&self) -> Result<&impl ReadableTable<u64, Bytes>, Fault> { self.changed.read() }
        }

        impl Tables for ReadTables {
            $(fn $name(&self) -> Result<&impl ReadableTable<$key, $row>, Fault> { self.$name.read() })*
            fn stream(&self) -> Result<&impl ReadableTable<&'static str, Bytes>, Fault> { self.stream.read() }
            fn changed(&self) -> Result<&impl ReadableTable<u64, Bytes>, Fault> { self.changed.read() }
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
