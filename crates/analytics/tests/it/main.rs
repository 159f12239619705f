//! A simulated log, read and stored as that of a node is, with some of its lines gone.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod compare;
mod simulated;
mod unusual;
mod weeks;
