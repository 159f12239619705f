//! Questions to the database: one question a file, its SQL beside the row that it fills.

pub(crate) mod commits;
pub(crate) mod nodes;
pub(crate) mod sources;
pub(crate) mod traffic;

use std::path::PathBuf;

use piecewatch_model::{ByteCount, Grain, Histogram, NodeName, Timestamp};
use r2d2::PooledConnection;
use r2d2_sqlite::SqliteConnectionManager;
use rusqlite::{Connection, Row, Transaction, TransactionBehavior, types::Type};

use crate::{Error, Result};

/// A statement that the product runs, and what it answers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question {
    pub(crate) name: &'static str,
    pub(crate) sql: &'static str,
}

/// A read-only connection out of the pool, which it goes back to when dropped.
///
/// Each question is answered from one state of the database, whatever is written meanwhile.
#[derive(Debug)]
pub struct Reader {
    connection: PooledConnection<SqliteConnectionManager>,
    path: PathBuf,
}

impl Reader {
    pub(crate) const fn new(
        connection: PooledConnection<SqliteConnectionManager>,
        path: PathBuf,
    ) -> Self {
        Self { connection, path }
    }

    /// Runs the statements of one question in one transaction.
    pub(crate) fn ask<T>(
        &self,
        doing: &'static str,
        answer: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T> {
        let run = || {
            let transaction =
                Transaction::new_unchecked(&self.connection, TransactionBehavior::Deferred)?;
            answer(&transaction)
        };
        run().map_err(|error| Error::of(&self.path, doing, error))
    }
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

pub(crate) fn node_name(row: &Row<'_>, column: usize) -> rusqlite::Result<NodeName> {
    let name = row.get_ref(column)?.as_str()?;
    name.parse().map_err(|error| damaged(column, Type::Text, error))
}

pub(crate) fn histogram(row: &Row<'_>, column: usize) -> rusqlite::Result<Histogram> {
    let stored = row.get_ref(column)?.as_blob()?;
    Histogram::from_bytes(stored).map_err(|error| damaged(column, Type::Blob, error))
}

/// A stored value that no version of the program has written.
fn damaged(column: usize, kind: Type, error: piecewatch_model::Error) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, kind, Box::new(error))
}
