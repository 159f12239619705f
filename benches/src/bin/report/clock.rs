//! The only place that reads clocks.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use piecewatch_model::{Grain, Timestamp};

/// The beginning of this day, in UTC.
#[expect(clippy::disallowed_methods, reason = "this is the place that reads the clock")]
pub(crate) fn today() -> Timestamp {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = i64::try_from(since_1970.as_secs()).unwrap_or(i64::MAX);
    Timestamp::from_seconds(seconds).floor(Grain::Day)
}

/// Measures how long something takes, by the clock and by the processor.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stopwatch {
    at: Instant,
    processor: Duration,
}

impl Stopwatch {
    /// Begins now.
    #[expect(clippy::disallowed_methods, reason = "this is the place that reads the clock")]
    pub(crate) fn start() -> Self {
        Self { at: Instant::now(), processor: processor() }
    }

    /// The time since the start.
    pub(crate) fn elapsed(self) -> Duration {
        self.at.elapsed()
    }

    /// The processor time of all threads since the start.
    pub(crate) fn processor(self) -> Duration {
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
