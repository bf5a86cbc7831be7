//! What goes to stdout: a document for scripts, or a table for people. Lines and colours only on a
//! terminal, and no colours there either when NO_COLOR is set.

use super::Failure;
use comfy_table::presets::NOTHING;
use comfy_table::{
    Attribute, Cell, CellAlignment, Color, ColumnConstraint, ContentArrangement, LineStyle, Table, TableStyle,
};
use serde::Serialize;
use std::env;
use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};

/// Tables are fitted to a terminal of at least so many columns.
const LEAST_COLUMNS: u16 = 80;

/// Whether a document was begun: a script gets one and no more.
static WRITTEN: AtomicBool = AtomicBool::new(false);

/// What `--json` prints of a command that failed and has nothing else to say.
#[derive(Serialize)]
struct Failed {
    ok: bool,
    /// The exit code.
    code: u8,
    /// What stderr says.
    error: String,
}

/// Where answers go.
#[derive(Clone, Copy, Debug)]
pub(super) struct Output {
    json: bool,
    is_terminal: bool,
    has_colours: bool,
}

/// How a cell reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    /// All is well.
    Good,
    /// It may need a look.
    Unsure,
    /// It needs a look.
    Bad,
}

impl Output {
    pub(super) fn new(json: bool) -> Self {
        let is_terminal = io::stdout().is_terminal();
        let no_color = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { json, is_terminal, has_colours: is_terminal && !no_color }
    }

    /// The same words for a file.
    pub(super) fn plain() -> Self {
        Self { json: false, is_terminal: false, has_colours: false }
    }

    /// Prints `document` for a script, or what `say` makes of it for a person.
    pub(super) fn answer<D: Serialize>(
        self,
        document: &D,
        say: impl FnOnce(Self) -> String,
    ) -> Result<(), Failure> {
        self.write(document, say, "the answer could not be written")
    }

    /// The same of an act that was done: whoever asks for it again, because the answer could not be read, would have it
    /// twice.
    pub(super) fn done<D: Serialize>(
        self,
        document: &D,
        say: impl FnOnce(Self) -> String,
    ) -> Result<(), Failure> {
        self.write(document, say, "what was asked for was done; only its answer could not be written")
    }

    /// Prints a failure for a script that was given nothing else.
    pub(super) fn failure(self, failure: &Failure) {
        if self.json && !WRITTEN.load(Ordering::SeqCst) {
            let failed = Failed { ok: false, code: failure.code(), error: failure.to_string() };
            // When stdout is gone stderr still tells.
            drop(self.answer(&failed, |_| String::new()));
        }
    }

    fn write<D: Serialize>(
        self,
        document: &D,
        say: impl FnOnce(Self) -> String,
        unwritten: &str,
    ) -> Result<(), Failure> {
        let mut text = if self.json {
            serde_json::to_string(document).map_err(|error| Failure::refused(error.to_string()))?
        } else {
            say(self)
        };
        if !text.ends_with('\n') {
            text.push('\n');
        }
        WRITTEN.store(true, Ordering::SeqCst);
        let mut stdout = io::stdout().lock();
        match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
            // Whoever reads has seen enough: `samovar catalog | head`.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            written => written.map_err(|error| Failure::refused(format!("{unwritten}: {error}"))),
        }
    }

    /// Prints `document` for a script, and nothing for a person: what follows on stderr says it all.
    pub(super) fn document<D: Serialize>(self, document: &D) -> Result<(), Failure> {
        if self.json { self.answer(document, |_| String::new()) } else { Ok(()) }
    }

    /// Whether a script reads the answer.
    pub(super) fn is_json(self) -> bool {
        self.json
    }

    /// An empty table with these headings.
    pub(super) fn table(self, headings: &[&str]) -> Table {
        let mut table = Table::new();
        if self.is_terminal {
            let rule = LineStyle::none().fill('─').junction('─');
            let style = TableStyle::new().header_separator(rule);
            table.load_style(style);
            // A narrower terminal, or one that does not know its width, wraps lines better than cells.
            if table.width().is_some_and(|columns| columns >= LEAST_COLUMNS) {
                table.set_content_arrangement(ContentArrangement::Dynamic);
            }
        } else {
            table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Disabled).force_no_tty();
        }
        table.set_header(headings.iter().map(|heading| self.heading(heading)));
        if let Some(first) = table.column_mut(0) {
            // What a row is called is copied into other commands, so it is never broken in two.
            first.set_constraint(ColumnConstraint::ContentWidth);
        }
        table
    }

    fn heading(self, text: &str) -> Cell {
        let cell = Cell::new(text);
        if self.has_colours { cell.add_attribute(Attribute::Bold) } else { cell }
    }

    /// Words with a meaning; coloured where colours are wanted.
    pub(super) fn painted(self, text: &str, tone: Tone) -> String {
        let words = console::style(text).force_styling(self.has_colours);
        match tone {
            Tone::Good => words.green(),
            Tone::Unsure => words.yellow(),
            Tone::Bad => words.red().bold(),
        }
        .to_string()
    }

    /// A cell with a meaning; coloured where colours are wanted.
    pub(super) fn toned(self, text: &str, tone: Tone) -> Cell {
        let color = match tone {
            Tone::Good => Color::Green,
            Tone::Unsure => Color::Yellow,
            Tone::Bad => Color::Red,
        };
        let cell = Cell::new(text);
        if self.has_colours { cell.fg(color) } else { cell }
    }
}

/// A number, to the right.
pub(super) fn number(value: &impl ToString) -> Cell {
    Cell::new(value.to_string()).set_alignment(CellAlignment::Right)
}

/// The table as text, without blanks at the ends of its lines.
pub(super) fn text(table: &Table) -> String {
    let mut text = String::new();
    for line in table.lines() {
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
