//! Where settings come from, strongest last: the TOML file, the environment, `NAME_FILE`, systemd
//! credentials. What is empty counts as not set.

use crate::config::{NAMES, Problem};
use config::{ConfigError, File, FileFormat, Source, Value, ValueKind};
use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

/// A settings file, a secret or a value of the environment larger than this is a mistake.
const MAX_BYTES: usize = 64 * 1024;
/// What is said of it.
const TOO_LARGE: &str = "is larger than 64 KiB";
/// So much of a name that is no setting is shown.
const NAME_CHARS: usize = 64;

/// Where the settings file is looked for: where the command is run, then where the package has it.
pub const USUAL_FILES: [&str; 2] = ["./samovar.toml", "/etc/samovar/samovar.toml"];

/// Where to look for settings. The environment is an argument, so nothing else decides.
#[derive(Clone, Default)]
pub struct Sources {
    /// The environment.
    pub environment: BTreeMap<String, String>,
    /// The settings file, if there is one. It must be readable.
    pub file: Option<PathBuf>,
}

impl Sources {
    /// With the file that `--config` names, else the first of [`USUAL_FILES`] that is there, else none.
    pub fn find(environment: BTreeMap<String, String>, named: Option<PathBuf>) -> Self {
        let usual = USUAL_FILES.map(PathBuf::from);
        let file = named.or_else(|| usual.into_iter().find(|path| path.exists()));
        Self { environment, file }
    }
}

/// What was given for one setting.
pub(super) struct Given {
    pub(super) text: String,
    pub(super) origin: &'static str,
}

/// What was given, by the setting's name.
pub(super) type Raw = BTreeMap<&'static str, Given>;

/// Everything that was given, unchecked.
pub(super) struct Gathered {
    pub(super) raw: Raw,
    /// What could not be read.
    pub(super) problems: Vec<Problem>,
    /// Whether the settings file, if any, could be read: else nobody knows what is missing.
    pub(super) is_complete: bool,
}

/// Reads all sources.
pub(super) fn gather(sources: &Sources) -> Gathered {
    let mut raw = Raw::new();
    let mut problems = Vec::new();
    let mut is_complete = true;
    let mut paths = BTreeMap::new();
    if let Some(path) = &sources.file {
        match read_file(path).and_then(|text| parse(path, &text)) {
            Ok(table) => from_table(table, &mut raw, &mut paths, &mut problems),
            Err(problem) => {
                is_complete = false;
                problems.push(problem);
            }
        }
    }
    let variable = |name: &str| {
        sources.environment.get(name).filter(|text| text.len() <= MAX_BYTES && !text.trim().is_empty())
    };
    if !raw.contains_key("DATA_DIR")
        && let Some(directories) = variable("STATE_DIRECTORY")
    {
        let first = directories.split(':').next().unwrap_or(directories);
        raw.insert("DATA_DIR", Given { text: first.to_owned(), origin: "STATE_DIRECTORY" });
    }
    for name in NAMES {
        if sources.environment.get(name).is_some_and(|text| text.len() > MAX_BYTES) {
            problems.push(Problem { name: name.to_owned(), what: format!("(environment) {TOO_LARGE}") });
        }
        if let Some(text) = variable(name) {
            raw.insert(name, Given { text: text.clone(), origin: "environment" });
        }
        if let Some(path) = variable(&format!("{name}_FILE")) {
            paths.insert(name, path.clone());
        }
        if let Some(path) = paths.get(name) {
            from_secret(name, Path::new(path), "its _FILE", &mut raw, &mut problems);
        }
    }
    if let Some(directory) = variable("CREDENTIALS_DIRECTORY") {
        from_credentials(Path::new(directory), &mut raw, &mut problems);
    }
    Gathered { raw, problems, is_complete }
}

/// The text of a file, or a problem that names it.
fn read_file(path: &Path) -> Result<String, Problem> {
    let problem = |what: String| Problem { name: path.display().to_string(), what };
    let cannot = |error: std::io::Error| problem(format!("cannot be read: {error}"));
    // Devices and pipes say that they are empty, and some have no end.
    let mut read = Vec::new();
    let most = u64::try_from(MAX_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    fs::File::open(path).and_then(|file| file.take(most).read_to_end(&mut read)).map_err(cannot)?;
    if read.len() > MAX_BYTES {
        return Err(problem(format!("cannot be read: it {TOO_LARGE}")));
    }
    String::from_utf8(read).map_err(|_| problem("cannot be read: it is not UTF-8".to_owned()))
}

fn parse(path: &Path, text: &str) -> Result<config::Map<String, Value>, Problem> {
    // Not built into a `Config`: that takes names for paths, and makes a list of 10¹¹ places of `"a[99999999999]"`.
    File::from_str(text, FileFormat::Toml).collect().map_err(|error| Problem {
        name: path.display().to_string(),
        what: format!("is no TOML{}", place(&error)),
    })
}

/// Where a TOML error is. The rest of its text shows the line, which may hold a secret.
fn place(error: &ConfigError) -> String {
    let text = error.to_string();
    let line = text.split_once("at line ").map(|(_, rest)| rest);
    let digits: String = line.unwrap_or_default().chars().take_while(char::is_ascii_digit).collect();
    if digits.is_empty() {
        ": NAME = \"value\", one a line".to_owned()
    } else {
        format!(", see line {digits}: it should be NAME = \"value\", and each NAME once")
    }
}

fn from_table(
    table: config::Map<String, Value>,
    raw: &mut Raw,
    paths: &mut BTreeMap<&'static str, String>,
    problems: &mut Vec<Problem>,
) {
    for (key, value) in table {
        let upper = key.to_ascii_uppercase();
        let shown = key.chars().map(|c| if c.is_control() { ' ' } else { c }).take(NAME_CHARS);
        let shown: String = shown.collect();
        let mut wrong = |what: &str| problems.push(Problem { name: shown.clone(), what: what.to_owned() });
        let is = |name: &&str| upper == *name;
        let is_path_of = |name: &&str| upper.strip_suffix("_FILE") == Some(name);
        let (name, is_path) = match (NAMES.into_iter().find(is), NAMES.into_iter().find(is_path_of)) {
            (Some(name), _) => (name, false),
            (None, Some(name)) => (name, true),
            (None, None) => {
                wrong("in the settings file is not a setting: see the example for those there are");
                continue;
            }
        };
        let Some(text) = text_of(&value.kind) else {
            wrong("in the settings file must be a text, a number, a switch or a list of them");
            continue;
        };
        if text.trim().is_empty() {
            continue;
        }
        let is_second = if is_path {
            paths.insert(name, text).is_some()
        } else {
            raw.insert(name, Given { text, origin: "settings file" }).is_some()
        };
        if is_second {
            wrong("is twice in the settings file");
        }
    }
}

/// A value of the file as the environment would spell it; `None` for a table.
fn text_of(kind: &ValueKind) -> Option<String> {
    match kind {
        ValueKind::Nil => Some(String::new()),
        ValueKind::Boolean(is) => Some(is.to_string()),
        ValueKind::I64(number) => Some(number.to_string()),
        ValueKind::I128(number) => Some(number.to_string()),
        ValueKind::U64(number) => Some(number.to_string()),
        ValueKind::U128(number) => Some(number.to_string()),
        ValueKind::Float(number) => Some(number.to_string()),
        ValueKind::String(text) => Some(text.clone()),
        ValueKind::Array(items) => {
            let texts: Option<Vec<String>> = items.iter().map(|item| text_of(&item.kind)).collect();
            texts.map(|texts| texts.join(","))
        }
        ValueKind::Table(_) => None,
    }
}

fn from_secret(
    name: &'static str,
    path: &Path,
    origin: &'static str,
    raw: &mut Raw,
    problems: &mut Vec<Problem>,
) {
    match read_file(path) {
        // Editors and `echo` end a file with a line break that is not part of the value.
        Ok(text) => {
            let text = text.trim_end_matches(['\r', '\n']).to_owned();
            if !text.trim().is_empty() {
                raw.insert(name, Given { text, origin });
            }
        }
        Err(Problem { name: path, what }) => {
            problems.push(Problem { name: name.to_owned(), what: format!("({path}) {what}") });
        }
    }
}

fn from_credentials(directory: &Path, raw: &mut Raw, problems: &mut Vec<Problem>) {
    let names = fs::read_dir(directory).and_then(|entries| {
        let names = entries.map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned()));
        names.collect::<Result<Vec<_>, _>>()
    });
    match names {
        Ok(files) => {
            for file in files {
                let known = NAMES.into_iter().find(|name| file.eq_ignore_ascii_case(name));
                if let Some(name) = known {
                    from_secret(name, &directory.join(file), "credential", raw, problems);
                }
            }
        }
        Err(error) => problems.push(Problem {
            name: "CREDENTIALS_DIRECTORY".to_owned(),
            what: format!("cannot be read: {error}"),
        }),
    }
}
