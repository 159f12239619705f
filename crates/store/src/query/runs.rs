//! Which work on the pieces began, went on and ended?

use piecewatch_model::Maintenance;

use super::{Event, Nodes, Question, Window, maintenance, newest_events, nodes::Names};
use crate::{Reader, Result};

/// Without the node's tests of its disk and what is told piece by piece: of those there are
/// thousands a day. Of what goes on, the steps of compactions and the migration are told.
pub(crate) const NEWEST: Question = Question {
    name: "runs",
    sql: "SELECT t.at, t.kind, t.phase, t.satellite, t.store, t.duration, t.examined, t.affected,
    t.failed, t.bytes, t.lines
FROM maintenance AS t
WHERE t.node = ?1 AND t.at >= ?2 AND t.at < ?3 AND t.kind NOT IN (9, 13, 14)
    AND (t.phase IN (1, 3, 4) OR t.kind IN (10, 11)) ORDER BY t.at DESC LIMIT ?4",
};

impl Reader {
    /// The newest beginnings and ends of work on the pieces in a window, with the steps of
    /// compactions and of the migration, newest first; they reach back a year.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn maintenance_runs(
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
        let kinds =
            [MaintenanceKind::Delete, MaintenanceKind::ReadCheck, MaintenanceKind::WriteCheck];
        assert_eq!(kinds.map(MaintenanceKind::code), [9, 13, 14]);
        let phases = [Phase::Started, Phase::Finished, Phase::Failed];
        assert_eq!(phases.map(Phase::code), [1, 3, 4]);
        let going_on = [MaintenanceKind::Migration, MaintenanceKind::CompactionStep];
        assert_eq!(going_on.map(MaintenanceKind::code), [10, 11]);
    }
}
