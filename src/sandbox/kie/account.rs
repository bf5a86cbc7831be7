//! The account that the fake KIE knows.

use crate::sandbox::media::{self, MediaKind};
use rust_decimal::Decimal;

/// The account that this KIE knows, and how it behaves.
#[derive(Clone)]
pub struct Account {
    /// The key; any other is 401.
    pub api_key: String,
    /// Signs callbacks with this key.
    pub hmac_key: Option<String>,
    /// What is on the account, in credits.
    pub credits: Decimal,
    /// What each task costs when it succeeds, in credits.
    pub task_credits: Decimal,
    /// 20 creates in 10 seconds, as in life.
    pub rate_limited: bool,
    /// The first wait before a callback is repeated, in milliseconds; it doubles.
    pub callback_retry_ms: i64,
    /// What a model makes; `None` for a model that KIE does not know.
    pub kind_of: fn(&str) -> Option<MediaKind>,
    /// Results are drawn as small as they may be.
    pub small_files: bool,
    /// Goes into the task ids, so that two worlds do not share them.
    pub seed: u64,
}

impl Default for Account {
    fn default() -> Self {
        Self {
            api_key: "sandbox-key".to_owned(),
            hmac_key: None,
            credits: Decimal::new(591_625, 2),
            task_credits: Decimal::new(4, 0),
            rate_limited: false,
            callback_retry_ms: 1000,
            kind_of: media::guess,
            small_files: false,
            seed: 0,
        }
    }
}
