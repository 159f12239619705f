//! Questions to the database.

pub(crate) mod sources;
pub(crate) mod traffic;

use piecewatch_model::{NodeName, Outcome, Timestamp};

/// A read-only connection out of the pool.
#[derive(Debug)]
pub struct Reader {}

/// Of which nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nodes<'a> {
    /// Every node in the database.
    All,
    /// These; names that the database does not know are passed over.
    Of(&'a [NodeName]),
}

/// A stretch of time: from an instant up to but without another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The first instant.
    pub from: Timestamp,
    /// The first instant after it.
    pub to: Timestamp,
}

/// What became of a request to the node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fate {
    /// It became a transfer, which ended so.
    Ended(Outcome),
    /// It was an upload, turned away because the node was busy.
    Rejected,
}
