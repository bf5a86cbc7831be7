//! Samovar sells AI generations in Telegram.

pub mod ids;
pub mod job;
pub mod ledger;
pub mod message;
pub mod money;
pub mod telegram;
pub mod time;
