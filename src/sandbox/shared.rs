//! A world behind a short lock, with news for whoever waits for something to happen in it.

use crate::time::Clock;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// What was waited for did not happen in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("waited {} ms in vain", .0.as_millis())]
pub struct TimedOut(pub Duration);

/// One world, shared between its sockets and those who play in it. Copies share it.
#[derive(Debug)]
pub struct Shared<W> {
    world: Arc<Mutex<W>>,
    changed: watch::Sender<()>,
    clock: Clock,
}

impl<W> Clone for Shared<W> {
    fn clone(&self) -> Self {
        Self { world: Arc::clone(&self.world), changed: self.changed.clone(), clock: self.clock.clone() }
    }
}

impl<W> Shared<W> {
    pub(super) fn new(world: W, clock: Clock) -> Self {
        Self { world: Arc::new(Mutex::new(world)), changed: watch::Sender::new(()), clock }
    }

    /// Acts on the world and tells all who wait. The second argument is now, in milliseconds
    /// since 1970. The lock is held while `act` runs: keep it short.
    pub fn act<R>(&self, act: impl FnOnce(&mut W, i64) -> R) -> R {
        let now_ms = self.now_ms();
        let result = act(&mut self.world.lock().unwrap_or_else(PoisonError::into_inner), now_ms);
        self.changed.send_replace(());
        result
    }

    /// Like [`Shared::act`], for what changes nothing that anybody waits for.
    pub(super) fn quietly<R>(&self, act: impl FnOnce(&mut W, i64) -> R) -> R {
        let now_ms = self.now_ms();
        act(&mut self.world.lock().unwrap_or_else(PoisonError::into_inner), now_ms)
    }

    /// Looks at the world.
    pub fn look<R>(&self, look: impl FnOnce(&W) -> R) -> R {
        look(&self.world.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits until `seek` finds something, looking again after every change.
    ///
    /// # Errors
    /// [`TimedOut`] when nothing was found within `timeout`.
    pub async fn wait<R>(
        &self,
        mut seek: impl FnMut(&W) -> Option<R>,
        timeout: Duration,
    ) -> Result<R, TimedOut> {
        let mut changed = self.changed();
        let search = async {
            loop {
                changed.borrow_and_update();
                if let Some(found) = self.look(&mut seek) {
                    return found;
                }
                if changed.changed().await.is_err() {
                    // The sender lives in `self`: this does not happen, and must not spin.
                    std::future::pending::<()>().await;
                }
            }
        };
        tokio::time::timeout(timeout, search).await.map_err(|_| TimedOut(timeout))
    }

    /// News: changes whenever somebody acted on the world.
    pub fn changed(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.clock
    }

    pub(super) fn now_ms(&self) -> i64 {
        self.clock.now().at.0
    }

    /// Sleeps until the wall clock says `due_ms`; for ever when there is nothing due.
    pub(super) async fn sleep_until(&self, due_ms: Option<i64>) {
        let Some(due_ms) = due_ms else { return std::future::pending().await };
        let left = u64::try_from(due_ms.saturating_sub(self.now_ms())).unwrap_or(0);
        // At least a millisecond, so that rounding never makes the caller spin.
        self.clock.sleep(Duration::from_millis(left.max(1))).await;
    }
}
