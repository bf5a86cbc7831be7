//! Rows changed by hand, as no code of ours would: in the file of a service that is stopped, or under
//! one that runs.

use redb::{Database, ReadableTable, TableDefinition};
use samovar::store::{AccountRow, Engine};
use std::fs;
use std::path::{Path, PathBuf};

/// A wallet that changed lately is in the first of them.
const ACCOUNTS: [&str; 2] = ["accounts_lately", "accounts"];

/// Changes a wallet's row in a file that nobody has open; gives the bytes it had.
pub(crate) fn change_wallet(file: &Path, user: i64, change: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let database = Database::open(file).expect("the file");
    let write = database.begin_write().expect("a transaction");
    let changed = ACCOUNTS.into_iter().find_map(|name| {
        let accounts = TableDefinition::<i64, &[u8]>::new(name);
        let mut table = write.open_table(accounts).expect("the accounts");
        let before = table.get(user).expect("readable")?.value().to_vec();
        table.insert(user, change(&before).as_slice()).expect("written");
        Some(before)
    });
    write.commit().expect("committed");
    changed.expect("a wallet")
}

/// Changes the account in a wallet's row.
pub(crate) fn with_account(row: &[u8], change: impl Fn(&mut AccountRow)) -> Vec<u8> {
    let (version, rest) = row.split_first().expect("a version byte");
    let mut account: AccountRow = postcard::from_bytes(rest).expect("a wallet");
    change(&mut account);
    postcard::to_extend(&account, vec![*version]).expect("encoded")
}

/// Changes the file under a running service: between two commits a changed copy takes its place.
pub(crate) fn change_under(engine: &mut Engine, dir: &Path, change: impl FnOnce(&Path)) {
    let file = file(dir);
    let copy = file.with_extension("redb.changed");
    fs::copy(&file, &copy).expect("a copy");
    change(&copy);
    fs::rename(&copy, &file).expect("in its place");
    engine.reopen().expect("it opens");
}

/// The file of a data directory.
pub(crate) fn file(dir: &Path) -> PathBuf {
    dir.join("samovar.redb")
}
