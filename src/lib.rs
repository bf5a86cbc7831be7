//! Samovar sells AI generations in Telegram.

pub mod app;
pub mod carrier;
pub mod catalog;
pub mod cli;
pub mod config;
pub mod control;
pub mod disk;
pub mod flow;
pub mod handlers;
pub mod http;
pub mod ids;
pub mod job;
pub mod ledger;
pub mod message;
pub mod metrics;
pub mod money;
pub mod payment;
pub mod provider;
pub mod sandbox;
#[cfg(feature = "simulate")]
pub mod simulate;
pub mod store;
pub mod telegram;
pub mod texts;
pub mod time;
pub mod workers;
