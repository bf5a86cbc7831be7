//! Builds nothing yet: the catalogue comes with its model files.

fn main() {}
