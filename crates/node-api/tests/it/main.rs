//! Tests of the client: recorded answers, answers of every version, and nodes that misbehave.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic where it stands")]

mod any_bytes;
mod everything;
mod metrics;
mod misbehaving;
mod polls;
mod recorded;
mod server;
mod versions;
