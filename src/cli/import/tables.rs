//! The old bot's tables, read and checked: `users`, `wallets`, `ledger`, `jobs`.

use super::super::Failure;
use super::table::{Complaints, Line, read};
use crate::flow::legacy::{OldRow, OldUser};
use crate::ids::UserId;
use crate::message::Lang;
use crate::money::Kopecks;
use crate::store::LegacyKind;
use crate::time::At;
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, HashSet};
use std::path::Path;

const USERS: &str = "users.csv";
const WALLETS: &str = "wallets.csv";
const LEDGER: &str = "ledger.csv";
const JOBS: &str = "jobs.csv";

/// Telegram's own limits are lower.
const NAME_BYTES: usize = 1_024;
const REF_BYTES: usize = 512;
const MODEL_BYTES: usize = 256;
const STATUS_BYTES: usize = 64;
const METADATA_BYTES: usize = 64 * 1024;
const REASON_CHARS: usize = 500;
/// The column is a `numeric(12,2)`.
const MOST: Kopecks = Kopecks::new(999_999_999_999);

/// How many lines each file had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Lines {
    users: u64,
    wallets: u64,
    ledger: u64,
    jobs: u64,
}

/// What a wallet held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OldWallet {
    /// All of it: what was available and what was held.
    pub(super) target: Kopecks,
    /// What was held, by jobs that are no more.
    pub(super) held: Kopecks,
}

/// All four tables.
#[derive(Debug, Default)]
pub(in crate::cli) struct Tables {
    pub(super) lines: Lines,
    pub(super) users: BTreeMap<UserId, OldUser>,
    pub(super) wallets: BTreeMap<UserId, OldWallet>,
    /// By customer and number. Only what was done counts.
    pub(super) ledger: Vec<OldRow>,
    /// By customer and number.
    pub(super) jobs: Vec<OldRow>,
    /// Rows of the ledger that never came to be done.
    pub(super) undone: u64,
    pub(super) complaints: Complaints,
}

impl Tables {
    pub(super) fn read(dir: &Path) -> Result<Self, Failure> {
        let mut tables = Self::default();
        tables.read_users(dir)?;
        tables.read_wallets(dir)?;
        tables.read_ledger(dir)?;
        if dir.join(JOBS).exists() {
            tables.read_jobs(dir)?;
        }
        for rows in [&mut tables.ledger, &mut tables.jobs] {
            rows.sort_unstable_by_key(|row| (row.user, row.id));
        }
        Ok(tables)
    }

    fn read_users(&mut self, dir: &Path) -> Result<(), Failure> {
        let names =
            ["user_id", "username", "first_name", "role", "locale", "created_at", "last_seen_at", "metadata"];
        let users = &mut self.users;
        self.lines.users = read(dir, USERS, &names, &mut self.complaints, |line| {
            let user = user(line)?;
            let id = user.id;
            if users.insert(id, user).is_some() {
                return Err(format!("a second row of customer {id}"));
            }
            Ok(())
        })?;
        Ok(())
    }

    fn read_wallets(&mut self, dir: &Path) -> Result<(), Failure> {
        let names = ["user_id", "balance_rub", "hold_rub"];
        let wallets = &mut self.wallets;
        self.lines.wallets = read(dir, WALLETS, &names, &mut self.complaints, |line| {
            let (id, balance, held) = (customer(line, 0)?, amount(line, 1)?, amount(line, 2)?);
            if held.is_negative() {
                return Err(format!("hold_rub is {held}: nobody can hold less than nothing"));
            }
            let target = balance.checked_add(held).ok_or("the wallet does not fit")?;
            if target.is_negative() {
                return Err(format!(
                    "the wallet is below zero, at {target} ₽: set it to what they are to have"
                ));
            }
            if wallets.insert(id, OldWallet { target, held }).is_some() {
                return Err(format!("a second wallet of customer {id}"));
            }
            Ok(())
        })?;
        Ok(())
    }

    fn read_ledger(&mut self, dir: &Path) -> Result<(), Failure> {
        let names = ["id", "user_id", "kind", "amount_rub", "status", "ref", "created_at"];
        let Self { ledger, wallets, undone, .. } = self;
        let mut ids = HashSet::new();
        self.lines.ledger = read(dir, LEDGER, &names, &mut self.complaints, |line| {
            let id = line.read(0, "a number", |text| text.parse().ok())?;
            let (user, kind, amount) = (customer(line, 1)?, line.read(2, KINDS, kind)?, amount(line, 3)?);
            let done = line.read(4, "pending, done, failed or cancelled", is_done)?;
            let reference = line.text(5, REF_BYTES)?.into();
            let at = line.read(6, "a time", At::parse)?;
            if amount.is_negative() {
                return Err(format!("amount_rub is {amount}; amounts are above zero"));
            }
            if !ids.insert(id) {
                return Err(format!("a second row with id {id}"));
            }
            if !done {
                *undone += 1;
                return Ok(());
            }
            let moves = matches!(kind, LegacyKind::Topup | LegacyKind::Charge | LegacyKind::Refund);
            if moves && !wallets.contains_key(&user) {
                return Err(format!("customer {user} has no row in {WALLETS} that says what they have"));
            }
            ledger.push(OldRow { user, id, kind, amount, at, reference });
            Ok(())
        })?;
        Ok(())
    }

    fn read_jobs(&mut self, dir: &Path) -> Result<(), Failure> {
        let names = ["id", "user_id", "model_id", "price_rub", "status", "created_at"];
        let jobs = &mut self.jobs;
        let mut ids = HashSet::new();
        self.lines.jobs = read(dir, JOBS, &names, &mut self.complaints, |line| {
            let id = number(line.text(0, STATUS_BYTES)?);
            let user = customer(line, 1)?;
            let (model, status) = (line.text(2, MODEL_BYTES)?, line.text(4, STATUS_BYTES)?);
            let amount =
                if line.text(3, STATUS_BYTES)?.is_empty() { Kopecks::ZERO } else { amount(line, 3)? };
            let at = line.read(5, "a time", At::parse)?;
            if amount.is_negative() {
                return Err(format!("price_rub is {amount}; prices are above zero"));
            }
            if !ids.insert(id) {
                return Err("a second row with its id".to_owned());
            }
            let reference = format!("{model}, {status}").into();
            jobs.push(OldRow { user, id, kind: LegacyKind::Job, amount, at, reference });
            Ok(())
        })?;
        Ok(())
    }
}

fn user(line: &Line<'_>) -> Result<OldUser, String> {
    let id = customer(line, 0)?;
    let username = line.text(1, NAME_BYTES)?.trim_start_matches('@');
    let role = line.text(3, STATUS_BYTES)?;
    let banned = match role {
        "user" | "admin" | "" => false,
        "banned" => true,
        _ => return Err(format!("role is {role:?}, not user, admin or banned")),
    };
    let locale = line.text(4, STATUS_BYTES)?;
    let time = |column| match line.text(column, STATUS_BYTES)? {
        "" => Ok(None),
        _ => line.read(column, "a time", At::parse).map(Some),
    };
    let metadata = match line.text(7, METADATA_BYTES)? {
        "" => Value::Null,
        text => serde_json::from_str(text).map_err(|error| format!("metadata is no JSON: {error}"))?,
    };
    let why = metadata["ban_reason"].as_str().filter(|why| !why.trim().is_empty());
    let why = why.unwrap_or("banned in the old bot").replace(char::is_control, " ");
    Ok(OldUser {
        id,
        first_name: line.text(2, NAME_BYTES)?.to_owned(),
        username: (!username.is_empty()).then(|| username.to_owned()),
        lang: Lang::from_tag((!locale.is_empty()).then_some(locale)),
        created: time(5)?,
        seen: time(6)?,
        ban: banned.then(|| why.chars().take(REASON_CHARS).collect()),
        inviter: inviter(&metadata["referrer_id"]).filter(|inviter| *inviter != id),
    })
}

/// A number, or one in quotes.
fn inviter(value: &Value) -> Option<UserId> {
    let id = value.as_i64().or_else(|| value.as_str()?.parse().ok())?;
    (id > 0).then_some(UserId(id))
}

fn customer(line: &Line<'_>, column: usize) -> Result<UserId, String> {
    line.read(column, "a Telegram id: a whole number above zero", |text| {
        text.parse().ok().filter(|id: &UserId| id.0 > 0)
    })
}

fn amount(line: &Line<'_>, column: usize) -> Result<Kopecks, String> {
    let fits = |amount: &Kopecks| amount.get().saturating_abs() <= MOST.get();
    line.read(column, "an amount with at most two decimals", |text| {
        let has_comma = text.contains(',');
        Kopecks::parse(text).ok().filter(|amount| fits(amount) && !has_comma)
    })
}

const KINDS: &str = "topup, charge, refund, hold, release or adjust";

fn kind(text: &str) -> Option<LegacyKind> {
    Some(match text {
        "topup" => LegacyKind::Topup,
        "charge" => LegacyKind::Charge,
        "refund" => LegacyKind::Refund,
        "hold" => LegacyKind::Hold,
        "release" => LegacyKind::Release,
        "adjust" => LegacyKind::Adjust,
        _ => return None,
    })
}

fn is_done(text: &str) -> Option<bool> {
    match text {
        "done" => Some(true),
        "pending" | "failed" | "cancelled" => Some(false),
        _ => None,
    }
}

/// A job's id as a number: its own, or one made of it where it is none.
fn number(id: &str) -> u64 {
    id.parse().unwrap_or_else(|_| {
        let hash = blake3::hash(id.as_bytes());
        hash.as_bytes()[..8].iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
    })
}

impl std::fmt::Display for Lines {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { users, wallets, ledger, jobs } = self;
        write!(f, "users {users}, wallets {wallets}, ledger {ledger}, jobs {jobs} lines")
    }
}
