//! The parameters of one call, whichever way they came: JSON, form, query or multipart.

use bytes::Bytes;
use serde_json::Value;
use std::collections::BTreeMap;

/// A file that came with a call, or was fetched for one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// The name the sender gave it; may be empty.
    pub file_name: String,
    /// The contents.
    pub bytes: Bytes,
}

/// The parameters of one call.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Params {
    /// By name. A form gives strings only; nested objects are then JSON in a string.
    pub fields: BTreeMap<String, Value>,
    /// Multipart parts that are files, by part name.
    pub files: BTreeMap<String, Upload>,
    /// What the shell downloaded for media given as a web address; `None` is "could not be had".
    pub fetched: BTreeMap<String, Option<Upload>>,
}

impl Params {
    /// Parameters from a JSON object; anything else has none.
    pub fn from_json(value: &Value) -> Self {
        let fields = value.as_object().into_iter().flat_map(serde_json::Map::clone).collect();
        Self { fields, ..Self::default() }
    }

    /// A text; numbers and booleans are taken as written.
    pub fn text(&self, name: &str) -> Option<String> {
        let value = self.fields.get(name)?;
        if let Some(text) = value.as_str() {
            return Some(text.to_owned());
        }
        (value.is_number() || value.is_boolean()).then(|| value.to_string())
    }

    /// A text that was given as one; empty when it was not.
    pub fn word(&self, name: &str) -> &str {
        self.fields.get(name).and_then(Value::as_str).unwrap_or("")
    }

    /// A whole number, from a number or its digits.
    pub fn number(&self, name: &str) -> Option<i64> {
        let value = self.fields.get(name)?;
        value.as_i64().or_else(|| value.as_str().and_then(|text| text.trim().parse().ok()))
    }

    /// True for `true`, `"true"`, `"True"` and 1.
    pub fn flag(&self, name: &str) -> bool {
        self.text(name).is_some_and(|text| matches!(text.to_ascii_lowercase().as_str(), "true" | "1" | "yes"))
    }

    /// An object or a list, given as such or as JSON in a string. `Ok(None)` when it is absent or
    /// empty; `Err` when it is no JSON.
    pub fn nested(&self, name: &str) -> Result<Option<Value>, NotJson> {
        match self.fields.get(name) {
            None => Ok(None),
            Some(value) => match value.as_str() {
                Some(text) if text.trim().is_empty() => Ok(None),
                Some(text) => serde_json::from_str(text).map(Some).map_err(|_| NotJson),
                None if value.is_null() => Ok(None),
                None => Ok(Some(value.clone())),
            },
        }
    }
}

/// A nested parameter is not JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not JSON")]
pub struct NotJson;

/// One call of a method.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The bot token from the address.
    pub token: String,
    /// The method's name as written in the address.
    pub method: String,
    /// Its parameters.
    pub params: Params,
}

impl Call {
    /// A call with parameters from a JSON object.
    pub fn new(token: &str, method: &str, params: &Value) -> Self {
        Self { token: token.to_owned(), method: method.to_owned(), params: Params::from_json(params) }
    }
}
