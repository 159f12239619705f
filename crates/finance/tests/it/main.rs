//! The formulas of money, from outside: against a second calculation, by hand, and by their limits.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod ahead;
mod books;
mod completed;
mod forecast;
mod held;
mod keeping;
mod ledger;
mod log_traffic;
mod month;
mod oracle;
mod per_terabyte;
mod price;
mod reconcile;
mod share;
mod simulated;
mod statement;
mod storage;
mod usd;
