//! What operators did, and the updates that were put aside.

use super::describe;
use super::home;
use super::target::Target;
use crate::handlers::keyboard::pages;
use crate::handlers::talk::{Screen, Talk, clip};
use crate::handlers::target;
use crate::ids::ActionId;
use crate::store::{ActionRow, Fault, ParkedRow};
use crate::texts::{self, Arg};
use serde_json::{Map, Value};

/// How many actions a page shows.
const PAGE: usize = 6;
/// How many updates are shown.
const PARKED: usize = 8;
/// How much of a row's own words.
const WORDS: usize = 120;

/// A page of what operators did, newest first.
pub(super) fn show(talk: &mut Talk<'_, '_>, page: usize) -> Result<(), Fault> {
    talk.aside();
    let mut rows = talk.tx.actions(page * PAGE, PAGE + 1)?;
    let more = rows.len() > PAGE;
    rows.truncate(PAGE);
    let mut lines = vec![talk.say("admin-log", &[])];
    lines.extend(rows.iter().map(|(id, row)| line(talk, *id, row)));
    if rows.is_empty() {
        lines.push(talk.say("admin-nothing", &[]));
    }
    let to = |page| target::Target::Admin(Target::Log(page));
    let mut keyboard = pages(talk, page, page + 1 + usize::from(more), to);
    keyboard.push(home::row(talk));
    talk.show(Screen { text: lines.join("\n\n"), keyboard })
}

fn line(talk: &Talk<'_, '_>, id: ActionId, row: &ActionRow) -> String {
    let (at, what) = (texts::moment(talk.lang, row.at), describe(talk, &row.what));
    let (before, after, reason) =
        (clip(&row.before, WORDS), clip(&row.after, WORDS), clip(&row.reason, WORDS));
    let args = [
        ("id", Arg::Text(&id.to_string())),
        ("at", Arg::Html(&at)),
        ("who", Arg::Text(&row.who)),
        ("what", Arg::Html(&what)),
        ("before", Arg::Text(&before)),
        ("after", Arg::Text(&after)),
    ];
    let text = talk.say("admin-log-line", &args);
    if reason.is_empty() {
        return text;
    }
    format!("{text}\n{}", talk.say("admin-confirm-reason", &[("reason", Arg::Text(&reason))]))
}

/// The newest updates that were put aside.
pub(super) fn parked(talk: &mut Talk<'_, '_>) -> Result<(), Fault> {
    talk.aside();
    let rows = talk.tx.parked(PARKED)?;
    let mut lines = vec![talk.say("admin-parked", &[])];
    for row in &rows {
        let at = texts::moment(talk.lang, row.at);
        let update = row.update.map_or("–".to_owned(), |id| id.to_string());
        let args = [
            ("at", Arg::Html(&at)),
            ("update", Arg::Text(&update)),
            ("kind", Arg::Text(&clip(&kind(row), WORDS))),
            ("why", Arg::Text(&clip(&row.why, WORDS))),
        ];
        lines.push(talk.say("admin-parked-line", &args));
    }
    if rows.is_empty() {
        lines.push(talk.say("admin-nothing", &[]));
    }
    let screen = Screen { text: lines.join("\n\n"), keyboard: vec![home::row(talk)] };
    talk.show(screen)
}

/// What kind of update it is, by its own name for it: `message`, `callback_query`.
fn kind(row: &ParkedRow) -> String {
    match serde_json::from_slice::<Map<String, Value>>(&row.body) {
        Ok(fields) => fields.keys().find(|name| *name != "update_id").cloned().unwrap_or("{}".to_owned()),
        Err(_) => "no JSON".to_owned(),
    }
}
