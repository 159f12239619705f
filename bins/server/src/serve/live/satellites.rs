//! `satellites`: what was moved today for each satellite.

use std::{cmp::Reverse, collections::BTreeMap};

use piecewatch_analytics::tally::Amount;
use piecewatch_model::{Grain, NodeName, SatelliteId, Timestamp};
use piecewatch_store::{Nodes, Reader, Window};
use serde_json::{Value, json};

use super::{State, overview::by_action, sums, table};
use crate::earnings::satellite_name;

/// How many satellites are listed: the busiest.
const SATELLITES_MAX: usize = 32;
/// Where the log does not tell.
const UNKNOWN: &str = "unknown";

pub(super) fn state(reader: &Reader, nodes: &[NodeName], now: Timestamp) -> State {
    let from = now.floor(Grain::Day);
    let window = Window { from, to: from.plus_micros(Grain::Day.micros()) };
    let totals = reader.traffic_totals(Nodes::Of(nodes), Some(window))?;
    let mut satellites: BTreeMap<Option<SatelliteId>, (u64, sums::ByAction)> = BTreeMap::new();
    for row in totals.rows {
        let (count, actions) = satellites.entry(row.satellite).or_default();
        *count = count.saturating_add(row.count);
        let amount = Amount { count: row.count, bytes: row.bytes };
        sums::add(actions, &row.action, row.fate, amount);
    }
    let mut rows: Vec<_> = satellites.into_iter().collect();
    rows.sort_by_key(|(satellite, (count, _))| (Reverse(*count), *satellite));
    rows.truncate(SATELLITES_MAX);
    let row = |(satellite, (_, actions)): (Option<SatelliteId>, (u64, sums::ByAction))| {
        let mut row = json!({ "actions": by_action(&actions) });
        let name = match satellite {
            Some(satellite) => {
                row["satellite_id"] = satellite.to_string().into();
                satellite_name(satellite, None)
            }
            None => UNKNOWN.to_owned(),
        };
        (name, row)
    };
    let rows: Value = table(rows.into_iter().map(row));
    Ok(json!({ "since": from.to_string(), "satellites": rows }))
}
