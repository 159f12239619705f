//! The summary for machines.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use piecewatch_analytics::{
    success::{Acceptance, Upgrade},
    tally::{Amount, Audits, Share, Tally},
};
use piecewatch_model::{Action, Outcome, SatelliteId};
use schemars::JsonSchema;
use serde::Serialize;

use super::{NodeSummary, SatelliteSummary, Summary};
use crate::form::{Span, json};

#[derive(JsonSchema, Serialize)]
pub(crate) struct Root<'a> {
    #[serde(flatten)]
    span: Span,
    nodes: Vec<Node<'a>>,
}

#[derive(JsonSchema, Serialize)]
struct Node<'a> {
    node: &'a str,
    #[serde(flatten)]
    did: Did<'a>,
    satellites: Vec<Satellite<'a>>,
    upgrades: Vec<UpgradeRow<'a>>,
}

/// What a node did, all satellites together.
#[derive(JsonSchema, Serialize)]
pub(crate) struct Did<'a> {
    actions: Vec<Part<'a>>,
    /// By action, 0 to 1; of actions whose lines tell of all transfers.
    success_rate: BTreeMap<&'a str, f64>,
    /// Uploads that were taken up, and that were turned away.
    accepted: u64,
    rejected: u64,
    /// Accepted of accepted and rejected; null where there were none.
    acceptance_rate: Option<f64>,
    audits: AuditCounts,
}

impl<'a> Did<'a> {
    pub(crate) fn of(actions: &'a BTreeMap<Action, Tally>, acceptance: Acceptance) -> Self {
        let rates = actions
            .iter()
            .filter_map(|(action, tally)| Some((action.name(), tally.success(action)?.ratio())));
        Self {
            actions: parts(actions),
            success_rate: rates.collect(),
            accepted: acceptance.accepted,
            rejected: acceptance.rejected,
            acceptance_rate: acceptance.share().map(Share::ratio),
            audits: audits(actions.get(&Action::GetAudit)),
        }
    }
}

/// How audits ended; canceled ones are neither passed nor failed.
#[derive(JsonSchema, Serialize)]
struct AuditCounts {
    passed: u64,
    /// Failed, and may pass the next time.
    recoverable: u64,
    /// Failed because the piece is gone.
    unrecoverable: u64,
    canceled: u64,
}

#[derive(JsonSchema, Serialize)]
struct UpgradeRow<'a> {
    at: String,
    from: &'a str,
    to: &'a str,
}

#[derive(JsonSchema, Serialize)]
struct Satellite<'a> {
    id: Option<String>,
    name: Option<&'static str>,
    actions: Vec<Part<'a>>,
}

/// The transfers of one action that ended in one way.
#[derive(Default, JsonSchema, Serialize)]
pub(crate) struct Part<'a> {
    action: &'a str,
    outcome: &'static str,
    count: u64,
    bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    by_class: Option<BTreeMap<&'static str, u64>>,
}

pub(super) fn write(summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
    json(out, &Root::of(summary))
}

impl<'a> Root<'a> {
    pub(crate) fn of(summary: &'a Summary) -> Self {
        let nodes = summary.nodes.iter().map(node).collect();
        Self { span: Span::over(summary.window), nodes }
    }
}

/// Transfers of one kind as a flat row.
#[derive(Default, Serialize)]
pub(crate) struct FlatRow<'a> {
    node: &'a str,
    satellite: Option<&'static str>,
    satellite_id: Option<String>,
    action: &'a str,
    outcome: &'static str,
    count: u64,
    bytes: u64,
}

/// A row for each node, satellite, action and outcome.
pub(crate) fn flat(summary: &Summary) -> impl Iterator<Item = (Span, FlatRow<'_>)> {
    let satellites = summary.nodes.iter().flat_map(|node| {
        node.satellites.iter().map(move |satellite| (node.node.as_str(), satellite))
    });
    let rows = satellites.flat_map(|(node, satellite)| {
        let known = satellite.id.as_ref().and_then(SatelliteId::known).map(|known| known.name);
        parts(&satellite.actions).into_iter().map(move |part| FlatRow {
            node,
            satellite: known,
            satellite_id: satellite.id.map(|id| id.to_string()),
            action: part.action,
            outcome: part.outcome,
            count: part.count,
            bytes: part.bytes,
        })
    });
    rows.map(|row| (Span::over(summary.window), row))
}

/// The transfers of a node as flat rows, satellites together.
pub(crate) fn flat_of<'a>(
    node: &'a str,
    actions: &'a BTreeMap<Action, Tally>,
) -> impl Iterator<Item = FlatRow<'a>> {
    parts(actions).into_iter().map(move |part| FlatRow {
        node,
        action: part.action,
        outcome: part.outcome,
        count: part.count,
        bytes: part.bytes,
        ..FlatRow::default()
    })
}

fn node(node: &NodeSummary) -> Node<'_> {
    Node {
        node: node.node.as_str(),
        did: Did::of(&node.actions, node.acceptance),
        satellites: node.satellites.iter().map(satellite).collect(),
        upgrades: node.upgrades.iter().map(upgrade).collect(),
    }
}

fn audits(tally: Option<&Tally>) -> AuditCounts {
    let Audits { passed, recoverable, unrecoverable, canceled } =
        tally.map(Tally::audits).unwrap_or_default();
    AuditCounts { passed, recoverable, unrecoverable, canceled }
}

fn upgrade(upgrade: &Upgrade) -> UpgradeRow<'_> {
    UpgradeRow { at: upgrade.at.to_string(), from: &upgrade.from, to: &upgrade.to }
}

fn satellite(satellite: &SatelliteSummary) -> Satellite<'_> {
    let known = satellite.id.as_ref().and_then(SatelliteId::known);
    Satellite {
        id: satellite.id.map(|id| id.to_string()),
        name: known.map(|known| known.name),
        actions: parts(&satellite.actions),
    }
}

/// Outcomes that did not happen are left out.
fn parts(actions: &BTreeMap<Action, Tally>) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    for (action, tally) in actions {
        let mut push = |outcome, amount: Amount, by_class| {
            if amount.count > 0 {
                let (count, bytes) = (amount.count, amount.bytes.get());
                parts.push(Part { action: action.name(), outcome, count, bytes, by_class });
            }
        };
        push(Outcome::Success.name(), tally.success, None);
        push(Outcome::Canceled.name(), tally.canceled, None);
        let classes = tally.by_class().map(|(class, count)| (class.name(), count)).collect();
        push("failed", tally.failed(), Some(classes));
    }
    parts
}
