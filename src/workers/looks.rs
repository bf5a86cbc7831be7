//! Looks at the files that customers send while they put an order together.

use super::Engine;
use super::inputs::{self, NotHere};
use crate::catalog::input::GivenFile;
use crate::flow::intake;
use crate::handlers::{self, NotLooked};
use crate::ids::{LookId, UserId};
use crate::store::{Fault, LookRow, Tx};
use crate::time::Up;
use std::collections::HashMap;
use std::time::Duration;
use tokio::task::JoinSet;

/// So many files are looked at at once.
const PARALLEL: usize = 16;
/// Of one customer's so many: a host that drips keeps nobody else waiting.
const OF_ONE: usize = 3;
/// So many rows are found in one go: more than one customer sends while theirs are looked at.
const PAGE: usize = 1_024;
/// So often a file is tried before the customer hears that it cannot be had,
const TRIES: u32 = 3;
/// but not again so long after it came, nor after so long a pause.
const LONGEST: Duration = Duration::from_secs(60);

/// Looks until the stop; then waits for what is under way.
pub async fn run(engine: Engine) {
    inputs::clear(&engine.data_dir).await;
    let mut under_way: HashMap<LookId, UserId> = HashMap::new();
    let mut works: JoinSet<(LookId, Result<(), Fault>)> = JoinSet::new();
    let store = engine.store.clone();
    while !engine.stop.is_cancelled() {
        let rows = match store.read(|view| view.looks(PAGE)).await {
            Ok(rows) => rows,
            Err(fault) => {
                engine.pause_after("reading the files to look at", &fault).await;
                continue;
            }
        };
        let now = engine.clock().now().up;
        let mut wake: Option<Up> = None;
        for (id, row) in rows {
            if under_way.contains_key(&id) {
                continue;
            }
            let has_room = |user| under_way.values().filter(|one| **one == user).count() < OF_ONE;
            match row {
                Ok(row) if row.not_before > now => {
                    wake = Some(wake.map_or(row.not_before, |wake| wake.min(row.not_before)));
                }
                Ok(row) if works.len() < PARALLEL && has_room(row.user) => {
                    under_way.insert(id, row.user);
                    let engine = engine.clone();
                    works.spawn(async move { (id, look(&engine, id, row).await) });
                }
                Ok(_) => {}
                Err(fault) => set_aside(&engine, id, &fault).await,
            }
        }
        tokio::select! {
            biased;
            Some(worked) = works.join_next() => finish(&engine, worked, &mut under_way).await,
            () = engine.wait(&store.bells().looks, wake) => {}
        }
    }
    while let Some(worked) = works.join_next().await {
        finish(&engine, worked, &mut under_way).await;
    }
}

async fn finish(
    engine: &Engine,
    worked: Result<(LookId, Result<(), Fault>), tokio::task::JoinError>,
    under_way: &mut HashMap<LookId, UserId>,
) {
    let (id, worked) = match worked {
        Ok(worked) => worked,
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    };
    under_way.remove(&id);
    match worked {
        Ok(()) => {}
        Err(fault @ (Fault::Row { .. } | Fault::Damaged(_) | Fault::Bug(_))) => {
            set_aside(engine, id, &fault).await;
        }
        Err(fault) => engine.pause_after("noting what a file is", &fault).await,
    }
}

/// Takes a row out that would stop here for ever, and tells its customer and the operator.
async fn set_aside(engine: &Engine, id: LookId, fault: &Fault) {
    tracing::error!(%fault, look = id.0, "a file cannot be looked at and is put aside");
    let (shop, why) = (engine.shop.clone(), fault.to_string());
    let act = move |tx: &mut Tx<'_>| handlers::not_looked(&shop, tx, id, &why);
    let mut aside = engine.store.write("end-look", act).await;
    if let Err(told) = &aside
        && !told.is_passing()
    {
        // Neither may it be fetched for ever only because its customer cannot be told.
        let (shop, why) = (engine.shop.clone(), format!("{fault}; {told}"));
        aside = engine.store.write("end-look", move |tx| intake::drop_look(&shop, tx, id, &why)).await;
    }
    if let Err(fault) = aside {
        engine.pause_after("putting a file aside", &fault).await;
    }
}

/// Looks at one file and has the conversation go on with what was found.
async fn look(engine: &Engine, id: LookId, row: LookRow) -> Result<(), Fault> {
    let user = row.user;
    let session = engine.store.read(move |view| view.session(user)).await?;
    let draft = session.and_then(|session| session.draft);
    // The order it was for is gone: nobody waits for it, and nothing is fetched.
    if !draft.is_some_and(|draft| draft.pending.iter().any(|file| file.look == id)) {
        return engine.store.write("end-look", move |tx| tx.end_look(id)).await;
    }
    let found = match inputs::obtain(engine, &row.source).await {
        Ok(here) => Ok(inputs::given(row.source.clone(), here.facts.clone(), row.said_seconds)),
        Err(NotHere::Never(why)) => Err(why),
        Err(NotHere::Later { why, pause }) if is_tried_again(row.tries, waited(engine, &row), pause) => {
            tracing::warn!(look = id.0, why, "a customer's file cannot be had yet");
            return put_off(engine, id, row, pause).await;
        }
        Err(NotHere::Later { why, .. }) => {
            tracing::warn!(look = id.0, why, "a customer's file cannot be had");
            Err(NotLooked::Unreachable)
        }
    };
    tell(engine, id, found).await
}

/// How long its customer has waited for it.
fn waited(engine: &Engine, row: &LookRow) -> Duration {
    engine.clock().now().at.since(row.at)
}

/// Whether a file that failed is tried once more after `pause`, `tries` others having failed before: once at
/// least, even if it is old because the service was down.
fn is_tried_again(tries: u32, waited: Duration, pause: Duration) -> bool {
    let soon = if tries == 0 { pause } else { waited.saturating_add(pause) };
    tries + 1 < TRIES && soon <= LONGEST
}

async fn put_off(engine: &Engine, id: LookId, row: LookRow, pause: Duration) -> Result<(), Fault> {
    let act = move |tx: &mut Tx<'_>| {
        let not_before = tx.now().up.plus(pause);
        tx.put_look(id, &LookRow { tries: row.tries + 1, not_before, ..row.clone() })
    };
    engine.store.write("look-later", act).await
}

async fn tell(engine: &Engine, id: LookId, found: Result<GivenFile, NotLooked>) -> Result<(), Fault> {
    let shop = engine.shop.clone();
    engine.store.write("looked", move |tx| handlers::looked(&shop, tx, id, found.clone())).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_tried_again_unless_that_would_take_too_long_and_at_least_once_whatever_its_age() {
        let cases = [
            (0, 0, 2, true),
            (0, 86_400, 2, true),
            (0, 0, 60, true),
            (0, 0, 61, false),
            (1, 10, 2, true),
            (1, 10, 50, true),
            (1, 10, 51, false),
            (1, 86_400, 2, false),
            (2, 4, 2, false),
        ];
        for (tries, waited, pause, expected) in cases {
            let [waited_s, pause_s] = [waited, pause].map(Duration::from_secs);
            assert_eq!(is_tried_again(tries, waited_s, pause_s), expected, "{tries}, {waited} s, {pause} s");
        }
    }
}
