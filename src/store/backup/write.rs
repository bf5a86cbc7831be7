//! Writing a stream from a snapshot.

use super::copy::{Header, Output, Trailer, What};
use super::raw::Entry;
use super::{BackupError, Dumped, Place, Shipment};
use crate::store::tables::{NAMES, lengths};
use crate::store::{Fault, View, accounts};
use crate::time::At;
use std::io::Write;

impl View {
    /// Writes all rows.
    pub(in crate::store) fn dump(&self, out: &mut dyn Write, at: At) -> Result<Dumped, BackupError> {
        let place = match self.stream_row()? {
            Some((row, commit)) => Place { epoch: row.epoch, shipped: row.shipped, hash: row.hash, commit },
            None => Place::default(),
        };
        let mut output = Output::begin(out, &Header::now(What::Whole { place }, at))?;
        self.tables.each(|table, key, row| output.add(&Entry { table, key, row: Some(row) }))?;
        let trailer = self.trailer(output.entries)?;
        let raw_bytes = output.raw_bytes();
        let (hash, bytes) = output.end(&trailer)?;
        let Trailer { entries: rows, seq, head, .. } = trailer;
        let Place { epoch, shipped: upto, commit, .. } = place;
        Ok(Dumped { epoch, upto, commit, rows, seq, head, at, raw_bytes, bytes, hash })
    }

    /// Writes the rows that were changed since the last shipment.
    pub(in crate::store) fn changes(
        &self,
        out: &mut dyn Write,
        at: At,
    ) -> Result<Option<Shipment>, BackupError> {
        let Some((row, _)) = self.stream_row()? else { return Ok(None) };
        let Some(listed) = self.listed(&row, NAMES.len())? else { return Ok(None) };
        let (epoch, number, commit) = (row.epoch, row.shipped + 1, listed.commit);
        let what = What::Changes { epoch, number, after: listed.after, commit, before: row.hash };
        let mut output = Output::begin(out, &Header::now(what, at))?;
        for (table, keys) in listed.keys.iter().enumerate() {
            for key in keys.once() {
                let row = self.tables.row(table, key)?;
                output.add(&Entry { table, key, row: row.as_deref() })?;
            }
        }
        let trailer = self.trailer(output.entries)?;
        let (hash, bytes) = output.end(&trailer)?;
        let Trailer { entries: rows, seq, head, .. } = trailer;
        Ok(Some(Shipment { epoch, number, commit, rows, seq, head, at, bytes, hash }))
    }

    fn trailer(&self, entries: u64) -> Result<Trailer, Fault> {
        let (seq, head) = accounts::head(&self.tables)?;
        Ok(Trailer { entries, lengths: lengths(&self.tables)?, seq, head })
    }
}
