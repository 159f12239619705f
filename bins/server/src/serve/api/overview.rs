//! What nodes did, at a glance and satellite by satellite.

use std::{collections::BTreeMap, sync::Arc};

use piecewatch_analytics::{
    overview::Overview,
    rate::{Flow, Rates},
    success::Acceptance,
    tally::Tally,
};
use piecewatch_model::{Action, NodeName, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    Reply,
    ask::{Ask, Sheet, of, written},
};
use crate::{
    form::{Span, csv_rows},
    summary::{
        Summary,
        json::{self, Did, FlatRow},
    },
};

/// What nodes did, and how fast bytes moved in the last minute.
#[derive(JsonSchema, Serialize)]
pub(super) struct Root<'a> {
    #[serde(flatten)]
    span: Span,
    /// Of when the rates are: the last whole minute that is stored.
    minute: Span,
    nodes: Vec<Node<'a>>,
}

#[derive(JsonSchema, Serialize)]
struct Node<'a> {
    node: &'a str,
    #[serde(flatten)]
    did: Did<'a>,
    /// Null where the log tells nothing of that minute.
    rates: Option<RateRow>,
}

/// What moves both ways in a second; transfers that succeeded.
#[derive(Default, JsonSchema, Serialize)]
pub(super) struct RateRow {
    ingress_bits_per_second: f64,
    ingress_pieces_per_second: f64,
    egress_bits_per_second: f64,
    egress_pieces_per_second: f64,
}

impl RateRow {
    pub(super) const fn of(rates: Rates) -> Self {
        let Rates { ingress, egress } = rates;
        let (Flow { bits_per_second, pieces_per_second }, egress) = (ingress, egress);
        Self {
            ingress_bits_per_second: bits_per_second,
            ingress_pieces_per_second: pieces_per_second,
            egress_bits_per_second: egress.bits_per_second,
            egress_pieces_per_second: egress.pieces_per_second,
        }
    }
}

/// What is known, by node.
struct Known {
    names: Vec<NodeName>,
    overview: Option<Arc<Overview>>,
    deeds: BTreeMap<NodeName, BTreeMap<Action, Tally>>,
}

pub(super) fn overview(ask: &Ask<'_>) -> Reply {
    let records: Vec<(NodeName, Option<(Timestamp, Timestamp)>)> =
        ask.nodes.iter().map(|node| (node.name.clone(), node.records)).collect();
    let overview = match ask.window() {
        Some(window) => Some(ask.parts.observatory.overview(&records, window, ask.now)?),
        None => None,
    };
    let mut deeds: BTreeMap<NodeName, BTreeMap<Action, Tally>> = BTreeMap::new();
    for ((node, action), tally) in overview.iter().flat_map(|overview| &overview.tallies) {
        deeds.entry(node.clone()).or_default().insert(action.clone(), tally.clone());
    }
    // Those that moved nothing are told, too.
    let names: Vec<NodeName> = match overview {
        Some(_) => ask.names(),
        None => Vec::new(),
    };
    for name in &names {
        deeds.entry(name.clone()).or_default();
    }
    ask.reply(
        Known { names, overview, deeds },
        |known| written(&root(known)),
        Sheet::of::<(Span, FlatRow<'_>)>(|known, out| {
            let span = Span::over(known.overview.iter().map(|overview| overview.window));
            let of_node = |name| known.deeds.get_key_value(name);
            let nodes = known.names.iter().filter_map(of_node);
            let rows = nodes.flat_map(|(node, actions)| json::flat_of(node.as_str(), actions));
            csv_rows(out, rows.map(|row| (span.clone(), row)))
        }),
    )
}

fn root(known: &Known) -> Root<'_> {
    let overview = known.overview.as_deref();
    let node = |name| {
        let (name, actions) = known.deeds.get_key_value(name)?;
        let acceptance = overview.and_then(|of| of.acceptance.get(name)).copied();
        let acceptance: Acceptance = acceptance.unwrap_or_default();
        let rates = overview.and_then(|of| of.rates.get(name)).copied();
        Some(Node {
            node: name.as_str(),
            did: Did::of(actions, acceptance),
            rates: rates.map(RateRow::of),
        })
    };
    Root {
        span: Span::over(overview.map(|of| of.window)),
        minute: Span::over(overview.map(|of| of.minute)),
        nodes: known.names.iter().filter_map(node).collect(),
    }
}

pub(super) fn satellites(ask: &Ask<'_>) -> Reply {
    let names = ask.names();
    let summary = match ask.window() {
        Some(window) => {
            let success = ask.parts.observatory.success(of(&names), Some(window))?;
            Summary::of(names, (*success).clone())
        }
        None => Summary::default(),
    };
    ask.reply(
        summary,
        |summary| written(&json::Root::of(summary)),
        Sheet::of::<(Span, FlatRow<'_>)>(|summary, out| csv_rows(out, json::flat(summary))),
    )
}
