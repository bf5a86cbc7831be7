//! The same for what operators did, what happens once a customer, and what the bot before this one knew.

use super::super::super::accounts::AccountRow;
use super::super::super::legacy::{LegacyKind, LegacyRow};
use super::super::super::notes::{Action, ActionRow};
use super::super::super::scenario::{ANN, BOB, Shop, forge, roubles};
use super::super::super::{Fault, Tx};
use super::{breaks, change_account};
use crate::ids::{ActionId, JobId, Seq};
use crate::ledger::{Account, Kind, Transfer};
use crate::money::Kopecks;
use crate::time::At;
use redb::ReadableTable;

/// The scenario's correction of Ann's wallet, one rouble off.
const ACTION: ActionId = ActionId(1);

fn change_action(tx: &mut Tx<'_>, change: impl Fn(&mut ActionRow)) -> Result<(), Fault> {
    let mut row = tx.action(ACTION)?.expect("the scenario's");
    change(&mut row);
    tx.put_action(ACTION, &row)
}

fn row_of(tx: &Tx<'_>) -> Result<String, Fault> {
    let seq = tx.action(ACTION)?.and_then(|row| row.seq).expect("it moved money");
    Ok(format!("ledger {seq}"))
}

#[test]
fn l3_a_correction_of_another_wallet_of_another_amount_or_that_was_something_else() {
    let row = Shop::busy().act(|tx| row_of(tx));
    let others = [
        Action::Adjust { user: BOB, amount: roubles(-1) },
        Action::Adjust { user: ANN, amount: roubles(-2) },
        Action::Adjust { user: ANN, amount: roubles(1) },
    ];
    for what in others {
        breaks("L3", &row, &[], move |tx| change_action(tx, |row| row.what = what.clone()));
    }
    // A ban moves no money, and names none.
    for rule_row in [row.as_str(), "admin_actions 1"] {
        breaks("L3", rule_row, &[], |tx| change_action(tx, |row| row.what = Action::Ban { user: ANN }));
    }
}

/// The operator gave the money of this job back, and names job 3's refund.
fn gave_back(tx: &mut Tx<'_>, job: JobId) -> Result<(), Fault> {
    let (what, seq) = (Action::RefundJob { job }, tx.job(JobId(3))?.expect("refunded").row.money.refund);
    let row = tx.action(ACTION)?.expect("the scenario's");
    tx.put_action(ActionId(2), &ActionRow { what, seq, ..row })
}

#[test]
fn l3_an_action_that_names_a_row_that_is_missing_or_another_ones() {
    for seq in [99, 1] {
        breaks("L3", "admin_actions 1", &[], move |tx| change_action(tx, |row| row.seq = Some(Seq(seq))));
    }
    let shop = Shop::busy().after(|tx| gave_back(tx, JobId(3)));
    assert!(shop.audit().ok, "{:#?}", shop.audit());
    breaks("L3", "admin_actions 2", &[], |tx| gave_back(tx, JobId(1)));
}

#[test]
fn l3_a_gift_that_went_to_another_wallet_than_its_ref_says() {
    breaks("L3", "ledger 20", &[], |tx| {
        let gift = Transfer { credit: Account::User(BOB), ..Transfer::welcome(ANN, roubles(5), tx.now().at) };
        let seq = forge(tx, &gift, Kopecks::ZERO)?;
        change_account(tx, Account::User(ANN), |row| row.welcome = Some(seq))
    });
    breaks("L3", "ledger 20", &[], |tx| {
        let import = Transfer::legacy_import(ANN, roubles(5), tx.now().at);
        let seq = forge(tx, &Transfer { credit: Account::User(BOB), ..import }, Kopecks::ZERO)?;
        change_account(tx, Account::User(ANN), |row| row.imported = Some(seq))
    });
    breaks("L3", "ledger 21", &[], |tx| {
        forge(tx, &Transfer::legacy_import(BOB, roubles(50), tx.now().at), Kopecks::ZERO)?;
        let taken = Transfer::legacy_migration(ANN, roubles(1), tx.now().at);
        let seq = forge(tx, &Transfer { debit: Account::User(BOB), ..taken }, Kopecks::ZERO)?;
        change_account(tx, Account::User(BOB), |row| row.imported = Some(Seq(20)))?;
        change_account(tx, Account::User(ANN), |row| row.migrated = Some(seq))
    });
}

#[test]
fn l3_a_wallet_that_names_a_row_that_is_missing_or_another_ones() {
    type Change = fn(&mut AccountRow, Option<Seq>);
    let fields: [Change; 3] =
        [|row, seq| row.welcome = seq, |row, seq| row.migrated = seq, |row, seq| row.imported = seq];
    for change in fields {
        // Row 1 is Ann's welcome.
        for seq in [99, 1] {
            breaks("L3", "accounts user:2", &[], move |tx| {
                change_account(tx, Account::User(BOB), |row| change(row, Some(Seq(seq))))
            });
        }
    }
    breaks("L3", "accounts revenue", &[], |tx| {
        change_account(tx, Account::Revenue, |row| row.welcome = Some(Seq(1)))
    });
}

/// Ann's old row 7 of ten roubles came along, as ledger row 20.
fn brought(tx: &mut Tx<'_>) -> Result<LegacyRow, Fault> {
    let wallet = Account::User(ANN);
    let transfer = Transfer::legacy(7, Kind::Topup, Account::CashManual, wallet, roubles(10), At(1));
    let seq = tx.transfer_legacy(&transfer)?.map_err(|refusal| Fault::Bug(refusal.to_string()))?;
    tx.note_imported(ANN, seq)?;
    let (kind, reference) = (LegacyKind::Topup, String::new());
    let row = LegacyRow { kind, amount: roubles(10), at: At(1), reference, seq: Some(seq) };
    assert!(tx.add_legacy(ANN, 7, &row)?);
    Ok(row)
}

#[test]
fn l3_an_old_row_that_names_a_row_that_is_missing_or_another_ones() {
    let shop = Shop::busy().after(brought);
    assert!(shop.audit().ok, "{:#?}", shop.audit());
    for seq in [99, 1] {
        breaks("L3", "legacy_rows (1, 0, 8)", &[], move |tx| {
            let row = brought(tx)?;
            tx.add_legacy(ANN, 8, &LegacyRow { seq: Some(Seq(seq)), ..row }).map(drop)
        });
    }
    // The same ledger row, twice: once in Bob's name, once under another number.
    for (user, id) in [(BOB, 7), (ANN, 8)] {
        breaks("L3", &format!("legacy_rows ({}, 0, {id})", user.0), &[], move |tx| {
            let row = brought(tx)?;
            assert!(tx.tables.legacy_rows.read()?.get((user.0, 0, id))?.is_none());
            tx.add_legacy(user, id, &row).map(drop)
        });
    }
}
