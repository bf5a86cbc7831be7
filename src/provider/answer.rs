//! What KIE's answers mean. Pure: bytes in, meaning out.
//!
//! KIE says 200 over HTTP for most errors, so the body's `code` decides and the status does not.
//! **Invariant:** an answer to createTask that we do not understand is [`Created::InDoubt`].

use crate::job::{TaskId, Why};
use crate::provider::fetch::Hosts;
use crate::provider::{Created, Echo, Look};
use rust_decimal::Decimal;
use serde_json::{Map, Value};
use std::time::Duration;

/// How much of what KIE says is kept, in characters.
pub const MESSAGE_CHARS: usize = 300;
/// How many files a result may have: what fits into one album.
pub const MAX_FILES: usize = 10;
/// So many addresses of a result are looked at; a list with more of them is no result.
const MAX_LINKS: usize = 100;

/// What an answer to createTask decides: `status` only explains a body that says nothing,
/// `retry_after` is the header of that name.
pub fn created(status: u16, retry_after: Option<&str>, body: &[u8]) -> Created {
    let Some(Envelope { code, message, data }) = envelope(body) else {
        return Created::InDoubt(format!("HTTP {status} without an answer that can be read"));
    };
    let lower = message.to_ascii_lowercase();
    let busy = |default_s, maintenance| Created::Busy { pause: pause(retry_after, default_s), maintenance };
    match code {
        200 => match data.get("taskId").and_then(usable_id) {
            Some(task) => Created::Accepted(task),
            None => Created::InDoubt("accepted, but without a task id".to_owned()),
        },
        429 => busy(10, false),
        455 => busy(60, true),
        401 | 433 => Created::Refused(Why::KeyRefused),
        402 => Created::Refused(Why::NoCredit),
        500 if lower.starts_with("credits insufficient") => Created::Refused(Why::NoCredit),
        505 => Created::Refused(Why::Paused),
        500..=599 if lower.contains("temporarily paused") => Created::Refused(Why::Paused),
        404 => Created::Refused(Why::ModelGone),
        422 if lower.contains("model name you specified is not supported") => {
            Created::Refused(Why::ModelGone)
        }
        _ => Created::Refused(Why::Rejected { message: said(code, &message) }),
    }
}

/// What an answer to recordInfo for `task` says.
///
/// A success whose result is not written yet is still running. One whose result holds no link that
/// we may follow (a text, plain http) is a failure: nothing will ever come of it.
pub fn look(status: u16, body: &[u8], task: &str, hosts: &Hosts) -> Look {
    let Some(Envelope { code, message, data }) = envelope(body) else {
        return Look::Unreachable(format!("HTTP {status} without an answer that can be read"));
    };
    let state = state(&data);
    match code {
        200 => {}
        404 => return Look::NotFound,
        422 if message.contains("recordInfo is null") => return Look::NotFound,
        401 | 433 => return Look::KeyRefused,
        // Callbacks report a failure under this code; a look may come to do the same.
        501 if state == State::Fail => {}
        _ => return Look::Unreachable(format!("code {code}: {}", said(code, &message))),
    }
    match data.get("taskId") {
        Some(Value::String(id)) if id == task => {}
        Some(_) => return Look::Unreachable("an answer about another task".to_owned()),
        None if data.is_object() => {}
        None => return Look::Unreachable("an answer without a task".to_owned()),
    }
    let echo = echo(&data);
    match state {
        State::Running => Look::Running(echo),
        State::Fail => Look::Failed { message: fail_message(&data, &message), echo },
        State::Success => match links(&data, hosts) {
            Links::None => Look::Running(echo),
            Links::Unusable => Look::Failed { message: "the result is not a file".to_owned(), echo },
            Links::Files(urls) => Look::Success { urls, credits: credits(&data), echo },
        },
    }
}

/// What an answer to the credit question says: credits, or why that cannot be said.
pub fn credit(status: u16, body: &[u8]) -> Result<Decimal, String> {
    let Some(Envelope { code, message, data }) = envelope(body) else {
        return Err(format!("HTTP {status} without an answer that can be read"));
    };
    if code != 200 {
        return Err(format!("code {code}: {}", said(code, &message)));
    }
    decimal(&data).ok_or_else(|| "an answer without a number".to_owned())
}

/// True when a task that was asked for `look_model` and `look_input` is our order.
///
/// The models are equal, and every input that we sent comes back with the same value. Values may be
/// spelled differently: 5, 5.0 and "5" are one, so are true and "true", and blanks around a text do
/// not count. Inputs that we did not send are the provider's own defaults and prove nothing.
pub fn is_same_order(
    look_model: &str,
    look_input: &Map<String, Value>,
    our_model: &str,
    our_input: &Map<String, Value>,
) -> bool {
    look_model == our_model
        && our_input.iter().all(|(name, ours)| is_same(look_input.get(name).unwrap_or(&Value::Null), ours))
}

fn is_same(seen: &Value, ours: &Value) -> bool {
    match (seen, ours) {
        (Value::String(seen), Value::String(ours)) => seen.trim() == ours.trim(),
        (Value::Array(seen), Value::Array(ours)) => {
            seen.len() == ours.len() && seen.iter().zip(ours).all(|(seen, ours)| is_same(seen, ours))
        }
        (Value::Object(seen), Value::Object(ours)) => {
            ours.iter().all(|(name, ours)| is_same(seen.get(name).unwrap_or(&Value::Null), ours))
        }
        (Value::Bool(is), Value::String(text)) | (Value::String(text), Value::Bool(is)) => {
            text.trim() == if *is { "true" } else { "false" }
        }
        (Value::Number(_), Value::Number(_) | Value::String(_)) | (Value::String(_), Value::Number(_)) => {
            decimal(seen).is_some_and(|seen| decimal(ours) == Some(seen))
        }
        _ => seen == ours,
    }
}

/// A task id that can be used: a string of 1 to 128 characters. `None` for anything else.
pub(crate) fn usable_id(id: &Value) -> Option<TaskId> {
    let id = id.as_str()?;
    (!id.trim().is_empty() && id.chars().count() <= 128).then(|| id.to_owned())
}

/// The form of all answers.
struct Envelope {
    code: i64,
    message: String,
    data: Value,
}

/// `None` when the body is no JSON object with a numeric `code`.
fn envelope(body: &[u8]) -> Option<Envelope> {
    let Ok(Value::Object(mut body)) = serde_json::from_slice(body) else { return None };
    let code = match body.get("code")? {
        Value::Number(code) => code.as_i64()?,
        Value::String(code) => code.trim().parse().ok()?,
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    let message = ["msg", "message"].into_iter().find_map(|name| body.get(name)?.as_str());
    let message = message.map(short).unwrap_or_default();
    Some(Envelope { code, message, data: body.remove("data").unwrap_or(Value::Null) })
}

/// A text of KIE's on one line, cut to [`MESSAGE_CHARS`], and before a callback address, which holds
/// a secret and which KIE may repeat.
fn short(text: &str) -> String {
    let text = text.split("/kie/callback/").next().unwrap_or_default();
    let words = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    words.take(MESSAGE_CHARS).collect::<String>().trim().to_owned()
}

fn said(code: i64, message: &str) -> String {
    if message.is_empty() { format!("code {code}") } else { message.to_owned() }
}

/// A pause from 1 s to 5 min. A `Retry-After` that is a date is not used: our clock may be wrong.
fn pause(retry_after: Option<&str>, default_s: u64) -> Duration {
    let asked_s = retry_after.map(|text| text.trim().parse::<u64>());
    let pause_s = match asked_s {
        Some(Ok(asked_s)) => asked_s,
        Some(Err(_)) | None => default_s,
    };
    Duration::from_secs(pause_s.clamp(1, 300))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Running,
    Success,
    Fail,
}

/// What `state` says, or the newer `successFlag` where there is none. The unknown is still running.
fn state(data: &Value) -> State {
    let by_flag = match data.get("successFlag").and_then(Value::as_i64) {
        Some(1) => State::Success,
        Some(2 | 3) => State::Fail,
        Some(_) | None => State::Running,
    };
    match data.get("state").and_then(Value::as_str) {
        Some("success") => State::Success,
        Some("fail") => State::Fail,
        Some(_) => State::Running,
        None => by_flag,
    }
}

fn fail_message(data: &Value, message: &str) -> String {
    let text = |name: &str| data.get(name).and_then(Value::as_str).map(short).filter(|text| !text.is_empty());
    text("failMsg")
        .or_else(|| text("errorMessage"))
        .or_else(|| text("failCode").map(|code| short(&format!("code {code}"))))
        .unwrap_or_else(|| if message.is_empty() { "failed".to_owned() } else { message.to_owned() })
}

/// The value itself, or what a string holds as JSON, through at most three layers of strings.
fn unwrapped(value: &Value) -> Value {
    let mut value = value.clone();
    for _ in 0..3 {
        let Value::String(text) = &value else { break };
        match serde_json::from_str(text) {
            Ok(inner) => value = inner,
            Err(_) => break,
        }
    }
    value
}

fn echo(data: &Value) -> Echo {
    let param = data.get("param").map_or(Value::Null, unwrapped);
    let model = data.get("model").and_then(Value::as_str);
    let model = model.or_else(|| param.get("model").and_then(Value::as_str)).map(str::to_owned);
    let input = match param.get("input").or_else(|| data.get("input")).map_or(Value::Null, unwrapped) {
        Value::Object(input) => Some(input),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => None,
    };
    Echo { model, input }
}

enum Links {
    /// The result is not written yet.
    None,
    /// There is a result without a link that we may follow.
    Unusable,
    Files(Vec<String>),
}

fn links(data: &Value, hosts: &Hosts) -> Links {
    let response = data.get("response").map_or(Value::Null, unwrapped);
    let places = [data.get("resultJson"), Some(&response), response.get("resultJson")];
    let mut anything = false;
    for place in places.into_iter().flatten() {
        let result = unwrapped(place);
        anything |= !is_blank(&result);
        let urls = match result.get("resultUrls").map_or(Value::Null, unwrapped) {
            Value::Array(urls) => urls,
            Value::Null => Vec::new(),
            one @ (Value::String(_) | Value::Bool(_) | Value::Number(_) | Value::Object(_)) => vec![one],
        };
        let usable = urls.iter().take(MAX_LINKS).filter_map(Value::as_str).filter(|url| hosts.is_link(url));
        let urls: Vec<String> = usable.take(MAX_FILES).map(str::to_owned).collect();
        if !urls.is_empty() {
            return Links::Files(urls);
        }
    }
    if anything { Links::Unusable } else { Links::None }
}

fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

fn credits(data: &Value) -> Option<Decimal> {
    ["creditsConsumed", "consumeCredits"].into_iter().find_map(|name| data.get(name).and_then(decimal))
}

/// A number, or a string that is one, without arithmetic on binary fractions. `None` for all else.
fn decimal(value: &Value) -> Option<Decimal> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_owned(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    let exact = Decimal::from_str_exact(&text).or_else(|_| Decimal::from_scientific(&text));
    exact.map(|decimal| decimal.normalize()).ok()
}

#[cfg(test)]
mod tests;
