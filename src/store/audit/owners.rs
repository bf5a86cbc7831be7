//! Whose a ledger row is, from both sides: every row belongs to exactly one job, payment, action or
//! account whose own row names it back, so none of them can have two (L4, L5, L6).

use super::super::Fault;
use super::super::accounts::{JobMoney, LedgerRow, account_row};
use super::super::codec::{decode, get};
use super::super::desk::action_made;
use super::super::jobs::JobRow;
use super::super::legacy::legacy_row;
use super::super::notes::Action;
use super::super::payments::PaymentRow;
use super::super::tables::ReadTables;
use super::Rule;
use super::ledger::Rules;
use crate::ids::{JobId, Seq, UserId};
use crate::ledger::{Account, Kind, Ref, Transfer};
use redb::ReadableTable;

/// From the ledger's side: the row's owner names it.
pub(super) fn of_row(
    tables: &ReadTables,
    seq: Seq,
    transfer: &Transfer,
    rules: &mut Rules,
) -> Result<(), Fault> {
    let here = || format!("ledger {seq}");
    match transfer.reference {
        Ref::Hold(job) | Ref::Charge(job) | Ref::Release(job) | Ref::Refund(job) | Ref::Loss(job) => {
            of_job(tables, seq, job, transfer, rules)?;
        }
        Ref::Payment(id)
        | Ref::PaymentBack(id)
        | Ref::PayHold(id, _)
        | Ref::PayTaken(id, _)
        | Ref::PayReleased(id, _) => {
            let row: Option<PaymentRow> = get(tables.payments.read()?, id.0)?;
            let slot = row.and_then(|row| payment_slot(&row, transfer.reference));
            rules.payments.checked();
            rules.payments.check(slot == Some(seq), || {
                (here(), format!("payment {id} does not know this {}: a second one", transfer.kind))
            });
        }
        Ref::Adjust(action) => {
            let own = action_made(tables, action)?.is_some_and(|(what, made)| {
                let Action::Adjust { user, amount } = what else { return false };
                let said = Transfer::adjust(action, user, amount, transfer.at);
                made == Some(seq) && said.difference(transfer).is_none()
            });
            rules.counters.check(own, || {
                (here(), format!("action {action} does not know this {}, or not so", transfer.kind))
            });
        }
        Ref::Promo(promo, user) => {
            let used = tables.promo_uses.read()?.get((promo.0, user.0))?.map(|used| used.value());
            let own = transfer.credit == Account::User(user);
            rules.counters.check(own && used == Some(seq.0), || {
                (here(), format!("promo code {promo} does not know this gift to {user}: a second one"))
            });
        }
        Ref::Welcome(user) => {
            let row = account_row(tables, user.0)?;
            let own = transfer.credit == Account::User(user);
            rules.counters.check(own && row.and_then(|row| row.welcome) == Some(seq), || {
                (here(), format!("the wallet of {user} does not know this bonus: a second one"))
            });
        }
        Ref::Legacy(id) => {
            let user = [transfer.debit, transfer.credit].into_iter().find_map(Account::user);
            let row = user.map(|user| legacy_row(tables, user, id)).transpose()?.flatten();
            let own = row.is_some_and(|row| (row.seq, row.amount) == (Some(seq), transfer.amount));
            rules.counters.check(own, || {
                (here(), format!("row {id} of the bot before does not know this {}", transfer.kind))
            });
        }
        Ref::LegacyImport(user) => {
            let row = account_row(tables, user.0)?;
            let own = moves(transfer, user);
            rules.counters.check(own && row.and_then(|row| row.imported) == Some(seq), || {
                (here(), format!("the wallet of {user} does not know this import: a second one"))
            });
        }
        Ref::LegacyMigration(user) => {
            let row = account_row(tables, user.0)?;
            let own = transfer.debit == Account::User(user);
            rules.counters.check(own && row.and_then(|row| row.migrated) == Some(seq), || {
                (here(), format!("the wallet of {user} does not know this migration: a second one"))
            });
        }
    }
    Ok(())
}

/// Whether it moves this customer's wallet, in either direction.
pub(super) fn moves(transfer: &Transfer, user: UserId) -> bool {
    [transfer.debit, transfer.credit].contains(&Account::User(user))
}

fn of_job(
    tables: &ReadTables,
    seq: Seq,
    id: JobId,
    transfer: &Transfer,
    rules: &mut Rules,
) -> Result<(), Fault> {
    let here = || format!("ledger {seq}");
    rules.jobs.checked();
    let job: Option<JobRow> = get(tables.jobs.read()?, id.0)?;
    let Some(job) = job else {
        rules.jobs.broken(here(), format!("there is no job {id}"));
        return Ok(());
    };
    let customers = [transfer.debit, transfer.credit].into_iter().find_map(Account::user);
    let own = transfer.job == Some(id) && customers.is_none_or(|user| user == job.user);
    rules.jobs.check(own, || (here(), format!("it is not of job {id} or of its customer")));
    let slot = slot(&job.money, transfer.reference);
    // A second end of a hold is L4's; every other second one is L5's.
    let rule = match transfer.kind {
        Kind::Charge | Kind::Release => &mut rules.holds,
        Kind::Hold | Kind::Refund | Kind::Loss | Kind::Topup | Kind::Adjust => &mut rules.jobs,
    };
    rule.check(slot == Some((seq, transfer.kind)), || {
        (here(), format!("job {id} does not know this {}: a second one", transfer.kind))
    });
    Ok(())
}

/// The row a job names for a ref, and the kind that row must have.
fn slot(money: &JobMoney, reference: Ref) -> Option<(Seq, Kind)> {
    let (slot, kind) = match reference {
        Ref::Hold(_) => (money.hold, Kind::Hold),
        Ref::Charge(_) => (money.settled, Kind::Charge),
        Ref::Release(_) => (money.settled, Kind::Release),
        Ref::Refund(_) => (money.refund, Kind::Refund),
        Ref::Loss(_) => (money.loss, Kind::Loss),
        Ref::Payment(_)
        | Ref::PaymentBack(_)
        | Ref::PayHold(..)
        | Ref::PayTaken(..)
        | Ref::PayReleased(..)
        | Ref::Adjust(_)
        | Ref::Welcome(_)
        | Ref::Promo(..)
        | Ref::Legacy(_)
        | Ref::LegacyImport(_)
        | Ref::LegacyMigration(_) => return None,
    };
    slot.map(|seq| (seq, kind))
}

/// From the jobs' side: L4 and L5.
pub(super) fn jobs(tables: &ReadTables, holds: &mut Rule, rule: &mut Rule) -> Result<(), Fault> {
    for entry in tables.jobs.read()?.iter()? {
        let (id, bytes) = entry?;
        let row: JobRow = decode(&id.value(), bytes.value())?;
        holds.checked();
        rule.checked();
        job(tables, id.value(), &row, holds, rule)?;
    }
    Ok(())
}

fn job(tables: &ReadTables, id: u64, row: &JobRow, holds: &mut Rule, rule: &mut Rule) -> Result<(), Fault> {
    let here = |what: &str| (format!("jobs {id}"), what.to_owned());
    let read = |seq: Option<Seq>| -> Result<Option<Transfer>, Fault> {
        let Some(seq) = seq else { return Ok(None) };
        Ok(get::<_, LedgerRow>(tables.ledger.read()?, seq.0)?.map(|row| row.transfer))
    };
    let JobMoney { hold, settled, refund, loss } = row.money;
    let slots = [
        (hold, read(hold)?, &[Kind::Hold][..]),
        (settled, read(settled)?, &[Kind::Charge, Kind::Release]),
        (refund, read(refund)?, &[Kind::Refund]),
        (loss, read(loss)?, &[Kind::Loss]),
    ];
    for (slot, found, kinds) in &slots {
        let own = |one: &Transfer| one.job == Some(JobId(id)) && kinds.contains(&one.kind);
        rule.check(slot.is_none() || found.as_ref().is_some_and(own), || {
            here("a ledger row it names is missing or not its own")
        });
    }
    let [_, (_, end, _), (_, refund, _), _] = &slots;
    holds.check(settled.is_none() || hold.is_some(), || here("it was settled without a hold"));
    let open = hold.is_some() && settled.is_none();
    holds.check(!(open && row.state.is_final()), || here("it is over and its hold is still open"));
    let charged = end.as_ref().filter(|end| end.kind == Kind::Charge).map(|end| end.amount);
    let refunded = refund.as_ref().map(|refund| refund.amount);
    rule.check(refunded.is_none() || refunded <= charged, || here("its refund is more than was charged"));
    let released = end.as_ref().is_some_and(|end| end.kind == Kind::Release);
    rule.check(loss.is_none() || released, || here("it has a loss without a release"));
    Ok(())
}

/// The row a payment names for a ref.
fn payment_slot(row: &PaymentRow, reference: Ref) -> Option<Seq> {
    let nth = |nth: u32| row.money.tries.get(usize::try_from(nth.checked_sub(1)?).ok()?);
    match reference {
        Ref::Payment(_) => row.money.credited,
        Ref::PaymentBack(_) => row.money.back,
        Ref::PayHold(_, number) => nth(number).map(|one| one.hold),
        Ref::PayTaken(_, number) | Ref::PayReleased(_, number) => nth(number)?.ended,
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
        | Ref::LegacyMigration(_) => None,
    }
}
