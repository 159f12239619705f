//! Nodes side by side for people.

use std::io::{self, Write};

use piecewatch_analytics::{Compared, Criterion, Place};
use piecewatch_model::MicroUsd;

use super::{Answer, unusual};
use crate::{
    Colour,
    money::usd,
    table::{Align, Cell, NOT_KNOWN, Style, Table, number},
    window::minute,
};

/// How many nodes fit beside each other on a terminal of 100 columns.
const NODES_MAX: usize = 5;

pub(super) fn write(answer: &Answer, out: &mut dyn Write, colour: Colour) -> io::Result<()> {
    let comparison = &answer.comparison;
    let (from, to) = (minute(comparison.window.from), minute(comparison.window.to));
    writeln!(out, "{from} to {to} UTC")?;
    for nodes in comparison.nodes.chunks(NODES_MAX) {
        writeln!(out)?;
        table(nodes).write(out, colour)?;
    }
    notes(answer, out)?;
    let mut is_first = true;
    for (node, outlook) in comparison.nodes.iter().zip(&answer.outlooks) {
        for (_, _, sentence) in unusual(outlook) {
            if is_first {
                writeln!(out, "\n{}", Style::Bold.paint("Unusual now", colour))?;
                is_first = false;
            }
            writeln!(out, "  {}: {sentence}", Style::Alert.paint(node.node.as_str(), colour))?;
        }
    }
    Ok(())
}

fn notes(answer: &Answer, out: &mut dyn Write) -> io::Result<()> {
    let nodes = &answer.comparison.nodes;
    let is_known = |criterion| nodes.iter().any(|node| node.standings.contains_key(&criterion));
    let mut notes = Vec::new();
    if is_known(Criterion::EarningsPerTb) {
        notes.push(format!("Earnings are of {}.", answer.period));
    }
    if let Some(clock) = answer.comparison.clock {
        notes.push(format!(
            "Latencies are of downloads by clients, by the clock: {}.",
            clock.name()
        ));
    }
    if !notes.is_empty() {
        writeln!(out, "\n  {}", notes.join(" "))?;
    }
    Ok(())
}

/// A line for each criterion that any of the nodes knows, and a column for each node.
fn table(nodes: &[Compared]) -> Table {
    let names = nodes.iter().map(|node| (node.node.to_string(), Align::Right));
    let mut table = Table::new(std::iter::once((String::new(), Align::Left)).chain(names));
    for criterion in Criterion::ALL {
        let place = |node: &Compared| node.standings.get(&criterion).copied();
        if nodes.iter().any(|node| place(node).is_some()) {
            let cells = nodes.iter().map(|node| cell(criterion, place(node)));
            table.row(std::iter::once(title(criterion).into()).chain(cells));
        }
    }
    if nodes.iter().any(|node| node.overall.is_some()) {
        let cells = nodes.iter().map(|node| match node.overall {
            Some(overall) => ranked(format!("{:.3}", overall.score), Some(overall.rank)),
            None => Cell::from(NOT_KNOWN),
        });
        table.row(std::iter::once("overall".into()).chain(cells));
    }
    table
}

const fn title(criterion: Criterion) -> &'static str {
    match criterion {
        Criterion::EarningsPerTb => "earned for a TB and month",
        Criterion::DownloadSuccess => "downloads that succeed",
        Criterion::UploadSuccess => "uploads that succeed",
        Criterion::AuditSuccess => "audits passed",
        Criterion::LatencyP50 => "latency p50",
        Criterion::LatencyP95 => "latency p95",
        Criterion::LatencyP99 => "latency p99",
        Criterion::Operations => "transfers",
        Criterion::StorageUtilisation => "space used",
        Criterion::StorageEfficiency => "space used well",
        Criterion::AuditScore => "lowest audit score",
        Criterion::OnlineScore => "lowest online score",
    }
}

fn cell(criterion: Criterion, place: Option<Place>) -> Cell {
    let Some(Place { value, rank, .. }) = place else { return NOT_KNOWN.into() };
    // Less than all is never shown as all.
    let percent = || format!("{:.2} %", (value * 10_000.0).floor() / 100.0);
    let text = match criterion {
        Criterion::EarningsPerTb => usd(MicroUsd::new(value as i64)),
        Criterion::DownloadSuccess
        | Criterion::UploadSuccess
        | Criterion::AuditSuccess
        | Criterion::StorageUtilisation
        | Criterion::StorageEfficiency => percent(),
        Criterion::LatencyP50 | Criterion::LatencyP95 | Criterion::LatencyP99 => {
            format!("{:.1} ms", value / 1_000.0)
        }
        Criterion::Operations => number(value as u64),
        Criterion::AuditScore | Criterion::OnlineScore => {
            format!("{:.4}", (value * 10_000.0).floor() / 10_000.0)
        }
    };
    ranked(text, rank)
}

/// The best one stands out.
fn ranked(text: String, rank: Option<usize>) -> Cell {
    match rank {
        Some(1) => Cell::styled(format!("{text}  #1"), Style::Bold),
        Some(rank) => format!("{text}  #{rank}").into(),
        // As wide as those with a rank.
        None => format!("{text}    ").into(),
    }
}
