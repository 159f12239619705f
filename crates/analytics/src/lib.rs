//! What the records of storage nodes mean: how long do transfers take, how many succeed, how fast do
//! bytes move; is a node silent and why, what work is it at, when did it restart, what is unusual, and
//! which node does better.
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
//!
//! Whoever answers many clients holds one [`Observatory`]. It asks the same functions, keeps each
//! answer for a while, lets those who ask the same at once wait for one of them, and forgets what an
//! import or a report has changed.
//!
//! ```
//! use std::time::Duration;
//!
//! use piecewatch_analytics::{Observatory, ObservatorySettings};
//! use piecewatch_model::Timestamp;
//! use piecewatch_store::{Nodes, Store, StoreConfig, Window};
//!
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("piecewatch.db");
//! let readers = Store::open(&path, StoreConfig::default())?.readers;
//! // A binary gives its monotonic clock; here no time passes.
//! let clock = || Duration::ZERO;
//! let settings = ObservatorySettings::default();
//! let observatory = Observatory::new(readers, &settings, clock);
//!
//! // Two clients look at the last day, some seconds apart.
//! let last_day = |now: Timestamp| Window { from: now.plus_micros(-86_400_000_000), to: now };
//! observatory.refresh()?;
//! let one = observatory.success(Nodes::All, Some(last_day("2026-08-19T14:03:27Z".parse()?)))?;
//! let other = observatory.success(Nodes::All, Some(last_day("2026-08-19T14:03:31Z".parse()?)))?;
//! assert!(std::sync::Arc::ptr_eq(&one, &other), "asked once");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod baseline;
mod compare;
mod connectivity;
mod countries;
mod coverage;
mod distinct;
mod distribution;
mod error_groups;
mod errors;
mod hash_store;
mod hot_pieces;
mod hours;
mod judgement;
mod latency;
mod metric;
mod migration;
mod observatory;
mod outlook;
mod rate;
mod reputation;
mod restarts;
mod robust;
mod runs;
mod silence;
mod sliding;
mod space_saving;
mod storage;
mod success;
mod tally;
mod transfer_size;
mod trend;
mod unusual;
mod version;
mod work;

pub use baseline::{
    Baseline, HISTORY_WEEKS, HOUR_OF_DAY_MIN, HOUR_OF_WEEK_MIN, HOURS_MIN, Season, Usual,
};
pub use compare::{
    Better, Compared, Comparison, Criterion, NodeFigures, Overall, Place, compare, compare_of,
};
pub use connectivity::{
    ClockTrouble, ConnectionFacts, Connectivity, FailedPings, LogOfWindow, RestartCount, Versions,
    connectivity_of,
};
pub use countries::{CountryShare, Moved, Peers, PeersOf, by_country, peers_of};
pub use coverage::{Coverage, coverage_of};
pub use distribution::{Bar, BarScale, Distribution, Percentile, bars, percentile};
pub use error_groups::{ErrorGroup, ErrorGroups, ErrorList, ValueSpread};
pub use errors::{ErrorText, TopErrors, top_errors, top_errors_of};
pub use hash_store::{HashStore, StoreState, hash_stores};
pub use hot_pieces::{HotList, HotPiece, HotPieces, hot_pieces_of};
pub use hours::{Ended, Hour, HourLatency, hours, hours_of};
pub use judgement::{Judged, Judgement};
pub use latency::{
    DistributionSeries, LatencyAnswer, LatencyCurves, NodesOf, finest_grain, latency_curves_of,
    latency_of, latency_series, live_latencies, merged_latencies,
};
pub use metric::{Metric, Point, Scale};
pub use migration::Migration;
pub use observatory::{Answer, InWindow, LatencyBars, Observatory, ObservatorySettings};
pub use outlook::{Lookout, Outlook, outlook_of};
pub use rate::{
    Concurrency, Flow, InFlight, RatePoint, RateSeries, Rates, concurrency, concurrency_of,
    last_minute_of, rate_series, rate_series_of,
};
pub use reputation::{Reputation, Score, ToldScores, Vetting, reputation_of};
pub use restarts::{Ending, Restart, restarts, restarts_of};
pub use runs::{
    CompactionRun, Run, RunEnding, Running, TaskSummary, running, runs, summaries, usual_micros,
};
pub use silence::{Silence, silence_of};
pub use storage::{
    AccountFacts, Accounts, Allotment, Capacity, Cause, CauseKind, DiskFull, FULL, FileAccount,
    Growth, GrowthBasis, GrowthOver, NodeStorage, NodeWork, SatelliteAccount, Slope, StoredDay,
    StoredDays, Told, node_work_of, storage_of, stored_days_of,
};
pub use success::{
    Acceptance, Success, SuccessOverTime, SuccessPoint, SuccessSeries, Upgrade, acceptance,
    success_of, success_series, success_series_of, tallies, upgrades,
};
pub use tally::{Amount, Audits, Part, Share, Tally};
pub use transfer_size::{SizeClass, size_classes};
pub use trend::Trend;
pub use unusual::{
    Departure, FACTOR_MIN, Finding, HOURS_IN_A_ROW, Kind, SHARE_MIN, SPREADS_MIN,
    SPREADS_MIN_OF_LITTLE, Seen, Side, departures, findings, judge,
};
pub use work::{OpenWork, Progress, Task, open_work, work_of};
