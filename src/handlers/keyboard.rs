//! Buttons that many screens share.

use super::talk::Talk;
use super::target::Target;
use crate::message::{Button, Keyboard};

/// `🏠 В меню`, in the same message.
pub(super) fn home(talk: &Talk<'_, '_>) -> Button {
    Target::Home.button(talk.say("button-menu", &[]))
}

/// Nothing but the way to the menu.
pub(super) fn to_menu(talk: &Talk<'_, '_>) -> Keyboard {
    vec![vec![home(talk)]]
}

/// `⬅️ Назад` to somewhere, beside the way to the menu.
pub(super) fn back_row(talk: &Talk<'_, '_>, back: &Target) -> Vec<Button> {
    vec![back.button(talk.say("button-back", &[])), home(talk)]
}

/// Arrows to the pages beside `page` (from 0) of `pages`; empty when there is only one.
pub(super) fn pages(
    talk: &Talk<'_, '_>,
    page: usize,
    pages: usize,
    to: impl Fn(usize) -> Target,
) -> Keyboard {
    let mut row = Vec::new();
    if page > 0 {
        row.push(to(page - 1).button(talk.say("button-newer", &[])));
    }
    if page + 1 < pages {
        row.push(to(page + 1).button(talk.say("button-older", &[])));
    }
    if row.is_empty() { Vec::new() } else { vec![row] }
}
