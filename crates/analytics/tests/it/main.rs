//! What analyses say of records that a store has kept, or that came live.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod connectivity;
mod database;
mod errors;
mod live;
mod pieces;
mod reputation;
mod accounts;
mod growth;
mod node;
mod runs;
mod simulated;
