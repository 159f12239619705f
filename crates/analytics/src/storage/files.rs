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
    /// By how much what is in the hash store may be off, because nodes round it.
    pub rounding: ByteCount,
    /// When the oldest of these was told.
    pub since: Option<Timestamp>,
    /// Where pieces may be of which nothing is known, by satellite: of those that the node serves, as
    /// it reported, or else as its traffic and its compactions of 30 days tell.
    pub missing: Vec<UnknownFiles>,
}

/// A part of a satellite's files of which nothing is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnknownFiles {
    /// Whose pieces.
    pub satellite: SatelliteId,
    /// Where.
    pub part: FilePart,
}

/// Where a node keeps pieces of a satellite. The hash store of a satellite has two parts: pieces come
/// to one while the other is compacted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FilePart {
    /// The blob store; a walk tells of it.
    Blobs,
    /// The first part of the hash store; a compaction tells of it.
    S0,
    /// The second part of the hash store.
    S1,
}

impl FilePart {
    /// As nodes name it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Blobs => "blobs",
            Self::S0 => "s0",
            Self::S1 => "s1",
        }
    }
}

impl FileAccount {
    /// Pieces without trash of all satellites, in both stores; `None` where a part is
    /// [`missing`](Self::missing).
    pub fn pieces(&self) -> Option<ByteCount> {
        self.found().filter(|_| self.missing.is_empty())
    }

    /// Pieces without trash in both stores, without the parts that are [`missing`](Self::missing);
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
        Self {
            missing: missing(&newest, stores, served),
            blobs: (!newest.is_empty()).then(|| still_there(&newest, lines, stores)),
            hash_store: sum(|store| store.state.pieces()),
            hash_store_trash: sum(|store| store.state.trash),
            hash_store_dead: sum(|store| store.state.dead()),
            rounding: stores.iter().map(|store| store.state.rounding()).sum(),
            since: told.chain(stores.iter().map(|store| store.state.at)).min(),
        }
    }
}

/// The parts that nobody told of. Where no walk ended the node is taken to have no blobs, and for a
/// satellite of which there was one, a hash store only where a part of it is known.
fn missing(
    walks: &BTreeMap<SatelliteId, (Timestamp, ByteCount)>,
    stores: &[HashStore],
    served: &BTreeSet<SatelliteId>,
) -> Vec<UnknownFiles> {
    let known: BTreeSet<(SatelliteId, &str)> = stores
        .iter()
        .filter(|store| store.state.pieces().is_some())
        .map(|store| (store.satellite, &*store.store))
        .collect();
    let is_missing = |satellite: SatelliteId, part: FilePart| match part {
        FilePart::Blobs => !walks.is_empty() && !walks.contains_key(&satellite),
        FilePart::S0 | FilePart::S1 => {
            let has_part = known.iter().any(|(of, _)| *of == satellite);
            (walks.is_empty() || has_part) && !known.contains(&(satellite, part.name()))
        }
    };
    let parts = |satellite: &SatelliteId| {
        let satellite = *satellite;
        let parts = [FilePart::Blobs, FilePart::S0, FilePart::S1].into_iter();
        let missing = parts.filter(move |part| is_missing(satellite, *part));
        missing.map(move |part| UnknownFiles { satellite, part })
    };
    served.iter().flat_map(parts).collect()
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
