//! What was expected, what was paid, and why the two differ, for people.

use std::io::{self, Write};

use piecewatch_finance::{Figure, Month, Reason, SatelliteMonth};
use piecewatch_model::MicroUsd;

use super::{Books, name};
use crate::{
    Colour,
    money::usd,
    table::{Align, Cell, NOT_KNOWN, Style, Table},
};

/// Less than this is not told: it is below what a cent shows.
const SHOWN_MIN: i64 = 5_000;

pub(super) fn write(
    books: &Books,
    months: &[Month],
    out: &mut dyn Write,
    colour: Colour,
) -> io::Result<()> {
    let mut written = 0;
    for of_node in months.chunk_by(|one, other| one.node == other.node) {
        let Some(first) = of_node.first() else { continue };
        let known = |month: &&Month| month.satellites.iter().any(is_shown);
        let of_node: Vec<&Month> = of_node.iter().filter(known).collect();
        if of_node.is_empty() {
            continue;
        }
        if written > 0 {
            writeln!(out)?;
        }
        written += 1;
        writeln!(out, "{}   USD\n", Style::Bold.paint(first.node.as_str(), colour))?;
        table(&of_node).write(out, colour)?;
    }
    if written == 0 {
        let db = books.db.display();
        writeln!(
            out,
            "Neither statements nor what nodes booked are known of these months. Ask the nodes:"
        )?;
        writeln!(out, "  piecewatch poll --once --db {db} --node NAME=http://HOST:14002")?;
    }
    Ok(())
}

fn is_shown(of: &SatelliteMonth) -> bool {
    of.node.is_some() || of.paid.is_some()
}

fn table(months: &[&Month]) -> Table {
    use Align::{Left, Right};
    let mut table = Table::new([
        ("MONTH", Left),
        ("SATELLITE", Left),
        ("NODE ESTIMATE", Right),
        ("PAID", Right),
        ("DIFFERENCE", Right),
        ("WHY", Left),
    ]);
    for month in months {
        let mut period = month.period.to_string();
        for of in month.satellites.iter().filter(|of| is_shown(of)) {
            rows(&mut table, std::mem::take(&mut period), of);
        }
    }
    table
}

/// A satellite, and below it a line for each further reason.
fn rows(table: &mut Table, month: String, of: &SatelliteMonth) {
    let money = |of: Option<MicroUsd>| Cell::from(of.map_or_else(|| NOT_KNOWN.to_owned(), usd));
    let reconciliation = of.reconciliation();
    let difference = reconciliation.as_ref().map(|known| known.difference);
    let mut why: Vec<(String, Style)> = match &reconciliation {
        Some(known) => known.reasons.iter().filter_map(told).collect(),
        None if of.is_over => {
            vec![("nothing is owed: the node had left or was disqualified".to_owned(), Style::Dim)]
        }
        None if of.paid.is_none() => vec![("not stated yet".to_owned(), Style::Dim)],
        None => vec![("not known what the node booked".to_owned(), Style::Dim)],
    };
    if let Some(known) = &reconciliation
        && known.remainder.get().abs() >= SHOWN_MIN
    {
        why.push((format!("{} are not explained", usd(known.remainder)), Style::Alert));
    }
    let mut why = why.into_iter();
    let first =
        why.next().map_or_else(|| Cell::from(""), |(text, style)| Cell::styled(text, style));
    table.row([
        Cell::from(month),
        Cell::from(name(of)),
        money(of.figure(Figure::NodeEstimate)),
        money(of.figure(Figure::Paid)),
        money(difference),
        first,
    ]);
    for (text, style) in why {
        let empty = || Cell::from("");
        table.row([empty(), empty(), empty(), empty(), empty(), Cell::styled(text, style)]);
    }
}

/// A reason in words; `None` for an amount that a cent does not show.
fn told(reason: &Reason) -> Option<(String, Style)> {
    match reason.amount {
        Some(amount) if amount.get().abs() < SHOWN_MIN => None,
        Some(amount) => {
            let sign = if amount.get() > 0 { "+" } else { "" };
            Some((format!("{sign}{} {}", usd(amount), reason.cause.explanation()), Style::Plain))
        }
        None => Some((reason.cause.explanation(), Style::Dim)),
    }
}
