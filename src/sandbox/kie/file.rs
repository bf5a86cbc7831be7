//! Result files: drawn when they are asked for, or spoilt as the script says.

use super::script::ResultFault;
use crate::sandbox::media::{self, MediaKind};
use crate::sandbox::wire::{Answer, Reply};
use bytes::Bytes;

/// A result file: what to draw, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResultFile {
    pub(super) kind: MediaKind,
    pub(super) prompt: String,
    pub(super) aspect_ratio: String,
    pub(super) fault: ResultFault,
}

impl ResultFile {
    /// Draws the file, or what the script gives in its place.
    pub fn reply(&self) -> Reply {
        let content_type = self.kind.mime();
        let made = || media::make(self.kind, &self.prompt, &self.aspect_ratio);
        match self.fault {
            ResultFault::None | ResultFault::Unreachable => match made() {
                Ok(body) => Answer::Raw { status: 200, content_type, body }.into(),
                Err(_) => Reply::html(500),
            },
            ResultFault::Missing => Reply::html(404),
            ResultFault::Short => match made() {
                Ok(body) => {
                    let declared = u64::try_from(body.len()).unwrap_or(u64::MAX);
                    Answer::Cut { content_type, declared, body: body.slice(..body.len() / 2) }.into()
                }
                Err(_) => Reply::html(500),
            },
            ResultFault::WrongType => Reply::html(200),
            ResultFault::Empty => Answer::Raw { status: 200, content_type, body: Bytes::new() }.into(),
            ResultFault::Endless(bytes) => Answer::Endless { content_type, bytes }.into(),
            ResultFault::Padded(bytes) => match made() {
                Ok(body) => Answer::Padded { content_type, body, bytes }.into(),
                Err(_) => Reply::html(500),
            },
            ResultFault::Never => Answer::Never.into(),
        }
    }
}
