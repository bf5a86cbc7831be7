//! A file of an older schema becomes one of this, whole and audited, or stays as it was.

use super::super::accounts::AccountRow;
use super::super::legacy::{LegacyKind, LegacyRow, NotTaken, Window};
use super::super::migrate::upgrade_by;
use super::super::open::{SCHEMA, builder, write_schema};
use super::super::scenario::{ANN, BOB, clock, dump, roubles};
use super::super::tables::Bytes;
use super::super::{OpenError, Store, Tx};
use super::{busy_file, drive};
use crate::ids::UserId;
use crate::ledger::{Account, Kind, Transfer};
use crate::money::Kopecks;
use crate::payment::Way;
use crate::time::At;
use redb::TableDefinition;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

fn file(dir: &TempDir) -> PathBuf {
    dir.path().join("samovar.redb")
}

/// What lies in the directory.
fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).expect("a directory");
    let mut names: Vec<_> =
        entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("a name")).collect();
    names.sort();
    names
}

/// A busy shop's file as the first schema would have it, after `and`.
fn old_file(dir: &Path, and: impl Fn(&mut Tx<'_>) + Send + 'static) {
    busy_file(dir);
    let (store, mut engine) = Store::open(dir, clock()).expect("it opens");
    let before = move |tx: &mut Tx<'_>| {
        and(tx);
        Ok(())
    };
    drive(&mut engine, store.write("before", before)).expect("written");
    let first_schema = |tx: &mut Tx<'_>| {
        tx.settle_accounts()?;
        tx.put_note("schema", &1u32)
    };
    drive(&mut engine, store.write("first schema", first_schema)).expect("written");
    drop((store, engine));
    let database = builder().open(dir.join("samovar.redb")).expect("it opens");
    let mut txn = database.begin_write().expect("a transaction");
    txn.set_quick_repair(true);
    assert!(txn.delete_table(TableDefinition::<i64, Bytes>::new("accounts_lately")).expect("deleted"));
    assert!(txn.delete_table(TableDefinition::<(i64, u8, u64), Bytes>::new("legacy_rows")).expect("deleted"));
    txn.commit().expect("committed");
    database.close().expect("closed");
}

#[test]
fn the_file_as_it_was_stays_beside_the_upgraded_one() {
    let dir = tempfile::tempdir().expect("a directory");
    old_file(dir.path(), |_| ());
    let before = fs::read(file(&dir)).expect("bytes");
    let aside = "samovar.redb.schema1-20261123T105500Z";
    fs::write(dir.path().join("samovar.redb.upgrading"), b"left by a kill").expect("written");
    fs::hard_link(file(&dir), dir.path().join(aside)).expect("left by a kill in this very second");
    // The clock is stopped: however long the upgrade takes, it is that second.
    let stopped = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let stopped = stopped.expect("a runtime");
    let _time = stopped.enter();
    for _ in 0..2 {
        let (store, _engine) = Store::open(dir.path(), clock()).expect("it opens");
        let view = store.view().expect("a view");
        assert_eq!(view.note("schema"), Ok(Some(SCHEMA)));
        assert!(view.audit().expect("readable").ok);
        assert_eq!(names(dir.path()), ["samovar.redb", aside]);
        assert!(fs::read(dir.path().join(aside)).expect("bytes") == before, "not a byte of it changed");
    }
}

#[test]
fn an_older_file_that_was_left_by_a_kill_is_upgraded_too() {
    let (dir, killed) = (TempDir::new().expect("a directory"), TempDir::new().expect("a directory"));
    old_file(dir.path(), |_| ());
    {
        let database = builder().open(file(&dir)).expect("it opens");
        let mut txn = database.begin_write().expect("a transaction");
        txn.set_quick_repair(true);
        txn.open_table(TableDefinition::<u64, Bytes>::new("ledger")).expect("a table");
        txn.commit().expect("committed");
        fs::copy(file(&dir), file(&killed)).expect("a copy of the open file");
    }
    let (store, _engine) = Store::open(killed.path(), clock()).expect("it opens");
    assert_eq!(store.view().expect("a view").note("schema"), Ok(Some(SCHEMA)));
    assert_eq!(names(killed.path()).len(), 2, "{:?}", names(killed.path()));
}

/// One kopeck more than its rows say.
fn break_l3(tx: &mut Tx<'_>) {
    let change = |row: &mut AccountRow, by: i64| {
        let posted = row.counters.credits_posted.checked_add(Kopecks::new(by)).expect("it fits");
        row.counters.credits_posted = posted;
    };
    for (user, by) in [(ANN, 1), (BOB, -1)] {
        let mut row = tx.account(Account::User(user)).expect("a row");
        change(&mut row, by);
        tx.put_account(Account::User(user), row);
    }
}

#[test]
fn an_upgrade_that_would_break_a_rule_is_refused_and_changes_nothing() {
    let dir = tempfile::tempdir().expect("a directory");
    old_file(dir.path(), |_| ());
    let before = fs::read(file(&dir)).expect("bytes");
    let refused = upgrade_by(&file(&dir), 1, &clock(), |copy| {
        write_schema(copy.database(), &clock())?;
        copy.write(|tx| {
            break_l3(tx);
            Ok(())
        })
    });
    let Err(OpenError::NotUpgraded { from: 1, broken, .. }) = refused else { panic!("{refused:?}") };
    assert!(broken.starts_with("L3 (accounts user:1: its counters are"), "{broken}");
    assert!(fs::read(file(&dir)).expect("bytes") == before, "not a byte of it changed");
    assert_eq!(names(dir.path()), ["samovar.redb"]);
    let refused = upgrade_by(&file(&dir), 1, &clock(), |_| panic!("no pages"));
    assert!(refused.is_err_and(|error| error.to_string().contains("no pages")));
    assert_eq!(names(dir.path()), ["samovar.redb"]);
}

#[test]
fn what_was_broken_before_is_no_reason_to_refuse() {
    let dir = tempfile::tempdir().expect("a directory");
    old_file(dir.path(), break_l3);
    let (store, _engine) = Store::open(dir.path(), clock()).expect("it opens");
    let report = store.view().and_then(|view| view.audit()).expect("readable");
    let broken: Vec<_> = report.rules.iter().filter(|rule| !rule.ok).map(|rule| rule.id).collect();
    assert_eq!(broken, ["L3"]);
    assert_eq!(names(dir.path()).len(), 2);
}

#[test]
fn a_copy_that_is_dropped_leaves_the_file_as_it_was() {
    let dir = tempfile::tempdir().expect("a directory");
    let before = busy_file(dir.path());
    let mut copy = Store::copy(dir.path(), &clock()).expect("a copy");
    copy.write(|tx| tx.put_note("one", &1)).expect("written");
    drop(copy);
    let mut copy = Store::copy(dir.path(), &clock()).expect("a copy");
    copy.write(|tx| {
        break_l3(tx);
        Ok(())
    })
    .expect("written");
    let refused = copy.keep().expect_err("a rule is broken").to_string();
    assert!(refused.starts_with("it would break L3 ("), "{refused}");
    assert_eq!(names(dir.path()), ["samovar.redb"]);
    let (store, _engine) = Store::open(dir.path(), clock()).expect("it opens");
    assert_eq!(dump(&store), before);
}

#[test]
fn a_movement_of_the_bot_before_that_its_own_row_does_not_know_is_found() {
    let dir = tempfile::tempdir().expect("a directory");
    busy_file(dir.path());
    let old = |id| {
        let (debit, credit) = (Account::CashManual, Account::User(ANN));
        Transfer::legacy(id, Kind::Topup, debit, credit, roubles(7), At(0))
    };
    let broken = |copy: &super::super::WorkingCopy| {
        let report = copy.view().and_then(|view| view.audit()).expect("readable");
        let broken = report.rules.into_iter().flat_map(|rule| rule.broken);
        broken.map(|one| format!("{}: {}", one.row, one.what)).collect::<Vec<_>>()
    };
    let mut copy = Store::copy(dir.path(), &clock()).expect("a copy");
    let seq = copy.write(|tx| {
        let seq = tx.transfer_legacy(&old(1))?.expect("allowed");
        let (kind, amount, reference) = (LegacyKind::Topup, roubles(7), "x".to_owned());
        tx.add_legacy(ANN, 1, &LegacyRow { kind, amount, at: At(0), reference, seq: Some(seq) })?;
        tx.note_imported(ANN, seq)?;
        Ok(seq)
    });
    let seq = seq.expect("written").0;
    assert_eq!(broken(&copy), [""; 0]);
    let second = copy.write(|tx| Ok(tx.transfer_legacy(&old(1))?.is_ok()));
    assert_eq!(second, Ok(true));
    let next = seq + 1;
    assert_eq!(broken(&copy), [format!("ledger {next}: row 1 of the bot before does not know this topup")]);
    let import = Transfer::legacy_import(ANN, roubles(1), At(0));
    let migration = Transfer::legacy_migration(ANN, roubles(1), At(0));
    copy.write(|tx| {
        assert!(tx.transfer_legacy(&import)?.is_ok() && tx.transfer_legacy(&migration)?.is_ok());
        Ok(())
    })
    .expect("written");
    let found = broken(&copy);
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(found[1].ends_with("the wallet of 1 does not know this import: a second one"), "{found:?}");
    assert!(found[2].ends_with("the wallet of 1 does not know this migration: a second one"), "{found:?}");
}

#[test]
fn a_bonus_is_taken_only_from_who_still_has_nothing_else() {
    let dir = tempfile::tempdir().expect("a directory");
    busy_file(dir.path());
    let mut copy = Store::copy(dir.path(), &clock()).expect("a copy");
    let cat = UserId(3);
    let window = Window { least: roubles(190), most: roubles(210), keep: roubles(50) };
    let take =
        |copy: &mut super::super::WorkingCopy, user| copy.write(|tx| tx.take_welcome_back(user, window));
    let changed = |available, held| Ok(Err(NotTaken::Changed { available, held }));
    assert_eq!(take(&mut copy, cat), changed(Kopecks::ZERO, Kopecks::ZERO), "she was never there");
    let brought = copy.write(|tx| {
        let (debit, credit) = (Account::Bonus, Account::User(cat));
        let old = Transfer::legacy(5, Kind::Topup, debit, credit, roubles(200), At(0));
        let seq = tx.transfer_legacy(&old)?.expect("allowed");
        let (kind, amount, reference) = (LegacyKind::Topup, roubles(200), "welcome_3".to_owned());
        tx.add_legacy(cat, 5, &LegacyRow { kind, amount, at: At(0), reference, seq: Some(seq) })?;
        tx.note_imported(cat, seq)?;
        tx.credit_payment(Way::Stars, "charge-3", cat, roubles(20)).map(|paid| paid.is_ok())
    });
    assert_eq!(brought, Ok(true));
    assert_eq!(take(&mut copy, cat), changed(roubles(220), Kopecks::ZERO));
    assert_eq!(take(&mut copy, ANN).map(|taken| taken.is_ok()), Ok(false));
    let found = copy.view().and_then(|view| view.welcome_candidates(window));
    assert_eq!(found, Ok(Vec::new()), "she paid");
    assert_eq!(copy.view().and_then(|view| view.audit()).map(|report| report.ok), Ok(true));
}
