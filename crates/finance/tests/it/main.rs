//! The formulas of money, from outside: against a second calculation, by hand, and by their limits.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod completed;
mod forecast;
mod held;
mod log_traffic;
mod month;
mod oracle;
mod per_terabyte;
mod price;
mod reconcile;
mod share;
mod statement;
mod storage;
mod usd;
