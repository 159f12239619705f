//! What the monitor says of itself.

use std::collections::BTreeSet;

use piecewatch_model::NodeName;

use super::{AlertLevel, Condition, Evaluation, Key, Rule, Thresholds};
use crate::judgement::length;

/// How the monitor itself is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MonitorFacts {
    /// Why what is read cannot be written; `None` when it can.
    pub blocked: Option<String>,
    /// Why nothing is read at all, where other processes should read; `None` when they do.
    pub unread: Option<String>,
    /// Why the database cannot be asked; `None` when it can.
    pub unreadable: Option<String>,
    /// How long it took to start, in milliseconds; `None` when that is not known, or long ago.
    pub start_up_ms: Option<u64>,
    /// How late logs are read.
    pub lags: Vec<Lag>,
    /// Nodes whose logs nobody reads now, or of which it is not known how late they are read.
    pub unread_nodes: BTreeSet<NodeName>,
}

impl MonitorFacts {
    /// Whether everything is read and written.
    pub fn is_well(&self) -> bool {
        self.blocked.is_none() && self.unread.is_none() && self.unreadable.is_none()
    }
}

/// How late the log of a node is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lag {
    /// The node.
    pub node: NodeName,
    /// By so many seconds.
    pub seconds: u64,
}

/// What is the matter with the monitor; `thresholds` tells those of a node, and of the monitor for `None`.
pub fn of_monitor<'a>(
    facts: &MonitorFacts,
    thresholds: impl Fn(Option<&NodeName>) -> &'a Thresholds,
) -> Evaluation {
    let mut conditions = Vec::new();
    let own = thresholds(None);
    let mut add = |rule, node: Option<&NodeName>, of: &Thresholds, level, sentence, numbers| {
        if !of.muted.contains(&rule) {
            let key = Key { rule, node: node.cloned(), satellite: None };
            let level = of.level(rule, level);
            let (value, threshold): (Option<f64>, Option<f64>) = numbers;
            conditions.push(Condition { key, level, sentence, value, threshold, since: None });
        }
    };
    let blocked = facts.blocked.as_ref().map(|reason| {
        format!(
            "What is read cannot be written; reading waits, and nothing is lost as long as the logs \
             are there: {reason}."
        )
    });
    let unread =
        facts.unread.as_ref().map(|reason| format!("Nothing of the nodes is written: {reason}."));
    if let Some(sentence) = blocked.or(unread) {
        add(Rule::WriterBlocked, None, own, AlertLevel::Critical, sentence, (None, None));
    }
    if let Some(reason) = &facts.unreadable {
        let sentence = format!("The database cannot be asked, so no node is watched: {reason}.");
        add(Rule::Database, None, own, AlertLevel::Critical, sentence, (None, None));
    }
    if let Some(ms) = facts.start_up_ms
        && let Some((level, bound)) = own.start_up_ms.above(ms as f64)
    {
        let sentence = format!("Piecewatch took {:.1} s to start.", ms as f64 / 1000.0);
        add(Rule::SlowStart, None, own, level, sentence, (Some(ms as f64), Some(bound)));
    }
    for lag in &facts.lags {
        let of = thresholds(Some(&lag.node));
        if let Some((level, bound)) = of.lag_seconds.above(lag.seconds as f64) {
            let behind =
                length(i64::try_from(lag.seconds).unwrap_or(i64::MAX / 2_000_000) * 1_000_000);
            let sentence = format!(
                "The log is read {behind} late: what is shown of the node is as old. See whether disk \
                 and processor keep up."
            );
            let numbers = (Some(lag.seconds as f64), Some(bound));
            add(Rule::Lag, Some(&lag.node), of, level, sentence, numbers);
        }
    }
    let mut unknown: BTreeSet<Key> = facts
        .unread_nodes
        .iter()
        .map(|node| Key { rule: Rule::Lag, node: Some(node.clone()), satellite: None })
        .collect();
    if facts.unreadable.is_some() {
        unknown.insert(Key { rule: Rule::WriterBlocked, node: None, satellite: None });
    }
    let muted = own.muted_of(None).collect();
    Evaluation { conditions, unknown, muted, ..Evaluation::default() }
}
