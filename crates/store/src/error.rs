//! What can go wrong with a database, in words for the person who runs it.

use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

/// A question or a change that the store could not carry out.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file is no database.
    #[error(
        "{} is not a database: name another file, or move this one away; it was not changed",
        path.display()
    )]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// The file is the database of another program.
    #[error(
        "{} is a database of another program (application id {application_id:#010x}): name \
         another file; it was not changed",
        path.display()
    )]
    Foreign {
        /// The file.
        path: PathBuf,
        /// The mark of the other program, 0 if it set none.
        application_id: u32,
    },
    /// The database was written by a newer program.
    #[error(
        "{} has schema version {found} and this program knows versions up to {known}: run a newer \
         Piecewatch; the database was not changed",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The version in the file.
        found: u32,
        /// The newest version of this program.
        known: u32,
    },
    /// The database was written by an older program, and is not to be written now.
    #[error(
        "{} has schema version {found} and this program reads version {known}: start the collector \
         or the server of this version once, which brings it up to date",
        path.display()
    )]
    Older {
        /// The file.
        path: PathBuf,
        /// The version in the file.
        found: u32,
        /// The version of this program.
        known: u32,
    },
    /// The file of an open database was deleted, moved or replaced.
    #[error(
        "{} was deleted, moved or replaced while it was open: put it back, or leave it so to begin \
         with a new one, and start this program again",
        path.display()
    )]
    Gone {
        /// The file.
        path: PathBuf,
    },
    /// The database is damaged.
    #[error(
        "{} is damaged ({doing}: {damage}): restore a backup, or move it away and import the logs \
         again; it was not changed",
        path.display()
    )]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What was being done.
        doing: &'static str,
        /// What was found.
        damage: String,
    },
    /// The disk is full.
    #[error(
        "{doing}: the disk that holds {} is full: free some space; nothing is lost, it can be \
         done again",
        path.display()
    )]
    DiskFull {
        /// The database.
        path: PathBuf,
        /// What was being done.
        doing: &'static str,
        /// SQLite's own words.
        #[source]
        source: rusqlite::Error,
    },
    /// Another process was writing for too long.
    #[error(
        "{doing}: another process kept {} locked: end it if it hangs; nothing is lost, it can be \
         done again",
        path.display()
    )]
    Busy {
        /// The database.
        path: PathBuf,
        /// What was being done.
        doing: &'static str,
        /// SQLite's own words.
        #[source]
        source: rusqlite::Error,
    },
    /// The disk could not be read or written.
    #[error(
        "{doing}: the disk that holds {} failed: see the system's log, and check the database \
         once the disk is well; nothing is lost, it can be done again",
        path.display()
    )]
    Disk {
        /// The database.
        path: PathBuf,
        /// What was being done.
        doing: &'static str,
        /// SQLite's own words.
        #[source]
        source: rusqlite::Error,
    },
    /// The file may not be opened or written.
    #[error("{doing}: {} cannot be opened or written: check that it and its folder exist and \
             belong to this user", path.display())]
    Access {
        /// The database.
        path: PathBuf,
        /// What was being done.
        doing: &'static str,
        /// SQLite's own words.
        #[source]
        source: rusqlite::Error,
    },
    /// Any other failure of SQLite.
    #[error("{doing} failed in {}", path.display())]
    Sqlite {
        /// The database.
        path: PathBuf,
        /// What was being done.
        doing: &'static str,
        /// SQLite's own words.
        #[source]
        source: rusqlite::Error,
    },
    /// A file could not be opened or made.
    #[error("cannot open {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's own words.
        #[source]
        source: std::io::Error,
    },
    /// Another process follows the node into the same database.
    #[error(
        "node {node} is followed into {} already, by {}: stop that one, or leave the node to it",
        path.display(),
        holder.as_ref().map_or_else(|| "another process".to_owned(), ToString::to_string)
    )]
    Followed {
        /// The name of the node.
        node: piecewatch_model::NodeName,
        /// The database.
        path: PathBuf,
        /// Who follows it; `None` when it began so lately that it has not said so yet.
        holder: Option<crate::Holder>,
    },
    /// Another process asks the node for the same database.
    #[error(
        "node {node} is asked for {} already, by {}: stop that one, or leave the node to it",
        path.display(),
        holder.as_ref().map_or_else(|| "another process".to_owned(), ToString::to_string)
    )]
    Asked {
        /// The name of the node.
        node: piecewatch_model::NodeName,
        /// The database.
        path: PathBuf,
        /// Who asks it; `None` when it began so lately that it has not said so yet.
        holder: Option<crate::Holder>,
    },
    /// The lock of a node cannot be used.
    #[error(
        "cannot lock {}: check that its folder exists and belongs to this user, and that its file \
         system has locks",
        path.display()
    )]
    Lock {
        /// The file, or the folder of the locks.
        path: PathBuf,
        /// The system's own words.
        #[source]
        source: std::io::Error,
    },
    /// A node more than a database holds.
    #[error("there is no room for node {name}: a database holds at most {max} nodes", max = crate::NODES_MAX)]
    TooManyNodes {
        /// The name of the node.
        name: piecewatch_model::NodeName,
    },
    /// Every reader was in use for too long.
    #[error("no reader of {} became free in time: ask less at once, or allow more readers", path.display())]
    NoReader {
        /// The database.
        path: PathBuf,
        /// The pool's own words.
        #[source]
        source: r2d2::Error,
    },
    /// A backup would replace a file.
    #[error("{} exists already: a backup replaces no file", path.display())]
    BackupExists {
        /// The file.
        path: PathBuf,
    },
}

/// The result of a question or a change.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// What a failure of SQLite means for the person who runs the program.
    pub(crate) fn of(path: &Path, doing: &'static str, source: rusqlite::Error) -> Self {
        let path = path.to_owned();
        match source.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::DiskFull { path, doing, source },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                Self::Busy { path, doing, source }
            }
            Some(ErrorCode::SystemIoFailure) => Self::Disk { path, doing, source },
            Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
                Self::Access { path, doing, source }
            }
            Some(ErrorCode::DatabaseCorrupt) => {
                Self::Corrupt { path, doing, damage: source.to_string() }
            }
            Some(ErrorCode::NotADatabase) => Self::NotADatabase { path },
            Some(_) | None => Self::Sqlite { path, doing, source },
        }
    }
}
