//! L6 from the payments' side: each names rows that are its own and of its amount, its money is where its
//! state says, and it went back at most once; and what leads to payments leads to all of them, for an
//! index that lies would credit one twice, or never, or forget that it went back. L4 of what is held.

use super::super::Fault;
use super::super::accounts::LedgerRow;
use super::super::codec::{decode, get};
use super::super::payments::{PaymentRow, Try, outside};
use super::super::tables::ReadTables;
use super::Rule;
use crate::ids::{PaymentId, Seq};
use crate::ledger::{Kind, Ref};
use crate::payment::{State, Way};
use crate::time::At;
use redb::{ReadableTable, ReadableTableMetadata};

pub(super) fn check(tables: &ReadTables, holds: &mut Rule, rule: &mut Rule) -> Result<(), Fault> {
    for entry in tables.payments.read()?.iter()? {
        let (id, bytes) = entry?;
        let id = id.value();
        let row: PaymentRow = decode(&id, bytes.value())?;
        rule.checked();
        money(tables, id, &row, holds, rule)?;
        indexed(tables, id, &row, rule)?;
    }
    chains(tables, rule)?;
    indexes(tables, rule)
}

fn here(id: u64, what: impl Into<String>) -> (String, String) {
    (format!("payments {id}"), what.into())
}

/// The rows it names, with the refs that each may have.
fn named(id: u64, row: &PaymentRow) -> Vec<(Seq, Vec<Ref>)> {
    let of = PaymentId(id);
    let mut named = Vec::new();
    named.extend(row.money.credited.map(|seq| (seq, vec![Ref::Payment(of)])));
    named.extend(row.money.back.map(|seq| (seq, vec![Ref::PaymentBack(of)])));
    for (nth, one) in (1..).zip(&row.money.tries) {
        named.push((one.hold, vec![Ref::PayHold(of, nth)]));
        named.extend(one.ended.map(|seq| (seq, vec![Ref::PayTaken(of, nth), Ref::PayReleased(of, nth)])));
    }
    named
}

fn money(
    tables: &ReadTables,
    id: u64,
    row: &PaymentRow,
    holds: &mut Rule,
    rule: &mut Rule,
) -> Result<(), Fault> {
    let mut went_back = 0;
    for (seq, refs) in named(id, row) {
        let found = get::<_, LedgerRow>(tables.ledger.read()?, seq.0)?.map(|row| row.transfer);
        let own = found.as_ref().is_some_and(|found| {
            let user = [found.debit, found.credit].into_iter().find_map(crate::ledger::Account::user);
            refs.contains(&found.reference) && (user, found.amount) == (Some(row.user), row.amount)
        });
        rule.check(own, || here(id, format!("ledger row {seq} is not its own, or not of its amount")));
        went_back +=
            usize::from(found.is_some_and(|found| matches!(found.kind, Kind::Charge | Kind::Adjust)));
    }
    let open = row.money.tries.iter().filter(|one: &&Try| one.ended.is_none()).count();
    rule.check(went_back <= 1, || here(id, "it went back twice"));
    let came = row.money.credited.is_some();
    rule.check(came || (went_back == 0 && row.money.tries.is_empty()), || {
        here(id, "it went back and never came")
    });
    let (refunding, settled) = match row.state {
        State::Refunding => (1, came && went_back == 0),
        State::Paid => (0, came && went_back == 0),
        State::Refunded | State::ChargedBack => (0, came && went_back == 1),
        State::Asked { .. } | State::Claimed { .. } | State::Rejected | State::Expired => (0, !came),
    };
    rule.check(settled, || here(id, format!("its money is not that of one that is {:?}", row.state)));
    holds.check(open == refunding, || here(id, format!("it has {open} open holds and is {:?}", row.state)));
    Ok(())
}

/// Until when a transfer by hand waits; `None` for all other payments.
fn open_until(row: &PaymentRow) -> Option<At> {
    match (row.way, row.state) {
        (Way::Manual, State::Asked { until } | State::Claimed { until }) => Some(until),
        (Way::Manual | Way::Stars | Way::Card, _) => None,
    }
}

/// A payment is found by its outside id, and as long as it waits.
fn indexed(tables: &ReadTables, id: u64, row: &PaymentRow, rule: &mut Rule) -> Result<(), Fault> {
    let needs_none = row.way == Way::Manual || row.money.credited.is_none();
    rule.check(needs_none || row.charge.is_some(), || {
        here(id, "it was credited and has no outside id: the same payment would be credited again")
    });
    if let Some(charge) = &row.charge {
        let key = outside(row.way, charge);
        let found = tables.payments_by_outside.read()?.get(key.as_str())?.map(|found| found.value());
        rule.check(found == Some(id), || {
            here(id, format!("its outside id leads to payment {found:?}: credited twice"))
        });
    }
    let until = tables.payments_open.read()?.get((row.user.0, id))?.map(|until| At(until.value()));
    let open = open_until(row);
    rule.check(until == open, || {
        here(id, format!("it waits until {open:?}, and those that wait say {until:?}"))
    });
    rule.check(row.prev.is_none_or(|prev| prev.0 < id), || here(id, "the one before it came after it"));
    Ok(())
}

/// From every customer's newest payment the pointers lead to all payments, each once.
fn chains(tables: &ReadTables, rule: &mut Rule) -> Result<(), Fault> {
    let mut reached = 0;
    for entry in tables.payers.read()?.iter()? {
        let (user, newest) = entry?;
        let (user, mut next) = (user.value(), Some(newest.value()));
        while let Some(id) = next {
            let row: Option<PaymentRow> = get(tables.payments.read()?, id)?;
            let Some(row) = row.filter(|row| row.user.0 == user) else {
                rule.broken(
                    format!("payers {user}"),
                    format!("it leads to payment {id}, which is not theirs"),
                );
                break;
            };
            reached += 1;
            next = row.prev.map(|prev| prev.0).filter(|prev| *prev < id);
        }
    }
    let all = tables.payments.read()?.len()?;
    rule.check(reached == all, || {
        ("payers".to_owned(), format!("their chains reach {reached} of {all} payments"))
    });
    Ok(())
}

/// What leads to a payment leads to one that says so too.
fn indexes(tables: &ReadTables, rule: &mut Rule) -> Result<(), Fault> {
    let payment = |id: u64| get::<_, PaymentRow>(tables.payments.read()?, id);
    for entry in tables.payments_by_outside.read()?.iter()? {
        let (key, id) = entry?;
        let row = payment(id.value())?;
        let own = row.and_then(|row| Some(outside(row.way, row.charge.as_deref()?)));
        rule.check(own.as_deref() == Some(key.value()), || {
            let what = format!("payment {} has another: this one would never be credited", id.value());
            (format!("payments_by_outside {}", key.value()), what)
        });
    }
    for entry in tables.payments_open.read()?.iter()? {
        let (key, until) = entry?;
        let (user, id) = key.value();
        let row = payment(id)?.filter(|row| row.user.0 == user);
        rule.check(row.is_some_and(|row| open_until(&row) == Some(At(until.value()))), || {
            (format!("payments_open {user} {id}"), "it does not wait".to_owned())
        });
    }
    for entry in tables.payments_back_early.read()?.iter()? {
        let (key, _) = entry?;
        let known = tables.payments_by_outside.read()?.get(key.value())?.is_some();
        rule.check(!known, || {
            let what = "it went back before it came, came, and was not taken back".to_owned();
            (format!("payments_back_early {}", key.value()), what)
        });
    }
    Ok(())
}
