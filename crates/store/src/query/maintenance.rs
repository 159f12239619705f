//! What work was done on the pieces?

use piecewatch_model::{Maintenance, MaintenanceKind, Phase, Timestamp};
use rusqlite::Row;

use super::{
    Event, Nodes, Question, Window, code, maybe_bytes, maybe_number, newest_events, nodes::Names,
    number, time,
};
use crate::{Reader, Result};

pub(crate) const NEWEST: Question = Question {
    name: "maintenance",
    sql: "SELECT t.at, t.kind, t.phase, t.satellite, t.store, t.duration, t.examined, t.affected,
    t.failed, t.bytes, t.lines
FROM maintenance AS t
WHERE t.node = ?1 AND t.at >= ?2 AND t.at < ?3 ORDER BY t.at DESC LIMIT ?4",
};

impl Reader {
    /// The newest work on the pieces in a window, newest first; it reaches back a year.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn maintenance(
        &self,
        nodes: Nodes<'_>,
        window: Window,
        limit: u32,
    ) -> Result<Vec<Event<Maintenance>>> {
        self.ask(NEWEST.name, |connection| {
            let names = Names::read(connection)?;
            newest_events(connection, NEWEST, nodes, window, limit, |row| read(&names, row))
        })
    }
}

/// What a line tells, when, and how many there were.
pub(super) fn read(
    names: &Names,
    row: &Row<'_>,
) -> rusqlite::Result<(Timestamp, Maintenance, u64)> {
    let at = time(row, 0)?;
    let store: Box<str> = row.get(4)?;
    let work = Maintenance {
        at,
        kind: code(row, 1, MaintenanceKind::from_code)?,
        phase: code(row, 2, Phase::from_code)?,
        satellite: names.satellite(row.get(3)?),
        store: Some(store).filter(|store| !store.is_empty()),
        duration_micros: maybe_number(row, 5)?,
        examined: maybe_number(row, 6)?,
        affected: maybe_number(row, 7)?,
        failed: maybe_number(row, 8)?,
        bytes: maybe_bytes(row, 9)?,
    };
    Ok((at, work, number(row, 10)?))
}
