//! One function for each parser that faces the outside: bytes go into the product's own code, under
//! the product's own limit of size. `simulate corpus` gives them the saved bodies, `tests/fuzz` what
//! a fuzzer makes of those.
//!
//! Each panics when the product does, and when what comes out breaks a promise that is cheap to check.

mod given;
mod kie;
mod telegram;

pub use given::{ask, button, environment, link, media, model, prices, settings, value, words};
pub use kie::{callback, created, credit, look, models, uploaded};
pub use telegram::{answer, update, updates};

pub(super) use kie::Callback;

/// A parser: it takes any bytes.
pub type Parser = fn(&[u8]);

/// Every parser by its name, which is also that of its file in `tests/corpus` and of its fuzz target.
pub const PARSERS: &[(&str, Parser)] = &[
    ("update", update),
    ("updates", updates),
    ("answer", answer),
    ("button", button),
    ("value", value),
    ("created", created),
    ("look", look),
    ("credit", credit),
    ("models", models),
    ("uploaded", uploaded),
    ("callback", callback),
    ("link", link),
    ("media", media),
    ("settings", settings),
    ("environment", environment),
    ("model", model),
    ("prices", prices),
    ("ask", ask),
    ("words", words),
];

/// One of several, the same for the same bytes: a parser is to be run once, or its time tells nothing.
fn one_of<T: Copy, const N: usize>(all: [T; N], bytes: &[u8]) -> T {
    all[bytes.len() % N]
}

/// What a person may read: on one line, without characters that steer a terminal.
fn is_one_line(text: &str) -> bool {
    !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::corpus::saved;
    use std::path::Path;

    #[test]
    fn every_parser_takes_its_first_saved_body() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        for (name, parser) in PARSERS {
            let saved = saved::read(root, name).expect("a file of bodies");
            parser(&saved.first().expect("a body").bytes);
        }
    }

    #[test]
    fn every_parser_has_a_fuzz_target() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz");
        let manifest = std::fs::read_to_string(root.join("Cargo.toml")).expect("readable");
        for (name, _) in PARSERS {
            assert!(manifest.contains(&format!("name = \"{name}\"\n")), "no target {name}");
            let target = std::fs::read_to_string(root.join(format!("{name}.rs"))).expect("readable");
            assert!(target.contains(&format!("parsers::{name}(")), "{target}");
        }
    }
}
