//! `reputation`: what each satellite thinks of each node.

use std::cmp::Reverse;

use piecewatch_analytics::{
    Observatory,
    reputation::{Reputation, Score},
};
use piecewatch_model::{NodeName, Timestamp};
use piecewatch_store::Window;
use serde_json::{Value, json};

use super::{NODES_MAX, State, table};
use crate::earnings::satellite_name;

/// Changes are those of so many microseconds: a month, of which the online score is.
const CHANGES: i64 = 30 * 24 * 3600 * 1_000_000;

pub(super) fn state(observatory: &Observatory, nodes: &[NodeName], now: Timestamp) -> State {
    observatory.refresh()?;
    let window = Window { from: now.plus_micros(-CHANGES), to: now };
    let mut rows = Vec::new();
    for node in nodes {
        let answer = observatory.reputation(node, window, now)?;
        let worst = answer.what.iter().map(Reputation::judgement).max();
        rows.push((Reverse(worst), node, answer));
    }
    // Of more than are listed those that need a look are: who is not among them is no worse.
    rows.sort_by_key(|(worst, node, _)| (*worst, *node));
    rows.truncate(NODES_MAX);
    let rows = rows.into_iter().map(|(_, node, answer)| {
        let satellites = answer.what.iter().map(|of| (satellite_name(of.satellite, None), row(of)));
        (node.to_string(), json!({ "satellites": table(satellites) }))
    });
    let limits = Score::ALL.map(|score| (score.name().to_owned(), score.limit().into()));
    Ok(json!({ "nodes_count": nodes.len(), "limits": table(limits), "nodes": table(rows) }))
}

fn row(of: &Reputation) -> Value {
    let score = |score: Score| of.newest.map(|newest| score.of(&newest.scores));
    let text = |at: Option<Timestamp>| at.map(|at| at.to_string());
    json!({
        "state": of.judgement().name(),
        "told_at": text(of.newest.map(|newest| newest.at)),
        "audit": score(Score::Audit),
        "suspension": score(Score::Suspension),
        "online": score(Score::Online),
        "audit_change": of.change(Score::Audit),
        "suspension_change": of.change(Score::Suspension),
        "online_change": of.change(Score::Online),
        "vetting_progress": of.vetting.progress(),
        "disqualified_at": text(of.disqualified_at),
        "suspended_at": text(of.suspended_at),
        "offline_suspended_at": text(of.offline_suspended_at),
        "exited_at": text(of.exited_at),
    })
}
