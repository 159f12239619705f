//! What the running month will have earned, for people.

use std::{
    cmp::Reverse,
    io::{self, Write},
};

use piecewatch_finance::{NodeForecast, SatelliteForecast};
use piecewatch_model::MicroUsd;

use super::{Books, based_on, month::in_words, name_in, notes};
use crate::{
    Colour,
    money::usd,
    table::{Align, Cell, NOT_KNOWN, Style, Table},
};

pub(super) fn write(
    books: &Books,
    nodes: &[NodeForecast],
    out: &mut dyn Write,
    colour: Colour,
) -> io::Result<()> {
    for (at, node) in nodes.iter().enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        let name = Style::Bold.paint(node.node.as_str(), colour);
        let (period, as_of) = (in_words(node.period), notes::as_of(node.as_of));
        writeln!(out, "{name}   {period} at its end   USD{as_of}\n")?;
        if node.satellites.is_empty() {
            writeln!(out, "  Nothing is known of this month yet.")?;
            continue;
        }
        table(node).without_empty_columns().write(out, colour)?;
        writeln!(out)?;
        if let Some(whole) = books.profit_ahead(node) {
            let (cost, left) = (usd(whole.cost), usd(whole.profit));
            writeln!(out, "  Less {cost} that the node costs: {left}.")?;
        }
        for note in notes::of_forecast(&node.month, books.now) {
            writeln!(out, "  {note}")?;
        }
    }
    if nodes.len() > 1 {
        let total: MicroUsd = nodes.iter().map(|node| node.total().expected.payout).sum();
        writeln!(out, "\nAll nodes together: {} USD.", usd(total))?;
    }
    Ok(())
}

fn table(node: &NodeForecast) -> Table {
    use Align::{Left, Right};
    let mut table = Table::new([
        ("SATELLITE", Left),
        ("SO FAR", Right),
        ("FORECAST", Right),
        ("RANGE", Right),
        ("CONFIDENCE", Right),
        ("STORAGE $", Right),
        ("EGRESS $", Right),
        ("REPAIR, AUDIT $", Right),
        ("HELD $", Right),
        ("NODE EXPECTS", Right),
        ("BASED ON", Left),
    ]);
    let mut satellites: Vec<&SatelliteForecast> = node.satellites.iter().collect();
    satellites.sort_by_key(|of| Reverse(of.forecast.expected.earnings.gross()));
    for of in satellites {
        let (forecast, expected) = (&of.forecast, &of.forecast.expected.earnings);
        table.row([
            Cell::from(name_in(&node.month, of.satellite)),
            Cell::from(usd(forecast.so_far.earnings.payout)),
            Cell::from(usd(expected.payout)),
            Cell::styled(range(forecast.low, forecast.high), Style::Dim),
            Cell::from(percent(forecast.confidence)),
            Cell::from(usd(expected.storage)),
            Cell::from(usd(expected.egress)),
            Cell::from(usd(expected.repair_audit)),
            Cell::from(usd(expected.held)),
            Cell::from(of.node_expects.map_or_else(|| NOT_KNOWN.to_owned(), usd)),
            Cell::styled(of.figure.title(), Style::Dim),
        ]);
    }
    if node.satellites.len() > 1 {
        let total = node.total();
        let expected = &total.expected;
        let bold = |text: String| Cell::styled(text, Style::Bold);
        table.row([
            bold("all".to_owned()),
            bold(usd(total.so_far.payout)),
            bold(usd(expected.payout)),
            bold(range(total.low, total.high)),
            bold(percent(total.confidence)),
            bold(usd(expected.storage)),
            bold(usd(expected.egress)),
            bold(usd(expected.repair_audit)),
            bold(usd(expected.held)),
            bold(node.node_expects().map_or_else(|| NOT_KNOWN.to_owned(), usd)),
            bold(based_on(&node.figures()).unwrap_or_default().replace('_', " ")),
        ]);
    }
    table
}

fn range(low: MicroUsd, high: MicroUsd) -> String {
    format!("{} to {}", usd(low), usd(high))
}

/// Rounded down: what is not sure is never shown as sure.
fn percent(share: f64) -> String {
    format!("{:.0} %", (share * 100.0).floor())
}
