//! What Telegram says when it refuses a call: code and description, in its own words.

use crate::sandbox::wire::{Answer, Reply};
use serde_json::json;
use std::borrow::Cow;

/// A refused call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status and `error_code`.
    pub code: u16,
    /// The description, as Telegram words it.
    pub description: Cow<'static, str>,
    /// Seconds to wait, for a 429.
    pub retry_after_s: Option<u32>,
}

impl Refusal {
    pub(super) fn new(code: u16, description: impl Into<Cow<'static, str>>) -> Self {
        Self { code, description: description.into(), retry_after_s: None }
    }

    /// 400 with `Bad Request: ` before the words.
    pub(super) fn bad(words: &str) -> Self {
        Self::new(400, format!("Bad Request: {words}"))
    }

    pub(super) fn blocked() -> Self {
        Self::new(403, "Forbidden: bot was blocked by the user")
    }

    pub(super) fn too_many(retry_after_s: u32) -> Self {
        Self {
            code: 429,
            description: format!("Too Many Requests: retry after {retry_after_s}").into(),
            retry_after_s: Some(retry_after_s),
        }
    }

    /// The answer over the wire.
    pub(super) fn reply(&self) -> Reply {
        let mut body = json!({"ok": false, "error_code": self.code, "description": self.description});
        if let Some(seconds) = self.retry_after_s {
            body["parameters"] = json!({"retry_after": seconds});
        }
        Answer::Json { status: self.code, retry_after_s: self.retry_after_s, body }.into()
    }
}
