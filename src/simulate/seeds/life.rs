//! One life of the service: from opening the file on the simulated disk to a crash or a clean stop.

use super::notes::Notes;
use super::tally::Kind;
use super::world::World;
use crate::app::Service;
use crate::message::{About, Priority};
use crate::sandbox::disk::{Disk, Trouble};
use crate::simulate::dice::Dice;
use crate::store::{Answers, Batch, Engine, Store};
use crate::workers::stars;
use futures_util::FutureExt;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// How a life is to end.
#[derive(Clone, Copy, Debug)]
pub(super) enum End {
    /// At its so-manieth commit.
    Crash(u64, Side),
    /// The process is killed after so long, wherever it is.
    Killed(Duration),
    /// The operator stops it after so long.
    Stopped(Duration),
    /// When everything is worked off.
    Never,
}

/// On which side of a commit the power fails.
#[derive(Clone, Copy, Debug)]
pub(super) enum Side {
    /// Nothing of the commit reached the disk.
    Before,
    /// After so many calls of the disk.
    Inside(u64),
    /// It is on disk and nobody was told.
    After,
}

/// A running life.
pub(super) struct Life {
    pub(super) store: Store,
    token: CancellationToken,
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

impl Life {
    /// Starts the service on what the disk has; gives it with the news of its planned crash.
    ///
    /// # Errors
    /// Why it does not start: on a disk that works that is a find.
    pub(super) async fn begin(
        world: &World,
        dice: &mut Dice,
        end: End,
    ) -> Result<(Self, oneshot::Receiver<Side>), String> {
        let clock = world.machine_clock();
        let disk = world.disk.clone();
        let opened = Store::open_on(move || Ok(disk.backend()), clock.clone());
        let (store, engine) = opened.map_err(|error| format!("the file does not open: {error}"))?;
        let report =
            store.view().and_then(|view| view.audit()).map_err(|fault| format!("the audit: {fault}"))?;
        if !report.ok {
            return Err(format!("the audit fails at a start: {:?}", report.rules));
        }
        note_results_under_way(world, &store)?;
        let (crashed, crash) = oneshot::channel();
        let (token, stop) = (CancellationToken::new(), CancellationToken::new());
        let mut tasks = JoinSet::new();
        let driver = Driver {
            disk: world.disk.clone(),
            notes: world.notes.clone(),
            dice: dice.fork(),
            plan: if let End::Crash(at, side) = end { Some((at, side)) } else { None },
        };
        tasks.spawn(driver.drive(engine, crashed));
        seed_the_key(&store, dice).await?;
        let assembled =
            Service::assemble(world.settings.clone(), World::keys(), store.clone(), world.seams(&clock))
                .await;
        let service = assembled.map_err(|error| format!("the service does not start: {error}"))?;
        world.gate.open(service.router(), token.clone());
        world.lives(Some((clock, store.clone())));
        let stopped = stop.clone();
        tasks.spawn(service.run(JoinSet::new(), stopped));
        Ok((Self { store, token, stop, tasks }, crash))
    }

    /// Throws it away, as a power cut does.
    pub(super) async fn cut(mut self, world: &World, dice: &mut Dice) {
        world.gate.close();
        world.lives(None);
        self.token.cancel();
        drop(self.store);
        self.tasks.shutdown().await;
        world.disk.mend();
        world.disk.cut(&mut |below| dice.roll(below));
    }

    /// Stops it as systemd does.
    pub(super) async fn stop(mut self, world: &World, dice: &mut Dice) {
        self.stop.cancel();
        // The service's own end: at most 23 s of grace.
        self.tasks.join_next().await.expect("two tasks").expect("no panic");
        self.cut(world, dice).await;
    }

    /// Panics of the service are ours.
    pub(super) async fn panicked(&mut self) {
        while let Some(ended) = self.tasks.join_next().await {
            ended.expect("the service and its writer run on");
        }
    }
}

/// Results that may have gone without a note: each may come once more.
fn note_results_under_way(world: &World, store: &Store) -> Result<(), String> {
    let view = store.view().map_err(|fault| fault.to_string())?;
    for priority in [Priority::Result, Priority::Reply] {
        let rows = view.outbox(priority as u8, None, usize::MAX).map_err(|fault| fault.to_string())?;
        for (_, row) in rows {
            let row = row.map_err(|fault| format!("an outbox row: {fault}"))?;
            if let About::Result(job) | About::Ending(job) = row.outgoing.about {
                world.notes.unheard(job.0);
            }
        }
    }
    Ok(())
}

/// The simulation's own act at each start.
const SEED_KEY: &str = "seed-key";

/// The service's own key is drawn by the system, so it is put back by the seed: addresses and codes
/// depend on it. It is the same in all lives.
async fn seed_the_key(store: &Store, dice: &mut Dice) -> Result<(), String> {
    let key = dice.bytes::<32>();
    let put = store.write(SEED_KEY, move |tx| {
        if tx.note::<bool>("simulated_key")?.is_some() {
            return Ok(());
        }
        tx.put_note("simulated_key", &true)?;
        tx.put_note("server_key", &key)
    });
    put.await.map_err(|fault| format!("the key: {fault}"))
}

/// Drives the store's writer in the place of its thread.
struct Driver {
    disk: Disk,
    notes: Notes,
    dice: Dice,
    plan: Option<(u64, Side)>,
}

impl Driver {
    async fn drive(mut self, mut engine: Engine, crashed: oneshot::Sender<Side>) {
        let mut commits = 0;
        let mut closed = false;
        loop {
            let batch = tokio::select! {
                biased;
                batch = engine.take_async() => batch,
                () = tokio::time::sleep(Duration::from_millis(200)), if closed => {
                    closed = engine.reopen().is_err();
                    continue;
                }
            };
            let Some(batch) = batch else { return };
            tokio::time::sleep(Duration::from_micros(self.dice.between(100, 4_000))).await;
            // The start is not over yet: nobody would hear of a crash.
            let started = !batch.names().any(|name| [SEED_KEY, stars::BEGIN].contains(&name));
            commits += u64::from(started);
            let side = self.plan.filter(|(at, _)| started && commits >= *at).map(|(_, side)| side);
            let Some(side) = side else {
                closed = self.commit(&mut engine, batch) || closed;
                continue;
            };
            // Held until the life is thrown away: nobody hears what became of these acts.
            let held = self.last(&mut engine, batch, side);
            if crashed.send(side).is_err() {
                self.notes.event(format_args!("the life was being thrown away already"));
            }
            return std::future::pending::<()>().map(|()| drop(held)).await;
        }
    }

    /// An ordinary commit; true when the disk failed.
    fn commit(&self, engine: &mut Engine, batch: Batch) -> bool {
        let names: Vec<&str> = batch.names().collect();
        self.notes.event(format_args!("commit {}", names.join(" ")));
        let answers = engine.commit(batch);
        let failed = answers.disk_failed();
        answers.send();
        failed
    }

    /// The last commit of this life, and what nobody must hear of.
    fn last(&self, engine: &mut Engine, batch: Batch, side: Side) -> (Option<Batch>, Option<Answers>) {
        self.notes
            .event(format_args!("last commit {} {side:?}", batch.names().collect::<Vec<_>>().join(" ")));
        match side {
            Side::Before => (Some(batch), None),
            Side::Inside(after) => {
                self.disk.trouble(Trouble::Broken { after });
                (None, Some(engine.commit(batch)))
            }
            Side::After => (None, Some(engine.commit(batch))),
        }
    }
}

/// Counts the end of a life.
pub(super) fn note(notes: &Notes, side: Side) {
    notes.count(match side {
        Side::Before => Kind::CrashBefore,
        Side::Inside(_) => Kind::CrashInside,
        Side::After => Kind::CrashAfter,
    });
}
