//! How many transfers are in flight at once?

use std::collections::BTreeMap;

use piecewatch_model::{Action, Direction, Grain, Timestamp};
use piecewatch_store::{
    Fate, LatencyFilter, LatencyRow, LatencySeries, Nodes, Reader, Result, TrafficPoint,
    TrafficRow, Window,
};

use super::{COVERED_MICROS_MIN, coverage_by};
use crate::{
    coverage::{Coverage, coverage_of},
    distribution::Distribution,
    latency::merged_latencies,
};

/// How many transfers of an action were in flight at once, on average over a window.
///
/// By Little's law that is how many end in a second times how long they take. How long is measured
/// of some only: of those that succeeded and whose start and end were both seen; the others are
/// taken to last as long.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Concurrency {
    /// The average number in flight.
    pub in_flight: f64,
    /// How many transfers ended, in whatever way.
    pub ended: u64,
    /// Of how many of them it was measured how long they took.
    pub measured: u64,
}

impl Concurrency {
    /// Of transfers of which so many end in a second. `None` when no transfer was measured.
    /// `measured` are the distributions by each clock: their durations are added up, the
    /// distributions are not.
    pub fn of(ended: u64, ended_per_second: f64, measured: &[Distribution]) -> Option<Self> {
        let count: u64 = measured.iter().map(|of| of.count).sum();
        if count == 0 {
            return None;
        }
        let micros: f64 = measured.iter().map(|of| of.mean as f64 * of.count as f64).sum();
        let mean_seconds = micros / count as f64 / 1e6;
        Some(Self { in_flight: ended_per_second * mean_seconds, ended, measured: count })
    }
}

/// The transfers in flight of each action, nodes together, by what ended and what was measured in
/// a window; what ended at each node is spread over the time of which its log tells. Actions of which
/// nothing was measured are left out: it is not known.
pub fn concurrency(
    ended: &[TrafficRow],
    measured: &[LatencyRow],
    coverage: &Coverage,
    window: Window,
) -> BTreeMap<Action, Concurrency> {
    let mut counts: BTreeMap<&Action, (u64, f64)> = BTreeMap::new();
    for row in ended.iter().filter(|row| row.fate != Fate::Rejected) {
        let seconds = coverage.micros(&row.node, window) as f64 / 1e6;
        if seconds > 0.0 {
            let (count, per_second) = counts.entry(&row.action).or_default();
            *count += row.count;
            *per_second += row.count as f64 / seconds;
        }
    }
    let mut distributions: BTreeMap<Action, Vec<Distribution>> = BTreeMap::new();
    for ((action, _), histogram) in merged_latencies(measured, |row| row.action.clone()) {
        distributions.entry(action).or_default().extend(Distribution::of(&histogram));
    }
    let of_action = |(action, measured): (Action, Vec<Distribution>)| {
        let &(ended, per_second) = counts.get(&action)?;
        Some((action, Concurrency::of(ended, per_second, &measured)?))
    };
    distributions.into_iter().filter_map(of_action).collect()
}

/// The transfers in flight at once in a window, on average.
#[derive(Debug, Clone, PartialEq)]
pub struct InFlight {
    /// What it is of: the window asked for, widened to whole buckets.
    pub window: Window,
    /// Of which share of it the logs tell, 0 to 1: the average is one over that time.
    pub covered: f64,
    /// By action, nodes together; those of which nothing was measured are left out.
    pub actions: BTreeMap<Action, Concurrency>,
}

/// Asks for the transfers in flight in a window, which is widened to the grain;
/// [`finest_grain`](crate::latency::finest_grain) tells which one still holds it.
///
/// # Errors
///
/// When the database cannot be read.
pub fn concurrency_of(
    reader: &Reader,
    nodes: Nodes<'_>,
    window: Window,
    grain: Grain,
) -> Result<InFlight> {
    let latencies = reader.latencies(nodes, window, &LatencyFilter::default(), grain)?;
    let window = latencies.window;
    let ended = match latencies.grain {
        Grain::Minute | Grain::FiveMinutes => {
            let points = reader.traffic_series(nodes, window, latencies.grain)?;
            points.into_iter().map(row).collect()
        }
        Grain::Hour | Grain::Day => reader.node_traffic_totals(nodes, Some(window))?.rows,
    };
    let coverage = coverage_of(reader, nodes, window)?;
    let actions = concurrency(&ended, &latencies.rows, &coverage, window);
    Ok(InFlight { window, covered: coverage.share(window), actions })
}

fn row(TrafficPoint { node, action, fate, count, bytes, .. }: TrafficPoint) -> TrafficRow {
    TrafficRow { node, satellite: None, action, fate, count, bytes }
}

/// How many transfers were in flight at once on average in one bucket of time, nodes together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct InFlightPoint {
    /// The beginning of the bucket.
    pub at: Timestamp,
    /// To the nodes; `None` when it is not known: no log tells of the time, or of no action that ended in
    /// it how long it took. Actions of which it does not are left out.
    pub ingress: Option<f64>,
    /// From the nodes; `None` as above.
    pub egress: Option<f64>,
}

/// The transfers in flight over time.
#[derive(Debug, Clone, PartialEq)]
pub struct InFlightSeries {
    /// What it covers: the window asked for, widened to whole buckets.
    pub window: Window,
    /// The width of a bucket.
    pub grain: Grain,
    /// One for each bucket, oldest first.
    pub points: Vec<InFlightPoint>,
}

/// The transfers in flight in each bucket of a window that is aligned to the grain, oldest first, by
/// Little's law as in [`Concurrency`]: what ended in the bucket, times how long transfers of the action
/// took at the time. What was measured may be by wider buckets than what ended.
pub fn in_flight_series(
    ended: &[TrafficPoint],
    measured: &LatencySeries,
    coverage: &Coverage,
    window: Window,
    grain: Grain,
) -> Vec<InFlightPoint> {
    let mut taken: BTreeMap<(Timestamp, &Action), (f64, f64)> = BTreeMap::new();
    for point in &measured.points {
        if let Some(of) = Distribution::of(&point.histogram) {
            let (count, micros) = taken.entry((point.at, &point.action)).or_default();
            *count += of.count as f64;
            *micros += of.count as f64 * of.mean as f64;
        }
    }
    let bucket_from = |at| Window { from: at, to: at.plus_micros(grain.micros()) };
    let covered = |node, at| coverage.micros(node, bucket_from(at));
    let is_told = |micros: i64| micros >= COVERED_MICROS_MIN.min(grain.micros());
    let mut sums: BTreeMap<(Timestamp, Direction), Option<f64>> = BTreeMap::new();
    for point in ended.iter().filter(|point| point.fate != Fate::Rejected) {
        let micros = covered(&point.node, point.at);
        if !is_told(micros) {
            continue;
        }
        let sum = sums.entry((point.at, point.action.direction())).or_default();
        if let Some((count, took)) = taken.get(&(point.at.floor(measured.grain), &point.action)) {
            *sum.get_or_insert_default() += point.count as f64 / micros as f64 * (took / count);
        }
    }
    let buckets = (window.to.as_micros() - window.from.as_micros()).max(0) / grain.micros();
    let point = |bucket: i64| {
        let at = window.from.plus_micros(bucket * grain.micros());
        let is_known = coverage.nodes().any(|node| is_told(covered(node, at)));
        // Where a log tells of no transfer there was none.
        let of = |direction| sums.get(&(at, direction)).copied().unwrap_or(Some(0.0));
        let of = |direction| if is_known { of(direction) } else { None };
        InFlightPoint { at, ingress: of(Direction::Upload), egress: of(Direction::Download) }
    };
    (0..buckets).map(point).collect()
}

/// Asks for the transfers in flight in each minute, five minutes, hour or day of a window, which is widened to
/// those. How long they took is known by five minutes at the finest.
///
/// # Errors
///
/// When the database cannot be read.
pub fn in_flight_series_of(
    reader: &Reader,
    nodes: Nodes<'_>,
    window: Window,
    grain: Grain,
) -> Result<InFlightSeries> {
    let window = window.widened(grain);
    let ended = reader.traffic_series(nodes, window, grain)?;
    let any = LatencyFilter::default();
    let measured = reader.latency_series(nodes, window, &any, grain.max(Grain::FiveMinutes))?;
    let coverage = coverage_by(reader, nodes, window, grain)?;
    let points = in_flight_series(&ended, &measured, &coverage, window, grain);
    Ok(InFlightSeries { window, grain, points })
}
