//! Transfers and latencies of all time, so that counters never go back.
//!
//! What is older than two hours changes only when something old is imported, so its sum is kept and
//! grows by an hour at a time; a page reads the last hours alone, however long the history is.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use piecewatch_model::{
    Action, Clock, Grain, Histogram, NodeName, Outcome, SatelliteId, Timestamp,
};
use piecewatch_store::{
    Change, Changes, Fate, LatencyFilter, Nodes, Reader, Readers, Topics, Window,
};

use super::{
    Metrics, Result,
    family::{Families, Number},
    satellite_name,
};

/// What is older does not change, but by commits that say so.
const SETTLED_MICROS: i64 = 2 * Grain::Hour.micros();

/// The upper limits of the buckets of latencies, in seconds: from a small download from memory to
/// the five minutes after which an audit has failed.
const LIMITS: [f64; 16] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 180.0, 300.0,
];

type TransferKey = (NodeName, Option<SatelliteId>, Action, Fate);
type LatencyKey = (NodeName, Action, Clock);

/// Sums of all time, and up to when they are kept.
#[derive(Debug, Default)]
pub(super) struct AllTime {
    changes: Changes,
    settled: Mutex<Option<Settled>>,
}

#[derive(Debug, Clone)]
struct Settled {
    until: Timestamp,
    sums: Sums,
}

/// Counts and bytes of transfers, and the latencies of those that succeeded.
#[derive(Debug, Clone, Default)]
pub(super) struct Sums {
    pub(super) transfers: BTreeMap<TransferKey, (u64, u64)>,
    pub(super) latencies: BTreeMap<LatencyKey, Histogram>,
}

impl AllTime {
    /// The sums of everything that was stored.
    pub(super) fn sums(&self, readers: &Readers, now: Timestamp) -> Result<Sums> {
        let mut settled = self.settled.lock().unwrap_or_else(PoisonError::into_inner);
        self.changes.look(readers, |change| match change {
            Change::Anything => *settled = None,
            Change::Of(commit) if commit.topics.contains(Topics::PAST) => *settled = None,
            Change::Of(_) => {}
        })?;
        let reader = readers.get()?;
        let Some(reach) = reader.reach(Nodes::All)? else { return Ok(Sums::default()) };
        let until = now.plus_micros(-SETTLED_MICROS).floor(Grain::Hour);
        // Of days everything is kept for ever.
        let oldest = reach.from.floor(Grain::Day);
        // Not taken out: what the next question fails at would have to be read again.
        let (from, mut sums) = match settled.as_ref() {
            // A clock that was set back.
            Some(settled) if settled.until > until => (oldest, Sums::default()),
            Some(settled) => (settled.until, settled.sums.clone()),
            None => (oldest, Sums::default()),
        };
        sums.add(&reader, Window { from, to: until.min(reach.to) })?;
        let until = until.max(oldest);
        *settled = Some(Settled { until, sums: sums.clone() });
        sums.add(&reader, Window { from: until, to: reach.to })?;
        Ok(sums)
    }
}

impl Sums {
    fn add(&mut self, reader: &Reader, window: Window) -> Result<()> {
        if window.from >= window.to {
            return Ok(());
        }
        for row in reader.traffic_totals(Nodes::All, Some(window))?.rows {
            let sum =
                self.transfers.entry((row.node, row.satellite, row.action, row.fate)).or_default();
            *sum = (sum.0 + row.count, sum.1 + row.bytes.get());
        }
        let all = LatencyFilter::default();
        for row in reader.latencies(Nodes::All, window, &all, Grain::Hour)?.rows {
            let key = (row.node, row.action, row.clock);
            self.latencies.entry(key).or_default().merge(&row.histogram);
        }
        Ok(())
    }
}

impl Metrics {
    /// Adds transfers and how long they took.
    pub(super) fn transfers(&self, families: &mut Families, now: Timestamp) -> Result<()> {
        let Sums { transfers, latencies } = self.all_time.sums(&self.readers, now)?;
        let mut by_outcome: BTreeMap<(&NodeName, String, &str, &str), (u64, u64)> = BTreeMap::new();
        let mut failures: BTreeMap<(&NodeName, &str, &str), u64> = BTreeMap::new();
        for ((node, satellite, action, fate), (count, bytes)) in &transfers {
            let outcome = match fate {
                Fate::Ended(outcome) => outcome.name(),
                Fate::Rejected => "rejected",
            };
            if let Fate::Ended(Outcome::Failed(class)) = fate {
                *failures.entry((node, action.name(), class.name())).or_default() += count;
            }
            let key = (node, satellite_name(*satellite), action.name(), outcome);
            let sum = by_outcome.entry(key).or_default();
            *sum = (sum.0 + count, sum.1 + bytes);
        }
        let counts = families.counter(
            "piecewatch_transfers",
            "Requests to nodes by what became of them, of all time",
        );
        for ((node, satellite, action, outcome), (count, _)) in &by_outcome {
            counts.add(labels(node, satellite, action, outcome), *count);
        }
        let bytes = families.counter(
            "piecewatch_transfer_bytes",
            "Bytes of the same: of downloads that succeeded what was moved, of others what was asked for",
        );
        for ((node, satellite, action, outcome), (_, sum)) in &by_outcome {
            bytes.add(labels(node, satellite, action, outcome), *sum);
        }
        let failed = families.counter(
            "piecewatch_transfer_failures",
            "Transfers that failed by the reason, of all time",
        );
        for ((node, action, class), count) in failures {
            failed.add([("node", node.as_str()), ("action", action), ("reason", class)], count);
        }
        let durations = families.histogram(
            "piecewatch_transfer_duration_seconds",
            "How long transfers took that succeeded, of all time, by the clock that measured it; values \
             and the sum are at most 0.8 percent off",
        );
        for ((node, action, clock), histogram) in &latencies {
            let labels =
                [("node", node.as_str()), ("action", action.name()), ("clock", clock.name())];
            durations.add(labels, buckets(histogram));
        }
        Ok(())
    }
}

fn labels<'a>(
    node: &'a NodeName,
    satellite: &'a str,
    action: &'a str,
    outcome: &'a str,
) -> [(&'static str, &'a str); 4] {
    [("node", node.as_str()), ("satellite", satellite), ("action", action), ("outcome", outcome)]
}

/// The buckets of a page. A value counts in the first one whose limit is not below it, as far as it
/// is known: as the middle of the narrow bucket in which it is stored.
fn buckets(histogram: &Histogram) -> Number {
    let mut buckets: Vec<(f64, u64)> =
        LIMITS.into_iter().chain([f64::INFINITY]).map(|limit| (limit, 0)).collect();
    let (mut sum, mut total) = (0.0, 0);
    for (low, high, count) in histogram.buckets() {
        let middle = (low + (high - low) / 2) as f64 / 1e6;
        sum += middle * count as f64;
        total += count;
        let bucket = buckets.iter_mut().find(|(limit, _)| middle <= *limit);
        bucket.expect("the last limit is infinite").1 += count;
    }
    Number::Histogram { sum, count: total, buckets }
}
