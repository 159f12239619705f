//! Reputation for people: a line for each satellite, and how the node is reached.

use std::io::{self, Write};

use piecewatch_analytics::{
    connectivity::LogOfWindow,
    judgement::Judgement,
    reputation::{Reputation, Score, Vetting},
};

use super::NodeAnswer;
use crate::{
    Colour,
    earnings::satellite_name,
    sentence::sentence,
    table::{Align, Cell, NOT_KNOWN, Style, Table, number},
    window::{day, minute},
};

pub(super) fn write(answers: &[NodeAnswer], out: &mut dyn Write, colour: Colour) -> io::Result<()> {
    for (at, answer) in answers.iter().enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        let name = Style::Bold.paint(answer.node.as_str(), colour);
        let (from, to) = (minute(answer.window.from), minute(answer.window.to));
        writeln!(out, "{name}   {from} to {to} UTC\n")?;
        if answer.satellites.is_empty() {
            let told = match answer.connectivity.log {
                LogOfWindow::Missing => {
                    "No scores are known of that time or the 30 days before it."
                }
                LogOfWindow::Known | LogOfWindow::Partly { .. } => {
                    "No satellite has told scores yet, as far as is known."
                }
            };
            sentence(out, told)?;
        } else {
            satellites(answer).without_empty_columns().write(out, colour)?;
        }
        let sentences: Vec<String> =
            answer.satellites.iter().flat_map(|of| of.sentences(&name_of(of))).collect();
        if !sentences.is_empty() {
            writeln!(out)?;
        }
        for text in sentences {
            sentence(out, &text)?;
        }
        writeln!(out)?;
        reached(answer).write(out, colour)?;
        let log_from = answer.connectivity.window.from;
        if log_from > answer.window.from && answer.connectivity.log != LogOfWindow::Missing {
            writeln!(out, "\n  Its log begins at {} UTC.", minute(log_from))?;
        }
        if let Some(explanation) = answer.peers.peers.explanation() {
            writeln!(out)?;
            sentence(out, &explanation)?;
        }
    }
    Ok(())
}

fn satellites(answer: &NodeAnswer) -> Table {
    use Align::{Left, Right};
    let mut table = Table::new([
        ("SATELLITE", Left),
        ("STATE", Left),
        ("AUDIT", Right),
        ("SUSP.", Right),
        ("ONLINE", Right),
        ("AUDITS", Right),
        ("VETTED", Left),
        ("JOINED", Right),
    ]);
    for of in &answer.satellites {
        let mut row = vec![Cell::from(name_of(of)), state(of.judgement())];
        for score in Score::ALL {
            row.push(score_cell(of, score));
        }
        row.push(of.audits.map_or(NOT_KNOWN.into(), |(total, _)| number(total).into()));
        row.push(Cell::from(vetted(of)));
        row.push(of.days_joined.map_or(NOT_KNOWN.into(), |days| joined(days).into()));
        table.noted_row(row, [Cell::styled(moved(of), Style::Dim)]);
    }
    table
}

fn joined(days: u64) -> String {
    format!("{} d", number(days))
}

fn score_cell(of: &Reputation, score: Score) -> Cell {
    let Some(newest) = of.newest else { return NOT_KNOWN.into() };
    let value = score.of(&newest.scores);
    Cell::styled(format!("{value:.4}"), style(score.judge(value)))
}

/// By how much scores changed, and how far vetting is: what stands under a row.
fn moved(of: &Reputation) -> String {
    let change = |score: Score| {
        let change = of.change(score).filter(|change| change.abs() >= 0.000_05)?;
        Some(format!("{} {change:+.4}", score.name()))
    };
    let mut parts: Vec<String> = Score::ALL.into_iter().filter_map(change).collect();
    if let Vetting::Running { audits, days } = of.vetting {
        let part = |part: Option<u64>, whole: u64, name: &str| match part {
            Some(part) => format!("{part} of {whole} {name}"),
            None => format!("{name} not told"),
        };
        parts.push(part(audits, Vetting::AUDITS, "audits"));
        parts.push(part(days, Vetting::DAYS, "days"));
    }
    parts.join(", ")
}

fn vetted(of: &Reputation) -> String {
    match of.vetting {
        // It has waited long enough, whether for enough audits nobody told.
        Vetting::Unknown if of.joined_at.is_some() => "not told".to_owned(),
        Vetting::Unknown => NOT_KNOWN.to_owned(),
        Vetting::Vetted(at) => day(at),
        Vetting::Probably => "probably".to_owned(),
        Vetting::Running { .. } => "not yet".to_owned(),
    }
}

fn reached(answer: &NodeAnswer) -> Table {
    use Align::Left;
    let mut table = Table::new([("CONNECTION", Left), ("STATE", Left), ("", Left)]);
    for (name, judgement, sentence) in answer.connectivity.judgements() {
        table.row([Cell::from(name.replace('_', " ")), state(judgement), Cell::from(sentence)]);
    }
    table
}

fn state(judgement: Judgement) -> Cell {
    Cell::styled(judgement.name(), style(judgement))
}

const fn style(judgement: Judgement) -> Style {
    match judgement {
        Judgement::Unknown => Style::Dim,
        Judgement::Well => Style::Plain,
        Judgement::Look => Style::Bold,
        Judgement::Trouble => Style::Alert,
    }
}

pub(super) fn name_of(of: &Reputation) -> String {
    satellite_name(of.satellite, of.address.as_deref())
}
