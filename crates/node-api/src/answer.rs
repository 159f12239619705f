//! What nodes answer: from bytes to values with units, without I/O.
//!
//! Everything that differs between versions of the node is resolved here. Each `from_json` takes any
//! bytes and gives a value or says what is strange.

mod dashboard;
mod day;
mod estimate;
mod health;
mod held;
mod metrics;
mod notification;
mod paystub;
mod price;
mod satellite;
mod satellites;

pub use dashboard::{Dashboard, DashboardSatellite};
pub use day::{MovedOnDay, StoredOnDay};
pub use estimate::{Estimates, MonthEstimate, Months};
pub use health::{Health, SatelliteHealth};
pub use held::HeldHistory;
pub use metrics::MetricsReader;
pub use notification::{Notification, NotificationKind, Notifications};
pub use paystub::{PeriodPayout, payouts, paystub, paystubs, periods};
pub use price::prices;
pub use satellite::{AuditHistory, OnlineWindow, Satellite};
pub use satellites::{SatelliteScores, Satellites};

/// The most satellites of a node. Storj has run eleven in all, and nodes serve four; an answer with
/// more than this is made up.
pub const SATELLITES_MAX: usize = 64;
/// The most months of a node: twenty years.
pub const PERIODS_MAX: usize = 240;

/// Refuses what is more than any node has.
pub(crate) fn at_most(max: usize, found: usize, of: &str) -> Read<()> {
    if found > max {
        let text = format!("{found} {of}, when no node has more than {max}");
        return Err(serde::de::Error::custom(text));
    }
    Ok(())
}

/// A value, or what is strange in the answer that should be one.
pub type Read<T> = Result<T, serde_json::Error>;
