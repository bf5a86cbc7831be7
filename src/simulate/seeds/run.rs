//! One seed from its first customer to its verdict.

use super::judge;
use super::life::{self, End, Life, Side};
use super::notes::Notes;
use super::payers::{self, Decided};
use super::people::{self, Paid};
use super::tally::{Kind, Tally};
use super::weather;
use super::world::World;
use crate::panics;
use crate::simulate::dice::Dice;
use crate::store::Store;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::PoisonError;
use std::time::Duration;
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

/// Each seed has at least so many acts of customers, and so many crashes.
const ACTS: u64 = 220;
const CRASHES: u64 = 3;
/// By then everything must be worked off.
const PATIENCE: Duration = Duration::from_secs(3 * 3600);

/// No seed lasts longer, by its own clock.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// What came of a seed.
pub(super) struct Outcome {
    pub(super) tally: Tally,
    pub(super) hash: String,
    /// What did not hold.
    pub(super) broken: Option<String>,
}

/// Runs one seed. The same seed gives the same hash.
pub(super) fn run(seed: u64, print: bool) -> Outcome {
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
    runtime.block_on(async {
        let notes = Notes::new(print);
        let played = tokio::spawn(tokio::time::timeout(LONGEST, play(notes.clone(), seed))).await;
        let broken = match played {
            Ok(Ok(verdict)) => verdict.err(),
            Ok(Err(_)) => Some("it does not come to an end".to_owned()),
            Err(error) => Some(match error.try_into_panic() {
                Ok(panic) => format!("a panic: {}", panics::words(panic.as_ref())),
                Err(error) => error.to_string(),
            }),
        };
        Outcome { tally: notes.tally(), hash: notes.hash(), broken }
    })
}

/// The whole of it on a thread that outlives a panic of the runtime's own.
pub(super) fn run_caught(seed: u64, print: bool) -> Outcome {
    catch_unwind(AssertUnwindSafe(|| run(seed, print))).unwrap_or_else(|panic| Outcome {
        tally: Tally::default(),
        hash: String::new(),
        broken: Some(format!("a panic: {}", panics::words(panic.as_ref()))),
    })
}

async fn play(notes: Notes, seed: u64) -> Result<(), String> {
    let mut dice = Dice::new(seed);
    let mut others = JoinSet::new();
    let world = World::new(notes.clone(), &mut dice, &mut others);
    people::teach(&world);
    let mut customers = JoinSet::new();
    let people = people::come(&world, &mut dice, ACTS, &mut customers);
    let paid = Paid::default();
    customers.spawn(people::pay(world.clone(), dice.fork(), people, paid.clone()));
    let decided = Decided::default();
    customers.spawn(payers::pay(world.clone(), dice.fork(), people, decided.clone()));
    let weather = tokio::spawn(weather::make(world.clone(), dice.fork()));
    let mut crashes = 0;
    let wanted = dice.between(CRASHES, CRASHES + 3);
    while crashes < wanted || !customers.is_empty() {
        let end = plan(&mut dice, crashes < wanted);
        crashes += u64::from(one_life(&world, &mut dice, end, &mut customers).await?);
    }
    world.weather.clears_up();
    weather.await.map_err(|error| error.to_string())?;
    world.disk.mend();
    // Telegram's list is only compared up to now, as the machine's clock has it.
    world.set_clock_right();
    let (mut last, _crash) = Life::begin(&world, &mut dice, End::Never).await?;
    let store = last.store.clone();
    tokio::select! {
        biased;
        () = last.panicked() => unreachable!("its writer waits for ever"),
        settled = settle(&world, &store) => settled?,
    }
    let paid = paid.lock().unwrap_or_else(PoisonError::into_inner).clone();
    judge::judge(&world, &store, people, &paid, &decided)?;
    drop(store);
    last.stop(&world, &mut dice).await;
    let tally = notes.tally();
    if tally.acts() < 200 || tally.crashes() < CRASHES {
        return Err(format!("only {} acts and {} crashes", tally.acts(), tally.crashes()));
    }
    Ok(())
}

/// How the next life ends. Once there were enough crashes a life goes on until the customers are gone.
fn plan(dice: &mut Dice, crash: bool) -> End {
    if !crash {
        return End::Stopped(Duration::from_secs(dice.between(20, 90)));
    }
    let after = Duration::from_millis(dice.between(300, 30_000));
    match dice.roll(10) {
        0 => End::Stopped(after),
        1 => End::Killed(after),
        2..=4 => End::Crash(dice.between(1, 60), Side::Before),
        5..=7 => End::Crash(dice.between(1, 60), Side::Inside(dice.roll(14))),
        _ => End::Crash(dice.between(1, 60), Side::After),
    }
}

/// Lives one life; true when it ended in a crash.
async fn one_life(
    world: &World,
    dice: &mut Dice,
    end: End,
    customers: &mut JoinSet<()>,
) -> Result<bool, String> {
    let (mut life, crash) = start(world, dice, end).await?;
    let time = match end {
        End::Killed(after) | End::Stopped(after) => after,
        End::Crash(..) | End::Never => Duration::from_secs(3_600),
    };
    let side = tokio::select! {
        biased;
        crashed = crash => crashed.ok(),
        () = life.panicked() => unreachable!("its writer waits for ever"),
        () = tokio::time::sleep(time) => None,
    };
    let stopped = side.is_none() && matches!(end, End::Stopped(_));
    if stopped {
        life.stop(world, dice).await;
        world.notes.count(Kind::CleanStop);
    } else {
        life.cut(world, dice).await;
        side.map_or_else(|| world.notes.count(Kind::CrashBetween), |side| life::note(&world.notes, side));
    }
    while let Some(one) = customers.try_join_next() {
        one.map_err(|error| format!("a customer: {error}"))?;
    }
    tokio::time::sleep(Duration::from_millis(dice.roll(8_000))).await;
    Ok(!stopped)
}

/// Starts a life. A process that finds its disk failing is started again until it finds it well.
async fn start(world: &World, dice: &mut Dice, end: End) -> Result<(Life, oneshot::Receiver<Side>), String> {
    loop {
        world.disk.mend();
        match Life::begin(world, dice, end).await {
            Err(_) if !world.disk.is_well() => {}
            begun => return begun,
        }
    }
}

async fn settle(world: &World, store: &Store) -> Result<(), String> {
    let settled = async {
        while !judge::is_settled(world, store) {
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, settled).await;
    waited.map_err(|_| {
        format!("not worked off in {} h: {}", PATIENCE.as_secs() / 3600, judge::left(world, store))
    })
}
