//! Taking the old bot's welcome bonus back: the candidates are looked up in one snapshot, and each is looked at once
//! more by the act that takes it.

use super::Answer;
use super::document::{Migrant, Migration};
use crate::money::Kopecks;
use crate::store::{Fault, Store, Window};
use futures_util::future::join_all;

/// So many are taken at once: they share their commits.
const TOGETHER: usize = 512;

/// Looks for candidates, and, with `confirm`, takes the bonus of each back in an act of its own.
pub(super) async fn migrate(
    store: &Store,
    confirm: bool,
    window: Window,
    limit: Option<u32>,
) -> Result<Answer, Fault> {
    let mut found = store.read(move |view| view.welcome_candidates(window)).await?;
    if let Some(limit) = limit {
        found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    }
    let mut total = Kopecks::ZERO;
    for one in &found {
        let sum = one.balance.checked_sub(window.keep).and_then(|taken| total.checked_add(taken));
        total = sum.ok_or_else(|| Fault::Bug("the old bonuses add up to too much".to_owned()))?;
    }
    let mut candidates: Vec<Migrant> = found.into_iter().map(Migrant::from).collect();
    let (mut done, mut failed) = (0, 0);
    for some in candidates.chunks_mut(TOGETHER).filter(|_| confirm) {
        let users: Vec<_> = some.iter().map(|one| one.user).collect();
        let take = |user| store.write("migrate", move |tx| tx.take_welcome_back(user, window));
        let taken = join_all(users.into_iter().map(take)).await;
        for (one, taken) in some.iter_mut().zip(taken) {
            one.failed = match taken {
                Ok(Ok(_)) => None,
                Ok(Err(not_taken)) => Some(not_taken.to_string()),
                Err(fault) => Some(fault.to_string()),
            };
            if one.failed.is_none() { done += 1 } else { failed += 1 }
        }
    }
    let migration = Migration { dry_run: !confirm, candidates, total: total.to_string(), done, failed };
    Ok(Answer::Migration(migration))
}
