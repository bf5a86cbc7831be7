//! What Telegram and the law ask for: terms, privacy, what to do about a payment, a customer's own data
//! to take along, and their wish to be forgotten. The operator's texts stand in place of ours.

use super::help::contact;
use super::keyboard::{back_row, home, to_menu};
use super::statement;
use super::talk::{Screen, Talk};
use super::target::Target;
use super::transfer;
use crate::flow::export;
use crate::flow::forget::{self, NotYet};
use crate::message::Button;
use crate::money::Kopecks;
use crate::store::Fault;
use crate::texts::Arg;

/// `/terms`.
pub(super) fn terms(talk: &mut Talk<'_, '_>) -> Result<(), Fault> {
    talk.aside();
    let text = talk.shop.law.terms.clone().unwrap_or_else(|| our_terms(talk));
    let others = vec![
        Target::Privacy.button(talk.say("button-privacy", &[])),
        Target::PaySupport.button(talk.say("button-paysupport", &[])),
    ];
    let keyboard = vec![others, back_row(talk, &Target::Help)];
    talk.show(Screen { text, keyboard })
}

fn our_terms(talk: &Talk<'_, '_>) -> String {
    let contact = contact(talk);
    let parts = [
        talk.say("terms", &[]),
        talk.say("terms-money", &[]),
        talk.say("terms-use", &[]),
        talk.say("terms-contact", &[("contact", Arg::Html(&contact))]),
    ];
    parts.join("\n\n")
}

/// `/privacy`, with what a customer may ask for.
pub(super) fn privacy(talk: &mut Talk<'_, '_>) -> Result<(), Fault> {
    talk.aside();
    let text = talk.shop.law.privacy.clone().unwrap_or_else(|| our_privacy(talk));
    let keyboard = vec![
        vec![Target::Export.button(talk.say("button-export", &[]))],
        vec![Target::Forget.button(talk.say("button-forget", &[]))],
        back_row(talk, &Target::Help),
    ];
    talk.show(Screen { text, keyboard })
}

fn our_privacy(talk: &Talk<'_, '_>) -> String {
    let contact = contact(talk);
    let kept = match talk.shop.retention_days {
        0 => talk.say("privacy-kept", &[]),
        days => talk.say("privacy-kept-days", &[("days", Arg::Number(days.into()))]),
    };
    let parts = [
        talk.say("privacy", &[]),
        kept,
        talk.say("privacy-given", &[]),
        talk.say("privacy-contact", &[("contact", Arg::Html(&contact))]),
    ];
    parts.join("\n\n")
}

/// `/paysupport`, which Telegram wants every bot that sells to answer.
pub(super) fn paysupport(talk: &mut Talk<'_, '_>) -> Result<(), Fault> {
    talk.aside();
    let text = talk.shop.law.paysupport.clone().unwrap_or_else(|| our_paysupport(talk));
    let ways = vec![
        Target::Statement(0).button(talk.say("button-statement", &[])),
        Target::Terms.button(talk.say("button-terms", &[])),
    ];
    let payments = Target::Payments(0).button(talk.say("topup-payments", &[]));
    talk.show(Screen { text, keyboard: vec![vec![payments], ways, vec![home(talk)]] })
}

fn our_paysupport(talk: &Talk<'_, '_>) -> String {
    let (contact, user) = (contact(talk), talk.user.to_string());
    talk.say("paysupport", &[("contact", Arg::Html(&contact)), ("user", Arg::Html(&user))])
}

/// `📦 Мои данные файлом`.
pub(super) fn export(talk: &mut Talk<'_, '_>) -> Result<(), Fault> {
    if !statement::may_send(talk, "export")? {
        return Ok(());
    }
    let bytes = export::document(talk.shop, talk.tx, talk.lang, talk.user, &talk.session)?;
    let caption = talk.say("export-file", &[]);
    statement::send(talk, "my-data.json", bytes, caption)
}

/// `🗑 Удалить мои данные`: what stands in the way, or whether they are sure.
pub(super) fn ask_to_forget(talk: &mut Talk<'_, '_>) -> Result<(), Fault> {
    talk.aside();
    match forget::check(talk.tx, talk.user)? {
        Ok(()) => {
            let sure = Target::ForgetNow.button(talk.say("button-forget-now", &[]));
            let keyboard = vec![vec![sure], back_row(talk, &Target::Privacy)];
            let screen = Screen { text: talk.say("forget-sure", &[]), keyboard };
            talk.show(screen)
        }
        Err(not_yet) => refuse(talk, not_yet),
    }
}

fn refuse(talk: &mut Talk<'_, '_>, not_yet: NotYet) -> Result<(), Fault> {
    let (text, ways) = match not_yet {
        NotYet::Open(jobs) => {
            let jobs = [("jobs", Arg::Number(jobs.into()))];
            (talk.say("forget-open", &jobs), vec![Target::Jobs(0).button(talk.say("menu-jobs", &[]))])
        }
        NotYet::Claimed(payment) => {
            let show = Target::Payment(payment).button(talk.say("payment-show", &[]));
            (talk.say("forget-payment", &[]), vec![show])
        }
        NotYet::Asked(payment) => {
            let number = payment.to_string();
            let text = talk.say("forget-asked", &[("number", Arg::Html(&number))]);
            (text, transfer::asked(talk, payment).to_vec())
        }
        NotYet::Money { available, held } if available.is_positive() => {
            let sums = [("available", Arg::Money(available)), ("held", Arg::Money(held))];
            (talk.say("forget-money", &sums), money_ways(talk, available))
        }
        NotYet::Money { held, .. } => (talk.say("forget-held", &[("held", Arg::Money(held))]), Vec::new()),
    };
    let mut keyboard: Vec<Vec<Button>> = ways.into_iter().map(|button| vec![button]).collect();
    keyboard.push(back_row(talk, &Target::Privacy));
    talk.show(Screen { text, keyboard })
}

fn money_ways(talk: &Talk<'_, '_>, available: Kopecks) -> Vec<Button> {
    let amount = [("amount", Arg::Money(available))];
    vec![
        Target::PaySupport.button(talk.say("button-paysupport", &[])),
        Target::GiveUp(available).button(talk.say("button-give-up", &amount)),
    ]
}

/// `Отказаться от остатка`: the wallet's rest goes to the operator, if it is what the button said.
pub(super) fn give_up(talk: &mut Talk<'_, '_>, amount: Kopecks) -> Result<(), Fault> {
    let available = talk.tx.available(talk.user)?;
    if available == amount && amount.is_positive() {
        let reason = talk.say("give-up-reason", &[]);
        let action = talk.tx.new_action()?;
        let debit = Kopecks::new(amount.get().saturating_neg());
        if let Err(refusal) = talk.tx.adjust(action, "customer", talk.user, debit, &reason)? {
            return Err(Fault::Bug(format!("giving up what is there was refused: {refusal}")));
        }
        talk.toast("toast-given-up");
    }
    ask_to_forget(talk)
}

/// `🗑 Да, удалить`. From here on they are nobody, until they write again.
pub(super) fn forget_now(talk: &mut Talk<'_, '_>) -> Result<(), Fault> {
    if let Err(not_yet) = forget::forget(talk.tx, talk.user, &mut talk.session)? {
        return refuse(talk, not_yet);
    }
    let screen = Screen { text: talk.say("forgotten", &[]), keyboard: to_menu(talk) };
    talk.show(screen)
}
