//! Walks the menus as a customer would: taps real buttons through [`handle`] and reports what was
//! shown. `catalog --verify` proves with it that every model can be found; the tests prove with it
//! that every button leads to an answer.

use super::handle;
use super::target::Target;
use crate::catalog;
use crate::flow::{Shop, deliver};
use crate::ids::{MessageId, UpdateId, UserId};
use crate::message::{About, Act, Button, Incoming, Lang, Outgoing, Person, Press, Sent, What};
use crate::store::{Fault, OpenError, Store, Tx};
use crate::time::Clock;
use std::collections::BTreeSet;

/// Why the menus could not be walked.
#[derive(Debug, thiserror::Error)]
pub enum NotWalked {
    /// The database of the walk, in a temporary directory, could not be made.
    #[error("no temporary database for the walk through the menus: {0}")]
    Directory(#[from] std::io::Error),
    /// The same.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A turn failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// The ids of the models whose cards a customer can open by tapping from `/start` on, in this
/// language and with these rules. Uses a database of its own, in a temporary directory.
pub fn reachable_models(shop: &Shop, lang: Lang) -> Result<BTreeSet<&'static str>, NotWalked> {
    let dir = tempfile::tempdir()?;
    let (store, engine) = Store::open(dir.path(), Clock::system())?;
    // Ends when `store`, the last one to ask it, is dropped below.
    let writer = std::thread::spawn(move || engine.run());
    let shop = Shop { actions_per_minute: 0, ..shop.clone() };
    let walked = store.write_blocking("walk the menus", move |tx| menus(&shop, tx, lang));
    drop(store);
    if writer.join().is_err() {
        return Err(Fault::Bug("the writer of the walk panicked".to_owned()).into());
    }
    Ok(walked?)
}

/// Taps every button of every menu and list once.
fn menus(shop: &Shop, tx: &mut Tx<'_>, lang: Lang) -> Result<BTreeSet<&'static str>, Fault> {
    let mut visitor = Visitor::new(UserId(1), lang);
    let mut models = BTreeSet::new();
    let mut tapped = BTreeSet::new();
    let mut open: Vec<String> = taps(&visitor.writes(shop, tx, "/start")?);
    while let Some(data) = open.pop() {
        if !tapped.insert(data.clone()) {
            continue;
        }
        match Target::read(&data) {
            Some(Target::Home | Target::List(..)) => {}
            // A card counts when it opens, and shows nothing but its own model's buttons.
            Some(Target::Card(id)) => {
                let shown = taps(&visitor.taps(shop, tx, &data)?);
                let generate = Target::Generate(id.clone()).data();
                if let Some(model) = catalog::model(&id).filter(|_| shown.contains(&generate)) {
                    models.insert(model.id);
                }
                continue;
            }
            Some(_) | None => continue,
        }
        open.extend(taps(&visitor.taps(shop, tx, &data)?));
    }
    Ok(models)
}

/// What the buttons of some messages carry.
fn taps(answers: &[Outgoing]) -> Vec<String> {
    buttons(answers)
        .filter_map(|button| match &button.press {
            Press::Tap(data) => Some(data.clone()),
            Press::Open(_) | Press::Copy(_) => None,
        })
        .collect()
}

/// The buttons of some messages.
pub(super) fn buttons(answers: &[Outgoing]) -> impl Iterator<Item = &Button> {
    let keyboards = answers.iter().filter_map(|answer| match &answer.act {
        Act::Text { keyboard, .. } | Act::Media { keyboard, .. } => Some(keyboard),
        Act::Toast { .. }
        | Act::PreCheckout { .. }
        | Act::Leave
        | Act::Invoice { .. }
        | Act::RefundStars { .. }
        | Act::Document { .. } => None,
    });
    keyboards.flat_map(|keyboard| keyboard.iter().flat_map(|row| row.iter()))
}

/// A customer who writes and taps, and reads what comes.
pub(super) struct Visitor {
    person: Person,
    update: u64,
    /// The message that the last screen was shown in.
    message: i32,
    /// How many messages they got.
    messages: i32,
}

impl Visitor {
    pub(super) fn new(id: UserId, lang: Lang) -> Self {
        let person = Person { id, first_name: "Анна".to_owned(), username: None, lang };
        Self { person, update: 0, message: 0, messages: 0 }
    }

    pub(super) fn writes(
        &mut self,
        shop: &Shop,
        tx: &mut Tx<'_>,
        text: &str,
    ) -> Result<Vec<Outgoing>, Fault> {
        self.does(shop, tx, What::Text(text.to_owned()))
    }

    pub(super) fn taps(&mut self, shop: &Shop, tx: &mut Tx<'_>, data: &str) -> Result<Vec<Outgoing>, Fault> {
        let message = (self.message > 0).then_some(MessageId(self.message));
        let query = format!("query {}", self.update + 1);
        self.does(shop, tx, What::Tap { query, message, data: data.to_owned() })
    }

    /// Does something and gives the answers, oldest first, delivered as Telegram would.
    pub(super) fn does(&mut self, shop: &Shop, tx: &mut Tx<'_>, what: What) -> Result<Vec<Outgoing>, Fault> {
        self.update += 1;
        let person = self.person.clone();
        let chat = person.id.chat();
        handle(shop, tx, &Incoming { update: UpdateId(self.update), from: person, chat, what })?;
        let mut waiting = tx.outbox_rows()?;
        waiting.sort_by_key(|(_, id, _)| *id);
        let mut answers = Vec::new();
        for (priority, id, row) in waiting {
            let sent = self.receives(&row.outgoing);
            deliver::note(shop, tx, priority, id, &sent)?;
            answers.push(row.outgoing);
        }
        Ok(answers)
    }

    /// What Telegram would say of a message: screens stay in the message they edit, all others get
    /// a new one.
    fn receives(&mut self, outgoing: &Outgoing) -> Sent {
        let (message, file_ids) = match &outgoing.act {
            Act::Text { edit: Some(edit), .. } => (Some(*edit), Vec::new()),
            Act::Text { edit: None, .. } => (Some(self.next_message()), Vec::new()),
            Act::Media { files, .. } => {
                let names = (1..=files.len()).map(|number| format!("file {number}")).collect();
                (Some(self.next_message()), names)
            }
            Act::Invoice { .. } => (Some(self.next_message()), Vec::new()),
            Act::Toast { .. } | Act::PreCheckout { .. } | Act::Leave | Act::RefundStars { .. } => {
                (None, Vec::new())
            }
            Act::Document { .. } => (Some(self.next_message()), vec!["document".to_owned()]),
        };
        if let (Some(message), About::Screen(_) | About::Status(_)) = (message, outgoing.about) {
            self.message = message.0;
        }
        Sent::Delivered { message, file_ids }
    }

    fn next_message(&mut self) -> MessageId {
        self.messages += 1;
        MessageId(self.messages)
    }
}
