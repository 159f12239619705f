//! `latency`: how long transfers of the last hour took, by action and clock.

use std::collections::BTreeMap;

use piecewatch_analytics::{Observatory, distribution::Distribution, latency::merged_latencies};
use piecewatch_model::{Grain, Histogram, NodeName, Timestamp};
use piecewatch_store::{LatencyFilter, Nodes, Window};
use serde_json::{Map, Value, json};

use super::State;

const HOUR: i64 = 3600 * 1_000_000;

pub(super) fn state(observatory: &Observatory, nodes: &[NodeName], now: Timestamp) -> State {
    observatory.refresh()?;
    let window = Window { from: now.plus_micros(-HOUR), to: now };
    let filter = LatencyFilter::default();
    let answer = observatory.latency(Nodes::Of(nodes), window, &filter, Grain::FiveMinutes)?;
    let merged = merged_latencies(&answer.measured.rows, |row| row.action.clone());
    let mut actions: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    for ((action, clock), histogram) in merged {
        let Some(of) = Distribution::of(&histogram) else { continue };
        let row = json!({
            "count": of.count,
            "mean_micros": of.mean,
            "p50_micros": of.p50,
            "p90_micros": of.p90,
            "p95_micros": of.p95,
            "p99_micros": of.p99,
            "max_micros": of.max,
        });
        actions.entry(action.name().to_owned()).or_default().insert(clock.name().to_owned(), row);
    }
    Ok(json!({
        "from": answer.measured.window.from.to_string(),
        "to": answer.measured.window.to.to_string(),
        "error_max": Histogram::ERROR_MAX,
        "actions": actions,
    }))
}
