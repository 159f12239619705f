//! How much space have the nodes?

use piecewatch_model::{ByteCount, NodeName, Timestamp};
use rusqlite::Row;

use super::{Nodes, Question, Window, maybe_bytes, nodes::selected, of_each_node, time};
use crate::{Reader, Result};

pub(crate) const NEWEST: Question = Question {
    name: "space",
    sql: "SELECT at, used, available, trash, total, overused, reclaimable FROM storage_snapshots
WHERE node = ?1 AND at >= ?2 AND at < ?3 ORDER BY at DESC LIMIT ?4",
};

/// The space of a node at one instant; `None` where nobody told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpaceRow {
    /// The node.
    pub node: NodeName,
    /// When.
    pub at: Timestamp,
    /// Bytes of pieces, without trash.
    pub used: Option<ByteCount>,
    /// Bytes left for pieces.
    pub available: Option<ByteCount>,
    /// Bytes of pieces in the trash.
    pub trash: Option<ByteCount>,
    /// Bytes that the operator allotted to the node.
    pub total: Option<ByteCount>,
    /// Bytes used beyond what was allotted.
    pub overused: Option<ByteCount>,
    /// Bytes that the next compactions of the hash store would free.
    pub reclaimable: Option<ByteCount>,
}

impl Reader {
    /// The newest snapshots of the space of each node in a window, newest first, at most `limit`
    /// a node. After 90 days one a day is kept.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn space(&self, nodes: Nodes<'_>, window: Window, limit: u32) -> Result<Vec<SpaceRow>> {
        self.ask(NEWEST.name, |connection| {
            let nodes = selected(connection, nodes)?;
            let mut rows = of_each_node(connection, NEWEST, &nodes, window, limit.into(), row)?;
            rows.sort_by_key(|row| std::cmp::Reverse(row.at));
            Ok(rows)
        })
    }
}

/// What a snapshot tells.
pub(super) fn row(node: &NodeName, row: &Row<'_>) -> rusqlite::Result<SpaceRow> {
    Ok(SpaceRow {
        node: node.clone(),
        at: time(row, 0)?,
        used: maybe_bytes(row, 1)?,
        available: maybe_bytes(row, 2)?,
        trash: maybe_bytes(row, 3)?,
        total: maybe_bytes(row, 4)?,
        overused: maybe_bytes(row, 5)?,
        reclaimable: maybe_bytes(row, 6)?,
    })
}
