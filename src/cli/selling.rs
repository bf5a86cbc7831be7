//! `samovar selling`: stop taking orders, or take them again.

use super::output::text;
use super::{Failure, Output, ask, wallet};
use crate::config::Settings;
use crate::control::{Answer, Ask, Selling};
use clap::{Args, ValueEnum};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Whether orders are taken
    state: State,
    /// Why, for the journal
    #[arg(long, value_parser = wallet::reason)]
    reason: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum State {
    /// Take orders, also after a broken rule
    On,
    /// Take none; jobs that run go on
    Off,
}

pub(super) fn run(output: Output, settings: &Settings, arguments: Arguments) -> Result<(), Failure> {
    let Arguments { state, reason } = arguments;
    let make = |id| {
        let (reason, who) = (reason.clone(), ask::WHO.to_owned());
        Ask::Selling { id, on: state == State::On, reason, who }
    };
    let Answer::Selling(selling) = ask::act(settings, make)? else { return Err(Failure::foreign()) };
    output.done(&selling, |output| say(output, &selling))
}

fn say(output: Output, selling: &Selling) -> String {
    let verdict = if selling.selling { "Orders are taken." } else { "No orders are taken." };
    if selling.stops.is_empty() {
        return verdict.to_owned();
    }
    let mut table = output.table(&["not sold", "since", "by", "why"]);
    for stop in &selling.stops {
        table.add_row([&stop.what, &stop.since, &stop.by, &stop.why]);
    }
    format!("{verdict}\n\n{}", text(&table))
}
