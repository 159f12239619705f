//! `earnings`: what each node earned this month, and what it will have earned at its end.

use std::collections::BTreeSet;

use piecewatch_finance::{Earnings, Ledger, NodeForecast};
use piecewatch_model::{MicroUsd, NodeName, Period, Timestamp};
use serde_json::{Map, Value, json};

use super::{NODES_MAX, Refusal, State, rounded, table};
use crate::{
    earnings::{based_on, satellite_name},
    money::usd,
};

pub(super) fn state(ledger: &Ledger, nodes: &[NodeName], now: Timestamp) -> State {
    ledger.refresh()?;
    let beyond = || Refusal::None("there is no month at this time".to_owned());
    let period = Period::containing(now).ok_or_else(beyond)?;
    let (mut so_far, mut expected, mut known) = (MicroUsd::default(), MicroUsd::default(), 0_u64);
    let mut figures = BTreeSet::new();
    let mut rows = Vec::new();
    for node in nodes {
        let forecast = ledger.forecast(node, period, now)?;
        if forecast.as_of.is_none() {
            continue;
        }
        let total = forecast.total();
        (so_far, expected) = (so_far + total.so_far.payout, expected + total.expected.payout);
        figures.append(&mut forecast.figures());
        known += 1;
        if rows.len() < NODES_MAX {
            rows.push((node.to_string(), row(&forecast)));
        }
    }
    let mut state = json!({
        "period": period.to_string(),
        "nodes_count": nodes.len(),
        "known_count": known,
        "nodes": table(rows),
    });
    if known > 0 {
        let mut total = amounts(so_far, expected);
        total.insert("based_on".to_owned(), based_on(&figures).into());
        state["total"] = Value::Object(total);
    }
    Ok(state)
}

fn row(forecast: &NodeForecast) -> Value {
    let total = forecast.total();
    let mut row = amounts(total.so_far.payout, total.expected.payout);
    let mut put = |name: &str, value: Value| row.insert(name.to_owned(), value);
    if let Some(at) = forecast.as_of {
        put("as_of", at.to_string().into());
    }
    put("based_on", based_on(&forecast.figures()).into());
    put("low_micro_usd", total.low.get().into());
    put("high_micro_usd", total.high.get().into());
    put("confidence", rounded(total.confidence, 3));
    put("parts", parts(&total.so_far));
    let satellites = forecast.satellites.iter().map(|of| {
        let of_satellite =
            amounts(of.forecast.so_far.earnings.payout, of.forecast.expected.earnings.payout);
        (satellite_name(of.satellite, None), Value::Object(of_satellite))
    });
    put("satellites", table(satellites));
    Value::Object(row)
}

/// What was earned so far, by what for.
fn parts(earned: &Earnings) -> Value {
    json!({
        "storage_micro_usd": earned.storage.get(),
        "egress_micro_usd": earned.egress.get(),
        "repair_audit_micro_usd": earned.repair_audit.get(),
        "held_micro_usd": earned.held.get(),
    })
}

fn amounts(so_far: MicroUsd, expected: MicroUsd) -> Map<String, Value> {
    let mut amounts = Map::new();
    for (name, amount) in [("so_far", so_far), ("forecast", expected)] {
        amounts.insert(name.to_owned(), usd(amount).into());
        amounts.insert(format!("{name}_micro_usd"), amount.get().into());
    }
    amounts
}
