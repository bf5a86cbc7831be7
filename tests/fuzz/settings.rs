//! Fuzzes the parser `settings`: see `samovar::simulate::parsers`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| samovar::simulate::parsers::settings(data));
