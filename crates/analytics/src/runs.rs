//! Which work did a node do on its pieces: when, how long, and what came of it?

mod pairing;
mod running;
mod summary;

use piecewatch_model::{ByteCount, Compaction, Maintenance, SatelliteId, Timestamp};
use piecewatch_store::Event;

use crate::{hash_store::StoreState, work::Task};
use pairing::Pairing;
pub use running::{Running, running, usual_micros};
pub use summary::{TaskSummary, summaries};

/// A piece of work from its beginning to its end.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// What it was.
    pub task: Task,
    /// For which satellite; `None` for work on all of them.
    pub satellite: Option<SatelliteId>,
    /// In which part of the hash store; `None` outside of it.
    pub store: Option<Box<str>>,
    /// When it began; `None` where that is not known.
    pub began_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Timestamp,
    /// How it ended.
    pub ending: RunEnding,
    /// How long it took, as the node told it, else from the beginning to the end, in microseconds.
    /// `None` where neither is known.
    pub duration_micros: Option<u64>,
    /// How many pieces were looked at; `None` where it was not told, as for all below.
    pub examined: Option<u64>,
    /// How many pieces were changed: trashed, deleted, rewritten.
    pub affected: Option<u64>,
    /// How many pieces failed.
    pub failed: Option<u64>,
    /// How many bytes that were: found by a walk, freed by emptying the trash; of a compaction
    /// [`CompactionRun::reclaimed`].
    pub bytes: Option<ByteCount>,
    /// What a compaction did; `None` of other work.
    pub compaction: Option<CompactionRun>,
}

/// How a piece of work ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RunEnding {
    /// Well.
    Finished,
    /// With an error.
    Failed,
    /// Without a word: the node's process ended before it, or the same work began anew.
    Interrupted,
}

impl RunEnding {
    /// In one lower-case word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Finished => "finished",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
        }
    }
}

/// What a compaction did to a part of the hash store. `None`: not told.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct CompactionRun {
    /// How it was before.
    pub before: Option<StoreState>,
    /// How it was after.
    pub after: Option<StoreState>,
    /// Bytes of log files freed.
    pub reclaimed: Option<ByteCount>,
    /// Bytes of pieces copied into new log files.
    pub rewritten: Option<ByteCount>,
}

/// The runs that lines tell, those that ended first at first; what has not ended is not among them.
///
/// `starts` are the times at which the node's process began, in any order: what was open then was
/// interrupted. The order of the lines does not matter.
pub fn runs(
    compactions: &[Event<Compaction>],
    maintenance: &[Event<Maintenance>],
    starts: &[Timestamp],
) -> Vec<Run> {
    Pairing::new(compactions, maintenance, starts).run()
}
