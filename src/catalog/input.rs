//! Placeholder until the catalogue lands.
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Value {
    /// t
    Text(String),
    /// b
    Boolean(bool),
    /// i
    Integer(i64),
    /// n
    Number(Decimal),
    /// l
    Links(Vec<String>),
}
/// Values.
pub type Values = BTreeMap<String, Value>;
