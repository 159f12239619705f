//! What work on its pieces is a node at?

use std::collections::BTreeMap;

use piecewatch_model::{
    Compaction, Maintenance, MaintenanceKind, NodeName, Phase, SatelliteId, Timestamp,
};
use piecewatch_store::{Nodes, Reader, Result, Window};

/// Nodes work on a compaction for hours and on a walk for days; what began earlier was forgotten.
const REACH_MICROS: i64 = 7 * 24 * 3600 * 1_000_000;
/// Lines are joined by the minute where they are about single pieces: a week of three kinds of them.
const EVENTS_MAX: u32 = 30_000;

/// What a node may be at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Task {
    /// Rewriting log files of the hash store without what is dead in them.
    Compaction,
    /// Any other work on the pieces.
    Maintenance(MaintenanceKind),
}

/// Work that has begun and not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenWork {
    /// What it is.
    pub task: Task,
    /// For which satellite; `None` for work on all of them.
    pub satellite: Option<SatelliteId>,
    /// In which part of the hash store; `None` outside of it.
    pub store: Option<Box<str>>,
    /// When it began.
    pub since: Timestamp,
    /// How far it has come; `None` where nothing was told yet.
    pub progress: Option<Progress>,
}

/// How far a piece of work has come, in all since it began; 0 for what was not told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// When that was told last.
    pub at: Timestamp,
    /// How many pieces were looked at.
    pub examined: u64,
    /// How many pieces were changed.
    pub affected: u64,
    /// How many pieces failed.
    pub failed: u64,
    /// How many bytes that were.
    pub bytes: u64,
}

/// The work that a node is at, the oldest first: what began after `since`, when its process began
/// or ended last, and has not ended. The order of the events does not matter.
pub fn open_work(
    since: Option<Timestamp>,
    compactions: &[Compaction],
    maintenance: &[Maintenance],
) -> Vec<OpenWork> {
    let mut steps: Vec<Step<'_>> = compactions.iter().map(Step::of_compaction).collect();
    steps.extend(maintenance.iter().map(Step::of_maintenance));
    steps.retain(|step| since.is_none_or(|since| step.at >= since));
    // Within a second of the log, work begins before it ends.
    steps.sort_by_key(|step| (step.at, step.phase));
    let mut open: BTreeMap<Key<'_>, OpenWork> = BTreeMap::new();
    for step in steps {
        match step.phase {
            // A queue may be emptied without a word.
            Phase::Queued => {}
            Phase::Started => {
                open.insert(step.key, step.begin());
            }
            Phase::Progress => {
                if let Some(work) = open.get_mut(&step.key) {
                    step.advance(work);
                }
            }
            Phase::Finished | Phase::Failed => {
                if open.remove(&step.key).is_none() {
                    let meant = meant(&open, step.key);
                    open.remove(&meant);
                }
            }
        }
    }
    let mut open: Vec<OpenWork> = open.into_values().collect();
    open.sort_by_key(|work| work.since);
    open
}

/// Asks what work a node was at at an instant: what its log tells of later does not count.
///
/// # Errors
///
/// When the database cannot be read.
pub fn work_of(reader: &Reader, node: &NodeName, now: Timestamp) -> Result<Vec<OpenWork>> {
    let nodes = Nodes::Of(std::slice::from_ref(node));
    let Some(activity) = reader.activity_until(nodes, now)?.pop() else { return Ok(Vec::new()) };
    let started = activity.started.map(|started| started.at);
    let stopped = activity.stopped.map(|stopped| stopped.at);
    let since = started.max(stopped).max(activity.fatal.map(|fatal| fatal.at));
    let from = now.plus_micros(-REACH_MICROS);
    let window = Window { from: since.map_or(from, |since| since.max(from)), to: now };
    let compactions = reader.compactions(nodes, window, EVENTS_MAX)?;
    let maintenance = reader.maintenance(nodes, window, EVENTS_MAX)?;
    let compactions: Vec<_> = compactions.into_iter().map(|event| event.what).collect();
    let maintenance: Vec<_> = maintenance.into_iter().map(|event| event.what).collect();
    Ok(open_work(since, &compactions, &maintenance))
}

type Key<'a> = (Task, Option<SatelliteId>, Option<&'a str>);

/// Some failures name no satellite. Where one piece of such work is open, it is that.
fn meant<'a>(open: &BTreeMap<Key<'a>, OpenWork>, key: Key<'a>) -> Key<'a> {
    let (task, None, None) = key else { return key };
    let mut same = open.keys().filter(|open| open.0 == task);
    match (same.next(), same.next()) {
        (Some(only), None) => *only,
        (Some(_) | None, _) => key,
    }
}

/// A line about work, of either kind.
struct Step<'a> {
    at: Timestamp,
    phase: Phase,
    key: Key<'a>,
    progress: Progress,
}

impl<'a> Step<'a> {
    fn of_compaction(compaction: &'a Compaction) -> Self {
        Self {
            at: compaction.at,
            phase: compaction.phase,
            key: (Task::Compaction, Some(compaction.satellite), Some(&compaction.store)),
            progress: Progress::nothing(compaction.at),
        }
    }

    fn of_maintenance(work: &'a Maintenance) -> Self {
        let (task, phase) = match (work.kind, work.phase) {
            // The steps of a compaction are how far it has come.
            (MaintenanceKind::CompactionStep, _) => (Task::Compaction, Phase::Progress),
            // A piece that failed does not end the work on the others.
            (kind, Phase::Failed) if work.failed.is_some() => {
                (Task::Maintenance(kind), Phase::Progress)
            }
            (kind, phase) => (Task::Maintenance(kind), phase),
        };
        let progress = Progress {
            at: work.at,
            examined: work.examined.unwrap_or(0),
            affected: work.affected.unwrap_or(0),
            failed: work.failed.unwrap_or(0),
            bytes: work.bytes.map_or(0, |bytes| bytes.get()),
        };
        Self { at: work.at, phase, key: (task, work.satellite, work.store.as_deref()), progress }
    }

    fn begin(&self) -> OpenWork {
        let (task, satellite, store) = self.key;
        OpenWork { task, satellite, store: store.map(Into::into), since: self.at, progress: None }
    }

    fn advance(&self, work: &mut OpenWork) {
        let (before, now) = (work.progress.unwrap_or(Progress::nothing(self.at)), self.progress);
        work.progress = Some(Progress {
            at: self.at,
            examined: before.examined.saturating_add(now.examined),
            affected: before.affected.saturating_add(now.affected),
            failed: before.failed.saturating_add(now.failed),
            bytes: before.bytes.saturating_add(now.bytes),
        });
    }
}

impl Progress {
    const fn nothing(at: Timestamp) -> Self {
        Self { at, examined: 0, affected: 0, failed: 0, bytes: 0 }
    }
}

#[cfg(test)]
mod tests {
    use piecewatch_model::{ByteCount, KnownSatellite};

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_seconds(1_755_612_000 + second)
    }

    fn satellite(index: usize) -> SatelliteId {
        KnownSatellite::ALL[index].id()
    }

    fn compaction(second: i64, index: usize, phase: Phase) -> Compaction {
        Compaction {
            at: at(second),
            satellite: satellite(index),
            store: "s0".into(),
            phase,
            duration_micros: None,
            logs: None,
            live: None,
            trash: None,
            reclaimable: None,
            reclaimed: None,
            rewritten: None,
            table_load: None,
            trash_share: None,
            error: None,
        }
    }

    fn work(second: i64, kind: MaintenanceKind, phase: Phase) -> Maintenance {
        Maintenance {
            at: at(second),
            kind,
            phase,
            satellite: Some(satellite(0)),
            store: None,
            duration_micros: None,
            examined: None,
            affected: None,
            failed: None,
            bytes: None,
        }
    }

    fn step(second: i64, pieces: u64) -> Maintenance {
        Maintenance {
            store: Some("s0".into()),
            affected: Some(pieces),
            bytes: Some(ByteCount::new(pieces * 100)),
            ..work(second, MaintenanceKind::CompactionStep, Phase::Progress)
        }
    }

    #[test]
    fn what_began_and_has_not_ended_is_open_with_its_steps_added_up() {
        let compactions = [
            compaction(30, 0, Phase::Started),
            compaction(20, 1, Phase::Finished),
            compaction(10, 1, Phase::Started),
            compaction(20, 0, Phase::Finished),
            compaction(10, 0, Phase::Started),
        ];
        let open = open_work(None, &compactions, &[step(40, 3), step(35, 4), step(15, 5)]);
        let progress = Progress { at: at(40), examined: 0, affected: 7, failed: 0, bytes: 700 };
        let expected = OpenWork {
            task: Task::Compaction,
            satellite: Some(satellite(0)),
            store: Some("s0".into()),
            since: at(30),
            progress: Some(progress),
        };
        assert_eq!(open, [expected]);
    }

    #[test]
    fn a_piece_that_failed_ends_nothing_and_a_failure_does() {
        let kind = MaintenanceKind::Retain;
        let begun = work(10, kind, Phase::Started);
        let piece = Maintenance { failed: Some(1), ..work(60, kind, Phase::Failed) };
        let open = open_work(None, &[], &[work(5, kind, Phase::Queued), begun.clone(), piece]);
        let progress = Progress { failed: 1, ..Progress::nothing(at(60)) };
        assert_eq!(open.len(), 1);
        assert_eq!((open[0].task, open[0].progress), (Task::Maintenance(kind), Some(progress)));
        assert_eq!(open_work(None, &[], &[begun, work(60, kind, Phase::Failed)]), []);
    }

    #[test]
    fn a_restart_closes_what_was_open() {
        let walk = |second| work(second, MaintenanceKind::UsedSpaceWalker, Phase::Started);
        assert_eq!(open_work(None, &[], &[walk(10)])[0].since, at(10));
        assert_eq!(open_work(Some(at(20)), &[], &[walk(10)]), []);
        assert_eq!(open_work(Some(at(20)), &[], &[walk(10), walk(21)])[0].since, at(21));
    }
}
