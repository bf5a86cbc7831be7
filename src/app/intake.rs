//! How updates come in: by webhook or by polling, into the same inbox.

use super::StartError;
use crate::config::{BotMode, Settings};
use crate::message::Urgency;
use crate::store::{DISK, Received, Store};
use crate::telegram::{CallError, Gateway, RawUpdate, Webhook, head, polling};
use secrecy::SecretString;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How updates come in.
pub(super) struct Intake {
    pub(super) gateway: Arc<dyn Gateway>,
    pub(super) store: Store,
    pub(super) bot: u64,
    pub(super) webhook: Option<Webhook>,
}

impl Intake {
    pub(super) async fn run(self, stop: CancellationToken) {
        match &self.webhook {
            Some(webhook) => self.hook(webhook, &stop).await,
            None => self.poll(&stop).await,
        }
    }

    /// Has Telegram post to us. A stop never takes the webhook away: Telegram keeps what comes.
    async fn hook(&self, webhook: &Webhook, stop: &CancellationToken) {
        while let Err(error) = self.gateway.set_webhook(webhook).await {
            let fatal = matches!(error, CallError::Refused(_) | CallError::Token);
            tracing::error!(%error, fatal, "the webhook could not be set; trying again");
            let pause = Duration::from_secs(if fatal { 60 } else { 5 });
            if stop.run_until_cancelled(self.store.clock().sleep(pause)).await.is_none() {
                return;
            }
        }
        tracing::info!(host = webhook.url.host_str(), "Telegram posts updates to our webhook");
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
    if settings.bot_mode == BotMode::Polling {
        return Ok(None);
    }
    let missing = || StartError::Settings("WEBHOOK_BASE_URL is needed for BOT_MODE=webhook".to_owned());
    let base = settings.webhook_base_url.as_ref().ok_or_else(missing)?;
    let url = format!("{}{}", base.as_str().trim_end_matches('/'), settings.telegram_webhook_path);
    let url = url.parse().map_err(|error| {
        StartError::Settings(format!("WEBHOOK_BASE_URL and TELEGRAM_WEBHOOK_PATH make no address: {error}"))
    })?;
    Ok(Some(Webhook { url, secret }))
}
