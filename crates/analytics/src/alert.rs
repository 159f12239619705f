//! Of what should operators be told, and when?
//!
//! Rules make [`Condition`]s of what the analyses say of a node ([`of_node`]) and of what the monitor
//! says of itself ([`of_monitor`]); [`evaluate`] asks for it. [`States`] makes incidents of conditions: one
//! for as long as it lasts, however it flaps, and notices of what people are to be told. All of it is
//! pure: `now` is given, and what is to be stored and sent is what a step gives back.

mod asking;
mod monitor;
mod node;
mod rule;
mod states;
mod thresholds;

use std::collections::BTreeSet;

use piecewatch_model::{NodeName, SatelliteId, Timestamp};
pub use piecewatch_store::AlertLevel;

pub use asking::{AskedOf, Terms, evaluate, evaluate_node};
pub use monitor::{Lag, MonitorFacts, of_monitor};
pub use node::{AuditFacts, LatencyFact, LogRead, NodeFacts, of_node};
pub use rule::Rule;
pub use states::{NotAcknowledged, Notice, Policy, States, Step};
pub use thresholds::{Bounds, Thresholds};

/// What an alert is of: there is one incident of it at a time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// The rule.
    pub rule: Rule,
    /// The node; `None` where it is the monitor itself.
    pub node: Option<NodeName>,
    /// The satellite, where it is of one.
    pub satellite: Option<SatelliteId>,
}

/// Something that operators should be told of if it lasts.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// Of what.
    pub key: Key,
    /// How bad it is.
    pub level: AlertLevel,
    /// What is the matter and what to do, for people.
    pub sentence: String,
    /// What was judged, in the unit of the threshold; `None` where it is no number.
    pub value: Option<f64>,
    /// The threshold that it is beyond.
    pub threshold: Option<f64>,
    /// Since when it lasts, where it tells that by itself; `None`: since it is seen.
    pub since: Option<Timestamp>,
}

/// What was found at one instant, and of what nothing could be found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Evaluation {
    /// Everything that is the matter.
    pub conditions: Vec<Condition>,
    /// Of what nobody knows how it is; a key without a satellite stands for all of them. What was the matter
    /// stays so: silence is no good news.
    pub unknown: BTreeSet<Key>,
    /// Of what nobody is to be told; a key without a satellite stands for all of them. What lasts of it ends
    /// without a word.
    pub muted: BTreeSet<Key>,
    /// The nodes that are watched. Of others nobody knows anything: what was the matter with them is not told
    /// to be over, and goes without a word when nobody has looked for a day.
    pub watched: BTreeSet<NodeName>,
    /// Those of them that could be asked about. Of others everything stays as it was.
    pub evaluated: BTreeSet<NodeName>,
}

impl Evaluation {
    /// Of nodes that are watched and of which nothing could be asked.
    pub fn blind(watched: impl IntoIterator<Item = NodeName>) -> Self {
        Self { watched: watched.into_iter().collect(), ..Self::default() }
    }

    /// Adds what was found of the monitor, or of a node.
    pub fn add(&mut self, mut found: Self) {
        self.conditions.append(&mut found.conditions);
        self.unknown.append(&mut found.unknown);
        self.muted.append(&mut found.muted);
        self.watched.append(&mut found.watched);
        self.evaluated.append(&mut found.evaluated);
    }

    /// Whether it is of a node that is watched, or of the monitor itself.
    fn is_watched(&self, key: &Key) -> bool {
        key.node.as_ref().is_none_or(|node| self.watched.contains(node))
    }

    /// Whether nobody is to be told of it.
    fn is_muted(&self, key: &Key) -> bool {
        let of_all = Key { satellite: None, ..key.clone() };
        self.muted.contains(&of_all)
    }

    /// Whether it is known that something is not the matter, given that it is not among the conditions.
    fn is_known_of(&self, key: &Key) -> bool {
        if self.unknown.contains(key) {
            return false;
        }
        match &key.node {
            None => true,
            Some(_) if !self.is_watched(key) => false,
            Some(_) if key.rule.is_of_monitor() => true,
            Some(node) => {
                let of_all = Key { satellite: None, ..key.clone() };
                self.evaluated.contains(node) && !self.unknown.contains(&of_all)
            }
        }
    }
}
