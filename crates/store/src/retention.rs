//! How long what is kept, and the removal of what is older.

use std::time::Duration;

use piecewatch_model::{Grain, Timestamp};
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior};

use crate::{
    Error, Result, Writer, dictionary::room::make_room, kept, query::nodes, transfers::first_key,
};

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// How long it is kept how the server itself was.
const SELF_METRICS: Duration = Duration::from_secs(7 * DAY.as_secs());

/// How long what is kept, counted back from now. What is not named here is kept for ever: hourly
/// and daily traffic, daily latencies, the slowest transfers of days, positions, and what nodes report of
/// days and months; how the server itself was is kept for a week.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retention {
    /// Single transfers. The cut falls on a whole hour.
    pub transfers: Duration,
    /// Traffic and what moved by the minute, and latencies by five minutes. The cut falls on a whole hour.
    pub minutes: Duration,
    /// Latencies and the slowest transfers by the hour. The cut falls on a whole day.
    pub latency_hours: Duration,
    /// Sizes, countries and errors by the hour and day, all events, and the quantiles that nodes report.
    /// The cut falls on a whole day.
    pub details: Duration,
    /// Each snapshot of the space; older ones are kept once a day, for ever.
    pub snapshots: Duration,
    /// Alerts that are resolved, with what became of their messages; those that last stay.
    pub alerts: Duration,
    /// The list of commits; the newest one stays.
    pub commits: Duration,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            transfers: 2 * DAY,
            minutes: 2 * DAY,
            latency_hours: 90 * DAY,
            details: 365 * DAY,
            snapshots: 90 * DAY,
            alerts: 90 * DAY,
            commits: HOUR,
        }
    }
}

/// What becomes of single transfers that are older than their retention when they are read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OldTransfers {
    /// They enter the sums and are not kept one by one.
    #[default]
    SumOnly,
    /// They are kept too, until somebody prunes.
    Keep,
}

/// The first instants that are still kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cuts {
    pub(crate) transfers: Timestamp,
    pub(crate) minutes: Timestamp,
    pub(crate) latency_hours: Timestamp,
    pub(crate) details: Timestamp,
    pub(crate) snapshots: Timestamp,
    pub(crate) alerts: Timestamp,
    pub(crate) commits: Timestamp,
    pub(crate) self_metrics: Timestamp,
}

impl Cuts {
    /// The cuts at this instant. A writer does not write what is older, so that an import of old
    /// logs makes no work for the next pruning.
    pub(crate) fn at(now: Timestamp, retention: &Retention) -> Self {
        let before =
            |kept: Duration| now.plus_micros(-i64::try_from(kept.as_micros()).unwrap_or(i64::MAX));
        Self {
            transfers: before(retention.transfers).floor(Grain::Hour),
            minutes: before(retention.minutes).floor(Grain::Hour),
            latency_hours: before(retention.latency_hours).floor(Grain::Day),
            details: before(retention.details).floor(Grain::Day),
            snapshots: before(retention.snapshots).floor(Grain::Day),
            alerts: before(retention.alerts),
            commits: before(retention.commits),
            self_metrics: before(SELF_METRICS).floor(Grain::Hour),
        }
    }
}

/// What one step of pruning did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pruned {
    /// How many rows went.
    pub rows: u64,
    /// Whether there is more to remove.
    pub more: bool,
}

impl Writer {
    /// Keeps what comes, and what is there at the next pruning, for so long.
    pub fn keep(&mut self, retention: Retention) {
        self.retention = retention;
    }

    /// Removes what is beyond its retention: one step, in one transaction of about `rows_max` rows
    /// (rows of one node and instant go together). Call it again while there is more; between the
    /// steps others may write.
    ///
    /// The file does not shrink: what is written next takes the room.
    ///
    /// The last step makes room for new error texts where there is hardly any, once a day at most.
    /// Those that were seen least often are let go, and read as [`FURTHER_ERRORS`](crate::FURTHER_ERRORS) from
    /// then on; what was counted of them stays.
    ///
    /// # Errors
    ///
    /// When the database cannot be written.
    pub fn prune(&mut self, now: Timestamp, rows_max: u32) -> Result<Pruned> {
        let cuts = Cuts::at(now, &self.retention);
        let day = i64::try_from(DAY.as_micros()).expect("a day has fewer microseconds than an i64");
        let is_room_due = self.made_room_at.is_none_or(|at| now >= at.plus_micros(day));
        let run = |connection: &mut Connection| {
            let transaction = Transaction::new(connection, TransactionBehavior::Immediate)?;
            kept::removed(&transaction, &cuts)?;
            let mut step = Step { connection: &transaction, left: rows_max.max(1).into(), rows: 0 };
            let done = step.run(&cuts)?;
            let mut pruned = Pruned { rows: step.rows, more: !done };
            let texts = if done && is_room_due { make_room(&transaction)? } else { 0 };
            pruned.rows += texts as u64;
            transaction.commit()?;
            Ok((pruned, texts))
        };
        let failed = |error| Error::of(&self.path, "pruning", error);
        let (pruned, texts) = run(&mut self.connection).map_err(failed)?;
        if texts > 0 {
            self.made_room_at = Some(now);
        }
        Ok(pruned)
    }
}

/// A step of pruning: how many rows it may still remove, and how many it has.
struct Step<'a> {
    connection: &'a Connection,
    left: i64,
    rows: u64,
}

impl Step<'_> {
    /// `false` when there is more to do.
    fn run(&mut self, cuts: &Cuts) -> rusqlite::Result<bool> {
        Ok(self.transfers(cuts.transfers)?
            && self.by_node(&MINUTES, cuts.minutes)?
            && self.by_node(&LATENCY_HOURS, cuts.latency_hours)?
            && self.by_node(&DETAILS, cuts.details)?
            && self.older(OLD_SNAPSHOTS, cuts.snapshots)?
            && self.alerts(cuts.alerts)?
            && self.older(OLD_COMMITS, cuts.commits)?
            && self.older(OLD_SELF_METRICS, cuts.self_metrics)?)
    }

    fn transfers(&mut self, cut: Timestamp) -> rusqlite::Result<bool> {
        let cut = first_key(cut.as_seconds());
        let end: Option<i64> = self
            .connection
            .prepare_cached(OLDEST_TRANSFERS)?
            .query_row([cut, self.left], |row| row.get(0))
            .optional()?;
        let mut delete = self.connection.prepare_cached(OLD_TRANSFERS)?;
        let rows = delete.execute([end.unwrap_or(cut)])?;
        self.spend(rows);
        Ok(end.is_none())
    }

    /// Tables whose key begins with node and time.
    fn by_node(&mut self, tables: &[&'static str], cut: Timestamp) -> rusqlite::Result<bool> {
        let nodes = nodes::ids(self.connection)?;
        for table in tables {
            for &node in &nodes {
                if self.left == 0 || !self.of_node(table, node, cut)? {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    fn of_node(&mut self, table: &str, node: i64, cut: Timestamp) -> rusqlite::Result<bool> {
        let end: Option<i64> = self
            .connection
            .prepare_cached(&oldest_of_node(table))?
            .query_row([node, cut.as_micros(), self.left - 1], |row| row.get(0))
            .optional()?;
        let before = end.map_or(cut.as_micros(), |end| end + 1);
        let mut delete = self.connection.prepare_cached(&old_of_node(table))?;
        let rows = delete.execute([node, before])?;
        self.spend(rows);
        Ok(end.is_none())
    }

    /// Resolved ones, and what became of their messages.
    fn alerts(&mut self, cut: Timestamp) -> rusqlite::Result<bool> {
        if self.left == 0 {
            return Ok(false);
        }
        let cut = (cut.as_micros(), self.left);
        self.connection.prepare_cached(OLD_DELIVERIES)?.execute(cut)?;
        let rows = self.connection.prepare_cached(OLD_ALERTS)?.execute(cut)?;
        self.spend(rows);
        Ok(self.left > 0)
    }

    /// By a statement that takes the cut, and how many rows may go.
    fn older(&mut self, delete: &str, cut: Timestamp) -> rusqlite::Result<bool> {
        if self.left == 0 {
            return Ok(false);
        }
        let mut delete = self.connection.prepare_cached(delete)?;
        let rows = delete.execute([cut.as_micros(), self.left])?;
        self.spend(rows);
        Ok(self.left > 0)
    }

    fn spend(&mut self, rows: usize) {
        self.rows += rows as u64;
        // Rows of one instant go together, so that a step may take a few more than it has.
        self.left = (self.left - rows as i64).max(0);
    }
}

pub(crate) const OLD_DELIVERIES: &str = "DELETE FROM alert_deliveries WHERE alert IN
    (SELECT id FROM alerts WHERE resolved_at < ?1 ORDER BY resolved_at, id LIMIT ?2)";

pub(crate) const OLD_ALERTS: &str = "DELETE FROM alerts WHERE id IN
    (SELECT id FROM alerts WHERE resolved_at < ?1 ORDER BY resolved_at, id LIMIT ?2)";

pub(crate) const OLD_TRANSFERS: &str = "DELETE FROM transfers WHERE key < ?1";

/// The last snapshot of each day stays, and where that one does not tell what the node held, as a
/// log does not, the last one that does.
pub(crate) const OLD_SNAPSHOTS: &str = "DELETE FROM storage_snapshots WHERE (node, at) IN (
    SELECT s.node, s.at FROM nodes AS n CROSS JOIN storage_snapshots AS s ON s.node = n.id
    WHERE s.at < ?1 AND EXISTS (SELECT 1 FROM storage_snapshots AS later
        WHERE later.node = s.node AND later.at > s.at
        AND later.at < (s.at / 86400000000 + 1) * 86400000000
        AND (coalesce(s.used, s.total - s.available - s.trash) IS NULL
            OR coalesce(later.used, later.total - later.available - later.trash) IS NOT NULL))
    LIMIT ?2)";

/// The newest stays, so that whoever saw an older one last notices the gap.
pub(crate) const OLD_COMMITS: &str = "DELETE FROM commits WHERE seq IN (SELECT seq FROM
    (SELECT seq, at FROM commits ORDER BY seq LIMIT ?2)
    WHERE at < ?1 AND seq < (SELECT max(seq) FROM commits))";

pub(crate) const OLD_SELF_METRICS: &str = "DELETE FROM self_metrics WHERE at IN
    (SELECT at FROM self_metrics WHERE at < ?1 ORDER BY at LIMIT ?2)";

const MINUTES: [&str; 3] = ["traffic_minutely", "flow_minutely", "latency_5min"];

const LATENCY_HOURS: [&str; 3] = ["latency_hourly", "latency_node_hourly", "slow_hourly"];

const DETAILS: [&str; 14] = [
    "size_hourly",
    "size_daily",
    "country_hourly",
    "country_daily",
    "error_hourly",
    "error_daily",
    "error_spreads",
    "compactions",
    "maintenance",
    "orders",
    "reputation",
    "troubles",
    "lifecycle",
    "node_quantiles",
];

/// The transfer that many transfers after the oldest, if it is old enough to go.
pub(crate) const OLDEST_TRANSFERS: &str =
    "SELECT key FROM transfers WHERE key < ?1 ORDER BY key LIMIT 1 OFFSET ?2";

/// The same in a table by node and time.
pub(crate) fn oldest_of_node(table: &str) -> String {
    format!("SELECT at FROM {table} WHERE node = ?1 AND at < ?2 ORDER BY at LIMIT 1 OFFSET ?3")
}

/// As far as that.
pub(crate) fn old_of_node(table: &str) -> String {
    format!("DELETE FROM {table} WHERE node = ?1 AND at < ?2")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Store, StoreConfig, check};

    #[test]
    fn what_is_old_is_found_by_the_key_of_each_table() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("db"), StoreConfig::default()).unwrap();
        for table in MINUTES.iter().chain(&LATENCY_HOURS).chain(&DETAILS) {
            let expected = [format!("SEARCH {table} USING PRIMARY KEY (node=? AND at<?)")];
            for sql in [oldest_of_node(table), old_of_node(table)] {
                let steps = check::steps(&store.writer.connection, &sql).unwrap();
                assert_eq!(steps, expected, "{sql}");
            }
        }
    }
}
