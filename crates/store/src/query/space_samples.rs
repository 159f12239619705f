//! How did the space of a node change, at evenly spread instants?

use piecewatch_model::NodeName;
use rusqlite::{Connection, OptionalExtension};

use super::{Nodes, Question, Window, nodes::selected, space};
use crate::{Reader, Result, SpaceRow};

/// The newest snapshot of a stretch that tells what is held.
pub(crate) const HELD: Question = Question {
    name: "space samples, held",
    sql: "SELECT at, used, available, trash, total, overused, reclaimable FROM storage_snapshots
WHERE node = ?1 AND at >= ?2 AND at < ?3 AND used IS NOT NULL ORDER BY at DESC LIMIT 1",
};

/// The newest snapshot of a stretch that tells what is left.
pub(crate) const LEFT: Question = Question {
    name: "space samples, left",
    sql: "SELECT at, used, available, trash, total, overused, reclaimable FROM storage_snapshots
WHERE node = ?1 AND at >= ?2 AND at < ?3 AND available IS NOT NULL ORDER BY at DESC LIMIT 1",
};

/// Snapshots of a node, at most one for each part of a window, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SpaceSamples {
    /// Those that tell what is held.
    pub held: Vec<SpaceRow>,
    /// Those that tell what is left: of a log, all that there are.
    pub left: Vec<SpaceRow>,
}

impl Reader {
    /// The last snapshots of each of so many equal parts of a window. What it costs depends on the
    /// parts, not on how many snapshots there are: each is sought from the end of its part. Of a
    /// node that is not known there are none.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn space_samples(
        &self,
        node: &NodeName,
        window: Window,
        parts: u16,
    ) -> Result<SpaceSamples> {
        self.ask(HELD.name, |connection| {
            let mut samples = SpaceSamples::default();
            let nodes = selected(connection, Nodes::Of(std::slice::from_ref(node)))?;
            let Some((id, _)) = nodes.first() else { return Ok(samples) };
            for part in parts_of(window, parts) {
                samples.held.extend(last(connection, HELD, (*id, node), part)?);
                samples.left.extend(last(connection, LEFT, (*id, node), part)?);
            }
            Ok(samples)
        })
    }
}

/// A window in equal parts, oldest first; the last takes what cannot be divided.
fn parts_of(window: Window, parts: u16) -> impl Iterator<Item = Window> {
    let micros = window.to.as_micros().saturating_sub(window.from.as_micros()).max(0);
    let width = micros / i64::from(parts.max(1));
    (0..i64::from(parts)).map(move |part| {
        let from = window.from.plus_micros(width * part);
        let is_last = part + 1 == i64::from(parts);
        Window { from, to: if is_last { window.to } else { from.plus_micros(width) } }
    })
}

/// The newest snapshot of a stretch that a question is about.
pub(super) fn last(
    connection: &Connection,
    question: Question,
    (id, node): (u16, &NodeName),
    part: Window,
) -> rusqlite::Result<Option<SpaceRow>> {
    connection
        .prepare_cached(question.sql)?
        .query_row((id, part.from.as_micros(), part.to.as_micros()), |row| space::row(node, row))
        .optional()
}

#[cfg(test)]
mod tests {
    use piecewatch_model::Timestamp;

    use super::*;

    #[test]
    fn the_parts_of_a_window_follow_one_another_and_are_the_window() {
        for (length, parts) in [(100, 7), (7, 7), (3, 7), (0, 2), (100, 1), (100, 0)] {
            let at = Timestamp::from_micros;
            let window = Window { from: at(5), to: at(5 + length) };
            let mut end = window.from;
            for part in parts_of(window, parts) {
                assert_eq!(part.from, end);
                end = part.to;
            }
            assert_eq!(end, if parts == 0 { window.from } else { window.to });
        }
    }
}
