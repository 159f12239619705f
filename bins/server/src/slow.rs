//! `piecewatch slow`: the transfers that took longest.

use std::io::{self, Write};

use piecewatch_analytics::latency::finest_grain;
use piecewatch_model::{Clock, Latency, Outcome, PieceId};
use piecewatch_store::{Fate, Nodes, Reader, SlowFilter, Slowest, StoredTransfer};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    Colour, Error, Result,
    cli::SlowArgs,
    database,
    earnings::satellite_name,
    form::{Form, Span, csv, json},
    table::{Align, Cell, NOT_KNOWN, Style, Table, duration},
    window::{minute, up_to_newest},
};

/// So many characters tell pieces apart.
const PIECE_CHARS: usize = 12;

/// Asks for the slowest transfers and prints them.
pub(crate) fn run(arguments: &SlowArgs, out: &mut dyn Write, colour: Colour) -> Result<()> {
    let answer = database::read(&arguments.of.db, |reader| ask(reader, arguments))?;
    let written = match (Form::from(arguments.form), answer) {
        (Form::Json, answer) => json(out, &Object::of(answer.as_ref())),
        (Form::Csv, answer) => {
            return csv(out, answer.iter().flat_map(flat));
        }
        (Form::Text, Some(answer)) => text(&answer, out, colour),
        (Form::Text, None) => {
            writeln!(out, "{} holds no log of these nodes.", arguments.of.db.display())
        }
    };
    written.map_err(Error::Output)
}

/// `None` where there are no records.
fn ask(reader: &Reader, arguments: &SlowArgs) -> Result<Option<Slowest>> {
    let nodes = database::chosen(reader, &arguments.of.db, &arguments.of.node)?;
    let Some(window) = up_to_newest(reader, &nodes, arguments.window)? else { return Ok(None) };
    let grain = finest_grain(window, reader.kept_from(Nodes::Of(&nodes))?);
    let ending = arguments.ending.map(Into::into);
    let filter = SlowFilter { action: arguments.action.clone(), ending };
    let limit = arguments.limit.into();
    Ok(Some(reader.slowest(Nodes::Of(&nodes), window, &filter, grain, limit)?))
}

/// The answer, in JSON.
#[derive(JsonSchema, Serialize)]
pub(crate) struct Object<'a> {
    from: Option<String>,
    to: Option<String>,
    /// How many at the head are certainly the slowest.
    exact: usize,
    transfers: Vec<Row<'a>>,
}

impl<'a> Object<'a> {
    pub(crate) fn of(answer: Option<&'a Slowest>) -> Self {
        let rows = answer.map(|answer| &*answer.rows).unwrap_or_default();
        Self {
            from: answer.map(|answer| answer.window.from.to_string()),
            to: answer.map(|answer| answer.window.to.to_string()),
            exact: Slowest::EXACT.min(rows.len()),
            transfers: rows.iter().map(Row::of).collect(),
        }
    }
}

/// Each transfer beside the window, for CSV.
pub(crate) fn flat(answer: &Slowest) -> impl Iterator<Item = (Span, Row<'_>)> {
    answer.rows.iter().map(|transfer| (Span::of(answer.window), Row::of(transfer)))
}

/// A transfer for machines.
#[derive(Default, JsonSchema, Serialize)]
pub(crate) struct Row<'a> {
    at: String,
    node: &'a str,
    latency_micros: Option<u64>,
    clock: Option<&'static str>,
    action: &'a str,
    outcome: &'static str,
    size_bytes: Option<u64>,
    satellite: Option<String>,
    satellite_id: Option<String>,
    remote: Option<String>,
    country: Option<&'a str>,
    piece: Option<String>,
    error: Option<&'a str>,
}

impl<'a> Row<'a> {
    pub(crate) fn of(transfer: &'a StoredTransfer) -> Self {
        Self {
            at: transfer.at.to_string(),
            node: transfer.node.as_str(),
            latency_micros: transfer.latency.map(|latency| latency.micros),
            clock: transfer.latency.map(|latency| latency.clock.name()),
            action: transfer.action.name(),
            outcome: outcome(transfer.fate),
            size_bytes: transfer.size.map(|size| size.get()),
            satellite: transfer.satellite.map(|satellite| satellite_name(satellite, None)),
            satellite_id: transfer.satellite.map(|satellite| satellite.to_string()),
            remote: transfer.remote.map(|remote| remote.to_string()),
            country: transfer.country.as_ref().map(|country| country.code()),
            piece: transfer.piece.as_ref().map(PieceId::to_string),
            error: transfer.error.as_deref(),
        }
    }
}

const fn outcome(fate: Fate) -> &'static str {
    match fate {
        Fate::Ended(Outcome::Success) => "success",
        Fate::Ended(Outcome::Canceled) => "canceled",
        Fate::Ended(Outcome::Failed(_)) => "failed",
        Fate::Rejected => "rejected",
    }
}

fn text(answer: &Slowest, out: &mut dyn Write, colour: Colour) -> io::Result<()> {
    let title = Style::Bold.paint("Slowest transfers", colour);
    let (from, to) = (minute(answer.window.from), minute(answer.window.to));
    writeln!(out, "{title}   {from} to {to} UTC\n")?;
    // Of what was before, this database had kept too little when it was brought up to date.
    let known_from = answer.known_from.filter(|from| from.ceil(answer.grain) >= answer.window.from);
    if let Some(from) = known_from {
        writeln!(out, "  The slowest transfers are known from {} UTC on.\n", minute(from))?;
    }
    if answer.window.from >= answer.window.to {
        return Ok(());
    }
    if answer.rows.is_empty() {
        writeln!(out, "  Of no such transfer in this time both start and end were seen.")?;
        return Ok(());
    }
    table(&answer.rows).without_empty_columns().write(out, colour)?;
    if answer.rows.len() > Slowest::EXACT {
        let exact = Slowest::EXACT;
        writeln!(
            out,
            "\n  The first {exact} are exact; below, some may be missing that were as slow."
        )?;
    }
    Ok(())
}

fn table(transfers: &[StoredTransfer]) -> Table {
    use Align::{Left, Right};
    let mut table = Table::new([
        ("TOOK", Right),
        ("CLOCK", Left),
        ("ENDED AT", Left),
        ("NODE", Left),
        ("ACTION", Left),
        ("OUTCOME", Left),
        ("SIZE", Right),
        ("SATELLITE", Left),
        ("REMOTE", Left),
        ("COUNTRY", Left),
        ("PIECE", Left),
        ("ERROR", Left),
    ]);
    for transfer in transfers {
        let row = Row::of(transfer);
        let outcome_style = match transfer.fate {
            Fate::Ended(Outcome::Success | Outcome::Canceled) | Fate::Rejected => Style::Plain,
            Fate::Ended(Outcome::Failed(_)) => Style::Alert,
        };
        let told = |text: Option<String>| Cell::from(text.unwrap_or_else(|| NOT_KNOWN.to_owned()));
        let piece = row.piece.map(|piece| piece.chars().take(PIECE_CHARS).chain(['…']).collect());
        table.row([
            told(transfer.latency.map(took)),
            Cell::styled(row.clock.unwrap_or(NOT_KNOWN), Style::Dim),
            Cell::from(second(&row.at)),
            Cell::from(row.node),
            Cell::from(row.action),
            Cell::styled(row.outcome, outcome_style),
            told(transfer.size.map(|size| size.to_string())),
            told(row.satellite),
            told(row.remote),
            told(row.country.map(str::to_owned)),
            told(piece),
            Cell::from(row.error.unwrap_or_default()),
        ]);
    }
    table
}

/// What a clock of whole seconds measured has no digits below them.
fn took(latency: Latency) -> String {
    match latency.clock {
        Clock::WholeSeconds if latency.micros < 60_000_000 => {
            format!("{} s", latency.micros / 1_000_000)
        }
        Clock::WholeSeconds
        | Clock::LineMillis
        | Clock::DockerNanos
        | Clock::JournalMicros
        | Clock::Arrival => duration(latency.micros),
    }
}

/// An instant to the second.
fn second(instant: &str) -> String {
    instant.chars().take(19).map(|char| if char == 'T' { ' ' } else { char }).collect()
}
