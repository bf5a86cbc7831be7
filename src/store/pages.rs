//! Whole tables, a page at a time, for whoever takes them away; and what an operator should hear of.

use super::View;
use super::accounts::LedgerRow;
use super::codec::{Row, decode};
use super::fault::Fault;
use super::jobs::{Job, JobRow};
use super::payments::PaymentRow;
use super::tables::Bytes;
use super::users::UserRow;
use crate::ids::{JobId, PaymentId, Seq, UserId};
use crate::payment::State;
use crate::time::At;
use redb::{Key, ReadableTable, ReadableTableMetadata, Value};
use std::borrow::Borrow;
use std::fmt::Debug;
use std::ops::Bound;

/// Payments that do not fit to what we know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unmatched {
    /// Credited although something about them was odd.
    pub odd: u64,
    /// Said to have gone back, and never come.
    pub gone_back: u64,
    /// Transfers by hand with a receipt that no operator has decided on.
    pub undecided: u64,
}

/// The rows that come after `after`, at most `limit`.
fn after<K, R>(table: &impl ReadableTable<K, Bytes>, after: K, limit: usize) -> Result<Vec<(K, R)>, Fault>
where
    K: Key + for<'a> Value<SelfType<'a> = K> + Borrow<K> + Debug + Copy + 'static,
    R: Row,
{
    let mut rows = Vec::new();
    let range = (Bound::Excluded(after), Bound::Unbounded);
    for entry in table.range::<K>(range)?.take(limit) {
        let (key, row) = entry?;
        rows.push((key.value(), decode(&key.value(), row.value())?));
    }
    Ok(rows)
}

impl View {
    /// Ledger rows in their order, after row `seq`, at most `limit`.
    pub fn ledger_after(&self, seq: Seq, limit: usize) -> Result<Vec<(Seq, LedgerRow)>, Fault> {
        let rows = after(self.tables.ledger.read()?, seq.0, limit)?;
        Ok(rows.into_iter().map(|(key, row)| (Seq(key), row)).collect())
    }

    /// Customers by their ids, after `user`, at most `limit`.
    pub fn users_after(&self, user: UserId, limit: usize) -> Result<Vec<(UserId, UserRow)>, Fault> {
        let rows = after(self.tables.users.read()?, user.0, limit)?;
        Ok(rows.into_iter().map(|(key, row)| (UserId(key), row)).collect())
    }

    /// Jobs in their order, after `job`, at most `limit`.
    pub fn jobs_after(&self, job: JobId, limit: usize) -> Result<Vec<Job>, Fault> {
        let rows: Vec<(u64, JobRow)> = after(self.tables.jobs.read()?, job.0, limit)?;
        Ok(rows.into_iter().map(|(key, row)| Job { id: JobId(key), row }).collect())
    }

    /// Payments that need a look: the odd ones that began at `since` or later, of the newest `look`
    /// there are; what was said to have gone back and never came; receipts that wait.
    pub fn unmatched(&self, since: At, look: usize) -> Result<Unmatched, Fault> {
        let mut found =
            Unmatched { gone_back: self.tables.payments_back_early.read()?.len()?, ..Unmatched::default() };
        for entry in self.tables.payments.read()?.iter()?.rev().take(look) {
            let (id, row) = entry?;
            let row: PaymentRow = decode(&id.value(), row.value())?;
            if row.steps.first().is_some_and(|step| step.at < since) {
                break;
            }
            found.odd += u64::from(row.odd.is_some());
        }
        for id in self.open_payments(At(i64::MAX), look)? {
            let claimed = |id: PaymentId| Ok::<_, Fault>(self.payment(id)?.map(|payment| payment.row.state));
            found.undecided += u64::from(matches!(claimed(id)?, Some(State::Claimed { .. })));
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::scenario::{ANN, Shop};

    #[test]
    fn pages_follow_each_other_until_there_are_no_more() {
        let shop = Shop::empty();
        shop.act(|tx| {
            for _ in 0..5 {
                let id = tx.new_action()?;
                let given = tx.adjust(id, "cli", ANN, crate::money::Kopecks::new(100), "a gift")?;
                assert!(given.is_ok(), "{given:?}");
            }
            Ok(())
        });
        let view = shop.store.view().expect("a view");
        let numbers = |after: u64| {
            let rows = view.ledger_after(Seq(after), 2).expect("readable");
            rows.iter().map(|(seq, _)| seq.0).collect::<Vec<_>>()
        };
        assert_eq!(
            [numbers(0), numbers(2), numbers(4), numbers(5)],
            [vec![1, 2], vec![3, 4], vec![5], vec![]]
        );
        assert_eq!(view.users_after(UserId(0), 9).expect("readable"), []);
        assert_eq!(view.unmatched(At(0), 9).expect("readable"), Unmatched::default());
    }
}
