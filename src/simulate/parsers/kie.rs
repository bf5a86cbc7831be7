//! What KIE answers, and what calls itself KIE's callback.

use super::{is_one_line, one_of};
use crate::http::kie::BODY_MAX;
use crate::job::Why;
use crate::provider::answer::{MAX_FILES, MESSAGE_CHARS};
use crate::provider::fetch::Hosts;
use crate::provider::kie::{MAX_MODELS_BYTES, answer_models};
use crate::provider::upload::{UploadError, uploaded as upload_said};
use crate::provider::wire::{MAX_ANSWER_BYTES, without};
use crate::provider::{Created, Look, answer, callback as called};
use secrecy::SecretString;
use serde::de::IgnoredAny;
use std::sync::LazyLock;
use url::Url;

/// The task that all saved answers to recordInfo are about.
const TASK: &str = "e989621f54392584b05867f87b160672";
/// What no answer may give back to us.
const KEY: &str = "0123456789abcdef0123456789abcdef";

static HOSTS: LazyLock<Hosts> = LazyLock::new(|| {
    let own = Url::parse("http://127.0.0.1:8181").expect("an address");
    Hosts::new(&["*.results.example".to_owned()], &[&own])
});
static HMAC_KEY: LazyLock<SecretString> = LazyLock::new(|| SecretString::from("test-webhook-hmac-key"));

/// What is read of an answer; `None` for more than that.
fn body(bytes: &[u8], most: usize) -> Option<Vec<u8>> {
    (bytes.len() <= most).then(|| without(bytes, &[KEY]))
}

fn is_object(body: &[u8]) -> bool {
    body.trim_ascii_start().starts_with(b"{") && serde_json::from_slice::<IgnoredAny>(body).is_ok()
}

fn is_said(text: &str) -> bool {
    text.chars().count() <= MESSAGE_CHARS && is_one_line(text) && !text.contains(KEY)
}

/// An answer to createTask. What cannot be read leaves the order in doubt: the money stays held.
pub fn created(bytes: &[u8]) {
    let Some(body) = body(bytes, MAX_ANSWER_BYTES) else { return };
    let headers = [(200, None), (429, Some("99999999999999999999")), (502, Some("-1"))];
    let (status, retry_after) = one_of(headers, bytes);
    let created = answer::created(status, retry_after, &body);
    let is_doubt = matches!(created, Created::InDoubt(_));
    assert!(is_doubt || is_object(&body), "an answer that cannot be read decided something: {created:?}");
    match created {
        Created::Accepted(task) => {
            assert!(!task.trim().is_empty() && task.chars().count() <= 128, "a task: {task:?}");
        }
        Created::Refused(Why::Rejected { message }) => assert!(is_said(&message), "{message:?}"),
        Created::Busy { pause, .. } => assert!((1..=300).contains(&pause.as_secs()), "{pause:?}"),
        Created::Refused(_) | Created::NotSent(_) | Created::InDoubt(_) => {}
    }
}

/// An answer to recordInfo. Only links that may be followed are a success.
pub fn look(bytes: &[u8]) {
    let Some(body) = body(bytes, MAX_ANSWER_BYTES) else { return };
    let status = one_of([200, 404, 502], bytes);
    let look = answer::look(status, &body, TASK, &HOSTS);
    let is_nothing = matches!(look, Look::Unreachable(_));
    assert!(is_nothing || is_object(&body), "an answer that cannot be read decided something: {look:?}");
    match look {
        Look::Success { urls, .. } => {
            assert!((1..=MAX_FILES).contains(&urls.len()), "{} files", urls.len());
            assert!(urls.iter().all(|url| HOSTS.is_link(url)), "no link: {urls:?}");
            drop(urls.iter().map(|url| HOSTS.check(url)).collect::<Vec<_>>());
        }
        Look::Failed { message, .. } => assert!(is_said(&message), "{message:?}"),
        Look::Running(_) | Look::NotFound | Look::KeyRefused | Look::Unreachable(_) => {}
    }
}

/// An answer to the credit question.
pub fn credit(bytes: &[u8]) {
    let Some(body) = body(bytes, MAX_ANSWER_BYTES) else { return };
    let status = one_of([200, 502], bytes);
    let credit = answer::credit(status, &body);
    assert!(credit.is_err() || is_object(&body), "an answer that cannot be read is a credit");
}

/// The list of KIE's models.
pub fn models(bytes: &[u8]) {
    let Some(body) = body(bytes, MAX_MODELS_BYTES) else { return };
    let models = answer_models(&body);
    assert!(models.is_none() || is_object(&body), "an answer that cannot be read is a list");
}

/// An answer to an upload. Only a known host's link is one.
pub fn uploaded(bytes: &[u8]) {
    let Some(body) = body(bytes, MAX_ANSWER_BYTES) else { return };
    let status = one_of([200, 400, 502], bytes);
    match upload_said(status, &body, &HOSTS) {
        Ok(link) => assert!(HOSTS.check(&link).is_ok(), "a link that is not followed"),
        Err(UploadError::Refused(why) | UploadError::Passing(why)) => {
            assert!(!why.contains(KEY), "the key is told");
        }
        Err(UploadError::KeyRefused | UploadError::Disk(_)) => {}
    }
}

/// A callback as it is saved: two header lines and the body, or the body alone.
#[derive(Debug)]
pub(in crate::simulate) struct Callback<'a> {
    /// `X-Webhook-Timestamp`.
    pub(in crate::simulate) timestamp: Option<&'a str>,
    /// `X-Webhook-Signature`.
    pub(in crate::simulate) signature: Option<&'a str>,
    /// The body.
    pub(in crate::simulate) body: &'a [u8],
}

impl<'a> Callback<'a> {
    /// Takes the bytes apart. A body begins with a brace or has no head.
    pub(in crate::simulate) fn of(bytes: &'a [u8]) -> Self {
        let bare = Self { timestamp: None, signature: None, body: bytes };
        let mut lines = bytes.splitn(3, |byte| *byte == b'\n');
        let (Some(first), Some(second), Some(body)) = (lines.next(), lines.next(), lines.next()) else {
            return bare;
        };
        match (std::str::from_utf8(first), std::str::from_utf8(second)) {
            (Ok(timestamp), Ok(signature)) if !timestamp.starts_with('{') => {
                Self { timestamp: Some(timestamp), signature: Some(signature), body }
            }
            (Ok(_) | Err(_), _) => bare,
        }
    }
}

/// A callback with its headers. What is not signed with our key is refused.
pub fn callback(bytes: &[u8]) {
    let Callback { timestamp, signature, body } = Callback::of(bytes);
    if body.len() > BODY_MAX {
        return;
    }
    let task = called::task_id(body);
    assert!(task.is_none() || is_object(body), "a body that cannot be read names a task");
    let checked = called::check_signature(&HMAC_KEY, task.as_deref().unwrap_or(""), timestamp, signature);
    assert!(checked.is_err() || signature.is_some(), "a callback without signature is taken");
}
