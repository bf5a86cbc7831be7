//! People, chats and messages as they stand now, and how Telegram writes them as JSON.

use super::files::{FileKind, Files};
use super::invoice::Invoice;
use super::keyboard::{self, Keyboard};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Somebody with a Telegram account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Their id, which is also the id of their private chat with the bot.
    pub id: i64,
    /// First name.
    pub name: String,
    /// IETF language tag; empty for none.
    pub lang: String,
    /// They blocked the bot.
    pub blocked: bool,
    /// Their account is gone.
    pub deactivated: bool,
}

impl Person {
    pub(super) fn to_json(&self) -> Value {
        let mut user = json!({"id": self.id, "is_bot": false, "first_name": self.name});
        if !self.lang.is_empty() {
            user["language_code"] = Value::String(self.lang.clone());
        }
        user
    }
}

/// What kind of chat it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChatKind {
    /// Between the bot and the person with the same id.
    Private,
    /// A group the bot was added to.
    Group {
        /// Its title.
        title: String,
        /// The bot is (still) in it.
        joined: bool,
    },
}

/// Media in a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Media {
    /// As what it was sent.
    pub kind: FileKind,
    /// The file's id.
    pub file_id: String,
}

/// A message as it stands now.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Its id.
    pub id: i64,
    /// The chat it is in.
    pub chat: i64,
    /// Who sent it: a person's id, or `None` for the bot.
    pub from: Option<i64>,
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// When it was last edited.
    pub edited_at_ms: Option<i64>,
    /// Its text, or the caption of its media, without markup. Empty for media without one.
    pub text: String,
    /// The formatting of the text.
    pub entities: Vec<Value>,
    /// Its media.
    pub media: Option<Media>,
    /// What it asks to pay for.
    pub invoice: Option<Invoice>,
    /// The buttons under it.
    pub keyboard: Keyboard,
    /// Other fields, by Telegram's names.
    pub extra: BTreeMap<String, Value>,
}

impl Message {
    /// The button with this label or this data, if it is under the message now.
    pub fn button(&self, label_or_data: &str) -> Option<&super::Button> {
        let all = || self.keyboard.iter().flatten();
        all()
            .find(|button| button.text == label_or_data)
            .or_else(|| all().find(|button| button.data.as_deref() == Some(label_or_data)))
    }

    /// Telegram wrote it in the bot's name.
    pub(super) fn is_service(&self) -> bool {
        self.extra.contains_key("refunded_payment")
    }

    /// The labels of all its buttons, row by row.
    pub fn labels(&self) -> Vec<&str> {
        self.keyboard.iter().flatten().map(|button| button.text.as_str()).collect()
    }
}

/// A chat as it stands now.
#[derive(Clone, Debug, PartialEq)]
pub struct Chat {
    /// Its id.
    pub id: i64,
    /// What kind of chat it is.
    pub kind: ChatKind,
    /// Its messages that were not deleted, by id.
    pub messages: BTreeMap<i64, Message>,
    /// Labels of the keyboard that the bot put in place of the customer's own.
    pub reply_keyboard: Vec<Vec<String>>,
}

impl Chat {
    /// The newest message that the bot wrote.
    pub fn latest(&self) -> Option<&Message> {
        self.messages.values().rev().find(|message| message.from.is_none() && !message.is_service())
    }

    /// The newest invoice.
    pub fn latest_invoice(&self) -> Option<&Message> {
        self.messages.values().rev().find(|message| message.invoice.is_some())
    }

    /// The newest message with this button (label or data).
    pub fn latest_with(&self, label_or_data: &str) -> Option<&Message> {
        self.messages.values().rev().find(|message| message.button(label_or_data).is_some())
    }
}

/// All people and chats.
#[derive(Clone, Debug, Default)]
pub(super) struct Chats {
    pub(super) people: BTreeMap<i64, Person>,
    pub(super) by_id: BTreeMap<i64, Chat>,
    last_message_id: i64,
}

impl Chats {
    /// The chat, made if it is not there yet.
    pub(super) fn chat(&mut self, id: i64, kind: ChatKind) -> &mut Chat {
        let new = || Chat { id, kind, messages: BTreeMap::new(), reply_keyboard: Vec::new() };
        self.by_id.entry(id).or_insert_with(new)
    }

    /// A new message; `None` when there is no such chat.
    pub(super) fn post(&mut self, chat: i64, from: Option<i64>, at_ms: i64) -> Option<&mut Message> {
        let chat = self.by_id.get_mut(&chat)?;
        self.last_message_id += 1;
        let message = Message {
            id: self.last_message_id,
            chat: chat.id,
            from,
            at_ms,
            edited_at_ms: None,
            text: String::new(),
            entities: Vec::new(),
            media: None,
            invoice: None,
            keyboard: Keyboard::new(),
            extra: BTreeMap::new(),
        };
        Some(chat.messages.entry(self.last_message_id).or_insert(message))
    }

    pub(super) fn message(&self, chat: i64, id: i64) -> Option<&Message> {
        self.by_id.get(&chat)?.messages.get(&id)
    }

    pub(super) fn message_mut(&mut self, chat: i64, id: i64) -> Option<&mut Message> {
        self.by_id.get_mut(&chat)?.messages.get_mut(&id)
    }

    pub(super) fn chat_json(&self, id: i64) -> Value {
        match self.by_id.get(&id).map(|chat| &chat.kind) {
            Some(ChatKind::Group { title, .. }) => json!({"id": id, "type": "group", "title": title}),
            Some(ChatKind::Private) | None => {
                let name = self.people.get(&id).map_or("", |person| person.name.as_str());
                json!({"id": id, "type": "private", "first_name": name})
            }
        }
    }

    /// The message as Telegram writes it.
    pub(super) fn message_json(&self, message: &Message, bot: &Value, files: &Files) -> Value {
        let from = message.from.and_then(|id| self.people.get(&id));
        let mut body = Map::new();
        let mut put = |name: &str, value: Value| body.insert(name.to_owned(), value);
        put("message_id", json!(message.id));
        put("from", from.map_or_else(|| bot.clone(), Person::to_json));
        put("chat", self.chat_json(message.chat));
        put("date", json!(message.at_ms.div_euclid(1000)));
        if let Some(at_ms) = message.edited_at_ms {
            put("edit_date", json!(at_ms.div_euclid(1000)));
        }
        let (text, entities) = match &message.media {
            Some(media) => {
                put(media.kind.field(), files.media_json(media));
                ("caption", "caption_entities")
            }
            None => ("text", "entities"),
        };
        if let Some(invoice) = &message.invoice {
            put("invoice", invoice.to_json());
        }
        if !message.text.is_empty() {
            put(text, json!(message.text));
        }
        if !message.entities.is_empty() {
            put(entities, json!(message.entities));
        }
        if let Some(keyboard) = keyboard::to_json(&message.keyboard) {
            put("reply_markup", keyboard);
        }
        body.extend(message.extra.iter().map(|(name, value)| (name.clone(), value.clone())));
        Value::Object(body)
    }
}
