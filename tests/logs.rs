//! What the real binary logs: one line an event, with the ids of what it is about, the customer's masked;
//! a failure once; no secret and no word of a customer.

use crate::binary::Service;
use samovar::sandbox::telegram::World;
use serde_json::Value;
use std::time::Duration;
use tempfile::TempDir;

/// Longer than what a log may show of it.
const CUSTOMER: i64 = 7_700_123_456;
const MASKED: &str = "…3456";
const PROMPT: &str = "кипящий";

async fn start(format: &str, level: &str) -> Service {
    let dir = TempDir::new().expect("a directory");
    let data = dir.path().join("data");
    let settings = [
        ("LOG_FORMAT", format),
        ("RUST_LOG", level),
        ("TELEGRAM_WEBHOOK_SECRET_TOKEN", "planted-webhook-secret"),
        ("KIE_WEBHOOK_HMAC_KEY", "planted-hmac-key"),
        ("PAYMENT_PROVIDER_TOKEN", "planted-card-token"),
        ("PAYMENT_CARD", "2200700011112222"),
    ];
    Service::start_for(CUSTOMER, dir, data, false, &settings).await
}

impl Service {
    /// Waits until so many lines of the log say this.
    async fn logged(&self, count: usize, what: &str) {
        let wait = async {
            while self.log().matches(what).count() < count {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let came = tokio::time::timeout(Duration::from_secs(30), wait).await;
        assert!(came.is_ok(), "{what} is not in the log:\n{}", self.log());
    }
}

/// The log's lines, each an object.
fn lines(log: &str) -> Vec<Value> {
    log.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no object: {line}")))
        .collect()
}

#[track_caller]
fn keeps_secrets(log: &str) {
    assert!(log.len() > 500, "a log that says something");
    for secret in [
        "aaaaaaaaaaaaaaaaaaaa",
        "sandbox-key",
        "planted-",
        "2200700011112222",
        &CUSTOMER.to_string(),
        PROMPT,
        "Анна",
    ] {
        assert!(!log.contains(secret), "{secret} is in the log:\n{log}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sale_is_a_line_an_event_with_request_job_and_masked_customer() {
    let service = start("json", "info").await;
    let stars = |world: &mut World, now| world.pays_out_of_nowhere(now, CUSTOMER, ("XTR", 10), "?");
    service.sandbox.telegram.act(|world, now| {
        world.user(900, "Оператор", "ru");
        world.say(now, 900, "/start").expect("sent");
    });
    service.sandbox.telegram.act(stars).expect("paid");
    service.logged(1, "\"paid in\"").await;
    service.orders(PROMPT).await;
    service.sees("Списано").await;
    service.logged(1, "\"delivered\"").await;
    let log = service.log();
    keeps_secrets(&log);
    let lines = lines(&log);
    let of = |message: &str| -> Vec<&Value> {
        lines.iter().filter(|line| line["message"].as_str() == Some(message)).collect()
    };
    let mut requests = Vec::new();
    for event in ["ordered", "sending", "accepted", "succeeded", "fetched", "delivered"] {
        let [line] = of(event)[..] else { panic!("not one line for {event}:\n{log}") };
        assert_eq!((&line["level"], &line["span"]["job"]), (&"INFO".into(), &1.into()), "{line}");
        assert_eq!(line["span"]["customer"], MASKED, "{line}");
        requests.push(line["span"]["request"].as_str().expect("a code").to_owned());
    }
    assert!(requests.iter().all(|code| *code == requests[0] && code.starts_with("RQ-")), "{requests:?}");
    assert_eq!(of("ordered")[0]["data"], "z-image, 0.76 RUB held");
    let [paid] = of("paid in")[..] else { panic!("not one line for the payment:\n{log}") };
    assert_eq!((&paid["payment"], &paid["span"]["customer"]), (&1.into(), &MASKED.into()), "{paid}");
    let handled = of("an update was handled");
    assert!(handled.len() > 5, "{log}");
    assert!(handled.iter().all(|line| line["update"].is_u64() && line["kind"].is_string()), "{log}");
    // The operator was told of a payment out of nowhere, and of nothing else.
    let loud: Vec<_> = lines.iter().filter(|line| line["level"] != "INFO").collect();
    assert_eq!(loud.len(), 1, "{loud:?}");
    assert_eq!(loud[0]["alarm"], "alarm-payment-odd");
    assert!(loud[0]["detail"].as_str().is_some_and(|detail| detail.contains(MASKED)), "{loud:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_failure_is_logged_once_and_in_our_words() {
    let service = start("json", "info").await;
    service.orders(&format!("{PROMPT} sandbox:fail")).await;
    service.sees("❌ Генерация не удалась").await;
    service.orders(&format!("{PROMPT} sandbox:hangup")).await;
    service.logged(1, "\"expired\"").await;
    service.logged(2, "\"delivered\"").await;
    let log = service.log();
    keeps_secrets(&log);
    let lines = lines(&log);
    let about = |job: i64| -> Vec<&str> {
        let lines = lines.iter().filter(|line| line["span"]["job"] == job);
        lines.map(|line| line["message"].as_str().expect("a text")).collect()
    };
    assert_eq!(about(1), ["ordered", "sending", "accepted", "task-failed", "delivered"], "{log}");
    let doubt = "nobody knows whether an order arrived; its money stays held";
    assert_eq!(about(2), ["ordered", "sending", doubt, "expired", "delivered"], "{log}");
    let failed = lines.iter().find(|line| line["message"] == "task-failed").expect("a line");
    assert_eq!(failed["data"], "task-failed", "not KIE's words: they may quote the customer");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_text_for_people_has_the_same_and_all_of_it_keeps_secrets() {
    let service = start("text", "trace").await;
    service.orders(PROMPT).await;
    service.sees("Списано").await;
    service.logged(1, ": delivered ").await;
    let log = service.log();
    let line = log.lines().find(|line| line.contains(": ordered ")).expect("a line");
    assert!(line.contains("INFO about{request=\"RQ-"), "{line}");
    assert!(line.contains(" job=1 customer=\"…3456\"}: ordered data=\"z-image, 0.76 RUB held\""), "{line}");
    assert!(!log.contains('\u{1b}'), "no colours where there is no terminal");
    let ours: String = log.lines().filter(|line| !line.contains("TRACE")).collect();
    keeps_secrets(&ours);
}
