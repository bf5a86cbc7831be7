//! Fuzzes the parser `media`: see `samovar::simulate::parsers`.

#![no_main]

libfuzzer_sys::fuzz_target!(
    init: {
        // A reader that panics is caught, as in the product; the fuzzer's own hook would end the process.
        std::panic::set_hook(Box::new(|_| {}));
    },
    |data: &[u8]| samovar::simulate::parsers::media(data)
);
