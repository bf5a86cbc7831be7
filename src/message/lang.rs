//! The languages we speak.

use serde::{Deserialize, Serialize};

/// The language we speak to a customer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Lang {
    /// Russian, for everybody whose Telegram does not say English or another language we lack.
    #[default]
    Ru,
    /// English.
    En,
}

impl Lang {
    /// The language for a tag as Telegram gives it (`ru`, `en-US`, `pt-br`, or none). Russian for
    /// Russian, its neighbours and when nothing is said; English for all others.
    pub fn from_tag(tag: Option<&str>) -> Self {
        let Some(tag) = tag else { return Self::Ru };
        let primary = tag.split(['-', '_']).next().unwrap_or(tag).to_ascii_lowercase();
        match primary.as_str() {
            "" | "ru" | "uk" | "be" | "kk" | "ky" | "uz" | "tg" | "hy" | "az" => Self::Ru,
            _ => Self::En,
        }
    }

    /// The two-letter code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Ru => "ru",
            Self::En => "en",
        }
    }
}
