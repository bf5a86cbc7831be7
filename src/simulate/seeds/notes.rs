//! What is written down of a run: every event into one hash, counts by kind, and what the judge needs
//! to know of answers that got lost.

use super::tally::{Kind, Tally};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::time::Instant;

/// The notes of one run. Copies share them.
#[derive(Clone)]
pub(super) struct Notes(Arc<Shared>);

struct Shared {
    started: Instant,
    print: bool,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    hash: blake3::Hasher,
    tally: Tally,
    /// Results that Telegram took without our hearing of it, by job.
    unheard: BTreeMap<u64, u64>,
    line: String,
}

impl Notes {
    pub(super) fn new(print: bool) -> Self {
        Self(Arc::new(Shared { started: Instant::now(), print, inner: Mutex::default() }))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes an event down.
    pub(super) fn event(&self, what: std::fmt::Arguments<'_>) {
        let at_ms = self.0.started.elapsed().as_millis();
        let mut inner = self.lock();
        let mut line = std::mem::take(&mut inner.line);
        line.clear();
        writeln!(line, "{at_ms:>9} {what}").expect("a text takes everything");
        inner.hash.update(line.as_bytes());
        if self.0.print {
            drop(super::super::say(line.trim_end()));
        }
        inner.line = line;
    }

    /// Counts a kind, and writes it down.
    pub(super) fn count(&self, kind: Kind) {
        self.lock().tally.count(kind, 1);
        self.event(format_args!("{kind:?}"));
    }

    /// Counts several of a kind.
    pub(super) fn count_all(&self, kind: Kind, times: u64) {
        self.lock().tally.count(kind, times);
    }

    /// Telegram has this job's result and we may not know it.
    pub(super) fn unheard(&self, job: u64) {
        *self.lock().unheard.entry(job).or_default() += 1;
    }

    /// How often that may have been.
    pub(super) fn unheard_of(&self, job: u64) -> u64 {
        self.lock().unheard.get(&job).copied().unwrap_or(0)
    }

    pub(super) fn tally(&self) -> Tally {
        self.lock().tally.clone()
    }

    /// The hash of everything so far.
    pub(super) fn hash(&self) -> String {
        self.lock().hash.finalize().to_hex()[..32].to_owned()
    }
}
