//! Nodes side by side for people.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use piecewatch_analytics::compare::{Compared, Criterion, Place};
use piecewatch_model::{MicroUsd, NodeName};
use piecewatch_store::Window;

use super::{Answer, unusual, upgraded};
use crate::{
    Colour,
    money::usd,
    sentence::sentence,
    table::{Align, Cell, NOT_KNOWN, Style, Table, duration, number},
    window::minute,
};

/// How many nodes fit beside each other on a terminal of 100 columns.
const NODES_MAX: usize = 5;

pub(super) fn write(answer: &Answer, out: &mut dyn Write, colour: Colour) -> io::Result<()> {
    let comparison = &answer.comparison;
    let (from, to) = (minute(comparison.window.from), minute(comparison.window.to));
    writeln!(out, "{from} to {to} UTC")?;
    let decimals = decimals(&comparison.nodes);
    for nodes in comparison.nodes.chunks(NODES_MAX) {
        writeln!(out)?;
        table(nodes, decimals).write(out, colour)?;
    }
    notes(answer, out)?;
    upgrades(answer, out)?;
    silent(answer, out, colour)?;
    unusual_now(answer, out, colour)
}

fn notes(answer: &Answer, out: &mut dyn Write) -> io::Result<()> {
    let comparison = &answer.comparison;
    let is_known =
        |criterion| comparison.nodes.iter().any(|node| node.standings.contains_key(&criterion));
    let mut notes = Vec::new();
    if is_known(Criterion::EarningsPerTb) {
        notes.push(format!("Earnings are of {}.", answer.period));
    }
    if let Some(clock) = comparison.clock {
        notes.push(format!(
            "Latencies are of downloads by clients, by the clock: {}.",
            clock.name()
        ));
        let Window { from, to } = comparison.latency_window;
        if comparison.latency_window != comparison.window {
            let (from, to) = (minute(from), minute(to));
            notes.push(format!("They are of whole days, {from} to {to} UTC:"));
            notes.push("hours of them are no longer kept.".to_owned());
        }
    }
    if !notes.is_empty() {
        writeln!(out)?;
    }
    for note in notes {
        writeln!(out, "  {note}")?;
    }
    Ok(())
}

/// What makes success rates of a window two kinds of rates.
fn upgrades(answer: &Answer, out: &mut dyn Write) -> io::Result<()> {
    let upgrades = &answer.comparison.upgrades;
    if !upgrades.is_empty() {
        writeln!(out)?;
    }
    for upgrade in upgrades {
        sentence(out, &format!("{}: {}", upgrade.node, upgraded(upgrade)))?;
    }
    Ok(())
}

/// The nodes whose figures are of a part of the window, or of nothing.
fn silent(answer: &Answer, out: &mut dyn Write, colour: Colour) -> io::Result<()> {
    let silent: Vec<_> = answer.silent().collect();
    if !silent.is_empty() {
        let until = minute(answer.comparison.window.to);
        let title = Style::Bold.paint("Silent", colour);
        writeln!(out, "\n{title}   as of {until} UTC, the newest record of all these nodes")?;
    }
    for (node, silence) in silent {
        let node = Style::Alert.paint(node.as_str(), colour);
        writeln!(out, "  {node}: {}", silence.explanation())?;
    }
    Ok(())
}

/// What goes on, and what went on when a log ended, which nobody may take for the present.
fn unusual_now(answer: &Answer, out: &mut dyn Write, colour: Colour) -> io::Result<()> {
    let paint = |node: &NodeName| Style::Alert.paint(node.as_str(), colour);
    let mut is_first = true;
    for (node, outlook) in answer.outlooks().filter(|(_, of)| of.ends_early().is_none()) {
        for (_, _, sentence) in unusual(outlook) {
            if is_first {
                writeln!(out, "\n{}", Style::Bold.paint("Unusual now", colour))?;
                is_first = false;
            }
            writeln!(out, "  {}: {sentence}", paint(node))?;
        }
    }
    for (node, outlook) in answer.outlooks() {
        let Some(until) = outlook.ends_early() else { continue };
        let sentences: Vec<String> = unusual(outlook).map(|(_, _, sentence)| sentence).collect();
        if !sentences.is_empty() {
            let title = Style::Bold.paint("Unusual when its log ended", colour);
            writeln!(out, "\n{title}   {} as of {} UTC", paint(node), minute(until))?;
        }
        for sentence in sentences {
            writeln!(out, "  {}: {sentence}", paint(node))?;
        }
    }
    Ok(())
}

/// A line for each criterion that any of the nodes knows, and a column for each node.
fn table(nodes: &[Compared], decimals: usize) -> Table {
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
            Some(overall) => ranked(format!("{:.decimals$}", overall.score), Some(overall.rank)),
            None => Cell::from(NOT_KNOWN),
        });
        table.row(std::iter::once("overall".into()).chain(cells));
        let cells = nodes.iter().map(|node| match node.overall {
            Some(overall) => ranked(format!("{:.0} %", overall.known * 100.0), None),
            None => Cell::from(NOT_KNOWN),
        });
        table.row(std::iter::once("by so much of the weights".into()).chain(cells));
    }
    table
}

/// How many decimals tell different scores apart: three, and at most six.
fn decimals(nodes: &[Compared]) -> usize {
    let scores = || nodes.iter().filter_map(|node| node.overall);
    let is_apart = |decimals: usize| {
        let mut shown = BTreeMap::new();
        scores().all(|overall| {
            let text = format!("{:.decimals$}", overall.score);
            *shown.entry(text).or_insert(overall.rank) == overall.rank
        })
    };
    (3..6).find(|&decimals| is_apart(decimals)).unwrap_or(6)
}

const fn title(criterion: Criterion) -> &'static str {
    match criterion {
        Criterion::EarningsPerTb => "USD for a TB and month",
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
            duration(value as u64)
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
