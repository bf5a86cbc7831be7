//! The proofs: see `simulate --help`, and "How it is tested" in the README.

use std::process::ExitCode;

fn main() -> ExitCode {
    samovar::simulate::main()
}
