//! One month of each node for people: a line for each satellite.

use std::io::{self, Write};

use piecewatch_finance::{Earnings, Figure, Month, MonthState, ReturnState, SatelliteMonth, Usage};
use piecewatch_model::{MicroUsd, Period};

use super::{
    Books, notes,
    rows::{per_terabyte, profit},
    satellite_name,
};
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
        let name = Style::Bold.paint(month.node.as_str(), colour);
        let so_far = match MonthState::of(month.period, books.now) {
            MonthState::Running => " so far",
            MonthState::Past | MonthState::Future => "",
        };
        let (period, as_of) = (in_words(month.period), notes::minute(month.as_of));
        writeln!(out, "{name}   {period}{so_far}   USD, as of {as_of} UTC\n")?;
        if month.satellites.is_empty() {
            writeln!(out, "  Nothing is known of this month.")?;
            continue;
        }
        table(month).without_empty_columns().write(out, colour)?;
        writeln!(out)?;
        beside(books, month, out)?;
    }
    Ok(())
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
    let worth = |of: &&SatelliteMonth| of.breakdown().map(|of| of.earnings.gross());
    satellites.sort_by_key(|of| std::cmp::Reverse(worth(of)));
    for of in &satellites {
        table.row(row(of));
    }
    if satellites.len() > 1 {
        table.row(total(month));
    }
    table
}

fn row(of: &SatelliteMonth) -> Vec<Cell> {
    let address = of.standing.as_ref().and_then(|standing| standing.address.as_deref());
    let breakdown = of.breakdown();
    let earnings = breakdown.map(|of| of.earnings);
    let usage = |shown: fn(&Usage) -> String| {
        Cell::from(breakdown.map_or_else(unknown, |of| shown(&of.usage)))
    };
    let money = |of: Option<MicroUsd>| Cell::from(of.map(usd).unwrap_or_else(unknown));
    let held = match of.held_percent {
        Some(percent) if percent.get() > 0 => match earnings {
            Some(earnings) => Cell::from(format!("{} ({percent})", usd(earnings.held))),
            None => Cell::from(unknown()),
        },
        Some(_) => money(earnings.map(|earnings| earnings.held)),
        None => Cell::styled("?", Style::Dim),
    };
    vec![
        Cell::from(satellite_name(of.satellite, address)),
        usage(|usage| tb_months(usage.storage)),
        usage(|usage| usage.egress.to_string()),
        usage(|usage| usage.repair_audit().to_string()),
        money(earnings.map(|earnings| earnings.storage)),
        money(earnings.map(|earnings| earnings.egress)),
        money(earnings.map(|earnings| earnings.repair_audit)),
        held,
        money(of.figure(Figure::LogEstimate)),
        money(of.figure(Figure::NodeEstimate)),
        money(of.figure(Figure::Paid)),
    ]
}

fn total(month: &Month) -> Vec<Cell> {
    let usage = month.usage();
    let sum = |part: fn(&Earnings) -> MicroUsd| {
        let sum = month.breakdowns().map(|of| part(&of.earnings)).sum();
        Cell::styled(usd(sum), Style::Bold)
    };
    let figure = |figure| {
        let total = month.total(figure);
        let text = if total.known == 0 { unknown() } else { usd(total.amount) };
        Cell::styled(text, Style::Bold)
    };
    vec![
        Cell::styled("all", Style::Bold),
        Cell::styled(tb_months(usage.storage), Style::Bold),
        Cell::styled(usage.egress.to_string(), Style::Bold),
        Cell::styled(usage.repair_audit().to_string(), Style::Bold),
        sum(|earnings| earnings.storage),
        sum(|earnings| earnings.egress),
        sum(|earnings| earnings.repair_audit),
        sum(|earnings| earnings.held),
        figure(Figure::LogEstimate),
        figure(Figure::NodeEstimate),
        figure(Figure::Paid),
    ]
}

fn unknown() -> String {
    NOT_KNOWN.to_owned()
}

/// What stands below the table.
fn beside(books: &Books, month: &Month, out: &mut dyn Write) -> io::Result<()> {
    let per_tb = per_terabyte(month, books.now);
    if let Some(held) = per_tb.held_month {
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
    if let Some(cost) = books.cost(&month.node)
        && let Some(profit) = profit(month, cost, books.now)
    {
        let (cost, left) = (usd(profit.cost), usd(profit.profit));
        writeln!(out, "  Cost {cost} in this time, which leaves {left}.")?;
    }
    held(books, month, out)?;
    for note in notes::of(month) {
        writeln!(out, "  {note}")?;
    }
    Ok(())
}

/// What the satellites hold now, and when half of it comes back.
fn held(books: &Books, month: &Month, out: &mut dyn Write) -> io::Result<()> {
    if MonthState::of(month.period, books.now) != MonthState::Running {
        return Ok(());
    }
    let kept: MicroUsd = month.satellites.iter().map(|of| of.held.kept()).sum();
    if kept <= MicroUsd::default() {
        return Ok(());
    }
    writeln!(out, "  Held back so far by all satellites together: {}.", usd(kept))?;
    for of in &month.satellites {
        let Some(due) = of.held_return.filter(|due| due.amount > MicroUsd::default()) else {
            continue;
        };
        let address = of.standing.as_ref().and_then(|standing| standing.address.as_deref());
        let (name, amount) = (satellite_name(of.satellite, address), usd(due.amount));
        match due.state(books.now) {
            ReturnState::Ahead => {
                writeln!(
                    out,
                    "  {name} returns {amount} of it with the statement for {}.",
                    due.period
                )?;
            }
            ReturnState::Due | ReturnState::Returned => {
                writeln!(out, "  {name} owes {amount} of it since {}.", due.period)?;
            }
        }
    }
    Ok(())
}
