//! How do the nodes stand with the satellites?

use piecewatch_model::{Standing, StandingScores};

use super::{
    Nodes, Question, Reported, maybe_number,
    nodes::Names,
    reported::{maybe_time, reported},
};
use crate::{Reader, Result};

pub(crate) const NEWEST: Question = Question {
    name: "standings",
    sql: "SELECT told_at, satellite, address, joined_at, vetted_at, disqualified_at, suspended_at,
    offline_suspended_at, exited_at, audit, online, suspension, audits_total, audits_passed
FROM standings WHERE node = ?1 ORDER BY satellite",
};

impl Reader {
    /// The newest of each node and satellite. What one part of the polls does not tell is as another
    /// part told it last.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn standings(&self, nodes: Nodes<'_>) -> Result<Vec<Reported<Standing>>> {
        self.ask(NEWEST.name, |connection| {
            let names = Names::read(connection)?;
            let node_of = |node| (node,);
            reported(connection, NEWEST, nodes, node_of, |row| {
                let (audit, online): (Option<f64>, Option<f64>) = (row.get(9)?, row.get(10)?);
                let scores =
                    audit.zip(online).zip(row.get(11)?).map(|((audit, online), suspension)| {
                        StandingScores { audit, online, suspension }
                    });
                Ok(Standing {
                    satellite: names.named_satellite(row.get(1)?),
                    address: row.get(2)?,
                    joined_at: maybe_time(row, 3)?,
                    vetted_at: maybe_time(row, 4)?,
                    disqualified_at: maybe_time(row, 5)?,
                    suspended_at: maybe_time(row, 6)?,
                    offline_suspended_at: maybe_time(row, 7)?,
                    exited_at: maybe_time(row, 8)?,
                    scores,
                    audits: maybe_number(row, 12)?.zip(maybe_number(row, 13)?),
                })
            })
        })
    }
}
