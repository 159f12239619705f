//! What do the satellites think of the nodes?

use piecewatch_model::{SatelliteId, Timestamp};

use super::{
    Event, Nodes, Question, Window, maybe_number, newest_events, nodes::Names, number, time,
};
use crate::{Reader, Result};

pub(crate) const NEWEST: Question = Question {
    name: "scores",
    sql: "SELECT t.at, t.satellite, t.audit, t.online, t.suspension, t.audit_delta, t.online_delta,
    t.suspension_delta, t.audits_total, t.audits_passed, t.lines
FROM reputation AS t
WHERE t.node = ?1 AND t.at >= ?2 AND t.at < ?3 ORDER BY t.at DESC LIMIT ?4",
};

/// A satellite's scores of a node, each 0 to 1, as its log or a report told them.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoreRow {
    /// When the line was written, or the poll began that found them changed.
    pub at: Timestamp,
    /// The satellite.
    pub satellite: SatelliteId,
    /// Share of audits passed; below 0.96 the node is disqualified.
    pub audit: f64,
    /// Share of time the node could be reached; below 0.6 it is suspended.
    pub online: f64,
    /// Share of audits with a known outcome; below 0.6 the node is suspended.
    pub suspension: f64,
    /// How they changed; `None` where only a report told them.
    pub changes: Option<ScoreChanges>,
    /// Audits so far, and those of them that were passed; `None` where they were not told.
    pub audits: Option<(u64, u64)>,
}

/// How scores changed since the log told them last.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScoreChanges {
    /// The audit score.
    pub audit: f64,
    /// The online score.
    pub online: f64,
    /// The suspension score.
    pub suspension: f64,
}

impl Reader {
    /// The newest scores in a window, newest first; they reach back a year. Those that a report
    /// told are there when they differ from those before them.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn scores(
        &self,
        nodes: Nodes<'_>,
        window: Window,
        limit: u32,
    ) -> Result<Vec<Event<ScoreRow>>> {
        self.ask(NEWEST.name, |connection| {
            let names = Names::read(connection)?;
            newest_events(connection, NEWEST, nodes, window, limit, |row| {
                let at = time(row, 0)?;
                let (audit, online): (Option<f64>, Option<f64>) = (row.get(5)?, row.get(6)?);
                let changes = audit.zip(online).zip(row.get(7)?);
                let scores = ScoreRow {
                    at,
                    satellite: names.named_satellite(row.get(1)?),
                    audit: row.get(2)?,
                    online: row.get(3)?,
                    suspension: row.get(4)?,
                    changes: changes.map(|((audit, online), suspension)| ScoreChanges {
                        audit,
                        online,
                        suspension,
                    }),
                    audits: maybe_number(row, 8)?.zip(maybe_number(row, 9)?),
                };
                Ok((at, scores, number(row, 10)?))
            })
        })
    }
}
