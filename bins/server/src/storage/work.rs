//! The work on the pieces for people: what runs, what ran, and how the hash store is.

use std::io::{self, Write};

use piecewatch_analytics::{
    hash_store::HashStore,
    migration::Migration,
    runs::{Run, Running, TaskSummary},
    storage::NodeWork,
};
use piecewatch_model::{ByteCount, SatelliteId};

use super::{text::percent, work_rows::task_name};
use crate::{
    Colour,
    earnings::satellite_name,
    sentence::sentence,
    table::{Align, Cell, NOT_KNOWN, Style, Table, number},
    window::{day, minute},
};

pub(super) fn write(work: &NodeWork, out: &mut dyn Write, colour: Colour) -> io::Result<()> {
    if !work.running.is_empty() {
        writeln!(out)?;
        running(&work.running).without_empty_columns().write(out, colour)?;
    }
    if !work.tasks.is_empty() {
        let (from, to) = (minute(work.window.from), minute(work.window.to));
        writeln!(out, "\n  Work from {from} to {to} UTC:\n")?;
        tasks(&work.tasks).without_empty_columns().write(out, colour)?;
    }
    if !work.hash_stores.is_empty() {
        writeln!(out)?;
        hash_stores(work).without_empty_columns().write(out, colour)?;
    }
    match &work.migration {
        Some(of) => {
            writeln!(out)?;
            sentence(out, &migration(of))
        }
        None => Ok(()),
    }
}

fn running(running: &[Running]) -> Table {
    use Align::{Left, Right};
    let mut table = Table::new([
        ("RUNNING", Left),
        ("SATELLITE", Left),
        ("PART", Left),
        ("FOR", Right),
        ("USUALLY", Right),
        ("LEFT", Right),
    ]);
    for of in running {
        let left = match of.left_micros() {
            Some(left) => Cell::from(length(left)),
            None if of.is_overdue() => Cell::styled("overdue", Style::Alert),
            None => Cell::styled(NOT_KNOWN, Style::Dim),
        };
        table.row([
            Cell::from(task_name(of.work.task).replace('_', " ")),
            Cell::from(of.work.satellite.map_or_else(String::new, name)),
            Cell::from(of.work.store.as_deref().unwrap_or("")),
            Cell::from(length(of.elapsed_micros)),
            maybe(of.usual_micros.map(length)),
            left,
        ]);
    }
    table
}

fn tasks(tasks: &[TaskSummary]) -> Table {
    use Align::{Left, Right};
    let mut table = Table::new([
        ("WORK", Left),
        ("ENDED", Right),
        ("FAILED", Right),
        ("INTERRUPTED", Right),
        ("MEDIAN", Right),
        ("LONGEST", Right),
        ("BEFORE", Right),
    ]);
    let some = |count: u64| if count == 0 { String::new() } else { number(count) };
    for of in tasks {
        let cells = [
            Cell::from(task_name(of.task).replace('_', " ")),
            Cell::from(some(of.finished)),
            Cell::styled(some(of.failed), Style::Alert),
            Cell::from(some(of.interrupted)),
            maybe(of.median_micros.map(length)),
            maybe(of.longest_micros.map(length)),
            maybe(of.before_micros.map(length)),
        ];
        let did = [
            of.examined.map(|pieces| format!("{} pieces examined", number(pieces))),
            of.affected.map(|pieces| format!("{} changed", number(pieces))),
            of.bytes.map(|bytes| format!("{bytes} freed")),
            of.rewritten.map(|bytes| format!("{bytes} rewritten")),
        ];
        let did = did.into_iter().flatten().collect::<Vec<_>>().join(", ");
        table.noted_row(cells, [Cell::styled(did, Style::Dim)]);
    }
    table
}

fn hash_stores(work: &NodeWork) -> Table {
    use Align::{Left, Right};
    let mut table = Table::new([
        ("HASH STORE", Left),
        ("PART", Left),
        ("PIECES", Right),
        ("TRASH", Right),
        ("DEAD", Right),
        ("TO FREE", Right),
        ("TABLE", Right),
        ("COMPACTED", Left),
    ]);
    let bytes = |bytes: Option<ByteCount>| maybe(bytes.map(|bytes| bytes.to_string()));
    for of in &work.hash_stores {
        let state = &of.state;
        let cells = [
            Cell::from(name(of.satellite)),
            Cell::from(&*of.store),
            bytes(state.pieces()),
            bytes(state.trash),
            bytes(state.dead()),
            bytes(state.reclaimable),
            maybe(state.table_load.map(percent)),
            Cell::styled(minute(state.at), Style::Dim),
        ];
        table.noted_row(cells, [Cell::styled(before(work, of).unwrap_or_default(), Style::Dim)]);
    }
    table
}

/// How a part was before the compaction that told of it last; `None` where that is not known.
fn before(work: &NodeWork, of: &HashStore) -> Option<String> {
    let is_of = |run: &&Run| {
        run.satellite == Some(of.satellite) && run.store.as_deref() == Some(&*of.store)
    };
    let run = work.ended.iter().rfind(|run| run.compaction.is_some() && is_of(run))?;
    let before = run.compaction?.before?;
    let bytes = |bytes: Option<ByteCount>, name: &str| Some(format!("{} {name}", bytes?));
    let parts = [
        bytes(before.trash, "trash"),
        bytes(before.dead(), "dead"),
        bytes(before.reclaimable, "to free"),
        before.table_load.map(|load| format!("table {}", percent(load))),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| format!("before: {}", parts.join(", ")))
}

fn migration(of: &Migration) -> String {
    let mut text = match of.moved {
        Some(moved) => format!(
            "Migration to the hash store: {} pieces, {} moved from {} to {}",
            number(moved.pieces),
            moved.bytes,
            minute(moved.from),
            minute(moved.to)
        ),
        None => "Migration to the hash store: nothing was moved".to_owned(),
    };
    if let Some(per_day) = of.moved.and_then(|moved| moved.per_day) {
        text.push_str(&format!(", {} a day", ByteCount::new(per_day as u64)));
    }
    if of.moved.is_none() && !of.queued.is_empty() {
        let names: Vec<String> = of.queued.iter().copied().map(name).collect();
        text.push_str(&format!("; the pieces of {} are to be", names.join(", ")));
    }
    if let Some(left) = of.left {
        text.push_str(&format!("; {left} are left"));
    }
    if let Some(done_at) = of.done_at() {
        // An estimate: to the day.
        text.push_str(&format!(", until {}", day(done_at)));
    }
    if let Some(failed_at) = of.failed_at {
        let attempts = if of.failures == 1 { "attempt" } else { "attempts" };
        let (failures, last) = (number(of.failures), minute(failed_at));
        text.push_str(&format!("; {failures} {attempts} failed, the last at {last}"));
    }
    text.push('.');
    text
}

fn name(satellite: SatelliteId) -> String {
    satellite_name(satellite, None)
}

fn maybe(text: Option<String>) -> Cell {
    text.map_or_else(|| Cell::styled(NOT_KNOWN, Style::Dim), Cell::from)
}

/// A length of time in its two largest units: `350 ms`, `12 s`, `3 min 20 s`, `2 h 5 min`, `4 d 3 h`.
fn length(micros: u64) -> String {
    let seconds = micros / 1_000_000;
    let two = |large: u64, unit: &str, small: u64, part: &str| match small {
        0 => format!("{large} {unit}"),
        _ => format!("{large} {unit} {small} {part}"),
    };
    match seconds {
        // Beginning and end were written within a second.
        0 if micros == 0 => "< 1 s".to_owned(),
        0 if micros < 1_000 => "< 1 ms".to_owned(),
        0 => format!("{} ms", micros / 1_000),
        1..60 => format!("{seconds} s"),
        60..3_600 => two(seconds / 60, "min", seconds % 60, "s"),
        3_600..86_400 => two(seconds / 3_600, "h", seconds / 60 % 60, "min"),
        _ => two(seconds / 86_400, "d", seconds / 3_600 % 24, "h"),
    }
}

#[cfg(test)]
mod tests {
    use super::length;

    #[test]
    fn lengths_are_told_in_two_units() {
        for (seconds, text) in [
            (12, "12 s"),
            (60, "1 min"),
            (200, "3 min 20 s"),
            (7_500, "2 h 5 min"),
            (356_400, "4 d 3 h"),
        ] {
            assert_eq!(length(seconds * 1_000_000), text);
        }
        assert_eq!(length(350_999), "350 ms");
        assert_eq!((length(999).as_str(), length(0).as_str()), ("< 1 ms", "< 1 s"));
    }
}
