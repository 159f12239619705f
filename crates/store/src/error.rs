//! What can go wrong with a database, in words for the person who runs it.

use std::path::PathBuf;

/// A question or a change that the store could not carry out.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Any other failure of SQLite.
    #[error("{doing}: SQLite failed")]
    Sqlite {
        /// What was being done.
        doing: &'static str,
        /// SQLite's own words.
        #[source]
        source: rusqlite::Error,
    },
    /// The file is no database.
    #[error("{} is not a database: name another file, or move this one away", path.display())]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
}

/// The result of a question or a change.
pub type Result<T, E = Error> = std::result::Result<T, E>;
