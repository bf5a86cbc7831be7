//! Telling the operator: a message to every admin, each kind at most once in ten minutes.

use super::Shop;
use crate::message::{About, Act, Lang, Outgoing};
use crate::store::{Fault, Tx};
use crate::texts::{self, Arg};
use crate::time::At;
use std::time::Duration;

/// How often the same kind of alarm is given.
const PAUSE: Duration = Duration::from_secs(600);

/// What the operator must know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alarm {
    /// An update could not be handled and was put aside.
    Parked,
    /// The provider has no credit left.
    NoCredit,
    /// The provider refuses our key.
    KeyRefused,
    /// A model is switched off at the provider, or gone.
    ModelStopped,
    /// An invariant is broken; nothing is sold until an operator says so.
    SellingStopped,
    /// A result could not be fetched.
    ResultLost,
}

impl Alarm {
    /// Its text, and the note that says when it was last given.
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Parked => ("alarm-parked", "alarm:parked"),
            Self::NoCredit => ("alarm-no-credit", "alarm:no-credit"),
            Self::KeyRefused => ("alarm-key-refused", "alarm:key-refused"),
            Self::ModelStopped => ("alarm-model-stopped", "alarm:model-stopped"),
            Self::SellingStopped => ("alarm-selling-stopped", "alarm:selling-stopped"),
            Self::ResultLost => ("alarm-result-lost", "alarm:result-lost"),
        }
    }
}

/// Puts the alarm into the outbox for every admin, unless the same kind went out within ten minutes.
/// `detail` is shown as it is, escaped.
pub fn raise(shop: &Shop, tx: &mut Tx<'_>, alarm: Alarm, detail: &str) -> Result<(), Fault> {
    let (text, note) = alarm.names();
    let now = tx.now().at;
    tracing::warn!(alarm = text, detail, "the operator is told");
    if tx.note::<At>(note)?.is_some_and(|last| last <= now && now.since(last) < PAUSE) {
        return Ok(());
    }
    tx.put_note(note, &now)?;
    for &admin in &shop.admins {
        let lang = tx.user(admin)?.map_or(Lang::default(), |row| row.lang);
        let text = texts::say(lang, text, &[("detail", Arg::Text(detail))]);
        let act = Act::Text { text, keyboard: Vec::new(), edit: None };
        tx.say(Outgoing { chat: admin.chat(), act, about: About::Nothing }, None)?;
    }
    Ok(())
}
