//! The command line of Piecewatch: `piecewatch import`, `poll`, `summary`, `earnings`, `latency`,
//! `slow`, `errors`, `pieces`, `reputation`, `storage`, `compare`, `serve`, `demo`, `alerts`, `db`,
//! `simulate`, `completions`.
//!
//! It joins what the other crates do and adds nothing to it: `import` moves batches from
//! `piecewatch-ingest` to `piecewatch-store`, `poll` moves reports there from
//! `piecewatch-node-api`, `summary` asks the store, `errors`, `pieces` and
//! `reputation` ask `piecewatch-analytics`, `simulate` asks the simulator, and `serve` joins all of
//! them with `piecewatch-broadcast`. What is here is how to ask and how to show: results go to the
//! writer that [`run`] is given, progress to stderr when that is a terminal, and every [`Error`] is a sentence or
//! two on what is wrong, where, and what to do.
//!
//! ```
//! use clap::Parser;
//! use piecewatch::{Cli, Colour};
//!
//! let cli = Cli::try_parse_from(["piecewatch", "completions", "fish"])?;
//! let mut out = Vec::new();
//! piecewatch::run(&cli, &mut out, Colour::Off)?;
//! assert!(String::from_utf8(out)?.contains("complete -c piecewatch"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod alerts;
mod cli;
mod clock;
mod compare;
mod completions;
mod countries;
mod database;
mod demo;
mod earnings;
mod error;
mod errors;
mod form;
mod import;
mod latency;
mod money;
mod pieces;
mod poll;
mod progress;
mod reputation;
mod run;
mod sentence;
mod serve;
mod simulate;
mod sizes;
mod slow;
mod storage;
mod summary;
mod table;
mod version;
mod window;

pub use cli::Cli;
pub use error::{Error, Result};
pub use run::run;
pub use table::Colour;
