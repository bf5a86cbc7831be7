//! A customer as the operator sees them: who, their money, their jobs, and what can be done.

use super::home;
use super::target::Target;
use super::{job, number, show as show_screen};
use crate::handlers::keyboard::pages;
use crate::handlers::talk::{Screen, Talk, clip};
use crate::handlers::target;
use crate::ids::UserId;
use crate::ledger::{Account, Kind, Memo, Transfer};
use crate::message::Keyboard;
use crate::store::{Fault, UserRow};
use crate::texts::{self, Arg};

/// How many movements, and jobs, their own page shows.
const LAST: usize = 4;
/// How many a page of nothing else shows.
const PAGE: usize = 8;
/// How much of an action's reason a movement shows.
const REASON: usize = 60;

/// Their page, below what was just done.
pub(super) fn show(talk: &mut Talk<'_, '_>, user: UserId, above: Option<&str>) -> Result<(), Fault> {
    talk.aside();
    let screen = match talk.tx.user(user)? {
        Some(row) => screen(talk, user, &row)?,
        None => Screen { text: talk.say("admin-not-customer", &[]), keyboard: vec![home::row(talk)] },
    };
    show_screen(talk, screen, above)
}

fn screen(talk: &Talk<'_, '_>, user: UserId, row: &UserRow) -> Result<Screen, Fault> {
    let username = row.username.as_ref().map_or("–".to_owned(), |name| format!("@{name}"));
    let (since, seen) = (texts::moment(talk.lang, row.first_seen), texts::moment(talk.lang, row.last_seen));
    let held = talk.tx.account(Account::User(user))?.counters.held();
    let args = [
        ("name", Arg::Text(&row.first_name)),
        ("username", Arg::Text(&username)),
        ("number", Arg::Text(&user.to_string())),
        ("since", Arg::Html(&since)),
        ("seen", Arg::Html(&seen)),
        ("available", Arg::Money(talk.tx.available(user)?)),
        ("held", Arg::Money(held)),
        ("open", number(row.open_jobs)),
    ];
    let mut lines = vec![talk.say("admin-person", &args)];
    if row.banned {
        lines.push(talk.say("admin-person-banned", &[]));
    }
    if row.blocked {
        lines.push(talk.say("admin-person-blocked", &[]));
    }
    let moves = talk.tx.history(Account::User(user), None, LAST)?;
    if !moves.is_empty() {
        lines.push(format!("\n{}", talk.say("admin-person-moves", &[])));
        for (_, row) in &moves {
            lines.push(movement(talk, user, &row.transfer)?);
        }
    }
    let jobs = talk.tx.jobs_of(user, 0, LAST)?;
    if !jobs.is_empty() {
        lines.push(format!("\n{}", talk.say("admin-person-jobs", &[])));
        lines.extend(jobs.iter().map(|one| job::line(talk, one)));
    }
    Ok(Screen { text: lines.join("\n"), keyboard: keyboard(talk, user, row) })
}

fn keyboard(talk: &Talk<'_, '_>, user: UserId, row: &UserRow) -> Keyboard {
    let ban = if row.banned {
        Target::Unban(user).button(talk.say("admin-button-unban", &[]))
    } else {
        Target::Ban(user).button(talk.say("admin-button-ban", &[]))
    };
    vec![
        vec![
            Target::Amount { user, off: false }.button(talk.say("admin-button-credit", &[])),
            Target::Amount { user, off: true }.button(talk.say("admin-button-debit", &[])),
        ],
        vec![
            Target::Moves(user, 0).button(talk.say("admin-button-moves", &[])),
            Target::Jobs(user, 0).button(talk.say("admin-button-jobs", &[])),
            Target::Payments(user, 0).button(talk.say("admin-button-payments", &[])),
        ],
        vec![ban],
        home::row(talk),
    ]
}

/// A movement of a wallet in a line, with why.
fn movement(talk: &Talk<'_, '_>, user: UserId, transfer: &Transfer) -> Result<String, Fault> {
    let sign = match transfer.kind {
        Kind::Hold | Kind::Release => "",
        Kind::Topup | Kind::Charge | Kind::Refund | Kind::Adjust | Kind::Loss => {
            if transfer.credit == Account::User(user) { "+" } else { "−" }
        }
    };
    let why = match transfer.memo {
        Memo::Action(id) => {
            let action = talk.tx.action(id)?;
            action.map_or(String::new(), |action| clip(&action.reason, REASON))
        }
        Memo::Ordered
        | Memo::Delivered
        | Memo::Failed
        | Memo::Cancelled
        | Memo::Late
        | Memo::Payment(_)
        | Memo::Chargeback(_)
        | Memo::Welcome
        | Memo::Undeliverable
        | Memo::Promo(_)
        | Memo::Legacy
        | Memo::LegacyImport
        | Memo::LegacyMigration => transfer.memo.to_string(),
    };
    let (at, reference) = (texts::moment(talk.lang, transfer.at), transfer.reference.to_string());
    let args = [
        ("at", Arg::Html(&at)),
        ("sign", Arg::Html(sign)),
        ("amount", Arg::Money(transfer.amount)),
        ("reference", Arg::Text(&reference)),
        ("why", Arg::Text(&why)),
    ];
    Ok(talk.say("admin-move", &args))
}

/// A page of their movements.
pub(super) fn moves(talk: &mut Talk<'_, '_>, user: UserId, page: usize) -> Result<(), Fault> {
    talk.aside();
    let rows = talk.tx.history(Account::User(user), None, (page + 1) * PAGE + 1)?;
    let more = rows.len() > (page + 1) * PAGE;
    let args = [("number", Arg::Text(&user.to_string()))];
    let mut lines = vec![talk.say("admin-moves", &args)];
    for (_, row) in rows.iter().skip(page * PAGE).take(PAGE) {
        lines.push(movement(talk, user, &row.transfer)?);
    }
    if lines.len() == 1 {
        lines.push(talk.say("admin-nothing", &[]));
    }
    let to = |page| target::Target::Admin(Target::Moves(user, page));
    let mut keyboard = pages(talk, page, page + 1 + usize::from(more), to);
    keyboard.push(back(talk, user));
    talk.show(Screen { text: lines.join("\n"), keyboard })
}

/// A page of their jobs.
pub(super) fn jobs(talk: &mut Talk<'_, '_>, user: UserId, page: usize) -> Result<(), Fault> {
    talk.aside();
    let mut jobs = talk.tx.jobs_of(user, page * PAGE, PAGE + 1)?;
    let more = jobs.len() > PAGE;
    jobs.truncate(PAGE);
    let mut text = talk.say("admin-jobs", &[("number", Arg::Text(&user.to_string()))]);
    if jobs.is_empty() {
        text = format!("{text}\n{}", talk.say("admin-nothing", &[]));
    }
    let mut keyboard: Keyboard = jobs.iter().map(|one| vec![job::button(talk, one)]).collect();
    keyboard.extend(pages(talk, page, page + 1 + usize::from(more), |page| {
        target::Target::Admin(Target::Jobs(user, page))
    }));
    keyboard.push(back(talk, user));
    talk.show(Screen { text, keyboard })
}

/// The way back to their page, beside the main screen.
pub(super) fn back(talk: &Talk<'_, '_>, user: UserId) -> Vec<crate::message::Button> {
    let mut row = vec![Target::Person(user).button(talk.say("admin-button-person", &[]))];
    row.extend(home::row(talk));
    row
}
