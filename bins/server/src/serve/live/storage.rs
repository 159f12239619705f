//! `storage`: how full each node is, how fast it fills, and when it will be full.

use piecewatch_analytics::{
    Observatory,
    storage::{DiskFull, NodeStorage, Told},
};
use piecewatch_model::{NodeName, Timestamp};
use serde_json::{Map, Value, json};

use super::{NODES_MAX, State, table};

pub(super) fn state(observatory: &Observatory, nodes: &[NodeName], now: Timestamp) -> State {
    observatory.refresh()?;
    let mut rows = Vec::new();
    for node in nodes.iter().take(NODES_MAX) {
        let answer = observatory.storage(node, now)?;
        rows.push((node.to_string(), row(&answer.what)));
    }
    Ok(json!({ "nodes_count": nodes.len(), "nodes": table(rows) }))
}

fn row(storage: &NodeStorage) -> Value {
    let capacity = &storage.capacity;
    let bytes = |told: Option<Told>| told.map(|told| told.bytes.get());
    let text = |at: Option<Timestamp>| at.map(|at| at.to_string());
    let (full, full_at, earliest, latest) = match storage.full {
        DiskFull::Unknown => ("unknown", None, None, None),
        DiskFull::Now => ("now", None, None, None),
        DiskFull::NotFilling => ("not_filling", None, None, None),
        DiskFull::On { at, earliest, latest, .. } => ("on", Some(at), Some(earliest), latest),
    };
    let growth: Map<String, Value> = (storage.growth.iter())
        .filter_map(|growth| {
            let (_, slope) = growth.taken?;
            Some((format!("{}d", growth.over.days()), slope.per_day.round().into()))
        })
        .collect();
    let whole = capacity.whole;
    json!({
        "told_at": text(whole.map(|whole| whole.at).or(capacity.available.map(|told| told.at))),
        "used_bytes": bytes(capacity.used),
        "trash_bytes": bytes(capacity.trash),
        "available_bytes": bytes(capacity.available),
        "total_bytes": bytes(capacity.total),
        "overused_bytes": bytes(capacity.overused),
        "reclaimable_bytes": bytes(capacity.reclaimable),
        "other_bytes": whole.map(|whole| whole.other.get()),
        "growth_bytes_a_day": growth,
        "full": full,
        "full_at": text(full_at),
        "full_earliest_at": text(earliest),
        "full_latest_at": text(latest),
    })
}
