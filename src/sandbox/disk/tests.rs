//! The disk itself: what a cut may leave, and what it may not.

use super::{Backend, Disk, Operation, Trouble};
use crate::store::StorageBackend;
use std::collections::BTreeSet;
use std::io::ErrorKind;

const SECTOR: usize = 512;
const FILE: u64 = 40_000;

/// A fixed row of lots.
fn lots(seed: u64) -> impl FnMut(u64) -> u64 {
    let mut dice = fastrand::Rng::with_seed(seed);
    move |below| dice.u64(..below)
}

fn byte(backend: &Backend, at: usize) -> u8 {
    let mut out = [0];
    backend.read(at.try_into().expect("small"), &mut out).expect("inside the file");
    out[0]
}

/// A synced file full of 1s.
fn ones() -> Disk {
    let disk = Disk::default();
    let backend = disk.backend();
    backend.set_len(FILE).expect("it grows");
    backend.write(0, &vec![1; 40_000]).expect("written");
    backend.sync_data().expect("synced");
    disk
}

#[test]
fn what_was_synced_is_there_after_any_cut() {
    for seed in 0..200 {
        let disk = ones();
        disk.cut(&mut lots(seed));
        let backend = disk.backend();
        assert_eq!(backend.len().expect("alive"), FILE);
        let mut all = vec![0; 40_000];
        backend.read(0, &mut all).expect("readable");
        assert!(all.iter().all(|byte| *byte == 1), "seed {seed}");
    }
}

#[test]
fn an_unsynced_write_is_there_or_not_or_torn_between_sectors() {
    let mut seen = BTreeSet::new();
    for seed in 0..2_000 {
        let disk = ones();
        // It begins and ends inside a sector, and goes over a border of chunks.
        disk.backend().write(16_000, &[2; 1_500]).expect("written");
        disk.cut(&mut lots(seed));
        let backend = disk.backend();
        assert!([byte(&backend, 15_999), byte(&backend, 17_500)] == [1, 1], "seed {seed}");
        let sectors: Vec<u8> = [16_000, 16_384, 16_896, 17_408].map(|at| byte(&backend, at)).to_vec();
        for at in 16_000..17_500 {
            let sector = (at / SECTOR).saturating_sub(31);
            assert_eq!(byte(&backend, at), sectors[sector], "seed {seed}, byte {at}");
        }
        seen.insert(sectors);
    }
    for fate in [[1, 1, 1, 1], [2, 2, 2, 2], [2, 1, 1, 1], [1, 1, 1, 2], [1, 2, 1, 2], [2, 2, 1, 1]] {
        assert!(seen.contains(fate.as_slice()), "{fate:?} is not among {seen:?}");
    }
}

#[test]
fn a_later_write_survives_without_an_earlier_one_but_never_below_it() {
    let mut seen = BTreeSet::new();
    for seed in 0..2_000 {
        let disk = ones();
        let backend = disk.backend();
        for (at, with) in [(0, 2), (512, 3), (1_024, 4), (0, 5)] {
            backend.write(at, &[with; SECTOR]).expect("written");
        }
        disk.cut(&mut lots(seed));
        let backend = disk.backend();
        seen.insert([0, 512, 1_024].map(|at| byte(&backend, at)));
    }
    for fate in [[1, 1, 4], [2, 3, 1], [5, 1, 1], [5, 3, 4], [1, 3, 1], [2, 1, 4]] {
        assert!(seen.contains(&fate), "{fate:?} is not among {seen:?}");
    }
}

#[test]
fn an_unsynced_length_is_there_with_zeros_or_not_and_takes_what_lies_behind_it() {
    let mut seen = BTreeSet::new();
    for seed in 0..2_000 {
        let disk = ones();
        let backend = disk.backend();
        backend.set_len(FILE + 1_024).expect("it grows");
        backend.write(FILE, &[2; 1_024]).expect("written");
        disk.cut(&mut lots(seed));
        let backend = disk.backend();
        let len = backend.len().expect("alive");
        let last = if len == FILE { None } else { Some(byte(&backend, 41_023)) };
        seen.insert((len, last));
    }
    assert_eq!(seen, BTreeSet::from([(FILE, None), (FILE + 1_024, Some(0)), (FILE + 1_024, Some(2))]));
}

#[test]
fn a_file_that_shrank_and_grew_has_zeros() {
    let disk = ones();
    let backend = disk.backend();
    backend.set_len(100).expect("it shrinks");
    backend.set_len(FILE).expect("it grows");
    assert_eq!([99, 100, 20_000].map(|at| byte(&backend, at)), [1, 0, 0]);
}

#[test]
fn a_process_from_before_the_cut_can_do_nothing_more() {
    let disk = ones();
    let old = disk.backend();
    disk.cut(&mut lots(1));
    let new = disk.backend();
    assert!(old.write(0, &[9]).is_err());
    assert!(old.set_len(1).is_err());
    assert!(old.sync_data().is_err());
    assert!(old.read(0, &mut [0]).is_err());
    assert!(old.len().is_err());
    assert_eq!((byte(&new, 0), new.len().expect("alive")), (1, FILE));
}

#[test]
fn a_fork_goes_its_own_way() {
    let disk = ones();
    disk.backend().write(0, &[2]).expect("written");
    let fork = disk.fork();
    fork.backend().write(1, &[3]).expect("written");
    assert_eq!((disk.unsynced(), fork.unsynced()), (1, 2));
    assert_eq!([0, 1].map(|at| byte(&disk.backend(), at)), [2, 1]);
    assert_eq!([0, 1].map(|at| byte(&fork.backend(), at)), [2, 3]);
}

#[test]
fn a_record_makes_the_same_file_again() {
    let disk = ones();
    let copy = disk.fork();
    disk.record();
    let backend = disk.backend();
    backend.write(5, &[7, 8]).expect("written");
    backend.sync_data().expect("synced");
    backend.set_len(6).expect("it shrinks");
    assert_eq!(disk.record_len(), 3);
    let record = disk.recorded();
    assert_eq!(record[1..], [Operation::Sync, Operation::SetLen(6)]);
    for operation in &record {
        copy.apply(operation).expect("as before");
    }
    assert_eq!((copy.file_bytes(), byte(&copy.backend(), 5), copy.unsynced()), (6, 7, 1));
    assert_eq!(disk.record_len(), 0);
}

#[test]
fn a_full_disk_still_takes_what_needs_no_room() {
    let disk = ones();
    let backend = disk.backend();
    backend.set_len(100_000).expect("it grows");
    disk.trouble(Trouble::Full);
    assert_eq!(backend.set_len(100_001).map_err(|error| error.kind()), Err(ErrorKind::StorageFull));
    assert_eq!(backend.write(60_000, &[1]).map_err(|error| error.kind()), Err(ErrorKind::StorageFull));
    backend.write(3, &[9]).expect("that place is taken already");
    disk.trouble(Trouble::FullForAll);
    assert_eq!(backend.write(3, &[8]).map_err(|error| error.kind()), Err(ErrorKind::StorageFull));
    disk.mend();
    backend.write(60_000, &[1]).expect("there is room again");
    assert_eq!(byte(&backend, 3), 9);
}

#[test]
fn a_read_only_disk_can_be_read_and_a_broken_one_not() {
    let disk = ones();
    let backend = disk.backend();
    disk.trouble(Trouble::ReadOnly);
    assert_eq!(backend.write(0, &[2]).map_err(|error| error.kind()), Err(ErrorKind::ReadOnlyFilesystem));
    assert_eq!(byte(&backend, 0), 1);
    disk.trouble(Trouble::Broken { after: 2 });
    assert!(backend.write(0, &[2]).is_ok() && backend.len().is_ok());
    assert!(backend.sync_data().is_err() && backend.read(0, &mut [0]).is_err() && backend.len().is_err());
    assert_eq!(disk.unsynced(), 1);
}
