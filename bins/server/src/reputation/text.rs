//! Reputation for people: a line for each satellite, and how the node is reached.

use std::io::{self, Write};

use piecewatch_analytics::{Judgement, LogOfWindow, Reputation, Score, Vetting};

use super::NodeAnswer;
use crate::{
    Colour,
    earnings::satellite_name,
    sentence::sentence,
    table::{Align, Cell, NOT_KNOWN, Style, Table, number},
    window::minute,
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
        ("SUSPENSION", Right),
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
        table.row(row);
    }
    table
}

fn joined(days: u64) -> String {
    format!("{} d ago", number(days))
}

/// A score, and by how much it changed where it did.
fn score_cell(of: &Reputation, score: Score) -> Cell {
    let Some(newest) = of.newest else { return NOT_KNOWN.into() };
    let value = score.of(&newest.scores);
    let change = match of.change(score) {
        Some(change) if change.abs() >= 0.000_05 => format!(" ({change:+.4})"),
        Some(_) | None => String::new(),
    };
    Cell::styled(format!("{value:.4}{change}"), style(score.judge(value)))
}

fn vetted(of: &Reputation) -> String {
    match of.vetting {
        Vetting::Unknown if of.joined_at.is_some() => "audits not told".to_owned(),
        Vetting::Unknown => NOT_KNOWN.to_owned(),
        Vetting::Vetted(at) => minute(at).chars().take(10).collect(),
        Vetting::Probably => "probably".to_owned(),
        Vetting::Running { audits, days } => {
            let part = |part: Option<u64>, whole: u64, name: &str| {
                part.map(|part| format!("{part}/{whole} {name}"))
            };
            let parts =
                [part(audits, Vetting::AUDITS, "audits"), part(days, Vetting::DAYS, "days")];
            parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
        }
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
