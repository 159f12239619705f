//! What the records of storage nodes mean: how long do transfers take, how many succeed, how fast do
//! bytes move; is a node silent and why, what work is it at, when did it restart, what is unusual, and
//! which node does better.
//!
//! Each module is one question: [`overview`], [`latency`] and [`distribution`], [`success`] and [`tally`], [`rate`],
//! [`transfer_size`], [`countries`], [`errors`] and [`error_groups`], [`hot_pieces`]; [`silence`],
//! [`connectivity`], [`restarts`], [`reputation`]; [`storage`], [`work`], [`runs`], [`migration`],
//! [`hash_store`]; [`compare`], and what is unusual: [`hours`], [`metric`], [`baseline`], [`unusual`],
//! [`trend`], [`outlook`]; and of what operators should be told: [`alert`].
//!
//! Each answer is a pure function of plain values and of `now`:
//!
//! ```
//! use piecewatch_analytics::tally::{Amount, Tally};
//! use piecewatch_model::{Action, ByteCount, Outcome};
//!
//! let amount = |count| Amount { count, bytes: ByteCount::new(0) };
//! let mut downloads = Tally::default();
//! downloads.add(Outcome::Success, amount(97));
//! downloads.add(Outcome::Canceled, amount(3));
//! let success = downloads.success(&Action::Get).expect("downloads have a rate");
//! assert_eq!(success.ratio(), 0.97);
//! // Lines that name no action tell of lost races alone: no rate.
//! assert_eq!(downloads.success(&Action::Download), None);
//! ```
//!
//! Beside it is a small function that asks a [`Reader`](piecewatch_store::Reader) for those values. Its
//! answer says which window it is of:
//!
//! ```
//! use piecewatch_analytics::success::success_of;
//! use piecewatch_store::{Nodes, Store, StoreConfig, Window};
//!
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("piecewatch.db");
//! let store = Store::open(&path, StoreConfig::default())?;
//! let window = Window { from: "2026-08-18T14:03:27Z".parse()?, to: "2026-08-19T14:03:27Z".parse()? };
//! let success = success_of(&store.readers.get()?, Nodes::All, Some(window))?;
//! let widened = success.window.expect("one was asked for");
//! assert_eq!(widened.from, "2026-08-18T14:00:00Z".parse()?);
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

pub mod alert;
pub mod baseline;
pub mod compare;
pub mod connectivity;
pub mod countries;
pub mod coverage;
pub mod distribution;
pub mod error_groups;
pub mod errors;
pub mod hash_store;
pub mod hot_pieces;
pub mod hours;
pub mod judgement;
pub mod latency;
pub mod metric;
pub mod migration;
mod observatory;
pub mod outlook;
pub mod overview;
pub mod rate;
pub mod reputation;
pub mod restarts;
mod robust;
pub mod runs;
pub mod silence;
mod sliding;
mod space_saving;
pub mod storage;
pub mod success;
pub mod tally;
pub mod transfer_size;
pub mod trend;
pub mod unusual;
mod version;
pub mod work;

pub use observatory::{Answer, InWindow, LatencyBars, Observatory, ObservatorySettings};
