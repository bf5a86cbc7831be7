//! The rows that hold words of customers: found in bounded steps once they are old, or all of one
//! customer's at their wish. What is taken out of them `flow::forget` decides.

use super::Tx;
use super::codec::{decode, put};
use super::fault::Fault;
use super::jobs::{Delivery, Job, JobRow};
use super::looks::LookRow;
use super::notes::{Action, ActionRow};
use super::queues::ParkedRow;
use super::trace::TraceRow;
use super::users::{Expects, Session, user};
use crate::ids::{JobId, RequestId, UserId};
use crate::time::At;
use redb::ReadableTable;

/// The notes that say where retention goes on.
const JOBS_FROM: &str = "retain_jobs_from";
const SESSIONS_FROM: &str = "retain_sessions_from";
/// The note of who is being forgotten, and from which of their jobs on.
const FORGETTING: &str = "forgetting";

impl JobRow {
    /// True when its words were forgotten: no order is without any.
    pub fn is_forgotten(&self) -> bool {
        self.input.is_empty()
    }

    /// True when nothing is done with it any more: its end was told, and nobody looks at it again.
    pub fn is_at_rest(&self) -> bool {
        self.state.is_final() && self.due.is_none() && self.delivery != Delivery::Waiting
    }
}

impl Session {
    /// True when it holds something that the customer wrote.
    pub fn has_words(&self) -> bool {
        self.draft.is_some() || !self.found.is_empty() || self.expects != Expects::Nothing
    }
}

impl Tx<'_> {
    /// Looks at the next `limit` jobs, on from where the last call ended and round and round; gives those
    /// that ended before `before`, are at rest and still hold words. One that cannot be read is passed
    /// over: the audit names it.
    pub fn jobs_to_forget(&mut self, before: At, limit: usize) -> Result<Vec<Job>, Fault> {
        self.write_jobs()?;
        let from = self.note::<u64>(JOBS_FROM)?.unwrap_or(0);
        let (mut old, mut looked, mut next) = (Vec::new(), 0, 0);
        for entry in self.tables.jobs.read()?.range(from..)? {
            let (key, bytes) = entry?;
            if looked == limit {
                next = key.value();
                break;
            }
            looked += 1;
            match decode::<JobRow>(&key.value(), bytes.value()) {
                Ok(row) => {
                    let is_old = row.ended.is_some_and(|ended| ended < before);
                    if is_old && row.is_at_rest() && !row.is_forgotten() {
                        old.push(Job { id: JobId(key.value()), row });
                    }
                }
                Err(fault) => tracing::warn!(%fault, "a job cannot be forgotten"),
            }
        }
        self.put_note(JOBS_FROM, &next)?;
        Ok(old)
    }

    /// The same for conversations of customers who were last there before `before`.
    pub fn sessions_to_forget(&mut self, before: At, limit: usize) -> Result<Vec<(UserId, Session)>, Fault> {
        let from = self.note::<i64>(SESSIONS_FROM)?.unwrap_or(i64::MIN);
        let (mut old, mut looked, mut next) = (Vec::new(), 0, i64::MIN);
        for entry in self.tables.sessions.read()?.range(from..)? {
            let (key, bytes) = entry?;
            if looked == limit {
                next = key.value();
                break;
            }
            looked += 1;
            let id = UserId(key.value());
            let read = decode::<Session>(&key.value(), bytes.value());
            match read.and_then(|session| Ok((session, user(&self.tables, id)?))) {
                Ok((session, user)) => {
                    if session.has_words() && user.is_none_or(|row| row.last_seen < before) {
                        old.push((id, session));
                    }
                }
                Err(fault @ Fault::Row { .. }) => {
                    tracing::warn!(%fault, "a conversation cannot be forgotten");
                }
                Err(fault) => return Err(fault),
            }
        }
        self.put_note(SESSIONS_FROM, &next)?;
        Ok(old)
    }

    /// Removes updates that were put aside before `before`, the oldest first, at most `limit`. One that
    /// cannot be read is as old as the next that can.
    pub fn forget_parked(&mut self, before: At, limit: usize) -> Result<(), Fault> {
        let (mut looked, mut old) = (Vec::new(), 0);
        for entry in self.tables.parked.read()?.iter()?.take(limit) {
            let (key, bytes) = entry?;
            looked.push(key.value());
            match decode::<ParkedRow>(&key.value(), bytes.value()) {
                Ok(row) if row.at >= before => break,
                Ok(_) => old = looked.len(),
                Err(fault) => tracing::debug!(%fault, "an update that was put aside cannot be read"),
            }
        }
        for key in looked.into_iter().take(old) {
            self.tables.parked.write()?.remove(key)?;
        }
        Ok(())
    }

    /// Removes updates of a customer's that were put aside; what cannot be read at all stays until it is old.
    pub fn forget_parked_of(&mut self, of: UserId) -> Result<(), Fault> {
        let mut own = Vec::new();
        for entry in self.tables.parked.read()?.iter()? {
            let (key, bytes) = entry?;
            if decode::<ParkedRow>(&key.value(), bytes.value()).is_ok_and(|row| is_from(&row.body, of)) {
                own.push(key.value());
            }
        }
        for key in own {
            self.tables.parked.write()?.remove(key)?;
        }
        Ok(())
    }

    /// Takes `words` out of a request's timeline.
    pub fn cut_trace(&mut self, request: RequestId, words: &str) -> Result<(), Fault> {
        let mut changed = Vec::new();
        for entry in self.tables.trace.read()?.range((request.0, 0)..=(request.0, u32::MAX))? {
            let (key, bytes) = entry?;
            let mut row: TraceRow = decode(&key.value(), bytes.value())?;
            if row.data.contains(words) {
                row.data = row.data.replace(words, "…");
                changed.push((key.value(), row));
            }
        }
        for (key, row) in changed {
            put(self.tables.trace.write()?, key, &row)?;
        }
        Ok(())
    }

    /// Takes a customer's files out that nobody has looked at yet.
    pub fn drop_looks(&mut self, of: UserId) -> Result<(), Fault> {
        let mut own = Vec::new();
        for entry in self.tables.looks.read()?.iter()? {
            let (key, bytes) = entry?;
            if decode::<LookRow>(&key.value(), bytes.value())?.user == of {
                own.push(key.value());
            }
        }
        for key in own {
            self.tables.looks.write()?.remove(key)?;
        }
        Ok(())
    }

    /// Takes operators' words about a customer out of what they did: names may stand in them.
    pub fn cut_reasons(&mut self, about: UserId) -> Result<(), Fault> {
        let mut changed = Vec::new();
        for entry in self.tables.admin_actions.read()?.iter()? {
            let (key, bytes) = entry?;
            let row: ActionRow = decode(&key.value(), bytes.value())?;
            if !row.reason.is_empty() && self.is_about(&row.what, about)? {
                changed.push((key.value(), ActionRow { reason: String::new(), ..row }));
            }
        }
        for (key, row) in changed {
            put(self.tables.admin_actions.write()?, key, &row)?;
        }
        Ok(())
    }

    /// Whether an operator did it to this customer, or to a job or payment of theirs.
    fn is_about(&self, what: &Action, user: UserId) -> Result<bool, Fault> {
        Ok(match what {
            Action::Adjust { user: whom, .. } | Action::Ban { user: whom } | Action::Unban { user: whom } => {
                *whom == user
            }
            Action::RefundJob { job } | Action::SendAgain { job } => {
                self.job(*job)?.is_some_and(|job| job.row.user == user)
            }
            Action::Approve { payment, .. }
            | Action::Reject { payment }
            | Action::RefundPayment { payment }
            | Action::PaidBack { payment, .. } => {
                self.payment(*payment)?.is_some_and(|payment| payment.row.user == user)
            }
            Action::Selling { .. }
            | Action::Model { .. }
            | Action::PromoNew { .. }
            | Action::PromoOff { .. } => false,
        })
    }

    /// A customer's free uses that are still counted: model, calendar hour, how many.
    pub fn free_uses_of(&self, of: UserId) -> Result<Vec<(u8, u32, u32)>, Fault> {
        let mut uses = Vec::new();
        let all = (of.0, 0, 0)..=(of.0, u8::MAX, u32::MAX);
        for entry in self.tables.free_usage.read()?.range(all)? {
            let (key, count) = entry?;
            let (_, model, hour) = key.value();
            uses.push((model, hour, count.value()));
        }
        Ok(uses)
    }

    /// Who is being forgotten, and the newest of their jobs that is not yet.
    pub fn forgetting(&self) -> Result<Vec<(UserId, JobId)>, Fault> {
        Ok(self.note(FORGETTING)?.unwrap_or(Vec::new()))
    }

    /// Notes it.
    pub fn put_forgetting(&mut self, left: &[(UserId, JobId)]) -> Result<(), Fault> {
        self.put_note(FORGETTING, &left)
    }
}

/// Whether an update, of whatever kind, says that it is from `user`.
fn is_from(update: &[u8], user: UserId) -> bool {
    let Ok(serde_json::Value::Object(update)) = serde_json::from_slice(update) else { return false };
    update.values().any(|kind| kind["from"]["id"] == user.0)
}
