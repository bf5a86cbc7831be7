//! How a row becomes bytes: a version byte, then postcard.

use super::fault::Fault;
use super::tables::Bytes;
use super::written::Change;
use crate::ids;
use redb::{Key, ReadableTable};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::borrow::Borrow;
use std::fmt::Debug;

/// A type that is stored as a row.
pub(super) trait Row: Serialize + DeserializeOwned {
    /// The table it lives in, for messages.
    const TABLE: &'static str;
    /// Raised, with a step in `migrate`, whenever the fields change.
    const VERSION: u8 = 1;
    /// Its key names a customer, of whom messages show the last four digits.
    const IS_CUSTOMERS: bool = false;
}

/// Few rows are longer; a shorter start is grown, and copied, several times.
const USUAL_BYTES: usize = 256;

pub(super) fn encode<R: Row>(row: &R) -> Result<Vec<u8>, Fault> {
    encode_to(row, Vec::with_capacity(USUAL_BYTES))
}

/// The same, after what `bytes` has.
pub(super) fn encode_to<R: Row>(row: &R, mut bytes: Vec<u8>) -> Result<Vec<u8>, Fault> {
    bytes.push(R::VERSION);
    postcard::to_extend(row, bytes)
        .map_err(|error| Fault::Bug(format!("a row of {} cannot be encoded: {error}", R::TABLE)))
}

pub(super) fn decode<R: Row>(key: &dyn Debug, bytes: &[u8]) -> Result<R, Fault> {
    let fault = |why: String| {
        let key = format!("{key:?}");
        let key = if R::IS_CUSTOMERS { ids::mask_numbers(&key) } else { key };
        Fault::Row { table: R::TABLE, key, why }
    };
    match bytes.split_first() {
        Some((&version, rest)) if version == R::VERSION => match postcard::take_from_bytes(rest) {
            Ok((row, [])) => Ok(row),
            Ok((_, left)) => Err(fault(format!("{} bytes are left over", left.len()))),
            Err(error) => Err(fault(error.to_string())),
        },
        Some((version, _)) => Err(fault(format!("it has version {version}, known is {}", R::VERSION))),
        None => Err(fault("it is empty".to_owned())),
    }
}

/// Reads one row.
pub(super) fn get<'k, K, R>(
    table: &impl ReadableTable<K, Bytes>,
    key: K::SelfType<'k>,
) -> Result<Option<R>, Fault>
where
    K: Key + 'static,
    K::SelfType<'k>: Debug + Clone,
    R: Row,
{
    match table.get(&key)? {
        Some(bytes) => decode(&key, bytes.value()).map(Some),
        None => Ok(None),
    }
}

/// Writes one row, new or not.
pub(super) fn put<'k, K, R>(
    mut table: Change<'_, '_, K, Bytes>,
    key: impl Borrow<K::SelfType<'k>>,
    row: &R,
) -> Result<(), Fault>
where
    K: Key + 'static,
    R: Row,
{
    table.insert(key, encode(row)?.as_slice())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{AccountRow, LedgerRow, UserRow};

    #[test]
    fn of_a_customer_only_the_last_four_digits_are_told_and_other_rows_can_be_found() {
        fn told<R: Row>(key: &dyn Debug) -> String {
            decode::<R>(key, &[]).map(drop).expect_err("nothing is no row").to_string()
        }
        let customer = 1_234_567_890_i64;
        assert_eq!(told::<UserRow>(&customer), "row …7890 of table users cannot be read: it is empty");
        assert_eq!(told::<AccountRow>(&customer), "row …7890 of table accounts cannot be read: it is empty");
        assert_eq!(
            told::<LedgerRow>(&1_234_567_u64),
            "row 1234567 of table ledger cannot be read: it is empty"
        );
    }
}
