//! A table of a write transaction. While changes are listed (see `stream`), it notes which keys were
//! written.
//!
//! **Invariant:** nobody changes a row but through [`Change`], which notes its key.

use super::fault::Fault;
use redb::{AccessGuard, Key, ReadableTable, StorageError, Table, TableDefinition, Value, WriteTransaction};
use std::borrow::Borrow;
use std::cell::OnceCell;

/// A table of a write transaction. Opened once at most: redb refuses a second time.
pub(super) struct Written<'txn, K: Key + 'static, V: Value + 'static> {
    txn: &'txn WriteTransaction,
    name: &'static str,
    table: OnceCell<Table<'txn, K, V>>,
    /// The keys that were written, while that is noted.
    pub(super) noted: Option<Keys>,
}

impl<'txn, K: Key + 'static, V: Value + 'static> Written<'txn, K, V> {
    pub(super) fn of(txn: &'txn WriteTransaction, name: &'static str) -> Self {
        Self { txn, name, table: OnceCell::new(), noted: None }
    }

    /// The table, for looking.
    pub(super) fn read(&self) -> Result<&Table<'txn, K, V>, Fault> {
        if let Some(table) = self.table.get() {
            return Ok(table);
        }
        let opened = self.txn.open_table(TableDefinition::new(self.name))?;
        Ok(self.table.get_or_init(|| opened))
    }

    /// The table, for changing.
    pub(super) fn write(&mut self) -> Result<Change<'_, 'txn, K, V>, Fault> {
        self.read()?;
        let table = self.table.get_mut().expect("just opened");
        Ok(Change { table, noted: self.noted.as_mut() })
    }

    /// Takes all its rows out at once, however many they are. Their keys are not noted.
    pub(super) fn empty(&mut self) -> Result<(), Fault> {
        drop(self.table.take());
        self.txn.delete_table(TableDefinition::<K, V>::new(self.name))?;
        self.read().map(drop)
    }
}

/// A table that is being changed.
pub(super) struct Change<'a, 'txn, K: Key + 'static, V: Value + 'static> {
    table: &'a mut Table<'txn, K, V>,
    noted: Option<&'a mut Keys>,
}

impl<'txn, K: Key + 'static, V: Value + 'static> Change<'_, 'txn, K, V> {
    /// Writes a row; gives the one that was there.
    pub(super) fn insert<'k, 'v>(
        &mut self,
        key: impl Borrow<K::SelfType<'k>>,
        row: impl Borrow<V::SelfType<'v>>,
    ) -> Result<Option<AccessGuard<'_, V>>, StorageError> {
        self.note(key.borrow());
        self.table.insert(key, row)
    }

    /// Takes a row out; gives it.
    pub(super) fn remove<'k>(
        &mut self,
        key: impl Borrow<K::SelfType<'k>>,
    ) -> Result<Option<AccessGuard<'_, V>>, StorageError> {
        self.note(key.borrow());
        self.table.remove(key)
    }

    /// Takes all rows out.
    pub(super) fn clear(&mut self) -> Result<(), StorageError> {
        if let Some(noted) = &mut self.noted {
            for entry in self.table.iter()? {
                noted.push(K::as_bytes(&entry?.0.value()).as_ref());
            }
        }
        self.table.retain(|_, _| false)
    }

    /// Notes that a row is written by way of [`Change::unnoted`].
    pub(super) fn note(&mut self, key: &K::SelfType<'_>) {
        if let Some(noted) = &mut self.noted {
            noted.push(K::as_bytes(key).as_ref());
        }
    }

    /// The table itself: whoever changes it notes what, or is no act.
    pub(super) fn unnoted(&mut self) -> &mut Table<'txn, K, V> {
        self.table
    }
}

/// Keys as bytes.
#[derive(Default)]
pub(super) struct Keys {
    bytes: Vec<u8>,
    /// Where each ends.
    ends: Vec<usize>,
}

impl Keys {
    pub(super) fn push(&mut self, key: &[u8]) {
        self.bytes.extend_from_slice(key);
        self.ends.push(self.bytes.len());
    }

    /// Each key once.
    pub(super) fn once(&self) -> Vec<&[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let mut keys: Vec<_> = starts.zip(&self.ends).map(|(start, end)| &self.bytes[start..*end]).collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }
}
