//! Which versions did the nodes run, and from when on?

use piecewatch_model::{NodeName, Timestamp};
use rusqlite::Rows;

use super::{NodeInfo, Nodes, Question, Window, nodes::selected, time};
use crate::{Reader, Result};

/// 3 is the code of a version that was told; there is an index of those alone.
pub(crate) const ALL: Question = Question {
    name: "versions",
    sql: "SELECT at, detail FROM lifecycle INDEXED BY lifecycle_versions
WHERE node = ?1 AND at >= ?2 AND at < ?3 AND event = 3 ORDER BY at",
};

/// The last one that was told before an instant.
pub(crate) const BEFORE: Question = Question {
    name: "version before",
    sql: "SELECT at, detail FROM lifecycle INDEXED BY lifecycle_versions
WHERE node = ?1 AND at < ?2 AND event = 3 ORDER BY at DESC LIMIT 1",
};

/// A stretch of time in which a node told one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionRun {
    /// The node.
    pub node: NodeName,
    /// The version, without a leading `v`.
    pub version: Box<str>,
    /// When it told it first; of a version that it told before the window, when it told it last before
    /// that.
    pub first_at: Timestamp,
    /// When it told it last, before it told another.
    pub last_at: Timestamp,
}

impl Reader {
    /// The versions that nodes told in a window, one run after the other, oldest first for each node,
    /// beginning with the one that a node had at its beginning. They reach back a year.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn versions(&self, nodes: Nodes<'_>, window: Window) -> Result<Vec<VersionRun>> {
        self.ask(ALL.name, |connection| {
            let mut runs: Vec<VersionRun> = Vec::new();
            // What a node had at the beginning was told when it started: one row in place of all before.
            let mut before = connection.prepare_cached(BEFORE.sql)?;
            let mut within = connection.prepare_cached(ALL.sql)?;
            for (id, NodeInfo { name, .. }) in selected(connection, nodes)? {
                let (from, to) = (window.from.as_micros(), window.to.as_micros());
                add(&mut runs, &name, before.query((id, from))?)?;
                add(&mut runs, &name, within.query((id, from, to))?)?;
            }
            Ok(runs)
        })
    }
}

/// Adds what a node told, oldest first, to the runs before.
fn add(runs: &mut Vec<VersionRun>, node: &NodeName, mut rows: Rows<'_>) -> rusqlite::Result<()> {
    while let Some(row) = rows.next()? {
        let (at, version) = (time(row, 0)?, row.get_ref(1)?.as_str()?);
        match runs.last_mut() {
            Some(run) if run.node == *node && &*run.version == version => run.last_at = at,
            Some(_) | None => runs.push(VersionRun {
                node: node.clone(),
                version: version.into(),
                first_at: at,
                last_at: at,
            }),
        }
    }
    Ok(())
}
