//! Keeps room on the disk: with less than `MIN_FREE_DISK` nothing is sold and no update is taken, so that
//! what was taken already can still end. Both go on by themselves when there is room again.

use super::Engine;
use crate::disk;
use crate::flow::alarm::{self, Alarm};
use crate::metrics::number;
use crate::store::{DISK, Fault, StopRow, StoppedBy, Tx};

/// Compares the free disk with the limit, and notes the difference it makes.
pub(super) async fn check(engine: &Engine) -> Result<(), Fault> {
    let dir = engine.data_dir.clone();
    let free = match disk::with(move || disk::free_bytes(&dir)).await {
        Ok(free) => free,
        Err(error) => {
            tracing::warn!(%error, "the free disk cannot be measured");
            return Ok(());
        }
    };
    metrics::gauge!("samovar_disk_free_bytes").set(number(free));
    metrics::gauge!("samovar_disk_wanted_bytes").set(number(engine.min_free_disk_bytes));
    let low = free < engine.min_free_disk_bytes;
    let stopped = engine.store.read(|view| view.stop(DISK)).await?.is_some();
    match (low, stopped) {
        (true, false) => stop(engine, free).await,
        (false, true) => {
            tracing::info!(free_bytes = free, "there is room on the disk again");
            engine.store.write("room-again", |tx| tx.lift_stop(DISK)).await
        }
        (true, true) | (false, false) => Ok(()),
    }
}

async fn stop(engine: &Engine, free: u64) -> Result<(), Fault> {
    let (shop, limit) = (engine.shop.clone(), engine.min_free_disk_bytes);
    let act = move |tx: &mut Tx<'_>| {
        let mib = |bytes: u64| bytes >> 20;
        let why = format!("{} MB are free, MIN_FREE_DISK is {} MB", mib(free), mib(limit));
        let row = StopRow { at: tx.now().at, why: why.clone(), until: None, by: StoppedBy::Disk };
        tx.put_stop(DISK, &row)?;
        alarm::raise(&shop, tx, Alarm::DiskFull, &why)
    };
    engine.store.write("no-room", act).await
}
