//! What do the satellites think of the nodes?

use piecewatch_model::Scores;

use super::{Event, Nodes, Question, Window, newest_events, nodes::Names, number, time};
use crate::{Reader, Result};

pub(crate) const NEWEST: Question = Question {
    name: "scores",
    sql: "SELECT t.at, t.satellite, t.audit, t.online, t.suspension, t.audit_delta, t.online_delta,
    t.suspension_delta, t.audits_total, t.audits_passed
FROM reputation AS t
WHERE t.node = ?1 AND t.at >= ?2 AND t.at < ?3 ORDER BY t.at DESC LIMIT ?4",
};

impl Reader {
    /// The newest scores in a window, newest first; they reach back a year.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn scores(
        &self,
        nodes: Nodes<'_>,
        window: Window,
        limit: u32,
    ) -> Result<Vec<Event<Scores>>> {
        self.ask(NEWEST.name, |connection| {
            let names = Names::read(connection)?;
            newest_events(connection, NEWEST, nodes, window, limit, |row| {
                let at = time(row, 0)?;
                let scores = Scores {
                    at,
                    satellite: names.named_satellite(row.get(1)?),
                    audit: row.get(2)?,
                    online: row.get(3)?,
                    suspension: row.get(4)?,
                    audit_delta: row.get(5)?,
                    online_delta: row.get(6)?,
                    suspension_delta: row.get(7)?,
                    audits_total: number(row, 8)?,
                    audits_passed: number(row, 9)?,
                };
                Ok((at, scores, 1))
            })
        })
    }
}
