//! Where a customer's money went: every movement of their wallet with its reason and what was there
//! afterwards, for the chat, for a table of theirs, for an export.
//!
//! **Invariant:** the balance after a row is never stored. It is the account's counters with every newer
//! row undone, so a statement cannot say anything else than the ledger; before the oldest row it is zero.

use crate::catalog;
use crate::ids::{JobId, PaymentId, Seq, UserId};
use crate::ledger::{Account, Counters, Kind, Memo, Ref, Transfer};
use crate::message::Lang;
use crate::money::Kopecks;
use crate::store::{Fault, LedgerRow, LegacyKind, LegacyRow, Tx};
use crate::texts::{self, Arg};
use crate::time::At;
use std::cmp::Reverse;

/// What is in a wallet, or what changed in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// All that is there, reserved money included.
    pub balance: Kopecks,
    /// What of it is reserved.
    pub held: Kopecks,
}

impl Sums {
    fn of(counters: &Counters) -> Option<Self> {
        Some(Self { balance: counters.posted()?, held: counters.held() })
    }

    /// What may be spent; `None` when it does not fit.
    pub fn available(self) -> Option<Kopecks> {
        self.balance.checked_sub(self.held)
    }

    fn without(self, change: Self) -> Option<Self> {
        let balance = self.balance.checked_sub(change.balance)?;
        Some(Self { balance, held: self.held.checked_sub(change.held)? })
    }
}

/// One movement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The ledger row.
    pub seq: Seq,
    /// When.
    pub at: At,
    /// What it is.
    pub transfer: Transfer,
    /// What it changed; either may be below zero.
    pub change: Sums,
    /// What was there after it.
    pub after: Sums,
    /// What of it could be spent.
    pub available: Kopecks,
    /// The model of its job; its id when the catalogue has it no more.
    pub model: Option<String>,
    /// Its job.
    pub job: Option<JobId>,
    /// Why, in plain words that are not escaped; may be empty.
    pub why: String,
}

impl Line {
    /// The payment that it is a part of.
    pub fn payment(&self) -> Option<PaymentId> {
        match self.transfer.memo {
            Memo::Payment(id) | Memo::Chargeback(id) => Some(id),
            Memo::Ordered
            | Memo::Delivered
            | Memo::Failed
            | Memo::Cancelled
            | Memo::Late
            | Memo::Action(_)
            | Memo::Welcome
            | Memo::Undeliverable
            | Memo::Promo(_)
            | Memo::Legacy
            | Memo::LegacyImport
            | Memo::LegacyMigration => None,
        }
    }
}

/// A part of a wallet's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// What is there now.
    pub now: Sums,
    /// What of it may be spent.
    pub available: Kopecks,
    /// The movements, newest first.
    pub lines: Vec<Line>,
    /// What else the bot before this one knew, newest first: it moved no money, and comes after all movements.
    pub old: Vec<LegacyRow>,
    /// There are older ones.
    pub more: bool,
}

/// `limit` movements of a customer's wallet after the newest `skip`; after the last of them what else the bot
/// before this one knew. All newer ones are read too.
pub fn read(tx: &Tx<'_>, lang: Lang, user: UserId, skip: usize, limit: usize) -> Result<Statement, Fault> {
    let wallet = Account::User(user);
    let does_not_fit = || Fault::Bug(format!("the wallet of {} does not fit", user.masked()));
    let now = Sums::of(&tx.account(wallet)?.counters).ok_or_else(does_not_fit)?;
    let end = skip.saturating_add(limit);
    let mut rows = tx.history(wallet, None, end.saturating_add(1))?;
    let mut more = rows.len() > end;
    rows.truncate(end);
    let movements = rows.len();
    let (mut after, mut lines) = (now, Vec::new());
    for (number, (seq, LedgerRow { transfer, .. })) in rows.into_iter().enumerate() {
        let change = change(tx, wallet, &transfer)?;
        let before = after.without(change).ok_or_else(does_not_fit)?;
        if number >= skip {
            let available = after.available().ok_or_else(does_not_fit)?;
            lines.push(line(tx, lang, seq, transfer, change, after, available)?);
        }
        after = before;
    }
    let mut old = Vec::new();
    if !more {
        let all = old_rows(tx, user)?;
        let from = skip.saturating_sub(movements).min(all.len());
        let until = end.saturating_sub(movements).min(all.len());
        more = until < all.len();
        old = all[from..until].to_vec();
    }
    Ok(Statement { now, available: now.available().ok_or_else(does_not_fit)?, lines, old, more })
}

/// What the bot before this one knew and the ledger does not say, newest first.
fn old_rows(tx: &Tx<'_>, user: UserId) -> Result<Vec<LegacyRow>, Fault> {
    let mut rows = tx.legacy_of(user)?;
    rows.retain(|row| row.seq.is_none());
    rows.sort_by_key(|row| Reverse(row.at));
    Ok(rows)
}

/// The text that names a row of the bot before this one.
pub fn old_key(row: &LegacyRow) -> &'static str {
    match row.kind {
        LegacyKind::Topup => "move-topup",
        LegacyKind::Charge => "move-charge",
        LegacyKind::Refund => "move-refund",
        LegacyKind::Hold => "move-hold",
        LegacyKind::Release => "move-release",
        LegacyKind::Adjust => "move-adjust",
        LegacyKind::Job => "move-old-job",
    }
}

/// What a row changed in a wallet.
fn change(tx: &Tx<'_>, wallet: Account, transfer: &Transfer) -> Result<Sums, Fault> {
    let amount = transfer.amount;
    let negative = |amount: Kopecks| Kopecks::new(amount.get().saturating_neg());
    // The end of a hold frees all of it, whatever is taken.
    let freed = match transfer.pending_of {
        Some(hold) => tx.ledger_row(hold)?.transfer.amount,
        None => Kopecks::ZERO,
    };
    Ok(match transfer.kind {
        Kind::Hold => Sums { balance: Kopecks::ZERO, held: amount },
        Kind::Release => Sums { balance: Kopecks::ZERO, held: negative(freed) },
        Kind::Charge => Sums { balance: negative(amount), held: negative(freed) },
        Kind::Topup | Kind::Refund | Kind::Adjust | Kind::Loss => {
            let balance = if transfer.credit == wallet { amount } else { negative(amount) };
            Sums { balance, held: Kopecks::ZERO }
        }
    })
}

fn line(
    tx: &Tx<'_>,
    lang: Lang,
    seq: Seq,
    transfer: Transfer,
    change: Sums,
    after: Sums,
    available: Kopecks,
) -> Result<Line, Fault> {
    let job = match transfer.job {
        Some(id) => tx.job(id)?,
        None => None,
    };
    let model = job.map(|job| match catalog::model(&job.row.model) {
        Some(model) => model.title.to_owned(),
        None => job.row.model,
    });
    let why = why(tx, lang, &transfer)?;
    Ok(Line { seq, at: transfer.at, change, after, available, model, job: transfer.job, why, transfer })
}

/// The text that names a movement.
pub fn kind_key(transfer: &Transfer) -> &'static str {
    match (transfer.kind, transfer.memo) {
        (Kind::Topup, Memo::Welcome) => "move-bonus",
        (Kind::Topup, Memo::Promo(_)) => "move-promo",
        (Kind::Topup, Memo::Legacy) if transfer.debit == Account::Bonus => "move-bonus",
        (Kind::Adjust, Memo::LegacyImport) => "move-brought",
        (Kind::Adjust, Memo::LegacyMigration) => "move-bonus-back",
        (Kind::Topup, _) => "move-topup",
        (Kind::Hold, _) => "move-hold",
        (Kind::Charge, Memo::Payment(_)) => "move-paid-back",
        (Kind::Charge, _) => "move-charge",
        (Kind::Release, _) => "move-release",
        (Kind::Refund, _) => "move-refund",
        (Kind::Adjust, Memo::Chargeback(_)) => "move-chargeback",
        (Kind::Adjust | Kind::Loss, _) => "move-adjust",
    }
}

/// Why the money moved, not escaped.
fn why(tx: &Tx<'_>, lang: Lang, transfer: &Transfer) -> Result<String, Fault> {
    let say = |key: &str| texts::say(lang, key, &[]);
    let numbered =
        |key: &str, number: u64| texts::say(lang, key, &[("number", Arg::Html(&number.to_string()))]);
    Ok(match transfer.memo {
        Memo::Ordered => say("why-ordered"),
        Memo::Delivered => say("why-delivered"),
        Memo::Failed => say("why-failed"),
        Memo::Cancelled => say("why-cancelled"),
        Memo::Late => say("why-late"),
        Memo::Undeliverable => say("why-undeliverable"),
        Memo::Welcome => say("why-welcome"),
        Memo::Promo(_) => say("why-promo"),
        // In the operator's own words.
        Memo::Action(id) => tx.action(id)?.map_or(String::new(), |row| row.reason),
        Memo::Payment(id) => match transfer.kind {
            Kind::Hold => numbered("why-paying-back", id.0),
            Kind::Release => numbered("why-not-paid-back", id.0),
            Kind::Charge => numbered(way(transfer.credit), id.0),
            Kind::Topup | Kind::Refund | Kind::Adjust | Kind::Loss => numbered(way(transfer.debit), id.0),
        },
        Memo::Chargeback(id) => numbered("why-chargeback", id.0),
        Memo::Legacy => old_words(lang, &old_reference(tx, transfer)?),
        Memo::LegacyImport => say("why-brought"),
        Memo::LegacyMigration => say("why-bonus-back"),
    })
}

/// The ref that a movement had in the bot before this one.
fn old_reference(tx: &Tx<'_>, transfer: &Transfer) -> Result<String, Fault> {
    let user = [transfer.debit, transfer.credit].into_iter().find_map(Account::user);
    let (Ref::Legacy(id), Some(user)) = (transfer.reference, user) else { return Ok(String::new()) };
    Ok(tx.legacy_row(user, id)?.map_or(String::new(), |row| row.reference))
}

/// That it was in the bot before this one, and what that noted; not escaped.
pub fn old_words(lang: Lang, reference: &str) -> String {
    let old = texts::say(lang, "why-old-bot", &[]);
    if reference.is_empty() { old } else { format!("{old}: {reference}") }
}

/// The text that names the way a payment came.
fn way(source: Account) -> &'static str {
    match source {
        Account::CashStars => "why-paid-stars",
        Account::CashManual => "why-paid-transfer",
        Account::CashCard => "why-paid-card",
        Account::User(_)
        | Account::Revenue
        | Account::Bonus
        | Account::Adjust
        | Account::Provider
        | Account::Loss => "why-paid",
    }
}

/// The statement as a table that Excel opens by a double click: UTF-8 with its mark; in Russian `;`
/// between the cells and a decimal comma, in English `,` and a point.
pub fn table(lang: Lang, lines: &[Line], old: &[LegacyRow]) -> Vec<u8> {
    let delimiter = match lang {
        Lang::Ru => b';',
        Lang::En => b',',
    };
    let amount = |amount: Kopecks| match lang {
        Lang::Ru => amount.to_string().replace('.', ","),
        Lang::En => amount.to_string(),
    };
    let mut table = csv::WriterBuilder::new()
        .delimiter(delimiter)
        .terminator(csv::Terminator::CRLF)
        .from_writer("\u{feff}".as_bytes().to_vec());
    let head = texts::say(lang, "statement-head", &[]);
    let mut rows = vec![head.split(';').map(str::to_owned).collect()];
    rows.extend(lines.iter().map(|line| {
        vec![
            line.at.to_string(),
            texts::say(lang, kind_key(&line.transfer), &[]),
            amount(line.change.balance),
            amount(line.change.held),
            amount(line.after.balance),
            amount(line.available),
            harmless(&line.why),
            harmless(line.model.as_deref().unwrap_or("")),
            line.job.map_or(String::new(), |job| job.to_string()),
            line.seq.to_string(),
        ]
    }));
    rows.extend(old.iter().map(|row| {
        let none = String::new;
        let why = format!("{} ({})", old_words(lang, &row.reference), amount(row.amount));
        let kind = texts::say(lang, old_key(row), &[]);
        let at = row.at.to_string();
        vec![at, kind, none(), none(), none(), none(), harmless(&why), none(), none(), none()]
    }));
    for row in rows {
        table.write_record(row).expect("memory takes every row, and all rows have the same cells");
    }
    table.into_inner().expect("memory takes all")
}

/// Words of others as a cell: what a table program would take for a formula begins with an apostrophe.
pub fn harmless(cell: &str) -> String {
    let begins = cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    if begins { format!("'{cell}") } else { cell.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for bad in ["=1+1", "+7 999", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1"] {
            assert_eq!(harmless(bad), format!("'{bad}"));
        }
        for good in ["", "перевод", "a=1", "'=1", " =1", "1-2"] {
            assert_eq!(harmless(good), good);
        }
    }
}
