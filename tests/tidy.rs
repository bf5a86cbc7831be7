//! Style as a test: the floor plan, what may be named where, lengths, leftovers.

use std::fs;
use std::path::{Path, PathBuf};

/// What a floor may use besides itself.
enum May {
    /// The modules of its own floor that are named before it, and these floors.
    Floors(&'static [&'static str]),
    /// These floors, and these modules for all or one of its modules: (`*` or module, used module).
    Some(&'static [&'static str], &'static [(&'static str, &'static str)]),
    /// Everything.
    All,
}

struct Floor {
    name: &'static str,
    modules: &'static [&'static str],
    may: May,
}

/// The floor plan: what may be imported from where. The same table stands in the README.
const PLAN: &[Floor] = &[
    Floor {
        name: "words",
        modules: &["money", "ids", "time", "config", "metrics", "panics", "disk"],
        may: May::Floors(&[]),
    },
    Floor {
        name: "rules",
        modules: &["catalog", "ledger", "job", "payment", "message", "texts"],
        may: May::Floors(&["words"]),
    },
    Floor { name: "memory", modules: &["store"], may: May::Floors(&["words", "rules"]) },
    Floor { name: "acts", modules: &["flow"], may: May::Floors(&["words", "rules", "memory"]) },
    Floor {
        name: "conversation",
        modules: &["handlers"],
        may: May::Floors(&["words", "rules", "memory", "acts"]),
    },
    Floor {
        name: "doors",
        modules: &["carrier", "telegram", "provider", "http", "shelf", "control"],
        may: May::Some(
            &["words"],
            &[
                ("*", "message"),
                ("*", "job"),
                ("telegram", "carrier"),
                ("provider", "carrier"),
                ("shelf", "carrier"),
                ("http", "store"),
                // KIE's callback is an act, and each door's bytes are read by who knows their shape.
                ("http", "flow"),
                ("http", "telegram"),
                ("http", "provider"),
                ("control", "store"),
                ("control", "ledger"),
                // What a store writes is brought to a place, and back.
                ("shelf", "store"),
                ("control", "shelf"),
                // Whether it is well is asked at both doors.
                ("control", "http"),
            ],
        ),
    },
    Floor {
        name: "engine room",
        modules: &["workers"],
        may: May::Floors(&["words", "rules", "memory", "acts", "conversation", "doors"]),
    },
    Floor {
        name: "assembly",
        modules: &["app", "sandbox", "cli", "simulate", "bin", "main", "lib"],
        may: May::All,
    },
];

/// Crates that only some modules may name, and ways to read a clock.
const NAMED_ONLY_IN: &[(&str, &[&str])] = &[
    ("redb::", &["store"]),
    ("teloxide::", &["telegram", "sandbox"]),
    ("teloxide_core::", &["telegram", "sandbox"]),
    ("reqwest::", &["carrier", "telegram", "provider", "shelf", "sandbox", "simulate"]),
    ("SystemTime::now", &["time"]),
    ("Timestamp::now", &["time"]),
    ("Zoned::now", &["time"]),
    ("Instant::now", &["time", "simulate"]),
];

/// Spelled in halves, so that this file passes itself.
const LEFTOVERS: &[&str] = &[
    concat!("dbg", "!"),
    concat!("todo", "!"),
    concat!("unimplemented", "!"),
    concat!("FIX", "ME"),
    concat!("TO", "DO"),
];

/// What stops reading before the end. Who writes to it in a script with `pipefail` may die of that, or not.
const LEAVES_EARLY: &[&str] = &["| grep -q", "| head", "| grep -m"];

const LINES: usize = 400;
const TEST_LINES: usize = 600;

/// All that is wrong with one file; `path` is relative to the package.
fn complaints(path: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut complain = |line: usize, what: String| found.push(format!("{path}:{line}: {what}"));
    if !text.starts_with("//! ") {
        complain(1, "it does not begin by saying what it is for".to_owned());
    }
    let code = before_tests(text);
    let limit = if is_test(path) { TEST_LINES } else { LINES };
    if code.lines().count() > limit {
        complain(limit, format!("it is longer than {limit} lines"));
    }
    for (index, line) in text.lines().enumerate() {
        for word in LEFTOVERS.iter().filter(|word| line.contains(*word)) {
            complain(index + 1, format!("{word} was left over"));
        }
    }
    let Some(module) = module_of(path) else { return found };
    for (index, line) in code.lines().enumerate() {
        let line = line.split("//").next().unwrap_or(line);
        for (name, places) in NAMED_ONLY_IN {
            if names(line, name) && !places.contains(&module) {
                complain(index + 1, format!("{name} belongs into {places:?}"));
            }
        }
    }
    for (line, used) in imports(code) {
        // Tests of any floor may play against what stands in for the outside.
        if is_test(path) && used == "sandbox" {
            continue;
        }
        if let Err(why) = may_use(module, &used) {
            complain(line, why);
        }
    }
    found
}

/// The file without the tests at its end.
pub(crate) fn before_tests(text: &str) -> &str {
    text.find("#[cfg(test)]\nmod tests {").map_or(text, |end| &text[..end])
}

pub(crate) fn is_test(path: &str) -> bool {
    path.starts_with("tests/") || path.contains("/tests/") || path.ends_with("/tests.rs")
}

/// The top module a file below `src` belongs to; `None` for files elsewhere.
fn module_of(path: &str) -> Option<&str> {
    let inner = path.strip_prefix("src/")?;
    let top = inner.split('/').next()?;
    Some(top.strip_suffix(".rs").unwrap_or(top))
}

/// True when `line` names `name` as a whole word.
fn names(line: &str, name: &str) -> bool {
    line.match_indices(name)
        .any(|(at, _)| !line[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_'))
}

/// The top modules that code takes from `crate::`, with their lines: `crate::a::b` and
/// `crate::{a::b, c}` alike.
fn imports(code: &str) -> Vec<(usize, String)> {
    let code: Vec<_> = code.lines().map(|line| line.split("//").next().unwrap_or(line)).collect();
    let code = code.join("\n");
    let mut found = Vec::new();
    for (at, path) in code.match_indices("crate::") {
        if code[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_' || before == '$') {
            continue;
        }
        let line = code[..at].lines().count().max(1);
        let rest = &code[at + path.len()..];
        match rest.strip_prefix('{') {
            Some(group) => found.extend(top_names(group).map(|name| (line, name))),
            None => found.extend(first_name(rest).map(|name| (line, name))),
        }
    }
    found
}

fn first_name(text: &str) -> Option<String> {
    let name: String =
        text.trim_start().chars().take_while(|one| one.is_alphanumeric() || *one == '_').collect();
    (!name.is_empty()).then_some(name)
}

/// The names that begin the parts of a group, up to its closing brace.
fn top_names(group: &str) -> impl Iterator<Item = String> {
    let mut depth = 0;
    let mut parts = vec![String::new()];
    for one in group.chars() {
        match one {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => parts.push(String::new()),
            _ => {}
        }
        parts.last_mut().expect("never empty").push(one);
    }
    parts.into_iter().filter_map(|part| first_name(part.trim_start_matches(',')))
}

fn floor_of(module: &str) -> Option<&'static Floor> {
    PLAN.iter().find(|floor| floor.modules.contains(&module))
}

fn may_use(module: &str, used: &str) -> Result<(), String> {
    let floor = floor_of(module).ok_or(format!("the floor plan has no module {module}"))?;
    if used == module {
        return Ok(());
    }
    let place = |name: &str| floor.modules.iter().position(|module| *module == name);
    let allowed = match &floor.may {
        May::All => true,
        May::Floors(floors) => match floor_of(used) {
            Some(other) if other.name == floor.name => place(used) < place(module),
            Some(other) => floors.contains(&other.name),
            None => false,
        },
        May::Some(floors, modules) => {
            let whole = floor_of(used).is_some_and(|other| floors.contains(&other.name));
            whole || modules.iter().any(|(who, what)| *what == used && (*who == "*" || *who == module))
        }
    };
    if allowed { Ok(()) } else { Err(format!("{module} ({}) may not use {used}", floor.name)) }
}

pub(crate) fn rust_files(dir: &Path, into: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(dir) else { return };
    for entry in entries {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            // The fuzzers build below themselves.
            if path.ends_with("target") {
                continue;
            }
            rust_files(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

#[test]
fn every_file_of_tests_is_run() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let main = fs::read_to_string(root.join("main.rs")).expect("readable");
    for entry in fs::read_dir(&root).expect("readable") {
        let name = entry.expect("an entry").file_name().into_string().expect("a text");
        let Some(module) = name.strip_suffix(".rs") else { continue };
        assert!(module == "main" || main.contains(&format!("\nmod {module};")), "nobody runs tests/{name}");
    }
}

#[test]
fn the_tree_is_tidy() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = vec![root.join("build.rs")];
    for dir in ["src", "tests", "benches"] {
        rust_files(&root.join(dir), &mut files);
    }
    assert!(files.len() > 20, "the files are found: {files:?}");
    let found: Vec<_> = files
        .iter()
        .flat_map(|path| {
            let name = path.strip_prefix(root).expect("below the package").to_str().expect("a name");
            complaints(name, &fs::read_to_string(path).expect("a text"))
        })
        .collect();
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[track_caller]
fn complains(path: &str, text: &str, expected: &str) {
    let found = complaints(path, &format!("//! A file.\n{text}"));
    assert!(found.iter().any(|one| one.contains(expected)), "{found:?} lacks {expected:?}");
}

#[track_caller]
fn passes(path: &str, text: &str) {
    assert_eq!(complaints(path, &format!("//! A file.\n{text}")), [""; 0]);
}

#[test]
fn an_import_that_points_up_is_found() {
    complains("src/ledger.rs", "use crate::store::Store;", "2: ledger (rules) may not use store");
    complains("src/money.rs", "use crate::time::At;", "money (words) may not use time");
    complains("src/job/next.rs", "fn a() { crate::flow::order::place() }", "job (rules) may not use flow");
    complains("src/store/mod.rs", "use crate::{\n    ids::JobId,\n    flow::{a, b},\n};", "may not use flow");
    complains("src/catalog/mod.rs", "use crate::ledger::Account;", "catalog (rules) may not use ledger");
    complains("src/surprise.rs", "use crate::ids::JobId;", "the floor plan has no module surprise");
    passes("src/ledger.rs", "use crate::ids::JobId;\nuse crate::ledger::Kind;\n// crate::store::Store");
    passes("src/texts/mod.rs", "use crate::{catalog::Model, message::{self, Lang}, money::Kopecks};");
    passes("src/app.rs", "use crate::workers::jobs;");
    passes("src/store/tests/disk.rs", "use crate::sandbox::disk::Disk;");
    complains("src/store/disk.rs", "use crate::sandbox::disk::Disk;", "store (memory) may not use sandbox");
    passes("src/time.rs", "macro_rules! a { () => { $crate::workers::a() } }");
}

#[test]
fn doors_and_handlers_that_know_each_other_are_found() {
    for (one, other) in [
        ("telegram", "provider"),
        ("provider", "telegram"),
        ("handlers", "telegram"),
        ("telegram", "handlers"),
        ("provider", "handlers"),
        ("telegram", "store"),
        ("provider", "catalog"),
    ] {
        let (path, text) = (format!("src/{one}/mod.rs"), format!("use crate::{other}::Thing;"));
        complains(&path, &text, &format!("may not use {other}"));
    }
    passes("src/http/mod.rs", "use crate::store::Store;");
}

#[test]
fn a_crate_or_a_clock_out_of_its_place_is_found() {
    complains("src/flow/order.rs", "use redb::Database;", "redb:: belongs into [\"store\"]");
    complains(
        "src/http/mod.rs",
        "fn a(b: teloxide::types::Update) {}",
        "teloxide:: belongs into [\"telegram\", \"sandbox\"]",
    );
    complains(
        "src/store/mod.rs",
        "use reqwest::Client;",
        "belongs into [\"carrier\", \"telegram\", \"provider\", \"shelf\", \"sandbox\", \"simulate\"]",
    );
    for clock in ["std::time::SystemTime::now()", "Timestamp::now()", "Instant::now()"] {
        complains("src/store/mod.rs", &format!("fn a() {{ {clock}; }}"), "belongs into [\"time\"");
    }
    passes("src/store/mod.rs", "use redb::Database;");
    passes("src/time.rs", "fn a() { Timestamp::now(); }");
    passes("src/flow/mod.rs", "// redb::Database is not for us\nfn a() { predb::b() }");
}

#[test]
fn a_file_without_a_purpose_or_too_long_or_with_leftovers_is_found() {
    assert_eq!(complaints("src/ids.rs", "fn a() {}").len(), 1);
    let long = |lines| "fn a() {}\n".repeat(lines);
    complains("src/ids.rs", &long(LINES), "it is longer than 400 lines");
    passes("src/ids.rs", &long(LINES - 1));
    passes("src/ids.rs", &format!("#[cfg(test)]\nmod tests {{\n{}}}", long(LINES)));
    complains("tests/ids.rs", &long(TEST_LINES), "it is longer than 600 lines");
    for word in LEFTOVERS {
        complains("tests/ids.rs", &format!("fn a() {{}} // {word}"), "was left over");
    }
}

/// The lines of a script at whose pipe the end leaves before the beginning.
fn broken_pipes(text: &str) -> Vec<usize> {
    let breaks = |line: &str| LEAVES_EARLY.iter().any(|early| line.contains(early));
    let is_comment = |line: &str| line.trim_start().starts_with('#');
    (1..).zip(text.lines()).filter(|(_, line)| !is_comment(line) && breaks(line)).map(|(at, _)| at).collect()
}

#[test]
fn a_script_reads_to_its_end_what_it_pipes() {
    assert_eq!(broken_pipes("a | grep -q b\nb | grep b\nc | head -n 1 | d\n# | head\n"), [1, 3]);
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let scripts = [".ci", "tests", "tests/mutants", "benches"]
        .into_iter()
        .flat_map(|folder| fs::read_dir(root.join(folder)).expect("the folder is there"))
        .map(|entry| entry.expect("it can be read").path())
        .filter(|path| path.extension().is_none_or(|ending| ending == "sh") && path.is_file())
        .collect::<Vec<_>>();
    assert!(scripts.len() >= 5, "the scripts have moved: {scripts:?}");
    for script in scripts {
        let text = fs::read_to_string(&script).expect("it is text");
        assert!(broken_pipes(&text).is_empty(), "{}: lines {:?}", script.display(), broken_pipes(&text));
    }
}
