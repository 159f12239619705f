//! Opening a database to ask it and nothing else: it is neither made, nor brought up to date, nor
//! given company.

use std::{
    io::ErrorKind,
    path::{self, Path, PathBuf},
    time::Duration,
};

use rusqlite::OpenFlags;

use super::{Header, Readers, connect, in_use};
use crate::{Error, Result, check, migrate};

impl Readers {
    /// Opens a database that is there for one reader, and writes nothing: for a program that looks
    /// at what others write, and ends.
    ///
    /// A database that nobody has open is taken not to change meanwhile.
    ///
    /// # Errors
    ///
    /// [`Error::File`] when there is none; [`Error::Older`] when it has to be brought up to date
    /// first; [`Error::NotADatabase`] for an empty file, too; those for which [`Store::open`](crate::Store::open) refuses a file.
    pub fn open_existing(path: &Path, busy_timeout: Duration) -> Result<Self> {
        let failed = |source| Error::File { path: path.to_owned(), source };
        let Some(header) = Header::read(path)? else {
            // An empty file becomes a database when somebody opens it for writing.
            if path.exists() {
                return Err(Error::NotADatabase { path: path.to_owned() });
            }
            return Err(failed(ErrorKind::NotFound.into()));
        };
        let (name, flags) = if in_use(path) {
            (path.to_owned(), OpenFlags::empty())
        } else {
            header.judge(path)?;
            // Otherwise SQLite would lay files beside it, and could not where this user may not.
            let name = immutable(&path::absolute(path).map_err(failed)?);
            (name, OpenFlags::SQLITE_OPEN_URI)
        };
        let failed = |error| Error::of(path, "looking at the database", error);
        let read_only = flags | OpenFlags::SQLITE_OPEN_READ_ONLY;
        let connection = connect(&name, read_only, busy_timeout).map_err(failed)?;
        let header = Header {
            application_id: migrate::application_id(&connection).map_err(failed)?,
            version: migrate::version(&connection).map_err(failed)?,
        };
        header.judge(path)?;
        if header.version < migrate::NEWEST {
            let (found, known) = (header.version, migrate::NEWEST);
            return Err(Error::Older { path: path.to_owned(), found, known });
        }
        check::look(&connection, path)?;
        Self::over(path, &name, flags, 1, busy_timeout)
    }
}

/// The name by which SQLite opens a file that does not change.
fn immutable(path: &Path) -> PathBuf {
    let mut name = "file:".to_owned();
    if cfg!(windows) {
        // file:/C:/nodes.db
        name.push('/');
    }
    for &byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' | b':' => {
                name.push(char::from(byte));
            }
            b'\\' if cfg!(windows) => name.push('/'),
            other => name.push_str(&format!("%{other:02X}")),
        }
    }
    name.push_str("?immutable=1");
    name.into()
}
