//! What did walks over all pieces find, and what was moved to the hash store since?

use piecewatch_model::Maintenance;

use super::{Event, Nodes, Question, Window, maintenance, newest_events, nodes::Names};
use crate::{Reader, Result};

/// The ends of walks that add up the used space, and the steps of the migration.
pub(crate) const NEWEST: Question = Question {
    name: "walks",
    sql: "SELECT t.at, t.kind, t.phase, t.satellite, t.store, t.duration, t.examined, t.affected,
    t.failed, t.bytes, t.lines
FROM maintenance AS t
WHERE t.node = ?1 AND t.at >= ?2 AND t.at < ?3
    AND (t.kind = 4 AND t.phase = 3 OR t.kind = 10 AND t.phase = 2) ORDER BY t.at DESC LIMIT ?4",
};

impl Reader {
    /// The newest walks that added up the used space to their end, and steps of the migration to the
    /// hash store, in a window, newest first; they reach back a year.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn walks(
        &self,
        nodes: Nodes<'_>,
        window: Window,
        limit: u32,
    ) -> Result<Vec<Event<Maintenance>>> {
        self.ask(NEWEST.name, |connection| {
            let names = Names::read(connection)?;
            newest_events(connection, NEWEST, nodes, window, limit, |row| {
                maintenance::read(&names, row)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use piecewatch_model::{MaintenanceKind, Phase};

    #[test]
    fn the_codes_in_the_statement_are_those_of_the_vocabulary() {
        let kinds = [MaintenanceKind::UsedSpaceWalker, MaintenanceKind::Migration];
        assert_eq!(kinds.map(MaintenanceKind::code), [4, 10]);
        assert_eq!([Phase::Finished, Phase::Progress].map(Phase::code), [3, 2]);
    }
}
