//! Putting an update aside that we fail to handle, without leaving its sender alone with it.

use super::Shop;
use super::alarm::{self, Alarm};
use crate::ids::{InboxId, LookId};
use crate::message::{About, Act, Incoming, Lang, Outgoing};
use crate::store::{Fault, InboxRow, Tx};
use crate::texts::{self, Arg};

/// Takes the update out of the line: the customer gets an error with its code, the operator an alarm.
pub fn park(
    shop: &Shop,
    tx: &mut Tx<'_>,
    id: InboxId,
    row: &InboxRow,
    incoming: &Incoming,
) -> Result<(), Fault> {
    if tx.inbox_row(id)?.is_none() {
        return Ok(());
    }
    let why = format!("it failed {} times", row.attempts);
    tx.park(id, row, &why)?;
    let request = tx.new_request()?;
    let code = request.code(&shop.server_key);
    tx.trace(request, incoming.from.id, None, "parked", format!("update {}: {why}", row.update))?;
    let text = texts::say(incoming.from.lang, "error-ours", &[("code", Arg::Text(&code))]);
    let act = Act::Text { text, keyboard: Vec::new(), edit: None };
    let chat = incoming.from.id.chat();
    tx.say(Outgoing { chat, act, about: About::Screen(incoming.from.id) }, Some(request))?;
    alarm::raise(shop, tx, Alarm::Parked, &format!("update {} {code}", row.update))
}

/// Takes a customer's file out of the line that cannot be looked at by our own mistake: they get an error with
/// its code, and their order waits for it no longer; the operator gets an alarm.
pub fn park_look(shop: &Shop, tx: &mut Tx<'_>, id: LookId, why: &str) -> Result<(), Fault> {
    tx.end_look(id)?;
    // Its own row may be what cannot be read.
    let Some((user, mut session)) = tx.waits_for_look(id)? else {
        return alarm::raise(shop, tx, Alarm::Parked, &format!("file {}: {why}", id.0));
    };
    if let Some(draft) = &mut session.draft {
        draft.pending.retain(|file| file.look != id);
        // The last one to be looked at would have had the form go on with all of them.
        if draft.pending.iter().all(|file| file.found.is_some()) {
            draft.pending.clear();
        }
    }
    tx.put_session(user, &session)?;
    let request = tx.new_request()?;
    let code = request.code(&shop.server_key);
    tx.trace(request, user, None, "parked", format!("file {}: {why}", id.0))?;
    let lang = tx.user(user)?.map_or(Lang::default(), |row| row.lang);
    let text = texts::say(lang, "error-ours", &[("code", Arg::Text(&code))]);
    let act = Act::Text { text, keyboard: Vec::new(), edit: None };
    tx.say(Outgoing { chat: user.chat(), act, about: About::Screen(user) }, Some(request))?;
    alarm::raise(shop, tx, Alarm::Parked, &format!("file {} {code}: {why}", id.0))
}
