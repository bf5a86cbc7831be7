//! The codes that exports, logs and the operator's screens show: scripts read them, so they stay.

use super::{Account, Kind, Memo, Ref};
use crate::ids::{ActionId, JobId, PaymentId, UserId};

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
