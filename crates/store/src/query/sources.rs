//! How far were the sources of a node read?

use piecewatch_model::{Checkpoint, Head, NodeName, Timestamp};

use super::{Question, number, time};
use crate::{Reader, Result, position::marks_from_bytes};

pub(crate) const OF_NODE: Question = Question {
    name: "checkpoints of a node",
    sql: "SELECT c.head_len, c.head_hash, c.offset, c.tail_hash, c.marks, c.cursor, c.lines,
    c.unparsed, c.source, c.last_commit_at
FROM nodes AS n JOIN checkpoints AS c INDEXED BY checkpoints_by_node ON c.node = n.id
WHERE n.name = ?1 ORDER BY c.id",
};

pub(crate) const NEWEST: Question =
    Question { name: "newest checkpoint", sql: "SELECT max(id) FROM checkpoints" };

/// What is stored of a node's sources.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KnownSources {
    /// How far each was read, oldest first.
    pub checkpoints: Vec<Checkpoint>,
    /// The number of the newest checkpoint of any node, 0 if there is none: what
    /// [`Start::Beginning`](piecewatch_model::Start::Beginning) asks for.
    pub newest: i64,
    /// How many lines were read of all of them together.
    pub lines: u64,
    /// The same sources, as people know them, in the same order.
    pub logs: Vec<KnownLog>,
}

/// A log, an archive or a stream, and how much of it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownLog {
    /// Its last name.
    pub name: Box<str>,
    /// How many bytes were read, decompressed.
    pub bytes: u64,
    /// How many lines those are.
    pub lines: u64,
    /// Those of them that no known program writes.
    pub unparsed: u64,
    /// When lines of it were stored last.
    pub stored_at: Timestamp,
}

impl Reader {
    /// How far the sources of a node were read.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn sources(&self, node: &NodeName) -> Result<KnownSources> {
        self.ask(OF_NODE.name, |connection| {
            let mut statement = connection.prepare_cached(OF_NODE.sql)?;
            let mut logs = Vec::new();
            let checkpoints = statement.query_map([node.as_str()], |row| {
                let offset = number(row, 2)?;
                logs.push(KnownLog {
                    name: row.get(8)?,
                    bytes: offset,
                    lines: number(row, 6)?,
                    unparsed: number(row, 7)?,
                    stored_at: time(row, 9)?,
                });
                Ok(Checkpoint {
                    head: Head { len: row.get(0)?, hash: number(row, 1)? },
                    offset,
                    tail_hash: number(row, 3)?,
                    marks: marks_from_bytes(row.get_ref(4)?.as_blob()?),
                    cursor: row.get(5)?,
                })
            })?;
            let checkpoints = checkpoints.collect::<Result<_, _>>()?;
            let newest: Option<i64> =
                connection.prepare_cached(NEWEST.sql)?.query_row([], |row| row.get(0))?;
            let lines = logs.iter().map(|log| log.lines).sum();
            Ok(KnownSources { checkpoints, newest: newest.unwrap_or(0), lines, logs })
        })
    }
}
