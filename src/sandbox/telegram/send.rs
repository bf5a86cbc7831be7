//! Methods that put a message into a chat.

use super::World;
use super::chats::{ChatKind, Media, Message};
use super::files::FileKind;
use super::html::{self, Parsed};
use super::invoice::{self, Invoice};
use super::keyboard::{self, Markup};
use super::params::Params;
use super::refusal::Refusal;
use serde_json::{Value, json};

const TEXT_LIMIT: usize = 4096;
const CAPTION_LIMIT: usize = 1024;

/// The text of a message: parsed, and of a length that Telegram takes.
pub(super) fn text(params: &Params) -> Result<Parsed, Refusal> {
    let source = params.text("text").ok_or_else(|| Refusal::bad("message text is empty"))?;
    let parsed = html::by_mode(&source, params.text("parse_mode").as_deref())?;
    if parsed.text.trim().is_empty() {
        return Err(Refusal::bad("message text is empty"));
    }
    if parsed.text.chars().count() > TEXT_LIMIT {
        return Err(Refusal::bad("message is too long"));
    }
    Ok(parsed)
}

/// The caption of media; empty when there is none.
pub(super) fn caption(params: &Params) -> Result<Parsed, Refusal> {
    let Some(source) = params.text("caption") else { return Ok(Parsed::default()) };
    let parsed = html::by_mode(&source, params.text("parse_mode").as_deref())?;
    if parsed.text.chars().count() > CAPTION_LIMIT {
        return Err(Refusal::bad("message caption is too long"));
    }
    Ok(parsed)
}

/// A message to be.
#[derive(Default)]
struct Draft {
    parsed: Parsed,
    media: Option<Media>,
    invoice: Option<Invoice>,
    markup: Markup,
    album: Option<u64>,
}

impl World {
    /// The chat that a call names, if the bot may write there.
    pub(super) fn writable_chat(&self, params: &Params) -> Result<i64, Refusal> {
        let id = params.number("chat_id").ok_or_else(|| match params.text("chat_id") {
            None => Refusal::bad("chat_id is empty"),
            Some(_) => Refusal::bad("chat not found"),
        })?;
        let chat = self.chats.by_id.get(&id).ok_or_else(|| Refusal::bad("chat not found"))?;
        let person = self.chats.people.get(&id);
        match &chat.kind {
            ChatKind::Group { joined: false, .. } => {
                Err(Refusal::new(403, "Forbidden: bot is not a member of the group chat"))
            }
            ChatKind::Private if person.is_some_and(|person| person.deactivated) => {
                Err(Refusal::new(403, "Forbidden: user is deactivated"))
            }
            ChatKind::Private if person.is_some_and(|person| person.blocked) => Err(Refusal::blocked()),
            ChatKind::Group { .. } | ChatKind::Private => Ok(id),
        }
    }

    pub(super) fn shown(&self, message: &Message) -> Value {
        self.chats.message_json(message, &self.bot_user(), &self.files)
    }

    fn reply_target(&self, chat: i64, params: &Params) -> Result<(), Refusal> {
        let target = params.nested("reply_parameters");
        let target = target.map_err(|_| Refusal::bad("can't parse reply parameters JSON object"))?;
        let Some(target) = target else { return Ok(()) };
        let there = target["message_id"].as_i64().and_then(|id| self.chats.message(chat, id)).is_some();
        if there || target["allow_sending_without_reply"].as_bool() == Some(true) {
            return Ok(());
        }
        Err(Refusal::bad("message to be replied not found"))
    }

    fn put(&mut self, now_ms: i64, chat: i64, draft: Draft) -> Result<Value, Refusal> {
        let gone = || Refusal::bad("chat not found");
        keyboard::check_pay(&draft.markup.inline, draft.invoice.is_some())?;
        if let Some(labels) = draft.markup.reply {
            self.chats.by_id.get_mut(&chat).ok_or_else(gone)?.reply_keyboard = labels;
        }
        let message = self.chats.post(chat, None, now_ms).ok_or_else(gone)?;
        message.text = draft.parsed.text;
        message.entities = draft.parsed.entities;
        message.media = draft.media;
        message.invoice = draft.invoice;
        message.keyboard = draft.markup.inline;
        if let Some(album) = draft.album {
            message.extra.insert("media_group_id".to_owned(), json!(album.to_string()));
        }
        let message = message.clone();
        Ok(self.shown(&message))
    }

    pub(super) fn send_message(&mut self, now_ms: i64, params: &Params) -> Result<Value, Refusal> {
        let chat = self.writable_chat(params)?;
        let (parsed, markup) = (text(params)?, keyboard::read(params)?);
        self.reply_target(chat, params)?;
        self.put(now_ms, chat, Draft { parsed, markup, ..Draft::default() })
    }

    pub(super) fn send_invoice(&mut self, now_ms: i64, params: &Params) -> Result<Value, Refusal> {
        let chat = self.writable_chat(params)?;
        let (invoice, mut markup) = (invoice::read(params)?, keyboard::read(params)?);
        self.reply_target(chat, params)?;
        if markup.inline.is_empty() {
            markup.inline = keyboard::pay(invoice.pay_label());
        }
        self.put(now_ms, chat, Draft { invoice: Some(invoice), markup, ..Draft::default() })
    }

    /// The file that `source` names: a part of the call, a web address or the id of a known file.
    fn media(&mut self, kind: FileKind, source: &str, params: &Params) -> Result<Media, Refusal> {
        if let Some(part) = source.strip_prefix("attach://") {
            let upload = params.files.get(part);
            let upload =
                upload.ok_or_else(|| Refusal::bad("there is no file with the name given in attach://"))?;
            return self.files.store(kind, upload);
        }
        if source.starts_with("http://") || source.starts_with("https://") {
            let fetched = params.fetched.get(source).and_then(Option::as_ref);
            let upload = fetched.ok_or_else(|| Refusal::bad("failed to get HTTP URL content"))?;
            let limit = if kind == FileKind::Photo { 5 } else { 20 } * 1024 * 1024;
            if upload.bytes.len() > limit {
                return Err(Refusal::bad("failed to get HTTP URL content"));
            }
            return self.files.store(kind, upload);
        }
        self.files.again(kind, source)
    }

    pub(super) fn send_media(
        &mut self,
        now_ms: i64,
        method: &str,
        params: &Params,
    ) -> Result<Value, Refusal> {
        let chat = self.writable_chat(params)?;
        let kind = FileKind::named(method).ok_or_else(|| Refusal::new(404, "Not Found: method not found"))?;
        let (parsed, markup) = (caption(params)?, keyboard::read(params)?);
        self.reply_target(chat, params)?;
        let missing = || Refusal::bad(&format!("there is no {} in the request", kind.field()));
        let media = match (params.files.get(kind.field()), params.text(kind.field())) {
            (Some(upload), _) => self.files.store(kind, upload)?,
            (None, Some(source)) if !source.is_empty() => self.media(kind, &source, params)?,
            (None, _) => return Err(missing()),
        };
        self.put(now_ms, chat, Draft { parsed, media: Some(media), markup, ..Draft::default() })
    }

    pub(super) fn send_album(&mut self, now_ms: i64, params: &Params) -> Result<Value, Refusal> {
        let chat = self.writable_chat(params)?;
        let wrong = || Refusal::bad("can't parse media JSON object");
        let items = params.nested("media").map_err(|_| wrong())?.ok_or_else(wrong)?;
        let items = items.as_array().ok_or_else(wrong)?;
        if !(2..=10).contains(&items.len()) {
            return Err(Refusal::bad("group of 2-10 items expected"));
        }
        self.albums += 1;
        let mut drafts = Vec::new();
        for item in items {
            let kind = item["type"].as_str().and_then(FileKind::named);
            let kind = kind.filter(|kind| !matches!(kind, FileKind::Voice | FileKind::Animation));
            let kind = kind.ok_or_else(|| Refusal::bad("media type is unsupported in an album"))?;
            let source = item["media"].as_str().ok_or_else(wrong)?;
            let parsed = caption(&Params::from_json(item))?;
            let media = Some(self.media(kind, source, params)?);
            drafts.push(Draft { parsed, media, album: Some(self.albums), ..Draft::default() });
        }
        drafts.into_iter().map(|draft| self.put(now_ms, chat, draft)).collect()
    }
}
