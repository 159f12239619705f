//! How long did transfers take?

use std::collections::BTreeMap;

use piecewatch_model::Timestamp;
use piecewatch_model::{Action, Clock, Grain, Histogram, HistogramSum, NodeName, SatelliteId};
use rusqlite::{Connection, Row};

use super::{
    NodeInfo, Nodes, Question, Window, merge_histogram,
    nodes::{Names, selected},
};
use crate::{Reader, Result};

/// `?4` is the id of an action, 0 for all. There are no satellites in sums of five minutes.
pub(crate) const FIVE_MINUTES: Question = Question {
    name: "latency, five minutes",
    sql: "SELECT at, 0, action, clock, histogram FROM latency_5min
WHERE node = ?1 AND at >= ?2 AND at < ?3 AND (?4 = 0 OR action = ?4) AND ?5 = -1",
};

/// `?5` is the id of a satellite, -1 for all.
pub(crate) const HOURLY: Question = Question {
    name: "latency, hours",
    sql: "SELECT at, satellite, action, clock, histogram FROM latency_hourly
WHERE node = ?1 AND at >= ?2 AND at < ?3 AND (?4 = 0 OR action = ?4)
    AND (?5 = -1 OR satellite = ?5)",
};

/// Satellites are together.
pub(crate) const NODE_HOURLY: Question = Question {
    name: "latency, hours, satellites together",
    sql: "SELECT at, 0, action, clock, histogram FROM latency_node_hourly
WHERE node = ?1 AND at >= ?2 AND at < ?3 AND (?4 = 0 OR action = ?4) AND ?5 = -1",
};

pub(crate) const DAILY: Question = Question {
    name: "latency, days",
    sql: "SELECT at, satellite, action, clock, histogram FROM latency_daily
WHERE node = ?1 AND at >= ?2 AND at < ?3 AND (?4 = 0 OR action = ?4)
    AND (?5 = -1 OR satellite = ?5)",
};

/// Which latencies are wanted; `None` for any.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct LatencyFilter {
    /// Of transfers for this satellite.
    pub satellite: Option<SatelliteId>,
    /// Of transfers of this action.
    pub action: Option<Action>,
}

/// Latencies of successful transfers, by one clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LatencyRow {
    /// Of which node.
    pub node: NodeName,
    /// For which satellite; `None` where the log does not tell, and where those of all satellites
    /// are together.
    pub satellite: Option<SatelliteId>,
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
    /// What they cover: the window asked for, widened to whole buckets of the grain.
    pub window: Window,
    /// To what the window was aligned. When it is five minutes, satellites are together.
    pub grain: Grain,
    /// By node, satellite, action and clock: what two clocks measured is not one distribution.
    pub rows: Vec<LatencyRow>,
}

/// Latencies of one node, action and clock in one bucket of time, all satellites together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LatencyPoint {
    /// The beginning of the bucket.
    pub at: Timestamp,
    /// Of which node.
    pub node: NodeName,
    /// Of which transfers.
    pub action: Action,
    /// The clock that they were measured by; never [`Clock::WholeSeconds`].
    pub clock: Clock,
    /// Their latencies.
    pub histogram: Histogram,
}

/// Latencies over time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LatencySeries {
    /// What they cover: the window asked for, widened to whole buckets of the grain.
    pub window: Window,
    /// The width of a bucket.
    pub grain: Grain,
    /// Oldest first; buckets in which nothing was measured are left out.
    pub points: Vec<LatencyPoint>,
}

impl Reader {
    /// Latencies in a window widened to whole buckets of `align`: five minutes commonly reach back 48
    /// hours, hours 90 days ([`Reader::kept_from`] tells), days for ever. Of one satellite hours are
    /// the finest.
    ///
    /// Whole days within a window of hours are read from the sums of days, and whole hours within one of
    /// five minutes from those of hours, where these are kept.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn latencies(
        &self,
        nodes: Nodes<'_>,
        window: Window,
        filter: &LatencyFilter,
        align: Grain,
    ) -> Result<Latencies> {
        let grain = stored(align, filter);
        let window = window.widened(grain);
        let hours_from = self.kept_from(nodes)?.latency_hours;
        let parts = parts(window, grain, hours_from);
        self.ask("latencies", |connection| {
            let names = Names::read(connection)?;
            let mut rows = Vec::new();
            let Some(wanted) = Wanted::new(&names, filter) else {
                return Ok(Latencies { window, grain, rows });
            };
            for (id, NodeInfo { name, .. }) in selected(connection, nodes)? {
                let mut sums: BTreeMap<[i64; 3], HistogramSum> = BTreeMap::new();
                for &(question, part) in &parts {
                    wanted.each(connection, question, id, part, |row| {
                        // Five minutes know of no satellite, so none is told of their hours.
                        let satellite = if grain < Grain::Hour { 0 } else { row.get(1)? };
                        let key = [satellite, row.get(2)?, row.get(3)?];
                        merge_histogram(row, 4, sums.entry(key).or_default())
                    })?;
                }
                for ([satellite, action, clock], sum) in sums {
                    rows.push(LatencyRow {
                        node: name.clone(),
                        satellite: names.satellite(satellite),
                        action: action_of(&names, action)?,
                        clock: clock_of(clock)?,
                        histogram: sum.to_histogram(),
                    });
                }
            }
            Ok(Latencies { window, grain, rows })
        })
    }

    /// Latencies over time, by buckets of this grain, to which the window is widened. How far each
    /// grain reaches back, and that hours are the finest of one satellite, is as in
    /// [`Reader::latencies`].
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn latency_series(
        &self,
        nodes: Nodes<'_>,
        window: Window,
        filter: &LatencyFilter,
        grain: Grain,
    ) -> Result<LatencySeries> {
        let grain = stored(grain, filter);
        let window = window.widened(grain);
        let question = match filter.satellite {
            None if grain == Grain::Hour => NODE_HOURLY,
            None | Some(_) => table(grain),
        };
        self.ask(question.name, |connection| {
            let names = Names::read(connection)?;
            let mut points = Vec::new();
            let Some(wanted) = Wanted::new(&names, filter) else {
                return Ok(LatencySeries { window, grain, points });
            };
            for (id, NodeInfo { name, .. }) in selected(connection, nodes)? {
                // The rows of a bucket follow each other.
                let mut bucket = Bucket::default();
                wanted.each(connection, question, id, window, |row| {
                    let at = row.get(0)?;
                    if bucket.at != Some(at) {
                        bucket.close(&names, &name, &mut points)?;
                        bucket.at = Some(at);
                    }
                    let key = [row.get(2)?, row.get(3)?];
                    merge_histogram(row, 4, bucket.sums.entry(key).or_default())
                })?;
                bucket.close(&names, &name, &mut points)?;
            }
            points.sort_by_key(|point| point.at);
            Ok(LatencySeries { window, grain, points })
        })
    }
}

/// What of one bucket of time was read so far.
#[derive(Default)]
struct Bucket {
    at: Option<i64>,
    /// By action and clock.
    sums: BTreeMap<[i64; 2], HistogramSum>,
}

impl Bucket {
    /// Makes points of what was read, and empties the bucket.
    fn close(
        &mut self,
        names: &Names,
        node: &NodeName,
        points: &mut Vec<LatencyPoint>,
    ) -> rusqlite::Result<()> {
        for ([action, clock], sum) in std::mem::take(&mut self.sums) {
            points.push(LatencyPoint {
                at: Timestamp::from_micros(self.at.unwrap_or_default()),
                node: node.clone(),
                action: action_of(names, action)?,
                clock: clock_of(clock)?,
                histogram: sum.to_histogram(),
            });
        }
        Ok(())
    }
}

/// A filter in the numbers of the database.
struct Wanted {
    action: i64,
    satellite: i64,
}

impl Wanted {
    /// `None` when nothing can pass, since the database does not know what is asked for.
    fn new(names: &Names, filter: &LatencyFilter) -> Option<Self> {
        Some(Self {
            action: match &filter.action {
                Some(action) => names.action_id(action)?,
                None => 0,
            },
            satellite: match &filter.satellite {
                Some(satellite) => names.satellite_id(satellite)?,
                None => -1,
            },
        })
    }

    /// The rows of a node in a window that pass, by time.
    fn each(
        &self,
        connection: &Connection,
        question: Question,
        node: u16,
        window: Window,
        mut read: impl FnMut(&Row<'_>) -> rusqlite::Result<()>,
    ) -> rusqlite::Result<()> {
        let mut statement = connection.prepare_cached(question.sql)?;
        let (from, to) = (window.from.as_micros(), window.to.as_micros());
        let mut rows = statement.query((node, from, to, self.action, self.satellite))?;
        while let Some(row) = rows.next()? {
            read(row)?;
        }
        Ok(())
    }
}

fn action_of(names: &Names, id: i64) -> rusqlite::Result<Action> {
    names.action_of(id).ok_or(rusqlite::Error::IntegralValueOutOfRange(2, id))
}

fn clock_of(code: i64) -> rusqlite::Result<Clock> {
    let known = u8::try_from(code).ok().and_then(Clock::from_code);
    known.ok_or(rusqlite::Error::IntegralValueOutOfRange(3, code))
}

/// The finest grain in which there is what is asked for, and not finer than asked for.
fn stored(grain: Grain, filter: &LatencyFilter) -> Grain {
    let finest = if filter.satellite.is_some() { Grain::Hour } else { Grain::FiveMinutes };
    grain.max(finest)
}

const fn table(grain: Grain) -> Question {
    match grain {
        Grain::Minute | Grain::FiveMinutes => FIVE_MINUTES,
        Grain::Hour => HOURLY,
        Grain::Day => DAILY,
    }
}

/// Which table answers which part of a window of whole buckets of a grain, when hours are whole from an
/// instant on.
fn parts(window: Window, grain: Grain, hours_from: Option<Timestamp>) -> Vec<(Question, Window)> {
    match grain {
        Grain::Minute | Grain::FiveMinutes if hours_from.is_none_or(|from| from <= window.from) => {
            let (before, hours, after) = window.split(Grain::Hour);
            let mut parts = vec![(FIVE_MINUTES, before), (FIVE_MINUTES, after)];
            parts.extend(hours.parts(NODE_HOURLY, DAILY));
            parts
        }
        Grain::Hour => window.parts(HOURLY, DAILY).collect(),
        Grain::Minute | Grain::FiveMinutes | Grain::Day => vec![(table(grain), window)],
    }
}
