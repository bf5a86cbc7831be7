//! Accounts, the ledger and its chain of hashes: the only place that writes money.

use super::codec::{Row, decode, get};
use super::fault::Fault;
use super::tables::Tables;
use super::{Tx, View};
use crate::ids::{JobId, Seq, UserId};
use crate::ledger::{Account, Counters, Kind, Outcome, Ref, Refusal, Situation, Standing, Transfer, apply};
use crate::money::Kopecks;
use redb::ReadableTable;
use serde::{Deserialize, Serialize};

/// A customer's or operator's account. Never deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountRow {
    /// The money.
    pub counters: Counters,
    /// The newest ledger row that moved it.
    pub newest: Option<Seq>,
    /// The row of the start bonus: once a customer, whatever the amount.
    pub welcome: Option<Seq>,
    /// The row that took an old welcome bonus back: once a customer.
    pub migrated: Option<Seq>,
    /// The row that brought an old balance along: once a customer.
    pub imported: Option<Seq>,
}

impl Row for AccountRow {
    const TABLE: &'static str = "accounts";
    const IS_CUSTOMERS: bool = true;
}

/// One row of the ledger. Never changed or deleted (L7).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerRow {
    /// What moved.
    pub transfer: Transfer,
    /// The row before this one that moved the debit account.
    pub prev_debit: Option<Seq>,
    /// The row before this one that moved the credit account.
    pub prev_credit: Option<Seq>,
    /// The BLAKE3 hash of the row before this one; zeros for the first.
    pub prev_hash: [u8; 32],
}

impl Row for LedgerRow {
    const TABLE: &'static str = "ledger";
}

impl LedgerRow {
    /// The row before this one that moved `account`.
    pub fn prev(&self, account: Account) -> Option<Seq> {
        if self.transfer.debit == account { self.prev_debit } else { self.prev_credit }
    }
}

/// Which ledger rows are a job's. The job's row keeps them, so no index is needed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobMoney {
    /// The hold.
    pub hold: Option<Seq>,
    /// The charge or release that ended it.
    pub settled: Option<Seq>,
    /// The refund of the charge.
    pub refund: Option<Seq>,
    /// The loss after a release.
    pub loss: Option<Seq>,
}

/// A transfer that stands in the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Posted {
    /// Written now, as this row.
    New(Seq),
    /// It stood there already, as this row.
    Before(Seq),
}

impl Posted {
    /// The row.
    pub fn seq(self) -> Seq {
        match self {
            Self::New(seq) | Self::Before(seq) => seq,
        }
    }
}

/// The number an account is stored under: a customer's id, or one of the operator's below zero.
pub(super) fn account_key(account: Account) -> i64 {
    match account {
        Account::User(user) => user.0,
        Account::Revenue => -1,
        Account::CashStars => -2,
        Account::CashManual => -3,
        Account::CashCard => -4,
        Account::Bonus => -5,
        Account::Adjust => -6,
        Account::Provider => -7,
        Account::Loss => -8,
    }
}

/// The account stored under a number; `None` for a number that names none.
pub(super) fn account_of_key(key: i64) -> Option<Account> {
    if key > 0 {
        return Some(Account::User(UserId(key)));
    }
    Account::OPERATOR.into_iter().find(|account| account_key(*account) == key)
}

/// What the chain of hashes says of an encoded row.
pub(super) fn hash_of(row: &[u8]) -> [u8; 32] {
    *blake3::hash(row).as_bytes()
}

pub(super) fn account<T: Tables>(tables: &T, account: Account) -> Result<AccountRow, Fault> {
    Ok(account_row(tables, account_key(account))?.unwrap_or(AccountRow::default()))
}

/// An account's row; `None` when nothing ever moved it.
pub(super) fn account_row<T: Tables>(tables: &T, key: i64) -> Result<Option<AccountRow>, Fault> {
    match get(tables.accounts_lately()?, key)? {
        Some(row) => Ok(Some(row)),
        None => get(tables.accounts()?, key),
    }
}

/// Shows every account to `visit`, in no order.
pub(super) fn each_account<T: Tables>(
    tables: &T,
    mut visit: impl FnMut(i64, AccountRow) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let lately = tables.accounts_lately()?;
    for entry in lately.iter()? {
        let (key, row) = entry?;
        visit(key.value(), decode(&key.value(), row.value())?)?;
    }
    for entry in tables.accounts()?.iter()? {
        let (key, row) = entry?;
        if lately.get(key.value())?.is_none() {
            visit(key.value(), decode(&key.value(), row.value())?)?;
        }
    }
    Ok(())
}

pub(super) fn ledger_row<T: Tables>(tables: &T, seq: Seq) -> Result<LedgerRow, Fault> {
    get(tables.ledger()?, seq.0)?.ok_or_else(|| Fault::Row {
        table: LedgerRow::TABLE,
        key: seq.to_string(),
        why: "another row points to it and it is missing".to_owned(),
    })
}

/// An account's rows, newest first, `limit` at most, from `next` on.
fn history(
    row: impl Fn(Seq) -> Result<LedgerRow, Fault>,
    of: Account,
    mut next: Option<Seq>,
    limit: usize,
) -> Result<Vec<(Seq, LedgerRow)>, Fault> {
    let mut rows = Vec::new();
    while let Some(seq) = next.filter(|_| rows.len() < limit) {
        let row = row(seq)?;
        next = row.prev(of);
        rows.push((seq, row));
    }
    Ok(rows)
}

/// The last row's number and the hash the next one will carry.
pub(super) fn head<T: Tables>(tables: &T) -> Result<(u64, [u8; 32]), Fault> {
    Ok(match tables.ledger()?.last()? {
        Some((seq, row)) => (seq.value(), hash_of(row.value())),
        None => (0, [0; 32]),
    })
}

/// How a job's money stands, by the rows its own row names.
pub(super) fn standing(
    row: impl Fn(Seq) -> Result<LedgerRow, Fault>,
    money: &JobMoney,
) -> Result<Standing, Fault> {
    let Some(hold) = money.hold else { return Ok(Standing::Nothing) };
    let Some(settled) = money.settled else {
        return Ok(Standing::Held(row(hold)?.transfer.amount));
    };
    let ended = row(settled)?.transfer;
    Ok(match (ended.kind == Kind::Charge, money.refund, money.loss) {
        (true, None, _) => Standing::Charged(ended.amount),
        (true, Some(_), _) => Standing::Refunded,
        (false, _, None) => Standing::Released,
        (false, _, Some(_)) => Standing::Lost,
    })
}

impl View {
    /// An account; all zeros when nothing ever moved it.
    pub fn account(&self, of: Account) -> Result<AccountRow, Fault> {
        account(&self.tables, of)
    }

    /// An account's ledger rows, newest first, at most `limit`, from row `from` on.
    pub fn history(
        &self,
        of: Account,
        from: Option<Seq>,
        limit: usize,
    ) -> Result<Vec<(Seq, LedgerRow)>, Fault> {
        let from = if from.is_some() { from } else { self.account(of)?.newest };
        history(|seq| ledger_row(&self.tables, seq), of, from, limit)
    }
}

impl Tx<'_> {
    /// What a customer may spend.
    pub fn available(&self, user: UserId) -> Result<Kopecks, Fault> {
        let counters = self.account(Account::User(user))?.counters;
        counters
            .available()
            .ok_or_else(|| Fault::Bug(format!("the wallet of {} does not fit", user.masked())))
    }

    /// An account's ledger rows, newest first, at most `limit`, from row `from` on.
    pub fn history(
        &self,
        of: Account,
        from: Option<Seq>,
        limit: usize,
    ) -> Result<Vec<(Seq, LedgerRow)>, Fault> {
        let from = if from.is_some() { from } else { self.account(of)?.newest };
        history(|seq| self.ledger_row(seq), of, from, limit)
    }

    /// Moves a job's money and notes the row in `money`, which the caller stores with the job.
    pub fn transfer_for_job(
        &mut self,
        job: JobId,
        money: &mut JobMoney,
        transfer: &Transfer,
    ) -> Result<Result<Posted, Refusal>, Fault> {
        assert_eq!(transfer.job, Some(job), "a job's money moves under its own number");
        let slot = match transfer.kind {
            Kind::Hold => money.hold,
            Kind::Charge | Kind::Release => money.settled,
            Kind::Refund => money.refund,
            Kind::Loss => money.loss,
            Kind::Topup | Kind::Adjust => return Ok(Err(Refusal::WrongAccounts)),
        };
        let same_ref = self.row_with_ref(slot, transfer.reference)?;
        let standing = standing(|seq| self.ledger_row(seq), money)?;
        let hold = match money.hold {
            Some(seq) => Some((seq, self.ledger_row(seq)?.transfer)),
            None => None,
        };
        let hold = hold.as_ref().map(|(seq, hold)| (*seq, hold));
        let posted = self.post(transfer, same_ref.as_ref(), standing, hold)?;
        if let Ok(posted) = posted {
            let seq = Some(posted.seq());
            match transfer.kind {
                Kind::Hold => money.hold = seq,
                Kind::Charge | Kind::Release => money.settled = seq,
                Kind::Refund => money.refund = seq,
                Kind::Loss => money.loss = seq,
                Kind::Topup | Kind::Adjust => {}
            }
        }
        Ok(posted)
    }

    /// Gives the start bonus, once a customer, whatever the amount was then.
    pub fn transfer_welcome(&mut self, user: UserId, transfer: &Transfer) -> Result<Posted, Fault> {
        let wallet = Account::User(user);
        if let Some(seq) = self.account(wallet)?.welcome {
            return Ok(Posted::Before(seq));
        }
        let posted = self.post(transfer, None, Standing::Nothing, None)?.map_err(unexpected_refusal)?;
        let mut row = self.account(wallet)?;
        row.welcome = Some(posted.seq());
        self.put_account(wallet, row);
        Ok(posted)
    }

    /// Moves money for a cause whose own row (payment or action) names the ledger row in `slot`.
    pub(super) fn transfer_once(
        &mut self,
        slot: Option<Seq>,
        transfer: &Transfer,
    ) -> Result<Result<Posted, Refusal>, Fault> {
        let same_ref = self.row_with_ref(slot, transfer.reference)?;
        self.post(transfer, same_ref.as_ref(), Standing::Nothing, None)
    }

    pub(super) fn row_with_ref(
        &self,
        slot: Option<Seq>,
        reference: Ref,
    ) -> Result<Option<(Seq, Transfer)>, Fault> {
        let Some(seq) = slot else { return Ok(None) };
        let transfer = self.ledger_row(seq)?.transfer;
        Ok((transfer.reference == reference).then_some((seq, transfer)))
    }

    /// Asks the rules and writes what they answer: both accounts and the row, in one transaction.
    pub(super) fn post(
        &mut self,
        transfer: &Transfer,
        same_ref: Option<&(Seq, Transfer)>,
        standing: Standing,
        hold: Option<(Seq, &Transfer)>,
    ) -> Result<Result<Posted, Refusal>, Fault> {
        let mut debit = self.account(transfer.debit)?;
        let mut credit = self.account(transfer.credit)?;
        let situation = Situation {
            same_ref: same_ref.map(|(_, row)| row),
            debit: debit.counters,
            credit: credit.counters,
            standing,
            hold,
        };
        let change = match (apply(&situation, transfer), same_ref) {
            (Ok(Outcome::Applied(change)), _) => change,
            (Ok(Outcome::Exists), Some((seq, _))) => return Ok(Ok(Posted::Before(*seq))),
            (Ok(Outcome::Exists), None) => return Err(Fault::Bug("a row exists that was not read".into())),
            (Err(refusal), _) => return Ok(Err(refusal)),
        };
        let (last, prev_hash) = self.head()?;
        let seq = Seq(last + 1);
        let row = LedgerRow {
            transfer: transfer.clone(),
            prev_debit: debit.newest,
            prev_credit: credit.newest,
            prev_hash,
        };
        self.add_ledger_row(seq, &row)?;
        (debit.counters, debit.newest) = (change.debit, Some(seq));
        (credit.counters, credit.newest) = (change.credit, Some(seq));
        self.put_account(transfer.debit, debit);
        self.put_account(transfer.credit, credit);
        self.count_money(transfer)?;
        Ok(Ok(Posted::New(seq)))
    }
}

/// A refusal where the act had made sure that there can be none.
pub(super) fn unexpected_refusal(refusal: Refusal) -> Fault {
    Fault::Bug(format!("the ledger refused what was already checked: {refusal}"))
}

/// Decodes a ledger row for the audit, which has the bytes in hand.
pub(super) fn decode_ledger(seq: u64, bytes: &[u8]) -> Result<LedgerRow, Fault> {
    decode(&seq, bytes)
}
