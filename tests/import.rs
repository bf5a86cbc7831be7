//! `samovar import`: the old bot's customers, from its tables as `\copy … csv header` writes them, and every trap
//! that such tables may hold. The same with a real PostgreSQL, and with a million rows: `tests/oldbot.sh`.

use crate::cli::{Ran, dir, samovar};
use crate::support::{Mode, TestApp};
use samovar::flow::legacy::{OldRow, OldUser, bring_user, bring_wallet, keep};
use samovar::ids::{ActionId, UserId};
use samovar::message::Lang;
use samovar::money::Kopecks;
use samovar::store::{Fault, LegacyKind, Lock, Reward, Store, Tx};
use samovar::time::{At, Clock};
use serde_json::{Value, json};
use std::fmt::{Arguments, Write};
use std::fs;
use std::path::Path;
use tempfile::TempDir;

const USERS: &str = "user_id,username,first_name,role,locale,created_at,last_seen_at,metadata\n";
const WALLETS: &str = "user_id,balance_rub,hold_rub,updated_at\n";
const LEDGER: &str = "id,user_id,kind,amount_rub,status,ref,meta,created_at\n";
const JOBS: &str = "id,user_id,model_id,category,input_json,price_rub,status,kie_task_id,kie_status,result_json,\
    error_text,idempotency_key,created_at,updated_at,finished_at\n";

/// The old bot's tables in a folder.
pub(crate) struct Old {
    dir: TempDir,
    users: String,
    wallets: String,
    ledger: String,
    jobs: String,
}

fn add(table: &mut String, line: Arguments<'_>) {
    writeln!(table, "{line}").expect("memory takes all");
}

impl Old {
    pub(crate) fn new() -> Self {
        let [users, wallets, ledger, jobs] = [USERS, WALLETS, LEDGER, JOBS].map(str::to_owned);
        Self { dir: dir(), users, wallets, ledger, jobs }
    }

    /// A customer with a wallet.
    pub(crate) fn customer(mut self, id: i64, balance: &str, held: &str) -> Self {
        add(
            &mut self.users,
            format_args!("{id},name{id},Имя {id},user,ru,2024-01-01 10:00:00,2024-02-01 10:00:00,{{}}"),
        );
        add(&mut self.wallets, format_args!("{id},{balance},{held},2024-02-01 10:00:00"));
        self
    }

    pub(crate) fn user(mut self, line: &str) -> Self {
        add(&mut self.users, format_args!("{line}"));
        self
    }

    fn wallet(mut self, line: &str) -> Self {
        add(&mut self.wallets, format_args!("{line}"));
        self
    }

    /// A row of the ledger that was done; its day in January tells its number.
    pub(crate) fn row(self, id: u64, user: i64, kind: &str, roubles: &str, reference: &str) -> Self {
        let day = id % 28 + 1;
        self.line(&format!("{id},{user},{kind},{roubles},done,{reference},{{}},2024-01-{day:02} 12:00:00"))
    }

    pub(crate) fn line(mut self, line: &str) -> Self {
        add(&mut self.ledger, format_args!("{line}"));
        self
    }

    fn job(mut self, line: &str) -> Self {
        add(&mut self.jobs, format_args!("{line}"));
        self
    }

    /// The folder, with the tables in it.
    pub(crate) fn folder(&self) -> &Path {
        for (file, text) in [
            ("users", &self.users),
            ("wallets", &self.wallets),
            ("ledger", &self.ledger),
            ("jobs", &self.jobs),
        ] {
            fs::write(self.dir.path().join(format!("{file}.csv")), text).expect("written");
        }
        self.dir.path()
    }

    pub(crate) fn import(&self, into: &Path, more: &[&str]) -> Ran {
        let from = self.folder().to_str().expect("a name");
        samovar(into, &[&["import", "--from", from], more].concat())
    }

    /// It is refused with exactly these lines, and nothing changes.
    #[track_caller]
    fn is_refused(&self, lines: &[(&str, u64, &str)]) {
        let into = dir();
        samovar(into.path(), &["wallet", "credit", "77", "1", "--reason", "a past"]).exits(0);
        let before = fs::read(into.path().join("samovar.redb")).expect("bytes");
        let refused = self.import(into.path(), &["--json"]).exits(1);
        let told = refused.json();
        let told = told["refused"].as_array().expect("a list").iter();
        let told: Vec<_> = told
            .map(|one| {
                let text = |name: &str| one[name].as_str().expect("a text").to_owned();
                (text("file"), one["line"].as_u64().expect("a number"), text("why"))
            })
            .collect();
        assert_eq!(told.len(), lines.len(), "{told:#?}");
        for ((file, line, why), told) in lines.iter().zip(&told) {
            assert_eq!((*file, *line), (told.0.as_str(), told.1), "{told:?}");
            assert!(told.2.contains(why), "{told:?} should say {why}");
        }
        let said = format!("nothing was imported: {} lines are refused", lines.len());
        assert!(refused.err.starts_with(&said), "{refused:?}");
        assert!(fs::read(into.path().join("samovar.redb")).expect("bytes") == before, "nothing was changed");
        assert_eq!(fs::read_dir(into.path()).expect("a directory").count(), 2, "nothing was left");
    }
}

pub(crate) fn wallet(dir: &Path, user: i64) -> Value {
    samovar(dir, &["wallet", "show", &user.to_string(), "--json"]).exits(0).json()
}

/// A wallet's movements, newest first: what, how much, its ref.
fn moves(dir: &Path, user: i64) -> Vec<String> {
    let wallet = wallet(dir, user);
    let rows = wallet["transfers"].as_array().expect("a list").iter();
    let text = |row: &Value, name: &str| row[name].as_str().expect("a text").to_owned();
    rows.map(|row| format!("{} {} {}", text(row, "kind"), text(row, "amount"), text(row, "ref"))).collect()
}

fn audit_holds(dir: &Path) {
    assert_eq!(samovar(dir, &["audit", "--json"]).exits(0).json()["ok"], true);
}

#[test]
fn a_wallet_comes_along_with_every_row_that_was_done_and_a_second_run_changes_nothing() {
    let old = Old::new()
        .customer(1, "255.50", "0.00")
        .row(3, 1, "topup", "100.00", "receipt")
        .row(1, 1, "topup", "200.00", "welcome_1")
        .row(4, 1, "charge", "50.00", "job_9")
        .row(5, 1, "refund", "5.50", "")
        .line("6,1,topup,999.00,failed,x,,2024-01-07 12:00:00")
        .line("7,1,topup,999.00,pending,,,2024-01-07 12:00:00")
        .line("8,1,charge,999.00,cancelled,,,2024-01-07 12:00:00")
        .job("9,1,z-image,image,\"{\"\"prompt\"\":\"\"a, b\n c\"\"}\",50.00,done,t,success,,,k,2024-01-05 11:59:00,,");
    let into = dir();
    let first = old.import(into.path(), &["--json"]).exits(0).json();
    assert_eq!(first["read"], json!({"users": 1, "wallets": 1, "ledger": 7, "jobs": 1}));
    let imported = json!({"customers": 1, "balance": "255.50", "transfers": 4, "history": 4, "jobs": 1});
    assert_eq!(first["imported"], imported);
    assert_eq!((&first["ok"], &first["adjusted"], &first["not_done"]), (&json!(true), &json!([]), &json!(3)));
    let expected =
        ["refund 5.50 legacy:5", "charge 50.00 legacy:4", "topup 100.00 legacy:3", "topup 200.00 legacy:1"];
    assert_eq!(moves(into.path(), 1), expected);
    let shown = wallet(into.path(), 1);
    assert_eq!((&shown["available"], &shown["held"]), (&json!("255.50"), &json!("0.00")));
    assert_eq!(shown["transfers"][3]["at"], "2024-01-02T12:00:00Z", "as old as it is");
    audit_holds(into.path());

    let before = samovar(into.path(), &["audit", "--json"]).exits(0).out;
    let second = old.import(into.path(), &["--json"]).exits(0).json();
    assert_eq!((&second["imported"]["customers"], &second["before"]), (&json!(0), &json!(1)));
    assert!(old.import(into.path(), &[]).exits(0).out.contains("Nothing is new: all 1 customers were here."));
    assert_eq!(moves(into.path(), 1), expected);
    assert_eq!(samovar(into.path(), &["audit", "--json"]).exits(0).out, before);
}

#[test]
fn a_wallet_holds_what_it_held_whatever_its_rows_say() {
    let old = Old::new()
        .customer(1, "70.00", "30.00")
        .row(1, 1, "topup", "100.00", "")
        .row(2, 1, "hold", "30.00", "job_1")
        .customer(2, "12.34", "0.00")
        .customer(3, "0.00", "0.00")
        .customer(4, "5.00", "0.00")
        .row(3, 4, "topup", "20.00", "welcomeX1")
        .row(4, 4, "adjust", "15.00", "fix")
        .customer(5, "10.00", "0.00")
        .row(5, 5, "charge", "30.00", "")
        .row(6, 5, "topup", "40.00", "welcome:5")
        .row(7, 3, "release", "0.00", "");
    let into = dir();
    let report = old.import(into.path(), &["--json"]).exits(0).json();
    let adjusted = json!([
        {"user": 2, "rows": "0.00", "wallet": "12.34", "adjust": "12.34"},
        {"user": 4, "rows": "20.00", "wallet": "5.00", "adjust": "-15.00"},
    ]);
    assert_eq!((&report["adjusted"], &report["released"]), (&adjusted, &json!("30.00")));
    let available: Vec<_> = (1..=5).map(|user| wallet(into.path(), user)["available"].clone()).collect();
    assert_eq!(available, ["100.00", "12.34", "0.00", "5.00", "10.00"]);
    assert_eq!(moves(into.path(), 1), ["topup 100.00 legacy:1"]);
    assert_eq!(moves(into.path(), 2), ["adjust 12.34 legacy_import:2"]);
    assert_eq!(moves(into.path(), 3), [""; 0]);
    assert_eq!(moves(into.path(), 4), ["adjust -15.00 legacy_import:4", "topup 20.00 legacy:3"]);
    audit_holds(into.path());
    let said = Old::new().customer(6, "1.00", "0.00").import(into.path(), &[]).exits(0).out;
    assert!(said.contains("wallets that their rows do not explain: 1\n customer  rows say"), "{said}");
}

#[test]
fn a_wallet_that_has_money_here_gets_the_old_money_on_top_once() {
    let into = dir();
    samovar(into.path(), &["wallet", "credit", "1", "7", "--reason", "paid here"]).exits(0);
    let old = Old::new().customer(1, "5.00", "0.00").row(1, 1, "topup", "20.00", "");
    for _ in 0..2 {
        old.import(into.path(), &[]).exits(0);
        assert_eq!(wallet(into.path(), 1)["available"], "12.00");
    }
    audit_holds(into.path());
}

#[test]
fn a_byte_order_mark_windows_line_ends_and_other_columns_are_understood() {
    let mut old = Old::new().customer(1, "20.00", "0.00");
    old.ledger = "\u{feff}created_at,ref,status,amount_rub,kind,user_id,id,more\r\n\
        2024-01-01 12:00:00.5+03,\"a \"\"b\"\", c\",done,20.00,topup,1,1,x\r\n"
        .to_owned();
    old.users = format!("\u{feff}{}", old.users).replace('\n', "\r\n");
    let into = dir();
    old.import(into.path(), &[]).exits(0);
    assert_eq!(moves(into.path(), 1), ["topup 20.00 legacy:1"]);
    assert_eq!(wallet(into.path(), 1)["transfers"][0]["at"], "2024-01-01T09:00:00Z");
}

#[test]
fn lines_that_make_no_sense_are_told_with_their_place_and_then_nothing_is_imported() {
    Old::new()
        .customer(1, "1.00", "0.00")
        .line("1,1,topup,1.005,done,,,2024-01-01 12:00:00")
        .line("2,1,topup,-1.00,done,,,2024-01-01 12:00:00")
        .line("3,1,gift,1.00,done,,,2024-01-01 12:00:00")
        .line("4,1,topup,1.00,almost,,,2024-01-01 12:00:00")
        .line("5,1,topup,1.00,done")
        .line("x,1,topup,1.00,done,,,2024-01-01 12:00:00")
        .line("6,-1,topup,1.00,done,,,2024-01-01 12:00:00")
        .line("7,1,topup,1.00,done,,,yesterday")
        .line("8,1,topup,1.00,done,,,2024-01-01 12:00:00")
        .line("8,1,topup,1.00,done,,,2024-01-01 12:00:00")
        .line("9,5,topup,1.00,done,,,2024-01-01 12:00:00")
        .line("10,1,topup,99999999999.00,done,,,2024-01-01 12:00:00")
        .line("11,1,topup,\"1,00\",done,,,2024-01-01 12:00:00")
        .line("12,1,topup,NaN,done,,,2024-01-01 12:00:00")
        .is_refused(&[
            ("ledger.csv", 2, "amount_rub is \"1.005\", not an amount with at most two decimals"),
            ("ledger.csv", 3, "amount_rub is -1.00"),
            ("ledger.csv", 4, "kind is \"gift\", not topup, charge,"),
            ("ledger.csv", 5, "status is \"almost\", not pending, done,"),
            ("ledger.csv", 6, "it has 5 fields, the first line has 8"),
            ("ledger.csv", 7, "id is \"x\", not a number"),
            ("ledger.csv", 8, "user_id is \"-1\", not a Telegram id"),
            ("ledger.csv", 9, "created_at is \"yesterday\", not a time"),
            ("ledger.csv", 11, "a second row with id 8"),
            ("ledger.csv", 12, "customer 5 has no row in wallets.csv"),
            ("ledger.csv", 13, "amount_rub is \"99999999999.00\""),
            ("ledger.csv", 14, "amount_rub is \"1,00\""),
            ("ledger.csv", 15, "amount_rub is \"NaN\""),
        ]);
    Old::new()
        .customer(1, "1.00", "0.00")
        .wallet("1,1.00,0.00,")
        .wallet("2,-5.00,1.00,")
        .wallet("3,5.00,-1.00,")
        .wallet("4,,0.00,")
        .user("1,,again,user,ru,,,")
        .user("6,,,root,ru,,,")
        .user("7,,,user,ru,,,{")
        .job("1,1,z-image,,,1.00,done,,,,,,never,,")
        .is_refused(&[
            ("users.csv", 3, "a second row of customer 1"),
            ("users.csv", 4, "role is \"root\""),
            ("users.csv", 5, "metadata is no JSON"),
            ("wallets.csv", 3, "a second wallet of customer 1"),
            ("wallets.csv", 4, "the wallet is below zero, at -4.00 ₽"),
            ("wallets.csv", 5, "hold_rub is -1.00"),
            ("wallets.csv", 6, "balance_rub is empty, not an amount"),
            ("jobs.csv", 2, "created_at is \"never\""),
        ]);
}

#[test]
fn fields_beyond_all_measure_and_bytes_that_are_no_text_are_told() {
    let long = "x".repeat(1_000_000);
    let endless = "y".repeat(5_000_000);
    let mut old = Old::new()
        .customer(1, "1.00", "0.00")
        .line(&format!("1,1,topup,1.00,done,{long},,2024-01-01 12:00:00"))
        .line(&format!("2,1,{long},1.00,done,,,2024-01-01 12:00:00"))
        .line("3,1,topup,1.00,done,a\0b,,2024-01-01 12:00:00")
        .line(&format!("4,1,topup,1.00,done,,\"{{\"\"a\"\":\"\"{long}\"\"}}\",2024-01-01 12:00:00"))
        .line("5,1,topup,1.00,done,,\"a\nb\nc\",2024-01-01 12:00:00")
        .line(&format!("6,1,topup,1.00,done,,\"{endless}"));
    old.ledger = old.ledger.replace('\n', "\r\n");
    old.is_refused(&[
        ("ledger.csv", 2, "ref has 1000000 bytes; at most 512 can be"),
        ("ledger.csv", 3, "kind has 1000000 bytes"),
        ("ledger.csv", 4, "ref has a NUL in it"),
        ("ledger.csv", 9, "a line of more than 4194304 bytes begins here, or a quote that never ends"),
    ]);
    let old = Old::new().customer(1, "1.00", "0.00");
    let from = old.folder();
    let mut bytes = fs::read(from.join("users.csv")).expect("bytes");
    bytes.extend_from_slice(b"2,,\xff\xfe,user,ru,,,\n");
    fs::write(from.join("users.csv"), bytes).expect("written");
    let refused = samovar(dir().path(), &["import", "--from", from.to_str().expect("a name")]).exits(1);
    assert!(refused.out.starts_with("users.csv:3: first_name is no UTF-8 text\n"), "{refused:?}");
}

#[test]
fn a_folder_without_the_tables_is_refused_in_a_sentence() {
    let old = Old::new().customer(1, "1.00", "0.00");
    let from = old.folder();
    let import = || samovar(dir().path(), &["import", "--from", from.to_str().expect("a name")]);
    fs::write(from.join("ledger.csv"), "id,user_id\n").expect("written");
    import().exits(1).says("line 1 has no column kind; \\copy ledger to 'ledger.csv' csv header writes it");
    fs::write(from.join("ledger.csv"), "").expect("written");
    import().exits(1).says("line 1 has no column id;");
    fs::remove_file(from.join("ledger.csv")).expect("removed");
    import().exits(1).says("ledger.csv: No such file or directory");
    fs::write(from.join("ledger.csv"), LEDGER).expect("written");
    fs::remove_file(from.join("jobs.csv")).expect("removed");
    assert!(import().exits(0).out.contains("jobs 0 lines"), "old generations are history only");
}

#[test]
fn nothing_is_imported_while_the_service_runs() {
    let into = dir();
    let _lock = Lock::take(into.path()).expect("the lock");
    let refused = Old::new().customer(1, "1.00", "0.00").import(into.path(), &[]).exits(1);
    refused.says(&format!("the service runs (pid {}): stop it, then import", std::process::id()));
    assert_eq!(refused.err.lines().count(), 1);
}

#[test]
fn names_languages_bans_and_who_invited_whom_come_along() {
    let old = Old::new()
        .user(r#"1,@ann,"Аня, ""А""",admin,ru,2024-01-01 10:00:00,2024-02-01 10:00:00,{}"#)
        .user(r#"2,,Bob,user,en-US,2024-01-02 10:00:00,,"{""referrer_id"": ""1""}""#)
        .user(r#"3,cat,Cat,banned,,,,"{""ban_reason"": ""spam"", ""referrer_id"": 3}""#)
        .user(r#"4,,Dan,banned,uk,2024-01-04 10:00:00,,"{""referrer_id"": 99}""#);
    let into = dir();
    let report = old.import(into.path(), &["--json"]).exits(0).json();
    assert_eq!(report["imported"]["customers"], 4);
    assert_eq!(old.import(into.path(), &["--json"]).exits(0).json()["before"], 4);
    let (store, _engine) = Store::open(into.path(), Clock::system()).expect("a store");
    let view = store.view().expect("a view");
    let user = |id| view.user(UserId(id)).expect("readable").expect("she is there");
    let ann = user(1);
    assert_eq!((ann.first_name.as_str(), ann.username.as_deref()), ("Аня, \"А\"", Some("ann")));
    assert_eq!(
        (ann.lang, ann.banned, ann.first_seen.to_string().as_str()),
        (Lang::Ru, false, "2024-01-01T10:00:00Z")
    );
    assert_eq!((user(2).username, user(2).lang, user(2).last_seen), (None, Lang::En, user(2).first_seen));
    assert_eq!([1, 2, 3, 4].map(|id| user(id).banned), [false, false, true, true]);
    let reasons = [1, 2].map(|id| view.action(ActionId(id)).expect("readable").expect("noted").reason);
    assert_eq!(reasons, ["spam", "banned in the old bot"], "in the journal of operators' acts");
    let invited = view.invited(UserId(2)).expect("readable").expect("noted");
    assert_eq!((invited.inviter, invited.reward), (UserId(1), Reward::Missed), "the old bot gave it");
    assert_eq!(view.bonus(UserId(1)).expect("readable").came, 1);
    for alone in [1, 3, 4] {
        assert_eq!(view.invited(UserId(alone)), Ok(None), "by nobody, by herself, by nobody we know");
    }
}

/// Changes the file in a directory.
fn change(dir: &Path, act: impl FnOnce(&mut Tx<'_>) -> Result<(), Fault>) {
    let _lock = Lock::take(dir).expect("the lock");
    let mut copy = Store::copy(dir, &Clock::system()).expect("a copy");
    copy.write(act).expect("written");
    copy.keep().expect("its books are right");
}

fn is_banned(dir: &Path, id: UserId) -> bool {
    let _lock = Lock::take(dir).expect("the lock");
    let (store, _engine) = Store::open(dir, Clock::system()).expect("a store");
    store.view().and_then(|view| view.user(id)).expect("readable").expect("she is there").banned
}

#[test]
fn who_was_banned_and_came_here_first_is_banned_and_an_operator_may_say_otherwise() {
    let (into, id) = (dir(), UserId(3));
    change(into.path(), |tx| {
        let (first_name, lang) = ("Cat".to_owned(), Lang::Ru);
        let here = OldUser {
            id,
            first_name,
            username: None,
            lang,
            created: None,
            seen: None,
            ban: None,
            inviter: None,
        };
        bring_user(tx, &here).map(drop)
    });
    let old = Old::new().user("3,cat,Cat,banned,,,,{}").wallet("3,10.00,0.00,2024-02-01 10:00:00");
    old.import(into.path(), &["--json"]).exits(0);
    assert!(is_banned(into.path(), id), "the banned stay banned");
    change(into.path(), |tx| {
        let mut row = tx.user(id)?.expect("she is there");
        row.banned = false;
        tx.put_user(id, &row)
    });
    old.import(into.path(), &["--json"]).exits(0);
    assert!(!is_banned(into.path(), id), "a second run changes nothing");
}

/// A row of Ann's in the old bot; minutes after the first of January 2024 tell its number.
fn old_row(id: u8, kind: LegacyKind, roubles: &str, reference: &str) -> OldRow {
    let amount = Kopecks::parse(roubles).expect("an amount");
    let at = At(1_704_067_200_000 + i64::from(id) * 60_000);
    OldRow { user: UserId(1001), id: id.into(), kind, amount, at, reference: reference.into() }
}

#[tokio::test]
async fn a_customer_finds_the_old_history_in_the_statement_and_is_nobody_new() {
    let app =
        TestApp::start_with(Mode::Webhook, |settings| settings.start_bonus_rub = Kopecks::new(5_000)).await;
    let brought = app.store().write("test", |tx| {
        let (id, lang, inviter) = (UserId(1001), Lang::Ru, Some(UserId(7)));
        let first_name = "Аня".to_owned();
        let user =
            OldUser { id, first_name, username: None, lang, created: None, seen: None, ban: None, inviter };
        assert_eq!(bring_user(tx, &user), Ok(true));
        assert_eq!(bring_user(tx, &user), Ok(false));
        let rows = [
            old_row(1, LegacyKind::Topup, "100", "welcome_1001"),
            old_row(2, LegacyKind::Hold, "30", "job <1>"),
            old_row(3, LegacyKind::Charge, "30", "job <1>"),
            old_row(4, LegacyKind::Adjust, "5", ""),
        ];
        let wallet = bring_wallet(tx, id, Kopecks::new(7_500), &rows)?;
        let job = old_row(3, LegacyKind::Job, "30", "z-image, done");
        assert_eq!((keep(tx, &job, None), keep(tx, &job, None)), (Ok(true), Ok(false)));
        Ok(wallet)
    });
    assert!(brought.await.expect("written").is_ok());
    let ann = app.user(1001);
    ann.sends("/start");
    let hello = ann.sees_last("Самовар").await;
    assert!(!hello.text.contains("50,00"), "no second welcome: {}", hello.text);
    ann.sends("/balance");
    ann.taps("📄 Выписка").await;
    let page = ann.sees_last("📄 Выписка").await;
    let lines: Vec<&str> = page.text.split("\n\n").skip(2).collect();
    let expected = [
        "+5,00 ₽ · Перенос из прежнего бота\nчтобы на балансе было столько же, сколько в прежнем боте\n23.11.2026",
        "−30,00 ₽ · Списание\nв прежнем боте: job <1>\n01.01.2024 03:03 МСК · баланс 70,00 ₽",
        "+100,00 ₽ · Подарок\nв прежнем боте: welcome_1001\n01.01.2024 03:01 МСК · баланс 100,00 ₽",
        "🗄 5,00 ₽ · Корректировка\nв прежнем боте\n01.01.2024 03:04 МСК · баланс не меняло",
        "🗄 30,00 ₽ · Генерация\nв прежнем боте: z-image, done\n01.01.2024 03:03",
        "🗄 30,00 ₽ · Резерв\nв прежнем боте: job <1>\n01.01.2024 03:02",
    ];
    assert_eq!(lines.len(), expected.len(), "{}", page.text);
    for (line, expected) in lines.iter().zip(expected) {
        assert!(line.starts_with(expected), "{line:?} should begin with {expected:?}");
    }
}
