//! The money's rules: L1 to L7, from the accounts, the ledger, the jobs and the payments.

use super::super::Fault;
use super::super::accounts::{AccountRow, LedgerRow, account_key, account_of_key, decode_ledger, hash_of};
use super::super::codec::{decode, get};
use super::super::jobs::JobRow;
use super::super::notes::{ActionRow, PaymentRow};
use super::super::tables::ReadTables;
use super::{Broken, Rule};
use crate::ids::Seq;
use crate::ledger::{Account, Counters, Kind, Memo, Ref, Transfer};
use crate::money::Kopecks;
use redb::ReadableTable;
use std::collections::HashMap;

/// What the ledger's rows say of one account.
#[derive(Default)]
struct Tally {
    counters: Counters,
    newest: Option<Seq>,
    charged_back: bool,
}

struct Rules {
    sum: Rule,
    wallets: Rule,
    counters: Rule,
    holds: Rule,
    jobs: Rule,
    payments: Rule,
    chain: Rule,
}

/// L1 to L7: the number of rows, the chain's head, and the rules.
pub(super) fn check(tables: &ReadTables) -> Result<(u64, [u8; 32], Vec<Rule>), Fault> {
    let mut rules = Rules {
        sum: Rule::new("L1"),
        wallets: Rule::new("L2"),
        counters: Rule::new("L3"),
        holds: Rule::new("L4"),
        jobs: Rule::new("L5"),
        payments: Rule::new("L6"),
        chain: Rule::new("L7"),
    };
    let mut tallies: HashMap<i64, Tally> = HashMap::new();
    let mut head = [0; 32];
    let mut last = 0;
    for entry in tables.ledger.iter()? {
        let (seq, bytes) = entry?;
        let seq = seq.value();
        let row = decode_ledger(seq, bytes.value())?;
        rules.chain.checked();
        let at = |what: &str| (format!("ledger {seq}"), what.to_owned());
        rules.chain.check(seq == last + 1, || at(&format!("the row before it is {last}, not {}", seq - 1)));
        rules.chain.check(row.prev_hash == head, || at("it carries another hash than the row before it has"));
        tally(&mut tallies, Seq(seq), &row, &mut rules.counters)?;
        owner(tables, Seq(seq), &row.transfer, &mut rules)?;
        (head, last) = (hash_of(bytes.value()), seq);
    }
    accounts(tables, &tallies, &mut rules)?;
    payments(tables, &mut rules.payments)?;
    let Rules { sum, wallets, counters, holds, jobs, payments, chain } = rules;
    Ok((last, head, vec![sum, wallets, counters, holds, jobs, payments, chain]))
}

/// Adds a row to what its two accounts must show, and checks its chains to the rows before it.
fn tally(tallies: &mut HashMap<i64, Tally>, seq: Seq, row: &LedgerRow, rule: &mut Rule) -> Result<(), Fault> {
    let transfer = &row.transfer;
    let add = |counter: &mut Kopecks, amount: Kopecks| match counter.checked_add(amount) {
        Some(sum) => {
            *counter = sum;
            Ok(())
        }
        None => Err(Fault::Bug(format!("the sums at ledger row {seq} do not fit"))),
    };
    let minus = |amount: Kopecks| Kopecks::new(amount.get().saturating_neg());
    // A charge ends its hold whole, whatever part of it is taken; so the pending counters fall by
    // the hold's amount, which only the hold's row knows.
    let (pending, posted) = match transfer.kind {
        Kind::Hold => (transfer.amount, Kopecks::ZERO),
        Kind::Release => (minus(transfer.amount), Kopecks::ZERO),
        Kind::Charge => (Kopecks::ZERO, transfer.amount),
        Kind::Topup | Kind::Refund | Kind::Adjust | Kind::Loss => (Kopecks::ZERO, transfer.amount),
    };
    for (account, prev, is_debit) in
        [(transfer.debit, row.prev_debit, true), (transfer.credit, row.prev_credit, false)]
    {
        let tally = tallies.entry(account_key(account)).or_default();
        rule.check(tally.newest == prev, || {
            let newest = tally.newest.map_or("none".to_owned(), |seq| seq.to_string());
            (format!("ledger {seq}"), format!("its chain skips row {newest} of {account}"))
        });
        tally.newest = Some(seq);
        let counters = &mut tally.counters;
        if is_debit {
            tally.charged_back |= matches!(transfer.memo, Memo::Chargeback(_));
            add(&mut counters.debits_pending, pending)?;
            add(&mut counters.debits_posted, posted)?;
        } else {
            add(&mut counters.credits_pending, pending)?;
            add(&mut counters.credits_posted, posted)?;
        }
    }
    Ok(())
}

/// Every row belongs to exactly one job, payment, action or account, whose own row names it back:
/// so none of them can have two.
fn owner(tables: &ReadTables, seq: Seq, transfer: &Transfer, rules: &mut Rules) -> Result<(), Fault> {
    let here = || format!("ledger {seq}");
    match transfer.reference {
        Ref::Hold(job) | Ref::Charge(job) | Ref::Release(job) | Ref::Refund(job) | Ref::Loss(job) => {
            let row: Option<JobRow> = get(&tables.jobs, job.0)?;
            let Some(money) = row.map(|row| row.money) else {
                rules.jobs.broken(here(), format!("there is no job {job}"));
                return Ok(());
            };
            let (slot, rule) = match transfer.kind {
                Kind::Hold => (money.hold, &mut rules.jobs),
                Kind::Charge | Kind::Release => (money.settled, &mut rules.holds),
                Kind::Refund => (money.refund, &mut rules.jobs),
                Kind::Loss => (money.loss, &mut rules.jobs),
                Kind::Topup | Kind::Adjust => (None, &mut rules.jobs),
            };
            rule.checked();
            rule.check(slot == Some(seq), || {
                (here(), format!("job {job} does not know this {}: a second one", transfer.kind))
            });
        }
        Ref::Payment(id) | Ref::PaymentBack(id) => {
            let row: Option<PaymentRow> = get(&tables.payments, id.0)?;
            let back = matches!(transfer.reference, Ref::PaymentBack(_));
            let slot = row.and_then(|row| if back { row.back } else { row.credited });
            rules.payments.checked();
            rules.payments.check(slot == Some(seq), || {
                (here(), format!("payment {id} does not know this {}: a second one", transfer.kind))
            });
        }
        Ref::Adjust(action) => {
            let row: Option<ActionRow> = get(&tables.admin_actions, action.0)?;
            rules.counters.check(row.and_then(|row| row.seq) == Some(seq), || {
                (here(), format!("action {action} does not know this {}", transfer.kind))
            });
        }
        Ref::Welcome(user) => {
            let row: Option<AccountRow> = get(&tables.accounts, user.0)?;
            rules.counters.check(row.and_then(|row| row.welcome) == Some(seq), || {
                (here(), format!("the wallet of {user} does not know this bonus: a second one"))
            });
        }
    }
    Ok(())
}

/// L1, L2, L3, from the accounts against what their rows add up to. L4 and L5 for every job.
fn accounts(tables: &ReadTables, tallies: &HashMap<i64, Tally>, rules: &mut Rules) -> Result<(), Fault> {
    let mut taken_back = jobs(tables, rules)?;
    let mut seen = 0;
    let mut sum = Sum::default();
    for entry in tables.accounts.iter()? {
        let (key, bytes) = entry?;
        let key = key.value();
        let row: AccountRow = decode(&key, bytes.value())?;
        let name =
            || account_of_key(key).map_or(format!("accounts {key}"), |account| format!("accounts {account}"));
        sum.add(&row.counters)?;
        rules.sum.checked();
        let tally = tallies.get(&key);
        let charged_back = tally.is_some_and(|tally| tally.charged_back);
        if key > 0 {
            rules.wallets.checked();
            let below = row.counters.available().is_none_or(Kopecks::is_negative);
            rules.wallets.check(!below || charged_back, || (name(), "the wallet is below zero".to_owned()));
        }
        rules.counters.checked();
        let mut counters = tally.map_or(Counters::default(), |tally| tally.counters);
        let ended = taken_back.remove(&key).unwrap_or(Kopecks::ZERO);
        let debit_side = key > 0;
        let pending = if debit_side { &mut counters.debits_pending } else { &mut counters.credits_pending };
        *pending = pending.checked_sub(ended).ok_or_else(|| Fault::Bug("pending sums do not fit".into()))?;
        rules.counters.check(counters == row.counters, || {
            (name(), format!("its counters are {:?}, its rows add up to {counters:?}", row.counters))
        });
        let newest = tally.and_then(|tally| tally.newest);
        rules.counters.check(row.newest == newest, || {
            (name(), format!("its newest row is {newest:?}, it says {:?}", row.newest))
        });
        seen += usize::from(tally.is_some());
    }
    rules.counters.check(seen == tallies.len(), || {
        ("accounts".to_owned(), "an account that ledger rows moved is missing".to_owned())
    });
    rules.sum.check(sum.is_zero(), || {
        ("accounts".to_owned(), format!("all accounts add up to {sum:?}, not zero"))
    });
    Ok(())
}

/// L4 and L5 from the jobs' side. Gives, an account, the pending amounts that charges took back.
fn jobs(tables: &ReadTables, rules: &mut Rules) -> Result<HashMap<i64, Kopecks>, Fault> {
    let mut taken_back: HashMap<i64, Kopecks> = HashMap::new();
    for entry in tables.jobs.iter()? {
        let (id, bytes) = entry?;
        let id = id.value();
        let row: JobRow = decode(&id, bytes.value())?;
        let read = |seq: Option<Seq>| -> Result<Option<Transfer>, Fault> {
            let Some(seq) = seq else { return Ok(None) };
            Ok(get::<_, LedgerRow>(&tables.ledger, seq.0)?.map(|row| row.transfer))
        };
        let hold = read(row.money.hold)?;
        let settled = read(row.money.settled)?;
        let (refund, loss) = (read(row.money.refund)?, read(row.money.loss)?);
        let here = |what: &str| (format!("jobs {id}"), what.to_owned());
        rules.holds.checked();
        rules.jobs.checked();
        let is = |transfer: &Option<Transfer>, kind| transfer.as_ref().is_some_and(|one| one.kind == kind);
        for (slot, found, kinds) in [
            (row.money.hold, &hold, &[Kind::Hold][..]),
            (row.money.settled, &settled, &[Kind::Charge, Kind::Release]),
            (row.money.refund, &refund, &[Kind::Refund]),
            (row.money.loss, &loss, &[Kind::Loss]),
        ] {
            let fits = found
                .as_ref()
                .is_some_and(|one| one.job.is_some_and(|job| job.0 == id) && kinds.contains(&one.kind));
            rules
                .jobs
                .check(slot.is_none() || fits, || here("a ledger row it names is missing or not its own"));
        }
        if let (Some(held), Some(end)) = (&hold, &settled) {
            let within = end.amount <= held.amount && (end.kind == Kind::Charge || end.amount == held.amount);
            rules.holds.check(within && end.pending_of == row.money.hold, || {
                here("its hold does not end in what was held")
            });
            if end.kind == Kind::Charge {
                for key in [account_key(held.debit), account_key(held.credit)] {
                    let sum = taken_back.entry(key).or_insert(Kopecks::ZERO);
                    *sum = sum
                        .checked_add(held.amount)
                        .ok_or_else(|| Fault::Bug("pending sums do not fit".into()))?;
                }
            }
        }
        rules.holds.check(settled.is_none() || hold.is_some(), || here("it was settled without a hold"));
        let open = hold.is_some() && settled.is_none();
        rules.holds.check(!(open && row.state.is_final()), || here("it is over and its hold is still open"));
        let charge = settled.as_ref().filter(|end| end.kind == Kind::Charge).map(|end| end.amount);
        let refunded = refund.as_ref().map(|refund| refund.amount);
        rules
            .jobs
            .check(refunded.is_none() || refunded <= charge, || here("its refund is more than was charged"));
        rules
            .jobs
            .check(loss.is_none() || is(&settled, Kind::Release), || here("it has a loss without a release"));
    }
    Ok(taken_back)
}

/// L6 from the payments' side: each names rows that are its own.
fn payments(tables: &ReadTables, rule: &mut Rule) -> Result<(), Fault> {
    for entry in tables.payments.iter()? {
        let (id, bytes) = entry?;
        let id = id.value();
        let row: PaymentRow = decode(&id, bytes.value())?;
        rule.checked();
        for (slot, is_back) in [(row.credited, false), (row.back, true)] {
            let Some(seq) = slot else { continue };
            let found = get::<_, LedgerRow>(&tables.ledger, seq.0)?.map(|row| row.transfer.reference);
            let fits = match found {
                Some(Ref::Payment(of)) => of.0 == id && !is_back,
                Some(Ref::PaymentBack(of)) => of.0 == id && is_back,
                Some(
                    Ref::Hold(_)
                    | Ref::Charge(_)
                    | Ref::Release(_)
                    | Ref::Refund(_)
                    | Ref::Loss(_)
                    | Ref::Adjust(_)
                    | Ref::Welcome(_),
                )
                | None => false,
            };
            rule.check(fits, || (format!("payments {id}"), format!("ledger row {seq} is not its own")));
        }
        let outside = format!("{}/{}", row.source, row.outside_id);
        let indexed = tables.payments_by_outside.get(outside.as_str())?.map(|found| found.value());
        rule.check(indexed == Some(id), || {
            (format!("payments {id}"), format!("its outside id leads to payment {indexed:?}: credited twice"))
        });
    }
    Ok(())
}

/// The sums of L1, wide enough for every account at its limit.
#[derive(Debug, Default)]
struct Sum {
    posted: i128,
    pending: i128,
}

impl Sum {
    fn add(&mut self, counters: &Counters) -> Result<(), Fault> {
        let of = |credits: Kopecks, debits: Kopecks| i128::from(credits.get()) - i128::from(debits.get());
        self.posted += of(counters.credits_posted, counters.debits_posted);
        self.pending += of(counters.credits_pending, counters.debits_pending);
        Ok(())
    }

    fn is_zero(&self) -> bool {
        self.posted == 0 && self.pending == 0
    }
}

/// The cheap check of every minute: all accounts add up to zero, and no wallet that nobody charged
/// back is below it.
pub(super) fn check_accounts(tables: &ReadTables) -> Result<Option<Broken>, Fault> {
    let mut sum = Sum::default();
    for entry in tables.accounts.iter()? {
        let (key, bytes) = entry?;
        let row: AccountRow = decode(&key.value(), bytes.value())?;
        sum.add(&row.counters)?;
        let below = row.counters.available().is_none_or(Kopecks::is_negative);
        if key.value() > 0 && below && !was_charged_back(tables, key.value(), row.newest)? {
            let row = format!("accounts user:{}", key.value());
            return Ok(Some(Broken { row, what: "the wallet is below zero (L2)".to_owned() }));
        }
    }
    if sum.is_zero() {
        return Ok(None);
    }
    let what = format!("all accounts add up to {sum:?}, not zero (L1)");
    Ok(Some(Broken { row: "accounts".to_owned(), what }))
}

fn was_charged_back(tables: &ReadTables, user: i64, newest: Option<Seq>) -> Result<bool, Fault> {
    let mut next = newest;
    while let Some(seq) = next {
        let Some(row) = get::<_, LedgerRow>(&tables.ledger, seq.0)? else { return Ok(false) };
        if matches!(row.transfer.memo, Memo::Chargeback(_)) {
            return Ok(true);
        }
        next = row.prev(Account::User(crate::ids::UserId(user)));
    }
    Ok(false)
}
