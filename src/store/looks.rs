//! Files that customers gave and nobody has looked at yet: fetched and inspected by a worker, whose
//! finding goes back into the conversation.

use super::codec::{Row, decode, get, put};
use super::fault::Fault;
use super::queues::Page;
use super::{Session, Tx, View};
use crate::catalog::input::FileSource;
use crate::ids::{LookId, UserId};
use crate::time::{At, Up};
use redb::ReadableTable;
use serde::{Deserialize, Serialize};

/// A file that waits to be looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LookRow {
    /// Whose it is.
    pub user: UserId,
    /// Where it can be had.
    pub source: FileSource,
    /// How many seconds it plays, as Telegram says, who was told so by the sender's program.
    pub said_seconds: Option<u32>,
    /// Since when it waits.
    pub at: At,
    /// How many tries failed.
    pub tries: u32,
    /// Not to be tried earlier.
    pub not_before: Up,
}

impl Row for LookRow {
    const TABLE: &'static str = "looks";
}

impl View {
    /// Files that wait to be looked at, in order, at most `limit`. A row that cannot be read stands
    /// among them as the fault it is.
    pub fn looks(&self, limit: usize) -> Result<Page<LookId, LookRow>, Fault> {
        let mut rows = Vec::new();
        for entry in self.tables.looks.read()?.iter()?.take(limit) {
            let (key, row) = entry?;
            rows.push((LookId(key.value()), decode(&key.value(), row.value())));
        }
        Ok(rows)
    }
}

impl Tx<'_> {
    /// Has a file looked at.
    pub fn new_look(&mut self, row: &LookRow) -> Result<LookId, Fault> {
        let id = LookId(self.next_number("looks")?);
        self.put_look(id, row)?;
        Ok(id)
    }

    /// A file that waits.
    pub fn look(&self, id: LookId) -> Result<Option<LookRow>, Fault> {
        get(self.tables.looks.read()?, id.0)
    }

    /// Puts a file back that could not be looked at now.
    pub fn put_look(&mut self, id: LookId, row: &LookRow) -> Result<(), Fault> {
        self.wake.looks = true;
        put(self.tables.looks.write()?, id.0, row)
    }

    /// Whose order waits for a file; found without the file's own row. Looks through all conversations.
    pub fn waits_for_look(&self, id: LookId) -> Result<Option<(UserId, Session)>, Fault> {
        for entry in self.tables.sessions.read()?.iter()? {
            let (user, row) = entry?;
            // One that cannot be read waits for nothing.
            let Ok(session) = decode::<Session>(&user.value(), row.value()) else { continue };
            if session.draft.as_ref().is_some_and(|draft| draft.pending.iter().any(|one| one.look == id)) {
                return Ok(Some((UserId(user.value()), session)));
            }
        }
        Ok(None)
    }

    /// Takes a file out: it was looked at, or never will be.
    pub fn end_look(&mut self, id: LookId) -> Result<(), Fault> {
        self.tables.looks.write()?.remove(id.0)?;
        Ok(())
    }
}
