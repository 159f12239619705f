//! What is unusual and what changes at a node for machines: each in the unit of its metric.

use piecewatch_analytics::{
    metric::{Metric, Scale},
    outlook::Outlook,
    trend::Trend,
    unusual::{Departure, Finding, Seen, Side},
};
use piecewatch_model::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

/// Something unusual, and by which metrics it is known.
#[derive(JsonSchema, Serialize)]
pub(super) struct UnusualRow {
    kind: &'static str,
    since: String,
    sentence: String,
    departures: Vec<DepartureRow>,
}

/// A metric that left what is usual.
#[derive(JsonSchema, Serialize)]
struct DepartureRow {
    metric: &'static str,
    /// `count` and `bytes` in an hour, `share` from 0 to 1, `micros`: what values are.
    unit: &'static str,
    /// `above` or `below` what is usual.
    side: &'static str,
    since: String,
    /// Null while it goes on.
    ended: Option<String>,
    /// How many times as much as usual; null where nothing is.
    factor: Option<f64>,
    /// The newest unusual hour.
    latest: HourRow,
    /// The hour furthest from what is usual.
    worst: HourRow,
}

/// An unusual hour beside what is usual then.
#[derive(JsonSchema, Serialize)]
struct HourRow {
    at: String,
    value: f64,
    usual: f64,
    /// Nearly all hours are between this and the next.
    low: f64,
    high: f64,
    /// By how many spreads it differs: the robust z-score, negative below.
    z: f64,
}

/// How a metric changes from week to week.
#[derive(JsonSchema, Serialize)]
pub(super) struct TrendRow {
    metric: &'static str,
    unit: &'static str,
    per_week: f64,
    /// The true rise is between this and the next in 99 of 100 cases.
    low: f64,
    high: f64,
    /// The middle of the days.
    center: f64,
    days: usize,
    /// Whether it rises or falls for sure.
    is_significant: bool,
}

impl UnusualRow {
    pub(super) fn all(outlook: &Outlook) -> Vec<Self> {
        outlook.unusual_now().map(|of| Self::of(of, outlook.history.to)).collect()
    }

    fn of(finding: &Finding, until: Timestamp) -> Self {
        Self {
            kind: finding.kind.name(),
            since: finding.since.to_string(),
            sentence: finding.sentence(until),
            departures: finding.departures.iter().map(DepartureRow::of).collect(),
        }
    }
}

impl DepartureRow {
    fn of(of: &Departure) -> Self {
        Self {
            metric: of.metric.name(),
            unit: unit(of.metric),
            side: match of.side {
                Side::Above => "above",
                Side::Below => "below",
            },
            since: of.since.to_string(),
            ended: of.ended.map(|at| at.to_string()),
            factor: of.factor,
            latest: HourRow::of(&of.latest),
            worst: HourRow::of(&of.worst),
        }
    }
}

impl HourRow {
    fn of(seen: &Seen) -> Self {
        let usual = &seen.usual;
        Self {
            at: seen.at.to_string(),
            value: seen.value,
            usual: usual.center,
            low: usual.low,
            high: usual.high,
            z: seen.z,
        }
    }
}

impl TrendRow {
    pub(super) fn all(outlook: &Outlook) -> Vec<Self> {
        outlook.trends.iter().map(|(metric, trend)| Self::of(*metric, trend)).collect()
    }

    fn of(metric: Metric, trend: &Trend) -> Self {
        Self {
            metric: metric.name(),
            unit: unit(metric),
            per_week: trend.per_week,
            low: trend.low,
            high: trend.high,
            center: trend.center,
            days: trend.days,
            is_significant: trend.is_significant(),
        }
    }
}

const fn unit(metric: Metric) -> &'static str {
    match metric.scale() {
        Scale::Count => "count",
        Scale::Bytes => "bytes",
        Scale::Share => "share",
        Scale::Micros => "micros",
    }
}
