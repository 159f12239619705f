//! Latencies for people.

use std::io::{self, Write};

use piecewatch_analytics::{distribution::Bar, rate::InFlight};
use piecewatch_model::{Action, Measure, Quantiles};
use piecewatch_store::Reported;

use super::{Answer, Line, Nothing, Of, rows::in_words};
use crate::{
    Colour,
    earnings::satellite_name,
    table::{Align, Cell, Style, Table, duration, number, percent},
    window::minute,
};

/// Less than this share of a window that the logs tell of is worth a word.
const COVERED_MIN: f64 = 0.95;
/// The longest bar of a histogram.
const BAR_CHARS: u64 = 40;

pub(super) fn write(answer: &Answer, out: &mut dyn Write, colour: Colour) -> io::Result<()> {
    let title = Style::Bold.paint("Latency", colour);
    let (from, to) = (minute(answer.window.from), minute(answer.window.to));
    writeln!(out, "{title}   {from} to {to} UTC, by {}\n", in_words(answer.grain))?;
    if answer.is_widened {
        let whole = in_words(answer.grain);
        writeln!(out, "  Less was asked for; no less than whole {whole} is kept of this time.\n")?;
    }
    if let Some(nothing) = &answer.nothing {
        why_nothing(nothing, out)?;
    } else if answer.spread.is_empty() {
        measured(&answer.lines).without_empty_columns().write(out, colour)?;
    } else {
        spread(answer, out, colour)?;
    }
    in_flight(answer, out)?;
    let is_duration = |told: &&Reported<Quantiles>| match told.what.measure {
        Measure::Duration | Measure::FirstByte => true,
        Measure::OrderAmount => false,
    };
    if answer.told.iter().any(|quantiles| is_duration(&quantiles)) {
        writeln!(out, "\n  What the nodes say themselves of their last transfers:\n")?;
        told(&answer.told).write(out, colour)?;
    }
    Ok(())
}

fn why_nothing(nothing: &Nothing, out: &mut dyn Write) -> io::Result<()> {
    match nothing {
        Nothing::NoStarts => {
            writeln!(
                out,
                "  No transfer was measured in this time. A node logs when an upload or download"
            )?;
            writeln!(
                out,
                "  starts at the level debug, since v1.116; without that there is nothing to measure."
            )
        }
        Nothing::WholeSeconds => {
            writeln!(
                out,
                "  Transfers were measured in whole seconds only, as this log tells the time,"
            )?;
            writeln!(
                out,
                "  which is too coarse for percentiles: piecewatch slow lists the longest."
            )
        }
        Nothing::UnknownAction(known) => {
            let names: Vec<&str> = known.iter().map(Action::name).collect();
            writeln!(out, "  No transfer of this action is known at all. Those that are known:")?;
            writeln!(out, "  {}.", names.join(", "))
        }
    }
}

fn measured(lines: &[Line]) -> Table {
    use Align::{Left, Right};
    let mut table = Table::new([
        ("NODE", Left),
        ("SATELLITE", Left),
        ("FROM", Left),
        ("ACTION", Left),
        ("CLOCK", Left),
        ("COUNT", Right),
        ("P50", Right),
        ("P90", Right),
        ("P95", Right),
        ("P99", Right),
        ("MAX", Right),
        ("MEAN", Right),
    ]);
    let mut before = None;
    for line in lines {
        // What a line is of stands once above the lines of its actions.
        let is_new = before != Some(&line.of);
        before = Some(&line.of);
        let (mut node, mut satellite, mut from) = (Cell::from(""), Cell::from(""), Cell::from(""));
        match &line.of {
            Of::Node(name) if is_new => node = Cell::from(name.as_str()),
            Of::AllNodes if is_new => node = Cell::styled("all", Style::Bold),
            Of::Satellite(Some(id)) if is_new => satellite = Cell::from(satellite_name(*id, None)),
            Of::Satellite(None) if is_new => satellite = Cell::from("(not told)"),
            Of::Time(at) => from = Cell::from(minute(*at)),
            Of::Node(_) | Of::AllNodes | Of::Satellite(_) => {}
        }
        let of = line.distribution;
        let mut row = vec![node, satellite, from];
        row.push(Cell::from(line.action.name()));
        row.push(Cell::styled(line.clock.name(), Style::Dim));
        row.push(Cell::from(number(of.count)));
        row.extend([of.p50, of.p90, of.p95, of.p99, of.max, of.mean].map(duration).map(Cell::from));
        table.row(row);
    }
    table
}

fn spread(answer: &Answer, out: &mut dyn Write, colour: Colour) -> io::Result<()> {
    for (at, ((action, clock), bars)) in answer.spread.iter().enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        writeln!(out, "  {} ({})\n", Style::Bold.paint(action.name(), colour), clock.name())?;
        let mut table = Table::new([
            ("FROM", Align::Right),
            ("COUNT", Align::Right),
            ("SHARE", Align::Right),
            ("", Align::Left),
        ]);
        let all: u64 = bars.iter().map(|bar| bar.count).sum();
        let most = bars.iter().map(|bar| bar.count).max().unwrap_or(0).max(1);
        for Bar { from, count, .. } in bars {
            let length = u128::from(*count) * u128::from(BAR_CHARS) / u128::from(most);
            let bar = "█".repeat(usize::try_from(length).unwrap_or(0));
            table.row([
                Cell::from(duration(*from)),
                Cell::from(number(*count)),
                Cell::styled(percent(*count, all), Style::Dim),
                Cell::from(bar),
            ]);
        }
        table.write(out, colour)?;
    }
    Ok(())
}

/// A sentence for each action of which something is known.
fn in_flight(answer: &Answer, out: &mut dyn Write) -> io::Result<()> {
    let InFlight { window, covered, actions } = &answer.in_flight;
    if actions.is_empty() {
        return Ok(());
    }
    let each: Vec<String> = actions
        .iter()
        .map(|(action, of)| {
            // Of a node with little to do it is a thousandth.
            let decimals = if of.in_flight < 0.1 { 4 } else { 2 };
            format!("{:.decimals$} {}", of.in_flight, action.name())
        })
        .collect();
    let (ended, known) =
        actions.values().fold((0, 0), |(ended, known), of| (ended + of.ended, known + of.measured));
    let (from, to) = (minute(window.from), minute(window.to));
    writeln!(out, "\n  In flight at once, {from} to {to} UTC, on average:")?;
    writeln!(out, "  {}.", each.join(", "))?;
    let share = percent(known, ended);
    writeln!(out, "  That is how many end times how long they take, which is known of {share}.")?;
    if *covered < COVERED_MIN {
        let covered = covered * 100.0;
        writeln!(out, "  The logs tell of {covered:.0} % of this time; the average is over that.")?;
    }
    Ok(())
}

fn told(told: &[Reported<Quantiles>]) -> Table {
    use Align::{Left, Right};
    let mut table = Table::new([
        ("NODE", Left),
        ("ACTION", Left),
        ("OF", Left),
        ("COUNT", Right),
        ("P50", Right),
        ("P90", Right),
        ("P99", Right),
        ("MAX", Right),
    ]);
    for Reported { node, what, .. } in told {
        let of = match what.measure {
            Measure::Duration => "whole transfer",
            Measure::FirstByte => "first byte",
            // No length of time.
            Measure::OrderAmount => continue,
        };
        let mut row = vec![Cell::from(node.as_str()), Cell::from(what.action.name())];
        row.push(Cell::styled(of, Style::Dim));
        row.push(Cell::from(number(what.count)));
        let micros = |value: f64| Cell::from(duration(value.max(0.0).round() as u64));
        row.extend([what.p50, what.p90, what.p99, what.max].map(micros));
        table.row(row);
    }
    table
}
