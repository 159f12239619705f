//! What did the nodes measure of their transfers?

use piecewatch_model::{Measure, Quantiles};

use super::{
    Nodes, Question, Reported, Window, code,
    nodes::Names,
    number,
    reported::{reported, within},
};
use crate::{Reader, Result};

pub(crate) const ALL: Question = Question {
    name: "quantiles",
    sql: "SELECT at, measure, action, count, sum, min, p10, p50, p90, p99, max FROM node_quantiles
WHERE node = ?1 AND at >= ?2 AND at < ?3 ORDER BY at, measure, action",
};

impl Reader {
    /// What the debug endpoints of nodes told in a window, oldest first; it reaches back a year.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn quantiles(&self, nodes: Nodes<'_>, window: Window) -> Result<Vec<Reported<Quantiles>>> {
        self.ask(ALL.name, |connection| {
            let names = Names::read(connection)?;
            reported(connection, ALL, nodes, within(window), |row| {
                Ok(Quantiles {
                    measure: code(row, 1, Measure::from_code)?,
                    action: names.action(row, 2)?,
                    count: number(row, 3)?,
                    sum: row.get(4)?,
                    min: row.get(5)?,
                    p10: row.get(6)?,
                    p50: row.get(7)?,
                    p90: row.get(8)?,
                    p99: row.get(9)?,
                    max: row.get(10)?,
                })
            })
        })
    }
}
