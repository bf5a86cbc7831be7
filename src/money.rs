//! Money: a whole number of kopecks with checked arithmetic only.
//!
//! There are no operators on purpose: `a - b` reads innocent and would take the process down,
//! or wrap. Rates and prices in dollars are [`Decimal`]; they become kopecks once, at the end.

use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};
use std::fmt;

/// An amount in kopecks (1/100 rouble). May be negative only where an account may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Kopecks(i64);

/// Why a text is not an amount of money. Each is a sentence's worth of reason for a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotMoney {
    /// Not a number of roubles with at most two decimals.
    #[error("an amount is roubles with at most two decimals, such as 150 or 99.90")]
    Malformed,
    /// More than two digits after the point.
    #[error("an amount has at most two decimals")]
    TooPrecise,
    /// Beyond what fits (about 92 quadrillion roubles).
    #[error("the amount is too large")]
    TooLarge,
}

impl Kopecks {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// So many kopecks.
    pub const fn new(kopecks: i64) -> Self {
        Self(kopecks)
    }

    /// The number of kopecks.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// The sum, or `None` when it does not fit.
    #[must_use]
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(sum) => Some(Self(sum)),
            None => None,
        }
    }

    /// The difference (which may be negative), or `None` when it does not fit.
    #[must_use]
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        match self.0.checked_sub(other.0) {
            Some(difference) => Some(Self(difference)),
            None => None,
        }
    }

    /// The amount `count` times, or `None` when it does not fit.
    #[must_use]
    pub fn times(self, count: u32) -> Option<Self> {
        self.0.checked_mul(i64::from(count)).map(Self)
    }

    /// True for one kopeck and more.
    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }

    /// True below zero.
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// Roubles as a decimal, rounded to kopecks; half a kopeck goes up (away from zero).
    /// `None` when it does not fit.
    pub fn from_roubles(roubles: Decimal) -> Option<Self> {
        let rounded = roubles.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero);
        let unit = match rounded.scale() {
            0 => 100,
            1 => 10,
            _ => 1,
        };
        i64::try_from(rounded.mantissa()).ok()?.checked_mul(unit).map(Self)
    }

    /// The amount in roubles, with two decimals.
    pub fn roubles(self) -> Decimal {
        Decimal::new(self.0, 2)
    }

    /// Reads what a person or a script wrote: `150`, `99.9`, `99,90`, `-5`; blanks around are ignored.
    pub fn parse(text: &str) -> Result<Self, NotMoney> {
        let text = text.trim();
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = digits.split_once(['.', ',']).unwrap_or((digits, ""));
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) {
            return Err(NotMoney::Malformed);
        }
        if digits.len() > whole.len() && fraction.is_empty() {
            return Err(NotMoney::Malformed);
        }
        if fraction.len() > 2 {
            return Err(NotMoney::TooPrecise);
        }
        let kopecks: i64 = format!("{whole}{fraction:0<2}").parse().map_err(|_| NotMoney::TooLarge)?;
        Ok(Self(if negative { -kopecks } else { kopecks }))
    }
}

/// Roubles with two decimals and a point, as scripts read them: `96.20`, `-0.05`.
impl fmt::Display for Kopecks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let kopecks = self.0.unsigned_abs();
        f.pad(&format!("{sign}{}.{:02}", kopecks / 100, kopecks % 100))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_printed_and_read_back() {
        for kopecks in [0, 1, -1, 5, 99, 100, -100, 9620, i64::MAX, i64::MIN + 1] {
            let money = Kopecks(kopecks);
            assert_eq!(Kopecks::parse(&money.to_string()), Ok(money));
        }
    }

    #[test]
    fn only_what_is_below_zero_has_a_sign() {
        let text = |kopecks| Kopecks(kopecks).to_string();
        assert_eq!([-5, 0, 5, -9_620].map(text), ["-0.05", "0.00", "0.05", "-96.20"]);
    }

    #[test]
    fn people_write_amounts_in_several_ways() {
        for (text, kopecks) in [("150", 15000), (" 99,9 ", 9990), ("99.90", 9990), ("-5", -500), ("0.01", 1)]
        {
            assert_eq!(Kopecks::parse(text), Ok(Kopecks(kopecks)), "{text}");
        }
    }

    #[test]
    fn what_is_no_amount_is_refused_with_its_reason() {
        for text in ["", "сто", "1e9", "1.", ".5", "--1", "1 000", "0x10", "+5", "1.2.3", "١"] {
            assert_eq!(Kopecks::parse(text), Err(NotMoney::Malformed), "{text}");
        }
        assert_eq!(Kopecks::parse("10.001"), Err(NotMoney::TooPrecise));
        assert_eq!(Kopecks::parse("99999999999999999999"), Err(NotMoney::TooLarge));
    }

    #[test]
    fn half_a_kopeck_rounds_away_from_zero() {
        for (roubles, kopecks) in
            [("0.005", 1), ("0.0049", 0), ("-0.005", -1), ("6.175", 618), ("598.5", 59850)]
        {
            let roubles = Decimal::from_str_exact(roubles).expect("a decimal");
            assert_eq!(Kopecks::from_roubles(roubles), Some(Kopecks(kopecks)));
        }
    }

    #[test]
    fn arithmetic_that_does_not_fit_gives_nothing() {
        assert_eq!(Kopecks(i64::MAX).checked_add(Kopecks(1)), None);
        assert_eq!(Kopecks(i64::MIN).checked_sub(Kopecks(1)), None);
        assert_eq!(Kopecks(i64::MAX / 2).times(3), None);
        assert_eq!(Kopecks(5).times(3), Some(Kopecks(15)));
        assert_eq!(Kopecks::from_roubles(Decimal::MAX), None);
    }

    #[test]
    fn nothing_is_neither_positive_nor_negative() {
        let signs = |kopecks| (Kopecks(kopecks).is_positive(), Kopecks(kopecks).is_negative());
        assert_eq!([-1, 0, 1].map(signs), [(false, true), (false, false), (true, false)]);
    }

    #[test]
    fn roubles_as_a_decimal_come_back_as_the_same_amount() {
        for kopecks in [0, 1, -1, 9_620, i64::MAX, i64::MIN] {
            let money = Kopecks(kopecks);
            assert_eq!(Kopecks::from_roubles(money.roubles()), Some(money));
        }
        assert_eq!(Kopecks(9_620).roubles().to_string(), "96.20");
    }
}
