//! Taking the old bot's welcome bonus back: the candidates are looked up in one snapshot, and each is looked at once
//! more by the act that takes it.

use super::Answer;
use super::answer::act_failed;
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
    let (mut done, mut failed, mut sum) = (0, 0, Kopecks::ZERO);
    for some in candidates.chunks_mut(TOGETHER).filter(|_| confirm) {
        let users: Vec<_> = some.iter().map(|one| one.user).collect();
        let take = |user| {
            store.write("migrate", move |tx| match tx.take_welcome_back(user, window)? {
                Ok(seq) => Ok(Ok(tx.ledger_row(seq)?.transfer.amount)),
                Err(not_taken) => Ok(Err(not_taken)),
            })
        };
        let taken = join_all(users.into_iter().map(take)).await;
        for (one, taken) in some.iter_mut().zip(taken) {
            one.failed = match taken {
                Ok(Ok(amount)) => {
                    sum = sum.checked_add(amount).expect("the account it all went to holds as much");
                    None
                }
                Ok(Err(not_taken)) => Some(not_taken.to_string()),
                Err(fault) => Some(act_failed(&fault)),
            };
            if one.failed.is_none() { done += 1 } else { failed += 1 }
        }
    }
    let planned = (confirm && sum != total).then(|| total.to_string());
    let total = if confirm { sum } else { total }.to_string();
    Ok(Answer::Migration(Migration { dry_run: !confirm, candidates, total, planned, done, failed }))
}
