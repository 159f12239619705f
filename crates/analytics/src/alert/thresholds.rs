//! From which values on operators are told.

use std::collections::{BTreeMap, BTreeSet};

use piecewatch_model::NodeName;
use piecewatch_store::AlertLevel;

use super::{Key, Rule};
use crate::reputation::Score;

/// Two bounds: beyond the first it is a warning, beyond the second critical. 0 as the bound of something
/// that is bad when it is much is no bound.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// From here on, or below, somebody should look when there is time.
    pub warning: f64,
    /// From here on, or below, somebody should look now.
    pub critical: f64,
}

impl Bounds {
    /// The level of a value that is bad when it is little, and the bound that it is below.
    pub fn below(self, value: f64) -> Option<(AlertLevel, f64)> {
        if value < self.critical {
            Some((AlertLevel::Critical, self.critical))
        } else if value < self.warning {
            Some((AlertLevel::Warning, self.warning))
        } else {
            None
        }
    }

    /// The level of a value that is bad when it is much, and the bound that it reaches.
    pub fn above(self, value: f64) -> Option<(AlertLevel, f64)> {
        if self.critical > 0.0 && value >= self.critical {
            Some((AlertLevel::Critical, self.critical))
        } else if self.warning > 0.0 && value >= self.warning {
            Some((AlertLevel::Warning, self.warning))
        } else {
            None
        }
    }
}

/// From which values on operators are told of a node.
#[derive(Debug, Clone, PartialEq)]
pub struct Thresholds {
    /// Audit scores below.
    pub audit_score: Bounds,
    /// Suspension scores below.
    pub suspension_score: Bounds,
    /// Online scores below.
    pub online_score: Bounds,
    /// So many failed audits in 24 hours.
    pub failed_audits: Bounds,
    /// An audit that took so many seconds, or goes on for so long. A satellite waits for five minutes.
    pub slow_audit_seconds: Bounds,
    /// Percent of the allotment that are left, below.
    pub disk_left_percent: Bounds,
    /// Days until the disk is full, below.
    pub disk_full_days: Bounds,
    /// So many minutes without a sign.
    pub silence_minutes: Bounds,
    /// Nothing has reached the node for so many minutes.
    pub ping_minutes: Bounds,
    /// Of twenty downloads or uploads of the last hour one took so many milliseconds, or more.
    pub latency_p95_ms: Bounds,
    /// So many percent of the transfers of the last hour failed.
    pub errors_percent: Bounds,
    /// The log is read so many seconds late.
    pub lag_seconds: Bounds,
    /// The monitor took so many milliseconds to start.
    pub start_up_ms: Bounds,
    /// Rules of which nobody is told.
    pub muted: BTreeSet<Rule>,
    /// Rules that are told at one level, whatever they would be told at.
    pub levels: BTreeMap<Rule, AlertLevel>,
}

impl Thresholds {
    /// The level at which a rule is told that was judged to be at one.
    pub fn level(&self, rule: Rule, judged: AlertLevel) -> AlertLevel {
        self.levels.get(&rule).copied().unwrap_or(judged)
    }

    /// The rules of which nobody is told, as those of a node; of the monitor itself for `None`.
    pub fn muted_of(&self, node: Option<&NodeName>) -> impl Iterator<Item = Key> {
        self.muted.iter().map(move |&rule| Key { rule, node: node.cloned(), satellite: None })
    }
}

impl Default for Thresholds {
    fn default() -> Self {
        let bounds = |warning, critical| Bounds { warning, critical };
        let score = |score: Score| bounds(score.look(), score.trouble());
        Self {
            // What the satellites hold against it, and how much each failure takes off: see `Score`.
            audit_score: score(Score::Audit),
            suspension_score: score(Score::Suspension),
            online_score: score(Score::Online),
            // None is normal. Ten more than five are what disqualifies a node of full score.
            failed_audits: bounds(1.0, 5.0),
            // A satellite gives up after 300 seconds; repeated, that is a failed audit.
            slow_audit_seconds: bounds(180.0, 270.0),
            // Satellites choose a node with less than 5 GB for no uploads; a disk of 2 TB has 20 GB then.
            disk_left_percent: bounds(5.0, 1.0),
            disk_full_days: bounds(30.0, 7.0),
            // A sign is missed only after half an hour at least; this is from the last sign on.
            silence_minutes: bounds(1.0, 120.0),
            // A node checks in with satellites once an hour, and each of them reaches back.
            ping_minutes: bounds(90.0, 240.0),
            // A piece is 2.2 MiB at most: at 10 s one in twenty moves less than 2 Mbit/s.
            latency_p95_ms: bounds(10_000.0, 60_000.0),
            errors_percent: bounds(5.0, 25.0),
            lag_seconds: bounds(120.0, 1_800.0),
            start_up_ms: bounds(5_000.0, 60_000.0),
            muted: BTreeSet::new(),
            levels: BTreeMap::new(),
        }
    }
}
