//! The only place that reads clocks.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use piecewatch_model::{Grain, Timestamp};

/// What time it is.
#[expect(clippy::disallowed_methods, reason = "this is the place that reads the clock")]
pub fn now() -> Timestamp {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(i64::try_from(since_1970.as_micros()).unwrap_or(i64::MAX))
}

/// The beginning of this day, in UTC.
pub fn today() -> Timestamp {
    now().floor(Grain::Day)
}

/// The time since the system started, to 4 ms or so; it is read from memory.
#[cfg(target_os = "linux")]
pub fn coarse() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::MonotonicCoarse);
    Duration::try_from(time).unwrap_or_default()
}

/// The time since this was asked first.
#[cfg(not(target_os = "linux"))]
pub fn coarse() -> Duration {
    precise()
}

/// The time since this was asked first.
#[expect(clippy::disallowed_methods, reason = "this is the place that reads the clock")]
pub fn precise() -> Duration {
    static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    START.get_or_init(Instant::now).elapsed()
}

/// Measures how long something takes, by the clock and by the processor.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch {
    at: Instant,
    processor: Duration,
}

impl Stopwatch {
    /// Begins now.
    #[expect(clippy::disallowed_methods, reason = "this is the place that reads the clock")]
    pub fn start() -> Self {
        Self { at: Instant::now(), processor: processor() }
    }

    /// The time since the start.
    pub fn elapsed(self) -> Duration {
        self.at.elapsed()
    }

    /// The processor time of all threads since the start.
    pub fn processor(self) -> Duration {
        processor().saturating_sub(self.processor)
    }
}

#[cfg(unix)]
fn processor() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

#[cfg(not(unix))]
fn processor() -> Duration {
    static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    #[expect(clippy::disallowed_methods, reason = "this is the place that reads the clock")]
    START.get_or_init(Instant::now).elapsed()
}
