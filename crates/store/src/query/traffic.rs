//! How much was moved in a window, and when?

use piecewatch_model::{Action, ByteCount, Grain, NodeName, SatelliteId, Timestamp};
use rusqlite::Connection;

use super::{
    Nodes, Question, Sums, Window, add_sums, bytes, kind,
    nodes::{Names, reach, selected},
    number, time,
};
use crate::{Fate, Reader, Result};

/// Added up outside of the database, which would sort all rows first. What a row is of is one number ([`kind`]).
pub(crate) const TOTALS_HOURLY: Question = Question {
    name: "traffic totals, hours",
    sql: "SELECT count, bytes, (satellite << 16) | (action << 8) | outcome FROM traffic_hourly
WHERE node = ?1 AND at >= ?2 AND at < ?3",
};

pub(crate) const TOTALS_DAILY: Question = Question {
    name: "traffic totals, days",
    sql: "SELECT count, bytes, (satellite << 16) | (action << 8) | outcome FROM traffic_daily
WHERE node = ?1 AND at >= ?2 AND at < ?3",
};

/// Satellites together: none is told.
pub(crate) const NODE_TOTALS_HOURLY: Question = Question {
    name: "traffic totals of nodes, hours",
    sql: "SELECT count, bytes, (action << 8) | outcome FROM traffic_node_hourly
WHERE node = ?1 AND at >= ?2 AND at < ?3",
};

pub(crate) const NODE_TOTALS_DAILY: Question = Question {
    name: "traffic totals of nodes, days",
    sql: "SELECT count, bytes, (action << 8) | outcome FROM traffic_daily
WHERE node = ?1 AND at >= ?2 AND at < ?3",
};

/// Added up outside of the database, too: the rows of a bucket follow each other. `?4` is the code of
/// a fate, -1 for all.
pub(crate) const SERIES_MINUTELY: Question = Question {
    name: "traffic series, minutes",
    sql: "SELECT at, action, outcome, count, bytes FROM traffic_minutely
WHERE node = ?1 AND at >= ?2 AND at < ?3 AND (?4 = -1 OR outcome = ?4) ORDER BY at",
};

pub(crate) const SERIES_HOURLY: Question = Question {
    name: "traffic series, hours",
    sql: "SELECT at, action, outcome, count, bytes FROM traffic_node_hourly
WHERE node = ?1 AND at >= ?2 AND at < ?3 AND (?4 = -1 OR outcome = ?4) ORDER BY at",
};

pub(crate) const SERIES_DAILY: Question = Question {
    name: "traffic series, days",
    sql: "SELECT at, action, outcome, count, bytes FROM traffic_daily
WHERE node = ?1 AND at >= ?2 AND at < ?3 AND (?4 = -1 OR outcome = ?4) ORDER BY at",
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
        self.totals("traffic totals", nodes, window, [TOTALS_HOURLY, TOTALS_DAILY])
    }

    /// As [`Reader::traffic_totals`], with the satellites of each node together: no row names one. Of
    /// hours it reads a quarter of the rows.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn node_traffic_totals(
        &self,
        nodes: Nodes<'_>,
        window: Option<Window>,
    ) -> Result<TrafficTotals> {
        let tables = [NODE_TOTALS_HOURLY, NODE_TOTALS_DAILY];
        self.totals("traffic totals of nodes", nodes, window, tables)
    }

    fn totals(
        &self,
        doing: &'static str,
        nodes: Nodes<'_>,
        window: Option<Window>,
        [hourly, daily]: [Question; 2],
    ) -> Result<TrafficTotals> {
        self.ask(doing, |connection| {
            let names = Names::read(connection)?;
            let nodes = selected(connection, nodes)?;
            let reached = reach(&nodes);
            let covered = window.or(reached).map(|window| window.widened(Grain::Hour));
            let parts: Vec<(Question, Window)> =
                covered.into_iter().flat_map(|window| window.parts(hourly, daily)).collect();
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
        self.series(nodes, window, grain, -1)
    }

    /// As [`Reader::traffic_series`], of the transfers of one fate alone.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn fate_series(
        &self,
        nodes: Nodes<'_>,
        window: Window,
        grain: Grain,
        fate: Fate,
    ) -> Result<Vec<TrafficPoint>> {
        self.series(nodes, window, grain, fate.code().into())
    }

    fn series(
        &self,
        nodes: Nodes<'_>,
        window: Window,
        grain: Grain,
        fate: i64,
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
            let mut points = Vec::new();
            let mut statement = connection.prepare_cached(question.sql)?;
            for (id, info) in &nodes {
                let mut bucket = Bucket::default();
                let (from, to) = (window.from.as_micros(), window.to.as_micros());
                let mut rows = statement.query((id, from, to, fate))?;
                while let Some(row) = rows.next()? {
                    let at = time(row, 0)?.floor(grain);
                    if bucket.at != Some(at) {
                        bucket.close(&names, &info.name, &mut points)?;
                        bucket.at = Some(at);
                    }
                    bucket.add([row.get(1)?, row.get(2)?], (number(row, 3)?, bytes(row, 4)?));
                }
                bucket.close(&names, &info.name, &mut points)?;
            }
            points.sort_by_key(|point| point.at);
            Ok(points)
        })
    }
}

/// What of one bucket of time was read so far.
#[derive(Default)]
struct Bucket {
    at: Option<Timestamp>,
    /// Counts and bytes by the numbers of action and fate, ascending. There are a few dozen: looked
    /// through faster than a map.
    sums: Vec<([i64; 2], (u64, ByteCount))>,
}

impl Bucket {
    fn add(&mut self, key: [i64; 2], (count, bytes): (u64, ByteCount)) {
        match self.sums.binary_search_by_key(&key, |(of, _)| *of) {
            Ok(place) => {
                let (_, sum) = &mut self.sums[place];
                *sum = (sum.0 + count, sum.1 + bytes);
            }
            Err(place) => self.sums.insert(place, (key, (count, bytes))),
        }
    }

    /// Makes points of what was read, and empties the bucket.
    fn close(
        &mut self,
        names: &Names,
        node: &NodeName,
        points: &mut Vec<TrafficPoint>,
    ) -> rusqlite::Result<()> {
        let Some(at) = self.at else { return Ok(()) };
        for ([action, fate], (count, bytes)) in self.sums.drain(..) {
            let (action, fate) = named(names, action, fate)?;
            points.push(TrafficPoint { at, node: node.clone(), action, fate, count, bytes });
        }
        Ok(())
    }
}

fn named(names: &Names, action: i64, fate: i64) -> rusqlite::Result<(Action, Fate)> {
    let unknown = rusqlite::Error::IntegralValueOutOfRange;
    let known = u8::try_from(fate).ok().and_then(Fate::from_code);
    Ok((names.action_of(action).ok_or(unknown(1, action))?, known.ok_or(unknown(2, fate))?))
}

type TotalsKey = (Option<SatelliteId>, Action, Fate);

fn node_totals(
    connection: &Connection,
    names: &Names,
    node: u16,
    parts: &[(Question, Window)],
) -> rusqlite::Result<Sums<TotalsKey>> {
    // By their numbers first: a month has some thousand rows, and a name takes longer than a row.
    let mut numbers: Sums<i64> = Sums::new();
    for &(question, part) in parts {
        add_sums(connection, question, node, part, &mut numbers, |row| row.get(2))?;
    }
    let mut sums = Sums::new();
    for (of, (count, bytes)) in numbers {
        let [satellite, action, fate] = kind(of);
        let (action, fate) = named(names, action, fate)?;
        let sum = sums.entry((names.satellite(satellite), action, fate)).or_default();
        *sum = (sum.0 + count, sum.1 + bytes);
    }
    Ok(sums)
}
