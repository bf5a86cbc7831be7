//! How it works, frequent questions, and where to find a person.

use super::keyboard::{back_row, home, to_menu};
use super::talk::{Screen, Talk};
use super::target::{Question, Target};
use crate::flow::free::{self, BONUS_UP_TO};
use crate::store::Fault;
use crate::texts::Arg;

/// How it works, with the frequent questions.
pub(super) fn help(talk: &mut Talk<'_, '_>) -> Result<(), Fault> {
    talk.aside();
    let questions = [
        ("help-free-question", Target::Question(Question::Free)),
        ("help-topup-question", Target::TopUp),
        ("help-prices-question", Target::Question(Question::Prices)),
        ("help-errors-question", Target::Question(Question::Errors)),
    ];
    let mut keyboard: Vec<_> = questions
        .iter()
        .map(|(key, target)| {
            let question = talk.say(key, &[]);
            vec![target.button(talk.say("button-question", &[("question", Arg::Html(&question))]))]
        })
        .collect();
    keyboard.push(vec![
        Target::Terms.button(talk.say("button-terms", &[])),
        Target::Privacy.button(talk.say("button-privacy", &[])),
    ]);
    keyboard.push(vec![Target::Support.button(talk.say("menu-support", &[])), home(talk)]);
    let screen = Screen { text: talk.say("help", &[]), keyboard };
    talk.show(screen)
}

/// The answer to a frequent question.
pub(super) fn answer(talk: &mut Talk<'_, '_>, question: Question) -> Result<(), Fault> {
    talk.aside();
    let text = match question {
        Question::Free => free_note(talk, "help-free")?,
        Question::Prices => talk.say("help-prices", &[]),
        Question::Errors => talk.say("help-errors", &[]),
    };
    let mut keyboard = vec![back_row(talk, &Target::Help)];
    if question == Question::Free && talk.shop.referral.is_on() {
        keyboard.insert(0, vec![Target::Invite.button(talk.say("button-invite", &[]))]);
    }
    talk.show(Screen { text, keyboard })
}

/// How often a free model may be used, in this text; or that none may, if the operator gives nothing away, or
/// nothing but the bonus uses that the customer has.
pub(super) fn free_note(talk: &Talk<'_, '_>, key: &str) -> Result<String, Fault> {
    let rules = &talk.shop.free;
    if free::bonus_only(rules) {
        let left = talk.tx.bonus(talk.user)?.uses;
        if left > 0 {
            let args = [("left", Arg::Number(left.into())), ("most", Arg::Money(BONUS_UP_TO))];
            return Ok(talk.say("free-bonus-only", &args));
        }
    }
    if !rules.is_on() {
        return Ok(talk.say("free-off", &[]));
    }
    let args = [("hourly", Arg::Number(rules.hourly.into())), ("daily", Arg::Number(rules.daily.into()))];
    Ok(talk.say(key, &args))
}

/// Where to find a person.
pub(super) fn support(talk: &mut Talk<'_, '_>) -> Result<(), Fault> {
    talk.aside();
    let contact = contact(talk);
    let args = [("contact", Arg::Html(&contact)), ("user", Arg::Html(&talk.user.to_string()))];
    let screen = Screen { text: talk.say("support", &args), keyboard: to_menu(talk) };
    talk.show(screen)
}

/// The sentence that says where the operator is found.
pub(super) fn contact(talk: &Talk<'_, '_>) -> String {
    match talk.shop.support.as_deref() {
        Some(contact) => talk.say("contact-known", &[("contact", Arg::Text(&mention(contact)))]),
        None => talk.say("contact-unknown", &[]),
    }
}

/// A bare name gets its @; a link or a sentence stays as it is.
fn mention(contact: &str) -> String {
    let bare = !contact.is_empty()
        && contact.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !contact.bytes().all(|byte| byte.is_ascii_digit());
    if bare { format!("@{contact}") } else { contact.to_owned() }
}
