//! Accounts: the numbers they are stored under, what a wallet may spend, and the way back through the
//! ledger.

use super::super::accounts::{account_key, account_of_key};
use super::super::scenario::{ANN, BOB, Shop, roubles};
use crate::ids::{Seq, UserId};
use crate::ledger::Account;
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
fn a_history_walks_back_through_both_sides() {
    let shop = Shop::empty();
    shop.act(|tx| {
        for (id, user) in [("a", ANN), ("b", BOB), ("c", ANN)] {
            assert!(tx.credit_payment(Account::CashStars, id, user, roubles(1))?.is_ok());
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
