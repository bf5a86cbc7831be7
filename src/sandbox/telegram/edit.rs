//! Methods that change what is in a chat already.

use super::World;
use super::html::Parsed;
use super::keyboard::{self, Keyboard};
use super::params::Params;
use super::refusal::Refusal;
use super::send;
use serde_json::{Value, json};

const DELETABLE_MS: i64 = 48 * 3_600_000;

fn unchanged() -> Refusal {
    Refusal::bad(
        "message is not modified: specified new message content and reply markup are exactly the same \
         as a current content and reply markup of the message",
    )
}

impl World {
    fn editable(&self, params: &Params) -> Result<(i64, i64), Refusal> {
        let chat = self.writable_chat(params)?;
        let id =
            params.number("message_id").ok_or_else(|| Refusal::bad("message identifier is not specified"))?;
        match self.chats.message(chat, id) {
            None => Err(Refusal::bad("message to edit not found")),
            Some(message) if message.from.is_some() || message.is_service() => {
                Err(Refusal::bad("message can't be edited"))
            }
            Some(_) => Ok((chat, id)),
        }
    }

    /// An edit: new words if `parsed` is given, and the keyboard in every case (none given: none).
    fn change(
        &mut self,
        now_ms: i64,
        (chat, id): (i64, i64),
        parsed: Option<Parsed>,
        keyboard: Keyboard,
    ) -> Result<Value, Refusal> {
        let gone = || Refusal::bad("message to edit not found");
        let message = self.chats.message_mut(chat, id).ok_or_else(gone)?;
        keyboard::check_pay(&keyboard, message.invoice.is_some())?;
        let same_words =
            parsed.as_ref().is_none_or(|new| new.text == message.text && new.entities == message.entities);
        if same_words && keyboard == message.keyboard {
            return Err(unchanged());
        }
        if let Some(parsed) = parsed {
            message.text = parsed.text;
            message.entities = parsed.entities;
        }
        message.keyboard = keyboard;
        message.edited_at_ms = Some(now_ms);
        let message = message.clone();
        Ok(self.shown(&message))
    }

    pub(super) fn edit_text(&mut self, now_ms: i64, params: &Params) -> Result<Value, Refusal> {
        let at = self.editable(params)?;
        let message = self.chats.message(at.0, at.1);
        if message.is_some_and(|message| message.media.is_some() || message.invoice.is_some()) {
            return Err(Refusal::bad("there is no text in the message to edit"));
        }
        self.change(now_ms, at, Some(send::text(params)?), keyboard::read(params)?.inline)
    }

    pub(super) fn edit_caption(&mut self, now_ms: i64, params: &Params) -> Result<Value, Refusal> {
        let at = self.editable(params)?;
        if self.chats.message(at.0, at.1).is_some_and(|message| message.media.is_none()) {
            return Err(Refusal::bad("there is no caption in the message to edit"));
        }
        self.change(now_ms, at, Some(send::caption(params)?), keyboard::read(params)?.inline)
    }

    pub(super) fn edit_keyboard(&mut self, now_ms: i64, params: &Params) -> Result<Value, Refusal> {
        let at = self.editable(params)?;
        self.change(now_ms, at, None, keyboard::read(params)?.inline)
    }

    pub(super) fn delete_message(&mut self, now_ms: i64, params: &Params) -> Result<Value, Refusal> {
        let chat = self.writable_chat(params)?;
        let missing = || Refusal::bad("message to delete not found");
        let id = params.number("message_id").ok_or_else(missing)?;
        let message = self.chats.message(chat, id).ok_or_else(missing)?;
        if now_ms.saturating_sub(message.at_ms) > DELETABLE_MS {
            return Err(Refusal::bad("message can't be deleted for everyone"));
        }
        if let Some(chat) = self.chats.by_id.get_mut(&chat) {
            chat.messages.remove(&id);
        }
        Ok(json!(true))
    }

    pub(super) fn answer_tap(&mut self, now_ms: i64, params: &Params) -> Result<Value, Refusal> {
        let late = || Refusal::bad("query is too old and response timeout expired or query ID is invalid");
        if params.text("text").is_some_and(|text| text.chars().count() > 200) {
            return Err(Refusal::bad("MESSAGE_TOO_LONG"));
        }
        let life_ms = self.bot.callback_life_ms;
        let id = params.text("callback_query_id").ok_or_else(late)?;
        let tap = self.taps.get_mut(&id).ok_or_else(late)?;
        if now_ms.saturating_sub(tap.at_ms) > life_ms {
            return Err(late());
        }
        tap.answers += 1;
        Ok(json!(true))
    }

    pub(super) fn chat_action(&self, params: &Params) -> Result<Value, Refusal> {
        const ACTIONS: [&str; 11] = [
            "typing",
            "upload_photo",
            "record_video",
            "upload_video",
            "record_voice",
            "upload_voice",
            "upload_document",
            "choose_sticker",
            "find_location",
            "record_video_note",
            "upload_video_note",
        ];
        self.writable_chat(params)?;
        let action = params.word("action");
        if ACTIONS.contains(&action) {
            return Ok(json!(true));
        }
        Err(Refusal::bad("wrong parameter action in request"))
    }
}
