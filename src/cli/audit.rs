//! `samovar audit`: the ten rules of the books, over the whole file.

use super::output::{Tone, number, text};
use super::{Failure, Output, ask};
use crate::config::Settings;
use crate::control::{Answer, Ask, Audit};

pub(super) fn run(output: Output, settings: &Settings) -> Result<(), Failure> {
    let Answer::Audit(audit) = ask::ask(settings, Ask::Audit)? else { return Err(Failure::foreign()) };
    let written = output.answer(&audit, |output| say(output, &audit));
    if audit.ok {
        return written;
    }
    // A broken rule is told first.
    let broken = audit.rules.iter().filter(|rule| !rule.ok).map(|rule| rule.id.as_str());
    Err(Failure::refused(format!("broken: {}", broken.collect::<Vec<_>>().join(", "))))
}

fn say(output: Output, audit: &Audit) -> String {
    let mut table = output.table(&["rule", "says", "checked", ""]);
    for rule in &audit.rules {
        let verdict =
            if rule.ok { output.toned("holds", Tone::Good) } else { output.toned("BROKEN", Tone::Bad) };
        table.add_row(vec![
            rule.id.as_str().into(),
            meaning(&rule.id).into(),
            number(&rule.checked),
            verdict,
        ]);
    }
    let mut said = text(&table);
    for rule in audit.rules.iter().filter(|rule| !rule.ok) {
        for broken in &rule.broken {
            said.extend(["\n", &rule.id, " ", &broken.row, ": ", &broken.what]);
        }
    }
    let verdict = if audit.ok { "All ten rules hold." } else { "Rules are broken; nothing should be sold." };
    format!("{said}\n{verdict} Ledger rows: {}. Head: {}\n", audit.rows, audit.head)
}

/// A rule in a few words.
fn meaning(rule: &str) -> &'static str {
    match rule {
        "L1" => "all accounts add up to zero",
        "L2" => "no order takes a wallet below zero",
        "L3" => "accounts equal their ledger rows",
        "L4" => "each hold ends once, within its amount",
        "L5" => "one hold, one charge, one refund a job",
        "L6" => "each payment is credited and goes back once",
        "L7" => "the past is as it was written",
        "L8" => "every job ends or is looked at again",
        "L9" => "each update has its effect once",
        "L10" => "every job that ends is told",
        _ => "",
    }
}
