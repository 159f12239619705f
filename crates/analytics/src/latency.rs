//! How long do transfers take, of any nodes, satellites and actions, in any window and over time?
//!
//! What is kept are histograms of the transfers that succeeded, by node, satellite, action and
//! clock. They merge without loss, but for those of two clocks, which measure different things and
//! stay apart everywhere.

use std::collections::BTreeMap;

use piecewatch_model::{
    Action, Clock, Grain, Histogram, HistogramSum, NodeName, Outcome, Quantiles, Record, Timestamp,
};
use piecewatch_store::{
    KeptFrom, Latencies, LatencyFilter, LatencyPoint, LatencyRow, LatencySeries, Nodes, Reader,
    Reported, Result, Window,
};

use crate::distribution::Distribution;

/// A debug endpoint is asked every few minutes; what it told before this is no more how the node is.
const QUANTILES_MICROS: i64 = 3600 * 1_000_000;

/// A longer window is answered by the hour, and its whole days by the day, whatever is kept.
const FIVE_MINUTES_MAX_MICROS: i64 = 2 * 24 * 3600 * 1_000_000;

/// The finest grain in which a window is still stored wholly. Five minutes are for windows of at most
/// two days: an answer must not take longer because more is kept.
pub fn finest_grain(window: Window, kept: KeptFrom) -> Grain {
    let is_whole =
        |grain, from: Option<Timestamp>| from.is_none_or(|from| window.widened(grain).from >= from);
    let length = window.to.as_micros().saturating_sub(window.from.as_micros());
    if length <= FIVE_MINUTES_MAX_MICROS && is_whole(Grain::FiveMinutes, kept.minutes) {
        Grain::FiveMinutes
    } else if is_whole(Grain::Hour, kept.latency_hours) {
        Grain::Hour
    } else {
        Grain::Day
    }
}

/// Merges rows of one clock and key: `|row| (row.node.clone(), row.action.clone())` tells nodes and
/// actions apart and merges satellites, `|_| ()` merges all.
pub fn merged_latencies<'a, K: Ord>(
    rows: impl IntoIterator<Item = &'a LatencyRow>,
    key: impl Fn(&LatencyRow) -> K,
) -> BTreeMap<(K, Clock), Histogram> {
    let mut sums: BTreeMap<(K, Clock), HistogramSum> = BTreeMap::new();
    for row in rows {
        sums.entry((key(row), row.clock)).or_default().merge(&row.histogram);
    }
    sums.into_iter().map(|(key, sum)| (key, sum.to_histogram())).collect()
}

/// A distribution for each bucket of time, oldest first; a bucket in which nothing was measured is
/// left out.
pub type DistributionSeries = Vec<(Timestamp, Distribution)>;

/// Percentiles over time, merged by clock and key as in [`merged_latencies`].
pub fn latency_series<'a, K: Ord + Clone>(
    points: impl IntoIterator<Item = &'a LatencyPoint>,
    key: impl Fn(&LatencyPoint) -> K,
) -> BTreeMap<(K, Clock), DistributionSeries> {
    let mut sums: BTreeMap<((K, Clock), Timestamp), HistogramSum> = BTreeMap::new();
    for point in points {
        let of = (key(point), point.clock);
        sums.entry((of, point.at)).or_default().merge(&point.histogram);
    }
    let mut series: BTreeMap<(K, Clock), DistributionSeries> = BTreeMap::new();
    for ((of, at), sum) in sums {
        let distribution = Distribution::of(&sum.to_histogram());
        series.entry(of).or_default().extend(distribution.map(|distribution| (at, distribution)));
    }
    series
}

/// The latencies of records that are not stored yet, to be merged with rows that are: the same are
/// left out as there, and what lies outside of the window. Records that are stored already would
/// count twice.
pub fn live_latencies(node: &NodeName, records: &[Record], window: Window) -> Vec<LatencyRow> {
    let mut sums = BTreeMap::new();
    for record in records {
        let Record::Transfer(transfer) = record else { continue };
        let latency = transfer.latency.filter(|latency| latency.clock.is_honest());
        let within = window.from <= transfer.at && transfer.at < window.to;
        if let (Some(latency), Outcome::Success, true) = (latency, transfer.outcome, within) {
            let key = (transfer.satellite, transfer.action.clone(), latency.clock);
            let sum: &mut HistogramSum = sums.entry(key).or_default();
            sum.record(latency.micros);
        }
    }
    let row = |((satellite, action, clock), sum): (_, HistogramSum)| LatencyRow {
        node: node.clone(),
        satellite,
        action,
        clock,
        histogram: sum.to_histogram(),
    };
    sums.into_iter().map(row).collect()
}

/// Latencies of a window, and beside them what the nodes say themselves.
#[derive(Debug, Clone, PartialEq)]
pub struct LatencyAnswer {
    /// What was measured.
    pub measured: Latencies,
    /// The newest quantiles that each node told of each measure and action in the last hour of the
    /// window; empty where no debug endpoint is asked. They are of a sample of the node's own, which
    /// cannot be merged with anything.
    pub told: Vec<Reported<Quantiles>>,
}

/// Asks for the latencies of a window that is widened to a grain; [`finest_grain`] tells which one
/// still holds it.
///
/// # Errors
///
/// When the database cannot be read.
pub fn latency_of(
    reader: &Reader,
    nodes: Nodes<'_>,
    window: Window,
    filter: &LatencyFilter,
    grain: Grain,
) -> Result<LatencyAnswer> {
    let measured = reader.latencies(nodes, window, filter, grain)?;
    let from = window.to.plus_micros(-QUANTILES_MICROS).max(window.from);
    let told = reader.quantiles(nodes, Window { from, to: window.to })?;
    Ok(LatencyAnswer { measured, told: newest(told) })
}

/// Whether the latencies of several nodes are merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NodesOf {
    /// One curve for all nodes.
    Together,
    /// A curve for each node.
    Apart,
}

/// How long transfers took over time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LatencyCurves {
    /// What they cover: the window asked for, widened to whole buckets of the grain.
    pub window: Window,
    /// The width of a bucket.
    pub grain: Grain,
    /// By node (`None` where nodes are together), action and clock.
    pub curves: BTreeMap<(Option<NodeName>, Action, Clock), DistributionSeries>,
}

/// Asks how long transfers took over time, by buckets of a grain.
///
/// # Errors
///
/// When the database cannot be read.
pub fn latency_curves_of(
    reader: &Reader,
    nodes: Nodes<'_>,
    window: Window,
    filter: &LatencyFilter,
    grain: Grain,
    nodes_of: NodesOf,
) -> Result<LatencyCurves> {
    let LatencySeries { window, grain, points } =
        reader.latency_series(nodes, window, filter, grain)?;
    let merged = latency_series(&points, |point| match nodes_of {
        NodesOf::Together => (None, point.action.clone()),
        NodesOf::Apart => (Some(point.node.clone()), point.action.clone()),
    });
    let curve = |(((node, action), clock), series)| ((node, action, clock), series);
    Ok(LatencyCurves { window, grain, curves: merged.into_iter().map(curve).collect() })
}

/// The last of each node, measure and action.
fn newest(told: Vec<Reported<Quantiles>>) -> Vec<Reported<Quantiles>> {
    let mut newest = BTreeMap::new();
    for quantiles in told {
        let key = (quantiles.node.clone(), quantiles.what.measure, quantiles.what.action.clone());
        newest.insert(key, quantiles);
    }
    newest.into_values().collect()
}
