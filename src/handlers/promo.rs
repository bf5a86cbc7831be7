//! A promo code as a customer uses it.

use super::keyboard::{back_row, home};
use super::talk::{Screen, Talk};
use super::target::Target;
use crate::flow::free::BONUS_UP_TO;
use crate::flow::promo::{self, NotGiven};
use crate::message::Keyboard;
use crate::store::{Expects, Fault, Gift};
use crate::texts::Arg;

/// `🎟 Промокод`: asks for the code.
pub(super) fn ask(talk: &mut Talk<'_, '_>) -> Result<(), Fault> {
    talk.aside();
    talk.session.expects = Expects::Promo;
    let screen = Screen { text: talk.say("promo-ask", &[]), keyboard: vec![back_row(talk, &Target::TopUp)] };
    talk.show(screen)
}

/// `/promo`, with the code or without it.
pub(super) fn command(talk: &mut Talk<'_, '_>, code: &str) -> Result<(), Fault> {
    if code.is_empty() {
        return ask(talk);
    }
    talk.aside();
    take(talk, code)
}

/// The code that was written. After a refusal another one may be written.
pub(super) fn take(talk: &mut Talk<'_, '_>, text: &str) -> Result<(), Fault> {
    talk.session.expects = Expects::Nothing;
    match promo::redeem(talk.tx, talk.user, text)? {
        Ok(gift) => {
            let text = thanks(talk, gift)?;
            let keyboard = onward(talk);
            talk.show(Screen { text, keyboard })
        }
        Err(not) => {
            if not != NotGiven::Banned {
                talk.session.expects = Expects::Promo;
            }
            let screen =
                Screen { text: talk.say(sentence(not), &[]), keyboard: vec![back_row(talk, &Target::TopUp)] };
            talk.show(screen)
        }
    }
}

/// What the code gave.
fn thanks(talk: &Talk<'_, '_>, gift: Gift) -> Result<String, Fault> {
    Ok(match gift {
        Gift::Money(amount) => {
            let balance = talk.tx.available(talk.user)?;
            talk.say("promo-money", &[("amount", Arg::Money(amount)), ("balance", Arg::Money(balance))])
        }
        Gift::FreeUses(count) => {
            let left = talk.tx.bonus(talk.user)?.uses;
            let args = [
                ("count", Arg::Number(count.into())),
                ("left", Arg::Number(left.into())),
                ("most", Arg::Money(BONUS_UP_TO)),
            ];
            talk.say("promo-free", &args)
        }
    })
}

/// The order that was begun, else the wallet.
fn onward(talk: &Talk<'_, '_>) -> Keyboard {
    let draft = talk.session.draft.as_ref().filter(|draft| draft.shown_price.is_some());
    let mut keyboard = Vec::new();
    if let Some(draft) = draft {
        keyboard.push(vec![Target::Order(draft.number).button(talk.say("button-back-to-order", &[]))]);
    }
    keyboard.push(vec![Target::Balance.button(talk.say("menu-balance", &[])), home(talk)]);
    keyboard
}

fn sentence(not: NotGiven) -> &'static str {
    match not {
        NotGiven::Unknown => "promo-unknown",
        NotGiven::Before => "promo-before",
        NotGiven::UsedUp => "promo-used-up",
        NotGiven::Over => "promo-over",
        NotGiven::Banned => "promo-banned",
        NotGiven::NotNow => "promo-not-now",
    }
}
