//! Putting an update aside that we fail to handle, or a file that we fail to look at, without leaving its
//! sender alone with it.

use super::Shop;
use super::alarm::{self, Alarm};
use crate::ids::{InboxId, LookId, UserId};
use crate::message::{About, Act, Incoming, Outgoing};
use crate::store::{Fault, InboxRow, Session, Tx};
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

/// Takes a customer's file out of the line that cannot be looked at by our own mistake: the operator gets an
/// alarm. Gives whose order may wait for it, and the code of the error for them.
pub fn park_look(
    shop: &Shop,
    tx: &mut Tx<'_>,
    id: LookId,
    why: &str,
) -> Result<Option<(UserId, Session, String)>, Fault> {
    let Some((user, session)) = who_waits(tx, id)? else {
        drop_look(shop, tx, id, why)?;
        return Ok(None);
    };
    tx.end_look(id)?;
    let request = tx.new_request()?;
    let code = request.code(&shop.server_key);
    tx.trace(request, user, None, "parked", format!("file {}: {why}", id.0))?;
    alarm::raise(shop, tx, Alarm::Parked, &format!("file {} {code}: {why}", id.0))?;
    Ok(Some((user, session, code)))
}

/// The same where nobody can be found or told: only the operator hears of it.
pub fn drop_look(shop: &Shop, tx: &mut Tx<'_>, id: LookId, why: &str) -> Result<(), Fault> {
    tx.end_look(id)?;
    alarm::raise(shop, tx, Alarm::Parked, &format!("file {}: {why}", id.0))
}

/// Whose order waits for a file.
fn who_waits(tx: &Tx<'_>, id: LookId) -> Result<Option<(UserId, Session)>, Fault> {
    match tx.look(id) {
        Ok(Some(row)) => Ok(tx.session(row.user)?.map(|session| (row.user, session))),
        Ok(None) => Ok(None),
        // Its own row is what cannot be read.
        Err(Fault::Row { .. }) => tx.waits_for_look(id),
        Err(fault) => Err(fault),
    }
}
