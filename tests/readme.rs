//! The README tells the truth about what can be checked: every setting with its default, every
//! command of the command line, every invariant.

use samovar::config::{EXAMPLE, NAMES};
use std::process::Command;

const README: &str = include_str!("../README.md");

fn row(first: &str) -> Option<&'static str> {
    README.lines().find(|line| line.starts_with(&format!("| `{first}` |")))
}

#[test]
fn every_setting_has_a_row_with_its_default() {
    for name in NAMES {
        let row = row(name).unwrap_or_else(|| panic!("README.md has no row for {name}"));
        let example = EXAMPLE.lines().find_map(|line| line.strip_prefix(&format!("# {name} = ")));
        let default = example.expect("the example has every setting").trim_matches('"');
        assert!(
            default.is_empty() || row.contains(&format!("| `{default}` |")),
            "{row}\nshould say {default}"
        );
    }
}

#[test]
fn every_command_is_named() {
    let help = Command::new(env!("CARGO_BIN_EXE_samovar")).arg("--help").output().expect("it runs");
    let help = String::from_utf8(help.stdout).expect("text");
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let commands: Vec<&str> = commands
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect();
    assert!(commands.len() >= 6, "{help}");
    for command in commands {
        assert!(README.contains(&format!("| `samovar {command}")), "README.md has no row for {command}");
    }
}

#[test]
fn every_invariant_is_named() {
    for number in 1..=10 {
        assert!(README.contains(&format!("**Invariant L{number}.**")), "README.md has no L{number}");
    }
}
