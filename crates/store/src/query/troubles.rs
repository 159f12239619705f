//! What should somebody look at?

use piecewatch_model::{Trouble, TroubleKind};
use rusqlite::Row;

use super::{Event, Nodes, Question, Window, code, newest_events, nodes::Names, number, time};
use crate::{Reader, Result, dictionary::FURTHER_ERRORS};

pub(crate) const NEWEST: Question = Question {
    name: "troubles",
    sql: "SELECT t.at, t.kind, t.satellite, e.template, t.lines
FROM troubles AS t LEFT JOIN templates AS e ON e.id = t.template
WHERE t.node = ?1 AND t.at >= ?2 AND t.at < ?3 ORDER BY t.at DESC LIMIT ?4",
};

/// The template of a trouble, which every trouble has.
pub(crate) fn text(row: &Row<'_>, column: usize) -> rusqlite::Result<Box<str>> {
    let known: Option<Box<str>> = row.get(column)?;
    Ok(known.unwrap_or_else(|| FURTHER_ERRORS.into()))
}

impl Reader {
    /// The newest trouble in a window, newest first; it reaches back a year.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn troubles(
        &self,
        nodes: Nodes<'_>,
        window: Window,
        limit: u32,
    ) -> Result<Vec<Event<Trouble>>> {
        self.ask(NEWEST.name, |connection| {
            let names = Names::read(connection)?;
            newest_events(connection, NEWEST, nodes, window, limit, |row| {
                let at = time(row, 0)?;
                let trouble = Trouble {
                    at,
                    kind: code(row, 1, TroubleKind::from_code)?,
                    satellite: names.satellite(row.get(2)?),
                    text: text(row, 3)?,
                };
                Ok((at, trouble, number(row, 4)?))
            })
        })
    }
}
