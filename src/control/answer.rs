//! The one function that answers an operator: on the running service, and on the file that the
//! command line opened itself.

use super::document::{Concerns, Selling, Stop, Timeline, Wallet, WalletTransfer};
use super::migrate::migrate;
use super::{Answer, Ask, export};
use crate::ids::Seq;
use crate::ids::{ActionId, JobId, RequestId, UserId};
use crate::ledger::{Account, MOST_GIVEN, Ref, Refusal};
use crate::money::Kopecks;
use crate::store::{AccountRow, Action, ActionRow, DISK, Fault, LedgerRow, Store, Tx, Unmatched, View};
use crate::time::At;

/// After a correction, so many transfers are shown.
const SHOWN_AFTER_ADJUST: usize = 20;
/// Odd payments of so many days are told, of the newest so many there are.
const ODD_DAYS: i64 = 7;
const ODD_LOOK: usize = 2_000;
const DAY_MS: i64 = 24 * 3_600_000;

/// Answers one question. A fault becomes [`Answer::Failed`]: then nothing changed.
///
/// Only of an act whose own commit failed nobody knows whether it happened, and then it says so.
pub async fn answer(store: &Store, ask: Ask) -> Answer {
    // Of the acts of a migration each tells for itself.
    let is_act = matches!(ask, Ask::Adjust { .. } | Ask::Selling { .. });
    match look_or_act(store, ask).await {
        Ok(answer) => answer,
        Err(fault) => {
            let why = if is_act { act_failed(&fault) } else { fault.to_string() };
            Answer::Failed { why, is_damaged: fault.is_damage() }
        }
    }
}

/// What an operator hears of an act that met a fault.
pub(super) fn act_failed(fault: &Fault) -> String {
    match fault {
        Fault::Storage(_) => format!("{fault}; look whether it was done before you try again"),
        Fault::Row { .. } | Fault::Damaged(_) | Fault::Closed | Fault::Busy | Fault::Bug(_) => {
            fault.to_string()
        }
    }
}

async fn look_or_act(store: &Store, ask: Ask) -> Result<Answer, Fault> {
    match ask {
        Ask::Pid => Ok(Answer::Pid(std::process::id())),
        Ask::NewAction => store.write("new-action", |tx| tx.new_action().map(Answer::Action)).await,
        Ask::Adjust { id, user, amount, reason, who } => {
            let act = move |tx: &mut Tx<'_>| adjust(tx, id, user, amount, &reason, &who);
            store.write("adjust", act).await
        }
        Ask::Wallet { user, limit } => {
            let limit = usize::try_from(limit).unwrap_or(usize::MAX);
            store.read(move |view| wallet(view, user, limit)).await
        }
        Ask::Audit => store.read(|view| Ok(Answer::Audit(view.audit()?.into()))).await,
        Ask::Trace { what } => store.read(move |view| trace(view, &what)).await,
        Ask::Selling { id, on, reason, who } => {
            let act = move |tx: &mut Tx<'_>| sell(tx, id, on, &reason, &who);
            if let Some(refused) = store.write("selling", act).await? {
                return Ok(refused);
            }
            stops(store).await
        }
        Ask::Stops => stops(store).await,
        Ask::Migrate { confirm, window, limit } => migrate(store, confirm, window, limit).await,
        Ask::Export { table, after, limit } => {
            store.read(move |view| export::page(view, table, after, limit).map(Answer::Page)).await
        }
        Ask::Concerns => {
            let now = store.clock().now().at;
            store.read(move |view| concerns(view, now).map(Answer::Concerns)).await
        }
        // Where backups go, only the service and the command line know: both make them themselves.
        Ask::Backup => Ok(Answer::Refused("ask the running service for a backup".to_owned())),
        Ask::Ready => Ok(Answer::Refused("no service runs".to_owned())),
    }
}

/// Only customers have wallets: numbers below zero name the operator's own accounts.
fn no_customer(user: UserId) -> Option<Answer> {
    (user.0 <= 0).then(|| Answer::Refused(format!("{user} is no customer: a Telegram id is above zero")))
}

fn adjust(
    tx: &mut Tx<'_>,
    id: ActionId,
    user: UserId,
    amount: Kopecks,
    reason: &str,
    who: &str,
) -> Result<Answer, Fault> {
    if let Some(refused) = no_customer(user) {
        return Ok(refused);
    }
    if amount > MOST_GIVEN {
        return Ok(Answer::Refused(Refusal::TooLarge.to_string()));
    }
    let other = |row: &ActionRow| row.what != Action::Adjust { user, amount };
    if tx.action(id)?.as_ref().is_some_and(other) {
        return Ok(Answer::Refused(format!("action {id} was something else")));
    }
    let posted = match tx.adjust(id, who, user, amount, reason)? {
        Ok(posted) => posted,
        Err(refusal) => return refused(tx, user, refusal).map(Answer::Refused),
    };
    let known = tx.user(user)?.is_some();
    let account = tx.account(Account::User(user))?;
    let rows = tx.history(Account::User(user), None, SHOWN_AFTER_ADJUST + 1)?;
    let mut wallet = wallet_of(user, known, &account, rows, SHOWN_AFTER_ADJUST, |id| tx.action(id))?;
    wallet.reference = Some(tx.ledger_row(posted.seq())?.transfer.reference.to_string());
    Ok(Answer::Wallet(wallet))
}

fn refused(tx: &Tx<'_>, user: UserId, refusal: Refusal) -> Result<String, Fault> {
    Ok(match refusal {
        Refusal::Short { missing } => {
            let available = tx.available(user)?;
            format!(
                "not enough money: {available} ₽ of customer {user} can be taken, {missing} ₽ are missing"
            )
        }
        Refusal::ExistsDifferent(_)
        | Refusal::NotPositive
        | Refusal::WrongAccounts
        | Refusal::NoHold
        | Refusal::AlreadyCharged
        | Refusal::AlreadyReleased
        | Refusal::NotTheHold
        | Refusal::NotCharged
        | Refusal::AlreadyRefunded
        | Refusal::NoLoss
        | Refusal::TooLarge => refusal.to_string(),
    })
}

fn wallet(view: &View, user: UserId, limit: usize) -> Result<Answer, Fault> {
    if let Some(refused) = no_customer(user) {
        return Ok(refused);
    }
    let known = view.user(user)?.is_some();
    let account = view.account(Account::User(user))?;
    let rows = view.history(Account::User(user), None, limit.saturating_add(1))?;
    wallet_of(user, known, &account, rows, limit, |id| view.action(id)).map(Answer::Wallet)
}

/// A wallet with so many of its rows, of which one more was read.
fn wallet_of(
    user: UserId,
    known: bool,
    account: &AccountRow,
    mut rows: Vec<(Seq, LedgerRow)>,
    limit: usize,
    action: impl Fn(ActionId) -> Result<Option<ActionRow>, Fault>,
) -> Result<Wallet, Fault> {
    let available = account.counters.available();
    let available =
        available.ok_or_else(|| Fault::Bug(format!("the wallet of {} does not fit", user.masked())))?;
    let older = rows.len() > limit;
    rows.truncate(limit);
    let seen = |(seq, row): (Seq, LedgerRow)| {
        let done = if let Ref::Adjust(id) = row.transfer.reference { action(id)? } else { None };
        Ok(WalletTransfer::of(user, seq, &row, done.map(|done| done.reason)))
    };
    Ok(Wallet {
        user,
        available: available.to_string(),
        held: account.counters.held().to_string(),
        known,
        transfers: rows.into_iter().map(seen).collect::<Result<_, Fault>>()?,
        older,
        reference: None,
    })
}

fn trace(view: &View, what: &str) -> Result<Answer, Fault> {
    let key = view.note::<[u8; 32]>("server_key")?;
    let key = key.ok_or_else(|| Fault::Bug("the store has no key of its own".to_owned()))?;
    let what = what.trim();
    let request = match request_of_job(view, what)? {
        Some(request) => request,
        None => match RequestId::from_code(what, &key) {
            Ok(request) => request,
            Err(_) if what.parse::<JobId>().is_ok() => {
                return Ok(Answer::Refused(format!("there is no job {what}")));
            }
            Err(not_a_code) => return Ok(Answer::Refused(not_a_code.to_string())),
        },
    };
    let events = view.trace(request)?;
    let Some(first) = events.first() else {
        return Ok(Answer::Refused(format!("no request has the code {}", request.code(&key))));
    };
    Ok(Answer::Timeline(Timeline {
        request,
        code: request.code(&key),
        user: first.user,
        job: events.iter().find_map(|event| event.job),
        events: events.into_iter().map(Into::into).collect(),
    }))
}

/// A job's request. Eight digits may also be a code: then a job of that number comes first.
fn request_of_job(view: &View, what: &str) -> Result<Option<RequestId>, Fault> {
    let Ok(job) = what.parse::<JobId>() else { return Ok(None) };
    Ok(view.job(job)?.map(|job| job.row.request))
}

/// Stops taking orders or takes them again. `Some`: it was refused.
fn sell(tx: &mut Tx<'_>, id: ActionId, on: bool, reason: &str, who: &str) -> Result<Option<Answer>, Fault> {
    let is_other = tx.action(id)?.is_some_and(|row| row.what != Action::Selling { on });
    if is_other {
        return Ok(Some(Answer::Refused(format!("action {id} was something else"))));
    }
    tx.switch_selling(id, who, on, reason)?;
    Ok(None)
}

async fn stops(store: &Store) -> Result<Answer, Fault> {
    let now = store.clock().now().up;
    store
        .read(move |view| {
            let rows = view.stops()?.into_iter().filter(|(_, row)| row.holds(now));
            let stops: Vec<Stop> = rows.map(|(what, row)| Stop::of(what, row)).collect();
            let selling = stops.iter().all(|stop| stop.what != "all" && stop.what != DISK);
            Ok(Answer::Selling(Selling { selling, stops }))
        })
        .await
}

/// What an operator should hear of.
pub fn concerns(view: &View, now: At) -> Result<Concerns, Fault> {
    let unmatched = view.unmatched(At(now.0.saturating_sub(ODD_DAYS * DAY_MS)), ODD_LOOK)?;
    let Unmatched { odd, gone_back, undecided } = unmatched;
    Ok(Concerns { backup_verified: view.backup_verified()?, odd, gone_back, undecided })
}
