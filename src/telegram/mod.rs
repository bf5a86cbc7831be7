//! The door to Telegram: what people do comes in, what we answer goes out.
//!
//! [`decode()`] reads updates, [`Gateway`] is the seam to everything Telegram does for us, and
//! [`Telegram`] its one real implementation; [`polling`] and [`setup`] are what a start needs.
//! **Invariant:** the bot's token, which is part of every URL here, is in no error, log or `Debug`.

pub(crate) mod api;
pub mod decode;
pub(crate) mod gateway;
mod listen;
mod media;
pub mod polling;
pub(crate) mod refusal;
mod request;
pub mod setup;
pub(crate) mod wire;

pub use crate::message::FETCH_MAX_BYTES;
pub use api::{BadUrl, Timeouts};
pub use decode::{Decoded, decode, head, update_id};
pub use gateway::Telegram;
pub use listen::Overheard;
pub use wire::{Me, WebhookInfo};

use crate::ids::{UpdateId, UserId};
use crate::message::{Lang, Outgoing, Sent};
use crate::time::At;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use secrecy::SecretString;
use std::path::Path;
use std::time::Duration;
use teloxide::types::AllowedUpdate;
use url::Url;

/// The kinds of update we ask for, at every start: Telegram would remember an older list.
const ALLOWED_UPDATES: [AllowedUpdate; 4] = [
    AllowedUpdate::Message,
    AllowedUpdate::CallbackQuery,
    AllowedUpdate::MyChatMember,
    AllowedUpdate::PreCheckoutQuery,
];

/// An update as it came, with its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawUpdate {
    /// Its number.
    pub id: UpdateId,
    /// The JSON as Telegram wrote it; [`decode()`] reads it.
    pub bytes: Bytes,
}

/// What Telegram does for us. Object-safe: hand it around as `Arc<dyn Gateway>`.
pub trait Gateway: Send + Sync + 'static {
    /// Does `outgoing` at Telegram, once, and says what became of it.
    fn send<'a>(&'a self, outgoing: &'a Outgoing) -> BoxFuture<'a, Sent>;

    /// Updates from `offset` on (`None`: from the oldest unconfirmed one), at most 100; with none
    /// there, waits up to `wait` (at most 50 s) for the first. Confirms all before `offset`.
    fn updates(
        &self,
        offset: Option<UpdateId>,
        wait: Duration,
    ) -> BoxFuture<'_, Result<Vec<RawUpdate>, CallError>>;

    /// Copies a file of a customer's to the path `to`, which appears only when the file is complete
    /// and synced. At most [`FETCH_MAX_BYTES`]. Gives its size in bytes.
    fn fetch_file<'a>(&'a self, file_id: &'a str, to: &'a Path) -> BoxFuture<'a, Result<u64, FetchError>>;

    /// What came in and went back in Stars, oldest first, at most 100 after the first `skip`.
    fn star_moves(&self, skip: u32) -> BoxFuture<'_, Result<Vec<StarMove>, CallError>>;

    /// Who the bot is.
    fn me(&self) -> BoxFuture<'_, Result<Me, CallError>>;

    /// Sets the menu of commands for people whose Telegram speaks `lang`, or with `None` for all others.
    fn set_commands<'a>(
        &'a self,
        lang: Option<Lang>,
        commands: &'a [Command],
    ) -> BoxFuture<'a, Result<(), CallError>>;

    /// Where updates go now.
    fn webhook(&self) -> BoxFuture<'_, Result<WebhookInfo, CallError>>;

    /// Has updates posted to `webhook` from now on. What waits is kept.
    fn set_webhook<'a>(&'a self, webhook: &'a Webhook) -> BoxFuture<'a, Result<(), CallError>>;

    /// Has updates kept for polling from now on. What waits is kept.
    fn delete_webhook(&self) -> BoxFuture<'_, Result<(), CallError>>;
}

/// Stars that a customer paid, or that went back to them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StarMove {
    /// Telegram's name of the payment; the same when it goes back.
    pub charge: String,
    /// How many.
    pub stars: i64,
    /// When, as Telegram says.
    pub at: At,
    /// Who, and which way; `None` for what concerns no customer, such as a withdrawal.
    pub what: Option<StarWay>,
}

/// Which way Stars went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StarWay {
    /// A customer paid an invoice.
    Paid {
        /// Who.
        user: UserId,
        /// What the invoice carried.
        payload: String,
    },
    /// A payment of theirs went back.
    WentBack {
        /// Whose.
        user: UserId,
    },
}

/// One line of the menu of commands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// Without the slash: 1 to 32 of a-z, 0-9 and `_`.
    pub name: String,
    /// 1 to 256 characters.
    pub description: String,
}

/// Where Telegram is to post updates.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// https, port 443, 80, 88 or 8443.
    pub url: Url,
    /// Telegram sends it along in `X-Telegram-Bot-Api-Secret-Token`: 1 to 256 of A-Z, a-z, 0-9, `_`, `-`.
    pub secret: SecretString,
    /// The certificate that Telegram is to know us by, as PEM, where it is of our own making.
    pub certificate: Option<Bytes>,
}

/// Why a call other than a send failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// Telegram knows no bot with this token.
    #[error("Telegram does not know this bot token")]
    Token,
    /// Another program polls with the same token.
    #[error("another program polls with this bot token")]
    OtherPoller,
    /// Updates go to a webhook, so they cannot be polled.
    #[error("a webhook is set for this bot, so its updates cannot be polled")]
    WebhookSet,
    /// Too many calls.
    #[error("Telegram asks to wait {} s", .0.as_secs())]
    Later(Duration),
    /// No answer, or none that makes sense.
    #[error("Telegram cannot be reached: {0}")]
    Unreachable(String),
    /// Anything else Telegram does not like.
    #[error("Telegram refuses: {0}")]
    Refused(String),
}

/// Why a customer's file could not be had.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// Larger than [`FETCH_MAX_BYTES`]; trying again is of no use.
    #[error("the file is larger than {FETCH_MAX_BYTES} bytes")]
    TooBig,
    /// Telegram does not have it, or not for this bot; trying again is of no use.
    #[error("Telegram does not have the file: {0}")]
    Gone(String),
    /// Too many calls: again after this pause.
    #[error("Telegram asks to wait {} s", .0.as_secs())]
    Later(Duration),
    /// The network or Telegram failed: again later.
    #[error("the file could not be fetched: {0}")]
    Failed(String),
    /// It could not be written here.
    #[error("the file could not be written: {0}")]
    Disk(#[from] std::io::Error),
}
