//! Reputation for people: a line for each satellite, and how the node is reached.

use std::io::{self, Write};

use piecewatch_analytics::{Judgement, Reputation, Score, Vetting};

use super::NodeAnswer;
use crate::{
    Colour,
    earnings::satellite_name,
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
            writeln!(out, "  No satellite has told scores yet.")?;
        } else {
            satellites(answer).without_empty_columns().write(out, colour)?;
        }
        let sentences: Vec<String> =
            answer.satellites.iter().flat_map(|of| of.sentences(&name_of(of))).collect();
        if !sentences.is_empty() {
            writeln!(out)?;
        }
        for sentence in sentences {
            writeln!(out, "  {sentence}")?;
        }
        writeln!(out)?;
        reached(answer).write(out, colour)?;
    }
    Ok(())
}

fn satellites(answer: &NodeAnswer) -> Table {
    use Align::{Left, Right};
    let mut table = Table::new([
        ("SATELLITE", Left),
        ("STATE", Left),
        ("AUDIT", Right),
        ("CHANGE", Right),
        ("SUSPENSION", Right),
        ("CHANGE", Right),
        ("ONLINE", Right),
        ("CHANGE", Right),
        ("AUDITS", Right),
        ("VETTED", Left),
        ("JOINED", Right),
    ]);
    for of in &answer.satellites {
        let mut row = vec![Cell::from(name_of(of)), state(of.judgement())];
        for score in Score::ALL {
            row.extend(score_cells(of, score));
        }
        row.push(of.audits.map_or(NOT_KNOWN.into(), |(total, _)| number(total).into()));
        row.push(Cell::from(vetted(of.vetting)));
        row.push(of.days_joined.map_or(NOT_KNOWN.into(), |days| joined(days).into()));
        table.row(row);
    }
    table
}

fn joined(days: u64) -> String {
    format!("{} days ago", number(days))
}

fn score_cells(of: &Reputation, score: Score) -> [Cell; 2] {
    let Some(newest) = of.newest else { return [NOT_KNOWN.into(), "".into()] };
    let value = score.of(&newest.scores);
    let style = style(score.judge(value));
    let change = match of.change(score) {
        Some(change) if change.abs() >= 0.000_05 => format!("{change:+.4}"),
        Some(_) | None => String::new(),
    };
    [Cell::styled(format!("{value:.4}"), style), Cell::from(change)]
}

fn vetted(vetting: Vetting) -> String {
    match vetting {
        Vetting::Unknown => NOT_KNOWN.to_owned(),
        Vetting::Vetted(at) => minute(at).chars().take(10).collect(),
        Vetting::Probably => "probably".to_owned(),
        Vetting::Running { audits, days } => {
            let part = |part: Option<u64>, whole: u64, name: &str| {
                part.map(|part| format!("{part} of {whole} {name}"))
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
