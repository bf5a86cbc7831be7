//! Accounts: the numbers they are stored under, what a wallet may spend, and the way back through the
//! ledger.

use super::super::AccountsReport;
use super::super::accounts::{account_key, account_of_key};
use super::super::hot::LATELY;
use super::super::scenario::{ANN, BOB, Shop, roubles};
use crate::ids::{Seq, UserId};
use crate::ledger::Account;
use crate::payment::Way;
use redb::ReadableTableMetadata;
use std::collections::BTreeSet;

#[test]
fn every_account_has_a_number_of_its_own_and_the_operators_are_below_zero() {
    let keys: BTreeSet<i64> = Account::OPERATOR.into_iter().map(account_key).collect();
    assert_eq!(keys.len(), Account::OPERATOR.len());
    assert!(keys.iter().all(|key| *key < 0), "{keys:?}");
    for account in Account::OPERATOR.into_iter().chain([Account::User(ANN), Account::User(UserId(i64::MAX))])
    {
        assert_eq!(account_of_key(account_key(account)), Some(account));
    }
    assert_eq!([0, -9, i64::MIN].map(account_of_key), [None; 3]);
}

#[test]
fn what_is_held_may_not_be_spent() {
    let shop = Shop::busy();
    // 100 + 5 − 1, of which 45 were charged and two open orders hold 10 each.
    let available = shop.act(|tx| Ok([tx.available(ANN)?, tx.available(BOB)?, tx.available(UserId(9))?]));
    assert_eq!(available, [roubles(39), roubles(-20), roubles(0)]);
    assert!(shop.audit().ok);
}

#[test]
fn more_accounts_than_are_kept_apart_change_and_none_is_lost() {
    let shop = Shop::empty();
    let users = i64::try_from(2 * LATELY + 2 * LATELY / 3).expect("few");
    // Batches of few, and one of more than are kept apart.
    for (round, batch) in [(1, 100), (2, 100), (3, users), (4, 100)] {
        // One of them comes back in every batch.
        for first in (1..=users).step_by(usize::try_from(batch).expect("few")) {
            shop.act(move |tx| {
                for user in (first..=users.min(first + batch - 1)).chain([1]) {
                    let id = format!("{round}/{first}/{user}");
                    let paid = tx.credit_payment(Way::Stars, &id, UserId(user), roubles(user))?;
                    assert!(paid.is_ok(), "{paid:?}");
                }
                Ok(())
            });
            let apart = shop.act(|tx| Ok(tx.tables.accounts_lately.read()?.len()?));
            assert!(apart <= LATELY, "{apart} are kept apart");
        }
        let view = shop.store.view().expect("a snapshot");
        for user in 2..=users {
            let counters = view.account(Account::User(UserId(user))).expect("a wallet").counters;
            assert_eq!(counters.credits_posted, roubles(user * round), "customer {user}");
        }
    }
    assert!(shop.act(|tx| Ok(tx.tables.accounts.read()?.len()?)) >= LATELY, "the others are where all are");
    assert!(shop.audit().ok);
    assert_eq!(shop.store.view().expect("a snapshot").audit_accounts(), Ok(AccountsReport::default()));
}

#[test]
fn a_history_walks_back_through_both_sides() {
    let shop = Shop::empty();
    shop.act(|tx| {
        for (id, user) in [("a", ANN), ("b", BOB), ("c", ANN)] {
            assert!(tx.credit_payment(Way::Stars, id, user, roubles(1))?.is_ok());
        }
        Ok(())
    });
    for (of, from, limit, rows) in [
        (Account::User(ANN), None, 9, [3, 1].as_slice()),
        (Account::CashStars, None, 9, &[3, 2, 1]),
        (Account::CashStars, None, 2, &[3, 2]),
        (Account::CashStars, Some(Seq(2)), 9, &[2, 1]),
        (Account::User(UserId(9)), None, 9, &[]),
    ] {
        let seen = shop.store.view().and_then(|view| view.history(of, from, limit)).expect("readable rows");
        let inside = shop.act(move |tx| tx.history(of, from, limit));
        assert_eq!(seen, inside);
        assert_eq!(seen.iter().map(|(seq, _)| seq.0).collect::<Vec<_>>(), rows, "{of} from {from:?}");
    }
    assert!(shop.audit().ok);
}
