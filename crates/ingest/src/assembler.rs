//! Parsed lines, in their order, to batches: what no line can tell alone is found out here.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use foldhash::fast::RandomState;
use piecewatch_model::{
    Batch, Checkpoint, Direction, Grain, LifecycleEvent, LineCounts, NodeName, PieceId, Record,
    SpaceReport, Start, Timestamp,
};

use crate::{Ended, Parsed, Started, Telling, pairing::Pairing};

/// How long the second line about an event may take to come. They are written at once; between
/// them stand at most the lines of other transfers.
const TOLD_TWICE_MICROS_MAX: i64 = 10 * 1_000_000;
/// The most first lines whose second one is awaited; beyond, the oldest is given up.
const TOLD_TWICE_MAX: usize = 4096;

/// The state that lines leave behind for later lines.
///
/// All of it comes from the last half hour of a log, or the last 16 MiB if those are less: a reader
/// that resumes lets them pass through [`Assembler::warm`] and has the same state again.
#[derive(Debug, Default)]
pub(crate) struct Assembler {
    pairing: Pairing,
    /// How many ends of transfers of a piece were told by a first line only.
    told_once: HashMap<Told, u32, RandomState>,
    told_order: VecDeque<(Told, i64)>,
    last_at: Option<Timestamp>,
    last_space: Option<Timestamp>,
    last_version: Option<Box<str>>,
    last_minimum_version: Option<Box<str>>,
}

/// The oldest audit of which lines tell the start and not the end. Both times are of their own clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OpenAudit {
    pub(crate) began_at: Timestamp,
    /// Of the newest line.
    pub(crate) told_at: Timestamp,
}

/// Whose end was told.
type Told = (PieceId, Direction);

/// The lines of a part of a source, parsed, and where that part ends.
#[derive(Debug)]
pub(crate) struct ParsedChunk {
    /// Lines that may give a record, in order.
    pub(crate) lines: Vec<Parsed>,
    /// What became of the other lines.
    pub(crate) counts: LineCounts,
    /// Where the part ends.
    pub(crate) end: Checkpoint,
}

impl Assembler {
    /// Takes lines whose records are stored already, for what they leave behind.
    pub(crate) fn warm(&mut self, chunk: ParsedChunk) {
        let mut counts = LineCounts::default();
        for line in chunk.lines {
            self.line(line, &mut Vec::new(), &mut counts);
        }
    }

    /// What the lines so far leave open.
    pub(crate) fn open_audit(&self) -> Option<OpenAudit> {
        let told_at = self.last_at?;
        let began_at = Timestamp::from_micros(self.pairing.oldest_audit(told_at.as_micros())?);
        Some(OpenAudit { began_at, told_at })
    }

    /// Takes one line; appends its record, if it has one, and counts it.
    fn line(&mut self, line: Parsed, records: &mut Vec<Record>, counts: &mut LineCounts) {
        match line {
            Parsed::Ended(ended) => self.ended(ended, records, counts),
            Parsed::Started(started) => self.started(started, records, counts),
            Parsed::Record(record) => self.record(record, records, counts),
            Parsed::Undated(record) => match self.last_at {
                Some(at) => self.record(dated(record, at), records, counts),
                // Nothing before it had a time: it cannot be placed.
                None => counts.unparsed += 1,
            },
            Parsed::ToldTwice => counts.told_twice += 1,
            Parsed::Continuation => counts.continuation += 1,
            Parsed::Other => counts.other += 1,
            Parsed::Unparsed(_) => counts.unparsed += 1,
        }
    }

    fn ended(&mut self, mut ended: Ended, records: &mut Vec<Record>, counts: &mut LineCounts) {
        self.last_at = Some(ended.transfer.at);
        let told = (ended.transfer.piece, ended.transfer.action.direction());
        let at = ended.transfer.at.as_micros();
        self.forget_told(at.saturating_sub(TOLD_TWICE_MICROS_MAX));
        match ended.telling {
            Telling::Once => {}
            Telling::First => {
                *self.told_once.entry(told).or_default() += 1;
                self.told_order.push_back((told, at));
            }
            Telling::PerhapsSecond => {
                if self.told_once.contains_key(&told) {
                    let first = self.told_order.iter().position(|(first, _)| *first == told);
                    self.told_order.remove(first.expect("what is counted is in the order"));
                    self.forget_one(told);
                    counts.told_twice += 1;
                    return;
                }
            }
        }
        self.pairing.end(&mut ended);
        counts.transfers += 1;
        records.push(Record::Transfer(ended.transfer));
    }

    fn forget_told(&mut self, before_micros: i64) {
        while let Some(&(told, at)) = self.told_order.front()
            && (at < before_micros || self.told_order.len() >= TOLD_TWICE_MAX)
        {
            self.told_order.pop_front();
            self.forget_one(told);
        }
    }

    fn forget_one(&mut self, told: Told) {
        if let Some(count) = self.told_once.get_mut(&told) {
            *count -= 1;
            if *count == 0 {
                self.told_once.remove(&told);
            }
        }
    }

    fn started(&mut self, started: Started, records: &mut Vec<Record>, counts: &mut LineCounts) {
        counts.started += 1;
        let at = started.start.at;
        self.last_at = Some(at);
        // A busy node tells its free space many times a second: one value in five minutes will do.
        let bucket = at.floor(Grain::FiveMinutes);
        if let Some(available) = started.start.available
            && self.last_space.is_none_or(|last| last != bucket)
        {
            self.last_space = Some(bucket);
            records.push(Record::Space(SpaceReport { at, available }));
        }
        self.pairing.start(started);
    }

    fn record(&mut self, record: Record, records: &mut Vec<Record>, counts: &mut LineCounts) {
        match &record {
            Record::Transfer(transfer) => {
                self.last_at = Some(transfer.at);
                counts.transfers += 1;
            }
            Record::Rejected(rejected) => {
                self.last_at = Some(rejected.at);
                counts.rejected += 1;
            }
            Record::Compaction(compaction) => {
                self.last_at = Some(compaction.at);
                counts.compactions += 1;
            }
            // Lines about single pieces bear the start of their minute, which is no time to go by.
            Record::Maintenance(_) => counts.maintenance += 1,
            Record::Orders(orders) => {
                self.last_at = Some(orders.at);
                counts.orders += 1;
            }
            Record::Scores(scores) => {
                self.last_at = Some(scores.at);
                counts.scores += 1;
            }
            Record::Trouble(trouble) => {
                self.last_at = Some(trouble.at);
                counts.troubles += 1;
            }
            Record::Lifecycle(lifecycle) => {
                self.last_at = Some(lifecycle.at);
                counts.lifecycle += 1;
                if !self.is_news(&lifecycle.event) {
                    return;
                }
            }
            Record::Space(_) => {}
        }
        records.push(record);
    }

    /// Whether an event tells more than the one of its kind before it. A node tells its version twice
    /// a day and its updater every quarter of an hour: only a change is kept.
    fn is_news(&mut self, event: &LifecycleEvent) -> bool {
        let (last, version) = match event {
            LifecycleEvent::Version(version) => (&mut self.last_version, version),
            LifecycleEvent::MinimumVersion(version) => (&mut self.last_minimum_version, version),
            LifecycleEvent::Configured | LifecycleEvent::Started(_) => {
                self.pairing.clear();
                return true;
            }
            LifecycleEvent::Stopping | LifecycleEvent::Spawned(_) | LifecycleEvent::Exited(_) => {
                return true;
            }
        };
        if last.as_ref() == Some(version) {
            return false;
        }
        *last = Some(version.clone());
        true
    }
}

/// The record of a line without a time, at the time of the line before.
fn dated(mut record: Record, at: Timestamp) -> Record {
    match &mut record {
        Record::Trouble(trouble) => trouble.at = at,
        Record::Lifecycle(lifecycle) => lifecycle.at = at,
        Record::Transfer(_)
        | Record::Rejected(_)
        | Record::Compaction(_)
        | Record::Maintenance(_)
        | Record::Orders(_)
        | Record::Scores(_)
        | Record::Space(_) => {}
    }
    record
}

/// Gathers the records of one source into batches.
#[derive(Debug)]
pub(crate) struct Batcher {
    node: NodeName,
    source: Arc<str>,
    start: Start,
    records: Vec<Record>,
    counts: LineCounts,
    end: Option<Checkpoint>,
}

impl Batcher {
    /// A batch is closed when it has this many records.
    pub(crate) const RECORDS_MAX: usize = 10_000;

    pub(crate) fn new(node: NodeName, source: Arc<str>, start: Start) -> Self {
        Self { node, source, start, records: Vec::new(), counts: LineCounts::default(), end: None }
    }

    /// Takes the next part of the source; gives a batch when there is enough for one.
    pub(crate) fn push(&mut self, chunk: ParsedChunk, assembler: &mut Assembler) -> Option<Batch> {
        self.counts += chunk.counts;
        for line in chunk.lines {
            assembler.line(line, &mut self.records, &mut self.counts);
        }
        self.end = Some(chunk.end);
        if self.records.len() >= Self::RECORDS_MAX { self.close() } else { None }
    }

    /// A batch without records, up to this place.
    pub(crate) fn passing_over(self, end: Checkpoint) -> Batch {
        let Self { node, source, start, .. } = self;
        Batch { node, source, start, end, records: Vec::new(), counts: LineCounts::default() }
    }

    /// Whether something was taken since the last batch.
    pub(crate) const fn has_some(&self) -> bool {
        self.end.is_some()
    }

    /// The batch of what was taken since the last one; `None` when that is nothing.
    pub(crate) fn close(&mut self) -> Option<Batch> {
        let end = self.end.take()?;
        let start = std::mem::replace(&mut self.start, Start::from(&end));
        // The next batch will have about as many: a busy source does not grow its list each time.
        let next = Vec::with_capacity(self.records.len());
        Some(Batch {
            node: self.node.clone(),
            source: Arc::clone(&self.source),
            start,
            end,
            records: std::mem::replace(&mut self.records, next),
            counts: std::mem::take(&mut self.counts),
        })
    }
}
