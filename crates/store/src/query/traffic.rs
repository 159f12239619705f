//! How much was moved in a window, and when?

use piecewatch_model::{Action, ByteCount, Grain, NodeName, SatelliteId, Timestamp};
use rusqlite::Connection;

use super::{
    Nodes, Question, Sums, Window, add_sums, bytes, code,
    nodes::{Names, reach, selected},
    number, of_each_node, time,
};
use crate::{Fate, Reader, Result};

/// Added up outside of the database, which would sort all rows first.
pub(crate) const TOTALS_HOURLY: Question = Question {
    name: "traffic totals, hours",
    sql: "SELECT count, bytes, satellite, action, outcome FROM traffic_hourly
WHERE node = ?1 AND at >= ?2 AND at < ?3",
};

pub(crate) const TOTALS_DAILY: Question = Question {
    name: "traffic totals, days",
    sql: "SELECT count, bytes, satellite, action, outcome FROM traffic_daily
WHERE node = ?1 AND at >= ?2 AND at < ?3",
};

/// `?4` is the width of a bucket in microseconds.
pub(crate) const SERIES_MINUTELY: Question = Question {
    name: "traffic series, minutes",
    sql: "SELECT at / ?4 * ?4 AS bucket, action, outcome, sum(count), sum(bytes)
FROM traffic_minutely
WHERE node = ?1 AND at >= ?2 AND at < ?3 GROUP BY bucket, action, outcome",
};

pub(crate) const SERIES_HOURLY: Question = Question {
    name: "traffic series, hours",
    sql: "SELECT at / ?4 * ?4 AS bucket, action, outcome, sum(count), sum(bytes)
FROM traffic_hourly
WHERE node = ?1 AND at >= ?2 AND at < ?3 GROUP BY bucket, action, outcome",
};

pub(crate) const SERIES_DAILY: Question = Question {
    name: "traffic series, days",
    sql: "SELECT at / ?4 * ?4 AS bucket, action, outcome, sum(count), sum(bytes)
FROM traffic_daily
WHERE node = ?1 AND at >= ?2 AND at < ?3 GROUP BY bucket, action, outcome",
};

/// Sums over a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrafficTotals {
    /// What the sums cover: the window asked for, widened to whole hours. When everything was
    /// asked for, from the oldest to the newest record; `None` when there is none.
    pub window: Option<Window>,
    /// The sums, by node, satellite, action and fate.
    pub rows: Vec<TrafficRow>,
}

/// Requests of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrafficRow {
    /// Of which node.
    pub node: NodeName,
    /// For which satellite; `None` where the log does not tell.
    pub satellite: Option<SatelliteId>,
    /// What for.
    pub action: Action,
    /// What became of them.
    pub fate: Fate,
    /// How many.
    pub count: u64,
    /// The bytes of all of them together: of downloads that succeeded those that were moved, of others
    /// those that were asked for (since v1.99).
    pub bytes: ByteCount,
}

/// Requests of one kind in one bucket of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrafficPoint {
    /// The beginning of the bucket.
    pub at: Timestamp,
    /// Of which node.
    pub node: NodeName,
    /// What for.
    pub action: Action,
    /// What became of them.
    pub fate: Fate,
    /// How many.
    pub count: u64,
    /// The bytes of all of them together: of downloads that succeeded those that were moved, of others
    /// those that were asked for (since v1.99).
    pub bytes: ByteCount,
}

impl Reader {
    /// Counts and bytes of nodes in a window widened to whole hours, or from the oldest to the newest
    /// record where there is none: records of a clock gone wrong, from days ahead, are in neither.
    ///
    /// Whole days are read from the sums of days, the rest from those of hours: what it costs does
    /// not depend on how many transfers there were.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn traffic_totals(
        &self,
        nodes: Nodes<'_>,
        window: Option<Window>,
    ) -> Result<TrafficTotals> {
        self.ask("traffic totals", |connection| {
            let names = Names::read(connection)?;
            let nodes = selected(connection, nodes)?;
            let reached = reach(&nodes);
            let covered = window.or(reached).map(|window| window.widened(Grain::Hour));
            let parts = covered.map(parts).unwrap_or_default();
            let mut rows = Vec::new();
            for (id, info) in &nodes {
                let sums = node_totals(connection, &names, *id, &parts)?;
                rows.extend(sums.into_iter().map(|((satellite, action, fate), (count, bytes))| {
                    TrafficRow { node: info.name.clone(), satellite, action, fate, count, bytes }
                }));
            }
            let window = if window.is_some() { covered } else { reached };
            Ok(TrafficTotals { window, rows })
        })
    }

    /// Counts and bytes of nodes over time, in buckets of this grain, oldest first; buckets in
    /// which nothing was moved are left out. The window is widened to whole buckets.
    ///
    /// How far minutes reach back tells [`Reader::kept_from`]; commonly 48 hours.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn traffic_series(
        &self,
        nodes: Nodes<'_>,
        window: Window,
        grain: Grain,
    ) -> Result<Vec<TrafficPoint>> {
        let question = match grain {
            Grain::Minute | Grain::FiveMinutes => SERIES_MINUTELY,
            Grain::Hour => SERIES_HOURLY,
            Grain::Day => SERIES_DAILY,
        };
        let window = window.widened(grain);
        self.ask(question.name, |connection| {
            let names = Names::read(connection)?;
            let nodes = selected(connection, nodes)?;
            let width = grain.micros();
            let mut points =
                of_each_node(connection, question, &nodes, window, width, |node, row| {
                    Ok(TrafficPoint {
                        at: time(row, 0)?,
                        node: node.clone(),
                        action: names.action(row, 1)?,
                        fate: code(row, 2, Fate::from_code)?,
                        count: number(row, 3)?,
                        bytes: bytes(row, 4)?,
                    })
                })?;
            points.sort_by_key(|point| point.at);
            Ok(points)
        })
    }
}

/// Which table answers which part of a window of whole hours.
fn parts(window: Window) -> Vec<(Question, Window)> {
    let (before, days, after) = window.split(Grain::Day);
    [(TOTALS_HOURLY, before), (TOTALS_DAILY, days), (TOTALS_HOURLY, after)]
        .into_iter()
        .filter(|(_, part)| !part.is_empty())
        .collect()
}

type TotalsKey = (Option<SatelliteId>, Action, Fate);

fn node_totals(
    connection: &Connection,
    names: &Names,
    node: u16,
    parts: &[(Question, Window)],
) -> rusqlite::Result<Sums<TotalsKey>> {
    // By their numbers first: a month has some thousand rows, and a name takes longer than a row.
    let mut numbers = Sums::new();
    for &(question, part) in parts {
        add_sums(connection, question, node, part, &mut numbers, |row| {
            Ok((row.get(2)?, row.get(3)?, row.get(4)?))
        })?;
    }
    let mut sums = Sums::new();
    for ((satellite, action, fate), (count, bytes)) in numbers {
        let unknown = |column, number| rusqlite::Error::IntegralValueOutOfRange(column, number);
        let action = names.action_of(action).ok_or_else(|| unknown(3, action))?;
        let fate = Fate::from_code(fate).ok_or_else(|| unknown(4, fate.into()))?;
        let sum = sums.entry((names.satellite(satellite), action, fate)).or_default();
        *sum = (sum.0 + count, sum.1 + bytes);
    }
    Ok(sums)
}
