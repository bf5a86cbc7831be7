//! What has to be done from time to time: remember the uptime, check the books, forget what is old,
//! and see whether the provider can be sold from again.

use super::{Engine, media, space};
use crate::flow::alarm::{self, Alarm};
use crate::flow::{admin, forget as forgetting, resend, transfer};
use crate::metrics::number;
use crate::store::{AccountsReport, Broken, Fault, StopRow, StoppedBy, Tx};
use crate::time::{At, Up};
use rust_decimal::Decimal;
use std::collections::HashMap;
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
    let mut steps = Steps::default();
    let mut pause = REMEMBER_FIRST;
    loop {
        let now = engine.clock().now().up;
        steps.again = false;
        steps.done("uptime", engine.store.write("uptime", |tx| tx.put_note("uptime", &tx.now().up)).await);
        steps.done("disk", space::check(&engine).await);
        if checked.is_none_or(|last| now.since(last) >= CHECK_EVERY) {
            check(&engine, &mut steps, &mut asked).await;
            checked = if steps.again { None } else { Some(now) };
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

/// How the steps went. Each is on its own: one that a row stops keeps no other from being done.
#[derive(Default)]
struct Steps {
    /// What stops a step is said once, not every minute for years.
    stopped: HashMap<&'static str, Fault>,
    /// One failed that may go well in a moment.
    again: bool,
}

impl Steps {
    fn done(&mut self, step: &'static str, done: Result<(), Fault>) {
        let Err(fault) = done else {
            self.stopped.remove(step);
            return;
        };
        self.again |= fault.is_passing();
        if self.stopped.get(step) != Some(&fault) {
            tracing::warn!(step, %fault, "a step of the sweep is put off; the others are done");
            self.stopped.insert(step, fault);
        }
    }
}

/// What is due by the minute.
async fn check(engine: &Engine, steps: &mut Steps, asked: &mut Option<Up>) {
    let (store, days) = (&engine.store, engine.shop.retention_days);
    steps.done("books", check_books(engine).await);
    steps.done("forget", store.write("forget", forget).await);
    steps.done("expire", store.write("expire", |tx| transfer::expire(tx, FORGET).map(drop)).await);
    steps.done("forget-on", store.write("forget-on", forgetting::go_on).await);
    let retain = move |tx: &mut Tx<'_>| forgetting::forget_old(tx, days, FORGET);
    steps.done("retain", store.write("retain", retain).await);
    steps.done("media", drop_media(engine).await);
    steps.done("credit", credit(engine, asked).await);
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

/// Removes our copies of results that nobody waits for any more; of a job that cannot be read they stay.
async fn drop_media(engine: &Engine) -> Result<(), Fault> {
    let now = engine.clock().now().at;
    let mut unread = Ok(());
    for id in media::jobs(&engine.data_dir).await {
        match engine.store.read(move |view| view.job(id)).await {
            Ok(job) if job.as_ref().is_some_and(|job| resend::keeps_copy(job, now)) => {}
            Ok(_) => media::drop_job(&engine.data_dir, id).await,
            Err(fault) => unread = Err(fault),
        }
    }
    unread
}

fn forget(tx: &mut Tx<'_>) -> Result<(), Fault> {
    let now = tx.now().at;
    let week = Duration::from_secs(SEEN_DAYS * 24 * 3600);
    let before = At(now.0 - crate::time::millis(week));
    tx.forget_seen(before, FORGET)?;
    tx.forget_free_uses(now.hour().saturating_sub(48), FORGET)?;
    Ok(())
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
