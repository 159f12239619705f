//! When did the nodes start, and in which version?

use piecewatch_model::{Lifecycle, LifecycleEvent};

use super::{Event, Nodes, Question, Window, code, newest_events, number, time};
use crate::{Reader, Result};

pub(crate) const NEWEST: Question = Question {
    name: "lifecycle",
    sql: "SELECT t.at, t.event, t.detail, t.lines FROM lifecycle AS t
WHERE t.node = ?1 AND t.at >= ?2 AND t.at < ?3 ORDER BY t.at DESC LIMIT ?4",
};

impl Reader {
    /// The newest starts, stops and versions in a window, newest first; they reach back a year.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn lifecycle(
        &self,
        nodes: Nodes<'_>,
        window: Window,
        limit: u32,
    ) -> Result<Vec<Event<Lifecycle>>> {
        self.ask(NEWEST.name, |connection| {
            newest_events(connection, NEWEST, nodes, window, limit, |row| {
                let at = time(row, 0)?;
                let detail = row.get_ref(2)?.as_str()?;
                let event = code(row, 1, |code| LifecycleEvent::from_code(code, detail))?;
                Ok((at, Lifecycle { at, event }, number(row, 3)?))
            })
        })
    }
}
