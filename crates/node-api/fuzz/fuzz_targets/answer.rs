//! Any bytes at all as every answer there is: nothing panics.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../tests/it/everything.rs"]
mod everything;

fuzz_target!(|bytes: &[u8]| everything::read_as_everything(bytes));
