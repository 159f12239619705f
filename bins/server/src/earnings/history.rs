//! Several months of each node for people: a line for each month.

use std::io::{self, Write};

use piecewatch_finance::{Figure, Month, MonthState};
use piecewatch_model::MicroUsd;

use super::{Books, total};
use crate::{
    Colour,
    money::{tb_months, usd},
    table::{Align, Cell, NOT_KNOWN, Style, Table},
};

pub(super) fn write(
    books: &Books,
    months: &[Month],
    out: &mut dyn Write,
    colour: Colour,
) -> io::Result<()> {
    for (at, of_node) in months.chunk_by(|one, other| one.node == other.node).enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        let Some(first) = of_node.first() else { continue };
        writeln!(out, "{}   USD\n", Style::Bold.paint(first.node.as_str(), colour))?;
        table(books, of_node).without_empty_columns().write(out, colour)?;
    }
    Ok(())
}

fn table(books: &Books, months: &[Month]) -> Table {
    use Align::{Left, Right};
    let mut columns = vec![
        ("MONTH", Left),
        ("PARTS BY", Left),
        ("TB-MONTHS", Right),
        ("EGRESS", Right),
        ("REPAIR, AUDIT", Right),
        ("HELD", Right),
        ("LOG ESTIMATE", Right),
        ("NODE ESTIMATE", Right),
        ("PAID", Right),
        ("SENT", Right),
        ("PER TB-MONTH", Right),
    ];
    let cost = months.first().and_then(|month| books.cost(&month.node));
    if cost.is_some() {
        columns.extend([("COST", Right), ("LEFT", Right)]);
    }
    let mut table = Table::new(columns);
    for month in months {
        let mut row = row(books, month);
        if cost.is_some() {
            let profit = books.profit(month);
            row.push(money(profit.map(|profit| profit.cost)));
            row.push(money(profit.map(|profit| profit.profit)));
        }
        table.row(row);
    }
    table
}

fn row(books: &Books, month: &Month) -> Vec<Cell> {
    let is_known = month.breakdowns().next().is_some();
    let usage = month.usage();
    let used = |shown: String| {
        if is_known { Cell::from(shown) } else { Cell::styled(NOT_KNOWN, Style::Dim) }
    };
    let figure = |figure| Cell::from(total(month.total(figure)));
    let basis = month.basis().map(Figure::title);
    let paid = || month.satellites.iter().filter_map(|of| of.paid.as_ref());
    let sent = paid().next().map(|_| paid().map(|paid| paid.distributed).sum());
    let held = is_known.then(|| month.breakdowns().map(|of| of.earnings.held).sum());
    let name = match MonthState::of(month.period, books.now) {
        MonthState::Running => format!("{} so far", month.period),
        MonthState::Past | MonthState::Future => month.period.to_string(),
    };
    vec![
        Cell::from(name),
        Cell::styled(basis.unwrap_or(NOT_KNOWN), Style::Dim),
        if month.knows_storage() {
            used(tb_months(usage.storage))
        } else {
            Cell::styled(NOT_KNOWN, Style::Dim)
        },
        used(usage.egress.to_string()),
        used(usage.repair_audit().to_string()),
        money(held),
        figure(Figure::LogEstimate),
        figure(Figure::NodeEstimate),
        figure(Figure::Paid),
        money(sent),
        money(books.per_terabyte(month).and_then(|per_tb| per_tb.held_month)),
    ]
}

fn money(amount: Option<MicroUsd>) -> Cell {
    match amount {
        Some(amount) => Cell::from(usd(amount)),
        None => Cell::styled(NOT_KNOWN, Style::Dim),
    }
}
