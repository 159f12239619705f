//! Of which hours does the log of a node tell?

use std::collections::BTreeMap;

use piecewatch_model::{Grain, NodeName, Timestamp};

use super::{Nodes, Question, Window, nodes::selected, time};
use crate::{Reader, Result};

pub(crate) const TOLD: Question = Question {
    name: "told hours",
    sql: "SELECT at FROM flow_hourly
WHERE node = ?1 AND at >= ?2 AND at < ?3 ORDER BY at",
};

impl Reader {
    /// The hours in which transfers of each node ended, oldest first, in a window widened to whole
    /// hours. Of an hour that is missing nobody knows whether nothing moved or nobody read; a node of
    /// which no hour is told has an empty list.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn told_hours(
        &self,
        nodes: Nodes<'_>,
        window: Window,
    ) -> Result<BTreeMap<NodeName, Vec<Timestamp>>> {
        let window = window.widened(Grain::Hour);
        self.ask(TOLD.name, |connection| {
            let mut statement = connection.prepare_cached(TOLD.sql)?;
            let mut told = BTreeMap::new();
            for (id, info) in selected(connection, nodes)? {
                let (from, to) = (window.from.as_micros(), window.to.as_micros());
                let hours = statement.query_map((id, from, to), |row| time(row, 0))?;
                told.insert(info.name, hours.collect::<Result<_, _>>()?);
            }
            Ok(told)
        })
    }
}
