//! The books, and what an operator should hear of.

use super::Line;
use crate::cli::Failure;
use crate::cli::ask::{self, Holder};
use crate::config::{BackupTo, Settings};
use crate::control::{self, Answer, Ask, Audit, Client, Concerns, Found};
use crate::shelf::place_id;
use crate::store::{self, Unseen, Verified, View};
use crate::time::At;
use std::path::Path;
use std::time::Duration;

/// An older proof of the newest backup is a warning.
const STALE: Duration = Duration::from_secs(36 * 3600);

/// What is known of the books; else the line that says why not.
type Looked = Result<Option<(Audit, Concerns)>, Line>;

/// The rules, the backups, and payments that match nothing.
pub(super) fn lines(settings: &Settings, holder: &Holder, now: At) -> Vec<Line> {
    let dir = &settings.data_dir;
    let nothing = || Line::ok("backup", "there is nothing yet that could be lost");
    let looked = match holder {
        Holder::Missing => return vec![missing(dir), nothing()],
        Holder::Unknown(why) => Err(Line::fail(
            "books",
            format!("not known: {why}"),
            "run this as the owner of DATA_DIR or as root; else DATA_DIR is no folder that can be used",
        )),
        Holder::Service(_) | Holder::Silent | Holder::Nobody => looked(dir, now),
    };
    match looked {
        Ok(Some((audit, concerns))) => {
            vec![rules(&audit), backup(concerns.backup_verified, now, settings), unmatched(&concerns)]
        }
        Ok(None) => vec![Line::ok("books", "there are none yet"), nothing()],
        Err(line) => vec![line, Line::warn("backup", "not known", "see the line about the books")],
    }
}

fn missing(dir: &Path) -> Line {
    Line::warn(
        "books",
        format!("the data directory {} is not there", dir.display()),
        "before the first start that is as it should be; else DATA_DIR is another than the service's: see \
         `samovar config show`",
    )
}

/// Asks the running service, or looks at the file as it lies there: nobody's file is opened, and so changed.
fn looked(dir: &Path, now: At) -> Looked {
    let found = ask::block_on(async { Ok(Client::find(dir).await?) }).map_err(|failure| failed(&failure))?;
    match found {
        Found::Service(client) => asked(&client).map(Some).map_err(|failure| failed(&failure)),
        Found::Free(_lock) => {
            let see = |view: &View| Ok((Audit::from(view.audit()?), control::concerns(view, now)?));
            store::look(dir, see).map_err(|why| unseen(&why))
        }
    }
}

fn asked(service: &Client) -> Result<(Audit, Concerns), Failure> {
    ask::block_on(async {
        let audit = ask::shown("reading the whole file", service.ask(Ask::Audit)).await?;
        let concerns = service.ask(Ask::Concerns).await?;
        match (ask::good(audit)?, ask::good(concerns)?) {
            (Answer::Audit(audit), Answer::Concerns(concerns)) => Ok((audit, concerns)),
            _ => Err(Failure::foreign()),
        }
    })
}

fn failed(failure: &Failure) -> Line {
    Line::fail("books", failure.to_string(), WRONG)
}

const WRONG: &str = "see \"When something goes wrong\" in the README";

fn unseen(why: &Unseen) -> Line {
    let says = why.to_string();
    match why {
        Unseen::NotClosed => Line::warn(
            "books",
            says,
            "start the service: it looks it through, and does not start if its books are not right",
        ),
        Unseen::Older { .. } => Line::warn(
            "books",
            says,
            "start the service: it upgrades a copy, audits that, and keeps this one beside it",
        ),
        Unseen::Newer { .. } => Line::fail("books", says, "install that samovar again, or a newer one"),
        Unseen::Damaged(_) | Unseen::Fault(_) => Line::fail("books", says, WRONG),
    }
}

fn rules(audit: &Audit) -> Line {
    if audit.ok {
        return Line::ok("books", format!("all ten rules hold; ledger rows: {}", audit.rows));
    }
    Line::fail("books", "a rule is broken", "`samovar audit` names it; sell nothing until it is understood")
}

fn backup(verified: Option<Verified>, now: At, settings: &Settings) -> Line {
    let todo = "the service makes one by itself (BACKUP_EVERY); now: `samovar backup create`";
    let is_there = |at: At| format!("the last one that was proven to be good is of {at}");
    let Some(Verified { began, place }) = verified else {
        return Line::warn("backup", "there is no backup yet that was proven to be good", todo);
    };
    let at = began.at;
    if place != place_id(settings) {
        let elsewhere = format!("{}, in another place than BACKUP_TO names now", is_there(at));
        return Line::warn("backup", elsewhere, todo);
    }
    if now.since(at) > STALE {
        return Line::warn("backup", is_there(at), todo);
    }
    if settings.backups.to == BackupTo::DataDir {
        return Line::warn(
            "backup",
            format!("{}, on the disk of the ledger itself", is_there(at)),
            "set BACKUP_TO to another disk or a bucket: a disk or a machine that is lost takes these along",
        );
    }
    Line::ok("backup", is_there(at))
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
