//! What Telegram sends us, as far as we read it.
//!
//! teloxide's own types are stricter than Telegram: a voice message without a MIME type (the field
//! is optional) or a document with an odd one reads as a message without contents, a new field in
//! a chat member fails the whole update. A customer would get silence. So what comes *in* is read
//! by these structs, which ask only for what we use; what goes *out* is teloxide's.

#![expect(clippy::struct_field_names, reason = "the names are Telegram's")]

use serde::de::{Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::fmt;

/// The number, so that an update we cannot read otherwise can still be counted as seen, and what tells
/// whether it may wait.
#[derive(Deserialize)]
pub(super) struct Head<'a> {
    pub(super) update_id: u64,
    #[serde(default)]
    pre_checkout_query: Option<IgnoredAny>,
    #[serde(borrow, default)]
    message: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct MessageHead {
    successful_payment: Option<IgnoredAny>,
    refunded_payment: Option<IgnoredAny>,
}

impl Head<'_> {
    /// It is about money at Telegram: the question before a payment, a payment, or its way back.
    pub(super) fn is_urgent(&self) -> bool {
        self.pre_checkout_query.is_some() || self.message.is_some_and(is_paid)
    }
}

/// Whether a message tells of a payment. Few do, and only those that may are read.
fn is_paid(message: &RawValue) -> bool {
    let words = message.get();
    words.contains("_payment\"")
        && serde_json::from_str::<MessageHead>(words)
            .is_ok_and(|message| message.successful_payment.is_some() || message.refunded_payment.is_some())
}

/// So many entries of a list, unread; the rest is passed over.
pub(super) struct First<'a, const N: usize>(pub(super) Vec<&'a RawValue>);

impl<'de, const N: usize> Deserialize<'de> for First<'de, N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<const N: usize>;

        impl<'de, const N: usize> Visitor<'de> for Entries<N> {
            type Value = First<'de, N>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut first = Vec::new();
                while first.len() < N
                    && let Some(entry) = list.next_element()?
                {
                    first.push(entry);
                }
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(First(first))
            }
        }

        deserializer.deserialize_seq(Entries)
    }
}

/// The kinds of update we ask for; all others leave these fields empty.
#[derive(Deserialize)]
pub(super) struct Update {
    pub(super) message: Option<Message>,
    pub(super) callback_query: Option<CallbackQuery>,
    pub(super) my_chat_member: Option<MemberUpdate>,
    pub(super) pre_checkout_query: Option<PreCheckoutQuery>,
}

#[derive(Deserialize)]
pub(super) struct User {
    pub(super) id: i64,
    #[serde(default)]
    pub(super) is_bot: bool,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) first_name: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) last_name: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) username: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) language_code: Option<String>,
}

impl User {
    /// Somebody of whom only the id is known.
    pub(super) fn unknown(id: i64) -> Self {
        Self { id, is_bot: false, first_name: None, last_name: None, username: None, language_code: None }
    }
}

#[derive(Deserialize)]
pub(super) struct Chat {
    pub(super) id: i64,
    #[serde(rename = "type")]
    pub(super) kind: String,
}

impl Chat {
    pub(super) fn is_private(&self) -> bool {
        self.kind == "private"
    }
}

#[derive(Deserialize)]
pub(super) struct Message {
    pub(super) from: Option<User>,
    pub(super) chat: Chat,
    pub(super) text: Option<String>,
    pub(super) caption: Option<String>,
    pub(super) media_group_id: Option<String>,
    #[serde(default)]
    pub(super) photo: Vec<File>,
    pub(super) animation: Option<File>,
    pub(super) document: Option<File>,
    pub(super) video: Option<File>,
    pub(super) video_note: Option<File>,
    pub(super) audio: Option<File>,
    pub(super) voice: Option<File>,
    pub(super) sticker: Option<File>,
    pub(super) successful_payment: Option<Payment>,
    pub(super) refunded_payment: Option<Payment>,
    new_chat_members: Option<IgnoredAny>,
    left_chat_member: Option<IgnoredAny>,
    new_chat_title: Option<IgnoredAny>,
    new_chat_photo: Option<IgnoredAny>,
    delete_chat_photo: Option<IgnoredAny>,
    group_chat_created: Option<IgnoredAny>,
    supergroup_chat_created: Option<IgnoredAny>,
    migrate_to_chat_id: Option<IgnoredAny>,
    migrate_from_chat_id: Option<IgnoredAny>,
    message_auto_delete_timer_changed: Option<IgnoredAny>,
    pinned_message: Option<IgnoredAny>,
    chat_background_set: Option<IgnoredAny>,
    write_access_allowed: Option<IgnoredAny>,
    connected_website: Option<IgnoredAny>,
}

impl Message {
    /// Whether Telegram itself wrote it into the chat, so that nobody waits for an answer.
    pub(super) fn is_service(&self) -> bool {
        [
            self.new_chat_members,
            self.left_chat_member,
            self.new_chat_title,
            self.new_chat_photo,
            self.delete_chat_photo,
            self.group_chat_created,
            self.supergroup_chat_created,
            self.migrate_to_chat_id,
            self.migrate_from_chat_id,
            self.message_auto_delete_timer_changed,
            self.pinned_message,
            self.chat_background_set,
            self.write_access_allowed,
            self.connected_website,
        ]
        .iter()
        .any(Option::is_some)
    }
}

/// A file of any kind: Telegram's eight types differ only in which of these they have.
#[derive(Deserialize)]
pub(super) struct File {
    pub(super) file_id: String,
    pub(super) file_unique_id: String,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) file_size: Option<u64>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) mime_type: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) file_name: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) width: Option<u32>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) height: Option<u32>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) duration: Option<u32>,
    /// The diameter of a round video.
    #[serde(default, deserialize_with = "lenient")]
    pub(super) length: Option<u32>,
}

#[derive(Deserialize)]
pub(super) struct CallbackQuery {
    pub(super) id: String,
    pub(super) from: User,
    pub(super) message: Option<TappedMessage>,
    pub(super) data: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct TappedMessage {
    pub(super) message_id: i32,
    pub(super) chat: Chat,
    /// Zero when the message is too old for Telegram to show us.
    pub(super) date: i64,
}

#[derive(Deserialize)]
pub(super) struct MemberUpdate {
    pub(super) chat: Chat,
    pub(super) from: User,
    pub(super) new_chat_member: Member,
}

#[derive(Deserialize)]
pub(super) struct Member {
    pub(super) status: String,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) is_member: Option<bool>,
}

#[derive(Deserialize)]
pub(super) struct PreCheckoutQuery {
    pub(super) id: String,
    pub(super) from: User,
    pub(super) currency: String,
    pub(super) total_amount: i64,
    pub(super) invoice_payload: String,
}

/// A payment, or one that went back.
#[derive(Deserialize)]
pub(super) struct Payment {
    pub(super) currency: String,
    pub(super) total_amount: i64,
    pub(super) invoice_payload: String,
    pub(super) telegram_payment_charge_id: String,
}

/// The list of Star transactions.
#[derive(Deserialize)]
pub(crate) struct StarTransactions {
    pub(super) transactions: Vec<StarTransaction>,
}

#[derive(Deserialize)]
pub(super) struct StarTransaction {
    pub(super) id: String,
    pub(super) amount: i64,
    /// Seconds since 1970.
    pub(super) date: i64,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) source: Option<StarPartner>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) receiver: Option<StarPartner>,
}

/// Who gave Stars, or got them. Only people concern us.
#[derive(Deserialize)]
pub(super) struct StarPartner {
    pub(super) user: User,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) invoice_payload: Option<String>,
}

/// The envelope of every answer.
#[derive(Deserialize)]
pub(super) struct Answer<'a> {
    pub(super) ok: bool,
    #[serde(borrow)]
    pub(super) result: Option<&'a serde_json::value::RawValue>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) error_code: Option<u16>,
    pub(super) description: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) parameters: Option<Parameters>,
}

#[derive(Deserialize)]
pub(super) struct Parameters {
    pub(super) retry_after: Option<u64>,
}

/// A message of our own, as Telegram confirms it.
#[derive(Deserialize)]
pub(crate) struct SentMessage {
    pub(super) message_id: i32,
    #[serde(default)]
    photo: Vec<SentFile>,
    video: Option<SentFile>,
    animation: Option<SentFile>,
    audio: Option<SentFile>,
    voice: Option<SentFile>,
    sticker: Option<SentFile>,
    document: Option<SentFile>,
}

#[derive(Deserialize)]
struct SentFile {
    file_id: String,
    #[serde(default)]
    width: u32,
    #[serde(default)]
    height: u32,
}

impl SentMessage {
    /// Telegram's name of the file in it; of a picture, that of the largest size.
    pub(super) fn file_id(self) -> Option<String> {
        let largest =
            self.photo.into_iter().max_by_key(|size| u64::from(size.width) * u64::from(size.height));
        // A silent video comes back as an animation, which also stands in `document`: so that is last.
        largest
            .or(self.video)
            .or(self.animation)
            .or(self.audio)
            .or(self.voice)
            .or(self.sticker)
            .or(self.document)
            .map(|file| file.file_id)
    }
}

/// Where a file can be fetched.
#[derive(Deserialize)]
pub(crate) struct FilePath {
    pub(super) file_path: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) file_size: Option<u64>,
}

/// Who the bot is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Me {
    /// Its id, the number before the colon of its token.
    pub id: i64,
    /// Its name without the @.
    #[serde(default)]
    pub username: String,
    /// Its name as people see it.
    #[serde(default)]
    pub first_name: String,
}

/// Where Telegram delivers updates to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct WebhookInfo {
    /// Empty when it keeps them for polling.
    #[serde(default)]
    pub url: String,
    /// How many wait.
    #[serde(default)]
    pub pending_update_count: u64,
    /// What went wrong last, in Telegram's words.
    pub last_error_message: Option<String>,
    /// When, in seconds since 1970.
    pub last_error_date: Option<i64>,
    /// We gave it a certificate of our own.
    #[serde(default)]
    pub has_custom_certificate: bool,
}

/// Takes a value of another type than ours, or out of range, for none: no number Telegram *says
/// about* a file is worth losing the message it came with.
fn lenient<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Maybe<T> {
        Is(T),
        Other(IgnoredAny),
    }
    Ok(match Maybe::deserialize(deserializer)? {
        Maybe::Is(value) => Some(value),
        Maybe::Other(IgnoredAny) => None,
    })
}
