//! The cuts: which there are in a commit, and what must be true of the file after each.

use super::service::{Committed, Service, Step};
use crate::ids::UpdateId;
use crate::message::Urgency;
use crate::sandbox::disk::{Disk, Operation};
use crate::simulate::dice::Dice;
use crate::store::Store;
use crate::time::{At, Clock};
use std::fmt;
use std::fs;

/// Before each sync so many cuts, each decided anew.
const BEFORE_SYNC: u64 = 2;
/// Of so many cuts one is followed by a second while the service starts again.
const AGAIN: u64 = 4;
/// After one of so many the service goes on writing.
const GOES_ON: u64 = 8;
/// One of so many is opened from a real file, the way the service does it.
const REAL: u64 = 100;
/// A start reads less than one part in so many of a file, once the file is [`LARGE`].
const READS: u64 = 3;
const LARGE: u64 = 512 * 1024;

pub(super) type Print = [u8; 32];

/// Where in a commit the power goes.
#[derive(Clone, Copy, Debug)]
enum Place {
    BeforeSync,
    AfterSync,
    Random,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BeforeSync => "just before a sync",
            Self::AfterSync => "just after a sync",
            Self::Random => "at a random place",
        })
    }
}

/// What was done and found so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    pub(super) sync_points: u64,
    pub(super) at_syncs: u64,
    pub(super) random: u64,
    pub(super) second: u64,
    pub(super) went_on: u64,
    pub(super) real_files: u64,
    pub(super) found_before: u64,
    pub(super) found_after: u64,
    /// How long the file was at most, and how much of that a start read at most.
    pub(super) largest: (u64, u64),
}

impl Tally {
    pub(super) fn cuts(&self) -> u64 {
        self.at_syncs + self.random
    }
}

/// Cuts the power under commits.
pub(super) struct Cuts {
    pub(super) seed: u64,
    /// The only cut to be made, to see one again.
    pub(super) only: Option<u64>,
    pub(super) tally: Tally,
}

/// A commit that is to be cut, and what the file says before and after it.
pub(super) struct Target<'a> {
    pub(super) number: u64,
    pub(super) commit: &'a Committed,
    pub(super) before: Print,
    pub(super) after: Print,
}

impl Target<'_> {
    /// What the file may say when so much of the commit was done.
    fn allowed(&self, done: usize) -> &'static [Side] {
        if self.commit.answered <= done { &[Side::After] } else { &[Side::Before, Side::After] }
    }

    fn side(&self, print: &Print) -> Option<Side> {
        // Acts that change nothing leave no difference: they are there either way.
        if *print == self.after { Some(Side::After) } else { (*print == self.before).then_some(Side::Before) }
    }
}

/// What a file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    /// Nothing of the commit.
    Before,
    /// All of it.
    After,
}

impl Cuts {
    /// Cuts at every sync of a commit and at `random` more places.
    pub(super) fn through(&mut self, target: &Target<'_>, random: u64) -> Result<(), String> {
        let record = &target.commit.record;
        let mut places = Vec::new();
        for (index, _) in record.iter().enumerate().filter(|(_, operation)| **operation == Operation::Sync) {
            self.tally.sync_points += 1;
            places.extend((0..BEFORE_SYNC).map(|_| (index, Place::BeforeSync)));
            places.push((index + 1, Place::AfterSync));
        }
        let mut dice = dice(self.seed, target.number);
        places.extend((0..random).map(|_| (index(&mut dice, record.len() + 1), Place::Random)));
        places.sort_by_key(|(done, _)| *done);
        let walker = target.commit.before.fork();
        let mut done = 0;
        for (until, place) in places {
            replay(&walker, &record[done..until])?;
            done = until;
            match place {
                Place::BeforeSync | Place::AfterSync => self.tally.at_syncs += 1,
                Place::Random => self.tally.random += 1,
            }
            let number = self.tally.cuts();
            if self.only.is_none_or(|only| only == number) {
                let disk = walker.fork();
                self.cut(&disk, target, done, number).map_err(|why| {
                    let (acts, many) = (target.commit.names.join(" "), record.len());
                    let kept = keep(&disk, number);
                    format!(
                        "cut {number}, {place}, {done} of {many} operations into commit {} ({acts}): {why}\n\
                         see it again with --seed {} --only {number} and the same --cuts{kept}",
                        target.number, self.seed
                    )
                })?;
            }
        }
        Ok(())
    }

    fn cut(&mut self, disk: &Disk, target: &Target<'_>, done: usize, number: u64) -> Result<(), String> {
        let mut dice = dice(self.seed ^ 0x5EED, number);
        disk.cut(&mut |below| dice.roll(below));
        let found = disk.fork();
        let start = disk.fork();
        start.record();
        let side = self.starts(&start, target, target.allowed(done))?;
        match side {
            Side::Before => self.tally.found_before += 1,
            Side::After => self.tally.found_after += 1,
        }
        if number.is_multiple_of(AGAIN) {
            self.second(&found, &start.recorded(), target, side, &mut dice)?;
        }
        if number.is_multiple_of(GOES_ON) {
            self.tally.went_on += 1;
            goes_on(&found, &mut dice)?;
        }
        if number.is_multiple_of(REAL) {
            self.tally.real_files += 1;
            let print = real_file(&found)?;
            is_one_of(target, &print, &[side]).map_err(|why| format!("from a real file, {why}"))?;
        }
        Ok(())
    }

    /// The service starts on this disk: it opens, says what it may say, and the books are right.
    fn starts(&mut self, disk: &Disk, target: &Target<'_>, allowed: &[Side]) -> Result<Side, String> {
        let length = disk.file_bytes();
        let service = Service::open(disk, &new_clock())?;
        let read = disk.counts().read_bytes;
        self.tally.largest = self.tally.largest.max((length, read));
        // A build with its assertions on has redb walk all pages at every start.
        if !cfg!(debug_assertions) && length >= LARGE && read > length / READS {
            return Err(format!(
                "the start read {read} bytes of {length}: it was a repair of the whole file"
            ));
        }
        let view = service.view()?;
        let print = view.fingerprint().map_err(|fault| fault.to_string())?;
        let side = is_one_of(target, &print, allowed)?;
        sound(&service)?;
        Ok(side)
    }

    /// The power goes again while the service starts on what the first cut left.
    fn second(
        &mut self,
        found: &Disk,
        start: &[Operation],
        target: &Target<'_>,
        side: Side,
        dice: &mut Dice,
    ) -> Result<(), String> {
        self.tally.second += 1;
        let disk = found.fork();
        replay(&disk, &start[..index(dice, start.len() + 1)])?;
        disk.cut(&mut |below| dice.roll(below));
        // What was seen once is not gone the next time.
        self.starts(&disk, target, &[side]).map(drop).map_err(|why| format!("after a second cut, {why}"))
    }
}

fn is_one_of(target: &Target<'_>, print: &Print, allowed: &[Side]) -> Result<Side, String> {
    match target.side(print) {
        Some(side) if allowed.contains(&side) || target.before == target.after => Ok(side),
        Some(Side::Before) => Err("what was acknowledged is gone".to_owned()),
        Some(Side::After) => Err("the commit came back that was gone".to_owned()),
        None => Err("the file is neither as before the commit nor as after it".to_owned()),
    }
}

/// The whole audit.
pub(super) fn sound(service: &Service) -> Result<(), String> {
    let report = service.view()?.audit().map_err(|fault| format!("the audit cannot read it: {fault}"))?;
    if report.ok {
        return Ok(());
    }
    let broken: Vec<_> = report.rules.iter().filter(|rule| !rule.ok).collect();
    Err(format!("the audit fails: {broken:?}"))
}

/// The file takes new commits after a cut, and they survive the next one.
fn goes_on(found: &Disk, dice: &mut Dice) -> Result<(), String> {
    let disk = found.fork();
    let mut service = Service::open(&disk, &new_clock())?;
    for number in 0..3 {
        let update = UpdateId(1_000_000_000 + number);
        let act = Box::new(move |tx: &mut crate::store::Tx<'_>| {
            tx.receive(1, update, Urgency::Usual, b"{}").map(drop)
        });
        service.commit(vec![Step { name: "receive", act }]).map_err(|why| format!("going on, {why}"))?;
    }
    let print = service.view()?.fingerprint().map_err(|fault| fault.to_string())?;
    disk.cut(&mut |below| dice.roll(below));
    let service = Service::open(&disk, &new_clock())?;
    let again = service.view()?.fingerprint().map_err(|fault| fault.to_string())?;
    if again != print {
        return Err("what was committed after the cut was gone after the next one".to_owned());
    }
    sound(&service)
}

/// Opens the file as the service does: nothing in it may need mending.
fn real_file(found: &Disk) -> Result<Print, String> {
    let io = |error: std::io::Error| format!("a real file: {error}");
    let dir = tempfile::tempdir().map_err(io)?;
    fs::write(dir.path().join("samovar.redb"), found.contents()).map_err(io)?;
    let (store, _engine) = Store::open(dir.path(), new_clock()).map_err(|error| error.to_string())?;
    let view = store.view().map_err(|fault| fault.to_string())?;
    let files = fs::read_dir(dir.path()).map_err(io)?.count();
    if files != 1 {
        return Err("the service found the file damaged and mended it".to_owned());
    }
    view.fingerprint().map_err(|fault| fault.to_string())
}

/// The dice of number `number` of a run, so that one can be seen again without the others.
pub(super) fn dice(seed: u64, number: u64) -> Dice {
    Dice::new(seed ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15))
}

/// A place among so many.
pub(super) fn index(dice: &mut Dice, below: usize) -> usize {
    let below = u64::try_from(below).expect("a count in memory");
    usize::try_from(dice.roll(below)).expect("below one that fits")
}

/// Does to a disk what a record says.
pub(super) fn replay(disk: &Disk, record: &[Operation]) -> Result<(), String> {
    record.iter().try_for_each(|operation| disk.apply(operation)).map_err(|error| error.to_string())
}

/// Another process's clock.
fn new_clock() -> Clock {
    Clock::simulated(At(1_795_440_000_000))
}

/// Keeps a file that failed, to look into it.
fn keep(disk: &Disk, number: u64) -> String {
    let path = std::env::temp_dir().join(format!("samovar-cut-{number}.redb"));
    match fs::write(&path, disk.contents()) {
        Ok(()) => format!("; the file is {}", path.display()),
        Err(error) => format!("; the file could not be kept: {error}"),
    }
}
