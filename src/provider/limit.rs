//! How often we may ask. Requests over a limit wait, but never for long.

use crate::time::Clock;
use governor::clock::Clock as Ticks;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use std::num::NonZeroU32;
use std::time::Duration;

/// Uptime as the limiter counts it, so that a simulated clock drives it too.
#[derive(Clone, Debug)]
struct Uptime(Clock);

impl Ticks for Uptime {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        Nanos::from(Duration::from_millis(u64::try_from(self.0.now().up.0).unwrap_or(0)))
    }
}

/// A bucket of requests that fills at a steady pace.
#[derive(Debug)]
pub(crate) struct Limit {
    bucket: RateLimiter<NotKeyed, InMemoryState, Uptime, NoOpMiddleware<Nanos>>,
    clock: Clock,
}

impl Limit {
    /// `burst` requests at once, then one every `every` (which must not be zero).
    pub(crate) fn new(burst: NonZeroU32, every: Duration, clock: &Clock) -> Self {
        let quota = Quota::with_period(every).expect("a limit's pace is not zero").allow_burst(burst);
        Self { bucket: RateLimiter::direct_with_clock(quota, Uptime(clock.clone())), clock: clock.clone() }
    }

    /// Takes a turn if there is one now.
    pub(crate) fn try_turn(&self) -> bool {
        self.bucket.check().is_ok()
    }

    /// Waits for its turn, at most about `most`. False: it did not come, and nothing was taken.
    pub(crate) async fn turn(&self, most: Duration) -> bool {
        let last = self.clock.now().up.plus(most);
        loop {
            let Err(early) = self.bucket.check() else { return true };
            // The clock counts whole milliseconds: one more, or we wake just before our turn.
            let wait = early.wait_time_from(Uptime(self.clock.clone()).now()) + Duration::from_millis(1);
            let due = self.clock.now().up.plus(wait);
            if due > last {
                return false;
            }
            self.clock.sleep_until(due).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::At;

    fn limit(burst: u32, every_ms: u64, clock: &Clock) -> Limit {
        Limit::new(NonZeroU32::new(burst).expect("not zero"), Duration::from_millis(every_ms), clock)
    }

    #[tokio::test(start_paused = true)]
    async fn a_turn_is_waited_for_and_the_wait_is_bounded() {
        let clock = Clock::simulated(At(0));
        let limit = limit(2, 1_000, &clock);
        let mut came_ms = Vec::new();
        for _ in 0..4 {
            assert!(limit.turn(Duration::from_secs(5)).await);
            came_ms.push(clock.now().up.0 / 100 * 100);
        }
        assert_eq!(came_ms, [0, 0, 1_000, 2_000]);
        assert!(!limit.turn(Duration::from_millis(500)).await, "a wait that is too long is not begun");
        assert!(limit.turn(Duration::from_millis(1_500)).await, "and took no turn away");
    }
}
