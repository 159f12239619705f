//! Asks for what the rules judge.

use std::sync::Arc;

use piecewatch_model::{Action, Grain, NodeName, Timestamp};
use piecewatch_store::{Ending, Error, LatencyFilter, Nodes, Readers, SlowFilter, Window};

use super::{AuditFacts, Evaluation, LatencyFact, LogRead, NodeFacts, Thresholds, of_node};
use crate::{
    Observatory,
    distribution::{Percentile, percentile},
    latency::merged_latencies,
    silence::silence_of,
    tally::{Part, Share, Tally},
};

const HOUR_MICROS: i64 = 3_600_000_000;
/// Trouble with the connection, the clock and the process is told for so long.
const CONNECTION_MICROS: i64 = 6 * HOUR_MICROS;
const DAY_MICROS: i64 = 24 * HOUR_MICROS;

/// Who is asked.
#[derive(Debug, Clone, Copy)]
pub struct AskedOf<'a> {
    /// Answers that are kept.
    pub observatory: &'a Observatory,
    /// What is read anew each time.
    pub readers: &'a Readers,
}

/// How a node is judged.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// Its thresholds.
    pub thresholds: &'a Thresholds,
    /// How far its log is read.
    pub log: LogRead<'a>,
    /// Since when the oldest audit goes on of which its log has told the start and not the end.
    pub open_audit: Option<Timestamp>,
}

/// What is the matter with nodes at `now`. Of a node of which the database cannot be asked everything
/// stays as it was, and the first reason is given beside.
pub fn evaluate<'a>(
    asked: AskedOf<'_>,
    nodes: &[NodeName],
    terms: impl Fn(&NodeName) -> Terms<'a>,
    now: Timestamp,
) -> (Evaluation, Option<Arc<Error>>) {
    let mut found = Evaluation::blind(nodes.iter().cloned());
    let mut failed = None;
    for node in nodes {
        let terms = terms(node);
        // Also where nothing can be asked, and of what the monitor says of the node.
        found.muted.extend(terms.thresholds.muted_of(Some(node)));
        match evaluate_node(asked, node, terms, now) {
            Ok(of_node) => found.add(of_node),
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    (found, failed)
}

/// What is the matter with a node at `now`.
///
/// # Errors
///
/// When the database cannot be read.
pub fn evaluate_node(
    asked: AskedOf<'_>,
    node: &NodeName,
    terms: Terms<'_>,
    now: Timestamp,
) -> Result<Evaluation, Arc<Error>> {
    let AskedOf { observatory, readers } = asked;
    let nodes = Nodes::Of(std::slice::from_ref(node));
    let last = |micros: i64| Window { from: now.plus_micros(-micros), to: now };
    // A node without a log is silent by nature.
    let reader = readers.get()?;
    let silence = silence_of(&reader, nodes, now)?.pop().map(|(_, silence)| silence);
    let newest = reader.reach(nodes)?.map(|reach| reach.to);
    drop(reader);
    let reputations = observatory.reputation(node, last(DAY_MICROS), now)?;
    let storage = observatory.storage(node, now)?;
    let connectivity = observatory.connectivity(node, last(CONNECTION_MICROS), now)?;
    let failed = failed_of(observatory, nodes, last(HOUR_MICROS))?;
    let errors = match failed {
        Some(share) if share.part > 0 => {
            Some(observatory.errors(nodes, last(HOUR_MICROS), &[Ending::Failed], 1)?)
        }
        Some(_) | None => None,
    };
    let latencies = latencies_of(observatory, nodes, last(HOUR_MICROS))?;
    let audits = audits_of(observatory, nodes, last(DAY_MICROS), terms.open_audit)?;
    let outlook = observatory.outlook(node, now)?;
    let text = errors.as_ref().and_then(|errors| errors.top.first());
    let facts = NodeFacts {
        node,
        log: terms.log,
        newest,
        silence: silence.as_ref(),
        reputations: &reputations.what,
        capacity: &storage.what.capacity,
        full: storage.what.full,
        connectivity: &connectivity,
        latencies: &latencies,
        failed,
        failure_text: text.map(|text| &*text.template),
        audits,
        outlook: &outlook,
    };
    Ok(of_node(&facts, terms.thresholds, now))
}

/// Downloads and uploads that failed, of all that ended.
fn failed_of(
    observatory: &Observatory,
    nodes: Nodes<'_>,
    window: Window,
) -> Result<Option<Share>, Arc<Error>> {
    let success = observatory.success(nodes, Some(window))?;
    let mut all = Tally::default();
    for ((_, _, action), tally) in &success.tallies {
        match Part::of(action) {
            Some(Part::Downloads | Part::Uploads) => all.merge(tally),
            Some(Part::Audits) | None => {}
        }
    }
    Ok(Share::of(all.failed().count, all.count()))
}

fn latencies_of(
    observatory: &Observatory,
    nodes: Nodes<'_>,
    window: Window,
) -> Result<Vec<LatencyFact>, Arc<Error>> {
    let grain = Grain::FiveMinutes;
    let answer = observatory.latency(nodes, window, &LatencyFilter::default(), grain)?;
    // What two clocks measured stays apart.
    let rows = answer.measured.rows.iter().filter(|row| Part::of(&row.action).is_some());
    let merged = merged_latencies(rows, |row| match Part::of(&row.action) {
        Some(Part::Downloads) => Some(0),
        Some(Part::Uploads) => Some(1),
        Some(Part::Audits) | None => None,
    });
    let fact = |((part, _), histogram): (&(Option<u8>, _), &piecewatch_model::Histogram)| {
        let part = match part {
            Some(0) => Part::Downloads,
            Some(_) => Part::Uploads,
            None => return None,
        };
        let p95_micros = percentile(histogram, Percentile::P95)?;
        Some(LatencyFact { part, count: histogram.count(), p95_micros })
    };
    Ok(merged.iter().filter_map(fact).collect())
}

fn audits_of(
    observatory: &Observatory,
    nodes: Nodes<'_>,
    window: Window,
    open: Option<Timestamp>,
) -> Result<AuditFacts, Arc<Error>> {
    let success = observatory.success(nodes, Some(window))?;
    let mut audits = Tally::default();
    let of_audits =
        success.tallies.iter().filter(|((_, _, action), _)| *action == Action::GetAudit);
    of_audits.for_each(|(_, tally)| audits.merge(tally));
    let filter = SlowFilter { action: Some(Action::GetAudit), ending: None };
    let slowest = observatory.slowest(nodes, window, &filter, Grain::Hour, 1)?;
    let slowest = slowest.rows.first().and_then(|row| Some((row.latency?.micros, row.at)));
    Ok(AuditFacts { ended: audits.audits(), slowest, open })
}
