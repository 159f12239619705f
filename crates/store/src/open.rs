//! Opening a database: looked at first, then the one writer and the pool of readers.

mod existing;

use std::{
    collections::BTreeMap,
    fs::File,
    io::{ErrorKind, Read},
    path::{Path, PathBuf},
    time::Duration,
};

use r2d2_sqlite::SqliteConnectionManager;
use rusqlite::{Connection, OpenFlags, config::DbConfig, ffi};

use crate::{
    Checkpoints, Error, Measuring, OldTransfers, QuestionStats, Reader, Result, Retention, Upkeep,
    Writer, asked::Asked, file_id::FileId, migrate,
};

/// How a database is opened.
#[derive(Debug, Clone)]
pub struct StoreConfig {
    /// The most readers at once; more wait for each other.
    pub readers: u32,
    /// How long what is kept.
    pub retention: Retention,
    /// What becomes of single transfers that are older than that when they come.
    pub old_transfers: OldTransfers,
    /// Who moves what was written from the write-ahead log into the database file.
    pub checkpoints: Checkpoints,
    /// How long to wait for another process that writes, or for a reader.
    pub busy_timeout: Duration,
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self {
            readers: 4,
            retention: Retention::default(),
            old_transfers: OldTransfers::default(),
            checkpoints: Checkpoints::default(),
            busy_timeout: Duration::from_secs(30),
        }
    }
}

/// An open database. Take it apart: the writer moves to the thread that writes.
#[derive(Debug)]
pub struct Store {
    // Dropped first: the last connection to close tidies up, and only a writer can.
    /// Those that read.
    pub readers: Readers,
    /// The one that writes.
    pub writer: Writer,
}

impl Store {
    /// Opens a database, and makes it where there is none. An older schema is brought up to date.
    ///
    /// # Errors
    ///
    /// [`Error::NotADatabase`], [`Error::Foreign`], [`Error::Newer`], [`Error::Corrupt`]: the file
    /// was left as it was. Otherwise when it cannot be read or written.
    pub fn open(path: &Path, config: StoreConfig) -> Result<Self> {
        look(path, config.busy_timeout)?;
        let failed = |error| Error::of(path, "opening the database", error);
        let connection = open_writer(path, &config).map_err(failed)?;
        let file =
            FileId::of(path).map_err(|source| Error::File { path: path.to_owned(), source })?;
        let writer = Writer::new(connection, path, config.retention, config.old_transfers, file)
            .map_err(failed)?;
        let flags = OpenFlags::empty();
        let readers = Readers::over(path, path, flags, config.readers, config.busy_timeout)?;
        Ok(Self { writer, readers })
    }

    /// What keeps the database in order beside the writer: ask for it before the store is taken
    /// apart, and give it a thread.
    ///
    /// # Errors
    ///
    /// When the database cannot be opened once more.
    pub fn upkeep(&self) -> Result<Upkeep> {
        Upkeep::open(&self.writer.path, self.readers.busy_timeout)
            .map_err(|error| Error::of(&self.writer.path, "opening the database", error))
    }
}

/// A pool of read-only connections. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Readers {
    pool: r2d2::Pool<SqliteConnectionManager>,
    path: PathBuf,
    busy_timeout: Duration,
    asked: Asked,
}

impl Readers {
    /// Opens `name`, which means the database at `path`.
    fn over(
        path: &Path,
        name: &Path,
        flags: OpenFlags,
        readers: u32,
        timeout: Duration,
    ) -> Result<Self> {
        let flags = flags | OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let manager = SqliteConnectionManager::file(name)
            .with_flags(flags)
            .with_init(move |connection| prepare_reader(connection, timeout));
        let pool = r2d2::Pool::builder()
            .max_size(readers.max(1))
            // The default opens all of them at once; more than none opens one more whenever one is
            // taken.
            .min_idle(Some(0))
            // The default asks `SELECT 1` before each use: a file does not hang up.
            .test_on_check_out(false)
            // The default throws a connection away with its prepared statements and its cache.
            .max_lifetime(None)
            .idle_timeout(None)
            .connection_timeout(timeout)
            .build(manager)
            .map_err(|source| Error::NoReader { path: path.to_owned(), source })?;
        Ok(Self { pool, path: path.to_owned(), busy_timeout: timeout, asked: Asked::default() })
    }

    /// A reader, as soon as one is free.
    ///
    /// # Errors
    ///
    /// When none became free in time, or the database cannot be opened.
    pub fn get(&self) -> Result<Reader> {
        let connection = self
            .pool
            .get()
            .map_err(|source| Error::NoReader { path: self.path.clone(), source })?;
        self.asked.watch(&connection);
        Ok(Reader::new(connection, self.path.clone(), self.asked.clone()))
    }

    /// Measures from now on how long the questions of this pool and its clones take, and tells of
    /// those that are slow. It costs less than a microsecond a question.
    ///
    /// `false` when they are measured already: then that goes on as it was.
    pub fn measure(&self, measuring: Measuring) -> bool {
        self.asked.measure(measuring)
    }

    /// How often each question was asked through this pool and its clones, by name: for statistics,
    /// and for tests that count. A question of many nodes counts once.
    pub fn asked(&self) -> BTreeMap<&'static str, u64> {
        self.asked.stats().into_iter().map(|(name, stats)| (name, stats.count)).collect()
    }

    /// The same with how long they took, where that is [measured](Self::measure).
    pub fn question_stats(&self) -> BTreeMap<&'static str, QuestionStats> {
        self.asked.stats()
    }
}

/// The statements of a batch, of its sums and of a report, and the questions of a dashboard, fit.
const STATEMENTS_MAX: usize = 128;

fn open_writer(path: &Path, config: &StoreConfig) -> rusqlite::Result<Connection> {
    let mut connection = Connection::open(path)?;
    connection.busy_timeout(config.busy_timeout)?;
    plan_once(&connection)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    // Fixed when the first table is made, as is `auto_vacuum`, which stays off: pruning makes room
    // for what is written next. 500,000 transfers took 0.6 to 1.0 s of CPU and 79 bytes each with
    // pages of 4, 8 and 16 KiB, with and without incremental vacuum, with a cache of 2 and 8 MiB and
    // with a log of 8 and 32 MiB: no choice stood out of the spread. What small pages save is what a
    // collector writes: a third of it, against 8 KiB (docs/DESIGN.md).
    connection.pragma_update(None, "page_size", 4096)?;
    connection.execute_batch(
        "PRAGMA temp_store = MEMORY;
         PRAGMA foreign_keys = OFF;",
    )?;
    // Before WAL: the file goes from empty to complete in one step, so that whoever looks at it
    // sees either.
    migrate::migrate(&mut connection)?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = NORMAL;
         PRAGMA journal_size_limit = 67108864;",
    )?;
    // A cache fills over hours, and a process that runs for months keeps it.
    let (pages, cache_kib) = match config.checkpoints {
        Checkpoints::ByWriter => (2000, 8192),
        Checkpoints::ByUpkeep => (0, 4096),
    };
    connection.pragma_update(None, "cache_size", -cache_kib)?;
    connection.pragma_update(None, "wal_autocheckpoint", pages)?;
    Ok(connection)
}

/// A plan is made when a statement is prepared, and does not look at what is bound to it. Otherwise a statement
/// with `LIMIT ?` is prepared anew each time, which takes as long as a small answer does.
fn plan_once(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map(drop)
}

fn prepare_reader(connection: &mut Connection, busy_timeout: Duration) -> rusqlite::Result<()> {
    connection.busy_timeout(busy_timeout)?;
    plan_once(connection)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    connection.execute_batch(
        "PRAGMA query_only = ON;
         PRAGMA temp_store = MEMORY;
         PRAGMA cache_size = -2048;",
    )?;
    Ok(())
}

/// Looks whether a file is a sound database of ours, or may become one, without touching it.
fn look(path: &Path, busy_timeout: Duration) -> Result<()> {
    let Some(header) = Header::read(path)? else { return Ok(()) };
    // While the database is in use, the newest header is in the write-ahead log.
    if !in_use(path) {
        header.judge(path)?;
    }
    let failed = |error| Error::of(path, "looking at the database", error);
    let mut connection =
        connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY, busy_timeout).map_err(failed)?;
    let mut version = migrate::version(&connection);
    if version.as_ref().is_err_and(is_unfinished) {
        // The process that made the file was killed while it did. The header says that it is ours,
        // so what that process left half done may be taken back, which a writer does by reading.
        let writer =
            connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE, busy_timeout).map_err(failed)?;
        migrate::version(&writer).map_err(failed)?;
        drop(writer);
        if Header::read(path)?.is_none() {
            return Ok(());
        }
        connection =
            connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY, busy_timeout).map_err(failed)?;
        version = migrate::version(&connection);
    }
    let header = Header {
        application_id: migrate::application_id(&connection).map_err(failed)?,
        version: version.map_err(failed)?,
    };
    header.judge(path)?;
    crate::check::look(&connection, path)
}

fn connect(path: &Path, flags: OpenFlags, busy_timeout: Duration) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(busy_timeout)?;
    Ok(connection)
}

/// Whether a read-only connection found a transaction that was never finished, and may not take it
/// back.
fn is_unfinished(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|error| error.extended_code == ffi::SQLITE_READONLY_ROLLBACK)
}

fn in_use(path: &Path) -> bool {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    Path::new(&log).exists()
}

/// What the first bytes of a database say.
struct Header {
    application_id: u32,
    version: u32,
}

impl Header {
    const LEN: usize = 100;

    /// `None` when there is no file, or an empty one.
    fn read(path: &Path) -> Result<Option<Self>> {
        let failed = |source| Error::File { path: path.to_owned(), source };
        let mut bytes = Vec::new();
        match File::open(path) {
            Ok(file) => file.take(Self::LEN as u64).read_to_end(&mut bytes).map_err(failed)?,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        if bytes.is_empty() {
            return Ok(None);
        }
        let number = |at: usize| -> Option<u32> {
            Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
        };
        // The places are fixed by the file format of SQLite 3.
        match (number(68), number(60)) {
            (Some(application_id), Some(version)) if bytes.starts_with(b"SQLite format 3\0") => {
                Ok(Some(Self { application_id, version }))
            }
            (Some(_) | None, Some(_) | None) => Err(Error::NotADatabase { path: path.to_owned() }),
        }
    }

    fn judge(&self, path: &Path) -> Result<()> {
        if self.application_id != migrate::APPLICATION_ID {
            return Err(Error::Foreign {
                path: path.to_owned(),
                application_id: self.application_id,
            });
        }
        if self.version > migrate::NEWEST {
            return Err(Error::Newer {
                path: path.to_owned(),
                found: self.version,
                known: migrate::NEWEST,
            });
        }
        Ok(())
    }
}
