//! Promo codes: what they give, and who used them.

use super::accounts::unexpected_refusal;
use super::codec::{Row, decode, get, put};
use super::fault::Fault;
use super::{Tx, View};
use crate::ids::{PromoId, UserId};
use crate::ledger::Transfer;
use crate::money::Kopecks;
use crate::time::At;
use redb::ReadableTable;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;

/// What a promo code gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Gift {
    /// Money into the wallet.
    Money(Kopecks),
    /// So many bonus uses.
    FreeUses(u32),
}

/// A promo code. Never deleted: its uses are counted for ever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PromoRow {
    /// Its number.
    pub number: PromoId,
    /// What it gives.
    pub gift: Gift,
    /// How often in all.
    pub limit: u32,
    /// How often it did.
    pub used: u32,
    /// The last moment it is good; `None`: for ever.
    pub until: Option<At>,
    /// An operator ended it.
    pub off: bool,
    /// The operator who made it.
    pub by: UserId,
    /// When.
    pub at: At,
}

impl Row for PromoRow {
    const TABLE: &'static str = "promos";
}

impl View {
    /// A promo code, as it is stored.
    pub fn promo(&self, code: &str) -> Result<Option<PromoRow>, Fault> {
        get(self.tables.promos.read()?, code)
    }
}

impl Tx<'_> {
    /// A promo code, as it is stored.
    pub fn promo(&self, code: &str) -> Result<Option<PromoRow>, Fault> {
        get(self.tables.promos.read()?, code)
    }

    /// All promo codes, newest first.
    pub fn promos(&self) -> Result<Vec<(String, PromoRow)>, Fault> {
        let mut all: Vec<(String, PromoRow)> = Vec::new();
        for entry in self.tables.promos.read()?.iter()? {
            let (code, row) = entry?;
            all.push((code.value().to_owned(), decode(&code.value(), row.value())?));
        }
        all.sort_by_key(|(_, row)| Reverse(row.number));
        Ok(all)
    }

    /// The number of the next promo code.
    pub fn new_promo(&mut self) -> Result<PromoId, Fault> {
        Ok(PromoId(self.next_number("promos")?))
    }

    /// Writes a promo code.
    pub fn put_promo(&mut self, code: &str, row: &PromoRow) -> Result<(), Fault> {
        put(self.tables.promos.write()?, code, row)
    }

    /// Whether a customer used a promo code.
    pub fn has_used(&self, promo: PromoId, user: UserId) -> Result<bool, Fault> {
        Ok(self.tables.promo_uses.read()?.get((promo.0, user.0))?.is_some())
    }

    /// Uses a promo code up by one and gives the customer what it gives. That there is a use left, and that
    /// it is the customer's first, was checked in this transaction.
    pub fn use_promo(&mut self, code: &str, user: UserId) -> Result<Gift, Fault> {
        let row = self.promo(code)?;
        let mut row = row.ok_or_else(|| Fault::Bug(format!("there is no promo code {code}")))?;
        if row.used >= row.limit || self.has_used(row.number, user)? {
            return Err(Fault::Bug(format!(
                "promo code {} has no use left for {}",
                row.number,
                user.masked()
            )));
        }
        let made = match row.gift {
            Gift::Money(amount) => {
                let transfer = Transfer::promo(row.number, user, amount, self.now.at);
                self.transfer_once(None, &transfer)?.map_err(unexpected_refusal)?.seq().0
            }
            Gift::FreeUses(count) => {
                let mut bonus = self.bonus(user)?;
                bonus.uses = bonus.uses.saturating_add(count);
                self.put_bonus(user, &bonus)?;
                0
            }
        };
        self.tables.promo_uses.write()?.insert((row.number.0, user.0), made)?;
        row.used += 1;
        self.put_promo(code, &row)?;
        Ok(row.gift)
    }
}
