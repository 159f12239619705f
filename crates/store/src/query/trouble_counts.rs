//! How often was there which trouble?

use piecewatch_model::{NodeName, SatelliteId, Timestamp, TroubleKind};

use super::{
    Nodes, Question, Window, code,
    nodes::{Names, selected},
    number, of_each_node, time,
    troubles::text,
};
use crate::{Reader, Result};

/// A text is looked up for each group: joined, it would be for each row.
pub(crate) const OF_NODE: Question = Question {
    name: "counts of troubles",
    sql: "SELECT t.kind, t.satellite, (SELECT e.template FROM templates AS e WHERE e.id = t.template),
    count(*) AS n, min(t.at), max(t.at)
FROM troubles AS t WHERE t.node = ?1 AND t.at >= ?2 AND t.at < ?3
GROUP BY t.kind, t.satellite, t.template ORDER BY n DESC LIMIT ?4",
};

/// Trouble of one kind, satellite and text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TroubleCount {
    /// At which node.
    pub node: NodeName,
    /// What it is about.
    pub kind: TroubleKind,
    /// Which satellite it concerns, where it concerns one.
    pub satellite: Option<SatelliteId>,
    /// The template of its text.
    pub text: Box<str>,
    /// How often; told several times at one instant it is one.
    pub count: u64,
    /// The first time in the window.
    pub first_at: Timestamp,
    /// The last.
    pub last_at: Timestamp,
}

impl Reader {
    /// How often there was which trouble in a window, of each node the most frequent first, at most
    /// `limit`; it reaches back a year.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn trouble_counts(
        &self,
        nodes: Nodes<'_>,
        window: Window,
        limit: u32,
    ) -> Result<Vec<TroubleCount>> {
        self.ask(OF_NODE.name, |connection| {
            let names = Names::read(connection)?;
            let nodes = selected(connection, nodes)?;
            of_each_node(connection, OF_NODE, &nodes, window, limit.into(), |node, row| {
                Ok(TroubleCount {
                    node: node.clone(),
                    kind: code(row, 0, TroubleKind::from_code)?,
                    satellite: names.satellite(row.get(1)?),
                    text: text(row, 2)?,
                    count: number(row, 3)?,
                    first_at: time(row, 4)?,
                    last_at: time(row, 5)?,
                })
            })
        })
    }
}
