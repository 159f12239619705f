//! The questions of a dashboard's views, each over all nodes.

use std::collections::BTreeMap;

use anyhow::Result;
use piecewatch_analytics::{
    compare::compare_of,
    connectivity::connectivity_of,
    countries::peers_of,
    distribution::Distribution,
    errors::{TopErrors, top_errors_of},
    hot_pieces::hot_pieces_of,
    latency::{finest_grain, latency_of, latency_series, merged_latencies},
    outlook::outlook_of,
    rate::{concurrency_of, in_flight_series_of, last_minute_of, rate_series_of},
    reputation::reputation_of,
    restarts::restarts_of,
    storage::{node_work_of, storage_of, stored_days_of},
    success::{success_of, success_series_of},
    transfer_size::size_classes,
};
use piecewatch_model::{Grain, NodeName};
use piecewatch_store::{Ending, LatencyFilter, Nodes, Reader, SlowFilter, TransferFilter, Window};

/// What is asked, and of which time; the end of the window is the present.
type Ask = fn(&Reader, &[NodeName], Window) -> Result<usize>;

/// A question, by the name that the report gives it. It tells how much it was answered, so that no
/// empty answer is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question {
    pub(crate) name: &'static str,
    pub(crate) ask: Ask,
    pub(crate) over: Over,
    /// How many days before its window it looks.
    pub(crate) reach: i64,
}

/// What a question is asked over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Over {
    /// Over 24 hours, and over 30 days.
    Windows,
    /// Its own time; held to what 24 hours are held to.
    ADay,
    /// Its own time, of weeks; held to what 30 days are held to.
    AMonth,
    /// Its own time, and held to nothing: all there is, the same question to one node after the other, or one
    /// that no view asks.
    Aside,
}

const fn question(name: &'static str, over: Over, ask: Ask) -> Question {
    Question { name, ask, over, reach: 0 }
}

/// A question that looks at so many days before its window, too.
const fn reaching(reach: i64, question: Question) -> Question {
    Question { reach, ..question }
}

pub(crate) const ALL: [Question; 27] = [
    question("totals", Over::Windows, |reader, names, window| {
        Ok(reader.traffic_totals(Nodes::Of(names), Some(window))?.rows.len())
    }),
    question("totals of all time", Over::Aside, |reader, names, _| {
        Ok(reader.traffic_totals(Nodes::Of(names), None)?.rows.len())
    }),
    // The last that is known, of 30 days.
    reaching(
        29,
        question("silence", Over::ADay, |reader, names, window| {
            Ok(reader.activity(Nodes::Of(names), window.to)?.len())
        }),
    ),
    question("latency", Over::Windows, latencies),
    question("latency by satellite", Over::Windows, |reader, names, window| {
        let grain = grain(reader, names, window)?.max(Grain::Hour);
        let filter = LatencyFilter::default();
        let answer = latency_of(reader, Nodes::Of(names), window, &filter, grain)?;
        let merged = merged_latencies(&answer.measured.rows, |row| row.satellite);
        Ok(merged.values().filter_map(Distribution::of).count())
    }),
    question("latency series", Over::Windows, |reader, names, window| {
        series(reader, names, window, drawn(window))
    }),
    question("success", Over::Windows, |reader, names, window| {
        Ok(success_of(reader, Nodes::Of(names), Some(window))?.tallies.len())
    }),
    question("success series", Over::Windows, |reader, names, window| {
        let nodes = Nodes::Of(names);
        Ok(success_series_of(reader, nodes, window, drawn(window))?.series.points.len())
    }),
    question("rates", Over::Windows, rates),
    question("rates of the last minute", Over::ADay, |reader, names, window| {
        let point = last_minute_of(reader, Nodes::Of(names), window.to)?;
        Ok(usize::from(point.at < window.to))
    }),
    question("transfers in flight", Over::Windows, |reader, names, window| {
        Ok(concurrency_of(reader, Nodes::Of(names), window, Grain::Hour)?.actions.len())
    }),
    question("transfers in flight over time", Over::Windows, |reader, names, window| {
        let nodes = Nodes::Of(names);
        Ok(in_flight_series_of(reader, nodes, window, drawn(window))?.points.len())
    }),
    question("sizes", Over::Windows, |reader, names, window| {
        Ok(size_classes(&reader.sizes(Nodes::Of(names), window)?).len())
    }),
    question("errors", Over::Windows, errors),
    question("slowest", Over::Windows, |reader, names, window| {
        let filter = SlowFilter::default();
        Ok(reader.slowest(Nodes::Of(names), window, &filter, Grain::Hour, 50)?.rows.len())
    }),
    question("countries", Over::Windows, |reader, names, window| {
        each(names, |node| Ok(peers_of(reader, node, window)?.countries.len()))
    }),
    question("storage", Over::AMonth, |reader, names, window| {
        each(names, |node| Ok(storage_of(reader, node, window.to)?.growth.len()))
    }),
    question("stored days", Over::Windows, |reader, names, window| {
        each(names, |node| {
            stored_days_of(reader, node, window, window.to)?;
            Ok(1)
        })
    }),
    question("runs", Over::AMonth, |reader, names, window| {
        each(names, |node| Ok(node_work_of(reader, node, window)?.ended.len()))
    }),
    question("restarts", Over::Windows, |reader, names, window| {
        each(names, |node| Ok(restarts_of(reader, node, window)?.len()))
    }),
    // Scores hold until others are told.
    reaching(
        30,
        question("reputation", Over::Windows, |reader, names, window| {
            each(names, |node| Ok(reputation_of(reader, node, window, window.to)?.len()))
        }),
    ),
    question("connectivity", Over::Windows, |reader, names, window| {
        each(names, |node| {
            connectivity_of(reader, node, window, window.to)?;
            Ok(1)
        })
    }),
    // Scores of a week.
    reaching(
        7,
        question("comparison", Over::Windows, |reader, names, window| {
            Ok(compare_of(reader, names, window, &BTreeMap::new())?.nodes.len())
        }),
    ),
    // Each node is asked by itself, once an hour, and its answer kept: eight weeks of hours.
    question("what is unusual at four nodes, one by one", Over::Aside, |reader, names, window| {
        each(names, |node| Ok(outlook_of(reader, node, window.to)?.baselines.len()))
    }),
    question("what is unusual at one node", Over::AMonth, |reader, names, window| {
        each(&names[..1], |node| Ok(outlook_of(reader, node, window.to)?.baselines.len()))
    }),
    question("a page of single transfers", Over::Windows, |reader, names, window| {
        let filter = TransferFilter::default();
        Ok(reader.transfers(Nodes::Of(names), window, &filter, None, 100)?.rows.len())
    }),
    question("hot pieces of an hour, counted anew", Over::Aside, |reader, names, window| {
        let hour = Window { from: window.to.plus_micros(-Grain::Hour.micros()), to: window.to };
        each(names, |node| Ok(hot_pieces_of(reader, node, hour, 20)?.pieces.len()))
    }),
];

fn each(names: &[NodeName], mut ask: impl FnMut(&NodeName) -> Result<usize>) -> Result<usize> {
    names.iter().map(&mut ask).sum()
}

fn grain(reader: &Reader, names: &[NodeName], window: Window) -> Result<Grain> {
    Ok(finest_grain(window, reader.kept_from(Nodes::Of(names))?))
}

/// How finely a view draws a window: a day by the hour, a month by the day.
fn drawn(window: Window) -> Grain {
    let is_long = window.to.as_micros() - window.from.as_micros() > 2 * Grain::Day.micros();
    if is_long { Grain::Day } else { Grain::Hour }
}

fn latencies(reader: &Reader, names: &[NodeName], window: Window) -> Result<usize> {
    let filter = LatencyFilter::default();
    let grain = grain(reader, names, window)?;
    let answer = latency_of(reader, Nodes::Of(names), window, &filter, grain)?;
    let merged =
        merged_latencies(&answer.measured.rows, |row| (row.node.clone(), row.action.clone()));
    Ok(merged.values().filter_map(Distribution::of).count())
}

fn series(reader: &Reader, names: &[NodeName], window: Window, grain: Grain) -> Result<usize> {
    let filter = LatencyFilter::default();
    let series = reader.latency_series(Nodes::Of(names), window, &filter, grain)?;
    Ok(latency_series(&series.points, |point| point.action.clone()).len())
}

fn rates(reader: &Reader, names: &[NodeName], window: Window) -> Result<usize> {
    let grain = match drawn(window) {
        Grain::Day => Grain::Hour,
        Grain::Minute | Grain::FiveMinutes | Grain::Hour => Grain::Minute,
    };
    Ok(rate_series_of(reader, Nodes::Of(names), window, grain)?.points.len())
}

fn errors(reader: &Reader, names: &[NodeName], window: Window) -> Result<usize> {
    let (nodes, endings) = (Nodes::Of(names), [Ending::Failed, Ending::Canceled]);
    let TopErrors { window, top, .. } = top_errors_of(reader, nodes, window, &endings, 20)?;
    Ok(top.len() + reader.trouble_counts(nodes, window, 10_000)?.len())
}
