//! What the clients have in common: their name, answers read to a limit, secrets taken out.

use crate::carrier::reason;
use reqwest::Response;

/// More of an answer than this is not read.
pub(crate) const MAX_ANSWER_BYTES: usize = 1024 * 1024;
/// Some hosts turn away whoever has no name.
pub(crate) const USER_AGENT: &str = concat!("samovar/", env!("CARGO_PKG_VERSION"));

/// A body of at most `max_bytes`, or why there is none.
pub(crate) async fn read_answer(response: &mut Response, max_bytes: usize) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| reason(&error))? {
        if body.len() + chunk.len() > max_bytes {
            return Err("the answer is too large".to_owned());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The body without our secrets: KIE may repeat what it was sent, and its words go to logs and
/// customers.
pub(crate) fn without(body: &[u8], secrets: &[&str]) -> Vec<u8> {
    let mut text = String::from_utf8_lossy(body).into_owned();
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        text = text.replace(secret, "…");
    }
    text.into_bytes()
}
