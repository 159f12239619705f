//! A storage node that is not there: it writes the log of one, and states the true totals.
//!
//! Three parts: the node does things (`node`), the log tells them in an [`Encoding`] and in the
//! words of a [`Vocabulary`] (`log`), and the [`Truth`] counts what was told, as it happens and
//! never by reading the text back. Everything is drawn from one seed: the same [`Config`] gives
//! the same bytes. Time is simulated; no clock is read.
//!
//! A [`LiveLog`] appends such a log to a file as a node does, and rotates it in each [`Rotation`]
//! that real logs go through.
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

mod account;
mod api;
mod calendar;
mod config;
mod encoding;
mod error;
mod event;
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
pub use live::{Compression, LiveConfig, LiveLog, Rotation, Writes};
pub use server::{ApiServer, Port, SimulatedTime};
pub use simulator::Simulator;
pub use truth::{Pairs, Total, TransferKey, Truth};
pub use vocabulary::Vocabulary;
