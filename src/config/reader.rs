//! Takes settings one by one from what was given, and notes all that is wrong or missing.

use crate::config::source::Raw;
use crate::config::{BotMode, NAMES, Problem, check};
use std::net::SocketAddr;

/// Takes settings from what was gathered, and notes what is wrong.
pub(super) struct Reader<'a> {
    pub(super) raw: &'a Raw,
    pub(super) problems: Vec<Problem>,
    /// Whether what was not given is missing, or may stand in a file that cannot be read.
    pub(super) is_complete: bool,
}

impl Reader<'_> {
    /// The value of a setting, if it was given and is right.
    pub(super) fn optional<T>(
        &mut self,
        name: &'static str,
        check: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        debug_assert!(NAMES.contains(&name), "{name} is not in the list of settings");
        let given = self.raw.get(name)?;
        match check(&given.text) {
            Ok(value) => Some(value),
            Err(what) => {
                let name = format!("{name} ({})", given.origin);
                self.problems.push(Problem { name, what });
                None
            }
        }
    }

    /// The value of a setting, or its default.
    pub(super) fn or<T>(
        &mut self,
        name: &'static str,
        default: T,
        check: impl Fn(&str) -> Result<T, String>,
    ) -> T {
        self.optional(name, check).unwrap_or(default)
    }

    /// The value of a setting that must be given; `hint` says where to get it.
    pub(super) fn required<T>(
        &mut self,
        name: &'static str,
        hint: &str,
        check: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let is_told = self.problems.iter().any(|problem| problem.name == name);
        if !self.raw.contains_key(name) && self.is_complete && !is_told {
            self.problems.push(Problem { name: name.to_owned(), what: format!("is missing: {hint}") });
        }
        self.optional(name, check)
    }

    /// `LISTEN`, else `PORT` on this machine alone.
    pub(super) fn listen(&mut self) -> SocketAddr {
        let by_port = self.or("PORT", check::local(8080), check::port);
        self.or("LISTEN", by_port, check::address)
    }

    /// `BOT_MODE`, which follows from `WEBHOOK_BASE_URL` when it is not given.
    pub(super) fn bot_mode(&mut self, has_webhook: bool) -> BotMode {
        let default = if has_webhook { BotMode::Webhook } else { BotMode::Polling };
        self.or("BOT_MODE", default, check::bot_mode)
    }
}
