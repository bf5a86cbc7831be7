//! The wallet's whole history: by pages in the chat, and as a file for a table program.

use super::keyboard::{back_row, pages};
use super::talk::{Screen, Talk, clip};
use super::target::Target;
use crate::flow::statement::{self, Line};
use crate::ids::PaymentId;
use crate::ledger::Kind;
use crate::message::{About, Act, Button, Keyboard, Outgoing};
use crate::store::{Fault, LegacyRow};
use crate::texts::{self, Arg};
use crate::time::At;
use std::collections::BTreeSet;
use std::time::Duration;

/// How many movements a page shows.
const PAGE: usize = 8;
/// So many the file has at most, the newest; nobody reads more of them in a chat either.
const FILE_LINES: usize = 10_000;
/// How much of a reason a page shows, in characters.
const WHY_CHARS: usize = 200;

/// A page of the movements, newest first.
pub(super) fn show(talk: &mut Talk<'_, '_>, page: usize) -> Result<(), Fault> {
    talk.aside();
    let page = page.min(FILE_LINES / PAGE);
    let found = statement::read(talk.tx, talk.lang, talk.user, page * PAGE, PAGE)?;
    let args = [
        ("balance", Arg::Money(found.now.balance)),
        ("available", Arg::Money(found.available)),
        ("held", Arg::Money(found.now.held)),
    ];
    let mut parts = vec![talk.say("statement", &args)];
    parts.extend(found.lines.iter().map(|one| line(talk, one)));
    parts.extend(found.old.iter().map(|one| old(talk, one)));
    if found.lines.is_empty() && found.old.is_empty() {
        parts.push(talk.say("balance-no-moves", &[]));
    }
    let mut keyboard = payments(talk, &found.lines);
    keyboard.extend(pages(talk, page, page + 1 + usize::from(found.more), Target::Statement));
    if !found.lines.is_empty() || !found.old.is_empty() {
        keyboard.push(vec![Target::StatementFile.button(talk.say("button-statement-file", &[]))]);
    }
    keyboard.push(back_row(talk, &Target::Balance));
    talk.show(Screen { text: parts.join("\n\n"), keyboard })
}

/// Buttons to the pages of the payments among these movements: each says all that happened to it.
fn payments(talk: &Talk<'_, '_>, lines: &[Line]) -> Keyboard {
    let all: BTreeSet<PaymentId> = lines.iter().filter_map(Line::payment).collect();
    let button = |id: &PaymentId| {
        let number = id.to_string();
        let label = talk.say("statement-payment", &[("number", Arg::Html(&number))]);
        Target::Payment(*id).button(label)
    };
    let buttons: Vec<Button> = all.iter().rev().map(button).collect();
    buttons.chunks(2).map(<[Button]>::to_vec).collect()
}

/// One movement: how much and what, why, when and what was there then.
fn line(talk: &Talk<'_, '_>, line: &Line) -> String {
    let kind = talk.say(statement::kind_key(&line.transfer), &[]);
    let amount = [("amount", Arg::Money(line.transfer.amount)), ("kind", Arg::Html(&kind))];
    // Reserved money is still in the wallet, and freed money never left it.
    let what = match line.transfer.kind {
        Kind::Hold => talk.say("statement-held", &amount),
        Kind::Release => talk.say("statement-freed", &amount),
        Kind::Topup | Kind::Charge | Kind::Refund | Kind::Adjust | Kind::Loss => {
            let key = if line.change.balance.is_negative() { "statement-out" } else { "statement-in" };
            talk.say(key, &amount)
        }
    };
    let why = clip(&line.why, WHY_CHARS);
    let why = match (&line.model, line.job) {
        (Some(model), Some(job)) => {
            let number = job.to_string();
            let args = [("model", Arg::Text(model)), ("job", Arg::Html(&number)), ("why", Arg::Text(&why))];
            talk.say("statement-job", &args)
        }
        (Some(_) | None, _) => texts::escape(&why),
    };
    let at = texts::moment(talk.lang, line.at);
    let after = [
        ("at", Arg::Html(&at)),
        ("balance", Arg::Money(line.after.balance)),
        ("held", Arg::Money(line.after.held)),
    ];
    let reserved = line.after.held.is_positive();
    let after = talk.say(if reserved { "statement-after-held" } else { "statement-after" }, &after);
    [what, why, after].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
}

/// What the bot before this one noted and what moved nothing here.
fn old(talk: &Talk<'_, '_>, row: &LegacyRow) -> String {
    let kind = talk.say(statement::old_key(row), &[]);
    let at = texts::moment(talk.lang, row.at);
    let words = clip(&statement::old_words(talk.lang, &row.reference), WHY_CHARS);
    let args = [
        ("amount", Arg::Money(row.amount)),
        ("kind", Arg::Html(&kind)),
        ("why", Arg::Text(&words)),
        ("at", Arg::Html(&at)),
    ];
    talk.say("statement-old", &args)
}

/// `📥 Скачать CSV`: the same as a file.
pub(super) fn file(talk: &mut Talk<'_, '_>) -> Result<(), Fault> {
    if !may_send(talk, "statement")? {
        return Ok(());
    }
    let found = statement::read(talk.tx, talk.lang, talk.user, 0, FILE_LINES)?;
    let caption = if found.more {
        let lines = i64::try_from(FILE_LINES).unwrap_or(i64::MAX);
        talk.say("statement-file-cut", &[("lines", Arg::Number(lines))])
    } else {
        talk.say("statement-file", &[])
    };
    let bytes = statement::table(talk.lang, &found.lines, &found.old);
    send(talk, "statement.csv", bytes, caption)
}

/// Between two files of the same kind: each is read from the whole history and waits in the outbox as
/// a whole, and nobody needs it more often.
const FILE_PAUSE: Duration = Duration::from_secs(60);

/// Whether the customer may have such a file now; says so if not.
pub(super) fn may_send(talk: &mut Talk<'_, '_>, name: &str) -> Result<bool, Fault> {
    let (note, now) = (format!("file/{}/{name}", talk.user), talk.tx.now().at);
    let early = |last: At| last <= now && now.since(last) < FILE_PAUSE;
    if talk.tx.note::<At>(&note)?.is_some_and(early) {
        talk.tell("toast-file-wait")?;
        return Ok(false);
    }
    talk.tx.put_note(&note, &now)?;
    Ok(true)
}

/// Sends a file of ours to the customer.
pub(super) fn send(
    talk: &mut Talk<'_, '_>,
    name: &str,
    bytes: Vec<u8>,
    caption: String,
) -> Result<(), Fault> {
    let act = Act::Document { name: name.to_owned(), bytes, caption };
    talk.tx.say(Outgoing { chat: talk.user.chat(), act, about: About::Nothing }, None)?;
    talk.toast("toast-file-comes");
    Ok(())
}
