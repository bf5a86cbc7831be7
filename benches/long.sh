#!/usr/bin/env bash
# What `cargo bench` leaves out because it takes long or needs more than Rust: ledgers of 10 million rows,
# and the peers, of which PostgreSQL must be installed (Debian: `apt-get install postgresql`).
# Half an hour and 10 GB of disk. Prints what benches/README.md and README.md have.
set -euo pipefail
cd "$(dirname "$0")/.."

# The same act on a short ledger and on one a thousand times as long.
ROWS=10000,10000000 cargo bench --bench commit -- 'append|hold'
# Killed under full load and opened again, a page of a statement, the audit.
ROWS=10000000 cargo bench --bench file
