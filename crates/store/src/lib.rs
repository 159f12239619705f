//! Keeps what Storj storage nodes did in one SQLite file.
//!
//! [`Store::open`] gives one [`Writer`] and a pool of [`Reader`]s. The writer takes
//! [`Batch`](piecewatch_model::Batch)es: records, the sums made of them, and the place in the
//! source up to which they were read, all of it in one transaction, so that a process may be killed
//! at any instant and goes on where it was. Readers are read-only and ask typed questions.

mod check;
mod dictionary;
mod error;
mod events;
mod gathered;
mod migrate;
mod open;
mod outcome;
mod position;
mod query;
mod retention;
mod rollup;
mod transfers;
mod writer;

pub use dictionary::NODES_MAX;
pub use error::{Error, Result};
pub use open::{Readers, Store, StoreConfig};
pub use outcome::{Ending, Fate};
pub use query::{
    Nodes, Reader, Window,
    commits::{Commit, Topics},
    nodes::NodeInfo,
    sources::KnownSources,
    traffic::{TrafficPoint, TrafficRow, TrafficTotals},
};
pub use retention::{OldTransfers, Retention};
pub use writer::{Appended, Writer};
