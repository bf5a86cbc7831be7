//! How updates come in: by webhook or by polling, into the same inbox.

use super::StartError;
use crate::config::{BotMode, Settings};
use crate::disk;
use crate::http::SelfSigned;
use crate::message::Urgency;
use crate::store::{DISK, Received, Store};
use crate::telegram::{CallError, Gateway, RawUpdate, Webhook, head, polling};
use secrecy::SecretString;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use url::Url;

/// How updates come in.
pub(super) struct Intake {
    pub(super) gateway: Arc<dyn Gateway>,
    pub(super) store: Store,
    pub(super) bot: u64,
    pub(super) webhook: Option<Webhook>,
    /// What Telegram is given along with the webhook.
    pub(super) certificate: Option<Arc<SelfSigned>>,
}

/// How often a certificate of our own is looked at whether it ends soon.
const LOOKED_AT_EVERY: Duration = Duration::from_secs(24 * 3600);

impl Intake {
    pub(super) async fn run(self, stop: CancellationToken) {
        match &self.webhook {
            Some(webhook) => self.hook(webhook, &stop).await,
            None => self.poll(&stop).await,
        }
    }

    /// Has Telegram post to us, and tells it of each new certificate. A stop never takes the webhook away:
    /// Telegram keeps what comes.
    async fn hook(&self, webhook: &Webhook, stop: &CancellationToken) {
        loop {
            let certificate = self.certificate.as_ref().map(|own| own.certificate());
            let webhook = Webhook { certificate, ..webhook.clone() };
            if stop.run_until_cancelled(self.set(&webhook)).await.is_none() {
                return;
            }
            tracing::info!(host = webhook.url.host_str(), "Telegram posts updates to our webhook");
            let Some(own) = &self.certificate else { return };
            if stop.run_until_cancelled(self.renewed(own)).await.is_none() {
                return;
            }
        }
    }

    /// Tries until Telegram has taken it.
    async fn set(&self, webhook: &Webhook) {
        let mut said = None;
        while let Err(error) = self.gateway.set_webhook(webhook).await {
            let fatal = matches!(error, CallError::Refused(_) | CallError::Token);
            if said.as_ref() != Some(&error) {
                tracing::error!(%error, fatal, "the webhook could not be set; trying again");
                said = Some(error);
            }
            self.store.clock().sleep(Duration::from_secs(if fatal { 60 } else { 5 })).await;
        }
    }

    /// Waits until the certificate was made anew.
    async fn renewed(&self, own: &Arc<SelfSigned>) {
        loop {
            self.store.clock().sleep(LOOKED_AT_EVERY).await;
            let (own, now) = (own.clone(), self.store.clock().now().at);
            match disk::with(move || own.renew(now)).await {
                Ok(true) => return,
                Ok(false) => {}
                Err(error) => tracing::error!(%error, "the certificate ends soon and cannot be made anew"),
            }
        }
    }

    async fn poll(&self, stop: &CancellationToken) {
        let (store, bot) = (&self.store, self.bot);
        let keep = |batch: Vec<RawUpdate>| async move {
            let stored = store.write("receive", move |tx| {
                if tx.stop(DISK)?.is_some() {
                    return Ok(false);
                }
                let mut taken = true;
                for update in &batch {
                    let urgency = head(&update.bytes).map_or(Urgency::Usual, |(_, urgency)| urgency);
                    taken &= tx.receive(bot, update.id, urgency, &update.bytes)? != Received::Full;
                }
                Ok(taken)
            });
            match stored.await {
                Ok(true) => Ok(()),
                Ok(false) => Err("the disk is almost full, or too many updates wait".to_owned()),
                Err(fault) => Err(fault.to_string()),
            }
        };
        polling::poll(self.gateway.as_ref(), keep, store.clock(), stop).await;
    }
}

pub(super) fn webhook_of(settings: &Settings, secret: SecretString) -> Result<Option<Webhook>, StartError> {
    Ok(webhook_url(settings)?.map(|url| Webhook { url, secret, certificate: None }))
}

/// Where Telegram is to post updates; `None` when we poll.
pub(super) fn webhook_url(settings: &Settings) -> Result<Option<Url>, StartError> {
    if settings.bot_mode == BotMode::Polling {
        return Ok(None);
    }
    let missing = || StartError::Settings("WEBHOOK_BASE_URL is needed for BOT_MODE=webhook".to_owned());
    let base = settings.webhook_base_url.as_ref().ok_or_else(missing)?;
    let url = format!("{}{}", base.as_str().trim_end_matches('/'), settings.telegram_webhook_path);
    url.parse().map(Some).map_err(|error| {
        StartError::Settings(format!("WEBHOOK_BASE_URL and TELEGRAM_WEBHOOK_PATH make no address: {error}"))
    })
}
