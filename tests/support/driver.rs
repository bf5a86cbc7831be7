//! Drives the store's writer in the service's stead, and can stop just before or just after any of
//! its commits: that is what a crash at that commit is. Or it answers one batch as a closed file does.

use samovar::store::{Engine, Lock};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// On which side of the commit everything stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Before,
    After,
}

/// What happens to the file while it is closed.
type Meanwhile = Box<dyn FnOnce(&mut Engine) + Send>;

#[derive(Default)]
struct Plan {
    /// The file is closed for the batch that holds the so-manieth act of this name.
    closed_at: Option<(&'static str, u32, Meanwhile)>,
    /// Stop at the commit that holds the so-manieth act of this name.
    at: Option<(&'static str, u32, Side)>,
    /// Only once an act of this name has been committed.
    armed_by: Option<&'static str>,
    stopped: bool,
    crashes: u32,
    commits: u64,
}

/// What a test tells the writer, and what it learns of it.
#[derive(Clone, Default)]
pub(crate) struct Driver(Arc<(Mutex<Plan>, Condvar)>);

impl Driver {
    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything stops at the commit with the `nth` act called `name` from now on.
    pub(crate) fn crash_at(&self, name: &'static str, nth: u32, side: Side) {
        self.plan().at = Some((name, nth, side));
    }

    /// The same, but only once an act called `first` has been committed.
    pub(crate) fn crash_after(&self, first: &'static str, name: &'static str, side: Side) {
        let mut plan = self.plan();
        plan.at = Some((name, 1, side));
        plan.armed_by = Some(first);
    }

    /// The file is closed for the `nth` act called `name` from now on, and for all of its batch: none of
    /// them happens, and `meanwhile` does.
    pub(crate) fn close_at(
        &self,
        name: &'static str,
        nth: u32,
        meanwhile: impl FnOnce(&mut Engine) + Send + 'static,
    ) {
        self.plan().closed_at = Some((name, nth, Box::new(meanwhile)));
    }

    /// Stops the writer where it is.
    pub(crate) fn stop(&self) {
        self.plan().stopped = true;
    }

    /// A new life may write again.
    pub(crate) fn arm_again(&self) {
        let mut plan = self.plan();
        plan.stopped = false;
        plan.at = None;
        plan.crashes += 1;
    }

    pub(crate) fn crashes(&self) -> u32 {
        self.plan().crashes
    }

    /// How many commits there were.
    pub(crate) fn commits(&self) -> u64 {
        self.plan().commits
    }

    /// True once the planned crash has come.
    pub(crate) fn has_crashed(&self) -> bool {
        self.plan().stopped
    }

    /// Waits for the planned crash; false when it did not come in time.
    pub(crate) async fn crashed(&self, patience: Duration) -> bool {
        let driver = self.clone();
        let waited = tokio::task::spawn_blocking(move || {
            let plan = driver.plan();
            let waited = driver.0.1.wait_timeout_while(plan, patience, |plan| !plan.stopped);
            waited.unwrap_or_else(PoisonError::into_inner).0.stopped
        });
        waited.await.expect("no panic")
    }

    /// Drives the writer on a thread until no store is left, or until the crash; the directory is let go after that.
    pub(crate) fn drive(&self, engine: Engine, lock: Lock) {
        let driver = self.clone();
        std::thread::spawn(move || {
            // The last of these goes first.
            let (_lock, mut engine) = (lock, engine);
            while let Some(batch) = engine.take() {
                let names: Vec<&str> = batch.names().collect();
                if let Some(meanwhile) = driver.closed_for(&names) {
                    meanwhile(&mut engine);
                    // Whoever waits for an act that is thrown away is told that the store is closed.
                    drop(batch);
                    continue;
                }
                let side = driver.side_for(&names);
                if side == Some(Side::Before) {
                    driver.crash();
                    return;
                }
                let answers = engine.commit(batch);
                driver.plan().commits += 1;
                if side == Some(Side::After) {
                    driver.crash();
                    return;
                }
                answers.send();
            }
        });
    }

    fn crash(&self) {
        self.plan().stopped = true;
        self.0.1.notify_all();
    }

    fn closed_for(&self, names: &[&str]) -> Option<Meanwhile> {
        let mut plan = self.plan();
        let (name, nth, meanwhile) = plan.closed_at.take()?;
        let here = count(names, name);
        if here < nth {
            plan.closed_at = Some((name, nth - here, meanwhile));
            return None;
        }
        Some(meanwhile)
    }

    fn side_for(&self, names: &[&str]) -> Option<Side> {
        let mut plan = self.plan();
        if plan.stopped {
            return Some(Side::Before);
        }
        if let Some(first) = plan.armed_by {
            if names.contains(&first) {
                plan.armed_by = None;
            }
            return None;
        }
        let (name, nth, side) = plan.at?;
        let here = count(names, name);
        if here < nth {
            plan.at = Some((name, nth - here, side));
            return None;
        }
        Some(side)
    }
}

fn count(names: &[&str], name: &str) -> u32 {
    u32::try_from(names.iter().filter(|one| **one == name).count()).expect("a batch is small")
}
