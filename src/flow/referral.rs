//! Who brings a customer that pays gets bonus uses: free generations of up to [`BONUS_UP_TO`] each.
//!
//! It is decided once for each customer brought, by their first payment from outside (not by a gift) of at
//! least as much as one of these may cost: the
//! reward is given in that commit, unless there were enough of them that month. If that payment goes back,
//! as many bonus uses as it gave are taken back, as far as they are left; one that a job has taken comes
//! back to the inviter if the job fails. The month's count stays, so that nothing is gained by paying and
//! taking back, and no later payment of the same customer is rewarded.

use super::Shop;
use super::free::BONUS_UP_TO;
use crate::ids::UserId;
use crate::message::{About, Act, Button, Lang, Outgoing};
use crate::store::{Fault, InvitedRow, Payment, Reward, Tx};
use crate::texts::{self, Arg};

/// A new customer came by the link of another, who must be known and another.
pub fn came(shop: &Shop, tx: &mut Tx<'_>, user: UserId, inviter: UserId) -> Result<(), Fault> {
    if !shop.referral.is_on() || inviter == user || tx.user(inviter)?.is_none() || tx.invited(user)?.is_some()
    {
        return Ok(());
    }
    tx.put_invited(user, &InvitedRow { inviter, at: tx.now().at, reward: Reward::Waiting })?;
    let mut row = tx.bonus(inviter)?;
    row.came = row.came.saturating_add(1);
    tx.put_bonus(inviter, &row)
}

/// A customer's payment was credited: their first decides the reward of who brought them.
pub(super) fn paid(shop: &Shop, tx: &mut Tx<'_>, payment: &Payment) -> Result<(), Fault> {
    let user = payment.row.user;
    let Some(invited) = tx.invited(user)?.filter(|row| row.reward == Reward::Waiting) else {
        return Ok(());
    };
    // Else the least payment there is would buy what it cannot pay for.
    if payment.row.amount < BONUS_UP_TO {
        return Ok(());
    }
    let inviter = invited.inviter;
    let mut row = tx.bonus(inviter)?;
    row.paid = row.paid.saturating_add(1);
    let month = tx.now().at.month();
    if row.month != month {
        (row.month, row.rewards) = (month, 0);
    }
    let is_good = tx.user(inviter)?.is_some_and(|row| !row.banned);
    let is_given = shop.referral.is_on() && is_good && row.rewards < shop.referral.monthly_cap;
    let uses = shop.referral.free_uses;
    let reward = if is_given { Reward::Given { payment: payment.id, uses } } else { Reward::Missed };
    if is_given {
        row.rewards += 1;
        row.uses = row.uses.saturating_add(uses);
        tell(tx, inviter, "referral-rewarded", uses, row.uses)?;
    }
    tx.put_invited(user, &InvitedRow { reward, ..invited })?;
    tx.put_bonus(inviter, &row)
}

/// A payment went back: a reward that it decided goes with it, as far as it is left.
pub(super) fn went_back(tx: &mut Tx<'_>, payment: &Payment) -> Result<(), Fault> {
    let user = payment.row.user;
    let Some(invited) = tx.invited(user)? else { return Ok(()) };
    let Reward::Given { payment: decided, uses } = invited.reward else { return Ok(()) };
    if decided != payment.id {
        return Ok(());
    }
    let mut row = tx.bonus(invited.inviter)?;
    let taken = uses.min(row.uses);
    row.uses -= taken;
    if taken > 0 {
        tell(tx, invited.inviter, "referral-taken-back", taken, row.uses)?;
    }
    tx.put_invited(user, &InvitedRow { reward: Reward::TakenBack { payment: decided }, ..invited })?;
    tx.put_bonus(invited.inviter, &row)
}

/// A message to who brought somebody. It does not say whom: payments are nobody else's business.
fn tell(tx: &mut Tx<'_>, inviter: UserId, key: &str, count: u32, left: u32) -> Result<(), Fault> {
    let lang = tx.user(inviter)?.map_or(Lang::default(), |row| row.lang);
    let args = [
        ("count", Arg::Number(count.into())),
        ("left", Arg::Number(left.into())),
        ("most", Arg::Money(BONUS_UP_TO)),
    ];
    let text = texts::say(lang, key, &args);
    let keyboard = vec![vec![Button::tap(texts::say(lang, "button-menu", &[]), "menu")]];
    let act = Act::Text { text, keyboard, edit: None };
    tx.say(Outgoing { chat: inviter.chat(), act, about: About::Nothing }, None)?;
    Ok(())
}
