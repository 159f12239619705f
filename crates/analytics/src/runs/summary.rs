//! What work of each kind came to in a window, beside what it was before.

use std::collections::BTreeMap;

use piecewatch_model::{ByteCount, MaintenanceKind};
use piecewatch_store::Window;

use super::{Run, RunEnding, running::median, usual_micros};
use crate::work::Task;

/// The runs of one task that ended in a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskSummary {
    /// What it was.
    pub task: Task,
    /// How many ended well.
    pub finished: u64,
    /// How many failed.
    pub failed: u64,
    /// How many were interrupted.
    pub interrupted: u64,
    /// The median of how long those took that ended well, in microseconds; `None` where none tells.
    pub median_micros: Option<u64>,
    /// How long the longest of them took, in microseconds.
    pub longest_micros: Option<u64>,
    /// How long it took before the window, in microseconds: the median of the last 20 that ended
    /// well. `None` where fewer than three are known.
    pub before_micros: Option<u64>,
    /// How many pieces were looked at; `None` where no run tells, as below.
    pub examined: Option<u64>,
    /// How many pieces were changed.
    pub affected: Option<u64>,
    /// How many bytes: reclaimed by compactions, freed from the trash. What walks find is the same
    /// again each time, and is not added up.
    pub bytes: Option<ByteCount>,
    /// Bytes that compactions copied.
    pub rewritten: Option<ByteCount>,
}

/// The runs that ended in a window, by task. `runs` are in the order of their ends, and hold those
/// before the window too, for comparison.
pub fn summaries(runs: &[Run], window: Window) -> Vec<TaskSummary> {
    let mut by_task: BTreeMap<Task, Vec<&Run>> = BTreeMap::new();
    for run in runs.iter().filter(|run| run.ended_at >= window.from && run.ended_at < window.to) {
        by_task.entry(run.task).or_default().push(run);
    }
    let summary = |(task, of_task): (Task, Vec<&Run>)| {
        let ended = |ending| of_task.iter().filter(move |run| run.ending == ending).count() as u64;
        let well = of_task.iter().filter(|run| run.ending == RunEnding::Finished);
        let mut took: Vec<u64> = well.filter_map(|run| run.duration_micros).collect();
        took.sort_unstable();
        let before = runs.iter().filter(|run| run.task == task && run.ended_at < window.from);
        let is_walk = task == Task::Maintenance(MaintenanceKind::UsedSpaceWalker);
        let bytes = |run: &&Run| run.bytes.filter(|_| !is_walk).map(ByteCount::get);
        let rewritten = |run: &&Run| run.compaction.and_then(|did| did.rewritten);
        TaskSummary {
            task,
            finished: ended(RunEnding::Finished),
            failed: ended(RunEnding::Failed),
            interrupted: ended(RunEnding::Interrupted),
            median_micros: median(&took),
            longest_micros: took.last().copied(),
            before_micros: usual_micros(before),
            examined: sum(of_task.iter().map(|run| run.examined)),
            affected: sum(of_task.iter().map(|run| run.affected)),
            bytes: sum(of_task.iter().map(bytes)).map(ByteCount::new),
            rewritten: sum(of_task.iter().map(rewritten).map(|bytes| bytes.map(ByteCount::get)))
                .map(ByteCount::new),
        }
    };
    by_task.into_iter().map(summary).collect()
}

/// The sum of what is known; `None` where nothing is.
fn sum(numbers: impl Iterator<Item = Option<u64>>) -> Option<u64> {
    numbers.flatten().reduce(u64::saturating_add)
}
