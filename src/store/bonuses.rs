//! Free uses that were given to customers, and who brought whom.

use super::codec::{Row, get, put};
use super::fault::Fault;
use super::tables::Tables;
use super::{Tx, View};
use crate::ids::{PaymentId, UserId};
use crate::time::At;
use serde::{Deserialize, Serialize};

/// The free uses a customer was given, and how many they brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BonusRow {
    /// Bonus uses that are left.
    pub uses: u32,
    /// How many came by their link.
    pub came: u32,
    /// How many of those have paid.
    pub paid: u32,
    /// The calendar month of their newest reward.
    pub month: u32,
    /// How many rewards they got in it, those that were taken back included.
    pub rewards: u32,
}

impl Row for BonusRow {
    const TABLE: &'static str = "bonuses";
    const IS_CUSTOMERS: bool = true;
}

/// Who brought a customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvitedRow {
    /// Who.
    pub inviter: UserId,
    /// When the customer came.
    pub at: At,
    /// What became of the reward.
    pub reward: Reward,
}

impl Row for InvitedRow {
    const TABLE: &'static str = "invited";
    const IS_CUSTOMERS: bool = true;
}

/// The reward for bringing one customer. It is decided once, by that customer's first payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reward {
    /// They have not paid yet.
    Waiting,
    /// It was given.
    Given {
        /// For this payment.
        payment: PaymentId,
        /// So many bonus uses.
        uses: u32,
    },
    /// There was none: the month's were used up, there are none at all, or the inviter is banned.
    Missed,
    /// The payment went back, and what was left of the reward with it.
    TakenBack {
        /// This payment.
        payment: PaymentId,
    },
}

fn bonus<T: Tables>(tables: &T, user: UserId) -> Result<BonusRow, Fault> {
    Ok(get(tables.bonuses()?, user.0)?.unwrap_or(BonusRow::default()))
}

fn invited<T: Tables>(tables: &T, user: UserId) -> Result<Option<InvitedRow>, Fault> {
    get(tables.invited()?, user.0)
}

impl View {
    /// What a customer was given; nothing for one of whom nothing is known.
    pub fn bonus(&self, user: UserId) -> Result<BonusRow, Fault> {
        bonus(&self.tables, user)
    }

    /// Who brought a customer; `None`: they came by themselves.
    pub fn invited(&self, user: UserId) -> Result<Option<InvitedRow>, Fault> {
        invited(&self.tables, user)
    }
}

impl Tx<'_> {
    /// What a customer was given; nothing for one of whom nothing is known.
    pub fn bonus(&self, user: UserId) -> Result<BonusRow, Fault> {
        bonus(&self.tables, user)
    }

    /// Writes it.
    pub fn put_bonus(&mut self, user: UserId, row: &BonusRow) -> Result<(), Fault> {
        put(self.tables.bonuses.write()?, user.0, row)
    }

    /// Who brought a customer; `None`: they came by themselves.
    pub fn invited(&self, user: UserId) -> Result<Option<InvitedRow>, Fault> {
        invited(&self.tables, user)
    }

    /// Writes it.
    pub fn put_invited(&mut self, user: UserId, row: &InvitedRow) -> Result<(), Fault> {
        put(self.tables.invited.write()?, user.0, row)
    }
}
