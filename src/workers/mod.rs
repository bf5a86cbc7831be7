//! The engine room: the loops that move what is stored. Each can be killed at any moment; what it
//! had not committed it does again.

pub mod backup;
pub mod certificate;
pub mod compare;
pub mod inbox;
mod inputs;
pub mod jobs;
pub mod looks;
mod media;
pub mod outbox;
mod space;
pub mod stars;
pub mod sweep;
mod uploads;

use crate::flow::{Shop, settle};
use crate::ids::JobId;
use crate::provider::Provider;
use crate::shelf::Keeper;
use crate::store::{Fault, Store};
use crate::telegram::Gateway;
use crate::time::{Clock, Up};
use rust_decimal::Decimal;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use url::Url;

/// What the loops share.
#[derive(Clone)]
pub struct Engine {
    /// The memory.
    pub store: Store,
    /// The operator's rules; the bot's name is in them only for who converses.
    pub shop: Arc<Shop>,
    /// Telegram.
    pub gateway: Arc<dyn Gateway>,
    /// Which of Telegram's bots we are.
    pub bot: u64,
    /// Whoever makes the pictures.
    pub provider: Arc<dyn Provider>,
    /// Where results lie until they are delivered.
    pub data_dir: PathBuf,
    /// Where the provider calls us back; `None` when it cannot reach us.
    pub callback_base: Option<Url>,
    /// What nobody asked for: so many messages a second at most.
    pub send_per_second: u32,
    /// With less on the account at the provider, in its credits, the operators are told.
    pub credit_alert: Decimal,
    /// With less free disk nothing is sold and nothing taken.
    pub min_free_disk_bytes: u64,
    /// Makes backups.
    pub keeper: Arc<Keeper>,
    /// When.
    pub backups: backup::Schedule,
    /// Told when the service is to stop.
    pub stop: CancellationToken,
}

impl Engine {
    fn clock(&self) -> &Clock {
        self.store.clock()
    }

    /// Waits for the bell, for `due`, or for the stop; at most a minute, whatever was missed.
    async fn wait(&self, bell: &Notify, due: Option<Up>) {
        let latest = self.clock().now().up.plus(Duration::from_secs(60));
        let until = due.map_or(latest, |due| due.min(latest));
        tokio::select! {
            biased;
            () = bell.notified() => {}
            () = self.clock().sleep_until(until) => {}
            () = self.stop.cancelled() => {}
        }
    }

    /// The provider does not take our key, as this job found out.
    async fn key_refused(&self, id: JobId) -> Result<(), Fault> {
        let (shop, detail) = (self.shop.clone(), format!("job {id}"));
        self.store.write("key-refused", move |tx| settle::key_refused(&shop, tx, &detail)).await
    }

    /// A fault that will pass: says it once and waits a little.
    async fn pause_after(&self, what: &str, fault: &Fault) {
        tracing::warn!(%fault, "{what} is put off");
        tokio::select! {
            biased;
            () = self.clock().sleep(Duration::from_millis(500)) => {}
            () = self.stop.cancelled() => {}
        }
    }
}
