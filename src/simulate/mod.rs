//! The proofs that take long, one folder each: `seeds` (the whole service in one process on one
//! seed), `power` (the power fails under the store), `kill` (the real binary is killed under load),
//! `load` (how much the real binary bears, and what it costs), `corpus` (bad bodies for every parser
//! that faces the outside).
//!
//! Each prints what it did and ends with 0 only when all of it held. Nothing in the product knows
//! that it is tested: faults happen at its edges.

pub mod budget;
pub mod corpus;
pub mod dice;
pub mod kill;
mod left;
pub mod load;
pub mod parsers;
pub mod power;
pub mod seeds;
mod service;

use clap::{Parser, Subcommand};
use std::io::{self, Write};
use std::process::ExitCode;

/// Proves that the service survives what breaks services.
#[derive(Debug, Parser)]
#[command(name = "simulate", args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    seeds: seeds::Arguments,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The whole service in one process on one seed, with every fault there is (also without the word)
    Seeds(seeds::Arguments),
    /// Cut the power under the store, at every sync and in between
    Power(power::Arguments),
    /// Kill the real binary under load, and compare what is left with what the outside saw
    Kill(kill::Arguments),
    /// Play Telegram and thousands of customers, and measure what the real binary makes of it
    Load(load::Arguments),
    /// Give every parser that faces the outside the saved bad bodies
    Corpus(corpus::Arguments),
}

/// Does what the command line says. Exit codes: 0 everything held; 1 something did not, and stderr
/// says what and how to see it again; 2 usage.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let proven = match cli.command.unwrap_or(Command::Seeds(cli.seeds)) {
        Command::Seeds(arguments) => seeds::run(&arguments),
        Command::Power(arguments) => power::run(&arguments),
        Command::Kill(arguments) => kill::run(&arguments),
        Command::Load(arguments) => load::run(&arguments),
        Command::Corpus(arguments) => corpus::run(&arguments),
    };
    match proven {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            drop(writeln!(io::stderr(), "{why}"));
            ExitCode::FAILURE
        }
    }
}

/// Prints a line of a proof's report.
fn say(line: &str) -> Result<(), String> {
    writeln!(io::stdout(), "{line}").map_err(|error| format!("standard output: {error}"))
}
