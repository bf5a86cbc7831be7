//! `samovar export`: the ledger, the customers or the jobs, as CSV or, with `--json`, one object a line.
//! Asked for a page at a time, from the running service or from the file.

use super::{Failure, Output, ask};
use crate::config::Settings;
use crate::control::{Answer, Ask, JobLine, LedgerLine, Page, Table, UserLine};
use crate::flow::statement::harmless;
use clap::ValueEnum;
use serde::Serialize;
use std::io::{self, BufWriter, StdoutLock, Write};

/// Rows a page: some megabytes, and few enough that the service answers others in between.
const ROWS: u32 = 2_000;

/// The columns of a ledger line, as its JSON names them.
const LEDGER: &[&str] =
    &["seq", "at", "kind", "debit", "credit", "amount", "ref", "pending_of", "job", "memo"];
const USERS: &[&str] = &[
    "user",
    "first_name",
    "username",
    "language",
    "first_seen",
    "last_seen",
    "blocked",
    "banned",
    "available",
    "held",
];
const JOBS: &[&str] =
    &["job", "code", "user", "model", "state", "price", "free", "cost_usd", "task", "created", "ended"];

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum What {
    /// Every movement of money
    Ledger,
    /// The customers and what they have
    Users,
    /// Every generation, without prompts
    Jobs,
}

impl What {
    fn table(self) -> Table {
        match self {
            Self::Ledger => Table::Ledger,
            Self::Users => Table::Users,
            Self::Jobs => Table::Jobs,
        }
    }

    fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Ledger => LEDGER,
            Self::Users => USERS,
            Self::Jobs => JOBS,
        }
    }
}

pub(super) fn run(output: Output, settings: &Settings, what: What) -> Result<(), Failure> {
    let mut sheet = Sheet::new(output.is_json());
    let question = |after| Ask::Export { table: what.table(), after, limit: ROWS };
    // Whoever reads may have seen enough: `samovar export ledger | head`.
    let mut is_open = sheet.head(what.columns())?;
    let took = ask::each(settings, question(0), |answer| {
        let Answer::Page(page) = answer else { return Err(Failure::foreign()) };
        let (last, rows) = match &page {
            Page::Ledger(lines) => (lines.last().map(|line| line.seq.0), lines.len()),
            Page::Users(lines) => {
                (lines.last().and_then(|line| u64::try_from(line.user.0).ok()), lines.len())
            }
            Page::Jobs(lines) => (lines.last().map(|line| line.job.0), lines.len()),
        };
        is_open = is_open && sheet.page(page)?;
        let is_last = rows < usize::try_from(ROWS).unwrap_or(usize::MAX);
        Ok(last.filter(|_| is_open && !is_last).map(question))
    });
    took.and_then(|()| sheet.end())
}

/// Where the rows go.
enum Sheet {
    Csv(Box<csv::Writer<StdoutLock<'static>>>),
    Lines(BufWriter<StdoutLock<'static>>),
}

impl Sheet {
    fn new(json: bool) -> Self {
        let stdout = io::stdout().lock();
        if json {
            return Self::Lines(BufWriter::new(stdout));
        }
        // The head is written also where no row follows.
        Self::Csv(Box::new(csv::WriterBuilder::new().has_headers(false).from_writer(stdout)))
    }

    /// Writes the names of the columns; false when nobody reads any more.
    fn head(&mut self, columns: &[&str]) -> Result<bool, Failure> {
        match self {
            Self::Csv(csv) => went(csv.write_record(columns).map_err(io::Error::from)),
            Self::Lines(_) => Ok(true),
        }
    }

    fn page(&mut self, page: Page) -> Result<bool, Failure> {
        match page {
            Page::Ledger(lines) => self.rows::<LedgerLine>(&lines),
            Page::Users(mut lines) => {
                if matches!(self, Self::Csv(_)) {
                    // What customers call themselves must be no formula of a table program's.
                    for line in &mut lines {
                        line.first_name = harmless(&line.first_name);
                        line.username = line.username.as_deref().map(harmless);
                    }
                }
                self.rows::<UserLine>(&lines)
            }
            Page::Jobs(lines) => self.rows::<JobLine>(&lines),
        }
    }

    fn rows<L: Serialize>(&mut self, lines: &[L]) -> Result<bool, Failure> {
        let mut write = || -> io::Result<()> {
            for line in lines {
                match self {
                    Self::Csv(csv) => csv.serialize(line)?,
                    Self::Lines(out) => {
                        serde_json::to_writer(&mut *out, line)?;
                        out.write_all(b"\n")?;
                    }
                }
            }
            Ok(())
        };
        went(write())
    }

    fn end(self) -> Result<(), Failure> {
        let flushed = match self {
            Self::Csv(mut csv) => csv.flush(),
            Self::Lines(mut out) => out.flush(),
        };
        went(flushed).map(drop)
    }
}

/// Whether it was written; false when nobody reads any more.
fn went(written: io::Result<()>) -> Result<bool, Failure> {
    match written {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Failure::refused(format!("stdout: {error}"))),
    }
}
