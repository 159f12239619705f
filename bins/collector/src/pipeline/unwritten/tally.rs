//! What a batch adds to sums and lists that somebody looks at.

use std::{cmp::Reverse, collections::BTreeMap, sync::Arc};

use piecewatch_model::{Action, Batch, ByteCount, Grain, Record, Timestamp};
use piecewatch_store::Fate;

/// How many transfers of a batch are held one by one: the newest.
pub const NEWEST_MAX: usize = 50;
/// How far back from its newest record a batch is counted: nobody who looks at today needs more. In
/// microseconds.
const REACH: i64 = 26 * 3600 * 1_000_000;
/// As in the sums of the database: no transfer is larger.
const BYTES_MAX: u64 = 1 << 32;

/// What a batch tells of transfers, as the database will count them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tally {
    /// Counts and bytes, by the beginning of the minute, action and fate. A batch that spans more
    /// than a day is counted from 26 hours before its newest record on.
    pub minutes: BTreeMap<(Timestamp, Action, Fate), (u64, ByteCount)>,
    /// The newest transfers and uploads turned away, by the second and the place in the log, newest
    /// first, [`NEWEST_MAX`] at most.
    pub newest: Arc<[Record]>,
}

impl Tally {
    /// That of a batch.
    pub fn of(batch: &Batch) -> Self {
        let mut tally = Self::default();
        let newest = batch.records.iter().filter_map(moved).map(|(at, ..)| at).max();
        let Some(newest) = newest else { return tally };
        let from = newest.plus_micros(-REACH).floor(Grain::Hour);
        for (at, action, fate, bytes) in batch.records.iter().filter_map(moved) {
            if at >= from {
                let sums = tally.minutes.entry((at.floor(Grain::Minute), action, fate));
                let (count, sum) = sums.or_default();
                *count += 1;
                *sum = *sum + ByteCount::new(bytes);
            }
        }
        // A log is nearly in the order of time.
        let is_moved = |record: &&Record| moved(record).is_some();
        let last = batch.records.iter().rev().filter(is_moved).take(NEWEST_MAX);
        let mut last: Vec<Record> = last.cloned().collect();
        last.sort_by_key(|record| Reverse(moved(record).map(|(at, ..)| at.as_seconds())));
        tally.newest = last.into();
        tally
    }

    /// Whether it adds nothing: of transfers that begin, say.
    pub fn is_empty(&self) -> bool {
        self.minutes.is_empty()
    }
}

/// When a record moved how many bytes, what for, and how that ended.
fn moved(record: &Record) -> Option<(Timestamp, Action, Fate, u64)> {
    match record {
        Record::Transfer(transfer) => {
            let bytes = transfer.size.map_or(0, ByteCount::get).min(BYTES_MAX);
            let fate = Fate::Ended(transfer.outcome);
            Some((transfer.at, transfer.action.clone(), fate, bytes))
        }
        Record::Rejected(rejected) => Some((rejected.at, Action::Upload, Fate::Rejected, 0)),
        Record::Compaction(_)
        | Record::Maintenance(_)
        | Record::Orders(_)
        | Record::Scores(_)
        | Record::Trouble(_)
        | Record::Lifecycle(_)
        | Record::Space(_) => None,
    }
}
