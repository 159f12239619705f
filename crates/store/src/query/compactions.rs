//! When were the hash stores compacted, and what came of it?

use piecewatch_model::{Compaction, Phase};
use rusqlite::Row;

use super::{
    Event, Nodes, Question, Window, code, maybe_bytes, maybe_number, newest_events, nodes::Names,
    number, time,
};
use crate::{Reader, Result, dictionary::FURTHER_ERRORS};

pub(crate) const NEWEST: Question = Question {
    name: "compactions",
    sql: "SELECT t.at, t.satellite, t.store, t.phase, t.duration, t.logs, t.live, t.trash,
    t.reclaimable, t.reclaimed, t.rewritten, t.table_load, t.trash_share, e.template, t.lines,
    t.template
FROM compactions AS t LEFT JOIN templates AS e ON e.id = t.template
WHERE t.node = ?1 AND t.at >= ?2 AND t.at < ?3 ORDER BY t.at DESC LIMIT ?4",
};

/// Why it failed, where it did.
fn error(row: &Row<'_>) -> rusqlite::Result<Option<Box<str>>> {
    let (template, text): (Option<i64>, Option<Box<str>>) = (row.get(15)?, row.get(13)?);
    Ok(text.or_else(|| template.map(|_| FURTHER_ERRORS.into())))
}

impl Reader {
    /// The newest lines about compactions in a window, newest first; they reach back a year.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn compactions(
        &self,
        nodes: Nodes<'_>,
        window: Window,
        limit: u32,
    ) -> Result<Vec<Event<Compaction>>> {
        self.ask(NEWEST.name, |connection| {
            let names = Names::read(connection)?;
            newest_events(connection, NEWEST, nodes, window, limit, |row| {
                let at = time(row, 0)?;
                let compaction = Compaction {
                    at,
                    satellite: names.named_satellite(row.get(1)?),
                    store: row.get(2)?,
                    phase: code(row, 3, Phase::from_code)?,
                    duration_micros: maybe_number(row, 4)?,
                    logs: maybe_bytes(row, 5)?,
                    live: maybe_bytes(row, 6)?,
                    trash: maybe_bytes(row, 7)?,
                    reclaimable: maybe_bytes(row, 8)?,
                    reclaimed: maybe_bytes(row, 9)?,
                    rewritten: maybe_bytes(row, 10)?,
                    table_load: row.get(11)?,
                    trash_share: row.get(12)?,
                    error: error(row)?,
                };
                Ok((at, compaction, number(row, 14)?))
            })
        })
    }
}
