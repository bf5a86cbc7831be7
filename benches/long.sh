#!/usr/bin/env bash
# What `cargo bench` leaves out because it takes long or needs more than Rust: ledgers of 10 million rows,
# and the peers, of which PostgreSQL must be installed (Debian: `apt-get install postgresql`).
# An hour and 10 GB of disk. Prints what benches/README.md and README.md have.
set -euo pipefail
cd "$(dirname "$0")/.."

# The same act on a short ledger and on one a thousand times as long.
ROWS=10000,10000000 cargo bench --bench commit -- 'append|hold'
# The same act on redb, SQLite, PostgreSQL and fjall.
cargo bench --features peers --bench peers -- --svg benches/peers.svg
# Killed under full load and opened again, a page of a statement, the audit.
ROWS=10000000 cargo bench --bench file
# Telegram's webhook and thousands of customers outside, what is shipped inside.
cargo build --release --features simulate --bin simulate
cargo build --profile dist
for load in '--updates 200 --seconds 600' '--updates 1000 --seconds 20' '--flat-out' '--storm'; do
    # shellcheck disable=SC2086 # the words are its arguments
    target/release/simulate load $load --binary target/dist/samovar
done
