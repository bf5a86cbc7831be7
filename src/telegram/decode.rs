//! An update's bytes become an [`Incoming`], or the reason why there is none. Never panics,
//! whatever the bytes.

use super::wire::{CallbackQuery, Chat, File, Head, MemberUpdate, Message, Payment, Update, User};
use crate::ids::{ChatId, MessageId, UpdateId, UserId};
use crate::message::{Attachment, Bill, FileKind, Incoming, Lang, Person, Urgency, What};

/// What an update means to us.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "matched at once and never kept")]
pub enum Decoded {
    /// Somebody did something.
    Useful(Incoming),
    /// All in order, but nothing for us to do.
    Ignored {
        /// Which update.
        update: UpdateId,
        /// Why, in a few fixed words.
        why: &'static str,
    },
    /// Not what Telegram's documents promise; trying again is of no use.
    Undecodable {
        /// Its number, if at least that can be read.
        update: Option<UpdateId>,
        /// What is wrong and where. Never holds contents of the update.
        why: String,
    },
}

/// The number of an update and whether it is about money at Telegram, which must not wait behind
/// others; `None` if the bytes are no update.
pub fn head(raw: &[u8]) -> Option<(UpdateId, Urgency)> {
    match serde_json::from_slice::<Head>(raw) {
        Ok(head) if head.is_urgent() => Some((UpdateId(head.update_id), Urgency::Urgent)),
        Ok(head) => Some((UpdateId(head.update_id), Urgency::Usual)),
        Err(_not_an_update) => None,
    }
}

/// The number of an update, without reading the rest; `None` if the bytes are no update.
pub fn update_id(raw: &[u8]) -> Option<UpdateId> {
    head(raw).map(|(id, _)| id)
}

/// Reads the bytes of one update, as Telegram posted them or as `getUpdates` listed them.
pub fn decode(raw: &[u8]) -> Decoded {
    let update = match serde_json::from_slice::<Head>(raw) {
        Ok(head) => UpdateId(head.update_id),
        Err(error) => return Decoded::Undecodable { update: None, why: place(&error) },
    };
    let body = match serde_json::from_slice::<Update>(raw) {
        Ok(body) => body,
        Err(error) => return Decoded::Undecodable { update: Some(update), why: place(&error) },
    };
    let read = if let Some(message) = body.message {
        from_message(message)
    } else if let Some(query) = body.callback_query {
        Ok(from_tap(query))
    } else if let Some(member) = body.my_chat_member {
        from_member(member)
    } else if let Some(query) = body.pre_checkout_query {
        let chat = query.from.id;
        let bill =
            Bill { currency: query.currency, total: query.total_amount, payload: query.invoice_payload };
        Ok((query.from, chat, What::PreCheckout { query: query.id, bill }))
    } else {
        Err("a kind of update we do not use")
    };
    match read {
        Ok((user, _, _)) if user.is_bot => Decoded::Ignored { update, why: "from a bot" },
        Ok((user, chat, what)) => {
            Decoded::Useful(Incoming { update, from: person(user), chat: ChatId(chat), what })
        }
        Err(why) => Decoded::Ignored { update, why },
    }
}

/// Who, in which chat, did what; or why it is nothing to us.
type Read = Result<(User, i64, What), &'static str>;

fn from_message(message: Message) -> Read {
    if message.is_service() {
        return Err("a service message");
    }
    // Telegram writes these into the chat of who paid; a group's are not asked for by anybody here.
    let paid = message.successful_payment.map(|payment| (payment, true));
    let moved = paid.or_else(|| message.refunded_payment.map(|payment| (payment, false)));
    if let Some((payment, came)) = moved {
        return from_payment(message.from, &message.chat, payment, came);
    }
    let Message { from: Some(from), .. } = message else { return Err("from nobody") };
    if !message.chat.is_private() {
        return Ok((from, message.chat.id, What::AddedToGroup));
    }
    let Some((kind, file)) = file(
        message.photo,
        [
            // An animation repeats itself in `document`.
            (FileKind::Animation, message.animation),
            (FileKind::Document, message.document),
            (FileKind::Video, message.video),
            (FileKind::VideoNote, message.video_note),
            (FileKind::Audio, message.audio),
            (FileKind::Voice, message.voice),
            (FileKind::Sticker, message.sticker),
        ],
    ) else {
        let what = message.text.map_or(What::Unsupported, What::Text);
        return Ok((from, message.chat.id, what));
    };
    let pixels = file.width.or(file.length).zip(file.height.or(file.length));
    let what = What::File(Attachment {
        kind,
        file_id: file.file_id,
        unique_id: file.file_unique_id,
        size_bytes: file.file_size,
        mime: file.mime_type,
        name: file.file_name,
        pixels,
        duration_s: file.duration,
        caption: message.caption,
        album: message.media_group_id,
    });
    Ok((from, message.chat.id, what))
}

/// A payment, or one that went back. The word of it may come from the bot itself: then it is about the
/// person whose private chat it stands in.
fn from_payment(from: Option<User>, chat: &Chat, payment: Payment, came: bool) -> Read {
    let payer = match from {
        Some(user) if !user.is_bot => user,
        Some(_) | None if chat.is_private() => User::unknown(chat.id),
        Some(_) | None => return Err("a payment of nobody"),
    };
    let Payment { currency, total_amount: total, invoice_payload: payload, telegram_payment_charge_id } =
        payment;
    let (bill, charge) = (Bill { currency, total, payload }, telegram_payment_charge_id);
    let what = if came { What::Paid { bill, charge } } else { What::WentBack { bill, charge } };
    Ok((payer, chat.id, what))
}

/// The file in a message: the largest size of a picture, or the first of the others there is.
fn file(photo: Vec<File>, others: [(FileKind, Option<File>); 7]) -> Option<(FileKind, File)> {
    let area = |size: &File| u64::from(size.width.unwrap_or(0)) * u64::from(size.height.unwrap_or(0));
    let photo = photo.into_iter().max_by_key(area).map(|file| (FileKind::Photo, file));
    photo.or_else(|| others.into_iter().find_map(|(kind, file)| file.map(|file| (kind, file))))
}

fn from_tap(query: CallbackQuery) -> (User, i64, What) {
    let data = match query.data {
        Some(data) if data.len() <= 64 => data,
        // Not a button of ours, yet it spins until it is answered.
        Some(_) | None => String::new(),
    };
    let (chat, message) = match query.message {
        Some(message) if !message.chat.is_private() => {
            return (query.from, message.chat.id, What::AddedToGroup);
        }
        Some(message) => (message.chat.id, (message.date != 0).then_some(MessageId(message.message_id))),
        None => (query.from.id, None),
    };
    (query.from, chat, What::Tap { query: query.id, message, data })
}

fn from_member(member: MemberUpdate) -> Read {
    let Chat { id, .. } = member.chat;
    let status = member.new_chat_member.status.as_str();
    if member.chat.is_private() {
        return match status {
            "kicked" => Ok((member.from, id, What::Blocked(true))),
            "member" => Ok((member.from, id, What::Blocked(false))),
            _ => Err("a membership we do not know"),
        };
    }
    match status {
        "member" | "administrator" | "creator" => Ok((member.from, id, What::AddedToGroup)),
        "restricted" if member.new_chat_member.is_member == Some(true) => {
            Ok((member.from, id, What::AddedToGroup))
        }
        _ => Err("no longer in that group"),
    }
}

fn person(user: User) -> Person {
    let username = user.username.filter(|name| is_username(name));
    let first_name = [user.first_name, user.last_name]
        .into_iter()
        .flatten()
        .map(|name| clean_name(&name))
        .find(|name| !name.is_empty())
        .or_else(|| username.clone())
        .unwrap_or_else(|| user.id.to_string());
    Person { id: UserId(user.id), first_name, username, lang: Lang::from_tag(user.language_code.as_deref()) }
}

fn is_username(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// A name that cannot disturb the line it stands in: without control, bidi and invisible
/// characters, on one line, at most 64 characters. Empty if nothing visible is left.
fn clean_name(name: &str) -> String {
    let kept: String = name
        .chars()
        .map(|char| if char.is_whitespace() { ' ' } else { char })
        .filter(|char| !char.is_control() && !is_invisible(*char))
        .collect();
    let cut: String = kept.trim().chars().take(64).collect();
    // These two, and the variation selector, only hold emoji together.
    let shows = |char: char| !matches!(char, '\u{200c}' | '\u{200d}' | '\u{fe0f}' | ' ');
    if cut.chars().any(shows) { cut.trim_end().to_owned() } else { String::new() }
}

fn is_invisible(char: char) -> bool {
    matches!(
        char,
        '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}'
    )
}

/// Where reading stopped and of what kind the trouble is, without the contents, which serde's own
/// words may quote.
fn place(error: &serde_json::Error) -> String {
    let kind = match error.classify() {
        serde_json::error::Category::Io => "unreadable",
        serde_json::error::Category::Syntax => "no JSON",
        serde_json::error::Category::Data => "not as documented",
        serde_json::error::Category::Eof => "cut off",
    };
    format!("{kind} at line {} column {}", error.line(), error.column())
}

#[cfg(test)]
mod tests;
