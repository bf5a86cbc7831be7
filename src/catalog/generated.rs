//! The static catalogue that `build.rs` wrote, and what the compiler itself proves of it.

#![expect(clippy::unreadable_literal, reason = "the numbers are written by a program, for a program")]

use super::{
    Availability, Category, Charge, Chosen, Condition, Conflict, Extreme, FREE as FREE_MODELS, Files, Input,
    Is, Kind, Label, Model, Output, Per, Preset, Task, UpTo,
};
use rust_decimal::Decimal;

include!(concat!(env!("OUT_DIR"), "/catalog.rs"));

/// Whether `a` is less than `b`. Prices have at most four decimals and lie far below 2^64, so nothing
/// overflows (in a const an overflow would stop the build).
const fn less(a: Decimal, b: Decimal) -> bool {
    a.mantissa() * 10_i128.pow(b.scale()) < b.mantissa() * 10_i128.pow(a.scale())
}

const _: () = {
    assert!(MODELS.len() == super::MODELS, "there must be exactly 42 models");
    let mut free = 0;
    let mut at = 0;
    while at < MODELS.len() {
        let model = &MODELS[at];
        assert!(less(Decimal::ZERO, model.usd), "a model has no price");
        assert!(!less(model.least_usd, model.usd), "a job may cost less than the price list says");
        assert!(!model.charges.is_empty(), "a model has no charge");
        if model.free {
            free += 1;
            let mut other = 0;
            while other < MODELS.len() {
                let paid = &MODELS[other];
                assert!(paid.free || !less(paid.usd, model.usd), "a paid model is cheaper than a free one");
                other += 1;
            }
        }
        at += 1;
    }
    assert!(free == FREE_MODELS, "exactly five models must be free");
    let mut place = 0;
    while place < FREE.len() {
        assert!(MODELS[FREE[place] as usize].free, "the free tier lists a paid model");
        place += 1;
    }
};
