//! What the records of storage nodes mean: is a node silent and why, what work is it at, when did
//! it restart.
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

mod connectivity;
mod countries;
mod distinct;
mod error_groups;
mod errors;
mod hot_pieces;
mod judgement;
mod reputation;
mod hash_store;
mod migration;
mod restarts;
mod runs;
mod silence;
mod sliding;
mod space_saving;
mod version;
mod work;

pub use connectivity::{
    ConnectionFacts, Connectivity, FailedPings, LogOfWindow, RestartCount, Versions,
    connectivity_of,
};
pub use countries::{CountryShare, Moved, Peers, PeersOf, by_country, peers_of};
pub use error_groups::{ErrorGroup, ErrorGroups, ErrorList, ValueSpread};
pub use errors::{ErrorText, TopErrors, top_errors, top_errors_of};
pub use hot_pieces::{HotList, HotPiece, HotPieces, hot_pieces_of};
pub use judgement::{Judged, Judgement};
pub use reputation::{Reputation, Score, ToldScores, Vetting, reputation_of};
mod storage;
mod work;

pub use hash_store::{HashStore, StoreState, hash_stores};
pub use migration::Migration;
pub use restarts::{Ending, Restart, restarts, restarts_of};
pub use runs::{
    CompactionRun, Run, RunEnding, Running, TaskSummary, running, runs, summaries, usual_micros,
};
pub use silence::Silence;
pub use storage::{
    Accounts, Allotment, Capacity, Cause, CauseKind, DiskFull, FULL, FileAccount, Growth,
    GrowthBasis, GrowthOver, NodeStorage, NodeWork, SatelliteAccount, Slope, StoredDay, StoredDays,
    Told, node_work_of, storage_of, stored_days_of,
};
pub use work::{OpenWork, Progress, Task, open_work, work_of};
