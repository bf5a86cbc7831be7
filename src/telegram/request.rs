//! Our answers as requests of the Bot API: teloxide's payloads, ready to be sent.

use crate::ids::{ChatId, MessageId};
use crate::message::{Act, Keyboard, Press, Price};
use bytes::Bytes;
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde_json::{Map, Value};
use std::path::PathBuf;
use teloxide::payloads::{self, setters::*};
use teloxide::requests::Payload;
use teloxide::types::{
    CopyTextButton, FileId, InlineKeyboardButton, InlineKeyboardMarkup, InputFile, LinkPreviewOptions,
    ParseMode, Recipient, TelegramTransactionId,
};

/// A call, ready to be sent as often as needed.
#[derive(Debug)]
pub(super) struct Request {
    method: String,
    fields: Map<String, Value>,
    uploads: Vec<Upload>,
}

/// A file of ours that goes along.
#[derive(Clone, Debug)]
pub(super) struct Upload {
    /// The name of its part in the form.
    pub(super) part: String,
    /// Where it is.
    pub(super) contents: Contents,
    /// What it is called at Telegram.
    pub(super) file_name: String,
}

/// Where the contents of a file are.
#[derive(Clone, Debug)]
pub(super) enum Contents {
    /// On the disk.
    File(PathBuf),
    /// Here.
    Here(Bytes),
}

impl Request {
    /// The request a payload of teloxide's stands for.
    pub(super) fn of<P: Payload + Serialize>(payload: &P) -> Self {
        let Ok(Value::Object(fields)) = serde_json::to_value(payload) else {
            panic!("a payload of teloxide's is a JSON object: {}", P::NAME)
        };
        let mut method = P::NAME.to_owned();
        // teloxide's names begin with a capital: Telegram does not mind, its stand-ins often do.
        method[..1].make_ascii_lowercase();
        Self { method, fields, uploads: Vec::new() }
    }

    /// With one field set to what teloxide's types cannot say.
    pub(super) fn with(mut self, name: &str, value: Value) -> Self {
        self.fields.insert(name.to_owned(), value);
        self
    }

    /// With files, each of which takes the place of a field of its part's name.
    pub(super) fn carrying(mut self, uploads: Vec<Upload>) -> Self {
        for upload in &uploads {
            self.fields.remove(&upload.part);
        }
        self.uploads = uploads;
        self
    }

    pub(super) fn method(&self) -> &str {
        &self.method
    }

    pub(super) fn fields(&self) -> &Map<String, Value> {
        &self.fields
    }

    pub(super) fn uploads(&self) -> &[Upload] {
        &self.uploads
    }
}

/// A chat as teloxide names it.
pub(super) fn recipient(chat: ChatId) -> Recipient {
    Recipient::Id(teloxide::types::ChatId(chat.0))
}

/// A new message.
pub(super) fn text(chat: ChatId, text: &str, buttons: Option<InlineKeyboardMarkup>) -> Request {
    let mut payload = payloads::SendMessage::new(recipient(chat), text)
        .parse_mode(ParseMode::Html)
        .link_preview_options(no_preview());
    if let Some(buttons) = buttons {
        payload = payload.reply_markup(buttons);
    }
    Request::of(&payload)
}

/// A message changed in place; without buttons it loses those it had.
pub(super) fn edit(
    chat: ChatId,
    message: MessageId,
    text: &str,
    buttons: Option<InlineKeyboardMarkup>,
) -> Request {
    let message = teloxide::types::MessageId(message.0);
    let mut payload = payloads::EditMessageText::new(recipient(chat), message, text)
        .parse_mode(ParseMode::Html)
        .link_preview_options(no_preview());
    if let Some(buttons) = buttons {
        payload = payload.reply_markup(buttons);
    }
    Request::of(&payload)
}

/// An invoice; `None` for a card without a provider.
pub(super) fn invoice(chat: ChatId, act: &Act, provider: Option<&SecretString>) -> Option<Request> {
    let Act::Invoice { title, description, payload, price } = act else { return None };
    let (currency, amount, token) = match price {
        Price::Stars(stars) => ("XTR", i64::from(*stars), None),
        Price::Card(amount) => ("RUB", amount.get(), Some(provider?)),
    };
    // teloxide has the amount as 32 bits, of which a hundred thousand roubles take a part; ours are 64.
    let prices = serde_json::json!([{"label": title, "amount": amount}]);
    let request = payloads::SendInvoice::new(recipient(chat), title, description, payload, currency, []);
    let mut request = Request::of(&request).with("prices", prices);
    if let Some(token) = token {
        request = request.with("provider_token", token.expose_secret().into());
    }
    Some(request)
}

/// The Stars of a payment go back to the customer whose private chat this is.
pub(super) fn refund_stars(chat: ChatId, charge: &str) -> Request {
    let user = teloxide::types::UserId(chat.0.unsigned_abs());
    Request::of(&payloads::RefundStarPayment::new(user, TelegramTransactionId(charge.to_owned())))
}

/// A file of ours that lies nowhere.
pub(super) fn document(chat: ChatId, name: &str, bytes: &[u8], caption: &str) -> Request {
    let part = "document";
    let input = InputFile::file_id(FileId(format!("attach://{part}")));
    let payload =
        payloads::SendDocument::new(recipient(chat), input).caption(caption).parse_mode(ParseMode::Html);
    let contents = Contents::Here(Bytes::copy_from_slice(bytes));
    let upload = Upload { part: part.to_owned(), contents, file_name: name.to_owned() };
    Request::of(&payload).carrying(vec![upload])
}

/// The answer to a tap.
pub(super) fn toast(query: &str, text: &str, alert: bool) -> Request {
    let mut payload = payloads::AnswerCallbackQuery::new(teloxide::types::CallbackQueryId(query.to_owned()));
    if !text.is_empty() {
        payload = payload.text(text).show_alert(alert);
    }
    Request::of(&payload)
}

/// The answer to "may I pay?".
pub(super) fn pre_checkout(query: &str, refusal: Option<&str>) -> Request {
    let query = teloxide::types::PreCheckoutQueryId(query.to_owned());
    let mut payload = payloads::AnswerPreCheckoutQuery::new(query, refusal.is_none());
    if let Some(refusal) = refusal {
        payload = payload.error_message(refusal);
    }
    Request::of(&payload)
}

/// Leaves a group.
pub(super) fn leave(chat: ChatId) -> Request {
    Request::of(&payloads::LeaveChat::new(recipient(chat)))
}

/// Buttons as teloxide names them; `None` for none.
///
/// # Errors
/// In words, when a button opens something that is no link.
pub(super) fn buttons(keyboard: &Keyboard) -> Result<Option<InlineKeyboardMarkup>, String> {
    if keyboard.iter().all(Vec::is_empty) {
        return Ok(None);
    }
    let mut rows = Vec::new();
    for row in keyboard {
        let row = row.iter().map(|button| {
            let label = button.label.clone();
            match &button.press {
                Press::Tap(data) => Ok(InlineKeyboardButton::callback(label, data)),
                Press::Open(link) => Url::parse(link)
                    .map(|link| InlineKeyboardButton::url(label, link))
                    .map_err(|error| format!("a button's link: {error}")),
                Press::Copy(text) => {
                    let text = CopyTextButton { text: text.clone() };
                    Ok(InlineKeyboardButton::copy_text_button(label, text))
                }
            }
        });
        rows.push(row.collect::<Result<Vec<_>, String>>()?);
    }
    Ok(Some(InlineKeyboardMarkup::new(rows)))
}

fn no_preview() -> LinkPreviewOptions {
    LinkPreviewOptions {
        is_disabled: true,
        url: None,
        prefer_small_media: false,
        prefer_large_media: false,
        show_above_text: false,
    }
}
