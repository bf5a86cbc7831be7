//! Rows that cannot be read: what is forgotten from time to time passes them over.

use super::super::queues::{Fate, SeenRow};
use super::super::scenario::Shop;
use super::super::{Fault, Session, Tx};
use crate::ids::{InboxId, UpdateId, UserId};
use crate::time::At;
use redb::ReadableTable;

/// A version nobody knows.
const NONSENSE: &[u8] = &[9, 9, 9];

/// How many of these updates are still known, whatever their rows say.
fn known(tx: &Tx<'_>, updates: &[u64]) -> Result<usize, Fault> {
    let table = tx.tables.seen_updates.read()?;
    let mut known = 0;
    for update in updates {
        known += usize::from(table.get((9, *update))?.is_some());
    }
    Ok(known)
}

#[test]
fn updates_are_forgotten_around_one_that_cannot_be_read() {
    let shop = Shop::empty();
    let left = shop.act(|tx| {
        for update in 1..=3 {
            let seen = SeenRow { at: At(1), fate: Fate::Handled };
            super::super::codec::put(tx.tables.seen_updates.write()?, (9, update), &seen)?;
        }
        tx.tables.seen_updates.write()?.insert((9, 2), NONSENSE)?;
        assert_eq!(tx.forget_seen(At(2), 10)?, 2);
        Ok((known(tx, &[1, 3])?, known(tx, &[2])?))
    });
    assert_eq!(left, (0, 1), "the audit has to see it");
}

#[test]
fn an_update_that_cannot_be_read_is_put_aside_around_another_such_one() {
    let shop = Shop::busy();
    shop.act(|tx| {
        tx.tables.seen_updates.write()?.insert((8, 1), NONSENSE)?;
        tx.tables.inbox.write()?.insert(1, NONSENSE)?;
        tx.park_unreadable(InboxId(1), "a test")?;
        assert!(tx.inbox_row(InboxId(1))?.is_none());
        let fate = super::super::codec::get::<_, SeenRow>(tx.tables.seen_updates.read()?, (9, 1))?;
        assert_eq!(fate.map(|row| row.fate), Some(Fate::Parked));
        Ok(())
    });
}

/// The numbers of the updates that are aside.
fn parked(tx: &Tx<'_>) -> Result<Vec<u64>, Fault> {
    let mut numbers = Vec::new();
    for entry in tx.tables.parked.read()?.iter()? {
        numbers.push(entry?.0.value());
    }
    Ok(numbers)
}

#[test]
fn what_is_aside_and_cannot_be_read_goes_with_what_came_after_it() {
    let shop = Shop::empty();
    shop.act(|tx| {
        for _ in 0..4 {
            tx.keep_unreadable(Some(UpdateId(1)), b"{}", "a test")?;
        }
        let all = parked(tx)?;
        for nonsense in [all[1], all[3]] {
            tx.tables.parked.write()?.insert(nonsense, NONSENSE)?;
        }
        let now = tx.now().at;
        tx.forget_parked(now, 10)?;
        assert_eq!(parked(tx)?, all, "none is old");
        tx.forget_parked_of(UserId(1))?;
        assert_eq!(parked(tx)?, all, "none is known to be theirs");
        tx.forget_parked(At(now.0 + 1), 10)?;
        assert_eq!(parked(tx)?, all[3..], "how old the last is nobody knows");
        Ok(())
    });
}

#[test]
fn conversations_are_forgotten_around_one_whose_customer_cannot_be_read() {
    let shop = Shop::empty();
    let old = shop.act(|tx| {
        for user in 1..=3 {
            let found = "кот".to_owned();
            tx.put_session(UserId(user), &Session { found, ..Session::default() })?;
        }
        tx.tables.users.write()?.insert(2, NONSENSE)?;
        tx.sessions_to_forget(At(1), 10)
    });
    assert_eq!(old.iter().map(|(user, _)| user.0).collect::<Vec<_>>(), [1, 3]);
}
