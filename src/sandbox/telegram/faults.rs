//! The script of misbehaviour: which of the next calls go wrong, and how.

use super::refusal::Refusal;
use crate::sandbox::wire::{Answer, Reply};
use bytes::Bytes;

/// How a call goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Misbehaviour {
    /// 429; nothing is done.
    TooMany {
        /// Seconds to wait.
        retry_after_s: u32,
    },
    /// 403 `bot was blocked by the user`; nothing is done.
    Forbidden,
    /// Any other refusal; nothing is done.
    Refuse {
        /// HTTP status and `error_code`.
        code: u16,
        /// The description.
        description: String,
    },
    /// 500 with Telegram's JSON; nothing is done.
    ServerError,
    /// 502 with a proxy's HTML page; nothing is done.
    Garbage,
    /// 200 with half a JSON, although it was done.
    HalfJson,
    /// It is done, and no answer ever comes.
    LoseAnswer,
    /// It is done, and the connection breaks instead of an answer.
    BreakAfter,
    /// The connection breaks; nothing is done.
    Hangup,
    /// Nothing is done and no answer ever comes.
    Silence,
    /// It is done at once and answered so many milliseconds later.
    Delay {
        /// Milliseconds.
        ms: u64,
    },
}

/// A line of the script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Only calls of this method, in any case; `None`: any but `getUpdates`.
    pub method: Option<String>,
    /// Only calls for this chat.
    pub chat: Option<i64>,
    /// So many matching calls go well first.
    pub after: u32,
    /// So many matching calls go wrong then.
    pub times: u32,
    /// How.
    pub how: Misbehaviour,
}

impl Fault {
    /// The next call of `method` goes wrong.
    pub fn of(method: &str, how: Misbehaviour) -> Self {
        Self { method: Some(method.to_owned()), chat: None, after: 0, times: 1, how }
    }

    /// The next call for `chat` goes wrong.
    pub fn in_chat(chat: i64, how: Misbehaviour) -> Self {
        Self { method: None, chat: Some(chat), after: 0, times: 1, how }
    }

    /// So many times instead of once.
    #[must_use]
    pub fn times(self, times: u32) -> Self {
        Self { times, ..self }
    }

    /// Only after so many calls that go well.
    #[must_use]
    pub fn after(self, after: u32) -> Self {
        Self { after, ..self }
    }

    fn matches(&self, method: &str, chat: Option<i64>) -> bool {
        let method_fits = match &self.method {
            Some(name) => name.eq_ignore_ascii_case(method),
            None => method != "getupdates",
        };
        method_fits && (self.chat.is_none() || self.chat == chat)
    }
}

/// Takes the first line of the script that fits this call, counting it down.
pub(super) fn take(script: &mut Vec<Fault>, method: &str, chat: Option<i64>) -> Option<Misbehaviour> {
    let fault = script.iter_mut().find(|fault| fault.times > 0 && fault.matches(method, chat))?;
    if fault.after > 0 {
        fault.after -= 1;
        return None;
    }
    fault.times -= 1;
    let how = fault.how.clone();
    script.retain(|fault| fault.times > 0);
    Some(how)
}

impl Misbehaviour {
    /// The answer when nothing is to be done; `None` when the call is carried out first.
    pub(super) fn instead(&self) -> Option<Reply> {
        Some(match self {
            Self::TooMany { retry_after_s } => Refusal::too_many(*retry_after_s).reply(),
            Self::Forbidden => Refusal::blocked().reply(),
            Self::Refuse { code, description } => Refusal::new(*code, description.clone()).reply(),
            Self::ServerError => Refusal::new(500, "Internal Server Error").reply(),
            Self::Garbage => Reply::html(502),
            Self::Hangup => Answer::Hangup.into(),
            Self::Silence => Answer::Never.into(),
            Self::HalfJson | Self::LoseAnswer | Self::BreakAfter | Self::Delay { .. } => return None,
        })
    }

    /// What becomes of the answer after the call was carried out.
    pub(super) fn spoil(&self, reply: Reply) -> Reply {
        match self {
            Self::HalfJson => {
                let body = Bytes::from_static(br#"{"ok":true,"result":{"message_id":"#);
                Answer::Raw { status: 200, content_type: "application/json", body }.into()
            }
            Self::LoseAnswer => Answer::Never.into(),
            Self::BreakAfter => Answer::Hangup.into(),
            Self::Delay { ms } => Reply { delay_ms: *ms, ..reply },
            Self::TooMany { .. }
            | Self::Forbidden
            | Self::Refuse { .. }
            | Self::ServerError
            | Self::Garbage
            | Self::Hangup
            | Self::Silence => reply,
        }
    }
}
