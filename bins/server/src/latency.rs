//! `piecewatch latency`: how long transfers take.

pub(crate) mod rows;
mod text;

use std::{collections::BTreeMap, io::Write, num::NonZeroU64};

use piecewatch_analytics::{
    distribution::{Bar, BarScale, Distribution, Percentile, bars, percentile},
    latency::{finest_grain, latency_of, latency_series, merged_latencies},
    rate::{InFlight, concurrency_of},
};
use piecewatch_model::{
    Action, Clock, Grain, Histogram, NodeName, Quantiles, SatelliteId, Timestamp,
};
use piecewatch_store::{LatencyFilter, LatencyRow, Nodes, Reader, Reported, SlowFilter, Window};

use crate::{
    Colour, Error, Result,
    cli::{By, LatencyArgs, Spread},
    database,
    form::{Form, csv, json},
    window::up_to_newest,
};

/// How many bars of one width are drawn.
const LINEAR_BARS: u16 = 20;

/// How long transfers took.
pub(crate) struct Answer {
    /// Whether that is of much more than was asked for, since nothing finer is kept.
    pub(crate) is_widened: bool,
    pub(crate) window: Window,
    pub(crate) grain: Grain,
    pub(crate) lines: Vec<Line>,
    /// How the latencies of all nodes together are spread, by action and clock; empty where it was
    /// not asked for.
    pub(crate) spread: BTreeMap<(Action, Clock), Vec<Bar>>,
    /// Why there are no lines; `None` where there are some.
    pub(crate) nothing: Option<Nothing>,
    /// Transfers in flight, nodes together.
    pub(crate) in_flight: InFlight,
    /// What the nodes say themselves.
    pub(crate) told: Vec<Reported<Quantiles>>,
}

/// Why nothing was measured.
pub(crate) enum Nothing {
    /// There is a log, and it tells of no start.
    NoStarts,
    /// The clock has whole seconds, which are too coarse.
    WholeSeconds,
    /// No transfer of the action that was asked for is known at all; of those that are.
    UnknownAction(Vec<Action>),
}

/// What is told of some transfers.
pub(crate) struct Line {
    of: Of,
    action: Action,
    clock: Clock,
    distribution: Distribution,
}

/// Which transfers of an action and clock a line is of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Of {
    Node(NodeName),
    /// Where the log names one.
    Satellite(Option<SatelliteId>),
    /// What begins then.
    Time(Timestamp),
    AllNodes,
}

/// Asks for latencies and prints them.
pub(crate) fn run(arguments: &LatencyArgs, out: &mut dyn Write, colour: Colour) -> Result<()> {
    let answer = database::read(&arguments.of.db, |reader| ask(reader, arguments))?;
    let written = match (Form::from(arguments.form), answer) {
        (Form::Json, answer) => json(out, &rows::Object::of(answer.as_ref())),
        (Form::Csv, answer) => {
            return match arguments.histogram {
                Some(_) => csv(out, answer.iter().flat_map(rows::flat_bars)),
                None => csv(out, answer.iter().flat_map(rows::flat)),
            };
        }
        (Form::Text, Some(answer)) => text::write(&answer, out, colour),
        (Form::Text, None) => {
            writeln!(out, "{} holds no log of these nodes.", arguments.of.db.display())
        }
    };
    written.map_err(Error::Output)
}

/// `None` where there are no records.
fn ask(reader: &Reader, arguments: &LatencyArgs) -> Result<Option<Answer>> {
    let names = database::chosen(reader, &arguments.of.db, &arguments.of.node)?;
    let Some(asked) = up_to_newest(reader, &names, arguments.window)? else { return Ok(None) };
    let nodes = Nodes::Of(&names);
    let filter = LatencyFilter { satellite: None, action: arguments.action.clone() };
    let finest = finest_grain(asked, reader.kept_from(nodes)?);
    let grain = match arguments.by {
        By::Node => finest,
        // Satellites are kept apart by the hour.
        By::Satellite | By::Hour => finest.max(Grain::Hour),
        By::Day => Grain::Day,
    };
    let answer = latency_of(reader, nodes, asked, &filter, grain)?;
    let rows = &answer.measured.rows;
    let lines = match arguments.by {
        By::Node => of_nodes(rows, names.len()),
        By::Satellite => of_satellites(rows),
        By::Hour | By::Day => {
            let series = reader.latency_series(nodes, asked, &filter, grain)?;
            let series = latency_series(&series.points, |point| point.action.clone());
            series.iter().flat_map(|((action, clock), of)| over_time(action, *clock, of)).collect()
        }
    };
    let spread = match arguments.histogram {
        Some(scale) => spread(rows, scale),
        None => BTreeMap::new(),
    };
    let is_wanted = |action: &Action| arguments.action.as_ref().is_none_or(|of| of == action);
    let mut in_flight = concurrency_of(reader, nodes, asked, grain)?;
    in_flight.actions.retain(|action, _| is_wanted(action));
    let nothing = match lines.is_empty() {
        true => Some(nothing(reader, &names, arguments.action.as_ref(), asked, grain)?),
        false => None,
    };
    let mut told = answer.told;
    told.retain(|told| is_wanted(&told.what.action));
    let (window, grain) = (answer.measured.window, answer.measured.grain);
    // Hours and days that were asked for are no surprise.
    let is_widened = match arguments.by {
        By::Node | By::Satellite if grain >= Grain::Hour => {
            let length = window.to.as_micros() - window.from.as_micros();
            length >= arguments.window.micros().saturating_mul(3) / 2
        }
        By::Node | By::Satellite | By::Hour | By::Day => false,
    };
    Ok(Some(Answer { is_widened, window, grain, lines, spread, nothing, in_flight, told }))
}

fn nothing(
    reader: &Reader,
    names: &[NodeName],
    action: Option<&Action>,
    window: Window,
    grain: Grain,
) -> Result<Nothing> {
    let nodes = Nodes::Of(names);
    if let Some(action) = action {
        let mut known: Vec<Action> =
            reader.traffic_totals(nodes, None)?.rows.into_iter().map(|row| row.action).collect();
        known.sort();
        known.dedup();
        if !known.contains(action) {
            return Ok(Nothing::UnknownAction(known));
        }
    }
    let slow = SlowFilter { action: action.cloned(), ending: None };
    let slowest = reader.slowest(nodes, window, &slow, grain, 1)?;
    Ok(if slowest.rows.is_empty() { Nothing::NoStarts } else { Nothing::WholeSeconds })
}

/// A line for each node, and of several nodes one for all of them.
pub(crate) fn of_nodes(rows: &[LatencyRow], nodes: usize) -> Vec<Line> {
    let mut told = lines(rows, |row| Of::Node(row.node.clone()));
    if nodes > 1 {
        told.extend(lines(rows, |_| Of::AllNodes));
    }
    told
}

/// A line for each satellite, nodes together.
pub(crate) fn of_satellites(rows: &[LatencyRow]) -> Vec<Line> {
    lines(rows, |row| Of::Satellite(row.satellite))
}

/// A line for each bucket of a series.
pub(crate) fn over_time(
    action: &Action,
    clock: Clock,
    series: &[(Timestamp, Distribution)],
) -> impl Iterator<Item = Line> {
    series.iter().map(move |&(at, distribution)| Line {
        of: Of::Time(at),
        action: action.clone(),
        clock,
        distribution,
    })
}

fn lines(rows: &[LatencyRow], of: impl Fn(&LatencyRow) -> Of) -> Vec<Line> {
    merged_latencies(rows, |row| (of(row), row.action.clone()))
        .into_iter()
        .filter_map(|(((of, action), clock), histogram)| {
            let distribution = Distribution::of(&histogram)?;
            Some(Line { of, action, clock, distribution })
        })
        .collect()
}

/// How the latencies of all nodes together are spread, by action and clock.
pub(crate) fn spread(rows: &[LatencyRow], scale: Spread) -> BTreeMap<(Action, Clock), Vec<Bar>> {
    let merged = merged_latencies(rows, |row| row.action.clone());
    let drawn = |histogram: Histogram| match scale {
        Spread::Log => bars(&histogram, BarScale::Logarithmic { halvings: 0 }),
        Spread::Linear => {
            let width = width(percentile(&histogram, Percentile::P99).unwrap_or(0));
            let mut bars = bars(&histogram, BarScale::Linear { width, bars: LINEAR_BARS });
            // What is longer than all has a bar of its own if there is any.
            if bars.last().is_some_and(|bar| bar.count == 0) {
                bars.pop();
            }
            bars
        }
    };
    merged.into_iter().map(|(of, histogram)| (of, drawn(histogram))).collect()
}

/// The width of bars of which 99 of 100 transfers are within [`LINEAR_BARS`]: a 1, 2 or 5 with zeros.
fn width(p99: u64) -> NonZeroU64 {
    let least = p99 / u64::from(LINEAR_BARS) + 1;
    let decades = (0..19).map(|zeros| 10_u64.pow(zeros));
    let mut round = decades.flat_map(|ten| [ten, 2 * ten, 5 * ten].map(NonZeroU64::new)).flatten();
    round.find(|width| width.get() >= least).unwrap_or(NonZeroU64::MAX)
}
