//! A copy of the database, taken while it is in use.

use std::{
    fs::{self, File},
    io::ErrorKind,
    path::Path,
    time::Duration,
};

use rusqlite::{Connection, backup::Backup};

use crate::{Error, Reader, Result, query::Question};

/// Pages copied at a time; between them there is no pause, since nobody waits for a reader.
const PAGES: i32 = 1024;

pub(crate) const BEGIN: Question =
    Question { name: "backup: the state of now", sql: "SELECT count(*) FROM nodes" };

impl Reader {
    /// Copies the database into a new file: the state of one instant, whatever is written
    /// meanwhile. Writers do not wait for it.
    ///
    /// # Errors
    ///
    /// [`Error::BackupExists`] when there is a file already; otherwise when the database cannot be
    /// read or the copy not be written, in which case no file is left.
    pub fn backup(&self, to: &Path) -> Result<()> {
        File::create_new(to).map_err(|source| {
            let path = to.to_owned();
            if source.kind() == ErrorKind::AlreadyExists {
                Error::BackupExists { path }
            } else {
                Error::File { path, source }
            }
        })?;
        let copied = self.ask("reading for a backup", |connection| {
            // The first read fixes the state that the transaction sees, and the copy with it.
            connection.query_row(BEGIN.sql, [], |_| Ok(()))?;
            Ok(copy(connection, to).map_err(|error| Error::of(to, "writing a backup", error)))
        });
        let copied = copied.flatten();
        if copied.is_err() {
            // What matters is the first error; a rest of a file says by itself that it is one.
            let _ = fs::remove_file(to);
        }
        copied
    }
}

fn copy(from: &Connection, to: &Path) -> rusqlite::Result<()> {
    let mut to = Connection::open(to)?;
    Backup::new(from, &mut to)?.run_to_completion(PAGES, Duration::ZERO, None)
}
