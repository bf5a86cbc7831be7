//! `/metrics`: what was counted on the way, and how things stand at the moment of the question.

use crate::disk;
use crate::flow::admin::{self, Credit};
use crate::metrics::{STOPPED_BY, number};
use crate::money::Kopecks;
use crate::store::{DISK, Figures, PlaceId, StopRow, Store};
use crate::time::{At, Moment};
use metrics_exporter_prometheus::PrometheusHandle;
use rust_decimal::Decimal;
use std::collections::BTreeSet;
use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Answers whoever watches.
pub(super) struct Watch {
    store: Store,
    /// Where backups go.
    place: PlaceId,
    handle: PrometheusHandle,
    started: At,
    /// Of which states and models there were jobs: one that has none any more is shown with 0.
    jobs: Mutex<BTreeSet<(&'static str, &'static str)>>,
}

impl Watch {
    pub(super) fn new(store: Store, place: PlaceId, handle: PrometheusHandle) -> Self {
        let started = store.clock().now().at;
        Self { store, place, handle, started, jobs: Mutex::default() }
    }

    /// The page for Prometheus. What cannot be read now is left as it was, and said so.
    pub(super) async fn page(&self) -> String {
        let (now, place) = (self.store.clock().now(), self.place);
        let looked = self.store.read(move |view| {
            let backup = view.backup_verified()?.filter(|backup| backup.place == place);
            Ok((view.figures(now)?, admin::credit_in(view)?, backup.map(|backup| backup.began.at)))
        });
        let readable = match looked.await {
            Ok((figures, credit, backup)) => {
                self.show(&figures, now);
                show_ages(credit, backup, now.at);
                1
            }
            Err(fault) => {
                tracing::warn!(%fault, "the figures cannot be read for /metrics");
                0
            }
        };
        metrics::gauge!("samovar_store_readable").set(number(readable));
        self.show_process().await;
        self.handle.render()
    }

    fn show(&self, figures: &Figures, now: Moment) {
        let age = |since: Option<At>| seconds(since.map_or(Duration::ZERO, |since| now.at.since(since)));
        let today = &figures.today;
        let models_stopped = figures.stops.iter().filter(|(what, _)| what != "all" && what != DISK).count();
        for (name, value) in [
            ("samovar_updates_waiting", number(figures.updates)),
            ("samovar_updates_oldest_seconds", age(figures.oldest_update)),
            ("samovar_outbox_messages", number(figures.messages)),
            ("samovar_outbox_oldest_seconds", age(figures.oldest_message)),
            ("samovar_ledger_rows", number(figures.ledger_rows)),
            ("samovar_held_roubles", roubles(figures.held)),
            ("samovar_hold_oldest_seconds", age(figures.oldest_hold)),
            ("samovar_wallets_roubles", roubles(figures.wallets)),
            ("samovar_payments_unmatched", number(figures.unmatched)),
            ("samovar_transfers_open", number(figures.transfers)),
            ("samovar_revenue_today_roubles", roubles(today.revenue())),
            ("samovar_cost_today_dollars", number(Decimal::new(today.cost_micro_usd, 6))),
            ("samovar_paid_in_today_roubles", roubles(today.topped_up)),
            ("samovar_sold_today", number(today.sold)),
            ("samovar_free_today", number(today.free)),
            ("samovar_customers_today", number(today.active)),
            ("samovar_models_stopped", number(models_stopped)),
        ] {
            metrics::gauge!(name).set(value);
        }
        for by in STOPPED_BY {
            let stands =
                |(what, stop): &(String, StopRow)| (what == "all" || what == DISK) && stop.by.word() == by;
            let stopped = u8::from(figures.stops.iter().any(stands));
            metrics::gauge!("samovar_selling_stopped", "by" => by).set(number(stopped));
        }
        self.show_jobs(figures);
    }

    fn show_jobs(&self, figures: &Figures) {
        let mut shown = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        let set = |state: &'static str, model: &'static str, count: u64| {
            metrics::gauge!("samovar_jobs", "state" => state, "model" => model).set(number(count));
        };
        for (state, model) in shown.iter() {
            set(state, model, 0);
        }
        for ((state, model), count) in &figures.jobs {
            set(state, model, *count);
            shown.insert((state, model));
        }
    }

    async fn show_process(&self) {
        metrics::gauge!("process_start_time_seconds").set(number(Decimal::new(self.started.0, 3)));
        match disk::with(process).await {
            Ok((memory_bytes, files)) => {
                metrics::gauge!("process_resident_memory_bytes").set(number(memory_bytes));
                metrics::gauge!("process_open_fds").set(number(files));
            }
            Err(error) => tracing::debug!(%error, "the process cannot be looked at"),
        }
    }
}

fn show_ages(credit: Option<Credit>, backup: Option<At>, now: At) {
    if let Some(Credit { at, credits }) = credit {
        metrics::gauge!("samovar_kie_credits").set(number(credits));
        metrics::gauge!("samovar_kie_credits_age_seconds").set(seconds(now.since(at)));
    }
    if let Some(at) = backup {
        metrics::gauge!("samovar_backup_age_seconds").set(seconds(now.since(at)));
    }
}

fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64()
}

fn roubles(amount: Kopecks) -> f64 {
    number(amount.roubles())
}

/// This process's resident memory in bytes, and how many files it has open.
fn process() -> io::Result<(u64, u64)> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = resident.and_then(|rest| rest.split_whitespace().next()).map(str::parse::<u64>);
    let Some(Ok(kib)) = kib else { return Err(io::Error::other("no VmRSS in /proc/self/status")) };
    let files = std::fs::read_dir("/proc/self/fd")?.count();
    Ok((kib.saturating_mul(1024), u64::try_from(files).unwrap_or(u64::MAX)))
}
