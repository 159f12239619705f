//! Which nodes are silent, and why.

use std::collections::BTreeMap;

use piecewatch_analytics::silence::Silence;
use piecewatch_model::{NodeName, Timestamp};
use piecewatch_store::{Nodes, Readers, Result};

/// What was found out last about each node.
#[derive(Debug, Default)]
pub(super) struct Silences(BTreeMap<NodeName, Silence>);

impl Silences {
    /// What was found out last about a node: its kind, and a sentence.
    pub(super) fn of(&self, node: &NodeName) -> Option<(&'static str, String)> {
        let silence = self.0.get(node)?;
        Some((silence.name(), silence.explanation()))
    }

    /// Forgets a node that is not followed any more.
    pub(super) fn forget(&mut self, node: &NodeName) {
        self.0.remove(node);
    }

    /// Looks at nodes again, and tells in the log what has changed. They are nodes of which all is
    /// read: what is not read yet is no silence.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub(super) fn look(
        &mut self,
        readers: &Readers,
        nodes: &[NodeName],
        now: Timestamp,
    ) -> Result<()> {
        for activity in readers.get()?.activity(Nodes::Of(nodes), now)? {
            let silence = Silence::of(&activity, now);
            let before = self.0.insert(activity.node.clone(), silence.clone());
            if before.as_ref().map(Silence::name) == Some(silence.name()) {
                continue;
            }
            let node = &activity.node;
            if !matches!(silence, Silence::Lively) {
                tracing::warn!(%node, silence = silence.name(), "{}", silence.explanation());
            } else if before.is_some() {
                tracing::info!(%node, "{}", silence.explanation());
            }
        }
        Ok(())
    }
}
