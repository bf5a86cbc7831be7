//! Opening backups: the newest that is good is fetched, and a file is made of it beside the living one.

use super::beside::{Beside, Checked, unsealed};
use super::name::{Kept, Plan};
use super::room::Room;
use super::seal::{Key, SealError};
use super::spool::Spool;
use super::{KeepError, Keeper};
use crate::disk;
use crate::store::Loaded;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use std::time::Duration;

/// So many shipments are fetched side by side: there may be two thousand, each of them small.
const AT_ONCE: usize = 8;
/// A whole copy is a third of the file that it becomes, at least where customers write texts.
const PACKED: u64 = 3;

/// A backup that was brought back.
#[derive(Debug)]
pub struct Brought {
    /// Where the file is that was made of it.
    pub beside: Beside,
    /// The whole copy.
    pub full: Kept,
    /// What it is worth.
    pub checked: Checked,
    /// Newer copies that are damaged, from the newest on.
    pub passed: Vec<Passed>,
    /// How much older this is than what the newest of them would have given; `None`: it reaches as far.
    pub older: Option<Duration>,
}

/// A whole copy that is damaged.
#[derive(Debug)]
pub struct Passed {
    /// The copy.
    pub full: Kept,
    /// What is wrong with it.
    pub why: KeepError,
}

impl Keeper {
    /// Fetches what restores a state into a folder beside the living file, makes a file of it and audits it: the
    /// first of the plans whose whole copy is not damaged.
    ///
    /// # Errors
    /// Whatever is wrong with it, or that all of them are damaged; nothing was changed.
    ///
    /// # Panics
    /// Without a plan.
    pub async fn open(&self, plans: &[Plan], key: Option<&Key>) -> Result<Brought, KeepError> {
        let mut passed = Vec::new();
        for plan in plans {
            match self.open_one(plan, key.cloned()).await {
                Ok((beside, checked)) => {
                    let older = passed.first().and_then(|_| older(&plans[0], plan, &checked.loaded));
                    return Ok(Brought { beside, full: plan.full.clone(), checked, passed, older });
                }
                Err(why) if why.is_of_the_copy() => passed.push(Passed { full: plan.full.clone(), why }),
                Err(why) => return Err(why),
            }
        }
        let tried = passed.len();
        let why = passed.swap_remove(0).why;
        Err(if tried == 1 { why } else { KeepError::NoneGood { tried, why: Box::new(why) } })
    }

    async fn open_one(&self, plan: &Plan, key: Option<Key>) -> Result<(Beside, Checked), KeepError> {
        if plan.is_sealed() && key.is_none() {
            return Err(SealError::NoKey.into());
        }
        let (data_dir, min_free) = (self.data_dir.clone(), self.min_free);
        let needed = plan.size_bytes().saturating_add(plan.full.size_bytes.saturating_mul(PACKED));
        let begun = disk::wait(move || {
            let beside = Beside::take(&data_dir)?;
            Room { data_dir: &data_dir, min_free }.is_there(needed, None)?;
            let spool = Spool::new(beside.dir())?;
            Ok::<_, KeepError>((beside, spool))
        });
        let (beside, mut spool) = begun.await??;
        let mut part = |kept: &Kept| (kept.to_string(), spool.part(kept.size_bytes), kept.is_sealed);
        let (name, full, is_sealed) = part(&plan.full);
        let changes: Vec<_> = plan.changes.iter().map(part).collect();
        self.place.fetch(&name, &full).await?;
        let each: Vec<_> = changes.iter().map(|(name, part, _)| self.place.fetch(name, part)).collect();
        stream::iter(each).buffer_unordered(AT_ONCE).try_collect::<()>().await?;
        let changes: Vec<_> = changes.into_iter().map(|(_, part, is_sealed)| (part, is_sealed)).collect();
        let opened = disk::wait(move || {
            let full = unsealed(full, is_sealed, key.as_ref())?;
            let checked = beside.open(full, changes, key.as_ref())?;
            Ok((beside, checked))
        });
        opened.await?
    }
}

/// Of the newest we know when its last shipment was written, and when its copy was begun.
fn older(newest: &Plan, taken: &Plan, loaded: &Loaded) -> Option<Duration> {
    let (last, end) = (newest.changes.last(), taken.changes.last());
    if end.is_some() && last == end && loaded.stopped.is_none() {
        return None;
    }
    let reached = newest.full.begun().max(last.and_then(|last| last.written));
    Some(reached.map_or(Duration::ZERO, |at| at.since(loaded.at)))
}
