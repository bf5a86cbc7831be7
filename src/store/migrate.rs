//! From an older schema to this version's: a step a number, all in one transaction with the number, on a copy of
//! the file. The file as it was stays beside it.

use super::copy::{NotKept, WorkingCopy, broken_words};
use super::open::{OpenError, SCHEMA, builder, write_schema};
use super::tables::{ReadTables, WriteTables};
use super::{Fault, Tx, View};
use crate::disk::shown;
use crate::panics::caught;
use crate::time::Clock;
use redb::backends::InMemoryBackend;
use redb::{Database, ReadableDatabase};
use std::path::Path;

/// Takes a file from the schema `from` to the next. Tables that are missing are there already, empty.
pub(super) fn step(tx: &mut Tx<'_>, from: u32) -> Result<(), Fault> {
    match from {
        // No file at all; tables of the second schema.
        0 | 1 => Ok(()),
        // Actions say how it was before and after. (Payments of this schema were never on sale.)
        2 => tx.upgrade_actions(),
        // Tables of the fourth schema.
        3 => Ok(()),
        SCHEMA.. => Err(Fault::Bug(format!("there is no way on from schema {from}"))),
    }
}

/// Upgrades the file: a copy of it is migrated and audited and takes its place. If a rule would be broken that was
/// not broken before, the file stays as it is.
pub(super) fn upgrade(path: &Path, from: u32, clock: &Clock) -> Result<(), OpenError> {
    upgrade_by(path, from, clock, |copy| write_schema(copy.database(), clock))
}

pub(super) fn upgrade_by(
    path: &Path,
    from: u32,
    clock: &Clock,
    migrate: impl FnOnce(&mut WorkingCopy) -> Result<(), Fault>,
) -> Result<(), OpenError> {
    let mut copy = WorkingCopy::of(path, "redb.upgrading", clock)?;
    tracing::info!(
        "the database has schema {from}: it is upgraded to {SCHEMA} on a copy and audited; a large one takes a while"
    );
    let before = broken_before(copy.database());
    caught(|| migrate(&mut copy)).map_err(Fault::from)??;
    let at = clock.now().at.to_string().replace(['-', ':'], "");
    let aside = path.with_extension(format!("redb.schema{from}-{at}"));
    match copy.keep_but(&before, Some(&aside)) {
        Ok(()) => {}
        Err(NotKept::Broken(report)) => {
            let broken = broken_words(&report);
            return Err(OpenError::NotUpgraded { path: shown(path), from, broken });
        }
        Err(NotKept::Open(error)) => return Err(error),
    }
    if !before.is_empty() {
        tracing::warn!(rules = before.join(", "), "rules were broken before the upgrade, and are");
    }
    tracing::info!(
        "the database was upgraded from schema {from} to {SCHEMA} and audited; as it was before, it is in {}",
        shown(&aside)
    );
    Ok(())
}

/// The rules that were broken already. Of a file whose rows this version cannot all read nobody knows: then none.
fn broken_before(database: &Database) -> Vec<&'static str> {
    let audit = || -> Result<Vec<&'static str>, Fault> {
        // Stands in for the tables that the file has not yet.
        let empty = builder().create_with_backend(InMemoryBackend::new())?;
        let txn = empty.begin_write()?;
        WriteTables::of(&txn).make_all()?;
        txn.commit()?;
        let tables = ReadTables::with_spare(database.begin_read()?, empty.begin_read()?);
        let report = View { tables }.audit()?;
        Ok(report.rules.iter().filter(|rule| !rule.ok).map(|rule| rule.id).collect())
    };
    match caught(audit) {
        Ok(Ok(broken)) => broken,
        Ok(Err(fault)) => {
            tracing::debug!(%fault, "the file cannot be audited before its upgrade");
            Vec::new()
        }
        Err(_) => Vec::new(),
    }
}
