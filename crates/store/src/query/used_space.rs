//! How much did the nodes hold, from when to when?

use piecewatch_model::{ByteCount, NodeName, Timestamp};

use super::{
    Nodes, Question, Window, bytes,
    reported::{of_each, within},
    time,
};
use crate::{Reader, Result};

pub(crate) const ALL: Question = Question {
    name: "used space",
    sql: "SELECT at, coalesce(used, max(total - available - trash, 0)) AS bytes
FROM storage_snapshots
WHERE node = ?1 AND at >= ?2 AND at < ?3 AND bytes IS NOT NULL ORDER BY at",
};

/// What a node held at an instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsedSpace {
    /// The node.
    pub node: NodeName,
    /// When.
    pub at: Timestamp,
    /// Bytes of pieces, without trash: as the node told it, or what is left of all after what is
    /// free and the trash.
    pub used: ByteCount,
}

impl Reader {
    /// What nodes held in a window, oldest first. Snapshots from which it cannot be known are left
    /// out: all those of a log, which tells the space that is left and not how much was allotted.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn used_space(&self, nodes: Nodes<'_>, window: Window) -> Result<Vec<UsedSpace>> {
        self.ask(ALL.name, |connection| {
            of_each(connection, ALL, nodes, within(window), |node, row| {
                Ok(UsedSpace { node: node.clone(), at: time(row, 0)?, used: bytes(row, 1)? })
            })
        })
    }
}
