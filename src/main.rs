//! Samovar: see `samovar --help`.

use std::process::ExitCode;

/// A fifth of a commit is spent in the system's own one (`benches/README.md`).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    samovar::cli::main()
}
