//! What a run of kills adds up to, and whether it is enough to prove anything.

use super::compare::Books;
use super::landed::{Commit, Landed};
use crate::ids::JobId;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The share of kills that must land with an update queued or a job open.
const BUSY_PERCENT: u64 = 60;
/// How often each commit must be hit by so many kills or more; by fewer, in proportion.
const HITS: (u64, u64) = (3, 100);

/// All kills so far.
#[derive(Default)]
pub(super) struct Tally {
    kills: u64,
    busy: u64,
    early: u64,
    /// By commit: the kills that landed at it, and those of them when the outside had half of it.
    at: BTreeMap<Commit, (u64, u64)>,
    /// How often a job's ending may have gone without a note of it.
    unnoted: BTreeMap<JobId, usize>,
    audits: u64,
    slowest: Duration,
}

impl Tally {
    pub(super) fn kills(&self) -> u64 {
        self.kills
    }

    /// Whether the file of the next life is audited whole: while that is quick, and else every tenth.
    pub(super) fn audits(&self, quick: Duration) -> bool {
        self.slowest < quick || self.kills.is_multiple_of(10)
    }

    pub(super) fn add(&mut self, landed: &Landed, audit: Option<Duration>) {
        self.kills += 1;
        self.busy += u64::from(landed.is_busy());
        self.early += u64::from(landed.is_early());
        // A start that was killed found what the life before left: that was counted then.
        for (commit, half) in landed.at.iter().filter(|_| !landed.is_early()) {
            let (hits, halves) = self.at.entry(*commit).or_default();
            *hits += 1;
            *halves += u64::from(*half);
        }
        self.left_unnoted(landed.unnoted.clone());
        self.audits += u64::from(audit.is_some());
        self.slowest = self.slowest.max(audit.unwrap_or_default());
    }

    /// A life ended with these endings in the outbox.
    pub(super) fn left_unnoted(&mut self, jobs: BTreeSet<JobId>) {
        for job in jobs {
            *self.unnoted.entry(job).or_default() += 1;
        }
    }

    /// How often a job's ending may have come besides the one time it was noted.
    pub(super) fn again(&self, job: JobId) -> usize {
        self.unnoted.get(&job).copied().unwrap_or(0)
    }

    /// The report.
    pub(super) fn lines(&self) -> Vec<String> {
        let share = self.busy * 100 / self.kills.max(1);
        let mut lines = vec![
            format!("{} kills, {} of them while it started", self.kills, self.early),
            format!("{} ({share} %) with an update queued or a job open", self.busy),
        ];
        for commit in Commit::ALL {
            let (hits, halves) = self.at.get(&commit).copied().unwrap_or_default();
            let half = commit.half().map_or(String::new(), |half| format!(", {halves} times {half}"));
            lines.push(format!("  at commit {:<12} {hits:>5}{half}", commit.name()));
        }
        let slowest = self.slowest.as_millis();
        lines.push(format!("{} whole audits held, the slowest took {slowest} ms", self.audits));
        lines
    }

    /// An error when too few kills hit what they must.
    pub(super) fn is_enough(&self, books: &Books) -> Result<(), String> {
        if self.busy * 100 < self.kills * BUSY_PERCENT {
            return Err(format!("too few kills with an update queued or a job open: {}", self.busy));
        }
        let (most, by) = HITS;
        let needed = most.min(self.kills * most / by);
        let hits = |commit: &Commit| self.at.get(commit).map_or(0, |(hits, _)| *hits);
        if let Some(missed) = Commit::ALL.iter().find(|commit| hits(commit) < needed) {
            return Err(format!("commit {} was hit {} times, not {needed}", missed.name(), hits(missed)));
        }
        books.is_enough(self.kills)
    }
}
