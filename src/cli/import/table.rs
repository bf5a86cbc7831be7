//! A CSV file of the old bot's, line by line, as `\copy … csv header` writes it. What is wrong with a line is kept
//! with file and line, and reading goes on, so that one run tells all of it.
//!
//! Of one line at most [`LINE_BYTES`] are ever in memory.

use super::super::Failure;
use csv::{ByteRecord, ErrorKind, ReaderBuilder};
use serde::Serialize;
use std::cell::Cell;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::rc::Rc;

/// A line of more bytes is no line. The old bot kept whole answers of KIE in one.
const LINE_BYTES: usize = 4 * 1024 * 1024;
/// So many refused lines are told one by one.
const LISTED: usize = 1_000;
/// How much of a wrong value a complaint repeats, in characters.
const SHOWN_CHARS: usize = 40;

/// A line that cannot be imported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Refused {
    /// Its file.
    pub(super) file: &'static str,
    /// The number of its first line there, from 1.
    pub(super) line: u64,
    /// What is wrong with it.
    pub(super) why: String,
}

/// All lines that cannot be imported.
#[derive(Debug, Default)]
pub(super) struct Complaints {
    pub(super) listed: Vec<Refused>,
    pub(super) count: u64,
}

impl Complaints {
    fn add(&mut self, file: &'static str, line: u64, why: String) {
        self.count += 1;
        if self.listed.len() < LISTED {
            self.listed.push(Refused { file, line, why });
        }
    }
}

/// One line, its fields by the place of their names in the list of columns that was asked for.
pub(super) struct Line<'a> {
    record: &'a ByteRecord,
    places: &'a [usize],
    names: &'a [&'static str],
}

impl<'a> Line<'a> {
    /// A field as text of at most `most` bytes; empty for NULL.
    pub(super) fn text(&self, column: usize, most: usize) -> Result<&'a str, String> {
        let name = self.names[column];
        let bytes = self.record.get(self.places[column]).unwrap_or_default();
        if bytes.len() > most {
            return Err(format!("{name} has {} bytes; at most {most} can be", bytes.len()));
        }
        if bytes.contains(&0) {
            return Err(format!("{name} has a NUL in it"));
        }
        str::from_utf8(bytes).map_err(|_| format!("{name} is no UTF-8 text"))
    }

    /// A field read by `read`; what is no such thing is told in the words `wanted`.
    pub(super) fn read<R>(
        &self,
        column: usize,
        wanted: &str,
        read: impl FnOnce(&str) -> Option<R>,
    ) -> Result<R, String> {
        let text = self.text(column, 256)?;
        read(text).ok_or_else(|| format!("{} is {}, not {wanted}", self.names[column], shown(text)))
    }
}

/// A wrong value as a complaint repeats it.
fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARS) {
        _ if text.is_empty() => "empty".to_owned(),
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}

/// Reads `dir/file`, the columns `names` of it in any order among others. `take` gets each line and says what is wrong
/// with it. Gives how many lines there were.
pub(super) fn read(
    dir: &Path,
    file: &'static str,
    names: &[&'static str],
    complaints: &mut Complaints,
    mut take: impl FnMut(&Line<'_>) -> Result<(), String>,
) -> Result<u64, Failure> {
    let path = dir.join(file);
    let cannot = |why: String| Failure::refused(format!("{}: {why}; nothing was imported", path.display()));
    let source = File::open(&path).map_err(|error| cannot(error.to_string()))?;
    let left = Rc::new(Cell::new(LINE_BYTES));
    let mut reader = ReaderBuilder::new().from_reader(Rationed { source, left: left.clone() });
    let header = reader.byte_headers().map_err(|error| cannot(format!("line 1: {error}")))?;
    let mut places = Vec::new();
    for name in names {
        let place = header.iter().position(|field| field == name.as_bytes());
        places.push(place.ok_or_else(|| {
            let table = file.trim_end_matches(".csv");
            cannot(format!("line 1 has no column {name}; \\copy {table} to '{file}' csv header writes it"))
        })?);
    }
    // Of a line's end of two bytes the second is only read with the line after it, and so counted there.
    let behind = u64::from(reader.position().line() == 1);
    let mut record = ByteRecord::new();
    let mut lines = 0;
    loop {
        left.set(LINE_BYTES);
        let begins = reader.position().line() + behind;
        match reader.read_byte_record(&mut record) {
            Ok(true) => {}
            Ok(false) => return Ok(lines),
            Err(error) => {
                let line = error.position().map_or(begins, |position| position.line() + behind);
                let kind = error.into_kind();
                if let ErrorKind::UnequalLengths { expected_len, len, .. } = kind {
                    lines += 1;
                    complaints.add(
                        file,
                        line,
                        format!("it has {len} fields, the first line has {expected_len}"),
                    );
                    continue;
                }
                let ErrorKind::Io(error) = kind else { return Err(cannot(format!("line {line}: {kind:?}"))) };
                if error.kind() != io::ErrorKind::InvalidData {
                    return Err(cannot(error.to_string()));
                }
                // Where the next line begins is not known then.
                complaints.add(file, begins, format!("{error}; what comes after it was not read"));
                return Ok(lines + 1);
            }
        }
        lines += 1;
        let line = record.position().map_or(begins, |position| position.line() + behind);
        if let Err(why) = take(&Line { record: &record, places: &places, names }) {
            complaints.add(file, line, why);
        }
    }
}

/// A file of which only so much is given out at a time.
struct Rationed {
    source: File,
    /// What may still be read before somebody says that a line has ended.
    left: Rc<Cell<usize>>,
}

impl Read for Rationed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.left.get();
        if left == 0 {
            let why =
                format!("a line of more than {LINE_BYTES} bytes begins here, or a quote that never ends");
            return Err(io::Error::new(io::ErrorKind::InvalidData, why));
        }
        let most = buffer.len().min(left);
        let read = self.source.read(&mut buffer[..most])?;
        self.left.set(left - read);
        Ok(read)
    }
}
