//! Tests of the whole: the program as its users run it, and the rules that the tree keeps.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic where it stands")]
#![expect(clippy::disallowed_methods, reason = "a test waits, and its nodes live now")]
#![expect(
    clippy::print_stderr,
    reason = "a test tells why it cannot be done here, and what it measured"
)]

mod alerts;
#[cfg(unix)]
mod browser;
mod command_line;
#[cfg(unix)]
mod compare;
mod contention;
mod crash;
mod database;
#[cfg(unix)]
mod demo;
mod earnings;
mod errors;
mod example;
mod faults;
#[cfg(unix)]
mod full;
mod import;
mod latency;
mod pieces;
mod poll;
mod program;
mod reputation;
#[cfg(unix)]
mod serve;
mod simulate;
#[cfg(unix)]
mod skipped;
mod storage;
mod summary;
mod tidy;
mod traffic;
