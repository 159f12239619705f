//! What the collector has committed, asked of its database, and held to the truth.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    slice,
};

use anyhow::Result;
use piecewatch_model::NodeName;
use piecewatch_simulator::{TransferKey, Truth};
use piecewatch_store::{Fate, Nodes, Readers, Store, StoreConfig, TrafficRow};

/// The most commits that are looked at together.
const COMMITS_MAX: u32 = 10_000;

/// Watches a database.
#[derive(Debug)]
pub(crate) struct Stored {
    readers: Readers,
    /// The number of the last commit that was looked at.
    seq: i64,
}

/// How the database differs from the truth. All 0 is what is promised.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Difference {
    /// Transfers, and uploads turned away, that are not in the database.
    pub(crate) lost: u64,
    /// Those that are in it too often.
    pub(crate) doubled: u64,
    /// Bytes that are missing or too many.
    pub(crate) bytes: u64,
    /// All transfers of the truth.
    pub(crate) transfers: u64,
}

impl Stored {
    pub(crate) fn open(database: &Path) -> Result<Self> {
        let Store { writer, readers } = Store::open(database, StoreConfig::default())?;
        drop(writer);
        Ok(Self { readers, seq: 0 })
    }

    /// The nodes that got something since the last time, and how many transfers each has now.
    pub(crate) fn changed(&mut self) -> Result<Vec<(NodeName, u64)>> {
        let reader = self.readers.get()?;
        let commits = reader.commits_since(self.seq, COMMITS_MAX)?;
        self.seq = commits.last().map_or(self.seq, |commit| commit.seq);
        let nodes: BTreeSet<_> = commits.into_iter().map(|commit| commit.node).collect();
        let count = |node: NodeName| {
            let totals = reader.traffic_totals(Nodes::Of(slice::from_ref(&node)), None)?;
            let ended = totals.rows.iter().filter(|row| matches!(row.fate, Fate::Ended(_)));
            Ok((node, ended.map(|row| row.count).sum()))
        };
        nodes.into_iter().map(count).collect()
    }

    /// Compares all nodes with their truth.
    pub(crate) fn compare<'a>(
        &self,
        truths: impl Iterator<Item = (&'a NodeName, &'a Truth)>,
    ) -> Result<Difference> {
        let reader = self.readers.get()?;
        let mut difference = Difference::default();
        for (node, truth) in truths {
            let totals = reader.traffic_totals(Nodes::Of(slice::from_ref(node)), None)?;
            difference.add(truth, &totals.rows);
        }
        Ok(difference)
    }
}

impl Difference {
    fn add(&mut self, truth: &Truth, rows: &[TrafficRow]) {
        // What is expected, and what is there.
        let mut counts: BTreeMap<_, [(u64, u64); 2]> = BTreeMap::new();
        for (TransferKey { satellite, action, outcome }, total) in &truth.transfers {
            let key = (*satellite, action.clone(), Some(*outcome));
            counts.entry(key).or_default()[0] = (total.count, total.bytes);
            self.transfers += total.count;
        }
        let mut rejected = 0;
        for row in rows {
            match row.fate {
                Fate::Ended(outcome) => {
                    let key = (row.satellite, row.action.clone(), Some(outcome));
                    counts.entry(key).or_default()[1] = (row.count, row.bytes.get());
                }
                // The truth does not tell whose they are.
                Fate::Rejected => rejected += row.count,
            }
        }
        self.count(truth.rejected, rejected);
        for [expected, found] in counts.into_values() {
            self.count(expected.0, found.0);
            self.bytes += expected.1.abs_diff(found.1);
        }
    }

    const fn count(&mut self, expected: u64, found: u64) {
        self.lost += expected.saturating_sub(found);
        self.doubled += found.saturating_sub(expected);
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use piecewatch_simulator::{Config, Simulator};

    use super::*;

    #[test]
    fn what_is_missing_and_what_is_too_much_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let (log, database) = (folder.path().join("a.log"), folder.path().join("a.db"));
        let node: NodeName = "a".parse().unwrap();
        let mut simulator = Simulator::new(Config::default());
        let mut bytes = Vec::new();
        let truth = simulator.write(4_000, &mut bytes).unwrap();
        fs::write(&log, bytes).unwrap();
        let now = piecewatch_simulator::Vocabulary::Y2026.start();
        piecewatch_benches::import(&node, &log, &database, now).unwrap();

        let mut stored = Stored::open(&database).unwrap();
        let transfers = truth.transfers_total().count;
        assert_eq!(stored.changed().unwrap(), [(node.clone(), transfers)]);
        assert_eq!(stored.changed().unwrap(), []);
        let same = stored.compare([(&node, &truth)].into_iter()).unwrap();
        assert_eq!(same, Difference { transfers, ..Difference::default() });

        let more = simulator.write(100, &mut Vec::new()).unwrap();
        let missing = stored.compare([(&node, &more)].into_iter()).unwrap();
        let count = more.transfers_total().count - transfers;
        assert!(missing.lost >= count && missing.doubled == 0 && missing.bytes > 0, "{missing:?}");
        let nothing = stored.compare([(&node, &Truth::default())].into_iter()).unwrap();
        assert_eq!((nothing.lost, nothing.doubled), (0, transfers + truth.rejected));
    }
}
