//! The numbers that name things, each a type of its own, and the request code a customer sees.
//!
//! Ids of our own grow with time, so that rows made together lie together on disk.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = std::num::ParseIntError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.trim().parse().map(Self)
            }
        }
    };
}

id!(
    /// A Telegram user. In private chats, the only ones we serve, also the chat's id.
    UserId(i64)
);
id!(
    /// A Telegram chat: a user's id, or a negative number for a group.
    ChatId(i64)
);
id!(
    /// A message within its chat.
    MessageId(i32)
);
id!(
    /// A Telegram update, as its bot numbers them.
    UpdateId(u64)
);
id!(
    /// One ordered generation.
    JobId(u64)
);
id!(
    /// A row of the ledger.
    Seq(u64)
);
id!(
    /// What an operator did; given before the first try.
    ActionId(u64)
);
id!(
    /// A payment from outside.
    PaymentId(u64)
);
id!(
    /// A promo code.
    PromoId(u64)
);
id!(
    /// A message that waits for its delivery.
    OutboxId(u64)
);
id!(
    /// An update that waits for its handling, in order of arrival.
    InboxId(u64)
);
id!(
    /// A file that waits to be looked at.
    LookId(u64)
);
id!(
    /// One request of a customer, from tap to delivery. People see its [code](RequestId::code).
    RequestId(u32)
);

impl UserId {
    /// The private chat with this user.
    pub fn chat(self) -> ChatId {
        ChatId(self.0)
    }

    /// The id as logs show it: all but its last four digits hidden.
    pub fn masked(self) -> String {
        let digits = self.0.unsigned_abs().to_string();
        format!("…{}", &digits[digits.len().saturating_sub(4)..])
    }
}

/// The span of what is logged about a customer: all that is said in it has these fields, and no log has
/// more of a customer than this.
pub fn about(request: Option<&str>, job: Option<JobId>, customer: UserId) -> tracing::Span {
    // At the level of errors, so that a filter which lets a line through lets its fields through.
    tracing::error_span!("about", request, job = job.map(|job| job.0), customer = customer.masked())
}

/// A text as logs show it: of every number longer than four digits only the last four, since it may be a
/// customer's id.
pub fn mask_numbers(text: &str) -> String {
    let mut shown = String::new();
    let mut digits = String::new();
    for one in text.chars().chain(std::iter::once('\0')) {
        if one.is_ascii_digit() {
            digits.push(one);
            continue;
        }
        if digits.len() > 4 {
            shown.push('…');
            digits.drain(..digits.len() - 4);
        }
        shown.push_str(&digits);
        digits.clear();
        shown.push(one);
    }
    shown.pop();
    shown
}

/// Why a text is no request code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a request code is RQ- and eight characters of 0-9 and a-f, such as RQ-a1b2c3d4")]
pub struct NotACode;

impl RequestId {
    /// `RQ-` and eight hex digits: a keyed bijection of the number, so that a code tells nobody
    /// how many requests there were, never collides, and finds its row without an index.
    pub fn code(self, key: &[u8; 32]) -> String {
        let (mut left, mut right) = halves(self.0);
        for round in 0..4 {
            (left, right) = (right, left ^ mix(key, round, right));
        }
        format!("RQ-{:08x}", joined(left, right))
    }

    /// The request a code names; the `RQ-` may be missing and case does not matter.
    pub fn from_code(code: &str, key: &[u8; 32]) -> Result<Self, NotACode> {
        let code = code.trim().to_ascii_lowercase();
        let digits = code.strip_prefix("rq-").unwrap_or(&code);
        if digits.len() != 8 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(NotACode);
        }
        let (mut left, mut right) = halves(u32::from_str_radix(digits, 16).map_err(|_| NotACode)?);
        for round in (0..4).rev() {
            (left, right) = (right ^ mix(key, round, left), left);
        }
        Ok(Self(joined(left, right)))
    }
}

fn halves(number: u32) -> (u16, u16) {
    let [a, b, c, d] = number.to_be_bytes();
    (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]))
}

fn joined(left: u16, right: u16) -> u32 {
    u32::from(left) << 16 | u32::from(right)
}

/// The round function of the Feistel network behind the code.
fn mix(key: &[u8; 32], round: u8, half: u16) -> u16 {
    let mut hasher = blake3::Hasher::new_keyed(key);
    hasher.update(&[round]).update(&half.to_be_bytes());
    let hash = hasher.finalize();
    u16::from_be_bytes([hash.as_bytes()[0], hash.as_bytes()[1]])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn a_code_finds_its_request_and_no_two_share_one() {
        let key = [7; 32];
        let mut seen = HashSet::new();
        for number in (0..5000).chain([u32::MAX, u32::MAX / 2]) {
            let code = RequestId(number).code(&key);
            assert_eq!(RequestId::from_code(&code, &key), Ok(RequestId(number)));
            assert_eq!(RequestId::from_code(&code[3..].to_uppercase(), &key), Ok(RequestId(number)));
            assert!(seen.insert(code));
        }
        assert_ne!(RequestId(1).code(&key), RequestId(1).code(&[8; 32]));
    }

    #[test]
    fn what_is_no_code_is_refused() {
        for text in ["", "RQ-", "RQ-12345", "RQ-xyzxyzxy", "RQ-1234567890", "RQ-１２３４５６７８"] {
            assert_eq!(RequestId::from_code(text, &[0; 32]), Err(NotACode), "{text}");
        }
    }

    #[test]
    fn logs_show_only_the_end_of_a_customer_id() {
        assert_eq!(UserId(1_234_567_890).masked(), "…7890");
        assert_eq!(UserId(42).masked(), "…42");
        let line = "№ 7, 1234567890, 99.00 ₽; accounts 55555";
        assert_eq!(mask_numbers(line), "№ 7, …7890, 99.00 ₽; accounts …5555");
    }
}
