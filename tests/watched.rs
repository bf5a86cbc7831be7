//! Being watched: the real binary's `/metrics` as Prometheus reads it, the alert rules, the board.
//! `promtool` (Debian's package `prometheus`) judges.

use crate::binary::{ANN, Service};
use crate::support::tell;
use crate::tidy::rust_files;
use samovar::config::{Settings, Sources};
use samovar::metrics::{ALL, Kind};
use samovar::sandbox::telegram::World;
use samovar::shelf::place_id;
use samovar::store::{Store, Verified};
use samovar::time::Clock;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;
use tempfile::TempDir;

const RULES: &str = "systemd/samovar.rules.yml";
const BOARD: &str = "systemd/samovar-grafana.json";

fn promtool(arguments: &[&str], input: &str) -> Output {
    let child = Command::new("promtool")
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = child.unwrap_or_else(|error| {
        panic!("promtool does not start ({error}): apt-get install --no-install-recommends prometheus")
    });
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("it reads");
    child.wait_with_output().expect("it ends")
}

#[track_caller]
fn passes(arguments: &[&str], input: &str) {
    let judged = promtool(arguments, input);
    let words = [&judged.stdout[..], &judged.stderr[..]].map(String::from_utf8_lossy).concat();
    assert!(judged.status.success(), "promtool {arguments:?}: {words}");
    // `check metrics` also only warns, of names that are not as they should be.
    assert!(arguments[0] != "check" || arguments[1] != "metrics" || words.is_empty(), "{words}");
}

/// The samples of a scrape by name and labels, as they are written.
fn samples(page: &str) -> BTreeMap<&str, &str> {
    let lines = page.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    lines.map(|line| line.rsplit_once(' ').expect("a value")).collect()
}

fn name(sample: &str) -> &str {
    let name = sample.split('{').next().unwrap_or(sample);
    ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name)
}

/// The metrics that a file asks for.
fn asked_for(text: &str) -> BTreeSet<&str> {
    let words = text.split(|one: char| !one.is_ascii_alphanumeric() && one != '_');
    words.filter(|word| word.starts_with("samovar_") || word.starts_with("process_")).map(name).collect()
}

impl Service {
    async fn scrape(&self) -> String {
        let (status, page) = self.get(self.admin_port, "/metrics").await;
        assert_eq!(status, 200, "{page}");
        page
    }

    /// Asks until a sample is this.
    async fn scrape_until(&self, sample: &str, value: &str) -> String {
        let wait = async {
            loop {
                let page = self.scrape().await;
                if samples(&page).get(sample) == Some(&value) {
                    return page;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let Ok(page) = tokio::time::timeout(Duration::from_secs(30), wait).await else {
            panic!("{sample} is not {value}:\n{}", self.scrape().await)
        };
        page
    }
}

/// A data directory whose newest backup was verified an hour ago.
fn backed_up() -> (TempDir, std::path::PathBuf) {
    let dir = TempDir::new().expect("a directory");
    let data = dir.path().join("data");
    fs::create_dir_all(&data).expect("made");
    let (store, engine) = Store::open(&data, Clock::system()).expect("it opens");
    let writer = std::thread::spawn(move || engine.run());
    let mut began = store.clock().now();
    began.at.0 -= 3_600_000;
    let environment = [("DATA_DIR".to_owned(), data.display().to_string())].into();
    let settings = Settings::for_backups(&Sources { environment, file: None }).expect("good settings");
    let verified = Verified { began, place: place_id(&settings) };
    store.write_blocking("note", move |tx| tx.put_backup_verified(&verified)).expect("written");
    drop(store);
    writer.join().expect("it ends");
    (dir, data)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scrape_has_what_rules_and_board_ask_for_and_prometheus_likes_its_form() {
    let (dir, data) = tokio::task::spawn_blocking(backed_up).await.expect("no panic");
    let service = Service::start_in(dir, data, true, &[("TLS", "self-signed")]).await;
    let before = service.scrape_until("samovar_kie_credits_alert", "1000").await;
    let samples_before = samples(&before);
    for sample in [
        "samovar_payments_total{way=\"stars\"}",
        "samovar_refusals_total{code=\"short\"}",
        "samovar_updates_parked_total",
        "samovar_sold_today",
    ] {
        assert_eq!(samples_before.get(sample), Some(&"0"), "{sample}, before anything happened");
    }
    service.orders("самовар sandbox:never").await;
    let during = service.scrape_until("samovar_jobs{state=\"waiting\",model=\"z-image\"}", "1").await;
    assert_eq!(samples(&during)["samovar_held_roubles"], "0.76");
    assert_ne!(samples(&during)["samovar_hold_oldest_seconds"], "0");
    service.orders("самовар").await;
    service.sees("Списано").await;
    let stars = |world: &mut World, now| world.pays_out_of_nowhere(now, ANN, ("XTR", 10), "?");
    service.sandbox.telegram.act(stars).expect("paid");
    service.scrape_until("samovar_payments_total{way=\"stars\"}", "1").await;
    let page = service.scrape_until("samovar_sold_today", "1").await;
    passes(&["check", "metrics"], &page);

    let samples = samples(&page);
    let there: BTreeSet<&str> = samples.keys().map(|sample| name(sample)).collect();
    for metric in ALL {
        assert!(there.contains(metric.name), "{} is not in the scrape:\n{page}", metric.name);
        assert!(
            page.contains(&format!("# HELP {} {}", metric.name, metric.help)),
            "{} has no help",
            metric.name
        );
    }
    for (file, text) in [(RULES, include_str!("../systemd/samovar.rules.yml")), (BOARD, board())] {
        let asked = asked_for(text);
        assert!(asked.len() > 10, "{file} asks for something: {asked:?}");
        let missing: Vec<_> = asked.difference(&there).collect();
        assert!(missing.is_empty(), "{file} asks for what is not there: {missing:?}");
    }
    for (sample, value) in [
        ("samovar_ledger_sum_roubles", "0"),
        ("samovar_revenue_today_roubles", "0.76"),
        ("samovar_jobs_ended_total{model=\"z-image\",outcome=\"done\"}", "1"),
        ("samovar_payments_odd_total", "1"),
        // The start bonus and ten Stars, less the sale.
        ("samovar_wallets_roubles", "1011.59"),
        ("samovar_updates_total{kind=\"paid\",outcome=\"handled\"}", "1"),
        ("samovar_store_readable", "1"),
        ("samovar_selling_stopped{by=\"operator\"}", "0"),
    ] {
        assert_eq!(samples.get(sample), Some(&value), "{sample}");
    }
    let end_s: f64 = samples["samovar_certificate_expires_timestamp_seconds"].parse().expect("a number");
    let now_s = Clock::system().now().at.0 / 1_000;
    let days = (end_s.to_string().parse::<i64>().expect("whole") - now_s) / 86_400;
    assert!((728..=730).contains(&days), "{days}");
    let age_s: f64 = samples["samovar_backup_age_seconds"].parse().expect("a number");
    assert!((3_600.0..3_700.0).contains(&age_s), "{age_s}");
    assert!(samples["process_resident_memory_bytes"].len() > 6, "{page}");
    assert!(!page.contains("1001"), "no customer is in it");
    tell(&format!("a scrape has {} samples in {} bytes", samples.len(), page.len()));

    assert_eq!(service.samovar(&["selling", "off", "--reason", "a"]).await.status.code(), Some(0));
    service.orders("самовар").await;
    let refused = service.scrape_until("samovar_refusals_total{code=\"not-selling\"}", "1").await;
    assert!(refused.contains("samovar_selling_stopped{by=\"operator\"} 1"), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callbacks_that_are_signed_with_another_key_are_counted_and_told_once() {
    let dir = TempDir::new().expect("a directory");
    let data = dir.path().join("data");
    let service = Service::start_in(dir, data, true, &[("KIE_WEBHOOK_HMAC_KEY", "another-key")]).await;
    for (order, refused) in [("самовар", 1), ("чайник", 2)] {
        service.orders(order).await;
        let counted = async {
            loop {
                let page = service.scrape().await;
                let samples = samples(&page);
                assert_eq!(samples["samovar_callbacks_refused_total{reason=\"secret\"}"], "0");
                let count = samples["samovar_callbacks_refused_total{reason=\"signature\"}"];
                if count.parse::<u32>().expect("a number") >= refused {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let counted = tokio::time::timeout(Duration::from_secs(30), counted).await;
        assert!(counted.is_ok(), "{refused} refused: {}", service.log());
    }
    let told = service.log().matches("is not signed with KIE_WEBHOOK_HMAC_KEY").count();
    assert_eq!(told, 1, "{}", service.log());
}

fn board() -> &'static str {
    include_str!("../systemd/samovar-grafana.json")
}

#[test]
fn the_board_is_one_that_grafana_reads() {
    let board: serde_json::Value = serde_json::from_str(board()).expect("JSON");
    let panels = board["panels"].as_array().expect("panels");
    let rows: Vec<_> =
        panels.iter().filter(|panel| panel["type"] == "row").map(|row| row["title"].as_str()).collect();
    let expected = ["Money", "Orders", "KIE", "Telegram", "Store", "Process"].map(Some);
    assert_eq!(rows, expected);
    let mut ids = BTreeSet::new();
    for panel in panels {
        assert!(ids.insert(panel["id"].as_i64().expect("a number")), "{panel}");
        let place = &panel["gridPos"];
        let at = |side: &str| place[side].as_i64().expect("a number");
        assert!(at("x") + at("w") <= 24, "{panel}");
        assert!(panel["type"] == "row" || panel["targets"][0]["expr"].is_string(), "{panel}");
    }
}

#[test]
fn the_alert_rules_are_sound_and_fire_when_they_should() {
    passes(&["check", "rules", RULES], "");
    passes(&["test", "rules", "tests/rules.test.yml"], "");
    let rules = include_str!("../systemd/samovar.rules.yml");
    let count = |what: &str| rules.matches(what).count();
    let alerts = count("- alert: ");
    assert_eq!([count("summary: "), count("money: "), count("  do: ")], [alerts; 3], "each says all three");
}

#[test]
fn all_that_is_counted_is_listed_and_all_that_is_listed_is_counted() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    rust_files(&root, &mut files);
    let mut counted = BTreeSet::new();
    for file in files.iter().filter(|file| !file.ends_with("src/metrics.rs")) {
        let text = fs::read_to_string(file).expect("a text");
        if !text.contains("metrics::") {
            continue;
        }
        let quoted = text.split('"').skip(1).step_by(2);
        let known = ["samovar_", "process_"];
        let names = quoted.filter(|word| known.iter().any(|begin| word.starts_with(begin)));
        counted.extend(names.filter(|word| !word.contains([' ', '.', '/', '-'])).map(str::to_owned));
    }
    counted.insert("samovar_build_info".to_owned());
    let listed: BTreeSet<String> = ALL.iter().map(|metric| metric.name.to_owned()).collect();
    let strange: Vec<_> = counted.difference(&listed).collect();
    let forgotten: Vec<_> = listed.difference(&counted).collect();
    assert!(forgotten.is_empty(), "listed and never counted: {forgotten:?}");
    assert!(strange.is_empty(), "counted and not listed: {strange:?}");
    assert!(ALL.iter().any(|metric| metric.kind == Kind::Histogram), "the commits are timed");
}
