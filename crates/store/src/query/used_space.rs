//! How much did the nodes hold, from when to when?

use std::time::Duration;

use piecewatch_model::{ByteCount, NodeName, Timestamp};

use super::{Nodes, Question, Window, bytes, reported::of_each, time};
use crate::{Reader, Result};

/// Times: the window, and how far beside it is looked.
pub(crate) const ALL: Question = Question {
    name: "used space",
    sql: "SELECT at, coalesce(used, max(total - available - trash, 0)) FROM storage_snapshots
WHERE node = ?1
AND at >= coalesce((SELECT at FROM storage_snapshots
    WHERE node = ?1 AND at >= ?4 AND at < ?2
    AND (used IS NOT NULL OR (total IS NOT NULL AND available IS NOT NULL AND trash IS NOT NULL))
    ORDER BY at DESC LIMIT 1), ?2)
AND at < coalesce((SELECT at + 1 FROM storage_snapshots
    WHERE node = ?1 AND at >= ?3 AND at < ?5
    AND (used IS NOT NULL OR (total IS NOT NULL AND available IS NOT NULL AND trash IS NOT NULL))
    ORDER BY at LIMIT 1), ?3)
AND (used IS NOT NULL OR (total IS NOT NULL AND available IS NOT NULL AND trash IS NOT NULL)) ORDER BY at",
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
    /// What nodes held in a window, oldest first, with the last of before it and the first of after
    /// it where these lie within `beside` of it: they tell what it was at the edges. Snapshots from
    /// which it cannot be known are left out: all those of a log, which tells the space that is left
    /// and not how much was allotted.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn used_space(
        &self,
        nodes: Nodes<'_>,
        window: Window,
        beside: Duration,
    ) -> Result<Vec<UsedSpace>> {
        let beside = i64::try_from(beside.as_micros()).unwrap_or(i64::MAX);
        let (from, to) = (window.from.as_micros(), window.to.as_micros());
        let (first, last) = (from.saturating_sub(beside), to.saturating_add(beside));
        self.ask(ALL.name, |connection| {
            let parameters = |node| (node, from, to, first, last);
            of_each(connection, ALL, nodes, parameters, |node, row| {
                Ok(UsedSpace { node: node.clone(), at: time(row, 0)?, used: bytes(row, 1)? })
            })
        })
    }
}
