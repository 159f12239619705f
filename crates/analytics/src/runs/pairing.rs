//! Beginnings and ends of work, paired.

use std::collections::BTreeMap;

use piecewatch_model::{
    ByteCount, Compaction, Maintenance, MaintenanceKind, Phase, SatelliteId, Timestamp,
};
use piecewatch_store::Event;

use super::{CompactionRun, Run, RunEnding};
use crate::{hash_store::StoreState, work::Task};

/// A failure is told by what failed and by who asked for it, one after the other.
const TWICE_MICROS: i64 = 60 * 1_000_000;

type Key<'a> = (Task, Option<SatelliteId>, Option<&'a str>);

/// A line about work, of either kind.
#[derive(Clone, Copy)]
enum Line<'a> {
    Compaction(&'a Compaction),
    Maintenance(&'a Event<Maintenance>),
}

impl<'a> Line<'a> {
    fn at(self) -> Timestamp {
        match self {
            Self::Compaction(compaction) => compaction.at,
            Self::Maintenance(event) => event.what.at,
        }
    }

    fn phase(self) -> Phase {
        match self {
            Self::Compaction(compaction) => compaction.phase,
            Self::Maintenance(event) => match (event.what.kind, event.what.phase) {
                // A step begins and ends within its compaction.
                (MaintenanceKind::CompactionStep, _) => Phase::Progress,
                // A piece that failed does not end the work on the others.
                (_, Phase::Failed) if event.what.failed.is_some() => Phase::Progress,
                (_, phase) => phase,
            },
        }
    }

    fn key(self) -> Key<'a> {
        match self {
            Self::Compaction(compaction) => {
                (Task::Compaction, Some(compaction.satellite), Some(&compaction.store))
            }
            Self::Maintenance(event) => {
                let is_step = event.what.kind == MaintenanceKind::CompactionStep;
                let task =
                    if is_step { Task::Compaction } else { Task::Maintenance(event.what.kind) };
                (task, event.what.satellite, event.what.store.as_deref())
            }
        }
    }
}

/// Work that has begun.
struct Open<'a> {
    key: Key<'a>,
    began_at: Option<Timestamp>,
    numbers: Numbers,
    before: Option<Counters>,
    state_before: Option<StoreState>,
    /// What the steps of a compaction told.
    reclaimed: Option<ByteCount>,
    rewritten: Option<ByteCount>,
}

/// What was told of pieces.
#[derive(Clone, Copy, Default)]
struct Numbers {
    duration_micros: Option<u64>,
    examined: Option<u64>,
    affected: Option<u64>,
    failed: Option<u64>,
    bytes: Option<ByteCount>,
}

/// What a part of the hash store did since the node's process began.
#[derive(Clone, Copy)]
struct Counters {
    reclaimed: Option<ByteCount>,
    rewritten: Option<ByteCount>,
}

impl<'a> Open<'a> {
    const fn at(key: Key<'a>, began_at: Option<Timestamp>) -> Self {
        Self {
            key,
            began_at,
            numbers: Numbers {
                duration_micros: None,
                examined: None,
                affected: None,
                failed: None,
                bytes: None,
            },
            before: None,
            state_before: None,
            reclaimed: None,
            rewritten: None,
        }
    }

    fn begin(line: Line<'a>) -> Self {
        let mut open = Self::at(line.key(), Some(line.at()));
        if let Line::Compaction(compaction) = line {
            open.before = Some(Counters::of(compaction));
            open.state_before = StoreState::of(compaction);
        }
        open
    }

    fn advance(&mut self, line: Line<'_>) {
        let Line::Maintenance(Event { what: step, lines, .. }) = line else { return };
        if step.kind == MaintenanceKind::CompactionStep {
            // Of two lines at one instant nobody can tell what is whose.
            let Some(bytes) = step.bytes.filter(|_| *lines == 1) else { return };
            let sum = match step.examined {
                Some(_) => &mut self.reclaimed,
                None => &mut self.rewritten,
            };
            *sum = Some(sum.unwrap_or_default() + bytes);
            return;
        }
        self.numbers.add(step);
    }

    /// The run that ends with a line, or without one.
    fn end(mut self, line: Option<Line<'_>>, ended_at: Timestamp, ending: RunEnding) -> Run {
        let mut compaction = None;
        match line {
            Some(Line::Maintenance(event)) => self.numbers.add(&event.what),
            Some(Line::Compaction(end)) => {
                self.numbers.duration_micros = end.duration_micros;
                let counted = Counters::between(self.before, Counters::of(end));
                let run = CompactionRun {
                    before: self.state_before,
                    after: StoreState::of(end),
                    reclaimed: self.reclaimed.or(counted.reclaimed),
                    rewritten: self.rewritten.or(counted.rewritten),
                };
                self.numbers.bytes = run.reclaimed;
                compaction = Some(run);
            }
            None if self.key.0 == Task::Compaction => {
                compaction = Some(CompactionRun {
                    before: self.state_before,
                    after: None,
                    reclaimed: self.reclaimed,
                    rewritten: self.rewritten,
                });
            }
            None => {}
        }
        let told = self.numbers.duration_micros;
        let began_at = self.began_at.or_else(|| {
            let micros = i64::try_from(told?).ok()?;
            Some(ended_at.plus_micros(-micros))
        });
        let lasted = began_at.map(|began| {
            u64::try_from(ended_at.as_micros().saturating_sub(began.as_micros())).unwrap_or(0)
        });
        let (task, satellite, store) = self.key;
        let Numbers { examined, affected, failed, bytes, .. } = self.numbers;
        Run {
            task,
            satellite,
            store: store.map(Into::into),
            began_at,
            ended_at,
            ending,
            duration_micros: told.or(lasted),
            examined,
            affected,
            failed,
            bytes,
            compaction,
        }
    }
}

impl Numbers {
    fn add(&mut self, told: &Maintenance) {
        let sum = |sum: &mut Option<u64>, more: Option<u64>| {
            if let Some(more) = more {
                *sum = Some(sum.unwrap_or(0).saturating_add(more));
            }
        };
        sum(&mut self.examined, told.examined);
        sum(&mut self.affected, told.affected);
        sum(&mut self.failed, told.failed);
        if let Some(bytes) = told.bytes {
            self.bytes = Some(self.bytes.unwrap_or_default() + bytes);
        }
        self.duration_micros = told.duration_micros.or(self.duration_micros);
    }
}

impl Counters {
    const fn of(compaction: &Compaction) -> Self {
        Self { reclaimed: compaction.reclaimed, rewritten: compaction.rewritten }
    }

    fn between(before: Option<Self>, after: Self) -> Self {
        let less = |after: Option<ByteCount>, before: Option<ByteCount>| {
            after?.get().checked_sub(before?.get()).map(ByteCount::new)
        };
        let Some(before) = before else { return Self { reclaimed: None, rewritten: None } };
        Self {
            reclaimed: less(after.reclaimed, before.reclaimed),
            rewritten: less(after.rewritten, before.rewritten),
        }
    }
}

/// Lines in their order, and what is open at one of them.
pub(super) struct Pairing<'a> {
    lines: Vec<Line<'a>>,
    starts: Vec<Timestamp>,
    open: BTreeMap<Key<'a>, Open<'a>>,
    failed_at: BTreeMap<Key<'a>, Timestamp>,
    runs: Vec<Run>,
}

impl<'a> Pairing<'a> {
    pub(super) fn new(
        compactions: &'a [Event<Compaction>],
        maintenance: &'a [Event<Maintenance>],
        starts: &[Timestamp],
    ) -> Self {
        let mut lines: Vec<Line<'a>> =
            compactions.iter().map(|event| Line::Compaction(&event.what)).collect();
        lines.extend(maintenance.iter().map(Line::Maintenance));
        // Within a second of the log, work begins before it ends.
        lines.sort_by_key(|line| (line.at(), line.phase()));
        let mut starts = starts.to_vec();
        starts.sort_unstable_by_key(|at| std::cmp::Reverse(*at));
        Self { lines, starts, open: BTreeMap::new(), failed_at: BTreeMap::new(), runs: Vec::new() }
    }

    pub(super) fn run(mut self) -> Vec<Run> {
        for line in std::mem::take(&mut self.lines) {
            while let Some(start) = self.starts.pop_if(|start| *start <= line.at()) {
                self.interrupt_all(start);
            }
            self.take(line);
        }
        while let Some(start) = self.starts.pop() {
            self.interrupt_all(start);
        }
        self.runs.sort_by_key(|run| run.ended_at);
        self.runs
    }

    fn take(&mut self, line: Line<'a>) {
        let (key, at) = (line.key(), line.at());
        match line.phase() {
            Phase::Queued => {}
            Phase::Started => {
                if let Some(before) = self.open.insert(key, Open::begin(line)) {
                    self.runs.push(before.end(None, at, RunEnding::Interrupted));
                }
            }
            Phase::Progress => {
                if let Some(open) = self.open.get_mut(&key) {
                    open.advance(line);
                }
            }
            Phase::Finished => {
                let open = self.open.remove(&key).unwrap_or(Open::at(key, None));
                self.runs.push(open.end(Some(line), at, RunEnding::Finished));
            }
            Phase::Failed => self.fail(line),
        }
    }

    fn fail(&mut self, line: Line<'a>) {
        let (key, at) = (line.key(), line.at());
        let key = if self.open.contains_key(&key) { key } else { self.meant(key) };
        let told = self.failed_at.insert(key, at);
        match self.open.remove(&key) {
            Some(open) => self.runs.push(open.end(Some(line), at, RunEnding::Failed)),
            None if told.is_some_and(|told| at <= told.plus_micros(TWICE_MICROS)) => {}
            None => {
                self.runs.push(Open::at(key, None).end(Some(line), at, RunEnding::Failed));
            }
        }
    }

    /// Some failures name no satellite. Where one piece of such work is open, it is that.
    fn meant(&self, key: Key<'a>) -> Key<'a> {
        let (task, None, None) = key else { return key };
        let mut same = self.open.keys().filter(|open| open.0 == task);
        match (same.next(), same.next()) {
            (Some(only), None) => *only,
            (Some(_) | None, _) => key,
        }
    }

    /// What began before a process began was interrupted by the end of the one before it.
    fn interrupt_all(&mut self, start: Timestamp) {
        let began_later = |open: &Open<'_>| open.began_at.is_some_and(|began| began >= start);
        let all = std::mem::take(&mut self.open);
        let (stay, go): (Vec<_>, Vec<_>) = all.into_iter().partition(|(_, open)| began_later(open));
        self.open = stay.into_iter().collect();
        let ended = go.into_iter().map(|(_, open)| open.end(None, start, RunEnding::Interrupted));
        self.runs.extend(ended);
    }
}
