//! Streams of a backup: whatever is done to one it is refused with a sentence, and no file is left of it.

use super::copy::{Header, Input, Next, Output, Trailer, What};
use super::raw::Entry;
use super::{BackupError, Link, Place, Stream, check, check_changes, load};
use crate::store::open::SCHEMA;
use crate::store::scenario::Shop;
use crate::store::tables::NAMES;
use crate::time::At;
use std::io::{self, Read};
use std::ops::Range;
use std::time::Duration;

/// Before the first block.
const MARK: usize = 20;
/// Before each block.
const HEAD: usize = 37;

fn whole() -> Vec<u8> {
    copy_of(&Shop::busy())
}

fn copy_of(shop: &Shop) -> Vec<u8> {
    let mut bytes = Vec::new();
    shop.store.dump(&mut bytes).expect("a whole copy");
    bytes
}

/// Where each block lies, its head included.
fn blocks(bytes: &[u8]) -> Vec<Range<usize>> {
    let (mut blocks, mut at) = (Vec::new(), MARK);
    while at < bytes.len() {
        let length: [u8; 4] = bytes[at + 1..at + 5].try_into().expect("four bytes");
        let end = at + HEAD + usize::try_from(u32::from_le_bytes(length)).expect("small");
        blocks.push(at..end);
        at = end;
    }
    blocks
}

/// Refused by who checks and by who restores alike; nothing is left of it.
#[track_caller]
fn refused(bytes: &[u8]) -> BackupError {
    let why = check(&mut &*bytes).expect_err("refused");
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("restored");
    let again = load(&path, &mut &*bytes, &mut std::iter::empty()).expect_err("refused");
    assert_eq!(why.to_string(), again.to_string());
    assert!(!path.exists(), "a file is left of it");
    why
}

#[track_caller]
fn says(bytes: &[u8], words: &str) {
    let why = refused(bytes).to_string();
    assert!(why.contains(words), "{why:?} lacks {words:?}");
}

#[test]
fn a_copy_that_was_cut_short_anywhere_is_refused() {
    let bytes = whole();
    let blocks = blocks(&bytes);
    assert!(blocks.len() > 10, "only {} blocks", blocks.len());
    for block in &blocks {
        for cut in
            [block.start, block.start + 1, block.start + HEAD, (block.start + HEAD).midpoint(block.end)]
        {
            says(&bytes[..cut], "it was cut short");
        }
    }
    for cut in 1..MARK {
        says(&bytes[..cut], "it was cut short");
    }
    says(&bytes[..bytes.len() - 1], "it was cut short");
}

#[test]
fn a_copy_with_one_byte_changed_is_refused() {
    let bytes = whole();
    for block in blocks(&bytes) {
        for at in [0, 1, 5, HEAD - 1, HEAD, block.len().midpoint(HEAD), block.len() - 1] {
            let mut spoiled = bytes.clone();
            spoiled[block.start + at] ^= 0x40;
            let why = refused(&spoiled);
            // A length that was changed may lead past the end.
            let may_be_cut = (1..5).contains(&at) && matches!(why, BackupError::Cut);
            assert!(matches!(why, BackupError::Damaged { .. }) || may_be_cut, "{why}");
        }
    }
}

#[test]
fn a_copy_spoiled_anywhere_by_chance_is_refused() {
    let bytes = whole();
    for seed in 0..300 {
        let mut dice = fastrand::Rng::with_seed(seed);
        let mut spoiled = bytes.clone();
        for _ in 0..dice.usize(1..4) {
            spoiled[dice.usize(..bytes.len())] ^= dice.u8(1..);
        }
        assert!(spoiled == bytes || check(&mut spoiled.as_slice()).is_err(), "seed {seed} passes");
    }
}

#[test]
fn blocks_that_change_places_are_refused() {
    let bytes = whole();
    let blocks = blocks(&bytes);
    let joined = |order: &[usize]| {
        let mut joined = bytes[..MARK].to_vec();
        for block in order {
            joined.extend_from_slice(&bytes[blocks[*block].clone()]);
        }
        joined
    };
    let all: Vec<usize> = (0..blocks.len()).collect();
    assert_eq!(joined(&all), bytes);
    for at in 1..blocks.len() {
        let mut order = all.clone();
        order.swap(at - 1, at);
        refused(&joined(&order));
        order = all.clone();
        order.insert(at, at - 1);
        says(&joined(&order), &format!("damaged in its block {at}"));
        order = all.clone();
        order.remove(at - 1);
        refused(&joined(&order));
    }
    let mut longer = bytes.clone();
    longer.push(0);
    says(&longer, "damaged");
    // A block of another copy, in the same place.
    let shop = Shop::busy();
    let one = copy_of(&shop);
    shop.store.clock().skip(Duration::from_secs(1));
    let other = copy_of(&shop);
    let (place, from) = (self::blocks(&one)[2].clone(), self::blocks(&other)[2].clone());
    assert_ne!(one[place.clone()], other[from.clone()], "its hash says of which copy it is");
    refused(&[&one[..place.start], &other[from], &one[place.end..]].concat());
}

#[test]
fn what_is_no_copy_is_told_from_one_of_a_newer_version() {
    says(b"", "no backup");
    says(b"PK\x03\x04 something else that is long enough", "no backup");
    says(&[0; 4096], "no backup");
    let mut newer = whole();
    newer[16] = 2;
    says(&newer, "a newer samovar (format 2, this one knows 1)");
    newer[16] = 0;
    says(&newer, "no backup");
    let mut header = Header::now(What::Whole { place: Place::default() }, At(0));
    header.schema = SCHEMA + 1;
    says(&made(&header, &[], |_| {}), "a newer samovar (schema ");
}

/// A length is believed only as far as bytes come.
#[test]
fn a_block_that_says_it_is_endless_costs_no_memory() {
    struct Endless(Vec<u8>, usize);
    impl Read for Endless {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let next = self.0.get(self.1..).unwrap_or(&[]);
            let count = next.len().min(into.len());
            into[..count].copy_from_slice(&next[..count]);
            self.1 += count;
            assert!(self.1 <= MARK + HEAD, "more is asked for");
            Ok(count)
        }
    }
    let mut bytes = whole()[..MARK + HEAD].to_vec();
    bytes[MARK + 1..MARK + 5].fill(0xFF);
    let why = check(&mut Endless(bytes, 0)).expect_err("refused");
    assert!(matches!(why, BackupError::Damaged { block: 0 }), "{why}");
}

/// A stream with right hashes, whatever it says.
fn made(header: &Header, entries: &[Entry<'_>], lie: impl FnOnce(&mut Trailer)) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut output = Output::begin(&mut bytes, header).expect("begun");
    let mut lengths = vec![0; NAMES.len()];
    for entry in entries {
        output.add(entry).expect("added");
        lengths[entry.table] += 1;
    }
    let mut trailer = Trailer { entries: entries.len() as u64, lengths, seq: 0, head: [0; 32] };
    lie(&mut trailer);
    output.end(&trailer).expect("ended");
    bytes
}

fn whole_of(entries: &[Entry<'_>], lie: impl FnOnce(&mut Trailer)) -> Vec<u8> {
    made(&Header::now(What::Whole { place: Place::default() }, At(0)), entries, lie)
}

#[test]
fn rows_that_cannot_be_are_refused_before_they_are_believed() {
    let place = |name: &str| NAMES.iter().position(|known| *known == name).expect("a table");
    let entry = |name: &str, key: &'static [u8], row: &'static [u8]| Entry {
        table: place(name),
        key,
        row: Some(row),
    };
    let restored = |bytes: &[u8]| {
        let dir = tempfile::tempdir().expect("a directory");
        load(&dir.path().join("restored"), &mut &*bytes, &mut std::iter::empty())
    };
    let good = [entry("accounts", &[1, 0, 0, 0, 0, 0, 0, 0], b"row"), entry("stops", b"all", b"row")];
    restored(&whole_of(&good, |_| {})).expect("it is well formed");
    for (what, entries) in [
        ("a key too short", [entry("accounts", &[1], b"row")].as_slice()),
        ("a key too long", &[entry("jobs_due", &[1; 17], b"")]),
        ("no text", &[entry("stops", &[0xFF], b"row")]),
        ("a row too long", &[entry("jobs_due", &[1; 16], b"1")]),
        ("one key twice", &[good[0], good[0]]),
        ("gone in a whole copy", &[Entry { row: None, ..good[0] }]),
    ] {
        let why = restored(&whole_of(entries, |_| {})).expect_err(what);
        assert!(matches!(why, BackupError::Wrong { .. }), "{what}: {why}");
    }
    for lie in [
        |trailer: &mut Trailer| trailer.entries += 1,
        |trailer: &mut Trailer| trailer.lengths[0] += 1,
        |trailer: &mut Trailer| trailer.seq += 1,
        |trailer: &mut Trailer| trailer.head[0] += 1,
        |trailer: &mut Trailer| trailer.lengths.truncate(1),
    ] {
        let why = restored(&whole_of(&good, lie)).expect_err("refused");
        assert!(matches!(why, BackupError::Wrong { .. }), "{why}");
    }
    let unordered = [2_i64, 1].map(i64::to_le_bytes);
    let unordered = unordered.each_ref().map(|key| Entry { table: 0, key, row: Some(b"row") });
    let why = restored(&whole_of(&unordered, |_| {})).expect_err("refused");
    assert!(why.to_string().contains("not in the order"), "{why}");
}

#[test]
fn a_copy_and_a_shipment_are_not_taken_for_each_other() {
    let changes = What::Changes { epoch: 1, number: 1, after: 0, commit: 1, before: [0; 32] };
    let shipment = made(&Header::now(changes, At(0)), &[], |_| {});
    assert_eq!(check_changes(&mut shipment.as_slice()).expect("a shipment").number, 1);
    assert!(matches!(refused(&shipment), BackupError::NotWhole));
    let why = check_changes(&mut whole().as_slice()).expect_err("refused");
    assert!(matches!(why, BackupError::NotChanges), "{why}");
}

#[test]
fn a_chain_goes_on_only_where_its_copy_and_its_shipments_left_it() {
    let link = Link { epoch: 5, upto: 2, commit: 100 };
    let stream = Stream { epoch: 5, shipped: 4, commit: 200 };
    assert!(link.goes_on(&stream, Some(4)) && link.goes_on(&stream, Some(5)) && link.goes_on(&stream, None));
    assert!(!link.goes_on(&stream, Some(6)), "shipments of a future that this file never saw");
    assert!(!link.goes_on(&Stream { epoch: 6, ..stream }, None));
    assert!(!link.goes_on(&Stream { shipped: 1, ..stream }, None));
    assert!(!link.goes_on(&Stream { commit: 99, ..stream }, None));
}

#[test]
fn a_shipment_that_begins_after_the_copy_ended_is_not_applied() {
    let place = Place { epoch: 1, commit: 7, ..Place::default() };
    let copy = made(&Header::now(What::Whole { place }, At(0)), &[], |_| {});
    for (after, applied) in [(0, 1), (7, 1), (8, 0)] {
        let changes = What::Changes { epoch: 1, number: 1, after, commit: 9, before: [0; 32] };
        let shipment = made(&Header::now(changes, At(0)), &[], |_| {});
        let dir = tempfile::tempdir().expect("a directory");
        let mut source = [shipment]
            .into_iter()
            .map(|bytes| -> io::Result<Box<dyn Read>> { Ok(Box::new(io::Cursor::new(bytes))) });
        let loaded = load(&dir.path().join("restored"), &mut copy.as_slice(), &mut source).expect("a copy");
        assert_eq!(loaded.applied, applied, "after {after}: {loaded:?}");
        assert_eq!(loaded.stopped.is_some(), applied == 0, "after {after}: {loaded:?}");
    }
}

#[test]
fn what_was_written_is_what_is_read() {
    let shop = Shop::busy();
    let mut bytes = Vec::new();
    let dumped = shop.store.dump(&mut bytes).expect("a whole copy");
    assert_eq!(dumped.bytes, bytes.len() as u64);
    assert_eq!(check(&mut bytes.as_slice()).expect("whole"), dumped);
    assert_eq!(hex::encode(dumped.head), shop.audit().head);
    let mut source = bytes.as_slice();
    let mut input = Input::begin(&mut source).expect("a header");
    let mut rows = 0;
    while let Next::Block(block) = input.next().expect("a block") {
        rows += input.entries(&block).expect("rows").len() as u64;
    }
    assert_eq!(rows, dumped.rows);
}

#[test]
fn a_file_that_is_there_is_left_alone() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("samovar.redb");
    std::fs::write(&path, "precious").expect("written");
    let why = load(&path, &mut whole().as_slice(), &mut std::iter::empty()).expect_err("refused");
    assert!(matches!(why, BackupError::File { .. }), "{why}");
    assert_eq!(std::fs::read(&path).expect("the file"), b"precious");
}

/// A disk that is full, a place that goes away: an error, and no more.
#[test]
fn a_copy_that_cannot_be_written_or_read_says_so() {
    struct Broken;
    impl io::Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let why = Shop::busy().store.dump(&mut Broken).expect_err("refused");
    assert!(why.to_string().contains("no storage space"), "{why}");
    let bytes = whole();
    let why = check(&mut bytes[..100].chain(Unplugged)).expect_err("refused");
    assert!(matches!(why, BackupError::Read(_)), "{why}");
}

struct Unplugged;

impl Read for Unplugged {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::ConnectionReset.into())
    }
}

#[test]
fn a_gap_that_does_not_fit_takes_half_of_the_numbers_that_are_left() {
    let shop = Shop::busy();
    shop.act(|tx| {
        // As after a backup that was made while the clock stood at 1970.
        let gap = 28_000_000_000;
        let (request, action) = (tx.new_request()?.0, tx.new_action()?.0);
        for _ in 0..3 {
            let left = u32::MAX - tx.new_request()?.0;
            tx.move_numbers_on(gap)?;
            let now_left = u32::MAX - tx.new_request()?.0;
            assert!(now_left.abs_diff(left / 2) <= 2, "{now_left} of {left}");
        }
        assert!(tx.new_request()?.0 > request + u32::MAX / 2);
        assert_eq!(tx.new_action()?.0, action + 3 * gap + 1, "of these there are enough");
        Ok(())
    });
}
