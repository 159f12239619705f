//! What analyses say of records that a store has kept, or that came live.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod accounts;
mod alert_rules;
mod alerts;
mod compare;
mod connectivity;
mod database;
mod errors;
mod growth;
mod lasting;
mod live;
mod node;
mod observatory;
mod oracle;
mod pieces;
mod reputation;
mod runs;
mod simulated;
mod transfers;
mod unusual;
mod weeks;
mod written;
