//! The real [`Gateway`]: Telegram over HTTPS.

use super::api::{Api, BadUrl, Failure, Timeouts};
use super::media::Files;
use super::request::{self, Contents, Request, Upload};
use super::wire::{
    FilePath, First, Head, Me, SentMessage, StarPartner, StarTransaction, StarTransactions, WebhookInfo,
};
use super::{
    ALLOWED_UPDATES, CallError, Command, FETCH_MAX_BYTES, FetchError, Gateway, RawUpdate, StarMove, StarWay,
    Webhook, refusal,
};
use crate::carrier::Outlet;
use crate::disk;
use crate::ids::{ChatId, MessageId, UpdateId, UserId};
use crate::message::{Act, Keyboard, Lang, MediaKind, NotTaken, Outgoing, Sent, Source};
use crate::time::At;
use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;
use teloxide::payloads::{self, setters::*};
use teloxide::types::{BotCommand, FileId};
use url::{Host, Url};

/// So many updates are asked for at once, which is the most that Telegram lists.
const AT_ONCE: u8 = 100;

/// What stands over the buttons under an album, which Telegram allows none itself.
const ABOVE: &str = "⬆️";

/// Telegram, for one bot.
#[derive(Debug)]
pub struct Telegram {
    pub(super) api: Api,
    data_dir: PathBuf,
    provider_token: Option<SecretString>,
}

impl Telegram {
    /// The bot with this token at the Bot API `base` (`https://api.telegram.org`, or a stand-in); the
    /// files it sends lie below `data_dir`. Speaks to nobody yet.
    pub fn new(
        token: SecretString,
        base: Url,
        data_dir: PathBuf,
        timeouts: Timeouts,
    ) -> Result<Self, BadUrl> {
        Ok(Self { api: Api::new(token, base, timeouts)?, data_dir, provider_token: None })
    }

    /// The same through an outlet of the caller's.
    pub fn over(
        outlet: Outlet,
        token: SecretString,
        base: Url,
        data_dir: PathBuf,
        timeouts: Timeouts,
    ) -> Result<Self, BadUrl> {
        Ok(Self { api: Api::over(outlet, token, base, timeouts)?, data_dir, provider_token: None })
    }

    /// The same, taking cards by the provider with this token.
    #[must_use]
    pub fn with_cards(mut self, provider_token: Option<SecretString>) -> Self {
        self.provider_token = provider_token;
        self
    }

    async fn quick(&self, request: &Request) -> Result<Box<RawValue>, Failure> {
        self.api.call(request, self.api.timeouts.call).await
    }

    /// A call whose result is what matters.
    async fn ask<T: DeserializeOwned>(&self, request: &Request) -> Result<T, Failure> {
        let result = self.quick(request).await?;
        serde_json::from_str(result.get())
            .map_err(|_| Failure::InDoubt(format!("{} gave something else", request.method())))
    }

    async fn do_it(&self, outgoing: &Outgoing) -> Sent {
        let chat = outgoing.chat;
        match &outgoing.act {
            Act::Text { text, keyboard, edit } => self.text(chat, text, keyboard, *edit).await,
            Act::Toast { query, text, alert } => self.answer(&request::toast(query, text, *alert)).await,
            Act::Media { kind, files, caption, keyboard } => {
                self.media(chat, *kind, files, caption, keyboard).await
            }
            Act::PreCheckout { query, refusal } => {
                self.answer(&request::pre_checkout(query, refusal.as_deref())).await
            }
            Act::Leave => self.answer(&request::leave(chat)).await,
            Act::Invoice { .. } => self.invoice(chat, &outgoing.act).await,
            Act::RefundStars { charge } => match self.quick(&request::refund_stars(chat, charge)).await {
                Ok(_true) => delivered(Vec::new()),
                Err(Failure::Said(said)) if said.is_refunded() => delivered(Vec::new()),
                Err(failure) => refusal::sent(failure),
            },
            Act::Document { name, bytes, caption } => {
                match self.carry(&request::document(chat, name, bytes, caption)).await {
                    Ok(result) => delivered(messages(&result)),
                    Err(failure) => refusal::sent(failure),
                }
            }
        }
    }

    async fn answer(&self, request: &Request) -> Sent {
        match self.quick(request).await {
            Ok(_true) => delivered(Vec::new()),
            Err(failure) => refusal::sent(failure),
        }
    }

    async fn invoice(&self, chat: ChatId, act: &Act) -> Sent {
        let Some(request) = request::invoice(chat, act, self.provider_token.as_ref()) else {
            return Sent::Refused(NotTaken::Bad("there is no provider of card payments".to_owned()));
        };
        match self.quick(&request).await {
            Ok(result) => delivered(messages(&result)),
            Err(failure) => refusal::sent(failure),
        }
    }

    async fn text(&self, chat: ChatId, text: &str, keyboard: &Keyboard, edit: Option<MessageId>) -> Sent {
        let buttons = match request::buttons(keyboard) {
            Ok(buttons) => buttons,
            Err(why) => return Sent::Refused(NotTaken::Bad(why)),
        };
        if let Some(message) = edit {
            let there = Sent::Delivered { message: Some(message), file_ids: Vec::new() };
            match self.quick(&request::edit(chat, message, text, buttons.clone())).await {
                Ok(_message) => return there,
                Err(Failure::Said(said)) if said.same_text() => return there,
                Err(Failure::Said(said)) if said.cannot_edit() => {}
                Err(failure) => return refusal::sent(failure),
            }
        }
        match self.quick(&request::text(chat, text, buttons)).await {
            Ok(result) => delivered(messages(&result)),
            Err(failure) => refusal::sent(failure),
        }
    }

    async fn media(
        &self,
        chat: ChatId,
        kind: MediaKind,
        sources: &[Source],
        caption: &str,
        keyboard: &Keyboard,
    ) -> Sent {
        let buttons = match request::buttons(keyboard) {
            Ok(buttons) => buttons,
            Err(why) => return Sent::Refused(NotTaken::Bad(why)),
        };
        let files = match Files::look(&self.data_dir, kind, sources).await {
            Ok(files) => files,
            Err(sent) => return sent,
        };
        let kind = files.kind;
        let mut result = self.carry(&files.request(chat, kind, caption, buttons.clone())).await;
        if let Err(Failure::Said(said)) = &result
            && said.no_photo()
            && kind == MediaKind::Photo
            && files.can_be_documents()
        {
            result = self.carry(&files.request(chat, MediaKind::Document, caption, buttons.clone())).await;
        }
        let result = match result {
            Ok(result) => result,
            Err(failure) => return refusal::sent(failure),
        };
        if let (true, Some(buttons)) = (files.is_album(), buttons)
            && let Err(failure) = self.quick(&request::text(chat, ABOVE, Some(buttons))).await
        {
            // The files are there, and sending all again for the sake of the buttons would double them.
            tracing::warn!(why = ?refusal::sent(failure), "an album stays without its buttons");
        }
        delivered(messages(&result))
    }

    async fn carry(&self, request: &Request) -> Result<Box<RawValue>, Failure> {
        let timeouts = self.api.timeouts;
        let timeout = if request.uploads().is_empty() { timeouts.call } else { timeouts.upload };
        self.api.call(request, timeout).await
    }

    async fn poll(&self, offset: Option<UpdateId>, wait: Duration) -> Result<Vec<RawUpdate>, CallError> {
        let wait_s = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).min(50);
        let payload =
            payloads::GetUpdates::new().limit(AT_ONCE).timeout(wait_s).allowed_updates(ALLOWED_UPDATES);
        let mut request = Request::of(&payload);
        if let Some(offset) = offset {
            request = request.with("offset", offset.0.into());
        }
        let timeout = Duration::from_secs(wait_s.into()) + self.api.timeouts.poll_slack;
        let result = self.api.call(&request, timeout).await?;
        updates(&result)
    }

    async fn fetch(&self, file_id: &str, to: &Path) -> Result<u64, FetchError> {
        let file: FilePath =
            self.ask(&Request::of(&payloads::GetFile::new(FileId(file_id.to_owned())))).await?;
        if file.file_size.is_some_and(|size_bytes| size_bytes > FETCH_MAX_BYTES) {
            return Err(FetchError::TooBig);
        }
        let Some(path) = file.file_path else {
            return Err(FetchError::Gone("Telegram gives no way to it".to_owned()));
        };
        let mut part = to.as_os_str().to_owned();
        part.push(".part");
        let part = PathBuf::from(part);
        let fetched = self.stream(&path, &part).await;
        if fetched.is_err() {
            remove(&part).await;
        }
        let size_bytes = fetched?;
        let to = to.to_owned();
        disk::with(move || std::fs::rename(part, to)).await?;
        Ok(size_bytes)
    }

    async fn stream(&self, file_path: &str, to: &Path) -> Result<u64, FetchError> {
        let mut response = self.api.open_file(file_path).await?;
        match response.status().as_u16() {
            200 => {}
            code @ (404 | 410) => return Err(FetchError::Gone(format!("HTTP {code}"))),
            code => return Err(FetchError::Failed(format!("HTTP {code}"))),
        }
        let to = to.to_owned();
        let mut file = disk::Writer::new(disk::with(move || File::create(to)).await?);
        let mut size_bytes = 0;
        while let Some(chunk) =
            response.chunk().await.map_err(|error| FetchError::Failed(self.api.error(&error)))?
        {
            size_bytes += u64::try_from(chunk.len()).unwrap_or(u64::MAX);
            if size_bytes > FETCH_MAX_BYTES {
                return Err(FetchError::TooBig);
            }
            file.write(chunk).await?;
        }
        file.sync().await?;
        Ok(size_bytes)
    }
}

/// Removes what was fetched by half, if there is any.
async fn remove(part: &Path) {
    let part = part.to_owned();
    if let Err(error) = disk::with(move || std::fs::remove_file(part)).await
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::warn!(%error, "half a file stays behind");
    }
}

/// The updates in a result of `getUpdates`; those without a number are dropped. More than were asked
/// for are left: not confirmed, they come again.
pub(crate) fn updates(result: &RawValue) -> Result<Vec<RawUpdate>, CallError> {
    let First(updates): First<'_, { AT_ONCE as usize }> = serde_json::from_str(result.get())
        .map_err(|_| CallError::Unreachable("getUpdates gave no list".to_owned()))?;
    let numbered = updates.into_iter().filter_map(|update| {
        if let Ok(head) = serde_json::from_str::<Head>(update.get()) {
            let bytes = Bytes::copy_from_slice(update.get().as_bytes());
            return Some(RawUpdate { id: UpdateId(head.update_id), bytes });
        }
        tracing::warn!("an update without a number was dropped");
        None
    });
    Ok(numbered.collect())
}

fn star_moves(listed: StarTransactions) -> Vec<StarMove> {
    let moved = |one: StarTransaction| {
        let what = match (one.source, one.receiver) {
            (Some(StarPartner { user, invoice_payload: Some(payload) }), _) => {
                Some(StarWay::Paid { user: UserId(user.id), payload })
            }
            (_, Some(StarPartner { user, .. })) => Some(StarWay::WentBack { user: UserId(user.id) }),
            (Some(_) | None, None) => None,
        };
        StarMove { charge: one.id, stars: one.amount, at: At(one.date.saturating_mul(1_000)), what }
    };
    listed.transactions.into_iter().map(moved).collect()
}

/// The messages in a result: one, or those of an album. None when Telegram describes them in a way
/// we cannot read; they are delivered all the same.
pub(crate) fn messages(result: &RawValue) -> Vec<SentMessage> {
    let one = || serde_json::from_str::<SentMessage>(result.get()).map(|message| vec![message]);
    serde_json::from_str::<Vec<SentMessage>>(result.get()).or_else(|_| one()).unwrap_or_else(|_| {
        tracing::warn!("Telegram took a message and described it in a way we cannot read");
        Vec::new()
    })
}

pub(crate) fn delivered(messages: Vec<SentMessage>) -> Sent {
    let message = messages.first().map(|message| MessageId(message.message_id));
    Sent::Delivered { message, file_ids: messages.into_iter().filter_map(SentMessage::file_id).collect() }
}

impl Gateway for Telegram {
    fn send<'a>(&'a self, outgoing: &'a Outgoing) -> BoxFuture<'a, Sent> {
        self.do_it(outgoing).boxed()
    }

    fn updates(
        &self,
        offset: Option<UpdateId>,
        wait: Duration,
    ) -> BoxFuture<'_, Result<Vec<RawUpdate>, CallError>> {
        self.poll(offset, wait).boxed()
    }

    fn fetch_file<'a>(&'a self, file_id: &'a str, to: &'a Path) -> BoxFuture<'a, Result<u64, FetchError>> {
        self.fetch(file_id, to).boxed()
    }

    fn star_moves(&self, skip: u32) -> BoxFuture<'_, Result<Vec<StarMove>, CallError>> {
        let payload = payloads::GetStarTransactions::new().offset(skip).limit(AT_ONCE);
        async move { Ok(star_moves(self.ask(&Request::of(&payload)).await?)) }.boxed()
    }

    fn me(&self) -> BoxFuture<'_, Result<Me, CallError>> {
        async move { Ok(self.ask(&Request::of(&payloads::GetMe::new())).await?) }.boxed()
    }

    fn set_commands<'a>(
        &'a self,
        lang: Option<Lang>,
        commands: &'a [Command],
    ) -> BoxFuture<'a, Result<(), CallError>> {
        let commands = commands.iter().map(|command| BotCommand::new(&command.name, &command.description));
        let mut payload = payloads::SetMyCommands::new(commands);
        if let Some(lang) = lang {
            payload = payload.language_code(lang.code());
        }
        async move { Ok(self.quick(&Request::of(&payload)).await.map(drop)?) }.boxed()
    }

    fn webhook(&self) -> BoxFuture<'_, Result<WebhookInfo, CallError>> {
        async move { Ok(self.ask(&Request::of(&payloads::GetWebhookInfo::new())).await?) }.boxed()
    }

    fn set_webhook<'a>(&'a self, webhook: &'a Webhook) -> BoxFuture<'a, Result<(), CallError>> {
        let payload = payloads::SetWebhook::new(webhook.url.clone())
            .max_connections(40)
            .allowed_updates(ALLOWED_UPDATES)
            .secret_token(webhook.secret.expose_secret());
        let request = with_certificate(Request::of(&payload), webhook);
        async move { Ok(self.quick(&request).await.map(drop)?) }.boxed()
    }

    fn delete_webhook(&self) -> BoxFuture<'_, Result<(), CallError>> {
        let payload = payloads::DeleteWebhook::new().drop_pending_updates(false);
        async move { Ok(self.quick(&Request::of(&payload)).await.map(drop)?) }.boxed()
    }
}

/// The same with our own certificate, if we have one; for a bare address Telegram is to look nothing up.
fn with_certificate(request: Request, webhook: &Webhook) -> Request {
    let Some(certificate) = webhook.certificate.clone() else { return request };
    let request = match webhook.url.host() {
        Some(Host::Ipv4(ip)) => request.with("ip_address", ip.to_string().into()),
        Some(Host::Ipv6(ip)) => request.with("ip_address", ip.to_string().into()),
        Some(Host::Domain(_)) | None => request,
    };
    let (part, file_name) = ("certificate".to_owned(), "samovar.pem".to_owned());
    request.carrying(vec![Upload { part, contents: Contents::Here(certificate), file_name }])
}

#[cfg(test)]
mod tests;
