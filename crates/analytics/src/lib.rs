//! What the records of storage nodes mean: how long do transfers take, how many succeed, how fast do
//! bytes move; is a node silent and why, what work is it at, when did it restart.
//!
//! Each answer is a pure function of what a [`Reader`](piecewatch_store::Reader) returns and of
//! `now`. Beside it, where that takes several questions, is a small function that asks them.
//!
//! ```
//! use piecewatch_analytics::Silence;
//! use piecewatch_store::{Nodes, Store, StoreConfig};
//!
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("piecewatch.db");
//! # let now = "2026-08-19T14:03:27Z".parse()?;
//! let store = Store::open(&path, StoreConfig::default())?;
//! for activity in store.readers.get()?.activity(Nodes::All, now)? {
//!     let silence = Silence::of(&activity, now);
//!     println!("{}: {}", activity.node, silence.explanation());
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod distribution;
mod latency;
mod rate;
mod restarts;
mod silence;
mod success;
mod tally;
mod transfer_size;
mod work;

pub use distribution::{Bar, Distribution, Percentile, Scale, bars, percentile};
pub use latency::{
    DistributionSeries, LatencyAnswer, finest_grain, latency_of, latency_series, live_latencies,
    merged_latencies,
};
pub use rate::{
    Concurrency, Flow, RatePoint, Rates, concurrency, concurrency_of, last_minute_of, rate_series,
    rate_series_of,
};
pub use restarts::{Ending, Restart, restarts, restarts_of};
pub use silence::Silence;
pub use success::{
    Acceptance, Success, SuccessPoint, SuccessSeries, Upgrade, acceptance, success_of,
    success_series, success_series_of, tallies, upgrades,
};
pub use tally::{Amount, Audits, Share, Tally};
pub use transfer_size::{SizeClass, size_classes};
pub use work::{OpenWork, Progress, Task, open_work, work_of};
