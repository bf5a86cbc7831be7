//! Files broken by hand, at least one a rule: the audit names rule and row.

mod named;
mod promos;

use super::super::accounts::{AccountRow, LedgerRow, Posted, account_key};
use super::super::codec::{get, put};
use super::super::jobs::{Delivery, Job};
use super::super::payments::{Payment, PaymentMoney, PaymentRow, Try, outside};
use super::super::queues::{Fate, SeenRow};
use super::super::scenario::{ANN, BOB, Shop, done, failed, forge, job, nobodys_adjust, roubles, tell};
use super::super::{AccountsReport, Fault, Report, Tx};
use crate::ids::{InboxId, JobId, OutboxId, PaymentId, Seq, UpdateId, UserId};
use crate::ledger::{Account, Memo, Transfer};
use crate::message::{NotTaken, Priority};
use crate::money::Kopecks;
use crate::payment::{State, Way};
use crate::time::At;
use redb::ReadableTable;

#[test]
fn a_sound_file_passes_and_every_rule_was_really_checked() {
    let shop = Shop::busy();
    let report = shop.audit();
    assert!(report.ok, "{report:#?}");
    let ids: Vec<_> = report.rules.iter().map(|rule| rule.id).collect();
    assert_eq!(ids, ["L1", "L2", "L3", "L4", "L5", "L6", "L7", "L8", "L9", "L10"]);
    for rule in &report.rules {
        assert!(rule.ok && rule.checked > 0 && rule.broken.is_empty(), "{rule:?}");
    }
    assert_eq!(report.rows, 19);
    assert_eq!(report.head.len(), 64);
    assert_eq!(shop.store.view().expect("a snapshot").audit_accounts(), Ok(AccountsReport::default()));
}

#[test]
fn an_empty_file_passes() {
    let report = Shop::empty().audit();
    assert!(report.ok, "{report:#?}");
    assert_eq!((report.rows, report.head), (0, "00".repeat(32)));
}

/// Breaks a sound file and sees `rule` name `row`, with the rules in `also` broken too and no other.
#[track_caller]
fn breaks(
    rule: &str,
    row: &str,
    also: &[&str],
    by: impl Fn(&mut Tx<'_>) -> Result<(), Fault> + Send + 'static,
) -> Report {
    let shop = Shop::busy();
    shop.act(by);
    let report = shop.audit();
    assert!(!report.ok);
    let broken: Vec<_> = report.rules.iter().filter(|rule| !rule.ok).map(|rule| rule.id).collect();
    let named = report.rules.iter().filter(|found| found.id == rule).flat_map(|rule| &rule.broken);
    let named: Vec<_> = named.map(|broken| broken.row.as_str()).collect();
    assert!(named.contains(&row), "{rule} names {named:?}, not {row}: {report:#?}");
    let mut expected: Vec<_> = also.iter().copied().chain([rule]).collect();
    expected.sort_by_key(|id| id[1..].parse::<u8>().expect("a rule's number"));
    assert_eq!(broken, expected, "{report:#?}");
    report
}

fn change_account(tx: &mut Tx<'_>, of: Account, change: impl Fn(&mut AccountRow)) -> Result<(), Fault> {
    let mut row = tx.account(of)?;
    change(&mut row);
    tx.put_account(of, row);
    Ok(())
}

fn change_job(tx: &mut Tx<'_>, id: u64, change: impl Fn(&mut Job)) -> Result<(), Fault> {
    let mut job = tx.job(JobId(id))?.expect("a job of the scenario");
    change(&mut job);
    put(tx.tables.jobs.write()?, id, &job.row)
}

fn change_ledger(tx: &mut Tx<'_>, seq: u64, change: impl Fn(&mut LedgerRow)) -> Result<(), Fault> {
    let mut row = tx.ledger_row(Seq(seq))?;
    change(&mut row);
    put(tx.tables.ledger.write()?, seq, &row)
}

fn more(counter: &mut Kopecks, by: i64) {
    *counter = Kopecks::new(counter.get() + by);
}

#[test]
fn l1_money_from_nowhere() {
    let report = breaks("L1", "accounts", &["L3"], |tx| {
        change_account(tx, Account::Revenue, |row| more(&mut row.counters.credits_posted, 1))
    });
    assert_eq!(report.rules[2].broken[0].row, "accounts revenue");
    breaks("L1", "accounts", &["L3"], |tx| {
        change_account(tx, Account::User(ANN), |row| more(&mut row.counters.debits_pending, 1))
    });
}

#[test]
fn l2_a_hold_beyond_what_is_there() {
    breaks("L2", "ledger 20", &[], |tx| {
        let mut job = job(9, ANN, super::super::scenario::queued());
        let hold = Transfer::hold(JobId(9), ANN, roubles(40), tx.now().at);
        job.row.money.hold = Some(forge(tx, &hold, Kopecks::ZERO)?);
        tx.put_job(&job)?;
        // Back above zero at once: only the order of the rows tells.
        assert!(tx.credit_payment(Way::Stars, "charge-2", ANN, roubles(100))?.is_ok());
        Ok(())
    });
}

#[test]
fn l2_a_wallet_below_zero_without_a_chargeback() {
    breaks("L2", "accounts user:1", &["L3"], |tx| {
        change_account(tx, Account::User(ANN), |row| more(&mut row.counters.debits_posted, 100_000))?;
        change_account(tx, Account::Revenue, |row| more(&mut row.counters.credits_posted, 100_000))
    });
}

#[test]
fn l3_counters_pointers_and_rows_that_do_not_agree() {
    breaks("L3", "accounts user:1", &[], |tx| {
        change_account(tx, Account::User(ANN), |row| more(&mut row.counters.debits_posted, 100))?;
        change_account(tx, Account::User(BOB), |row| more(&mut row.counters.credits_posted, 100))
    });
    breaks("L3", "accounts user:2", &[], |tx| {
        change_account(tx, Account::User(BOB), |row| row.newest = Some(Seq(1)))
    });
    breaks("L3", "accounts cash:stars", &["L1"], |tx| {
        tx.tables.accounts_lately.write()?.remove(account_key(Account::CashStars))?;
        Ok(())
    });
    breaks("L3", "ledger 19", &[], |tx| change_ledger(tx, 19, |row| row.prev_debit = None));
    breaks("L3", "ledger 20", &[], |tx| {
        forge(tx, &nobodys_adjust(roubles(1), tx.now().at), Kopecks::ZERO).map(drop)
    });
    breaks("L3", "ledger 20", &[], |tx| {
        forge(tx, &Transfer::welcome(ANN, roubles(5), tx.now().at), Kopecks::ZERO).map(drop)
    });
    breaks("L3", "accounts 0", &[], |tx| put(tx.tables.accounts.write()?, 0, &AccountRow::default()));
}

/// A job's rows in the scenario's ledger.
fn rows_of(tx: &Tx<'_>, id: u64) -> Result<(Seq, Option<Seq>), Fault> {
    let money = tx.job(JobId(id))?.expect("a job of the scenario").row.money;
    Ok((money.hold.expect("it has a hold"), money.settled))
}

#[test]
fn l4_a_hold_that_ends_twice_or_not_at_all() {
    // Charged a second time: after its release, and after its charge.
    for id in [1, 2] {
        breaks("L4", "ledger 20", &[], move |tx| {
            let (hold, _) = rows_of(tx, id)?;
            let charge = Transfer::charge(JobId(id), ANN, hold, roubles(1), tx.now().at);
            forge(tx, &charge, Kopecks::ZERO).map(drop)
        });
    }
    breaks("L4", "jobs 5", &["L8"], |tx| {
        let mut job = tx.job(JobId(5))?.expect("open");
        (job.row.state, job.row.due) = (done(), None);
        tell(tx, &mut job, true)?;
        tx.put_job(&job)
    });
    breaks("L4", "jobs 7", &["L5"], |tx| {
        let (_, settled) = rows_of(tx, 1)?;
        change_job(tx, 7, |job| job.row.money.settled = settled)
    });
}

#[test]
fn l4_an_end_that_is_not_what_was_held() {
    // More than the hold, and a release of a part.
    breaks("L4", "ledger 20", &[], |tx| {
        let (hold, _) = rows_of(tx, 5)?;
        let mut job = tx.job(JobId(5))?.expect("open");
        let charge = Transfer::charge(JobId(5), ANN, hold, roubles(11), tx.now().at);
        job.row.money.settled = Some(forge(tx, &charge, roubles(10))?);
        (job.row.state, job.row.due) = (done(), None);
        tell(tx, &mut job, true)?;
        tx.put_job(&job)
    });
    breaks("L4", "ledger 20", &[], |tx| {
        let (hold, _) = rows_of(tx, 5)?;
        let mut job = tx.job(JobId(5))?.expect("open");
        let release = Transfer::release(JobId(5), ANN, hold, roubles(9), tx.now().at, Memo::Failed);
        job.row.money.settled = Some(forge(tx, &release, roubles(10))?);
        (job.row.state, job.row.due) = (failed(), None);
        tell(tx, &mut job, true)?;
        tx.put_job(&job)
    });
}

#[test]
fn l5_a_second_hold_refund_or_loss_of_one_job() {
    breaks("L5", "ledger 20", &[], |tx| {
        forge(tx, &Transfer::hold(JobId(5), ANN, roubles(1), tx.now().at), Kopecks::ZERO).map(drop)
    });
    breaks("L5", "ledger 20", &[], |tx| {
        let refund = Transfer::refund(JobId(3), ANN, roubles(1), tx.now().at, Memo::Undeliverable);
        forge(tx, &refund, Kopecks::ZERO).map(drop)
    });
    breaks("L5", "ledger 20", &[], |tx| {
        forge(tx, &Transfer::loss(JobId(4), roubles(1), tx.now().at), Kopecks::ZERO).map(drop)
    });
    breaks("L5", "ledger 20", &[], |tx| {
        forge(tx, &Transfer::hold(JobId(77), ANN, roubles(1), tx.now().at), Kopecks::ZERO).map(drop)
    });
}

#[test]
fn l5_a_refund_beyond_the_charge_and_a_loss_without_a_release() {
    breaks("L5", "jobs 1", &[], |tx| {
        let refund = Transfer::refund(JobId(1), ANN, roubles(46), tx.now().at, Memo::Undeliverable);
        let seq = forge(tx, &refund, Kopecks::ZERO)?;
        change_job(tx, 1, |job| job.row.money.refund = Some(seq))
    });
    breaks("L5", "jobs 1", &[], |tx| {
        let seq = forge(tx, &Transfer::loss(JobId(1), roubles(1), tx.now().at), Kopecks::ZERO)?;
        change_job(tx, 1, |job| job.row.money.loss = Some(seq))
    });
    breaks("L5", "jobs 7", &["L4", "L8"], |tx| change_job(tx, 7, |job| job.row.money.hold = Some(Seq(1))));
    breaks("L5", "ledger 20", &[], |tx| {
        let mut job = job(9, BOB, super::super::scenario::queued());
        let hold = Transfer::hold(JobId(9), ANN, roubles(1), tx.now().at);
        job.row.money.hold = Some(forge(tx, &hold, Kopecks::ZERO)?);
        tx.put_job(&job)
    });
}

#[test]
fn l6_a_payment_credited_or_taken_back_twice() {
    for back in [false, true] {
        breaks("L6", "ledger 20", &[], move |tx| {
            let row: PaymentRow = get(tx.tables.payments.read()?, 2)?.expect("bob's");
            let seq = if back { row.money.back } else { row.money.credited };
            let again = tx.ledger_row(seq.expect("both happened"))?.transfer;
            forge(tx, &again, Kopecks::ZERO).map(drop)
        });
    }
    breaks("L6", "payments 3", &[], |tx| {
        let twin: PaymentRow = get(tx.tables.payments.read()?, 1)?.expect("ann's");
        let mut credit = tx.ledger_row(twin.money.credited.expect("credited"))?.transfer;
        credit.reference = crate::ledger::Ref::Payment(PaymentId(3));
        let credited = Some(forge(tx, &credit, Kopecks::ZERO)?);
        let money = PaymentMoney { credited, ..PaymentMoney::default() };
        put(tx.tables.payments.write()?, 3, &PaymentRow { money, ..twin })
    });
    breaks("L6", "payments 1", &[], |tx| {
        let row: PaymentRow = get(tx.tables.payments.read()?, 1)?.expect("ann's");
        let money = PaymentMoney { back: Some(Seq(1)), ..row.money.clone() };
        put(tx.tables.payments.write()?, 1, &PaymentRow { money, ..row })
    });
}

/// Somebody new, whose payment 3 of 10 roubles came as row 20.
const CAT: UserId = UserId(3);

fn cats_payment(tx: &mut Tx<'_>) -> Result<Payment, Fault> {
    let credited = tx.credit_payment(Way::Stars, "cat-1", CAT, roubles(10))?;
    let (id, _) = credited.map_err(|refusal| Fault::Bug(refusal.to_string()))?;
    Ok(tx.payment(id)?.expect("just credited"))
}

fn moves(tx: &mut Tx<'_>, payment: &mut Payment, transfer: &Transfer) -> Result<Seq, Fault> {
    let posted = tx.transfer_for_payment(payment, transfer)?;
    posted.map(Posted::seq).map_err(|refusal| Fault::Bug(refusal.to_string()))
}

/// It is on its way back since row 21.
fn goes_back(tx: &mut Tx<'_>) -> Result<Payment, Fault> {
    let mut payment = cats_payment(tx)?;
    let hold = Transfer::pay_hold(PaymentId(3), 1, CAT, Account::CashStars, roubles(10), tx.now().at);
    moves(tx, &mut payment, &hold)?;
    payment.row.state = State::Refunding;
    tx.put_payment(&payment)?;
    Ok(payment)
}

/// And has ended: it is there, or not.
fn ended(tx: &mut Tx<'_>, taken: bool) -> Result<Payment, Fault> {
    let mut payment = goes_back(tx)?;
    let hold = tx.ledger_row(Seq(21))?.transfer;
    let end = Transfer::pay_hold_end(&hold, Seq(21), PaymentId(3), 1, taken, tx.now().at);
    moves(tx, &mut payment, &end)?;
    payment.row.state = if taken { State::Refunded } else { State::Paid };
    tx.put_payment(&payment)?;
    Ok(payment)
}

#[test]
fn a_payment_on_its_way_back_and_one_that_is_there_are_sound() {
    let shops = [
        Shop::busy().after(goes_back),
        Shop::busy().after(|tx| ended(tx, true)),
        Shop::busy().after(|tx| ended(tx, false)),
    ];
    for shop in shops {
        assert!(shop.audit().ok, "{:#?}", shop.audit());
    }
}

#[test]
fn l4_a_payments_hold_that_nobody_will_end_or_that_is_not_there() {
    breaks("L4", "payments 3", &[], |tx| {
        let mut payment = goes_back(tx)?;
        payment.row.state = State::Paid;
        tx.put_payment(&payment)
    });
    breaks("L4", "payments 3", &[], |tx| {
        let mut payment = ended(tx, false)?;
        payment.row.state = State::Refunding;
        tx.put_payment(&payment)
    });
    // A second hold while the first is open.
    breaks("L4", "payments 3", &[], |tx| {
        let mut payment = goes_back(tx)?;
        assert!(tx.credit_payment(Way::Stars, "cat-2", CAT, roubles(10))?.is_ok());
        let second = Transfer::pay_hold(PaymentId(3), 2, CAT, Account::CashStars, roubles(10), tx.now().at);
        let hold = forge(tx, &second, Kopecks::ZERO)?;
        payment.row.money.tries.push(Try { hold, ended: None });
        tx.put_payment(&payment)
    });
}

#[test]
fn l6_a_payment_that_went_back_twice() {
    // Given back by us, and charged back as well.
    breaks("L6", "payments 3", &[], |tx| {
        let mut payment = ended(tx, true)?;
        let back = Transfer::chargeback(PaymentId(3), CAT, roubles(10), tx.now().at);
        payment.row.money.back = Some(forge(tx, &back, Kopecks::ZERO)?);
        tx.put_payment(&payment)
    });
    // A second try that was taken too; and one that the payment does not know of.
    for known in [true, false] {
        let row = if known { "payments 3" } else { "ledger 24" };
        breaks("L6", row, &[], move |tx| {
            let mut payment = ended(tx, true)?;
            assert!(tx.credit_payment(Way::Stars, "cat-2", CAT, roubles(10))?.is_ok());
            let again =
                Transfer::pay_hold(PaymentId(3), 2, CAT, Account::CashStars, roubles(10), tx.now().at);
            let hold = forge(tx, &again, Kopecks::ZERO)?;
            let end = Transfer::pay_hold_end(&again, hold, PaymentId(3), 2, true, tx.now().at);
            let ended = Some(forge(tx, &end, roubles(10))?);
            if known {
                payment.row.money.tries.push(Try { hold, ended });
            }
            tx.put_payment(&payment)
        });
    }
}

#[test]
fn l6_a_payment_that_names_rows_of_others_or_of_another_amount() {
    breaks("L6", "payments 3", &[], |tx| {
        let mut payment = goes_back(tx)?;
        payment.row.money.tries[0].hold = Seq(20);
        tx.put_payment(&payment)
    });
    breaks("L6", "payments 3", &[], |tx| {
        let mut payment = ended(tx, true)?;
        payment.row.money.tries[0].ended = Some(Seq(1));
        tx.put_payment(&payment)
    });
    breaks("L6", "payments 3", &[], |tx| {
        let mut payment = cats_payment(tx)?;
        payment.row.amount = roubles(11);
        tx.put_payment(&payment)
    });
    breaks("L6", "payments 3", &[], |tx| {
        let mut payment = cats_payment(tx)?;
        payment.row.money.credited = Some(Seq(99));
        tx.put_payment(&payment)
    });
}

#[test]
fn l6_a_payment_whose_state_says_something_else_than_its_money() {
    let until = At(9);
    let states = [State::Asked { until }, State::Claimed { until }, State::Rejected, State::Expired];
    for state in states.into_iter().chain([State::Refunded, State::ChargedBack]) {
        breaks("L6", "payments 3", &[], move |tx| {
            let mut payment = cats_payment(tx)?;
            payment.row.state = state;
            tx.put_payment(&payment)
        });
    }
    for state in [State::Paid, State::Rejected] {
        breaks("L6", "payments 3", &[], move |tx| {
            let mut payment = ended(tx, true)?;
            payment.row.state = state;
            tx.put_payment(&payment)
        });
    }
}

#[test]
fn l6_what_leads_to_payments_and_lies() {
    // A charge that counts as known and is nobody's would never be credited.
    breaks("L6", "payments_by_outside cash:stars/new", &[], |tx| {
        tx.tables.payments_by_outside.write()?.insert("cash:stars/new", 1)?;
        Ok(())
    });
    // One that is not known any more would be credited again.
    breaks("L6", "payments 1", &[], |tx| {
        tx.tables.payments_by_outside.write()?.remove("cash:stars/charge-1")?;
        Ok(())
    });
    breaks("L6", "payments_back_early cash:stars/charge-1", &[], |tx| {
        tx.remember_back(Way::Stars, "charge-1")
    });
    breaks("L6", "payments_open 1 1", &[], |tx| {
        tx.tables.payments_open.write()?.insert((1, 1), 9)?;
        Ok(())
    });
    breaks("L6", "payers 1", &[], |tx| {
        tx.tables.payers.write()?.insert(1, 2)?;
        Ok(())
    });
    breaks("L6", "payers", &[], |tx| {
        tx.tables.payers.write()?.remove(1)?;
        Ok(())
    });
    breaks("L6", "payers", &[], |tx| {
        cats_payment(tx)?;
        let credited = tx.credit_payment(Way::Stars, "cat-2", CAT, roubles(10))?;
        let (id, _) = credited.map_err(|refusal| Fault::Bug(refusal.to_string()))?;
        let mut payment = tx.payment(id)?.expect("just credited");
        payment.row.prev = None;
        tx.put_payment(&payment)
    });
}

#[test]
fn l6_a_payment_from_outside_that_was_credited_without_its_outside_id() {
    for way in [Way::Stars, Way::Card] {
        breaks("L6", "payments 3", &[], move |tx| {
            let credited = tx.credit_payment(way, "cat-1", CAT, roubles(10))?;
            let (id, _) = credited.map_err(|refusal| Fault::Bug(refusal.to_string()))?;
            let mut payment = tx.payment(id)?.expect("just credited");
            payment.row.charge = None;
            tx.tables.payments_by_outside.write()?.remove(outside(way, "cat-1").as_str())?;
            tx.put_payment(&payment)
        });
    }
}

#[test]
fn l6_a_transfer_by_hand_that_waits_and_will_not_end() {
    let asked = |tx: &mut Tx<'_>| {
        let row = PaymentRow {
            way: Way::Manual,
            charge: None,
            state: State::Asked { until: At(9) },
            money: PaymentMoney::default(),
            ..cats_payment(tx)?.row
        };
        tx.new_payment(row)
    };
    let shop = Shop::busy();
    shop.act(move |tx| asked(tx).map(drop));
    assert!(shop.audit().ok, "{:#?}", shop.audit());
    breaks("L6", "payments 4", &[], move |tx| {
        asked(tx)?;
        tx.tables.payments_open.write()?.remove((CAT.0, 4))?;
        Ok(())
    });
    breaks("L6", "payments_open 3 4", &[], move |tx| {
        asked(tx)?;
        tx.tables.payments_open.write()?.insert((CAT.0, 4), 10)?;
        Ok(())
    });
}

#[test]
fn l7_a_past_that_was_rewritten() {
    breaks("L7", "ledger 3", &[], |tx| change_ledger(tx, 2, |row| row.transfer.at = At(1)));
    breaks("L7", "ledger 19", &[], |tx| change_ledger(tx, 19, |row| row.prev_hash = [1; 32]));
    let report = breaks("L7", "ledger 3", &["L2", "L3", "L6"], |tx| {
        tx.tables.ledger.write()?.remove(2)?;
        Ok(())
    });
    assert_eq!(report.rows, 18);
}

#[test]
fn l8_a_job_that_nothing_will_end() {
    breaks("L8", "jobs 5", &[], |tx| {
        let mut job = tx.job(JobId(5))?.expect("open");
        job.row.due = None;
        tx.put_job(&job)
    });
    breaks("L8", "jobs 6", &[], |tx| {
        tx.tables.jobs_due.write()?.remove((1_000, 6))?;
        Ok(())
    });
    breaks("L8", "jobs_due 1000 99", &[], |tx| {
        tx.tables.jobs_due.write()?.insert((1_000, 99), ())?;
        Ok(())
    });
}

#[test]
fn l9_an_update_that_would_run_twice_or_never() {
    breaks("L9", "inbox 1", &[], |tx| {
        tx.tables.seen_updates.write()?.remove((9, 1))?;
        Ok(())
    });
    breaks("L9", "inbox 1", &[], |tx| {
        put(tx.tables.seen_updates.write()?, (9, 1), &SeenRow { at: At(0), fate: Fate::Handled })
    });
    breaks("L9", "seen_updates (9, 1)", &[], |tx| {
        tx.tables.inbox.write()?.remove(1)?;
        Ok(())
    });
    breaks("L9", "seen_updates (9, 2)", &[], |tx| {
        assert!(tx.inbox_row(InboxId(2))?.is_none());
        let row = tx.inbox_row(InboxId(1))?.expect("it waits");
        assert_eq!(row.update, UpdateId(1));
        let seen = SeenRow { at: At(0), fate: Fate::Stored(InboxId(2)) };
        put(tx.tables.seen_updates.write()?, (9, 2), &seen)
    });
}

#[test]
fn l10_a_customer_who_was_never_told() {
    breaks("L10", "jobs 7", &[], |tx| change_job(tx, 7, |job| job.row.told = None));
    breaks("L10", "jobs 2", &[], |tx| {
        let told = tx.job(JobId(2))?.expect("failed").row.told.expect("told");
        tx.drop_outbox_row(Priority::Result as u8, told)
    });
    // Another job's message is not its own.
    breaks("L10", "jobs 7", &[], |tx| {
        let other: Option<OutboxId> = tx.job(JobId(2))?.expect("failed").row.told;
        change_job(tx, 7, |job| (job.row.told, job.row.delivery) = (other, Delivery::Waiting))
    });
}

#[test]
fn a_message_that_telegram_refused_counts_as_told() {
    let shop = Shop::busy();
    shop.act(|tx| {
        change_job(tx, 7, |job| {
            job.row.delivery = Delivery::Refused { at: At(0), why: NotTaken::Blocked };
        })
    });
    assert!(shop.audit().ok);
}

#[test]
fn the_cheap_check_sees_sums_and_wallets() {
    let broken = |by: fn(&mut Tx<'_>) -> Result<(), Fault>| {
        let shop = Shop::busy();
        shop.act(by);
        shop.store.view().expect("a snapshot").audit_accounts().expect("readable rows").broken
    };
    let sum = broken(|tx| change_account(tx, Account::Bonus, |row| more(&mut row.counters.debits_posted, 1)));
    assert_eq!(sum.expect("broken").row, "accounts");
    let below = broken(|tx| {
        change_account(tx, Account::User(ANN), |row| more(&mut row.counters.debits_posted, 100_000))?;
        change_account(tx, Account::User(UserId(3)), |row| more(&mut row.counters.credits_posted, 100_000))
    });
    assert_eq!(below.expect("broken").row, "accounts user:1");
}

#[test]
fn a_row_that_cannot_be_read_is_a_fault_that_names_it() {
    let shop = Shop::busy();
    shop.act(|tx| {
        assert!(tx.tables.ledger.read()?.get(2)?.is_some());
        tx.tables.ledger.write()?.insert(2, [9, 9, 9].as_slice())?;
        Ok(())
    });
    let audited = shop.store.view().expect("a snapshot").audit();
    let why = "it has version 9, known is 1".to_owned();
    assert_eq!(audited, Err(Fault::Row { table: "ledger", key: "2".to_owned(), why }));
}
