//! A clock for each test that stands still until the test moves it.

use std::{cell::Cell, time::Duration};

thread_local! {
    static NOW: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

/// The time of this thread, and so of this test.
pub(crate) fn now() -> Duration {
    NOW.get()
}

/// Lets time pass.
pub(crate) fn pass(duration: Duration) {
    NOW.set(NOW.get() + duration);
}

pub(crate) const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}
