//! What people do and what we answer, as plain data: neither side knows Telegram's types.
//!
//! [`Incoming`] is made by `telegram::decode` and read by `handlers`; [`Outgoing`] is written by
//! `handlers` and `flow` into the outbox and read by `telegram::Gateway`.

mod commands;
mod lang;

pub use commands::COMMANDS;
pub use lang::Lang;

use crate::ids::{ChatId, JobId, MessageId, PaymentId, UpdateId, UserId};
use crate::money::Kopecks;
use serde::{Deserialize, Serialize};

/// One update of Telegram's, as far as we use it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incoming {
    /// Its number.
    pub update: UpdateId,
    /// Who did it.
    pub from: Person,
    /// Where; the same number as the person's in a private chat.
    pub chat: ChatId,
    /// What.
    pub what: What,
}

/// Whether an update may wait behind others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urgency {
    /// Telegram waits 10 s for the answer, or money came: before all others.
    Urgent,
    /// In its turn.
    Usual,
}

/// Who did it, as Telegram says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The Telegram id.
    pub id: UserId,
    /// Never empty, at most 64 characters.
    pub first_name: String,
    /// Without the @.
    pub username: Option<String>,
    /// From the Telegram client's language.
    pub lang: Lang,
}

/// What somebody did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// Wrote a text; commands too.
    Text(String),
    /// Tapped a button.
    Tap {
        /// To be answered, or the button keeps spinning.
        query: String,
        /// The message the button is on; `None` when it is too old for Telegram to say.
        message: Option<MessageId>,
        /// What the button carries: at most 64 bytes.
        data: String,
    },
    /// Sent a file of some kind, with or without a caption.
    File(Attachment),
    /// Asks, before paying, whether the payment is welcome. Telegram waits 10 s.
    PreCheckout {
        /// To be answered.
        query: String,
        /// What is to be paid.
        bill: Bill,
    },
    /// Paid. The money is with us already: never refused.
    Paid {
        /// What was paid.
        bill: Bill,
        /// Telegram's name of the payment.
        charge: String,
    },
    /// Has a payment back, because we wanted so or because its source did.
    WentBack {
        /// What was paid.
        bill: Bill,
        /// Telegram's name of the payment.
        charge: String,
    },
    /// Blocked the bot (`true`) or came back (`false`).
    Blocked(bool),
    /// Put the bot into a group or channel.
    AddedToGroup,
    /// A kind of message we have no use for: a poll, a dice, a place.
    Unsupported,
}

/// What a payment at Telegram says of itself. As Telegram says, unchecked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bill {
    /// `XTR` for Stars, `RUB`, or what else there may be.
    pub currency: String,
    /// In the smallest units of the currency: Stars, kopecks.
    pub total: i64,
    /// What our invoice carried.
    pub payload: String,
}

/// A file that came with a message. Numbers are what Telegram says, unchecked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// What kind of message carried it.
    pub kind: FileKind,
    /// Telegram's name for it, for this bot.
    pub file_id: String,
    /// The same for the same file, for every bot.
    pub unique_id: String,
    /// Its size, if said.
    pub size_bytes: Option<u64>,
    /// Its type, if said.
    pub mime: Option<String>,
    /// Its name, if said.
    pub name: Option<String>,
    /// Width and height in pixels, for pictures and videos.
    pub pixels: Option<(u32, u32)>,
    /// Length in seconds, for sound and videos.
    pub duration_s: Option<u32>,
    /// The text beside it.
    pub caption: Option<String>,
    /// The album it belongs to.
    pub album: Option<String>,
}

/// The largest file Telegram lets a bot fetch: 20 MB.
pub const FETCH_MAX_BYTES: u64 = 20 * 1024 * 1024;

/// What kind of message carried a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum FileKind {
    /// A picture, compressed by Telegram.
    Photo,
    /// Any file as it is.
    Document,
    /// A video.
    Video,
    /// A round video.
    VideoNote,
    /// Music or other sound.
    Audio,
    /// A voice message.
    Voice,
    /// A GIF or a silent video.
    Animation,
    /// A sticker of any kind.
    Sticker,
}

/// A button under a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Button {
    /// What it says.
    pub label: String,
    /// What it does.
    pub press: Press,
}

/// What a button does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Press {
    /// Comes back to us as a tap: at most 64 bytes.
    Tap(String),
    /// Opens a link.
    Open(String),
    /// Copies a text.
    Copy(String),
}

impl Button {
    /// A button that comes back to us as a tap with `data` (at most 64 bytes; asserted).
    pub fn tap(label: impl Into<String>, data: impl Into<String>) -> Self {
        let data = data.into();
        assert!(!data.is_empty() && data.len() <= 64, "button data is 1 to 64 bytes: {data}");
        Self { label: label.into(), press: Press::Tap(data) }
    }
}

/// Rows of buttons.
pub type Keyboard = Vec<Vec<Button>>;

/// One thing to do at Telegram: what the outbox holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outgoing {
    /// Where to.
    pub chat: ChatId,
    /// What is done.
    pub act: Act,
    /// What its delivery means to us.
    pub about: About,
}

/// What is done at Telegram. Texts are Telegram's HTML, customer text in them escaped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Act {
    /// A message; `edit` names the one to change in place. If that one is gone, a new one is sent.
    Text {
        /// At most 4,096 characters.
        text: String,
        /// The buttons.
        keyboard: Keyboard,
        /// The message to change.
        edit: Option<MessageId>,
    },
    /// The answer to a tap.
    Toast {
        /// Which tap.
        query: String,
        /// At most 200 characters; empty only stops the spinning.
        text: String,
        /// In a box that must be closed.
        alert: bool,
    },
    /// Files, as real media.
    Media {
        /// How to show them.
        kind: MediaKind,
        /// 1 to 10.
        files: Vec<Source>,
        /// At most 1,024 characters.
        caption: String,
        /// The buttons, on the message or, under an album, on one that follows.
        keyboard: Keyboard,
    },
    /// The answer to "may I pay?".
    PreCheckout {
        /// Which question.
        query: String,
        /// `None` is yes; else why not.
        refusal: Option<String>,
    },
    /// Leaves a group.
    Leave,
    /// An invoice, as a message with a button of Telegram's that pays it.
    Invoice {
        /// 1 to 32 characters.
        title: String,
        /// 1 to 255 characters.
        description: String,
        /// Comes back with the payment: 1 to 128 bytes.
        payload: String,
        /// How much.
        price: Price,
    },
    /// Gives the Stars of a payment back to who paid. Harmless when it was done before.
    RefundStars {
        /// Telegram's name of the payment.
        charge: String,
    },
    /// A file of ours that lies nowhere: a statement, a customer's data.
    Document {
        /// What it is called.
        name: String,
        /// What is in it; never empty.
        bytes: Vec<u8>,
        /// At most 1,024 characters.
        caption: String,
    },
}

/// What an invoice asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Price {
    /// Telegram Stars.
    Stars(u32),
    /// Roubles, by card.
    Card(Kopecks),
}

/// How files are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum MediaKind {
    /// As a picture.
    Photo,
    /// As a video.
    Video,
    /// As sound.
    Audio,
    /// As a file.
    Document,
}

/// Where a file to send is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Source {
    /// Below the data directory: `media/17/1.png`.
    Path(String),
    /// At Telegram already.
    FileId(String),
}

/// What the delivery of a message means to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum About {
    /// Nothing: an answer to a tap, a notice.
    Nothing,
    /// It is a screen that this customer asked for.
    Screen(UserId),
    /// It shows where a job stands: later news edit it.
    Status(JobId),
    /// It tells how a job ended (L10).
    Ending(JobId),
    /// It brings a job's result (L10); its file ids are kept for the history.
    Result(JobId),
    /// It asks for a payment.
    Invoice(PaymentId),
    /// It gives a payment back: what becomes of it moves money.
    Refund(PaymentId),
    /// It tells of a payment: the customer waits for it.
    Receipt(PaymentId),
}

/// Who goes first when much waits. Lower goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum Priority {
    /// Answers Telegram waits for: taps and questions before a payment.
    Answer = 0,
    /// Results and receipts.
    Result = 1,
    /// What a person asked for.
    Reply = 2,
    /// What nobody asked for: alarms, notes.
    Notice = 3,
}

impl Outgoing {
    /// Who goes first.
    pub fn priority(&self) -> Priority {
        match (&self.act, self.about) {
            (Act::Toast { .. } | Act::PreCheckout { .. }, _) => Priority::Answer,
            (_, About::Result(_) | About::Ending(_) | About::Receipt(_)) => Priority::Result,
            // Behind the sentence that says why.
            (Act::Leave, _) => Priority::Notice,
            (Act::Document { .. }, _) | (_, About::Screen(_) | About::Status(_) | About::Invoice(_)) => {
                Priority::Reply
            }
            (
                Act::Text { .. } | Act::Media { .. } | Act::Invoice { .. } | Act::RefundStars { .. },
                About::Nothing | About::Refund(_),
            ) => Priority::Notice,
        }
    }
}

/// What became of a message handed to Telegram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    /// It is there.
    Delivered {
        /// The new or changed message; `None` for answers.
        message: Option<MessageId>,
        /// Telegram's names of the files in it, in order.
        file_ids: Vec<String>,
    },
    /// Telegram will never take it.
    Refused(NotTaken),
    /// Not now: again after this pause, this chat only.
    Later {
        /// How long Telegram asked us to wait.
        pause: std::time::Duration,
    },
    /// It never left this machine, or Telegram said it is broken itself: again later.
    NotSent(String),
    /// It may have gone.
    InDoubt(String),
}

/// Why Telegram will never take a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NotTaken {
    /// The customer blocked the bot, or is gone.
    Blocked,
    /// The tap is too old to answer, or the message to change is gone for good.
    Gone,
    /// The file is too large or not what it claims.
    BadFile(String),
    /// Anything else Telegram does not like: our mistake.
    Bad(String),
    /// An invoice over an amount that its provider does not take.
    BadAmount(String),
}
