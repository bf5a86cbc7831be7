//! What has to be done from time to time: remember the uptime, check the books, forget what is old,
//! and see whether the provider can be sold from again.

use super::{Engine, media, space};
use crate::flow::alarm::{self, Alarm};
use crate::flow::{admin, forget as forgetting, resend, transfer};
use crate::metrics::number;
use crate::store::{AccountsReport, Broken, Fault, StopRow, StoppedBy, Tx};
use crate::time::{At, Up};
use rust_decimal::Decimal;
use std::time::Duration;

/// A crash forgets at most so much uptime, and no more than about half of a life: the first sweeps
/// come sooner, each pause twice the one before. Else a service that dies more often than this would
/// never reach a deadline.
const REMEMBER_EVERY: Duration = Duration::from_secs(10);
const REMEMBER_FIRST: Duration = Duration::from_millis(100);
/// The live check of the books, and what else is due by the minute.
const CHECK_EVERY: Duration = Duration::from_secs(60);
/// How often the provider is asked what is left on our account; every minute while it is nothing.
const CREDIT_EVERY: Duration = Duration::from_secs(5 * 60);
/// Updates are known again for so long (L9).
const SEEN_DAYS: u64 = 7;
/// So many old rows go in one transaction.
const FORGET: usize = 1_000;

/// Sweeps until the stop, and once more at it.
pub async fn run(engine: Engine) {
    let mut checked: Option<Up> = None;
    let mut asked: Option<Up> = None;
    let mut pause = REMEMBER_FIRST;
    loop {
        let now = engine.clock().now().up;
        let check = checked.is_none_or(|last| now.since(last) >= CHECK_EVERY);
        match sweep(&engine, check, &mut asked).await {
            Ok(()) if check => checked = Some(now),
            Ok(()) => {}
            Err(fault) => tracing::warn!(%fault, "the sweep is put off"),
        }
        if engine.stop.is_cancelled() {
            return;
        }
        tokio::select! {
            biased;
            () = engine.clock().sleep(pause) => {}
            () = engine.stop.cancelled() => {}
        }
        pause = (pause * 2).min(REMEMBER_EVERY);
    }
}

async fn sweep(engine: &Engine, check: bool, asked: &mut Option<Up>) -> Result<(), Fault> {
    engine.store.write("uptime", |tx| tx.put_note("uptime", &tx.now().up)).await?;
    space::check(engine).await?;
    if !check {
        return Ok(());
    }
    check_books(engine).await?;
    engine.store.write("forget", forget).await?;
    engine.store.write("expire", |tx| transfer::expire(tx, FORGET).map(drop)).await?;
    let days = engine.shop.retention_days;
    engine.store.write("retain", move |tx| retain(tx, days)).await?;
    drop_media(engine).await?;
    credit(engine, asked).await
}

/// The live check: a broken rule stops selling until an operator says otherwise. The stop is a row,
/// so a restart changes nothing.
async fn check_books(engine: &Engine) -> Result<(), Fault> {
    let broken = match engine.store.read(crate::store::View::audit_accounts).await {
        // A wallet that cannot be read is as bad as one that is wrong.
        Err(Fault::Row { table, key, why }) => Some(Broken { row: format!("{table} {key}"), what: why }),
        Err(Fault::Damaged(what)) => Some(Broken { row: "a page of the file".to_owned(), what }),
        checked => {
            let AccountsReport { sum_kopecks, broken } = checked?;
            let roubles = Decimal::try_from_i128_with_scale(sum_kopecks, 2).unwrap_or(Decimal::MAX);
            metrics::gauge!("samovar_ledger_sum_roubles").set(number(roubles));
            broken
        }
    };
    let Some(Broken { row, what }) = broken else { return Ok(()) };
    let shop = engine.shop.clone();
    let stopped = engine.store.write("stop-selling", move |tx| {
        if tx.stop("all")?.is_some_and(|stop| stop.by == StoppedBy::Audit) {
            return Ok(());
        }
        let why = format!("{row}: {what}");
        let stop = StopRow { at: tx.now().at, why: why.clone(), until: None, by: StoppedBy::Audit };
        tx.put_stop("all", &stop)?;
        alarm::raise(&shop, tx, Alarm::SellingStopped, &why)
    });
    stopped.await
}

/// Removes our copies of results that nobody waits for any more.
async fn drop_media(engine: &Engine) -> Result<(), Fault> {
    let now = engine.clock().now().at;
    for id in media::jobs(&engine.data_dir).await {
        let job = engine.store.read(move |view| view.job(id)).await?;
        if !job.is_some_and(|job| resend::keeps_copy(&job, now)) {
            media::drop_job(&engine.data_dir, id).await;
        }
    }
    Ok(())
}

fn forget(tx: &mut Tx<'_>) -> Result<(), Fault> {
    let now = tx.now().at;
    let week = Duration::from_secs(SEEN_DAYS * 24 * 3600);
    let before = At(now.0 - crate::time::millis(week));
    tx.forget_seen(before, FORGET)?;
    tx.forget_free_uses(now.hour().saturating_sub(48), FORGET)?;
    Ok(())
}

/// Forgets what customers wrote and made, once it is old or they wished it.
fn retain(tx: &mut Tx<'_>, days: u32) -> Result<(), Fault> {
    forgetting::go_on(tx)?;
    forgetting::forget_old(tx, days, FORGET)
}

/// Notes what credit the provider says is left, and sells again when it is something again.
async fn credit(engine: &Engine, asked: &mut Option<Up>) -> Result<(), Fault> {
    let stop = engine.store.read(|view| view.stop("all")).await?;
    let is_out = stop.is_some_and(|stop| stop.by == StoppedBy::Credit);
    let now = engine.clock().now().up;
    if !is_out && asked.is_some_and(|last| now.since(last) < CREDIT_EVERY) {
        return Ok(());
    }
    *asked = Some(now);
    metrics::gauge!("samovar_kie_credits_alert").set(number(engine.credit_alert));
    match engine.provider.credit().await {
        Ok(credits) => {
            let (shop, alert) = (engine.shop.clone(), engine.credit_alert);
            let note = move |tx: &mut Tx<'_>| admin::note_credit(&shop, tx, credits, alert);
            engine.store.write("credit", note).await
        }
        Err(why) => {
            tracing::warn!(why, "the provider does not say what credit is left");
            Ok(())
        }
    }
}
