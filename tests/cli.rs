//! The command line as scripts and people use it: the real binary, its documents, sentences and exit
//! codes, on a file of its own and through the socket of a running service.

use samovar::config::Settings;
use samovar::control::{Answer, Ask, answer, serve, socket_path};
use samovar::ids::{ActionId, UserId};
use samovar::shelf::Keeper;
use samovar::store::{Lock, Store};
use samovar::time::Clock;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixListener;
use tokio_util::sync::CancellationToken;

/// What a run of the binary gave.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// Checks the exit code; all that was printed stands in the failure.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        self
    }

    /// The one document on stdout.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.out.trim_end().lines().count(), 1, "{self:?}");
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// A failure with `--json`: one document on stdout, which says `what` as stderr does.
    #[track_caller]
    pub(crate) fn fails_with(&self, what: &str) {
        let failed = self.json();
        let error = failed["error"].as_str().expect("a text");
        assert_eq!(failed, json!({ "ok": false, "code": self.code, "error": error }), "{self:?}");
        assert!(error.contains(what) && self.err.ends_with(&format!("{error}\n")), "{what}: {self:?}");
    }

    /// Nothing on stdout, one line on stderr that says `what`.
    #[track_caller]
    pub(crate) fn says(&self, what: &str) {
        assert_eq!(self.out, "", "{self:?}");
        assert!(self.err.contains(what), "{what}: {self:?}");
    }
}

pub(crate) fn samovar(dir: &Path, arguments: &[&str]) -> Ran {
    samovar_with(dir, arguments, &[])
}

pub(crate) fn samovar_with(dir: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Ran {
    let output = Command::new(env!("CARGO_BIN_EXE_samovar"))
        .args(["--config", "/dev/null"])
        .args(arguments)
        .env_clear()
        .env("DATA_DIR", dir)
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .output()
        .expect("the binary runs");
    Ran {
        code: output.status.code().expect("it ends by itself"),
        out: String::from_utf8(output.stdout).expect("text"),
        err: String::from_utf8(output.stderr).expect("text"),
    }
}

pub(crate) fn dir() -> TempDir {
    tempfile::tempdir().expect("a directory")
}

#[track_caller]
fn fields(value: &Value) -> BTreeSet<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

/// A time as RFC 3339 in UTC, to the second.
#[track_caller]
fn is_time(value: &Value) {
    let text = value.as_str().expect("a text");
    let shape: String = text.chars().map(|one| if one.is_ascii_digit() { '0' } else { one }).collect();
    assert_eq!(shape, "0000-00-00T00:00:00Z", "{text}");
}

#[test]
fn an_unknown_customer_has_nothing() {
    let dir = dir();
    let shown = samovar(dir.path(), &["wallet", "show", "4242", "--json"]).exits(0);
    let nothing = json!({ "user": 4242, "available": "0.00", "held": "0.00", "known": false, "transfers": [], "older": false });
    assert_eq!(shown.json(), nothing);
    let said = samovar(dir.path(), &["wallet", "show", "4242"]).exits(0);
    let nothing = "Customer 4242 has 0.00 ₽ to spend; 0.00 ₽ are held for open jobs.\n\
        Nobody with this id has written to the bot.\n";
    assert_eq!(said.out, nothing);
}

#[test]
fn an_operator_gives_and_takes_money_and_the_audit_holds() {
    let dir = dir();
    let wallet = |arguments: &[&str]| samovar(dir.path(), &[&["wallet"], arguments].concat());
    let given = wallet(&["credit", "4242", "12,50", "--reason", "a gift", "--json"]).exits(0).json();
    let names = ["user", "available", "held", "known", "transfers", "older"];
    assert_eq!(fields(&given), BTreeSet::from(names).union(&BTreeSet::from(["ref"])).copied().collect());
    assert_eq!((&given["available"], &given["ref"]), (&json!("12.50"), &json!("adjust:1")));
    assert_eq!(given["known"], false, "nobody has written with this id");

    let refused = wallet(&["debit", "4242", "20", "--reason", "a mistake", "--json"]).exits(1);
    refused.fails_with("not enough money: 12.50 ₽ of customer 4242 can be taken, 7.50 ₽ are missing");
    assert_eq!(refused.err.lines().count(), 1);

    let taken = wallet(&["debit", "4242", "2.5", "--reason", "a mistake"]).exits(0);
    assert!(taken.out.starts_with("2.50 ₽ taken from customer 4242 (adjust:3).\n"), "{taken:?}");
    assert!(!taken.out.contains(['│', '─', '\u{1b}']), "plain when not a terminal: {taken:?}");
    assert!(
        taken.out.contains("Nobody with this id has written to the bot yet: is it the right one?"),
        "{taken:?}"
    );
    assert!(taken.out.contains("a gift") && taken.out.contains("a mistake"), "both reasons: {taken:?}");

    let shown = wallet(&["show", "4242", "--json"]).exits(0).json();
    assert_eq!(fields(&shown), BTreeSet::from(names));
    assert_eq!((&shown["user"], &shown["available"]), (&json!(4242), &json!("10.00")));
    let rows = shown["transfers"].as_array().expect("rows");
    assert_eq!(rows.len(), 2);
    for row in rows {
        let expected = BTreeSet::from(["seq", "at", "kind", "amount", "ref", "job", "memo", "reason"]);
        assert_eq!(fields(row), expected);
        is_time(&row["at"]);
        assert_eq!((&row["kind"], &row["job"]), (&json!("adjust"), &Value::Null));
    }
    let of = |row: &Value| json!([row["seq"], row["amount"], row["ref"], row["memo"], row["reason"]]);
    assert_eq!(of(&rows[0]), json!([2, "-2.50", "adjust:3", "action:3", "a mistake"]), "newest first");
    assert_eq!(of(&rows[1]), json!([1, "12.50", "adjust:1", "action:1", "a gift"]));
    let one = wallet(&["show", "4242", "--limit", "1", "--json"]).exits(0).json();
    assert_eq!((one["transfers"].as_array().expect("rows").len(), &one["older"]), (1, &json!(true)));
    let one = wallet(&["show", "4242", "--limit", "1"]).exits(0);
    assert!(one.out.contains("There are older ones: --limit says how many are shown."), "{one:?}");
    assert_eq!(wallet(&["show", "4242", "--limit", "2", "--json"]).exits(0).json()["older"], false);

    let audit = samovar(dir.path(), &["audit", "--json"]).exits(0).json();
    assert_eq!(fields(&audit), BTreeSet::from(["ok", "rows", "rules", "head"]));
    assert_eq!((&audit["ok"], &audit["rows"]), (&json!(true), &json!(2)));
    assert_eq!(audit["head"].as_str().expect("a hash").len(), 64);
    let rules = audit["rules"].as_array().expect("rules");
    let ids: Vec<_> = rules.iter().map(|rule| rule["id"].as_str().expect("an id")).collect();
    assert_eq!(ids, ["L1", "L2", "L3", "L4", "L5", "L6", "L7", "L8", "L9", "L10"]);
    for rule in rules {
        assert_eq!(fields(rule), BTreeSet::from(["id", "ok", "checked", "broken"]));
        assert_eq!((&rule["ok"], &rule["broken"]), (&json!(true), &json!([])));
    }
    let said = samovar(dir.path(), &["audit"]).exits(0).out;
    assert!(said.contains("All ten rules hold. Ledger rows: 2."), "{said}");
}

#[test]
fn a_wrong_command_line_is_refused_with_a_sentence_and_nothing_is_opened() {
    let parent = dir();
    let dir = parent.path().join("data");
    let credit = |user, amount, reason| ["wallet", "credit", user, amount, "--reason", reason];
    for (arguments, what) in [
        (credit("4242", "0", "a"), "an amount is above zero"),
        (credit("4242", "-5", "a"), "an amount is above zero"),
        (credit("4242", "1.234", "a"), "at most two decimals"),
        (credit("4242", "much", "a"), "roubles with at most two decimals"),
        (credit("4242", "99999999999999999999", "a"), "too large"),
        (credit("0", "5", "a"), "a customer is named by a Telegram id"),
        (credit("-6", "5", "a"), "a customer is named by a Telegram id"),
        (credit("ann", "5", "a"), "a customer is named by a Telegram id"),
        (credit("4242", "5", "  "), "a reason says something"),
        (credit("4242", "5", "two\nlines"), "a reason is one line"),
    ] {
        samovar(&dir, &arguments).exits(2).says(what);
    }
    samovar(&dir, &["wallet", "credit", "4242", "5"]).exits(2).says("--reason");
    samovar(&dir, &["walet"]).exits(2).says("walet");
    samovar(&dir, &["selling", "maybe", "--reason", "a"]).exits(2).says("maybe");
    samovar(&dir, &[]).exits(2);
    samovar_with(&dir, &["audit"], &[("LOG_FORMAT", "xml")]).exits(2).says("LOG_FORMAT");
    samovar_with(&dir, &["audit", "--json"], &[("LOG_FORMAT", "xml")]).exits(2).fails_with("LOG_FORMAT");
    assert!(!dir.exists(), "nothing was made");
}

#[test]
fn the_service_without_its_settings_names_each_in_a_line_and_opens_nothing() {
    let parent = dir();
    let data = parent.path().join("data");
    let said = samovar(&data, &["run"]).exits(2);
    for name in ["TELEGRAM_BOT_TOKEN", "KIE_API_KEY", "ADMIN_IDS"] {
        assert_eq!(said.err.lines().filter(|line| line.starts_with(name)).count(), 1, "{said:?}");
    }
    assert!(!data.exists(), "nothing is made before the settings are whole");
    let keys = [
        ("TELEGRAM_BOT_TOKEN", "4242:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
        ("KIE_API_KEY", "a-key"),
        ("ADMIN_IDS", "900"),
        ("LISTEN", "127.0.0.1:0"),
        ("TELEGRAM_API_URL", "http://127.0.0.1:9"),
    ];
    let with = |more: (&'static str, &'static str)| [&keys[..], &[more]].concat();
    samovar_with(&data, &["run"], &with(("RUST_LOG", "a=b=c"))).exits(2).says("RUST_LOG");
    samovar_with(&data, &["run"], &with(("FREE_TIER_MODEL_IDS", "z-image"))).exits(2).says("recraft");
    let _lock = samovar::store::Lock::take(&data).expect("free");
    let pid = std::process::id().to_string();
    samovar_with(&data, &["run"], &keys).exits(3).says(&pid);
}

#[test]
fn a_request_that_never_was_is_not_found() {
    let dir = dir();
    samovar(dir.path(), &["trace", "RQ-00000000", "--json"])
        .exits(1)
        .fails_with("no request has the code RQ-00000000");
    samovar(dir.path(), &["trace", "7"]).exits(1).says("there is no job 7");
    samovar(dir.path(), &["trace", "hello"]).exits(1).says("a request code is RQ- and eight characters");
}

#[test]
fn selling_stops_and_goes_on_at_an_operators_word() {
    let dir = dir();
    let selling = |state| samovar(dir.path(), &["selling", state, "--reason", "a rest", "--json"]).exits(0);
    let off = selling("off").json();
    let stops = off["stops"].as_array().expect("stops");
    assert_eq!((&off["selling"], stops.len()), (&json!(false), 1));
    assert_eq!(fields(&stops[0]), BTreeSet::from(["what", "since", "why", "by"]));
    assert_eq!(
        json!([stops[0]["what"], stops[0]["why"], stops[0]["by"]]),
        json!(["all", "a rest", "operator"])
    );
    is_time(&stops[0]["since"]);
    assert_eq!(selling("on").json(), json!({ "selling": true, "stops": [] }));
}

#[test]
fn the_catalogue_is_listed_and_proves_itself_without_a_data_directory() {
    let parent = dir();
    let dir = parent.path().join("data");
    let wrong = [("PRICING_MARKUP", "nonsense"), ("KIE_API_KEY", "")];
    let listed = samovar_with(&dir, &["catalog", "--json"], &wrong).exits(0).json();
    assert_eq!(fields(&listed), BTreeSet::from(["models"]));
    let models = listed["models"].as_array().expect("models");
    assert_eq!(models.len(), 42);
    assert_eq!(models.iter().filter(|model| model["free"] == true).count(), 5);
    for model in models {
        let expected = ["id", "title", "category", "task", "output", "usd", "rub", "free", "inputs"];
        assert_eq!(fields(model), BTreeSet::from(expected));
        for input in model["inputs"].as_array().expect("inputs") {
            let expected = BTreeSet::from(["name", "type", "required", "default", "enum"]);
            assert_eq!(fields(input), expected, "{}", model["id"]);
        }
    }
    assert_eq!(models[0]["id"], "sora-2-text-to-video");
    assert_eq!((&models[0]["usd"], &models[0]["rub"]), (&json!("3.1500"), &json!("598.50")));
    let z_image = models.iter().find(|model| model["id"] == "z-image").expect("z-image");
    assert_eq!(json!([z_image["usd"], z_image["rub"], z_image["free"]]), json!(["0.0040", "0.76", true]));
    assert_eq!(
        z_image["inputs"][0],
        json!({ "name": "prompt", "type": "text", "required": true, "default": null, "enum": null })
    );
    let ratio = &z_image["inputs"][1];
    assert_eq!(json!([ratio["type"], ratio["default"]]), json!(["choice", "1:1"]));
    assert_eq!(ratio["enum"], json!(["1:1", "4:3", "3:4", "16:9", "9:16"]));

    let said = samovar(&dir, &["catalog"]).exits(0).out;
    assert!(said.contains("42 models."), "{said}");
    assert!(said.contains("prompt*, aspect_ratio*"), "{said}");
    let proof = samovar(&dir, &["catalog", "--verify"]).exits(0).out;
    assert!(
        proof.contains("FREE tier matches TOP-5 cheapest: z-image, recraft/remove-background"),
        "{proof}"
    );
    let proof = samovar(&dir, &["catalog", "--verify", "--json"]).exits(0).json();
    assert_eq!((&proof["ok"], &proof["failures"]), (&json!(true), &json!([])));
    assert!(!dir.exists(), "nothing was made");
}

#[test]
fn margins_are_shown_at_the_operators_rates_without_a_data_directory() {
    let parent = dir();
    let dir = parent.path().join("data");
    let rates = [("PRICING_MARKUP", "1.5"), ("USD_TO_RUB", "100"), ("TELEGRAM_BOT_TOKEN", "nonsense")];
    let shown = samovar_with(&dir, &["catalog", "--margins", "--json"], &rates).exits(0).json();
    assert_eq!(fields(&shown), BTreeSet::from(["markup", "usd_to_rub", "by_options", "models"]));
    let models = shown["models"].as_array().expect("models");
    assert_eq!(models.len(), 42);
    let kling = models.iter().find(|model| model["id"] == "kling-2.6/text-to-video").expect("kling");
    assert_eq!(
        kling["dearest"],
        json!({
            "options": { "sound": "true", "duration": "10" },
            "charge_usd": "1.1", "rub": "165.00", "margin_percent": "33.3",
        })
    );
    assert_eq!((&kling["cheapest"]["rub"], &kling["loses"]), (&json!("82.50"), &json!(true)));
    let said = samovar(&dir, &["catalog", "--margins"]).exits(0).out;
    assert!(said.contains("warning: flux-2/flex-image-to-image: the price list's 0.035 USD alone"), "{said}");
    assert!(!said.contains("warning: z-image"), "{said}");
    samovar_with(&dir, &["catalog", "--margins"], &[("PRICE_OPTIONS", "cheap")])
        .exits(2)
        .says("PRICE_OPTIONS");
    samovar(&dir, &["catalog", "--margins", "--verify"]).exits(2);
    assert!(!dir.exists(), "nothing was made");
}

#[test]
fn a_directory_of_another_process_without_a_socket_is_left_alone() {
    let dir = dir();
    let _lock = Lock::take(dir.path()).expect("the lock");
    let pid = format!("pid {}", std::process::id());
    samovar(dir.path(), &["wallet", "show", "4242"]).exits(3).says(&pid);
    samovar(dir.path(), &["wallet", "show", "4242", "--json"]).exits(3).fails_with(&pid);
    samovar(dir.path(), &["export", "ledger", "--json"]).exits(3).says(&pid);
    samovar(dir.path(), &["wallet", "credit", "4242", "5", "--reason", "a"]).exits(3).says(&pid);
    assert!(!dir.path().join("samovar.redb").exists());
}

#[test]
fn a_directory_that_cannot_be_looked_at_is_not_called_new() {
    let dir = dir();
    fs::write(dir.path().join("file"), "no folder").expect("written");
    let data = dir.path().join("file/data");
    for arguments in [&["wallet", "show", "4242"][..], &["migrate-balances"]] {
        let ran = samovar(&data, arguments).exits(1);
        ran.says("Not a directory");
        assert!(!ran.err.contains("is new"), "{ran:?}");
    }
    let new = samovar(&dir.path().join("data"), &["wallet", "show", "4242"]).exits(0);
    assert!(new.err.contains("is new: an empty ledger is made there"), "{new:?}");
}

#[test]
fn an_answer_that_cannot_be_written_hides_neither_an_act_nor_a_failure() {
    let dir = dir();
    let into_a_full_disk = |arguments: &[&str]| {
        let full = fs::File::options().write(true).open("/dev/full").expect("a full disk");
        let mut command = crate::binary::command(dir.path());
        let ran = command.args(arguments).stdout(full).output().expect("the binary runs");
        (ran.status.code(), String::from_utf8(ran.stderr).expect("text"))
    };
    for (arguments, code, says) in [
        (
            &["wallet", "credit", "4242", "5", "--reason", "a"][..],
            1,
            "what was asked for was done; only its answer",
        ),
        (&["wallet", "show", "4242"], 1, "the answer could not be written"),
        (&["selling", "off", "--reason", "a"], 1, "what was asked for was done; only its answer"),
        (&["healthcheck", "--json"], 1, "nobody answers at"),
        (&["config", "check", "--json"], 2, "TELEGRAM_BOT_TOKEN"),
    ] {
        let (ended, said) = into_a_full_disk(arguments);
        assert_eq!(ended, Some(code), "{arguments:?}: {said}");
        let claims = said.contains("was done");
        assert!(said.contains(says) && claims == says.contains("was done"), "{arguments:?}: {said}");
    }
    let shown = samovar(dir.path(), &["wallet", "show", "4242", "--json"]).exits(0).json();
    assert_eq!(shown["available"], "5.00", "it was done");
}

#[test]
fn a_damaged_file_is_named_and_left_as_it_is() {
    let dir = dir();
    samovar(dir.path(), &["wallet", "credit", "4242", "5", "--reason", "a"]).exits(0);
    let path = dir.path().join("samovar.redb");
    let mut bytes = fs::read(&path).expect("the file");
    bytes[..512].fill(0xA5);
    fs::write(&path, &bytes).expect("damaged");
    let ran = samovar(dir.path(), &["audit", "--json"]).exits(4);
    ran.fails_with("is damaged");
    assert!(ran.err.contains("Back up and restore"), "the way to a backup: {ran:?}");
    assert_eq!(fs::read(&path).expect("the file"), bytes);
}

#[test]
fn whichever_page_is_damaged_nothing_is_told_but_one_line_that_says_so() {
    const PAGE: usize = 4096;
    let dir = dir();
    let credit = ["wallet", "credit", "4242", "5", "--reason", "a"];
    for _ in 0..3 {
        samovar(dir.path(), &credit).exits(0);
    }
    let path = dir.path().join("samovar.redb");
    let whole = fs::read(&path).expect("the file");
    let (mut found, mut unused) = (0, 0);
    for page in 1..whole.len() / PAGE {
        for command in [&["audit"][..], &credit] {
            let mut bytes = whole.clone();
            bytes[page * PAGE..][..PAGE / 2].fill(0xFF);
            fs::write(&path, &bytes).expect("damaged");
            let ran = samovar(dir.path(), command);
            match ran.code {
                0 => unused += 1,
                4 => {
                    found += 1;
                    assert_eq!(ran.err.lines().count(), 1, "page {page}: {ran:?}");
                    assert!(ran.err.contains("damaged") || ran.err.contains("cannot be read"), "{ran:?}");
                }
                _ => panic!("page {page}: {ran:?}"),
            }
        }
    }
    assert!(found > 4 && unused > 4, "{found} were found and {unused} were in nobody's way");
}

/// Opens the store of a directory as the running service does.
fn open(dir: &Path) -> (Lock, Store) {
    let lock = Lock::take(dir).expect("the lock");
    let (store, engine) = Store::open(dir, Clock::system()).expect("a store");
    std::thread::spawn(move || engine.run());
    (lock, store)
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_service_runs_it_answers_and_keeps_the_file() {
    let dir = dir();
    let (_lock, store) = open(dir.path());
    let stop = CancellationToken::new();
    let serving = tokio::spawn({
        let (store, path, stop) = (store.clone(), socket_path(dir.path()), stop.clone());
        let settings = Settings { data_dir: dir.path().to_owned(), ..Settings::default() };
        let keeper = Arc::new(Keeper::of(&settings).expect("a folder"));
        async move { serve(store, keeper, Arc::default(), &path, stop).await }
    });
    let path = dir.path().to_owned();
    let asked = tokio::task::spawn_blocking(move || {
        let wallet = |arguments: &[&str]| samovar(&path, &[&["wallet"], arguments].concat());
        let given = wallet(&["credit", "4242", "99.90", "--reason", "a gift", "--json"]).exits(0).json();
        assert_eq!((&given["available"], &given["ref"]), (&json!("99.90"), &json!("adjust:1")));
        wallet(&["debit", "4242", "100", "--reason", "a"]).exits(1).says("0.10 ₽ are missing");
        let shown = wallet(&["show", "4242", "--json"]).exits(0).json();
        assert_eq!(shown["transfers"][0]["seq"], 1);
        samovar(&path, &["trace", "7"]).exits(1).says("there is no job 7");
        assert_eq!(samovar(&path, &["audit", "--json"]).exits(0).json()["rows"], 1);
        let off = samovar(&path, &["selling", "off", "--reason", "a", "--json"]).exits(0).json();
        assert_eq!(off["selling"], false);
    });
    asked.await.expect("no panic");
    let stopped = store.read(|view| view.stop("all")).await.expect("readable");
    assert_eq!(stopped.expect("a stop").why, "a");
    stop.cancel();
    serving.await.expect("no panic").expect("a clean end");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_was_lost_credits_nobody_twice() {
    let dir = dir();
    let (_lock, store) = open(dir.path());
    let listener = UnixListener::bind(socket_path(dir.path())).expect("a socket");
    let service = store.clone();
    // Does what it is asked, and hangs up on the first credit instead of answering.
    let serving = tokio::spawn(async move {
        let mut credits = 0;
        loop {
            let (stream, _) = listener.accept().await.expect("somebody");
            let (reader, mut writer) = stream.into_split();
            let mut line = String::new();
            BufReader::new(reader).read_line(&mut line).await.expect("a line");
            if line.is_empty() {
                continue;
            }
            let ask: Ask = serde_json::from_str(&line).expect("a question");
            let is_credit = matches!(ask, Ask::Adjust { .. });
            let answered = answer(&service, ask).await;
            credits += u32::from(is_credit);
            if is_credit && credits == 1 {
                continue;
            }
            let answered = serde_json::to_string(&answered).expect("JSON");
            writer.write_all(format!("{answered}\n").as_bytes()).await.expect("sent");
            if is_credit {
                return credits;
            }
        }
    });
    let path = dir.path().to_owned();
    let asked = tokio::task::spawn_blocking(move || {
        samovar(&path, &["wallet", "credit", "4242", "5", "--reason", "a", "--json"]).exits(0).json()
    });
    let given = asked.await.expect("no panic");
    assert_eq!(serving.await.expect("no panic"), 2, "it was asked twice");
    assert_eq!((&given["available"], given["transfers"].as_array().map(Vec::len)), (&json!("5.00"), Some(1)));
    let Answer::Audit(audit) = answer(&store, Ask::Audit).await else { panic!("an audit") };
    assert!(audit.ok && audit.rows == 1, "{audit:?}");
    let view = store.view().expect("a view");
    let row = view.action(ActionId(1)).expect("readable").expect("a row");
    assert_eq!((row.who.as_str(), row.reason.as_str()), ("cli", "a"));
    assert!(view.user(UserId(4242)).expect("readable").is_none(), "money alone makes nobody a customer");
}

/// Has a process that holds a directory answer one question with `line`.
pub(crate) async fn answered_with(line: String, arguments: &'static [&'static str]) -> Ran {
    answered_in(&dir(), line, arguments).await
}

/// The same in this directory.
pub(crate) async fn answered_in(dir: &TempDir, line: String, arguments: &'static [&'static str]) -> Ran {
    let _lock = Lock::take(dir.path()).expect("the lock");
    let listener = UnixListener::bind(socket_path(dir.path())).expect("a socket");
    let serving = tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.expect("somebody");
            let (reader, mut writer) = stream.into_split();
            let mut asked = String::new();
            BufReader::new(reader).read_line(&mut asked).await.expect("a line");
            if !asked.is_empty() {
                writer.write_all(line.as_bytes()).await.expect("sent");
                return;
            }
        }
    });
    let path = dir.path().to_owned();
    let ran = tokio::task::spawn_blocking(move || samovar(&path, arguments)).await.expect("no panic");
    serving.await.expect("no panic");
    ran
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_rule_is_named_with_its_row_and_the_exit_code_is_1() {
    let rule = |id: &str, broken: Value| json!({ "id": id, "ok": broken == json!([]), "checked": 3, "broken": broken });
    let broken = json!([{ "row": "ledger 2", "what": "it carries another hash" }]);
    let audit =
        json!({ "ok": false, "rows": 3, "rules": [rule("L1", json!([])), rule("L7", broken)], "head": "00" });
    let line = format!("{}\n", json!({ "audit": audit }));
    let ran = answered_with(line.clone(), &["audit", "--json"]).await.exits(1);
    assert_eq!((ran.json(), ran.err.as_str()), (audit, "broken: L7\n"));
    let ran = answered_with(line, &["audit"]).await.exits(1);
    assert!(ran.out.contains("\nL7 ledger 2: it carries another hash\n"), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_answers_badly_is_not_believed() {
    let ask = &["wallet", "show", "4242"];
    answered_with("{\"better\":1}\n".to_owned(), ask).await.exits(1).says("of another version; restart it");
    answered_with("{\"pid\":7}\n".to_owned(), ask).await.exits(1).says("of another version; restart it");
    answered_with("{\"pid\":7".to_owned(), ask).await.exits(1).says("went away before it answered");
    let unreadable = json!({ "failed": { "why": "row 7 cannot be read", "is_damaged": true } });
    answered_with(format!("{unreadable}\n"), ask).await.exits(4).says("row 7 cannot be read");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_act_whose_answer_was_lost_with_the_service_is_in_doubt_and_keeps_the_exit_code() {
    let dir = dir();
    let _lock = Lock::take(dir.path()).expect("the lock");
    let path = socket_path(dir.path());
    let listener = UnixListener::bind(&path).expect("a socket");
    // Gives a number, and is gone when it is asked for the act; its process hangs and keeps the directory.
    let serving = tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.expect("somebody");
            let (reader, mut writer) = stream.into_split();
            let mut asked = String::new();
            BufReader::new(reader).read_line(&mut asked).await.expect("a line");
            if asked.contains("adjust") {
                fs::remove_file(path).expect("removed");
                return;
            }
            if !asked.is_empty() {
                writer.write_all(b"{\"action\":1}\n").await.expect("sent");
            }
        }
    });
    let data = dir.path().to_owned();
    let credit = &["wallet", "credit", "4242", "5", "--reason", "a"];
    let ran = tokio::task::spawn_blocking(move || samovar(&data, credit)).await.expect("no panic");
    serving.await.expect("no panic");
    ran.exits(3).says("look whether it was done before you try again");
}
