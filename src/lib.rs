//! Samovar sells AI generations in Telegram.

pub mod money;
pub mod sandbox;
pub mod time;
