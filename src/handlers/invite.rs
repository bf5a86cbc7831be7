//! Bringing a friend: the link, and what it brought.

use super::keyboard::back_row;
use super::talk::{Screen, Talk};
use super::target::{Target, number};
use crate::flow::free::BONUS_UP_TO;
use crate::flow::referral;
use crate::ids::UserId;
use crate::message::{Button, Press};
use crate::store::Fault;
use crate::texts::Arg;

/// What a link carries before the number of who gave it. Links of the bot before this one do too.
const LINK: &str = "ref_";

/// `👥 Пригласить друга`.
pub(super) fn show(talk: &mut Talk<'_, '_>) -> Result<(), Fault> {
    talk.aside();
    let rules = talk.shop.referral;
    if !rules.is_on() {
        return talk.tell("invite-off");
    }
    let link = format!("https://t.me/{}?start={LINK}{}", talk.shop.bot_name, talk.user);
    let row = talk.tx.bonus(talk.user)?;
    let args = [
        ("link", Arg::Text(&link)),
        ("reward", Arg::Number(rules.free_uses.into())),
        ("most", Arg::Money(BONUS_UP_TO)),
        ("cap", Arg::Number(rules.monthly_cap.into())),
        ("came", Arg::Number(row.came.into())),
        ("paid", Arg::Number(row.paid.into())),
        ("left", Arg::Number(row.uses.into())),
    ];
    let copy = Button { label: talk.say("invite-copy", &[]), press: Press::Copy(link.clone()) };
    let keyboard = vec![vec![copy], back_row(talk, &Target::Balance)];
    let screen = Screen { text: talk.say("invite", &args), keyboard };
    talk.show(screen)
}

/// A new customer's `/start`, with what their link carried.
pub(super) fn came(talk: &mut Talk<'_, '_>, words: &str) -> Result<(), Fault> {
    match words.strip_prefix(LINK).and_then(number) {
        Some(inviter) => referral::came(talk.shop, talk.tx, talk.user, UserId(inviter)),
        None => Ok(()),
    }
}
