//! How long what is kept.

use std::time::Duration;

/// How long what is kept, counted back from now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retention {
    /// Single transfers; the cut falls on a whole hour.
    pub transfers: Duration,
}

impl Default for Retention {
    fn default() -> Self {
        Self { transfers: Duration::from_hours(48) }
    }
}

/// What becomes of single transfers that are older than their retention when they are read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OldTransfers {
    /// They enter the sums and are not kept one by one.
    #[default]
    SumOnly,
    /// They are kept too, until somebody prunes.
    Keep,
}
