//! The same for promo codes.

use super::super::super::promos::{Gift, PromoRow};
use super::super::super::scenario::{ANN, BOB, Shop, forge, roubles};
use super::super::super::{Fault, Tx};
use super::breaks;
use crate::ids::{PromoId, UserId};
use crate::ledger::Transfer;
use crate::money::Kopecks;

/// Two codes: Ann has used both, Bob the one that gives free uses.
fn promos(tx: &mut Tx<'_>) -> Result<(), Fault> {
    for (code, gift) in [("money", Gift::Money(roubles(10))), ("free", Gift::FreeUses(3))] {
        let number = tx.new_promo()?;
        let at = tx.now().at;
        let row = PromoRow { number, gift, limit: 2, used: 0, until: None, off: false, by: BOB, at };
        tx.put_promo(code, &row)?;
        tx.use_promo(code, ANN)?;
    }
    tx.use_promo("free", BOB).map(drop)
}

#[test]
fn promo_codes_that_were_used_as_they_may_be_pass() {
    let shop = Shop::busy();
    shop.act(promos);
    assert!(shop.audit().ok, "{:#?}", shop.audit());
    assert!(shop.store.write_blocking("again", |tx| tx.use_promo("money", ANN)).is_err());
    assert!(shop.store.write_blocking("used up", |tx| tx.use_promo("free", UserId(3))).is_err());
}

fn change_promo(tx: &mut Tx<'_>, code: &str, change: impl Fn(&mut PromoRow)) -> Result<(), Fault> {
    promos(tx)?;
    let mut row = tx.promo(code)?.expect("a code");
    change(&mut row);
    tx.put_promo(code, &row)
}

#[test]
fn l3_a_promo_code_that_gave_more_than_it_may_or_other_than_it_says() {
    breaks("L3", "promos 1", &[], |tx| change_promo(tx, "money", |row| row.used = 2));
    breaks("L3", "promos 2", &[], |tx| change_promo(tx, "free", |row| row.limit = 1));
    breaks("L3", "promos money", &[], |tx| change_promo(tx, "free", |row| row.number = PromoId(1)));
    breaks("L3", "promo_uses 1 1", &[], |tx| {
        change_promo(tx, "money", |row| row.gift = Gift::Money(roubles(11)))
    });
    breaks("L3", "promo_uses 2 2", &[], |tx| {
        change_promo(tx, "free", |row| row.gift = Gift::Money(roubles(1)))
    });
    breaks("L3", "promo_uses 9 1", &[], |tx| {
        promos(tx)?;
        tx.tables.promo_uses.write()?.insert((9, ANN.0), 0)?;
        Ok(())
    });
    breaks("L3", "ledger 20", &[], |tx| {
        promos(tx)?;
        tx.tables.promo_uses.write()?.remove((1, ANN.0))?;
        change_again(tx)
    });
    breaks("L3", "ledger 21", &[], |tx| {
        promos(tx)?;
        let twin = Transfer::promo(PromoId(1), ANN, roubles(10), tx.now().at);
        forge(tx, &twin, Kopecks::ZERO).map(drop)
    });
}

/// The code says as few uses as its uses do.
fn change_again(tx: &mut Tx<'_>) -> Result<(), Fault> {
    let mut row = tx.promo("money")?.expect("a code");
    row.used = 0;
    tx.put_promo("money", &row)
}
