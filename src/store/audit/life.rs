//! The rules of jobs, updates and messages: L8, L9, L10.

use super::super::Fault;
use super::super::codec::{decode, get};
use super::super::jobs::{Delivery, JobRow};
use super::super::queues::{Fate, InboxRow, OutboxRow, SeenRow};
use super::super::tables::ReadTables;
use super::Rule;
use crate::ids::JobId;
use crate::message::{About, Priority};
use redb::ReadableTable;

pub(super) fn check(tables: &ReadTables) -> Result<[Rule; 3], Fault> {
    let mut ends = Rule::new("L8");
    let mut once = Rule::new("L9");
    let mut told = Rule::new("L10");
    for entry in tables.jobs.read()?.iter()? {
        let (id, bytes) = entry?;
        let row: JobRow = decode(&id.value(), bytes.value())?;
        job_ends(tables, id.value(), &row, &mut ends)?;
        if row.state.is_final() {
            customer_told(tables, id.value(), &row, &mut told)?;
        }
    }
    for entry in tables.jobs_due.read()?.iter()? {
        let (due, id) = entry?.0.value();
        let row: Option<JobRow> = get(tables.jobs.read()?, id)?;
        let same = row.and_then(|row| row.due).is_some_and(|at| at.0 == due);
        ends.check(same, || (format!("jobs_due {due} {id}"), "the job is not due then".to_owned()));
    }
    updates(tables, &mut once)?;
    Ok([ends, once, told])
}

/// L8: an open job is looked at again, and a job that is over holds no money.
fn job_ends(tables: &ReadTables, id: u64, row: &JobRow, rule: &mut Rule) -> Result<(), Fault> {
    rule.checked();
    let here = |what: &str| (format!("jobs {id}"), what.to_owned());
    if row.state.is_final() {
        let free = row.money.hold.is_none();
        rule.check(free || row.money.settled.is_some(), || here("it is over and its money is still held"));
    } else {
        rule.check(row.due.is_some(), || here("it is open and nothing will look at it again"));
    }
    if let Some(due) = row.due {
        let indexed = tables.jobs_due.read()?.get((due.0, id))?.is_some();
        rule.check(indexed, || here("it is due and the index does not know"));
    }
    Ok(())
}

/// L10: the message that tells the customer is in the outbox, or its fate is known.
fn customer_told(tables: &ReadTables, id: u64, row: &JobRow, rule: &mut Rule) -> Result<(), Fault> {
    rule.checked();
    let here = |what: &str| (format!("jobs {id}"), what.to_owned());
    let Some(message) = row.told else {
        rule.broken(format!("jobs {id}"), "it is over and no message tells its customer".to_owned());
        return Ok(());
    };
    if row.delivery == Delivery::Waiting {
        let waiting: Option<OutboxRow> = get(tables.outbox.read()?, (Priority::Result as u8, message.0))?;
        let about = waiting.map(|row| row.outgoing.about);
        let own = [About::Ending(JobId(id)), About::Result(JobId(id))].map(Some).contains(&about);
        rule.check(own, || here("its message is neither waiting nor delivered"));
    }
    Ok(())
}

/// L9: what waits was seen, and what was seen as waiting does wait.
fn updates(tables: &ReadTables, rule: &mut Rule) -> Result<(), Fault> {
    for entry in tables.inbox.read()?.iter()? {
        let (id, bytes) = entry?;
        let id = id.value();
        let row: InboxRow = decode(&id, bytes.value())?;
        let seen: Option<SeenRow> = get(tables.seen_updates.read()?, (row.bot, row.update.0))?;
        let stored = seen.is_some_and(|seen| matches!(seen.fate, Fate::Stored(at) if at.0 == id));
        rule.checked();
        rule.check(stored, || {
            (
                format!("inbox {id}"),
                format!("update {} is not noted as waiting here: it would run twice", row.update),
            )
        });
    }
    for entry in tables.seen_updates.read()?.iter()? {
        let (key, bytes) = entry?;
        let seen: SeenRow = decode(&key.value(), bytes.value())?;
        rule.checked();
        if let Fate::Stored(id) = seen.fate {
            let waits = tables.inbox.read()?.get(id.0)?.is_some();
            rule.check(waits, || {
                (format!("seen_updates {:?}", key.value()), "it was taken in and is lost".to_owned())
            });
        }
    }
    Ok(())
}
