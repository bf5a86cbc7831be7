//! The webhook: its settings, and which update is to be posted next.
//!
//! One post at a time in a lane; a lane whose post failed waits, the others go on. Delays grow as
//! Telegram's do: at once, then 2, 4, 8 … seconds, up to one or two minutes.

use super::params::Params;
use super::refusal::Refusal;
use super::updates::{Lane, Updates};
use bytes::Bytes;
use serde_json::{Value, json};

/// Where updates are posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// The address.
    pub url: String,
    /// What `X-Telegram-Bot-Api-Secret-Token` says; empty for no header.
    pub secret_token: String,
    /// The most posts at a time.
    pub max_connections: usize,
    /// The certificate it is known by, as PEM; `None`: the world's.
    pub certificate: Option<Bytes>,
}

/// An update to be posted now.
#[derive(Clone, Debug, PartialEq)]
pub struct Post {
    /// Its lane; give it back with the answer.
    pub lane: Lane,
    /// Its id.
    pub update_id: i64,
    /// Where to.
    pub url: String,
    /// The secret for the header; empty for none.
    pub secret_token: String,
    /// The certificate its receiver is known by, as PEM.
    pub certificate: Option<Bytes>,
    /// The body.
    pub body: Value,
}

/// How a post went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Posted {
    /// An HTTP answer.
    Status {
        /// Its status.
        status: u16,
        /// Its `Retry-After`, in seconds.
        retry_after_s: Option<u32>,
    },
    /// No answer: refused, reset or timed out, in words.
    Failed(String),
}

/// The webhook's state.
#[derive(Clone, Debug, Default)]
pub(super) struct Delivery {
    pub(super) webhook: Option<Webhook>,
    /// Thousandths of Telegram's delays.
    pub(super) retry_scale_permille: u32,
    /// So many posts at a time, whatever the webhook says.
    pub(super) connections: Option<usize>,
    pub(super) in_flight: usize,
    pub(super) failing_since_ms: Option<i64>,
    pub(super) last_error: Option<(i64, String)>,
}

/// Milliseconds to wait after so many failed attempts, at full scale.
fn delay_ms(attempts: u32, update_id: i64) -> i64 {
    if attempts <= 1 {
        return 0;
    }
    // Telegram takes a random cap; the id gives one without chance.
    let cap_ms = 60_000 + update_id.rem_euclid(60) * 1000;
    (1000_i64 << (attempts - 1).min(16)).min(cap_ms)
}

impl Delivery {
    /// `setWebhook`; an empty address takes it away.
    pub(super) fn set(&mut self, params: &Params, updates: &mut Updates) -> Result<(), Refusal> {
        let url = params.word("url").to_owned();
        if !url.is_empty() && !url::Url::parse(&url).is_ok_and(|url| matches!(url.scheme(), "https" | "http"))
        {
            return Err(Refusal::bad("invalid webhook URL specified"));
        }
        let secret_token = params.word("secret_token").to_owned();
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if secret_token.len() > 256 {
            return Err(Refusal::bad("secret token is too long"));
        }
        if !secret_token.bytes().all(fits) {
            return Err(Refusal::bad("secret token contains unallowed characters"));
        }
        let certificate = params.files.get("certificate").map(|file| file.bytes.clone());
        if certificate.as_ref().is_some_and(|pem| reqwest::Certificate::from_pem(pem).is_err()) {
            return Err(Refusal::bad("bad webhook: failed to set custom certificate file"));
        }
        updates.allow(params)?;
        if params.flag("drop_pending_updates") {
            updates.retain(|_| false, |receipt| receipt.dropped = true);
        }
        updates.put_off_no_more();
        let asked = params.number("max_connections").unwrap_or(40).clamp(1, 100);
        let max_connections = usize::try_from(asked).unwrap_or(40);
        self.failing_since_ms = None;
        self.last_error = None;
        let webhook = Webhook { url, secret_token, max_connections, certificate };
        self.webhook = (!webhook.url.is_empty()).then_some(webhook);
        if self.webhook.is_some() {
            updates.end_polls();
        }
        Ok(())
    }

    /// `getWebhookInfo`.
    pub(super) fn info(&self, updates: &Updates) -> Value {
        let url = self.webhook.as_ref().map_or("", |webhook| webhook.url.as_str());
        let is_custom = self.webhook.as_ref().is_some_and(|webhook| webhook.certificate.is_some());
        let mut info = json!({
            "url": url, "has_custom_certificate": is_custom, "pending_update_count": updates.pending(),
        });
        if let Some(webhook) = &self.webhook {
            info["max_connections"] = json!(webhook.max_connections);
        }
        if let Some(kinds) = &updates.allowed {
            info["allowed_updates"] = json!(kinds);
        }
        if let Some((at_ms, words)) = &self.last_error {
            info["last_error_date"] = json!(at_ms.div_euclid(1000));
            info["last_error_message"] = json!(words);
        }
        info
    }

    fn room(&self, webhook: &Webhook, now_ms: i64) -> bool {
        // After ten seconds without a success Telegram goes down to one connection.
        let failing = self.failing_since_ms.is_some_and(|since| now_ms - since > 10_000);
        self.in_flight < if failing { 1 } else { self.connections.unwrap_or(webhook.max_connections) }
    }

    /// The next update to post, marked as on its way; `None` when nothing is due.
    pub(super) fn next(&mut self, now_ms: i64, updates: &mut Updates) -> Option<Post> {
        let webhook = self.webhook.as_ref()?;
        updates.expire(now_ms);
        if !self.room(webhook, now_ms) {
            return None;
        }
        let lane = updates.next_lane(now_ms)?;
        let queue = updates.queues.get_mut(&lane)?;
        let pending = queue.waiting.front_mut()?;
        pending.attempts += 1;
        queue.in_flight = true;
        self.in_flight += 1;
        updates.receipts.entry(pending.update_id).or_default().posts += 1;
        Some(Post {
            lane,
            update_id: pending.update_id,
            url: webhook.url.clone(),
            secret_token: webhook.secret_token.clone(),
            certificate: webhook.certificate.clone(),
            body: pending.body.clone(),
        })
    }

    /// When [`Delivery::next`] may have something, if nothing changes before.
    pub(super) fn due_ms(&self, now_ms: i64, updates: &Updates) -> Option<i64> {
        // With all connections in use only the end of a post makes a difference.
        self.webhook.as_ref().filter(|webhook| self.room(webhook, now_ms))?;
        let waiting = updates.queues.values().filter(|queue| !queue.in_flight);
        waiting.map(|queue| queue.due_ms).filter(|due_ms| *due_ms > 0).min()
    }

    /// How a post went.
    pub(super) fn posted(
        &mut self,
        now_ms: i64,
        lane: Lane,
        update_id: i64,
        how: &Posted,
        updates: &mut Updates,
    ) {
        self.in_flight = self.in_flight.saturating_sub(1);
        let (good, retry_after_s, words) = match how {
            Posted::Status { status: 200..=299, .. } => (true, None, String::new()),
            Posted::Status { status, retry_after_s } => {
                (false, *retry_after_s, format!("Wrong response from the webhook: {status}"))
            }
            Posted::Failed(words) => (false, None, words.clone()),
        };
        if good {
            updates.receipts.entry(update_id).or_default().ok += 1;
            self.failing_since_ms = None;
        } else {
            self.failing_since_ms = self.failing_since_ms.or(Some(now_ms));
            self.last_error = Some((now_ms, words));
        }
        let Some(queue) = updates.queues.get_mut(&lane) else { return };
        queue.in_flight = false;
        let first = queue.waiting.front();
        let Some(attempts) = first.filter(|first| first.update_id == update_id).map(|first| first.attempts)
        else {
            updates.may_go(lane);
            return;
        };
        if good {
            queue.waiting.pop_front();
            queue.due_ms = 0;
        } else {
            let asked = retry_after_s.map(|seconds| i64::from(seconds.min(3600)) * 1000);
            let full = asked.unwrap_or_else(|| delay_ms(attempts, update_id));
            let scaled = full.saturating_mul(i64::from(self.retry_scale_permille)) / 1000;
            // However small the scale: a dead receiver is not asked in a tight circle.
            let least = if attempts <= 1 { 0 } else { 5 };
            queue.due_ms = now_ms + scaled.max(least);
        }
        if queue.waiting.is_empty() {
            updates.queues.remove(&lane);
        } else {
            updates.may_go(lane);
        }
    }
}
