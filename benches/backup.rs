//! What a backup costs: a whole copy and its restore by the size of the file, and what listing changes for
//! shipments adds to a commit.

mod shop;

use samovar::store::{View, check, load};
use shop::{Shop, customer, hold};
use std::fs::{self, File};
use std::io::{BufReader, BufWriter};
use std::path::Path;
use std::time::Instant;

const ROWS: [u64; 2] = [100_000, 1_000_000];
/// Lone holds with and without the list.
const HOLDS: u64 = 300;

/// From here on the peak counts anew.
fn forget_peak() {
    fs::write("/proc/self/clear_refs", "5").expect("Linux");
}

/// The most memory this process had since, in MB.
fn peak_mb() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a line of memory");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") / 1_024
}

/// Does it; says how long it took, how much that is a second of `bytes`, and the peak of memory.
fn measured<R>(what: &str, bytes: u64, act: impl FnOnce() -> R) -> R {
    forget_peak();
    let began = Instant::now();
    let done = act();
    let took = began.elapsed();
    let a_second = u128::from(bytes) / 1_000 / took.as_millis().max(1);
    println!("| {what} | {took:.1?} | {a_second} MB/s | {} MB |", peak_mb());
    done
}

fn length(path: &Path) -> u64 {
    fs::metadata(path).expect("a file").len()
}

/// What a lone hold costs, listed or not.
fn holds(shop: &Shop, listed: bool) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(shop.store.set_streaming(listed)).expect("durable");
    let (before, began) = (shop.disk.asked(), Instant::now());
    for number in 0..HOLDS {
        shop.act(move |tx| hold(tx, customer(number)));
    }
    let (asked, took) = (shop.disk.asked().since(before), began.elapsed());
    let each = took / u32::try_from(HOLDS).expect("small");
    let hundredths = |count: u64| format!("{}.{:02}", count / HOLDS, count % HOLDS * 100 / HOLDS);
    println!(
        "| a hold, changes {} | {each:.0?} | {} syncs | {} pages |",
        if listed { "listed" } else { "not listed" },
        hundredths(asked.syncs),
        hundredths(asked.writes)
    );
    if listed {
        let mut bytes = Vec::new();
        let shipment =
            measured("their shipment", 0, || shop.store.changes(&mut bytes)).expect("readable rows");
        let shipment = shipment.expect("something was changed");
        println!("| … its rows and bytes | {} | {} | |", shipment.rows, shipment.bytes);
        runtime.block_on(shop.store.shipped(&shipment)).expect("durable");
    }
}

fn main() {
    for rows in shop::sizes(&ROWS) {
        let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory on the disk");
        let file = dir.path().join("samovar.redb");
        let began = Instant::now();
        let shop = Shop::open(dir.path());
        shop.fill(rows);
        shop.close();
        let shop = Shop::open(dir.path());
        let bytes = length(&file);
        println!(
            "\n{rows} ledger rows: a file of {} MB, filled in {:.0?}\n",
            bytes / 1_000_000,
            began.elapsed()
        );
        println!("| what | time | by the file's size | peak of memory |\n|---|---|---|---|");
        let copy = dir.path().join("copy");
        let dumped = measured("a whole copy", bytes, || {
            let mut out = BufWriter::new(File::create(&copy).expect("a file"));
            let dumped = shop.store.dump(&mut out).expect("a whole copy");
            out.into_inner().expect("written").sync_all().expect("synced");
            dumped
        });
        println!(
            "| … its rows and bytes | {} | {} of {} MB | |",
            dumped.rows,
            dumped.bytes / 1_000_000,
            dumped.raw_bytes / 1_000_000
        );
        let open = || BufReader::new(File::open(&copy).expect("the copy"));
        measured("checked", bytes, || check(&mut open())).expect("whole");
        let restored = dir.path().join("restored.redb");
        measured("restored", bytes, || load(&restored, &mut open(), &mut std::iter::empty()))
            .expect("restored");
        println!("| … the restored file | {} MB | | |", length(&restored) / 1_000_000);
        let view = View::at(&restored).expect("it opens");
        let report = measured("audited", bytes, || view.audit()).expect("readable rows");
        assert!(report.ok && report.head == hex::encode(dumped.head), "{report:?}");
        holds(&shop, false);
        holds(&shop, true);
        shop.close();
    }
}
