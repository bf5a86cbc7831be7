//! `samovar doctor`: whether all is well with the settings, Telegram, KIE, the disk and the books, each
//! in a line with what to do. Nothing is changed, and the service may run.

use super::output::{Tone, text};
use super::{Failure, Output, ask};
use crate::app::{self, Seams};
use crate::config::{BotMode, Keys, Settings};
use crate::control::{Answer, Ask};
use crate::disk;
use crate::provider::Provider;
use crate::telegram::Gateway;
use crate::time::Clock;
use rust_decimal::Decimal;
use serde::Serialize;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use tokio::runtime::Builder;

/// More updates than this that wait mean that nobody takes them.
const MANY_WAIT: u64 = 1_000;

/// How a check went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Ok,
    Warn,
    Fail,
}

/// One check.
#[derive(Debug, Serialize)]
struct Line {
    check: &'static str,
    verdict: Verdict,
    says: String,
    /// What to do; empty when all is well.
    todo: &'static str,
}

impl Line {
    fn ok(check: &'static str, says: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Ok, says: says.into(), todo: "" }
    }

    fn warn(check: &'static str, says: impl Into<String>, todo: &'static str) -> Self {
        Self { check, verdict: Verdict::Warn, says: says.into(), todo }
    }

    fn fail(check: &'static str, says: impl Into<String>, todo: &'static str) -> Self {
        Self { check, verdict: Verdict::Fail, says: says.into(), todo }
    }
}

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Report {
    ok: bool,
    lines: Vec<Line>,
}

pub(super) fn run(output: Output, settings: &Settings, keys: &Keys) -> Result<(), Failure> {
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::refused(format!("no runtime: {error}")))?;
    let Seams { gateway, provider } =
        app::seams(settings, keys, &Clock::system()).map_err(|error| Failure::settings(error.to_string()))?;
    let mut lines = runtime.block_on(async {
        vec![
            token(gateway.as_ref()).await,
            webhook(gateway.as_ref(), settings).await,
            credit(provider.as_ref(), settings.kie_credit_alert).await,
        ]
    });
    drop(runtime);
    lines.extend([room(settings), rights(&settings.data_dir), books(settings), payments(settings)]);
    let report = Report { ok: lines.iter().all(|line| line.verdict != Verdict::Fail), lines };
    output.answer(&report, |output| say(output, &report))?;
    let failed = report.lines.iter().filter(|line| line.verdict == Verdict::Fail).map(|line| line.check);
    let failed: Vec<_> = failed.collect();
    if failed.is_empty() { Ok(()) } else { Err(Failure::refused(format!("failed: {}", failed.join(", ")))) }
}

fn say(output: Output, report: &Report) -> String {
    let mut table = output.table(&["check", "", "says", "what to do"]);
    for line in &report.lines {
        let verdict = match line.verdict {
            Verdict::Ok => output.toned("ok", Tone::Good),
            Verdict::Warn => output.toned("warn", Tone::Unsure),
            Verdict::Fail => output.toned("FAIL", Tone::Bad),
        };
        table.add_row(vec![line.check.into(), verdict, line.says.as_str().into(), line.todo.into()]);
    }
    text(&table)
}

async fn token(gateway: &dyn Gateway) -> Line {
    match gateway.me().await {
        Ok(me) => Line::ok("token", format!("the bot is @{}", me.username)),
        Err(error) => Line::fail(
            "token",
            error.to_string(),
            "TELEGRAM_BOT_TOKEN from @BotFather, and a way to TELEGRAM_API_URL",
        ),
    }
}

async fn webhook(gateway: &dyn Gateway, settings: &Settings) -> Line {
    let info = match gateway.webhook().await {
        Ok(info) => info,
        Err(error) => return Line::fail("webhook", error.to_string(), "see the line above"),
    };
    let wanted = settings.webhook_base_url.as_ref().filter(|_| settings.bot_mode == BotMode::Webhook);
    let (wait, is_set) = (info.pending_update_count, !info.url.is_empty());
    match (wanted, is_set) {
        (None, true) => Line::warn(
            "webhook",
            "one is set, and the settings say polling",
            "start the service: it takes it away",
        ),
        (Some(base), _) if !info.url.starts_with(base.as_str().trim_end_matches('/')) => {
            Line::warn("webhook", "Telegram posts elsewhere, or nowhere", "start the service: it sets it")
        }
        (Some(_) | None, _) if wait > MANY_WAIT => Line::warn(
            "webhook",
            format!("{wait} updates wait at Telegram"),
            "see whether the service runs and can be reached",
        ),
        (Some(_), _) if info.last_error_message.is_some() => Line::warn(
            "webhook",
            format!("Telegram's last try: {}", info.last_error_message.unwrap_or_else(String::new)),
            "see whether WEBHOOK_BASE_URL leads to LISTEN from outside",
        ),
        (Some(_), _) => Line::ok("webhook", format!("set; {wait} updates wait")),
        (None, false) => Line::ok("webhook", format!("none, as polling wants; {wait} updates wait")),
    }
}

async fn credit(provider: &dyn Provider, alert: Decimal) -> Line {
    match provider.credit().await {
        Ok(credit) if credit < alert => Line::warn(
            "kie",
            format!("the key is good; {credit} credits are left"),
            "put credit on your account at KIE",
        ),
        Ok(credit) => Line::ok("kie", format!("the key is good; {credit} credits are left")),
        Err(why) => {
            Line::fail("kie", why, "KIE_API_KEY from https://kie.ai/api-key, and a way to KIE_BASE_URL")
        }
    }
}

fn room(settings: &Settings) -> Line {
    // Before the first start there is only the folder that it will be made in.
    let there = settings.data_dir.ancestors().find(|dir| dir.exists()).unwrap_or(Path::new("."));
    match disk::free_bytes(there) {
        Ok(free) if free < settings.min_free_disk_bytes => Line::fail(
            "disk",
            format!("{} MB are free, less than MIN_FREE_DISK", free >> 20),
            "make room: nothing is sold until then",
        ),
        Ok(free) => Line::ok("disk", format!("{} MB are free", free >> 20)),
        Err(error) => Line::fail("disk", error.to_string(), "see whether DATA_DIR is right"),
    }
}

fn rights(dir: &Path) -> Line {
    match fs::metadata(dir) {
        Ok(found) if found.permissions().mode() & 0o077 != 0 => {
            Line::warn("rights", "others may read the data directory", "chmod 700 on DATA_DIR")
        }
        Ok(_) => Line::ok("rights", "the data directory is yours alone"),
        Err(_) => Line::ok("rights", "there is no data directory yet; the first start makes it"),
    }
}

fn books(settings: &Settings) -> Line {
    if !settings.data_dir.exists() {
        return Line::ok("books", "there are none yet");
    }
    match ask::ask(settings, Ask::Audit) {
        Ok(Answer::Audit(audit)) if audit.ok => {
            Line::ok("books", format!("all ten rules hold over {} rows", audit.rows))
        }
        Ok(_) => Line::fail(
            "books",
            "a rule is broken",
            "`samovar audit` names it; sell nothing until it is understood",
        ),
        Err(failure) => {
            Line::fail("books", failure.to_string(), "see \"When something goes wrong\" in the README")
        }
    }
}

/// Telegram's terms for bots, 6.2: digital goods are paid in Stars and in nothing else.
fn payments(settings: &Settings) -> Line {
    let by_hand = settings.payment_card.is_some() || settings.payment_phone.is_some();
    let ways = match (settings.payment_provider_token.is_some(), by_hand) {
        (false, false) => return Line::ok("payments", "Telegram Stars only, as Telegram's terms ask"),
        (true, false) => "cards",
        (false, true) => "transfers by hand",
        (true, true) => "cards and transfers by hand",
    };
    Line::warn(
        "payments",
        format!(
            "{ways} are offered beside Stars; Telegram's terms for bots (6.2) allow Stars alone for digital goods"
        ),
        "you risk your bot; unset PAYMENT_… to take Stars alone",
    )
}
