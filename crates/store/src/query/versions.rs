//! Which versions did the nodes run, and from when on?

use piecewatch_model::{NodeName, Timestamp};

use super::{NodeInfo, Nodes, Question, Window, nodes::selected, time};
use crate::{Reader, Result};

/// 3 is the code of a version that was told.
pub(crate) const ALL: Question = Question {
    name: "versions",
    sql: "SELECT at, detail FROM lifecycle
WHERE node = ?1 AND at >= ?2 AND at < ?3 AND event = 3 ORDER BY at",
};

/// A stretch of time in which a node told one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionRun {
    /// The node.
    pub node: NodeName,
    /// The version, without a leading `v`.
    pub version: Box<str>,
    /// When it told it first.
    pub first_at: Timestamp,
    /// When it told it last, before it told another.
    pub last_at: Timestamp,
}

impl Reader {
    /// The versions that nodes told in a window, one run after the other, oldest first for each node.
    /// They reach back a year.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn versions(&self, nodes: Nodes<'_>, window: Window) -> Result<Vec<VersionRun>> {
        self.ask(ALL.name, |connection| {
            let mut runs: Vec<VersionRun> = Vec::new();
            let mut statement = connection.prepare_cached(ALL.sql)?;
            for (id, NodeInfo { name: node, .. }) in selected(connection, nodes)? {
                let (from, to) = (window.from.as_micros(), window.to.as_micros());
                let mut rows = statement.query((id, from, to))?;
                while let Some(row) = rows.next()? {
                    let (at, version) = (time(row, 0)?, row.get_ref(1)?.as_str()?);
                    match runs.last_mut() {
                        Some(run) if run.node == node && &*run.version == version => {
                            run.last_at = at
                        }
                        Some(_) | None => runs.push(VersionRun {
                            node: node.clone(),
                            version: version.into(),
                            first_at: at,
                            last_at: at,
                        }),
                    }
                }
            }
            Ok(runs)
        })
    }
}
