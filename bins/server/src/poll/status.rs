//! `piecewatch poll --status`: how the polls of all nodes go, from the database, asking nobody.

use std::{io::Write, path::Path};

use piecewatch_model::Timestamp;
use piecewatch_store::{Nodes, PollRow};

use super::once::took;
use crate::{
    Colour, Error, Result, clock, database,
    table::{Align, Cell, NOT_KNOWN, Style, Table, number},
};

/// Shows how the last poll of each part of each node went.
///
/// # Errors
///
/// When the database cannot be read, or something fails now.
pub(super) fn run(db: &Path, out: &mut dyn Write, colour: Colour) -> Result<()> {
    let polls = database::read(db, |reader| Ok(reader.polls(Nodes::All)?))?;
    tell(&polls, clock::now(), out, colour).map_err(Error::Output)?;
    match polls.iter().filter(|row| row.last.error.is_some()).count() {
        0 => Ok(()),
        failing => Err(Error::Failing { failing, polled: polls.len() }),
    }
}

fn tell(
    polls: &[PollRow],
    now: Timestamp,
    out: &mut dyn Write,
    colour: Colour,
) -> std::io::Result<()> {
    if polls.is_empty() {
        return writeln!(out, "No node was asked yet.");
    }
    let mut table = Table::new([
        ("NODE", Align::Left),
        ("ASKED", Align::Left),
        ("LAST", Align::Right),
        ("STATE", Align::Left),
        ("ANSWERED LAST", Align::Right),
        ("FAILING FOR", Align::Right),
        ("REQUESTS", Align::Right),
        ("ANSWERED", Align::Right),
        ("TIME", Align::Right),
    ]);
    let since = |at: Option<Timestamp>| at.map_or_else(|| NOT_KNOWN.to_owned(), |at| age(at, now));
    for row in polls {
        let state = match &row.last.error {
            None => Cell::from("answered"),
            Some(_) => Cell::styled("fails", Style::Alert),
        };
        table.row([
            row.node.as_str().into(),
            row.part.name().into(),
            age(row.last.at, now).into(),
            state,
            since(row.succeeded_at).into(),
            since(row.failing_since).into(),
            number(row.last.requests.into()).into(),
            row.last.bytes.to_string().into(),
            took(&row.last).into(),
        ]);
    }
    table.write(out, colour)?;
    for row in polls {
        if let Some(error) = &row.last.error {
            let what = format!("{}, {}: {error}", row.node, row.part.name());
            writeln!(out, "\n  {}", Style::Alert.paint(&what, colour))?;
        }
    }
    Ok(())
}

/// How long ago something was, in the largest two units.
fn age(at: Timestamp, now: Timestamp) -> String {
    let seconds = (now.as_micros() - at.as_micros()).max(0) / 1_000_000;
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    match seconds {
        ..60 => format!("{seconds} s"),
        60..3_600 => format!("{minutes} min"),
        3_600..86_400 => format!("{hours} h {} min", minutes % 60),
        _ => format!("{days} d {} h", hours % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_told_in_what_matters() {
        let at = Timestamp::from_seconds(1_000_000);
        let told = |seconds: i64| age(at, Timestamp::from_seconds(1_000_000 + seconds));
        let expected = ["0 s", "59 s", "1 min", "1 h 1 min", "2 d 3 h"];
        assert_eq!([-5, 59, 119, 3_660, 183_600].map(told), expected);
    }
}
