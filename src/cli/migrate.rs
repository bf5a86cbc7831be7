//! `samovar migrate-balances`: takes the old bot's welcome bonus back. What it says also goes to the end of
//! `migrations.log` in the data directory, and, before money is taken, that this begins.

use super::output::{Tone, number, text};
use super::{Failure, Output, ask};
use crate::config::Settings;
use crate::control::{Answer, Ask, Migration};
use crate::disk;
use crate::money::Kopecks;
use crate::store::Window;
use crate::time::Clock;
use clap::Args;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};

/// Where every run is noted.
const LOG: &str = "migrations.log";
/// What to do about an answer that did not come.
const LOST: &str = "money may have been taken: `samovar migrate-balances` shows from whom it was not, \
                    `samovar export ledger` from whom it was";

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Take the bonuses back; without it nothing is changed
    #[arg(long)]
    confirm: bool,
    /// Only from customers with at least so many roubles
    #[arg(long, value_name = "ROUBLES", default_value = "190", value_parser = amount, allow_negative_numbers = true)]
    min_balance: Kopecks,
    /// Only from customers with at most so many roubles
    #[arg(long, value_name = "ROUBLES", default_value = "210", value_parser = amount, allow_negative_numbers = true)]
    max_balance: Kopecks,
    /// Only from so many customers, the newest wallets first
    #[arg(long, value_name = "N")]
    limit: Option<u32>,
}

pub(super) fn run(output: Output, settings: &Settings, arguments: &Arguments) -> Result<(), Failure> {
    let Arguments { confirm, min_balance: least, max_balance: most, limit } = *arguments;
    if least > most {
        return Err(Failure::settings(format!("--min-balance {least} is above --max-balance {most}")));
    }
    let window = Window { least, most, keep: settings.start_bonus_rub };
    // Who cannot note it does not do it. Where there is no directory yet there is nothing to take.
    let is_new = matches!(settings.data_dir.try_exists(), Ok(false));
    let mut log = if is_new { None } else { Some(open_log(settings)?) };
    if let (true, Some(log)) = (confirm, &mut log) {
        let begun = format!("begun: from wallets with {least} to {most} ₽, down to {} ₽", window.keep);
        note(log, &begun)
            .map_err(|error| Failure::refused(format!("nothing was changed: {LOG}: {error}")))?;
    }
    let migration = match taken_or_found(settings, confirm, Ask::Migrate { confirm, window, limit }) {
        Ok(migration) => migration,
        Err(failure) => {
            if let (true, Some(log)) = (confirm, &mut log) {
                // The failure is told whatever becomes of the note.
                drop(note(log, &format!("no result: {failure}")));
            }
            return Err(failure);
        }
    };
    let mut log = log.map_or_else(|| open_log(settings), Ok)?;
    let noted = note(&mut log, &say(Output::plain(), &migration))
        .map_err(|error| Failure::refused(format!("it is done, but not noted in {LOG}: {error}")));
    let written = if confirm {
        output.done(&migration, |output| say(output, &migration))
    } else {
        output.answer(&migration, |output| say(output, &migration))
    };
    match migration.failed {
        0 => noted.and(written),
        failed => Err(Failure::refused(format!("of {} wallets {failed} failed", migration.candidates.len()))),
    }
}

fn taken_or_found(settings: &Settings, confirm: bool, ask: Ask) -> Result<Migration, Failure> {
    let answer = if confirm { ask::once(settings, ask, LOST)? } else { ask::ask(settings, ask)? };
    if let Answer::Migration(migration) = answer { Ok(migration) } else { Err(Failure::foreign()) }
}

fn note(log: &mut File, what: &str) -> io::Result<()> {
    log.write_all(format!("{}\n{what}\n", Clock::system().now().at).as_bytes())?;
    log.sync_all()
}

fn open_log(settings: &Settings) -> Result<File, Failure> {
    let path = settings.data_dir.join(LOG);
    let opened = OpenOptions::new().append(true).create(true).open(&path);
    opened.map_err(|error| {
        Failure::refused(format!("nothing was changed: {} cannot be written: {error}", disk::shown(&path)))
    })
}

fn say(output: Output, migration: &Migration) -> String {
    let mut table = output.table(&["user", "balance", "welcome", "since", ""]);
    for one in &migration.candidates {
        let fate = match (&one.failed, migration.dry_run) {
            (Some(why), _) => output.toned(&format!("FAILED: {why}"), Tone::Bad),
            (None, true) => "".into(),
            (None, false) => output.toned("done", Tone::Good),
        };
        table.add_row(vec![
            number(&one.user),
            number(&one.balance),
            number(&one.welcome),
            one.since.as_str().into(),
            fate,
        ]);
    }
    let Migration { dry_run, candidates, total, planned, done, failed } = migration;
    let rows = if candidates.is_empty() { String::new() } else { text(&table) };
    let count = candidates.len();
    let planned = planned.as_ref().map_or(String::new(), |planned| format!(" of {planned} ₽"));
    let end = if *dry_run {
        "Only looked, nothing was changed; --confirm takes them back.".to_owned()
    } else {
        format!("done: {done}, failed: {failed}")
    };
    format!("{rows}candidates: {count}, total: {total} ₽{planned}\n{end}\n")
}

/// Reads an amount, zero and above.
fn amount(text: &str) -> Result<Kopecks, String> {
    let amount = Kopecks::parse(text).map_err(|why| why.to_string())?;
    if amount.is_negative() { Err("an amount is not below zero".to_owned()) } else { Ok(amount) }
}
