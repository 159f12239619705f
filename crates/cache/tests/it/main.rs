//! What the cache does, seen from outside: real threads, and a clock that tests set.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod ages;
mod faults;
mod invalidation;
mod model;
mod one_computation;
mod stress;
mod sweeping;
mod time;
mod weights;

use std::{thread, time::Duration};

use piecewatch_cache::Settings;

/// What one test gets wrong, told as a number so that it can be compared.
#[derive(Debug, PartialEq, Eq)]
struct Broken(u32);

fn settings(ttl: Duration) -> Settings {
    Settings { name: "tested", ttl, weight_max: 1000 }
}

/// Waits until it holds; ten seconds without it fail the test.
#[track_caller]
fn wait_until(holds: impl Fn() -> bool) {
    for _ in 0..10_000 {
        if holds() {
            return;
        }
        thread::sleep(Duration::from_millis(1));
    }
    panic!("what was waited for did not come");
}
