//! The store as its users see it: real files, real transactions.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod activity;
mod alerts;
mod append;
mod error_texts;
mod fixture;
mod hours;
mod keeping;
mod locks;
mod migrations;
mod node_databases;
mod open;
mod plans;
mod queries;
mod reports;
mod self_metrics;
mod slowest;
mod space;
mod sums;
mod upkeep;
mod watching;
