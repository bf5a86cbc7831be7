//! What Telegram posts, lists and answers.

use super::is_one_line;
use crate::http::telegram::BODY_MAX;
use crate::message::What;
use crate::telegram::api::{Api, Failure, Timeouts};
use crate::telegram::decode::{Decoded, decode, update_id};
use crate::telegram::wire::{FilePath, Me, WebhookInfo};
use crate::telegram::{CallError, FetchError, gateway, refusal};
use reqwest::StatusCode;
use secrecy::SecretString;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use std::sync::LazyLock;
use url::Url;

const TOKEN: &str = "4242:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

static API: LazyLock<Api> = LazyLock::new(|| {
    let base = Url::parse("https://api.telegram.org").expect("an address");
    Api::new(SecretString::from(TOKEN), base, Timeouts::default()).expect("a client")
});

/// An update, as Telegram posts it to the webhook.
pub fn update(bytes: &[u8]) {
    if bytes.len() > BODY_MAX {
        return;
    }
    let number = update_id(bytes);
    match decode(bytes) {
        Decoded::Useful(incoming) => {
            assert_eq!(Some(incoming.update), number, "an update of another number");
            let name = &incoming.from.first_name;
            assert!(!name.is_empty() && name.chars().count() <= 64 && is_one_line(name), "a name: {name:?}");
            if let What::Tap { data, .. } = incoming.what {
                assert!(data.len() <= 64, "a button with {} bytes", data.len());
                super::button(data.as_bytes());
            }
        }
        Decoded::Ignored { update, .. } => assert_eq!(Some(update), number, "an update of another number"),
        Decoded::Undecodable { update, why } => {
            assert_eq!(update, number, "an update of another number");
            assert!(is_one_line(&why), "a reason: {why:?}");
        }
    }
}

/// An answer of the Bot API to `getUpdates`.
pub fn updates(bytes: &[u8]) {
    let Some(Ok(result)) = read(StatusCode::OK, bytes) else { return };
    let listed = gateway::updates(&result).into_iter().flatten();
    for listed in listed.filter(|listed| listed.bytes.len() <= BODY_MAX) {
        assert_eq!(update_id(&listed.bytes), Some(listed.id), "an update of another number");
        update(&listed.bytes);
    }
}

/// An answer of the Bot API to anything else.
pub fn answer(bytes: &[u8]) {
    let status = super::one_of([200, 400, 429, 502], bytes);
    match read(StatusCode::from_u16(status).expect("a status"), bytes) {
        Some(Ok(result)) => {
            drop(gateway::delivered(gateway::messages(&result)));
            fits::<FilePath>(&result);
            fits::<Me>(&result);
            fits::<WebhookInfo>(&result);
        }
        Some(Err(failure)) => {
            let (sent, call) = (refusal::sent(failure.clone()), CallError::from(failure.clone()));
            let told = format!("{sent:?} {call:?} {:?}", FetchError::from(failure));
            assert!(!told.contains(TOKEN), "the token is told");
        }
        None => {}
    }
}

/// `None` for more than is ever read of an answer.
fn read(status: StatusCode, bytes: &[u8]) -> Option<Result<Box<RawValue>, Failure>> {
    (bytes.len() <= crate::telegram::api::ANSWER_MAX_BYTES).then(|| API.read(status, None, bytes))
}

fn fits<T: DeserializeOwned>(result: &RawValue) -> bool {
    serde_json::from_str::<T>(result.get()).is_ok()
}
