//! What went wrong, and how often?

use piecewatch_model::{Action, ByteCount, Grain, NodeName, Outcome, Timestamp};

use super::{
    Nodes, Question, Window, bytes, code,
    nodes::{Names, selected},
    number, of_each_node, time,
};
use crate::{Reader, Result};

pub(crate) const HOURLY: Question = Question {
    name: "errors",
    sql: "SELECT e.template, t.action, t.outcome, sum(t.count) AS n, sum(t.bytes),
    min(t.first_at), max(t.last_at)
FROM error_hourly AS t JOIN templates AS e ON e.id = t.template
WHERE t.node = ?1 AND t.at >= ?2 AND t.at < ?3
GROUP BY t.template, t.action, t.outcome ORDER BY n DESC LIMIT ?4",
};

/// Transfers that ended with one text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorRow {
    /// At which node.
    pub node: NodeName,
    /// The template of the text.
    pub template: String,
    /// What the transfers were for.
    pub action: Action,
    /// How they ended: a cancellation has its text too.
    pub outcome: Outcome,
    /// How many.
    pub count: u64,
    /// The bytes of all of them together: of downloads that succeeded those that were moved, of others
    /// those that were asked for (since v1.99).
    pub bytes: ByteCount,
    /// The first of them in the hours of the window.
    pub first_at: Timestamp,
    /// The last.
    pub last_at: Timestamp,
}

impl Reader {
    /// The texts with which transfers of nodes ended, the most frequent first, at most `limit`, in
    /// a window widened to whole hours; they reach back a year.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn errors(&self, nodes: Nodes<'_>, window: Window, limit: u32) -> Result<Vec<ErrorRow>> {
        let window = window.widened(Grain::Hour);
        self.ask(HOURLY.name, |connection| {
            let names = Names::read(connection)?;
            let nodes = selected(connection, nodes)?;
            let mut rows =
                of_each_node(connection, HOURLY, &nodes, window, limit.into(), |node, row| {
                    Ok(ErrorRow {
                        node: node.clone(),
                        template: row.get(0)?,
                        action: names.action(row, 1)?,
                        outcome: code(row, 2, Outcome::from_code)?,
                        count: number(row, 3)?,
                        bytes: bytes(row, 4)?,
                        first_at: time(row, 5)?,
                        last_at: time(row, 6)?,
                    })
                })?;
            rows.sort_by_key(|row| std::cmp::Reverse(row.count));
            rows.truncate(limit as usize);
            Ok(rows)
        })
    }
}
