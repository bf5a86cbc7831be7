//! Promo codes: made and ended by operators, used once by a customer and so often in all.

use super::topup::{MOST, NotAsked, may_be_credited};
use crate::ids::UserId;
use crate::money::Kopecks;
use crate::store::{Fault, Gift, PromoRow, Tx};
use crate::time::At;

/// How often a code may be used when nothing else is said.
pub const USUAL_LIMIT: u32 = 100;
/// The most uses of a code.
pub const MOST_USES: u32 = 1_000_000;
/// The most bonus uses that one use of a code gives.
pub const MOST_FREE: u32 = 1_000;
/// How long a code may be, in characters.
const CHARS: std::ops::RangeInclusive<usize> = 3..=32;

/// A code as it is stored, in small letters; `None` when it cannot be one: 3 to 32 Latin or Russian
/// letters, digits, `-` and `_`.
pub fn read(text: &str) -> Option<String> {
    let code = text.trim().to_lowercase();
    let is_good = |one: char| one.is_ascii_alphanumeric() || matches!(one, '-' | '_' | 'а'..='я' | 'ё');
    (CHARS.contains(&code.chars().count()) && code.chars().all(is_good)).then_some(code)
}

/// What a new code is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct New<'a> {
    /// The code, as [`read`] gives it.
    pub code: &'a str,
    /// What it gives: at most [`MOST`] roubles, or [`MOST_FREE`] bonus uses.
    pub gift: Gift,
    /// How often in all: 1 to [`MOST_USES`].
    pub limit: u32,
    /// The last moment it is good; `None`: for ever.
    pub until: Option<At>,
}

/// Makes a code that is not there yet.
pub(super) fn make(tx: &mut Tx<'_>, by: UserId, new: &New<'_>) -> Result<(), Fault> {
    let fits = match new.gift {
        Gift::Money(amount) => amount > Kopecks::ZERO && amount <= MOST,
        Gift::FreeUses(uses) => (1..=MOST_FREE).contains(&uses),
    };
    if !fits || !(1..=MOST_USES).contains(&new.limit) || tx.promo(new.code)?.is_some() {
        return Err(Fault::Bug(format!("a promo code was not checked: {new:?}")));
    }
    let number = tx.new_promo()?;
    let New { code, gift, limit, until } = *new;
    let row = PromoRow { number, gift, limit, used: 0, until, off: false, by, at: tx.now().at };
    tx.put_promo(code, &row)
}

/// Ends a code that is there; gives how often it was used.
pub(super) fn switch_off(tx: &mut Tx<'_>, code: &str) -> Result<u32, Fault> {
    let row = tx.promo(code)?;
    let mut row = row.ok_or_else(|| Fault::Bug(format!("there is no promo code {code}")))?;
    row.off = true;
    tx.put_promo(code, &row)?;
    Ok(row.used)
}

/// Why a code gives nothing. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotGiven {
    /// There is no such code.
    #[error("there is no such promo code")]
    Unknown,
    /// The customer used it before.
    #[error("this customer used this promo code before")]
    Before,
    /// All its uses are gone.
    #[error("all uses of this promo code are gone")]
    UsedUp,
    /// Its time is over, or an operator ended it.
    #[error("this promo code is over")]
    Over,
    /// An operator stopped this customer.
    #[error("this customer gets nothing")]
    Banned,
    /// A broken rule stopped everything that has to do with money, or the wallet is full.
    #[error("nothing is given just now")]
    NotNow,
}

/// A customer uses a code: gives what it gives, once a customer and no more often than its limit.
pub fn redeem(tx: &mut Tx<'_>, user: UserId, text: &str) -> Result<Result<Gift, NotGiven>, Fault> {
    match may_be_credited(tx, user)? {
        Ok(()) => {}
        Err(NotAsked::Banned) => return Ok(Err(NotGiven::Banned)),
        Err(
            NotAsked::TooLittle
            | NotAsked::TooMuch
            | NotAsked::NotOffered
            | NotAsked::TooManyOpen
            | NotAsked::NotSelling,
        ) => return Ok(Err(NotGiven::NotNow)),
    }
    let Some(code) = read(text) else { return Ok(Err(NotGiven::Unknown)) };
    let Some(row) = tx.promo(&code)? else { return Ok(Err(NotGiven::Unknown)) };
    if tx.has_used(row.number, user)? {
        return Ok(Err(NotGiven::Before));
    }
    if row.off || row.until.is_some_and(|until| until < tx.now().at) {
        return Ok(Err(NotGiven::Over));
    }
    if row.used >= row.limit {
        return Ok(Err(NotGiven::UsedUp));
    }
    tx.use_promo(&code, user).map(Ok)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_a_word_whose_case_does_not_matter() {
        for (text, code) in
            [("abc", "abc"), (" ЛЕТО-2026 ", "лето-2026"), ("Ёлка", "ёлка"), ("A_1", "a_1"), ("123", "123")]
        {
            assert_eq!(read(text).as_deref(), Some(code));
        }
        assert_eq!(read(&"я".repeat(32)), Some("я".repeat(32)));
        for text in ["", "ab", "a b c", "<b>x</b>", "код!", "ß-code", "٣٣٣", "𝐚𝐛𝐜"] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(read(&"a".repeat(33)), None);
    }
}
