//! The collector: what `piecewatch-collector` is told, how it says what it does, and how it stands
//! among the services of a system.
//!
//! 1. **What it is told** (`cli`, `config`): a TOML file, the environment and the command line, read
//!    as given, checked once. Everything wrong is told at once, each with its place.
//! 2. **What it does** (`run`, `check`, `status`): one module for each command.
//! 3. **What it says** (`logging`): for people, for journald or as JSON, with a limit for each place
//!    that says something often.
//! 4. **Where it runs** (`systemd`, `signals`): readiness, watchdog, reload and stop.
//!
//! ```
//! use piecewatch_collector::config::{Config, Sayings};
//!
//! let said = Sayings { nodes: vec!["attic=/var/log/storj/node.log".into()], ..Sayings::default() };
//! let config = Config::load(&said)?;
//! assert_eq!(config.nodes[0].name.as_str(), "attic");
//! assert_eq!(config.retention.transfers.as_secs(), 48 * 3600);
//! # Ok::<(), piecewatch_collector::Error>(())
//! ```

mod check;
mod cli;
mod clock;
pub mod config;
mod dispatch;
mod error;
pub mod logging;
pub mod pipeline;
mod report;
mod run;
mod shape;
pub mod signals;
mod status;
pub mod systemd;
mod version;

pub use cli::Cli;
pub use dispatch::run;
pub use error::{Error, Result};
pub use status::{Filling, filling, followed, trouble};
