//! When did which kind of thing happen last at a node? Each answer goes back from the end of a key to
//! the first that fits, 30 days at most.

use piecewatch_model::{
    ByteCount, Lifecycle, LifecycleEvent, NodeName, Timestamp, Trouble, TroubleKind,
};
use rusqlite::{Connection, OptionalExtension, Row};

use super::{
    Nodes, Question, Window, bytes, code,
    nodes::{Names, NodeInfo, selected},
    time,
    troubles::text,
};
use crate::{Reader, Result};

/// How far back is looked.
const REACH_MICROS: i64 = 30 * 24 * 3600 * 1_000_000;
/// Records from later than this after now are of a clock gone wrong.
const FUTURE_MAX_MICROS: i64 = 24 * 3600 * 1_000_000;

/// A row for each source of the node: a log that is rotated daily has some hundred a year.
pub(crate) const COMMITTED: Question = Question {
    name: "activity: the last commit",
    sql: "SELECT max(last_commit_at) FROM checkpoints INDEXED BY checkpoints_by_node
WHERE node = ?1",
};

/// The codes of uploads are `PUT`, `PUT_REPAIR`, `PUT_GRACEFUL_EXIT` and an upload without a name.
pub(crate) const UPLOAD_MINUTE: Question = Question {
    name: "activity: the minute of the last upload",
    sql: "SELECT at FROM traffic_minutely
WHERE node = ?1 AND at >= ?2 AND at < ?3 AND action IN (1, 5, 7, 8) ORDER BY at DESC LIMIT 1",
};

pub(crate) const UPLOAD_HOUR: Question = Question {
    name: "activity: the hour of the last upload",
    sql: "SELECT at FROM traffic_hourly
WHERE node = ?1 AND at >= ?2 AND at < ?3 AND action IN (1, 5, 7, 8) ORDER BY at DESC LIMIT 1",
};

/// The codes of downloads are `GET`, `GET_AUDIT`, `GET_REPAIR` and a download without a name.
pub(crate) const DOWNLOAD_MINUTE: Question = Question {
    name: "activity: the minute of the last download",
    sql: "SELECT at FROM traffic_minutely
WHERE node = ?1 AND at >= ?2 AND at < ?3 AND action IN (2, 3, 4, 9) ORDER BY at DESC LIMIT 1",
};

pub(crate) const DOWNLOAD_HOUR: Question = Question {
    name: "activity: the hour of the last download",
    sql: "SELECT at FROM traffic_hourly
WHERE node = ?1 AND at >= ?2 AND at < ?3 AND action IN (2, 3, 4, 9) ORDER BY at DESC LIMIT 1",
};

/// A node says `finished` and counts orders even when no satellite took them, which it tells
/// beside it: 6 is the code of such trouble.
pub(crate) const ORDERS: Question = Question {
    name: "activity: the last orders",
    sql: "SELECT t.at FROM orders AS t
WHERE t.node = ?1 AND t.at >= ?2 AND t.at < ?3 AND t.count > 0 AND NOT EXISTS (
    SELECT 1 FROM troubles AS f
    WHERE f.node = ?1 AND f.at >= t.at - 60000000 AND f.at <= t.at + 60000000
        AND f.kind = 6 AND f.satellite IN (t.satellite, 0))
ORDER BY t.at DESC LIMIT 1",
};

/// What a report told says nothing about the log: no line told it.
pub(crate) const SCORES: Question = Question {
    name: "activity: the last scores",
    sql: "SELECT at FROM reputation
WHERE node = ?1 AND at >= ?2 AND at < ?3 AND lines > 0 ORDER BY at DESC LIMIT 1",
};

/// What failed is told in errors, which a node logs at any level: 4 is the code of that. 13 and 14 are
/// tests of the disk, which tell of failures only.
pub(crate) const WORK: Question = Question {
    name: "activity: the last work on pieces",
    sql: "SELECT at FROM maintenance
WHERE node = ?1 AND at >= ?2 AND at < ?3 AND phase <> 4 AND kind NOT IN (13, 14)
ORDER BY at DESC LIMIT 1",
};

pub(crate) const COMPACTION: Question = Question {
    name: "activity: the last compaction",
    sql: "SELECT at FROM compactions
WHERE node = ?1 AND at >= ?2 AND at < ?3 AND phase <> 4 ORDER BY at DESC LIMIT 1",
};

/// Told by the log or by a report: it says how full the node is, not whether its log goes on.
pub(crate) const SPACE: Question = Question {
    name: "activity: the space that was left last",
    sql: "SELECT at, available FROM storage_snapshots
WHERE node = ?1 AND at >= ?2 AND at < ?3 AND available IS NOT NULL ORDER BY at DESC LIMIT 1",
};

/// The codes of events are `configured` and `started`.
pub(crate) const STARTED: Question = Question {
    name: "activity: the last start",
    sql: "SELECT at, event, detail FROM lifecycle
WHERE node = ?1 AND at >= ?2 AND at < ?3 AND event IN (1, 2) ORDER BY at DESC LIMIT 1",
};

pub(crate) const VERSION: Question = Question {
    name: "activity: the last version",
    sql: "SELECT at, event, detail FROM lifecycle INDEXED BY lifecycle_versions
WHERE node = ?1 AND at >= ?2 AND at < ?3 AND event = 3 AND lines > 0 ORDER BY at DESC LIMIT 1",
};

/// The codes of events are `stopping` and `exited`.
pub(crate) const STOPPED: Question = Question {
    name: "activity: the last stop",
    sql: "SELECT at, event, detail FROM lifecycle
WHERE node = ?1 AND at >= ?2 AND at < ?3 AND event IN (5, 7) ORDER BY at DESC LIMIT 1",
};

/// The codes of kinds are `fatal` and `panic`.
pub(crate) const FATAL: Question = Question {
    name: "activity: the last end with an error",
    sql: "SELECT t.at, t.kind, t.satellite, e.template
FROM troubles AS t LEFT JOIN templates AS e ON e.id = t.template
WHERE t.node = ?1 AND t.at >= ?2 AND t.at < ?3 AND t.kind IN (9, 10) ORDER BY t.at DESC LIMIT 1",
};

/// The code of the kind is `disk`.
pub(crate) const DISK: Question = Question {
    name: "activity: the last trouble with the disk",
    sql: "SELECT t.at, t.kind, t.satellite, e.template
FROM troubles AS t LEFT JOIN templates AS e ON e.id = t.template
WHERE t.node = ?1 AND t.at >= ?2 AND t.at < ?3 AND t.kind = 3 ORDER BY t.at DESC LIMIT 1",
};

/// The last that a node's log told, of each kind of thing: `None` where there was none within the
/// last 30 days. What the node reports beside its log does not count, but for the space.
#[derive(Debug, Clone, PartialEq)]
pub struct Activity {
    /// The node.
    pub node: NodeName,
    /// When lines of its log were stored last, whatever they were. This is the time of the process
    /// that stored them; all others are times of the log.
    pub stored_at: Option<Timestamp>,
    /// The last upload, successful or not, or turned away: the beginning of its minute, or of its
    /// hour when it is older than two days.
    pub upload_at: Option<Timestamp>,
    /// The last download, successful or not, in the same way.
    pub download_at: Option<Timestamp>,
    /// When orders of transfers were settled last. Those that failed do not count: they may be days
    /// old.
    pub orders_at: Option<Timestamp>,
    /// When scores were told last. A node does so every four hours.
    pub scores_at: Option<Timestamp>,
    /// When the node last worked on its pieces and it did not fail: walks, garbage collection,
    /// trash, compactions.
    pub work_at: Option<Timestamp>,
    /// The space that was left last, by the log or by a report of the node: no sign of the log.
    pub space: Option<Available>,
    /// The last start.
    pub started: Option<Lifecycle>,
    /// The last version that it told.
    pub version: Option<Lifecycle>,
    /// The last time that it said that it stops, or its supervisor that it did.
    pub stopped: Option<Lifecycle>,
    /// The last time that its process ended with an error, or crashed.
    pub fatal: Option<Trouble>,
    /// The last trouble with its disk.
    pub disk_trouble: Option<Trouble>,
}

/// The space that was left at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Available {
    /// When.
    pub at: Timestamp,
    /// How much.
    pub bytes: ByteCount,
}

impl Activity {
    /// The last transfer, as [`upload_at`](Self::upload_at) and
    /// [`download_at`](Self::download_at) tell it.
    pub fn transfer_at(&self) -> Option<Timestamp> {
        self.upload_at.max(self.download_at)
    }
}

impl Reader {
    /// The last that is known of nodes at `now`, of each kind of thing, by the nodes' names. What
    /// it costs does not depend on how much there was before.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn activity(&self, nodes: Nodes<'_>, now: Timestamp) -> Result<Vec<Activity>> {
        let ahead = now.plus_micros(FUTURE_MAX_MICROS);
        self.activity_in(nodes, Window { from: now.plus_micros(-REACH_MICROS), to: ahead })
    }

    /// The last that the logs of nodes told before an instant, in the same way: nothing of later is
    /// in it but [`stored_at`](Activity::stored_at).
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn activity_until(&self, nodes: Nodes<'_>, end: Timestamp) -> Result<Vec<Activity>> {
        self.activity_in(nodes, Window { from: end.plus_micros(-REACH_MICROS), to: end })
    }

    fn activity_in(&self, nodes: Nodes<'_>, window: Window) -> Result<Vec<Activity>> {
        self.ask("activity", |connection| {
            let names = Names::read(connection)?;
            let nodes = selected(connection, nodes)?;
            nodes.into_iter().map(|node| activity(connection, &names, node, window)).collect()
        })
    }
}

fn activity(
    connection: &Connection,
    names: &Names,
    (id, NodeInfo { name, .. }): (u16, NodeInfo),
    window: Window,
) -> rusqlite::Result<Activity> {
    let last = Last { connection, node: id, window };
    let trouble = |row: &Row<'_>| {
        Ok(Trouble {
            at: time(row, 0)?,
            kind: code(row, 1, TroubleKind::from_code)?,
            satellite: names.satellite(row.get(2)?),
            text: text(row, 3)?,
        })
    };
    let stored_at: Option<i64> =
        connection.prepare_cached(COMMITTED.sql)?.query_row([id], |row| row.get(0))?;
    Ok(Activity {
        node: name,
        stored_at: stored_at.map(Timestamp::from_micros),
        upload_at: last.minute_or_hour(UPLOAD_MINUTE, UPLOAD_HOUR)?,
        download_at: last.minute_or_hour(DOWNLOAD_MINUTE, DOWNLOAD_HOUR)?,
        orders_at: last.time(ORDERS)?,
        scores_at: last.time(SCORES)?,
        work_at: last.time(WORK)?.max(last.time(COMPACTION)?),
        space: last.of(SPACE, |row| Ok(Available { at: time(row, 0)?, bytes: bytes(row, 1)? }))?,
        started: last.of(STARTED, lifecycle)?,
        version: last.of(VERSION, lifecycle)?,
        stopped: last.of(STOPPED, lifecycle)?,
        fatal: last.of(FATAL, trouble)?,
        disk_trouble: last.of(DISK, trouble)?,
    })
}

fn lifecycle(row: &Row<'_>) -> rusqlite::Result<Lifecycle> {
    let detail = row.get_ref(2)?.as_str()?;
    let event = code(row, 1, |code| LifecycleEvent::from_code(code, detail))?;
    Ok(Lifecycle { at: time(row, 0)?, event })
}

/// Asks for the last rows of one node.
struct Last<'a> {
    connection: &'a Connection,
    node: u16,
    window: Window,
}

impl Last<'_> {
    fn of<T>(
        &self,
        question: Question,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Option<T>> {
        let (from, to) = (self.window.from.as_micros(), self.window.to.as_micros());
        let mut statement = self.connection.prepare_cached(question.sql)?;
        statement.query_row((self.node, from, to), read).optional()
    }

    fn time(&self, question: Question) -> rusqlite::Result<Option<Timestamp>> {
        self.of(question, |row| time(row, 0))
    }

    /// Minutes are kept for two days only.
    fn minute_or_hour(
        &self,
        minute: Question,
        hour: Question,
    ) -> rusqlite::Result<Option<Timestamp>> {
        match self.time(minute)? {
            Some(minute) => Ok(Some(minute)),
            None => self.time(hour),
        }
    }
}

#[cfg(test)]
mod tests {
    use piecewatch_model::{MaintenanceKind, Phase};

    #[test]
    fn the_codes_in_the_statements_are_those_of_the_vocabulary() {
        assert_eq!(Phase::Failed.code(), 4);
        let checks = [MaintenanceKind::ReadCheck, MaintenanceKind::WriteCheck];
        assert_eq!(checks.map(MaintenanceKind::code), [13, 14]);
    }
}
