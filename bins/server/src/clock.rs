//! The only place that reads the clock.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use piecewatch_model::Timestamp;

/// What time it is.
#[expect(clippy::disallowed_methods, reason = "this is the place that reads the clock")]
pub(crate) fn now() -> Timestamp {
    // A clock set before 1970 is a broken clock: everything counts as newer than it.
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(i64::try_from(since_1970.as_micros()).unwrap_or(i64::MAX))
}

/// The time of day, as the hub wants it.
#[expect(clippy::disallowed_methods, reason = "this is the place that reads the clock")]
pub(crate) fn of_day() -> SystemTime {
    SystemTime::now()
}

/// The time since the system started, exact to some milliseconds: for caches, which read it for
/// each hit. It takes a fifth of the time that an exact one takes.
#[cfg(target_os = "linux")]
pub(crate) fn coarse() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::MonotonicCoarse);
    // Negative or out of range it is on no system that runs.
    Duration::try_from(time).unwrap_or_default()
}

/// The time since this was asked first: for caches, which read it for each hit.
#[cfg(not(target_os = "linux"))]
#[expect(clippy::disallowed_methods, reason = "this is the place that reads the clock")]
pub(crate) fn coarse() -> Duration {
    static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    START.get_or_init(Instant::now).elapsed()
}

/// Measures how long something takes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    /// Begins now.
    #[expect(clippy::disallowed_methods, reason = "this is the place that reads the clock")]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    /// The time since the start.
    pub(crate) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}
