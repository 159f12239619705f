//! How nodes are: their storage, their standing, whether they are reached, and what is unusual.

use std::collections::BTreeMap;

use piecewatch_model::{Grain, MicroUsd, NodeName, Timestamp};
use piecewatch_store::{Nodes, Window};

use super::{Answer, InWindow, Observatory, kept::Selection};
use crate::{
    compare::{Comparison, compare_of},
    connectivity::{Connectivity, connectivity_of},
    outlook::Outlook,
    reputation::{Reputation, reputation_of},
    storage::{
        NodeStorage, NodeWork, StoredDays, lately, node_work_of, storage_of, stored_days_of,
    },
};

impl Observatory {
    /// How the storage of a node is: what is left, how it grows, who says what of it. As
    /// [`storage_of`]; the window is the time in which it is looked for.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn storage(&self, node: &NodeName, now: Timestamp) -> Answer<InWindow<NodeStorage>> {
        let (of, now) = (Selection::one(node), now.ceil(Grain::Minute));
        self.storage.answer(&self.readers, of, now, |reader, _| {
            Ok(InWindow { window: lately(now, now), what: storage_of(reader, node, now)? })
        })
    }

    /// What a node stored by day, in a window widened to whole days, as [`stored_days_of`].
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn stored_days(
        &self,
        node: &NodeName,
        window: Window,
        now: Timestamp,
    ) -> Answer<InWindow<StoredDays>> {
        let (window, now) = (window.widened(Grain::Day), now.ceil(Grain::Minute));
        let of = Selection::one(node);
        self.stored_days.answer(&self.readers, of, (window, now), |reader, _| {
            Ok(InWindow { window, what: stored_days_of(reader, node, window, now)? })
        })
    }

    /// What work a node did on its pieces, in a window widened to whole minutes, and what goes on at
    /// its end, as [`node_work_of`].
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn work(&self, node: &NodeName, window: Window) -> Answer<NodeWork> {
        let (of, window) = (Selection::one(node), window.widened(Grain::Minute));
        self.work.answer(&self.readers, of, window, |reader, _| node_work_of(reader, node, window))
    }

    /// What satellites think of a node, in a window widened to whole minutes, as [`reputation_of`].
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn reputation(
        &self,
        node: &NodeName,
        window: Window,
        now: Timestamp,
    ) -> Answer<InWindow<Vec<Reputation>>> {
        let (window, now) = (window.widened(Grain::Minute), now.ceil(Grain::Minute));
        let of = Selection::one(node);
        self.reputation.answer(&self.readers, of, (window, now), |reader, _| {
            Ok(InWindow { window, what: reputation_of(reader, node, window, now)? })
        })
    }

    /// How a node can be reached, in a window widened to whole minutes, as [`connectivity_of`].
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn connectivity(
        &self,
        node: &NodeName,
        window: Window,
        now: Timestamp,
    ) -> Answer<Connectivity> {
        let (window, now) = (window.widened(Grain::Minute), now.ceil(Grain::Minute));
        let of = Selection::one(node);
        self.connectivity.answer(&self.readers, of, (window, now), |reader, _| {
            connectivity_of(reader, node, window, now)
        })
    }

    /// Nodes side by side, in a window widened to whole hours, with what each earns for a terabyte
    /// and a month, as [`compare_of`].
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn comparison(
        &self,
        nodes: &[NodeName],
        window: Window,
        earnings_per_tb: &BTreeMap<NodeName, MicroUsd>,
    ) -> Answer<Comparison> {
        let of = Selection::of(Nodes::Of(nodes));
        let question = (window.widened(Grain::Hour), nodes.to_vec(), earnings_per_tb.clone());
        self.comparison.answer(&self.readers, of, question, |reader, _| {
            compare_of(reader, nodes, window, earnings_per_tb)
        })
    }

    /// What is usual, unusual and changing at a node up to its newest hour that is over, as
    /// [`Lookout::outlook`](crate::outlook::Lookout::outlook): kept until that hour is another one, and asked
    /// each time which one it is.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn outlook(&self, node: &NodeName, now: Timestamp) -> Answer<Outlook> {
        self.lookout.outlook(node, now)
    }
}
