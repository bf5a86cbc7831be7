//! Putting an update aside that we fail to handle, without leaving its sender alone with it.

use super::Shop;
use super::alarm::{self, Alarm};
use crate::ids::InboxId;
use crate::message::{About, Act, Incoming, Outgoing};
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
