//! `overview`: what nodes did today, how fast they are, and how they are.

use std::{cmp::Reverse, collections::BTreeMap};

use piecewatch_analytics::rate::{Flow, Lately, Rates};
use piecewatch_model::{Action, ByteCount, NodeName};
use serde_json::{Map, Value, json};

use super::{
    NODES_MAX, State,
    around::{Aside, Disk, Earned},
    asking::Asking,
    object, share,
    sums::{ByAction, Ends, NodeToday},
    table, three_figures,
};
use crate::{earnings::based_on, money::usd};

/// How many actions are listed: the log may name any.
const ACTIONS_MAX: usize = 16;

pub(super) fn state(asking: &Asking<'_>, nodes: &[NodeName]) -> State {
    let live = asking.live;
    let mut base = asking.base()?;
    // Whoever waits for the base would come with an older time than what is in it.
    let now = live.now();
    let today = base.today(&|| asking.reader(), live.unwritten(), nodes, now)?;
    drop(base);
    let asides = live.around.of(&|| asking.reader(), &live.parts, nodes, now)?;
    let mut actions = ByAction::new();
    let mut lately = Lately::default();
    for node in today.nodes.values() {
        merge(&mut actions, &node.actions);
        lately.merge(node.lately);
    }
    let mut state = object([
        ("since", now.floor(piecewatch_model::Grain::Day).to_string().into()),
        ("nodes_count", nodes.len().into()),
        ("total", total(&actions)),
        ("actions", by_action(&actions)),
        ("rates", rates(lately)),
        ("alerts", object([("active", (live.parts.active_alerts)(nodes).into())])),
    ]);
    let mut rows: Vec<(&NodeName, &NodeToday)> = today.nodes.iter().collect();
    if rows.len() > NODES_MAX {
        rows.sort_by_key(|(name, node)| (Reverse(count(&node.actions)), *name));
        rows.truncate(NODES_MAX);
    }
    state["nodes"] =
        table(rows.into_iter().map(|(name, node)| (name.to_string(), row(node, asides.get(name)))));
    if let Some(disk) = disk_of_all(&asides) {
        state["disk"] = disk;
    }
    if let Some(earnings) = earnings_of_all(&asides) {
        state["earnings"] = earnings;
    }
    Ok(state)
}

fn row(node: &NodeToday, aside: Option<&Aside>) -> Value {
    let mut row = object([("total", total(&node.actions)), ("rates", rates(node.lately))]);
    let Some(aside) = aside else { return row };
    if let Some((state, sentence)) = &aside.health {
        row["health"] =
            object([("state", (*state).into()), ("sentence", sentence.as_str().into())]);
    }
    if let Some(at) = aside.last_record {
        row["last_record"] = at.to_string().into();
    }
    if let Some(disk) = disk(aside.disk) {
        row["disk"] = disk;
    }
    if let Some(earned) = &aside.earnings {
        row["earnings"] = money(earned);
    }
    row
}

fn money(Earned { so_far, forecast, figures }: &Earned) -> Value {
    json!({
        "so_far_micro_usd": so_far.get(),
        "so_far": usd(*so_far),
        "forecast_micro_usd": forecast.get(),
        "forecast": usd(*forecast),
        "based_on": based_on(figures),
    })
}

/// `None` when nothing is known.
fn disk(disk: Disk) -> Option<Value> {
    let mut row = Map::new();
    let parts = [
        ("used_bytes", disk.used),
        ("trash_bytes", disk.trash),
        ("available_bytes", disk.available),
        ("total_bytes", disk.total),
    ];
    for (name, bytes) in parts {
        if let Some(bytes) = bytes {
            row.insert(name.to_owned(), bytes.get().into());
        }
    }
    (!row.is_empty()).then_some(Value::Object(row))
}

/// The sums of the nodes of which each is known, and of how many that is.
fn disk_of_all(asides: &BTreeMap<NodeName, Aside>) -> Option<Value> {
    let mut sum = Disk::default();
    let mut known = 0_u64;
    let add = |sum: &mut Option<ByteCount>, part: Option<ByteCount>| {
        if let Some(part) = part {
            *sum = Some(sum.unwrap_or_default() + part);
        }
    };
    for of in asides.values().map(|aside| aside.disk).filter(|of| *of != Disk::default()) {
        known += 1;
        add(&mut sum.used, of.used);
        add(&mut sum.trash, of.trash);
        add(&mut sum.available, of.available);
        add(&mut sum.total, of.total);
    }
    let mut disk = disk(sum)?;
    disk["nodes_count"] = known.into();
    Some(disk)
}

/// The same of what they earn.
fn earnings_of_all(asides: &BTreeMap<NodeName, Aside>) -> Option<Value> {
    let earned: Vec<&Earned> =
        asides.values().filter_map(|aside| aside.earnings.as_ref()).collect();
    if earned.is_empty() {
        return None;
    }
    let mut earnings = money(&Earned {
        so_far: earned.iter().map(|of| of.so_far).sum(),
        forecast: earned.iter().map(|of| of.forecast).sum(),
        figures: earned.iter().flat_map(|of| &of.figures).copied().collect(),
    });
    earnings["nodes_count"] = earned.len().into();
    Some(earnings)
}

pub(super) fn merge(into: &mut ByAction, actions: &ByAction) {
    for (action, ends) in actions {
        let sum = into.entry(action.clone()).or_default();
        sum.tally.merge(&ends.tally);
        sum.rejected = sum.rejected.saturating_add(ends.rejected);
    }
}

fn count(actions: &ByAction) -> u64 {
    actions.values().fold(0, |sum, ends| sum.saturating_add(ends.tally.count()))
}

/// All actions together. The rate is that of the actions that have one.
fn total(actions: &ByAction) -> Value {
    let mut sum = Ends::default();
    let (mut part, mut whole) = (0_u64, 0_u64);
    for (action, ends) in actions {
        sum.tally.merge(&ends.tally);
        sum.rejected = sum.rejected.saturating_add(ends.rejected);
        if let Some(share) = ends.tally.success(action) {
            (part, whole) = (part.saturating_add(share.part), whole.saturating_add(share.whole));
        }
    }
    let rate = (whole > 0).then(|| part as f64 / whole as f64);
    ends_row(&sum, rate)
}

/// Each action that has transfers with its rate of success, [`ACTIONS_MAX`] of them at most, the others
/// as one.
pub(super) fn by_action(actions: &ByAction) -> Value {
    rows(actions, |action, ends| ends.tally.success(action).map(|share| share.ratio()))
}

/// The same without rates: a short time has few transfers, and there are many rows.
pub(super) fn counts_by_action(actions: &ByAction) -> Value {
    rows(actions, |_, _| None)
}

fn rows(actions: &ByAction, rate: impl Fn(&Action, &Ends) -> Option<f64>) -> Value {
    let mut listed: Vec<(&Action, &Ends)> = actions.iter().collect();
    let mut others = Ends::default();
    if listed.len() > ACTIONS_MAX {
        listed.sort_by_key(|(action, ends)| (Reverse(ends.tally.count()), *action));
        for (_, ends) in listed.drain(ACTIONS_MAX..) {
            others.tally.merge(&ends.tally);
            others.rejected = others.rejected.saturating_add(ends.rejected);
        }
    }
    let row = |(action, ends): (&Action, &Ends)| {
        (action.name().to_owned(), ends_row(ends, rate(action, ends)))
    };
    let mut rows: Map<String, Value> = listed.into_iter().map(row).collect();
    if others != Ends::default() {
        rows.insert("(further actions)".to_owned(), ends_row(&others, None));
    }
    Value::Object(rows)
}

/// `bytes` are those of transfers that succeeded. How many did not succeed is left out where that is
/// none.
fn ends_row(ends: &Ends, rate: Option<f64>) -> Value {
    let tally = &ends.tally;
    let mut row = Map::new();
    let mut put = |name: &str, number: u64| row.insert(name.to_owned(), number.into());
    put("count", tally.count());
    put("success", tally.success.count);
    put("bytes", tally.success.bytes.get());
    for (name, number) in [
        ("canceled", tally.canceled.count),
        ("failed", tally.failed().count),
        ("rejected", ends.rejected),
    ] {
        if number > 0 {
            put(name, number);
        }
    }
    if let Some(rate) = rate {
        row.insert("success_rate".to_owned(), share(rate));
    }
    Value::Object(row)
}

/// What moved in the last 60 seconds, each with three figures: the next one changes with every line, and is
/// not shown.
pub(super) fn rates(lately: Lately) -> Value {
    let flow = |Flow { bits_per_second, pieces_per_second }| {
        let bits_per_second = three_figures(bits_per_second).round() as u64;
        object([
            ("bits_per_second", bits_per_second.into()),
            ("pieces_per_second", three_figures(pieces_per_second).into()),
        ])
    };
    let Rates { ingress, egress } = lately.rates();
    object([("ingress", flow(ingress)), ("egress", flow(egress))])
}
