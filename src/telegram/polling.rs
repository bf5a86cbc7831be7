//! Long polling: a batch is stored durably before Telegram is told that we have it.

use super::{CallError, Gateway, RawUpdate};
use crate::ids::UpdateId;
use crate::time::{Clock, Up};
use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use std::future::Future;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use url::Url;

/// How long Telegram holds an empty answer back: the most it allows.
const WAIT: Duration = Duration::from_secs(50);
/// An empty answer that comes sooner than this was not held back at all.
const AT_ONCE: Duration = Duration::from_millis(500);
/// What lasts is said again after this long.
const SAY_AGAIN: Duration = Duration::from_secs(60);
/// Between tries while somebody else has our updates: Telegram frees them within seconds.
const CONFLICT_PAUSE: Duration = Duration::from_secs(5);

/// Polls until `stop`. `store_batch` gets each batch, in order and never empty, and answers once it is
/// committed; until then Telegram keeps it, and after an error (in words) it comes again. A batch
/// in `store_batch` is waited for even after `stop`.
///
/// Polling is the operator's choice, and Telegram allows it only without a webhook: one that is
/// set when this starts is taken away, which one line in the log says; waiting updates are kept.
pub async fn poll<S, F>(gateway: &dyn Gateway, store_batch: S, clock: &Clock, stop: &CancellationToken)
where
    S: Fn(Vec<RawUpdate>) -> F + Send,
    F: Future<Output = Result<(), String>> + Send,
{
    let mut trouble = Trouble::new(clock.clone());
    loop {
        let Some(freed) = stop.run_until_cancelled(free_from_webhook(gateway)).await else { return };
        match freed {
            Ok(()) => break,
            Err(error) => trouble.met(&Met::Telegram(error)),
        }
        if stop.run_until_cancelled(trouble.pause()).await.is_none() {
            return;
        }
    }
    let mut offset = None;
    loop {
        let asked = clock.now().up;
        let Some(polled) = stop.run_until_cancelled(gateway.updates(offset, WAIT)).await else { return };
        let met = match polled {
            Ok(batch) => match take(&store_batch, batch).await {
                Ok(next) => {
                    trouble.over();
                    offset = next.or(offset);
                    // Nothing, and at once: a server that does not hold its answers back.
                    let hasty = next.is_none() && clock.now().up.since(asked) < AT_ONCE;
                    if hasty && stop.run_until_cancelled(clock.sleep(AT_ONCE)).await.is_none() {
                        return;
                    }
                    continue;
                }
                Err(why) => Met::Store(why),
            },
            Err(CallError::WebhookSet) => Met::Webhook(foreign_host(gateway).await),
            Err(error) => Met::Telegram(error),
        };
        trouble.met(&met);
        if stop.run_until_cancelled(trouble.pause()).await.is_none() {
            return;
        }
    }
}

/// Has a batch stored and gives the offset that confirms it; `None` for an empty one.
async fn take<S, F>(store_batch: &S, batch: Vec<RawUpdate>) -> Result<Option<UpdateId>, String>
where
    S: Fn(Vec<RawUpdate>) -> F,
    F: Future<Output = Result<(), String>>,
{
    let Some(last) = batch.iter().map(|update| update.id.0).max() else { return Ok(None) };
    store_batch(batch).await?;
    Ok(Some(UpdateId(last.saturating_add(1))))
}

async fn free_from_webhook(gateway: &dyn Gateway) -> Result<(), CallError> {
    let info = gateway.webhook().await?;
    if info.url.is_empty() {
        return Ok(());
    }
    tracing::warn!(
        "this bot had a webhook at {}; polling needs it gone, so it is deleted (waiting updates are kept)",
        host(&info.url)
    );
    gateway.delete_webhook().await
}

async fn foreign_host(gateway: &dyn Gateway) -> String {
    match gateway.webhook().await {
        Ok(info) if info.url.is_empty() => "a host that is already gone".to_owned(),
        Ok(info) => host(&info.url),
        Err(error) => format!("an unknown host ({error})"),
    }
}

/// The host alone: the path of a webhook may be a secret.
fn host(url: &str) -> String {
    let host = Url::parse(url).map(|url| url.host_str().map(str::to_owned));
    if let Ok(Some(host)) = host { host } else { "an unknown host".to_owned() }
}

/// What came in the way.
#[derive(Debug)]
enum Met {
    Telegram(CallError),
    Webhook(String),
    Store(String),
}

impl Met {
    /// Somebody else has our updates.
    fn is_conflict(&self) -> bool {
        matches!(self, Self::Webhook(_) | Self::Telegram(CallError::OtherPoller))
    }
}

/// Keeps the log short and the pauses growing while something is wrong.
#[derive(Debug)]
struct Trouble {
    clock: Clock,
    pauses: ExponentialBackoff,
    pause: Duration,
    last_said: Option<(Up, std::mem::Discriminant<Met>)>,
}

impl Trouble {
    fn new(clock: Clock) -> Self {
        Self { clock, pauses: pauses(), pause: Duration::ZERO, last_said: None }
    }

    /// Says it, unless it was said already in this outage (a conflict: in this minute), and sets the pause.
    fn met(&mut self, met: &Met) {
        self.pause = match met {
            Met::Telegram(CallError::Later(pause)) => *pause,
            conflict if conflict.is_conflict() => CONFLICT_PAUSE,
            Met::Telegram(_) | Met::Webhook(_) | Met::Store(_) => self.pauses.next().unwrap_or(WAIT),
        };
        let now = self.clock.now().up;
        let said = self.last_said.is_some_and(|(when, what)| {
            what == std::mem::discriminant(met) && (!met.is_conflict() || now.since(when) < SAY_AGAIN)
        });
        if said {
            return;
        }
        self.last_said = Some((now, std::mem::discriminant(met)));
        match met {
            Met::Telegram(CallError::OtherPoller) => tracing::error!(
                "another program polls with this token, so updates go to it or to us by chance; stop it, or give this bot a token of its own"
            ),
            Met::Webhook(host) => tracing::error!(
                "another program has set a webhook at {host} for this token, so nothing can be polled; stop it, then start this one again"
            ),
            Met::Telegram(error) => tracing::warn!(%error, "no updates from Telegram; trying on"),
            Met::Store(why) => {
                tracing::error!(%why, "updates could not be stored; Telegram keeps them; trying on");
            }
        }
    }

    async fn pause(&self) {
        self.clock.sleep(self.pause).await;
    }

    /// All is well again.
    fn over(&mut self) {
        if let Some((when, _)) = self.last_said.take() {
            let lasted_s = self.clock.now().up.since(when).as_secs();
            tracing::info!(lasted_s, "updates come again");
        }
        self.pauses = pauses();
    }
}

/// 0.5 s, then twice as long each time up to 30 s, for ever.
fn pauses() -> ExponentialBackoff {
    ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(500))
        .with_max_delay(Duration::from_secs(30))
        .with_factor(2.0)
        .without_max_times()
        .build()
}

#[cfg(test)]
mod tests;
