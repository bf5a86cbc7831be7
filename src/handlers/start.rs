//! The first word, the main menu, the way out of everything, the language.

use super::browse::Group;
use super::keyboard::to_menu;
use super::talk::{Screen, Talk};
use super::target::Target;
use crate::catalog;
use crate::message::{COMMANDS, Keyboard, Lang};
use crate::store::Fault;
use crate::texts::Arg;

/// The buttons of the main menu.
fn menu_keyboard(talk: &Talk<'_, '_>) -> Keyboard {
    let group = |group: Group| Target::List(group, 0).button(talk.say(group.key(), &[]));
    let other = match talk.lang {
        Lang::Ru => Lang::En,
        Lang::En => Lang::Ru,
    };
    vec![
        vec![group(Group::Image)],
        vec![group(Group::Edit)],
        vec![group(Group::Video), group(Group::Animate)],
        vec![group(Group::Restyle)],
        vec![group(Group::Audio), group(Group::Other)],
        vec![group(Group::Free), group(Group::Popular)],
        vec![Target::QuickList.button(talk.say("menu-quick", &[]))],
        vec![
            Target::Jobs(0).button(talk.say("menu-jobs", &[])),
            Target::Balance.button(talk.say("menu-balance", &[])),
        ],
        vec![
            Target::Prices(0).button(talk.say("menu-prices", &[])),
            Target::Search.button(talk.say("menu-search", &[])),
        ],
        vec![
            Target::Help.button(talk.say("menu-help", &[])),
            Target::Support.button(talk.say("menu-support", &[])),
        ],
        vec![Target::Speak(other).button(talk.say("menu-lang", &[]))],
    ]
}

/// The main menu under a text of ours.
fn menu_under(talk: &Talk<'_, '_>, text: String) -> Screen {
    Screen { text, keyboard: menu_keyboard(talk) }
}

/// The main menu.
pub(super) fn menu(talk: &Talk<'_, '_>) -> Screen {
    menu_under(talk, talk.say("menu", &[]))
}

/// Greets by name; a new customer hears of the bonus. Drops what was begun.
pub(super) fn hello(talk: &mut Talk<'_, '_>, name: &str, new: bool) -> Result<(), Fault> {
    talk.drop_draft();
    let count = |count: usize| Arg::Number(i64::try_from(count).unwrap_or(i64::MAX));
    let args = [("name", Arg::Text(name)), ("models", count(catalog::MODELS))];
    let mut text = talk.say("start-hello", &args);
    if talk.shop.free.is_on() {
        text = format!("{text} {}", talk.say("start-free", &[("free", count(catalog::FREE))]));
    }
    text = format!("{text}\n\n{}", talk.say("start-begin", &[]));
    if new && talk.shop.start_bonus.is_positive() {
        let bonus = talk.say("start-bonus", &[("amount", Arg::Money(talk.shop.start_bonus))]);
        text = format!("{text}\n\n{bonus}");
    }
    let screen = menu_under(talk, text);
    talk.show(screen)
}

/// The main menu, in place or in a new message. Drops what was begun.
pub(super) fn go_home(talk: &mut Talk<'_, '_>, new_message: bool) -> Result<(), Fault> {
    talk.drop_draft();
    if new_message {
        talk.leave_tapped();
    }
    let screen = menu(talk);
    talk.show(screen)
}

/// Ends whatever was begun. Nothing was charged for it.
pub(super) fn cancel(talk: &mut Talk<'_, '_>) -> Result<(), Fault> {
    talk.drop_draft();
    let screen = menu_under(talk, talk.say("cancelled", &[]));
    talk.show(screen)
}

/// A text that answers nothing we asked: says what to do first.
pub(super) fn pick_first(talk: &mut Talk<'_, '_>) -> Result<(), Fault> {
    let screen = menu_under(talk, talk.say("menu-pick-first", &[]));
    talk.show(screen)
}

/// A command we do not have. What was begun stays as it is.
pub(super) fn unknown_command(talk: &mut Talk<'_, '_>) -> Result<(), Fault> {
    let line = |(name, key): &(&str, &str)| format!("/{name} — {}", talk.say(key, &[]));
    let lines: Vec<_> = COMMANDS.iter().map(line).collect();
    let text = format!("{}\n\n{}", talk.say("command-unknown", &[]), lines.join("\n"));
    let screen = Screen { text, keyboard: to_menu(talk) };
    talk.show(screen)
}

/// Asks which language to speak.
pub(super) fn ask_language(talk: &mut Talk<'_, '_>) -> Result<(), Fault> {
    talk.aside();
    let keyboard = vec![vec![
        Target::Speak(Lang::Ru).button(talk.say("lang-ru", &[])),
        Target::Speak(Lang::En).button(talk.say("lang-en", &[])),
    ]];
    let screen = Screen { text: talk.say("lang-pick", &[]), keyboard };
    talk.show(screen)
}

/// Speaks this language from now on, and shows the menu in it.
pub(super) fn speak(talk: &mut Talk<'_, '_>, lang: Lang) -> Result<(), Fault> {
    if let Some(mut row) = talk.tx.user(talk.user)? {
        row.lang = lang;
        talk.tx.put_user(talk.user, &row)?;
    }
    talk.lang = lang;
    go_home(talk, false)
}
