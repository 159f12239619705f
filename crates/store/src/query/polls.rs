//! How do the polls of the nodes go?

use piecewatch_model::{NodeName, Poll, PollPart, Timestamp};

use super::{
    Nodes, Question, bytes, code, number,
    reported::{maybe_time, of_each},
    time,
};
use crate::{Reader, Result};

pub(crate) const NEWEST: Question = Question {
    name: "polls",
    sql: "SELECT part, at, took, requests, bytes, error, succeeded_at, failing_since
FROM polls WHERE node = ?1 ORDER BY part",
};

/// How the polls of one part of a node go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PollRow {
    /// The node.
    pub node: NodeName,
    /// What is asked.
    pub part: PollPart,
    /// The last poll.
    pub last: Poll,
    /// When the last one began that did not fail; `None` when there was none.
    pub succeeded_at: Option<Timestamp>,
    /// When the first one began that failed, of those that have failed since; `None` when the last
    /// did not.
    pub failing_since: Option<Timestamp>,
}

impl Reader {
    /// Those of each node and part.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn polls(&self, nodes: Nodes<'_>) -> Result<Vec<PollRow>> {
        self.ask(NEWEST.name, |connection| {
            let node_of = |node| (node,);
            of_each(connection, NEWEST, nodes, node_of, |node, row| {
                let part = code(row, 0, PollPart::from_code)?;
                Ok(PollRow {
                    node: node.clone(),
                    part,
                    last: Poll {
                        at: time(row, 1)?,
                        part,
                        took_micros: number(row, 2)?,
                        requests: row.get(3)?,
                        bytes: bytes(row, 4)?,
                        error: row.get(5)?,
                    },
                    succeeded_at: maybe_time(row, 6)?,
                    failing_since: maybe_time(row, 7)?,
                })
            })
        })
    }
}
