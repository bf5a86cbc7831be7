//! `samovar migrate-balances`: takes the old bot's welcome bonus back. What it says also goes to the end of
//! `migrations.log` in the data directory.

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
use std::io::Write;

/// Where every run is noted.
const LOG: &str = "migrations.log";

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
    // Who cannot note it does not do it.
    let mut log = if settings.data_dir.exists() { Some(open_log(settings)?) } else { None };
    let Answer::Migration(migration) = ask::ask(settings, Ask::Migrate { confirm, window, limit })? else {
        return Err(Failure::foreign());
    };
    if log.is_none() {
        log = Some(open_log(settings)?);
    }
    let noted = format!("{}\n{}\n", Clock::system().now().at, say(Output::plain(), &migration));
    let noted =
        log.as_mut().map_or(Ok(()), |log| log.write_all(noted.as_bytes()).and_then(|()| log.sync_all()));
    output.answer(&migration, |output| say(output, &migration))?;
    noted.map_err(|error| Failure::refused(format!("it is done, but not noted in {LOG}: {error}")))?;
    match migration.failed {
        0 => Ok(()),
        failed => Err(Failure::refused(format!("of {} wallets {failed} failed", migration.candidates.len()))),
    }
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
    let Migration { dry_run, candidates, total, done, failed } = migration;
    let rows = if candidates.is_empty() { String::new() } else { text(&table) };
    let count = candidates.len();
    let end = if *dry_run {
        "Only looked, nothing was changed; --confirm takes them back.".to_owned()
    } else {
        format!("done: {done}, failed: {failed}")
    };
    format!("{rows}candidates: {count}, total: {total} ₽\n{end}\n")
}

/// Reads an amount, zero and above.
fn amount(text: &str) -> Result<Kopecks, String> {
    let amount = Kopecks::parse(text).map_err(|why| why.to_string())?;
    if amount.is_negative() { Err("an amount is not below zero".to_owned()) } else { Ok(amount) }
}
