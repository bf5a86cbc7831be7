//! Placeholder until the catalogue lands.
pub mod input;
