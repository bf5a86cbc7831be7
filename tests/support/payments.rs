//! How customers pay, and what they get in writing.

use super::{Customer, PATIENCE};
use bytes::Bytes;
use samovar::sandbox::telegram::{Checkout, FileKind, Message, World};
use std::time::Duration;

impl Customer<'_> {
    /// The newest invoice over so many Stars, or kopecks for a card, once it is there.
    pub(crate) async fn sees_invoice(&self, total: i64) -> Message {
        let there = |world: &World| {
            let mut messages = world.chat(self.id)?.messages.values().rev();
            messages.find(|one| one.invoice.as_ref().is_some_and(|invoice| invoice.total == total)).cloned()
        };
        match self.app.sandbox.telegram.wait(there, PATIENCE).await {
            Ok(message) => message,
            Err(late) => panic!("{late}: no invoice over {total}; the chat shows:\n{}", self.chat()),
        }
    }

    /// Pays the newest invoice over so many Stars, or kopecks; gives the charge's id.
    pub(crate) async fn pays(&self, total: i64) -> String {
        let message = self.sees_invoice(total).await;
        let asked = self.tries_to_pay(self.id, message.id).await;
        asked
            .charge
            .unwrap_or_else(|| panic!("not charged: {:?}; the chat shows:\n{}", asked.said, self.chat()))
    }

    /// Wants to pay the newest invoice over so many Stars, or kopecks, and is told why not.
    pub(crate) async fn is_refused_to_pay(&self, total: i64) -> String {
        let message = self.sees_invoice(total).await;
        let asked = self.tries_to_pay(self.id, message.id).await;
        let said = asked.said.and_then(|said| said.refused);
        said.unwrap_or_else(|| panic!("it could be paid; the chat shows:\n{}", self.chat()))
    }

    /// Wants to pay an invoice, perhaps one forwarded from another's chat; gives what the bot said.
    pub(crate) async fn tries_to_pay(&self, chat: i64, message_id: i64) -> Checkout {
        self.app.skip(Duration::from_secs(1));
        let telegram = &self.app.sandbox.telegram;
        let query = telegram.act(|world, now| world.pay(now, self.id, chat, message_id)).expect("asked");
        let answered =
            |world: &World| world.checkouts().get(&query).filter(|asked| asked.said.is_some()).cloned();
        match telegram.wait(answered, PATIENCE).await {
            Ok(asked) => asked,
            Err(late) => panic!("{late}: the bot does not say whether it may be paid:\n{}", self.calls()),
        }
    }

    /// Gets the Stars of a payment back without asking the bot.
    pub(crate) fn charges_back(&self, charge: &str) -> Self {
        let told = self.app.sandbox.telegram.act(|world, now| world.charge_back(now, charge));
        told.expect("given back");
        *self
    }

    /// The newest document of the bot whose name ends so, once it is there.
    pub(crate) async fn gets_document(&self, ending: &str) -> Bytes {
        let there = |world: &World| {
            let messages = world.chat(self.id)?.messages.values().rev().filter(|one| one.from.is_none());
            let media = messages.filter_map(|one| one.media.as_ref());
            let mut files = media
                .filter(|media| media.kind == FileKind::Document)
                .filter_map(|media| world.file(&media.file_id));
            files.find(|file| file.name.ends_with(ending)).map(|file| file.bytes.clone())
        };
        match self.app.sandbox.telegram.wait(there, PATIENCE).await {
            Ok(bytes) => bytes,
            Err(late) => panic!("{late}: no document …{ending}; the chat shows:\n{}", self.chat()),
        }
    }
}
