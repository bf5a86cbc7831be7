//! Invoices: read from a call and checked as Telegram checks them.

use super::params::Params;
use super::refusal::Refusal;
use serde_json::{Value, json};

/// The currency of Telegram Stars.
pub(super) const STARS: &str = "XTR";

/// The most that one price may be, in the smallest units.
const MOST: i64 = 999_999_999_999;
/// The least and the most that a card pays, in kopecks.
const CARD: std::ops::RangeInclusive<i64> = 6_000..=100_000_000;

/// What somebody is asked to pay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invoice {
    /// The product's name.
    pub title: String,
    /// What it is.
    pub description: String,
    /// The bot's own word for it, which comes back with every payment.
    pub payload: String,
    /// `XTR` for Stars, `RUB` for a card.
    pub currency: String,
    /// Whole Stars, or kopecks.
    pub total: i64,
    /// Unless it is empty, nobody can pay a forwarded copy.
    pub start_parameter: String,
}

impl Invoice {
    /// It is paid in Stars.
    pub fn is_in_stars(&self) -> bool {
        self.currency == STARS
    }

    /// The label of the Pay button when the bot gave none.
    pub(super) fn pay_label(&self) -> String {
        if self.is_in_stars() {
            format!("Pay ⭐️{}", self.total)
        } else {
            format!("Pay {}.{:02} {}", self.total / 100, self.total % 100, self.currency)
        }
    }

    /// As it stands in a message.
    pub(super) fn to_json(&self) -> Value {
        json!({
            "title": self.title, "description": self.description,
            "start_parameter": self.start_parameter, "currency": self.currency,
            "total_amount": self.total,
        })
    }
}

/// A parameter that must be there and not be empty.
pub(super) fn required(params: &Params, name: &str) -> Result<String, Refusal> {
    let missing = || Refusal::bad(&format!("parameter \"{name}\" is required"));
    params.text(name).filter(|text| !text.is_empty()).ok_or_else(missing)
}

fn price(part: &Value) -> Result<i64, Refusal> {
    let wrong = |words: &str| Refusal::bad(&format!("can't parse labeled price: {words}"));
    let label = part.get("label").and_then(Value::as_str).unwrap_or("");
    if label.is_empty() {
        return Err(wrong("Field \"label\" must be a non-empty String"));
    }
    let amount = part.get("amount").ok_or_else(|| wrong("Can't find field \"amount\""))?;
    let amount = amount.as_i64().or_else(|| amount.as_str()?.parse().ok());
    let amount = amount.ok_or_else(|| wrong("Can't parse \"amount\" as Number"))?;
    if amount.unsigned_abs() > MOST.unsigned_abs() {
        return Err(Refusal::bad("too big amount of the currency specified"));
    }
    Ok(amount)
}

/// All prices together, and how many they are.
fn prices(params: &Params) -> Result<(i64, usize), Refusal> {
    let wrong = || Refusal::bad("can't parse prices JSON object");
    let list = params.nested("prices").map_err(|_| wrong())?;
    let list = list.ok_or_else(|| Refusal::bad("parameter \"prices\" is required"))?;
    let list = list.as_array().ok_or_else(wrong)?;
    let mut total = 0_i64;
    for part in list {
        let sum = total.checked_add(price(part)?);
        total = sum.ok_or_else(|| Refusal::bad("too big amount of the currency specified"))?;
    }
    Ok((total, list.len()))
}

/// Reads the invoice that a call describes.
pub(super) fn read(params: &Params) -> Result<Invoice, Refusal> {
    let invoice = Invoice {
        title: required(params, "title")?,
        description: required(params, "description")?,
        payload: required(params, "payload")?,
        currency: required(params, "currency")?,
        total: 0,
        start_parameter: params.text("start_parameter").unwrap_or_default(),
    };
    let (total, parts) = prices(params)?;
    let has_provider = params.text("provider_token").is_some_and(|token| !token.is_empty());
    let sum_fits = if invoice.is_in_stars() { total > 0 } else { CARD.contains(&total) };
    let checks = [
        (invoice.title.chars().count() <= 32, "TITLE_INVALID"),
        (invoice.description.chars().count() <= 255, "DESCRIPTION_INVALID"),
        (invoice.payload.len() <= 128, "INVOICE_PAYLOAD_INVALID"),
        (invoice.is_in_stars() || invoice.currency == "RUB", "CURRENCY_INVALID"),
        (!invoice.is_in_stars() || (!has_provider && parts == 1), "STARS_INVOICE_INVALID"),
        (invoice.is_in_stars() || has_provider, "PAYMENT_PROVIDER_INVALID"),
        (sum_fits, "CURRENCY_TOTAL_AMOUNT_INVALID"),
    ];
    match checks.iter().find(|(fits, _)| !fits) {
        Some((_, words)) => Err(Refusal::bad(words)),
        None => Ok(Invoice { total, ..invoice }),
    }
}
