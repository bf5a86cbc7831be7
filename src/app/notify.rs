//! What systemd is told of the service: that it is ready, that it is well, that it stops, and in a line
//! for `systemctl status` how things stand. Where there is no systemd, nobody is told.
//!
//! **Invariant:** a ping of the watchdog comes after an answer of the store's writer. A writer that hangs,
//! or a runtime that does, is not pinged for, and systemd starts the service again from the file.

use crate::http::Health;
use crate::store::{DISK, Fault, StopRow, Store, Tx, Waiting};
use sd_notify::NotifyState;
use std::env;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// So often the line is written anew where no watchdog waits for pings.
const PERIOD: Duration = Duration::from_secs(30);

/// What the writer said of the books.
struct Sight {
    waiting: Waiting,
    selling: Option<StopRow>,
    disk: Option<StopRow>,
}

/// Tells systemd, if it asked to be told, until the stop.
pub(super) async fn run(store: Store, health: Arc<Health>, stop: CancellationToken) {
    if env::var_os("NOTIFY_SOCKET").is_none() {
        return;
    }
    let tell = |states: &[NotifyState<'_>]| {
        if let Err(error) = sd_notify::notify(states) {
            tracing::warn!(%error, "systemd cannot be told how the service is");
        }
    };
    report(&store, &health, sd_notify::watchdog_enabled(), &stop, tell).await;
}

/// Begins when the store is open and the ports listen. Telegram may be silent then: that is for the line,
/// since starting again would not make it speak.
async fn report(
    store: &Store,
    health: &Health,
    watchdog: Option<Duration>,
    stop: &CancellationToken,
    tell: impl Fn(&[NotifyState<'_>]),
) {
    tell(&[NotifyState::Ready]);
    // A quarter: a disk that is slow for three of them is not taken for a hang.
    let period = watchdog.map_or(PERIOD, |limit| limit / 4);
    let rounds = async {
        loop {
            let seen = store.write("watchdog", look).await;
            let line = line(health, &seen);
            // A fault is an answer, too: what mends the disk is at work, and a restart would not help it.
            tell(&[NotifyState::Watchdog, NotifyState::Status(&line)]);
            store.clock().sleep(period).await;
        }
    };
    stop.run_until_cancelled(rounds).await;
    tell(&[NotifyState::Stopping, NotifyState::Status("stopping: what is under way ends")]);
}

fn look(tx: &mut Tx<'_>) -> Result<Sight, Fault> {
    Ok(Sight { waiting: tx.waiting()?, selling: tx.stop("all")?, disk: tx.stop(DISK)? })
}

/// How things stand, for `systemctl status`.
fn line(health: &Health, seen: &Result<Sight, Fault>) -> String {
    let Sight { waiting, selling, disk } = match seen {
        Ok(sight) => sight,
        Err(fault) => return format!("the books cannot be read now: {fault}"),
    };
    let mut line = match (health.reason(), disk, selling) {
        (Some(why), _, _) => why.to_owned(),
        (None, Some(disk), _) => format!("not selling: {}", disk.why),
        (None, None, Some(stop)) => format!("not selling: {}", stop.why),
        (None, None, None) => "selling".to_owned(),
    };
    let Waiting { jobs, updates, messages } = waiting;
    write!(line, "; open jobs: {jobs}, waiting updates: {updates}, messages: {messages}")
        .expect("a String takes all");
    // Several lines would be several notes.
    line.replace(['\n', '\r'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Engine, StoppedBy};
    use crate::time::{At, Clock};
    use std::sync::Mutex;
    use tempfile::TempDir;

    /// The store of a test, whose writer works when the test says so, and all that systemd was told.
    struct Machine {
        store: Store,
        engine: Engine,
        health: Arc<Health>,
        stop: CancellationToken,
        told: Arc<Mutex<Vec<String>>>,
        _dir: TempDir,
    }

    impl Machine {
        fn new() -> Self {
            let dir = TempDir::new().expect("a directory");
            let (store, engine) = Store::open(dir.path(), Clock::simulated(At(0))).expect("a store");
            let (health, stop) = (Arc::new(Health::default()), CancellationToken::new());
            Self { store, engine, health, stop, told: Arc::default(), _dir: dir }
        }

        /// Reports with a watchdog of two minutes.
        fn reports(&self) {
            let (store, health, stop) = (self.store.clone(), self.health.clone(), self.stop.clone());
            let told = self.told.clone();
            tokio::spawn(async move {
                let tell = move |states: &[NotifyState<'_>]| {
                    told.lock().expect("nobody panicked").extend(states.iter().map(ToString::to_string));
                };
                report(&store, &health, Some(Duration::from_secs(120)), &stop, tell).await;
            });
        }

        /// The writer does what waits for it, `times` over.
        async fn works(&mut self, times: u32) {
            for _ in 0..times {
                let batch = self.engine.take_async().await.expect("a store");
                self.engine.commit(batch).send();
            }
        }

        /// Lets everybody else do what they can at this moment.
        async fn told(&self) -> Vec<String> {
            tokio::time::sleep(Duration::from_millis(1)).await;
            std::mem::take(&mut *self.told.lock().expect("nobody panicked"))
        }

        async fn writes(&mut self, act: impl Fn(&mut Tx<'_>) -> Result<(), Fault> + Send + 'static) {
            let store = self.store.clone();
            let written = tokio::spawn(async move { store.write("test", act).await });
            self.works(1).await;
            written.await.expect("no panic").expect("written");
        }
    }

    fn pings(told: &[String]) -> usize {
        told.iter().filter(|one| *one == "WATCHDOG=1").count()
    }

    // The clock is stopped and jumps when nothing else can happen: nobody waits here.
    #[tokio::test(start_paused = true)]
    async fn a_writer_that_hangs_is_not_pinged_for() {
        let mut machine = Machine::new();
        machine.reports();
        assert_eq!(machine.told().await, ["READY=1"], "ready, and the writer has not answered yet");
        machine.works(4).await;
        assert_eq!(pings(&machine.told().await), 4);
        tokio::time::sleep(Duration::from_secs(600)).await;
        assert_eq!(machine.told().await, [""; 0], "ten minutes in which the writer did nothing");
        machine.works(1).await;
        assert_eq!(pings(&machine.told().await), 1, "it answers again");
        machine.stop.cancel();
        let last = machine.told().await;
        assert_eq!(last, ["STOPPING=1", "STATUS=stopping: what is under way ends"]);
    }

    #[tokio::test(start_paused = true)]
    async fn the_line_says_why_nothing_is_sold() {
        let mut machine = Machine::new();
        machine.reports();
        machine.works(1).await;
        let told = machine.told().await;
        let waits = "open jobs: 0, waiting updates: 0, messages: 0";
        let status = |why: &str| format!("STATUS={why}; {waits}");
        assert_eq!(told.last(), Some(&status("Telegram has not answered getMe yet")));
        machine.health.telegram_answered();
        machine.works(1).await;
        assert_eq!(machine.told().await.last(), Some(&status("selling")));
        let stop =
            |why: &str| StopRow { at: At(0), why: why.to_owned(), until: None, by: StoppedBy::Operator };
        let row = stop("stocktaking\nREADY=0");
        machine.writes(move |tx| tx.put_stop("all", &row)).await;
        machine.works(1).await;
        assert_eq!(machine.told().await.last(), Some(&status("not selling: stocktaking READY=0")));
        let row = stop("5 MB are free");
        machine.writes(move |tx| tx.put_stop(DISK, &row)).await;
        machine.works(1).await;
        assert_eq!(machine.told().await.last(), Some(&status("not selling: 5 MB are free")));
    }
}
