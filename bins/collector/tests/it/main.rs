//! Tests of the collector as its users meet it: configuration, command line, log, service manager.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic where it stands")]
#![expect(
    clippy::print_stderr,
    reason = "a test tells why it cannot be done here, and what it measured"
)]

mod bad_configuration;
mod check;
mod configuration;
#[cfg(target_os = "linux")]
mod crash;
#[cfg(target_os = "linux")]
mod fleet;
#[cfg(target_os = "linux")]
mod full;
mod logging;
#[cfg(unix)]
mod processes;
mod program;
#[cfg(unix)]
mod running;
#[cfg(target_os = "linux")]
mod service;
#[cfg(unix)]
mod status;
#[cfg(target_os = "linux")]
mod totals;
