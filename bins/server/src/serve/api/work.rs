//! What logs tell of the work that nodes do on their pieces.

use piecewatch_model::{ByteCount, Compaction, Maintenance, SatelliteId};
use piecewatch_store::{Event, Window};
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    Reply,
    ask::{Ask, Sheet, of, written},
};
use crate::{
    earnings::satellite_name,
    form::{Span, csv_rows},
};

/// What is told of compactions.
#[derive(JsonSchema, Serialize)]
pub(super) struct Compactions<'a> {
    #[serde(flatten)]
    span: Span,
    compactions: Vec<CompactionRow<'a>>,
}

#[derive(Default, JsonSchema, Serialize)]
struct CompactionRow<'a> {
    at: String,
    node: &'a str,
    satellite: String,
    satellite_id: String,
    store: &'a str,
    phase: &'static str,
    seconds: Option<f64>,
    logs_bytes: Option<u64>,
    live_bytes: Option<u64>,
    trash_bytes: Option<u64>,
    reclaimable_bytes: Option<u64>,
    reclaimed_bytes: Option<u64>,
    rewritten_bytes: Option<u64>,
    table_load: Option<f64>,
    trash_share: Option<f64>,
    error: Option<&'a str>,
    /// How many lines told the same.
    lines: u64,
}

/// What is told of other work.
#[derive(JsonSchema, Serialize)]
pub(super) struct Works<'a> {
    #[serde(flatten)]
    span: Span,
    maintenance: Vec<WorkRow<'a>>,
}

#[derive(Default, JsonSchema, Serialize)]
struct WorkRow<'a> {
    at: String,
    node: &'a str,
    task: &'static str,
    phase: &'static str,
    satellite: Option<String>,
    satellite_id: Option<String>,
    store: Option<&'a str>,
    seconds: Option<f64>,
    examined: Option<u64>,
    affected: Option<u64>,
    failed: Option<u64>,
    bytes: Option<u64>,
    /// How many lines told the same.
    lines: u64,
}

/// Events of a window; none where there are no records in it.
struct Found<T> {
    window: Option<Window>,
    events: Vec<Event<T>>,
}

pub(super) fn compactions(ask: &Ask<'_>) -> Reply {
    let (names, limit) = (ask.names(), ask.query.count("limit").into());
    let mut found = Found { window: ask.window(), events: Vec::new() };
    if let Some(window) = found.window {
        found.events = ask.parts.readers.get()?.compactions(of(&names), window, limit)?;
    }
    ask.reply(
        found,
        |found: &Found<Compaction>| {
            let compactions = found.events.iter().map(compaction).collect();
            written(&Compactions { span: Span::over(found.window), compactions })
        },
        Sheet::of::<CompactionRow<'_>>(|found, out| {
            csv_rows(out, found.events.iter().map(compaction))
        }),
    )
}

pub(super) fn maintenance(ask: &Ask<'_>) -> Reply {
    let (names, limit) = (ask.names(), ask.query.count("limit").into());
    let mut found = Found { window: ask.window(), events: Vec::new() };
    if let Some(window) = found.window {
        found.events = ask.parts.readers.get()?.maintenance(of(&names), window, limit)?;
    }
    ask.reply(
        found,
        |found: &Found<Maintenance>| {
            let maintenance = found.events.iter().map(work).collect();
            written(&Works { span: Span::over(found.window), maintenance })
        },
        Sheet::of::<WorkRow<'_>>(|found, out| csv_rows(out, found.events.iter().map(work))),
    )
}

fn compaction(event: &Event<Compaction>) -> CompactionRow<'_> {
    let of = &event.what;
    CompactionRow {
        at: of.at.to_string(),
        node: event.node.as_str(),
        satellite: satellite_name(of.satellite, None),
        satellite_id: of.satellite.to_string(),
        store: &of.store,
        phase: of.phase.name(),
        seconds: of.duration_micros.map(seconds),
        logs_bytes: of.logs.map(ByteCount::get),
        live_bytes: of.live.map(ByteCount::get),
        trash_bytes: of.trash.map(ByteCount::get),
        reclaimable_bytes: of.reclaimable.map(ByteCount::get),
        reclaimed_bytes: of.reclaimed.map(ByteCount::get),
        rewritten_bytes: of.rewritten.map(ByteCount::get),
        table_load: of.table_load,
        trash_share: of.trash_share,
        error: of.error.as_deref(),
        lines: event.lines,
    }
}

fn work(event: &Event<Maintenance>) -> WorkRow<'_> {
    let of = &event.what;
    WorkRow {
        at: of.at.to_string(),
        node: event.node.as_str(),
        task: of.kind.name(),
        phase: of.phase.name(),
        satellite: of.satellite.map(|satellite| satellite_name(satellite, None)),
        satellite_id: of.satellite.as_ref().map(SatelliteId::to_string),
        store: of.store.as_deref(),
        seconds: of.duration_micros.map(seconds),
        examined: of.examined,
        affected: of.affected,
        failed: of.failed,
        bytes: of.bytes.map(ByteCount::get),
        lines: event.lines,
    }
}

/// A float is for reading only.
fn seconds(micros: u64) -> f64 {
    micros as f64 / 1e6
}
