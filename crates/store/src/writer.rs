//! The one connection that writes.

use piecewatch_model::{Batch, Timestamp};

use crate::Result;

/// What became of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// Its records and its position are stored.
    Committed,
    /// Nothing of it was stored: its source was read on by somebody else since the reader looked.
    /// The reader looks again.
    Moved,
}

/// Writes batches, and removes what is too old.
#[derive(Debug)]
pub struct Writer {}

impl Writer {
    /// Stores batches in one transaction: all of them, or, on an error, none.
    ///
    /// # Errors
    ///
    /// When the database cannot be written. Nothing is lost: the same batches may be given again.
    pub fn append(&mut self, _batches: &[Batch], _now: Timestamp) -> Result<Vec<Appended>> {
        unimplemented!()
    }
}
