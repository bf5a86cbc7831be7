//! The payments in the file against what Telegram's Star account says, and what the operators were told.

use super::payers::Decided;
use super::world::World;
use crate::ledger::Account;
use crate::money::Kopecks;
use crate::payment::{State, Way};
use crate::simulate::left::payments;
use crate::store::{Fault, Payment, Stepped, View};
use std::collections::BTreeMap;
use std::sync::PoisonError;

/// The payments in Stars that came, by Telegram's id.
fn came(view: &View) -> Result<BTreeMap<String, Payment>, Fault> {
    let stars = payments(view)?.into_iter().filter(|one| one.row.way == Way::Stars);
    Ok(stars.filter_map(|one| Some((one.row.charge.clone()?, one))).collect())
}

fn is_back(payment: &Payment) -> bool {
    matches!(payment.row.state, State::Refunded | State::ChargedBack)
}

/// The first payment of which the file and Telegram do not say the same; `None` when all is settled.
pub(super) fn unsettled(world: &World, view: &View) -> Result<Option<String>, Fault> {
    let came = came(view)?;
    Ok(world.worlds.telegram.look(|telegram| {
        telegram.payments().iter().find_map(|made| match came.get(&made.charge) {
            None => Some(format!("{made:?} never came")),
            Some(one)
                if is_back(one) != made.refunded_at_ms.is_some() || one.row.state == State::Refunding =>
            {
                Some(format!("{made:?} is here {one:?}"))
            }
            Some(_) => None,
        })
    }))
}

/// What payments left in each wallet; an error when they do not fit what the outside saw.
pub(super) fn judge(world: &World, view: &View, decided: &Decided) -> Result<BTreeMap<i64, i64>, String> {
    let faulty = |fault: Fault| format!("a row cannot be read: {fault}");
    if let Some(what) = unsettled(world, view).map_err(faulty)? {
        return Err(what);
    }
    let came = came(view).map_err(faulty)?;
    let (mut kept, mut through) = (0, 0);
    for made in world.worlds.telegram.look(|telegram| telegram.payments().to_vec()) {
        let one = &came[&made.charge];
        let as_made = (one.row.user.0, i64::from(one.row.stars)) == (made.person, made.total);
        let once = times(one, Stepped::Credited) == 1
            && times(one, Stepped::Refunded) + times(one, Stepped::ChargedBack) == usize::from(is_back(one));
        if !as_made || !once {
            return Err(format!("{made:?} is here {one:?}"));
        }
        kept += if is_back(one) { 0 } else { made.total };
        // A chargeback is a correction: it leaves by another account than it came through.
        through += if one.row.state == State::Refunded { 0 } else { one.row.amount.get() };
    }
    let (made, left) = world.worlds.telegram.look(|world| (world.payments().len(), world.bot_stars()));
    let stars = posted(view, Account::CashStars).map_err(faulty)?;
    if (came.len(), kept, stars) != (made, left, Some(-through)) {
        let here = came.len();
        return Err(format!(
            "{here} payments came of {made}; {kept} Stars are kept of {left}; cash:stars is {stars:?}, not {}",
            -through
        ));
    }
    let all = payments(view).map_err(faulty)?;
    transfers(view, &all, decided)?;
    let mut wallets: BTreeMap<i64, i64> = BTreeMap::new();
    for one in all.iter().filter(|one| one.row.state == State::Paid) {
        *wallets.entry(one.row.user.0).or_default() += one.row.amount.get();
    }
    Ok(wallets)
}

/// How often something happened to a payment.
fn times(payment: &Payment, what: Stepped) -> usize {
    payment.row.steps.iter().filter(|step| step.what == what).count()
}

fn posted(view: &View, of: Account) -> Result<Option<i64>, Fault> {
    Ok(view.account(of)?.counters.posted().map(Kopecks::get))
}

/// A transfer is as its operator was told that it is; what nobody was told of was decided once at most.
fn transfers(view: &View, all: &[Payment], decided: &Decided) -> Result<(), String> {
    let decided = decided.lock().unwrap_or_else(PoisonError::into_inner);
    let mut through = 0;
    for one in all.iter().filter(|one| one.row.way == Way::Manual) {
        let (credited, rejected) = (times(one, Stepped::Credited), times(one, Stepped::Rejected));
        let fits = match (decided.get(&one.id), one.row.state) {
            (Some(Some(amount)), State::Paid) => one.row.amount == *amount,
            (Some(None), State::Rejected) | (None, _) => true,
            (Some(_), _) => false,
        };
        if !fits || credited + rejected > 1 {
            return Err(format!("{one:?} was decided otherwise: {:?}", decided.get(&one.id)));
        }
        through += if one.row.state == State::Paid { one.row.amount.get() } else { 0 };
    }
    let stands = posted(view, Account::CashManual).map_err(|fault| fault.to_string())?;
    if stands == Some(-through) {
        Ok(())
    } else {
        Err(format!("cash:manual is {stands:?}, not {}", -through))
    }
}
