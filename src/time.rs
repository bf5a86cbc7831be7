//! Time comes in as an argument. This is the only place that reads a clock.
//!
//! Two times stand side by side in a [`Moment`]: the wall clock, for people and for retention,
//! and the *uptime* of the service, which only grows while it runs. Deadlines count uptime, so a
//! jump of the wall clock, or a night with the machine off, takes nobody's money back too early.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::rfc2822::{DateTimeParser, DateTimePrinter};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// A point of the wall clock: milliseconds since 1970, UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct At(pub i64);

/// A point of the service's uptime: milliseconds it has run, over all its starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Up(pub i64);

/// Both times, read once per transaction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// The wall clock.
    pub at: At,
    /// The service's uptime.
    pub up: Up,
}

/// A duration in milliseconds, saturating (a `Duration` beyond 292 million years is "for ever").
pub fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

fn duration(millis: i64) -> Duration {
    Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}

impl At {
    /// The point `after` later.
    #[must_use]
    pub fn plus(self, after: Duration) -> Self {
        Self(self.0.saturating_add(millis(after)))
    }

    /// How long ago `earlier` was; zero if it lies ahead.
    pub fn since(self, earlier: Self) -> Duration {
        duration(self.0.saturating_sub(earlier.0))
    }

    /// Reads a time as PostgreSQL writes it, `2024-05-01 12:34:56.789` or with `+03`; without a zone it is UTC.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let timestamp = match text.parse::<Timestamp>() {
            Ok(timestamp) => timestamp,
            Err(_without_zone) => {
                text.parse::<DateTime>().and_then(|time| time.to_zoned(TimeZone::UTC)).ok()?.timestamp()
            }
        };
        Some(Self(timestamp.as_millisecond()))
    }

    /// A time that the system says of a file; those before 1970 are 1970.
    pub fn of_file(time: std::time::SystemTime) -> Self {
        Self(millis(time.duration_since(std::time::UNIX_EPOCH).unwrap_or_default()))
    }

    /// The number of the calendar hour, UTC.
    pub fn hour(self) -> u32 {
        u32::try_from(self.0.div_euclid(3_600_000)).unwrap_or(0)
    }

    /// The number of the calendar day, UTC.
    pub fn day(self) -> u32 {
        self.hour() / 24
    }

    /// The number of the calendar month, UTC: twelve a year.
    pub fn month(self) -> u32 {
        let (year, month, _) = self.date();
        u32::try_from(year * 12 + i32::from(month) - 1).unwrap_or(0)
    }

    /// The calendar day, UTC: year, month (1 to 12), day (1 to 31).
    pub fn date(self) -> (i32, u8, u8) {
        let Ok(timestamp) = Timestamp::from_millisecond(self.0) else { return (0, 1, 1) };
        let date = timestamp.to_zoned(TimeZone::UTC).date();
        let small = |number: i8| u8::try_from(number).unwrap_or(1);
        (i32::from(date.year()), small(date.month()), small(date.day()))
    }
}

impl Up {
    /// The point `after` later.
    #[must_use]
    pub fn plus(self, after: Duration) -> Self {
        Self(self.0.saturating_add(millis(after)))
    }

    /// How long ago `earlier` was; zero if it lies ahead.
    pub fn since(self, earlier: Self) -> Duration {
        duration(self.0.saturating_sub(earlier.0))
    }
}

impl At {
    /// The time in the head of an HTTP answer, to the second: `Fri, 27 Nov 2026 06:50:00 GMT`.
    pub fn http_date(self) -> Result<String, jiff::Error> {
        DateTimePrinter::new().timestamp_to_rfc9110_string(&Timestamp::from_second(self.0.div_euclid(1000))?)
    }

    /// Reads [`At::http_date`].
    pub fn of_http_date(text: &str) -> Result<Self, jiff::Error> {
        Ok(Self(DateTimeParser::new().parse_timestamp(text.trim())?.as_millisecond()))
    }
}

/// RFC 3339, UTC, to the second: `2026-11-23T10:55:00Z`.
impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Timestamp::from_second(self.0.div_euclid(1000)) {
            Ok(timestamp) => f.pad(&timestamp.to_string()),
            Err(_) => write!(f, "{}ms", self.0),
        }
    }
}

#[derive(Debug)]
enum Source {
    /// The machine's clock.
    System,
    /// Starts at a given point and follows tokio's clock, which a simulator pauses.
    Simulated(At),
}

#[derive(Debug)]
struct Inner {
    source: Source,
    started: Instant,
    /// Uptime gathered by earlier starts.
    up_before: AtomicI64,
    /// Added to both times: how a test or the simulator lets time pass.
    skipped: AtomicI64,
    /// Added to the wall clock alone: a clock that somebody set.
    jumped: AtomicI64,
    changed: watch::Sender<()>,
}

/// The clock of one service. Copies share it.
#[derive(Clone, Debug)]
pub struct Clock(Arc<Inner>);

impl Clock {
    /// The machine's clock. Uptime starts at zero until [`Clock::resume`].
    pub fn system() -> Self {
        Self::new(Source::System)
    }

    /// A clock that starts at `at` and follows tokio's, for the simulator and tests.
    pub fn simulated(at: At) -> Self {
        Self::new(Source::Simulated(at))
    }

    fn new(source: Source) -> Self {
        Self(Arc::new(Inner {
            source,
            started: Instant::now(),
            up_before: AtomicI64::new(0),
            skipped: AtomicI64::new(0),
            jumped: AtomicI64::new(0),
            changed: watch::Sender::new(()),
        }))
    }

    /// Says how much uptime earlier starts had gathered, as the store remembers it.
    pub fn resume(&self, up: Up) {
        let here = self.now().up.0 - self.0.up_before.load(Ordering::SeqCst);
        self.0.up_before.store(up.0.saturating_sub(here).max(0), Ordering::SeqCst);
    }

    /// Both times, now.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    pub fn now(&self) -> Moment {
        let skipped = self.0.skipped.load(Ordering::SeqCst);
        let elapsed = millis(self.0.started.elapsed());
        let wall = match self.0.source {
            Source::System => Timestamp::now().as_millisecond(),
            Source::Simulated(start) => start.0 + elapsed,
        };
        Moment {
            at: At(wall + skipped + self.0.jumped.load(Ordering::SeqCst)),
            up: Up(self.0.up_before.load(Ordering::SeqCst) + elapsed + skipped),
        }
    }

    /// Lets `by` pass at once and wakes all who sleep on this clock.
    pub fn skip(&self, by: Duration) {
        self.0.skipped.fetch_add(millis(by), Ordering::SeqCst);
        self.0.changed.send_replace(());
    }

    /// Sets the wall clock forward or back by `by_ms`, as an operator or NTP might.
    pub fn jump(&self, by_ms: i64) {
        self.0.jumped.fetch_add(by_ms, Ordering::SeqCst);
        self.0.changed.send_replace(());
    }

    /// Sleeps until the uptime is `due`.
    pub async fn sleep_until(&self, due: Up) {
        let mut changed = self.0.changed.subscribe();
        loop {
            let left = due.since(self.now().up);
            if left.is_zero() {
                return;
            }
            tokio::select! {
                biased;
                () = tokio::time::sleep(left) => {}
                // The sender lives in this clock, so it cannot be gone.
                _ = changed.changed() => {}
            }
        }
    }

    /// Sleeps for `time`.
    pub async fn sleep(&self, time: Duration) {
        self.sleep_until(self.now().up.plus(time)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn skipped_time_wakes_a_sleeper_and_a_jump_moves_only_the_wall_clock() {
        let clock = Clock::simulated(At(1_000_000));
        clock.resume(Up(5_000));
        assert_eq!(clock.now(), Moment { at: At(1_000_000), up: Up(5_000) });
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep(Duration::from_secs(3600)).await }
        });
        tokio::task::yield_now().await;
        clock.skip(Duration::from_secs(3600));
        sleeper.await.expect("woken");
        clock.jump(-500_000);
        assert_eq!(
            clock.now(),
            Moment { at: At(1_000_000 + 3_600_000 - 500_000), up: Up(5_000 + 3_600_000) }
        );
    }

    #[test]
    fn a_month_ends_with_its_last_millisecond() {
        let month = |text: &str| {
            let timestamp: Timestamp = text.parse().expect("a time");
            At(timestamp.as_millisecond()).month()
        };
        assert_eq!(month("2026-11-01T00:00:00Z"), 2026 * 12 + 10);
        assert_eq!(month("2026-11-30T23:59:59.999Z"), 2026 * 12 + 10);
        assert_eq!(month("2026-12-01T00:00:00Z"), 2026 * 12 + 11);
        assert_eq!(month("2027-01-01T00:00:00Z"), 2027 * 12);
    }

    #[test]
    fn times_of_a_database_are_read() {
        for (text, millis) in [
            ("2026-11-23 10:55:00", 1_795_431_300_000),
            (" 2026-11-23 10:55:00.5 ", 1_795_431_300_500),
            ("2026-11-23 10:55:00+00", 1_795_431_300_000),
            ("2026-11-23 13:55:00.123456+03", 1_795_431_300_123),
            ("2026-11-23T10:55:00Z", 1_795_431_300_000),
        ] {
            assert_eq!(At::parse(text), Some(At(millis)), "{text}");
        }
        for text in ["", "infinity", "yesterday", "2026-13-01 00:00:00", "1795431300"] {
            assert_eq!(At::parse(text), None, "{text}");
        }
    }

    #[test]
    fn times_are_printed_as_rfc_3339() {
        assert_eq!(At(1_795_431_300_000).to_string(), "2026-11-23T10:55:00Z");
    }
}
