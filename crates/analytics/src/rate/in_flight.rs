//! How many transfers are in flight at once?

use std::collections::BTreeMap;

use piecewatch_model::{Action, Direction, Grain, Histogram, NodeName, Timestamp};
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
/// By Little's law that is how many end in a second times how long they take, at each node, and the sum of
/// that over nodes. How long is measured of some only: of those that succeeded and whose start and end were
/// both seen. The others of the node are taken to last as long; where none of a node was measured, as long
/// as those of the other nodes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Concurrency {
    /// The average number in flight.
    pub in_flight: f64,
    /// How many transfers ended, in whatever way.
    pub ended: u64,
    /// Of how many of them it was measured how long they took.
    pub measured: u64,
}

/// How long transfers took that were measured, by what they are told apart by: each node's, and those of
/// all. What different clocks measured is added up, since a sum of durations asks for no distribution.
struct Durations<K> {
    of_node: BTreeMap<K, BTreeMap<NodeName, Taken>>,
    of_all: BTreeMap<K, Taken>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Taken {
    count: u64,
    micros: f64,
}

impl Taken {
    fn add(&mut self, of: &Distribution) {
        self.count += of.count;
        self.micros += of.mean as f64 * of.count as f64;
    }

    fn mean_micros(self) -> f64 {
        self.micros / self.count as f64
    }
}

impl<K: Ord + Clone> Durations<K> {
    fn new() -> Self {
        Self { of_node: BTreeMap::new(), of_all: BTreeMap::new() }
    }

    fn add(&mut self, key: K, node: &NodeName, histogram: &Histogram) {
        let Some(of) = Distribution::of(histogram) else { return };
        self.of_all.entry(key.clone()).or_default().add(&of);
        self.of_node.entry(key).or_default().entry(node.clone()).or_default().add(&of);
    }

    /// The mean at a node, in microseconds.
    fn mean_micros(&self, key: &K, node: &NodeName) -> Option<f64> {
        let at_node = self.of_node.get(key).and_then(|nodes| nodes.get(node));
        at_node.or_else(|| self.of_all.get(key)).map(|taken| taken.mean_micros())
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
    let mut durations = Durations::new();
    let by_node = merged_latencies(measured, |row| (row.action.clone(), row.node.clone()));
    for (((action, node), _), histogram) in &by_node {
        durations.add(action.clone(), node, histogram);
    }
    let mut actions: BTreeMap<Action, Concurrency> = BTreeMap::new();
    for row in ended.iter().filter(|row| row.fate != Fate::Rejected) {
        let covered_micros = coverage.micros(&row.node, window);
        let Some(mean) = durations.mean_micros(&row.action, &row.node) else { continue };
        if covered_micros > 0 {
            let of = actions.entry(row.action.clone()).or_insert_with(|| Concurrency {
                in_flight: 0.0,
                ended: 0,
                measured: durations.of_all.get(&row.action).map_or(0, |taken| taken.count),
            });
            of.ended += row.count;
            of.in_flight += row.count as f64 / covered_micros as f64 * mean;
        }
    }
    actions
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
/// Little's law as in [`Concurrency`]: what ended in the bucket at a node, times how long transfers of the
/// action took there at the time. What was measured may be by wider buckets than what ended.
pub fn in_flight_series(
    ended: &[TrafficPoint],
    measured: &LatencySeries,
    coverage: &Coverage,
    window: Window,
    grain: Grain,
) -> Vec<InFlightPoint> {
    let mut durations = Durations::new();
    for point in &measured.points {
        durations.add((point.at, &point.action), &point.node, &point.histogram);
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
        let key = (point.at.floor(measured.grain), &point.action);
        if let Some(mean) = durations.mean_micros(&key, &point.node) {
            *sum.get_or_insert_default() += point.count as f64 / micros as f64 * mean;
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
