//! What keeps a database in order beside its writer, over a connection of its own.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, OpenFlags};

use crate::{Error, Result};

/// A write-ahead log that holds more than this is emptied, even if writers wait for that. It grows
/// so far only when a reader held an old state for long, or when nobody checkpointed.
const LOG_BYTES_MAX: u64 = 64 << 20;

/// How long emptying the log waits for readers. Writers wait for it meanwhile.
const WAIT_MAX: Duration = Duration::from_millis(200);

/// How many rows of an index are looked at to learn its shape.
const ANALYSIS_ROWS_MAX: u32 = 400;

/// Who moves what was written from the write-ahead log into the database file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Checkpoints {
    /// The writer, whenever its log holds more than 2,000 pages: one transaction in twenty takes
    /// ten times as long as the others. For commands that end.
    #[default]
    ByWriter,
    /// An [`Upkeep`], when it is told to. The writer never waits for it; but nobody else does it
    /// either, and without it the log grows by all that is written, until the last process that
    /// has the database open closes it.
    ByUpkeep,
}

/// Keeps a database in order beside its writer: give it a thread, and call it now and then.
#[derive(Debug)]
pub struct Upkeep {
    connection: Connection,
    path: PathBuf,
    busy_timeout: Duration,
}

/// What a checkpoint left of the write-ahead log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WalState {
    /// Pages that the log holds.
    pub pages: u64,
    /// Those of them that are in the database file too. When it is all, the next transaction begins
    /// the log anew; the others wait for a reader of an older state, or for the next call.
    pub moved: u64,
}

impl WalState {
    /// Pages that are in the log only.
    pub const fn waiting(self) -> u64 {
        self.pages.saturating_sub(self.moved)
    }
}

impl Upkeep {
    /// How often to checkpoint.
    ///
    /// A page that is written again and again is moved once for each checkpoint: of what four nodes
    /// of 15 transfers a second write in a day, checkpoints every ten seconds were 4 GB, every minute
    /// 1.5 and every five minutes 0.5. The log itself is 4 to 6 GB with a transaction every five
    /// seconds (`docs/DESIGN.md`); in five minutes it grows to 20 MB. It grows faster while a reader
    /// catches up, so look at it now and then ([`Upkeep::log`]).
    pub const CHECKPOINT_EVERY: Duration = Duration::from_secs(300);

    /// Checkpoint earlier when so many pages wait: 32 MiB.
    pub const CHECKPOINT_PAGES: u64 = 8192;

    pub(crate) fn open(path: &Path, busy_timeout: Duration) -> rusqlite::Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(busy_timeout)?;
        connection.execute_batch(
            "PRAGMA synchronous = NORMAL;
             PRAGMA wal_autocheckpoint = 0;
             PRAGMA journal_size_limit = 67108864;
             PRAGMA temp_store = MEMORY;",
        )?;
        connection.pragma_update(None, "analysis_limit", ANALYSIS_ROWS_MAX)?;
        Ok(Self { connection, path: path.to_owned(), busy_timeout })
    }

    /// How long the write-ahead log is; moves nothing, and costs nothing.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn log(&self) -> Result<WalState> {
        self.run("PRAGMA wal_checkpoint(NOOP)")
            .map_err(|error| Error::of(&self.path, "looking at the write-ahead log", error))
    }

    /// Moves what is in the write-ahead log into the database file, as far as no reader needs it as
    /// it was. Neither readers nor writers wait, unless the log has grown beyond 64 MiB: then it is
    /// emptied, and writers wait for that, 200 ms at most before it begins.
    ///
    /// # Errors
    ///
    /// When the database cannot be written. Nothing is lost: the log stays.
    pub fn checkpoint(&self) -> Result<WalState> {
        let run = || {
            let state = self.run("PRAGMA wal_checkpoint(PASSIVE)")?;
            let page: u32 =
                self.connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
            if state.pages * u64::from(page) <= LOG_BYTES_MAX {
                return Ok(state);
            }
            self.connection.busy_timeout(WAIT_MAX)?;
            let emptied = self.run("PRAGMA wal_checkpoint(TRUNCATE)");
            self.connection.busy_timeout(self.busy_timeout)?;
            emptied
        };
        run().map_err(|error| Error::of(&self.path, "moving the write-ahead log", error))
    }

    fn run(&self, pragma: &str) -> rusqlite::Result<WalState> {
        // The first column, whether it was hindered, is told by the other two. They are -1 while
        // another process does the same.
        self.connection.query_row(pragma, [], |row| {
            let (pages, moved): (i64, i64) = (row.get(1)?, row.get(2)?);
            Ok(WalState { pages: pages.max(0) as u64, moved: moved.max(0) as u64 })
        })
    }

    /// Lets SQLite learn the shape of tables that have changed much, so that it chooses its ways
    /// well. It looks at some hundred rows of each index, however large; writers wait for
    /// milliseconds. Once a day is enough.
    ///
    /// # Errors
    ///
    /// When the database cannot be written.
    pub fn optimize(&self) -> Result<()> {
        // 0x2: analyse what needs it; 0x10000: look at all tables, not only at those that this
        // connection has asked.
        self.connection
            .execute_batch("PRAGMA optimize = 0x10002")
            .map_err(|error| Error::of(&self.path, "learning the shape of the tables", error))
    }
}
