//! `transfers`: the newest, each by a name that it keeps; of many that come at once some.

use std::sync::atomic::Ordering;

use piecewatch_model::NodeName;
use piecewatch_store::Fate;
use serde_json::{Map, Value};

use super::{State, asking::Asking, listed::Reach, object, table, tail::Row};
use crate::earnings::satellite_name;

pub(super) fn state(asking: &Asking<'_>, nodes: &[NodeName]) -> State {
    let live = asking.live;
    let mut base = asking.base()?;
    // Whoever waits for the base would come with an older time than what is in it.
    let now = live.now();
    let list = base.list(&|| asking.reader(), live.unwritten(), nodes, now)?;
    drop(base);
    if list.reach == Reach::Behind {
        live.is_list_behind.store(true, Ordering::Relaxed);
    }
    let rows = list.rows.into_iter().map(|(name, row)| (name, value(&row)));
    Ok(object([("transfers", table(rows))]))
}

fn value(of: &Row) -> Value {
    let mut row = Map::new();
    let mut put = |name: &str, value: Value| row.insert(name.to_owned(), value);
    put("at", of.at.to_string().into());
    put("node", of.node.as_str().into());
    put("action", of.action.name().into());
    put("outcome", outcome(of.fate).into());
    if let Some(satellite) = of.satellite {
        put("satellite", satellite_name(satellite, None).into());
    }
    if let Some(piece) = of.piece {
        put("piece", piece.to_string().into());
    }
    if let Some(size) = of.size {
        put("bytes", size.get().into());
    }
    if let Some(country) = of.country {
        put("country", country.code().into());
    }
    if let Some(latency) = of.latency {
        put("latency_micros", latency.micros.into());
        put("clock", latency.clock.name().into());
    }
    if let Some(error) = &of.error {
        put("error", (**error).into());
    }
    Value::Object(row)
}

fn outcome(fate: Fate) -> String {
    match fate {
        Fate::Ended(outcome) => outcome.name().to_owned(),
        Fate::Rejected => "rejected".to_owned(),
    }
}
