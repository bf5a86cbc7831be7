//! The bot's settings, and the record of what it did.

use super::World;
use super::files::FileKind;
use super::keyboard::Keyboard;
use super::params::Params;
use serde_json::Value;
use std::collections::BTreeMap;

/// The bot that this Telegram knows, and how it behaves.
#[derive(Clone)]
pub struct Bot {
    /// `<id>:<secret>`; anything else is 401.
    pub token: String,
    /// Its username, without `@`.
    pub username: String,
    /// Its name.
    pub name: String,
    /// The id of the first update.
    pub first_update_id: i64,
    /// How long a tap can be answered, in milliseconds.
    pub callback_life_ms: i64,
    /// Thousandths of Telegram's delays between webhook repeats: 1000 is the real thing.
    pub retry_scale_permille: u32,
    /// So many posts at a time, whatever the bot asks for.
    pub connections: Option<usize>,
}

impl Default for Bot {
    fn default() -> Self {
        Self {
            token: "4242:sandbox".to_owned(),
            username: "samovar_sandbox_bot".to_owned(),
            name: "Samovar".to_owned(),
            first_update_id: 100_000,
            callback_life_ms: 150_000,
            retry_scale_permille: 1000,
            connections: None,
        }
    }
}

/// A file in a call that was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenFile {
    /// As what it was sent.
    pub kind: FileKind,
    /// Its id.
    pub file_id: String,
    /// The name it came with.
    pub name: String,
    /// Its size.
    pub bytes: usize,
}

/// A call that was accepted; not one that only asks, as `getUpdates` and `getFile` do.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// The method, in small letters.
    pub method: String,
    /// The chat; for the answer to a tap or before a payment, the person who tapped or pays.
    pub chat: Option<i64>,
    /// The message that was made or changed (of an album, the first).
    pub message_id: Option<i64>,
    /// The text or caption without markup, or the text of the answer to a tap or before a payment.
    pub text: Option<String>,
    /// The buttons under the message after the call.
    pub keyboard: Keyboard,
    /// The files it carried.
    pub files: Vec<SeenFile>,
    /// All parameters, as they came.
    pub params: BTreeMap<String, Value>,
}

/// A call that was refused, by the rules or by the script.
#[derive(Clone, Debug, PartialEq)]
pub struct Refused {
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// The method, in small letters.
    pub method: String,
    /// The chat.
    pub chat: Option<i64>,
    /// Why; for a script's misbehaviour its name.
    pub why: String,
}

/// A tap that the bot should answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tap {
    /// When.
    pub at_ms: i64,
    /// Who tapped.
    pub person: i64,
    /// How often it was answered.
    pub answers: u32,
}

impl World {
    /// Writes down a call that was accepted.
    pub(super) fn note(&mut self, at_ms: i64, method: &str, params: &Params, result: &Value) {
        let first = result.get(0).unwrap_or(result);
        let message_id = first["message_id"].as_i64().or_else(|| params.number("message_id"));
        let tap = params.text("callback_query_id").and_then(|id| self.taps.get(&id));
        let asked = params.text("pre_checkout_query_id").and_then(|id| self.payments.checkouts.get(&id));
        let person = tap.map(|tap| tap.person).or_else(|| asked.map(|asked| asked.person));
        let chat = params.number("chat_id").or(person);
        let message = chat.zip(message_id).and_then(|(chat, id)| self.chats.message(chat, id));
        let text = message.map(|message| message.text.clone()).or_else(|| params.text("text"));
        let text = text.or_else(|| params.text("error_message"));
        let ids: Vec<i64> = match result.as_array() {
            Some(album) => album.iter().filter_map(|item| item["message_id"].as_i64()).collect(),
            None => message_id.into_iter().collect(),
        };
        let media = ids.iter().filter_map(|id| self.chats.message(chat?, *id)?.media.as_ref());
        let files = media.filter_map(|media| self.files.get(&media.file_id).map(|file| (media.kind, file)));
        let files = files
            .map(|(kind, file)| SeenFile {
                kind,
                file_id: file.file_id.clone(),
                name: file.name.clone(),
                bytes: file.bytes.len(),
            })
            .collect();
        let keyboard = message.map_or_else(Keyboard::new, |message| message.keyboard.clone());
        let (method, params) = (method.to_owned(), params.fields.clone());
        self.seen.push(Seen { at_ms, method, chat, message_id, text, keyboard, files, params });
    }
}
