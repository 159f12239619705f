//! A private copy of a database that another program may be writing.
//!
//! Opening the file itself, even to read, would write to the files beside it: SQLite notes readers
//! in `-shm`, and makes it where there is none.

use std::{
    fs::File,
    io::{ErrorKind, Read, Write},
    path::{Path, PathBuf},
};

use rusqlite::{Connection, OpenFlags};
use tempfile::TempDir;

use super::Cause;

/// The largest file that is copied. A node's databases have some megabytes; old ones with years of
/// hourly traffic have some hundred.
pub(super) const BYTES_MAX: u64 = 2_000_000_000;

/// How often a copy is tried that the node disturbs. It does so about once an hour, for milliseconds.
const TRIES: u32 = 5;

/// The header of a write-ahead log. It changes whenever the log is begun anew.
const LOG_HEADER: u64 = 32;

/// How much is read at once.
const PIECE: u64 = 1 << 16;

/// A copy, which goes when it is dropped.
pub(super) struct Copy {
    connection: Connection,
    // Dropped after the connection.
    _folder: TempDir,
}

impl Copy {
    pub(super) fn ask<T>(
        &self,
        ask: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        ask(&self.connection)
    }
}

/// Copies a database with its write-ahead log; `None` when there is no such file.
pub(super) fn of(path: &Path) -> Result<Option<Copy>, Cause> {
    let folder = tempfile::tempdir().map_err(Cause::Copy)?;
    for number in 0..TRIES {
        let copy = folder.path().join(format!("{number}.db"));
        match attempt(path, &copy)? {
            Attempt::Absent => return Ok(None),
            Attempt::Disturbed => {}
            Attempt::Whole => {
                let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
                let connection =
                    Connection::open_with_flags(&copy, flags).map_err(Cause::Database)?;
                return Ok(Some(Copy { connection, _folder: folder }));
            }
        }
    }
    Err(Cause::Changing)
}

/// What came of copying.
enum Attempt {
    /// There is no file.
    Absent,
    /// What was copied is of more than one state.
    Disturbed,
    /// What was copied is of one state.
    Whole,
}

/// The log only grows, until all of it is in the file; then it is begun anew. A file that was the
/// same before and after the log was copied, and a log that was not begun anew meanwhile, are of one
/// state: that of the last whole transaction in the copy of the log.
fn attempt(path: &Path, copy: &Path) -> Result<Attempt, Cause> {
    let Some(file) = open(path)? else { return Ok(Attempt::Absent) };
    if let Some(journal) = open(&beside(path, "-journal"))?
        && size(&journal)? > 0
    {
        return Err(Cause::Unfinished);
    }
    let log = beside(path, "-wal");
    let before = header(&log)?;
    write(file, copy)?;
    if let Some(log) = open(&log)? {
        write(log, &beside(copy, "-wal"))?;
    }
    let is_whole = is_same(path, copy)? && header(&log)? == before;
    Ok(if is_whole { Attempt::Whole } else { Attempt::Disturbed })
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

fn open(path: &Path) -> Result<Option<File>, Cause> {
    match File::open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Cause::File(error)),
    }
}

fn size(file: &File) -> Result<u64, Cause> {
    file.metadata().map(|file| file.len()).map_err(Cause::File)
}

/// The first bytes of a log; empty when there is none.
fn header(path: &Path) -> Result<Vec<u8>, Cause> {
    let mut header = Vec::new();
    if let Some(log) = open(path)? {
        log.take(LOG_HEADER).read_to_end(&mut header).map_err(Cause::File)?;
    }
    Ok(header)
}

/// Not `fs::copy`, which would copy that a file may not be written, too.
fn write(from: File, to: &Path) -> Result<(), Cause> {
    if size(&from)? > BYTES_MAX {
        return Err(Cause::Large);
    }
    let mut to = File::create(to).map_err(Cause::Copy)?;
    let mut piece = Vec::new();
    loop {
        piece.clear();
        (&from).take(PIECE).read_to_end(&mut piece).map_err(Cause::File)?;
        if piece.is_empty() {
            return Ok(());
        }
        to.write_all(&piece).map_err(Cause::Copy)?;
    }
}

fn is_same(path: &Path, copy: &Path) -> Result<bool, Cause> {
    let Some(file) = open(path)? else { return Ok(false) };
    let copy = File::open(copy).map_err(Cause::Copy)?;
    let length = |file: &File| file.metadata().map(|file| file.len());
    if length(&file).map_err(Cause::File)? != length(&copy).map_err(Cause::Copy)? {
        return Ok(false);
    }
    let (mut one, mut other) = (Vec::new(), Vec::new());
    loop {
        one.clear();
        other.clear();
        (&file).take(PIECE).read_to_end(&mut one).map_err(Cause::File)?;
        (&copy).take(PIECE).read_to_end(&mut other).map_err(Cause::Copy)?;
        if one != other {
            return Ok(false);
        }
        if one.is_empty() {
            return Ok(true);
        }
    }
}
