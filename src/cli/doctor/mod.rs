//! `samovar doctor`: whether all is well with the settings, Telegram, KIE, the machine, the disk and the
//! books, each in a line with what to do. The service may run. Nothing is changed, outside or here; when nothing
//! runs, the file is looked at as it lies there.

mod books;
mod machine;
mod outside;

use super::output::Tone;
use super::{Failure, Output, ask, owner};
use crate::app::{self, StartError};
use crate::config::{Keys, Settings, Sources};
use crate::time::Clock;
use console::{Term, measure_text_width};
use serde::Serialize;
use tokio::runtime::Builder;

/// Lines are broken at this many columns; earlier on a narrower terminal.
const COLUMNS: usize = 100;
const LEAST_COLUMNS: usize = 50;
/// Where what is said begins: after the verdict and the check's name.
const INDENT: usize = 17;

/// How a check went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Ok,
    Warn,
    Fail,
}

/// One check.
#[derive(Debug, Serialize)]
struct Line {
    check: &'static str,
    verdict: Verdict,
    says: String,
    /// What to do; empty when all is well.
    todo: &'static str,
}

impl Line {
    fn ok(check: &'static str, says: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Ok, says: says.into(), todo: "" }
    }

    fn warn(check: &'static str, says: impl Into<String>, todo: &'static str) -> Self {
        Self { check, verdict: Verdict::Warn, says: says.into(), todo }
    }

    fn fail(check: &'static str, says: impl Into<String>, todo: &'static str) -> Self {
        Self { check, verdict: Verdict::Fail, says: says.into(), todo }
    }
}

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Report {
    ok: bool,
    lines: Vec<Line>,
}

pub(super) fn run(
    output: Output,
    sources: &Sources,
    mut settings: Settings,
    keys: &Keys,
) -> Result<(), Failure> {
    let unusable = |error: StartError| Failure::settings(error.to_string());
    let clock = Clock::system();
    let telegram = app::telegram(&settings, keys).map_err(unusable)?;
    let kie = app::kie(&settings, keys, &clock).map_err(unusable)?;
    // What only root may read was read; the rest is looked at as the service would.
    let secrets = machine::secrets(sources);
    owner::become_owner(&mut settings.data_dir)?;
    let settings = &settings;
    let holder = ask::who_has(settings);
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::refused(format!("no runtime: {error}")))?;
    let spinner = ask::spinner("asking Telegram and KIE");
    let mut lines = runtime.block_on(async {
        vec![
            outside::token(&telegram).await,
            outside::webhook(&telegram, settings, &clock).await,
            outside::pollers(&telegram, settings, &holder).await,
            outside::credit(&kie, settings.kie_credit_alert).await,
            outside::uploads(&kie).await,
            outside::time(&telegram, &clock).await,
        ]
    });
    spinner.finish_and_clear();
    drop(runtime);
    lines.extend([machine::room(settings), machine::rights(&settings.data_dir), secrets, machine::systemd()]);
    lines.extend(books::lines(settings, &holder, clock.now().at));
    lines.push(books::ways_to_pay(settings));
    let report = Report { ok: lines.iter().all(|line| line.verdict != Verdict::Fail), lines };
    let written = output.answer(&report, |output| say(output, &report));
    let failed = report.lines.iter().filter(|line| line.verdict == Verdict::Fail).map(|line| line.check);
    let failed: Vec<_> = failed.collect();
    // What failed is told first.
    if failed.is_empty() { written } else { Err(Failure::refused(format!("failed: {}", failed.join(", ")))) }
}

fn say(output: Output, report: &Report) -> String {
    let columns = Term::stdout().size_checked().map_or(COLUMNS, |(_, columns)| usize::from(columns));
    let columns = columns.clamp(LEAST_COLUMNS, COLUMNS);
    let mut said = String::new();
    for line in &report.lines {
        let verdict = match line.verdict {
            Verdict::Ok => output.painted("ok  ", Tone::Good),
            Verdict::Warn => output.painted("warn", Tone::Unsure),
            Verdict::Fail => output.painted("FAIL", Tone::Bad),
        };
        let name = format!("  {:<11}", line.check);
        said.extend([verdict.as_str(), &name, &folded(&line.says, columns), "\n"]);
        if !line.todo.is_empty() {
            said.extend([" ".repeat(INDENT).as_str(), "→ ", &folded(line.todo, columns - 2), "\n"]);
        }
    }
    let warnings = report.lines.iter().filter(|line| line.verdict == Verdict::Warn).count();
    let verdict = match (report.ok, warnings) {
        (true, 0) => "All is well.".to_owned(),
        (true, 1) => "All is well but for one thing to think about.".to_owned(),
        (true, more) => format!("All is well but for {more} things to think about."),
        (false, _) => "Something has to be done.".to_owned(),
    };
    format!("{said}\n{verdict}\n")
}

/// Words broken into lines that stand below each other.
fn folded(text: &str, columns: usize) -> String {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("never empty");
        if !line.is_empty() && measure_text_width(line) + measure_text_width(word) >= columns - INDENT {
            lines.push(word.to_owned());
        } else {
            line.push_str(if line.is_empty() { "" } else { " " });
            line.push_str(word);
        }
    }
    lines.join(&format!("\n{:INDENT$}", ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_sentences_stand_below_each_other() {
        let long = "word ".repeat(40);
        let folded = folded(&long, COLUMNS);
        assert!(folded.lines().count() > 2 && folded.lines().all(|line| line.len() <= COLUMNS), "{folded}");
        assert!(folded.lines().skip(1).all(|line| line.starts_with(&" ".repeat(INDENT))), "{folded}");
        assert_eq!(super::folded("a  b", COLUMNS), "a b");
    }
}
