//! What `samovar doctor` asks Telegram: its time, and whether somebody else asks for our updates.
//!
//! **Invariant:** nothing here confirms an update or changes what is asked for.

use super::gateway::{Telegram, updates};
use super::request::Request;
use super::{CallError, Timeouts};
use crate::ids::UpdateId;
use crate::time::At;
use std::time::Duration;
use teloxide::payloads::{self, GetUpdatesSetters};

impl Telegram {
    /// What Telegram's server says the time is; `None` when it does not say.
    pub async fn date(&self) -> Result<Option<At>, CallError> {
        Ok(self.api.date().await?)
    }

    /// Listens for `wait`, or for twice as long, whether somebody else asks for the updates of this bot, and
    /// leaves them where they are. Another question ends ours: [`CallError::OtherPoller`]. While an update waits
    /// questions are answered at once and do not meet; but who asks takes it away. Whoever asks is disturbed
    /// once, as our own service would be, so this is for when that does not run.
    pub async fn overhear(&self, wait: Duration) -> Result<Overheard, CallError> {
        let Some(waits) = self.first(wait).await? else { return Ok(Overheard::Silence) };
        tokio::time::sleep(wait).await;
        let still = self.first(Duration::ZERO).await? == Some(waits);
        Ok(if still { Overheard::Untaken } else { Overheard::Taken })
    }

    /// The number of the first update that waits, or that comes within this time.
    async fn first(&self, wait: Duration) -> Result<Option<UpdateId>, CallError> {
        let wait_s = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).min(50);
        // No offset confirms nothing; no list of kinds keeps the one that is set.
        let payload = payloads::GetUpdates::new().limit(1).timeout(wait_s);
        let timeout = wait + Timeouts::default().poll_slack;
        let result = self.api.call(&Request::of(&payload), timeout).await?;
        Ok(updates(&result)?.first().map(|update| update.id))
    }
}

/// What was heard of others who ask for the updates of a bot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overheard {
    /// Nothing.
    Silence,
    /// An update waited all the while: nobody asks.
    Untaken,
    /// The update that waited is gone: somebody took it.
    Taken,
}
