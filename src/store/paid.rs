//! How the money of a payment moves: it comes once, and goes back once (L6). Its row names the ledger rows.

use super::Tx;
use super::accounts::{LedgerRow, Posted, unexpected_refusal};
use super::fault::Fault;
use super::payments::{Payment, PaymentMoney, PaymentRow, Step, Stepped, Try};
use crate::ids::{PaymentId, Seq, UserId};
use crate::ledger::{Account, Kind, Ref, Refusal, Standing, Transfer};
use crate::money::Kopecks;
use crate::payment::{State, Way};

impl Tx<'_> {
    /// Credits a payment that nobody asked for, once by the source's own id (L6).
    pub fn credit_payment(
        &mut self,
        way: Way,
        charge: &str,
        user: UserId,
        amount: Kopecks,
    ) -> Result<Result<(PaymentId, Posted), Refusal>, Fault> {
        let known = match self.payment_of_charge(way, charge)? {
            Some(id) => self.payment(id)?,
            None => None,
        };
        let is_new = known.is_none();
        let mut payment = known.unwrap_or(Payment {
            id: PaymentId(self.counter("payments")? + 1),
            row: PaymentRow {
                way,
                charge: Some(charge.to_owned()),
                user,
                amount,
                stars: 0,
                state: State::Paid,
                steps: vec![Step { at: self.now.at, what: Stepped::Credited, by: None }],
                money: PaymentMoney::default(),
                odd: None,
                receipt: None,
                prev: None,
            },
        });
        let transfer = Transfer::topup(payment.id, way.account(), user, amount, self.now.at);
        let posted = match self.transfer_for_payment(&mut payment, &transfer)? {
            Ok(posted) => posted,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if is_new {
            self.new_payment(payment.row)?;
        }
        Ok(Ok((payment.id, posted)))
    }

    /// Takes a credited payment back because its source did: once, and even below zero (L2, L6). `None`
    /// for a payment that is not in the wallet.
    pub fn charge_back(&mut self, id: PaymentId) -> Result<Option<Posted>, Fault> {
        let Some(mut payment) = self.payment(id)? else { return Ok(None) };
        if let Some(seq) = payment.row.money.back {
            return Ok(Some(Posted::Before(seq)));
        }
        if payment.row.state != State::Paid {
            return Ok(None);
        }
        let transfer = Transfer::chargeback(id, payment.row.user, payment.row.amount, self.now.at);
        let posted = self.transfer_for_payment(&mut payment, &transfer)?.map_err(unexpected_refusal)?;
        payment.row.state = State::ChargedBack;
        payment.row.steps.push(Step { at: self.now.at, what: Stepped::ChargedBack, by: None });
        self.put_payment(&payment)?;
        Ok(Some(posted))
    }

    /// Moves a payment's money and notes the row in `payment`, which the caller stores. All of it moves, or
    /// nothing: it comes once, and goes back once (L6).
    pub fn transfer_for_payment(
        &mut self,
        payment: &mut Payment,
        transfer: &Transfer,
    ) -> Result<Result<Posted, Refusal>, Fault> {
        let (of, nth) = of_payment(transfer.reference);
        assert_eq!(of, Some(payment.id), "a payment's money moves under its own number");
        let money = &payment.row.money;
        let tried = nth.checked_sub(1).and_then(|before| money.tries.get(before)).copied();
        let slot = match transfer.kind {
            Kind::Topup => money.credited,
            Kind::Adjust => money.back,
            Kind::Hold => tried.map(|tried| tried.hold),
            Kind::Charge | Kind::Release => tried.and_then(|tried| tried.ended),
            Kind::Refund | Kind::Loss => return Ok(Err(Refusal::WrongAccounts)),
        };
        let same_ref = self.row_with_ref(slot, transfer.reference)?;
        if same_ref.is_none() && !is_next(payment, transfer, nth) {
            return Ok(Err(Refusal::NotTheHold));
        }
        let standing = match (standing(|seq| self.ledger_row(seq), money)?, transfer.kind) {
            // Its source refused: it may be asked again.
            (Standing::Released, Kind::Hold) => Standing::Nothing,
            (standing, _) => standing,
        };
        let hold = match money.tries.last() {
            Some(last) => Some((last.hold, self.ledger_row(last.hold)?.transfer)),
            None => None,
        };
        let hold = hold.as_ref().map(|(seq, hold)| (*seq, hold));
        let posted = self.post(transfer, same_ref.as_ref(), standing, hold)?;
        if let Ok(Posted::New(seq)) = posted {
            let money = &mut payment.row.money;
            match transfer.kind {
                Kind::Topup => money.credited = Some(seq),
                Kind::Adjust => money.back = Some(seq),
                Kind::Hold => money.tries.push(Try { hold: seq, ended: None }),
                Kind::Charge | Kind::Release => {
                    if let Some(last) = money.tries.last_mut() {
                        last.ended = Some(seq);
                    }
                }
                Kind::Refund | Kind::Loss => {}
            }
        }
        Ok(posted)
    }
}

/// Which payment a ref is of, and which try of giving it back, from 1; 0 where there are no tries.
fn of_payment(reference: Ref) -> (Option<PaymentId>, usize) {
    match reference {
        Ref::Payment(id) | Ref::PaymentBack(id) => (Some(id), 0),
        Ref::PayHold(id, nth) | Ref::PayTaken(id, nth) | Ref::PayReleased(id, nth) => {
            (Some(id), usize::try_from(nth).unwrap_or(usize::MAX))
        }
        Ref::Hold(_)
        | Ref::Charge(_)
        | Ref::Release(_)
        | Ref::Refund(_)
        | Ref::Loss(_)
        | Ref::Adjust(_)
        | Ref::Welcome(_)
        | Ref::Promo(..)
        | Ref::Legacy(_)
        | Ref::LegacyImport(_)
        | Ref::LegacyMigration(_) => (None, 0),
    }
}

/// Whether a transfer moves all of a payment between its customer and its source, what came only, and
/// under the number of the next try, or of the last one that it ends.
fn is_next(payment: &Payment, transfer: &Transfer, nth: usize) -> bool {
    let PaymentRow { user, way, amount, money, .. } = &payment.row;
    let (wallet, source, came) = (Account::User(*user), way.account(), money.credited.is_some());
    let (from, to, fits) = match transfer.kind {
        Kind::Topup => (source, wallet, !came),
        Kind::Hold => (wallet, source, came && nth == money.tries.len() + 1),
        Kind::Charge | Kind::Release => (wallet, source, came && nth == money.tries.len()),
        Kind::Adjust => (wallet, Account::Adjust, came),
        Kind::Refund | Kind::Loss => return false,
    };
    fits && (from, to, *amount) == (transfer.debit, transfer.credit, transfer.amount)
}

/// How the money of a payment stands that goes back, by the rows its own row names.
fn standing(row: impl Fn(Seq) -> Result<LedgerRow, Fault>, money: &PaymentMoney) -> Result<Standing, Fault> {
    if money.back.is_some() {
        return Ok(Standing::Refunded);
    }
    let Some(last) = money.tries.last() else { return Ok(Standing::Nothing) };
    let Some(ended) = last.ended else {
        return Ok(Standing::Held(row(last.hold)?.transfer.amount));
    };
    let ended = row(ended)?.transfer;
    Ok(if ended.kind == Kind::Charge { Standing::Charged(ended.amount) } else { Standing::Released })
}
