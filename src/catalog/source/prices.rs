//! The price list: one line a model, `<id>: <usd> USD`.

use super::{Error, File, error};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// One line of the price list.
#[derive(Debug)]
pub(super) struct Price {
    pub(super) id: String,
    pub(super) usd: Decimal,
    pub(super) line: u32,
}

/// Beyond this a price is a slip of the pen.
const DEAREST_USD: Decimal = Decimal::from_parts(1000, 0, 0, false, 0);

/// Prices are written to a ten-thousandth of a dollar.
const DECIMALS: u32 = 4;

/// The lines in their order. What is wrong goes to `errors`; a line with a bad price is still given
/// (with price zero), so that its model's file is not called unlisted on top.
pub(super) fn read(file: &File, errors: &mut Vec<Error>) -> Vec<Price> {
    let mut list: Vec<Price> = Vec::new();
    let mut seen = BTreeMap::new();
    for (number, text) in (1..).zip(file.text.lines()) {
        let text = text.trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        let Some((id, price)) = text.split_once(':') else {
            errors.push(error(&file.path, number, format!("{text:?} is not `<id>: <usd> USD`")));
            continue;
        };
        let id = id.trim();
        if !is_id(id) {
            errors.push(error(&file.path, number, format!("{id:?} is not a model id")));
            continue;
        }
        if let Some(first) = seen.insert(id.to_owned(), number) {
            let message = format!("{id} is already on line {first}");
            errors.push(error(&file.path, number, message));
            continue;
        }
        let usd = read_price(price.trim()).unwrap_or_else(|message| {
            errors.push(error(&file.path, number, format!("{id}: {message}")));
            Decimal::ZERO
        });
        list.push(Price { id: id.to_owned(), usd, line: number });
    }
    if list.is_empty() && errors.is_empty() {
        errors.push(error(&file.path, 1, "the price list is empty"));
    }
    list
}

/// An id is a path of names: small letters, digits, dot and dash, no `..`.
fn is_id(id: &str) -> bool {
    let name = |name: &str| {
        name.starts_with(|first: char| first.is_ascii_lowercase() || first.is_ascii_digit())
            && name
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte))
    };
    id.len() <= 60 && id.split('/').all(name)
}

fn read_price(text: &str) -> Result<Decimal, String> {
    if text.is_empty() {
        return Err("the price is missing".to_owned());
    }
    let (number, currency) = text.split_once(' ').unwrap_or((text, ""));
    let currency = currency.trim();
    if currency != "USD" {
        return Err(format!("the price must be in USD, not in {currency:?}"));
    }
    let plain = number.bytes().all(|byte| byte.is_ascii_digit() || b".-".contains(&byte));
    let usd = match Decimal::from_str_exact(number) {
        Ok(usd) if plain && !number.starts_with('.') && !number.ends_with('.') => usd,
        Ok(_) | Err(_) => return Err(format!("{number:?} is not a price")),
    };
    if usd.is_zero() {
        return Err("the price is zero".to_owned());
    }
    if usd.is_sign_negative() {
        return Err(format!("the price {number} is negative"));
    }
    if usd > DEAREST_USD {
        return Err(format!("the price {number} is above {DEAREST_USD} USD"));
    }
    if usd.normalize().scale() > DECIMALS {
        return Err(format!("the price {number} has more than {DECIMALS} decimals"));
    }
    Ok(usd)
}
