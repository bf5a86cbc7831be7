//! `samovar migrate-balances`: the old welcome bonus is taken back from those who have nothing else, and from nobody
//! else; on the file and on a running service.

use crate::cli::{answered_in, answered_with, dir, samovar, samovar_with};
use crate::import::{Old, wallet};
use samovar::config::Settings;
use samovar::control::{serve, socket_path};
use samovar::shelf::Keeper;
use samovar::store::{Lock, Store};
use samovar::time::Clock;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

fn users(migration: &Value) -> Vec<i64> {
    let candidates = migration["candidates"].as_array().expect("a list").iter();
    candidates.map(|one| one["user"].as_i64().expect("a number")).collect()
}

/// Customers of every kind; those of whom a bonus may be taken back: 11, 12, 10, newest first.
fn old() -> Old {
    Old::new()
        .customer(10, "200.00", "0.00")
        .row(1, 10, "topup", "200.00", "welcome_10")
        .customer(11, "190.00", "0.00")
        .row(9, 11, "topup", "100.00", "welcome:11")
        .row(10, 11, "topup", "100.00", "welcome_again")
        .customer(12, "210.00", "0.00")
        .row(4, 12, "topup", "200.00", "welcome_")
        .customer(20, "200.00", "0.00")
        .customer(21, "200.00", "0.00")
        .row(21, 21, "topup", "200.00", "")
        .customer(22, "200.00", "0.00")
        .row(22, 22, "topup", "200.00", "welcomeX1")
        .customer(23, "200.00", "0.00")
        .row(23, 23, "topup", "200.00", " welcome_23")
        .customer(24, "200.00", "0.00")
        .row(24, 24, "topup", "200.00", "Welcome_24")
        .customer(25, "200.00", "0.00")
        .row(25, 25, "topup", "200.00", "welcome_25")
        .row(26, 25, "adjust", "1.00", "welcome_25")
        .customer(26, "195.00", "0.00")
        .row(27, 26, "topup", "200.00", "welcome_26")
        .row(28, 26, "charge", "5.00", "job")
        .customer(27, "150.00", "50.00")
        .row(29, 27, "topup", "200.00", "welcome_27")
        .row(30, 27, "hold", "50.00", "job")
        .customer(28, "189.99", "0.00")
        .row(31, 28, "topup", "200.00", "welcome_28")
        .customer(29, "210.01", "0.00")
        .row(32, 29, "topup", "200.00", "welcome_29")
        .customer(30, "200.00", "0.00")
        .row(33, 30, "topup", "200.00", "welcome_30")
}

fn imported() -> tempfile::TempDir {
    let into = dir();
    old().import(into.path(), &[]).exits(0);
    // Customer 30 paid here, and spent as much.
    samovar(into.path(), &["wallet", "credit", "30", "5", "--reason", "paid"]).exits(0);
    samovar(into.path(), &["wallet", "debit", "30", "5", "--reason", "spent"]).exits(0);
    // Somebody who never was at the old bot.
    samovar(into.path(), &["wallet", "credit", "99", "200", "--reason", "paid"]).exits(0);
    into
}

fn migrate(dir: &Path, more: &[&str]) -> crate::cli::Ran {
    samovar(dir, &[&["migrate-balances"], more].concat())
}

fn audit_holds(dir: &Path) {
    assert_eq!(samovar(dir, &["audit", "--json"]).exits(0).json()["ok"], true);
}

#[test]
fn only_who_has_nothing_but_the_welcome_bonus_gives_it_back_and_only_once() {
    let into = imported();
    let looked = migrate(into.path(), &["--json"]).exits(0).json();
    assert_eq!(users(&looked), [11, 12, 10], "the newest wallet first");
    assert_eq!(
        looked["candidates"][0],
        json!({"user": 11, "balance": "190.00", "welcome": "200.00", "since": "2024-01-10T12:00:00Z"})
    );
    let rest = json!([looked["dry_run"], looked["total"], looked["done"], looked["failed"]]);
    assert_eq!(rest, json!([true, "600.00", 0, 0]));
    assert_eq!(wallet(into.path(), 10)["available"], "200.00", "looking takes nothing");

    let first = migrate(into.path(), &["--confirm", "--limit", "1", "--json"]).exits(0).json();
    assert_eq!((users(&first), &first["done"], &first["total"]), (vec![11], &json!(1), &json!("190.00")));
    let said = migrate(into.path(), &["--confirm"]).exits(0).out;
    assert!(said.contains("   12   210.00   200.00  2024-01-05T12:00:00Z  done\n"), "{said}");
    assert!(said.ends_with("candidates: 2, total: 410.00 ₽\ndone: 2, failed: 0\n"), "{said}");
    for user in [10, 11, 12] {
        let wallet = wallet(into.path(), user);
        assert_eq!(wallet["available"], "0.00");
        let taken = &wallet["transfers"][0];
        assert_eq!(
            (&taken["kind"], &taken["ref"]),
            (&json!("adjust"), &json!(format!("legacy_migration:{user}")))
        );
    }
    for user in [20, 21, 22, 23, 24, 25, 27, 30, 99] {
        assert_eq!(wallet(into.path(), user)["available"], "200.00", "customer {user}");
    }
    let again = migrate(into.path(), &["--confirm", "--json"]).exits(0).json();
    assert_eq!((users(&again), &again["total"], &again["done"]), (vec![], &json!("0.00"), &json!(0)));
    // Nor when they have as much again.
    samovar(into.path(), &["wallet", "credit", "10", "200", "--reason", "paid"]).exits(0);
    assert_eq!(users(&migrate(into.path(), &["--json"]).exits(0).json()), [0i64; 0]);
    audit_holds(into.path());
    let log = fs::read_to_string(into.path().join("migrations.log")).expect("a log");
    assert_eq!(log.matches("candidates: ").count(), 5, "{log}");
    assert!(log.contains(&said), "the same lines: {log}");
    let begun = "begun: from wallets with 190.00 to 210.00 ₽, down to 0.00 ₽";
    assert_eq!(log.matches(begun).count(), 3, "whatever takes says so first: {log}");
}

#[test]
fn the_window_and_the_start_bonus_say_whose_and_how_much() {
    let into = imported();
    let wide =
        migrate(into.path(), &["--min-balance", "0", "--max-balance", "210.01", "--json"]).exits(0).json();
    assert_eq!(users(&wide), [11, 29, 12, 28, 10], "by the day of the bonus");
    let kept = |arguments: &[&str], bonus: &str| {
        let ran = samovar_with(into.path(), arguments, &[("START_BONUS_RUB", bonus)]).exits(0);
        ran.json()
    };
    let looked = kept(&["migrate-balances", "--json"], "200");
    assert_eq!((users(&looked), &looked["total"]), (vec![12], &json!("10.00")), "not above the start bonus");
    let done = kept(&["migrate-balances", "--confirm", "--json"], "50");
    assert_eq!((&done["done"], &done["total"]), (&json!(3), &json!("450.00")));
    assert_eq!(wallet(into.path(), 12)["available"], "50.00");
    migrate(into.path(), &["--min-balance", "5", "--max-balance", "4"])
        .exits(2)
        .says("is above --max-balance");
    migrate(into.path(), &["--min-balance", "-1"]).exits(2).says("an amount is not below zero");
    audit_holds(into.path());
}

#[test]
fn it_is_not_done_where_it_cannot_be_noted() {
    let into = imported();
    fs::create_dir(into.path().join("migrations.log")).expect("in its way");
    migrate(into.path(), &["--confirm"]).exits(1).says("nothing was changed: ");
    assert_eq!(wallet(into.path(), 10)["available"], "200.00");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_service_does_it_too() {
    let into = imported();
    let lock = Lock::take(into.path()).expect("the lock");
    let (store, engine) = Store::open(into.path(), Clock::system()).expect("a store");
    std::thread::spawn(move || engine.run());
    let stop = CancellationToken::new();
    let serving = tokio::spawn({
        let (path, stop) = (socket_path(into.path()), stop.clone());
        let settings = Settings { data_dir: into.path().to_owned(), ..Settings::default() };
        let keeper = Arc::new(Keeper::of(&settings).expect("a folder"));
        async move { serve(store, keeper, Arc::default(), &path, stop).await }
    });
    let path = into.path().to_owned();
    let migrated = tokio::task::spawn_blocking(move || migrate(&path, &["--confirm", "--json"])).await;
    let migrated = migrated.expect("no panic").exits(0).json();
    assert_eq!((users(&migrated), &migrated["done"]), (vec![11, 12, 10], &json!(3)));
    stop.cancel();
    serving.await.expect("no panic").expect("a clean end");
    drop(lock);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wallet_that_failed_is_named_and_the_exit_code_is_1() {
    let one = |user: i64, failed: Option<&str>| {
        let mut one =
            json!({"user": user, "balance": "200.00", "welcome": "200.00", "since": "2024-01-01T00:00:00Z"});
        if let Some(why) = failed {
            one["failed"] = json!(why);
        }
        one
    };
    let candidates = [one(1, None), one(2, Some("the wallet has changed"))];
    let migration = json!({"dry_run": false, "candidates": candidates, "total": "200.00", "planned": "400.00", "done": 1, "failed": 1});
    let line = format!("{}\n", json!({ "migration": migration }));
    let ran = answered_with(line.clone(), &["migrate-balances", "--confirm", "--json"]).await.exits(1);
    assert_eq!((ran.json(), ran.err.as_str()), (migration, "of 2 wallets 1 failed\n"));
    let ran = answered_with(line, &["migrate-balances", "--confirm"]).await.exits(1);
    assert!(ran.out.contains("FAILED: the wallet has changed\n"), "{ran:?}");
    let end = "candidates: 2, total: 200.00 ₽ of 400.00 ₽\ndone: 1, failed: 1\n";
    assert!(ran.out.ends_with(end), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_answer_an_operator_hears_that_money_may_have_been_taken_and_it_is_noted() {
    let into = dir();
    let cut = || "{\"migration\":".to_owned();
    let ran = answered_in(&into, cut(), &["migrate-balances", "--confirm"]).await.exits(1);
    ran.says("went away before it answered");
    ran.says("money may have been taken: `samovar migrate-balances` shows");
    let log = fs::read_to_string(into.path().join("migrations.log")).expect("a log");
    assert!(log.contains("begun: ") && log.contains(&format!("no result: {}", ran.err)), "{log}");
    let looked = answered_with(cut(), &["migrate-balances"]).await.exits(1);
    assert!(!looked.err.contains("money"), "who only looks takes nothing: {looked:?}");
}
