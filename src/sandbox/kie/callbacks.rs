//! Callbacks on their way out: due times, repeats, signature.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;
use std::collections::BTreeMap;

/// A callback to be posted now.
#[derive(Clone, Debug, PartialEq)]
pub struct CallbackPost {
    /// Its number; give it back with the answer.
    pub number: u64,
    /// The task.
    pub task: String,
    /// Where to.
    pub url: String,
    /// The body.
    pub body: Value,
    /// `X-Webhook-Timestamp` and `X-Webhook-Signature`, when a key is set.
    pub signature: Option<(String, String)>,
}

/// A callback that was posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallbackSeen {
    /// When the answer came.
    pub at_ms: i64,
    /// The task.
    pub task: String,
    /// The answer's status; `None` when none came.
    pub status: Option<u16>,
}

#[derive(Clone, Debug)]
struct Waiting {
    task: String,
    url: String,
    body: Value,
    due_ms: i64,
    attempts: u32,
    in_flight: bool,
}

/// All callbacks.
#[derive(Clone, Debug, Default)]
pub(super) struct Callbacks {
    waiting: BTreeMap<u64, Waiting>,
    last: u64,
    pub(super) seen: Vec<CallbackSeen>,
}

/// After the first try KIE gives up after three more.
const ATTEMPTS: u32 = 4;

/// `base64(HMAC-SHA256(key, taskId + "." + timestamp))`; `None` for a key that HMAC cannot take.
pub fn sign(key: &str, task: &str, timestamp: &str) -> Option<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).ok()?;
    mac.update(format!("{task}.{timestamp}").as_bytes());
    Some(STANDARD.encode(mac.finalize().into_bytes()))
}

impl Callbacks {
    pub(super) fn push(&mut self, due_ms: i64, task: &str, url: &str, body: Value) {
        self.last += 1;
        let (task, url) = (task.to_owned(), url.to_owned());
        self.waiting.insert(self.last, Waiting { task, url, body, due_ms, attempts: 0, in_flight: false });
    }

    pub(super) fn next(&mut self, now_ms: i64, key: Option<&str>) -> Option<CallbackPost> {
        let due = |waiting: &Waiting| !waiting.in_flight && waiting.due_ms <= now_ms;
        let (number, waiting) = self.waiting.iter_mut().find(|(_, waiting)| due(waiting))?;
        waiting.in_flight = true;
        waiting.attempts += 1;
        let timestamp = now_ms.div_euclid(1000).to_string();
        let signature =
            key.and_then(|key| sign(key, &waiting.task, &timestamp)).map(|sign| (timestamp, sign));
        Some(CallbackPost {
            number: *number,
            task: waiting.task.clone(),
            url: waiting.url.clone(),
            body: waiting.body.clone(),
            signature,
        })
    }

    pub(super) fn due_ms(&self) -> Option<i64> {
        self.waiting.values().filter(|waiting| !waiting.in_flight).map(|waiting| waiting.due_ms).min()
    }

    pub(super) fn posted(&mut self, now_ms: i64, number: u64, status: Option<u16>, retry_ms: i64) {
        let Some(waiting) = self.waiting.get_mut(&number) else { return };
        self.seen.push(CallbackSeen { at_ms: now_ms, task: waiting.task.clone(), status });
        waiting.in_flight = false;
        waiting.due_ms = now_ms.saturating_add(retry_ms << waiting.attempts.min(8));
        if status == Some(200) || waiting.attempts >= ATTEMPTS {
            self.waiting.remove(&number);
        }
    }

    /// True when this task has no callback that was never answered.
    pub(super) fn answered(&self, task: &str) -> bool {
        let tried = self.seen.iter().any(|seen| seen.task == task);
        tried || !self.waiting.values().any(|waiting| waiting.task == task)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_the_one_of_the_test_vector() {
        let signature = sign("test-webhook-hmac-key", "e989621f54392584b05867f87b160672", "1755599644");
        assert_eq!(signature.as_deref(), Some("dIu+JopyPWxgJHQZDIa25vf+mDjkYi8tQCSn3hgMDgs="));
    }
}
