//! `traffic`: the minutes of the last hour, by action and outcome, and how fast nodes are now.

use piecewatch_model::{Grain, NodeName, Timestamp};
use piecewatch_store::Reader;
use serde_json::json;

use super::{
    Live, State,
    overview::{counts_by_action, rates},
    table,
};

pub(super) fn state(live: &Live, reader: &Reader, nodes: &[NodeName], now: Timestamp) -> State {
    let hour = live.base().last_hour(reader, live.unwritten(), nodes, now)?;
    let minutes =
        hour.minutes.iter().map(|(at, actions)| (at.to_string(), counts_by_action(actions)));
    Ok(json!({
        "minute": now.floor(Grain::Minute).to_string(),
        "minutes": table(minutes),
        "rates": rates(hour.lately),
    }))
}
