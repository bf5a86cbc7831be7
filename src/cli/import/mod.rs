//! `samovar import --from DIR`: the customers of the old bot, all or none of them, on a copy of the database that
//! takes its place when everything was brought along and audited. A second run changes nothing.

mod table;
mod tables;

use super::output::{number, text};
use super::{Failure, Output};
use crate::config::Settings;
use crate::flow::legacy::{OldRow, bring_user, bring_wallet, keep};
use crate::ids::UserId;
use crate::ledger::Refusal;
use crate::money::Kopecks;
use crate::store::{Fault, Lock, NotKept, OpenError, Store, Tx, WorkingCopy};
use crate::time::Clock;
use clap::Args;
use serde::Serialize;
use std::collections::BTreeSet;
use std::path::PathBuf;
use table::Refused;
use tables::{Lines, Tables};

/// So many rows are in one transaction: they wait in memory for its end.
const TOGETHER: usize = 20_000;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The folder with users.csv, wallets.csv, ledger.csv and jobs.csv, each as \copy … csv header writes it
    #[arg(long, value_name = "DIR")]
    from: PathBuf,
}

/// What came of it.
#[derive(Debug, Default, Serialize)]
struct Report {
    ok: bool,
    /// Lines of each file, the first ones aside.
    read: Lines,
    imported: Imported,
    /// Customers of whom everything was here.
    before: usize,
    /// Rows of the ledger that were never done: they count for nothing.
    not_done: u64,
    /// What was held there and is free again, in roubles.
    released: String,
    /// Wallets that their rows do not explain.
    adjusted: Vec<Adjusted>,
    /// Lines that cannot be imported, the first 1,000; then nothing is.
    refused: Vec<Refused>,
    refused_lines: u64,
}

#[derive(Debug, Default, Serialize)]
struct Imported {
    /// Of whom something is new here.
    customers: usize,
    /// What their wallets hold together, in roubles.
    balance: String,
    transfers: usize,
    /// Old rows that are kept as history.
    history: usize,
    /// Old generations among the history of customers.
    jobs: usize,
}

/// In roubles.
#[derive(Debug, Serialize)]
struct Adjusted {
    user: UserId,
    rows: String,
    wallet: String,
    adjust: String,
}

/// The old bot's tables.
pub(super) fn read(arguments: &Arguments) -> Result<Tables, Failure> {
    Tables::read(&arguments.from)
}

pub(super) fn run(output: Output, settings: &Settings, tables: Tables) -> Result<(), Failure> {
    let dir = &settings.data_dir;
    let _lock = match Lock::take(dir) {
        Ok(lock) => lock,
        Err(OpenError::Taken(taken)) => {
            let why =
                format!("the service runs (pid {}): stop it, then import; nothing was changed", taken.pid);
            return Err(Failure::refused(why));
        }
        Err(error) => return Err(opening(error)),
    };
    let mut report = Report {
        read: tables.lines,
        not_done: tables.undone,
        refused_lines: tables.complaints.count,
        ..Report::default()
    };
    if report.refused_lines > 0 {
        report.refused.clone_from(&tables.complaints.listed);
        // That nothing was imported is told whatever becomes of the list.
        drop(output.answer(&report, |_| say(output, &report)));
        return Err(Failure::refused(format!(
            "nothing was imported: {} lines are refused; mend them and import again",
            report.refused_lines
        )));
    }
    let mut copy = Store::copy(dir, &Clock::system()).map_err(opening)?;
    of_the_same_bot(&copy, &tables)?;
    bring(&mut copy, &tables, &mut report)?;
    drop(tables);
    if report.imported.customers == 0 {
        drop(copy);
    } else {
        copy.keep().map_err(|error| match error {
            NotKept::Open(error) => opening(error),
            NotKept::Broken(_) => Failure::refused(format!("nothing was imported: {error}")),
        })?;
    }
    report.ok = true;
    output.done(&report, |output| say(output, &report))
}

fn opening(error: OpenError) -> Failure {
    Failure::from(crate::control::Unreachable::from(error))
}

fn gone_wrong(fault: Fault) -> Failure {
    opening(fault.into())
}

/// A number of a row is that of one movement of money: what was brought along for one customer is not brought
/// along for another.
fn of_the_same_bot(copy: &WorkingCopy, tables: &Tables) -> Result<(), Failure> {
    let owners = copy.view().and_then(|view| view.legacy_owners()).map_err(gone_wrong)?;
    let other = |row: &&OldRow| owners.get(&row.id).is_some_and(|owner| *owner != row.user);
    tables.ledger.iter().find(other).map_or(Ok(()), |row| {
        Err(Failure::refused(format!(
            "nothing was imported: row {} of the ledger, of customer {}, was imported before as customer {}'s",
            row.id, row.user, owners[&row.id]
        )))
    })
}

/// Brings all of them along, customer by customer.
fn bring(copy: &mut WorkingCopy, tables: &Tables, report: &mut Report) -> Result<(), Failure> {
    let mut all: BTreeSet<UserId> = tables.users.keys().chain(tables.wallets.keys()).copied().collect();
    all.extend(tables.ledger.iter().chain(&tables.jobs).map(|row| row.user));
    let mut left = all.into_iter();
    let mut sums = Sums::default();
    loop {
        let mut is_end = true;
        let brought = copy.write(|tx| {
            let mut rows = 0;
            for user in left.by_ref() {
                rows += match bring_one(tx, tables, user, report, &mut sums)? {
                    Ok(rows) => rows,
                    Err(refusal) => return Ok(Err((user, refusal))),
                };
                if rows > TOGETHER {
                    is_end = false;
                    break;
                }
            }
            Ok(Ok(()))
        });
        match brought.map_err(gone_wrong)? {
            Ok(()) if is_end => break,
            Ok(()) => {}
            Err((user, refusal)) => {
                let why = format!("nothing was imported: the wallet of customer {user}: {refusal}");
                return Err(Failure::refused(why));
            }
        }
    }
    report.released = sums.released.to_string();
    report.imported.balance = sums.balance.to_string();
    Ok(())
}

#[derive(Debug, Default)]
struct Sums {
    released: Kopecks,
    balance: Kopecks,
}

/// Everything of one customer; gives how many rows that were.
fn bring_one(
    tx: &mut Tx<'_>,
    tables: &Tables,
    user: UserId,
    report: &mut Report,
    sums: &mut Sums,
) -> Result<Result<usize, Refusal>, Fault> {
    let of = |rows| part_of(rows, user);
    let (rows, jobs) = (of(&tables.ledger), of(&tables.jobs));
    let mut is_new = false;
    if let Some(old) = tables.users.get(&user) {
        let mut old = old.clone();
        if let Some(inviter) = old.inviter {
            let is_known = tables.users.contains_key(&inviter) || tx.user(inviter)?.is_some();
            old.inviter = old.inviter.filter(|_| is_known);
        }
        is_new |= bring_user(tx, &old)?;
    }
    let wallet = tables.wallets.get(&user);
    let target = wallet.map_or(Kopecks::ZERO, |wallet| wallet.target);
    let brought = match bring_wallet(tx, user, target, rows)? {
        Ok(brought) => brought,
        Err(refusal) => return Ok(Err(refusal)),
    };
    is_new |= brought.rows > 0 || brought.transfers > 0 || brought.adjusted != Kopecks::ZERO;
    let mut kept = 0;
    for job in jobs {
        kept += usize::from(keep(tx, job, None)?);
    }
    is_new |= kept > 0;
    if !is_new {
        report.before += 1;
        return Ok(Ok(1));
    }
    report.imported.customers += 1;
    report.imported.transfers += brought.transfers + usize::from(brought.adjusted != Kopecks::ZERO);
    report.imported.history += brought.rows;
    report.imported.jobs += kept;
    if let (Some(wallet), false) = (wallet, brought.before) {
        let add = |sum: Kopecks, more| sum.checked_add(more).ok_or(Refusal::TooLarge);
        match (add(sums.released, wallet.held), add(sums.balance, wallet.target)) {
            (Ok(released), Ok(balance)) => *sums = Sums { released, balance },
            (Err(refusal), _) | (_, Err(refusal)) => return Ok(Err(refusal)),
        }
    }
    if brought.adjusted != Kopecks::ZERO {
        let (rows, adjust) = (brought.sum.to_string(), brought.adjusted.to_string());
        report.adjusted.push(Adjusted { user, rows, wallet: target.to_string(), adjust });
    }
    Ok(Ok(rows.len() + jobs.len() + 1))
}

/// The rows of one customer, of all in order.
fn part_of(rows: &[OldRow], user: UserId) -> &[OldRow] {
    let from = rows.partition_point(|row| row.user < user);
    let until = from + rows[from..].partition_point(|row| row.user == user);
    &rows[from..until]
}

fn say(output: Output, report: &Report) -> String {
    let refused = report.refused.iter().map(|Refused { file, line, why }| format!("{file}:{line}: {why}"));
    let mut lines: Vec<String> = refused.collect();
    lines.push(format!("read: {}", report.read));
    let Imported { customers, balance, transfers, history, jobs } = &report.imported;
    if report.refused_lines > 0 {
        lines.push(format!("refused: {}; imported: 0", report.refused_lines));
    } else if *customers == 0 {
        lines
            .push(format!("Nothing is new: all {} customers were here. Nothing was changed.", report.before));
    } else {
        lines.extend([
            format!(
                "imported: {customers} customers with {balance} ₽, {transfers} transfers, {history} rows and {jobs} \
                 generations as history"
            ),
            format!("here before: {} customers", report.before),
            format!("never done, so not counted: {} rows of the ledger", report.not_done),
            format!("held by the old bot, free again: {} ₽", report.released),
            format!("wallets that their rows do not explain: {}", report.adjusted.len()),
        ]);
        if !report.adjusted.is_empty() {
            let mut table = output.table(&["customer", "rows say", "wallet", "legacy_import"]);
            for one in &report.adjusted {
                let Adjusted { user, rows, wallet, adjust } = one;
                table.add_row(vec![number(user), number(rows), number(wallet), number(adjust)]);
            }
            lines.push(text(&table).trim_end().to_owned());
        }
        lines.push("All ten rules of the books hold.".to_owned());
    }
    lines.join("\n") + "\n"
}
