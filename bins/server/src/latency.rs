//! `piecewatch latency`: how long transfers take.

mod rows;
mod text;

use std::{collections::BTreeMap, io::Write};

use piecewatch_analytics::{
    Bar, BarScale, Concurrency, Distribution, bars, concurrency_of, finest_grain, latency_of,
    latency_series, merged_latencies,
};
use piecewatch_model::{Action, Clock, Grain, NodeName, Quantiles, SatelliteId, Timestamp};
use piecewatch_store::{LatencyFilter, LatencyRow, Nodes, Reader, Reported, Retention, Window};

use crate::{
    Colour, Error, Result,
    cli::{By, LatencyArgs},
    clock, database,
    form::{Form, csv, json},
    window::up_to_newest,
};

/// How long transfers took.
struct Answer {
    window: Window,
    grain: Grain,
    lines: Vec<Line>,
    /// How the latencies of all nodes together are spread, by action and clock; empty where it was
    /// not asked for.
    spread: BTreeMap<(Action, Clock), Vec<Bar>>,
    /// Transfers in flight in the hours of the window, nodes together.
    in_flight: BTreeMap<Action, Concurrency>,
    /// What the nodes say themselves.
    told: Vec<Reported<Quantiles>>,
}

/// What is told of some transfers.
struct Line {
    of: Of,
    action: Action,
    clock: Clock,
    distribution: Distribution,
}

/// Which transfers of an action and clock a line is of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Of {
    Node(NodeName),
    /// Where the log names one.
    Satellite(Option<SatelliteId>),
    /// What begins then.
    Time(Timestamp),
    AllNodes,
}

/// Asks for latencies and prints them.
pub(crate) fn run(arguments: &LatencyArgs, out: &mut dyn Write, colour: Colour) -> Result<()> {
    let answer = database::read(&arguments.db, |reader| ask(reader, arguments))?;
    let written = match (Form::from(arguments.form), answer) {
        (Form::Json, answer) => json(out, &answer.as_ref().map(rows::Object::of)),
        (Form::Csv, answer) => return csv(out, answer.iter().flat_map(rows::flat)),
        (Form::Text, Some(answer)) => text::write(&answer, out, colour),
        (Form::Text, None) => {
            writeln!(out, "{} holds no log of these nodes.", arguments.db.display())
        }
    };
    written.map_err(Error::Output)
}

/// `None` where there are no records.
fn ask(reader: &Reader, arguments: &LatencyArgs) -> Result<Option<Answer>> {
    let known = reader.nodes()?.into_iter().map(|node| node.name).collect();
    let names = database::chosen(&arguments.db, &arguments.node, known)?;
    let Some(window) = up_to_newest(reader, &names, arguments.window)? else { return Ok(None) };
    let nodes = Nodes::Of(&names);
    let filter = LatencyFilter { satellite: None, action: arguments.action.clone() };
    let finest = finest_grain(window, clock::now(), &Retention::default());
    let grain = match arguments.by {
        By::Node => finest,
        // Satellites are kept apart by the hour.
        By::Satellite | By::Hour => finest.max(Grain::Hour),
        By::Day => Grain::Day,
    };
    let answer = latency_of(reader, nodes, window, &filter, grain)?;
    let rows = &answer.measured.rows;
    let lines = match arguments.by {
        By::Node => of_nodes(rows, names.len()),
        By::Satellite => lines(rows, |row| Of::Satellite(row.satellite)),
        By::Hour | By::Day => {
            let series = reader.latency_series(nodes, window, &filter, grain)?;
            let of_action = |((action, clock), series): (_, Vec<(Timestamp, Distribution)>)| {
                let line = move |(at, distribution)| {
                    let action = Action::clone(&action);
                    Line { of: Of::Time(at), action, clock, distribution }
                };
                series.into_iter().map(line)
            };
            latency_series(&series.points, |point| point.action.clone())
                .into_iter()
                .flat_map(of_action)
                .collect()
        }
    };
    let spread = if arguments.histogram { spread(rows) } else { BTreeMap::new() };
    let mut in_flight = concurrency_of(reader, nodes, window, grain)?;
    in_flight.retain(|action, _| arguments.action.as_ref().is_none_or(|wanted| wanted == action));
    let mut told = answer.told;
    told.retain(|told| arguments.action.as_ref().is_none_or(|wanted| *wanted == told.what.action));
    let (window, grain) = (answer.measured.window, answer.measured.grain);
    Ok(Some(Answer { window, grain, lines, spread, in_flight, told }))
}

/// A line for each node, and of several nodes one for all of them.
fn of_nodes(rows: &[LatencyRow], nodes: usize) -> Vec<Line> {
    let mut told = lines(rows, |row| Of::Node(row.node.clone()));
    if nodes > 1 {
        told.extend(lines(rows, |_| Of::AllNodes));
    }
    told
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

fn spread(rows: &[LatencyRow]) -> BTreeMap<(Action, Clock), Vec<Bar>> {
    let merged = merged_latencies(rows, |row| row.action.clone());
    let drawn = |histogram| bars(&histogram, BarScale::Logarithmic { halvings: 0 });
    merged.into_iter().map(|(of, histogram)| (of, drawn(histogram))).collect()
}
