//! Compares Telegram's list of Star transactions with the ledger, every ten minutes: a payment whose word
//! never came is credited and flagged, one that went back unheard is taken back.

use super::Engine;
use crate::flow::topup::{self, Heard};
use crate::flow::{Shop, refund};
use crate::message::Bill;
use crate::payment::Way;
use crate::store::{Fault, Store, Tx, View};
use crate::telegram::{StarMove, StarWay};
use crate::time::At;
use std::time::Duration;

/// Between two comparisons.
const EVERY: Duration = Duration::from_secs(600);
/// What is younger may yet come by its update.
const YOUNG: Duration = Duration::from_secs(120);
/// Telegram lists so many at once.
const PAGE: usize = 100;
/// How many transactions of a bot's list are compared for good: another bot has another list.
fn compared(bot: u64) -> String {
    format!("stars_compared/{bot}")
}

/// When this ledger began to take a bot's payments: what was paid before is not its business.
fn since(bot: u64) -> String {
    format!("stars_since/{bot}")
}

/// The act of the first start with a bot.
pub const BEGIN: &str = "stars-since";

/// Notes since when this bot's payments are ours, once. The service does not start without: what is paid
/// before it is noted, and not told, would never be found.
pub async fn begin(store: &Store, bot: u64) -> Result<(), Fault> {
    if store.read(move |view| view.note::<At>(&since(bot))).await?.is_some() {
        return Ok(());
    }
    store.write(BEGIN, move |tx| tx.put_note(&since(bot), &tx.now().at)).await
}

/// Compares until the stop.
pub async fn run(engine: Engine) {
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
    let bot = engine.bot;
    let noted = move |view: &View| Ok((view.note::<u32>(&compared(bot))?, view.note::<At>(&since(bot))?));
    let (noted, since) = engine.store.read(noted).await?;
    let mut skip = noted.unwrap_or(0);
    let since = since.ok_or_else(|| Fault::Bug(format!("nobody noted since when bot {bot} is paid")))?;
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
                if is_whole { tx.put_note(&compared(bot), &next) } else { Ok(()) }
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
