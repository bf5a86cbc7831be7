//! Files that earlier versions made (`tests/data/schema-<N>.redb.zst`: each version's own demo, and a few commands
//! after it), opened by this one.

use crate::cli::{dir, samovar};
use crate::full::Disk;
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

const NEWEST: u32 = 4;

/// The file that a version with this schema made.
pub(crate) fn made_by(schema: u32) -> Vec<u8> {
    let path = format!("{}/tests/data/schema-{schema}.redb.zst", env!("CARGO_MANIFEST_DIR"));
    zstd::decode_all(fs::File::open(path).expect("kept")).expect("whole")
}

/// The names of the copies beside the file.
fn asides(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).expect("a directory");
    let names = entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"));
    names.filter(|name| name.starts_with("samovar.redb.")).collect()
}

fn available(dir: &Path, user: i64) -> Value {
    samovar(dir, &["wallet", "show", &user.to_string(), "--json"]).exits(0).json()["available"].clone()
}

#[test]
fn every_schema_before_this_has_its_file() {
    let kept =
        fs::read_dir(format!("{}/tests/data", env!("CARGO_MANIFEST_DIR"))).expect("a directory").count();
    assert_eq!(
        kept,
        usize::try_from(NEWEST - 1).expect("few"),
        "a new schema keeps a file of the one before"
    );
    assert_eq!(samovar(dir().path(), &["audit"]).exits(0).err, "", "a new file needs no upgrade");
}

#[test]
fn a_file_of_every_earlier_version_is_upgraded_with_its_money_and_its_past() {
    let bought = |roubles: &str| {
        [(1001, "0.00"), (2002, roubles), (3003, roubles), (4004, roubles), (5005, "250.00")]
            .map(|(user, roubles)| (user, json!(roubles)))
    };
    let files = [
        (1, 8, bought("193.35"), "d5a0de21f9ab2a8c31f12e8fb76671bdbe9c61fd0c3d27e7ec0ccfc3ada1f326"),
        (2, 8, bought("193.35"), "b95435873c7c057c9bbeaa03116585f95a9ab22c2fe03c1d6336b716f0fe7a6e"),
        (3, 7, bought("93.35"), "b828efaf6b46b20c8e163eb0aa0ccb51c452b983f5c41c68b4e03280482c106b"),
    ];
    for (schema, next_action, wallets, head) in files {
        let dir = dir();
        let found = made_by(schema);
        fs::write(dir.path().join("samovar.redb"), &found).expect("written");
        let audit = samovar(dir.path(), &["audit", "--json"]).exits(0);
        assert_eq!(audit.json()["head"], head, "the past is as that version left it");
        let said = format!("the database was upgraded from schema {schema} to {NEWEST} and audited");
        assert!(audit.err.contains(&said), "{audit:?}");
        let asides = asides(dir.path());
        let [aside] = asides.as_slice() else { panic!("{asides:?}") };
        assert!(
            aside.starts_with(&format!("samovar.redb.schema{schema}-")) && audit.err.contains(aside),
            "{audit:?}"
        );
        assert!(fs::read(dir.path().join(aside)).expect("readable") == found, "not a byte of it changed");
        for (user, roubles) in wallets {
            assert_eq!(available(dir.path(), user), roubles, "schema {schema}, customer {user}");
        }
        // It goes on from there: what an operator did then is known, and selling is off as it was.
        let again = samovar(dir.path(), &["selling", "on", "--reason", "moved", "--json"]).exits(0);
        assert_eq!((again.json()["selling"].clone(), again.err.as_str()), (json!(true), ""));
        let given =
            samovar(dir.path(), &["wallet", "credit", "2002", "1", "--reason", "a test", "--json"]).exits(0);
        assert_eq!(given.json()["ref"], format!("adjust:{next_action}"), "{given:?}");
        assert_eq!(samovar(dir.path(), &["audit", "--json"]).exits(0).json()["ok"], true);
        assert_eq!(self::asides(dir.path()).len(), 1);
    }
}

#[test]
fn the_service_says_in_its_log_what_it_upgraded() {
    let dir = dir();
    fs::write(dir.path().join("samovar.redb"), made_by(2)).expect("written");
    let mut service = Command::new(env!("CARGO_BIN_EXE_samovar"))
        .args(["--config", "/dev/null", "run"])
        .env_clear()
        .env("DATA_DIR", dir.path())
        .env("TELEGRAM_BOT_TOKEN", "4242:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")
        .env("KIE_API_KEY", "key")
        .env("ADMIN_IDS", "900")
        .env("TELEGRAM_API_URL", "http://127.0.0.1:9")
        .env("LISTEN", "127.0.0.1:0")
        .env("ADMIN_LISTEN", "127.0.0.1:0")
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    let log = BufReader::new(service.stderr.take().expect("its log"));
    let told = log.lines().map(|line| line.expect("text")).find(|line| line.contains("upgraded from schema"));
    service.kill().expect("killed");
    service.wait().expect("ended");
    let told = told.expect("it says so before it ends");
    assert!(told.contains("INFO") && told.contains(&asides(dir.path())[0]), "{told}");
}

#[test]
fn without_room_for_the_copy_nothing_is_upgraded() {
    let Some(disk) = Disk::mount(8) else { return };
    let file = disk.path().join("samovar.redb");
    fs::write(&file, made_by(1)).expect("written");
    let refused = samovar(disk.path(), &["audit"]).exits(1);
    refused.says("there is no room for a copy of ");
    assert!(refused.err.contains("nothing was changed") && refused.err.lines().count() == 1, "{refused:?}");
    assert!(fs::read(&file).expect("readable") == made_by(1), "not a byte of it changed");
    assert_eq!(asides(disk.path()), [""; 0]);
}
