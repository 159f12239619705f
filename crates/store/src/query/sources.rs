//! How far were the sources of a node read?

use piecewatch_model::{Checkpoint, NodeName};

use crate::{Reader, Result};

/// What is stored of a node's sources.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KnownSources {
    /// How far each was read, oldest first.
    pub checkpoints: Vec<Checkpoint>,
    /// The number of the newest checkpoint of any node, 0 if there is none: what
    /// [`Start::Beginning`](piecewatch_model::Start::Beginning) asks for.
    pub newest: i64,
}

impl Reader {
    /// How far the sources of a node were read.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn sources(&self, _node: &NodeName) -> Result<KnownSources> {
        unimplemented!()
    }
}
