//! What goes wrong, and when: spells of a bad network, clocks that are set, disks that fail, floods.

use super::notes::Notes;
use super::tally::Kind;
use super::world::World;
use crate::sandbox::disk::Trouble;
use crate::sandbox::telegram::{Fault, Misbehaviour};
use crate::simulate::dice::Dice;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// So many bad moments of Telegram may wait for their calls. With more, a start that asks who the bot
/// is only every half minute would meet them one by one for hours.
const BAD_MOMENTS: usize = 12;

/// How bad the network is.
#[derive(Debug, Default)]
pub(super) struct Weather {
    percent: AtomicU64,
    over: AtomicBool,
}

/// What becomes of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Well,
    NotSent,
    RequestLost,
    AnswerLost,
    Broke,
    Page,
    Late,
    Twice,
    Slow,
}

const FATES: [(u64, Fate); 7] = [
    (4, Fate::NotSent),
    (3, Fate::RequestLost),
    (3, Fate::AnswerLost),
    (3, Fate::Broke),
    (4, Fate::Page),
    (2, Fate::Late),
    (6, Fate::Slow),
];

impl Weather {
    /// What becomes of the next request; only what comes to us may come twice.
    pub(super) fn fate(&self, dice: &mut Dice, inbound: bool) -> Fate {
        if !dice.percent(self.percent.load(Ordering::Relaxed)) {
            return Fate::Well;
        }
        if inbound && dice.percent(25) {
            return Fate::Twice;
        }
        *dice.weighed(&FATES)
    }

    /// From now on all goes well.
    pub(super) fn clears_up(&self) {
        self.over.store(true, Ordering::Relaxed);
        self.percent.store(0, Ordering::Relaxed);
    }

    pub(super) fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }
}

const SPELLS: [(u64, u64); 5] = [(8, 0), (6, 3), (4, 10), (2, 30), (1, 80)];

/// Makes the weather until it clears up.
pub(super) async fn make(world: World, mut dice: Dice) {
    while !world.weather.is_over() {
        world.weather.percent.store(*dice.weighed(&SPELLS), Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(dice.between(1_000, 25_000))).await;
        if world.weather.is_over() {
            return;
        }
        match dice.roll(12) {
            0 | 1 => jump(&world, &mut dice),
            2 | 3 => trouble(&world, &mut dice).await,
            4..=7 => telegram(&world, &mut dice),
            _ => {}
        }
    }
}

/// Somebody sets the machine's clock.
fn jump(world: &World, dice: &mut Dice) {
    let by_ms = i64::try_from(dice.between(1_000, 5 * 3_600_000)).expect("a few hours");
    let (kind, by_ms) =
        if dice.percent(50) { (Kind::ClockForward, by_ms) } else { (Kind::ClockBack, -by_ms) };
    if world.set_clock(by_ms) {
        world.notes.count(kind);
    }
}

/// The disk fails for a while.
async fn trouble(world: &World, dice: &mut Dice) {
    let (kind, trouble) = match dice.roll(4) {
        0 => (Kind::DiskFull, Trouble::Full),
        1 => (Kind::DiskFull, Trouble::FullForAll),
        2 => (Kind::DiskReadOnly, Trouble::ReadOnly),
        _ => (Kind::DiskBroken, Trouble::Broken { after: dice.roll(30) }),
    };
    world.notes.count(kind);
    world.disk.trouble(trouble);
    tokio::time::sleep(Duration::from_millis(dice.between(50, 4_000))).await;
    world.disk.mend();
}

/// Telegram has a bad moment.
fn telegram(world: &World, dice: &mut Dice) {
    let (kind, how) = match dice.roll(6) {
        0 | 1 => (Kind::Flood, Misbehaviour::TooMany { retry_after_s: flood_s(dice) }),
        2 => (Kind::TelegramError, Misbehaviour::ServerError),
        3 => (Kind::TelegramError, Misbehaviour::Garbage),
        4 => (Kind::TelegramHalf, Misbehaviour::HalfJson),
        _ => (Kind::TelegramHalf, Misbehaviour::BreakAfter),
    };
    let times = u32::try_from(dice.between(1, 3)).expect("a few");
    let fault = Fault { method: None, chat: None, after: 0, times, how };
    world.worlds.telegram.act(|telegram, _| {
        if telegram.faults().len() < BAD_MOMENTS {
            telegram.script(fault);
            world.notes.count(kind);
        }
    });
}

fn flood_s(dice: &mut Dice) -> u32 {
    u32::try_from(dice.between(1, 8)).expect("seconds")
}

/// Notes of the weather's own kind for one request.
pub(super) fn note(notes: &Notes, fate: Fate) {
    notes.count(match fate {
        Fate::Well => return,
        Fate::NotSent => Kind::NotSent,
        Fate::RequestLost => Kind::RequestLost,
        Fate::AnswerLost => Kind::AnswerLost,
        Fate::Broke => Kind::Broke,
        Fate::Page => Kind::Page,
        Fate::Late => Kind::Late,
        Fate::Twice => Kind::Twice,
        Fate::Slow => Kind::Overtaken,
    });
}
