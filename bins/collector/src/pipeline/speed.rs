//! How fast nodes catch up, and how long that will take.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use piecewatch_ingest::State;
use piecewatch_model::NodeName;

use super::NodeState;

/// A speed is that of the last so many seconds: long enough to be steady, short enough to follow.
const WINDOW: Duration = Duration::from_secs(20);

/// How fast a node catches up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Speed {
    /// Bytes of its log.
    pub bytes_per_second: u64,
    /// Lines of its log.
    pub lines_per_second: u64,
}

impl Speed {
    /// In how many seconds the rest will be read; `None` when it does not come forward.
    pub fn left(self, read_bytes: u64, total_bytes: u64) -> Option<u64> {
        let left = total_bytes.saturating_sub(read_bytes);
        (self.bytes_per_second > 0).then(|| left.div_ceil(self.bytes_per_second))
    }
}

/// How far a node was at a time.
#[derive(Debug, Clone, Copy)]
struct Sample {
    uptime: Duration,
    bytes: u64,
    lines: u64,
}

/// The way of each node that catches up.
#[derive(Debug, Default)]
pub(super) struct Speeds(BTreeMap<NodeName, VecDeque<Sample>>);

impl Speeds {
    /// Notes how far each node is.
    pub(super) fn note(&mut self, nodes: &[NodeState], uptime: Duration) {
        let mut before = std::mem::take(&mut self.0);
        for node in nodes {
            let State::CatchingUp { read_bytes, .. } = node.state else { continue };
            let mut way = before.remove(&node.node).unwrap_or_default();
            // Another file is read now.
            if way.back().is_some_and(|last| last.bytes > read_bytes) {
                way.clear();
            }
            way.push_back(Sample { uptime, bytes: read_bytes, lines: node.lines });
            while way.get(1).is_some_and(|second| uptime - second.uptime >= WINDOW) {
                way.pop_front();
            }
            self.0.insert(node.node.clone(), way);
        }
    }

    /// `None` for who does not catch up, or has only begun to.
    pub(super) fn of(&self, node: &NodeName) -> Option<Speed> {
        let way = self.0.get(node)?;
        let (first, last) = (way.front()?, way.back()?);
        let millis = u64::try_from((last.uptime - first.uptime).as_millis()).ok()?;
        let per_second = |from: u64, to: u64| Some((to - from).saturating_mul(1000) / millis);
        if millis == 0 {
            return None;
        }
        Some(Speed {
            bytes_per_second: per_second(first.bytes, last.bytes)?,
            lines_per_second: per_second(first.lines, last.lines)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catching_up(read_bytes: u64, lines: u64) -> [NodeState; 1] {
        [NodeState {
            node: "attic".parse().unwrap(),
            source: "node.log".into(),
            since: piecewatch_model::Timestamp::from_seconds(0),
            state: State::CatchingUp { read_bytes, total_bytes: 100_000 },
            lines,
            speed: None,
            silence: None,
            open_audit: None,
        }]
    }

    #[test]
    fn the_speed_is_that_of_the_last_seconds() {
        let mut speeds = Speeds::default();
        let attic = "attic".parse().unwrap();
        let second = Duration::from_secs(1);
        speeds.note(&catching_up(0, 0), second);
        assert_eq!(speeds.of(&attic), None);
        speeds.note(&catching_up(1_000, 10), second * 3);
        let slow = Speed { bytes_per_second: 500, lines_per_second: 5 };
        assert_eq!(speeds.of(&attic), Some(slow));
        assert_eq!(slow.left(1_000, 100_000), Some(198));
        for at in 4..=30 {
            speeds.note(&catching_up(u64::from(at) * 2_000, u64::from(at) * 20), second * at);
        }
        let fast = Speed { bytes_per_second: 2_000, lines_per_second: 20 };
        assert_eq!(speeds.of(&attic), Some(fast));
        // The next file begins.
        speeds.note(&catching_up(10, 700), second * 31);
        assert_eq!(speeds.of(&attic), None);
    }
}
