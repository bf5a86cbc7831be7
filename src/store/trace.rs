//! Timelines: what happened to each request, kept for the operator and said in the log.

use super::codec::{Row, decode, put};
use super::fault::Fault;
use super::open::KEY;
use super::{Tx, View};
use crate::ids::{JobId, RequestId, UserId, about};
use crate::time::At;
use redb::ReadableTable;
use serde::{Deserialize, Serialize};

/// One event of a request's timeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceRow {
    /// When.
    pub at: At,
    /// Whose request.
    pub user: UserId,
    /// The job, once there is one.
    pub job: Option<JobId>,
    /// What happened, as a code: `ordered`, `sending`, `delivered`.
    pub what: String,
    /// What is worth knowing of it; never a secret, never a prompt.
    pub data: String,
}

impl Row for TraceRow {
    const TABLE: &'static str = "trace";
}

impl View {
    /// The timeline of a request, oldest first.
    pub fn trace(&self, request: RequestId) -> Result<Vec<TraceRow>, Fault> {
        let mut events = Vec::new();
        for entry in self.tables.trace.read()?.range((request.0, 0)..=(request.0, u32::MAX))? {
            let (key, row) = entry?;
            events.push(decode(&key.value(), row.value())?);
        }
        Ok(events)
    }
}

impl Tx<'_> {
    /// Adds an event to a request's timeline, and to the log.
    pub fn trace(
        &mut self,
        request: RequestId,
        user: UserId,
        job: Option<JobId>,
        what: &'static str,
        data: impl Into<String>,
    ) -> Result<(), Fault> {
        let data = data.into();
        self.log_event(request, user, job, what, data.clone())?;
        self.note_event(request, user, job, what, data)
    }

    /// Has an event of a request's logged once it is on disk.
    pub fn log_event(
        &mut self,
        request: RequestId,
        user: UserId,
        job: Option<JobId>,
        what: &'static str,
        data: String,
    ) -> Result<(), Fault> {
        if tracing::enabled!(tracing::Level::INFO) {
            let code = self.note::<[u8; 32]>(KEY)?.map(|key| request.code(&key));
            self.after_commit(move || {
                about(code.as_deref(), job, user).in_scope(|| tracing::info!(data, "{what}"));
            });
        }
        Ok(())
    }

    /// Adds an event to a request's timeline, and not to the log.
    pub fn note_event(
        &mut self,
        request: RequestId,
        user: UserId,
        job: Option<JobId>,
        what: &str,
        data: impl Into<String>,
    ) -> Result<(), Fault> {
        let last = self.tables.trace.read()?.range((request.0, 0)..=(request.0, u32::MAX))?.next_back();
        let number = last.transpose()?.map_or(0, |(key, _)| key.value().1 + 1);
        let row = TraceRow { at: self.now.at, user, job, what: what.to_owned(), data: data.into() };
        put(self.tables.trace.write()?, (request.0, number), &row)
    }
}
