//! KIE's call when a task ends. It is a hint, never a result: its signature, where there is one,
//! covers the task's id and a time, not the body. So all we take from it is which task to look at.

use crate::ids::JobId;
use crate::job::TaskId;
use crate::provider::answer;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// The task a callback's body names, looked for in `data.taskId`, `data.task_id`, `taskId` and
/// `task_id`, in that order. `None` for what is no JSON or names no usable task. The caller caps
/// the body's size before reading it.
pub fn task_id(body: &[u8]) -> Option<TaskId> {
    let Ok(body) = serde_json::from_slice::<Value>(body) else { return None };
    let data = body.get("data");
    [
        data.and_then(|data| data.get("taskId")),
        data.and_then(|data| data.get("task_id")),
        body.get("taskId"),
        body.get("task_id"),
    ]
    .into_iter()
    .find_map(|id| id.and_then(answer::usable_id))
}

/// Why a callback's signature is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSignature {
    /// No `X-Webhook-Timestamp` or no `X-Webhook-Signature`.
    #[error("the callback is not signed")]
    Missing,
    /// Not the signature of this task and time with our key.
    #[error("the callback's signature is wrong")]
    Wrong,
}

/// Checks a callback's headers `X-Webhook-Timestamp` and `X-Webhook-Signature`: the base64 of
/// HMAC-SHA256 over `<task>.<timestamp>`, compared in constant time. The time's age is not judged:
/// KIE names no limit, and a repeated hint does no harm.
pub fn check_signature(
    key: &SecretString,
    task: &str,
    timestamp: Option<&str>,
    signature: Option<&str>,
) -> Result<(), BadSignature> {
    let (Some(timestamp), Some(signature)) = (timestamp, signature) else {
        return Err(BadSignature::Missing);
    };
    let signature = STANDARD.decode(signature.trim()).map_err(|_| BadSignature::Wrong)?;
    let key = key.expose_secret().as_bytes();
    let mut mac = Hmac::<Sha256>::new_from_slice(key).map_err(|_| BadSignature::Wrong)?;
    mac.update(task.as_bytes());
    mac.update(b".");
    mac.update(timestamp.trim().as_bytes());
    mac.verify_slice(&signature).map_err(|_| BadSignature::Wrong)
}

/// The secret in the address KIE calls for `job`: 32 hex digits (128 bits) that only the holder
/// of the server's key can make. It authorises a look at that job and nothing else.
pub fn callback_secret(server_key: &[u8; 32], job: JobId) -> String {
    let mut hasher = blake3::Hasher::new_keyed(server_key);
    hasher.update(b"kie callback\0").update(&job.0.to_be_bytes());
    hex::encode(&hasher.finalize().as_bytes()[..16])
}

/// Whether `secret` is that of `job`, compared in constant time.
pub fn is_callback_secret(server_key: &[u8; 32], job: JobId, secret: &str) -> bool {
    callback_secret(server_key, job).as_bytes().ct_eq(secret.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TASK: &str = "e989621f54392584b05867f87b160672";
    const TIME: &str = "1755599644";
    const SIGNATURE: &str = "dIu+JopyPWxgJHQZDIa25vf+mDjkYi8tQCSn3hgMDgs=";

    #[test]
    fn the_task_is_found_under_all_its_names_in_their_order() {
        for (body, task) in [
            (r#"{"code":200,"data":{"taskId":"a","task_id":"b"},"taskId":"c"}"#, Some("a")),
            (r#"{"code":501,"data":{"task_id":"b"},"taskId":"c"}"#, Some("b")),
            (r#"{"taskId":"c","task_id":"d"}"#, Some("c")),
            (r#"{"data":null,"task_id":"d"}"#, Some("d")),
            (r#"{"data":{"taskId":""},"task_id":"d"}"#, Some("d")),
            (r#"{"data":{"taskId":17}}"#, None),
            (r#"{"data":"x"}"#, None),
            (r#"{"data":{"taskId":"a""#, None),
            ("[]", None),
            ("<html>", None),
            ("", None),
        ] {
            assert_eq!(task_id(body.as_bytes()).as_deref(), task, "{body}");
        }
        let long = format!(r#"{{"taskId":"{}"}}"#, "x".repeat(129));
        assert_eq!(task_id(long.as_bytes()), None);
    }

    #[test]
    fn the_published_signature_is_accepted_and_every_change_to_it_refused() {
        let key = SecretString::from("test-webhook-hmac-key");
        assert_eq!(check_signature(&key, TASK, Some(TIME), Some(SIGNATURE)), Ok(()));
        let other = SecretString::from("test-webhook-hmac-kez");
        for (key, task, time, signature) in [
            (&other, TASK, TIME, SIGNATURE),
            (&key, "e989621f54392584b05867f87b160673", TIME, SIGNATURE),
            (&key, TASK, "1755599645", SIGNATURE),
            (&key, TASK, TIME, "eIu+JopyPWxgJHQZDIa25vf+mDjkYi8tQCSn3hgMDgs="),
            (&key, TASK, TIME, "dIu+"),
            (&key, TASK, TIME, "no base64!"),
            (&key, TASK, TIME, ""),
        ] {
            let checked = check_signature(key, task, Some(time), Some(signature));
            assert_eq!(checked, Err(BadSignature::Wrong), "{task} {time} {signature}");
        }
        assert_eq!(check_signature(&key, TASK, None, Some(SIGNATURE)), Err(BadSignature::Missing));
        assert_eq!(check_signature(&key, TASK, Some(TIME), None), Err(BadSignature::Missing));
    }

    #[test]
    fn a_callback_secret_fits_one_job_and_one_server() {
        let secret = callback_secret(&[1; 32], JobId(7));
        assert_eq!(secret.len(), 32);
        assert!(is_callback_secret(&[1; 32], JobId(7), &secret));
        assert!(!is_callback_secret(&[1; 32], JobId(8), &secret));
        assert!(!is_callback_secret(&[2; 32], JobId(7), &secret));
        for other in ["", &secret[..31], &format!("{secret}0"), &secret.to_uppercase()] {
            assert!(!is_callback_secret(&[1; 32], JobId(7), other), "{other}");
        }
    }
}
