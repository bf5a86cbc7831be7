//! Opening a file: nothing is lost by it, damage is told and never made worse, and no new ledger
//! appears where one was.

use super::super::open::builder;
use super::super::scenario::{ANN, Shop, clock, dump};
use super::super::tables::{Bytes, WriteTables};
use super::super::{AccountRow, Fault, Lock, OpenError, Store, Tx, View};
use super::{busy_file, drive};
use crate::ledger::Account;
use redb::{ReadableTableMetadata, TableDefinition};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

fn file(dir: &TempDir) -> PathBuf {
    dir.path().join("samovar.redb")
}

/// The other files in the data directory.
fn others(dir: &Path) -> Vec<String> {
    let names = fs::read_dir(dir).expect("a directory");
    let mut names: Vec<_> =
        names.map(|entry| entry.expect("an entry").file_name().into_string().expect("a name")).collect();
    names.retain(|name| name != "samovar.redb");
    names.sort();
    names
}

#[test]
fn a_closed_file_says_the_same_when_it_is_opened_again() {
    let dir = tempfile::tempdir().expect("a directory");
    let before = busy_file(dir.path());
    assert_eq!(others(dir.path()), [""; 0], "nothing is left beside it");
    let (store, _engine) = Store::open(dir.path(), clock()).expect("it opens");
    assert_eq!(dump(&store), before);
}

#[test]
fn half_made_copies_of_a_killed_process_go_and_nothing_else_does() {
    let dir = tempfile::tempdir().expect("a directory");
    let before = busy_file(dir.path());
    let theirs =
        ["samovar.redb.damaged-1", "samovar.redb.schema3-1", "samovar.redb.upgrading.bak", "x.mending"];
    for ending in ["importing", "upgrading", "mending", "copying"] {
        fs::write(dir.path().join(format!("samovar.redb.{ending}")), "half").expect("written");
    }
    for name in theirs {
        fs::write(dir.path().join(name), "whole").expect("written");
    }
    let (store, _engine) = Store::open(dir.path(), clock()).expect("it opens");
    assert_eq!(dump(&store), before);
    let mut theirs = theirs.to_vec();
    theirs.sort_unstable();
    assert_eq!(others(dir.path()), theirs);
}

#[test]
fn a_second_process_is_told_the_pid_of_the_first() {
    let dir = tempfile::tempdir().expect("a directory");
    let data = dir.path().join("data");
    let lock = Lock::take(&data).expect("nobody has it");
    match Lock::take(&data) {
        Err(OpenError::Taken(taken)) => {
            assert_eq!(taken.pid, std::process::id().to_string());
            assert!(taken.to_string().contains("another running samovar (pid "), "{taken}");
        }
        other => panic!("{other:?}"),
    }
    drop(lock);
    Lock::take(&data).expect("it is free again");
}

#[test]
fn a_file_left_by_a_kill_opens_without_a_repair() {
    let dir = tempfile::tempdir().expect("a directory");
    let (store, mut engine) = Store::open(dir.path(), clock()).expect("a new store");
    drive(&mut engine, store.write("fill", super::super::scenario::fill)).expect("allowed");
    let killed = tempfile::tempdir().expect("a directory");
    fs::copy(file(&dir), file(&killed)).expect("a copy of the open file");
    let (found, _engine) = Store::open(killed.path(), clock()).expect("it opens");
    assert_eq!(dump(&found), dump(&store));
    assert_eq!(others(killed.path()), [""; 0], "a repair would have copied it aside");
}

#[test]
fn a_file_that_needs_a_repair_gets_it_on_a_copy_and_keeps_what_was_found() {
    let dir = tempfile::tempdir().expect("a directory");
    let before = busy_file(dir.path());
    let killed = tempfile::tempdir().expect("a directory");
    {
        let database = builder().open(file(&dir)).expect("it opens");
        let txn = database.begin_write().expect("a transaction");
        // No quick repair: what an older version, or a mistake of ours, would leave.
        assert!(WriteTables::of(&txn).ledger.read().expect("the table").len().expect("a length") > 0);
        txn.commit().expect("committed");
        fs::copy(file(&dir), file(&killed)).expect("a copy of the open file");
    }
    let found = fs::read(file(&killed)).expect("bytes");
    let (store, _engine) = Store::open(killed.path(), clock()).expect("it is repaired");
    assert_eq!(dump(&store), before);
    let names = others(killed.path());
    assert!(names.len() == 1 && names[0].starts_with("samovar.redb.damaged-"), "{names:?}");
    assert_eq!(fs::read(killed.path().join(&names[0])).expect("the copy"), found);
}

/// Opens what `spoil` left of a busy file: told as damage, nothing changed, one copy made once.
#[track_caller]
fn is_damage(spoil: impl Fn(&mut Vec<u8>)) {
    let dir = tempfile::tempdir().expect("a directory");
    busy_file(dir.path());
    let mut bytes = fs::read(file(&dir)).expect("bytes");
    spoil(&mut bytes);
    fs::write(file(&dir), &bytes).expect("written");
    for _ in 0..2 {
        match Store::open(dir.path(), clock()) {
            Err(OpenError::Damaged { path, copy, .. }) => {
                assert_eq!(Path::new(&path), file(&dir));
                assert!(fs::read(copy).expect("the copy") == bytes, "the copy is what was found");
            }
            Err(other) => panic!("{other}"),
            Ok(_) => panic!("it opened"),
        }
        assert!(fs::read(file(&dir)).expect("the file") == bytes, "nothing was changed in it");
    }
    assert_eq!(others(dir.path()).len(), 1, "{:?}", others(dir.path()));
}

#[test]
fn a_damaged_file_is_told_as_damaged_and_left_alone() {
    is_damage(Vec::clear);
    is_damage(|bytes| *bytes = b"id;balance\n42;100\n".repeat(1_000));
    is_damage(|bytes| bytes.fill(0));
    is_damage(|bytes| bytes[4_096..].fill(0xA5));
    is_damage(|bytes| bytes[..4_096].fill(0xA5));
    is_damage(|bytes| bytes.truncate(10_000));
    is_damage(|bytes| bytes.truncate(100));
}

#[test]
fn a_database_that_is_no_ledger_is_damage_too() {
    let dir = tempfile::tempdir().expect("a directory");
    drop(builder().create(file(&dir)).expect("an empty database"));
    assert!(matches!(Store::open(dir.path(), clock()), Err(OpenError::Damaged { .. })));
}

#[test]
fn a_half_made_new_file_is_made_again() {
    let dir = tempfile::tempdir().expect("a directory");
    fs::write(dir.path().join("samovar.redb.new"), b"half").expect("written");
    drop(Store::open(dir.path(), clock()).expect("a new store"));
    assert_eq!(others(dir.path()), [""; 0]);
}

#[test]
fn a_file_of_a_newer_version_is_refused_unchanged() {
    let dir = tempfile::tempdir().expect("a directory");
    {
        let (store, mut engine) = Store::open(dir.path(), clock()).expect("a new store");
        drive(&mut engine, store.write("newer", |tx| tx.put_note("schema", &99u32))).expect("written");
    }
    let before = fs::read(file(&dir)).expect("bytes");
    for _ in 0..2 {
        match Store::open(dir.path(), clock()) {
            Err(OpenError::Newer { found: 99 }) => {}
            Err(other) => panic!("{other}"),
            Ok(_) => panic!("it opened"),
        }
    }
    assert!(fs::read(file(&dir)).expect("bytes") == before, "nothing was changed in it");
    assert_eq!(others(dir.path()), [""; 0]);
}

#[test]
fn a_file_of_a_newer_version_that_needs_a_repair_is_refused_too() {
    let dir = tempfile::tempdir().expect("a directory");
    busy_file(dir.path());
    {
        let (store, mut engine) = Store::open(dir.path(), clock()).expect("it opens");
        drive(&mut engine, store.write("newer", |tx| tx.put_note("schema", &99u32))).expect("written");
    }
    let killed = tempfile::tempdir().expect("a directory");
    {
        let database = builder().open(file(&dir)).expect("it opens");
        let txn = database.begin_write().expect("a transaction");
        assert!(WriteTables::of(&txn).ledger.read().expect("the table").len().expect("a length") > 0);
        txn.commit().expect("committed");
        fs::copy(file(&dir), file(&killed)).expect("a copy of the open file");
    }
    for _ in 0..2 {
        match Store::open(killed.path(), clock()) {
            Err(OpenError::Newer { found: 99 }) => {}
            Err(other) => panic!("{other}"),
            Ok(_) => panic!("it opened"),
        }
    }
}

#[test]
fn a_file_of_the_first_schema_gets_what_it_lacks() {
    let dir = tempfile::tempdir().expect("a directory");
    busy_file(dir.path());
    let (store, mut engine) = Store::open(dir.path(), clock()).expect("it opens");
    let (money, key) = money_and_key(&store);
    let first_schema = |tx: &mut Tx<'_>| {
        tx.settle_accounts()?;
        tx.put_note("schema", &1u32)
    };
    drive(&mut engine, store.write("first schema", first_schema)).expect("written");
    drop((store, engine));
    let database = builder().open(file(&dir)).expect("it opens");
    let txn = database.begin_write().expect("a transaction");
    assert!(txn.delete_table(TableDefinition::<i64, Bytes>::new("accounts_lately")).expect("deleted"));
    txn.commit().expect("committed");
    database.close().expect("closed");
    for _ in 0..2 {
        let (store, _engine) = Store::open(dir.path(), clock()).expect("it opens");
        assert_eq!(money_and_key(&store), (money, key));
        assert!(store.view().and_then(|view| view.audit()).expect("readable rows").ok);
    }
}

fn money_and_key(store: &Store) -> (AccountRow, Option<[u8; 32]>) {
    let view = store.view().expect("a snapshot");
    let key = view.note("server_key").expect("readable rows");
    (view.account(Account::User(ANN)).expect("a wallet"), key)
}

#[test]
fn a_file_that_vanished_is_not_replaced_by_an_empty_one() {
    let dir = tempfile::tempdir().expect("a directory");
    let (store, mut engine) = Store::open(dir.path(), clock()).expect("a new store");
    fs::remove_file(file(&dir)).expect("removed");
    assert!(matches!(engine.reopen(), Err(OpenError::Fault(Fault::Storage(_)))));
    assert!(!file(&dir).exists());
    assert_eq!(store.view().map(drop), Err(Fault::Closed));
}

#[test]
fn a_damaged_page_deep_inside_never_takes_the_service_down() {
    let dir = tempfile::tempdir().expect("a directory");
    busy_file(dir.path());
    let bytes = fs::read(file(&dir)).expect("bytes");
    let mut noticed = 0;
    for page in 1..bytes.len().min(64 * 4_096) / 4_096 {
        let mut spoiled = bytes.clone();
        spoiled[page * 4_096..(page + 1) * 4_096].fill(0xA5);
        fs::write(file(&dir), &spoiled).expect("written");
        let Ok((store, _engine)) = Store::open(dir.path(), clock()) else {
            noticed += 1;
            continue;
        };
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let audited = runtime.block_on(store.read(View::audit));
        noticed += usize::from(!audited.is_ok_and(|report| report.ok));
    }
    assert!(noticed > 0, "no page was one that matters");
}

#[test]
fn uptime_goes_on_where_it_was_noted() {
    let shop = Shop::empty();
    assert_eq!(shop.store.clock().now().up.0 / 60_000, 0);
    let dir = tempfile::tempdir().expect("a directory");
    {
        let (store, mut engine) = Store::open(dir.path(), clock()).expect("a new store");
        let up = crate::time::Up(7_200_000);
        drive(&mut engine, store.write("uptime", move |tx| tx.put_note("uptime", &up))).expect("noted");
    }
    let (store, _engine) = Store::open(dir.path(), clock()).expect("it opens");
    assert_eq!(store.clock().now().up.0 / 60_000, 120);
}
