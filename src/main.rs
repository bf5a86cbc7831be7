//! Samovar: see `samovar --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    samovar::cli::main()
}
