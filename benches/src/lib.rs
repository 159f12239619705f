//! What the benches and their programs share: logs to run on, and the ways from a log to a database
//! that are measured against each other.
//!
//! - [`import`]: all of it, as the program does it: parsers beside one thread that writes.
//! - [`append`]: the writing alone, of batches that were parsed before.
//! - [`Rows::insert`]: the limit. The same rows into the same table with nothing else.
//!
//! [`Load`] writes the logs of many nodes live, at a rate. [`Books`] are a year of what nodes earn, and
//! [`hits`] gets what a cache holds. A [`History`] is a month of nodes with any number of transfers,
//! [`latencies`] how long they took. What was measured is a [`Series`](series::Series) of rounds in a
//! [`Report`](document::Report).

mod books;
pub mod clock;
pub mod document;
mod history;
pub mod hits;
pub mod latencies;
mod load;
mod logs;
pub mod machine;
mod rows;
pub mod series;
mod ways;

pub use books::{Books, Told};
pub use history::{History, Pool, Shape};
pub use load::{Every, Load, LoadConfig};
pub use logs::{compress, log, write_log};
pub use rows::Rows;
pub use ways::{append, batches, import};
