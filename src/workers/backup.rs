//! Backups by the clock: a verified whole copy when the last one is old enough, and, if the operator wants
//! it, all changes about every minute. It tells the operators when there is no fresh one.

use super::Engine;
use crate::config::Backups;
use crate::flow::alarm::{self, Alarm};
use crate::shelf::{KeepError, Keeper, Kept, Link, VERIFIED, newest, newest_shipment};
use crate::store::{Fault, Store, Tx};
use crate::time::{Moment, Up};
use std::time::Duration;

/// How often it is looked whether a whole copy is due.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// A ledger that has no backup gets its first one so long after a start.
const FIRST: Duration = Duration::from_secs(10 * 60);
/// After a whole copy that failed.
const AGAIN: Duration = Duration::from_secs(10 * 60);
/// From one shipment to the next: what a lost machine loses, with the time that shipping takes.
const SHIP_EVERY: Duration = Duration::from_secs(45);
/// Without a shipment for so long the operators are told.
const SHIP_LATE: Duration = Duration::from_secs(10 * 60);
/// At the stop the last changes get so long to be shipped.
const LAST_WORDS: Duration = Duration::from_secs(4);
/// The operators are told the same again after so long.
const REMIND: Duration = Duration::from_secs(24 * 3600);

/// When what is done.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    /// So long after a whole copy the next one is made; `None`: never.
    pub every: Option<Duration>,
    /// Older than this the newest one may not be; `None`: as old as it likes.
    pub max_age: Option<Duration>,
    /// Whether changes are shipped.
    pub stream: bool,
}

impl Schedule {
    /// As the settings say.
    pub fn of(backups: &Backups) -> Self {
        Self { every: backups.every, max_age: backups.max_age, stream: backups.stream }
    }
}

/// What goes on going wrong is logged once, and told to the operators once a day.
#[derive(Default)]
struct Trouble {
    why: Option<String>,
    told: Option<Up>,
}

impl Trouble {
    /// True when it went well.
    fn note<R>(&mut self, what: &str, done: Result<R, KeepError>) -> Option<R> {
        match done {
            Ok(done) => {
                if self.why.take().is_some() {
                    tracing::info!("{what} works again");
                }
                Some(done)
            }
            Err(error) => {
                let why = error.to_string();
                if self.why.as_ref() != Some(&why) {
                    tracing::warn!(why, "{what} failed; it is tried again");
                }
                self.why = Some(why);
                None
            }
        }
    }

    async fn tell(&mut self, engine: &Engine, what: Alarm<'static>, detail: String) -> Result<(), Fault> {
        let now = engine.clock().now().up;
        if self.told.is_some_and(|told| now.since(told) < REMIND) {
            return Ok(());
        }
        let shop = engine.shop.clone();
        let act = move |tx: &mut Tx<'_>| alarm::raise(&shop, tx, what, &detail);
        engine.store.write("alarm", act).await?;
        self.told = Some(now);
        Ok(())
    }
}

/// By both clocks: neither a night with the machine off nor a clock that was set hides that it is old.
fn age(last: Moment, now: Moment) -> Duration {
    now.at.since(last.at).max(now.up.since(last.up))
}

/// Has changes listed from here on, or not any more. The service does not start without: what was not listed
/// would be in no shipment. A store that does so already is left alone.
pub async fn begin(store: &Store, wanted: bool) -> Result<(), Fault> {
    if store.stream().await?.is_some() == wanted {
        return Ok(());
    }
    store.set_streaming(wanted).await
}

/// Makes whole copies until the stop.
pub async fn run(engine: Engine) {
    let born = engine.clock().now().up;
    let mut trouble = Trouble::default();
    let mut failed: Option<Up> = None;
    loop {
        let looked = look(&engine, born, &mut failed, &mut trouble).await;
        if let Err(fault) = looked {
            engine.pause_after("the look at the backups", &fault).await;
        }
        if engine.stop.run_until_cancelled(engine.clock().sleep(LOOK_EVERY)).await.is_none() {
            return;
        }
    }
}

async fn look(
    engine: &Engine,
    born: Up,
    failed: &mut Option<Up>,
    trouble: &mut Trouble,
) -> Result<(), Fault> {
    let Schedule { every, max_age, .. } = engine.backups;
    let verified = || engine.store.read(|view| view.note::<Moment>(VERIFIED));
    let (last, now) = (verified().await?, engine.clock().now());
    let is_due = every.is_some_and(|every| match last {
        Some(last) => age(last, now) >= every,
        None => now.up.since(born) >= FIRST,
    });
    if is_due && failed.is_none_or(|failed| now.up.since(failed) >= AGAIN) {
        let Some(made) =
            engine.stop.run_until_cancelled(engine.keeper.full(&engine.store, &engine.stop)).await
        else {
            return Ok(());
        };
        *failed = match trouble.note("the backup", made) {
            Some(_) => None,
            None => Some(engine.clock().now().up),
        };
    }
    let (last, now) = (verified().await?, engine.clock().now());
    if let Some(last) = last {
        let seconds = u32::try_from(now.at.since(last.at).as_secs()).unwrap_or(u32::MAX);
        metrics::gauge!("samovar_backup_age_seconds").set(f64::from(seconds));
    }
    let old = last.map_or(now.up.since(born), |last| age(last, now));
    if max_age.is_some_and(|max_age| old > max_age) {
        let why = trouble.why.as_deref().unwrap_or_default();
        let detail = last.map_or_else(|| format!("—. {why}"), |last| format!("{}. {why}", last.at));
        trouble.tell(engine, Alarm::BackupOld, detail).await?;
    }
    Ok(())
}

/// Ships once more what was done while the service ended, as far as there is time before systemd's patience ends.
pub async fn end(keeper: &Keeper, store: &Store, is_streaming: bool) {
    if !is_streaming {
        return;
    }
    let go_on = tokio_util::sync::CancellationToken::new();
    match tokio::time::timeout(LAST_WORDS, keeper.ship(store, &go_on)).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::warn!(%error, "the last changes were not shipped to the backup"),
        Err(_) => tracing::warn!("the last changes were not shipped to the backup in time"),
    }
}

/// Ships what changes, until the stop.
pub async fn stream(engine: Engine) {
    if !engine.backups.stream {
        return;
    }
    let mut shipper = Shipper { link: None, trouble: Trouble::default(), safe: engine.clock().now().up };
    loop {
        let began = engine.clock().now().up;
        if let Err(fault) = shipper.turn(&engine).await {
            engine.pause_after("shipping changes", &fault).await;
        }
        let next = began.plus(SHIP_EVERY);
        if engine.stop.run_until_cancelled(engine.clock().sleep_until(next)).await.is_none() {
            return;
        }
    }
}

struct Shipper {
    /// The copy that shipments follow, once we know that they do.
    link: Option<Link>,
    trouble: Trouble,
    /// When all that had changed was safe.
    safe: Up,
}

impl Shipper {
    async fn turn(&mut self, engine: &Engine) -> Result<(), Fault> {
        let began = engine.clock().now().up;
        let shipped = engine.stop.run_until_cancelled(self.ship(engine)).await;
        let Some(shipped) = shipped else { return Ok(()) };
        if self.trouble.note("shipping changes to the backup", shipped).is_some() {
            self.safe = began;
            return Ok(());
        }
        if engine.clock().now().up.since(self.safe) < SHIP_LATE {
            return Ok(());
        }
        let why = self.trouble.why.clone().unwrap_or_default();
        self.trouble.tell(engine, Alarm::BackupStuck, why).await
    }

    /// Makes sure that there is a copy to follow, then ships.
    async fn ship(&mut self, engine: &Engine) -> Result<(), KeepError> {
        let Some(stream) = engine.store.stream().await? else { return Ok(()) };
        if !self.link.is_some_and(|link| link.goes_on(&stream, None)) {
            let kept = engine.keeper.list().await?;
            let link = newest(&kept).and_then(Kept::link);
            let follows = link.filter(|link| link.goes_on(&stream, newest_shipment(&kept, link.epoch)));
            self.link = match follows {
                Some(link) => Some(link),
                None => Some(self.begin(engine).await?),
            };
        }
        engine.keeper.ship(&engine.store, &engine.stop).await.map(drop)
    }

    /// A new chain, with its copy.
    async fn begin(&mut self, engine: &Engine) -> Result<Link, KeepError> {
        engine.store.stream_anew().await?;
        let made = engine.keeper.full(&engine.store, &engine.stop).await?;
        Ok(Link::of(&made.dumped))
    }
}
