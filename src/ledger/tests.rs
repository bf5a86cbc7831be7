//! The rules alone, for what the store lets nobody ask; and the codes that exports, logs and the
//! operator's screens show: scripts read them, so they stay.

use super::{Account, Counters, Kind, Memo, Ref, Refusal, Situation, Standing, Transfer, apply};
use crate::ids::{ActionId, JobId, PaymentId, PromoId, Seq, UserId};
use crate::money::Kopecks;
use crate::time::At;

#[test]
fn what_a_transfer_is_has_a_code() {
    let kinds =
        [Kind::Topup, Kind::Hold, Kind::Charge, Kind::Release, Kind::Refund, Kind::Adjust, Kind::Loss];
    let codes = ["topup", "hold", "charge", "release", "refund", "adjust", "loss"];
    assert_eq!(kinds.map(|kind| kind.to_string()), codes);
    assert_eq!(format!("{:<8}|", Kind::Hold), "hold    |", "tables pad it");
}

#[test]
fn every_cause_has_a_key_of_its_own() {
    let keys = [
        (Ref::Hold(JobId(7)), "hold:7"),
        (Ref::Charge(JobId(7)), "charge:7"),
        (Ref::Release(JobId(7)), "release:7"),
        (Ref::Refund(JobId(7)), "refund:7"),
        (Ref::Loss(JobId(7)), "loss:7"),
        (Ref::Payment(PaymentId(7)), "topup:7"),
        (Ref::PaymentBack(PaymentId(7)), "payback:7"),
        (Ref::Adjust(ActionId(7)), "adjust:7"),
        (Ref::Welcome(UserId(7)), "welcome:7"),
        (Ref::PayHold(PaymentId(7), 1), "payhold:7"),
        (Ref::PayHold(PaymentId(7), 2), "payhold:7:2"),
        (Ref::PayTaken(PaymentId(7), 1), "paytaken:7"),
        (Ref::PayTaken(PaymentId(7), 2), "paytaken:7:2"),
        (Ref::PayReleased(PaymentId(7), 1), "payrelease:7"),
        (Ref::PayReleased(PaymentId(7), 2), "payrelease:7:2"),
        (Ref::Promo(PromoId(7), UserId(8)), "promo:7:8"),
        (Ref::Legacy(7), "legacy:7"),
        (Ref::LegacyImport(UserId(7)), "legacy_import:7"),
        (Ref::LegacyMigration(UserId(7)), "legacy_migration:7"),
    ];
    for (key, code) in keys {
        assert_eq!(key.to_string(), code);
    }
}

#[test]
fn why_money_moved_has_a_code() {
    let memos = [
        (Memo::Ordered, "ordered"),
        (Memo::Delivered, "delivered"),
        (Memo::Failed, "failed"),
        (Memo::Cancelled, "cancelled"),
        (Memo::Late, "late"),
        (Memo::Action(ActionId(7)), "action:7"),
        (Memo::Payment(PaymentId(7)), "payment:7"),
        (Memo::Chargeback(PaymentId(7)), "chargeback:7"),
        (Memo::Welcome, "welcome"),
        (Memo::Undeliverable, "undeliverable"),
        (Memo::Promo(PromoId(7)), "promo:7"),
        (Memo::Legacy, "legacy"),
        (Memo::LegacyImport, "legacy_import"),
        (Memo::LegacyMigration, "legacy_migration"),
    ];
    for (memo, code) in memos {
        assert_eq!(memo.to_string(), code);
    }
}

#[test]
fn only_a_customers_account_has_a_customer() {
    assert_eq!(Account::User(UserId(7)).user(), Some(UserId(7)));
    assert!(Account::OPERATOR.into_iter().all(|account| account.user().is_none()));
}

#[test]
fn money_goes_only_between_accounts_that_trade_so() {
    let ann = Account::User(UserId(1));
    let (id, at, one) = (JobId(1), At(0), Kopecks::new(1));
    let hold = Transfer::hold(id, UserId(1), one, at);
    let refund = Transfer::refund(id, UserId(1), one, at, Memo::Undeliverable);
    let adjust = Transfer::adjust(ActionId(1), UserId(1), one, at);
    let mut wrong = vec![
        Transfer { credit: Account::Bonus, ..hold.clone() },
        Transfer { debit: Account::Revenue, ..hold.clone() },
        Transfer { credit: Account::User(UserId(2)), ..hold },
        Transfer { debit: Account::Adjust, ..refund.clone() },
        Transfer { credit: Account::Provider, ..refund },
        Transfer { credit: Account::Revenue, ..Transfer::loss(id, one, at) },
        Transfer { debit: Account::User(UserId(2)), ..adjust.clone() },
        Transfer { credit: Account::Bonus, ..adjust },
        Transfer { credit: Account::Bonus, ..Transfer::welcome(UserId(1), one, at) },
    ];
    for debit in [Account::Revenue, Account::Adjust, Account::Provider, Account::Loss, ann] {
        wrong.push(Transfer { debit, ..Transfer::welcome(UserId(1), one, at) });
    }
    let rich = Counters { credits_posted: Kopecks::new(100), ..Counters::default() };
    for standing in [Standing::Nothing, Standing::Held(one), Standing::Charged(one), Standing::Released] {
        for transfer in &wrong {
            let now = Situation { same_ref: None, debit: rich, credit: rich, standing, hold: None };
            assert_eq!(apply(&now, transfer), Err(Refusal::WrongAccounts), "{transfer:?}");
        }
    }
}

#[test]
fn a_jobs_money_goes_to_the_revenue_and_a_payments_back_to_where_it_came_from() {
    let (user, at, one) = (UserId(1), At(0), Kopecks::new(1));
    let held = |to| Transfer::pay_hold(PaymentId(1), 1, user, to, one, at);
    let rich = Counters { credits_posted: Kopecks::new(100), ..Counters::default() };
    let now =
        Situation { same_ref: None, debit: rich, credit: rich, standing: Standing::Nothing, hold: None };
    for to in Account::OPERATOR {
        let is_cash = matches!(to, Account::CashStars | Account::CashManual | Account::CashCard);
        let expected = if is_cash { Ok(()) } else { Err(Refusal::WrongAccounts) };
        assert_eq!(apply(&now, &held(to)).map(drop), expected, "a payment's to {to}");
        let job = Transfer { credit: to, ..Transfer::hold(JobId(1), user, one, at) };
        let expected = if to == Account::Revenue { Ok(()) } else { Err(Refusal::WrongAccounts) };
        assert_eq!(apply(&now, &job).map(drop), expected, "a job's to {to}");
        let comes = apply(&now, &Transfer::topup(PaymentId(1), to, user, one, at)).map(drop);
        let expected = if is_cash || to == Account::Bonus { Ok(()) } else { Err(Refusal::WrongAccounts) };
        assert_eq!(comes, expected, "from {to}");
    }
    let from_nobody = Transfer { debit: Account::Revenue, ..held(Account::CashStars) };
    assert_eq!(apply(&now, &from_nobody), Err(Refusal::WrongAccounts));
}

#[test]
fn what_happened_in_the_bot_before_needs_no_hold_and_goes_only_where_such_money_goes() {
    let (ann, one) = (Account::User(UserId(1)), Kopecks::new(1));
    let old = |kind, debit, credit| {
        let nothing = Counters::default();
        let now = Situation {
            same_ref: None,
            debit: nothing,
            credit: nothing,
            standing: Standing::Nothing,
            hold: None,
        };
        apply(&now, &Transfer::legacy(7, kind, debit, credit, one, At(0))).map(drop)
    };
    assert_eq!(old(Kind::Topup, Account::CashManual, ann), Ok(()));
    assert_eq!(old(Kind::Charge, ann, Account::Revenue), Ok(()), "more than is there, too");
    assert_eq!(old(Kind::Refund, Account::Revenue, ann), Ok(()));
    assert_eq!(old(Kind::Charge, ann, Account::CashManual), Err(Refusal::WrongAccounts));
    assert_eq!(old(Kind::Refund, Account::Bonus, ann), Err(Refusal::WrongAccounts));
    assert_eq!(old(Kind::Topup, Account::Revenue, ann), Err(Refusal::WrongAccounts));
    assert_eq!(old(Kind::Release, ann, Account::Revenue), Err(Refusal::NoHold));
}

#[test]
fn a_difference_is_named_by_its_field_and_time_is_none() {
    let was = Transfer::charge(JobId(1), UserId(1), Seq(1), Kopecks::new(1), At(0));
    let other = |change: fn(&mut Transfer)| {
        let mut other = was.clone();
        change(&mut other);
        was.difference(&other)
    };
    assert_eq!(other(|one| one.at = At(9)), None);
    assert_eq!(other(|one| one.reference = Ref::Charge(JobId(2))), Some("ref"));
    assert_eq!(other(|one| one.kind = Kind::Hold), Some("kind"));
    assert_eq!(other(|one| one.debit = Account::Loss), Some("debit"));
    assert_eq!(other(|one| one.credit = Account::Loss), Some("credit"));
    assert_eq!(other(|one| one.amount = Kopecks::new(2)), Some("amount"));
    assert_eq!(other(|one| one.pending_of = None), Some("pending_of"));
    assert_eq!(other(|one| one.job = None), Some("job"));
    assert_eq!(other(|one| one.memo = Memo::Late), Some("memo"));
}

#[test]
fn a_hold_is_ended_only_by_its_own_job_and_from_its_own_wallet() {
    let (id, user, at, one) = (JobId(1), UserId(1), At(0), Kopecks::new(1));
    let hold = Transfer::hold(id, user, one, at);
    let side = Counters { debits_pending: one, credits_pending: one, ..Counters::default() };
    let rich = Counters { credits_posted: Kopecks::new(100), ..side };
    let (standing, held) = (Standing::Held(one), Some((Seq(7), &hold)));
    let now = Situation { same_ref: None, debit: rich, credit: side, standing, hold: held };
    let ends = [
        Transfer::charge(id, user, Seq(7), one, at),
        Transfer::release(id, user, Seq(7), one, at, Memo::Failed),
    ];
    for end in ends {
        assert!(apply(&now, &end).is_ok(), "{end:?}");
        for other in [
            Transfer { pending_of: Some(Seq(8)), ..end.clone() },
            Transfer { pending_of: None, ..end.clone() },
            Transfer { job: Some(JobId(2)), ..end.clone() },
            Transfer { debit: Account::User(UserId(2)), ..end.clone() },
            Transfer { amount: Kopecks::new(2), ..end.clone() },
        ] {
            assert_eq!(apply(&now, &other), Err(Refusal::NotTheHold), "{other:?}");
        }
        let of_no_job = Transfer { job: None, ..end.clone() };
        assert_eq!(apply(&now, &of_no_job), Err(Refusal::WrongAccounts), "only payments go without a job");
        assert_eq!(apply(&Situation { hold: None, ..now }, &end), Err(Refusal::NotTheHold), "no such hold");
    }
}
