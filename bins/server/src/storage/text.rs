//! Storage for people: space, growth, and who says what of it.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use piecewatch_analytics::storage::{
    Accounts, Capacity, Cause, CauseKind, DiskFull, Growth, GrowthBasis, GrowthOver, NodeStorage,
    Overused, StoredDays, Told, UnknownFiles,
};
use piecewatch_model::{ByteCount, Timestamp};

use super::{DAY_MICROS, Shown, work};
use crate::{
    Colour,
    earnings::satellite_name,
    sentence::sentence,
    table::{Align, Cell, NOT_KNOWN, Style, Table},
    window::{day, minute},
};

pub(super) fn write(shown: &Shown, out: &mut dyn Write, colour: Colour) -> io::Result<()> {
    for (at, of) in shown.nodes.iter().enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        let name = Style::Bold.paint(of.storage.node.as_str(), colour);
        writeln!(out, "{name}   {} UTC\n", minute(shown.now))?;
        write_space(&of.storage, out, colour)?;
        write_accounts(&of.storage, out, colour)?;
        write_gaps(&of.days, out)?;
        work::write(&of.work, out, colour)?;
    }
    Ok(())
}

/// Who did not report which days; days of which nobody reports are told together.
fn write_gaps(days: &StoredDays, out: &mut dyn Write) -> io::Result<()> {
    let mut gaps: BTreeMap<Vec<Timestamp>, Vec<String>> = BTreeMap::new();
    for (satellite, days) in days.missing() {
        gaps.entry(days).or_default().push(satellite_name(satellite, None));
    }
    for (days, names) in gaps {
        writeln!(out)?;
        sentence(out, &format!("No report of {} from {}.", runs(&days), names.join(", ")))?;
    }
    Ok(())
}

/// Days, those in a row by the first and the last: `2026-11-03, 2026-11-05 to 2026-11-09`.
fn runs(days: &[Timestamp]) -> String {
    let in_a_row = |a: &Timestamp, b: &Timestamp| a.plus_micros(DAY_MICROS) == *b;
    let words = days.chunk_by(in_a_row).map(|run| match run {
        [first, .., last] => format!("{} to {}", day(*first), day(*last)),
        [first] => day(*first),
        [] => String::new(),
    });
    words.collect::<Vec<_>>().join(", ")
}

/// An instant to the minute.
fn write_space(storage: &NodeStorage, out: &mut dyn Write, colour: Colour) -> io::Result<()> {
    if storage.capacity == Capacity::default() {
        return writeln!(out, "  Nothing is known of its space: ask its dashboard with poll.");
    }
    space(&storage.capacity).without_empty_columns().write(out, colour)?;
    writeln!(out)?;
    if storage.growth.iter().any(|growth| growth.taken.is_some()) {
        growth(&storage.growth).without_empty_columns().write(out, colour)?;
        writeln!(out)?;
    }
    sentence(out, &full(&storage.full))
}

fn space(capacity: &Capacity) -> Table {
    use Align::{Left, Right};
    let mut table = Table::new([("SPACE", Left), ("", Right), ("SHARE", Right), ("TOLD", Left)]);
    let other = capacity.whole.map(|whole| Told { at: whole.at, bytes: whole.other });
    let nothing = |told: &Told| told.bytes == ByteCount::default();
    let rows = [
        ("pieces", capacity.used, true),
        ("trash", capacity.trash, true),
        ("other", other.filter(|told| !nothing(told)), true),
        ("free", capacity.available, true),
        ("allotted", capacity.total, false),
        ("overused", capacity.overused.filter(|told| !nothing(told)), true),
        ("reclaimable", capacity.reclaimable.filter(|told| !nothing(told)), true),
    ];
    for (name, told, is_part) in rows {
        let Some(Told { at, bytes }) = told else { continue };
        let of_all = capacity.total.filter(|total| is_part && total.bytes.get() > 0);
        let share = of_all.map(|total| bytes.get() as f64 / total.bytes.get() as f64);
        let style = if name == "overused" { Style::Alert } else { Style::Plain };
        table.row([
            Cell::styled(name, style),
            Cell::styled(bytes.to_string(), style),
            Cell::styled(share.map_or_else(String::new, percent), Style::Dim),
            Cell::styled(minute(at), Style::Dim),
        ]);
    }
    table
}

/// A share to a tenth of a percent.
pub(super) fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// Bytes a day with their sign.
fn a_day(per_day: f64) -> String {
    let amount = ByteCount::new(per_day.abs() as u64);
    let sign = if per_day < 0.0 && amount.get() > 0 { "-" } else { "" };
    format!("{sign}{amount}")
}

fn growth(growth: &[Growth]) -> Table {
    use Align::{Left, Right};
    let mut table = Table::new([
        ("GROWTH OVER", Left),
        ("A DAY", Right),
        ("RANGE", Right),
        ("PIECES", Right),
        ("SNAPSHOTS", Right),
        ("BY", Left),
    ]);
    for of in growth {
        let pieces = of.pieces.map(|slope| a_day(slope.per_day));
        let row = match of.taken {
            Some((basis, slope)) => [
                Cell::from(a_day(slope.per_day)),
                Cell::styled(format!("{} to {}", a_day(slope.low), a_day(slope.high)), Style::Dim),
                Cell::from(pieces.unwrap_or_else(|| NOT_KNOWN.to_owned())),
                Cell::styled(slope.points.to_string(), Style::Dim),
                Cell::styled(by(basis), Style::Dim),
            ],
            None => [NOT_KNOWN, "", "", "", ""].map(|text| Cell::styled(text, Style::Dim)),
        };
        table.row(std::iter::once(Cell::from(over(of.over))).chain(row));
    }
    table
}

const fn over(over: GrowthOver) -> &'static str {
    match over {
        GrowthOver::Day => "a day",
        GrowthOver::Week => "7 days",
        GrowthOver::Month => "30 days",
    }
}

const fn by(basis: GrowthBasis) -> &'static str {
    match basis {
        GrowthBasis::Taken => "what is taken",
        GrowthBasis::Held => "pieces and trash",
        GrowthBasis::Available => "what is left",
    }
}

fn full(full: &DiskFull) -> String {
    match full {
        DiskFull::Unknown => "When it is full is not known yet.".to_owned(),
        DiskFull::Now => "It is full: satellites send no uploads.".to_owned(),
        DiskFull::NotFilling => "It is not filling.".to_owned(),
        DiskFull::On { at, earliest, latest, by } => {
            let latest = match latest {
                Some(latest) => format!("and {}", day(*latest)),
                None => "and never".to_owned(),
            };
            let (at, earliest) = (day(*at), day(*earliest));
            let by = over(*by);
            format!("Full on {at} (between {earliest} {latest}), if it grows as over {by}.")
        }
    }
}

fn write_accounts(storage: &NodeStorage, out: &mut dyn Write, colour: Colour) -> io::Result<()> {
    let accounts = &storage.accounts;
    if accounts.reported().is_none() && accounts.files.found().is_none() {
        return Ok(());
    }
    writeln!(out)?;
    said(accounts).without_empty_columns().write(out, colour)?;
    if !accounts.causes.is_empty() {
        let than = than(&accounts.causes);
        writeln!(out, "\n  The node takes of its disk {than} what satellites report:\n")?;
        causes(&accounts.causes).write(out, colour)?;
    }
    if !accounts.file_causes.is_empty() {
        let than = than(&accounts.file_causes);
        writeln!(out, "\n  The node counts {than} what was found in its files:\n")?;
        causes(&accounts.file_causes).write(out, colour)?;
    }
    if let Some(overused) = accounts.overused {
        writeln!(out)?;
        sentence(out, &beyond(overused))?;
    }
    if accounts.files.found().is_some() && !accounts.files.missing.is_empty() {
        writeln!(out)?;
        sentence(out, &unknown(&accounts.files.missing))?;
    }
    if !accounts.unreported.is_empty() {
        let names: Vec<String> =
            accounts.unreported.iter().map(|id| satellite_name(*id, None)).collect();
        writeln!(out)?;
        sentence(out, &format!("No report for three days or more from {}.", names.join(", ")))?;
    }
    Ok(())
}

fn said(accounts: &Accounts) -> Table {
    use Align::{Left, Right};
    let mut table = Table::new([("PIECES, BY", Left), ("", Right), ("OF", Left)]);
    let mut row = |name: String, bytes: Option<ByteCount>, of: Option<String>| {
        if let Some(bytes) = bytes {
            let of = Cell::styled(of.unwrap_or_default(), Style::Dim);
            table.row([Cell::from(name), Cell::from(bytes.to_string()), of]);
        }
    };
    let node = accounts.node;
    row("the node".into(), node.map(|told| told.bytes), node.map(|told| minute(told.at)));
    let oldest = accounts.satellites.iter().map(|of| of.day).min();
    row("satellites".into(), accounts.reported(), oldest.map(day));
    for of in &accounts.satellites {
        let name = format!("  {}", satellite_name(of.satellite, None));
        row(name, Some(of.bytes), Some(day(of.day)));
    }
    let files = &accounts.files;
    let since = files.since.map(|since| format!("since {}", minute(since)));
    let name = if files.missing.is_empty() { "its files" } else { "its files, in part" };
    row(name.into(), files.found(), since);
    table
}

/// Which parts of the files are not known, by satellite: `ap1 s1, us1 s0 and s1`.
fn unknown(missing: &[UnknownFiles]) -> String {
    let of_satellite = |parts: &[UnknownFiles]| {
        let names: Vec<&str> = parts.iter().map(|of| of.part.name()).collect();
        format!("{} {}", satellite_name(parts[0].satellite, None), names.join(" and "))
    };
    let all: Vec<String> =
        missing.chunk_by(|a, b| a.satellite == b.satellite).map(of_satellite).collect();
    format!(
        "What of its files is in {} is not known: its log of the last 30 days does not tell. Walks \
         tell of blobs, compactions of s0 and s1.",
        all.join(", ")
    )
}

/// How much more or less, by all causes: `12 GB more than`.
fn than(causes: &[Cause]) -> String {
    let difference: i64 = causes.iter().map(|cause| cause.bytes).sum();
    let amount = ByteCount::new(difference.unsigned_abs());
    match difference {
        ..0 => format!("{amount} less than"),
        0 => "as much as".to_owned(),
        1.. => format!("{amount} more than"),
    }
}

fn beyond(Overused { bytes, passing }: Overused) -> String {
    let mut text = format!("The node takes {bytes} more than it was allotted (overused)");
    if passing.get() > 0 {
        text.push_str(&format!("; {passing} of that are trash and dead bytes, which go in time"));
    }
    text.push('.');
    text
}

fn causes(causes: &[Cause]) -> Table {
    use Align::{Left, Right};
    let mut table = Table::new([("BECAUSE OF", Left), ("", Right)]);
    for cause in causes {
        let words = match cause.kind {
            CauseKind::Trash => "trash, kept for a week",
            CauseKind::Dead => "dead bytes in the hash store, until they are compacted",
            CauseKind::Other => "tables of the hash store, and what else is on the disk",
            CauseKind::Garbage => "garbage not collected yet, and pieces newer than the reports",
            CauseKind::Unreported => "satellites that did not report, and garbage",
            CauseKind::UnknownFiles => "parts of its files that are not known",
            CauseKind::Since => "what came or went since then, as it grew",
            CauseKind::Rounding => "sizes in the hash store, which nodes round",
            CauseKind::ChangedOrMiscounted => {
                "changes since then, other files, or a count that is off"
            }
            CauseKind::NodeCountsLess => "the node counts less: a used-space walk sets it right",
        };
        table.row([Cell::from(words), Cell::from(a_day(cause.bytes as f64))]);
    }
    table
}
