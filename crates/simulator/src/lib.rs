//! A storage node that is not there: it writes the log of one, answers the API of one, and states
//! the true figures of both.
//!
//! Three parts make a log: the node does things (`node`), the log tells them in an [`Encoding`] and
//! in the words of a [`Vocabulary`] (`log`), and the [`Truth`] counts what was told, as it happens
//! and never by reading the text back. A [`LiveLog`] appends such a log to a file as a node does,
//! and rotates it in each [`Rotation`] that real logs go through.
//!
//! ```
//! use piecewatch_simulator::{Config, Encoding, Simulator, Vocabulary};
//!
//! let config =
//!     Config { encoding: Encoding::DockerJson, vocabulary: Vocabulary::Y2026, ..Config::default() };
//! let mut log = Vec::new();
//! let mut simulator = Simulator::new(config);
//! let truth = simulator.write(1_000, &mut log)?;
//! assert_eq!(log.iter().filter(|&&byte| byte == b'\n').count() as u64, truth.lines);
//! assert!(truth.transfers_total().count > 300);
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! An [`Account`] is what the node has booked over months for each satellite, and what those told
//! it: traffic and storage by day, prices, statements, payments. It is drawn, or agrees with a log
//! so far, and states its figures as plain values of the vocabulary. A [`NodeApi`] answers with
//! them as a node of an [`ApiVersion`] does, traps included, and an [`ApiServer`] does so on a real
//! socket.
//!
//! ```
//! use piecewatch_simulator::{Account, AccountConfig, ApiVersion, Config, NodeApi, Simulator};
//!
//! let mut simulator = Simulator::new(Config::default());
//! simulator.write(5_000, &mut std::io::sink())?;
//! let now = simulator.now();
//! let account = Account::of_log(&simulator, AccountConfig::default());
//! assert!(account.bandwidth(now).ends_with(&simulator.booked()));
//!
//! let api = NodeApi::new(account, ApiVersion::V1_143);
//! let dashboard = String::from_utf8(api.answer("/api/sno/", now).body)?;
//! assert!(dashboard.contains(&format!("\"available\":{}", simulator.available().get())));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Everything is drawn from one seed: the same [`Config`] gives the same bytes, and the same
//! [`AccountConfig`] the same figures. Time is simulated; no clock is read.

mod account;
mod api;
mod calendar;
mod config;
mod encoding;
mod error;
mod event;
mod incident;
mod json;
mod live;
mod log;
mod node;
mod rng;
mod server;
mod simulator;
mod truth;
mod vocabulary;

pub use account::{Account, AccountConfig, EstimatedMonth, EstimatedPayout, Luck};
pub use api::{Answer, ApiVersion, NodeApi};
pub use config::{Config, Level, LongLines, Mix, Remotes};
pub use encoding::Encoding;
pub use error::{Error, Result};
pub use incident::{Incident, IncidentKind, Rhythm};
pub use live::{Compression, LiveConfig, LiveLog, Rotation, Writes};
pub use server::{ApiServer, Port, SimulatedTime};
pub use simulator::Simulator;
pub use truth::{Pairs, Total, TransferKey, Truth};
pub use vocabulary::Vocabulary;
