//! How long did transfers take?

use std::collections::BTreeMap;

use piecewatch_model::{Action, Clock, Grain, Histogram};

use super::{
    Nodes, Question, Window, code, histogram,
    nodes::{Names, selected},
    of_each_node,
};
use crate::{Reader, Result};

/// `?4` is the id of an action, 0 for all.
pub(crate) const FIVE_MINUTES: Question = Question {
    name: "latency, five minutes",
    sql: "SELECT action, clock, histogram FROM latency_5min
WHERE node = ?1 AND at >= ?2 AND at < ?3 AND (?4 = 0 OR action = ?4)",
};

pub(crate) const HOURLY: Question = Question {
    name: "latency, hours",
    sql: "SELECT action, clock, histogram FROM latency_hourly
WHERE node = ?1 AND at >= ?2 AND at < ?3 AND (?4 = 0 OR action = ?4)",
};

pub(crate) const DAILY: Question = Question {
    name: "latency, days",
    sql: "SELECT action, clock, histogram FROM latency_daily
WHERE node = ?1 AND at >= ?2 AND at < ?3 AND (?4 = 0 OR action = ?4)",
};

/// Latencies of successful transfers, by one clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LatencyRow {
    /// Of which transfers.
    pub action: Action,
    /// The clock that they were measured by; never [`Clock::WholeSeconds`].
    pub clock: Clock,
    /// Their latencies.
    pub histogram: Histogram,
}

/// Latencies over a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Latencies {
    /// What they cover: the window asked for, widened to whole buckets.
    pub window: Window,
    /// By action and clock: what two clocks measured is not one distribution.
    pub rows: Vec<LatencyRow>,
}

impl Reader {
    /// Latencies of nodes together, of one action or of all, in a window widened to whole buckets
    /// of `align`: five minutes reach back 48 hours, hours 90 days, days for ever.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn latencies(
        &self,
        nodes: Nodes<'_>,
        window: Window,
        action: Option<&Action>,
        align: Grain,
    ) -> Result<Latencies> {
        let (window, parts) = parts(window, align);
        self.ask("latencies", |connection| {
            let names = Names::read(connection)?;
            let action = match action {
                Some(action) => match names.action_id(action) {
                    Some(id) => id,
                    None => return Ok(Latencies { window, rows: Vec::new() }),
                },
                None => 0,
            };
            let nodes = selected(connection, nodes)?;
            let mut merged: BTreeMap<(Action, Clock), Histogram> = BTreeMap::new();
            for (question, part) in parts {
                of_each_node(connection, question, &nodes, part, action, |_, row| {
                    let key = (names.action(row, 0)?, code(row, 1, Clock::from_code)?);
                    merged.entry(key).or_default().merge(&histogram(row, 2)?);
                    Ok(())
                })?;
            }
            let rows = merged
                .into_iter()
                .map(|((action, clock), histogram)| LatencyRow { action, clock, histogram })
                .collect();
            Ok(Latencies { window, rows })
        })
    }
}

/// The window widened, and which table answers which part of it.
fn parts(window: Window, align: Grain) -> (Window, Vec<(Question, Window)>) {
    match align {
        Grain::Minute | Grain::FiveMinutes => {
            let window = window.widened(Grain::FiveMinutes);
            (window, vec![(FIVE_MINUTES, window)])
        }
        Grain::Hour => {
            let window = window.widened(Grain::Hour);
            let (before, days, after) = window.split(Grain::Day);
            (window, vec![(HOURLY, before), (DAILY, days), (HOURLY, after)])
        }
        Grain::Day => {
            let window = window.widened(Grain::Day);
            (window, vec![(DAILY, window)])
        }
    }
}
