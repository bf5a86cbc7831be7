//! Compares Telegram's list of Star transactions with the ledger, every ten minutes: a payment whose word
//! never came is credited and flagged, one that went back unheard is taken back.

use super::Engine;
use crate::flow::topup::{self, Heard};
use crate::flow::{Shop, refund};
use crate::message::Bill;
use crate::payment::Way;
use crate::store::{Fault, Tx};
use crate::telegram::{StarMove, StarWay};
use crate::time::At;
use std::time::Duration;

/// Between two comparisons.
const EVERY: Duration = Duration::from_secs(600);
/// What is younger may yet come by its update.
const YOUNG: Duration = Duration::from_secs(120);
/// Telegram lists so many at once.
const PAGE: usize = 100;
/// The note that says how many transactions are compared for good.
const COMPARED: &str = "stars_compared";
/// The note of when this ledger began: what was paid to the bot before is not its business.
const SINCE: &str = "stars_since";

/// Compares until the stop.
pub async fn run(engine: Engine) {
    let begun = engine.store.write("stars-since", |tx| match tx.note::<At>(SINCE)? {
        Some(_) => Ok(()),
        None => tx.put_note(SINCE, &tx.now().at),
    });
    if let Err(fault) = begun.await {
        engine.pause_after("noting since when Stars are compared", &fault).await;
    }
    loop {
        match compare(&engine).await {
            Ok(()) => {}
            Err(NotCompared::Fault(fault)) => engine.pause_after("comparing Stars", &fault).await,
            Err(NotCompared::Telegram(why)) => {
                tracing::warn!(why, "Telegram does not list the Star transactions");
            }
        }
        if engine.stop.run_until_cancelled(engine.clock().sleep(EVERY)).await.is_none() {
            return;
        }
    }
}

/// Why nothing was compared; it is tried again.
enum NotCompared {
    Telegram(String),
    Fault(Fault),
}

impl From<Fault> for NotCompared {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// Reads on from where the last full page ended.
async fn compare(engine: &Engine) -> Result<(), NotCompared> {
    let noted = |view: &crate::store::View| Ok((view.note::<u32>(COMPARED)?, view.note::<At>(SINCE)?));
    let (compared, since) = engine.store.read(noted).await?;
    let mut skip = compared.unwrap_or(0);
    let Some(since) = since else { return Ok(()) };
    loop {
        let moves = engine.gateway.star_moves(skip).await;
        let moves = moves.map_err(|error| NotCompared::Telegram(error.to_string()))?;
        let young = engine.clock().now().at;
        let listed = moves.len();
        // Telegram's clock has whole seconds.
        let ours = |one: &&StarMove| one.at.plus(Duration::from_secs(1)) >= since;
        let settled = moves.iter().take_while(|one| young.since(one.at) >= YOUNG).count();
        let known: Vec<StarMove> = moves.iter().take(settled).filter(ours).cloned().collect();
        let shop = engine.shop.clone();
        let is_whole = settled == PAGE;
        let next = skip.saturating_add(100);
        engine
            .store
            .write("stars", move |tx| {
                known.iter().try_for_each(|one| note(&shop, tx, one))?;
                if is_whole { tx.put_note(COMPARED, &next) } else { Ok(()) }
            })
            .await?;
        if listed < PAGE || !is_whole {
            return Ok(());
        }
        skip = next;
    }
}

/// One transaction against the ledger; what is known already changes nothing.
fn note(shop: &Shop, tx: &mut Tx<'_>, moved: &StarMove) -> Result<(), Fault> {
    match &moved.what {
        Some(StarWay::Paid { user, payload }) => {
            let bill = Bill { currency: "XTR".to_owned(), total: moved.stars, payload: payload.clone() };
            topup::arrive(shop, tx, *user, &bill, &moved.charge, Heard::Listed)
        }
        Some(StarWay::WentBack { .. }) => refund::went_back_of(shop, tx, Way::Stars, &moved.charge),
        None => Ok(()),
    }
}
