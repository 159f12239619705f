//! How much space nodes have, and how it changed.

use std::collections::BTreeMap;

use piecewatch_model::{ByteCount, Grain, NodeName, Timestamp};
use piecewatch_store::{SpaceRow, Window};
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    Problem, Reply,
    ask::{Ask, Sheet, written},
};
use crate::{
    form::{Span, csv_rows},
    storage::{DAYS_SHOWN, OfNode, Shown, newest, rows, sheet},
};

pub(super) fn storage(ask: &Ask<'_>) -> Reply {
    let names = ask.names();
    let window = until_newest(ask, &names)?;
    let (now, observatory) = (window.to, &ask.parts.observatory);
    let month = Window { from: now.plus_micros(-DAYS_SHOWN * Grain::Day.micros()), to: now };
    let of_node = |node: &NodeName| {
        Ok(OfNode {
            storage: observatory.storage(node, now)?.what.clone(),
            work: (*observatory.work(node, window)?).clone(),
            days: observatory.stored_days(node, month, now)?.what.clone(),
        })
    };
    let nodes = names.iter().map(of_node).collect::<Result<_, Problem>>()?;
    ask.reply(
        Shown { now, window, nodes },
        |shown| written(&rows::Root::of(shown)),
        Sheet::of::<(Span, sheet::FlatRow)>(|shown, out| csv_rows(out, sheet::flat(shown))),
    )
}

/// The window that was asked for; without an end it ends at the newest record or snapshot.
fn until_newest(ask: &Ask<'_>, names: &[NodeName]) -> Result<Window, Problem> {
    let now = newest(&ask.parts.readers.get()?, names)?;
    Ok(ask.until(now))
}

/// How space changed.
#[derive(JsonSchema, Serialize)]
pub(super) struct History<'a> {
    #[serde(flatten)]
    span: Span,
    nodes: Vec<NodeHistory<'a>>,
}

#[derive(JsonSchema, Serialize)]
struct NodeHistory<'a> {
    node: &'a str,
    /// Oldest first.
    snapshots: Vec<Snapshot<'a>>,
    /// What satellites reported, day by day; null is a gap.
    days: Vec<rows::DayRow>,
}

/// The space at an instant; null is what nobody told.
#[derive(Default, JsonSchema, Serialize)]
struct Snapshot<'a> {
    node: &'a str,
    at: String,
    used_bytes: Option<u64>,
    trash_bytes: Option<u64>,
    available_bytes: Option<u64>,
    total_bytes: Option<u64>,
    overused_bytes: Option<u64>,
    reclaimable_bytes: Option<u64>,
}

struct Changes {
    window: Window,
    nodes: Vec<(NodeName, Vec<SpaceRow>, Vec<rows::DayRow>)>,
}

pub(super) fn history(ask: &Ask<'_>) -> Reply {
    let names = ask.names();
    let window = until_newest(ask, &names)?;
    let points = ask.query.count("points");
    let mut nodes = Vec::new();
    for node in names {
        let samples = ask.parts.readers.get()?.space_samples(&node, window, points)?;
        // A snapshot that tells both is in both.
        let samples = samples.held.into_iter().chain(samples.left);
        let samples: BTreeMap<Timestamp, SpaceRow> = samples.map(|row| (row.at, row)).collect();
        let days = ask.parts.observatory.stored_days(&node, window, window.to)?;
        nodes.push((node, samples.into_values().collect(), rows::days(&days.what)));
    }
    ask.reply(
        Changes { window, nodes },
        |changes| {
            let nodes = changes.nodes.iter().map(|(node, samples, days)| NodeHistory {
                node: node.as_str(),
                snapshots: samples.iter().map(snapshot).collect(),
                days: days.clone(),
            });
            written(&History { span: Span::of(changes.window), nodes: nodes.collect() })
        },
        Sheet::of::<Snapshot<'_>>(|changes, out| {
            csv_rows(out, changes.nodes.iter().flat_map(|(_, samples, _)| samples).map(snapshot))
        }),
    )
}

fn snapshot(row: &SpaceRow) -> Snapshot<'_> {
    Snapshot {
        node: row.node.as_str(),
        at: row.at.to_string(),
        used_bytes: row.used.map(ByteCount::get),
        trash_bytes: row.trash.map(ByteCount::get),
        available_bytes: row.available.map(ByteCount::get),
        total_bytes: row.total.map(ByteCount::get),
        overused_bytes: row.overused.map(ByteCount::get),
        reclaimable_bytes: row.reclaimable.map(ByteCount::get),
    }
}
