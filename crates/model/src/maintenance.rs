//! How a node looks after its pieces.

use crate::{ByteCount, SatelliteId, Timestamp};

/// How far a piece of work has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Phase {
    /// It was asked for and waits.
    Queued,
    /// It began.
    Started,
    /// A part of it was done.
    Progress,
    /// It ended well.
    Finished,
    /// It did not.
    Failed,
}

impl Phase {
    /// Every phase, in the order of its code.
    pub const ALL: [Self; 5] =
        [Self::Queued, Self::Started, Self::Progress, Self::Finished, Self::Failed];

    /// The number under which a database knows the phase: 0 to 4.
    pub const fn code(self) -> u8 {
        match self {
            Self::Queued => 0,
            Self::Started => 1,
            Self::Progress => 2,
            Self::Finished => 3,
            Self::Failed => 4,
        }
    }

    /// The phase of this code; `None` for a number that is none.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|phase| phase.code() == code)
    }

    /// The phase in one lower-case word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Started => "started",
            Self::Progress => "progress",
            Self::Finished => "finished",
            Self::Failed => "failed",
        }
    }
}

/// The work that a node does on its pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MaintenanceKind {
    /// A bloom filter came from a satellite: everything not in it is garbage.
    BloomFilter,
    /// Garbage collection: pieces that the bloom filter does not name go to the trash.
    Retain,
    /// The walk over all pieces that garbage collection of the blob store needs.
    GcWalker,
    /// The walk over all pieces that adds up the space they take.
    UsedSpaceWalker,
    /// The walk over the trash that deletes what is old.
    TrashWalker,
    /// Emptying the trash of a satellite.
    EmptyTrash,
    /// Taking pieces back out of the trash.
    RestoreTrash,
    /// Deleting pieces whose time is over.
    ExpiredPieces,
    /// Deleting pieces at a satellite's or client's word; before v1.118.
    Delete,
    /// Moving pieces from the blob store to the hash store.
    Migration,
    /// A step of a compaction: what was rewritten, trashed and reclaimed.
    CompactionStep,
    /// Opening the hash store at start.
    HashstoreOpen,
    /// The node's own test that its disk can be read; its duration is the disk's latency.
    ReadCheck,
    /// The node's own test that its disk can be written; its duration is the disk's latency.
    WriteCheck,
}

impl MaintenanceKind {
    /// Every kind, in the order of its code.
    pub const ALL: [Self; 14] = [
        Self::BloomFilter,
        Self::Retain,
        Self::GcWalker,
        Self::UsedSpaceWalker,
        Self::TrashWalker,
        Self::EmptyTrash,
        Self::RestoreTrash,
        Self::ExpiredPieces,
        Self::Delete,
        Self::Migration,
        Self::CompactionStep,
        Self::HashstoreOpen,
        Self::ReadCheck,
        Self::WriteCheck,
    ];

    /// The number under which a database knows the kind: 1 to 14.
    pub const fn code(self) -> u8 {
        match self {
            Self::BloomFilter => 1,
            Self::Retain => 2,
            Self::GcWalker => 3,
            Self::UsedSpaceWalker => 4,
            Self::TrashWalker => 5,
            Self::EmptyTrash => 6,
            Self::RestoreTrash => 7,
            Self::ExpiredPieces => 8,
            Self::Delete => 9,
            Self::Migration => 10,
            Self::CompactionStep => 11,
            Self::HashstoreOpen => 12,
            Self::ReadCheck => 13,
            Self::WriteCheck => 14,
        }
    }

    /// The kind of this code; `None` for a number that is none.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// The kind in lower-case words joined by `_`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::BloomFilter => "bloom_filter",
            Self::Retain => "retain",
            Self::GcWalker => "gc_walker",
            Self::UsedSpaceWalker => "used_space_walker",
            Self::TrashWalker => "trash_walker",
            Self::EmptyTrash => "empty_trash",
            Self::RestoreTrash => "restore_trash",
            Self::ExpiredPieces => "expired_pieces",
            Self::Delete => "delete",
            Self::Migration => "migration",
            Self::CompactionStep => "compaction_step",
            Self::HashstoreOpen => "hashstore_open",
            Self::ReadCheck => "read_check",
            Self::WriteCheck => "write_check",
        }
    }
}

/// A line about work on the pieces.
///
/// Nodes write one line for each piece in some kinds of work. Records of one kind, satellite,
/// store and phase at one instant are therefore one thing: their numbers add up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Maintenance {
    /// When the line was written; the start of its minute for lines about single pieces.
    pub at: Timestamp,
    /// What is done.
    pub kind: MaintenanceKind,
    /// How far it has come.
    pub phase: Phase,
    /// For which satellite; `None` for work on all of them.
    pub satellite: Option<SatelliteId>,
    /// In which part of the hash store, `s0` or `s1`; `None` outside of it.
    pub store: Option<Box<str>>,
    /// How long it took, in microseconds.
    pub duration_micros: Option<u64>,
    /// How many pieces (records, files) were looked at.
    pub examined: Option<u64>,
    /// How many pieces were changed: trashed, deleted, moved, rewritten.
    pub affected: Option<u64>,
    /// How many pieces failed.
    pub failed: Option<u64>,
    /// How many bytes that were: the space found by a walk, freed by a deletion, moved.
    pub bytes: Option<ByteCount>,
}

/// The hash store's log files are rewritten without what is dead in them.
#[derive(Debug, Clone, PartialEq)]
pub struct Compaction {
    /// When the line was written.
    pub at: Timestamp,
    /// For which satellite.
    pub satellite: SatelliteId,
    /// In which part of the hash store, `s0` or `s1`.
    pub store: Box<str>,
    /// [`Phase::Started`], [`Phase::Finished`] or [`Phase::Failed`].
    pub phase: Phase,
    /// How long it took, in microseconds; at the end only.
    pub duration_micros: Option<u64>,
    /// Bytes in log files (`LenLogs`). The node rounds all sizes here to one decimal of their unit.
    pub logs: Option<ByteCount>,
    /// Bytes of pieces that live (`Table.LenSet`); the rest of the log files is dead.
    pub live: Option<ByteCount>,
    /// Bytes of pieces in the trash (`Table.LenTrash`).
    pub trash: Option<ByteCount>,
    /// Bytes that a compaction could free (`DataReclaimable`).
    pub reclaimable: Option<ByteCount>,
    /// Bytes freed since the process started (`DataReclaimed`).
    pub reclaimed: Option<ByteCount>,
    /// Bytes rewritten since the process started (`DataRewritten`).
    pub rewritten: Option<ByteCount>,
    /// Share of the hash table's slots in use (`Table.Load`), 0 to 1.
    pub table_load: Option<f64>,
    /// Share of the log files' bytes that is trash (`TrashPercent`), 0 to 1.
    pub trash_share: Option<f64>,
    /// The template of the error, where there is one.
    pub error: Option<Box<str>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_round_trip() {
        for phase in Phase::ALL {
            assert_eq!(Phase::from_code(phase.code()), Some(phase));
        }
        for kind in MaintenanceKind::ALL {
            assert_eq!(MaintenanceKind::from_code(kind.code()), Some(kind));
        }
        assert_eq!((Phase::from_code(5), MaintenanceKind::from_code(0)), (None, None));
    }
}
