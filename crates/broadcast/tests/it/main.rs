//! What the hub does, seen from outside: a core in simulated time, and real tasks.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod asking;
mod busy_node;
mod fuzzed;
mod pacing;
mod patches;
mod properties;
mod said;
mod savings;
mod tasks;
mod world;
