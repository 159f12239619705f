//! What the crate does, seen from outside: real files in, batches out.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod countries;
mod damaged;
mod faults;
mod follow;
mod following;
mod fuzzed;
mod golden;
#[cfg(unix)]
mod programs;
mod reading;
mod resume;
mod rotated;
mod stream;
#[cfg(unix)]
mod streams;
mod truth;
mod zones;
