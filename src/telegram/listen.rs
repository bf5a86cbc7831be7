//! What `samovar doctor` asks Telegram: its time, and whether somebody else asks for our updates.
//!
//! **Invariant:** nothing here confirms an update or changes what is asked for.

use super::gateway::{Telegram, updates};
use super::request::Request;
use super::{CallError, Timeouts};
use crate::time::At;
use std::time::Duration;
use teloxide::payloads::{self, GetUpdatesSetters};

impl Telegram {
    /// What Telegram's server says the time is; `None` when it does not say.
    pub async fn date(&self) -> Result<Option<At>, CallError> {
        Ok(self.api.date().await?)
    }

    /// Waits for one update, for `wait` at most, and leaves it where it is. Another program that asks
    /// for the updates of this bot ends the wait: [`CallError::OtherPoller`]. It is disturbed once, as
    /// our own service would be, so this is for when that does not run.
    pub async fn overhear(&self, wait: Duration) -> Result<(), CallError> {
        let wait_s = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).min(50);
        // No offset confirms nothing; no list of kinds keeps the one that is set.
        let payload = payloads::GetUpdates::new().limit(1).timeout(wait_s);
        let timeout = wait + Timeouts::default().poll_slack;
        let result = self.api.call(&Request::of(&payload), timeout).await?;
        updates(&result).map(drop)
    }
}
