//! Simulated logs as a reader gets them.
#![expect(clippy::unwrap_used, reason = "a test fails where it unwraps")]

mod forms;
mod live;
mod totals;
