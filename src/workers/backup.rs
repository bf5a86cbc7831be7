//! Backups by the clock: a verified whole copy when the last one is old enough, and, if the operator wants
//! it, all changes about every minute. It tells the operators when there is no fresh one.

use super::Engine;
use crate::config::Backups;
use crate::flow::alarm::{self, Alarm};
use crate::shelf::{KeepError, Keeper, Kept, keys_id, newest, newest_shipment};
use crate::store::{Fault, Link, Store, Stream, Tx, View};
use crate::time::{Moment, Up};
use std::time::Duration;

/// How often it is looked whether a whole copy is due; and, while the place keeps us waiting, whether the operators
/// must hear of it.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// A ledger that has no backup gets its first one so long after a start.
const FIRST: Duration = Duration::from_secs(10 * 60);
/// After a whole copy that failed, and after one that failed which shipments wait for. Each failure more doubles
/// it: a place that takes and does not give would be sent whole copies all day.
const AGAIN: Duration = Duration::from_secs(10 * 60);
const AGAIN_TO_SHIP: Duration = Duration::from_secs(90);
/// But no longer than this.
const AGAIN_AT_MOST: Duration = Duration::from_secs(3600);
/// From one shipment to the next: what a lost machine loses, with the time that shipping takes.
const SHIP_EVERY: Duration = Duration::from_secs(45);
/// Without a shipment for so long the operators are told.
const SHIP_LATE: Duration = Duration::from_secs(10 * 60);
/// At the start a place that does not answer holds up the first copy, and shipments, at most so long.
const TIDYING: Duration = Duration::from_secs(60);
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
    /// It stays so until a person does something.
    is_refused: bool,
    /// Since it last went well.
    told: Vec<(Alarm<'static>, Up)>,
}

impl Trouble {
    /// True when it went well.
    fn note<R>(&mut self, what: &str, done: Result<R, KeepError>) -> Option<R> {
        self.is_refused = done.as_ref().is_err_and(KeepError::wants_a_person);
        match done {
            Ok(done) => {
                self.told.clear();
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

    async fn tell_if_refused(&mut self, engine: &Engine) -> Result<(), Fault> {
        match &self.why {
            Some(why) if self.is_refused => self.tell(engine, Alarm::BackupRefused, why.clone()).await,
            Some(_) | None => Ok(()),
        }
    }

    async fn tell(&mut self, engine: &Engine, what: Alarm<'static>, detail: String) -> Result<(), Fault> {
        let now = engine.clock().now().up;
        if self.told.iter().any(|(which, told)| *which == what && now.since(*told) < REMIND) {
            return Ok(());
        }
        let shop = engine.shop.clone();
        let act = move |tx: &mut Tx<'_>| alarm::raise(&shop, tx, what, &detail);
        engine.store.write("alarm", act).await?;
        self.told.retain(|(which, _)| *which != what);
        self.told.push((what, now));
        Ok(())
    }
}

/// By both clocks: neither a night with the machine off nor a clock that was set hides that it is old.
fn age(last: Moment, now: Moment) -> Duration {
    now.at.since(last.at).max(now.up.since(last.up))
}

/// What goes to the place, and when it last did.
struct Worry {
    what: Goes,
    /// When all that had changed was safe, or when the service began to see to it.
    safe: Up,
    trouble: Trouble,
}

enum Goes {
    Copies,
    Changes,
}

impl Worry {
    fn new(what: Goes, safe: Up) -> Self {
        Self { what, safe, trouble: Trouble::default() }
    }

    /// Waits for something that may wait for the place, which may never answer: the operators hear of it meanwhile.
    /// It is not dropped at the stop; it ends by itself, and leaves nothing half done.
    async fn meanwhile<R>(&mut self, engine: &Engine, act: impl Future<Output = R>) -> R {
        let mut act = std::pin::pin!(act);
        loop {
            tokio::select! {
                biased;
                done = &mut act => return done,
                () = engine.clock().sleep(LOOK_EVERY) => {}
            }
            if let Err(fault) = self.look(engine, "it is not done yet").await {
                tracing::warn!(%fault, "the look at the backups is put off");
            }
        }
    }

    /// Tells the operators when it is too long ago; `else_why`, when nothing failed.
    async fn look(&mut self, engine: &Engine, else_why: &str) -> Result<(), Fault> {
        let now = engine.clock().now();
        let why = self.trouble.why.as_deref().unwrap_or(else_why).to_owned();
        match self.what {
            Goes::Changes if now.up.since(self.safe) >= SHIP_LATE => {
                self.trouble.tell(engine, Alarm::BackupStuck, why).await
            }
            Goes::Changes => Ok(()),
            Goes::Copies => {
                let last = engine.store.read(View::backup_verified).await?;
                let old = last.map_or(now.up.since(self.safe), |last| age(last.began, now));
                if engine.backups.max_age.is_none_or(|max_age| old <= max_age) {
                    return Ok(());
                }
                let here = engine.keeper.place_id();
                let detail = match last {
                    None => format!("—. {why}"),
                    Some(last) if last.place == here => format!("{}. {why}", last.began.at),
                    Some(last) => format!("{}, in another place. {why}", last.began.at),
                };
                self.trouble.tell(engine, Alarm::BackupOld, detail).await
            }
        }
    }
}

/// Has changes listed from here on, or not any more. The service does not start without: what was not listed
/// would be in no shipment. A store that does so already, for the same keys, is left alone.
pub async fn begin(store: &Store, backups: &Backups) -> Result<(), Fault> {
    let (wanted, keys) = (backups.stream, keys_id(backups));
    let begun = store.read(|view| Ok((view.stream()?.is_some(), view.streaming_to()?))).await?;
    let is_so = if wanted { begun == (true, Some(keys)) } else { !begun.0 };
    if is_so {
        return Ok(());
    }
    store.set_streaming_to(wanted, keys).await
}

/// Pauses after what fails.
struct Pause {
    first: Duration,
    next: Duration,
    until: Option<Up>,
}

impl Pause {
    fn new(first: Duration) -> Self {
        Self { first, next: first, until: None }
    }

    fn is_over(&self, now: Up) -> bool {
        self.until.is_none_or(|until| now >= until)
    }

    fn note(&mut self, now: Up, went_well: bool) {
        if went_well {
            *self = Self::new(self.first);
        } else {
            self.until = Some(now.plus(self.next));
            self.next = (self.next * 2).min(AGAIN_AT_MOST);
        }
    }
}

/// Makes whole copies, and ships what changes, until the stop.
pub async fn run(engine: Engine) {
    let tidied = tokio::time::timeout(TIDYING, engine.keeper.tidy(&engine.store));
    let why = match engine.stop.run_until_cancelled(tidied).await {
        None => return,
        Some(Ok(Ok(()))) => None,
        Some(Ok(Err(error))) => Some(error.to_string()),
        Some(Err(late)) => Some(late.to_string()),
    };
    if let Some(why) = why {
        tracing::warn!(why, "what an earlier process left half done may still be in the backups' place");
    }
    tokio::join!(copy(&engine), stream(&engine));
}

async fn copy(engine: &Engine) {
    let born = engine.clock().now().up;
    let mut copier = Copier { born, pause: Pause::new(AGAIN), worry: Worry::new(Goes::Copies, born) };
    loop {
        if let Err(fault) = copier.look(engine).await {
            engine.pause_after("the look at the backups", &fault).await;
        }
        if engine.stop.run_until_cancelled(engine.clock().sleep(LOOK_EVERY)).await.is_none() {
            return;
        }
    }
}

struct Copier {
    born: Up,
    pause: Pause,
    worry: Worry,
}

impl Copier {
    async fn look(&mut self, engine: &Engine) -> Result<(), Fault> {
        if let Some(every) = engine.backups.every
            && self.is_due(engine, every).await?
        {
            let made = self.worry.meanwhile(engine, engine.keeper.full(&engine.store, &engine.stop)).await;
            if engine.stop.is_cancelled() {
                return Ok(());
            }
            let now = engine.clock().now().up;
            match &made {
                // It is as good as copies can be until a person mends the books.
                Err(KeepError::Kept { .. }) => self.pause.until = Some(now.plus(every)),
                Ok(_) | Err(_) => self.pause.note(now, made.is_ok()),
            }
            self.worry.trouble.note("the backup", made);
            self.worry.trouble.tell_if_refused(engine).await?;
        }
        self.worry.look(engine, "").await
    }

    async fn is_due(&mut self, engine: &Engine, every: Duration) -> Result<bool, Fault> {
        let (last, now) = (engine.store.read(View::backup_verified).await?, engine.clock().now());
        if !self.pause.is_over(now.up) {
            return Ok(false);
        }
        Ok(match last {
            Some(last) if age(last.began, now) >= every => true,
            // One that lies elsewhere is none of the place that is set now; who ships begins with one there.
            Some(last) => {
                let is_first = engine.backups.stream && now.up.since(self.born) < FIRST;
                last.place != engine.keeper.place_id() && !is_first
            }
            // A ledger that may not be backed up there is told of at once.
            None => now.up.since(self.born) >= FIRST || !self.worry.meanwhile(engine, may_copy(engine)).await,
        })
    }
}

async fn may_copy(engine: &Engine) -> bool {
    let may = engine.stop.run_until_cancelled(engine.keeper.may_copy(&engine.store)).await;
    !matches!(may, Some(Err(KeepError::Others { .. })))
}

/// Ships once more what was done while the service ended, as far as there is time before systemd's patience ends.
pub async fn end(keeper: &Keeper, store: &Store, is_streaming: bool) {
    if !is_streaming {
        return;
    }
    let go_on = tokio_util::sync::CancellationToken::new();
    let ship = async {
        let Some(stream) = store.stream().await? else { return Ok(true) };
        let follows = followed(&keeper.own(store).await?, &stream).is_some();
        if follows {
            keeper.ship(store, &go_on).await?;
        }
        Ok::<_, KeepError>(follows)
    };
    match tokio::time::timeout(LAST_WORDS, ship).await {
        Ok(Ok(true)) => {}
        Ok(Ok(false)) => {
            tracing::warn!("the last changes were not shipped: there is no copy that they follow");
        }
        Ok(Err(error)) => tracing::warn!(%error, "the last changes were not shipped to the backup"),
        Err(_) => tracing::warn!("the last changes were not shipped to the backup in time"),
    }
}

/// The copy that the next shipment follows.
fn followed(own: &[Kept], stream: &Stream) -> Option<Link> {
    let link = newest(own).and_then(Kept::link);
    link.filter(|link| link.goes_on(stream, newest_shipment(own, link.epoch)))
}

async fn stream(engine: &Engine) {
    if !engine.backups.stream {
        return;
    }
    let safe = engine.clock().now().up;
    let chain = Chain { link: None, pause: Pause::new(AGAIN_TO_SHIP) };
    let mut shipper = Shipper { chain, worry: Worry::new(Goes::Changes, safe) };
    loop {
        let began = engine.clock().now().up;
        if let Err(fault) = shipper.turn(engine).await {
            engine.pause_after("shipping changes", &fault).await;
        }
        let next = began.plus(SHIP_EVERY);
        if engine.stop.run_until_cancelled(engine.clock().sleep_until(next)).await.is_none() {
            return;
        }
    }
}

struct Shipper {
    chain: Chain,
    worry: Worry,
}

impl Shipper {
    async fn turn(&mut self, engine: &Engine) -> Result<(), Fault> {
        let began = engine.clock().now().up;
        let shipped = self.worry.meanwhile(engine, self.chain.ship(engine, began)).await;
        if engine.stop.is_cancelled() {
            return Ok(());
        }
        if let Some(shipped) = shipped.transpose() {
            if self.worry.trouble.note("shipping changes to the backup", shipped).is_some() {
                self.worry.safe = began;
                return Ok(());
            }
            self.worry.trouble.tell_if_refused(engine).await?;
        }
        self.worry.look(engine, "").await
    }
}

/// What shipments follow.
struct Chain {
    /// The copy, once we know that they do.
    link: Option<Link>,
    /// After copies that failed.
    pause: Pause,
}

impl Chain {
    /// Makes sure that there is a copy to follow, then ships; `None`: one that failed is not tried again yet. Not
    /// to be dropped at the stop: it ends by itself.
    async fn ship(&mut self, engine: &Engine, now: Up) -> Result<Option<()>, KeepError> {
        let Some(stream) = engine.store.stream().await? else { return Ok(Some(())) };
        if !self.link.is_some_and(|link| link.goes_on(&stream, None)) {
            let own = engine.stop.run_until_cancelled(engine.keeper.own(&engine.store)).await;
            let own = own.ok_or(KeepError::Stopped)??;
            self.link = match followed(&own, &stream) {
                Some(link) => Some(link),
                None if self.pause.is_over(now) => Some(self.begin(engine).await?),
                None => return Ok(None),
            };
        }
        engine.keeper.ship(&engine.store, &engine.stop).await.map(|_| Some(()))
    }

    /// A new chain, with its copy.
    async fn begin(&mut self, engine: &Engine) -> Result<Link, KeepError> {
        engine.store.stream_anew().await?;
        let made = engine.keeper.full(&engine.store, &engine.stop).await;
        self.pause.note(engine.clock().now().up, made.is_ok());
        Ok(Link::of(&made?.dumped))
    }
}
