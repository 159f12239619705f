//! What the hub does, seen from outside: a core in simulated time, and real tasks.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod asking;
mod pacing;
mod patches;
mod properties;
mod tasks;
mod world;
