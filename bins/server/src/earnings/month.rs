//! One month of each node for people: a line for each satellite.

use std::{
    cmp::Reverse,
    io::{self, Write},
};

use piecewatch_finance::{Breakdown, Earnings, Figure, Month, MonthState, SatelliteMonth, Usage};
use piecewatch_model::{MicroUsd, Period};

use super::{Books, held, name, notes, parts_by, total};
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
    for (at, month) in months.iter().enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        writeln!(out, "{}\n", heading(books, month, colour))?;
        if month.satellites.is_empty() {
            writeln!(out, "  Nothing is known of this month.")?;
        } else {
            table(month).without_empty_columns().write(out, colour)?;
            writeln!(out)?;
        }
        beside(books, month, out)?;
    }
    Ok(())
}

/// `attic   November 2026 so far   USD, parts by the node estimate, as of 2026-11-25 23:02 UTC`.
fn heading(books: &Books, month: &Month, colour: Colour) -> String {
    let name = Style::Bold.paint(month.node.as_str(), colour);
    let so_far = match MonthState::of(month.period, books.now) {
        MonthState::Running => " so far",
        MonthState::Past | MonthState::Future => "",
    };
    let parts = month.basis().map(|basis| {
        let total = month.total(basis);
        let of = match total.missing {
            0 => String::new(),
            missing => format!(" of {} of {} satellites", total.known, total.known + missing),
        };
        format!(", parts {}{of}", parts_by(basis))
    });
    let (period, as_of) = (in_words(month.period), notes::as_of(month.as_of));
    format!("{name}   {period}{so_far}   USD{}{as_of}", parts.unwrap_or_default())
}

/// `November 2026`.
pub(super) fn in_words(period: Period) -> String {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    format!("{} {}", MONTHS[usize::from(period.month()) - 1], period.year())
}

fn table(month: &Month) -> Table {
    use Align::{Left, Right};
    let mut table = Table::new([
        ("SATELLITE", Left),
        ("AGE", Right),
        ("TB-MONTHS", Right),
        ("EGRESS", Right),
        ("REPAIR, AUDIT", Right),
        ("STORAGE $", Right),
        ("EGRESS $", Right),
        ("REPAIR, AUDIT $", Right),
        ("HELD $", Right),
        ("LOG ESTIMATE", Right),
        ("NODE ESTIMATE", Right),
        ("PAID", Right),
    ]);
    let mut satellites: Vec<&SatelliteMonth> = month.satellites.iter().collect();
    let worth = |of: &&SatelliteMonth| month.breakdown(of).map(|of| of.earnings.gross());
    satellites.sort_by_key(|of| Reverse(worth(of)));
    for of in &satellites {
        table.row(row(month, of));
    }
    if satellites.len() > 1 {
        table.row(all(month));
    }
    table
}

fn row(month: &Month, of: &SatelliteMonth) -> Vec<Cell> {
    let breakdown = month.breakdown(of);
    let earnings = breakdown.map(|of| of.earnings);
    let usage = |shown: fn(&Usage) -> String| {
        Cell::from(breakdown.map_or_else(unknown, |of| shown(&of.usage)))
    };
    let money = |of: Option<MicroUsd>| Cell::from(of.map(usd).unwrap_or_else(unknown));
    let stored = breakdown.filter(|_| month.knows_storage());
    let storage = |shown: &dyn Fn(&Breakdown) -> String| {
        Cell::from(stored.as_ref().map_or_else(unknown, shown))
    };
    vec![
        Cell::from(name(of)),
        Cell::from(of.age_months.map_or_else(unknown, |months| format!("{months} mo"))),
        storage(&|of| tb_months(of.usage.storage)),
        usage(|usage| usage.egress.to_string()),
        usage(|usage| usage.repair_audit().to_string()),
        storage(&|of| usd(of.earnings.storage)),
        money(earnings.map(|earnings| earnings.egress)),
        money(earnings.map(|earnings| earnings.repair_audit)),
        breakdown.map_or_else(|| Cell::from(unknown()), held_back),
        money(of.figure(Figure::LogEstimate)),
        money(of.figure(Figure::NodeEstimate)),
        money(of.figure(Figure::Paid)),
    ]
}

/// `1.23 (75 %)`.
fn held_back(of: Breakdown) -> Cell {
    match of.held_percent {
        Some(percent) if percent.get() > 0 => {
            Cell::from(format!("{} ({percent})", usd(of.earnings.held)))
        }
        Some(_) => Cell::from(usd(of.earnings.held)),
        None => Cell::styled("?", Style::Dim),
    }
}

fn all(month: &Month) -> Vec<Cell> {
    let bold = |text: String| Cell::styled(text, Style::Bold);
    let usage = month.usage();
    let earnings: Earnings = month.breakdowns().map(|of| of.earnings).sum();
    let storage = |shown: String| if month.knows_storage() { shown } else { unknown() };
    vec![
        bold("all".to_owned()),
        Cell::from(""),
        bold(storage(tb_months(usage.storage))),
        bold(usage.egress.to_string()),
        bold(usage.repair_audit().to_string()),
        bold(storage(usd(earnings.storage))),
        bold(usd(earnings.egress)),
        bold(usd(earnings.repair_audit)),
        bold(usd(earnings.held)),
        bold(total(month.total(Figure::LogEstimate))),
        bold(total(month.total(Figure::NodeEstimate))),
        bold(total(month.total(Figure::Paid))),
    ]
}

fn unknown() -> String {
    NOT_KNOWN.to_owned()
}

/// What stands below the table.
fn beside(books: &Books, month: &Month, out: &mut dyn Write) -> io::Result<()> {
    if let Some(per_tb) = books.per_terabyte(month)
        && let Some(held) = per_tb.held_month
    {
        let average = per_tb.held_average;
        let downloaded = per_tb
            .downloaded
            .map(|downloaded| format!(", {} for each TB downloaded", usd(downloaded)))
            .unwrap_or_default();
        writeln!(
            out,
            "  Earned {} for each TB held for a month{downloaded}; {average} were held on average.",
            usd(held)
        )?;
    }
    match (books.cost(&month.node), books.profit(month)) {
        (Some(_), Some(profit)) => {
            let (cost, left) = (usd(profit.cost), usd(profit.profit));
            writeln!(out, "  Cost {cost} in this time, which leaves {left}.")?;
        }
        (Some(_), None) if month.basis().is_some() => {
            writeln!(
                out,
                "  What is left after costs is open: no figure is known of all satellites."
            )?;
        }
        (Some(_) | None, _) => {}
    }
    let lines = held::lines(month, books.now).into_iter();
    for line in lines.chain(notes::of_month(month, books.now)) {
        writeln!(out, "  {line}")?;
    }
    Ok(())
}
