//! What runs now: since when, and how long will it take?

use piecewatch_model::Timestamp;

use super::{Run, RunEnding};
use crate::work::OpenWork;

/// Fewer earlier runs tell nothing of what is usual.
const RUNS_MIN: usize = 3;
/// The newest runs tell most: a store that has grown takes longer.
const RUNS_MAX: usize = 20;

/// Work that goes on, beside how long it took before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Running {
    /// What goes on.
    pub work: OpenWork,
    /// For how long, in microseconds.
    pub elapsed_micros: u64,
    /// How long it usually takes, in microseconds: the median of the last 20 that ended well.
    /// `None` where fewer than three are known.
    pub usual_micros: Option<u64>,
}

impl Running {
    /// How long it will still take if it takes as long as usual, in microseconds. `None` where that
    /// is not known, and when it has taken longer already.
    pub fn left_micros(&self) -> Option<u64> {
        self.usual_micros?.checked_sub(self.elapsed_micros)
    }

    /// Whether it has taken longer than usual.
    pub fn is_overdue(&self) -> bool {
        self.usual_micros.is_some_and(|usual| self.elapsed_micros > usual)
    }
}

/// Open work beside the runs before it.
pub fn running(work: Vec<OpenWork>, runs: &[Run], now: Timestamp) -> Vec<Running> {
    let beside = |work: OpenWork| {
        let elapsed = now.as_micros().saturating_sub(work.since.as_micros());
        let same = runs.iter().filter(|run| {
            run.task == work.task && run.satellite == work.satellite && run.store == work.store
        });
        let usual_micros = usual_micros(same);
        Running { work, elapsed_micros: u64::try_from(elapsed).unwrap_or(0), usual_micros }
    };
    work.into_iter().map(beside).collect()
}

/// How long runs usually take, in microseconds: the median of the last 20 that ended well, in the
/// order of their ends. `None` where fewer than three tell.
pub fn usual_micros<'a>(runs: impl DoubleEndedIterator<Item = &'a Run>) -> Option<u64> {
    let ended = runs.rev().filter(|run| run.ending == RunEnding::Finished);
    let mut last: Vec<u64> = ended.filter_map(|run| run.duration_micros).take(RUNS_MAX).collect();
    if last.len() < RUNS_MIN {
        return None;
    }
    last.sort_unstable();
    median(&last)
}

/// The median of sorted values; the mean of the middle two, rounded down.
pub(super) fn median(sorted: &[u64]) -> Option<u64> {
    let above = *sorted.get(sorted.len() / 2)?;
    let below = sorted[(sorted.len() - 1) / 2];
    Some(u64::midpoint(below, above))
}
