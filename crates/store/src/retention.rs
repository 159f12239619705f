//! How long what is kept, and the removal of what is older.

use std::time::Duration;

use piecewatch_model::{Grain, Timestamp};

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// How long what is kept, counted back from now. What is not named here is kept for ever: hourly
/// and daily traffic, daily latencies, positions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retention {
    /// Single transfers. The cut falls on a whole hour.
    pub transfers: Duration,
    /// Traffic by the minute and latencies by five minutes. The cut falls on a whole hour.
    pub minutes: Duration,
    /// Latencies by the hour. The cut falls on a whole day.
    pub latency_hours: Duration,
    /// Sizes, countries and errors by the hour, and all events. The cut falls on a whole day.
    pub details: Duration,
    /// Each snapshot of the space; older ones are kept once a day, for ever.
    pub snapshots: Duration,
    /// The list of commits.
    pub commits: Duration,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            transfers: 2 * DAY,
            minutes: 2 * DAY,
            latency_hours: 90 * DAY,
            details: 365 * DAY,
            snapshots: 90 * DAY,
            commits: HOUR,
        }
    }
}

/// What becomes of single transfers that are older than their retention when they are read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OldTransfers {
    /// They enter the sums and are not kept one by one.
    #[default]
    SumOnly,
    /// They are kept too, until somebody prunes.
    Keep,
}

/// The first instants that are still kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cuts {
    pub(crate) transfers: Timestamp,
    pub(crate) minutes: Timestamp,
    pub(crate) latency_hours: Timestamp,
    pub(crate) details: Timestamp,
    pub(crate) snapshots: Timestamp,
    pub(crate) commits: Timestamp,
}

impl Cuts {
    /// The cuts at this instant. A writer does not write what is older, so that an import of old
    /// logs makes no work for the next pruning.
    pub(crate) fn at(now: Timestamp, retention: &Retention) -> Self {
        let before =
            |kept: Duration| now.plus_micros(-i64::try_from(kept.as_micros()).unwrap_or(i64::MAX));
        Self {
            transfers: before(retention.transfers).floor(Grain::Hour),
            minutes: before(retention.minutes).floor(Grain::Hour),
            latency_hours: before(retention.latency_hours).floor(Grain::Day),
            details: before(retention.details).floor(Grain::Day),
            snapshots: before(retention.snapshots).floor(Grain::Day),
            commits: before(retention.commits),
        }
    }
}
