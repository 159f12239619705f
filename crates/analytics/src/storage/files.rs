//! What is in a node's files, as walks and compactions tell?

use std::collections::{BTreeMap, BTreeSet};

use piecewatch_model::{ByteCount, Maintenance, MaintenanceKind, Phase, SatelliteId, Timestamp};

use crate::hash_store::HashStore;

/// What is in a node's files, as far as its log tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileAccount {
    /// Pieces in the blob store, by the newest walk for each satellite; `None` where no walk ended
    /// well lately. Without those that were moved to the hash store after the walk and before the
    /// compaction that found them there; where the log does not tell for which satellite, after the
    /// oldest of the walks.
    pub blobs: Option<ByteCount>,
    /// Pieces in the hash store without trash, when each part of it was compacted last; `None` for
    /// a node that has none, or whose log does not tell. Nodes round it to a decimal of its unit.
    pub hash_store: Option<ByteCount>,
    /// The trash in the hash store.
    pub hash_store_trash: Option<ByteCount>,
    /// What is dead in the hash store's log files: neither pieces nor trash.
    pub hash_store_dead: Option<ByteCount>,
    /// When the oldest of these was told.
    pub since: Option<Timestamp>,
    /// How many satellites the node serves, as it reported, or else as its traffic of 30 days tells.
    pub served: usize,
    /// Those of them of whose pieces nothing is known: no walk, or, at a node without any walk, no
    /// compaction.
    pub missing: Vec<SatelliteId>,
}

impl FileAccount {
    /// Pieces without trash of all satellites, in both stores; `None` where those of a satellite are
    /// not known.
    pub fn pieces(&self) -> Option<ByteCount> {
        self.found().filter(|_| self.missing.is_empty())
    }

    /// Pieces without trash in both stores, of the satellites that are not [`missing`](Self::missing);
    /// `None` where neither store tells.
    pub fn found(&self) -> Option<ByteCount> {
        match (self.blobs, self.hash_store) {
            (Some(blobs), Some(hash_store)) => Some(blobs + hash_store),
            (blobs, hash_store) => blobs.or(hash_store),
        }
    }

    pub(super) fn of(
        lines: &[Maintenance],
        stores: &[HashStore],
        served: &BTreeSet<SatelliteId>,
    ) -> Self {
        let mut newest: BTreeMap<SatelliteId, (Timestamp, ByteCount)> = BTreeMap::new();
        for walk in lines {
            let is_whole =
                walk.kind == MaintenanceKind::UsedSpaceWalker && walk.phase == Phase::Finished;
            let (true, Some(satellite), Some(bytes)) = (is_whole, walk.satellite, walk.bytes)
            else {
                continue;
            };
            let entry = newest.entry(satellite).or_insert((walk.at, bytes));
            if walk.at > entry.0 {
                *entry = (walk.at, bytes);
            }
        }
        let sum = |of: fn(&HashStore) -> Option<ByteCount>| {
            let known: Vec<ByteCount> = stores.iter().filter_map(of).collect();
            (!known.is_empty()).then(|| known.into_iter().sum())
        };
        let told = newest.values().map(|(at, _)| *at);
        let is_told = |satellite: &SatelliteId| {
            let is_compacted = || stores.iter().any(|store| store.satellite == *satellite);
            if newest.is_empty() { is_compacted() } else { newest.contains_key(satellite) }
        };
        let missing = served.iter().copied().filter(|satellite| !is_told(satellite)).collect();
        Self {
            served: served.len(),
            missing,
            blobs: (!newest.is_empty()).then(|| still_there(&newest, lines, stores)),
            hash_store: sum(|store| store.state.pieces()),
            hash_store_trash: sum(|store| store.state.trash),
            hash_store_dead: sum(|store| store.state.dead()),
            since: told.chain(stores.iter().map(|store| store.state.at)).min(),
        }
    }
}

/// What walks found, without what compactions found again in the hash store.
fn still_there(
    walks: &BTreeMap<SatelliteId, (Timestamp, ByteCount)>,
    lines: &[Maintenance],
    stores: &[HashStore],
) -> ByteCount {
    let compacted = |satellite: Option<SatelliteId>| {
        let of = stores.iter().filter(|of| satellite.is_none_or(|id| of.satellite == id));
        of.map(|of| of.state.at).max()
    };
    let moved = |satellite: Option<SatelliteId>, walked: Timestamp| -> u64 {
        let Some(compacted) = compacted(satellite) else { return 0 };
        let is_moved = |line: &&Maintenance| {
            line.kind == MaintenanceKind::Migration
                && line.phase == Phase::Progress
                && line.satellite == satellite
                && walked < line.at
                && line.at <= compacted
        };
        let of = lines.iter().filter(is_moved);
        of.map(|line| line.bytes.unwrap_or_default()).sum::<ByteCount>().get()
    };
    let left = walks.iter().map(|(satellite, (walked, found))| {
        ByteCount::new(found.get().saturating_sub(moved(Some(*satellite), *walked)))
    });
    let left: ByteCount = left.sum();
    let oldest = walks.values().map(|(walked, _)| *walked).min();
    let of_any = oldest.map_or(0, |walked| moved(None, walked));
    ByteCount::new(left.get().saturating_sub(of_any))
}
