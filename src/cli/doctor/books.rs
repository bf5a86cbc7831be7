//! The books, and what an operator should hear of.

use super::Line;
use crate::cli::ask;
use crate::config::Settings;
use crate::control::{Answer, Ask, Concerns};
use crate::time::At;
use std::time::Duration;

/// An older proof of the newest backup is a warning.
const STALE: Duration = Duration::from_secs(36 * 3600);

pub(super) fn audit(settings: &Settings) -> Line {
    if !settings.data_dir.exists() {
        return Line::ok("books", "there are none yet");
    }
    match ask::ask(settings, Ask::Audit) {
        Ok(Answer::Audit(audit)) if audit.ok => {
            Line::ok("books", format!("all ten rules hold; ledger rows: {}", audit.rows))
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

/// Backups, and payments that match nothing.
pub(super) fn concerns(settings: &Settings, now: At) -> Vec<Line> {
    if !settings.data_dir.exists() {
        return vec![Line::ok("backup", "there is nothing yet that could be lost")];
    }
    match ask::ask(settings, Ask::Concerns) {
        Ok(Answer::Concerns(concerns)) => {
            vec![backup(concerns.backup_verified, now), unmatched(&concerns)]
        }
        // The line about the books says why.
        Ok(_) | Err(_) => vec![Line::warn("backup", "not known", "see the line about the books")],
    }
}

fn backup(verified: Option<At>, now: At) -> Line {
    let todo = "see \"Back up and restore\" in the README: a timer makes one a day and proves it";
    match verified.map(|at| (at, now.since(at))) {
        None => Line::warn("backup", "there is no backup yet that was proven to be good", todo),
        Some((at, age)) if age > STALE => {
            Line::warn("backup", format!("the last one that was proven to be good is of {at}"), todo)
        }
        Some((at, _)) => Line::ok("backup", format!("the last one that was proven to be good is of {at}")),
    }
}

fn unmatched(concerns: &Concerns) -> Line {
    let Concerns { odd, gone_back, undecided, .. } = concerns;
    let wait = format!("{undecided} receipts wait for you");
    if *odd == 0 && *gone_back == 0 {
        return Line::ok("unmatched", format!("every payment is what was asked for; {wait}"));
    }
    Line::warn(
        "unmatched",
        format!(
            "{odd} payments of the last week were odd (no invoice of ours, another amount, …); {gone_back} went back \
             that never came; {wait}"
        ),
        "look at them in /admin, compare with Telegram's list or your bank",
    )
}

/// Telegram's terms for bots, 6.2: digital goods are paid in Stars and in nothing else.
pub(super) fn ways_to_pay(settings: &Settings) -> Line {
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
