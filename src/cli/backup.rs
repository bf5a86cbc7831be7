//! `samovar backup`: whole copies made, checked and tried; `list` and `restore` have files of their own.

use super::output::{number, text};
use super::proof::{Proof, State, prove};
use super::{Failure, Output, ask, backup_list, restore};
use crate::config::{BackupTo, Settings};
use crate::control::backup::is_damage;
use crate::control::{Answer, Ask, Backup, Client, Unanswered};
use crate::shelf::{KeepError, Keeper, Key, SealError};
use crate::time::Clock;
use clap::{Args, Subcommand};
use serde::Serialize;
use std::path::PathBuf;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make a whole copy, bring it to its place, read it back, open it and audit it
    Create,
    /// List what is kept
    List,
    /// Open a backup beside the living file and audit it; changes nothing
    Verify(Which),
    /// Put a backup in the place of the living file, which is kept aside; not while the service runs
    Restore(Which),
    /// Make a backup and bring it back beside the living file, and say how long each takes
    Drill(Secret),
}

/// Which backup, and how to open it.
#[derive(Debug, Args)]
pub(super) struct Which {
    /// A name from `backup list`: a whole copy as it is, or all up to this shipment of changes
    /// [default: the newest copy and all changes after it]
    #[arg(value_name = "NAME")]
    pub(super) name: Option<String>,
    #[command(flatten)]
    pub(super) secret: Secret,
}

#[derive(Debug, Args)]
pub(super) struct Secret {
    /// The file with the secret age key, for sealed backups
    #[arg(long, value_name = "FILE")]
    pub(super) identity: Option<PathBuf>,
}

impl Command {
    /// The key to open sealed backups with, if its file was named.
    pub(super) fn key(&self) -> Result<Option<Key>, Failure> {
        let identity = match self {
            Self::Create | Self::List => None,
            Self::Verify(which) | Self::Restore(which) => which.secret.identity.as_deref(),
            Self::Drill(secret) => secret.identity.as_deref(),
        };
        Ok(identity.map(Key::read).transpose().map_err(KeepError::from)?)
    }
}

pub(super) fn run(
    output: Output,
    settings: &Settings,
    command: Command,
    key: Option<Key>,
) -> Result<(), Failure> {
    let keeper = Keeper::of(settings).map_err(KeepError::from)?;
    ask::block_on(async {
        match command {
            Command::Create => {
                let made = create(settings, &keeper).await?;
                output.done(&made, |_| say_made(&made))
            }
            Command::List => backup_list::run(output, &keeper).await,
            Command::Verify(which) => verify(output, &keeper, which.name.as_deref(), key).await,
            Command::Restore(which) => {
                restore::run(output, settings, &keeper, which.name.as_deref(), key).await
            }
            Command::Drill(_) => drill(output, settings, &keeper, key).await,
        }
    })
}

impl From<KeepError> for Failure {
    fn from(error: KeepError) -> Self {
        match &error {
            KeepError::Seal(
                SealError::NoKey
                | SealError::WrongKey(_)
                | SealError::Identity { .. }
                | SealError::WithoutAge,
            ) => Self::settings(error.to_string()),
            KeepError::Seal(SealError::Broken(_) | SealError::Disk(_))
            | KeepError::Place(_)
            | KeepError::Backup(_)
            | KeepError::Fault(_)
            | KeepError::Open(_)
            | KeepError::Disk(_)
            | KeepError::Beside(_)
            | KeepError::Changed(_)
            | KeepError::Unsound(_)
            | KeepError::Kept { .. }
            | KeepError::Others { .. }
            | KeepError::NoRoom { .. }
            | KeepError::NoneGood { .. }
            | KeepError::Stopped => {
                if is_damage(&error) {
                    Self::damaged(error.to_string())
                } else {
                    Self::refused(error.to_string())
                }
            }
        }
    }
}

/// The running service makes it, or, when nothing runs, this process.
async fn create(settings: &Settings, keeper: &Keeper) -> Result<Backup, Failure> {
    let client = ask::reach(&settings.data_dir).await?;
    let making = async {
        match &client {
            Client::Service(_) => {
                let answered = client.ask(Ask::Backup).await.map_err(not_answered)?;
                let Answer::Backup(made) = ask::good(answered)? else { return Err(Failure::foreign()) };
                Ok(made)
            }
            Client::File(file) => {
                let made = keeper.full(file.store(), &CancellationToken::new()).await?;
                Ok(Backup::of(keeper, made))
            }
        }
    };
    ask::shown("making a backup and verifying it", making).await
}

/// A service that is slow goes on making it.
fn not_answered(error: Unanswered) -> Failure {
    let is_late = matches!(error, Unanswered::Late);
    let failure = Failure::from(error);
    if is_late { failure.but("the backup may still be under way: `samovar backup list`") } else { failure }
}

fn say_made(made: &Backup) -> String {
    let Backup { name, place, rows, bytes, made_ms, verified_ms, .. } = made;
    format!(
        "Made {name} in {place}: {rows} rows, {}, in {}.\nRead back, opened and audited in {}: all ten rules hold.",
        size(*bytes),
        seconds(*made_ms),
        seconds(*verified_ms)
    )
}

async fn verify(
    output: Output,
    keeper: &Keeper,
    name: Option<&str>,
    key: Option<Key>,
) -> Result<(), Failure> {
    let (beside, proof) = prove(keeper, State::of(name), key, &Clock::system()).await?;
    drop(beside);
    let written = output.answer(&proof, |_| proof.say("was opened and audited"));
    proof.flaws().map_or(written, |flaws| Err(Failure::damaged(flaws)))
}

/// How long things take.
#[derive(Serialize)]
struct Drill {
    created: Backup,
    restored: Proof,
    /// How old the restored state was when bringing it back began, in milliseconds.
    age_ms: u64,
    /// What a machine that is lost at the worst moment loses, in seconds; `None`: nothing is made by the clock.
    at_worst_s: Option<u64>,
    /// The copies lie beside the file.
    on_the_same_disk: bool,
}

async fn drill(
    output: Output,
    settings: &Settings,
    keeper: &Keeper,
    key: Option<Key>,
) -> Result<(), Failure> {
    let clock = Clock::system();
    let created = create(settings, keeper).await?;
    let began = clock.now().at;
    let (beside, restored) = prove(keeper, State::NewestOfLedger(&created.name), key, &clock).await?;
    drop(beside);
    let every = settings.backups.every.map(|every| every.as_secs());
    let at_worst_s = if settings.backups.stream { Some(60) } else { every };
    let age_ms = millis(began.since(restored.moment));
    let on_the_same_disk = settings.backups.to == BackupTo::DataDir;
    let drill = Drill { created, restored, age_ms, at_worst_s, on_the_same_disk };
    let written = output.answer(&drill, |output| say_drill(output, &drill));
    drill.restored.flaws().map_or(written, |flaws| Err(Failure::damaged(flaws)))
}

fn say_drill(output: Output, drill: &Drill) -> String {
    let Drill { created, restored, age_ms, at_worst_s, on_the_same_disk } = drill;
    let mut table = output.table(&["step", "took", "what"]);
    let made = format!("{}, {} rows, {}", created.name, created.rows, size(created.bytes));
    let read = "read back, opened, audited: all ten rules hold".to_owned();
    let back = format!("{}: all ten rules hold", restored.of_what());
    for (step, ms, what) in [
        ("create", created.made_ms, made),
        ("verify", created.verified_ms, read),
        ("restore beside", restored.ms, back),
    ] {
        table.add_row(vec![step.into(), number(&seconds(ms)), what.into()]);
    }
    let worst = match at_worst_s {
        _ if *on_the_same_disk => {
            "a disk or a machine that is lost takes these copies along: set BACKUP_TO".to_owned()
        }
        Some(60) => "a machine that is lost costs at most the last minute".to_owned(),
        Some(worst) => format!("a machine that is lost costs up to {} (BACKUP_EVERY)", seconds(worst * 1000)),
        None => "nothing is backed up by the clock (BACKUP_EVERY, BACKUP_STREAM)".to_owned(),
    };
    format!("{}\nThe state was {} old when bringing it back began; {worst}.", text(&table), seconds(*age_ms))
}

pub(super) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// `0.4 s`, `12 s`, `24 h`.
pub(super) fn seconds(ms: u64) -> String {
    match ms {
        0..10_000 => format!("{}.{} s", ms / 1000, ms % 1000 / 100),
        10_000..600_000 => format!("{} s", ms / 1000),
        600_000..7_200_000 => format!("{} min", ms / 60_000),
        _ => format!("{} h", ms / 3_600_000),
    }
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} kB", bytes.div_ceil(1_000)),
        1_000_000..10_000_000 => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
        _ => format!("{} MB", bytes / 1_000_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waited_in_vain_hears_where_the_backup_may_still_appear() {
        let late = not_answered(Unanswered::Late).to_string();
        assert!(late.contains("may still be under way: `samovar backup list`"), "{late}");
        let lost = not_answered(Unanswered::Lost(std::io::ErrorKind::UnexpectedEof.into())).to_string();
        assert!(!lost.contains("under way"), "it ended with the service: {lost}");
    }
}
