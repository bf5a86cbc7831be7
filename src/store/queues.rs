//! Inbox and outbox: what came in and waits for its handling, what goes out and waits for its
//! delivery. Both survive everything; both are read in the order of their numbers.

use super::codec::{Row, decode, get, put};
use super::fault::Fault;
use super::{Tx, View};
use crate::ids::{InboxId, OutboxId, RequestId, UpdateId};
use crate::message::{Outgoing, Urgency};
use crate::time::{At, Up};
use redb::{ReadableTable, ReadableTableMetadata};
use serde::{Deserialize, Serialize};

/// The note that says where forgetting goes on.
const FORGET_SEEN_FROM: &str = "forget_seen_from";

/// An update as Telegram sent it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InboxRow {
    /// Which of our bots it came to.
    pub bot: u64,
    /// Telegram's number of it.
    pub update: UpdateId,
    /// Its JSON, as it came: decoding it is a handler's business and may fail.
    pub body: Vec<u8>,
    /// When it came.
    pub at: At,
    /// How many tries to handle it failed by our own mistake.
    pub attempts: u32,
    /// Not to be handled earlier.
    pub not_before: Up,
}

impl Row for InboxRow {
    const TABLE: &'static str = "inbox";
}

/// That an update came, kept for seven days (L9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenRow {
    /// When it came.
    pub at: At,
    /// What became of it.
    pub fate: Fate,
}

impl Row for SeenRow {
    const TABLE: &'static str = "seen_updates";
}

/// What became of an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fate {
    /// It is in the inbox.
    Stored(InboxId),
    /// It had its effect.
    Handled,
    /// It was put aside after three failed tries, or because it makes no sense.
    Parked,
}

/// An update put aside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParkedRow {
    /// The update; its body may be no JSON at all.
    pub update: Option<UpdateId>,
    /// As it came.
    pub body: Vec<u8>,
    /// When it came.
    pub at: At,
    /// Why it is here.
    pub why: String,
}

impl Row for ParkedRow {
    const TABLE: &'static str = "parked";
}

/// A message that waits for its delivery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxRow {
    /// What is to be done.
    pub outgoing: Outgoing,
    /// Since when it waits.
    pub at: At,
    /// The request it belongs to, for the timeline.
    pub request: Option<RequestId>,
    /// How many tries failed.
    pub tries: u32,
    /// How many of them may have gone all the same.
    pub doubts: u32,
    /// Not to be tried earlier.
    pub not_before: Up,
}

impl Row for OutboxRow {
    const TABLE: &'static str = "outbox";
}

/// What became of an update that came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// It is new and waits in the inbox.
    New(InboxId),
    /// It came before; nothing was written.
    Repeated,
    /// So many wait that it was not taken; nothing was written. Its sender sends it again.
    Full,
}

/// So many updates and answers wait at most, some seconds' work: a customer who would wait longer is
/// better served by Telegram, which keeps what is refused and sends it again.
/// Of updates about money at Telegram twice as many.
pub const BACKLOG_MAX: u64 = 5_000;

/// Numbers from here on are of updates that go before all others.
const URGENT: u64 = 1 << 63;

/// Rows with their numbers, as far as they can be read.
pub type Page<I, R> = Vec<(I, Result<R, Fault>)>;

impl View {
    /// Updates of one urgency that wait, in order of arrival, at most `limit`. A row that cannot be read
    /// stands among them as the fault it is: it must not stop the line.
    pub fn inbox(&self, urgency: Urgency, limit: usize) -> Result<Page<InboxId, InboxRow>, Fault> {
        let lane = match urgency {
            Urgency::Urgent => URGENT..u64::MAX,
            Urgency::Usual => 0..URGENT,
        };
        let mut rows = Vec::new();
        for entry in self.tables.inbox.read()?.range(lane)?.take(limit) {
            let (key, row) = entry?;
            rows.push((InboxId(key.value()), decode(&key.value(), row.value())));
        }
        Ok(rows)
    }

    /// How many updates wait.
    pub fn inbox_depth(&self) -> Result<u64, Fault> {
        Ok(self.tables.inbox.read()?.len()?)
    }

    /// Messages of one priority that wait, in order, after number `after`, at most `limit`. A row that
    /// cannot be read stands among them as the fault it is.
    pub fn outbox(
        &self,
        priority: u8,
        after: Option<OutboxId>,
        limit: usize,
    ) -> Result<Page<OutboxId, OutboxRow>, Fault> {
        let from = after.map_or(0, |id| id.0 + 1);
        let mut rows = Vec::new();
        for entry in self.tables.outbox.read()?.range((priority, from)..=(priority, u64::MAX))?.take(limit) {
            let (key, row) = entry?;
            rows.push((OutboxId(key.value().1), decode(&key.value(), row.value())));
        }
        Ok(rows)
    }

    /// How many messages wait.
    pub fn outbox_depth(&self) -> Result<u64, Fault> {
        Ok(self.tables.outbox.read()?.len()?)
    }

    /// What became of an update; `None` when it never came, or more than seven days ago.
    pub fn seen(&self, bot: u64, update: UpdateId) -> Result<Option<SeenRow>, Fault> {
        get(self.tables.seen_updates.read()?, (bot, update.0))
    }

    /// The newest updates that were put aside, at most `limit`.
    pub fn parked(&self, limit: usize) -> Result<Vec<ParkedRow>, Fault> {
        let mut rows = Vec::new();
        for entry in self.tables.parked.read()?.iter()?.rev().take(limit) {
            let (key, row) = entry?;
            rows.push(decode(&key.value(), row.value())?);
        }
        Ok(rows)
    }
}

impl Tx<'_> {
    /// Takes an update in, once: commit 1 of the way of a message.
    pub fn receive(
        &mut self,
        bot: u64,
        update: UpdateId,
        urgency: Urgency,
        body: &[u8],
    ) -> Result<Received, Fault> {
        if self.tables.seen_updates.read()?.get((bot, update.0))?.is_some() {
            return Ok(Received::Repeated);
        }
        let waiting = self.tables.inbox.read()?.len()?.saturating_add(self.tables.outbox.read()?.len()?);
        let (most, first) = match urgency {
            Urgency::Usual => (BACKLOG_MAX, 0),
            Urgency::Urgent => (2 * BACKLOG_MAX, URGENT),
        };
        if waiting >= most {
            return Ok(Received::Full);
        }
        let id = InboxId(first + self.next_number("inbox")?);
        let row =
            InboxRow { bot, update, body: body.to_vec(), at: self.now.at, attempts: 0, not_before: Up(0) };
        put(self.tables.inbox.write()?, id.0, &row)?;
        let seen = SeenRow { at: self.now.at, fate: Fate::Stored(id) };
        put(self.tables.seen_updates.write()?, (bot, update.0), &seen)?;
        self.wake_inbox(id);
        Ok(Received::New(id))
    }

    fn wake_inbox(&mut self, id: InboxId) {
        if id.0 >= URGENT { self.wake.urgent = true } else { self.wake.inbox = true }
    }

    /// An update that waits.
    pub fn inbox_row(&self, id: InboxId) -> Result<Option<InboxRow>, Fault> {
        get(self.tables.inbox.read()?, id.0)
    }

    /// Puts an update back that could not be handled now.
    pub fn put_inbox_row(&mut self, id: InboxId, row: &InboxRow) -> Result<(), Fault> {
        self.wake_inbox(id);
        put(self.tables.inbox.write()?, id.0, row)
    }

    /// Notes that an update had its effect, in the same transaction as that effect (L9).
    pub fn handled(&mut self, id: InboxId, row: &InboxRow) -> Result<(), Fault> {
        self.end_update(id, row, Fate::Handled)
    }

    /// Puts an update aside, for the operator to look at.
    pub fn park(&mut self, id: InboxId, row: &InboxRow, why: &str) -> Result<(), Fault> {
        self.end_update(id, row, Fate::Parked)?;
        self.keep_unreadable(Some(row.update), &row.body, why)
    }

    /// Puts an update aside whose row cannot be read. Which one it was only the list of seen updates
    /// still knows.
    pub fn park_unreadable(&mut self, id: InboxId, why: &str) -> Result<(), Fault> {
        let Some(bytes) = self.tables.inbox.write()?.remove(id.0)?.map(|row| row.value().to_vec()) else {
            return Ok(());
        };
        let mut stored = None;
        for entry in self.tables.seen_updates.read()?.iter()? {
            let (key, row) = entry?;
            // One that cannot be read says nothing about any other.
            let Ok(seen) = decode::<SeenRow>(&key.value(), row.value()) else { continue };
            if seen.fate == Fate::Stored(id) {
                stored = Some((key.value(), seen));
                break;
            }
        }
        if let Some((key, seen)) = stored {
            put(self.tables.seen_updates.write()?, key, &SeenRow { fate: Fate::Parked, ..seen })?;
        }
        self.keep_unreadable(stored.map(|((_, update), _)| UpdateId(update)), &bytes, why)
    }

    /// Takes a message out whose row cannot be read, and keeps its bytes for the operator.
    pub fn drop_unreadable(&mut self, priority: u8, id: OutboxId, why: &str) -> Result<(), Fault> {
        let bytes = self.tables.outbox.write()?.remove((priority, id.0))?.map(|row| row.value().to_vec());
        bytes.map_or(Ok(()), |bytes| self.keep_unreadable(None, &bytes, why))
    }

    /// Keeps what came and is no update, for the operator to look at; the newest 1,000 stay.
    pub fn keep_unreadable(&mut self, update: Option<UpdateId>, body: &[u8], why: &str) -> Result<(), Fault> {
        let kept = body.get(..body.len().min(64 * 1024)).unwrap_or(body).to_vec();
        let row = ParkedRow { update, body: kept, at: self.now.at, why: why.to_owned() };
        let number = self.next_number("parked")?;
        put(self.tables.parked.write()?, number, &row)?;
        self.tables.parked.write()?.remove(number.saturating_sub(1_000))?;
        Ok(())
    }

    fn end_update(&mut self, id: InboxId, row: &InboxRow, fate: Fate) -> Result<(), Fault> {
        self.tables.inbox.write()?.remove(id.0)?;
        let seen = SeenRow { at: row.at, fate };
        put(self.tables.seen_updates.write()?, (row.bot, row.update.0), &seen)
    }

    /// Puts a message into the outbox. It goes out only after this transaction's commit.
    pub fn say(&mut self, outgoing: Outgoing, request: Option<RequestId>) -> Result<OutboxId, Fault> {
        let id = OutboxId(self.next_number("outbox")?);
        let priority = outgoing.priority() as u8;
        let row = OutboxRow { outgoing, at: self.now.at, request, tries: 0, doubts: 0, not_before: Up(0) };
        put(self.tables.outbox.write()?, (priority, id.0), &row)?;
        self.wake.outbox = true;
        Ok(id)
    }

    /// A message that waits.
    pub fn outbox_row(&self, priority: u8, id: OutboxId) -> Result<Option<OutboxRow>, Fault> {
        get(self.tables.outbox.read()?, (priority, id.0))
    }

    /// All messages that wait, with their priorities: for walks through the menus, which read what
    /// was said in the transaction that said it.
    pub fn outbox_rows(&self) -> Result<Vec<(u8, OutboxId, OutboxRow)>, Fault> {
        let mut rows = Vec::new();
        for entry in self.tables.outbox.read()?.iter()? {
            let (key, row) = entry?;
            let (priority, id) = key.value();
            rows.push((priority, OutboxId(id), decode(&(priority, id), row.value())?));
        }
        Ok(rows)
    }

    /// Puts a message back that could not be delivered now.
    pub fn put_outbox_row(&mut self, priority: u8, id: OutboxId, row: &OutboxRow) -> Result<(), Fault> {
        self.wake.outbox = true;
        put(self.tables.outbox.write()?, (priority, id.0), row)
    }

    /// Takes a message out: it was delivered, or never will be.
    pub fn drop_outbox_row(&mut self, priority: u8, id: OutboxId) -> Result<(), Fault> {
        self.tables.outbox.write()?.remove((priority, id.0))?;
        Ok(())
    }

    /// Looks at the next `limit` seen updates, on from where the last call ended, and forgets those
    /// that came before `before`; says how many. One that cannot be read is passed over: the audit names it.
    pub fn forget_seen(&mut self, before: At, limit: usize) -> Result<usize, Fault> {
        let from = self.note::<(u64, u64)>(FORGET_SEEN_FROM)?.unwrap_or((0, 0));
        let (mut old, mut looked, mut next) = (Vec::new(), 0, (0, 0));
        for entry in self.tables.seen_updates.read()?.range(from..)? {
            let (key, row) = entry?;
            if looked == limit {
                next = key.value();
                break;
            }
            looked += 1;
            match decode::<SeenRow>(&key.value(), row.value()) {
                // An update that still waits keeps its row, however old.
                Ok(seen) if seen.at < before && !matches!(seen.fate, Fate::Stored(_)) => {
                    old.push(key.value());
                }
                Ok(_) => {}
                Err(fault) => tracing::debug!(%fault, "an update cannot be forgotten"),
            }
        }
        for key in &old {
            self.tables.seen_updates.write()?.remove(key)?;
        }
        self.put_note(FORGET_SEEN_FROM, &next)?;
        Ok(old.len())
    }
}
