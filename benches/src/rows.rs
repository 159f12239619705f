//! The limit of an import: its rows, inserted with nothing else.

use std::path::Path;

use anyhow::Result;
use piecewatch_store::{Store, StoreConfig};
use rusqlite::{Connection, Row, TransactionBehavior, params};

/// Those of the batches that an import writes in one transaction at most: four of ten thousand.
const TOGETHER: usize = 40_000;

const SELECT: &str = "SELECT key, micros, satellite, action, outcome, size, offset, remote, port,
    country, template, latency, clock, piece
FROM transfers ORDER BY key";

const INSERT: &str = "INSERT INTO transfers (key, micros, satellite, action, outcome, size, offset,
    remote, port, country, template, latency, clock, piece)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";

/// The rows of the table of transfers, as they are bound.
#[derive(Debug, Clone, Default)]
pub struct Rows(Vec<Transfer>);

#[derive(Debug, Clone)]
struct Transfer {
    key: i64,
    micros: i64,
    satellite: i64,
    action: i64,
    outcome: i64,
    size: Option<i64>,
    offset: Option<i64>,
    remote: Remote,
    port: Option<i64>,
    country: Option<i64>,
    template: Option<i64>,
    latency: Option<i64>,
    clock: Option<i64>,
    piece: Option<[u8; 32]>,
}

#[derive(Debug, Clone, Copy)]
enum Remote {
    None,
    V4([u8; 4]),
    V6([u8; 16]),
}

impl Remote {
    fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::None => None,
            Self::V4(bytes) => Some(bytes),
            Self::V6(bytes) => Some(bytes),
        }
    }
}

impl Rows {
    /// Reads the rows that an import has left.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn read(database: &Path) -> Result<Self> {
        let connection = Connection::open(database)?;
        let mut statement = connection.prepare(SELECT)?;
        let rows = statement.query_map([], read)?;
        Ok(Self(rows.collect::<rusqlite::Result<_>>()?))
    }

    /// How many there are.
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Makes a database with the tables of the store, and gives a connection set as the store's
    /// writer is: what [`Rows::insert`] begins with.
    ///
    /// # Errors
    ///
    /// When the database cannot be made.
    pub fn prepare(database: &Path) -> Result<Connection> {
        drop(Store::open(database, StoreConfig::default())?);
        let connection = Connection::open(database)?;
        connection.execute_batch(
            "PRAGMA temp_store = MEMORY;
             PRAGMA foreign_keys = OFF;
             PRAGMA cache_size = -8192;
             PRAGMA synchronous = NORMAL;
             PRAGMA wal_autocheckpoint = 1000;
             PRAGMA journal_size_limit = 67108864;",
        )?;
        Ok(connection)
    }

    /// Inserts every row, in the order of the keys and in transactions as large as those of an
    /// import, and closes the database.
    ///
    /// # Errors
    ///
    /// When the database cannot be written.
    pub fn insert(&self, mut connection: Connection) -> Result<()> {
        for rows in self.0.chunks(TOGETHER) {
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let mut insert = transaction.prepare_cached(INSERT)?;
            for row in rows {
                insert.execute(params![
                    row.key,
                    row.micros,
                    row.satellite,
                    row.action,
                    row.outcome,
                    row.size,
                    row.offset,
                    row.remote.bytes(),
                    row.port,
                    row.country,
                    row.template,
                    row.latency,
                    row.clock,
                    row.piece.as_ref(),
                ])?;
            }
            drop(insert);
            transaction.commit()?;
        }
        connection.close().map_err(|(_, error)| error)?;
        Ok(())
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<Transfer> {
    let remote = match row.get_ref(7)?.as_blob_or_null()? {
        Some(bytes) => match (<[u8; 4]>::try_from(bytes), <[u8; 16]>::try_from(bytes)) {
            (Ok(v4), _) => Remote::V4(v4),
            (Err(_), Ok(v6)) => Remote::V6(v6),
            (Err(_), Err(_)) => Remote::None,
        },
        None => Remote::None,
    };
    Ok(Transfer {
        key: row.get(0)?,
        micros: row.get(1)?,
        satellite: row.get(2)?,
        action: row.get(3)?,
        outcome: row.get(4)?,
        size: row.get(5)?,
        offset: row.get(6)?,
        remote,
        port: row.get(8)?,
        country: row.get(9)?,
        template: row.get(10)?,
        latency: row.get(11)?,
        clock: row.get(12)?,
        piece: row.get(13)?,
    })
}
