//! Promo codes: each use names the ledger row it made, and no code was used more often than it may.

use super::super::Fault;
use super::super::accounts::LedgerRow;
use super::super::codec::{decode, get};
use super::super::promos::{Gift, PromoRow};
use super::super::tables::ReadTables;
use super::Rule;
use crate::ids::{PromoId, Seq, UserId};
use crate::ledger::Ref;
use redb::ReadableTable;
use std::collections::BTreeMap;

/// From the codes' side; from the ledger's side see `owners`.
pub(super) fn check(tables: &ReadTables, rule: &mut Rule) -> Result<(), Fault> {
    let mut codes: BTreeMap<PromoId, (PromoRow, u32)> = BTreeMap::new();
    for entry in tables.promos.read()?.iter()? {
        let (code, bytes) = entry?;
        let row: PromoRow = decode(&code.value(), bytes.value())?;
        let twin = codes.insert(row.number, (row, 0));
        rule.check(twin.is_none(), || (format!("promos {}", code.value()), "its number is another's".into()));
    }
    for entry in tables.promo_uses.read()?.iter()? {
        let (key, made) = entry?;
        let ((promo, user), made) = (key.value(), Seq(made.value()));
        let here = || format!("promo_uses {promo} {user}");
        rule.checked();
        let Some((row, uses)) = codes.get_mut(&PromoId(promo)) else {
            rule.broken(here(), "there is no such code".to_owned());
            continue;
        };
        *uses = uses.saturating_add(1);
        let own = match row.gift {
            Gift::FreeUses(_) => made.0 == 0,
            Gift::Money(amount) => {
                let found = get::<_, LedgerRow>(tables.ledger.read()?, made.0)?.map(|row| row.transfer);
                let reference = Ref::Promo(PromoId(promo), UserId(user));
                found.is_some_and(|found| found.reference == reference && found.amount == amount)
            }
        };
        rule.check(own, || (here(), format!("ledger row {made} is not its own")));
    }
    for (number, (row, uses)) in &codes {
        rule.checked();
        let holds = *uses == row.used && row.used <= row.limit;
        rule.check(holds, || {
            let PromoRow { used, limit, .. } = row;
            (format!("promos {number}"), format!("{uses} used it, it says {used} of {limit}"))
        });
    }
    Ok(())
}
