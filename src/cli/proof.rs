//! What a backup is worth, proven beside the living file: for `verify`, `drill` and `restore`.

use super::backup::{millis, seconds};
use super::{Failure, ask};
use crate::shelf::{Beside, Brought, Checked, Keeper, Kept, Key, Passed, Plan, What, plans};
use crate::store::Loaded;
use crate::time::{At, Clock};
use serde::Serialize;
use std::collections::BTreeSet;

/// What a restore would do, done beside the living file.
#[derive(Serialize)]
pub(super) struct Proof {
    pub(super) name: String,
    /// Of which moment the state is.
    pub(super) at: String,
    /// How many shipments were applied.
    pub(super) shipments: u64,
    /// Ledger rows.
    pub(super) rows: u64,
    pub(super) head: String,
    /// How long it took in all, in milliseconds.
    pub(super) ms: u64,
    #[serde(skip)]
    pub(super) moment: At,
    /// Why later shipments were left out.
    pub(super) left_out: Option<String>,
    /// The rules that do not hold of it.
    broken_rules: Vec<&'static str>,
    /// Newer whole copies that are damaged, from the newest on.
    passed_over: Vec<Bad>,
    /// How much older the state is than what the newest of them would have given, in milliseconds; `None`: it is not.
    older_ms: Option<u64>,
}

/// A whole copy that is damaged.
#[derive(Serialize)]
struct Bad {
    name: String,
    why: String,
}

/// What is to be brought back.
pub(super) enum State<'a> {
    /// The newest state of the one ledger that has copies in the place.
    Newest,
    /// The newest state of the ledger that this whole copy is of.
    NewestOfLedger(&'a str),
    /// What this object ends with.
    Named(&'a str),
}

impl<'a> State<'a> {
    /// What an operator asked for.
    pub(super) fn of(name: Option<&'a str>) -> Self {
        name.map_or(Self::Newest, Self::Named)
    }
}

/// Fetches, opens and audits what the operator chose.
pub(super) async fn prove(
    keeper: &Keeper,
    which: State<'_>,
    key: Option<Key>,
    clock: &Clock,
) -> Result<(Beside, Proof), Failure> {
    let began = clock.now().up;
    let is_named = matches!(which, State::Named(_));
    let (kept, plans) = choose(keeper, which).await?;
    let opening = keeper.open(&plans, key.as_ref());
    let brought = ask::shown("bringing a backup back and auditing it", opening).await?;
    let Brought { beside, full, checked, passed, older } = brought;
    let broken_rules = checked.broken();
    let Checked { loaded, report } = checked;
    if !is_named && !broken_rules.is_empty() {
        let good: Vec<_> = kept.into_iter().filter(|one| passed.iter().all(|bad| bad.full != *one)).collect();
        return Err(unproven(&good, &full, &loaded, &broken_rules.join(", ")));
    }
    let bad = |Passed { full, why }: Passed| Bad { name: full.to_string(), why: why.to_string() };
    let proof = Proof {
        name: full.to_string(),
        at: loaded.at.to_string(),
        moment: loaded.at,
        shipments: loaded.applied,
        rows: report.rows,
        head: report.head,
        ms: millis(clock.now().up.since(began)),
        left_out: loaded.stopped,
        broken_rules,
        passed_over: passed.into_iter().map(bad).collect(),
        older_ms: older.map(millis),
    };
    Ok((beside, proof))
}

/// A state whose books are not right is for a person to choose, by its name.
fn unproven(kept: &[Kept], full: &Kept, loaded: &Loaded, rules: &str) -> Failure {
    let last = loaded.last.as_ref().and_then(|last| {
        let what = What::Changes { epoch: last.epoch, number: last.number };
        kept.iter().find(|one| one.file == full.file && one.what == what)
    });
    let sound = |one: &&Kept| one.file == full.file && one.is_sound() && (last.is_some() || *one < full);
    let older = match kept.iter().rfind(sound) {
        Some(older) => format!("the newest whole copy whose books were right is {older}"),
        None => "there is no older whole copy whose books are right".to_owned(),
    };
    let last = last.unwrap_or(full);
    Failure::refused(format!(
        "the books of the newest state are not right ({rules}), so it is not taken unasked; {older}; to take one of \
         them name it, and for the newest state that is {last}"
    ))
}

/// What is kept, and the plans for what was asked for.
async fn choose(keeper: &Keeper, which: State<'_>) -> Result<(Vec<Kept>, Vec<Plan>), Failure> {
    let (mut kept, place) = (keeper.list().await?, keeper.place());
    let name = match which {
        State::Newest => None,
        State::Named(name) => Some(name),
        State::NewestOfLedger(copy) => {
            let file = kept.iter().find(|one| one.to_string() == copy).map(|one| one.file);
            kept.retain(|one| Some(one.file) == file);
            None
        }
    };
    let ledgers: BTreeSet<_> = kept.iter().filter(|one| one.is_full()).map(|one| one.file).collect();
    if name.is_none() && ledgers.len() > 1 {
        let ledgers: Vec<_> = ledgers.iter().map(ToString::to_string).collect();
        return Err(Failure::refused(format!(
            "{place} has the backups of several ledgers, {}: name what you want of yours, as `samovar backup list` \
             shows it",
            ledgers.join(" and ")
        )));
    }
    let plans = plans(&kept, name);
    if !plans.is_empty() {
        return Ok((kept, plans));
    }
    Err(Failure::refused(match name {
        Some(name) => {
            format!("there is no backup {name} in {place}: `samovar backup list` shows what there is")
        }
        None => format!("there is no backup in {place}"),
    }))
}

impl Proof {
    pub(super) fn of_what(&self) -> String {
        match self.shipments {
            0 => self.name.clone(),
            1 => format!("{} and one shipment of changes", self.name),
            more => format!("{} and {more} shipments of changes", self.name),
        }
    }

    /// What is damaged of what is newer, and what is wrong with it, on one line; `None`: nothing is.
    pub(super) fn flaws(&self) -> Option<String> {
        let bad = self.passed_over.iter().map(|Bad { name, why }| format!("{name} cannot be used: {why}"));
        let mut flaws: Vec<_> = bad.collect();
        if !flaws.is_empty() {
            flaws.push(match self.older_ms {
                None => format!("{} and what follows it reach as far", self.name),
                Some(ms) => format!("what was taken instead is {} older", seconds(ms)),
            });
        }
        flaws.extend(self.left_out.as_ref().map(|why| format!("what follows it cannot be used: {why}")));
        if !self.broken_rules.is_empty() {
            flaws.push(format!(
                "its books are not right: {}; see `samovar audit`",
                self.broken_rules.join(", ")
            ));
        }
        (!flaws.is_empty()).then(|| flaws.join("; "))
    }

    /// What was brought back, in a sentence or two.
    pub(super) fn say(&self, done: &str) -> String {
        let Self { at, rows, head, ms, .. } = self;
        let what = self.of_what();
        let holds = if self.broken_rules.is_empty() {
            "all ten rules hold".to_owned()
        } else {
            format!("NOT ALL TEN RULES HOLD ({})", self.broken_rules.join(", "))
        };
        format!(
            "{what} {done} in {}: {holds}.\nIt is the state of {at}. Ledger rows: {rows}. Head:\n{head}\n",
            seconds(*ms)
        )
    }
}
