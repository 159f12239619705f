//! How much was moved in a window?

use piecewatch_model::{Action, ByteCount, NodeName, SatelliteId};

use crate::{Fate, Nodes, Reader, Result, Window};

/// Sums over a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrafficTotals {
    /// What the sums cover: the window asked for, widened to whole hours. `None` when everything
    /// was asked for and there is nothing.
    pub window: Option<Window>,
    /// The sums, by node, satellite, action and fate.
    pub rows: Vec<TrafficRow>,
}

/// Requests of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrafficRow {
    /// Of which node.
    pub node: NodeName,
    /// For which satellite; `None` where the log does not tell.
    pub satellite: Option<SatelliteId>,
    /// What for.
    pub action: Action,
    /// What became of them.
    pub fate: Fate,
    /// How many.
    pub count: u64,
    /// How much they moved, together.
    pub bytes: ByteCount,
}

impl Reader {
    /// Counts and bytes of nodes in a window, or of all time where there is none.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn traffic_totals(
        &self,
        _nodes: Nodes<'_>,
        _window: Option<Window>,
    ) -> Result<TrafficTotals> {
        unimplemented!()
    }
}
