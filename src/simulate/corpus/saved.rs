//! The saved bodies: `tests/corpus/<parser>.jsonl`, one a line.
//!
//! A line is a part or a list of parts. A part is a text; `{"hex": "00ff"}` for what is no text;
//! `{"repeat": …, "times": 1000}` for what is huge; `{"file": "models/z-image.toml"}` for a file of this
//! package, with `"replace": "a", "with": "b"` for the same with something wrong in it.

use serde::Deserialize;
use std::fs;
use std::path::Path;

/// One saved body.
#[derive(Clone, Debug)]
pub(in crate::simulate) struct Saved {
    /// Its line in the file, counted from 1.
    pub(in crate::simulate) line: usize,
    /// The body.
    pub(in crate::simulate) bytes: Vec<u8>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Part(Part),
    Parts(Vec<Line>),
}

#[derive(Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum Part {
    Text(String),
    Hex { hex: String },
    Repeat { repeat: Box<Line>, times: usize },
    Edited { file: String, replace: String, with: String },
    File { file: String },
}

/// The bodies for the parser `name`, in the package at `root`.
pub(in crate::simulate) fn read(root: &Path, name: &str) -> Result<Vec<Saved>, String> {
    let file = format!("tests/corpus/{name}.jsonl");
    let text = fs::read_to_string(root.join(&file)).map_err(|error| format!("{file}: {error}"))?;
    let body = |(number, line): (usize, &str)| {
        let wrong = |why: String| format!("{file}:{number}: {why}");
        let line = serde_json::from_str(line).map_err(|error| wrong(error.to_string()))?;
        let mut bytes = Vec::new();
        write(root, &line, &mut bytes).map_err(wrong)?;
        Ok(Saved { line: number, bytes })
    };
    (1..).zip(text.lines()).map(body).collect()
}

fn write(root: &Path, line: &Line, into: &mut Vec<u8>) -> Result<(), String> {
    match line {
        Line::Parts(lines) => lines.iter().try_for_each(|line| write(root, line, into)),
        Line::Part(Part::Text(text)) => {
            into.extend_from_slice(text.as_bytes());
            Ok(())
        }
        Line::Part(Part::Hex { hex }) => {
            into.extend(hex::decode(hex).map_err(|error| error.to_string())?);
            Ok(())
        }
        Line::Part(Part::Repeat { repeat, times }) => {
            let mut once = Vec::new();
            write(root, repeat, &mut once)?;
            into.extend(once.repeat(*times));
            Ok(())
        }
        Line::Part(Part::File { file }) => {
            into.extend(text_of(root, file)?.into_bytes());
            Ok(())
        }
        Line::Part(Part::Edited { file, replace, with }) => {
            let text = text_of(root, file)?;
            if !text.contains(replace) {
                return Err(format!("{file} does not have {replace:?} any more"));
            }
            into.extend(text.replacen(replace, with, 1).into_bytes());
            Ok(())
        }
    }
}

fn text_of(root: &Path, file: &str) -> Result<String, String> {
    fs::read_to_string(root.join(file)).map_err(|error| format!("{file}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_made_of_its_parts() {
        let root = tempfile::tempdir().expect("a folder");
        fs::create_dir_all(root.path().join("tests/corpus")).expect("made");
        fs::write(root.path().join("a.toml"), "a = 1").expect("written");
        let lines = [
            r#""плохо""#,
            r#"["{", {"hex": "00ff"}, {"repeat": "[", "times": 3}]"#,
            r#"{"file": "a.toml"}"#,
            r#"[{"repeat": [{"file": "a.toml", "replace": "1", "with": "2"}, ";"], "times": 2}]"#,
        ];
        let write = |text: &str| fs::write(root.path().join("tests/corpus/x.jsonl"), text).expect("written");
        write(&lines.join("\n"));
        let bodies: Vec<_> = read(root.path(), "x").expect("read").into_iter().map(|one| one.bytes).collect();
        let wanted: [&[u8]; 4] = ["плохо".as_bytes(), b"{\0\xff[[[", b"a = 1", b"a = 2;a = 2;"];
        assert_eq!(bodies, wanted);
        write(r#"{"file": "a.toml", "replace": "7", "with": "2"}"#);
        assert_eq!(
            read(root.path(), "x").expect_err("stale"),
            "tests/corpus/x.jsonl:1: a.toml does not have \"7\" any more"
        );
    }
}
