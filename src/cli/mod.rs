//! The command line: one file a subcommand. What scripts rely on (documents, exit codes) is the
//! README's table; stdout carries the answer and nothing else, stderr the rest.

mod ask;
mod audit;
mod backup;
mod backup_list;
mod catalog;
pub mod demo;
mod doctor;
mod export;
mod failure;
mod healthcheck;
mod import;
mod init;
mod margins;
mod migrate;
mod output;
mod owner;
mod proof;
mod restore;
mod run;
mod selling;
mod settings;
mod trace;
mod verify;
mod wallet;

use crate::config::{NAMES, Probe, Settings, Sources};
use crate::panics;
use clap::{Parser, Subcommand};
use failure::Failure;
use output::Output;
use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

/// A Telegram bot that sells AI generations from a rouble wallet.
#[derive(Debug, Parser)]
#[command(name = "samovar", version, arg_required_else_help = true)]
struct Cli {
    /// The settings file [default: ./samovar.toml, else /etc/samovar/samovar.toml]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print one JSON object and nothing else
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the service until SIGTERM or Ctrl-C
    Run,
    /// Play a sale against a Telegram and a KIE of its own; needs no settings and touches no data
    Demo {
        /// Play the script in this terminal
        #[arg(long)]
        script: bool,
    },
    /// List the 42 models with their prices
    Catalog {
        /// Prove that all are there, priced, filed, and found in the menus
        #[arg(long)]
        verify: bool,
        /// Show what is left of each price after KIE's charge, at your markup and rate
        #[arg(long, conflicts_with = "verify")]
        margins: bool,
    },
    /// Check the ten rules of the books over the whole file
    Audit,
    /// Make, check and restore backups
    #[command(subcommand)]
    Backup(backup::Command),
    /// See whether token, webhook, KIE, disk, backups and books are well, and what to do
    Doctor,
    /// Ask for the three values a start needs, try them, and write a settings file
    Init(init::Arguments),
    /// Show the settings that are in force, or check them
    #[command(subcommand)]
    Config(settings::Command),
    /// Ask the running service whether it is well: exit code 0 or 1
    Healthcheck {
        /// Only whether it answers, not whether it sells
        #[arg(long)]
        live: bool,
    },
    /// Print the ledger, the customers or the jobs as CSV, or with --json one object a line
    Export {
        /// Which
        what: export::What,
    },
    /// Show what happened to one request
    Trace {
        /// The code a customer was shown (RQ-a1b2c3d4), or a job's number
        #[arg(value_name = "CODE or JOB")]
        what: String,
    },
    /// Look at a customer's wallet, or correct it
    #[command(subcommand)]
    Wallet(wallet::Command),
    /// Stop taking orders, or take them again; jobs that run go on
    Selling(selling::Arguments),
    /// Bring the customers of the old bot along, once, from its tables as CSV files
    Import(import::Arguments),
    /// Take the old bot's welcome bonus back from customers who have nothing else; looks only, without --confirm
    MigrateBalances(migrate::Arguments),
}

/// Does what the command line says. Exit codes: 0 good; 1 the check, audit or act failed or was
/// refused; 2 usage or settings; 3 the data directory belongs to another process that does not
/// answer; 4 the file is damaged or of a newer version.
pub fn main() -> ExitCode {
    // Wallets, prompts and our own key: what is written is for the owner alone.
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    panics::watch();
    let cli = Cli::parse();
    // What `export` prints are rows, and nothing but rows.
    let output = Output::new(cli.json && !matches!(cli.command, Command::Export { .. }));
    let code = match dispatch(cli) {
        Ok(code) => code,
        Err(failure) => {
            output.failure(&failure);
            // When stderr is gone the exit code still tells.
            drop(writeln!(io::stderr(), "{failure}"));
            failure.code()
        }
    };
    ExitCode::from(code)
}

fn dispatch(cli: Cli) -> Result<u8, Failure> {
    let output = Output::new(cli.json);
    let config = cli.config.clone();
    let sources = || Ok::<_, Failure>(Sources::find(environment(env::vars_os())?, config));
    match cli.command {
        Command::Run => return Ok(run::run(&sources()?)),
        Command::Demo { script } => return Ok(demo::run(script)),
        Command::Catalog { margins: true, .. } => {
            margins::run(output, &Settings::for_prices(&sources()?)?)?;
        }
        Command::Catalog { verify, margins: false } => catalog::run(output, verify)?,
        Command::Doctor => {
            let sources = sources()?;
            let (settings, keys) = Settings::for_service(&sources)?;
            run::log_to_stderr(&settings);
            doctor::run(output, &sources, settings, &keys)?;
        }
        Command::Init(arguments) => init::run(output, cli.config, &arguments)?,
        Command::Config(command) => settings::run(output, &sources()?, &command)?,
        Command::Healthcheck { live } => healthcheck::run(output, &Probe::of(&sources()?)?, live)?,
        Command::Export { what } => export::run(output, &offline(&sources()?)?, what)?,
        Command::Audit => audit::run(output, &offline(&sources()?)?)?,
        Command::Backup(command) => {
            let mut settings = Settings::for_backups(&sources()?)?;
            run::log_to_stderr(&settings);
            // The operator's own file, which the owner of the data may not be able to read.
            let key = command.key()?;
            owner::become_owner(&mut settings.data_dir)?;
            backup::run(output, &settings, command, key)?;
        }
        Command::Trace { what } => trace::run(output, &offline(&sources()?)?, what)?,
        Command::Wallet(command) => wallet::run(output, &offline(&sources()?)?, command)?,
        Command::Selling(arguments) => selling::run(output, &offline(&sources()?)?, arguments)?,
        Command::Import(arguments) => {
            let sources = sources()?;
            // Before this is no longer root: the files are the operator's own.
            let tables = import::read(&arguments)?;
            import::run(output, &offline(&sources)?, tables)?;
        }
        Command::MigrateBalances(arguments) => migrate::run(output, &offline(&sources()?)?, &arguments)?,
    }
    Ok(0)
}

/// What a command on the data directory needs of the settings, and logs set up by them. From here on the
/// process is no longer root, if the directory is another's.
fn offline(sources: &Sources) -> Result<Settings, Failure> {
    let mut settings = Settings::for_data_dir(sources)?;
    run::log_to_stderr(&settings);
    owner::become_owner(&mut settings.data_dir)?;
    Ok(settings)
}

/// The environment as text. A setting that is none would otherwise be ignored without a word.
fn environment(
    variables: impl Iterator<Item = (OsString, OsString)>,
) -> Result<BTreeMap<String, String>, Failure> {
    let mut environment = BTreeMap::new();
    for (name, value) in variables {
        let Ok(name) = name.into_string() else { continue };
        match value.into_string() {
            Ok(value) => {
                environment.insert(name, value);
            }
            Err(_) if NAMES.contains(&name.strip_suffix("_FILE").unwrap_or(&name)) => {
                return Err(Failure::settings(format!("{name} is no UTF-8 text")));
            }
            Err(_) => {}
        }
    }
    Ok(environment)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;
    use std::os::unix::ffi::OsStringExt;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_setting_that_is_no_text_is_named_and_other_variables_may_be_anything() {
        let odd = || OsString::from_vec(vec![0xff]);
        let failure = environment([("DATA_DIR".into(), odd())].into_iter()).expect_err("named");
        assert_eq!((failure.code(), failure.to_string().as_str()), (2, "DATA_DIR is no UTF-8 text"));
        let failure = environment([("KIE_API_KEY_FILE".into(), odd())].into_iter()).expect_err("named");
        assert_eq!(failure.to_string(), "KIE_API_KEY_FILE is no UTF-8 text");
        let read = environment([("LS_COLORS".into(), odd()), ("A".into(), "b".into())].into_iter());
        assert_eq!(read.expect("read"), BTreeMap::from([("A".to_owned(), "b".to_owned())]));
    }
}
