//! What Telegram's refusals mean. It tells most of them apart only by words, so they stand here.

use super::api::{Failure, Said};
use super::{CallError, FetchError};
use crate::message::{NotTaken, Sent};
use std::time::Duration;

/// A 429 that does not say how long.
const DEFAULT_PAUSE: Duration = Duration::from_secs(1);

const SAME_TEXT: &[&str] = &["message is not modified"];

const CANNOT_EDIT: &[&str] = &[
    "message to edit not found",
    "message can't be edited",
    "message_id_invalid",
    "message identifier is not specified",
    "there is no text in the message to edit",
];

const TOO_OLD: &[&str] = &["query is too old", "query_id_invalid", "query id is invalid"];

const NOBODY_THERE: &[&str] = &[
    "chat not found",
    "user not found",
    "peer_id_invalid",
    "input_user_deactivated",
    "user is deactivated",
    "user_is_blocked",
    "bot was blocked",
    "bot was kicked",
    "bot is not a member",
    "chat_write_forbidden",
    "group chat was upgraded",
];

/// The picture is no photo for Telegram, though it may be a fine file.
const NO_PHOTO: &[&str] =
    &["photo_invalid_dimensions", "image_process_failed", "photo_ext_invalid", "photo_save_file_invalid"];

const BAD_FILE: &[&str] = &[
    "wrong file identifier",
    "wrong file_id",
    "wrong remote file",
    "wrong type of file",
    "wrong type of the web page content",
    "failed to get http url content",
    "can't use file of type",
    "file is too big",
    "file must be non-empty",
    "file_parts_invalid",
    "file_part_",
    "file_reference_",
    "file_id_invalid",
    "media_invalid",
    "media_empty",
    "media_file_invalid",
    "photo_invalid",
    "photo_file_missing",
    "photo_content_",
    "video_content_type_invalid",
    "video_file_invalid",
    "audio_content_",
    "document_invalid",
    "voice_messages_forbidden",
    "request entity too large",
];

/// The invoice is below or above what its provider takes.
const BAD_AMOUNT: &[&str] = &["currency_total_amount_invalid"];

impl Said {
    fn says(&self, any: &[&str]) -> bool {
        let why = self.why.to_lowercase();
        any.iter().any(|words| why.contains(words))
    }

    /// The message already reads so.
    pub(super) fn same_text(&self) -> bool {
        self.says(SAME_TEXT)
    }

    /// The message to change is gone, or is none that can be changed to a text.
    pub(super) fn cannot_edit(&self) -> bool {
        self.code == 400 && self.says(CANNOT_EDIT)
    }

    /// The payment went back before.
    pub(super) fn is_refunded(&self) -> bool {
        self.code == 400 && self.says(&["charge_already_refunded"])
    }

    /// The picture may be sent as a file, but not as a photo.
    pub(super) fn no_photo(&self) -> bool {
        self.code == 400 && self.says(NO_PHOTO)
    }

    fn pause(&self) -> Option<Duration> {
        if self.code == 429 { Some(self.retry_after.unwrap_or(DEFAULT_PAUSE)) } else { self.retry_after }
    }

    /// Not the call is at fault but our token or Telegram itself.
    fn is_ours_or_theirs(&self) -> bool {
        matches!(self.code, 401 | 404 | 500..)
    }
}

/// What a failed send means.
pub(crate) fn sent(failure: Failure) -> Sent {
    let said = match failure {
        Failure::NotSent(why) => return Sent::NotSent(why),
        Failure::InDoubt(why) => return Sent::InDoubt(why),
        Failure::Said(said) => said,
    };
    if let Some(pause) = said.pause() {
        return Sent::Later { pause };
    }
    if said.is_ours_or_theirs() {
        return Sent::NotSent(said.why);
    }
    Sent::Refused(if said.says(TOO_OLD) {
        NotTaken::Gone
    } else if said.code == 413 || said.says(NO_PHOTO) || said.says(BAD_FILE) {
        NotTaken::BadFile(said.why)
    } else if said.code == 403 || said.says(NOBODY_THERE) {
        NotTaken::Blocked
    } else if said.says(BAD_AMOUNT) {
        NotTaken::BadAmount(said.why)
    } else {
        NotTaken::Bad(said.why)
    })
}

/// What another failed call means.
impl From<Failure> for CallError {
    fn from(failure: Failure) -> Self {
        let said = match failure {
            Failure::NotSent(why) | Failure::InDoubt(why) => return Self::Unreachable(why),
            Failure::Said(said) => said,
        };
        match (said.code, said.pause()) {
            (_, Some(pause)) => Self::Later(pause),
            (401 | 404, None) => Self::Token,
            (409, None) if said.says(&["webhook"]) => Self::WebhookSet,
            (409, None) => Self::OtherPoller,
            (500.., None) => Self::Unreachable(said.why),
            (_, None) => Self::Refused(said.why),
        }
    }
}

/// What a failed `getFile` means.
impl From<Failure> for FetchError {
    fn from(failure: Failure) -> Self {
        let said = match failure {
            Failure::NotSent(why) | Failure::InDoubt(why) => return Self::Failed(why),
            Failure::Said(said) => said,
        };
        if let Some(pause) = said.pause() {
            Self::Later(pause)
        } else if said.says(&["file is too big"]) {
            Self::TooBig
        } else if said.is_ours_or_theirs() {
            Self::Failed(said.why)
        } else {
            Self::Gone(said.why)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(code: u16, why: &str) -> Failure {
        Failure::Said(Said { code, why: why.to_owned(), retry_after: None })
    }

    #[test]
    fn every_refusal_has_its_meaning() {
        let bad: fn(&str) -> Sent = |why| Sent::Refused(NotTaken::Bad(why.to_owned()));
        let file: fn(&str) -> Sent = |why| Sent::Refused(NotTaken::BadFile(why.to_owned()));
        let amount: fn(&str) -> Sent = |why| Sent::Refused(NotTaken::BadAmount(why.to_owned()));
        let blocked: fn(&str) -> Sent = |_| Sent::Refused(NotTaken::Blocked);
        let gone: fn(&str) -> Sent = |_| Sent::Refused(NotTaken::Gone);
        let not_sent: fn(&str) -> Sent = |why| Sent::NotSent(why.to_owned());
        let table = [
            (403, "Forbidden: bot was blocked by the user", blocked),
            (403, "Forbidden: user is deactivated", blocked),
            (400, "Bad Request: chat not found", blocked),
            (400, "Bad Request: query is too old and response timeout expired or query ID is invalid", gone),
            (400, "Bad Request: wrong file identifier/HTTP URL specified", file),
            (400, "Bad Request: PHOTO_INVALID_DIMENSIONS", file),
            (400, "Bad Request: IMAGE_PROCESS_FAILED", file),
            (400, "Bad Request: file is too big", file),
            (413, "Request Entity Too Large", file),
            (400, "Bad Request: can't parse entities: Unsupported start tag", bad),
            (400, "Bad Request: message text is empty", bad),
            (400, "Bad Request: CURRENCY_TOTAL_AMOUNT_INVALID", amount),
            (400, "Bad Request: PAYMENT_PROVIDER_INVALID", bad),
            (409, "Conflict", bad),
            (401, "Unauthorized", not_sent),
            (404, "Not Found", not_sent),
            (500, "Internal Server Error", not_sent),
            (502, "Bad Gateway", not_sent),
        ];
        for (code, why, meaning) in table {
            assert_eq!(sent(said(code, why)), meaning(why), "{code} {why}");
        }
        assert_eq!(sent(said(429, "Too Many Requests")), Sent::Later { pause: DEFAULT_PAUSE });
    }

    #[test]
    fn the_two_conflicts_of_polling_are_told_apart() {
        let other = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running";
        let hook = "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first";
        assert_eq!(CallError::from(said(409, other)), CallError::OtherPoller);
        assert_eq!(CallError::from(said(409, hook)), CallError::WebhookSet);
        assert_eq!(CallError::from(said(401, "Unauthorized")), CallError::Token);
        assert_eq!(CallError::from(said(404, "Not Found")), CallError::Token);
    }
}
