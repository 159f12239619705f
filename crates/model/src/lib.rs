//! The vocabulary that every part of Piecewatch shares.
//!
//! A storage node stores *pieces* for *satellites* and writes a log. Reading that log gives
//! [`Record`]s; records travel in [`Batch`]es, each of which says how far into its source it
//! reaches ([`Checkpoint`]). What is stored for long are sums over records: counts and
//! [`ByteCount`]s per [`Action`] and [`Outcome`], and mergeable latency [`Histogram`]s.
//!
//! One rule holds here: no I/O, no clock, no async. Everything is a value or a pure function.
//!
//! ```
//! use piecewatch_model::{Action, Outcome, SatelliteId, Timestamp};
//!
//! let us1: SatelliteId = "12EayRS2V1kEsWESU9QMRseFhdxYxKicsiFmxrsLZHeLUtdps3S".parse()?;
//! assert_eq!(us1.known().map(|satellite| satellite.name), Some("us1"));
//! assert_eq!(Action::from_name("GET_AUDIT"), Action::GetAudit);
//! assert_eq!(Outcome::from_code(Outcome::Canceled.code()), Some(Outcome::Canceled));
//! assert_eq!(Timestamp::from_seconds(0).to_string(), "1970-01-01T00:00:00Z");
//! # Ok::<(), piecewatch_model::Error>(())
//! ```

mod action;
mod batch;
mod checkpoint;
mod country;
mod distinct;
mod error;
mod histogram;
mod id;
mod latency;
mod maintenance;
mod price;
mod record;
mod report;
mod satellite;
mod size;
mod spread;
mod statement;
mod template;
mod time;
mod trouble;
mod units;
mod usage;

pub use action::{Action, Direction, FailureClass, Outcome};
pub use batch::{Batch, LineCounts, Start};
pub use checkpoint::{Checkpoint, Fingerprinter, Head};
pub use country::Country;
pub use error::{Error, Result};
pub use histogram::{Histogram, HistogramSum};
pub use id::{NodeName, PieceId, SatelliteId};
pub use latency::{Clock, Latency};
pub use maintenance::{Compaction, Maintenance, MaintenanceKind, Phase};
pub use price::{CentsPerTb, Prices};
pub use record::{
    Lifecycle, LifecycleEvent, OrdersSettled, Record, Rejected, Scores, SpaceReport, Transfer,
    TransferStarted,
};
pub use report::{
    Fact, Measure, NodeStatus, Poll, PollPart, Quantiles, Quic, Report, Space, Standing,
    StandingScores,
};
pub use satellite::KnownSatellite;
pub use size::SizeBucket;
pub use spread::{Spread, Spreads};
pub use statement::{NodeEstimate, Payment, Paystub, PaystubCodes};
pub use template::{Placeholder, template, template_with};
pub use time::{Grain, Period, Timestamp};
pub use trouble::{Trouble, TroubleKind};
pub use units::{ByteCount, ByteHours, MicroUsd};
pub use usage::{DailyBandwidth, DailyStorage, StorageBasis};
