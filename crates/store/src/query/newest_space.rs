//! What is known last of the space of a node?

use piecewatch_model::NodeName;

use super::{
    Nodes, Question, Window,
    nodes::selected,
    space_samples::{HELD, LEFT, last},
};
use crate::{Reader, Result, SpaceRow};

/// The newest snapshot that tells what was allotted: of a dashboard, which tells all of it.
pub(crate) const WHOLE: Question = Question {
    name: "newest space, whole",
    sql: "SELECT at, used, available, trash, total, overused, reclaimable FROM storage_snapshots
WHERE node = ?1 AND at >= ?2 AND at < ?3 AND total IS NOT NULL ORDER BY at DESC LIMIT 1",
};

/// The newest snapshots of a node, of each kind: no snapshot tells all, and those of a log tell
/// what is left and nothing else.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewestSpace {
    /// The newest that tells what is held.
    pub held: Option<SpaceRow>,
    /// The newest that tells what is left.
    pub left: Option<SpaceRow>,
    /// The newest that tells what was allotted.
    pub whole: Option<SpaceRow>,
}

impl Reader {
    /// What was told last in a window of a node's space. Of a node that is not known it is nothing.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn newest_space(&self, node: &NodeName, window: Window) -> Result<NewestSpace> {
        self.ask(WHOLE.name, |connection| {
            let nodes = selected(connection, Nodes::Of(std::slice::from_ref(node)))?;
            let Some((id, _)) = nodes.first() else { return Ok(NewestSpace::default()) };
            let newest = |question| last(connection, question, (*id, node), window);
            Ok(NewestSpace { held: newest(HELD)?, left: newest(LEFT)?, whole: newest(WHOLE)? })
        })
    }
}
