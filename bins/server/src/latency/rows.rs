//! Latencies for machines: microseconds; what is not known is null, in CSV empty.

use piecewatch_analytics::distribution::Bar;
use piecewatch_model::{Grain, Histogram, SatelliteId};
use schemars::JsonSchema;
use serde::Serialize;

use super::{Answer, Line, Of};
use crate::{earnings::satellite_name, form::Span};

/// The answer, in JSON.
#[derive(JsonSchema, Serialize)]
pub(crate) struct Object<'a> {
    from: Option<String>,
    to: Option<String>,
    aligned_to: Option<&'static str>,
    /// By how much a value may be off, as a fraction of itself.
    error_max: f64,
    measured: Vec<Row<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    histograms: Vec<Spread<'a>>,
    in_flight: Option<InFlight<'a>>,
    told_by_nodes: Vec<Told<'a>>,
}

/// Transfers of one kind that were measured by one clock.
#[derive(Default, JsonSchema, Serialize)]
pub(crate) struct Row<'a> {
    node: Option<&'a str>,
    satellite: Option<String>,
    satellite_id: Option<String>,
    at: Option<String>,
    action: &'a str,
    clock: &'static str,
    count: u64,
    mean_micros: u64,
    p50_micros: u64,
    p90_micros: u64,
    p95_micros: u64,
    p99_micros: u64,
    max_micros: u64,
}

#[derive(JsonSchema, Serialize)]
struct Spread<'a> {
    action: &'a str,
    clock: &'static str,
    bars: Vec<DrawnBar>,
}

#[derive(JsonSchema, Serialize)]
struct DrawnBar {
    from_micros: u64,
    /// The first above it.
    to_micros: Option<u64>,
    count: u64,
}

/// Transfers in flight at once, on average over the time of which the logs tell.
#[derive(JsonSchema, Serialize)]
struct InFlight<'a> {
    from: String,
    to: String,
    /// Of which share of it the logs tell.
    covered: f64,
    actions: Vec<InFlightOf<'a>>,
}

#[derive(JsonSchema, Serialize)]
struct InFlightOf<'a> {
    action: &'a str,
    in_flight: f64,
    ended: u64,
    measured: u64,
}

/// What a node says of its last transfers; microseconds, of an order amount bytes.
#[derive(JsonSchema, Serialize)]
struct Told<'a> {
    node: &'a str,
    at: String,
    measure: &'static str,
    action: &'a str,
    count: u64,
    p10: f64,
    p50: f64,
    p90: f64,
    p99: f64,
    max: f64,
}

/// How latencies are spread, in JSON.
#[derive(JsonSchema, Serialize)]
pub(crate) struct Histograms<'a> {
    from: Option<String>,
    to: Option<String>,
    aligned_to: Option<&'static str>,
    /// By how much a value may be off, as a fraction of itself.
    error_max: f64,
    histograms: Vec<Spread<'a>>,
}

impl<'a> Histograms<'a> {
    /// Of nothing where there are no records.
    pub(crate) fn of(answer: Option<&'a Answer>) -> Self {
        let Object { from, to, aligned_to, error_max, histograms, .. } = Object::of(answer);
        Self { from, to, aligned_to, error_max, histograms }
    }
}

/// A bar of a histogram, for CSV.
#[derive(Default, Serialize)]
pub(crate) struct BarRow<'a> {
    action: &'a str,
    clock: &'static str,
    from_micros: u64,
    to_micros: Option<u64>,
    count: u64,
}

/// A row for each bar, beside the window.
pub(crate) fn flat_bars(answer: &Answer) -> impl Iterator<Item = (Span, BarRow<'_>)> {
    answer.spread.iter().flat_map(|((action, clock), bars)| {
        bars.iter().map(|bar| {
            let (from_micros, to_micros, count) = (bar.from, bar.to, bar.count);
            let (action, clock) = (action.name(), clock.name());
            (Span::of(answer.window), BarRow { action, clock, from_micros, to_micros, count })
        })
    })
}

impl<'a> Object<'a> {
    /// Of nothing where there are no records.
    pub(crate) fn of(answer: Option<&'a Answer>) -> Self {
        Self {
            from: answer.map(|answer| answer.window.from.to_string()),
            to: answer.map(|answer| answer.window.to.to_string()),
            aligned_to: answer.map(|answer| in_words(answer.grain)),
            error_max: Histogram::ERROR_MAX,
            measured: answer
                .map(|answer| answer.lines.iter().map(row).collect())
                .unwrap_or_default(),
            histograms: answer.map(histograms).unwrap_or_default(),
            in_flight: answer.map(|answer| in_flight(&answer.in_flight)),
            told_by_nodes: answer.map(told).unwrap_or_default(),
        }
    }
}

fn histograms(answer: &Answer) -> Vec<Spread<'_>> {
    let bar = |bar: &Bar| DrawnBar { from_micros: bar.from, to_micros: bar.to, count: bar.count };
    let spread = answer.spread.iter().map(|((action, clock), bars)| Spread {
        action: action.name(),
        clock: clock.name(),
        bars: bars.iter().map(bar).collect(),
    });
    spread.collect()
}

fn in_flight(of: &piecewatch_analytics::rate::InFlight) -> InFlight<'_> {
    let actions = of.actions.iter().map(|(action, of)| InFlightOf {
        action: action.name(),
        in_flight: of.in_flight,
        ended: of.ended,
        measured: of.measured,
    });
    InFlight {
        from: of.window.from.to_string(),
        to: of.window.to.to_string(),
        covered: of.covered,
        actions: actions.collect(),
    }
}

fn told(answer: &Answer) -> Vec<Told<'_>> {
    let told = answer.told.iter().map(|told| Told {
        node: told.node.as_str(),
        at: told.at.to_string(),
        measure: told.what.measure.name(),
        action: told.what.action.name(),
        count: told.what.count,
        p10: told.what.p10,
        p50: told.what.p50,
        p90: told.what.p90,
        p99: told.what.p99,
        max: told.what.max,
    });
    told.collect()
}

/// A row for each line, beside the window, for CSV.
pub(crate) fn flat(answer: &Answer) -> impl Iterator<Item = (Span, Row<'_>)> {
    answer.lines.iter().map(|line| (Span::of(answer.window), row(line)))
}

fn row(line: &Line) -> Row<'_> {
    let (mut node, mut satellite, mut at) = (None, None, None);
    match &line.of {
        Of::Node(name) => node = Some(name.as_str()),
        Of::Satellite(id) => satellite = *id,
        Of::Time(begin) => at = Some(begin.to_string()),
        Of::AllNodes => {}
    }
    let of = line.distribution;
    Row {
        node,
        satellite: satellite.map(|id| satellite_name(id, None)),
        satellite_id: satellite.as_ref().map(SatelliteId::to_string),
        at,
        action: line.action.name(),
        clock: line.clock.name(),
        count: of.count,
        mean_micros: of.mean,
        p50_micros: of.p50,
        p90_micros: of.p90,
        p95_micros: of.p95,
        p99_micros: of.p99,
        max_micros: of.max,
    }
}

/// To what a window is aligned.
pub(crate) const fn in_words(grain: Grain) -> &'static str {
    match grain {
        Grain::Minute => "minutes",
        Grain::FiveMinutes => "five minutes",
        Grain::Hour => "hours",
        Grain::Day => "days",
    }
}
