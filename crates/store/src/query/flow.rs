//! What moved to nodes and from them over time?

use std::ops::AddAssign;

use piecewatch_model::{ByteCount, Grain, NodeName, Timestamp};

use super::{
    Nodes, Question, Window, bytes,
    nodes::{NodeInfo, selected},
    number, time,
};
use crate::{Reader, Result};

pub(crate) const MINUTELY: Question = Question {
    name: "flow, minutes",
    sql: "SELECT at, uploads, ingress, downloads, egress FROM flow_minutely
WHERE node = ?1 AND at >= ?2 AND at < ?3 ORDER BY at",
};

pub(crate) const HOURLY: Question = Question {
    name: "flow, hours",
    sql: "SELECT at, uploads, ingress, downloads, egress FROM flow_hourly
WHERE node = ?1 AND at >= ?2 AND at < ?3 ORDER BY at",
};

/// What moved one way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Moved {
    /// How many transfers.
    pub count: u64,
    /// Their bytes.
    pub bytes: ByteCount,
}

impl AddAssign for Moved {
    fn add_assign(&mut self, other: Self) {
        self.count = self.count.saturating_add(other.count);
        self.bytes = self.bytes + other.bytes;
    }
}

/// What moved to a node and from it in one bucket of time, by transfers that succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlowPoint {
    /// The beginning of the bucket.
    pub at: Timestamp,
    /// Which node.
    pub node: NodeName,
    /// To the node: uploads, whatever they were for.
    pub ingress: Moved,
    /// From the node: downloads, whatever they were for.
    pub egress: Moved,
}

impl Reader {
    /// What moved to nodes and from them over time, in buckets of this grain: node by node, oldest
    /// first. There is one wherever a transfer ended or was turned away, even if none
    /// succeeded. The window is widened to
    /// whole buckets.
    ///
    /// How far minutes reach back tells [`Reader::kept_from`]; commonly 48 hours.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn flow_series(
        &self,
        nodes: Nodes<'_>,
        window: Window,
        grain: Grain,
    ) -> Result<Vec<FlowPoint>> {
        let question = match grain {
            Grain::Minute | Grain::FiveMinutes => MINUTELY,
            Grain::Hour | Grain::Day => HOURLY,
        };
        let window = window.widened(grain);
        self.ask(question.name, |connection| {
            let nodes = selected(connection, nodes)?;
            let mut points: Vec<FlowPoint> = Vec::new();
            let mut statement = connection.prepare_cached(question.sql)?;
            for (id, NodeInfo { name, .. }) in &nodes {
                let (from, to) = (window.from.as_micros(), window.to.as_micros());
                let mut rows = statement.query((id, from, to))?;
                while let Some(row) = rows.next()? {
                    let at = time(row, 0)?.floor(grain);
                    let ingress = Moved { count: number(row, 1)?, bytes: bytes(row, 2)? };
                    let egress = Moved { count: number(row, 3)?, bytes: bytes(row, 4)? };
                    match points.last_mut().filter(|last| last.at == at && last.node == *name) {
                        Some(last) => {
                            last.ingress += ingress;
                            last.egress += egress;
                        }
                        None => points.push(FlowPoint { at, node: name.clone(), ingress, egress }),
                    }
                }
            }
            Ok(points)
        })
    }
}
