//! Which models are sold, and the switch of each.

use super::home;
use super::show as show_screen;
use super::target::Target;
use crate::catalog;
use crate::handlers::keyboard::pages;
use crate::handlers::talk::{Screen, Talk, clip};
use crate::handlers::target;
use crate::store::Fault;
use crate::texts::{self, Arg};

/// How many models a page shows.
const PAGE: usize = 8;
/// How much of a label a button shows.
const LABEL: usize = 60;
/// How much of a reason.
const WHY: usize = 120;

/// The page a model is on.
pub(super) fn page_of(model: &str) -> usize {
    catalog::models().iter().position(|one| one.id == model).unwrap_or(0) / PAGE
}

/// A page of the models, each a switch; why those are not sold that are not.
pub(super) fn show(talk: &mut Talk<'_, '_>, page: usize, above: Option<&str>) -> Result<(), Fault> {
    talk.aside();
    let count = catalog::models().len().div_ceil(PAGE);
    let page = page.min(count - 1);
    let mut lines = vec![talk.say("admin-models", &[])];
    let mut keyboard = Vec::new();
    for model in catalog::models().iter().skip(page * PAGE).take(PAGE) {
        let stop = talk.tx.stop(model.id)?;
        let icon = if stop.is_some() { "⛔" } else { "✅" };
        let button = Target::Model(model.id.to_owned(), stop.is_some());
        keyboard.push(vec![button.button(clip(&format!("{icon} {}", model.title), LABEL))]);
        if let Some(stop) = stop {
            let since = texts::moment(talk.lang, stop.at);
            let args = [
                ("title", Arg::Text(model.title)),
                ("since", Arg::Html(&since)),
                ("why", Arg::Text(&clip(&stop.why, WHY))),
            ];
            lines.push(talk.say("admin-model-stopped", &args));
        }
    }
    keyboard.extend(pages(talk, page, count, |page| target::Target::Admin(Target::Models(page))));
    keyboard.push(home::row(talk));
    show_screen(talk, Screen { text: lines.join("\n"), keyboard }, above)
}
