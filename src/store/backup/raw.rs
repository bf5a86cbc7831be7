//! Rows as a backup has them: the very bytes of the file, with which table they belong to.

use super::BackupError;
use crate::store::fault::Fault;
use redb::{CursorError, Key, ReadableTable, Table, Value};
use std::ops::Bound;

/// A row of a table, or the word that it is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) struct Entry<'b> {
    /// The table's place in a list of names.
    pub(in crate::store) table: usize,
    pub(in crate::store) key: &'b [u8],
    pub(in crate::store) row: Option<&'b [u8]>,
}

/// What stands in place of a row's length when the row is gone.
const GONE: u32 = u32::MAX;

/// Adds an entry to a block.
pub(in crate::store) fn encode(block: &mut Vec<u8>, entry: &Entry<'_>) -> Result<(), Fault> {
    let length = |bytes: &[u8]| {
        let fits = u32::try_from(bytes.len()).ok().filter(|length| *length < GONE);
        fits.ok_or_else(|| Fault::Bug("a row is too long for a backup".to_owned()))
    };
    let table = u8::try_from(entry.table).map_err(|_| Fault::Bug("too many tables".to_owned()))?;
    let row = entry.row.map_or(Ok(GONE), length)?;
    block.push(table);
    block.extend_from_slice(&length(entry.key)?.to_le_bytes());
    block.extend_from_slice(&row.to_le_bytes());
    block.extend_from_slice(entry.key);
    block.extend_from_slice(entry.row.unwrap_or(&[]));
    Ok(())
}

/// The entries of a block; `None` when it is none.
pub(in crate::store) fn decode(mut block: &[u8]) -> Option<Vec<Entry<'_>>> {
    let mut entries = Vec::new();
    while let Some((table, rest)) = block.split_first() {
        let (key_length, rest) = rest.split_first_chunk::<4>()?;
        let (row_length, rest) = rest.split_first_chunk::<4>()?;
        let (key, rest) = rest.split_at_checked(usize::try_from(u32::from_le_bytes(*key_length)).ok()?)?;
        let row_length = u32::from_le_bytes(*row_length);
        let kept = if row_length == GONE { 0 } else { usize::try_from(row_length).ok()? };
        let (row, rest) = rest.split_at_checked(kept)?;
        let row = (row_length != GONE).then_some(row);
        entries.push(Entry { table: usize::from(*table), key, row });
        block = rest;
    }
    Some(entries)
}

/// Shows every row of a table.
pub(in crate::store) fn each<K: Key + 'static, V: Value + 'static, E: From<Fault>>(
    table: &impl ReadableTable<K, V>,
    place: usize,
    visit: &mut impl FnMut(usize, &[u8], &[u8]) -> Result<(), E>,
) -> Result<(), E> {
    for entry in table.iter().map_err(Fault::from)? {
        let (key, row) = entry.map_err(Fault::from)?;
        visit(place, K::as_bytes(&key.value()).as_ref(), V::as_bytes(&row.value()).as_ref())?;
    }
    Ok(())
}

/// One row of a table.
pub(in crate::store) fn row<K: Key + 'static, V: Value + 'static>(
    table: &impl ReadableTable<K, V>,
    key: &[u8],
) -> Result<Option<Vec<u8>>, Fault> {
    let key = typed::<K>(key).ok_or_else(|| Fault::Bug("a key of another table was listed".to_owned()))?;
    let row = table.get(key)?;
    Ok(row.map(|row| V::as_bytes(&row.value()).as_ref().to_vec()))
}

/// Bytes as a table's type reads them, which for others may panic.
fn typed<T: Value>(bytes: &[u8]) -> Option<T::SelfType<'_>> {
    let fits = match T::fixed_width() {
        Some(width) => bytes.len() == width,
        None => T::type_name() != <&str>::type_name() || std::str::from_utf8(bytes).is_ok(),
    };
    fits.then(|| T::from_bytes(bytes))
}

fn of_another_table() -> BackupError {
    BackupError::Wrong { what: "a row does not fit its table".to_owned() }
}

/// Adds rows that come after all others of their table.
pub(in crate::store) fn append<K: Key + 'static, V: Value + 'static>(
    table: &mut Table<'_, K, V>,
    rows: &[Entry<'_>],
) -> Result<(), BackupError> {
    let mut end = table.upper_bound_mut(Bound::<K::SelfType<'_>>::Unbounded).map_err(Fault::from)?;
    for entry in rows {
        let key = typed::<K>(entry.key).ok_or_else(of_another_table)?;
        let row = entry.row.and_then(typed::<V>).ok_or_else(of_another_table)?;
        end.insert_before(key, row).map_err(|error| match error {
            CursorError::UnorderedKey => {
                BackupError::Wrong { what: "rows are not in the order of their keys".to_owned() }
            }
            CursorError::Storage(error) => Fault::from(error).into(),
            // redb may name more causes.
            _ => Fault::Storage(error.to_string()).into(),
        })?;
    }
    end.close().map_err(Fault::from)?;
    Ok(())
}

/// Writes a row, or takes it out.
pub(in crate::store) fn change<K: Key + 'static, V: Value + 'static>(
    table: &mut Table<'_, K, V>,
    entry: &Entry<'_>,
) -> Result<(), BackupError> {
    let key = typed::<K>(entry.key).ok_or_else(of_another_table)?;
    match entry.row {
        Some(row) => {
            let row = typed::<V>(row).ok_or_else(of_another_table)?;
            table.insert(key, row).map_err(Fault::from)?;
        }
        None => drop(table.remove(key).map_err(Fault::from)?),
    }
    Ok(())
}
