//! What an operator looks at and switches: people by name, timelines, the newest jobs, what waits,
//! what is not sold, and the list of all that operators did. Every look is bounded: it runs in the
//! writer, between the customers' acts.

use super::Tx;
use super::codec::{Row, decode, put};
use super::fault::Fault;
use super::jobs::{Job, JobRow};
use super::notes::{Action, ActionRow, SOLD_AGAIN, StopRow, StoppedBy};
use super::queues::ParkedRow;
use super::tables::ReadTables;
use super::trace::TraceRow;
use super::users::UserRow;
use crate::ids::{ActionId, JobId, PaymentId, RequestId, Seq, UserId};
use crate::time::At;
use redb::{ReadableTable, ReadableTableMetadata};
use serde::{Deserialize, Serialize};

/// What an operator was asked for, or is about to confirm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Asked {
    /// Whom, or what, to look for.
    Find,
    /// How much to put on a wallet, or to take off.
    Amount {
        /// Whose.
        user: UserId,
        /// Off.
        off: bool,
    },
    /// Why.
    Reason(Action),
    /// A yes. The act has its number already, so that two taps do it once.
    Yes {
        /// Its number.
        id: ActionId,
        /// What.
        what: Action,
        /// Why.
        reason: String,
    },
    /// How much of a transfer by hand came.
    Sum(PaymentId),
}

/// How much waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Updates to be handled.
    pub updates: u64,
    /// Messages to be delivered.
    pub messages: u64,
    /// Jobs that are looked at, now or later.
    pub jobs: u64,
}

/// Customers found by a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct People {
    /// Who.
    pub found: Vec<(UserId, UserRow)>,
    /// Whether everybody was looked at.
    pub is_all: bool,
}

/// An [`ActionRow`] as the second schema had it.
#[derive(Serialize, Deserialize)]
struct ActionRow1 {
    at: At,
    who: String,
    what: Action,
    reason: String,
    seq: Option<Seq>,
}

impl Row for ActionRow1 {
    const TABLE: &'static str = "admin_actions";
}

/// What an action was and the ledger row it made; of one that an older version wrote, too.
pub(super) fn action_made(tables: &ReadTables, id: ActionId) -> Result<Option<(Action, Option<Seq>)>, Fault> {
    let Some(row) = tables.admin_actions.read()?.get(id.0)? else { return Ok(None) };
    made(id, row.value()).map(Some)
}

fn made(id: ActionId, row: &[u8]) -> Result<(Action, Option<Seq>), Fault> {
    if row.first() == Some(&ActionRow1::VERSION) {
        let row: ActionRow1 = decode(&id.0, row)?;
        return Ok((row.what, row.seq));
    }
    let row: ActionRow = decode(&id.0, row)?;
    Ok((row.what, row.seq))
}

/// Shows every action that made a ledger row to `visit`.
pub(super) fn each_action_made(
    tables: &ReadTables,
    mut visit: impl FnMut(ActionId, Action, Seq) -> Result<(), Fault>,
) -> Result<(), Fault> {
    for entry in tables.admin_actions.read()?.iter()? {
        let (id, row) = entry?;
        let id = ActionId(id.value());
        if let (what, Some(seq)) = made(id, row.value())? {
            visit(id, what, seq)?;
        }
    }
    Ok(())
}

impl Tx<'_> {
    /// Gives actions of an older version the fields they lack.
    pub(super) fn upgrade_actions(&mut self) -> Result<(), Fault> {
        let mut old = Vec::new();
        for entry in self.tables.admin_actions.read()?.iter()? {
            let (id, row) = entry?;
            if row.value().first() == Some(&ActionRow1::VERSION) {
                old.push((id.value(), decode::<ActionRow1>(&id.value(), row.value())?));
            }
        }
        for (id, row) in old {
            let ActionRow1 { at, who, what, reason, seq } = row;
            let row = ActionRow { at, who, what, reason, seq, before: String::new(), after: String::new() };
            put(self.tables.admin_actions.write()?, id, &row)?;
        }
        Ok(())
    }

    /// What operators did, newest first, `limit` of it after `skip`.
    pub fn actions(&self, skip: usize, limit: usize) -> Result<Vec<(ActionId, ActionRow)>, Fault> {
        let mut rows = Vec::new();
        for entry in self.tables.admin_actions.read()?.iter()?.rev().skip(skip).take(limit) {
            let (id, row) = entry?;
            rows.push((ActionId(id.value()), decode(&id.value(), row.value())?));
        }
        Ok(rows)
    }

    /// Everything that is not sold now, with why: `all`, or models' ids.
    pub fn stops(&self) -> Result<Vec<(String, StopRow)>, Fault> {
        let mut stops = Vec::new();
        for entry in self.tables.stops.read()?.iter()? {
            let (what, row) = entry?;
            let row: StopRow = decode(&what.value(), row.value())?;
            if row.until.is_none_or(|until| self.now.up < until) {
                stops.push((what.value().to_owned(), row));
            }
        }
        Ok(stops)
    }

    /// How much waits.
    pub fn waiting(&self) -> Result<Waiting, Fault> {
        Ok(Waiting {
            updates: self.tables.inbox.read()?.len()?,
            messages: self.tables.outbox.read()?.len()?,
            jobs: self.tables.jobs_due.read()?.len()? + self.hot.due(),
        })
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

    /// The timeline of a request, oldest first, the newest `limit` events of it.
    pub fn timeline(&self, request: RequestId, limit: usize) -> Result<Vec<TraceRow>, Fault> {
        let mut events = Vec::new();
        let range = (request.0, 0)..=(request.0, u32::MAX);
        for entry in self.tables.trace.read()?.range(range)?.rev().take(limit) {
            let (key, row) = entry?;
            events.push(decode(&key.value(), row.value())?);
        }
        events.reverse();
        Ok(events)
    }

    /// Customers whose @name or first name holds `name`, whatever its case: at most `limit`, of the
    /// first `look` there are. One whose whole @name it is comes alone.
    pub fn people_named(&self, name: &str, limit: usize, look: usize) -> Result<People, Fault> {
        let name = name.to_lowercase();
        let mut people = People { found: Vec::new(), is_all: true };
        for (looked, entry) in self.tables.users.read()?.iter()?.enumerate() {
            if looked == look {
                people.is_all = false;
                break;
            }
            let (id, row) = entry?;
            let row: UserRow = decode(&id.value(), row.value())?;
            let username = row.username.as_deref().map(str::to_lowercase);
            if username.as_deref() == Some(name.as_str()) {
                return Ok(People { found: vec![(UserId(id.value()), row)], is_all: true });
            }
            let holds = username.is_some_and(|username| username.contains(&name))
                || row.first_name.to_lowercase().contains(&name);
            if holds && people.found.len() < limit {
                people.found.push((UserId(id.value()), row));
            }
        }
        Ok(people)
    }

    /// Shows `visit` the jobs that began at `since` or later, newest first, at most `limit`; false
    /// when there are more.
    pub fn newest_jobs(
        &mut self,
        since: At,
        limit: usize,
        mut visit: impl FnMut(&Job),
    ) -> Result<bool, Fault> {
        self.write_jobs()?;
        for (looked, entry) in self.tables.jobs.read()?.iter()?.rev().enumerate() {
            let (id, row) = entry?;
            let row: JobRow = decode(&id.value(), row.value())?;
            if row.created < since {
                break;
            }
            if looked == limit {
                return Ok(false);
            }
            visit(&Job { id: JobId(id.value()), row });
        }
        Ok(true)
    }

    /// Stops taking orders or takes them again, under an action's number; the same number a second
    /// time does nothing. The stop of a broken rule stays as it is: it says more.
    pub fn switch_selling(&mut self, id: ActionId, who: &str, on: bool, reason: &str) -> Result<(), Fault> {
        if self.action(id)?.is_some() {
            return Ok(());
        }
        let before = self.stop("all")?;
        if on {
            self.lift_stop("all")?;
        } else if !before.as_ref().is_some_and(|stop| stop.by == StoppedBy::Audit) {
            self.put_operators_stop("all", reason)?;
        }
        self.note_switch(id, who, Action::Selling { on }, reason, before.as_ref())
    }

    /// The same for a model.
    pub fn switch_model(
        &mut self,
        id: ActionId,
        who: &str,
        model: &str,
        on: bool,
        reason: &str,
    ) -> Result<(), Fault> {
        if self.action(id)?.is_some() {
            return Ok(());
        }
        let before = self.stop(model)?;
        if on {
            self.lift_stop(model)?;
        } else {
            self.put_operators_stop(model, reason)?;
        }
        self.note_switch(id, who, Action::Model { model: model.to_owned(), on }, reason, before.as_ref())
    }

    fn put_operators_stop(&mut self, what: &str, reason: &str) -> Result<(), Fault> {
        let by = StoppedBy::Operator;
        self.put_stop(what, &StopRow { at: self.now.at, why: reason.to_owned(), until: None, by })
    }

    fn note_switch(
        &mut self,
        id: ActionId,
        who: &str,
        what: Action,
        reason: &str,
        before: Option<&StopRow>,
    ) -> Result<(), Fault> {
        let at = self.now.at;
        let (on, key) = match &what {
            Action::Model { model, on } => (*on, model.as_str()),
            Action::Selling { on } => (*on, "all"),
            Action::Adjust { .. }
            | Action::Ban { .. }
            | Action::Unban { .. }
            | Action::RefundJob { .. }
            | Action::SendAgain { .. }
            | Action::Approve { .. }
            | Action::Reject { .. }
            | Action::RefundPayment { .. }
            | Action::PaidBack { .. }
            | Action::PromoNew { .. }
            | Action::PromoOff { .. } => return Err(Fault::Bug("this switches nothing".to_owned())),
        };
        if on {
            self.put_note(SOLD_AGAIN, &at)?;
        }
        let word = |stop: Option<&StopRow>| stop.map_or("on".to_owned(), |stop| format!("off: {}", stop.why));
        let (before, after) = (word(before), word(self.stop(key)?.as_ref()));
        let (who, reason) = (who.to_owned(), reason.to_owned());
        self.put_action(id, &ActionRow { at, who, what, reason, seq: None, before, after })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Kopecks;
    use crate::store::scenario::{ANN, Shop};

    #[test]
    fn an_action_of_the_second_schema_gets_the_fields_it_lacks() {
        let shop = Shop::empty();
        let upgraded = shop.act(|tx| {
            let what = Action::Adjust { user: ANN, amount: Kopecks::new(5) };
            let (who, reason) = ("cli".to_owned(), "an old reason".to_owned());
            let old = ActionRow1 { at: At(1), who, what, reason, seq: Some(Seq(3)) };
            put(tx.tables.admin_actions.write()?, 7, &old)?;
            for _ in 0..2 {
                tx.upgrade_actions()?;
            }
            tx.action(ActionId(7))
        });
        let row = upgraded.expect("the action");
        assert_eq!((row.who.as_str(), row.reason.as_str(), row.seq), ("cli", "an old reason", Some(Seq(3))));
        assert_eq!((row.before.as_str(), row.after.as_str()), ("", ""));
    }

    #[test]
    fn a_name_finds_by_any_part_of_it_and_the_whole_at_name_alone() {
        let shop = Shop::empty();
        let found = shop.act(|tx| {
            for (id, first, username) in
                [(1, "Анна", Some("Ann_K")), (2, "Иван", Some("ann_k2")), (3, "Жанна", None)]
            {
                let row = UserRow {
                    first_name: first.to_owned(),
                    username: username.map(str::to_owned),
                    lang: crate::message::Lang::Ru,
                    first_seen: At(0),
                    last_seen: At(0),
                    newest_job: None,
                    open_jobs: 0,
                    blocked: false,
                    banned: false,
                };
                tx.put_user(UserId(id), &row)?;
            }
            let ids =
                |people: People| (people.found.iter().map(|(id, _)| id.0).collect::<Vec<_>>(), people.is_all);
            Ok([
                ids(tx.people_named("ANN_k", 8, 100)?),
                ids(tx.people_named("ann", 8, 100)?),
                ids(tx.people_named("анна", 8, 100)?),
                ids(tx.people_named("анна", 8, 2)?),
                ids(tx.people_named("petr", 8, 100)?),
            ])
        });
        let expected =
            [(vec![1], true), (vec![1, 2], true), (vec![1, 3], true), (vec![1], false), (vec![], true)];
        assert_eq!(found, expected);
    }
}
