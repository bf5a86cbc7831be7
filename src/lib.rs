//! Samovar sells AI generations in Telegram.

pub mod catalog;
pub mod money;
pub mod time;
