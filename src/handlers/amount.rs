//! Amounts of money as people write them.

use crate::money::{Kopecks, NotMoney};

/// Reads `1 000`, `99,90`, `500 ₽`, `500 руб.`; else the text that says what is wrong.
pub(super) fn read(text: &str) -> Result<Kopecks, &'static str> {
    let small = text.trim().to_lowercase();
    let units = ["₽", "рублей", "рубля", "рубль", "руб.", "руб", "р.", "р", "rub", "rubles", "roubles"];
    let number = units.iter().find_map(|unit| small.strip_suffix(unit)).unwrap_or(&small);
    // Blanks between digits, as in `10 000`; Telegram's keyboards write several kinds of them.
    let number: String = number.chars().filter(|char| !char.is_whitespace()).collect();
    Kopecks::parse(&number).map_err(|error| match error {
        NotMoney::Malformed => "amount-malformed",
        NotMoney::TooPrecise => "amount-too-precise",
        NotMoney::TooLarge => "amount-too-large",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_as_people_write_them() {
        for (text, kopecks) in [
            ("500", 50_000),
            (" 1 000 ", 100_000),
            ("10\u{a0}000,50", 1_000_050),
            ("99.9 ₽", 9_990),
            ("250 руб.", 25_000),
            ("300р", 30_000),
            ("-5", -500),
        ] {
            assert_eq!(read(text), Ok(Kopecks::new(kopecks)), "{text}");
        }
        for (text, wrong) in [
            ("сто", "amount-malformed"),
            ("1e9", "amount-malformed"),
            ("", "amount-malformed"),
            ("руб", "amount-malformed"),
            ("10.001", "amount-too-precise"),
            ("99999999999999999999", "amount-too-large"),
        ] {
            assert_eq!(read(text), Err(wrong), "{text}");
        }
    }
}
