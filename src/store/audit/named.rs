//! L3 from the owners' side: what operators did, wallets, and the rows of the bot before this one name ledger
//! rows that are there and their own. From the ledger's side see `owners`.

use super::super::Fault;
use super::super::accounts::{LedgerRow, account_of_key, each_account};
use super::super::codec::{decode, get};
use super::super::desk::each_action_made;
use super::super::legacy::LegacyRow;
use super::super::notes::Action;
use super::super::tables::ReadTables;
use super::Rule;
use super::owners::moves;
use crate::ids::{ActionId, Seq, UserId};
use crate::ledger::{Account, Ref, Transfer};
use redb::ReadableTable;

pub(super) fn check(tables: &ReadTables, rule: &mut Rule) -> Result<(), Fault> {
    actions(tables, rule)?;
    wallets(tables, rule)?;
    old_rows(tables, rule)
}

/// Looks at one name: the row must be there, and `own`.
fn named(
    tables: &ReadTables,
    rule: &mut Rule,
    seq: Seq,
    here: impl FnOnce() -> String,
    own: impl FnOnce(&Transfer) -> bool,
) -> Result<(), Fault> {
    let found = get::<_, LedgerRow>(tables.ledger.read()?, seq.0)?;
    rule.check(found.is_some_and(|row| own(&row.transfer)), || {
        (here(), format!("ledger row {seq}, which it names, is missing or not its own"))
    });
    Ok(())
}

fn actions(tables: &ReadTables, rule: &mut Rule) -> Result<(), Fault> {
    each_action_made(tables, |id, what, seq| {
        let own = |found: &Transfer| made_by(&what, id).is_some_and(|made| made == found.reference);
        named(tables, rule, seq, || format!("admin_actions {id}"), own)
    })
}

/// The ref of the ledger row that an action names. What moves a payment's money is named by the payment.
fn made_by(what: &Action, id: ActionId) -> Option<Ref> {
    match what {
        Action::Adjust { .. } => Some(Ref::Adjust(id)),
        Action::RefundJob { job } => Some(Ref::Refund(*job)),
        Action::Selling { .. }
        | Action::Ban { .. }
        | Action::Unban { .. }
        | Action::SendAgain { .. }
        | Action::Model { .. }
        | Action::Approve { .. }
        | Action::Reject { .. }
        | Action::RefundPayment { .. }
        | Action::PaidBack { .. }
        | Action::PromoNew { .. }
        | Action::PromoOff { .. } => None,
    }
}

/// The ledger row a wallet names for what happens once, and which ref that row may have.
type Once = (Option<Seq>, fn(Ref, UserId) -> bool);

fn wallets(tables: &ReadTables, rule: &mut Rule) -> Result<(), Fault> {
    each_account(tables, |key, row| {
        let account = account_of_key(key);
        // The last of what was brought along is an old row where nothing was to be corrected.
        let imported = |found, user| found == Ref::LegacyImport(user) || matches!(found, Ref::Legacy(_));
        let once: [Once; 3] = [
            (row.welcome, |found, user| found == Ref::Welcome(user)),
            (row.migrated, |found, user| found == Ref::LegacyMigration(user)),
            (row.imported, imported),
        ];
        for (seq, fits) in once {
            let Some(seq) = seq else { continue };
            let here = || account.map_or(format!("accounts {key}"), |account| format!("accounts {account}"));
            named(tables, rule, seq, here, |found| {
                let user = account.and_then(Account::user);
                user.is_some_and(|user| fits(found.reference, user) && moves(found, user))
            })?;
        }
        Ok(())
    })
}

fn old_rows(tables: &ReadTables, rule: &mut Rule) -> Result<(), Fault> {
    for entry in tables.legacy_rows.read()?.iter()? {
        let (key, bytes) = entry?;
        let key = key.value();
        let row: LegacyRow = decode(&key, bytes.value())?;
        let Some(seq) = row.seq else { continue };
        let (user, _, id) = key;
        let own = |found: &Transfer| {
            found.reference == Ref::Legacy(id) && moves(found, UserId(user)) && found.amount == row.amount
        };
        named(tables, rule, seq, || format!("legacy_rows {key:?}"), own)?;
    }
    Ok(())
}
