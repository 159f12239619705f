//! How fast do bytes and pieces move, and how many transfers are in flight?

use std::collections::BTreeMap;

use piecewatch_model::{Action, Direction, Grain, NodeName, Outcome, Timestamp};
use piecewatch_store::{
    Fate, LatencyFilter, LatencyRow, NodeInfo, Nodes, Reader, Result, Retention, TrafficPoint,
    TrafficRow, Window,
};

use crate::{Amount, Distribution, merged_latencies};

/// A record is stored some seconds after it was written: a minute that ended later than this is
/// not told yet.
const LAG_MICROS: i64 = 10 * 1_000_000;
/// Of less than this a rate would say more of chance than of the node.
const COVERED_MICROS_MIN: i64 = 60 * 1_000_000;

/// What moves one way: transfers that succeeded, whatever they were for. What canceled and failed
/// ones moved before they ended is not known of downloads, and is left out.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Flow {
    /// Bits in a second.
    pub bits_per_second: f64,
    /// Pieces, or parts of pieces, in a second.
    pub pieces_per_second: f64,
}

impl Flow {
    fn add(&mut self, amount: Amount, seconds: f64) {
        self.bits_per_second += amount.bytes.get() as f64 * 8.0 / seconds;
        self.pieces_per_second += amount.count as f64 / seconds;
    }
}

/// What moves both ways.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Rates {
    /// To the nodes: uploads, those for repair as well.
    pub ingress: Flow,
    /// From the nodes: downloads, those for repair and audits as well.
    pub egress: Flow,
}

/// The rates in one bucket of time, nodes together.
#[derive(Debug, Clone, PartialEq)]
pub struct RatePoint {
    /// The beginning of the bucket.
    pub at: Timestamp,
    /// The rates; `None` when nothing is known of this time: a gap, which is not 0.
    pub rates: Option<Rates>,
    /// Of how many nodes something is known; the rates are theirs.
    pub nodes: usize,
}

/// The rates in each bucket of a window that is aligned to the grain, oldest first.
///
/// `reaches` tells from when to when each node is known: what is counted outside of it is left out,
/// a bucket that lies within it holds 0 where nothing moved, and one that it covers in part is divided
/// by that part, if it is at least a minute.
pub fn rate_series(
    points: &[TrafficPoint],
    reaches: &[(NodeName, Window)],
    window: Window,
    grain: Grain,
) -> Vec<RatePoint> {
    let mut moved: BTreeMap<(Timestamp, &NodeName), [Amount; 2]> = BTreeMap::new();
    for TrafficPoint { at, node, action, fate, count, bytes } in points {
        if *fate == Fate::Ended(Outcome::Success) {
            let ways = moved.entry((*at, node)).or_default();
            ways[way(action)].add(Amount { count: *count, bytes: *bytes });
        }
    }
    let mut at = window.from;
    let mut series = Vec::new();
    while at < window.to {
        let end = at.plus_micros(grain.micros());
        let mut point = RatePoint { at, rates: None, nodes: 0 };
        for (node, reach) in reaches {
            let covered = end.min(reach.to).as_micros() - at.max(reach.from).as_micros();
            if covered < COVERED_MICROS_MIN.min(grain.micros()) {
                continue;
            }
            let seconds = covered as f64 / 1e6;
            let [ingress, egress] = moved.get(&(at, node)).copied().unwrap_or_default();
            let rates = point.rates.get_or_insert_default();
            rates.ingress.add(ingress, seconds);
            rates.egress.add(egress, seconds);
            point.nodes += 1;
        }
        series.push(point);
        at = end;
    }
    series
}

fn way(action: &Action) -> usize {
    match action.direction() {
        Direction::Upload => 0,
        Direction::Download => 1,
    }
}

/// Asks for the rates in each minute, hour or day of a window, which is widened to those.
///
/// Nothing is known of a node before its first record and after its last, and by the minute not of
/// what is older than minutes are kept at `now`.
///
/// # Errors
///
/// When the database cannot be read.
pub fn rate_series_of(
    reader: &Reader,
    nodes: Nodes<'_>,
    window: Window,
    grain: Grain,
    (now, retention): (Timestamp, &Retention),
) -> Result<Vec<RatePoint>> {
    let window = window.widened(grain);
    let points = reader.success_series(nodes, window, grain)?;
    let kept_from = match grain {
        Grain::Minute | Grain::FiveMinutes => {
            let kept = i64::try_from(retention.minutes.as_micros()).unwrap_or(i64::MAX);
            now.plus_micros(-kept).floor(Grain::Hour)
        }
        Grain::Hour | Grain::Day => Timestamp::from_micros(i64::MIN),
    };
    let reaches = reaches(&reader.nodes()?, nodes, kept_from);
    Ok(rate_series(&points, &reaches, window, grain))
}

/// From when to when each of the nodes is known, and not before an instant.
fn reaches(known: &[NodeInfo], nodes: Nodes<'_>, kept_from: Timestamp) -> Vec<(NodeName, Window)> {
    let wanted = |name: &NodeName| match nodes {
        Nodes::All => true,
        Nodes::Of(names) => names.contains(name),
    };
    let reach = |node: &NodeInfo| {
        let (first, last) = node.records.filter(|_| wanted(&node.name))?;
        Some((node.name.clone(), Window { from: first.max(kept_from), to: last }))
    };
    known.iter().filter_map(reach).collect()
}

/// Asks for the rates of the last minute: the last whole one that is stored at `now`, some ten
/// seconds after its end. Its [`RatePoint::rates`] are `None` when no node has told anything since.
///
/// # Errors
///
/// When the database cannot be read.
pub fn last_minute_of(reader: &Reader, nodes: Nodes<'_>, now: Timestamp) -> Result<RatePoint> {
    let to = now.plus_micros(-LAG_MICROS).floor(Grain::Minute);
    let window = Window { from: to.plus_micros(-Grain::Minute.micros()), to };
    let retention = Retention::default();
    let mut series = rate_series_of(reader, nodes, window, Grain::Minute, (now, &retention))?;
    Ok(series.pop().unwrap_or(RatePoint { at: window.from, rates: None, nodes: 0 }))
}

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
    /// `None` when no transfer was measured, or no time is known. `measured` are the distributions
    /// by each clock: their durations are added up, the distributions are not.
    pub fn of(ended: u64, measured: &[Distribution], seconds: f64) -> Option<Self> {
        let count: u64 = measured.iter().map(|of| of.count).sum();
        if count == 0 || seconds <= 0.0 {
            return None;
        }
        let micros: f64 = measured.iter().map(|of| of.mean as f64 * of.count as f64).sum();
        let mean_seconds = micros / count as f64 / 1e6;
        Some(Self { in_flight: ended as f64 * mean_seconds / seconds, ended, measured: count })
    }
}

/// The transfers in flight of each action, nodes together, by what ended and what was measured in
/// the same window. Actions of which nothing was measured are left out: it is not known.
pub fn concurrency(
    ended: &[TrafficRow],
    measured: &[LatencyRow],
    seconds: f64,
) -> BTreeMap<Action, Concurrency> {
    let mut counts: BTreeMap<&Action, u64> = BTreeMap::new();
    for row in ended.iter().filter(|row| row.fate != Fate::Rejected) {
        *counts.entry(&row.action).or_default() += row.count;
    }
    let mut distributions: BTreeMap<Action, Vec<Distribution>> = BTreeMap::new();
    for ((action, _), histogram) in merged_latencies(measured, |row| row.action.clone()) {
        distributions.entry(action).or_default().extend(Distribution::of(&histogram));
    }
    let of_action = |(action, measured): (Action, Vec<Distribution>)| {
        let ended = counts.get(&action).copied().unwrap_or(0);
        Some((action, Concurrency::of(ended, &measured, seconds)?))
    };
    distributions.into_iter().filter_map(of_action).collect()
}

/// Asks for the transfers in flight in a window, which is widened to whole hours, or to whole days
/// where [`finest_grain`](crate::finest_grain) is that; of it counts what lies between the first and
/// the last record of the nodes.
///
/// # Errors
///
/// When the database cannot be read.
pub fn concurrency_of(
    reader: &Reader,
    nodes: Nodes<'_>,
    window: Window,
    grain: Grain,
) -> Result<BTreeMap<Action, Concurrency>> {
    let grain = grain.max(Grain::Hour);
    let window = window.widened(grain);
    let Some(reach) = reader.reach(nodes)? else { return Ok(BTreeMap::new()) };
    let (from, to) = (window.from.max(reach.from), window.to.min(reach.to));
    let seconds = (to.as_micros() - from.as_micros()) as f64 / 1e6;
    let ended = reader.traffic_totals(nodes, Some(window))?.rows;
    let measured = reader.latencies(nodes, window, &LatencyFilter::default(), grain)?.rows;
    Ok(concurrency(&ended, &measured, seconds))
}
