//! The act that is measured: a customer places an order. Whatever the store, it looks whether the job is
//! known, reads the wallet, sees that it can pay, moves the price from what is available to what is held,
//! and writes four rows: the wallet, a row of the ledger, the job, and when the job is due.

use crate::shop::{PRICE, customer};

/// What a wallet begins with.
pub(crate) const RICH: i64 = 1_000_000_000;
/// The model and what was chosen.
pub(crate) const MODEL: &str = "z-image";
/// The words of every order.
pub(crate) const PROMPT: &str = "A samovar on a wooden table at a winter window, steam rising in warm light, \
    a cup of tea and a plate of gingerbread beside it, oil painting, soft brush strokes, very detailed";

/// One order. Jobs are numbered in the order they come, so no key of any store is in random order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Order {
    pub(crate) job: i64,
    pub(crate) customer: i64,
    pub(crate) at: i64,
}

impl Order {
    /// The order with this number, of some customer.
    pub(crate) fn numbered(job: i64) -> Self {
        let number = u64::try_from(job).expect("they count from 1");
        Self { job, customer: customer(number).0, at: 1_790_000_000_000 + job }
    }

    /// The row of the ledger: who, what for, how much, when; the rest stands for the chain of hashes.
    pub(crate) fn ledger_row(self, sizes: Sizes) -> Vec<u8> {
        row(&[self.job, self.customer, PRICE.get(), self.at], sizes.ledger)
    }

    /// The job's row; the rest stands for what was chosen.
    pub(crate) fn job_row(self, sizes: Sizes) -> Vec<u8> {
        row(&[self.customer, PRICE.get(), self.at], sizes.job)
    }
}

/// How many bytes our own rows have; those stores that take bytes get rows of the same length.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    pub(crate) wallet: usize,
    pub(crate) ledger: usize,
    pub(crate) job: usize,
}

/// A customer's money.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wallet {
    pub(crate) available: i64,
    pub(crate) held: i64,
}

impl Wallet {
    /// Before the first order.
    pub(crate) const FULL: Self = Self { available: RICH, held: 0 };

    /// Holds the price of an order.
    pub(crate) fn hold(&mut self) {
        assert!(self.available >= PRICE.get(), "the wallets are deep enough for a bench");
        self.available -= PRICE.get();
        self.held += PRICE.get();
    }

    pub(crate) fn row(self, sizes: Sizes) -> Vec<u8> {
        row(&[self.available, self.held], sizes.wallet)
    }

    pub(crate) fn of(row: &[u8]) -> Self {
        let (available, rest) = row.split_first_chunk().expect("a wallet");
        let held = rest.first_chunk().expect("a wallet");
        Self { available: i64::from_le_bytes(*available), held: i64::from_le_bytes(*held) }
    }
}

/// What is counted in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Totals {
    /// Rows of the ledger.
    pub(crate) ledger: i64,
    /// The held money of all customers.
    pub(crate) held: i64,
}

fn row(numbers: &[i64], length: usize) -> Vec<u8> {
    let mut row = Vec::with_capacity(length);
    for number in numbers {
        row.extend_from_slice(&number.to_le_bytes());
    }
    row.resize(length, 7);
    row
}
