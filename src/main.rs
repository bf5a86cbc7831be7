//! Samovar.

fn main() {}
