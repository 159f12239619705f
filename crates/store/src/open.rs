//! Opening a database: the one writer and the pool of readers.

use std::{path::Path, time::Duration};

use crate::{OldTransfers, Reader, Result, Retention, Writer};

/// How a database is opened.
#[derive(Debug, Clone)]
pub struct StoreConfig {
    /// The most readers at once; more wait for each other.
    pub readers: u32,
    /// How long what is kept.
    pub retention: Retention,
    /// What becomes of single transfers older than that.
    pub old_transfers: OldTransfers,
    /// How long to wait for another process that writes.
    pub busy_timeout: Duration,
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self {
            readers: 4,
            retention: Retention::default(),
            old_transfers: OldTransfers::default(),
            busy_timeout: Duration::from_secs(30),
        }
    }
}

/// An open database. Take it apart: the writer moves to the thread that writes.
#[derive(Debug)]
pub struct Store {
    /// Writes. There is one.
    pub writer: Writer,
    /// Read.
    pub readers: Readers,
}

impl Store {
    /// Opens a database, and makes it where there is none.
    ///
    /// # Errors
    ///
    /// When the file is no database, not one of ours, newer than this program, or damaged; it is
    /// left as it was.
    pub fn open(_path: &Path, _config: StoreConfig) -> Result<Self> {
        unimplemented!()
    }
}

/// A pool of read-only connections. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Readers {}

impl Readers {
    /// A reader, as soon as one is free.
    ///
    /// # Errors
    ///
    /// When none became free in time, or the database cannot be read.
    pub fn get(&self) -> Result<Reader> {
        unimplemented!()
    }
}
