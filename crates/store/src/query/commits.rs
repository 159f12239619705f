//! What was written since?

use std::ops::RangeInclusive;

use piecewatch_model::{NodeName, Timestamp};

use rusqlite::Connection;

use super::Question;
use crate::{Reader, Result, transfers::time_of};

pub(crate) const SINCE: Question = Question {
    name: "commits since a number",
    sql: "SELECT c.seq, c.process, n.name, c.topics, c.first_key, c.last_key, c.at
FROM commits AS c JOIN nodes AS n ON n.id = c.node
WHERE c.seq > ?1 ORDER BY c.seq LIMIT ?2",
};

/// The one statement that tells whether there is anything new.
pub(crate) const NEWEST: Question =
    Question { name: "the newest commit", sql: "SELECT max(seq) FROM commits" };

/// Kinds of what was written, as a set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Topics(u32);

impl Topics {
    /// Transfers, and uploads turned away.
    pub const TRANSFERS: Self = Self(1);
    /// Compactions.
    pub const COMPACTIONS: Self = Self(1 << 1);
    /// Other work on the pieces.
    pub const MAINTENANCE: Self = Self(1 << 2);
    /// Orders settled.
    pub const ORDERS: Self = Self(1 << 3);
    /// Satellites' scores.
    pub const SCORES: Self = Self(1 << 4);
    /// Trouble.
    pub const TROUBLES: Self = Self(1 << 5);
    /// Starts, stops, versions.
    pub const LIFECYCLE: Self = Self(1 << 6);
    /// The space that is left.
    pub const SPACE: Self = Self(1 << 7);
    /// What a node reported of itself: of the running month and of the one before.
    pub const REPORTED: Self = Self(1 << 8);
    /// Records from more than an hour before the commit: of an import, or of a reader that catches
    /// up. Sums of the past have changed. Beside `REPORTED`: the node reported of days before the
    /// month before, too.
    pub const PAST: Self = Self(1 << 9);

    /// Both sets together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether everything in the other set is in this one.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    pub(crate) const fn bits(self) -> u32 {
        self.0
    }
}

/// What one transaction wrote of one node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Its number. Numbers grow by one; a gap means that some were pruned before they were seen.
    /// The newest is never pruned.
    pub seq: i64,
    /// [`Writer::process`](crate::Writer::process) of the writer.
    pub process: i64,
    /// The node.
    pub node: NodeName,
    /// What kinds of it.
    pub topics: Topics,
    /// The keys between which its transfers lie, among others; `None` when it kept none.
    pub keys: Option<RangeInclusive<i64>>,
    /// When.
    pub at: Timestamp,
}

impl Commit {
    /// The second of the oldest transfer that it kept; `None` when it kept none: then it has told of
    /// nothing since the transfers that are kept begin.
    pub fn from(&self) -> Option<Timestamp> {
        self.keys.as_ref().map(|keys| time_of(*keys.start(), 0))
    }
}

impl Reader {
    /// The number of the newest commit; 0 when nothing was ever written.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn newest_commit(&self) -> Result<i64> {
        self.ask(NEWEST.name, newest)
    }

    /// The commits after this number, oldest first, at most `limit`.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn commits_since(&self, seq: i64, limit: u32) -> Result<Vec<Commit>> {
        self.ask(SINCE.name, |connection| {
            let mut statement = connection.prepare_cached(SINCE.sql)?;
            let rows = statement.query_map((seq, limit), |row| {
                let (first, last): (Option<i64>, Option<i64>) = (row.get(4)?, row.get(5)?);
                Ok(Commit {
                    seq: row.get(0)?,
                    process: row.get(1)?,
                    node: super::node_name(row, 2)?,
                    topics: Topics(row.get(3)?),
                    keys: first.zip(last).map(|(first, last)| first..=last),
                    at: super::time(row, 6)?,
                })
            })?;
            rows.collect()
        })
    }
}

/// The number of the newest commit; 0 when there is none.
pub(crate) fn newest(connection: &Connection) -> rusqlite::Result<i64> {
    let mut statement = connection.prepare_cached(NEWEST.sql)?;
    Ok(statement.query_row([], |row| row.get::<_, Option<i64>>(0))?.unwrap_or(0))
}
