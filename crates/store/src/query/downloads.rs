//! Which pieces did clients download, one by one?

use std::ops::ControlFlow;

use piecewatch_model::{Action, ByteCount, NodeName, PieceId, Timestamp};

use super::{Nodes, Question, Window, maybe_number, nodes::selected};
use crate::{
    Reader, Result,
    transfers::{first_key, node_of, time_of},
};

/// A part of what a list of transfers reads, for those who count and ask for no names.
pub(crate) const NEWEST: Question = Question {
    name: "downloads",
    sql: "SELECT t.key, t.micros, t.size, t.piece FROM transfers AS t
WHERE t.key >= ?1 AND t.key < ?2 AND t.action = ?3 AND t.piece IS NOT NULL ORDER BY t.key DESC",
};

/// A download by a client, however it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Download<'a> {
    /// When the line was written.
    pub at: Timestamp,
    /// The node.
    pub node: &'a NodeName,
    /// The piece.
    pub piece: PieceId,
    /// Bytes; `None` where the log does not tell.
    pub size: Option<ByteCount>,
}

impl Reader {
    /// Shows the downloads by clients of nodes in a window, newest second first, until the visitor has enough.
    /// They are not gathered: an hour may hold a million.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn downloads(
        &self,
        nodes: Nodes<'_>,
        window: Window,
        mut visit: impl FnMut(Download<'_>) -> ControlFlow<()>,
    ) -> Result<()> {
        self.ask(NEWEST.name, |connection| {
            let nodes = selected(connection, nodes)?;
            let keys = [window.from.as_seconds(), window.to.as_seconds().saturating_add(1)];
            let [first, end] = keys.map(first_key);
            let mut statement = connection.prepare_cached(NEWEST.sql)?;
            let mut rows = statement.query((first, end, Action::Get.code()))?;
            while let Some(row) = rows.next()? {
                let key = row.get(0)?;
                let at = time_of(key, row.get(1)?);
                let node = nodes.iter().find(|(id, _)| *id == node_of(key));
                if let Some((_, info)) = node
                    && window.from <= at
                    && at < window.to
                {
                    let download = Download {
                        at,
                        node: &info.name,
                        piece: PieceId::new(row.get(3)?),
                        size: maybe_number(row, 2)?.map(ByteCount::new),
                    };
                    if visit(download).is_break() {
                        break;
                    }
                }
            }
            Ok(())
        })
    }
}
