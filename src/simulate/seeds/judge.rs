//! Whether all is as it must be once everything is worked off: the file against itself (the audit),
//! and against what Telegram, KIE and whoever paid saw.

use super::money;
use super::notes::Notes;
use super::payers::Decided;
use super::people::FIRST;
use super::tally::Kind;
use super::world::{BONUS, BOT_ID, World};
use crate::catalog::input::Value;
use crate::ids::{JobId, UpdateId, UserId};
use crate::job::{State, Why};
use crate::ledger::Account;
use crate::money::Kopecks;
use crate::sandbox::{kie, telegram};
use crate::store::{Delivery, Fault, Job, Store, View};
use std::collections::{BTreeMap, BTreeSet};

/// What was found.
type Verdict = Result<(), String>;

fn faulty(fault: &Fault) -> String {
    format!("a row cannot be read: {fault}")
}

/// All jobs there ever were.
fn jobs(view: &View) -> Result<Vec<Job>, Fault> {
    let last = view.last_job()?.map_or(0, |id| id.0);
    (1..=last).map(|id| view.job(JobId(id)).map(|job| job.expect("numbers without gaps"))).collect()
}

/// True once nothing waits any more.
pub(super) fn is_settled(world: &World, store: &Store) -> bool {
    let look = || -> Result<bool, Fault> {
        let view = store.view()?;
        let waits = view.inbox_depth()? + view.outbox_depth()?;
        let open = |job: &Job| !job.row.state.is_final() || job.row.delivery == Delivery::Waiting;
        let all_came = money::unsettled(world, &view)?.is_none();
        Ok(waits == 0 && !jobs(&view)?.iter().any(open) && all_came)
    };
    world.worlds.telegram.look(telegram::World::pending_updates) == 0 && look().unwrap_or(false)
}

/// Judges the end of a run.
pub(super) fn judge(
    world: &World,
    store: &Store,
    people: u64,
    paid: &BTreeMap<i64, i64>,
    decided: &Decided,
) -> Verdict {
    let view = store.view().map_err(|fault| faulty(&fault))?;
    let report = view.audit().map_err(|fault| faulty(&fault))?;
    if !report.ok {
        return Err(format!("the audit fails at the end: {:?}", report.rules));
    }
    let jobs = jobs(&view).map_err(|fault| faulty(&fault))?;
    updates(world, &view)?;
    let came = money::judge(world, &view, decided)?;
    wallets(&view, &jobs, people, [paid, &came])?;
    tasks(world, &jobs)?;
    let key: [u8; 32] = view.note("server_key").map_err(|fault| faulty(&fault))?.ok_or("no key")?;
    told(world, &jobs, &key)?;
    count(&world.notes, &jobs);
    Ok(())
}

/// Every update that was answered with 200 or confirmed is known, and was handled or put aside once.
fn updates(world: &World, view: &View) -> Verdict {
    let taken: BTreeSet<i64> = world.worlds.telegram.look(|telegram| {
        let taken = telegram.receipts().iter().filter(|(_, receipt)| receipt.ok > 0 || receipt.confirmed);
        taken.map(|(id, _)| *id).collect()
    });
    for id in taken {
        let update = UpdateId(u64::try_from(id).map_err(|_| format!("update {id}"))?);
        if view.seen(BOT_ID, update).map_err(|fault| faulty(&fault))?.is_none() {
            return Err(format!("update {id} was acknowledged and is lost"));
        }
    }
    let parked = view.parked(10).map_err(|fault| faulty(&fault))?;
    if let Some(row) = parked.first() {
        return Err(format!("an update was put aside: {row:?}"));
    }
    Ok(())
}

/// Every wallet holds what was put on it and what was paid, less what was sold; nothing is held.
fn wallets(view: &View, jobs: &[Job], people: u64, paid: [&BTreeMap<i64, i64>; 2]) -> Verdict {
    let mut charged: BTreeMap<i64, i64> = BTreeMap::new();
    for job in jobs.iter().filter(|job| matches!(job.row.state, State::Done { .. })) {
        *charged.entry(job.row.user.0).or_default() += job.row.price.get();
    }
    let last = FIRST + i64::try_from(people).map_err(|error| error.to_string())?;
    for id in FIRST..last {
        let user = UserId(id);
        let account = view.account(Account::User(user)).map_err(|fault| faulty(&fault))?;
        let known = view.user(user).map_err(|fault| faulty(&fault))?.is_some();
        let bonus = if known { BONUS } else { 0 };
        let came = paid.iter().map(|paid| paid.get(&id).copied().unwrap_or(0)).sum::<i64>();
        let expected = bonus + came - charged.get(&id).copied().unwrap_or(0);
        let counters = account.counters;
        let (available, held) = (counters.available().map(Kopecks::get), counters.held().get());
        if available != Some(expected) || held != 0 {
            return Err(format!(
                "customer {id} has {available:?} kopecks and {held} held, not {expected} and none"
            ));
        }
    }
    Ok(())
}

/// What customers write has a number that nobody else's has.
const MARK: &str = "№";

fn prompt(job: &Job) -> Option<&str> {
    job.row.input.values().find_map(|value| match value {
        Value::Text(text) if text.contains(MARK) => Some(text.as_str()),
        Value::Text(_) | Value::Boolean(_) | Value::Integer(_) | Value::Number(_) | Value::Files(_) => None,
    })
}

/// KIE made at most one task for each order, and a result is sold only for a task that succeeded.
fn tasks(world: &World, jobs: &[Job]) -> Verdict {
    let mut ordered: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for job in jobs {
        let Some(prompt) = prompt(job) else { continue };
        let of = ordered.entry(prompt).or_default();
        of.0 += 1;
        of.1 += u64::from(matches!(job.row.state, State::Done { .. } | State::Late { .. }));
    }
    world.worlds.kie.look(|kie| {
        let mut made: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
        let mut by_job: BTreeMap<&str, u64> = BTreeMap::new();
        for task in kie.tasks().values() {
            let words = task.input.as_object().into_iter().flat_map(|fields| fields.values());
            if let Some(prompt) = words.filter_map(|word| word.as_str()).find(|word| word.contains(MARK)) {
                let of = made.entry(prompt).or_default();
                of.0 += 1;
                of.1 += u64::from(task.state == kie::State::Success);
            }
            if let Some(url) = &task.callback_url {
                *by_job.entry(url.rsplit('/').nth(1).unwrap_or_default()).or_default() += 1;
            }
        }
        if let Some((job, tasks)) = by_job.iter().find(|(_, tasks)| **tasks > 1) {
            return Err(format!("job {job} was ordered {tasks} times from KIE"));
        }
        for (prompt, (tasks, successes)) in &made {
            let (orders, results) = ordered.get(prompt).copied().unwrap_or_default();
            if *tasks > orders {
                return Err(format!("{tasks} tasks for {orders} orders of «{prompt}»"));
            }
            if results > *successes {
                return Err(format!("{results} results of {successes} successes of «{prompt}»"));
            }
        }
        let unknown =
            ordered.iter().find(|(prompt, (_, results))| *results > 0 && !made.contains_key(*prompt));
        unknown.map_or(Ok(()), |(prompt, _)| Err(format!("a result without a task: «{prompt}»")))
    })
}

/// Every customer was told how each of their orders ended: at least once, and no more often than
/// answers of Telegram's were lost.
fn told(world: &World, jobs: &[Job], key: &[u8; 32]) -> Verdict {
    let mut said: BTreeMap<u64, u64> = BTreeMap::new();
    let mut codes: BTreeSet<String> = BTreeSet::new();
    world.worlds.telegram.look(|telegram| {
        for seen in telegram.seen() {
            let again = seen
                .keyboard
                .iter()
                .flatten()
                .find_map(|button| button.data.as_deref()?.strip_prefix("again:"));
            // History shows such buttons too, but by edits and without the words of an ending.
            let is_ending =
                seen.text.as_deref().is_some_and(|text| ENDINGS.iter().any(|word| text.contains(word)));
            if let (Some(Ok(job)), true, true) =
                (again.map(str::parse::<u64>), is_ending, seen.method != "editmessagetext")
            {
                *said.entry(job).or_default() += 1;
            }
            codes.extend(
                seen.text
                    .iter()
                    .flat_map(|text| text.split_whitespace())
                    .filter(|word| word.starts_with("RQ-"))
                    .map(str::to_owned),
            );
        }
    });
    for job in jobs {
        let id = job.id.0;
        let times = said.get(&id).copied().unwrap_or(0);
        let heard = match &job.row.delivery {
            Delivery::Waiting => return Err(format!("job {id} told nobody")),
            // An album may stay without its buttons: then its files must be there.
            Delivery::Delivered { file_ids, .. } if file_ids.len() > 1 => {
                world.worlds.telegram.look(|telegram| file_ids.iter().all(|id| telegram.file(id).is_some()))
            }
            Delivery::Delivered { .. } => times > 0,
            Delivery::Refused { .. } => true,
        };
        if !heard {
            return Err(format!("job {id} counts as told, and Telegram never saw it: {job:?}"));
        }
        // A late result is told after a failure was: two endings.
        let endings = if matches!(job.row.state, State::Late { .. }) { 2 } else { 1 };
        let most = endings + world.notes.unheard_of(id);
        if times > most {
            return Err(format!(
                "job {id} was told {times} times, at most {most} were to be expected: {job:?}"
            ));
        }
        let failed = matches!(&job.row.state, State::Failed { why, .. } if *why != Why::Cancelled);
        if failed && times > 0 && !codes.contains(&job.row.request.code(key)) {
            return Err(format!("job {id} failed without a code for the support: {job:?}"));
        }
    }
    Ok(())
}

/// What only messages about an ending say.
const ENDINGS: [&str; 6] = ["Списано", "🆓", "🎁", "Код ошибки", "снят", "⬆️"];

fn count(notes: &Notes, jobs: &[Job]) {
    for job in jobs {
        match (&job.row.state, job.row.money.hold.is_some()) {
            (State::Done { .. }, true) => notes.count_all(Kind::Sale, 1),
            (State::Done { .. }, false) => notes.count_all(Kind::Free, 1),
            (State::Failed { .. }, true) => notes.count_all(Kind::Refund, 1),
            (State::Late { .. }, _) => notes.count_all(Kind::Gift, 1),
            (
                State::Failed { .. }
                | State::Queued { .. }
                | State::Sending { .. }
                | State::Waiting { .. }
                | State::Unknown { .. }
                | State::Fetching { .. },
                _,
            ) => {}
        }
    }
}

/// What still waits, in words.
pub(super) fn left(world: &World, store: &Store) -> String {
    let look = || -> Result<String, Fault> {
        let view = store.view()?;
        let open: Vec<String> = jobs(&view)?
            .iter()
            .filter(|job| !job.row.state.is_final() || job.row.delivery == Delivery::Waiting)
            .map(|job| format!("{job:?}"))
            .collect();
        let payment = money::unsettled(world, &view)?;
        let (inbox, outbox) = (view.inbox_depth()?, view.outbox_depth()?);
        Ok(format!("inbox {inbox}, outbox {outbox}, payment {payment:?}, jobs {open:#?}"))
    };
    look().unwrap_or_else(|fault| fault.to_string())
}
