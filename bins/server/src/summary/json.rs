//! The summary for machines.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use piecewatch_analytics::{
    success::Upgrade,
    tally::{Amount, Audits, Share, Tally},
};
use piecewatch_model::{Action, Outcome, SatelliteId};
use serde::Serialize;

use super::{NodeSummary, SatelliteSummary, Summary};
use crate::form::Span;

#[derive(Serialize)]
struct Root<'a> {
    #[serde(flatten)]
    span: Span,
    nodes: Vec<Node<'a>>,
}

#[derive(Serialize)]
struct Node<'a> {
    node: &'a str,
    actions: Vec<Part<'a>>,
    satellites: Vec<Satellite<'a>>,
    success_rate: BTreeMap<&'a str, f64>,
    accepted: u64,
    rejected: u64,
    /// Accepted of accepted and rejected; null where there were none.
    acceptance_rate: Option<f64>,
    audits: AuditCounts,
    upgrades: Vec<UpgradeRow<'a>>,
}

/// How audits ended; canceled ones are neither passed nor failed.
#[derive(Serialize)]
struct AuditCounts {
    passed: u64,
    /// Failed, and may pass the next time.
    recoverable: u64,
    /// Failed because the piece is gone.
    unrecoverable: u64,
    canceled: u64,
}

#[derive(Serialize)]
struct UpgradeRow<'a> {
    at: String,
    from: &'a str,
    to: &'a str,
}

#[derive(Serialize)]
struct Satellite<'a> {
    id: Option<String>,
    name: Option<&'static str>,
    actions: Vec<Part<'a>>,
}

/// The transfers of one action that ended in one way.
#[derive(Serialize)]
struct Part<'a> {
    action: &'a str,
    outcome: &'static str,
    count: u64,
    bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    by_class: Option<BTreeMap<&'static str, u64>>,
}

pub(super) fn write(summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
    let root =
        Root { span: Span::over(summary.window), nodes: summary.nodes.iter().map(node).collect() };
    serde_json::to_writer_pretty(&mut *out, &root)?;
    writeln!(out)
}

fn node(node: &NodeSummary) -> Node<'_> {
    let rates = node
        .actions
        .iter()
        .filter_map(|(action, tally)| Some((action.name(), tally.success(action)?.ratio())));
    Node {
        node: node.node.as_str(),
        actions: parts(&node.actions),
        satellites: node.satellites.iter().map(satellite).collect(),
        success_rate: rates.collect(),
        accepted: node.acceptance.accepted,
        rejected: node.acceptance.rejected,
        acceptance_rate: node.acceptance.share().map(Share::ratio),
        audits: audits(node.actions.get(&Action::GetAudit)),
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
