//! What did a node do in each hour, besides what it moved?

use piecewatch_model::{Action, Clock, Grain, HistogramSum, NodeName, Timestamp, TroubleKind};

use super::{
    Nodes, Question, Window, code, merge_histogram,
    nodes::{Names, selected},
    number, of_each_node, time,
};
use crate::{Reader, Result};

/// The codes of actions are `PUT` and `GET`; both at once, since the rows of all others are passed over
/// each time.
pub(crate) const LATENCIES: Question = Question {
    name: "latency of each hour",
    sql: "SELECT at, action, clock, histogram FROM latency_node_hourly
WHERE node = ?1 AND at >= ?2 AND at < ?3 AND action IN (1, 2) ORDER BY at",
};

/// `?4` is the width of an hour in microseconds. What a line told once in an instant is one row.
pub(crate) const TROUBLES: Question = Question {
    name: "troubles of each hour",
    sql: "SELECT at / ?4 * ?4 AS bucket, kind, sum(lines) FROM troubles
WHERE node = ?1 AND at >= ?2 AND at < ?3 GROUP BY bucket, kind",
};

/// What was asked of the latencies of one action in one hour, of all satellites, by one clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LatencyHour<T> {
    /// The beginning of the hour.
    pub at: Timestamp,
    /// The action: `GET` or `PUT`.
    pub action: Action,
    /// The clock that they were measured by; never [`Clock::WholeSeconds`].
    pub clock: Clock,
    /// What was asked of the latencies of the transfers that succeeded.
    pub told: T,
}

/// Trouble of one kind in one hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TroubleHour {
    /// The beginning of the hour.
    pub at: Timestamp,
    /// What it was about.
    pub kind: TroubleKind,
    /// How many lines told of it.
    pub lines: u64,
}

impl Reader {
    /// What `told` says of the latencies of a node's transfers by clients, of `GET` and of `PUT`, hour by
    /// hour, oldest first, in a window widened to whole hours; they reach back 90 days. Hours without any
    /// are left out.
    ///
    /// It is asked while they are read: weeks of hours whole would be many megabytes.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn latency_hours<T>(
        &self,
        node: &NodeName,
        window: Window,
        told: impl Fn(&HistogramSum) -> T,
    ) -> Result<Vec<LatencyHour<T>>> {
        let window = window.widened(Grain::Hour);
        self.ask(LATENCIES.name, |connection| {
            let names = Names::read(connection)?;
            let mut hours = Vec::new();
            let Some((id, _)) = selected(connection, Nodes::Of(std::slice::from_ref(node)))?.pop()
            else {
                return Ok(hours);
            };
            let mut sum = HistogramSum::new();
            let mut statement = connection.prepare_cached(LATENCIES.sql)?;
            let mut rows = statement.query((id, window.from.as_micros(), window.to.as_micros()))?;
            while let Some(row) = rows.next()? {
                // What one hour had room for the next one has, too.
                sum.clear();
                merge_histogram(row, 3, &mut sum)?;
                hours.push(LatencyHour {
                    at: time(row, 0)?,
                    action: names.action(row, 1)?,
                    clock: code(row, 2, Clock::from_code)?,
                    told: told(&sum),
                });
            }
            Ok(hours)
        })
    }

    /// How much trouble the log of a node told of, hour by hour, oldest first, in a window widened to
    /// whole hours; it reaches back a year. Hours without any are left out.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn trouble_hours(&self, node: &NodeName, window: Window) -> Result<Vec<TroubleHour>> {
        let window = window.widened(Grain::Hour);
        self.ask(TROUBLES.name, |connection| {
            let nodes = selected(connection, Nodes::Of(std::slice::from_ref(node)))?;
            let width = Grain::Hour.micros();
            of_each_node(connection, TROUBLES, &nodes, window, width, |_, row| {
                let kind = code(row, 1, TroubleKind::from_code)?;
                Ok(TroubleHour { at: time(row, 0)?, kind, lines: number(row, 2)? })
            })
        })
    }
}
