//! `samovar wallet`: a customer's money, and an operator's corrections of it.

use super::output::{number, text};
use super::{Failure, Output, ask};
use crate::config::Settings;
use crate::control::{Answer, Ask, Wallet};
use crate::ids::UserId;
use crate::money::Kopecks;
use clap::{Args, Subcommand};

/// So many transfers are shown at most.
const MOST: i64 = 10_000;
/// A reason is at most so long.
const REASON_CHARS: usize = 500;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Show what a customer has, and the newest transfers
    Show {
        /// The customer's Telegram id
        #[arg(value_parser = customer, allow_negative_numbers = true)]
        user: UserId,
        /// How many transfers
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(0..=MOST))]
        limit: u32,
    },
    /// Give a customer money
    Credit(Correction),
    /// Take money from a customer, never more than is there
    Debit(Correction),
}

#[derive(Debug, Args)]
pub(super) struct Correction {
    /// The customer's Telegram id
    #[arg(value_parser = customer, allow_negative_numbers = true)]
    user: UserId,
    /// Roubles, such as 150 or 99.90
    #[arg(value_parser = amount, allow_negative_numbers = true)]
    amount: Kopecks,
    /// Why, for the journal
    #[arg(long, value_parser = reason)]
    reason: String,
}

pub(super) fn run(output: Output, settings: &Settings, command: Command) -> Result<(), Failure> {
    let (answer, done) = match command {
        Command::Show { user, limit } => (ask::ask(settings, Ask::Wallet { user, limit })?, None),
        Command::Credit(correction) => {
            let done = format!("{} ₽ given to", correction.amount);
            (adjust(settings, &correction, correction.amount)?, Some(done))
        }
        Command::Debit(correction) => {
            let done = format!("{} ₽ taken from", correction.amount);
            let amount = Kopecks::ZERO.checked_sub(correction.amount);
            let amount = amount.ok_or_else(|| Failure::settings("the amount is too large"))?;
            (adjust(settings, &correction, amount)?, Some(done))
        }
    };
    let Answer::Wallet(wallet) = answer else { return Err(Failure::foreign()) };
    match done {
        None => output.answer(&wallet, |output| say(output, &wallet, None)),
        Some(_) => output.done(&wallet, |output| say(output, &wallet, done)),
    }
}

fn adjust(settings: &Settings, correction: &Correction, amount: Kopecks) -> Result<Answer, Failure> {
    ask::act(settings, |id| Ask::Adjust {
        id,
        user: correction.user,
        amount,
        reason: correction.reason.clone(),
        who: ask::WHO.to_owned(),
    })
}

fn say(output: Output, wallet: &Wallet, done: Option<String>) -> String {
    let first = match (done, &wallet.reference) {
        (Some(done), Some(reference)) => format!("{done} customer {} ({reference}).\n", wallet.user),
        (Some(_) | None, _) => String::new(),
    };
    let Wallet { user, available, held, .. } = wallet;
    let stands = format!("Customer {user} has {available} ₽ to spend; {held} ₽ are held for open jobs.\n");
    let unknown = match (wallet.known, wallet.transfers.is_empty()) {
        (true, _) => "",
        (false, true) => "Nobody with this id has written to the bot.\n",
        (false, false) => {
            "Nobody with this id has written to the bot yet: is it the right one? The money waits for them.\n"
        }
    };
    let stands = format!("{first}{stands}{unknown}");
    if wallet.transfers.is_empty() {
        return stands;
    }
    let mut table = output.table(&["row", "when", "kind", "₽", "ref", "job", "why"]);
    for row in &wallet.transfers {
        let job = row.job.map_or(String::new(), |job| job.to_string());
        table.add_row(vec![
            number(&row.seq),
            row.at.as_str().into(),
            row.kind.as_str().into(),
            number(&row.amount),
            row.reference.as_str().into(),
            number(&job),
            row.reason.as_ref().unwrap_or(&row.memo).as_str().into(),
        ]);
    }
    let older = if wallet.older { "There are older ones: --limit says how many are shown.\n" } else { "" };
    format!("{stands}\n{}{older}", text(&table))
}

/// Reads a customer's id. Numbers below zero are groups, which have no wallet.
fn customer(text: &str) -> Result<UserId, &'static str> {
    let id = text.parse::<UserId>().ok().filter(|id| id.0 > 0);
    id.ok_or("a customer is named by a Telegram id: a whole number above zero")
}

/// Reads an amount above zero.
fn amount(text: &str) -> Result<Kopecks, String> {
    let amount = Kopecks::parse(text).map_err(|why| why.to_string())?;
    if amount.is_positive() { Ok(amount) } else { Err("an amount is above zero".to_owned()) }
}

/// Reads a reason: it stays in the journal, so it must say something.
pub(super) fn reason(text: &str) -> Result<String, String> {
    let text = text.trim();
    match text.chars().count() {
        0 => Err("a reason says something: it stays in the journal".to_owned()),
        1..=REASON_CHARS if text.chars().any(char::is_control) => Err("a reason is one line".to_owned()),
        1..=REASON_CHARS => Ok(text.to_owned()),
        _ => Err(format!("a reason has at most {REASON_CHARS} characters")),
    }
}
