//! `compactions`: the newest of the last day.

use piecewatch_model::{ByteCount, Compaction, NodeName, Timestamp};
use piecewatch_store::{Event, Nodes, Reader, Window};
use serde_json::{Value, json};

use super::{State, table};
use crate::earnings::satellite_name;

/// How many beginnings and ends are listed.
const SHOWN_MAX: u32 = 50;
const DAY: i64 = 24 * 3600 * 1_000_000;
/// How far a node's clock may be ahead.
const AHEAD: i64 = 3600 * 1_000_000;

pub(super) fn state(reader: &Reader, nodes: &[NodeName], now: Timestamp) -> State {
    let window = Window { from: now.plus_micros(-DAY), to: now.plus_micros(AHEAD) };
    let events = reader.compactions(Nodes::Of(nodes), window, SHOWN_MAX)?;
    let rows = events.iter().map(|event| (name(event), row(event)));
    Ok(
        json!({ "from": window.from.floor(piecewatch_model::Grain::Minute).to_string(), "compactions": table(rows) }),
    )
}

/// A node begins and ends one compaction of a satellite and store at a time.
fn name(event: &Event<Compaction>) -> String {
    let Compaction { at, satellite, store, phase, .. } = &event.what;
    let satellite = satellite_name(*satellite, None);
    format!("{:016}-{}-{satellite}-{store}-{}", at.as_micros(), event.node, phase.name())
}

fn row(event: &Event<Compaction>) -> Value {
    let of = &event.what;
    let bytes = |of: Option<ByteCount>| of.map(ByteCount::get);
    json!({
        "at": of.at.to_string(),
        "node": event.node.as_str(),
        "satellite": satellite_name(of.satellite, None),
        "store": &*of.store,
        "phase": of.phase.name(),
        "seconds": of.duration_micros.map(|micros| micros as f64 / 1e6),
        "logs_bytes": bytes(of.logs),
        "live_bytes": bytes(of.live),
        "trash_bytes": bytes(of.trash),
        "reclaimable_bytes": bytes(of.reclaimable),
        "reclaimed_bytes": bytes(of.reclaimed),
        "rewritten_bytes": bytes(of.rewritten),
        "table_load": of.table_load,
        "error": of.error.as_deref(),
    })
}
