//! How fast do bytes and pieces move?

mod in_flight;
mod lately;

use std::collections::BTreeMap;

use piecewatch_model::{Grain, NodeName, Timestamp};
use piecewatch_store::{FlowPoint, Moved, Nodes, Reader, Result, Window};

use crate::{
    coverage::{Coverage, coverage_of},
    tally::Amount,
};

pub use in_flight::{
    Concurrency, InFlight, InFlightPoint, InFlightSeries, concurrency, concurrency_of,
    in_flight_series, in_flight_series_of,
};
pub use lately::Lately;

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
    pub(crate) fn add(&mut self, amount: Amount, seconds: f64) {
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
/// What is counted where no log tells is left out. A bucket in which nothing moved though the log
/// tells of its hour holds 0, one of which nothing is told holds nothing, and one that the log covers in part is
/// divided by that part, if it is at least a minute.
pub fn rate_series(
    points: &[FlowPoint],
    coverage: &Coverage,
    window: Window,
    grain: Grain,
) -> Vec<RatePoint> {
    let (from, width) = (window.from.as_micros(), grain.micros());
    let buckets = (window.to.as_micros() - from).max(0) / width;
    let nothing = vec![[Moved::default(); 2]; buckets as usize];
    let mut moved: BTreeMap<&NodeName, Vec<[Moved; 2]>> =
        coverage.nodes().map(|node| (node, nothing.clone())).collect();
    for FlowPoint { at, node, ingress, egress } in points {
        let bucket = usize::try_from((at.as_micros() - from).div_euclid(width));
        if let (Some(of_node), Ok(bucket)) = (moved.get_mut(node), bucket)
            && let Some(ways) = of_node.get_mut(bucket)
        {
            ways[0] += *ingress;
            ways[1] += *egress;
        }
    }
    let point = |bucket: i64| {
        let at = window.from.plus_micros(bucket * width);
        let bucket_window = Window { from: at, to: at.plus_micros(width) };
        let mut point = RatePoint { at, rates: None, nodes: 0 };
        for (node, of_node) in &moved {
            let covered = coverage.micros(node, bucket_window);
            if covered < COVERED_MICROS_MIN.min(width) {
                continue;
            }
            let seconds = covered as f64 / 1e6;
            let [ingress, egress] = of_node[bucket as usize];
            let rates = point.rates.get_or_insert_default();
            rates.ingress.add(ingress.into(), seconds);
            rates.egress.add(egress.into(), seconds);
            point.nodes += 1;
        }
        point
    };
    (0..buckets).map(point).collect()
}

/// The rates over time.
#[derive(Debug, Clone, PartialEq)]
pub struct RateSeries {
    /// What it covers: the window asked for, widened to whole buckets.
    pub window: Window,
    /// The width of a bucket.
    pub grain: Grain,
    /// One for each bucket, oldest first.
    pub points: Vec<RatePoint>,
}

/// Asks for the rates in each minute, hour or day of a window, which is widened to those.
///
/// Nothing is known of a node in hours of which its log does not tell, and by the minute not of what
/// is older than the minutes that are kept of it.
///
/// # Errors
///
/// When the database cannot be read.
pub fn rate_series_of(
    reader: &Reader,
    nodes: Nodes<'_>,
    window: Window,
    grain: Grain,
) -> Result<RateSeries> {
    let window = window.widened(grain);
    let points = reader.flow_series(nodes, window, grain)?;
    let coverage = coverage_by(reader, nodes, window, grain)?;
    Ok(RateSeries { window, grain, points: rate_series(&points, &coverage, window, grain) })
}

/// The time of which the logs tell and of which what is kept by this grain is whole.
fn coverage_by(
    reader: &Reader,
    nodes: Nodes<'_>,
    window: Window,
    grain: Grain,
) -> Result<Coverage> {
    let mut coverage = coverage_of(reader, nodes, window)?;
    match grain {
        Grain::Minute | Grain::FiveMinutes => {
            for (node, kept) in reader.kept_from_of_each(nodes)? {
                if let Some(from) = kept.minutes {
                    coverage.forget_before(&node, from);
                }
            }
        }
        Grain::Hour | Grain::Day => {}
    }
    Ok(coverage)
}

/// The last whole minute that is stored at an instant.
pub(crate) const fn last_minute(now: Timestamp) -> Window {
    let to = now.plus_micros(-LAG_MICROS).floor(Grain::Minute);
    Window { from: to.plus_micros(-Grain::Minute.micros()), to }
}

/// Asks for the rates of the last minute: the last whole one that is stored at `now`, some ten
/// seconds after its end. Its [`RatePoint::rates`] are `None` when no node has told anything since.
///
/// # Errors
///
/// When the database cannot be read.
pub fn last_minute_of(reader: &Reader, nodes: Nodes<'_>, now: Timestamp) -> Result<RatePoint> {
    let window = last_minute(now);
    let mut series = rate_series_of(reader, nodes, window, Grain::Minute)?;
    Ok(series.points.pop().unwrap_or(RatePoint { at: window.from, rates: None, nodes: 0 }))
}
