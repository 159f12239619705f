//! Simulated logs as a reader gets them.

mod forms;
mod totals;
