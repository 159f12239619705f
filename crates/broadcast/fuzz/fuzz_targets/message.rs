//! Any bytes at all as what clients say: nothing panics, every limit holds.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../tests/it/said.rs"]
mod said;

fuzz_target!(|bytes: &[u8]| said::say_each_line(bytes));
