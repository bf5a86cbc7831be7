//! What is measured: every metric's name, kind, unit and help text in one list, and the recorder behind
//! `/metrics`. Names and units are Prometheus's usual ones; label values come from short lists, never from
//! customers.

use metrics::Unit;
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

/// Upper bounds for the time of a commit, in seconds: a good disk takes 0.2 ms, a bad one 50.
const COMMIT_SECONDS: [f64; 12] =
    [0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1.0, 5.0];

/// What is not sold, and why, as [`selling_stopped`](ALL) says it.
pub const STOPPED_BY: [&str; 5] = ["audit", "operator", "credit", "provider", "disk"];

/// How a metric behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only grows. There from the start, with 0 for each value of its label, so that the first event is
    /// seen as growth.
    Counter,
    /// A counter whose labels are too many to stand there from the start.
    Labelled,
    /// A state.
    Gauge,
    /// How long something took.
    Histogram,
}

/// One metric.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// How it behaves.
    pub kind: Kind,
    /// In what it counts.
    pub unit: Unit,
    /// A counter's label and all its values; empty for those that have none, or several.
    pub label: (&'static str, &'static [&'static str]),
    /// What it says, for people.
    pub help: &'static str,
}

const fn metric(kind: Kind, unit: Unit, name: &'static str, help: &'static str) -> Metric {
    Metric { name, kind, unit, label: ("", &[]), help }
}

const fn counter(name: &'static str, help: &'static str) -> Metric {
    metric(Kind::Counter, Unit::Count, name, help)
}

const fn by(
    name: &'static str,
    label: &'static str,
    values: &'static [&'static str],
    help: &'static str,
) -> Metric {
    Metric { name, kind: Kind::Counter, unit: Unit::Count, label: (label, values), help }
}

const fn labelled(name: &'static str, help: &'static str) -> Metric {
    metric(Kind::Labelled, Unit::Count, name, help)
}

const fn gauge(name: &'static str, help: &'static str) -> Metric {
    metric(Kind::Gauge, Unit::Count, name, help)
}

const fn seconds(name: &'static str, help: &'static str) -> Metric {
    metric(Kind::Gauge, Unit::Seconds, name, help)
}

const fn bytes(name: &'static str, help: &'static str) -> Metric {
    metric(Kind::Gauge, Unit::Bytes, name, help)
}

/// Every metric there is.
pub const ALL: &[Metric] = &[
    gauge("samovar_build_info", "Always 1; the label says which version runs."),
    labelled("samovar_updates_total", "Updates of Telegram's that were dealt with, by kind and outcome."),
    gauge("samovar_updates_waiting", "Updates that were taken in and wait for their turn."),
    seconds("samovar_updates_oldest_seconds", "How long the first of them waits; 0 when none does."),
    counter("samovar_updates_parked_total", "Updates that were put aside for the operator to look at."),
    counter("samovar_updates_unreadable_total", "Updates that make no sense; they are put aside, too."),
    counter("samovar_updates_put_off_total", "Updates sent back to Telegram for later: too many wait."),
    counter("samovar_webhook_refused_total", "Calls of the webhook without Telegram's secret."),
    by(
        "samovar_callbacks_refused_total",
        "reason",
        &["secret", "signature"],
        "Calls for a job without its secret, or not signed with KIE_WEBHOOK_HMAC_KEY.",
    ),
    by(
        "samovar_sends_total",
        "outcome",
        &["delivered", "refused", "later", "not-sent", "in-doubt"],
        "Messages handed to Telegram, by what became of them.",
    ),
    gauge("samovar_outbox_messages", "Messages that wait for their delivery."),
    seconds("samovar_outbox_oldest_seconds", "How long the oldest of them waits; 0 when none does."),
    gauge("samovar_jobs", "Jobs that are looked at, now or later, by state and model."),
    labelled("samovar_jobs_ended_total", "Jobs that ended, by model and outcome."),
    by(
        "samovar_refusals_total",
        "code",
        &[
            "price-changed",
            "short",
            "too-many-open",
            "queue-full",
            "not-selling",
            "model-stopped",
            "banned",
            "no-price",
        ],
        "Orders that were refused, by why. Nothing was held.",
    ),
    gauge(
        "samovar_ledger_sum_roubles",
        "What all accounts add up to, as of the check each minute. Must be 0.",
    ),
    gauge("samovar_ledger_rows", "Rows of the ledger."),
    gauge("samovar_held_roubles", "What is held for open jobs and for payments on their way back."),
    seconds("samovar_hold_oldest_seconds", "How long a job's money is held at the longest; 0 when none is."),
    gauge("samovar_wallets_roubles", "What all customers have in their wallets, held money included."),
    by(
        "samovar_payments_total",
        "way",
        &["stars", "card", "manual"],
        "Payments that came into a wallet, by the way they came.",
    ),
    counter("samovar_payments_odd_total", "Payments among them with something unusual; the operators heard."),
    gauge("samovar_payments_unmatched", "Payments that went back and never came: nobody knows them here."),
    gauge("samovar_transfers_open", "Transfers by hand that wait for the customer or an operator."),
    gauge("samovar_revenue_today_roubles", "What results brought since midnight UTC, refunds taken off."),
    gauge("samovar_cost_today_dollars", "What KIE charged for results since midnight UTC."),
    gauge("samovar_paid_in_today_roubles", "What customers paid in since midnight UTC, less what went back."),
    gauge("samovar_sold_today", "Results that were paid for since midnight UTC."),
    gauge("samovar_free_today", "Results that were free since midnight UTC."),
    gauge("samovar_customers_today", "Customers who did something since midnight UTC."),
    gauge("samovar_selling_stopped", "1 when nothing is sold, by who stopped it; else 0."),
    gauge("samovar_models_stopped", "Models that are not sold just now."),
    gauge("samovar_kie_credits", "What is left on the account at KIE, in its credits."),
    gauge("samovar_kie_credits_alert", "Fewer credits than this are told to the operators; 0: never."),
    seconds("samovar_kie_credits_age_seconds", "How old that number is."),
    seconds("samovar_backup_age_seconds", "How old the newest verified backup is; not there without one."),
    seconds(
        "samovar_certificate_expires_timestamp_seconds",
        "When the certificate of LISTEN ends, since 1970; not there without one.",
    ),
    bytes("samovar_disk_free_bytes", "Free disk at the data directory."),
    bytes("samovar_disk_wanted_bytes", "With less free disk nothing is sold: MIN_FREE_DISK."),
    gauge("samovar_store_readable", "1 when the database could be read for this answer; else 0."),
    metric(Kind::Histogram, Unit::Seconds, "samovar_commit_seconds", "How long a commit to the disk took."),
    labelled("samovar_acts_total", "Acts that were committed, by name; one commit holds many."),
    bytes("process_resident_memory_bytes", "Resident memory."),
    gauge("process_open_fds", "Open files and sockets."),
    seconds("process_start_time_seconds", "When the process started, in seconds since 1970."),
];

/// Sets the process's recorder up and describes every metric. Whoever gets it has to call
/// `run_upkeep` from time to time: what is measured gathers until then.
///
/// # Errors
/// When there is a recorder already.
pub fn install() -> Result<PrometheusHandle, BuildError> {
    let builder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Full("samovar_commit_seconds".to_owned()), &COMMIT_SECONDS)?;
    let handle = builder.install_recorder()?;
    for metric in ALL {
        let Metric { name, kind, unit, label: (label, values), help } = *metric;
        match kind {
            Kind::Counter | Kind::Labelled => metrics::describe_counter!(name, unit, help),
            Kind::Gauge => metrics::describe_gauge!(name, unit, help),
            Kind::Histogram => metrics::describe_histogram!(name, unit, help),
        }
        if kind == Kind::Counter && values.is_empty() {
            metrics::counter!(name).increment(0);
        }
        for value in values {
            metrics::counter!(name, label => *value).increment(0);
        }
    }
    metrics::gauge!("samovar_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    Ok(handle)
}

/// A number as Prometheus takes it: near enough, for looking at.
pub fn number(exact: impl Into<Decimal>) -> f64 {
    exact.into().to_f64().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_metric_is_listed_twice_and_each_says_what_it_is() {
        let names: BTreeSet<&str> = ALL.iter().map(|metric| metric.name).collect();
        assert_eq!(names.len(), ALL.len());
        for metric in ALL {
            assert!(metric.help.ends_with('.') && metric.help.len() > 15, "{metric:?}");
            let is_counter = matches!(metric.kind, Kind::Counter | Kind::Labelled);
            assert_eq!(metric.name.ends_with("_total"), is_counter, "{metric:?}");
        }
    }
}
