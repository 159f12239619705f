//! Keeps what Storj storage nodes did in one SQLite file.
//!
//! [`Store::open`] gives one [`Writer`] and a pool of [`Reader`]s. The writer takes
//! [`Batch`](piecewatch_model::Batch)es: records, the sums made of them, and the place in the
//! source up to which they were read, all of it in one transaction, so that a process may be killed
//! at any instant and goes on where it was. Readers are read-only and ask typed questions.
//!
//! Single transfers are kept for two days. What is kept for long are sums: by minute, hour and day;
//! by satellite, action and outcome; by size, country and error; and latencies as histograms that
//! merge. A question about a month therefore costs the same whether a node moved a thousand pieces
//! or a thousand million.
//!
//! What a node tells beside its log, when its dashboard is asked or its [own
//! databases](node_databases) are read, is a [`Report`](piecewatch_model::Report):
//! [`Writer::report`] keeps days and months for good, and of how the node is now the newest.
//!
//! Several processes may use one file. A batch says where in its source it begins, and is
//! [`Appended::Moved`], not stored, when another process has read on.
//!
//! ```
//! use std::time::Duration;
//!
//! use piecewatch_model::{
//!     Action, Batch, ByteCount, Fact, Fingerprinter, LineCounts, Outcome, PieceId, Poll, PollPart,
//!     Record, Report, Space, Start, Timestamp, Transfer,
//! };
//! use piecewatch_store::{Appended, Nodes, Store, StoreConfig, Window};
//!
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("piecewatch.db");
//! let Store { mut writer, readers } = Store::open(&path, StoreConfig::default())?;
//!
//! // What a reader of logs makes of a line.
//! let line = b"2026-08-19T14:03:27Z\tINFO\tpiecestore\tdownloaded\t{...}\n";
//! let at: Timestamp = "2026-08-19T14:03:27Z".parse()?;
//! let transfer = Transfer {
//!     at,
//!     satellite: None,
//!     piece: PieceId::new([7; 32]),
//!     action: Action::Get,
//!     outcome: Outcome::Success,
//!     size: Some(ByteCount::new(2_319_872)),
//!     offset: None,
//!     remote: None,
//!     country: None,
//!     latency: None,
//!     error: None,
//!     error_text: None,
//! };
//! let mut content = Fingerprinter::new();
//! content.feed(line);
//! let batch = Batch {
//!     node: "n1".parse()?,
//!     source: "node.log".into(),
//!     start: Start::Beginning { known: readers.get()?.sources(&"n1".parse()?)?.newest },
//!     end: content.checkpoint(),
//!     records: vec![Record::Transfer(transfer)],
//!     counts: LineCounts { transfers: 1, ..LineCounts::default() },
//! };
//! assert_eq!(writer.append(&[batch], at)?, [Appended::Committed]);
//!
//! let totals = readers.get()?.traffic_totals(Nodes::All, None)?;
//! assert_eq!(totals.rows[0].bytes, ByteCount::new(2_319_872));
//!
//! // What its dashboard tells.
//! let poll = Poll {
//!     at,
//!     part: PollPart::Dashboard,
//!     took_micros: 1_200,
//!     requests: 1,
//!     bytes: ByteCount::new(900),
//!     error: None,
//! };
//! let space = Space { used: Some(ByteCount::new(3_400_000_000_000)), ..Space::default() };
//! writer.report(&Report { node: "n1".parse()?, poll, facts: vec![Fact::Space(space)] }, at)?;
//! let window = Window { from: at, to: at.plus_micros(1) };
//! let held = readers.get()?.used_space(Nodes::All, window, Duration::ZERO)?;
//! assert_eq!(Some(held[0].used), space.used);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod alert;
mod amount;
mod asked;
mod backup;
mod changes;
mod check;
mod dictionary;
mod error;
mod events;
mod file_id;
mod gathered;
mod kept;
mod lock;
mod migrate;
pub mod node_databases;
mod open;
mod outcome;
mod position;
mod query;
mod rebuild;
mod report;
mod retention;
mod rollup;
mod self_metrics;
mod slowest;
mod spreads;
mod transfers;
mod upkeep;
mod writer;

pub use alert::{Alert, AlertDelivery, AlertLevel, AlertNotice, DeliveryState};
pub use asked::{Measuring, QuestionStats, SlowQuestion};
pub use changes::{Change, Changes};
pub use check::{Check, ObjectSize, Plan};
pub use dictionary::{FURTHER_ERRORS, NODES_MAX};
pub use error::{Error, Result};
pub use lock::{
    Follower, Holder, NodeLock, askers, followers, is_followed, locks_folder, lost_followers,
};
pub use open::{Readers, Store, StoreConfig};
pub use outcome::{Ending, Fate};
pub use query::{
    Event, Nodes, Reader, Reported, Window,
    activity::{Activity, Available},
    commits::{Commit, Topics},
    countries::CountryRow,
    downloads::Download,
    errors::ErrorRow,
    flow::{FlowPoint, Moved},
    hours::{LatencyHour, TroubleHour},
    kept::KeptFrom,
    latency::{Latencies, LatencyFilter, LatencyPoint, LatencyRow, LatencySeries},
    newest_space::NewestSpace,
    nodes::NodeInfo,
    polls::PollRow,
    prices::PriceRow,
    scores::{ScoreChanges, ScoreRow},
    sizes::SizeRow,
    slowest::{SlowFilter, Slowest},
    sources::{KnownLog, KnownSources},
    space::SpaceRow,
    space_samples::SpaceSamples,
    traffic::{TrafficPoint, TrafficRow, TrafficTotals},
    transfers::{StoredTransfer, TransferCursor, TransferFilter, TransferPage},
    trouble_counts::TroubleCount,
    used_space::UsedSpace,
    versions::VersionRun,
};
pub use rebuild::Difference;
pub use retention::{OldTransfers, Pruned, Retention};
pub use self_metrics::{PipelineMetrics, SelfMetrics};
pub use upkeep::{Checkpoints, Upkeep, WalState};
pub use writer::{Appended, Writer};

/// The version of the SQLite that is built in, such as `3.53.2`: a report of a fault should tell it.
pub fn sqlite_version() -> &'static str {
    rusqlite::version()
}
