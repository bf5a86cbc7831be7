//! `samovar doctor` against a Telegram and a KIE that answer: each line says how it is and what to do.

use crate::support::{Mode, TestApp};
use samovar::sandbox::kie;
use serde_json::Value;
use std::process::{Command, Output};

const TOKEN: &str = "4242:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

/// Runs it as an operator does, on the files of the service that runs.
async fn doctor(app: &TestApp, more: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_samovar"));
    command.args(["--config", "/dev/null", "doctor", "--json"]).env_clear();
    let (telegram, provider) = (app.sandbox.telegram_url().to_string(), app.sandbox.kie_url().to_string());
    for (name, value) in [
        ("TELEGRAM_BOT_TOKEN", TOKEN),
        ("KIE_API_KEY", kie::Account::default().api_key.as_str()),
        ("ADMIN_IDS", "900"),
        ("TELEGRAM_API_URL", telegram.as_str()),
        ("KIE_BASE_URL", provider.as_str()),
        ("KIE_UPLOAD_URL", provider.as_str()),
        ("MIN_FREE_DISK", "1MB"),
    ] {
        command.env(name, value);
    }
    command.env("DATA_DIR", app.data_dir()).envs(more.iter().copied());
    tokio::task::spawn_blocking(move || command.output().expect("it runs")).await.expect("no panic")
}

fn verdict(report: &Value, check: &str) -> String {
    let lines = report["lines"].as_array().expect("lines");
    let line = lines.iter().find(|line| line["check"] == check).unwrap_or_else(|| panic!("no {check}"));
    assert_eq!(line["todo"] == "", line["verdict"] == "ok", "{line}");
    line["verdict"].as_str().expect("a word").to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shop_that_is_well_is_told_so_and_stars_alone_are_in_order() {
    let app = TestApp::start(Mode::Polling).await;
    let ran = doctor(&app, &[]).await;
    let report: Value = serde_json::from_slice(&ran.stdout).expect("one document");
    for check in ["token", "webhook", "disk", "rights", "payments"] {
        assert_eq!(verdict(&report, check), "ok", "{report}");
    }
    assert!(["ok", "warn"].contains(&verdict(&report, "kie").as_str()), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_ways_to_pay_are_warned_of_and_a_wrong_key_fails() {
    let app = TestApp::start(Mode::Polling).await;
    let ran = doctor(&app, &[("PAYMENT_CARD", "2200 0000 0000 0004"), ("KIE_API_KEY", "another-key")]).await;
    let report: Value = serde_json::from_slice(&ran.stdout).expect("one document");
    assert_eq!((verdict(&report, "payments").as_str(), verdict(&report, "kie").as_str()), ("warn", "fail"));
    assert_eq!((ran.status.code(), report["ok"].as_bool()), (Some(1), Some(false)));
    assert!(!String::from_utf8_lossy(&ran.stdout).contains("2200"), "no value of a setting is told");
    let nobody = doctor(&app, &[("TELEGRAM_BOT_TOKEN", "4242:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb")]).await;
    let report: Value = serde_json::from_slice(&nobody.stdout).expect("one document");
    assert_eq!(verdict(&report, "token"), "fail");
}
