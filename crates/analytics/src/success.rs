//! How many transfers succeed, of which nodes, satellites and actions, and over time.
//!
//! Classes of endings shift between versions of nodes: since v1.122 a lost connection cancels a
//! download that it made fail before, since v1.113 uploads that the client gave up are told at a
//! level that is not logged. A curve that jumps where a node was upgraded tells of the words of the
//! log, not of the node; so upgrades are told beside it.

use std::collections::BTreeMap;

use piecewatch_model::{Action, Direction, Grain, NodeName, SatelliteId, Timestamp};
use piecewatch_store::{Fate, Nodes, Reader, Result, TrafficPoint, TrafficRow, VersionRun, Window};

use crate::tally::{Amount, Share, Tally};

/// How the transfers ended that rows tell of, by what `key` tells apart. Uploads turned away are no
/// transfers.
pub fn tallies<'a, K: Ord>(
    rows: impl IntoIterator<Item = &'a TrafficRow>,
    key: impl Fn(&TrafficRow) -> K,
) -> BTreeMap<K, Tally> {
    let mut tallies: BTreeMap<K, Tally> = BTreeMap::new();
    for row in rows {
        if let Fate::Ended(outcome) = row.fate {
            let amount = Amount { count: row.count, bytes: row.bytes };
            tallies.entry(key(row)).or_default().add(outcome, amount);
        }
    }
    tallies
}

/// Uploads that came to a node.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Acceptance {
    /// It took them up, however they ended.
    pub accepted: u64,
    /// It turned them away because it was busy.
    pub rejected: u64,
}

impl Acceptance {
    /// The share that was taken up: accepted ÷ (accepted + rejected). `None` when there were none.
    pub const fn share(self) -> Option<Share> {
        Share::of(self.accepted, self.accepted.saturating_add(self.rejected))
    }

    fn add(&mut self, action: &Action, fate: Fate, count: u64) {
        match (fate, action.direction()) {
            (Fate::Rejected, _) => self.rejected = self.rejected.saturating_add(count),
            (Fate::Ended(_), Direction::Upload) => {
                self.accepted = self.accepted.saturating_add(count);
            }
            (Fate::Ended(_), Direction::Download) => {}
        }
    }
}

/// The uploads that each node took up and turned away. A line about one that was turned away names
/// neither satellite nor action, so uploads for repair count on both sides.
pub fn acceptance<'a>(
    rows: impl IntoIterator<Item = &'a TrafficRow>,
) -> BTreeMap<NodeName, Acceptance> {
    let mut acceptance: BTreeMap<NodeName, Acceptance> = BTreeMap::new();
    for row in rows {
        acceptance.entry(row.node.clone()).or_default().add(&row.action, row.fate, row.count);
    }
    acceptance
}

/// How the transfers of one node and action ended in one bucket of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SuccessPoint {
    /// The beginning of the bucket.
    pub at: Timestamp,
    /// Of which node.
    pub node: NodeName,
    /// Of which action.
    pub action: Action,
    /// How they ended.
    pub tally: Tally,
}

/// How transfers ended over time, and the uploads that were taken up and turned away. Buckets
/// without any are left out: there is no rate of nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SuccessSeries {
    /// By time, node and action.
    pub points: Vec<SuccessPoint>,
    /// By time and node.
    pub acceptance: Vec<(Timestamp, NodeName, Acceptance)>,
}

/// How transfers ended over time, of points in buckets of any grain.
pub fn success_series<'a>(points: impl IntoIterator<Item = &'a TrafficPoint>) -> SuccessSeries {
    let mut tallies: BTreeMap<(Timestamp, NodeName, Action), Tally> = BTreeMap::new();
    let mut acceptance: BTreeMap<(Timestamp, NodeName), Acceptance> = BTreeMap::new();
    for point in points {
        let TrafficPoint { at, node, action, fate, count, bytes } = point;
        acceptance.entry((*at, node.clone())).or_default().add(action, *fate, *count);
        if let Fate::Ended(outcome) = *fate {
            let tally = tallies.entry((*at, node.clone(), action.clone())).or_default();
            tally.add(outcome, Amount { count: *count, bytes: *bytes });
        }
    }
    let point = |((at, node, action), tally)| SuccessPoint { at, node, action, tally };
    SuccessSeries {
        points: tallies.into_iter().map(point).collect(),
        acceptance: acceptance.into_iter().map(|((at, node), of)| (at, node, of)).collect(),
    }
}

/// A node began to tell another version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upgrade {
    /// When it told the new one first.
    pub at: Timestamp,
    /// The node.
    pub node: NodeName,
    /// The version before; may be a newer one.
    pub from: Box<str>,
    /// The version since.
    pub to: Box<str>,
}

/// The upgrades in a window, oldest first. Runs that begin before it tell what a node had before; a
/// first version of which nothing is known before is no upgrade.
pub fn upgrades(runs: &[VersionRun], window: Window) -> Vec<Upgrade> {
    let mut runs: Vec<&VersionRun> = runs.iter().collect();
    runs.sort_by_key(|run| (&run.node, run.first_at));
    let change = |pair: &[&VersionRun]| {
        let [before, since] = pair else { return None };
        let within = window.from <= since.first_at && since.first_at < window.to;
        (within && before.node == since.node && before.version != since.version).then(|| Upgrade {
            at: since.first_at,
            node: since.node.clone(),
            from: before.version.clone(),
            to: since.version.clone(),
        })
    };
    let mut upgrades: Vec<Upgrade> = runs.windows(2).filter_map(change).collect();
    upgrades.sort_by_key(|upgrade| upgrade.at);
    upgrades
}

/// What became of the requests to nodes in a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Success {
    /// What it covers: the window asked for, widened to whole hours, or all that is known; `None` when
    /// nothing is.
    pub window: Option<Window>,
    /// How transfers ended, by node, satellite (`None` where the log does not tell) and action.
    pub tallies: BTreeMap<(NodeName, Option<SatelliteId>, Action), Tally>,
    /// The uploads that each node took up and turned away.
    pub acceptance: BTreeMap<NodeName, Acceptance>,
    /// The upgrades within the window: rates before and after one do not compare.
    pub upgrades: Vec<Upgrade>,
}

/// Asks what became of the requests to nodes in a window, or in all time where there is none.
///
/// # Errors
///
/// When the database cannot be read.
pub fn success_of(reader: &Reader, nodes: Nodes<'_>, window: Option<Window>) -> Result<Success> {
    let totals = reader.traffic_totals(nodes, window)?;
    let window = window.map(|window| window.widened(Grain::Hour)).or(totals.window);
    let upgrades = match window {
        Some(window) => upgrades_of(reader, nodes, window)?,
        None => Vec::new(),
    };
    let key = |row: &TrafficRow| (row.node.clone(), row.satellite, row.action.clone());
    Ok(Success {
        window,
        tallies: tallies(&totals.rows, key),
        acceptance: acceptance(&totals.rows),
        upgrades,
    })
}

/// How transfers ended over time, and what makes a curve jump.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SuccessOverTime {
    /// What it covers: the window asked for, widened to whole buckets.
    pub window: Window,
    /// The width of a bucket.
    pub grain: Grain,
    /// How transfers ended in each bucket.
    pub series: SuccessSeries,
    /// The upgrades within the window: rates before and after one do not compare.
    pub upgrades: Vec<Upgrade>,
}

/// Asks how transfers ended over time, by buckets of a grain, and for the upgrades within.
///
/// # Errors
///
/// When the database cannot be read.
pub fn success_series_of(
    reader: &Reader,
    nodes: Nodes<'_>,
    window: Window,
    grain: Grain,
) -> Result<SuccessOverTime> {
    let window = window.widened(grain);
    let series = success_series(&reader.traffic_series(nodes, window, grain)?);
    let upgrades = upgrades_of(reader, nodes, window)?;
    Ok(SuccessOverTime { window, grain, series, upgrades })
}

/// Asks for the upgrades in a window.
pub(crate) fn upgrades_of(
    reader: &Reader,
    nodes: Nodes<'_>,
    window: Window,
) -> Result<Vec<Upgrade>> {
    Ok(upgrades(&reader.versions(nodes, window)?, window))
}
