//! Payments from outside: what was asked for, what came, and what went back.

use super::codec::{Row, get, put};
use super::fault::Fault;
use super::tables::Tables;
use super::{Tx, View};
use crate::ids::{PaymentId, Seq, UserId};
use crate::money::Kopecks;
use crate::payment::{State, Way};
use crate::time::At;
use redb::ReadableTable;
use serde::{Deserialize, Serialize};

/// A payment with its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// Its number.
    pub id: PaymentId,
    /// The rest.
    pub row: PaymentRow,
}

/// A payment from outside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentRow {
    /// How the money comes.
    pub way: Way,
    /// The source's own id of it, once it is known.
    pub charge: Option<String>,
    /// Whose it is.
    pub user: UserId,
    /// How much comes into the wallet.
    pub amount: Kopecks,
    /// How many Stars were asked for or paid; zero for other ways.
    pub stars: u32,
    /// Where it stands.
    pub state: State,
    /// What happened to it, oldest first.
    pub steps: Vec<Step>,
    /// Its rows in the ledger.
    pub money: PaymentMoney,
    /// What is unusual about it, for the operator.
    pub odd: Option<Odd>,
    /// The customer's receipt of a transfer by hand.
    pub receipt: Option<Receipt>,
    /// The customer's payment before this one.
    pub prev: Option<PaymentId>,
}

impl Row for PaymentRow {
    const TABLE: &'static str = "payments";
    const VERSION: u8 = 2;
}

/// One thing that happened to a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// When.
    pub at: At,
    /// What.
    pub what: Stepped,
    /// The operator who did it.
    pub by: Option<UserId>,
}

/// What happened to a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stepped {
    /// The invoice, or the bank details, were shown.
    Asked,
    /// The customer sent a receipt.
    Claimed,
    /// An operator found no money.
    Rejected,
    /// Its time was over.
    Expired,
    /// The money came into the wallet.
    Credited,
    /// An operator wants it to go back.
    RefundBegun,
    /// The source would not take it back.
    RefundRefused,
    /// It went back.
    Refunded,
    /// Its source took it back by itself.
    ChargedBack,
}

/// What is unusual about a payment that was credited all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Odd {
    /// No invoice of ours asked for it.
    UnknownInvoice,
    /// It was paid when its time was over, or after it was decided otherwise.
    Late,
    /// Its invoice asked for another amount.
    OtherAmount,
    /// Somebody else paid the invoice; they have the money.
    OtherPayer,
    /// The invoice was paid before.
    PaidTwice,
    /// The customer is banned.
    Banned,
    /// Only the list of Star transactions told of it.
    OnlyListed,
}

/// A customer's receipt, at Telegram.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Telegram's name of it, for this bot.
    pub file_id: String,
    /// The same for the same file.
    pub unique_id: String,
    /// A photo; else a document.
    pub photo: bool,
}

/// Which ledger rows are a payment's. Its row keeps them, so no index is needed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentMoney {
    /// The row that credited it (L6: at most one).
    pub credited: Option<Seq>,
    /// Every try to give it back, oldest first; at most the last is open or captured.
    pub tries: Vec<Try>,
    /// The row that took it back because its source had it already (L6: at most one).
    pub back: Option<Seq>,
}

/// A try to give a payment back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Try {
    /// The row that holds the money.
    pub hold: Seq,
    /// The row that ended it: a charge or a release.
    pub ended: Option<Seq>,
}

/// A payment's place in the index by the source's own ids.
pub(super) fn outside(way: Way, charge: &str) -> String {
    format!("{}/{charge}", way.account())
}

fn payment<T: Tables>(tables: &T, id: PaymentId) -> Result<Option<Payment>, Fault> {
    Ok(get(tables.payments()?, id.0)?.map(|row| Payment { id, row }))
}

fn of_charge<T: Tables>(tables: &T, way: Way, charge: &str) -> Result<Option<PaymentId>, Fault> {
    let found = tables.payments_by_outside()?.get(outside(way, charge).as_str())?;
    Ok(found.map(|id| PaymentId(id.value())))
}

/// A customer's payments, newest first, `limit` after the first `skip`.
fn of_user<T: Tables>(tables: &T, user: UserId, skip: usize, limit: usize) -> Result<Vec<Payment>, Fault> {
    let newest = tables.payers()?.get(user.0)?.map(|id| PaymentId(id.value()));
    let (mut next, mut found, mut passed) = (newest, Vec::new(), 0);
    while let Some(id) = next.filter(|_| found.len() < limit) {
        let Some(payment) = payment(tables, id)? else {
            let why = "another row points to it and it is missing".to_owned();
            return Err(Fault::Row { table: PaymentRow::TABLE, key: id.to_string(), why });
        };
        next = payment.row.prev;
        if passed >= skip {
            found.push(payment);
        }
        passed += 1;
    }
    Ok(found)
}

/// The transfers by hand that wait and whose time is over at `by`, in no order, at most `limit`.
fn open<T: Tables>(tables: &T, by: At, limit: usize) -> Result<Vec<PaymentId>, Fault> {
    let mut found = Vec::new();
    for entry in tables.payments_open()?.iter()? {
        let (key, until) = entry?;
        if until.value() <= by.0 {
            found.push(PaymentId(key.value().1));
        }
        if found.len() == limit {
            break;
        }
    }
    Ok(found)
}

impl View {
    /// A payment.
    pub fn payment(&self, id: PaymentId) -> Result<Option<Payment>, Fault> {
        payment(&self.tables, id)
    }

    /// The payment with the source's own id.
    pub fn payment_of_charge(&self, way: Way, charge: &str) -> Result<Option<PaymentId>, Fault> {
        of_charge(&self.tables, way, charge)
    }

    /// A customer's payments, newest first, `limit` after the first `skip`.
    pub fn payments_of(&self, user: UserId, skip: usize, limit: usize) -> Result<Vec<Payment>, Fault> {
        of_user(&self.tables, user, skip, limit)
    }

    /// The transfers by hand that wait and whose time is over at `by`, at most `limit`.
    pub fn open_payments(&self, by: At, limit: usize) -> Result<Vec<PaymentId>, Fault> {
        open(&self.tables, by, limit)
    }
}

impl Tx<'_> {
    /// A payment.
    pub fn payment(&self, id: PaymentId) -> Result<Option<Payment>, Fault> {
        payment(&self.tables, id)
    }

    /// The payment with the source's own id.
    pub fn payment_of_charge(&self, way: Way, charge: &str) -> Result<Option<PaymentId>, Fault> {
        of_charge(&self.tables, way, charge)
    }

    /// A customer's payments, newest first, `limit` after the first `skip`.
    pub fn payments_of(&self, user: UserId, skip: usize, limit: usize) -> Result<Vec<Payment>, Fault> {
        of_user(&self.tables, user, skip, limit)
    }

    /// The transfers by hand that wait and whose time is over at `by`, at most `limit`.
    pub fn open_payments(&self, by: At, limit: usize) -> Result<Vec<PaymentId>, Fault> {
        open(&self.tables, by, limit)
    }

    /// How many transfers by hand of a customer wait.
    pub fn open_payments_of(&self, user: UserId) -> Result<usize, Fault> {
        let mut count = 0;
        for entry in self.tables.payments_open.read()?.range((user.0, 0)..=(user.0, u64::MAX))? {
            entry?;
            count += 1;
        }
        Ok(count)
    }

    /// Writes a new payment under the next number and links it to its customer's others.
    pub fn new_payment(&mut self, mut row: PaymentRow) -> Result<Payment, Fault> {
        let id = PaymentId(self.next_number("payments")?);
        row.prev = self.tables.payers.read()?.get(row.user.0)?.map(|id| PaymentId(id.value()));
        self.tables.payers.write()?.insert(row.user.0, id.0)?;
        let payment = Payment { id, row };
        self.put_payment(&payment)?;
        Ok(payment)
    }

    /// Writes a payment and what leads to it.
    pub fn put_payment(&mut self, payment: &Payment) -> Result<(), Fault> {
        let Payment { id, row } = payment;
        put(self.tables.payments.write()?, id.0, row)?;
        if let Some(charge) = &row.charge {
            self.tables.payments_by_outside.write()?.insert(outside(row.way, charge).as_str(), id.0)?;
        }
        let key = (row.user.0, id.0);
        let until = match row.state {
            State::Asked { until } | State::Claimed { until } if row.way == Way::Manual => Some(until),
            State::Asked { .. }
            | State::Claimed { .. }
            | State::Rejected
            | State::Expired
            | State::Paid
            | State::Refunding
            | State::Refunded
            | State::ChargedBack => None,
        };
        if let Some(until) = until {
            self.tables.payments_open.write()?.insert(key, until.0)?;
        } else if self.tables.payments_open.read()?.get(key)?.is_some() {
            self.tables.payments_open.write()?.remove(key)?;
        }
        Ok(())
    }

    /// Notes the receipt of a payment, so that the same file is known again; the first keeps it.
    pub fn note_receipt(&mut self, payment: &Payment) -> Result<(), Fault> {
        let Some(receipt) = &payment.row.receipt else { return Ok(()) };
        if self.payment_of_receipt(&receipt.unique_id)?.is_none() {
            self.tables.receipts.write()?.insert(receipt.unique_id.as_str(), payment.id.0)?;
        }
        Ok(())
    }

    /// The payment that a receipt's file came for first.
    pub fn payment_of_receipt(&self, unique_id: &str) -> Result<Option<PaymentId>, Fault> {
        Ok(self.tables.receipts.read()?.get(unique_id)?.map(|id| PaymentId(id.value())))
    }

    /// Remembers that the source took a payment back that has not come yet.
    pub fn remember_back(&mut self, way: Way, charge: &str) -> Result<(), Fault> {
        let at = self.now.at.0;
        self.tables.payments_back_early.write()?.insert(outside(way, charge).as_str(), at)?;
        Ok(())
    }

    /// Whether the source took a payment back before it came; asked once.
    pub fn take_remembered_back(&mut self, way: Way, charge: &str) -> Result<bool, Fault> {
        let key = outside(way, charge);
        if self.tables.payments_back_early.read()?.get(key.as_str())?.is_none() {
            return Ok(false);
        }
        self.tables.payments_back_early.write()?.remove(key.as_str())?;
        Ok(true)
    }
}
