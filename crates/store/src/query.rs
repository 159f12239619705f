//! Questions to the database: one question a file, its SQL beside the row that it fills.

pub(crate) mod activity;
pub(crate) mod addresses;
pub(crate) mod alerts;
pub(crate) mod bandwidth;
pub(crate) mod commits;
pub(crate) mod compactions;
pub(crate) mod countries;
pub(crate) mod downloads;
pub(crate) mod errors;
pub(crate) mod estimates;
pub(crate) mod flow;
pub(crate) mod hours;
pub(crate) mod kept;
pub(crate) mod latency;
pub(crate) mod lifecycle;
pub(crate) mod maintenance;
pub(crate) mod newest_space;
pub(crate) mod nodes;
pub(crate) mod orders;
pub(crate) mod overview;
pub(crate) mod payments;
pub(crate) mod paystubs;
pub(crate) mod polls;
pub(crate) mod prices;
pub(crate) mod quantiles;
pub(crate) mod reported;
pub(crate) mod runs;
pub(crate) mod scores;
pub(crate) mod sizes;
pub(crate) mod slowest;
pub(crate) mod sources;
pub(crate) mod space;
pub(crate) mod space_samples;
pub(crate) mod spreads;
pub(crate) mod standings;
pub(crate) mod statuses;
pub(crate) mod storage;
pub(crate) mod told_hours;
pub(crate) mod traffic;
pub(crate) mod transfers;
pub(crate) mod trouble_counts;
pub(crate) mod troubles;
pub(crate) mod used_space;
pub(crate) mod versions;
pub(crate) mod walks;
pub(crate) mod watch;

use std::{collections::BTreeMap, path::PathBuf};

use piecewatch_model::{ByteCount, Grain, Histogram, HistogramSum, NodeName, Timestamp};
use r2d2::PooledConnection;
use r2d2_sqlite::SqliteConnectionManager;
use rusqlite::{Connection, Row, Transaction, TransactionBehavior, types::Type};

use crate::{Error, Result, asked::Asked, rebuild, self_metrics};
use nodes::NodeInfo;
pub use reported::Reported;

/// A statement that the product runs, and what it answers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question {
    pub(crate) name: &'static str,
    pub(crate) sql: &'static str,
}

/// Every question, for the check of their plans.
pub(crate) const ALL: [Question; 96] = [
    nodes::ALL,
    nodes::IDS,
    nodes::SATELLITES,
    nodes::ACTIONS,
    sources::OF_NODE,
    sources::NEWEST,
    traffic::TOTALS_HOURLY,
    traffic::TOTALS_DAILY,
    traffic::NODE_TOTALS_HOURLY,
    traffic::NODE_TOTALS_DAILY,
    traffic::SERIES_MINUTELY,
    traffic::SERIES_HOURLY,
    traffic::SERIES_DAILY,
    flow::MINUTELY,
    flow::HOURLY,
    overview::TOTALS,
    overview::MINUTES,
    told_hours::TOLD,
    kept::FROM,
    latency::FIVE_MINUTES,
    latency::HOURLY,
    latency::NODE_HOURLY,
    latency::DAILY,
    hours::LATENCIES,
    hours::TROUBLES,
    transfers::NEWEST,
    transfers::COUNTRY,
    transfers::COUNTRY_ID,
    transfers::TEMPLATE,
    downloads::NEWEST,
    addresses::NEWEST,
    slowest::FROM,
    slowest::HOURLY,
    slowest::DAILY,
    sizes::HOURLY,
    sizes::DAILY,
    countries::HOURLY,
    countries::DAILY,
    errors::HOURLY,
    errors::DAILY,
    spreads::OF_DAY,
    spreads::FIRST,
    spreads::TEMPLATE,
    errors::KNOWN,
    compactions::NEWEST,
    maintenance::NEWEST,
    runs::NEWEST,
    walks::NEWEST,
    orders::NEWEST,
    scores::NEWEST,
    troubles::NEWEST,
    trouble_counts::OF_NODE,
    lifecycle::NEWEST,
    versions::ALL,
    versions::BEFORE,
    space::NEWEST,
    newest_space::WHOLE,
    space_samples::HELD,
    space_samples::LEFT,
    used_space::ALL,
    bandwidth::DAILY,
    storage::DAILY,
    prices::ALL,
    estimates::MONTHLY,
    paystubs::MONTHLY,
    payments::MONTHLY,
    standings::NEWEST,
    statuses::NEWEST,
    polls::NEWEST,
    quantiles::ALL,
    activity::COMMITTED,
    activity::UPLOAD_MINUTE,
    activity::UPLOAD_HOUR,
    activity::DOWNLOAD_MINUTE,
    activity::DOWNLOAD_HOUR,
    activity::ORDERS,
    activity::SCORES,
    activity::WORK,
    activity::COMPACTION,
    activity::SPACE,
    activity::STARTED,
    activity::VERSION,
    activity::STOPPED,
    activity::FATAL,
    activity::DISK,
    commits::SINCE,
    commits::NEWEST,
    watch::UNTIL,
    alerts::LASTING,
    alerts::OF_WINDOW,
    alerts::ONE,
    alerts::NEWEST,
    alerts::DELIVERIES,
    alerts::WAITING,
    self_metrics::IN_WINDOW,
    rebuild::TRANSFERS,
];

/// A read-only connection out of the pool, which it goes back to when dropped.
///
/// Each question is answered from one state of the database, whatever is written meanwhile.
#[derive(Debug)]
pub struct Reader {
    connection: PooledConnection<SqliteConnectionManager>,
    path: PathBuf,
    asked: Asked,
}

impl Reader {
    pub(crate) const fn new(
        connection: PooledConnection<SqliteConnectionManager>,
        path: PathBuf,
        asked: Asked,
    ) -> Self {
        Self { connection, path, asked }
    }

    /// Answers several questions from one state of the database, whatever is written between them.
    /// While it runs, what is written cannot leave the write-ahead log: be brief.
    ///
    /// # Errors
    ///
    /// When the database cannot be read, and what `answer` fails with.
    pub fn at_one_state<T>(&self, answer: impl FnOnce(&Self) -> Result<T>) -> Result<T> {
        let failed = |error| Error::of(&self.path, "beginning to read", error);
        let _transaction =
            Transaction::new_unchecked(&self.connection, TransactionBehavior::Deferred)
                .map_err(failed)?;
        answer(self)
    }

    /// Runs the statements of one question in one transaction, and counts and measures it.
    pub(crate) fn ask<T>(
        &self,
        doing: &'static str,
        answer: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T> {
        let run = || {
            if !self.connection.is_autocommit() {
                // Within that of `at_one_state`.
                return answer(&self.connection);
            }
            let transaction =
                Transaction::new_unchecked(&self.connection, TransactionBehavior::Deferred)?;
            answer(&transaction)
        };
        self.asked.question(doing, run).map_err(|error| Error::of(&self.path, doing, error))
    }
}

/// Something that happened at a node.
#[derive(Debug, Clone, PartialEq)]
pub struct Event<T> {
    /// At which node.
    pub node: NodeName,
    /// What happened.
    pub what: T,
    /// How many lines of the log told it; 0 when only a report did.
    pub lines: u64,
}

/// The answers of one question of nodes, times and `limit`: those of each node in turn.
///
/// The statement takes the node's id, the first and the last time, and a fourth number.
pub(crate) fn of_each_node<T>(
    connection: &Connection,
    question: Question,
    nodes: &[(u16, NodeInfo)],
    window: Window,
    fourth: i64,
    mut read: impl FnMut(&NodeName, &Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    let mut answers = Vec::new();
    let mut statement = connection.prepare_cached(question.sql)?;
    for (id, info) in nodes {
        let (from, to) = (window.from.as_micros(), window.to.as_micros());
        let mut rows = statement.query((id, from, to, fourth))?;
        while let Some(row) = rows.next()? {
            answers.push(read(&info.name, row)?);
        }
    }
    Ok(answers)
}

/// Takes apart the one number that tells what a row is of: a satellite or a text, an action, and an outcome. One
/// column is read sooner than three. The database knows at most 250 actions, and fewer outcomes.
const fn kind(number: i64) -> [i64; 3] {
    [number >> 16, (number >> 8) & 0xff, number & 0xff]
}

/// Counts and bytes, by what they are of.
pub(crate) type Sums<K> = BTreeMap<K, (u64, ByteCount)>;

/// Adds those of one node in a window, by what `key` reads of a row.
///
/// The statement takes the node's id and the first and the last time; it gives count and bytes
/// first.
pub(crate) fn add_sums<K: Ord>(
    connection: &Connection,
    question: Question,
    node: u16,
    window: Window,
    sums: &mut Sums<K>,
    key: impl Fn(&Row<'_>) -> rusqlite::Result<K>,
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(question.sql)?;
    let mut rows = statement.query((node, window.from.as_micros(), window.to.as_micros()))?;
    while let Some(row) = rows.next()? {
        let sum = sums.entry(key(row)?).or_default();
        *sum = (sum.0 + number(row, 0)?, sum.1 + bytes(row, 1)?);
    }
    Ok(())
}

/// The newest events of nodes in a window, newest first, at most `limit`.
pub(crate) fn newest_events<T>(
    connection: &Connection,
    question: Question,
    nodes: Nodes<'_>,
    window: Window,
    limit: u32,
    mut read: impl FnMut(&Row<'_>) -> rusqlite::Result<(Timestamp, T, u64)>,
) -> rusqlite::Result<Vec<Event<T>>> {
    let nodes = nodes::selected(connection, nodes)?;
    let mut events =
        of_each_node(connection, question, &nodes, window, limit.into(), |node, row| {
            let (at, what, lines) = read(row)?;
            Ok((at, Event { node: node.clone(), what, lines }))
        })?;
    events.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    events.truncate(limit as usize);
    Ok(events.into_iter().map(|(_, event)| event).collect())
}

/// Of which nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nodes<'a> {
    /// Every node in the database.
    All,
    /// These; names that the database does not know are passed over.
    Of(&'a [NodeName]),
}

/// A stretch of time: from an instant up to but without another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Window {
    /// The first instant.
    pub from: Timestamp,
    /// The first instant after it.
    pub to: Timestamp,
}

impl Window {
    /// The window widened to whole buckets of this grain.
    #[must_use]
    pub const fn widened(self, grain: Grain) -> Self {
        Self { from: self.from.floor(grain), to: self.to.ceil(grain) }
    }

    /// The part of the window that is whole buckets of this grain, and what is left before and
    /// after it; any of the three may be empty.
    const fn split(self, grain: Grain) -> (Self, Self, Self) {
        let (from, to) = (self.from.ceil(grain), self.to.floor(grain));
        if from.as_micros() >= to.as_micros() {
            let empty = Self { from: self.to, to: self.to };
            return (self, empty, empty);
        }
        (Self { from: self.from, to: from }, Self { from, to }, Self { from: to, to: self.to })
    }

    /// Which table answers which part of a window of whole hours: that of days as much as it can.
    fn parts(self, hours: Question, days: Question) -> impl Iterator<Item = (Question, Self)> {
        let (before, whole, after) = self.split(Grain::Day);
        [(hours, before), (days, whole), (hours, after)]
            .into_iter()
            .filter(|(_, part)| !part.is_empty())
    }

    const fn is_empty(self) -> bool {
        self.from.as_micros() >= self.to.as_micros()
    }
}

pub(crate) fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    row.get(column).map(Timestamp::from_micros)
}

pub(crate) fn number(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    Ok(row.get::<_, i64>(column)? as u64)
}

pub(crate) fn bytes(row: &Row<'_>, column: usize) -> rusqlite::Result<ByteCount> {
    number(row, column).map(ByteCount::new)
}

pub(crate) fn maybe_number(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<u64>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(|number| number as u64))
}

pub(crate) fn maybe_bytes(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<ByteCount>> {
    Ok(maybe_number(row, column)?.map(ByteCount::new))
}

/// A code of the database as what it stands for.
pub(crate) fn code<T>(
    row: &Row<'_>,
    column: usize,
    from_code: impl FnOnce(u8) -> Option<T>,
) -> rusqlite::Result<T> {
    let code: i64 = row.get(column)?;
    let known = u8::try_from(code).ok().and_then(from_code);
    known.ok_or(rusqlite::Error::IntegralValueOutOfRange(column, code))
}

pub(crate) fn node_name(row: &Row<'_>, column: usize) -> rusqlite::Result<NodeName> {
    let name = row.get_ref(column)?.as_str()?;
    name.parse().map_err(|error| damaged(column, Type::Text, error))
}

pub(crate) fn histogram(row: &Row<'_>, column: usize) -> rusqlite::Result<Histogram> {
    let stored = row.get_ref(column)?.as_blob()?;
    Histogram::from_bytes(stored).map_err(|error| damaged(column, Type::Blob, error))
}

/// Adds a stored histogram to a sum.
pub(crate) fn merge_histogram(
    row: &Row<'_>,
    column: usize,
    sum: &mut HistogramSum,
) -> rusqlite::Result<()> {
    let stored = row.get_ref(column)?.as_blob()?;
    sum.merge_bytes(stored).map_err(|error| damaged(column, Type::Blob, error))
}

/// A stored value that no version of the program has written.
fn damaged(column: usize, kind: Type, error: piecewatch_model::Error) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, kind, Box::new(error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Store, StoreConfig};

    #[test]
    fn a_reader_cannot_write() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("db"), StoreConfig::default()).unwrap();
        let reader = store.readers.get().unwrap();
        let error = reader.ask("writing", |connection| connection.execute("DELETE FROM nodes", []));
        assert!(matches!(error, Err(Error::Access { .. })), "{error:?}");
    }

    #[test]
    fn the_parts_of_a_window_are_the_window() {
        let at = |hour: i64| Timestamp::from_seconds(hour * 3600);
        for (from, to) in [(0, 24), (1, 23), (1, 25), (23, 25), (1, 49), (24, 24), (5, 73)] {
            let window = Window { from: at(from), to: at(to) };
            let (before, days, after) = window.split(Grain::Day);
            let covered = [before, days, after].into_iter().filter(|part| !part.is_empty());
            let mut end = window.from;
            for part in covered {
                assert_eq!(part.from, end, "{from} to {to}");
                end = part.to;
            }
            assert_eq!(end, window.to, "{from} to {to}");
        }
    }
}
