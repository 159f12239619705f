//! Tests of the collector as its users meet it: configuration, command line, log, service manager.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic where it stands")]

mod bad_configuration;
mod check;
mod configuration;
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
