//! What people do: they write, tap, send files, block the bot, add it to a group. Each act becomes
//! an update for the bot.

use super::World;
use super::chats::{ChatKind, Person};
use super::files::FileKind;
use super::params::Upload;
use super::refusal::Refusal;
use super::{Message, Tap};
use bytes::Bytes;
use serde_json::{Value, json};

/// What came of an act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The update's id; `None` when the bot did not ask for updates of this kind.
    pub update_id: Option<i64>,
    /// The message written, or the one that was tapped; 0 when there is none.
    pub message_id: i64,
}

/// Why nobody can do this in Telegram.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CannotAct {
    /// No such person.
    #[error("there is no person {0}")]
    NoPerson(i64),
    /// No such chat.
    #[error("there is no chat {0}")]
    NoChat(i64),
    /// No such message, or it was deleted.
    #[error("there is no message {0}")]
    NoMessage(i64),
    /// The message has no such button now.
    #[error("message {message_id} has no button {wanted:?}; it has {there:?}")]
    NoButton {
        /// The message.
        message_id: i64,
        /// The label or data looked for.
        wanted: String,
        /// The labels that are there.
        there: Vec<String>,
    },
    /// The button sends nothing to the bot: a link, for example.
    #[error("button {0:?} sends nothing to the bot")]
    NoData(String),
    /// An empty text, or one above 4,096 characters.
    #[error("a message has 1 to 4096 characters, not {0}")]
    Length(usize),
    /// A file that Telegram does not take.
    #[error("the file is refused: {0}")]
    File(String),
    /// The message is no invoice.
    #[error("message {0} is no invoice")]
    NoInvoice(i64),
    /// The copy of the invoice that was forwarded has a link to the bot instead of a Pay button.
    #[error("a forwarded copy of message {0} cannot be paid")]
    OnlyALink(i64),
    /// No such link of an invoice.
    #[error("there is no invoice behind {0}")]
    NoLink(String),
    /// The purse is too empty.
    #[error("{has} Stars are not enough for {costs}")]
    TooFewStars {
        /// Stars in the purse.
        has: i64,
        /// Stars asked for.
        costs: i64,
    },
    /// No payment that this can be done with.
    #[error("nothing like this can be done with charge {0}")]
    NoCharge(String),
    /// The update to inject is no object.
    #[error("an update is a JSON object")]
    NoObject,
}

fn command_entity(text: &str) -> Vec<Value> {
    let word = text.split_whitespace().next().unwrap_or("");
    if !text.starts_with('/') || word.len() < 2 {
        return Vec::new();
    }
    vec![json!({"type": "bot_command", "offset": 0, "length": word.encode_utf16().count()})]
}

fn member(user: &Value, status: &str) -> Value {
    let mut member = json!({"user": user, "status": status});
    if status == "kicked" {
        member["until_date"] = json!(0);
    }
    member
}

impl World {
    /// Somebody with a Telegram account; who was there already gets the new name and language.
    pub fn user(&mut self, id: i64, name: &str, lang: &str) {
        let person = self.chats.people.entry(id).or_insert_with(|| Person {
            id,
            name: String::new(),
            lang: String::new(),
            blocked: false,
            deactivated: false,
        });
        name.clone_into(&mut person.name);
        lang.clone_into(&mut person.lang);
    }

    pub(super) fn person(&self, id: i64) -> Result<&Person, CannotAct> {
        self.chats.people.get(&id).ok_or(CannotAct::NoPerson(id))
    }

    /// Each update from now on is delivered so many times; copies are not ordered.
    pub fn repeat_updates(&mut self, times: u32) {
        self.updates.copies = times.max(1);
    }

    /// Puts any update before the bot; without `update_id` it gets the next one.
    ///
    /// # Errors
    /// When it is no object.
    pub fn inject(&mut self, now_ms: i64, update: Value) -> Result<Option<i64>, CannotAct> {
        if !update.is_object() {
            return Err(CannotAct::NoObject);
        }
        Ok(self.updates.push(now_ms, update))
    }

    fn write(
        &mut self,
        now_ms: i64,
        (person, chat): (i64, i64),
        fill: impl FnOnce(&mut Message),
    ) -> Result<Sent, CannotAct> {
        self.person(person)?;
        if chat == person {
            self.chats.chat(chat, ChatKind::Private);
        }
        let message = self.chats.post(chat, Some(person), now_ms).ok_or(CannotAct::NoChat(chat))?;
        fill(message);
        let message = message.clone();
        let update = json!({"message": self.shown(&message)});
        Ok(Sent { update_id: self.updates.push(now_ms, update), message_id: message.id })
    }

    /// Somebody writes to the bot, which also lifts their block.
    ///
    /// # Errors
    /// When there is no such person, or the text is empty or too long for one message.
    pub fn say(&mut self, now_ms: i64, person: i64, text: &str) -> Result<Sent, CannotAct> {
        if self.person(person)?.blocked {
            self.unblock(now_ms, person)?;
        }
        self.say_in(now_ms, person, person, text)
    }

    /// Somebody writes in a chat.
    ///
    /// # Errors
    /// As [`World::say`], and when there is no such chat.
    pub fn say_in(&mut self, now_ms: i64, person: i64, chat: i64, text: &str) -> Result<Sent, CannotAct> {
        let length = text.chars().count();
        if !(1..=4096).contains(&length) {
            return Err(CannotAct::Length(length));
        }
        self.write(now_ms, (person, chat), |message| {
            text.clone_into(&mut message.text);
            message.entities = command_entity(text);
        })
    }

    /// Somebody sends the bot a file.
    ///
    /// # Errors
    /// When there is no such person, or Telegram does not take the file.
    pub fn send_file(
        &mut self,
        now_ms: i64,
        person: i64,
        kind: FileKind,
        (file_name, bytes): (&str, Bytes),
        caption: &str,
    ) -> Result<Sent, CannotAct> {
        self.person(person)?;
        let upload = Upload { file_name: file_name.to_owned(), bytes };
        let refused = |refusal: Refusal| CannotAct::File(refusal.description.into_owned());
        let media = self.files.store(kind, &upload).map_err(refused)?;
        self.write(now_ms, (person, person), |message| {
            caption.clone_into(&mut message.text);
            message.media = Some(media);
        })
    }

    /// Somebody taps a button under a message of their private chat, by its label or its data.
    ///
    /// # Errors
    /// When the button is not under that message now, or sends nothing to the bot.
    pub fn tap(
        &mut self,
        now_ms: i64,
        person: i64,
        message_id: i64,
        button: &str,
    ) -> Result<Sent, CannotAct> {
        let from = self.person(person)?.to_json();
        let message = self.chats.message(person, message_id).ok_or(CannotAct::NoMessage(message_id))?;
        let Some(found) = message.button(button) else {
            let there = message.labels().into_iter().map(str::to_owned).collect();
            return Err(CannotAct::NoButton { message_id, wanted: button.to_owned(), there });
        };
        let data = found.data.clone().ok_or_else(|| CannotAct::NoData(button.to_owned()))?;
        let id = format!("{}{:06}", person, self.taps.len() + 1);
        let query = json!({
            "id": id, "from": from, "message": self.shown(message),
            "chat_instance": format!("-{person}"), "data": data,
        });
        self.taps.insert(id, Tap { at_ms: now_ms, person, answers: 0 });
        let update_id = self.updates.push(now_ms, json!({"callback_query": query}));
        Ok(Sent { update_id, message_id })
    }

    /// Somebody taps the newest button with this label or data in their private chat.
    ///
    /// # Errors
    /// When there is none.
    pub fn tap_latest(&mut self, now_ms: i64, person: i64, button: &str) -> Result<Sent, CannotAct> {
        let chat = self.chats.by_id.get(&person).ok_or(CannotAct::NoChat(person))?;
        let message_id = match chat.latest_with(button) {
            Some(message) => message.id,
            None => chat.latest().ok_or(CannotAct::NoMessage(0))?.id,
        };
        self.tap(now_ms, person, message_id, button)
    }

    pub(super) fn membership(
        &mut self,
        now_ms: i64,
        chat: i64,
        from: &Value,
        statuses: [&str; 2],
    ) -> Option<i64> {
        let bot = self.bot_user();
        let [old, new] = statuses.map(|status| member(&bot, status));
        let update = json!({"my_chat_member": {
            "chat": self.chats.chat_json(chat), "from": from, "date": now_ms.div_euclid(1000),
            "old_chat_member": old, "new_chat_member": new,
        }});
        self.updates.push(now_ms, update)
    }

    fn set_blocked(&mut self, now_ms: i64, person: i64, blocked: bool) -> Result<Sent, CannotAct> {
        let known = self.chats.people.get_mut(&person).ok_or(CannotAct::NoPerson(person))?;
        known.blocked = blocked;
        let from = known.to_json();
        let statuses = if blocked { ["member", "kicked"] } else { ["kicked", "member"] };
        Ok(Sent { update_id: self.membership(now_ms, person, &from, statuses), message_id: 0 })
    }

    /// Whether somebody blocked the bot.
    pub fn is_blocked(&self, person: i64) -> bool {
        self.chats.people.get(&person).is_some_and(|person| person.blocked)
    }

    /// Somebody blocks the bot.
    ///
    /// # Errors
    /// When there is no such person.
    pub fn block(&mut self, now_ms: i64, person: i64) -> Result<Sent, CannotAct> {
        self.set_blocked(now_ms, person, true)
    }

    /// Somebody lets the bot write again.
    ///
    /// # Errors
    /// When there is no such person.
    pub fn unblock(&mut self, now_ms: i64, person: i64) -> Result<Sent, CannotAct> {
        self.set_blocked(now_ms, person, false)
    }

    /// Somebody's account goes away; Telegram tells the bot nothing.
    ///
    /// # Errors
    /// When there is no such person.
    pub fn deactivate(&mut self, person: i64) -> Result<(), CannotAct> {
        self.chats.people.get_mut(&person).ok_or(CannotAct::NoPerson(person))?.deactivated = true;
        Ok(())
    }

    /// Somebody adds the bot to a group (a negative id), which comes into being with it.
    ///
    /// # Errors
    /// When there is no such person.
    pub fn add_to_group(
        &mut self,
        now_ms: i64,
        person: i64,
        group: i64,
        title: &str,
    ) -> Result<Sent, CannotAct> {
        let from = self.person(person)?.to_json();
        let kind = ChatKind::Group { title: title.to_owned(), joined: true };
        let chat = self.chats.chat(group, ChatKind::Private);
        chat.kind = kind;
        self.membership(now_ms, group, &from, ["left", "member"]);
        let bot = self.bot_user();
        self.write(now_ms, (person, group), |message| {
            message.extra.insert("new_chat_members".to_owned(), json!([bot]));
        })
    }
}
