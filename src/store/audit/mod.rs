//! The audit: the ten invariants, checked over the whole file. It believes nothing that it can
//! compute again: counters from the ledger's rows, the ledger from its hashes, the jobs' money from
//! the rows they name.

mod accounts;
mod ledger;
mod life;
mod named;
mod owners;
mod payments;
mod promos;
#[cfg(test)]
mod tests;

use super::{Fault, View};
use ledger::Rules;
use serde::Serialize;

/// Of one rule, so many broken rows are listed; all are counted.
const LISTED: usize = 20;

/// What the audit found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// All ten rules hold.
    pub ok: bool,
    /// How many ledger rows there are.
    pub rows: u64,
    /// L1 to L10.
    pub rules: Vec<RuleReport>,
    /// The hash the next ledger row will carry, in hex: the chain's head.
    pub head: String,
}

/// What the audit found of one rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleReport {
    /// `L1` to `L10`.
    pub id: &'static str,
    /// It holds.
    pub ok: bool,
    /// How many rows it was checked on.
    pub checked: u64,
    /// The first 20 rows that break it.
    pub broken: Vec<Broken>,
}

/// A row that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Broken {
    /// Table and key: `ledger 17`.
    pub row: String,
    /// What is wrong with it.
    pub what: String,
}

/// What the check of the accounts alone found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountsReport {
    /// What all accounts add up to, in kopecks: zero, or L1 is broken.
    pub sum_kopecks: i128,
    /// What breaks a rule; `None` when L1 and L2 hold.
    pub broken: Option<Broken>,
}

/// Gathers one rule's findings.
pub(super) struct Rule(RuleReport);

impl Rule {
    pub(super) fn new(id: &'static str) -> Self {
        Self(RuleReport { id, ok: true, checked: 0, broken: Vec::new() })
    }

    /// One more row was looked at.
    pub(super) fn checked(&mut self) {
        self.0.checked += 1;
    }

    /// Looks at one row: `holds`, or it is listed with what is wrong.
    pub(super) fn check(&mut self, holds: bool, row: impl FnOnce() -> (String, String)) {
        if !holds {
            let (row, what) = row();
            self.broken(row, what);
        }
    }

    pub(super) fn broken(&mut self, row: String, what: String) {
        self.0.ok = false;
        if self.0.broken.len() < LISTED {
            self.0.broken.push(Broken { row, what });
        }
    }
}

impl View {
    /// Checks L1 to L10 over the whole file. A row that cannot be read at all is a fault.
    pub fn audit(&self) -> Result<Report, Fault> {
        let tables = &self.tables;
        let mut money = Rules {
            sum: Rule::new("L1"),
            wallets: Rule::new("L2"),
            counters: Rule::new("L3"),
            holds: Rule::new("L4"),
            jobs: Rule::new("L5"),
            payments: Rule::new("L6"),
            chain: Rule::new("L7"),
        };
        let told = ledger::check(tables, &mut money)?;
        accounts::check(tables, &told, &mut money)?;
        owners::jobs(tables, &mut money.holds, &mut money.jobs)?;
        payments::check(tables, &mut money.holds, &mut money.payments)?;
        promos::check(tables, &mut money.counters)?;
        named::check(tables, &mut money.counters)?;
        let Rules { sum, wallets, counters, holds, jobs, payments, chain } = money;
        let [ends, once, customers] = life::check(tables)?;
        let rows = chain.0.checked;
        let rules = [sum, wallets, counters, holds, jobs, payments, chain, ends, once, customers];
        let rules: Vec<RuleReport> = rules.into_iter().map(|rule| rule.0).collect();
        let ok = rules.iter().all(|rule| rule.ok);
        Ok(Report { ok, rows, rules, head: hex::encode(told.head) })
    }

    /// The cheap part, for every minute: the accounts alone (L1, L2).
    pub fn audit_accounts(&self) -> Result<AccountsReport, Fault> {
        accounts::check_alone(&self.tables)
    }
}
