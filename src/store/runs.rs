//! Rows that come after all others of their table. They wait here until their batch ends and reach redb
//! as one run, which fills page after page; one by one, each goes down the tree and moves what its page has.

use super::codec::{Row, encode_to};
use super::fault::Fault;
use super::tables::Bytes;
use super::written::Change;
use redb::CursorError;
use std::ops::Bound;

/// Fewer are written one by one: a run begins with building its first page anew (`benches/README.md`).
const FEW: usize = 8;

/// Encoded rows, by ascending number.
#[derive(Default)]
pub(super) struct Run {
    bytes: Vec<u8>,
    /// Each row's number, and where it ends.
    rows: Vec<(u64, usize)>,
}

impl Run {
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Adds the next row; gives its bytes.
    pub(super) fn push<R: Row>(&mut self, number: u64, row: &R) -> Result<&[u8], Fault> {
        let start = self.bytes.len();
        self.bytes = encode_to(row, std::mem::take(&mut self.bytes))?;
        self.rows.push((number, self.bytes.len()));
        Ok(&self.bytes[start..])
    }

    /// A row that waits here.
    pub(super) fn get(&self, number: u64) -> Option<&[u8]> {
        match self.rows.binary_search_by_key(&number, |(number, _)| *number) {
            Ok(at) => Some(self.row(at).1),
            Err(_) => None,
        }
    }

    fn row(&self, at: usize) -> (u64, &[u8]) {
        let start = if at == 0 { 0 } else { self.rows[at - 1].1 };
        let (number, end) = self.rows[at];
        (number, &self.bytes[start..end])
    }

    /// Writes all that wait.
    pub(super) fn write(&mut self, mut table: Change<'_, '_, u64, Bytes>) -> Result<(), Fault> {
        let rows = (0..self.rows.len()).map(|at| self.row(at));
        if self.rows.len() < FEW {
            for (number, row) in rows {
                table.insert(number, row)?;
            }
        } else {
            for (number, _) in &self.rows {
                table.note(number);
            }
            let mut end = table.unnoted().upper_bound_mut(Bound::<u64>::Unbounded)?;
            for (number, row) in rows {
                end.insert_before(number, row).map_err(|error| out_of_order(&error))?;
            }
            end.close()?;
        }
        self.bytes.clear();
        self.rows.clear();
        Ok(())
    }
}

/// When new jobs are due: those of one moment follow each other in the index.
#[derive(Default)]
pub(super) struct Dues(Vec<(i64, u64)>);

impl Dues {
    pub(super) fn len(&self) -> u64 {
        self.0.len() as u64
    }

    pub(super) fn push(&mut self, up_ms: i64, job: u64) {
        self.0.push((up_ms, job));
    }

    /// Writes all that wait. Their jobs are newer than all others, so nothing of the table lies between
    /// those of one moment.
    pub(super) fn write(&mut self, mut table: Change<'_, '_, (i64, u64), ()>) -> Result<(), Fault> {
        self.0.sort_unstable();
        for moment in self.0.chunk_by(|one, next| one.0 == next.0) {
            if moment.len() < FEW {
                for key in moment {
                    table.insert(key, ())?;
                }
            } else {
                for key in moment {
                    table.note(key);
                }
                let mut place = table.unnoted().lower_bound_mut(Bound::Included(moment[0]))?;
                for key in moment {
                    place.insert_before(key, ()).map_err(|error| out_of_order(&error))?;
                }
                place.close()?;
            }
        }
        self.0.clear();
        Ok(())
    }
}

fn out_of_order(error: &CursorError) -> Fault {
    match error {
        CursorError::UnorderedKey => {
            Fault::Bug("a row that should be the last of its table is not".to_owned())
        }
        CursorError::Storage(error) => Fault::Storage(error.to_string()),
        // redb may name more causes.
        _ => Fault::Storage(error.to_string()),
    }
}
